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

#[cfg(test)]
mod tests {
    use super::{Header, ProxyError, SIGNATURE, parse};

    fn whole(source: Option<&str>, consumed: usize) -> Result<Header, ProxyError> {
        Ok(Header::Whole { source: source.map(|s| s.parse().unwrap()), consumed })
    }

    /// A version 2 header.
    fn binary(version_command: u8, family_transport: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len()).unwrap();
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend([version_command, family_transport]);
        bytes.extend(length.to_be_bytes());
        bytes.extend(body);
        bytes
    }

    /// 192.0.2.1:50001 to 198.51.100.2:4222.
    const V4: &[u8] = &[192, 0, 2, 1, 198, 51, 100, 2, 0xc3, 0x51, 0x10, 0x7e];
    /// A TLV of three bytes.
    const TLV: &[u8] = &[0x04, 0x00, 0x03, 1, 2, 3];

    fn v6(source: &str) -> Vec<u8> {
        let source: std::net::Ipv6Addr = source.parse().unwrap();
        let destination: std::net::Ipv6Addr = "2001:db8::2".parse().unwrap();
        let mut body = source.octets().to_vec();
        body.extend(destination.octets());
        body.extend([0xc3, 0x51, 0x10, 0x7e]);
        body
    }

    fn followed(mut header: Vec<u8>) -> Vec<u8> {
        header.extend(b"CONNECT {}\r\n");
        header
    }

    #[test]
    fn reads_lines_of_version_1() {
        let line = b"PROXY TCP4 192.0.2.1 198.51.100.2 50001 4222\r\n";
        assert_eq!(parse(line), whole(Some("192.0.2.1:50001"), line.len()));
        assert_eq!(parse(&followed(line.to_vec())), whole(Some("192.0.2.1:50001"), line.len()));
        let line = b"PROXY TCP6 2001:db8::1 2001:db8::2 50001 4222\r\n";
        assert_eq!(parse(line), whole(Some("[2001:db8::1]:50001"), line.len()));
        let line = b"PROXY  TCP4\t192.0.2.1  198.51.100.2 0 65535 \r\n";
        assert_eq!(parse(line), whole(Some("192.0.2.1:0"), line.len()));
    }

    #[test]
    fn shows_mapped_addresses_as_ipv4() {
        let line = b"PROXY TCP6 ::ffff:192.0.2.1 ::ffff:198.51.100.2 50001 4222\r\n";
        assert_eq!(parse(line), whole(Some("192.0.2.1:50001"), line.len()));
        let bytes = binary(0x21, 0x21, &v6("::ffff:192.0.2.1"));
        assert_eq!(parse(&bytes), whole(Some("192.0.2.1:50001"), bytes.len()));
    }

    #[test]
    fn leaves_the_address_when_version_1_does_not_know_it() {
        for line in [&b"PROXY UNKNOWN\r\n"[..], b"PROXY UNKNOWN \xff anything 1 2 3 4 5\r\n"] {
            assert_eq!(parse(&followed(line.to_vec())), whole(None, line.len()));
        }
    }

    #[test]
    fn refuses_broken_lines_of_version_1() {
        let cases: [(&[u8], ProxyError); 14] = [
            (b"", ProxyError::Fields),
            (b" ", ProxyError::Fields),
            (b"TCP4", ProxyError::Fields),
            (b"unknown", ProxyError::Fields),
            (b"TCP4 192.0.2.1 198.51.100.2 1", ProxyError::Fields),
            (b"TCP4 192.0.2.1 198.51.100.2 1 2 3", ProxyError::Fields),
            (b"TCP4 192.0.2.256 198.51.100.2 1 2", ProxyError::Address),
            (b"TCP4 192.0.2.1 \xff 1 2", ProxyError::Address),
            (b"TCP4 192.0.2.1 198.51.100.2 65536 2", ProxyError::Port),
            (b"TCP4 192.0.2.1 198.51.100.2 1 +2", ProxyError::Port),
            (b"TCP4 2001:db8::1 2001:db8::2 1 2", ProxyError::Protocol),
            (b"TCP6 192.0.2.1 198.51.100.2 1 2", ProxyError::Protocol),
            (b"TCP6 2001:db8::1 198.51.100.2 1 2", ProxyError::Protocol),
            (b"UDP4 192.0.2.1 198.51.100.2 1 2", ProxyError::Protocol),
        ];
        for (rest, error) in cases {
            let line = [b"PROXY ", rest, b"\r\n"].concat();
            assert_eq!(parse(&line), Err(error), "{}", line.escape_ascii());
        }
    }

    #[test]
    fn waits_for_a_line_end_no_further_than_a_line_may_go() {
        let line = |length: usize| {
            let mut line = b"PROXY UNKNOWN ".to_vec();
            line.resize(length - 2, b'x');
            line.extend(b"\r\n");
            line
        };
        assert_eq!(parse(&line(107)), whole(None, 107));
        assert_eq!(parse(&line(108)), Err(ProxyError::LineTooLong));
        assert_eq!(parse(&line(108)[..106]), Ok(Header::Incomplete));
        assert_eq!(parse(&line(5000)), Err(ProxyError::LineTooLong));
        // Neither character ends a line alone.
        assert_eq!(parse(b"PROXY UNKNOWN\n\r"), Ok(Header::Incomplete));
    }

    #[test]
    fn reads_version_2() {
        let bytes = binary(0x21, 0x11, V4);
        assert_eq!(parse(&bytes), whole(Some("192.0.2.1:50001"), 28));
        assert_eq!(parse(&followed(bytes)), whole(Some("192.0.2.1:50001"), 28));
        let bytes = followed(binary(0x21, 0x21, &v6("2001:db8::1")));
        assert_eq!(parse(&bytes), whole(Some("[2001:db8::1]:50001"), 52));
    }

    #[test]
    fn skips_what_follows_the_addresses() {
        let bytes = followed(binary(0x21, 0x11, &[V4, TLV].concat()));
        assert_eq!(parse(&bytes), whole(Some("192.0.2.1:50001"), 28 + TLV.len()));
        let mut longest = V4.to_vec();
        longest.resize(usize::from(u16::MAX), 0);
        let bytes = followed(binary(0x21, 0x11, &longest));
        assert_eq!(parse(&bytes), whole(Some("192.0.2.1:50001"), 16 + usize::from(u16::MAX)));
    }

    #[test]
    fn leaves_the_address_when_version_2_does_not_know_it() {
        // LOCAL, whatever its family and transport say; PROXY of an unspecified family.
        for (version_command, family_transport) in [(0x20, 0x00), (0x20, 0x11), (0x20, 0xff)] {
            let bytes = followed(binary(version_command, family_transport, b"abc"));
            assert_eq!(parse(&bytes), whole(None, 19));
        }
        assert_eq!(parse(&followed(binary(0x21, 0x01, V4))), whole(None, 28));
        assert_eq!(parse(&binary(0x21, 0x01, b"")), whole(None, 16));
    }

    #[test]
    fn refuses_what_version_2_cannot_carry_here() {
        let cases = [
            (0x11, 0x11, ProxyError::Version(1)),
            (0x30, 0x11, ProxyError::Version(3)),
            (0x22, 0x11, ProxyError::Command(2)),
            (0x21, 0x00, ProxyError::Transport),
            (0x21, 0x12, ProxyError::Transport),
            (0x21, 0x31, ProxyError::Family(3)),
            (0x21, 0xf1, ProxyError::Family(15)),
            (0x21, 0x21, ProxyError::TooShort(12)),
        ];
        for (version_command, family_transport, error) in cases {
            assert_eq!(parse(&binary(version_command, family_transport, V4)), Err(error));
        }
        assert_eq!(parse(&binary(0x21, 0x11, &V4[..11])), Err(ProxyError::TooShort(11)));
    }

    #[test]
    fn refuses_a_broken_signature() {
        assert_eq!(parse(b"\r\n\r\n\0\r\nQUIX\n"), Err(ProxyError::Signature));
        assert_eq!(parse(b"\r\n\r\n\0\rx"), Err(ProxyError::Signature));
    }

    #[test]
    fn asks_for_more_at_every_truncation() {
        let headers = [
            b"PROXY TCP4 192.0.2.1 198.51.100.2 50001 4222\r\n".to_vec(),
            b"PROXY UNKNOWN\r\n".to_vec(),
            binary(0x21, 0x11, &[V4, TLV].concat()),
            binary(0x21, 0x21, &v6("2001:db8::1")),
            binary(0x20, 0x00, TLV),
        ];
        for header in headers {
            for length in 0..header.len() {
                assert_eq!(parse(&header[..length]), Ok(Header::Incomplete), "{length}");
            }
            assert!(matches!(
                parse(&header),
                Ok(Header::Whole { consumed, .. }) if consumed == header.len()
            ));
        }
    }

    #[test]
    fn leaves_clients_that_speak_for_themselves() {
        let firsts: [&[u8]; 9] = [
            b"CONNECT {}\r\n",
            b"PING\r\n",
            b"PUB a 0\r\n",
            b"PI",
            b"proxy tcp4",
            b"PROXY\r\n",
            b"\r\n\r\nPING\r\n",
            b"\x16\x03\x01\x02\x00",
            b"\0",
        ];
        for bytes in firsts {
            assert_eq!(parse(bytes), Ok(Header::Absent), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn never_consumes_more_than_there_is() {
        // Every byte of a header, replaced by every other, at every truncation.
        let headers = [
            b"PROXY TCP4 192.0.2.1 198.51.100.2 1 2\r\n".to_vec(),
            binary(0x21, 0x11, &[V4, TLV].concat()),
        ];
        for header in headers {
            for place in 0..header.len() {
                for byte in 0..=u8::MAX {
                    let mut bytes = header.clone();
                    bytes[place] = byte;
                    for length in place..=bytes.len() {
                        if let Ok(Header::Whole { consumed, .. }) = parse(&bytes[..length]) {
                            assert!(consumed <= length);
                        }
                    }
                }
            }
        }
    }
}
