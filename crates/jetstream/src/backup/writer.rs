//! Writes a backup: what nats-server 2.15 reads and writes itself.

use super::archive::{Head, MAGIC};
use super::consumer::Consumer;
use super::frames::Compressor;
use super::reader::Message;
use crate::api::info::StreamState;
use crate::json;

/// A backup that is being written. It grows until what is packed is taken.
#[derive(Debug)]
pub struct Writer {
    packed: Compressor,
    head: Vec<u8>,
}

impl Writer {
    /// Begins with what the stream holds at `now`, in nanoseconds since 1970.
    #[must_use]
    pub fn new(state: &StreamState, now: i64) -> Self {
        let mut writer = Self { packed: Compressor::default(), head: MAGIC.to_vec() };
        let body = json::to_vec(state);
        let head = Head { name: b"state.json".to_vec(), time: now, ..Head::default() };
        writer.entry(head, &[], &body);
        writer
    }

    /// Adds a consumer at `now`, in nanoseconds since 1970. They come before messages, as many of
    /// them as the state says.
    pub fn consumer(&mut self, consumer: &Consumer, now: i64) {
        let name = format!("consumers/{}", consumer.name).into_bytes();
        let body = consumer.document();
        self.entry(Head { name, time: now, ..Head::default() }, &[], &body);
    }

    /// Adds a message. Sequences must grow.
    pub fn message(&mut self, message: &Message) {
        let Message { seq, time, subject, headers, body } = message;
        let head = Head { name: subject.clone(), time: *time, seq: *seq, ..Head::default() };
        self.entry(head, headers, body);
    }

    /// Adds the end mark: nothing may follow.
    pub fn end(&mut self) {
        self.entry(Head::default(), &[], &[]);
        self.packed.flush();
    }

    fn entry(&mut self, head: Head, headers: &[u8], body: &[u8]) {
        let len = |part: &[u8]| u64::try_from(part.len()).unwrap_or(u64::MAX);
        Head { headers_len: len(headers), body_len: len(body), ..head }.encode(&mut self.head);
        self.packed.add(&self.head);
        self.packed.add(headers);
        self.packed.add(body);
        self.head.clear();
    }

    /// The frames so far, to be taken.
    pub fn frames(&mut self) -> &mut Compressor {
        &mut self.packed
    }
}
