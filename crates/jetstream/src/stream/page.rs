//! One page of messages. Of what left it the rest stays until most has left; then only what is
//! live is kept.

use super::bytes::{Bytes, DecodeError, put_varint};
use super::pages::{Location, Meta, PAGE};
use super::rows::{Begin, Rows};
use super::stored::Keepable;
use super::subjects::SubjectId;

const SUBJECT: usize = 0;
const TIME: usize = 1;
const SIZE: usize = 2;
const KIND: usize = 3;
/// The upper and the lower half of a location differ in what they need.
const OFFSET: usize = 4;
const LENGTH: usize = 5;
/// Distance to the next message of the same subject; 0: unknown.
const NEXT: usize = 6;

const NEVER_EXPIRES: u64 = 1;
const MARKER: u64 = 2;

/// Fewer rows are not worth moving.
const ROWS_MIN: usize = 64;
const ROWS_MAX: usize = 4096;
const LIVE_MAX: u32 = 4096;

/// The messages of one page: rows in the order of their sequences.
#[derive(Debug, Clone, Default)]
pub struct Page {
    rows: Rows<7>,
    /// The positions of the rows; none while row `n` is at position `n`.
    positions: Option<Vec<u16>>,
    /// A bit for each row.
    live: Vec<u64>,
    live_count: u32,
    /// Rows that are not live show the way to what follows.
    keeps_links: bool,
    /// The epoch in which it changed last.
    pub(super) changed: u64,
}

/// What is known of a page that is not in memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Head {
    /// Messages that are live: 1 to 4096.
    pub(super) live: u32,
    /// When the message of the last row was stored.
    pub(super) last_time: i64,
    /// There may be messages that `max_age` ends.
    pub(super) ages: bool,
}

impl Head {
    pub(super) fn save(&self, into: &mut Vec<u8>) {
        put_varint(into, u64::from(self.live) << 1 | u64::from(self.ages));
        into.extend_from_slice(&self.last_time.to_le_bytes());
    }

    pub(super) fn load(bytes: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        let (facts, last_time) = (bytes.varint()?, bytes.i64()?);
        let live = u32::try_from(facts >> 1).ok().filter(|live| (1..=LIVE_MAX).contains(live));
        let live = live.ok_or(DecodeError::Field("page"))?;
        Ok(Self { live, last_time, ages: facts & 1 != 0 })
    }
}

/// A row of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row(usize);

impl Row {
    pub(super) const FIRST: Self = Self(0);
}

impl Page {
    /// An empty page for messages like those of the page before, of which `first` is the first.
    pub(super) fn behind(before: &Self, first: Meta) -> Self {
        let (time, size) = (Begin::At(unsigned(first.time)), Begin::At(u64::from(first.size)));
        let begin =
            [Begin::At(0), time, size, Begin::Anew, Begin::Alike, Begin::Alike, Begin::Anew];
        Self { rows: Rows::like(&before.rows, begin), ..Self::default() }
    }

    pub(super) fn insert(&mut self, at: u16, meta: Meta) {
        assert!(self.positions.is_none(), "only the last page grows, which is never compacted");
        let row = usize::from(at);
        self.rows.fill_to(row + 1);
        self.live.resize(row / 64 + 1, 0);
        self.rows.set(row, SUBJECT, u64::from(meta.subject.number()));
        self.rows.set(row, TIME, unsigned(meta.time));
        self.rows.set(row, SIZE, u64::from(meta.size));
        let flag = |on: bool, bit: u64| if on { bit } else { 0 };
        let kind = flag(meta.never_expires, NEVER_EXPIRES) | flag(meta.is_marker, MARKER);
        self.rows.set(row, KIND, kind);
        self.rows.set(row, NEXT, 0);
        self.live[row / 64] |= 1 << (row % 64);
        self.live_count += 1;
        if meta.location != Location::default() {
            self.set_location(at, meta.location);
        }
        if row + 1 == ROWS_MAX {
            self.rows.shrink();
        }
    }

    pub(super) fn set_location(&mut self, at: u16, location: Location) {
        if let Some(Row(row)) = self.row(at) {
            self.rows.set(row, OFFSET, location.0 >> 32);
            self.rows.set(row, LENGTH, location.0 & u64::from(u32::MAX));
        }
    }

    /// The next message of the same subject is so far away.
    pub(super) fn link(&mut self, at: u16, distance: u64) {
        if let Some(Row(row)) = self.row(at) {
            self.rows.set(row, NEXT, distance);
        }
    }

    /// Messages that are live.
    pub(super) fn live(&self) -> u32 {
        self.live_count
    }

    /// A message leaves.
    pub(super) fn end(&mut self, row: Row) {
        let Row(row) = row;
        self.live[row / 64] &= !(1 << (row % 64));
        self.live_count -= 1;
    }

    pub(super) fn keep_links(&mut self) {
        self.keeps_links = true;
    }

    /// Lets go of rows that are not live, if they are many.
    pub(super) fn compact(&mut self) {
        let live = usize::try_from(self.live_count).unwrap_or(usize::MAX);
        let share = if self.positions.is_some() { 2 } else { 4 };
        if self.keeps_links || self.rows.len() < ROWS_MIN || live * share > self.rows.len() {
            return;
        }
        let narrow = |row: Row| u16::try_from(row.0).expect("a page has few rows");
        let rows: Vec<u16> = self.live_rows(Row::FIRST).map(narrow).collect();
        let position = |&row: &u16| self.position(Row(usize::from(row)));
        self.positions = Some(rows.iter().map(position).collect());
        self.rows = self.rows.select(&rows);
        self.live = vec![u64::MAX; live.div_ceil(64)];
        if let Some(last) = self.live.last_mut().filter(|_| live % 64 > 0) {
            *last = (1 << (live % 64)) - 1;
        }
    }

    /// The row at this position, live or not.
    pub(super) fn row(&self, at: u16) -> Option<Row> {
        match &self.positions {
            None => Some(usize::from(at)).filter(|&row| row < self.rows.len()).map(Row),
            Some(positions) => positions.binary_search(&at).ok().map(Row),
        }
    }

    /// The first row at or behind this position.
    pub(super) fn row_from(&self, at: u16) -> Row {
        Row(match &self.positions {
            None => usize::from(at).min(self.rows.len()),
            Some(positions) => positions.partition_point(|&held| held < at),
        })
    }

    /// Behind the last row.
    pub(super) fn end_row(&self) -> Row {
        Row(self.rows.len())
    }

    pub(super) fn live_row(&self, at: u16) -> Option<Row> {
        self.row(at).filter(|row| self.live[row.0 / 64] & (1 << (row.0 % 64)) != 0)
    }

    fn position(&self, row: Row) -> u16 {
        match &self.positions {
            None => u16::try_from(row.0).expect("a page has few rows"),
            Some(positions) => positions[row.0],
        }
    }

    pub(super) fn seq(&self, number: u64, row: Row) -> u64 {
        number * PAGE + u64::from(self.position(row))
    }

    pub(super) fn subject(&self, row: Row) -> SubjectId {
        SubjectId::of(self.rows.get(row.0, SUBJECT))
    }

    pub(super) fn next(&self, row: Row) -> u64 {
        self.rows.get(row.0, NEXT)
    }

    pub(super) fn meta(&self, row: Row) -> Meta {
        let get = |field| self.rows.get(row.0, field);
        let kind = get(KIND);
        Meta {
            subject: self.subject(row),
            time: signed(get(TIME)),
            size: u32::try_from(get(SIZE)).unwrap_or(u32::MAX),
            never_expires: kind & NEVER_EXPIRES != 0,
            is_marker: kind & MARKER != 0,
            location: Location(get(OFFSET) << 32 | get(LENGTH)),
        }
    }

    /// When the message of the last row was stored.
    pub(super) fn last_time(&self) -> i64 {
        signed(self.rows.get(self.rows.len().saturating_sub(1), TIME))
    }

    /// There may be messages that `max_age` ends.
    pub(super) fn ages(&self) -> bool {
        self.rows.all_are(KIND).is_none_or(|kind| kind & NEVER_EXPIRES == 0)
    }

    /// What is to be known of it when it is not in memory.
    pub(super) fn head(&self) -> Head {
        Head { live: self.live_count, last_time: self.last_time(), ages: self.ages() }
    }

    /// Live rows from `first` on, in order.
    pub(super) fn live_rows(&self, first: Row) -> impl Iterator<Item = Row> {
        let words = self.live.get(first.0 / 64..).unwrap_or_default();
        words.iter().enumerate().flat_map(move |(nth, &word)| {
            let word = if nth == 0 { word & (u64::MAX << (first.0 % 64)) } else { word };
            let begin = (first.0 / 64 + nth) * 64;
            bits(word).map(move |bit| Row(begin + bit))
        })
    }

    /// Live rows before `end`, the last one first.
    pub(super) fn live_rows_before(&self, end: Row) -> impl Iterator<Item = Row> {
        let words = self.live.iter().enumerate().take(end.0.div_ceil(64)).rev();
        words.flat_map(move |(nth, &word)| {
            let is_last = nth == end.0 / 64;
            let word = if is_last { word & !(u64::MAX << (end.0 % 64)) } else { word };
            bits_down(word).map(move |bit| Row(nth * 64 + bit))
        })
    }

    /// Live rows from `first` on and before `end`.
    pub(super) fn count(&self, first: Row, end: Row) -> u64 {
        if first == Row::FIRST && end == self.end_row() {
            return u64::from(self.live_count);
        }
        let (Row(first), Row(end)) = (first, end);
        let words = self.live.iter().enumerate().take(end.div_ceil(64)).skip(first / 64);
        let counted = words.map(|(nth, &word)| {
            let behind = if nth == first / 64 { u64::MAX << (first % 64) } else { u64::MAX };
            let before = if nth == end / 64 { !(u64::MAX << (end % 64)) } else { u64::MAX };
            u64::from((word & behind & before).count_ones())
        });
        counted.sum()
    }

    pub(super) fn save(&self, into: &mut Vec<u8>) {
        self.rows.save(into);
        for word in &self.live {
            into.extend_from_slice(&word.to_le_bytes());
        }
        into.push(u8::from(self.keeps_links));
        let positions = self.positions.as_deref().unwrap_or_default();
        put_varint(into, u64::try_from(positions.len()).unwrap_or(u64::MAX));
        for position in positions {
            into.extend_from_slice(&position.to_le_bytes());
        }
    }
}

impl Keepable for Page {
    type Head = Head;

    fn load(bytes: &mut Bytes<'_>, head: Head) -> Result<Self, DecodeError> {
        let mut page = Self { rows: Rows::load(bytes, ROWS_MAX)?, ..Self::default() };
        let rows = page.rows.len();
        for _ in 0..rows.div_ceil(64) {
            let word = bytes.u64()?;
            page.live_count += word.count_ones();
            page.live.push(word);
        }
        let behind = page
            .live
            .last()
            .filter(|_| !rows.is_multiple_of(64))
            .map_or(0, |word| word >> (rows % 64));
        page.keeps_links = bytes.byte()? != 0;
        let positions = bytes.length()?;
        if behind != 0 || page.live_count == 0 || (positions > 0 && positions != rows) {
            return Err(DecodeError::Field("page"));
        }
        if positions > 0 {
            let read = |_| bytes.array().map(u16::from_le_bytes);
            let positions = (0..positions).map(read).collect::<Result<Vec<_>, _>>()?;
            let ascend = positions.windows(2).all(|pair| pair[0] < pair[1]);
            if !ascend || positions.last().is_none_or(|&last| u64::from(last) >= PAGE) {
                return Err(DecodeError::Field("positions"));
            }
            page.positions = Some(positions);
        }
        if page.head() == head { Ok(page) } else { Err(DecodeError::Field("page")) }
    }

    fn blank(_: Head) -> Self {
        Self::default()
    }
}

/// The set bits of a word, the lowest first.
fn bits(mut word: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = (word != 0).then(|| word.trailing_zeros())?;
        word &= word - 1;
        usize::try_from(bit).ok()
    })
}

/// The same, the highest first.
fn bits_down(mut word: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = word.checked_ilog2()?;
        word &= !(1 << bit);
        usize::try_from(bit).ok()
    })
}

/// Times before 1970 come before all others.
fn unsigned(time: i64) -> u64 {
    time.cast_unsigned() ^ (1 << 63)
}

fn signed(time: u64) -> i64 {
    (time ^ (1 << 63)).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::super::pages::Pages;
    use super::super::subjects::Subjects;
    use super::*;

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

    #[test]
    fn what_is_left_of_a_page_is_found_and_saved_as_before() {
        let mut subjects = Subjects::new(1);
        let a = subjects.add(b"a", 1);
        let mut pages = Pages::default();
        for seq in 1..=10_000u64 {
            pages.insert(seq, meta(a, i64::try_from(seq).expect("small") * 10));
            pages.set_location(seq, Location(seq << 32 | 5));
        }
        let stays = |seq: u64| seq.is_multiple_of(7);
        for seq in (1..=10_000).filter(|&seq| !stays(seq)) {
            pages.remove(seq);
        }
        let mut loaded = Pages::default();
        for (number, head) in pages.heads() {
            let mut saved = Vec::new();
            pages.save(number, &mut saved);
            assert!(saved.len() < 20_000);
            loaded.expect(number, head).unwrap();
            loaded.load(number, &saved).unwrap();
            assert!(loaded.load(number, &saved).is_err());
        }
        for pages in [pages, loaded] {
            for seq in 1..=10_000 {
                let found = pages.get(seq).map(|meta| meta.location);
                assert_eq!(found, stays(seq).then_some(Location(seq << 32 | 5)));
            }
            assert_eq!(pages.at_or_after(4_000).map(|(seq, _)| seq), Some(4_004));
            assert_eq!(pages.at_or_before(4_100).map(|(seq, _)| seq), Some(4_095));
            assert_eq!(pages.count(1, 7_000), 1_000);
            assert_eq!(pages.first_at(40_001), Some(4_004));
        }
    }
}
