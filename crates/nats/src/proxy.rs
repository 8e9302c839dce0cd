//! The PROXY protocol: a header before anything else, by which a proxy says whose connection it
//! forwards. Only its reading; the server decides whether to look for one.
//!
//! Layouts are those of HAProxy's `proxy-protocol.txt`, §2.1 (version 1, a line of text) and
//! §2.2 (version 2, binary). What is refused is what nats-server refuses
//! (`server/client_proxyproto.go`).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// How version 1 begins.
const TEXT_PREFIX: &[u8] = b"PROXY ";
/// Longest line of version 1, with its CR LF.
const TEXT_LINE_MAX: usize = 107;
/// How version 2 begins.
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// As much of either beginning as tells a header from anything else. A stream that agrees so far
/// and then does not is a broken header, not the absence of one.
const TELLING: usize = 6;
/// Bytes of version 2 before the addresses.
const FIXED: usize = 16;

/// What the first bytes of a connection are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Header {
    /// A beginning of a header: more bytes are needed. At most [`u16::MAX`] + 16 ever are.
    Incomplete,
    /// Not a header: the client speaks for itself.
    Absent,
    /// A header.
    Whole {
        /// Whose connection it is; `None` if it is the proxy's own, or the proxy does not say.
        source: Option<SocketAddr>,
        /// Bytes that the header takes; what follows them is the client's.
        consumed: usize,
    },
}

/// Why a header is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// Version 1: no line end where one must have come.
    #[error("invalid PROXY protocol header: v1 line too long")]
    LineTooLong,
    /// Version 1: not the protocol, two addresses and two ports.
    #[error("invalid PROXY protocol header: invalid v1 format")]
    Fields,
    /// Version 1: not an address.
    #[error("invalid PROXY protocol header: invalid address")]
    Address,
    /// Version 1: not a port.
    #[error("invalid PROXY protocol header: invalid port")]
    Port,
    /// Version 1: neither `TCP4`, `TCP6` nor `UNKNOWN`, or addresses of the other family.
    #[error("invalid PROXY protocol header: protocol and addresses do not agree")]
    Protocol,
    /// Version 2: the signature breaks off.
    #[error("invalid PROXY protocol header: invalid signature")]
    Signature,
    /// A version of the binary form other than 2.
    #[error("invalid PROXY protocol header: invalid version {0}")]
    Version(u8),
    /// Version 2: neither `LOCAL` nor `PROXY`.
    #[error("unknown PROXY protocol command: {0}")]
    Command(u8),
    /// Version 2: not a stream.
    #[error("unsupported PROXY protocol feature: only STREAM protocol supported")]
    Transport,
    /// Version 2: neither IPv4 nor IPv6 nor unspecified.
    #[error("unsupported PROXY protocol feature: address family {0}")]
    Family(u8),
    /// Version 2: shorter than its addresses.
    #[error("invalid PROXY protocol header: address data too short: {0} bytes")]
    TooShort(u16),
}

/// Looks for a header at the beginning of `bytes`, which are all that came so far.
///
/// # Errors
/// [`ProxyError`] if it begins as a header and is none that is understood.
pub fn parse(bytes: &[u8]) -> Result<Header, ProxyError> {
    let telling = bytes.get(..TELLING).unwrap_or(bytes);
    if TEXT_PREFIX.starts_with(telling) {
        return if telling.len() < TELLING { Ok(Header::Incomplete) } else { text(bytes) };
    }
    if SIGNATURE.starts_with(telling) {
        return binary(bytes);
    }
    Ok(Header::Absent)
}

/// Version 1. `bytes` begin with its prefix.
fn text(bytes: &[u8]) -> Result<Header, ProxyError> {
    let longest = bytes.get(..TEXT_LINE_MAX).unwrap_or(bytes);
    let Some(end) = longest.windows(2).position(|pair| pair == b"\r\n") else {
        return if bytes.len() < TEXT_LINE_MAX {
            Ok(Header::Incomplete)
        } else {
            Err(ProxyError::LineTooLong)
        };
    };
    // A line end within the prefix is impossible: the prefix has none.
    let line = longest.get(TEXT_PREFIX.len()..end).unwrap_or_default();
    let source = text_source(line)?;
    Ok(Header::Whole { source, consumed: end + 2 })
}

/// The address of a version 1 line without its prefix.
fn text_source(line: &[u8]) -> Result<Option<SocketAddr>, ProxyError> {
    let mut fields = line.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty());
    let protocol = fields.next().ok_or(ProxyError::Fields)?;
    if protocol == b"UNKNOWN" {
        // §2.1: the rest of the line is to be ignored.
        return Ok(None);
    }
    let mut field = || fields.next().ok_or(ProxyError::Fields);
    let (source, destination, source_port, destination_port) =
        (field()?, field()?, field()?, field()?);
    if fields.next().is_some() {
        return Err(ProxyError::Fields);
    }
    let (source, destination) = (address(source)?, address(destination)?);
    let (source_port, _) = (port(source_port)?, port(destination_port)?);
    let agree = match protocol {
        b"TCP4" => source.is_ipv4() && destination.is_ipv4(),
        b"TCP6" => source.is_ipv6() && destination.is_ipv6(),
        _ => false,
    };
    if agree { Ok(Some(socket_address(source, source_port))) } else { Err(ProxyError::Protocol) }
}

fn address(field: &[u8]) -> Result<IpAddr, ProxyError> {
    let field = std::str::from_utf8(field).map_err(|_| ProxyError::Address)?;
    IpAddr::from_str(field).map_err(|_| ProxyError::Address)
}

fn port(field: &[u8]) -> Result<u16, ProxyError> {
    // `u16::from_str` would also take a sign.
    if !field.iter().all(u8::is_ascii_digit) {
        return Err(ProxyError::Port);
    }
    let field = std::str::from_utf8(field).map_err(|_| ProxyError::Port)?;
    field.parse().map_err(|_| ProxyError::Port)
}

/// Version 2, or the beginning of its signature.
fn binary(bytes: &[u8]) -> Result<Header, ProxyError> {
    if !SIGNATURE.starts_with(bytes.get(..SIGNATURE.len()).unwrap_or(bytes)) {
        return Err(ProxyError::Signature);
    }
    let Some((fixed, rest)) = bytes.split_first_chunk::<FIXED>() else {
        return Ok(Header::Incomplete);
    };
    let &[.., version_command, family_transport, length_high, length_low] = fixed;
    let length = u16::from_be_bytes([length_high, length_low]);
    let content = content(version_command, family_transport)?;
    if length < content.addresses() {
        return Err(ProxyError::TooShort(length));
    }
    // What follows the addresses are TLVs (§2.2.1), none of which means anything here.
    let Some(body) = rest.get(..usize::from(length)) else { return Ok(Header::Incomplete) };
    Ok(Header::Whole { source: content.source(body), consumed: FIXED + body.len() })
}

/// What the body of a version 2 header begins with.
#[derive(Clone, Copy)]
enum Content {
    Nothing,
    V4,
    V6,
}

/// Decides by the 13th and 14th byte (§2.2).
fn content(version_command: u8, family_transport: u8) -> Result<Content, ProxyError> {
    if version_command >> 4 != 2 {
        return Err(ProxyError::Version(version_command >> 4));
    }
    match version_command & 0x0f {
        // LOCAL: the proxy's own connection; family and addresses are to be ignored.
        0 => return Ok(Content::Nothing),
        1 => {}
        command => return Err(ProxyError::Command(command)),
    }
    if family_transport & 0x0f != 1 {
        return Err(ProxyError::Transport);
    }
    match family_transport >> 4 {
        0 => Ok(Content::Nothing),
        1 => Ok(Content::V4),
        2 => Ok(Content::V6),
        family => Err(ProxyError::Family(family)),
    }
}

impl Content {
    /// Bytes of two addresses and two ports.
    fn addresses(self) -> u16 {
        match self {
            Self::Nothing => 0,
            Self::V4 => 12,
            Self::V6 => 36,
        }
    }

    /// The source: both addresses come first, then both ports.
    fn source(self, body: &[u8]) -> Option<SocketAddr> {
        match self {
            Self::Nothing => None,
            Self::V4 => {
                let (ip, rest) = body.split_first_chunk::<4>()?;
                let port = rest.get(4..)?.first_chunk::<2>()?;
                Some(socket_address(Ipv4Addr::from(*ip).into(), u16::from_be_bytes(*port)))
            }
            Self::V6 => {
                let (ip, rest) = body.split_first_chunk::<16>()?;
                let port = rest.get(16..)?.first_chunk::<2>()?;
                Some(socket_address(Ipv6Addr::from(*ip).into(), u16::from_be_bytes(*port)))
            }
        }
    }
}

/// An IPv4 address in IPv6 form is shown in its own.
fn socket_address(ip: IpAddr, port: u16) -> SocketAddr {
    SocketAddr::new(ip.to_canonical(), port)
}
