//! What a stream knows of each message without its payload, in columns by sequence.

use std::collections::BTreeMap;

use super::subjects::SubjectId;

/// Messages of one page.
const PAGE: u64 = 4096;
const PAGE_LEN: usize = 4096;

/// Where the stored bytes of a message are, as whoever stores them says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Location(pub u64);

/// Facts about one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta {
    /// Its subject.
    pub subject: SubjectId,
    /// When it was stored, in nanoseconds since 1970.
    pub time: i64,
    /// Bytes that it counts in the stream's state.
    pub size: u32,
    /// `max_age` does not end it (`Nats-TTL: never`).
    pub never_expires: bool,
    /// It marks that its subject's last message is gone (`Nats-Marker-Reason`).
    pub is_marker: bool,
    /// Where its bytes are.
    pub location: Location,
}

const LIVE: u8 = 1;
const NEVER_EXPIRES: u8 = 2;
const MARKER: u8 = 4;

/// One page. Columns are as long as the highest position that was ever filled.
#[derive(Debug, Clone, Default)]
struct Page {
    subjects: Vec<Option<SubjectId>>,
    times: Vec<i64>,
    sizes: Vec<u32>,
    flags: Vec<u8>,
    locations: Vec<Location>,
    /// Distance to the next message of the same subject; 0: unknown.
    next: Vec<u32>,
    live: u32,
}

impl Page {
    fn fill_to(&mut self, len: usize) {
        if self.flags.len() < len {
            self.subjects.resize(len, None);
            self.times.resize(len, 0);
            self.sizes.resize(len, 0);
            self.flags.resize(len, 0);
            self.locations.resize(len, Location::default());
            self.next.resize(len, 0);
        }
    }

    fn meta(&self, at: usize) -> Option<Meta> {
        let flags = *self.flags.get(at)?;
        if flags & LIVE == 0 {
            return None;
        }
        Some(Meta {
            subject: self.subjects[at]?,
            time: self.times[at],
            size: self.sizes[at],
            never_expires: flags & NEVER_EXPIRES != 0,
            is_marker: flags & MARKER != 0,
            location: self.locations[at],
        })
    }
}

/// Metadata of all live messages of a stream.
#[derive(Debug, Clone, Default)]
pub struct Pages {
    pages: BTreeMap<u64, Page>,
}

impl Pages {
    /// The message `seq`, if it is there.
    #[must_use]
    pub fn get(&self, seq: u64) -> Option<Meta> {
        self.pages.get(&(seq / PAGE))?.meta(position(seq))
    }

    /// Adds the message `seq`, which is not there.
    pub fn insert(&mut self, seq: u64, meta: Meta) {
        let page = self.pages.entry(seq / PAGE).or_default();
        let at = position(seq);
        page.fill_to(at + 1);
        let mut flags = LIVE;
        if meta.never_expires {
            flags |= NEVER_EXPIRES;
        }
        if meta.is_marker {
            flags |= MARKER;
        }
        page.subjects[at] = Some(meta.subject);
        page.times[at] = meta.time;
        page.sizes[at] = meta.size;
        page.flags[at] = flags;
        page.locations[at] = meta.location;
        page.next[at] = 0;
        page.live += 1;
    }

    /// Removes the message `seq`; gives what was known of it.
    pub fn remove(&mut self, seq: u64) -> Option<Meta> {
        let page = self.pages.get_mut(&(seq / PAGE))?;
        let at = position(seq);
        let meta = page.meta(at)?;
        page.flags[at] &= !LIVE;
        page.live -= 1;
        if page.live == 0 {
            self.pages.remove(&(seq / PAGE));
        }
        Some(meta)
    }

    /// Says where the bytes of `seq` are.
    pub fn set_location(&mut self, seq: u64, location: Location) {
        if let Some(page) = self.pages.get_mut(&(seq / PAGE))
            && let Some(held) = page.locations.get_mut(position(seq))
        {
            *held = location;
        }
    }

    /// Notes that `next` is the message of the same subject that follows `seq`.
    pub fn link(&mut self, seq: u64, next: u64) {
        if let Some(page) = self.pages.get_mut(&(seq / PAGE))
            && let Some(held) = page.next.get_mut(position(seq))
        {
            *held = u32::try_from(next - seq).unwrap_or(0);
        }
    }

    /// The first live message of `subject` behind `seq`, which it has or had. There must be one.
    #[must_use]
    pub fn next_of(&self, subject: SubjectId, seq: u64) -> Option<u64> {
        let mut at = seq;
        loop {
            let page = self.pages.get(&(at / PAGE));
            let step = page.and_then(|p| p.next.get(position(at))).copied().unwrap_or(0);
            if step == 0 {
                return self.scan_forward(subject, at + 1);
            }
            at += u64::from(step);
            match self.get(at) {
                Some(meta) if meta.subject == subject => return Some(at),
                _ => {}
            }
        }
    }

    fn scan_forward(&self, subject: SubjectId, from: u64) -> Option<u64> {
        self.pages.range(from / PAGE..).find_map(|(&number, page)| {
            let start = if number == from / PAGE { position(from) } else { 0 };
            let mut rest = page.subjects.get(start..)?.iter().zip(start..);
            rest.find(|&(&held, at)| held == Some(subject) && page.flags[at] & LIVE != 0)
                .map(|(_, at)| sequence(number, at))
        })
    }

    /// The last live message of `subject` before `seq`.
    #[must_use]
    pub fn previous_of(&self, subject: SubjectId, seq: u64) -> Option<u64> {
        self.pages.range(..=seq / PAGE).rev().find_map(|(&number, page)| {
            let end = if number == seq / PAGE { position(seq) } else { PAGE_LEN };
            let end = end.min(page.subjects.len());
            let found = (0..end)
                .rev()
                .find(|&at| page.subjects[at] == Some(subject) && page.flags[at] & LIVE != 0)?;
            Some(sequence(number, found))
        })
    }

    /// The first live message at or behind `seq`.
    #[must_use]
    pub fn at_or_after(&self, seq: u64) -> Option<(u64, Meta)> {
        self.pages.range(seq / PAGE..).find_map(|(&number, page)| {
            let start = if number == seq / PAGE { position(seq) } else { 0 };
            let rest = page.flags.get(start..)?;
            let at = start + rest.iter().position(|flags| flags & LIVE != 0)?;
            page.meta(at).map(|meta| (sequence(number, at), meta))
        })
    }

    /// The last live message at or before `seq`.
    #[must_use]
    pub fn at_or_before(&self, seq: u64) -> Option<(u64, Meta)> {
        self.pages.range(..=seq / PAGE).rev().find_map(|(&number, page)| {
            let end = if number == seq / PAGE { position(seq) + 1 } else { PAGE_LEN };
            let head = page.flags.get(..end.min(page.flags.len()))?;
            let at = head.iter().rposition(|flags| flags & LIVE != 0)?;
            page.meta(at).map(|meta| (sequence(number, at), meta))
        })
    }

    /// Live messages from `from` on, in order.
    pub fn iter_from(&self, from: u64) -> impl Iterator<Item = (u64, Meta)> {
        let start = from / PAGE;
        self.pages.range(start..).flat_map(move |(&number, page)| {
            let first = if number == start { position(from) } else { 0 };
            (first..page.flags.len())
                .filter_map(move |at| page.meta(at).map(|meta| (sequence(number, at), meta)))
        })
    }

    /// Live messages with a sequence from `from` to `to`, both included.
    #[must_use]
    pub fn count(&self, from: u64, to: u64) -> u64 {
        if from > to {
            return 0;
        }
        let whole = |number: u64| number * PAGE >= from && number * PAGE + (PAGE - 1) <= to;
        let counted = self.pages.range(from / PAGE..=to / PAGE).map(|(&number, page)| {
            if whole(number) {
                return u64::from(page.live);
            }
            let live = page.flags.iter().zip(0u64..).filter(|&(flags, at)| {
                let seq = number * PAGE + at;
                flags & LIVE != 0 && seq >= from && seq <= to
            });
            live.map(|_| 1).sum()
        });
        counted.sum()
    }

    /// The sequence of the first live message stored at or after `time`; times grow with
    /// sequences.
    #[must_use]
    pub fn first_at(&self, time: i64) -> Option<u64> {
        let page = self.pages.iter().find(|(_, page)| {
            let last = page.flags.iter().rposition(|flags| flags & LIVE != 0);
            last.is_some_and(|at| page.times[at] >= time)
        });
        let (&number, _) = page?;
        let mut rest = self.iter_from(number * PAGE);
        rest.find(|(_, meta)| meta.time >= time).map(|(seq, _)| seq)
    }

    /// Forgets all messages.
    pub fn clear(&mut self) {
        self.pages.clear();
    }
}

fn position(seq: u64) -> usize {
    usize::try_from(seq % PAGE).expect("a page has few positions")
}

fn sequence(page: u64, at: usize) -> u64 {
    page * PAGE + u64::try_from(at).expect("a page has few positions")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::subjects::Subjects;

    fn meta(subject: SubjectId, time: i64) -> Meta {
        let location = Location::default();
        Meta { subject, time, size: 1, never_expires: false, is_marker: false, location }
    }

    #[test]
    fn walks_a_subject_over_gaps_and_dropped_pages() {
        let mut subjects = Subjects::new(1);
        let (a, b) = (subjects.add(b"a", 1), subjects.add(b"b", 2));
        let mut pages = Pages::default();
        let mut last = None;
        for seq in 1..=20_000u64 {
            let subject = if seq % 100 == 0 { a } else { b };
            pages.insert(seq, meta(subject, 0));
            if subject == a
                && let Some(before) = last.replace(seq)
            {
                pages.link(before, seq);
            }
        }
        for seq in 4_096..12_288 {
            assert!(pages.remove(seq).is_some());
        }
        assert_eq!(pages.next_of(a, 4_000), Some(12_300));
        assert_eq!(pages.previous_of(a, 12_300), Some(4_000));
        assert_eq!(pages.next_of(a, 12_300), Some(12_400));
        assert_eq!(pages.at_or_after(5_000).map(|(seq, _)| seq), Some(12_288));
        assert_eq!(pages.at_or_before(12_287).map(|(seq, _)| seq), Some(4_095));
        assert_eq!(pages.count(1, 20_000), 20_000 - 8_192);
        assert_eq!(pages.count(4_000, 12_300), 96 + 13);
        assert_eq!(pages.iter_from(4_094).map(|(seq, _)| seq).nth(2), Some(12_288));
    }

    #[test]
    fn finds_the_first_message_of_a_time() {
        let mut subjects = Subjects::new(1);
        let a = subjects.add(b"a", 1);
        let mut pages = Pages::default();
        for seq in 1..=10_000u64 {
            pages.insert(seq, meta(a, i64::try_from(seq).expect("small") * 10));
        }
        assert_eq!(pages.first_at(0), Some(1));
        assert_eq!(pages.first_at(50_001), Some(5_001));
        assert_eq!(pages.first_at(100_000), Some(10_000));
        assert_eq!(pages.first_at(100_001), None);
    }
}
