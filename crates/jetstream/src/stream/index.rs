//! The messages of a stream as it counts and finds them: everything but their bytes.

use super::pages::{Location, Meta, Pages};
use super::stored::PartsOrigin;
use super::subjects::{SubjectId, Subjects};
use super::tallies::Tallies;

/// No stream comes this far; what says that it does is refused, so that sums stay numbers.
pub const SEQ_MAX: u64 = 1 << 62;

/// What a message adds.
#[derive(Debug, Clone, Copy)]
pub struct NewMessage<'a> {
    /// Its subject.
    pub subject: &'a [u8],
    /// When it is stored, in nanoseconds since 1970.
    pub time: i64,
    /// Bytes that it counts in the stream's state.
    pub size: u32,
    /// `max_age` does not end it.
    pub never_expires: bool,
    /// It marks that its subject's last message is gone.
    pub is_marker: bool,
}

/// A message that was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removed {
    /// Its sequence.
    pub seq: u64,
    /// Where its bytes are.
    pub location: Location,
}

/// A subject with more messages is not followed from one to the next, but looked for in all.
const WALK_MAX: u64 = 1024;

/// What is known of fewer subjects is near anyway.
const FAR: usize = 20_000;

/// All messages of a stream.
///
/// `first_seq <= last_seq + 1`; without messages both sides are equal.
#[derive(Debug, Clone)]
pub struct Index {
    subjects: Subjects,
    pages: Pages,
    messages: u64,
    bytes: u64,
    first_seq: u64,
    last_seq: u64,
    last_time: i64,
    /// What is to come for those who read it.
    pub(super) tallies: Tallies,
}

impl Index {
    /// No messages; the first will get the sequence `first_seq`, at least 1.
    #[must_use]
    pub fn new(first_seq: u64, seed: u64) -> Self {
        let first_seq = first_seq.clamp(1, SEQ_MAX);
        Self {
            subjects: Subjects::new(seed),
            pages: Pages::default(),
            messages: 0,
            bytes: 0,
            first_seq,
            last_seq: first_seq - 1,
            last_time: 0,
            tallies: Tallies::default(),
        }
    }

    /// The same messages to be looked at, not to be changed. It takes little time and memory.
    #[must_use]
    pub fn view(&self) -> Self {
        let (subjects, pages) = (self.subjects.view(), self.pages.clone());
        Self { subjects, pages, tallies: Tallies::default(), ..*self }
    }

    /// Messages there are.
    #[must_use]
    pub fn messages(&self) -> u64 {
        self.messages
    }

    /// Bytes that they count.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The first message's sequence; `last_seq + 1` without messages.
    #[must_use]
    pub fn first_seq(&self) -> u64 {
        self.first_seq
    }

    /// The sequence that was given last.
    #[must_use]
    pub fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// When the last sequence was given, in nanoseconds since 1970; 0: never.
    #[must_use]
    pub fn last_time(&self) -> i64 {
        self.last_time
    }

    /// Sequences between the first and the last that have no message.
    #[must_use]
    pub fn deleted_count(&self) -> u64 {
        if self.messages == 0 { 0 } else { self.last_seq + 1 - self.first_seq - self.messages }
    }

    /// Sequences between the first and the last that have no message; nothing if they take more
    /// than `bytes_max` as text, with a comma behind each.
    #[must_use]
    pub fn deleted(&self, bytes_max: u64) -> Option<Vec<u64>> {
        let (mut missing, mut left) = (Vec::new(), bytes_max);
        let mut add = |from: u64, to: u64| {
            for seq in from..to {
                let digits = seq.checked_ilog10().map_or(1, |digits| digits + 1);
                left = left.checked_sub(u64::from(digits) + 1)?;
                missing.push(seq);
            }
            Some(())
        };
        let mut expected = self.first_seq;
        for (seq, _) in self.pages.iter_from(expected) {
            add(expected, seq)?;
            expected = seq + 1;
        }
        if self.messages > 0 {
            add(expected, self.last_seq + 1)?;
        }
        Some(missing)
    }

    /// The subjects.
    #[must_use]
    pub fn subjects(&self) -> &Subjects {
        &self.subjects
    }

    /// The messages.
    #[must_use]
    pub fn pages(&self) -> &Pages {
        &self.pages
    }

    /// The message `seq`.
    #[must_use]
    pub fn get(&self, seq: u64) -> Option<Meta> {
        self.pages.get(seq)
    }

    /// The last message of the subject `name`.
    #[must_use]
    pub fn last_of(&self, name: &[u8]) -> Option<u64> {
        self.subjects.find(name).map(|id| self.subjects.state(id).last)
    }

    /// The last message whose subject matches `filter`.
    #[must_use]
    pub fn last_matching(&self, filter: &[u8]) -> Option<u64> {
        if filter == b">" {
            return self.pages.at_or_before(self.last_seq).map(|(seq, _)| seq);
        }
        let ids = self.subjects.matching(filter);
        ids.into_iter().map(|id| self.subjects.state(id).last).max()
    }

    /// The first message at or behind `seq` whose subject matches `filter`.
    #[must_use]
    pub fn next_matching(&self, filter: &[u8], seq: u64) -> Option<u64> {
        let seq = seq.max(self.first_seq);
        if filter == b">" {
            return self.pages.at_or_after(seq).map(|(seq, _)| seq);
        }
        if !anabranch_subject::grammar::has_wildcards(filter) {
            return self.next_of(self.subjects.find(filter)?, seq);
        }
        self.pages.find_from(seq, |id| self.subjects.is_matched(id, filter))
    }

    /// The first message of a subject at or behind `seq`.
    pub(super) fn next_of(&self, id: SubjectId, seq: u64) -> Option<u64> {
        let state = self.subjects.state(id);
        if seq > state.last {
            return None;
        }
        if state.count > WALK_MAX {
            return self.pages.find_from(seq, |subject| subject == id);
        }
        let mut at = state.first;
        while at < seq {
            at = self.pages.next_of(id, at)?;
        }
        Some(at)
    }

    /// The last message of a subject before `seq`.
    fn previous_of(&self, id: SubjectId, seq: u64) -> Option<u64> {
        let state = self.subjects.state(id);
        if state.count > WALK_MAX {
            return self.pages.previous_of(id, seq);
        }
        let mut found = None;
        let mut at = Some(state.first);
        while let Some(before) = at.filter(|&at| at < seq) {
            found = Some(before);
            at = if before < state.last { self.pages.next_of(id, before) } else { None };
        }
        found
    }

    /// Messages at or behind `seq` whose subjects match `filter`.
    #[must_use]
    pub fn count_matching(&self, filter: &[u8], seq: u64) -> u64 {
        let seq = seq.max(self.first_seq);
        if filter == b">" {
            return self.pages.count(seq, self.last_seq);
        }
        self.count_of(&self.subjects.matching(filter), seq)
    }

    /// Messages of these subjects at or behind `seq`.
    pub(super) fn count_of(&self, wanted: &[SubjectId], seq: u64) -> u64 {
        let counted = wanted.iter().map(|&id| {
            let state = self.subjects.state(id);
            if seq <= state.first { Some(state.count) } else { (seq > state.last).then_some(0) }
        });
        if let Some(count) = counted.sum::<Option<u64>>() {
            return count;
        }
        let mut is_wanted = Vec::new();
        for &id in wanted {
            if is_wanted.len() <= id.slot() {
                is_wanted.resize(id.slot() + 1, false);
            }
            is_wanted[id.slot()] = true;
        }
        let behind = self.pages.iter_from(seq);
        let matching = behind.filter(|(_, meta)| is_wanted.get(meta.subject.slot()) == Some(&true));
        matching.map(|_| 1).sum()
    }

    /// The last messages, at or before `up_to`, of all subjects that `filters` match, in order;
    /// nothing if they are more than `max`.
    pub fn last_of_each<'a>(
        &self,
        filters: impl Iterator<Item = &'a [u8]>,
        up_to: u64,
        max: usize,
    ) -> Option<Vec<u64>> {
        let mut found = std::collections::BTreeSet::new();
        for filter in filters {
            for id in self.subjects.matching(filter) {
                let state = self.subjects.state(id);
                if state.last <= up_to {
                    found.insert(state.last);
                } else if state.first <= up_to {
                    found.extend(self.previous_of(id, up_to.saturating_add(1)));
                }
                if found.len() > max {
                    return None;
                }
            }
        }
        Some(found.into_iter().collect())
    }

    /// Messages of these subjects come next, the first of which are approached: to look for many
    /// at once takes little longer than for one, where memory is far away. Changes nothing.
    pub fn approach<'a>(&self, subjects: impl Iterator<Item = &'a [u8]>) {
        if self.subjects.len() < FAR {
            return;
        }
        self.subjects.approach(subjects).for_each(|seq| self.pages.approach(seq));
    }

    /// Appends a message; gives its sequence, and that of the last one of its subject before.
    pub fn append(&mut self, message: &NewMessage<'_>) -> (u64, Option<u64>) {
        let seq = self.last_seq + 1;
        let (subject, before) = self.subjects.note(message.subject, seq);
        let NewMessage { time, size, never_expires, is_marker, .. } = *message;
        let location = Location::default();
        let meta = Meta { subject, time, size, never_expires, is_marker, location };
        self.pages.insert(seq, meta);
        if let Some(before) = before {
            self.pages.link(before, seq);
        }
        if self.messages == 0 {
            self.first_seq = seq;
        }
        self.messages += 1;
        self.bytes += u64::from(size);
        self.last_seq = seq;
        self.last_time = time;
        if !self.tallies.is_empty() {
            self.tallies.came(seq, message.subject);
        }
        (seq, before)
    }

    /// Says where the bytes of `seq` are.
    pub fn place(&mut self, seq: u64, location: Location) {
        self.pages.set_location(seq, location);
    }

    /// Uses up sequences, without messages, up to `seq`.
    pub fn skip_to(&mut self, seq: u64, time: i64) {
        if seq > self.last_seq {
            self.last_seq = seq;
            self.last_time = self.last_time.max(time);
            if self.messages == 0 {
                self.first_seq = seq + 1;
            }
        }
    }

    /// Removes the message `seq`.
    pub fn remove(&mut self, seq: u64) -> Option<Removed> {
        let meta = self.pages.get(seq)?;
        if !self.tallies.is_empty() {
            self.tallies.went(seq, &self.subjects.name(meta.subject));
        }
        self.unlink(seq, meta.subject);
        self.pages.remove(seq);
        self.messages -= 1;
        self.bytes -= u64::from(meta.size);
        if self.messages == 0 {
            self.first_seq = self.last_seq + 1;
        } else if seq == self.first_seq {
            let next = self.pages.at_or_after(seq + 1);
            self.first_seq = next.map_or(self.last_seq + 1, |(seq, _)| seq);
        }
        Some(Removed { seq, location: meta.location })
    }

    fn unlink(&mut self, seq: u64, id: SubjectId) {
        let mut state = self.subjects.state(id);
        if state.count > 1 && seq == state.first {
            state.first = self.pages.next_of(id, seq).unwrap_or(state.last);
        } else if state.count > 1 {
            self.pages.keep_links(seq);
            if seq == state.last {
                state.last = self.previous_of(id, seq).unwrap_or(state.first);
            }
        }
        state.count = state.count.saturating_sub(1);
        self.subjects.update(id, state);
    }

    /// Removes everything. The next message comes behind the last, and not before `seq`.
    pub fn clear(&mut self, seq: u64) {
        self.pages.clear();
        self.subjects.clear();
        self.tallies.all_went();
        self.messages = 0;
        self.bytes = 0;
        self.last_seq = self.last_seq.max(seq.saturating_sub(1));
        self.first_seq = self.last_seq + 1;
    }
}

/// For checkpoints.
impl Index {
    /// What changes from now on is of this epoch.
    pub fn set_epoch(&mut self, epoch: u64) {
        self.pages.set_epoch(epoch);
        self.subjects.set_epoch(epoch);
    }

    /// Where the parts are that were not read yet.
    pub(super) fn set_origin(&mut self, origin: &PartsOrigin) {
        self.pages.set_origin(origin.clone());
        self.subjects.set_origin(origin.clone());
    }

    /// Subjects and pages, to be read in.
    pub(super) fn parts(&mut self) -> (&mut Subjects, &mut Pages) {
        (&mut self.subjects, &mut self.pages)
    }

    /// What is known of all messages together.
    pub(super) fn totals(&self) -> Totals {
        let Self { messages, bytes, first_seq, last_seq, last_time, .. } = *self;
        Totals { messages, bytes, first_seq, last_seq, last_time }
    }

    /// Sets it, as it was saved.
    pub(super) fn set_totals(&mut self, totals: Totals) {
        let Totals { messages, bytes, first_seq, last_seq, last_time } = totals;
        *self = Self {
            subjects: std::mem::replace(&mut self.subjects, Subjects::new(0)),
            pages: std::mem::take(&mut self.pages),
            messages,
            bytes,
            first_seq,
            last_seq,
            last_time,
            tallies: Tallies::default(),
        };
    }
}

/// What is known of all messages together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) messages: u64,
    pub(super) bytes: u64,
    pub(super) first_seq: u64,
    pub(super) last_seq: u64,
    pub(super) last_time: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(index: &mut Index, subject: &str) -> u64 {
        let time = index.last_time() + 1;
        let (never_expires, is_marker) = (false, false);
        let subject = subject.as_bytes();
        index.append(&NewMessage { subject, time, size: 10, never_expires, is_marker }).0
    }

    #[test]
    fn keeps_first_and_last_of_subjects_through_removals() {
        let mut index = Index::new(1, 3);
        for subject in ["a", "b", "a", "a", "b", "c"] {
            add(&mut index, subject);
        }
        index.remove(1);
        index.remove(4);
        let id = index.subjects().find(b"a").expect("one message is left");
        let state = index.subjects().state(id);
        assert_eq!((state.first, state.last, state.count), (3, 3, 1));
        assert_eq!((index.first_seq(), index.last_seq(), index.messages()), (2, 6, 4));
        assert_eq!(index.deleted_count(), 1);
        index.remove(3);
        assert!(index.subjects().find(b"a").is_none());
        assert_eq!(index.bytes(), 30);
    }

    #[test]
    fn an_emptied_stream_goes_on_behind_its_last_sequence() {
        let mut index = Index::new(100, 3);
        assert_eq!((index.first_seq(), index.last_seq()), (100, 99));
        assert_eq!(add(&mut index, "a"), 100);
        index.remove(100);
        assert_eq!((index.first_seq(), index.last_seq()), (101, 100));
        assert_eq!(add(&mut index, "a"), 101);
    }
    #[test]
    fn all_deleted_sequences_are_listed_or_none() {
        let mut index = Index::new(8, 3);
        for _ in 0..5 {
            add(&mut index, "a");
        }
        for seq in [9, 10, 12] {
            index.remove(seq);
        }
        index.skip_to(13, 1);
        assert_eq!(index.deleted(11), Some(vec![9, 10, 12, 13]));
        assert_eq!(index.deleted(10), None);
        index.skip_to(1 << 60, 1);
        assert_eq!(index.deleted(1 << 16), None);
    }
}
