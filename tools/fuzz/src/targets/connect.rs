//! CONNECT takes any JSON, or refuses it; what it took once it takes again without a change.

use anabranch_nats::ConnectOptions;

use super::Target;

pub(super) const TARGET: Target =
    Target { name: "connect", check, corpus: CORPUS, dictionary: WORDS };

const CORPUS: &[&[u8]] = &[
    br#"{"verbose":false,"pedantic":false,"user":"a","pass":"b","lang":"rust","version":"1"}"#,
    br#"{"echo":false,"headers":true,"no_responders":true,"protocol":1,"name":"\u00fc\n"}"#,
    br#"{"jwt":null,"nkey":"UA","sig":"x","auth_token":"t","extra":[1,{"a":2.5e3}]}"#,
    b"null",
    b"{}",
];

const WORDS: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"\"",
    b"\\u0000",
    b"null",
    b"true",
    b"1e999",
    b"-1",
    b"\"protocol\":",
    b"\"user\":",
    b"\xff",
    b"[[[[[[[[",
];

fn check(input: &[u8]) {
    let mut options = ConnectOptions::default();
    if options.merge(input).is_ok() {
        let once = options.clone();
        assert_eq!(options.merge(input), Ok(()), "taken once, refused the second time");
        assert_eq!(options, once);
    }
}
