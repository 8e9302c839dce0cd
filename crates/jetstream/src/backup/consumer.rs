//! A consumer in a backup: its configuration, and how far it is.
//!
//! In an archive it is a document, in older backups some files.

use std::collections::BTreeMap;

use serde::Serialize;

use super::fault::Fault;
use crate::consumer::{ConsumerConfig, Position, State, Unacked};
use crate::json::{self, Document, Field, Strictness};

/// A consumer as a backup holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consumer {
    /// Its name.
    pub name: String,
    /// When it was created, in nanoseconds since 1970; 0 if the backup does not tell.
    pub created: i64,
    /// As it was stored, unchecked.
    pub config: ConsumerConfig,
    /// How far it is; what it says agrees with itself, not necessarily with the stream.
    pub state: State,
}

impl Consumer {
    /// Reads the document of an archive.
    pub(super) fn parse(name: &str, text: &[u8]) -> Result<Self, Fault> {
        let mut document = Backup::default();
        let bad = |what| Fault::Consumer(name.to_owned(), what);
        json::decode_one(text, Strictness::Lenient, &mut document)
            .map_err(|_| bad("its description cannot be read"))?;
        let config = document.config.ok_or_else(|| bad("its configuration is missing"))?;
        let told = document.state.ok_or_else(|| bad("its state is missing"))?;
        let state = told.state().map_err(bad)?;
        Ok(Self { name: name.to_owned(), created: 0, config, state })
    }

    /// The document of an archive.
    pub(super) fn document(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Written<'a> {
            config: &'a ConsumerConfig,
            state: Told,
        }
        json::to_vec(&Written { config: &self.config, state: Told::of(&self.state) })
    }
}

/// What backups say of a state: nats-server's `ConsumerState` (`server/store.go`).
#[derive(Debug, Default, Serialize)]
pub(super) struct Told {
    pub(super) delivered: Place,
    pub(super) ack_floor: Place,
    /// What is waited for, by sequence of the stream.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) pending: BTreeMap<String, Pending>,
    /// How often messages were delivered again. Those that are not waited for any more were
    /// delivered as often as they may be, and the number is that of all their deliveries.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) redelivered: BTreeMap<String, u64>,
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Place {
    pub(super) consumer_seq: u64,
    pub(super) stream_seq: u64,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Pending {
    /// Sequence of the first delivery.
    #[serde(rename = "Sequence")]
    pub(super) sequence: u64,
    /// Nanoseconds since 1970.
    #[serde(rename = "Timestamp")]
    pub(super) timestamp: i64,
}

impl Told {
    /// The state, if it agrees with itself; else what is wrong.
    pub(super) fn state(&self) -> Result<State, &'static str> {
        let (delivered, floor) = (self.delivered.position(), self.ack_floor.position());
        if floor.consumer > delivered.consumer || floor.stream > delivered.stream {
            return Err("more is acknowledged than was delivered");
        }
        let mut state = State { delivered, floor, ..State::default() };
        for (key, pending) in &self.pending {
            let seq = sequence(key)?;
            if seq <= floor.stream || seq > delivered.stream {
                return Err("a sequence that is waited for is out of range");
            }
            let again = self.redelivered.get(key).copied().unwrap_or_default();
            let deliveries = u32::try_from(again.saturating_add(1)).unwrap_or(u32::MAX);
            let (consumer, time) = (pending.sequence, pending.timestamp);
            state.unacked.insert(seq, Unacked { consumer, time, deliveries });
        }
        for (key, deliveries) in &self.redelivered {
            let seq = sequence(key)?;
            if !state.unacked.contains_key(&seq) && seq <= delivered.stream {
                state.exhausted.insert(seq, u32::try_from(*deliveries).unwrap_or(u32::MAX));
            }
        }
        Ok(state)
    }

    fn of(state: &State) -> Self {
        let mut told = Self {
            delivered: Place::of(state.delivered),
            ack_floor: Place::of(state.floor),
            ..Self::default()
        };
        for (seq, unacked) in &state.unacked {
            let pending = Pending { sequence: unacked.consumer, timestamp: unacked.time };
            told.pending.insert(seq.to_string(), pending);
            if unacked.deliveries > 1 {
                told.redelivered.insert(seq.to_string(), u64::from(unacked.deliveries - 1));
            }
        }
        for (seq, deliveries) in &state.exhausted {
            told.redelivered.insert(seq.to_string(), u64::from(*deliveries));
        }
        told
    }
}

fn sequence(key: &str) -> Result<u64, &'static str> {
    key.parse().map_err(|_| "a sequence is none")
}

impl Place {
    fn position(self) -> Position {
        Position { consumer: self.consumer_seq, stream: self.stream_seq }
    }

    fn of(position: Position) -> Self {
        Self { consumer_seq: position.consumer, stream_seq: position.stream }
    }
}

/// The document of an archive.
#[derive(Debug, Default)]
struct Backup {
    config: Option<ConsumerConfig>,
    state: Option<Told>,
}

impl Document for Backup {
    const GO_TYPE: &'static str = "SnapshotConsumerState";
    const FIELDS: &'static [Field<Self>] =
        &[("config", |b, j| j.optional(&mut b.config)), ("state", |b, j| j.optional(&mut b.state))];
}

impl Document for Told {
    const GO_TYPE: &'static str = "ConsumerState";
    const FIELDS: &'static [Field<Self>] = &[
        ("delivered", |t, j| j.object(&mut t.delivered)),
        ("ack_floor", |t, j| j.object(&mut t.ack_floor)),
        ("pending", |t, j| j.documents(&mut t.pending, "map[uint64]*")),
        ("redelivered", |t, j| j.counts(&mut t.redelivered)),
    ];
}

impl Document for Place {
    const GO_TYPE: &'static str = "SequencePair";
    const FIELDS: &'static [Field<Self>] = &[
        ("consumer_seq", |p, j| j.integer(&mut p.consumer_seq, "uint64")),
        ("stream_seq", |p, j| j.integer(&mut p.stream_seq, "uint64")),
    ];
}

impl Document for Pending {
    const GO_TYPE: &'static str = "Pending";
    const FIELDS: &'static [Field<Self>] = &[
        ("Sequence", |p, j| j.integer(&mut p.sequence, "uint64")),
        ("Timestamp", |p, j| j.integer(&mut p.timestamp, "int64")),
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(state: &str) -> Result<State, Fault> {
        let text = format!(r#"{{"config":{{"durable_name":"C"}},"state":{state}}}"#);
        Consumer::parse("C", text.as_bytes()).map(|consumer| consumer.state)
    }

    /// From a backup of nats-server 2.15.1: five messages fetched, 2 acknowledged, 3 delivered
    /// again, 1 as often as it may be.
    #[test]
    fn a_state_of_nats_server_comes_back() {
        let text = concat!(
            r#"{"delivered":{"consumer_seq":8,"stream_seq":12},"ack_floor":{"consumer_seq":1,"#,
            r#""stream_seq":1},"pending":{"10":{"Sequence":4,"Timestamp":7},"3":{"Sequence":3,"#,
            r#""Timestamp":-6}},"redelivered":{"3":2,"9":3}}"#
        );
        let state = parse(text).unwrap();
        assert_eq!(state.delivered, Position { consumer: 8, stream: 12 });
        assert_eq!(state.floor, Position { consumer: 1, stream: 1 });
        assert_eq!(state.unacked[&3], Unacked { consumer: 3, time: -6, deliveries: 3 });
        assert_eq!(state.unacked[&10], Unacked { consumer: 4, time: 7, deliveries: 1 });
        assert_eq!(state.exhausted, BTreeMap::from([(9, 3)]));
        let config = ConsumerConfig { durable: "C".to_owned(), ..ConsumerConfig::default() };
        let consumer = Consumer { name: "C".to_owned(), created: 0, config, state };
        let document = String::from_utf8(consumer.document()).unwrap();
        assert!(document.ends_with(&format!(r#","state":{text}}}"#)), "{document}");
        assert_eq!(Consumer::parse("C", document.as_bytes()), Ok(consumer));
    }

    #[test]
    fn states_that_cannot_be_are_refused() {
        for (state, what) in [
            ("null", "state is missing"),
            ("{", "cannot be read"),
            (r#"{"ack_floor":{"stream_seq":1}}"#, "more is acknowledged"),
            (r#"{"ack_floor":{"consumer_seq":1}}"#, "more is acknowledged"),
            (r#"{"pending":{"1":{}}}"#, "out of range"),
            (r#"{"delivered":{"stream_seq":5},"pending":{"0":{}}}"#, "out of range"),
            (r#"{"delivered":{"stream_seq":5},"pending":{"x":{}}}"#, "a sequence is none"),
            (r#"{"redelivered":{"x":1}}"#, "a sequence is none"),
        ] {
            let refusal = parse(state).unwrap_err().to_string();
            assert!(refusal.contains(what), "{state}: {refusal}");
        }
        let refusal = Consumer::parse("C", br#"{"state":{}}"#).unwrap_err().to_string();
        assert!(refusal.contains("its configuration is missing"), "{refusal}");
    }
}
