//! Reads a backup that comes in pieces, whichever of the two formats it has.

use super::archive::{Head, MAGIC};
use super::consumer::Consumer;
use super::fault::Fault;
use super::frames::Frames;
use super::store::Files;
use crate::api::info::StreamState;
use crate::json::{self, Strictness};

/// A message as it is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// Its sequence.
    pub seq: u64,
    /// When it was stored, in nanoseconds since 1970.
    pub time: i64,
    /// Its subject.
    pub subject: Vec<u8>,
    /// Its header block; empty: none.
    pub headers: Vec<u8>,
    /// What follows.
    pub body: Vec<u8>,
}

/// Something that a backup says of the stream, in the order in which it is to be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// What the stream held: it begins at its first sequence.
    State(Box<StreamState>),
    /// An older backup tells when the stream was created, in nanoseconds since 1970, and its name.
    Created(i64, String),
    /// A consumer. In archives they come before the messages, in older backups behind them.
    Consumer(Box<Consumer>),
    /// A message. Sequences of one backup grow.
    Message(Message),
    /// A message that came before is gone.
    Deleted(u64),
    /// Everything before this sequence is gone.
    First(u64),
    /// The sequence that was given last, and when.
    Last(u64, i64),
}

/// What an entry without a sequence may hold, in bytes.
const DOCUMENT_MAX: u64 = 16 << 20;

/// A backup that is being read.
#[derive(Debug)]
pub struct Reader {
    frames: Frames,
    /// What was unpacked.
    bytes: Vec<u8>,
    /// Bytes of it that are done with.
    done: usize,
    format: Format,
    stream: String,
    message_max: u64,
    ended: bool,
}

#[derive(Debug)]
enum Format {
    /// Too little came to tell.
    Unknown,
    Archive(Archive),
    /// A tar of files.
    Files(Box<Files>),
}

/// What was read of an archive.
#[derive(Debug, Default)]
struct Archive {
    /// What its state says, once it came.
    state: Option<Box<StreamState>>,
    /// So many consumers are still to come, before anything else.
    consumers: u64,
    last_seq: u64,
}

impl Reader {
    /// Nothing came yet. `stream`: its name. No message may have more than `message_max` bytes
    /// of headers and body.
    #[must_use]
    pub fn new(stream: &str, message_max: u64) -> Self {
        Self {
            frames: Frames::default(),
            bytes: Vec::new(),
            done: 0,
            format: Format::Unknown,
            stream: stream.to_owned(),
            message_max,
            ended: false,
        }
    }

    /// Takes a piece. What comes behind the end is not looked at.
    pub fn feed(&mut self, bytes: &[u8]) {
        if !self.ended {
            self.frames.feed(bytes);
        }
    }

    /// The next item; nothing when more must come first, or when it was the last.
    ///
    /// # Errors
    /// When the backup is damaged, or holds what this server does not restore.
    pub fn next_item(&mut self) -> Result<Option<Item>, Fault> {
        while !self.ended {
            if let Some(item) = self.item()? {
                return Ok(Some(item));
            }
            if self.ended {
                break;
            }
            self.bytes.drain(..std::mem::take(&mut self.done));
            if !self.frames.next(&mut self.bytes)? {
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// The backup came to its end.
    ///
    /// # Errors
    /// When it did not: something is missing.
    pub fn finish(&self) -> Result<(), Fault> {
        if self.ended { Ok(()) } else { Err(Fault::Truncated) }
    }

    /// The next item of what was unpacked.
    fn item(&mut self) -> Result<Option<Item>, Fault> {
        let rest = &self.bytes[self.done..];
        let (taken, step) = match &mut self.format {
            Format::Unknown => match rest.first_chunk() {
                None => return Ok(None),
                Some(MAGIC) => {
                    self.format = Format::Archive(Archive::default());
                    self.done += MAGIC.len();
                    return self.item();
                }
                Some(_) => {
                    let files = Files::new(&self.stream, self.message_max);
                    self.format = Format::Files(Box::new(files));
                    return self.item();
                }
            },
            Format::Archive(archive) => archive.item(rest, self.message_max)?,
            Format::Files(files) => files.item(rest)?,
        };
        self.done += taken;
        Ok(match step {
            Step::More => None,
            Step::Item(item) => Some(item),
            Step::End(item) => {
                self.ended = true;
                item
            }
        })
    }
}

/// What was found in the bytes.
#[derive(Debug)]
pub(super) enum Step {
    /// Too little.
    More,
    Item(Item),
    /// The end, perhaps with a last item.
    End(Option<Item>),
}

impl Archive {
    /// Reads an entry from `bytes`; says how many of them are done with.
    fn item(&mut self, bytes: &[u8], message_max: u64) -> Result<(usize, Step), Fault> {
        let Some((head, head_len)) = Head::decode(bytes)? else { return Ok((0, Step::More)) };
        let len = head.headers_len.checked_add(head.body_len);
        let (max, refusal) = match head.seq {
            0 => (DOCUMENT_MAX, Fault::TooLarge("a document")),
            seq => (message_max, Fault::Message(seq, "exceeds maximum payload size")),
        };
        let len = len.filter(|&len| len <= max).and_then(|len| usize::try_from(len).ok());
        let len = len.ok_or(refusal)?;
        let Some(contents) = bytes[head_len..].get(..len) else { return Ok((0, Step::More)) };
        let step = match &self.state {
            None => self.state(&head, contents)?,
            Some(_) if self.consumers > 0 => self.consumer(&head, contents)?,
            Some(_) if head.seq > 0 => self.message(head, contents)?,
            Some(state) => end(state, &head)?,
        };
        Ok((head_len + len, step))
    }

    fn state(&mut self, head: &Head, contents: &[u8]) -> Result<Step, Fault> {
        if head.name != b"state.json" {
            return Err(Fault::Archive("expected state.json first"));
        }
        let mut state = StreamState::default();
        json::decode(contents, Strictness::Lenient, &mut state)
            .map_err(|_| Fault::Archive("error in state.json"))?;
        self.last_seq = state.first_seq.saturating_sub(1);
        self.consumers = state.consumer_count;
        self.state = Some(Box::new(state.clone()));
        Ok(Step::Item(Item::State(Box::new(state))))
    }

    fn consumer(&mut self, head: &Head, contents: &[u8]) -> Result<Step, Fault> {
        let name = head.name.strip_prefix(b"consumers/").filter(|_| head.seq == 0);
        let name = name.ok_or(Fault::Archive("expected a consumer"))?;
        let consumer = Consumer::parse(&String::from_utf8_lossy(name), contents)?;
        self.consumers -= 1;
        Ok(Step::Item(Item::Consumer(Box::new(consumer))))
    }

    fn message(&mut self, head: Head, contents: &[u8]) -> Result<Step, Fault> {
        let Head { name, time, seq, headers_len, .. } = head;
        if seq <= self.last_seq {
            return Err(Fault::Message(seq, "out of order"));
        }
        self.last_seq = seq;
        let headers_len = usize::try_from(headers_len).unwrap_or(usize::MAX);
        let (headers, body) =
            contents.split_at_checked(headers_len).ok_or(Fault::Archive("a length of headers"))?;
        let (headers, body) = (headers.to_vec(), body.to_vec());
        Ok(Step::Item(Item::Message(Message { seq, time, subject: name, headers, body })))
    }
}

/// An entry that is no message: the end mark.
fn end(state: &StreamState, head: &Head) -> Result<Step, Fault> {
    if *head == Head::default() {
        let last = state.last_time.unix_nanos_saturating();
        let seq = state.last_seq.max(state.first_seq.saturating_sub(1));
        return Ok(Step::End(Some(Item::Last(seq, last.max(0)))));
    }
    Err(Fault::Archive("expected message sequence"))
}

#[cfg(test)]
mod tests {
    use super::super::Writer;
    use super::*;
    use crate::consumer::{ConsumerConfig, State};
    use crate::time::Timestamp;

    fn message(seq: u64) -> Message {
        Message {
            seq,
            time: 1_700_000_000_000_000_000 - i64::try_from(seq).unwrap(),
            subject: format!("a.{}", seq % 3).into_bytes(),
            headers: if seq.is_multiple_of(2) {
                b"NATS/1.0\r\nA: b\r\n\r\n".to_vec()
            } else {
                Vec::new()
            },
            body: vec![b'x'; usize::try_from(seq * 100).unwrap()],
        }
    }

    fn state() -> StreamState {
        let last_time = Timestamp::from_unix_nanos(99);
        StreamState { messages: 3, first_seq: 5, last_seq: 12, last_time, ..StreamState::default() }
    }

    fn backup() -> Vec<u8> {
        let mut writer = Writer::new(&state(), 7);
        for seq in [5, 6, 10] {
            writer.message(&message(seq));
        }
        writer.end();
        writer.frames().take(usize::MAX)
    }

    fn read(bytes: &[u8], piece: usize) -> Result<Vec<Item>, Fault> {
        let (mut reader, mut items) = (Reader::new("S", 2000), Vec::new());
        for piece in bytes.chunks(piece) {
            reader.feed(piece);
            while let Some(item) = reader.next_item()? {
                items.push(item);
            }
        }
        reader.finish().map(|()| items)
    }

    #[test]
    fn a_backup_comes_back_in_pieces_of_any_size() {
        let messages = [5, 6, 10].map(|seq| Item::Message(message(seq)));
        let mut expected = vec![Item::State(Box::new(state()))];
        expected.extend(messages);
        expected.push(Item::Last(12, 99));
        for piece in [1, 7, 100, 100_000] {
            assert_eq!(read(&backup(), piece).unwrap(), expected);
        }
    }

    #[test]
    fn every_cut_is_an_error() {
        let backup = backup();
        for end in 0..backup.len() {
            assert!(read(&backup[..end], 4096).is_err(), "{end}");
        }
    }

    #[test]
    fn what_follows_the_end_is_not_looked_at() {
        let bytes = [&backup()[..], b"whatever"].concat();
        assert!(read(&bytes, 1).is_ok());
    }

    #[test]
    fn archives_that_cannot_be_are_refused() {
        let refused = |change: &dyn Fn(&mut Writer)| {
            let mut writer = Writer::new(&state(), 7);
            change(&mut writer);
            writer.end();
            read(&writer.frames().take(usize::MAX), 4096).unwrap_err()
        };
        let order = |seq| Fault::Message(seq, "out of order");
        assert_eq!(refused(&|writer| writer.message(&message(4))), order(4));
        let twice = |writer: &mut Writer| [5, 5].iter().for_each(|&n| writer.message(&message(n)));
        assert_eq!(refused(&twice), order(5));
        assert_eq!(
            refused(&|writer| writer.message(&Message { seq: 5, ..message(50) })),
            Fault::Message(5, "exceeds maximum payload size")
        );
        let consumer = consumer("C");
        let expected = Fault::Archive("expected message sequence");
        assert_eq!(refused(&|writer| writer.consumer(&consumer, 7)), expected);
    }

    fn consumer(name: &str) -> Consumer {
        let config = ConsumerConfig { durable: name.to_owned(), ..ConsumerConfig::default() };
        let state = State::starting_at(5);
        Consumer { name: name.to_owned(), created: 0, config, state }
    }

    #[test]
    fn consumers_come_before_messages_as_many_as_announced() {
        let written = |names: &[&str]| {
            let mut writer = Writer::new(&StreamState { consumer_count: 2, ..state() }, 7);
            names.iter().for_each(|name| writer.consumer(&consumer(name), 7));
            writer.message(&message(5));
            writer.end();
            read(&writer.frames().take(usize::MAX), 100)
        };
        let items = written(&["A", "B"]).unwrap();
        assert_eq!(items[1], Item::Consumer(Box::new(consumer("A"))));
        assert_eq!(items[2], Item::Consumer(Box::new(consumer("B"))));
        assert_eq!(items[3], Item::Message(message(5)));
        assert_eq!(written(&["A"]), Err(Fault::Archive("expected a consumer")));
        let too_many = Err(Fault::Archive("expected message sequence"));
        assert_eq!(written(&["A", "B", "C"]), too_many);
    }
}
