//! A consumer in backups of nats-server before 2.15: a folder `obs/NAME` with a description and
//! a state, the latter in bytes (`encodeConsumerState` of `server/store.go`).

use super::archive::varint;
use super::consumer::{Consumer, Pending, Place, Told};
use super::fault::Fault;
use crate::consumer::ConsumerConfig;
use crate::json::{self, Document, Field, Reader, Strictness};
use crate::time::Timestamp;

const MAGIC: u8 = 22;
const SECOND: i64 = 1_000_000_000;

/// What a description in a backup says.
#[derive(Debug, Default)]
pub(super) struct Description {
    /// The consumer's name, by the folder.
    name: String,
    created: Option<Timestamp>,
    config: ConsumerConfig,
}

impl Document for Description {
    const GO_TYPE: &'static str = "FileConsumerInfo";
    const FIELDS: &'static [Field<Self>] = &[("created", |d, j| j.time(&mut d.created))];

    fn read_field(&mut self, key: &str, reader: &mut Reader<'_>) -> bool {
        // `Name` is that of the folder; `name` belongs to the configuration.
        if key == "Name" {
            reader.string(&mut String::new());
            return true;
        }
        self.config.read_field(key, reader) || json::read_listed(self, key, reader)
    }
}

impl Description {
    /// Reads `obs/NAME/meta.inf`.
    pub(super) fn parse(name: &str, text: &[u8]) -> Result<Self, &'static str> {
        let mut description = Self { name: name.to_owned(), ..Self::default() };
        json::decode(text, Strictness::Lenient, &mut description)
            .map_err(|_| "it cannot be read")?;
        Ok(description)
    }

    /// Whose it is.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The consumer, with the state of `obs/NAME/o.dat`.
    pub(super) fn with_state(self, bytes: &[u8]) -> Result<Consumer, &'static str> {
        let state = decode(bytes)?.state()?;
        let Self { name, created, config } = self;
        let created = created.and_then(|time| time.unix_nanos()).unwrap_or(0).max(0);
        Ok(Consumer { name, created, config, state })
    }

    /// It has no state.
    pub(super) fn incomplete(&self) -> Fault {
        Fault::Consumer(self.name.clone(), "its state is missing")
    }
}

/// Numbers one after the other.
struct Numbers<'a>(&'a [u8]);

impl Numbers<'_> {
    fn next(&mut self) -> Result<u64, &'static str> {
        let (value, rest) =
            varint(self.0).map_err(|_| "a number is too long")?.ok_or("it ends early")?;
        self.0 = rest;
        Ok(value)
    }

    fn signed(&mut self) -> Result<i64, &'static str> {
        let zigzag = self.next()?;
        Ok((zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed())
    }

    fn place(&mut self) -> Result<Place, &'static str> {
        Ok(Place { consumer_seq: self.next()?, stream_seq: self.next()? })
    }
}

fn decode(bytes: &[u8]) -> Result<Told, &'static str> {
    let (version, rest) = match bytes {
        [MAGIC, version @ (1 | 2), rest @ ..] => (*version, rest),
        _ => return Err("it is no consumer's state"),
    };
    let mut numbers = Numbers(rest);
    let (ack_floor, mut delivered) = (numbers.place()?, numbers.place()?);
    if version == 1 {
        let behind = |floor: u64, delivered: u64| delivered.saturating_add(floor.saturating_sub(1));
        delivered.consumer_seq = behind(ack_floor.consumer_seq, delivered.consumer_seq);
        delivered.stream_seq = behind(ack_floor.stream_seq, delivered.stream_seq);
    }
    let mut told = Told { delivered, ack_floor, ..Told::default() };
    let count = numbers.next()?;
    let base = if count > 0 { numbers.signed()? } else { 0 };
    for _ in 0..count {
        let seq = ack_floor.stream_seq.checked_add(numbers.next()?).ok_or("a sequence is none")?;
        let sequence = match version {
            1 => 0,
            _ => ack_floor.consumer_seq.saturating_add(numbers.next()?),
        };
        let seconds = numbers.signed()?;
        let seconds = match version {
            1 => base.saturating_add(seconds),
            _ => base.saturating_sub(seconds),
        };
        let timestamp = seconds.saturating_mul(SECOND);
        told.pending.insert(seq.to_string(), Pending { sequence, timestamp });
    }
    for _ in 0..numbers.next()? {
        let (seq, again) = (numbers.next()?, numbers.next()?);
        if seq > 0 && again > 0 {
            let seq = ack_floor.stream_seq.checked_add(seq).ok_or("a sequence is none")?;
            told.redelivered.insert(seq.to_string(), again);
        }
    }
    Ok(told)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consumer::{Position, Unacked};

    fn description() -> Description {
        let text =
            br#"{"Created":"2024-01-02T03:04:05Z","Name":"X","durable_name":"C","name":"C"}"#;
        Description::parse("C", text).unwrap()
    }

    /// Floor 1 of 2, delivered 5 of 9; 4 and 9 are waited for, the latter was delivered twice, and
    /// 6 as often as it may be.
    const STATE: &[u8] = &[22, 2, 1, 2, 5, 9, 2, 20, 2, 1, 0, 7, 4, 3, 2, 7, 1, 4, 3];

    #[test]
    fn a_consumer_comes_back() {
        let consumer = description().with_state(STATE).unwrap();
        assert_eq!((consumer.name.as_str(), consumer.config.name.as_str()), ("C", "C"));
        assert_eq!(consumer.created, 1_704_164_645_000_000_000);
        let state = consumer.state;
        assert_eq!(state.floor, Position { consumer: 1, stream: 2 });
        assert_eq!(state.delivered, Position { consumer: 5, stream: 9 });
        let unacked = |consumer, seconds: i64, deliveries| Unacked {
            consumer,
            time: seconds * SECOND,
            deliveries,
        };
        assert_eq!(state.unacked[&4], unacked(2, 10, 1));
        assert_eq!(state.unacked[&9], unacked(5, 12, 2));
        assert_eq!(state.exhausted.into_iter().collect::<Vec<_>>(), [(6, 3)]);
    }

    #[test]
    fn the_first_version_counts_from_the_floor() {
        let state = description().with_state(&[22, 1, 3, 4, 2, 6, 1, 20, 1, 3, 0]).unwrap().state;
        assert_eq!(state.delivered, Position { consumer: 4, stream: 9 });
        assert_eq!(state.unacked[&5], Unacked { consumer: 0, time: 8 * SECOND, deliveries: 1 });
    }

    #[test]
    fn every_cut_is_an_error() {
        for end in 0..STATE.len() {
            assert!(description().with_state(&STATE[..end]).is_err(), "{end}");
        }
        assert!(description().with_state(&[22, 3, 0, 0, 0, 0, 0, 0]).is_err());
        assert!(description().with_state(&[22, 2, 2, 2, 1, 1, 0, 0]).is_err());
    }
}
