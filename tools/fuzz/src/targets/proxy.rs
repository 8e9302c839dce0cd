//! A PROXY header is recognised at the same byte, and as the same, however its bytes arrive.

use anabranch_nats::proxy::{Header, parse};

use super::Target;

pub(super) const TARGET: Target =
    Target { name: "proxy", check, corpus: CORPUS, dictionary: WORDS };

const CORPUS: &[&[u8]] = &[
    b"PROXY TCP4 192.0.2.1 192.0.2.2 51234 4222\r\nCONNECT {}\r\n",
    b"PROXY TCP6 2001:db8::1 ::ffff:192.0.2.2 51234 4222\r\n",
    b"PROXY UNKNOWN\r\nPING\r\n",
    b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x01\xc0\0\x02\x02\xc8\x22\x10\x7ePING\r\n",
    b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\x03abcPING\r\n",
    b"\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x24\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x20\x01\x0d\xb8\
      \0\0\0\0\0\0\0\0\0\0\0\x02\xc8\x22\x10\x7e",
    b"CONNECT {}\r\n",
];

const WORDS: &[&[u8]] = &[
    b"PROXY ",
    b"TCP4 ",
    b"TCP6 ",
    b"UNKNOWN",
    b"\r\n",
    b"65535",
    b"65536",
    b"::1",
    b"1.2.3.4",
    b"\r\n\r\n\0\r\nQUIT\n",
    b"\x21\x11",
    b"\x20\0",
    b"\x21\x31",
    b"\xff\xff",
    b"\0\x0c",
];

fn check(input: &[u8]) {
    let whole = parse(input);
    let earliest = (0..=input.len()).map(|end| (end, parse(&input[..end])));
    let decided = earliest.into_iter().find(|(_, found)| *found != Ok(Header::Incomplete));
    let Some((end, found)) = decided else {
        assert_eq!(whole, Ok(Header::Incomplete));
        assert!(input.len() <= usize::from(u16::MAX) + 16, "waits without end");
        return;
    };
    assert_eq!(found, whole, "decided after {end} bytes, and otherwise with all");
    if let Ok(Header::Whole { consumed, .. }) = found {
        assert_eq!(consumed, end, "a header is whole with its last byte");
    }
}
