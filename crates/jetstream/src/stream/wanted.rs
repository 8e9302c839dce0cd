//! What of a stream a reader with filters wants: the next message, and how many are to come.

use anabranch_subject::grammar;

use super::index::Index;
use super::subjects::SubjectId;
use super::tallies::TallyId;

/// Messages that are looked at in a row for one that matches.
const LOOKED_AT_ONCE: u64 = 50_000;
/// Literal filters of which each is looked up; with more, messages are looked at instead.
const LOOKED_UP: usize = 16;

/// What is found at or behind a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// A message.
    At(u64),
    /// None before this sequence; behind it nobody looked yet.
    NotBefore(u64),
    /// None.
    Nothing,
}

/// For readers. No filters: all messages.
impl Index {
    /// Counts from now on what is to come for a reader with these filters who stands before `next`.
    pub fn begin_tally(&mut self, filters: &[String], next: u64) -> TallyId {
        let count = self.count_wanted(filters, next);
        self.tallies.join(filters, next, count, self.last_seq())
    }

    /// Counts for that reader no more.
    pub fn end_tally(&mut self, id: TallyId) {
        self.tallies.leave(id);
    }

    /// What is to come for the reader.
    #[must_use]
    pub fn tallied(&self, id: TallyId) -> u64 {
        self.tallies.pending(id)
    }

    /// Where the reader stands.
    #[must_use]
    pub fn tallied_from(&self, id: TallyId) -> u64 {
        self.tallies.position(id)
    }

    /// The reader stands before `next` now: so many of what was to come lie behind it.
    pub fn advance_tally(&mut self, id: TallyId, next: u64, passed: u64) {
        let last = self.last_seq();
        self.tallies.advance(id, next, passed, last);
    }

    /// Readers for whom something came since that was asked last.
    pub fn take_stirred(&mut self, found: &mut Vec<TallyId>) {
        self.tallies.take_stirred(found);
    }

    /// Messages at or behind `seq` that match any of the filters.
    #[must_use]
    pub fn count_wanted(&self, filters: &[String], seq: u64) -> u64 {
        match filters {
            [] => self.count_matching(b">", seq),
            [filter] => self.count_matching(filter.as_bytes(), seq),
            filters => {
                let matching = |filter: &String| self.subjects().matching(filter.as_bytes());
                let mut ids: Vec<SubjectId> = filters.iter().flat_map(matching).collect();
                ids.sort_unstable_by_key(|id| id.slot());
                ids.dedup();
                self.count_of(&ids, seq)
            }
        }
    }

    /// The first message at or behind `seq` that matches any of the filters.
    #[must_use]
    pub fn next_wanted(&self, filters: &[String], seq: u64) -> Found {
        let seq = seq.max(self.first_seq());
        let is_literal = |filter: &String| !grammar::has_wildcards(filter.as_bytes());
        if filters.is_empty() {
            let found = self.pages().at_or_after(seq);
            return found.map_or(Found::Nothing, |(seq, _)| Found::At(seq));
        }
        if filters.len() <= LOOKED_UP && filters.iter().all(is_literal) {
            let ids = filters.iter().filter_map(|filter| self.subjects().find(filter.as_bytes()));
            let next = ids.filter_map(|id| self.next_after(id, seq)).min();
            return next.map_or(Found::Nothing, Found::At);
        }
        self.look_for(filters, seq)
    }

    /// The first message of a subject at or behind `seq`, which often follows one that was read.
    fn next_after(&self, id: SubjectId, seq: u64) -> Option<u64> {
        let before = seq
            .checked_sub(1)
            .filter(|&before| self.get(before).is_some_and(|meta| meta.subject == id));
        match before {
            Some(before) if before < self.subjects().state(id).last => {
                self.pages().next_of(id, before)
            }
            Some(_) => None,
            None => self.next_of(id, seq),
        }
    }

    /// Looks at one message after the other.
    fn look_for(&self, filters: &[String], seq: u64) -> Found {
        let matches =
            |id| filters.iter().any(|filter| self.subjects().is_matched(id, filter.as_bytes()));
        let end = seq.saturating_add(LOOKED_AT_ONCE);
        let mut known: Option<(SubjectId, bool)> = None;
        for (at, meta) in self.pages().iter_from(seq) {
            if at >= end {
                return Found::NotBefore(at);
            }
            let wanted = match known {
                Some((id, wanted)) if id == meta.subject => wanted,
                _ => matches(meta.subject),
            };
            if wanted {
                return Found::At(at);
            }
            known = Some((meta.subject, wanted));
        }
        Found::Nothing
    }
}
