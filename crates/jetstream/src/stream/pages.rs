//! What a stream knows of each message without its payload, by sequence.
//!
//! A page has the messages of 4096 sequences. Copies of all pages share them until one changes,
//! so that a checkpoint can write what is there while the stream goes on.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::bytes::{Bytes, DecodeError};
use super::page::{Page, Row};
use super::subjects::SubjectId;

/// Messages of one page.
pub(super) const PAGE: u64 = 4096;

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

/// Metadata of all live messages of a stream.
#[derive(Debug, Clone, Default)]
pub struct Pages {
    pages: BTreeMap<u64, Arc<Page>>,
    /// Noted in pages that change.
    epoch: u64,
}

impl Pages {
    /// The message `seq`, if it is there.
    #[must_use]
    pub fn get(&self, seq: u64) -> Option<Meta> {
        let page = self.pages.get(&(seq / PAGE))?;
        page.live_row(position(seq)).map(|row| page.meta(row))
    }

    /// Adds the message `seq`, which is higher than all others.
    pub fn insert(&mut self, seq: u64, meta: Meta) {
        let number = seq / PAGE;
        if let Some(page) = self.edit(number) {
            return page.insert(position(seq), meta);
        }
        let mut page = match self.pages.last_key_value() {
            Some((_, before)) => Page::behind(before, meta),
            None => Page::default(),
        };
        page.changed = self.epoch;
        page.insert(position(seq), meta);
        self.pages.insert(number, Arc::new(page));
    }

    /// Removes the message `seq`; gives what was known of it.
    pub fn remove(&mut self, seq: u64) -> Option<Meta> {
        let number = seq / PAGE;
        let row = self.pages.get(&number)?.live_row(position(seq))?;
        let is_last = self.pages.last_key_value().is_some_and(|(&last, _)| last == number);
        let page = self.edit(number)?;
        let meta = page.meta(row);
        page.end(row);
        if page.live() == 0 {
            self.pages.remove(&number);
        } else if !is_last {
            page.compact();
        }
        Some(meta)
    }

    /// The message `seq` is about to be removed while others of its subject before it stay: the
    /// way to what follows goes over it.
    pub fn keep_links(&mut self, seq: u64) {
        if let Some(page) = self.edit(seq / PAGE) {
            page.keep_links();
        }
    }

    /// Says where the bytes of `seq` are.
    pub fn set_location(&mut self, seq: u64, location: Location) {
        if let Some(page) = self.edit(seq / PAGE) {
            page.set_location(position(seq), location);
        }
    }

    /// Notes that `next` is the message of the same subject that follows `seq`.
    pub fn link(&mut self, seq: u64, next: u64) {
        if let Some(page) = self.edit(seq / PAGE) {
            page.link(position(seq), next - seq);
        }
    }

    /// The first live message of `subject` behind `seq`, which it has or had. There must be one.
    #[must_use]
    pub fn next_of(&self, subject: SubjectId, seq: u64) -> Option<u64> {
        let mut at = seq;
        loop {
            let page = self.pages.get(&(at / PAGE));
            let step = page.and_then(|page| Some(page.next(page.row(position(at))?)));
            let Some(step) = step.filter(|&step| step > 0) else {
                return self.scan_forward(subject, at + 1);
            };
            at = at.checked_add(step)?;
            if self.get(at).is_some_and(|meta| meta.subject == subject) {
                return Some(at);
            }
        }
    }

    fn scan_forward(&self, subject: SubjectId, from: u64) -> Option<u64> {
        self.find_from(from, |held| held == subject)
    }

    /// The first live message at or behind `from` whose subject is wanted.
    #[must_use]
    pub fn find_from(&self, from: u64, wanted: impl Fn(SubjectId) -> bool) -> Option<u64> {
        self.pages.range(from / PAGE..).find_map(|(&number, page)| {
            let first = page.row_from(start(number, from));
            let row = page.live_rows(first).find(|&row| wanted(page.subject(row)))?;
            Some(page.seq(number, row))
        })
    }

    /// The last live message of `subject` before `seq`.
    #[must_use]
    pub fn previous_of(&self, subject: SubjectId, seq: u64) -> Option<u64> {
        self.pages.range(..=seq / PAGE).rev().find_map(|(&number, page)| {
            let end =
                if number == seq / PAGE { page.row_from(position(seq)) } else { page.end_row() };
            let row = page.live_rows_before(end).find(|&row| page.subject(row) == subject)?;
            Some(page.seq(number, row))
        })
    }

    /// The first live message at or behind `seq`.
    #[must_use]
    pub fn at_or_after(&self, seq: u64) -> Option<(u64, Meta)> {
        self.iter_from(seq).next()
    }

    /// The last live message at or before `seq`.
    #[must_use]
    pub fn at_or_before(&self, seq: u64) -> Option<(u64, Meta)> {
        self.pages.range(..=seq / PAGE).rev().find_map(|(&number, page)| {
            let is_last = number == seq / PAGE;
            let end = if is_last { page.row_from(position(seq) + 1) } else { page.end_row() };
            let row = page.live_rows_before(end).next()?;
            Some((page.seq(number, row), page.meta(row)))
        })
    }

    /// Live messages from `from` on, in order.
    pub fn iter_from(&self, from: u64) -> impl Iterator<Item = (u64, Meta)> {
        self.pages.range(from / PAGE..).flat_map(move |(&number, page)| {
            let first = page.row_from(start(number, from));
            page.live_rows(first).map(move |row| (page.seq(number, row), page.meta(row)))
        })
    }

    /// The first live message at or behind `from` that `max_age` may end.
    #[must_use]
    pub fn first_that_ages(&self, from: u64) -> Option<(u64, Meta)> {
        self.pages.range(from / PAGE..).filter(|(_, page)| page.ages()).find_map(
            |(&number, page)| {
                let first = page.row_from(start(number, from));
                let row = page.live_rows(first).find(|&row| !page.meta(row).never_expires)?;
                Some((page.seq(number, row), page.meta(row)))
            },
        )
    }

    /// Live messages with a sequence from `from` to `to`, both included.
    #[must_use]
    pub fn count(&self, from: u64, to: u64) -> u64 {
        if from > to {
            return 0;
        }
        let counted = self.pages.range(from / PAGE..=to / PAGE).map(|(&number, page)| {
            let first = page.row_from(start(number, from));
            let last = number == to / PAGE;
            let end = if last { page.row_from(position(to) + 1) } else { page.end_row() };
            page.count(first, end)
        });
        counted.sum()
    }

    /// The sequence of the first live message stored at or after `time`; times grow with
    /// sequences.
    #[must_use]
    pub fn first_at(&self, time: i64) -> Option<u64> {
        let young = self.pages.iter().filter(|(_, page)| page.last_time() >= time);
        let mut found = young.filter_map(|(&number, page)| {
            let row = page.live_rows(Row::FIRST).find(|&row| page.meta(row).time >= time)?;
            Some(page.seq(number, row))
        });
        found.next()
    }

    /// Forgets all messages.
    pub fn clear(&mut self) {
        self.pages.clear();
    }

    fn edit(&mut self, number: u64) -> Option<&mut Page> {
        let page = Arc::make_mut(self.pages.get_mut(&number)?);
        page.changed = self.epoch;
        Some(page)
    }

    /// Pages that change from now on are of this epoch.
    pub fn set_epoch(&mut self, epoch: u64) {
        self.epoch = epoch;
    }

    /// Numbers of all pages, and in which epoch each changed last.
    pub fn numbers(&self) -> impl Iterator<Item = (u64, u64)> {
        self.pages.iter().map(|(&number, page)| (number, page.changed))
    }

    /// Appends everything that it takes to be this page again.
    pub fn save(&self, number: u64, into: &mut Vec<u8>) {
        if let Some(page) = self.pages.get(&number) {
            page.save(into);
        }
    }

    /// Adds the page that [`Self::save`] wrote; gives how many messages it has.
    ///
    /// # Errors
    /// When the bytes are none of its.
    pub fn load(&mut self, number: u64, bytes: &mut Bytes<'_>) -> Result<u32, DecodeError> {
        let page = Page::load(bytes)?;
        let messages = page.live();
        let is_number = number <= u64::MAX / PAGE;
        if !is_number || self.pages.insert(number, Arc::new(page)).is_some() {
            return Err(DecodeError::Field("page"));
        }
        Ok(messages)
    }
}

/// The position in page `number` at which to begin.
fn start(number: u64, from: u64) -> u16 {
    if number == from / PAGE { position(from) } else { 0 }
}

fn position(seq: u64) -> u16 {
    u16::try_from(seq % PAGE).expect("a page has few positions")
}
