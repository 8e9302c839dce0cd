//! A configuration file of any text is read or refused, and always in the same way.

use std::path::Path;

use anabranch_config::{MemorySource, load, validate};

use super::Target;

pub(super) const TARGET: Target =
    Target { name: "configuration", check, corpus: CORPUS, dictionary: WORDS };

const CORPUS: &[&[u8]] = &[
    b"listen: 127.0.0.1:4222\nmax_payload: 1MB\nping_interval: \"30s\"\n",
    b"authorization {\n  users = [\n    {user: a, password: $2a$11$x, \
      permissions: {publish: \">\"}}\n  ]\n  timeout: 1.5\n}\n",
    b"include \"other.conf\"\nPORT = 4333\nport: $PORT\nserver_name: $NAME\n",
    b"tls {\n  cert_file: \"a.pem\", key_file: 'b.pem'; verify: yes\n  handshake_first: auto\n}\n",
    b"{ \"http\": 8222, \"server_tags\": [\"a\", \"b\"], debug: on # c\n // d\n}\n",
    b"block (\n text \n)\nwhen: 2026-01-02T03:04:05Z\nx: \"\\x41\\n\"\n",
];

const WORDS: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b"(",
    b"\n)\n",
    b"\"",
    b"'",
    b"\\",
    b"\\x",
    b"$",
    b"$PORT",
    b"=",
    b":",
    b"#",
    b"//",
    b"\n",
    b",",
    b";",
    b"include ",
    b"include 'other.conf'",
    b"1k",
    b"9e9",
    b"-1",
    b"authorization",
    b"users",
    b"permissions",
    b"tls",
    b"\xff",
];

fn check(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let source = MemorySource::of("main.conf", &text)
        .with_file("other.conf", "max_pending: 64MB\nNAME: $OUTER\n")
        .with_file("self.conf", "include 'self.conf'\n")
        .with_env("OUTER", "$INNER")
        .with_env("INNER", "\"deep\"")
        .with_env("CYCLE", "$CYCLE");
    let path = Path::new("main.conf");
    let first = load(&source, path);
    if let Ok(loaded) = &first {
        let _ = validate(&loaded.options);
    }
    let second = load(&source, path);
    assert_eq!(format!("{first:?}"), format!("{second:?}"), "two readings differ");
}
