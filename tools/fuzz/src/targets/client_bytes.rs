//! The parser gives the same operations and the same error however its bytes are split, and the
//! short way for plain messages gives what the parser gives.

use anabranch_nats::codec::{LineLimits, Op, Step, parse, plain_publication};

use super::Target;

pub(super) const TARGET: Target =
    Target { name: "client_bytes", check, corpus: CORPUS, dictionary: WORDS };

pub(super) const CORPUS: &[&[u8]] = &[
    b"CONNECT {\"verbose\":false,\"headers\":true}\r\nPING\r\n",
    b"SUB foo.* workers 1\r\nPUB foo.bar reply 5\r\nhello\r\n",
    b"HPUB foo 12 17\r\nNATS/1.0\r\n\r\nhello\r\n",
    b"UNSUB 1 10\r\nPONG\r\n+OK\r\n-ERR 'x'\r\n",
    b"pub\tfoo\t0\r\n\r\nsub > 2\n",
    b"INFO {}\r\n",
];

pub(super) const WORDS: &[&[u8]] = &[
    b"\r\n",
    b" ",
    b"\t",
    b"PUB ",
    b"HPUB ",
    b"SUB ",
    b"UNSUB ",
    b"PING\r\n",
    b"PONG\r\n",
    b"CONNECT {}",
    b"999999999",
    b"0",
    b"-1",
    b"4294967296",
    b"NATS/1.0\r\n\r\n",
    b".",
    b"*",
    b">",
];

const LIMITS: LineLimits = LineLimits { control_line_max: 64, payload_max: 128, headers: true };

fn check(input: &[u8]) {
    let whole = operations(input, &[input.len()]);
    let bytewise: Vec<usize> = (1..=input.len()).collect();
    assert_eq!(whole, operations(input, &bytewise), "byte by byte");
    // The input chooses one more split.
    let cut = usize::from(input.last().copied().unwrap_or(0)) % (input.len() + 1);
    assert_eq!(whole, operations(input, &[cut, input.len()]), "cut at {cut}");
}

/// What comes out when the bytes up to each of `ends` are there.
fn operations(input: &[u8], ends: &[usize]) -> Vec<String> {
    let mut found = Vec::new();
    let mut start = 0;
    for &end in ends {
        loop {
            let available = &input[start..end];
            let step = parse(available, LIMITS);
            if let Some((message, consumed)) = plain_publication(available, LIMITS) {
                assert_eq!(step, Step::Op { op: Op::Publish(message), consumed });
            }
            match step {
                Step::Op { op, consumed } => {
                    assert!((1..=available.len()).contains(&consumed), "took {consumed}");
                    within(&op, available);
                    found.push(format!("{op:?}"));
                    start += consumed;
                }
                Step::Incomplete { needed } => {
                    assert!(needed.is_none_or(|length| length > available.len()));
                    break;
                }
                Step::Failed(error) => {
                    found.push(format!("{error:?}"));
                    return found;
                }
            }
        }
    }
    found
}

/// What the parser promises about sizes.
fn within(op: &Op<'_>, available: &[u8]) {
    if let Op::Publish(message) = op {
        assert!(message.header_len <= message.payload.len());
        assert!(message.payload.len() <= 128, "over the limit");
        assert_eq!(message.headers().len() + message.body().len(), message.payload.len());
        assert!(message.verbatim.is_empty() || message.verbatim.ends_with(b"\r\n"));
        assert!(message.payload.len() < available.len());
    }
}
