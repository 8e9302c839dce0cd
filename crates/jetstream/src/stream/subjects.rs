//! The subjects that a stream holds messages of. Not who may use them, and not how they match.
//!
//! Names and states lie in chunks of 1024, which copies share until they change. They are found
//! by hash, and by name in the order of names.

use std::borrow::Cow;
use std::sync::Arc;

use super::blocks::{Blocks, NEAR};
use super::bytes::{Bytes, DecodeError, put_varint};
use super::names::{CHUNK, Chunk, Name};
use super::snapshot::Part;
use super::stored::{PartsOrigin, Slot};
use super::table::Table;

/// A subject of one stream, while it has messages. Ids of emptied subjects are used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubjectId(u32);

impl SubjectId {
    /// Its place among all ids: small numbers.
    #[must_use]
    pub fn slot(self) -> usize {
        index(self.0)
    }

    pub(super) fn number(self) -> u32 {
        self.0
    }

    pub(super) fn of(number: u64) -> Self {
        Self(u32::try_from(number).unwrap_or(u32::MAX))
    }
}

/// What a stream knows of one subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SubjectState {
    /// Sequence of its oldest message.
    pub first: u64,
    /// Sequence of its newest message.
    pub last: u64,
    /// Messages it has: at least 1.
    pub count: u64,
}

/// Subjects by id, by hash and by name.
#[derive(Debug, Clone)]
pub struct Subjects {
    chunks: Chunks,
    /// Ids that were ever given are below.
    slots: u32,
    free: Vec<u32>,
    order: Blocks<u32>,
    /// The epoch in which a subject came or went last.
    order_changed: u64,
    table: Table<u32>,
    /// Ids below are in the table: all, but for a while after a start.
    warmed: u32,
    epoch: u64,
    hasher: anabranch_subject::SubjectHasher,
}

/// Ids that one message adds to the table, for as long as some are missing.
const WARMED_AT_ONCE: u32 = 256;

impl Subjects {
    /// No subjects. `seed` protects against names chosen to collide; it does not reach output.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            chunks: Chunks::default(),
            slots: 0,
            free: Vec::new(),
            order: Blocks::default(),
            order_changed: 0,
            table: Table::default(),
            warmed: 0,
            epoch: 0,
            hasher: anabranch_subject::SubjectHasher::new(seed),
        }
    }

    /// The same subjects to be looked at, not to be changed. It takes little time and memory.
    #[must_use]
    pub fn view(&self) -> Self {
        Self {
            chunks: self.chunks.clone(),
            free: self.free.clone(),
            order: self.order.clone(),
            table: Table::default(),
            warmed: 0,
            hasher: self.hasher.clone(),
            ..*self
        }
    }

    /// How many subjects have messages.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// No subject has messages.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.order.len() == 0
    }

    /// The id of a subject with messages.
    #[must_use]
    pub fn find(&self, name: &[u8]) -> Option<SubjectId> {
        self.find_hashed(name, self.hasher.hash(name)).map(SubjectId)
    }

    fn find_hashed(&self, name: &[u8], hash: u64) -> Option<u32> {
        if self.warmed < self.slots {
            return self.order.find(|&id| self.name_at(id).order(name));
        }
        self.table.find(hash, |&id| self.name_at(id).is(name))
    }

    /// Looks at what is known of these subjects, of up to [`NEAR`]: it is near when they are found
    /// or added afterwards. Gives the last messages of those that are probably meant.
    pub fn approach<'a>(&self, names: impl Iterator<Item = &'a [u8]>) -> impl Iterator<Item = u64> {
        let (mut ids, mut new) = ([None; NEAR], [&b""[..]; NEAR]);
        let mut others = 0;
        for (id, name) in ids.iter_mut().zip(names) {
            *id = self.table.likely(self.hasher.hash(name));
            if id.is_none() {
                new[others] = name;
                others += 1;
            }
        }
        if others > 0 {
            let touch = |id| self.touch(id).map_or((), |_| ());
            self.order.approach(others, touch, |nth, id| self.name_at(id).order(new[nth]).is_lt());
        }
        ids.map(|id| self.touch(id?)).into_iter().flatten()
    }

    /// Looks at what is known of a subject; gives its last message.
    fn touch(&self, id: u32) -> Option<u64> {
        let (chunk, row) = place(id);
        let held = self.chunks.list.get(chunk)?.held()?;
        held.touch(row);
        Some(held.state(row).last)
    }

    /// A subject's name.
    #[must_use]
    pub fn name(&self, id: SubjectId) -> Cow<'_, [u8]> {
        self.name_at(id.0).whole()
    }

    /// What is known of a subject.
    #[must_use]
    pub fn state(&self, id: SubjectId) -> SubjectState {
        let (chunk, row) = place(id.0);
        self.chunks.get(chunk).map_or_else(SubjectState::default, |chunk| chunk.state(row))
    }

    /// Notes the message `seq`, newer than all others, of the subject `name`; gives the newest
    /// one before it too.
    pub fn add(&mut self, name: &[u8], seq: u64) -> SubjectId {
        self.note(name, seq).0
    }

    /// The same, with the newest message of the subject before it.
    pub fn note(&mut self, name: &[u8], seq: u64) -> (SubjectId, Option<u64>) {
        if self.warmed < self.slots {
            self.warm(WARMED_AT_ONCE);
        }
        let hash = self.hasher.hash(name);
        if let Some(id) = self.find_hashed(name, hash) {
            return (SubjectId(id), Some(self.edit(id).add(place(id).1, seq)));
        }
        (SubjectId(self.insert(name, hash, seq)), None)
    }

    fn insert(&mut self, name: &[u8], hash: u64, seq: u64) -> u32 {
        let id = self.free.pop().unwrap_or(self.slots);
        let (chunk, row) = place(id);
        if chunk == self.chunks.list.len() {
            self.chunks.list.push(Arc::new(Slot::full(Chunk::default(), 0)));
        }
        self.slots = self.slots.max(id + 1);
        let state = SubjectState { first: seq, last: seq, count: 1 };
        self.edit(id).insert(row, name, state);
        let Self { order, chunks, .. } = self;
        order.insert(id, |&other| name_of(chunks, other).order(name));
        self.order_changed = self.epoch;
        if id == self.warmed {
            self.warmed += 1;
        }
        if id < self.warmed {
            self.tabulate(id, hash);
        }
        id
    }

    fn tabulate(&mut self, id: u32, hash: u64) {
        let Self { table, chunks, hasher, .. } = self;
        table.insert(hash, id, |&id| name_of(chunks, id).with(|name| hasher.hash(name)));
    }

    /// Adds up to `count` of the ids that are not in the table yet.
    fn warm(&mut self, count: u32) {
        let end = self.slots.min(self.warmed.saturating_add(count));
        for id in self.warmed..end {
            if self.state(SubjectId(id)).count > 0 {
                self.tabulate(id, self.name_at(id).with(|name| self.hasher.hash(name)));
            }
        }
        self.warmed = end;
    }

    /// Changes what is known of a subject; one whose count becomes 0 is gone.
    pub fn update(&mut self, id: SubjectId, state: SubjectState) {
        if state.count > 0 {
            self.edit(id.0).set_state(place(id.0).1, state);
        } else {
            self.remove(id);
        }
    }

    fn remove(&mut self, SubjectId(id): SubjectId) {
        let Self { order, chunks, table, hasher, .. } = self;
        let name = &*name_of(chunks, id).whole();
        order.remove(|&other| name_of(chunks, other).order(name));
        if id < self.warmed {
            table.remove(hasher.hash(name), |&held| held == id);
        }
        self.order_changed = self.epoch;
        self.edit(id).remove(place(id).1);
        self.free.push(id);
    }

    /// Forgets all subjects.
    pub fn clear(&mut self) {
        self.chunks.list.clear();
        self.slots = 0;
        self.free = Vec::new();
        self.order = Blocks::default();
        self.order_changed = self.epoch;
        self.table = Table::default();
        self.warmed = 0;
    }

    /// All subjects with messages, by id.
    pub fn iter(&self) -> impl Iterator<Item = (SubjectId, Cow<'_, [u8]>, SubjectState)> {
        let all = (0..self.slots).map(|id| (SubjectId(id), self.state(SubjectId(id))));
        all.filter(|(_, state)| state.count > 0).map(|(id, state)| (id, self.name(id), state))
    }

    /// Subjects with messages that `filter`, a subject or wildcard, matches, sorted by name.
    #[must_use]
    pub fn matching(&self, filter: &[u8]) -> Vec<SubjectId> {
        if !anabranch_subject::grammar::has_wildcards(filter) {
            return self.find(filter).into_iter().collect();
        }
        self.walk(filter, b"").filter(|&id| self.is_matched(id, filter)).collect()
    }

    /// `filter` matches the subject.
    #[must_use]
    pub fn is_matched(&self, id: SubjectId, filter: &[u8]) -> bool {
        let matches = |name: &[u8]| anabranch_subject::matching::matches(filter, name);
        filter == b">" || self.name_at(id.0).with(matches)
    }

    /// Subjects that begin as `filter` does before its first wildcard, and come behind `after`,
    /// sorted by name: all that it matches, and maybe others.
    pub fn walk(&self, filter: &[u8], after: &[u8]) -> impl Iterator<Item = SubjectId> {
        let prefix = literal_prefix(filter);
        let is_before = |&id: &u32| {
            let name = self.name_at(id);
            name.order(prefix).is_lt() || (!after.is_empty() && name.order(after).is_le())
        };
        let from = self.order.from(is_before);
        from.take_while(move |&id| self.name_at(id).begins(prefix)).map(SubjectId)
    }

    fn name_at(&self, id: u32) -> Name<'_> {
        name_of(&self.chunks, id)
    }

    fn edit(&mut self, id: u32) -> &mut Chunk {
        let chunk = self.chunks.edit(place(id).0);
        chunk.changed = self.epoch;
        chunk
    }
}

/// For checkpoints.
impl Subjects {
    /// What changes from now on is of this epoch.
    pub fn set_epoch(&mut self, epoch: u64) {
        self.epoch = epoch;
    }

    /// In which epoch each chunk changed last.
    pub fn chunks(&self) -> impl Iterator<Item = u64> {
        let changed = |slot: &ChunkSlot| slot.held().map_or(0, |chunk| chunk.changed);
        self.chunks.list.iter().map(move |slot| changed(slot))
    }

    /// Of a copy: its order is not needed any more.
    pub(super) fn let_go_of_order(&mut self) {
        self.order = Blocks::default();
    }

    /// Where the chunks are that were not read yet.
    pub fn set_origin(&mut self, origin: PartsOrigin) {
        self.chunks.origin = origin;
    }

    /// All chunks are in memory.
    #[must_use]
    pub fn are_held(&self) -> bool {
        self.chunks.list.iter().all(|slot| slot.held().is_some())
    }

    /// Ids that were ever given are below.
    #[must_use]
    pub fn slots(&self) -> u32 {
        self.slots
    }

    /// In which epoch a subject came or went last.
    #[must_use]
    pub fn order_changed(&self) -> u64 {
        self.order_changed
    }

    /// Appends everything that it takes to be this chunk again.
    pub fn save_chunk(&self, number: usize, into: &mut Vec<u8>) {
        if let Some(chunk) = self.chunks.get(number) {
            chunk.save(into);
        }
    }

    /// Appends the order of the subjects, and the ids that have none.
    pub fn save_order(&self, into: &mut Vec<u8>) {
        put_varint(into, u64::try_from(self.order.len()).unwrap_or(u64::MAX));
        for id in self.order.iter().chain(self.free.iter().copied()) {
            into.extend_from_slice(&id.to_le_bytes());
        }
    }

    /// So many ids were given: their chunks are to be taken, or to be read later.
    pub fn expect(&mut self, slots: u32) {
        self.slots = slots;
        let rows = |chunk: u32| index((slots - chunk * CHUNK).min(CHUNK));
        let chunks = (0..slots.div_ceil(CHUNK)).map(|chunk| Arc::new(Slot::empty(rows(chunk))));
        self.chunks.list = chunks.collect();
    }

    /// Takes a chunk that was expected, as [`Self::save_chunk`] wrote it.
    ///
    /// # Errors
    /// When the bytes are none of its.
    pub fn load_chunk(&mut self, number: u64, bytes: &[u8]) -> Result<(), DecodeError> {
        self.expected(number)?.fill(bytes)
    }

    /// The chunk that was expected and not taken.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn expected(&self, number: u64) -> Result<&ChunkSlot, DecodeError> {
        let slot = usize::try_from(number).ok().and_then(|number| self.chunks.list.get(number));
        let expected = slot.filter(|slot| slot.held().is_none());
        expected.map(|slot| &**slot).ok_or(DecodeError::Field("chunk"))
    }

    /// Sets the order, as [`Self::save_order`] wrote it, of the ids that are expected.
    ///
    /// # Errors
    /// When the bytes are none of its, or of other subjects.
    pub fn load_order(&mut self, bytes: &mut Bytes<'_>) -> Result<(), DecodeError> {
        let count = usize::try_from(bytes.varint()?).map_err(|_| DecodeError::Short)?;
        let all = index(self.slots).checked_mul(4).ok_or(DecodeError::Short)?;
        let (ids, _) = bytes.take(all)?.as_chunks::<4>();
        let (live, free) = ids.split_at_checked(count).ok_or(DecodeError::Field("order"))?;
        if ids.iter().any(|id| u32::from_le_bytes(*id) >= self.slots) {
            return Err(DecodeError::Field("order"));
        }
        let numbers = |ids: &[[u8; 4]]| ids.iter().map(|id| u32::from_le_bytes(*id)).collect();
        let live: Vec<u32> = numbers(live);
        self.order = Blocks::from_sorted(live.into_iter());
        self.free = numbers(free);
        self.table = Table::for_items(count);
        Ok(())
    }
}

type ChunkSlot = Slot<Chunk, usize>;

/// All chunks, some of which were not read yet.
#[derive(Debug, Clone, Default)]
struct Chunks {
    list: Vec<Arc<ChunkSlot>>,
    origin: PartsOrigin,
}

impl Chunks {
    fn get(&self, number: usize) -> Option<&Chunk> {
        Some(self.list.get(number)?.get(part(number), &self.origin))
    }

    /// A chunk that is there.
    fn edit(&mut self, number: usize) -> &mut Chunk {
        let slot = &mut self.list[number];
        // Those that share it have it then, too.
        slot.get(part(number), &self.origin);
        Arc::make_mut(slot).get_mut().expect("it was read just now")
    }
}

fn part(number: usize) -> Part {
    Part::Subjects(u64::try_from(number).unwrap_or(u64::MAX))
}

/// What every subject begins with that `filter` matches: its tokens before the first wildcard.
fn literal_prefix(filter: &[u8]) -> &[u8] {
    let mut end = 0;
    for token in filter.split_inclusive(|&byte| byte == b'.') {
        match token {
            b"*" | b"*." | b">" => return &filter[..end],
            _ => end += token.len(),
        }
    }
    filter
}

fn name_of(chunks: &Chunks, id: u32) -> Name<'_> {
    let (chunk, row) = place(id);
    chunks.get(chunk).map_or(Name::NONE, |chunk| chunk.name(row))
}

/// The chunk of an id, and its row in there.
fn place(id: u32) -> (usize, usize) {
    (index(id / CHUNK), index(id % CHUNK))
}

fn index(id: u32) -> usize {
    usize::try_from(id).expect("u32 fits in usize")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_names_apart_through_reuse_and_compaction() {
        let mut subjects = Subjects::new(7);
        let name = |i: u32| format!("orders.{i}.{}", "x".repeat(20));
        for round in 0u64..4 {
            for i in 0..5_000 {
                subjects.add(name(i).as_bytes(), round * 5_000 + u64::from(i) + 1);
            }
            for i in 0..5_000 {
                let id = subjects.find(name(i).as_bytes()).expect("it was added");
                assert_eq!(*subjects.name(id), *name(i).as_bytes());
                assert_eq!(subjects.state(id).count, 1);
                subjects.update(id, SubjectState { first: 0, last: 0, count: 0 });
            }
            assert!(subjects.is_empty());
            assert_eq!(subjects.chunks.list.len(), 5);
        }
    }

    fn names(subjects: &Subjects, filter: &str) -> Vec<String> {
        let ids = subjects.matching(filter.as_bytes());
        ids.iter().map(|&id| String::from_utf8_lossy(&subjects.name(id)).into_owned()).collect()
    }

    #[test]
    fn finds_subjects_by_wildcard_in_order_of_name() {
        let mut subjects = Subjects::new(7);
        for (seq, name) in (1..).zip(["b.2", "a.1", "b.1", "c", "b", "b-1"]) {
            subjects.add(name.as_bytes(), seq);
        }
        assert_eq!(names(&subjects, "b.*"), ["b.1", "b.2"]);
        assert_eq!(names(&subjects, ">"), ["a.1", "b", "b-1", "b.1", "b.2", "c"]);
        assert_eq!(names(&subjects, "*"), ["b", "b-1", "c"]);
        assert_eq!(names(&subjects, "*.1"), ["a.1", "b.1"]);
        assert_eq!(names(&subjects, "c"), ["c"]);
        assert!(names(&subjects, "d").is_empty());
        let behind: Vec<_> = subjects.walk(b"b.>", b"b.1").map(|id| subjects.name(id)).collect();
        assert_eq!(behind, [b"b.2".as_slice()]);
    }

    #[test]
    fn subjects_come_back_and_are_found_before_their_hashes_are_known() {
        let mut subjects = Subjects::new(7);
        for seq in 1..=3_000u64 {
            subjects.add(format!("s.{}", seq % 2_500).as_bytes(), seq);
        }
        let gone = subjects.find(b"s.77").unwrap();
        subjects.update(gone, SubjectState::default());
        let mut loaded = Subjects::new(8);
        loaded.expect(subjects.slots());
        for number in 0..3 {
            let mut saved = Vec::new();
            subjects.save_chunk(usize::try_from(number).unwrap(), &mut saved);
            for end in [0, 1, saved.len() / 2, saved.len() - 1] {
                assert!(loaded.load_chunk(number, &saved[..end]).is_err());
            }
            loaded.load_chunk(number, &saved).unwrap();
        }
        assert!(loaded.are_held());
        let mut saved = Vec::new();
        subjects.save_order(&mut saved);
        loaded.load_order(&mut Bytes(&saved)).unwrap();
        let all = |subjects: &Subjects| -> Vec<_> {
            subjects.iter().map(|(id, name, state)| (id, name.into_owned(), state)).collect()
        };
        assert_eq!(all(&loaded), all(&subjects));
        let names = || [&b"s.1"[..], b"s.2", b"s.77", b"a", b"z"].into_iter();
        assert!(subjects.approach(names()).eq([2_501, 2_502]));
        assert_eq!(loaded.approach(names()).count(), 0, "no hashes are known yet");
        for round in 0..2 {
            for seq in 0..2_500 {
                let name = format!("s.{seq}");
                let found = loaded.find(name.as_bytes());
                assert_eq!(found, subjects.find(name.as_bytes()), "{round} {seq}");
                if round == 1 && seq % 50 == 0 {
                    loaded.add(name.as_bytes(), 10_000 + seq);
                    subjects.add(name.as_bytes(), 10_000 + seq);
                }
            }
        }
        assert_eq!(all(&loaded), all(&subjects));
    }
}
