//! Commands as they stand in the log. What they come to is decided when they are applied.
//!
//! The envelope around them (stream, time) is the log's. Numbers are little-endian.

use super::bytes::{Bytes, DecodeError, put_text, put_varint};
use super::limits::BatchLimits;
use super::restoring::RestoreStep;
use super::taking::FromOrigin;

/// One logged command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command<'a> {
    /// A message was published.
    Publish {
        /// As it was published.
        subject: &'a [u8],
        /// Header block; empty: none.
        headers: &'a [u8],
        /// What follows.
        body: &'a [u8],
    },
    /// A message of a fast batch was published.
    PublishFast {
        /// Where its publisher listens, which says what its place in the batch is.
        reply: &'a [u8],
        /// As it was published.
        subject: &'a [u8],
        /// Header block; empty: none.
        headers: &'a [u8],
        /// What follows.
        body: &'a [u8],
    },
    /// A stream was created; the configuration is a checked one, in JSON.
    Create(&'a [u8]),
    /// Its configuration changed; the new one is checked, in JSON.
    Update(&'a [u8]),
    /// The stream was deleted.
    Remove,
    /// Time passed.
    Tick,
    /// A step of a restore.
    Restore(RestoreStep<'a>),
    /// One message is to be deleted.
    Delete {
        /// Its sequence.
        seq: u64,
        /// Its bytes are to be overwritten.
        erase: bool,
    },
    /// Many are.
    Purge {
        /// Subjects that match; empty: all.
        filter: &'a [u8],
        /// Only those before; 0: all.
        seq: u64,
        /// So many stay.
        keep: u64,
    },
    /// A message of the origin of a mirror.
    Mirror {
        /// When it was stored there, in nanoseconds since 1970.
        time: i64,
        /// The message.
        message: FromOrigin<'a>,
    },
    /// A message of a source.
    Source {
        /// Which of the configuration's sources.
        feed: u32,
        /// What tells the origin from others that had its name.
        identity: &'a [u8],
        /// The message.
        message: FromOrigin<'a>,
    },
    /// A mirror goes on behind this sequence: its origin begins later.
    Advance(u64),
    /// From now on batches of the stream have these limits.
    Limit(BatchLimits),
    /// A schedule is given up: it cannot be read, or what it publishes.
    Unschedule(u64),
    /// Something about a consumer.
    Consumer(ConsumerCommand<'a>),
}

/// A command about the consumer with this number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsumerCommand<'a> {
    /// It was created; behind the name comes the configuration, a checked one, in JSON.
    Create(u32, &'a str, &'a [u8]),
    /// Its configuration changed; the new one is checked, in JSON.
    Update(u32, &'a [u8]),
    /// It was deleted.
    Remove(u32),
    /// What it did, as changes of its state.
    Consumed(u32, &'a [u8]),
    /// It was restored.
    Restore(u32, RestoredConsumer<'a>),
}

/// A consumer from a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestoredConsumer<'a> {
    /// Its name.
    pub name: &'a str,
    /// When it was created, in nanoseconds since 1970.
    pub created: i64,
    /// Its configuration, a checked one, in JSON.
    pub config: &'a [u8],
    /// How far it is, as [`State::encode`](crate::consumer::State::encode) writes it.
    pub state: &'a [u8],
}

const CREATE: u8 = 1;
const UPDATE: u8 = 2;
const REMOVE: u8 = 3;
const TICK: u8 = 4;
const PUBLISH_FAST: u8 = 5;
const MIRROR: u8 = 6;
const SOURCE: u8 = 7;
const ADVANCE: u8 = 8;
const LIMIT: u8 = 9;
const UNSCHEDULE: u8 = 10;
const CREATE_CONSUMER: u8 = 11;
const UPDATE_CONSUMER: u8 = 12;
const REMOVE_CONSUMER: u8 = 13;
const RESTORE_CONSUMER: u8 = 14;
const RESTORE: u8 = 32;
const DELETE: u8 = 1;
const PURGE: u8 = 2;

/// Which record of the log holds a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record {
    /// A publish.
    Publish,
    /// A command without a sequence.
    Control,
    /// A deletion.
    Tombstone,
    /// What a consumer did.
    Consumer,
}

impl<'a> Command<'a> {
    /// The record that holds it.
    #[must_use]
    pub fn record(&self) -> Record {
        match self {
            Self::Publish { .. } => Record::Publish,
            Self::Delete { .. } | Self::Purge { .. } => Record::Tombstone,
            Self::Consumer(ConsumerCommand::Consumed(..)) => Record::Consumer,
            Self::PublishFast { .. }
            | Self::Consumer(_)
            | Self::Create(_)
            | Self::Update(_)
            | Self::Remove
            | Self::Tick
            | Self::Mirror { .. }
            | Self::Source { .. }
            | Self::Advance(_)
            | Self::Limit(_)
            | Self::Unschedule(_)
            | Self::Restore(_) => Record::Control,
        }
    }

    /// Appends it.
    pub fn encode(&self, into: &mut Vec<u8>) {
        match *self {
            Self::Publish { subject, headers, body } => {
                let len = |part: &[u8]| u32::try_from(part.len()).unwrap_or(u32::MAX);
                into.extend_from_slice(&len(subject).to_le_bytes());
                into.extend_from_slice(&len(headers).to_le_bytes());
                for part in [subject, headers, body] {
                    into.extend_from_slice(part);
                }
            }
            Self::PublishFast { reply, subject, headers, body } => {
                into.push(PUBLISH_FAST);
                for part in [reply, subject, headers] {
                    put_text(into, part);
                }
                into.extend_from_slice(body);
            }
            Self::Create(config) => {
                into.push(CREATE);
                into.extend_from_slice(config);
            }
            Self::Update(config) => {
                into.push(UPDATE);
                into.extend_from_slice(config);
            }
            Self::Remove => into.push(REMOVE),
            Self::Tick => into.push(TICK),
            Self::Restore(step) => {
                into.push(RESTORE);
                step.encode(into);
            }
            Self::Delete { seq, erase } => {
                into.extend_from_slice(&[DELETE, u8::from(erase)]);
                into.extend_from_slice(&seq.to_le_bytes());
            }
            Self::Purge { filter, seq, keep } => {
                into.push(PURGE);
                into.extend_from_slice(&seq.to_le_bytes());
                into.extend_from_slice(&keep.to_le_bytes());
                into.extend_from_slice(filter);
            }
            Self::Mirror { time, message } => {
                into.push(MIRROR);
                into.extend_from_slice(&time.to_le_bytes());
                put_message(into, &message);
            }
            Self::Source { feed, identity, message } => {
                into.push(SOURCE);
                put_varint(into, u64::from(feed));
                put_text(into, identity);
                put_message(into, &message);
            }
            Self::Advance(seq) => {
                into.push(ADVANCE);
                into.extend_from_slice(&seq.to_le_bytes());
            }
            Self::Limit(limits) => {
                into.push(LIMIT);
                limits.encode(into);
            }
            Self::Unschedule(seq) => {
                into.push(UNSCHEDULE);
                into.extend_from_slice(&seq.to_le_bytes());
            }
            Self::Consumer(command) => command.encode(into),
        }
    }

    /// Reads it from a record of this sort.
    ///
    /// # Errors
    /// When the bytes are none of its.
    pub fn decode(record: Record, bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut bytes = Bytes(bytes);
        match record {
            Record::Publish => {
                let subject = usize::try_from(bytes.u32()?).map_err(|_| DecodeError::Short)?;
                let headers = usize::try_from(bytes.u32()?).map_err(|_| DecodeError::Short)?;
                let (subject, headers) = (bytes.take(subject)?, bytes.take(headers)?);
                Ok(Self::Publish { subject, headers, body: bytes.0 })
            }
            Record::Control => match bytes.byte()? {
                CREATE => Ok(Self::Create(bytes.0)),
                UPDATE => Ok(Self::Update(bytes.0)),
                REMOVE => Ok(Self::Remove),
                TICK => Ok(Self::Tick),
                RESTORE => RestoreStep::decode(bytes).map(Self::Restore),
                PUBLISH_FAST => {
                    let (reply, subject) = (bytes.text()?, bytes.text()?);
                    let headers = bytes.text()?;
                    Ok(Self::PublishFast { reply, subject, headers, body: bytes.0 })
                }
                MIRROR => {
                    let time = bytes.i64()?;
                    Ok(Self::Mirror { time, message: read_message(&mut bytes)? })
                }
                SOURCE => {
                    let feed = u32::try_from(bytes.varint()?);
                    let feed = feed.map_err(|_| DecodeError::Field("source"))?;
                    let identity = bytes.text()?;
                    Ok(Self::Source { feed, identity, message: read_message(&mut bytes)? })
                }
                ADVANCE => Ok(Self::Advance(bytes.u64()?)),
                LIMIT => BatchLimits::decode(&mut bytes).map(Self::Limit),
                UNSCHEDULE => Ok(Self::Unschedule(bytes.u64()?)),
                kind @ CREATE_CONSUMER..=RESTORE_CONSUMER => {
                    ConsumerCommand::decode(kind, bytes).map(Self::Consumer)
                }
                _ => Err(DecodeError::Field("control command")),
            },
            Record::Consumer => {
                let number = number(&mut bytes)?;
                Ok(Self::Consumer(ConsumerCommand::Consumed(number, bytes.0)))
            }
            Record::Tombstone => match bytes.byte()? {
                DELETE => {
                    let erase = bytes.byte()? != 0;
                    Ok(Self::Delete { seq: bytes.u64()?, erase })
                }
                PURGE => {
                    let (seq, keep) = (bytes.u64()?, bytes.u64()?);
                    Ok(Self::Purge { filter: bytes.0, seq, keep })
                }
                _ => Err(DecodeError::Field("tombstone")),
            },
        }
    }
}

impl<'a> ConsumerCommand<'a> {
    fn encode(&self, into: &mut Vec<u8>) {
        let (kind, number, rest) = match *self {
            Self::Create(number, _, config) => (Some(CREATE_CONSUMER), number, config),
            Self::Update(number, config) => (Some(UPDATE_CONSUMER), number, config),
            Self::Remove(number) => (Some(REMOVE_CONSUMER), number, &b""[..]),
            Self::Consumed(number, changes) => (None, number, changes),
            Self::Restore(number, restored) => (Some(RESTORE_CONSUMER), number, restored.state),
        };
        into.extend(kind);
        put_varint(into, u64::from(number));
        match self {
            Self::Create(_, name, _) => put_text(into, name.as_bytes()),
            Self::Restore(_, RestoredConsumer { name, created, config, .. }) => {
                put_text(into, name.as_bytes());
                into.extend_from_slice(&created.to_le_bytes());
                put_text(into, config);
            }
            _ => {}
        }
        into.extend_from_slice(rest);
    }

    fn decode(kind: u8, mut bytes: Bytes<'a>) -> Result<Self, DecodeError> {
        let number = number(&mut bytes)?;
        let name = |bytes: &mut Bytes<'a>| {
            str::from_utf8(bytes.text()?).map_err(|_| DecodeError::Field("name"))
        };
        Ok(match kind {
            CREATE_CONSUMER => Self::Create(number, name(&mut bytes)?, bytes.0),
            RESTORE_CONSUMER => {
                let (name, created, config) = (name(&mut bytes)?, bytes.i64()?, bytes.text()?);
                let state = bytes.0;
                Self::Restore(number, RestoredConsumer { name, created, config, state })
            }
            UPDATE_CONSUMER => Self::Update(number, bytes.0),
            _ => Self::Remove(number),
        })
    }
}

/// The number of a consumer.
fn number(bytes: &mut Bytes<'_>) -> Result<u32, DecodeError> {
    u32::try_from(bytes.varint()?).map_err(|_| DecodeError::Field("consumer"))
}

fn put_message(into: &mut Vec<u8>, message: &FromOrigin<'_>) {
    let FromOrigin { after, seq, subject, headers, body } = *message;
    put_varint(into, after);
    put_varint(into, seq);
    put_text(into, subject);
    put_text(into, headers);
    into.extend_from_slice(body);
}

fn read_message<'a>(bytes: &mut Bytes<'a>) -> Result<FromOrigin<'a>, DecodeError> {
    let (after, seq) = (bytes.varint()?, bytes.varint()?);
    let (subject, headers) = (bytes.text()?, bytes.text()?);
    Ok(FromOrigin { after, seq, subject, headers, body: bytes.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_come_back() {
        let message = FromOrigin { after: 6, seq: 300, subject: b"a.b", headers: b"", body: b"hi" };
        let (name, config, state) = ("C", &b"{}"[..], &b"state"[..]);
        let restored = RestoredConsumer { name, created: -7, config, state };
        for command in [
            Command::Publish { subject: b"a.b", headers: b"NATS/1.0\r\n\r\n", body: b"hi" },
            Command::Publish { subject: b"a", headers: b"", body: b"" },
            Command::PublishFast { reply: b"r.$FI", subject: b"a", headers: b"", body: b"hi" },
            Command::Create(b"{}"),
            Command::Update(b"{\"name\":\"S\"}"),
            Command::Remove,
            Command::Tick,
            Command::Restore(RestoreStep::First(7)),
            Command::Delete { seq: 7, erase: true },
            Command::Purge { filter: b"a.*", seq: 9, keep: 0 },
            Command::Mirror { time: -1, message },
            Command::Source { feed: 1, identity: b"abcdefgh", message },
            Command::Advance(41),
            Command::Unschedule(7),
            Command::Consumer(ConsumerCommand::Create(300, "C", b"{}")),
            Command::Consumer(ConsumerCommand::Update(1, b"{}")),
            Command::Consumer(ConsumerCommand::Remove(2)),
            Command::Consumer(ConsumerCommand::Restore(3, restored)),
            Command::Consumer(ConsumerCommand::Consumed(3, b"changes")),
            Command::Limit(BatchLimits { messages: 77, ..BatchLimits::default() }),
        ] {
            let mut bytes = Vec::new();
            command.encode(&mut bytes);
            assert_eq!(Command::decode(command.record(), &bytes), Ok(command));
        }
    }

    #[test]
    fn cut_and_unknown_commands_are_errors() {
        let publish = [3, 0, 0, 0, 0, 0, 0, 0, b'a'];
        assert_eq!(Command::decode(Record::Publish, &publish), Err(DecodeError::Short));
        let unknown = Err(DecodeError::Field("control command"));
        assert_eq!(Command::decode(Record::Control, &[99]), unknown);
        assert_eq!(Command::decode(Record::Tombstone, &[]), Err(DecodeError::Short));
    }
}
