//! Which segments of a stream are worth being written anew, and what copies are called.

use anabranch_log::segment::{RECORDS_MAX, SIZE_MAX, SegmentId};

use super::filelist::Replaced;
use super::files::{FilePayloads, Segment};

/// Segments that become one, at most.
const SOURCES_MAX: usize = 64;
/// Bytes in the segment that is written to that may be of no use.
const WASTE_MAX: u64 = 1024 * 1024;
/// Bytes that a segment alone must free to be written anew.
const GAIN_MIN: u64 = 64 * 1024;

/// Segments that follow each other.
struct Group {
    first: usize,
    last: usize,
    live: u64,
    live_bytes: u64,
    length: u64,
}

impl FilePayloads {
    /// Segments to be written anew as one, and the bytes that are needed of them. No message of
    /// theirs is at or behind `end`.
    ///
    /// The first sparse one is taken, with what is beside it: other sparse ones, and such as have
    /// no more that is needed than those together. So what is copied doubles each time, and many
    /// small files become few.
    pub(super) fn sparse(&mut self, end: u64) -> Option<(Vec<Replaced>, u64)> {
        if !self.may_be_sparse {
            return None;
        }
        let unsynced = self.first_unsynced().unwrap_or(u64::MAX);
        let all: Vec<(u64, &Segment)> = self
            .segments
            .range(..unsynced)
            .map(|(&first_seq, segment)| (first_seq, segment))
            .collect();
        let end = end.min(unsynced);
        let groups = (0..all.len()).filter(|&at| {
            let segment = all[at].1;
            can_be(segment) && segment.live > 0 && segment.is_sparse()
        });
        let found = groups.map(|at| Group::around(&all, at)).find(Group::is_worth_it);
        let stale = |(_, segment): &(u64, &Segment)| {
            can_be(segment) && segment.live > 0 && segment.is_stale
        };
        let found = found.or_else(|| all.iter().position(stale).map(|at| Group::alone(&all, at)));
        let Some(group) = found else {
            self.may_be_sparse = false;
            return None;
        };
        let end_of = |at: usize| all.get(at + 1).map_or(end, |(first_seq, _)| *first_seq);
        let sources = (group.first..=group.last).map(|at| {
            let (first_seq, segment) = all[at];
            Replaced { first_seq, revision: segment.revision, end: end_of(at) }
        });
        Some((sources.collect(), group.live_bytes))
    }

    /// Copies that no checkpoint names, made just before a crash: they go as if they had been
    /// replaced. Their names say that all of what is in them is elsewhere.
    pub(super) fn note_copies(&mut self, there: &[SegmentId]) {
        for &SegmentId { first_seq, revision, .. } in there.iter().filter(|id| id.revision > 0) {
            let is_this = |one: &Replaced| (one.first_seq, one.revision) == (first_seq, revision);
            let held = self.segments.get(&first_seq);
            let is_held = held.is_some_and(|segment| segment.revision == revision);
            if !is_held && !self.replaced.iter().any(is_this) {
                self.replaced.push(Replaced { first_seq, revision, end: u64::MAX });
            }
        }
    }

    /// The next copy of the segment that begins at `first_seq`. No file has its name.
    pub(super) fn next_copy(&self, first_seq: u64) -> SegmentId {
        let held = self.segments.get(&first_seq).map(|segment| segment.revision);
        let replaced = self.replaced.iter().filter(|one| one.first_seq == first_seq);
        let taken = replaced.map(|one| one.revision).chain(held).max();
        self.home.segment(first_seq, taken.map_or(1, |last| last.saturating_add(1)))
    }

    /// Of the segment that is written to, little is needed: it is worth being written anew.
    pub(super) fn is_written_sparse(&self) -> bool {
        let Some(writer) = &self.writer else { return false };
        let length = writer.tail().end;
        let segment = self.segments.get(&writer.id().first_seq);
        let live_bytes = segment.map_or(length, |segment| segment.live_bytes);
        length.saturating_sub(live_bytes) >= WASTE_MAX && live_bytes < length / 2
    }
}

fn can_be(segment: &Segment) -> bool {
    !segment.is_damaged && segment.length > 0 && segment.revision < u32::MAX
}

impl Group {
    fn alone(all: &[(u64, &Segment)], at: usize) -> Self {
        let (_, segment) = all[at];
        let Segment { live, live_bytes, length, .. } = *segment;
        Self { first: at, last: at, live, live_bytes, length }
    }

    fn around(all: &[(u64, &Segment)], at: usize) -> Self {
        let mut group = Self::alone(all, at);
        loop {
            let before = group.first.checked_sub(1).filter(|&at| group.takes(all, at));
            if let Some(at) = before {
                group.add(all[at].1);
                group.first = at;
            }
            let behind = Some(group.last + 1).filter(|&at| group.takes(all, at));
            if let Some(at) = behind {
                group.add(all[at].1);
                group.last = at;
            }
            if before.is_none() && behind.is_none() {
                return group;
            }
        }
    }

    fn takes(&self, all: &[(u64, &Segment)], at: usize) -> bool {
        let Some(&(first_seq, segment)) = all.get(at) else { return false };
        let is_small = segment.is_sparse() || segment.live_bytes <= self.live_bytes;
        // Where a segment begins, the one before ends; the last one's sequences are few enough.
        let (low, high) = (first_seq.min(all[self.first].0), all[at.max(self.last)].0);
        let is_near = high - low < u64::from(u32::MAX / 2);
        let fits = self.live_bytes + segment.live_bytes <= SIZE_MAX / 2
            && self.live + segment.live <= u64::from(RECORDS_MAX);
        let is_few = self.last - self.first + 1 < SOURCES_MAX;
        can_be(segment) && is_small && is_near && fits && is_few
    }

    fn add(&mut self, segment: &Segment) {
        self.live += segment.live;
        self.live_bytes += segment.live_bytes;
        self.length += segment.length;
    }

    fn is_worth_it(&self) -> bool {
        self.last > self.first || self.length.saturating_sub(self.live_bytes) >= GAIN_MIN
    }
}
