//! A stream as a checkpoint keeps it: in parts, of which only those that changed are written.
//!
//! Version 1 of the state: configuration (JSON), creation, counters, last message id, how many
//! other parts there are, expiries, schedules, batches under way, and, if there is anything to say,
//! how far sources were taken and, behind that, the limits of batches. Numbers are LEB128 unless
//! said otherwise. The other parts are as they are in memory.

use super::batches;
use super::bytes::{Bytes, DecodeError, put_text, put_varint};
use super::consumers::Consumers;
use super::index::Totals;
use super::machine::Stream;
use super::page::Head;
use super::stored::PartsOrigin;
use crate::config::StreamConfig;
use crate::json::{self, Strictness};

const VERSION: u64 = 2;

/// A part of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Everything that has no part of its own.
    State,
    /// Messages.
    Page(u64),
    /// Names and states of subjects.
    Subjects(u64),
    /// The order of the subjects.
    Order,
    /// Message ids within the duplicate window.
    Ids(u64),
    /// Consumers, if there are such.
    Consumers,
}

/// A stream at one moment. It can be saved while the stream goes on.
#[derive(Debug)]
pub struct Snapshot {
    stream: Stream,
    epoch: u64,
}

impl Stream {
    /// The stream as it is now. What changes from now on is of a later epoch.
    ///
    /// # Panics
    /// When the stream is busy: what it was about to do would be lost.
    #[must_use]
    pub fn snapshot(&mut self) -> Snapshot {
        assert!(!self.is_busy(), "a stream is saved between commands");
        let epoch = self.epoch;
        self.set_epoch(epoch + 1);
        Snapshot { stream: self.view(), epoch }
    }
}

impl Snapshot {
    /// Its epoch: parts that changed last before it are those of an earlier snapshot.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Its parts, and in which epoch each changed last. The state comes first.
    pub fn parts(&self) -> impl Iterator<Item = (Part, u64)> {
        let Stream { index, dedup, consumers, .. } = &self.stream;
        let pages = index.pages().numbers().map(|(number, epoch)| (Part::Page(number), epoch));
        let chunks = (0..).zip(index.subjects().chunks());
        let chunks = chunks.map(|(number, epoch)| (Part::Subjects(number), epoch));
        let ids = dedup.slices().map(|(number, epoch)| (Part::Ids(number), epoch));
        let order = (Part::Order, index.subjects().order_changed());
        let first = [(Part::State, self.epoch), order];
        let last = consumers.are_logged().then_some((Part::Consumers, consumers.changed));
        first.into_iter().chain(pages).chain(chunks).chain(ids).chain(last)
    }

    /// The order of the subjects was saved, and is not needed here any more.
    pub fn let_go_of_order(&mut self) {
        self.stream.index.parts().0.let_go_of_order();
    }

    /// Appends everything that it takes to be this part again.
    pub fn save(&self, part: Part, into: &mut Vec<u8>) {
        let Stream { index, dedup, .. } = &self.stream;
        match part {
            Part::State => save_state(&self.stream, into),
            Part::Page(number) => index.pages().save(number, into),
            Part::Subjects(number) => {
                index.subjects().save_chunk(usize::try_from(number).unwrap_or(usize::MAX), into);
            }
            Part::Order => index.subjects().save_order(into),
            Part::Ids(number) => dedup.save_slice(number, into),
            Part::Consumers => self.stream.consumers.save(into),
        }
    }
}

fn save_state(stream: &Stream, into: &mut Vec<u8>) {
    let Stream { index, dedup, .. } = stream;
    put_varint(into, VERSION);
    put_text(into, &json::to_vec(&stream.config));
    let Totals { messages, bytes, first_seq, last_seq, last_time } = index.totals();
    for time in [stream.created(), last_time] {
        into.extend_from_slice(&time.to_le_bytes());
    }
    for number in [messages, bytes, first_seq, last_seq, stream.age_floor] {
        put_varint(into, number);
    }
    put_text(into, &stream.last_message_id);
    put_varint(into, count(index.pages().len()));
    let mut next = 0;
    for (number, head) in index.pages().heads() {
        put_varint(into, number - next);
        head.save(into);
        next = number + 1;
    }
    put_varint(into, u64::from(index.subjects().slots()));
    put_varint(into, count(dedup.slices().count()));
    put_varint(into, dedup.first());
    put_varint(into, count(stream.expiries.len()));
    for (time, seq) in stream.expiries.iter() {
        into.extend_from_slice(&time.to_le_bytes());
        put_varint(into, seq);
    }
    let live = || stream.schedules.iter().filter(|&(seq, _)| index.get(seq).is_some());
    put_varint(into, count(live().count()));
    for (seq, time) in live() {
        put_varint(into, seq);
        into.extend_from_slice(&time.to_le_bytes());
    }
    batches::save(stream, into);
}

/// A stream that is being read in.
#[derive(Debug)]
pub struct Loading {
    stream: Stream,
    totals: Totals,
    /// Parts other than the state that are missing.
    missing: u64,
    /// The order of subjects is.
    has_order: bool,
    /// Some parts are to be read later.
    are_left: bool,
}

impl Loading {
    /// Begins with the state. `seed` as for [`Stream::new`].
    ///
    /// # Errors
    /// When the bytes are none that [`Snapshot::save`] wrote.
    pub fn new(state: &[u8], seed: u64) -> Result<Self, DecodeError> {
        let mut bytes = Bytes(state);
        let version = bytes.varint()?;
        if version != VERSION {
            return Err(DecodeError::Version(u32::try_from(version).unwrap_or(u32::MAX)));
        }
        let config = StreamConfig::parse(bytes.text()?, Strictness::Strict)
            .map_err(|_| DecodeError::Field("configuration"))?;
        let (created, last_time) = (bytes.i64()?, bytes.i64()?);
        let mut stream = Stream::new(config, created, seed);
        let (messages, counted) = (bytes.varint()?, bytes.varint()?);
        let (first_seq, last_seq) = (bytes.varint()?, bytes.varint()?);
        let totals = Totals { messages, bytes: counted, first_seq, last_seq, last_time };
        if first_seq == 0 || first_seq - 1 > last_seq {
            return Err(DecodeError::Field("sequence"));
        }
        stream.age_floor = bytes.varint()?;
        stream.last_message_id = bytes.text()?.to_vec();
        let pages = load_heads(&mut stream, messages, &mut bytes)?;
        let slots = u32::try_from(bytes.varint()?).map_err(|_| DecodeError::Field("subjects"))?;
        if u64::from(slots) > last_seq {
            return Err(DecodeError::Field("subjects"));
        }
        stream.index.parts().0.expect(slots);
        let chunks = count(stream.index.subjects().chunks().count());
        let missing =
            pages.checked_add(chunks).and_then(|sum| sum.checked_add(bytes.varint().ok()?));
        let missing = missing.ok_or(DecodeError::Field("part"))?;
        stream.dedup.begin_at(bytes.varint()?);
        for _ in 0..bytes.varint()? {
            let time = bytes.i64()?;
            stream.expiries.insert(bytes.varint()?, time);
        }
        for _ in 0..bytes.varint()? {
            let seq = bytes.varint()?;
            stream.schedules.set(seq, bytes.i64()?);
        }
        batches::load(&mut stream, &mut bytes)?;
        if !bytes.0.is_empty() {
            batches::load_taking(&mut stream, &mut bytes)?;
        }
        Ok(Self { stream, totals, missing, has_order: false, are_left: false })
    }

    /// Adds another part. Ids come in order.
    ///
    /// # Errors
    /// When the bytes are none that [`Snapshot::save`] wrote.
    pub fn add(&mut self, part: Part, bytes: &[u8]) -> Result<(), DecodeError> {
        let (subjects, pages) = self.stream.index.parts();
        match part {
            Part::State => return Err(DecodeError::Field("part")),
            Part::Page(number) => pages.load(number, bytes)?,
            Part::Subjects(number) => subjects.load_chunk(number, bytes)?,
            Part::Order => {
                self.has_order = true;
                let bytes = &mut Bytes(bytes);
                subjects.load_order(bytes)?;
                return if bytes.0.is_empty() { Ok(()) } else { Err(DecodeError::Field("order")) };
            }
            Part::Consumers => {
                self.stream.consumers = Consumers::load(bytes)?;
                return Ok(());
            }
            Part::Ids(number) => {
                let bytes = &mut Bytes(bytes);
                self.stream.dedup.load_slice(number, bytes)?;
                if !bytes.0.is_empty() {
                    return Err(DecodeError::Field("part"));
                }
            }
        }
        self.count()
    }

    /// Leaves a part where it is until it is needed: messages or subjects.
    ///
    /// # Errors
    /// When the stream has no such part.
    pub fn leave(&mut self, part: Part) -> Result<(), DecodeError> {
        let (subjects, pages) = self.stream.index.parts();
        match part {
            Part::Page(number) => drop(pages.expected(number)?),
            Part::Subjects(number) => drop(subjects.expected(number)?),
            _ => return Err(DecodeError::Field("part")),
        }
        self.are_left = true;
        self.count()
    }

    /// There is one part less to come.
    fn count(&mut self) -> Result<(), DecodeError> {
        self.missing = self.missing.checked_sub(1).ok_or(DecodeError::Field("part"))?;
        Ok(())
    }

    /// Parts were left.
    #[must_use]
    pub fn are_left(&self) -> bool {
        self.are_left
    }

    /// The stream. Parts that were left are at `origin`.
    ///
    /// # Errors
    /// When parts are missing.
    pub fn finish(mut self, origin: PartsOrigin) -> Result<Stream, DecodeError> {
        if self.missing > 0 || !self.has_order || (self.are_left && origin.is_none()) {
            return Err(DecodeError::Field("part"));
        }
        self.stream.index.set_totals(self.totals);
        self.stream.set_origin(origin);
        Ok(self.stream)
    }
}

/// Reads which pages there are, with `messages` together; gives how many.
fn load_heads(
    stream: &mut Stream,
    messages: u64,
    bytes: &mut Bytes<'_>,
) -> Result<u64, DecodeError> {
    let (_, pages) = stream.index.parts();
    let (count, mut next, mut live) = (bytes.varint()?, 0u64, 0u64);
    for _ in 0..count {
        let number = next.checked_add(bytes.varint()?).ok_or(DecodeError::Field("page"))?;
        let head = Head::load(bytes)?;
        pages.expect(number, head)?;
        live += u64::from(head.live);
        next = number + 1;
    }
    if live == messages { Ok(count) } else { Err(DecodeError::Field("page")) }
}

impl Stream {
    /// Where the parts are that were not read yet.
    pub fn set_origin(&mut self, origin: PartsOrigin) {
        self.index.set_origin(&origin);
    }

    /// All parts are in memory.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.index.pages().are_held() && self.index.subjects().are_held()
    }
}

/// All parts one behind the other, for those who keep a stream as one piece.
impl Stream {
    /// Appends everything that it takes to be this stream again.
    pub fn save(&mut self, into: &mut Vec<u8>) {
        let snapshot = self.snapshot();
        for (part, _) in snapshot.parts() {
            let (kind, number) = part.numbers();
            into.push(kind);
            put_varint(into, number);
            let mut bytes = Vec::new();
            snapshot.save(part, &mut bytes);
            put_text(into, &bytes);
        }
        into.push(END);
    }

    /// The stream that was saved. `seed` as for [`Stream::new`].
    ///
    /// # Errors
    /// When the bytes are none that [`Stream::save`] wrote.
    pub fn load(bytes: &[u8], seed: u64) -> Result<Self, DecodeError> {
        let mut bytes = Bytes(bytes);
        let mut loading: Option<Loading> = None;
        loop {
            let kind = bytes.byte()?;
            if kind == END {
                break;
            }
            let part = Part::of(kind, bytes.varint()?).ok_or(DecodeError::Field("part"))?;
            let contents = bytes.text()?;
            match &mut loading {
                None if part == Part::State => loading = Some(Loading::new(contents, seed)?),
                Some(loading) => loading.add(part, contents)?,
                None => return Err(DecodeError::Field("part")),
            }
        }
        loading.ok_or(DecodeError::Short)?.finish(None)
    }
}

impl Part {
    /// Its kind and its number within that.
    #[must_use]
    pub fn numbers(self) -> (u8, u64) {
        match self {
            Self::State => (1, 0),
            Self::Page(number) => (2, number),
            Self::Subjects(number) => (3, number),
            Self::Order => (4, 0),
            Self::Ids(number) => (5, number),
            Self::Consumers => (6, 0),
        }
    }

    /// The part with these numbers.
    #[must_use]
    pub fn of(kind: u8, number: u64) -> Option<Self> {
        match kind {
            1 => Some(Self::State),
            2 => Some(Self::Page(number)),
            3 => Some(Self::Subjects(number)),
            4 => Some(Self::Order),
            5 => Some(Self::Ids(number)),
            6 => Some(Self::Consumers),
            _ => None,
        }
    }
}

const END: u8 = 0;

fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::{IdHash, Location, Origin, Publish, Published, Purge, Resident};
    use super::*;
    use crate::publish::PublishHeaders;
    use crate::publish::schedule::OnlyUtc;

    fn publish(stream: &mut Stream, subject: &[u8], id: Option<u128>) {
        let asked = &PublishHeaders::NONE;
        let (headers, body, now) = (&b""[..], &b"x"[..], stream.index.last_time() + 5);
        let id = id.map(IdHash);
        let (origin, resident, zones) = (Origin::Client, Resident::NONE, &OnlyUtc);
        let message = Publish { subject, headers, body, asked, id, now, origin, resident, zones };
        let published = stream.publish(&message, &mut Vec::new());
        let Published::Stored(stored) = published else { panic!("{published:?}") };
        stream.place(stored.seq, Location(stored.seq * 100));
    }

    fn filled() -> Stream {
        let mut config = StreamConfig { name: "S".to_owned(), ..StreamConfig::default() };
        config.duplicate_window = crate::Nanos::MINUTE;
        config.first_seq = 10;
        config.max_msg_size = -1;
        let mut stream = Stream::new(config, 77, 1);
        for n in 0..50u8 {
            publish(&mut stream, &[b'a', b'.', b'0' + n % 7], Some(u128::from(n)));
        }
        stream.purge(&Purge { filter: b"a.3", ..Purge::default() }).unwrap();
        stream.proceed(1000, &mut Vec::new());
        stream.delete(59, &mut Vec::new()).unwrap();
        stream
    }

    #[test]
    fn a_stream_comes_back_as_it_was() {
        let mut stream = filled();
        let mut bytes = Vec::new();
        stream.save(&mut bytes);
        let mut loaded = Stream::load(&bytes, 2).unwrap();
        let mut again = Vec::new();
        loaded.save(&mut again);
        assert_eq!(bytes, again);
        assert_eq!(loaded.index.bytes(), stream.index.bytes());
        assert_eq!(loaded.index.first_seq(), stream.index.first_seq());
        assert_eq!(loaded.index.last_seq(), 59);
        assert_eq!(loaded.index.last_of(b"a.5"), stream.index.last_of(b"a.5"));
        assert_eq!(loaded.dedup.find(IdHash(3), 0, i64::MAX), Some(13));
    }

    #[test]
    fn an_emptied_stream_keeps_its_sequences() {
        let mut stream = filled();
        stream.purge(&Purge { seq: 1000, ..Purge::default() }).unwrap();
        let mut bytes = Vec::new();
        stream.save(&mut bytes);
        let loaded = Stream::load(&bytes, 2).unwrap();
        assert_eq!((loaded.index.first_seq(), loaded.index.last_seq()), (1000, 999));
    }

    #[test]
    fn every_cut_is_an_error() {
        let mut bytes = Vec::new();
        filled().save(&mut bytes);
        for end in 0..bytes.len() {
            assert!(Stream::load(&bytes[..end], 2).is_err(), "{end}");
        }
    }
}
