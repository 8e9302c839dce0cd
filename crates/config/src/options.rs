//! The typed, validated options of a server. Not the grammar, and not the option table: those
//! produce this. Every field acts in the server; a key that does not act yet has no field here.

mod jetstream;

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

pub use jetstream::{BatchLimits, Cipher, Encryption, JetStream, JetStreamLimits};

/// Everything that configures one server. Defaults are nats-server's.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Options {
    /// Name shown in INFO and monitoring; `None`: the server id.
    pub server_name: Option<String>,
    /// Where clients connect.
    pub listen: Listen,
    /// Bounds on what clients may use.
    pub limits: Limits,
    /// Deadlines and intervals.
    pub timing: Timing,
    /// Who may connect, and what they may do.
    pub authorization: Authorization,
    /// TLS for client connections.
    pub tls: Option<Tls>,
    /// With `tls`: also accept clients that do not upgrade (`allow_non_tls`).
    pub allow_non_tls: bool,
    /// HTTP monitoring.
    pub monitor: Monitor,
    /// Log destination and verbosity.
    pub log: Log,
    /// Files that other programs read.
    pub files: Files,
    /// Streams; `None`: off.
    pub jetstream: Option<JetStream>,
    /// Where streams are kept; `None`: below the directory for temporary files.
    pub store_dir: Option<PathBuf>,
    /// Switches of behaviour.
    pub features: Features,
    /// `server_tags`, in order.
    pub tags: Vec<String>,
    /// `server_metadata`, in order.
    pub metadata: Vec<(String, String)>,
    /// Path of the configuration file, as given.
    pub config_file: Option<PathBuf>,
    /// `sha256:<hex>` of the parsed configuration, empty without a file.
    pub config_digest: String,
}

/// The client listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// Host name or address to bind.
    pub host: String,
    /// TCP port; 0 lets the system choose (`-1` in the file).
    pub port: u16,
    /// `host[:port]` told to clients instead of the bound address.
    pub client_advertise: Option<String>,
    /// A PROXY protocol header (v1 or v2) must precede every connection.
    pub proxy_protocol: bool,
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            host: "0.0.0.0".to_owned(),
            port: 4222,
            client_advertise: None,
            proxy_protocol: false,
        }
    }
}

/// Bounds on what clients may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one protocol line before its CRLF.
    pub control_line_max: u32,
    /// Bytes of headers plus body of one message.
    pub payload_max: u32,
    /// Bytes waiting to be written to one client, before it is cut off.
    pub pending_bytes_max: u64,
    /// Client connections; 0 or less admits any number.
    pub connections_max: i64,
    /// Subscriptions per connection; 0: unlimited.
    pub subscriptions_max: u32,
    /// Tokens of a subscription's subject; 0: unlimited.
    pub subject_tokens_max: u8,
    /// Closed connections remembered for `/connz?state=closed`.
    pub closed_clients_max: usize,
    /// Bytes of a message shown in trace lines; 0: all.
    pub traced_message_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            control_line_max: 4096,
            payload_max: 1024 * 1024,
            pending_bytes_max: 64 * 1024 * 1024,
            connections_max: 65536,
            subscriptions_max: 0,
            subject_tokens_max: 0,
            closed_clients_max: 10_000,
            traced_message_max: 0,
        }
    }
}

/// What happens when a write misses its deadline (`write_timeout`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WriteTimeoutPolicy {
    /// As suits the kind of connection: clients are closed.
    #[default]
    Default,
    /// The connection is closed.
    Close,
    /// The connection is kept as long as something was written.
    Retry,
}

/// Deadlines and intervals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timing {
    /// Time between server PINGs on a silent connection.
    pub ping_interval: Duration,
    /// Unanswered PINGs before a connection is stale.
    pub ping_out_max: u32,
    /// A blocked write to a client ends after this.
    pub write_deadline: Duration,
    /// What to do then.
    pub write_timeout: WriteTimeoutPolicy,
    /// Time over which lame duck mode closes its clients.
    pub lame_duck_duration: Duration,
    /// Time before it closes the first of them.
    pub lame_duck_grace_period: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            ping_interval: Duration::from_secs(120),
            ping_out_max: 2,
            write_deadline: Duration::from_secs(10),
            write_timeout: WriteTimeoutPolicy::Default,
            lame_duck_duration: Duration::from_secs(120),
            lame_duck_grace_period: Duration::from_secs(10),
        }
    }
}

/// Who may connect, and what they may do.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Authorization {
    /// Single user name (`user`), with `password`.
    pub user: Option<String>,
    /// Plain or bcrypt (`$2a$…`) password of `user`.
    pub password: Option<String>,
    /// Plain or bcrypt token.
    pub token: Option<String>,
    /// Users with a password.
    pub users: Vec<User>,
    /// Users with an nkey.
    pub nkeys: Vec<NkeyUser>,
    /// Permissions of users that have none of their own.
    pub default_permissions: Option<Permissions>,
    /// The user (from `users` or `nkeys`) given to clients that send no credentials.
    pub no_auth_user: Option<String>,
    /// Time to authenticate; `None`: 2 s, with TLS its timeout plus 1 s.
    pub timeout: Option<Duration>,
}

/// A user with a password, or known by a certificate (`verify_and_map`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct User {
    /// Name, as clients send it or a certificate carries it.
    pub name: String,
    /// Plain or bcrypt password; empty where only certificates map to the user.
    pub password: String,
    /// What the user may do; `None`: the default permissions.
    pub permissions: Option<Permissions>,
}

/// A user known by its public nkey.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NkeyUser {
    /// Public user key, `U…`.
    pub nkey: String,
    /// What the user may do; `None`: the default permissions.
    pub permissions: Option<Permissions>,
}

/// What a user may publish and subscribe.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permissions {
    /// Subjects the user may publish to; `None`: any.
    pub publish: Option<SubjectPermission>,
    /// Subjects (`subject` or `subject queue`) the user may subscribe to; `None`: any.
    pub subscribe: Option<SubjectPermission>,
    /// Transient right to publish to reply subjects of delivered requests.
    pub responses: Option<ResponsePermission>,
}

/// Allowed and denied subjects; deny wins. Without `allow`, what is not denied is allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubjectPermission {
    /// `None`: no allow list, or an empty one, was given. `Some(vec![])`: nothing is allowed, as
    /// is the case with `allow_responses` and no allow list.
    pub allow: Option<Vec<String>>,
    /// `None`: nothing is denied.
    pub deny: Option<Vec<String>>,
}

/// `allow_responses`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResponsePermission {
    /// Messages per reply subject; -1: unlimited.
    pub messages_max: i64,
    /// Life of the right; zero: unlimited.
    pub expires: Duration,
}

impl Default for ResponsePermission {
    fn default() -> Self {
        Self { messages_max: 1, expires: Duration::from_secs(120) }
    }
}

/// When the TLS handshake begins relative to INFO.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HandshakeFirst {
    /// INFO goes first, in clear.
    #[default]
    No,
    /// The handshake goes first, always.
    Yes,
    /// The server waits this long for a handshake, then sends INFO in clear.
    Fallback(Duration),
}

/// Oldest TLS version accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TlsVersion {
    /// TLS 1.2.
    #[default]
    V12,
    /// TLS 1.3.
    V13,
}

/// A certificate chain and its key, PEM files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// Chain, leaf first.
    pub cert_file: PathBuf,
    /// PKCS #8, PKCS #1 or SEC 1 key.
    pub key_file: PathBuf,
}

/// A `tls {}` block of the client listener.
#[derive(Debug, Clone, PartialEq)]
pub struct Tls {
    /// Server certificates; the one matching the client's SNI and algorithms is used.
    pub certificates: Vec<CertificateFiles>,
    /// Authorities for client certificates.
    pub ca_file: Option<PathBuf>,
    /// Clients must present a certificate of those authorities.
    pub verify: bool,
    /// As `verify`, and the certificate names the user.
    pub verify_and_map: bool,
    /// Time for a handshake; default 2 s.
    pub timeout: Duration,
    /// New TLS connections per second; 0: unlimited.
    pub connection_rate_limit: u32,
    /// Hex SHA-256 of accepted public keys (SPKI); empty: any.
    pub pinned_certs: Vec<String>,
    /// Whether INFO or the handshake goes first.
    pub handshake_first: HandshakeFirst,
    /// Oldest version accepted.
    pub min_version: TlsVersion,
    /// Go names (`TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`), in order; empty: the library's.
    pub cipher_suites: Vec<String>,
    /// Go names (`X25519`, `CurveP256`, …), in order; empty: the library's.
    pub curve_preferences: Vec<String>,
}

/// HTTP monitoring.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Monitor {
    /// Host to bind; empty: the client listener's.
    pub host: String,
    /// Plain HTTP port; `Some(0)` lets the system choose; `None`: off.
    pub http_port: Option<u16>,
    /// HTTPS port (uses the client listener's certificate); as `http_port`.
    pub https_port: Option<u16>,
    /// Prefix of every path, such as `/nats`; empty: none.
    pub base_path: String,
}

/// Log destination and verbosity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// `[DBG]` lines.
    pub debug: bool,
    /// `[TRC]` lines of the protocol.
    pub trace: bool,
    /// Traces also the system account.
    pub trace_verbose: bool,
    /// Traces only headers of messages, not payloads.
    pub trace_headers: bool,
    /// Lines begin with the time.
    pub time: bool,
    /// In UTC rather than local time.
    pub time_utc: bool,
    /// File instead of standard error.
    pub file: Option<PathBuf>,
    /// Bytes at which the file is rotated; 0: never.
    pub file_size_max: u64,
    /// Rotated files kept, the current one included; 0: all.
    pub files_max: u32,
    /// To the local syslog.
    pub syslog: bool,
    /// To a remote one: `udp://host:port`, `tcp://host:port`.
    pub remote_syslog: Option<String>,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            debug: false,
            trace: false,
            trace_verbose: false,
            trace_headers: false,
            time: true,
            time_utc: false,
            file: None,
            file_size_max: 0,
            files_max: 0,
            syslog: false,
            remote_syslog: None,
        }
    }
}

/// Files that other programs read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files {
    /// Gets the process id.
    pub pid_file: Option<PathBuf>,
    /// Gets `<exe>_<pid>.ports`.
    pub ports_file_dir: Option<PathBuf>,
}

/// Switches of behaviour.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Features {
    /// `no_header_support`: INFO says `headers: false`, HPUB is refused.
    pub no_header_support: bool,
    /// `no_fast_producer_stall`: a fast producer is never delayed; messages to receivers close
    /// to their pending limit are skipped instead.
    pub no_fast_producer_stall: bool,
    /// `disable_sublist_cache`: match results are not cached.
    pub no_match_cache: bool,
}

/// An address to bind or to name, resolved from `host` where it is one.
#[must_use]
pub fn literal_address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}
