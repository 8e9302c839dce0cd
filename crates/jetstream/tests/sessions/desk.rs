//! A session, a stream that is a list, and clients that listen to everything but what is named.

use std::collections::{BTreeMap, BTreeSet};

use anabranch_jetstream::Nanos;
use anabranch_jetstream::consumer::{
    AckPolicy, Begin, Change, ConsumerConfig, Delivery, Effect, Found, Next, Report, Session,
    Source, State, decode_changes, encode_changes,
};

pub const SECOND: i64 = 1_000_000_000;
pub const MILLISECOND: i64 = 1_000_000;
pub const START: i64 = 1_000_000 * SECOND;

/// A stream whose messages either match the consumer's filter or not.
#[derive(Default)]
pub struct List {
    pub messages: BTreeMap<u64, Found>,
    pub last: u64,
    /// Subjects that nobody listens to.
    pub silent: BTreeSet<Vec<u8>>,
    /// Times at which interest was asked for.
    pub asked: usize,
    /// What comes next is not found at once.
    pub is_slow: bool,
}

impl List {
    pub fn add(&mut self, time: i64, size: usize) -> u64 {
        self.last += 1;
        let (seq, subject_len, header_len) = (self.last, 3, 0);
        self.messages.insert(seq, Found { seq, time, subject_len, header_len, size });
        seq
    }

    /// A message that the filter does not match.
    pub fn add_other(&mut self) {
        self.last += 1;
    }
}

impl Source for List {
    fn next(&mut self, seq: u64) -> Option<Found> {
        let found = self.messages.range(seq..).next().map(|(_, found)| *found);
        found.filter(|_| !self.is_slow)
    }

    fn get(&mut self, seq: u64) -> Option<Found> {
        self.messages.get(&seq).copied()
    }

    fn pending(&mut self, seq: u64) -> u64 {
        u64::try_from(self.messages.range(seq..).count()).expect("few")
    }

    fn last_seq(&self) -> u64 {
        self.last
    }

    fn has_interest(&mut self, subject: &[u8]) -> bool {
        self.asked += 1;
        !self.silent.contains(subject)
    }
}

/// A message as its client sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Got {
    pub to: String,
    pub seq: u64,
    pub deliveries: u64,
    pub consumer_seq: u64,
    pub pending: u64,
    pub reply: String,
    pub headers: Vec<(&'static str, String)>,
}

/// Everything that happens to a session, in one place.
pub struct Desk {
    pub session: Session,
    pub list: List,
    pub now: i64,
    /// What the log made of all changes.
    pub durable: State,
    pub reports: Vec<Report>,
    /// Statuses as `to: first line|header|…`.
    pub statuses: Vec<String>,
    pub confirmed: Vec<String>,
    pub others: Vec<Effect>,
    policy: AckPolicy,
}

/// A consumer that is asked for messages, as clients make it.
pub fn pull() -> ConsumerConfig {
    ConsumerConfig {
        durable: "C".to_owned(),
        name: "C".to_owned(),
        ack_policy: AckPolicy::Explicit,
        ack_wait: Nanos(30 * SECOND),
        max_deliver: -1,
        max_waiting: 512,
        max_ack_pending: 1000,
        ..ConsumerConfig::default()
    }
}

/// One that messages are sent for.
pub fn push() -> ConsumerConfig {
    ConsumerConfig { deliver_subject: "D".to_owned(), max_waiting: 0, ..pull() }
}

impl Desk {
    pub fn new(config: &ConsumerConfig) -> Self {
        Self::with(config, List::default(), Begin { first: 1, ..Begin::default() })
    }

    pub fn with(config: &ConsumerConfig, list: List, begin: Begin) -> Self {
        let state = State::starting_at(begin.first);
        Self {
            session: Session::new("S", config, state.clone(), begin, START, 7),
            list,
            now: START,
            durable: state,
            reports: Vec::new(),
            statuses: Vec::new(),
            confirmed: Vec::new(),
            others: Vec::new(),
            policy: config.ack_policy,
        }
    }

    /// The consumer after a restart, as far as its log knows.
    pub fn restart(&mut self) {
        let config = self.session.config().clone();
        let state = State::decode(&self.durable.encode()).expect("what was written");
        assert_eq!(state, self.durable);
        let first = state.delivered.stream + 1;
        let begin = Begin { first, last_seq: self.list.last, ..Begin::default() };
        self.session = Session::new("S", &config, state, begin, self.now, 8);
    }

    pub fn publish(&mut self, count: usize) {
        for _ in 0..count {
            self.list.add(self.now, 10);
        }
    }

    pub fn ask(&mut self, reply: &str, body: &str) -> Vec<Got> {
        let (reply, body) = (reply.as_bytes(), body.as_bytes());
        self.session.request(reply, b"", body, self.now, &mut self.list);
        self.run()
    }

    pub fn ack(&mut self, got: &Got, body: &str) -> Vec<Got> {
        self.ack_with(&got.reply, "", body)
    }

    pub fn ack_with(&mut self, subject: &str, reply: &str, body: &str) -> Vec<Got> {
        let (subject, reply, body) = (subject.as_bytes(), reply.as_bytes(), body.as_bytes());
        self.session.acknowledge(subject, reply, body, self.now, &mut self.list);
        self.run()
    }

    /// Lets time pass and does everything at its deadline.
    pub fn pass(&mut self, nanos: i64) -> Vec<Got> {
        let end = self.now + nanos;
        let mut got = Vec::new();
        let mut turns = 0;
        while let Some(due) = self.session.next_deadline().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.session.tick(self.now, &mut self.list);
            got.extend(self.run());
            turns += 1;
            assert!(turns < 100_000, "a deadline that does not pass: {due}");
        }
        self.now = end;
        got
    }

    /// Delivers all that can be delivered now.
    pub fn run(&mut self) -> Vec<Got> {
        let mut got = Vec::new();
        self.settle();
        while let Next::Deliver(delivery) = self.session.next(self.now, &mut self.list) {
            got.push(seen(&delivery));
            self.settle();
        }
        self.settle();
        got
    }

    /// Writes what is to be logged to the log and reads it back.
    fn settle(&mut self) {
        let changes = self.session.take_changes();
        let bytes = encode_changes(&changes);
        let read: Vec<Change> = decode_changes(&bytes).expect("what was written");
        assert_eq!(read, changes);
        for change in &read {
            self.durable.apply(change, self.policy);
        }
        assert_eq!(self.durable, *self.session.state());
        for effect in self.session.take_effects() {
            match effect {
                Effect::Send { to, reply, headers } => {
                    let text = |bytes| String::from_utf8(bytes).expect("text");
                    let (to, reply, headers) = (text(to), text(reply), text(headers));
                    let headers = headers.trim_end().replace("\r\n", "|");
                    let reply = if reply.is_empty() { reply } else { format!(" ({reply})") };
                    let headers = headers.strip_prefix("NATS/1.0 ").expect("a status");
                    self.statuses.push(format!("{to}{reply}: {headers}"));
                }
                Effect::Confirm { to } => self.confirmed.push(String::from_utf8(to).expect("text")),
                Effect::Report(report) => self.reports.push(report),
                other => self.others.push(other),
            }
        }
    }

    pub fn take_statuses(&mut self) -> Vec<String> {
        std::mem::take(&mut self.statuses)
    }

    pub fn take_reports(&mut self) -> Vec<Report> {
        std::mem::take(&mut self.reports)
    }

    /// Acknowledgement floor and delivered, each as consumer and stream sequence.
    pub fn places(&self) -> [(u64, u64); 2] {
        let state = self.session.state();
        [state.floor, state.delivered].map(|place| (place.consumer, place.stream))
    }
}

fn seen(delivery: &Delivery) -> Got {
    let token = anabranch_jetstream::consumer::AckSubject::parse(&delivery.reply)
        .expect("an acknowledgement subject");
    assert_eq!(token.stream_seq, delivery.seq);
    Got {
        to: String::from_utf8(delivery.to.clone()).expect("text"),
        seq: delivery.seq,
        deliveries: token.deliveries,
        consumer_seq: token.consumer_seq,
        pending: token.pending,
        reply: String::from_utf8(delivery.reply.clone()).expect("text"),
        headers: delivery.headers.clone(),
    }
}

/// Sequences only.
pub fn seqs(got: &[Got]) -> Vec<u64> {
    got.iter().map(|got| got.seq).collect()
}
