//! Why a connection ended, with the texts of the `reason` field in `/connz`.

use std::fmt;

/// Why a client connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// The client went away.
    ClientClosed,
    /// No CONNECT in time.
    AuthenticationTimeout,
    /// Missing or wrong credentials.
    AuthenticationViolation,
    /// The TLS handshake failed or took too long.
    TlsHandshakeError,
    /// More unsent bytes than `max_pending`.
    SlowConsumerPendingBytes,
    /// A write missed `write_deadline`.
    SlowConsumerWriteDeadline,
    /// The socket refused a write.
    WriteError,
    /// The socket failed a read.
    ReadError,
    /// A line that is not the protocol.
    ParseError,
    /// Too many unanswered PINGs.
    StaleConnection,
    /// A header before the protocol (PROXY) was wrong.
    ProtocolViolation,
    /// CONNECT asked for a protocol other than 0 or 1.
    BadClientProtocolVersion,
    /// More connections than `max_connections`.
    MaxConnectionsExceeded,
    /// A message larger than `max_payload`.
    MaxPayloadExceeded,
    /// A line longer than `max_control_line`.
    MaxControlLineExceeded,
    /// The server stopped.
    ServerShutdown,
    /// CONNECT asked for `no_responders` without `headers`.
    NoRespondersRequiresHeaders,
    /// The server failed on this connection (a defect of ours).
    InternalError,
}

impl CloseReason {
    /// The text shown by monitoring and logs.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::ClientClosed => "Client Closed",
            Self::AuthenticationTimeout => "Authentication Timeout",
            Self::AuthenticationViolation => "Authentication Failure",
            Self::TlsHandshakeError => "TLS Handshake Failure",
            Self::SlowConsumerPendingBytes => "Slow Consumer (Pending Bytes)",
            Self::SlowConsumerWriteDeadline => "Slow Consumer (Write Deadline)",
            Self::WriteError => "Write Error",
            Self::ReadError => "Read Error",
            Self::ParseError => "Parse Error",
            Self::StaleConnection => "Stale Connection",
            Self::ProtocolViolation => "Protocol Violation",
            Self::BadClientProtocolVersion => "Bad Client Protocol Version",
            Self::MaxConnectionsExceeded => "Maximum Connections Exceeded",
            Self::MaxPayloadExceeded => "Maximum Message Payload Exceeded",
            Self::MaxControlLineExceeded => "Maximum Control Line Exceeded",
            Self::ServerShutdown => "Server Shutdown",
            Self::NoRespondersRequiresHeaders => "No Responders Requires Headers",
            Self::InternalError => "Internal Error",
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}
