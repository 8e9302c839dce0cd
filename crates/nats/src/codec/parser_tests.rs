use super::super::plain_publication;
use super::*;

const LIMITS: LineLimits = LineLimits { control_line_max: 64, payload_max: 100, headers: true };

fn all(bytes: &[u8]) -> (Vec<String>, Option<ParseError>) {
    let (mut ops, mut at) = (Vec::new(), 0);
    loop {
        let step = parse(&bytes[at..], LIMITS);
        if let Some((message, consumed)) = plain_publication(&bytes[at..], LIMITS) {
            assert_eq!(step, Step::Op { op: Op::Publish(message), consumed });
        }
        match step {
            Step::Op { op, consumed } => {
                assert!(consumed > 0);
                let op = match op {
                    Op::Publish(p) => Op::Publish(Publication { verbatim: &[], ..p }),
                    op => op,
                };
                ops.push(format!("{op:?}"));
                at += consumed;
            }
            Step::Incomplete { needed } => {
                assert!(needed.is_none_or(|n| n > bytes.len() - at));
                return (ops, None);
            }
            Step::Failed(error) => return (ops, Some(error)),
        }
    }
}

/// Feeds `bytes` one at a time, as the slowest client would.
fn trickled(bytes: &[u8]) -> (Vec<String>, Option<ParseError>) {
    let mut longest = (Vec::new(), None);
    for end in 0..=bytes.len() {
        let now = all(&bytes[..end]);
        assert!(now.0.starts_with(&longest.0), "an operation was taken back");
        if now.1.is_some() {
            return now;
        }
        longest = now;
    }
    longest
}

#[test]
fn gives_the_same_at_every_split() {
    let samples: &[&[u8]] = &[
        b"CONNECT {}\r\nPING\r\nPUB a 2\r\nhi\r\nSUB a.* q 1\r\nUNSUB 1 5\r\n",
        b"HPUB a r 12 14\r\nNATS/1.0\r\n\r\nhi\r\nPONG\r\n+OK\r\n-ERR x\r\nINFO {}\r\n",
        b"PUB a 2\r\nhiX",
        b"PUB a 2\r\nhi\rX",
        b"PUB a 101\r\n",
        b"PUB a -1\r\n",
        b"SUB a\r\n",
        b"HPUB a 5 2\r\nhi\r\n",
        b"PINX",
        b"\r\n",
        b"SUB aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 1\r\n",
        b"connect{\"verbose\":false}\nping  \npub  a  \t r 0\n\r\n",
        b"MSG a 1 2\r\nhi\r\n",
        b"PUB a 0\r\n\r\nPUB a.b _INBOX.x 00003\r\nabc\r\n",
    ];
    for sample in samples {
        assert_eq!(all(sample), trickled(sample), "{}", String::from_utf8_lossy(sample));
    }
}

#[test]
fn takes_operations_in_any_case_and_any_blanks() {
    let (ops, error) = all(b"pUb \t a \t 2\r\nhi\r\nsUB a\t q  1\r\nunsub 1\r\npiNG\r\n");
    assert_eq!(error, None);
    assert_eq!(ops.len(), 4);
}

#[test]
fn tells_how_much_a_message_needs() {
    let step = parse(b"PUB a 5\r\nhe", LIMITS);
    assert_eq!(step, Step::Incomplete { needed: Some(16) });
}

#[test]
fn refuses_before_the_body_is_read() {
    let step = parse(b"PUB a 101\r\n", LIMITS);
    assert_eq!(step, Step::Failed(ParseError::PayloadTooLarge(101)));
}

#[test]
fn bounds_a_line_that_never_ends() {
    for op in ["PUB ", "SUB ", "PING", "CONNECT ", "UNSUB ", "-ERR ", "INFO "] {
        for fill in ["x", " ", "\r"] {
            let bytes = format!("{op}{}", fill.repeat(2000));
            let step = parse(bytes.as_bytes(), LIMITS);
            assert_eq!(step, Step::Failed(ParseError::ControlLineTooLong), "{op:?} {fill:?}");
        }
    }
}

#[test]
fn marks_what_may_be_copied_verbatim() {
    let Step::Op { op: Op::Publish(p), .. } = parse(b"PUB a.b r 2\r\nhi\r\n", LIMITS) else {
        panic!("no publish")
    };
    assert_eq!(p.verbatim, b" r 2\r\nhi\r\n");
    let Step::Op { op: Op::Publish(p), .. } = parse(b"HPUB  a 1 2\r\nhi\r\n", LIMITS) else {
        panic!("no publish")
    };
    assert_eq!(p.verbatim, b" 1 2\r\nhi\r\n");
    let Step::Op { op: Op::Publish(p), .. } = parse(b"PUB a  2\r\nhi\r\n", LIMITS) else {
        panic!("no publish")
    };
    assert_eq!((p.verbatim, p.payload), (&b""[..], &b"hi"[..]));
}

#[test]
fn takes_plain_messages_by_the_short_way() {
    let taken = |line: &str, size: usize| {
        let wire = format!("{line}\r\n{}\r\nPING\r\n", "x".repeat(size));
        all(wire.as_bytes());
        plain_publication(wire.as_bytes(), LIMITS).is_some()
    };
    let long = "s".repeat(50);
    for (line, size) in [
        ("PUB a 0", 0),
        ("PUB a.b.cde reply 9", 9),
        ("PUB subject.of.some.length 000000012", 12),
        ("PUB 1 2 3", 3),
        ("PUB h\u{e9}llo.\u{1f600} 100", 100),
        (&format!("PUB {long} _INBOX.1 1"), 1),
    ] {
        assert!(taken(line, size), "{line}");
    }
    for (line, size) in [
        ("pub a 1", 1),
        ("PUB\ta 1", 1),
        ("PUB a  1", 1),
        ("PUB  a 1", 1),
        ("PUB a 1 ", 1),
        ("PUB a b c 1", 1),
        ("PUB a\tb 1", 1),
        ("PUB a 0000000001", 1),
        ("PUB a 101", 101),
        ("PUB a -1", 1),
        ("PUB a 2", 1),
        ("PUB a 1", 2),
        ("PUB a b", 1),
        ("PUB a", 1),
        ("HPUB a 0 1", 1),
        (&format!("PUB {long} _INBOX.123 123"), 1),
    ] {
        assert!(!taken(line, size), "{line}");
    }
}

#[test]
fn survives_garbage() {
    let mut state = 1u64;
    let alphabet = b"PUBHSNIGOCET \t\r\n0123456789.*>{}+-ERKx";
    for _ in 0..20_000 {
        let mut bytes = Vec::new();
        for _ in 0..40 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let pick = usize::try_from(state >> 40).unwrap_or(0) % alphabet.len();
            bytes.push(alphabet[pick]);
        }
        let (ops, error) = all(&bytes);
        let slow = trickled(&bytes);
        assert_eq!((ops, error), slow, "{}", String::from_utf8_lossy(&bytes));
    }
}
