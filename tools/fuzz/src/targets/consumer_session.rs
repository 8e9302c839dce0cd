//! Whatever clients send, a session and the log of its changes agree, nothing is delivered that
//! nobody asked for, and time goes on.

use anabranch_jetstream::Nanos;
use anabranch_jetstream::consumer::{
    AckPolicy, Begin, ConsumerConfig, Found, Next, PriorityPolicy, Session, Source, State,
};

use super::Target;

pub(super) const TARGET: Target =
    Target { name: "consumer_session", check, corpus: CORPUS, dictionary: WORDS };

const CORPUS: &[&[u8]] = &[
    b"0\n?5\n@1 +ACK\n@2 -NAK\n@3 -NAK {\"delay\":5}\n>\n>\n@9 +TERM why\n",
    b"1\n?{\"batch\":2,\"expires\":1000000000,\"idle_heartbeat\":500000000}\n>\n>\n>\n",
    b"2\n?{\"group\":\"A\",\"batch\":3}\n?{\"group\":\"A\",\"id\":\"x\"}\n>\n",
    b"3\n?{\"group\":\"A\",\"min_pending\":3}\n@4 +NXT {\"group\":\"A\",\"no_wait\":true}\n",
    b"4\n?{\"group\":\"A\",\"priority\":3,\"max_bytes\":90}\n!$JS.ACK._.h.S.C.1.2.3.4.5 +WPI\n",
    b"5\n!$JS.FC.S.C.abcd 1\n>\n!$JS.ACK.S.C.1.2.3.4.5 \n",
];

const WORDS: &[&[u8]] = &[
    b"\n?",
    b"\n@1 ",
    b"\n!$JS.ACK.S.C.1.1.1.1.1 ",
    b"\n>\n",
    b"+NXT ",
    b"-NAK ",
    b"99999999999999999999",
    b"-9223372036854775808",
    b"9223372036854775807",
    b"{\"batch\":3,\"no_wait\":true}",
    b"\"expires\":",
    b"\"idle_heartbeat\":",
    b"\"max_bytes\":",
];

const MESSAGES: u64 = 20;
const SECOND: i64 = 1_000_000_000;
const LINES_MAX: usize = 200;
const TURNS_MAX: usize = 100_000;

/// A stream of equal messages.
struct Equal;

impl Source for Equal {
    fn next(&mut self, seq: u64) -> Option<Found> {
        self.get(seq.max(1))
    }

    fn get(&mut self, seq: u64) -> Option<Found> {
        let found = Found { seq, time: 1, subject_len: 1, header_len: 0, size: 10 };
        (1..=MESSAGES).contains(&seq).then_some(found)
    }

    fn pending(&mut self, seq: u64) -> u64 {
        MESSAGES.saturating_add(1).saturating_sub(seq.max(1))
    }

    fn last_seq(&self) -> u64 {
        MESSAGES
    }

    fn has_interest(&mut self, subject: &[u8]) -> bool {
        subject != b"gone"
    }
}

fn check(input: &[u8]) {
    let mut lines = input.split(|&byte| byte == b'\n');
    let config = config(lines.next().and_then(|line| line.first()).copied());
    let begin = Begin { first: 1, last_seq: MESSAGES, ..Begin::default() };
    let mut session = Session::new("S", &config, State::starting_at(1), begin, 0, 1);
    session.set_interest(true, 0);
    let mut durable = State::starting_at(1);
    let (mut now, mut turns) = (0, 0);
    for line in lines.take(LINES_MAX) {
        carry_out(&mut session, line, now);
        if line.first() == Some(&b'>') {
            now = session.next_deadline().map_or(now + SECOND, |due| due.max(now));
            session.tick(now, &mut Equal);
        }
        while let Next::Deliver(delivery) = session.next(now, &mut Equal) {
            assert_ne!(delivery.to, b"gone");
            turns += 1;
            assert!(turns < TURNS_MAX, "it delivers for ever");
        }
        for change in session.take_changes() {
            durable.apply(&change, config.ack_policy);
        }
        session.take_effects();
        assert_eq!(durable, *session.state());
        assert!(session.waiting() <= 3);
    }
}

fn config(kind: Option<u8>) -> ConsumerConfig {
    let (ack_policy, priority_policy, deliver_subject) = match kind {
        Some(b'1') => (AckPolicy::All, PriorityPolicy::None, ""),
        Some(b'2') => (AckPolicy::Explicit, PriorityPolicy::PinnedClient, ""),
        Some(b'3') => (AckPolicy::Explicit, PriorityPolicy::Overflow, ""),
        Some(b'4') => (AckPolicy::Explicit, PriorityPolicy::Prioritized, ""),
        Some(b'5') => (AckPolicy::FlowControl, PriorityPolicy::None, "D"),
        Some(b'6') => (AckPolicy::Explicit, PriorityPolicy::None, "D"),
        _ => (AckPolicy::Explicit, PriorityPolicy::None, ""),
    };
    let is_push = !deliver_subject.is_empty();
    ConsumerConfig {
        durable: "C".to_owned(),
        name: "C".to_owned(),
        ack_policy,
        ack_wait: Nanos::SECOND,
        max_deliver: 3,
        max_waiting: 3,
        max_ack_pending: 5,
        flow_control: is_push,
        heartbeat: if is_push { Nanos::SECOND } else { Nanos::ZERO },
        deliver_subject: deliver_subject.to_owned(),
        priority_groups: vec!["A".to_owned()],
        priority_policy,
        priority_timeout: Nanos::SECOND,
        ..ConsumerConfig::default()
    }
}

/// `?body` asks, `@n body` acknowledges the message n, `!subject body` is any other acknowledgement
/// or answer.
fn carry_out(session: &mut Session, line: &[u8], now: i64) {
    let Some((kind, rest)) = line.split_first() else {
        return;
    };
    let space = rest.iter().position(|&byte| byte == b' ').unwrap_or(rest.len());
    let (subject, body) = rest.split_at(space);
    let body = body.get(1..).unwrap_or_default();
    match kind {
        b'?' => session.request(b"a", b"", rest, now, &mut Equal),
        b'-' => session.request(b"gone", b"", rest, now, &mut Equal),
        b'@' => {
            let seq = String::from_utf8_lossy(subject);
            let subject = format!("$JS.ACK.S.C.1.{seq}.{seq}.1.1");
            session.acknowledge(subject.as_bytes(), b"a", body, now, &mut Equal);
        }
        b'!' if subject.starts_with(b"$JS.FC.") => session.flow_reply(subject, body, now),
        b'!' => session.acknowledge(subject, b"a", body, now, &mut Equal),
        _ => {}
    }
}
