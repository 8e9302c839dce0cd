//! A session does the same, and answers the same bytes, however its input is split.

use std::time::Duration;

use anabranch_nats::ConnectOptions;
use anabranch_nats::codec::Publication;
use anabranch_nats::session::{
    Attempt, Auth, Delivery, Host, Next, Report, Session, Settings, Subscribed, Verdict,
};

use super::Target;
use super::client_bytes::{CORPUS, WORDS};

pub(super) const TARGET: Target =
    Target { name: "session", check, corpus: CORPUS, dictionary: WORDS };

const NOW: Duration = Duration::from_secs(1);

const SETTINGS: Settings = Settings {
    control_line_max: 256,
    payload_max: 128,
    subscriptions_max: 3,
    subject_tokens_max: 4,
    headers: true,
    auth: Auth::Open,
    auth_timeout: Duration::from_secs(2),
    ping_interval: Duration::from_secs(120),
    ping_out_max: 2,
};

fn check(input: &[u8]) {
    for auth in [Auth::Open, Auth::Required, Auth::DefaultUser] {
        let settings = Settings { auth, ..SETTINGS };
        let whole = conversation(settings, input, input.len().max(1));
        let step = 1 + usize::from(input.first().copied().unwrap_or(0)) % 7;
        assert_eq!(whole, conversation(settings, input, step), "{step} bytes at a time");
    }
}

/// What a session did with `input`, given in pieces of `step` bytes.
fn conversation(settings: Settings, input: &[u8], step: usize) -> (Recorder, Option<String>) {
    let mut session = Session::new(settings, NOW);
    let mut host = Recorder::default();
    let mut pending = Vec::new();
    for piece in input.chunks(step) {
        pending.extend_from_slice(piece);
        loop {
            let progress = session.input(&pending, NOW, &mut host);
            assert!(progress.consumed <= pending.len());
            pending.drain(..progress.consumed);
            match progress.next {
                Next::Read { .. } => break,
                Next::Flush => {}
                Next::AwaitVerdict => {
                    if let Some(reason) = session.resume(Verdict::Refused, &mut host) {
                        return (host, Some(reason.to_string()));
                    }
                }
                Next::Close(reason) => return (host, Some(reason.to_string())),
            }
        }
    }
    (host, None)
}

/// Takes down what the session asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Recorder {
    written: Vec<u8>,
    asked: Vec<String>,
    sids: Vec<Vec<u8>>,
}

impl Host for Recorder {
    fn write(&mut self, bytes: &[u8]) {
        self.written.extend_from_slice(bytes);
    }

    fn authenticate(&mut self, options: &ConnectOptions, _attempt: Attempt) -> Verdict {
        match options.credentials.user.as_str() {
            "pending" => Verdict::Pending,
            "bad" => Verdict::Refused,
            user => Verdict::Accepted { restricted: user == "restricted" },
        }
    }

    fn connected(&mut self, options: &ConnectOptions) {
        self.asked.push(format!("connected {}", options.protocol));
    }

    fn write_connect_info(&mut self) {
        self.written.extend_from_slice(b"INFO {} \r\n");
    }

    fn may_publish(&mut self, subject: &[u8]) -> bool {
        !subject.starts_with(b"f")
    }

    fn may_subscribe(&mut self, subject: &[u8], _queue: Option<&[u8]>) -> bool {
        !subject.starts_with(b"f")
    }

    fn count(&mut self, _message: &Publication<'_>) {}

    fn publish(&mut self, message: &Publication<'_>) -> Delivery {
        self.asked.push(format!("{message:?}"));
        Delivery::NoReceiver
    }

    fn sid_receiving(&mut self, _reply: &[u8], sid: &mut Vec<u8>) -> bool {
        self.sids.first().map(|first| sid.extend_from_slice(first)).is_some()
    }

    fn subscribe(&mut self, subject: &[u8], queue: Option<&[u8]>, sid: &[u8]) -> Subscribed {
        self.asked.push(format!("{subject:?} {queue:?} {sid:?}"));
        if subject.starts_with(b".") {
            return Subscribed::InvalidSubject;
        }
        if self.sids.iter().any(|known| known == sid) {
            return Subscribed::Duplicate;
        }
        self.sids.push(sid.to_vec());
        Subscribed::Added
    }

    fn subscription_count(&self) -> usize {
        self.sids.len()
    }

    fn unsubscribe(&mut self, sid: &[u8], max: Option<u32>) {
        self.asked.push(format!("unsubscribe {sid:?} {max:?}"));
        self.sids.retain(|known| known != sid);
    }

    fn unsubscribe_all(&mut self) {
        self.sids.clear();
    }

    /// Reports may quote what was there when an error was noticed, which depends on the split.
    fn report(&mut self, what: Report<'_>) {
        if !matches!(what, Report::ParseError(_) | Report::ControlLineViolation) {
            self.asked.push(format!("{what:?}"));
        }
    }
}
