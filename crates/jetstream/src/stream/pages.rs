//! What a stream knows of each message without its payload, by sequence.
//!
//! A page has the messages of 4096 sequences. Copies of all pages share them until one changes,
//! so that a checkpoint can write what is there while the stream goes on.

use std::collections::VecDeque;
use std::sync::Arc;

use super::bytes::DecodeError;
use super::page::{Head, Page, Row};
use super::snapshot::Part;
use super::stored::{PartsOrigin, Slot};
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

type PageSlot = Slot<Page, Head>;

/// Metadata of all live messages of a stream.
#[derive(Debug, Clone, Default)]
pub struct Pages {
    /// By number, which ascends; few numbers are missing in between.
    pages: VecDeque<(u64, Arc<PageSlot>)>,
    /// Where those are that were not read yet.
    origin: PartsOrigin,
    /// Noted in pages that change.
    epoch: u64,
}

impl Pages {
    /// The message `seq`, if it is there.
    #[must_use]
    pub fn get(&self, seq: u64) -> Option<Meta> {
        let page = self.page(seq / PAGE)?;
        page.live_row(position(seq)).map(|row| page.meta(row))
    }

    /// Looks at the message `seq`: what is known of it is near afterwards.
    pub fn approach(&self, seq: u64) {
        let slot = self.place(seq / PAGE).ok().and_then(|at| self.pages.get(at));
        let page = slot.and_then(|(_, slot)| slot.held());
        std::hint::black_box(page.map(|page| page.row(position(seq)).map(|row| page.next(row))));
    }

    /// Adds the message `seq`, which is higher than all others.
    pub fn insert(&mut self, seq: u64, meta: Meta) {
        let number = seq / PAGE;
        if let Some(page) = self.edit(number) {
            return page.insert(position(seq), meta);
        }
        let mut page = match self.pages.back() {
            Some((before, slot)) => Page::behind(self.read(*before, slot), meta),
            None => Page::default(),
        };
        page.changed = self.epoch;
        page.insert(position(seq), meta);
        self.pages.push_back((number, Arc::new(Slot::full(page, Head::default()))));
    }

    /// Removes the message `seq`; gives what was known of it.
    pub fn remove(&mut self, seq: u64) -> Option<Meta> {
        let number = seq / PAGE;
        let row = self.page(number)?.live_row(position(seq))?;
        let is_last = self.pages.back().is_some_and(|(last, _)| *last == number);
        let page = self.edit(number)?;
        let meta = page.meta(row);
        page.end(row);
        if page.live() == 0 {
            let at = self.place(number).ok()?;
            self.pages.remove(at);
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
            let page = self.page(at / PAGE);
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
        self.from(from / PAGE).find_map(|(number, slot)| {
            let page = self.read(number, slot);
            let first = page.row_from(start(number, from));
            let row = page.live_rows(first).find(|&row| wanted(page.subject(row)))?;
            Some(page.seq(number, row))
        })
    }

    /// The last live message of `subject` before `seq`.
    #[must_use]
    pub fn previous_of(&self, subject: SubjectId, seq: u64) -> Option<u64> {
        self.up_to(seq / PAGE).rev().find_map(|(number, slot)| {
            let page = self.read(number, slot);
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
        self.up_to(seq / PAGE).rev().find_map(|(number, slot)| {
            let page = self.read(number, slot);
            let is_last = number == seq / PAGE;
            let end = if is_last { page.row_from(position(seq) + 1) } else { page.end_row() };
            let row = page.live_rows_before(end).next()?;
            Some((page.seq(number, row), page.meta(row)))
        })
    }

    /// Live messages from `from` on, in order.
    pub fn iter_from(&self, from: u64) -> impl Iterator<Item = (u64, Meta)> {
        self.from(from / PAGE).flat_map(move |(number, slot)| {
            let page = self.read(number, slot);
            let first = page.row_from(start(number, from));
            page.live_rows(first).map(move |row| (page.seq(number, row), page.meta(row)))
        })
    }

    /// The first live message at or behind `from` that `max_age` may end.
    #[must_use]
    pub fn first_that_ages(&self, from: u64) -> Option<(u64, Meta)> {
        self.from(from / PAGE).filter(|(_, slot)| head(slot).ages).find_map(|(number, slot)| {
            let page = self.read(number, slot);
            let first = page.row_from(start(number, from));
            let row = page.live_rows(first).find(|&row| !page.meta(row).never_expires)?;
            Some((page.seq(number, row), page.meta(row)))
        })
    }

    /// Live messages with a sequence from `from` to `to`, both included.
    #[must_use]
    pub fn count(&self, from: u64, to: u64) -> u64 {
        if from > to {
            return 0;
        }
        let pages = self.from(from / PAGE).take_while(|&(number, _)| number <= to / PAGE);
        let counted = pages.map(|(number, slot)| {
            let (first, is_last) = (start(number, from), number == to / PAGE);
            if first == 0 && !is_last {
                return u64::from(head(slot).live);
            }
            let page = self.read(number, slot);
            let end = if is_last { page.row_from(position(to) + 1) } else { page.end_row() };
            page.count(page.row_from(first), end)
        });
        counted.sum()
    }

    /// The sequence of the first live message stored at or after `time`; times grow with
    /// sequences.
    #[must_use]
    pub fn first_at(&self, time: i64) -> Option<u64> {
        let mut young = self.from(0).filter(|(_, slot)| head(slot).last_time >= time);
        young.find_map(|(number, slot)| {
            let page = self.read(number, slot);
            let row = page.live_rows(Row::FIRST).find(|&row| page.meta(row).time >= time)?;
            Some(page.seq(number, row))
        })
    }

    /// Forgets all messages.
    pub fn clear(&mut self) {
        self.pages.clear();
    }

    /// The place of a page, or where it would be.
    fn place(&self, number: u64) -> Result<usize, usize> {
        let first = self.pages.front().map_or(0, |(first, _)| *first);
        let at = number.checked_sub(first).and_then(|at| usize::try_from(at).ok());
        // Without gaps, that is where it is.
        match at.filter(|&at| self.pages.get(at).is_some_and(|(held, _)| *held == number)) {
            Some(at) => Ok(at),
            None => self.pages.binary_search_by_key(&number, |(held, _)| *held),
        }
    }

    fn page(&self, number: u64) -> Option<&Page> {
        let at = self.place(number).ok()?;
        self.pages.get(at).map(|(number, slot)| self.read(*number, slot))
    }

    fn read<'a>(&'a self, number: u64, slot: &'a PageSlot) -> &'a Page {
        slot.get(Part::Page(number), &self.origin)
    }

    /// Pages from this number on.
    fn from(&self, number: u64) -> impl Iterator<Item = (u64, &PageSlot)> {
        let at = self.place(number).unwrap_or_else(|at| at);
        self.pages.range(at..).map(|(number, slot)| (*number, &**slot))
    }

    /// Pages up to this number.
    fn up_to(&self, number: u64) -> impl DoubleEndedIterator<Item = (u64, &PageSlot)> {
        let end = self.place(number).map_or_else(|at| at, |at| at + 1);
        self.pages.range(..end).map(|(number, slot)| (*number, &**slot))
    }

    fn edit(&mut self, number: u64) -> Option<&mut Page> {
        let at = self.place(number).ok()?;
        let (_, slot) = self.pages.get_mut(at)?;
        // Those that share it have it then, too.
        slot.get(Part::Page(number), &self.origin);
        let page = Arc::make_mut(slot).get_mut()?;
        page.changed = self.epoch;
        Some(page)
    }
}

/// For checkpoints.
impl Pages {
    /// Pages that change from now on are of this epoch.
    pub fn set_epoch(&mut self, epoch: u64) {
        self.epoch = epoch;
    }

    /// Where the pages are that were not read yet.
    pub fn set_origin(&mut self, origin: PartsOrigin) {
        self.origin = origin;
    }

    /// All pages are in memory.
    #[must_use]
    pub fn are_held(&self) -> bool {
        self.pages.iter().all(|(_, slot)| slot.held().is_some())
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pages.len()
    }

    /// Numbers of all pages, and in which epoch each changed last.
    pub fn numbers(&self) -> impl Iterator<Item = (u64, u64)> {
        let changed = |slot: &PageSlot| slot.held().map_or(0, |page| page.changed);
        self.pages.iter().map(move |(number, slot)| (*number, changed(slot)))
    }

    /// Numbers of all pages, and what is known of each.
    pub fn heads(&self) -> impl Iterator<Item = (u64, Head)> {
        self.pages.iter().map(|(number, slot)| (*number, head(slot)))
    }

    /// Appends everything that it takes to be this page again.
    pub fn save(&self, number: u64, into: &mut Vec<u8>) {
        if let Some(page) = self.page(number) {
            page.save(into);
        }
    }

    /// There is this page behind the others.
    ///
    /// # Errors
    /// When there are no such pages.
    pub fn expect(&mut self, number: u64, head: Head) -> Result<(), DecodeError> {
        let is_behind = self.pages.back().is_none_or(|(last, _)| *last < number);
        if number > u64::MAX / PAGE || !is_behind {
            return Err(DecodeError::Field("page"));
        }
        self.pages.push_back((number, Arc::new(Slot::empty(head))));
        Ok(())
    }

    /// Takes the page that [`Self::save`] wrote, and that was expected.
    ///
    /// # Errors
    /// When the bytes are none of its.
    pub fn load(&mut self, number: u64, bytes: &[u8]) -> Result<(), DecodeError> {
        self.expected(number)?.fill(bytes)
    }

    /// The page that was expected and not taken.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn expected(&self, number: u64) -> Result<&PageSlot, DecodeError> {
        let at = self.place(number).ok().and_then(|at| self.pages.get(at));
        let expected = at.filter(|(_, slot)| slot.held().is_none());
        expected.map(|(_, slot)| &**slot).ok_or(DecodeError::Field("page"))
    }
}

/// What is known of a page.
fn head(slot: &PageSlot) -> Head {
    slot.held().map_or_else(|| slot.head(), Page::head)
}

/// The position in page `number` at which to begin.
fn start(number: u64, from: u64) -> u16 {
    if number == from / PAGE { position(from) } else { 0 }
}

fn position(seq: u64) -> u16 {
    u16::try_from(seq % PAGE).expect("a page has few positions")
}
