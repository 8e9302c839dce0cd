//! Work that takes long, in pieces. What a command leaves to be done is done before the next one
//! is applied, so the size of the pieces changes nothing.

use super::index::Removed;
use super::machine::Stream;
use super::subjects::SubjectId;
use crate::config::{Discard, StreamConfig};
use crate::publish::Rollup;

/// Messages that a publish removes at once; what is left becomes work.
const AT_ONCE: usize = 256;
/// Subjects that are looked up in the order of names at once.
const SUBJECTS_AT_ONCE: usize = 256;

/// Something that is to be done.
#[derive(Debug, Clone)]
pub(super) enum Work {
    /// Messages before `end` go, the first ones first, as long as there are more than `keep`.
    Front { end: u64, keep: u64 },
    /// The messages of a subject before `end` go.
    Subject { id: SubjectId, end: u64 },
    /// Messages before `end` go whose subjects match. Those up to the name `after` are done.
    Filter { filter: Vec<u8>, end: u64, after: Vec<u8> },
    /// The messages of subjects that match are counted; then all but the newest `keep` go.
    Count { filter: Vec<u8>, keep: u64, end: u64, after: Vec<u8>, wanted: Wanted },
    /// `surplus` messages before `end` go, the first ones first. Those before `seq` were looked
    /// at.
    Oldest { wanted: Wanted, surplus: u64, seq: u64, end: u64 },
    /// What is over the limit of each subject goes. Those up to the name `after` are done.
    TrimSubjects { after: Vec<u8> },
    /// What is over the limits of the stream goes.
    Trim,
    /// Messages from `seq` on and before `end` go that no consumer needs.
    Unneeded { seq: u64, end: u64 },
}

/// Subjects that a filter matches, and how many messages they have.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    slots: Vec<bool>,
    messages: u64,
}

impl Wanted {
    fn add(&mut self, id: SubjectId, messages: u64) {
        if self.slots.len() <= id.slot() {
            self.slots.resize(id.slot() + 1, false);
        }
        self.slots[id.slot()] = true;
        self.messages += messages;
    }

    fn has(&self, id: SubjectId) -> bool {
        self.slots.get(id.slot()) == Some(&true)
    }
}

/// Whether there is more to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The next command can be applied.
    Done,
    /// Not before that was done.
    More,
}

impl Stream {
    /// Goes on with what the last command left to be done, up to about `items` subjects and
    /// messages. Until it is done no other command must be applied.
    pub fn proceed(&mut self, items: usize, removed: &mut Vec<Removed>) -> Progress {
        let mut budget = items;
        while let Some(mut work) = self.work.pop_front() {
            if budget == 0 || !self.work_on(&mut work, &mut budget, removed) {
                self.work.push_front(work);
                return Progress::More;
            }
        }
        Progress::Done
    }

    /// There is something to [`proceed`](Self::proceed) with.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        !self.work.is_empty()
    }

    /// All messages that there were left at once, and are not among the removed ones.
    pub fn take_cleared(&mut self) -> bool {
        std::mem::take(&mut self.is_cleared)
    }

    /// The first message that a purge left, when one went on since this was asked last. Those
    /// before it may be among the removed ones.
    pub fn take_purged(&mut self) -> Option<u64> {
        self.purged_before.take()
    }

    /// The messages that were removed since this was asked last were purged by their subjects.
    pub fn take_purging(&mut self) -> bool {
        std::mem::take(&mut self.is_purging)
    }

    /// Does at once what is little.
    pub(super) fn begin_work(&mut self, removed: &mut Vec<Removed>) {
        if self.is_busy() {
            self.proceed(AT_ONCE, removed);
        }
    }

    /// Removes what is over the limits of the stream, and of the subject of the message `seq`.
    pub(super) fn make_room(&mut self, seq: u64, removed: &mut Vec<Removed>) {
        let mut budget = AT_ONCE;
        if self.max_per_subject() > 0
            && let Some(meta) = self.index.get(seq)
            && !self.trim_subject(meta.subject, &mut budget, removed)
        {
            self.work.push_back(Work::TrimSubjects { after: Vec::new() });
        }
        if self.config.discard == Discard::Old && !self.trim(&mut budget, removed) {
            self.work.push_back(Work::Trim);
        }
    }

    pub(super) fn roll_up(&mut self, rollup: Rollup, subject: &[u8], seq: u64) {
        let of_subject = || self.index.subjects().find(subject);
        self.work.extend(match rollup {
            Rollup::All => Some(Work::Front { end: seq, keep: 0 }),
            // As in nats-server, a subject of wildcards takes away whatever it matches.
            Rollup::Subject if anabranch_subject::grammar::has_wildcards(subject) => {
                Some(Work::Filter { filter: subject.to_vec(), end: seq, after: Vec::new() })
            }
            Rollup::Subject => of_subject().map(|id| Work::Subject { id, end: seq }),
        });
    }

    /// Goes on with one piece of work; whether it is done.
    fn work_on(&mut self, work: &mut Work, budget: &mut usize, removed: &mut Vec<Removed>) -> bool {
        match work {
            Work::Front { end, keep } => self.purge_front(*end, *keep, budget, removed),
            Work::Subject { id, end } => self.purge_subject(*id, *end, budget, removed),
            Work::Filter { filter, end, after } => {
                let end = *end;
                self.visit(filter, after, budget, &mut |stream, id, budget| {
                    stream.purge_subject(id, end, budget, removed)
                })
            }
            Work::Count { filter, keep, end, after, wanted } => {
                let counted = self.visit(filter, after, budget, &mut |stream, id, _| {
                    wanted.add(id, stream.index.subjects().state(id).count);
                    true
                });
                if counted {
                    let surplus = wanted.messages.saturating_sub(*keep);
                    let (wanted, seq) = (std::mem::take(wanted), self.index.first_seq());
                    *work = Work::Oldest { wanted, surplus, seq, end: *end };
                }
                // The rest comes with the next piece.
                false
            }
            Work::Oldest { wanted, surplus, seq, end } => {
                let done = self.purge_oldest(wanted, (seq, *end), surplus, budget);
                removed.extend(done.1);
                done.0
            }
            Work::TrimSubjects { after } => {
                self.visit(b">", after, budget, &mut |stream, id, budget| {
                    stream.trim_subject(id, budget, removed)
                })
            }
            Work::Trim => self.trim(budget, removed),
            Work::Unneeded { seq, end } => self.drop_unneeded_from(seq, *end, budget, removed),
        }
    }

    /// Visits the subjects that match behind `after`, by name. A visit that says it is not done
    /// is made again. Whether all were visited.
    fn visit(
        &mut self,
        filter: &[u8],
        after: &mut Vec<u8>,
        budget: &mut usize,
        visit: &mut dyn FnMut(&mut Self, SubjectId, &mut usize) -> bool,
    ) -> bool {
        let mut name = Vec::new();
        while *budget > 0 {
            let some = SUBJECTS_AT_ONCE.min(*budget);
            let subjects = self.index.subjects();
            let next: Vec<SubjectId> = subjects.walk(filter, after).take(some).collect();
            if next.is_empty() {
                return true;
            }
            for id in next {
                let subjects = self.index.subjects();
                name.clear();
                name.extend_from_slice(&subjects.name(id));
                if subjects.is_matched(id, filter) && !visit(self, id, budget) {
                    return false;
                }
                std::mem::swap(&mut name, after);
                *budget = budget.saturating_sub(1);
            }
        }
        false
    }

    fn purge_front(
        &mut self,
        end: u64,
        keep: u64,
        budget: &mut usize,
        removed: &mut Vec<Removed>,
    ) -> bool {
        let is_done = self.remove_front(end, keep, budget, removed);
        self.purged_before = Some(self.index.first_seq());
        is_done
    }

    fn remove_front(
        &mut self,
        end: u64,
        keep: u64,
        budget: &mut usize,
        removed: &mut Vec<Removed>,
    ) -> bool {
        while self.index.first_seq() < end && self.index.messages() > keep {
            match self.remove_one(self.index.first_seq(), budget, removed) {
                Step::Removed => {}
                Step::Later => return false,
                Step::Nothing => return true,
            }
        }
        true
    }

    fn purge_subject(
        &mut self,
        id: SubjectId,
        end: u64,
        budget: &mut usize,
        removed: &mut Vec<Removed>,
    ) -> bool {
        self.is_purging = true;
        loop {
            let state = self.index.subjects().state(id);
            if state.count == 0 || state.first >= end {
                return true;
            }
            match self.remove_one(state.first, budget, removed) {
                Step::Removed => {}
                Step::Later => return false,
                Step::Nothing => return true,
            }
        }
    }

    /// Looks at messages behind `seq`, one by one.
    fn purge_oldest(
        &mut self,
        wanted: &Wanted,
        (seq, end): (&mut u64, u64),
        surplus: &mut u64,
        budget: &mut usize,
    ) -> (bool, Vec<Removed>) {
        let messages = self.index.pages().iter_from(*seq);
        let looked: Vec<_> =
            messages.take(*budget).map(|(seq, meta)| (seq, meta.subject)).collect();
        let is_last = looked.len() < *budget;
        let mut removed = Vec::new();
        for (at, subject) in looked {
            if *surplus == 0 || at >= end {
                return (true, removed);
            }
            *seq = at + 1;
            *budget -= 1;
            if wanted.has(subject) {
                removed.extend(self.index.remove(at));
                *surplus -= 1;
            }
        }
        (is_last, removed)
    }

    fn max_per_subject(&self) -> u64 {
        u64::try_from(self.config.max_msgs_per_subject).unwrap_or(0)
    }

    fn trim_subject(
        &mut self,
        id: SubjectId,
        budget: &mut usize,
        removed: &mut Vec<Removed>,
    ) -> bool {
        let max = self.max_per_subject();
        loop {
            let state = self.index.subjects().state(id);
            if max == 0 || state.count <= max {
                return true;
            }
            match self.remove_one(state.first, budget, removed) {
                Step::Removed => {}
                Step::Later => return false,
                Step::Nothing => return true,
            }
        }
    }

    /// Removes from the front what is over `max_msgs` and `max_bytes`.
    fn trim(&mut self, budget: &mut usize, removed: &mut Vec<Removed>) -> bool {
        let limit = |max: i64| u64::try_from(max).ok().filter(|&max| max > 0);
        let StreamConfig { max_msgs, max_bytes, .. } = self.config;
        let (max_msgs, max_bytes) = (limit(max_msgs), limit(max_bytes));
        while max_msgs.is_some_and(|max| self.index.messages() > max)
            || max_bytes.is_some_and(|max| self.index.bytes() > max)
        {
            match self.remove_one(self.index.first_seq(), budget, removed) {
                Step::Removed => {}
                Step::Later => return false,
                Step::Nothing => return true,
            }
        }
        true
    }

    /// Removes messages that no consumer needs, from `seq` on, which goes on with them.
    fn drop_unneeded_from(
        &mut self,
        seq: &mut u64,
        end: u64,
        budget: &mut usize,
        removed: &mut Vec<Removed>,
    ) -> bool {
        while *budget > 0 {
            let found = self.index.pages().at_or_after((*seq).max(self.index.first_seq()));
            let Some((at, meta)) = found.filter(|&(at, _)| at < end) else { return true };
            *budget -= 1;
            *seq = at + 1;
            if !self.is_needed(at, &self.index.subjects().name(meta.subject)) {
                removed.extend(self.index.remove(at));
            }
        }
        false
    }

    /// Removes a message that is there.
    fn remove_one(&mut self, seq: u64, budget: &mut usize, removed: &mut Vec<Removed>) -> Step {
        if *budget == 0 {
            return Step::Later;
        }
        *budget -= 1;
        match self.index.remove(seq) {
            Some(gone) => {
                removed.push(gone);
                Step::Removed
            }
            None => Step::Nothing,
        }
    }
}

/// What became of a message that is to go.
enum Step {
    Removed,
    /// There is no time left.
    Later,
    /// It is not there, which only a checkpoint that is wrong can bring about.
    Nothing,
}
