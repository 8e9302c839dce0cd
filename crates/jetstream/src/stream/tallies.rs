//! How many messages behind a position match: kept exact as messages come and go, for those who
//! read a stream. Not kept on disk: it is counted when a reader comes.

use std::collections::{BTreeMap, BTreeSet};

use anabranch_subject::matching;

/// Who counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TallyId {
    group: u32,
    member: u32,
}

/// All counts of a stream.
#[derive(Debug, Clone, Default)]
pub(super) struct Tallies {
    groups: BTreeMap<u32, Group>,
    /// Groups by what they want.
    known: BTreeMap<Vec<String>, u32>,
    last_group: u32,
    /// Groups that want all messages, those of a subject, and those of a wildcard.
    all: Vec<u32>,
    literal: BTreeMap<Box<[u8]>, Vec<u32>>,
    wild: Vec<(Box<[u8]>, u32)>,
    /// Groups for which something came since that was asked last.
    stirred: Vec<u32>,
    /// Distinguishes the messages that come and go.
    stamp: u64,
}

/// Those who want the same.
#[derive(Debug, Clone, Default)]
struct Group {
    filters: Vec<String>,
    members: BTreeMap<u32, Member>,
    last_member: u32,
    /// Messages that came and went for all members alike.
    total: u64,
    /// Members that stand behind the next message, by their positions: nothing is to come for them
    /// until one of theirs comes.
    ahead: BTreeSet<(u64, u32)>,
    /// No member is before it, and none behind the other but those that are ahead.
    low: u64,
    high: u64,
    stamp: u64,
    is_stirred: bool,
}

/// One of them: it has what its group has without its own `less`, in wrapping numbers.
#[derive(Debug, Clone, Copy)]
struct Member {
    next: u64,
    less: u64,
}

impl Tallies {
    /// Counts for one more who stands before `next` and has `count` messages to come, the last of
    /// them not behind `last`.
    pub fn join(&mut self, filters: &[String], next: u64, count: u64, last: u64) -> TallyId {
        let known = self.known.get(filters).copied();
        let group = known.unwrap_or_else(|| self.add_group(filters));
        let Some(held) = self.groups.get_mut(&group) else { return TallyId { group, member: 0 } };
        held.last_member += 1;
        let member = held.last_member;
        let less = held.total.wrapping_sub(count);
        held.low = if held.members.is_empty() { next } else { held.low.min(next) };
        held.members.insert(member, Member { next, less });
        held.stand(member, next, last);
        TallyId { group, member }
    }

    fn add_group(&mut self, filters: &[String]) -> u32 {
        self.last_group += 1;
        let id = self.last_group;
        self.groups.insert(id, Group { filters: filters.to_vec(), ..Group::default() });
        self.known.insert(filters.to_vec(), id);
        if filters.is_empty() {
            self.all.push(id);
        }
        for filter in filters {
            let filter = filter.as_bytes();
            if filter == b">" {
                self.all.push(id);
            } else if anabranch_subject::grammar::has_wildcards(filter) {
                self.wild.push((filter.into(), id));
            } else {
                self.literal.entry(filter.into()).or_default().push(id);
            }
        }
        id
    }

    /// Counts for that one no more.
    pub fn leave(&mut self, id: TallyId) {
        let Some(group) = self.groups.get_mut(&id.group) else { return };
        if let Some(member) = group.members.remove(&id.member) {
            group.ahead.remove(&(member.next, id.member));
        }
        if group.members.is_empty() {
            let filters = std::mem::take(&mut group.filters);
            self.groups.remove(&id.group);
            self.known.remove(&filters);
            self.all.retain(|&other| other != id.group);
            self.wild.retain(|&(_, other)| other != id.group);
            self.stirred.retain(|&other| other != id.group);
            for filter in &filters {
                if let Some(groups) = self.literal.get_mut(filter.as_bytes()) {
                    groups.retain(|&other| other != id.group);
                    if groups.is_empty() {
                        self.literal.remove(filter.as_bytes());
                    }
                }
            }
        }
    }

    /// It goes on to `next`, and so many of what was to come lie behind it now. The last message
    /// is not behind `last`.
    pub fn advance(&mut self, id: TallyId, next: u64, passed: u64, last: u64) {
        let Some(group) = self.groups.get_mut(&id.group) else { return };
        let Some(member) = group.members.get_mut(&id.member) else { return };
        let before = std::mem::replace(&mut member.next, next);
        // Nothing was to come for one that stood ahead.
        member.less = match group.ahead.remove(&(before, id.member)) {
            true => group.total,
            false => member.less.wrapping_add(passed),
        };
        group.stand(id.member, next, last);
    }

    /// What is to come for it.
    pub fn pending(&self, id: TallyId) -> u64 {
        let member = |group: &Group| {
            let member = group.members.get(&id.member)?;
            let is_ahead = group.ahead.contains(&(member.next, id.member));
            (!is_ahead).then(|| group.total.wrapping_sub(member.less))
        };
        self.groups.get(&id.group).and_then(member).unwrap_or(0)
    }

    /// Where it stands.
    pub fn position(&self, id: TallyId) -> u64 {
        let group = self.groups.get(&id.group);
        group.and_then(|group| group.members.get(&id.member)).map_or(0, |member| member.next)
    }

    /// Nobody counts.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// The message `seq` came: the last one.
    pub fn came(&mut self, seq: u64, subject: &[u8]) {
        let Self { groups, stirred, .. } = self;
        let note = |id: u32, group: &mut Group| {
            group.total = group.total.wrapping_add(1);
            group.meet(seq);
            if !std::mem::replace(&mut group.is_stirred, true) {
                stirred.push(id);
            }
        };
        each(groups, (&self.all, &self.literal, &self.wild), &mut self.stamp, subject, note);
    }

    /// The message `seq` went.
    pub fn went(&mut self, seq: u64, subject: &[u8]) {
        let Self { groups, .. } = self;
        let note = |_, group: &mut Group| group.lose(seq);
        each(groups, (&self.all, &self.literal, &self.wild), &mut self.stamp, subject, note);
    }

    /// All messages went.
    pub fn all_went(&mut self) {
        for group in self.groups.values_mut() {
            let total = group.total;
            group.members.values_mut().for_each(|member| member.less = total);
        }
    }

    /// Those for whom something came since this was asked last.
    pub fn take_stirred(&mut self, found: &mut Vec<TallyId>) {
        for id in self.stirred.drain(..) {
            let Some(group) = self.groups.get_mut(&id) else { continue };
            group.is_stirred = false;
            found.extend(group.members.keys().map(|&member| TallyId { group: id, member }));
        }
    }
}

impl Group {
    /// A member stands before `next`.
    fn stand(&mut self, member: u32, next: u64, last: u64) {
        if next > last.saturating_add(1) {
            self.ahead.insert((next, member));
        } else {
            self.high = self.high.max(next);
        }
    }

    /// Members that were ahead of the message `seq`, which came, have it to come now.
    fn meet(&mut self, seq: u64) {
        while let Some(&(next, member)) = self.ahead.first().filter(|(next, _)| *next <= seq) {
            self.ahead.remove(&(next, member));
            self.high = self.high.max(next);
            if let Some(member) = self.members.get_mut(&member) {
                member.less = self.total.wrapping_sub(1);
            }
        }
    }

    fn lose(&mut self, seq: u64) {
        if seq < self.low {
            return;
        }
        if seq >= self.high {
            self.total = self.total.wrapping_sub(1);
            return;
        }
        self.low = u64::MAX;
        for member in self.members.values_mut() {
            if member.next <= seq {
                member.less = member.less.wrapping_add(1);
            }
            self.low = self.low.min(member.next);
        }
    }
}

/// Groups by what they want.
type Wanted<'a> = (&'a [u32], &'a BTreeMap<Box<[u8]>, Vec<u32>>, &'a [(Box<[u8]>, u32)]);

/// Calls `note` once for each group that wants the subject.
fn each(
    groups: &mut BTreeMap<u32, Group>,
    (all, literal, wild): Wanted<'_>,
    stamp: &mut u64,
    subject: &[u8],
    mut note: impl FnMut(u32, &mut Group),
) {
    *stamp += 1;
    let by_name = literal.get(subject).into_iter().flatten();
    let matching = wild.iter().filter(|(filter, _)| matching::matches(filter, subject));
    for &id in all.iter().chain(by_name).chain(matching.map(|(_, id)| id)) {
        let Some(group) = groups.get_mut(&id) else { continue };
        if std::mem::replace(&mut group.stamp, *stamp) != *stamp {
            note(id, group);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_those_of_messages_behind_the_position() {
        let mut tallies = Tallies::default();
        let filters = vec!["a.*".to_owned(), "*.b".to_owned()];
        let id = tallies.join(&filters, 1, 0, 0);
        for (seq, subject) in [(1, &b"a.b"[..]), (2, b"a.c"), (3, b"c.b"), (4, b"c.d")] {
            tallies.came(seq, subject);
        }
        assert_eq!(tallies.pending(id), 3, "a subject that both match counts once");
        tallies.advance(id, 2, 1, 4);
        tallies.went(1, b"a.b");
        assert_eq!(tallies.pending(id), 2, "it was behind the position");
        tallies.went(3, b"c.b");
        assert_eq!(tallies.pending(id), 1);
        let other = tallies.join(&filters, 5, 0, 4);
        tallies.came(5, b"a.x");
        assert_eq!((tallies.pending(id), tallies.pending(other)), (2, 1));
        tallies.went(2, b"a.c");
        assert_eq!((tallies.pending(id), tallies.pending(other)), (1, 1));
        let mut stirred = Vec::new();
        tallies.take_stirred(&mut stirred);
        assert_eq!(stirred, [id, other]);
        tallies.leave(id);
        tallies.went(5, b"a.x");
        assert_eq!(tallies.pending(other), 0);
    }
    #[test]
    fn who_stands_behind_the_next_message_has_nothing_to_come_until_then() {
        let mut tallies = Tallies::default();
        let here = tallies.join(&[], 1, 0, 0);
        let ahead = tallies.join(&[], 3, 0, 0);
        tallies.came(1, b"a");
        tallies.came(2, b"a");
        assert_eq!((tallies.pending(here), tallies.pending(ahead)), (2, 0));
        tallies.went(2, b"a");
        assert_eq!((tallies.pending(here), tallies.pending(ahead)), (1, 0));
        tallies.came(3, b"a");
        tallies.came(4, b"a");
        assert_eq!((tallies.pending(here), tallies.pending(ahead)), (3, 2));
        tallies.went(1, b"a");
        tallies.went(3, b"a");
        assert_eq!((tallies.pending(here), tallies.pending(ahead)), (1, 1));
        tallies.advance(ahead, 9, 1, 4);
        tallies.came(6, b"a");
        assert_eq!((tallies.pending(here), tallies.pending(ahead)), (2, 0));
        tallies.came(10, b"a");
        assert_eq!((tallies.pending(here), tallies.pending(ahead)), (3, 1));
    }

    #[test]
    fn who_stood_ahead_counts_from_where_it_goes_on() {
        let mut tallies = Tallies::default();
        let filters = vec!["a".to_owned()];
        let id = tallies.join(&filters, 100, 0, 50);
        tallies.came(51, b"a");
        assert_eq!(tallies.pending(id), 0, "it stands ahead of that");
        tallies.advance(id, 151, 0, 150);
        assert_eq!(tallies.pending(id), 0);
        tallies.came(151, b"a");
        assert_eq!(tallies.pending(id), 1);
    }
}
