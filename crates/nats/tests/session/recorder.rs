//! A server around a session that does nothing and takes down everything.

use std::collections::BTreeMap;
use std::time::Duration;

use anabranch_nats::codec::Publication;
use anabranch_nats::session::{
    Attempt, Auth, Delivery, Host, Next, Report, Session, Settings, Subscribed, Verdict,
};
use anabranch_nats::{CloseReason, ConnectOptions};

/// nats-server's defaults, but for limits that a test can reach.
pub(crate) const SETTINGS: Settings = Settings {
    control_line_max: 256,
    payload_max: 64,
    subscriptions_max: 0,
    subject_tokens_max: 0,
    headers: true,
    auth: Auth::Open,
    auth_timeout: Duration::from_secs(2),
    ping_interval: Duration::from_secs(120),
    ping_out_max: 2,
};

pub(crate) const READ: Next = Next::Read { needed: None };

/// Answers as a test wants, and takes down what it is asked for.
#[derive(Debug)]
pub(crate) struct Recorder {
    /// The judgement of whatever credentials come.
    pub(crate) verdict: Verdict,
    /// What the server did, in order.
    pub(crate) done: Vec<String>,
    pub(crate) reports: Vec<String>,
    pub(crate) attempts: Vec<Attempt>,
    /// Operations until what is staged must be written; none: never.
    pub(crate) saturated_after: Option<usize>,
    written: Vec<u8>,
    subscriptions: BTreeMap<Vec<u8>, Vec<u8>>,
}

/// A session and its recorder, at a time that only the test moves.
#[derive(Debug)]
pub(crate) struct Talk {
    pub(crate) session: Session,
    pub(crate) host: Recorder,
    pub(crate) now: Duration,
    held: Vec<u8>,
}

impl Talk {
    /// With a server that anybody may talk to.
    pub(crate) fn open() -> Self {
        Self::with(SETTINGS)
    }

    /// As [`Talk::open`], where CONNECT with these options came and was answered.
    pub(crate) fn connected(options: &str) -> Self {
        let mut talk = Self::open();
        assert_eq!(talk.say(&format!("CONNECT {options}\r\n")), READ);
        talk.heard();
        talk
    }

    pub(crate) fn with(settings: Settings) -> Self {
        let now = Duration::from_secs(1_000);
        let host = Recorder {
            verdict: Verdict::Accepted { restricted: false },
            done: Vec::new(),
            reports: Vec::new(),
            attempts: Vec::new(),
            saturated_after: None,
            written: Vec::new(),
            subscriptions: BTreeMap::new(),
        };
        Self { session: Session::new(settings, now), host, now, held: Vec::new() }
    }

    /// The client sends text; what is not a whole operation is kept for the next time, as is what
    /// follows a pause.
    pub(crate) fn say(&mut self, text: &str) -> Next {
        self.held.extend_from_slice(text.as_bytes());
        let progress = self.session.input(&self.held, self.now, &mut self.host);
        self.held.drain(..progress.consumed);
        progress.next
    }

    /// Everything that was written to the client since the last time.
    pub(crate) fn heard(&mut self) -> String {
        String::from_utf8(std::mem::take(&mut self.host.written)).expect("text")
    }

    /// What the server was asked to do since the last time.
    pub(crate) fn done(&mut self) -> Vec<String> {
        std::mem::take(&mut self.host.done)
    }

    /// Time goes on to the session's deadline, and it is told.
    pub(crate) fn until_deadline(&mut self) -> Option<CloseReason> {
        self.now = self.session.deadline();
        self.session.on_timer(self.now, &mut self.host)
    }

    pub(crate) fn resume(&mut self, verdict: Verdict) -> Option<CloseReason> {
        self.session.resume(verdict, &mut self.host)
    }
}

impl Recorder {
    fn note(&mut self, what: String) {
        self.done.push(what);
        self.saturated_after = self.saturated_after.map(|left| left.saturating_sub(1));
    }
}

impl Host for Recorder {
    fn write(&mut self, bytes: &[u8]) {
        self.written.extend_from_slice(bytes);
    }

    fn authenticate(&mut self, _options: &ConnectOptions, attempt: Attempt) -> Verdict {
        self.attempts.push(attempt);
        self.verdict
    }

    fn connected(&mut self, options: &ConnectOptions) {
        self.note(format!("connected {:?}", options.client.name));
    }

    fn write_connect_info(&mut self) {
        self.written.extend_from_slice(b"INFO {}\r\n");
    }

    /// Restricted users may not go where `no.` begins.
    fn may_publish(&mut self, subject: &[u8]) -> bool {
        !subject.starts_with(b"no.")
    }

    fn may_subscribe(&mut self, subject: &[u8], queue: Option<&[u8]>) -> bool {
        !subject.starts_with(b"no.") && queue != Some(b"no")
    }

    fn count(&mut self, message: &Publication<'_>) {
        self.note(format!("count {}", message.payload.len()));
    }

    /// Somebody listens where `to.` begins.
    fn publish(&mut self, message: &Publication<'_>) -> Delivery {
        let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
        let [subject, reply, headers, body] =
            [message.subject, message.reply, message.headers(), message.body()].map(text);
        self.note(format!("publish {subject:?} {reply:?} {headers:?} {body:?}"));
        if message.subject.starts_with(b"to.") { Delivery::Delivered } else { Delivery::NoReceiver }
    }

    fn sid_receiving(&mut self, reply: &[u8], sid: &mut Vec<u8>) -> bool {
        let mut own = self.subscriptions.iter();
        let found = own.find(|(_, subject)| subject.as_slice() == reply);
        found.inspect(|(found, _)| sid.extend_from_slice(found)).is_some()
    }

    /// A subject that begins with a dot is malformed.
    fn subscribe(&mut self, subject: &[u8], queue: Option<&[u8]>, sid: &[u8]) -> Subscribed {
        if subject.starts_with(b".") {
            return Subscribed::InvalidSubject;
        }
        if self.subscriptions.contains_key(sid) {
            return Subscribed::Duplicate;
        }
        self.subscriptions.insert(sid.to_vec(), subject.to_vec());
        let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
        self.note(format!("subscribe {} {:?} {}", text(subject), queue.map(text), text(sid)));
        Subscribed::Added
    }

    fn subscription_count(&self) -> usize {
        self.subscriptions.len()
    }

    fn unsubscribe(&mut self, sid: &[u8], max: Option<u32>) {
        if max.is_none() {
            self.subscriptions.remove(sid);
        }
        self.note(format!("unsubscribe {} {max:?}", sid.escape_ascii()));
    }

    fn unsubscribe_all(&mut self) {
        self.subscriptions.clear();
        self.note("unsubscribe all".to_owned());
    }

    fn saturated(&self) -> bool {
        self.saturated_after == Some(0)
    }

    fn report(&mut self, what: Report<'_>) {
        self.reports.push(format!("{what:?}"));
    }
}
