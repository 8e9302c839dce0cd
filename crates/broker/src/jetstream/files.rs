//! Bytes of the messages of one file stream: its segments.

use std::collections::BTreeMap;
use std::sync::Arc;

use anabranch_jetstream::config::Compression;
use anabranch_jetstream::stream::{Location, Removed};
use anabranch_log::Error;
use anabranch_log::disk::Disk;
use anabranch_log::format::{AccountId, DirectoryId, StreamId};
use anabranch_log::sealing::Sealer;
use anabranch_log::segment::{
    self, NewRecord, Place, SegmentId, SegmentReader, SegmentWriter, StoredRecord,
};

use super::filelist::{FileList, Listed, Replaced};
use super::holes::Hole;
use super::journal::is_out_of_space;
use super::packing::{PACKED, Packer};
use super::payloads::Payload;
use super::rewriting::{Rewriting, Switching};
use super::sealing;
use super::shelf::Shelved;
use super::shot::{FilesShot, Installed};
use super::trouble::is_damage;

/// Memory that is kept for sealing messages, in bytes.
const SEALED_KEPT: usize = 64 * 1024;

/// With so many bytes since the last checkpoint a segment is not written to behind the next: a
/// write would wait as long as the file is being synced.
const BUSY: u64 = 256 * 1024;

/// What is known of one segment.
#[derive(Debug, Default)]
pub struct Segment {
    /// Which of its files it is.
    pub(super) revision: u32,
    pub(super) reader: Option<Shelved>,
    /// Messages in it that are still in the stream.
    pub(super) live: u64,
    /// Bytes of their records.
    pub(super) live_bytes: u64,
    /// Bytes of the file; 0 as long as it is written to.
    pub(super) length: u64,
    /// A part of it that is needed cannot be read.
    pub(super) is_damaged: bool,
    /// It has messages that are to be sealed with another key, or at all.
    pub(super) is_stale: bool,
}

impl Segment {
    /// Less than half of it is still needed.
    pub(super) fn is_sparse(&self) -> bool {
        self.live_bytes.saturating_mul(2) < self.length
    }
}

/// Where a stream's files are.
#[derive(Debug, Clone)]
pub struct Home {
    /// The disk of the data directory.
    pub disk: Arc<dyn Disk>,
    /// The data directory.
    pub directory: DirectoryId,
    /// Whose stream it is.
    pub account: AccountId,
    /// Which stream.
    pub stream: StreamId,
    /// What seals and opens its messages, if they are sealed.
    pub sealer: Option<Arc<Sealer>>,
}

impl Home {
    pub(super) fn segment(&self, first_seq: u64, revision: u32) -> SegmentId {
        SegmentId { account: self.account, stream: self.stream, first_seq, revision }
    }

    /// Opens a segment for reading, also one whose header is damaged: each record has a checksum.
    pub(super) fn open(&self, id: SegmentId) -> Result<SegmentReader, Error> {
        match SegmentReader::open(&*self.disk, self.directory, id) {
            Err(error @ Error::Format { .. }) if is_damage(&error) => {
                log::error!("{error}: its records are read all the same");
                SegmentReader::open_headless(&*self.disk, self.directory, id)
            }
            opened => opened,
        }
    }

    /// The message in a record at `offset` of a segment.
    pub(super) fn payload(
        &self,
        id: SegmentId,
        offset: u64,
        record: &StoredRecord,
    ) -> Result<Payload, Error> {
        let at = |cause| Error::Format { path: segment::file_path(id), offset, cause };
        let whose = (self.account, self.stream);
        sealing::message(self.sealer.as_deref(), whose, record, at, |_| ())
    }

    /// Removes a segment, which the log brings again.
    ///
    /// # Errors
    /// What the disk says.
    pub fn remove_segment(&self, id: SegmentId) -> Result<(), Error> {
        segment::remove(&*self.disk, id)
    }

    /// Overwrites what a file that another took the place of has of the message `seq`.
    fn erase_in(&self, one: &Replaced, seq: u64) -> Result<(), Error> {
        if !(one.first_seq..one.end).contains(&seq) {
            return Ok(());
        }
        let id = self.segment(one.first_seq, one.revision);
        let reader = match self.open(id) {
            Err(Error::Disk(error)) if error.is_not_found() => return Ok(()),
            opened => opened?,
        };
        match reader.find(seq)? {
            Some(place) => segment::erase(&*self.disk, self.directory, id, place, seq),
            None => Ok(()),
        }
    }

    /// Removes all files: the stream is gone. It may be done again.
    ///
    /// # Errors
    /// What the disk says.
    pub fn remove(&self) -> Result<(), Error> {
        for id in segment::segments(&*self.disk, self.account, self.stream)? {
            segment::remove(&*self.disk, id)?;
        }
        match self.disk.remove_dir(&segment::stream_dir(self.account, self.stream)) {
            Err(error) if !error.is_not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }
}

/// A stream's segments. Written behind the log: whatever is not synced here is still there.
#[derive(Debug)]
pub struct FilePayloads {
    pub(super) home: Home,
    pub(super) segments: BTreeMap<u64, Segment>,
    pub(super) writer: Option<SegmentWriter>,
    /// Bytes that came since the last checkpoint.
    came: u64,
    /// Full segments that were not synced yet.
    full: Vec<SegmentWriter>,
    /// Segments that are being written anew.
    pub(super) rewriting: Option<Box<Rewriting>>,
    /// The one that takes the place of others right now.
    pub(super) switching: Option<Box<Switching>>,
    /// Files that others took the place of: checkpoints name them.
    pub(super) replaced: Vec<Replaced>,
    /// Some segment may be sparse.
    pub(super) may_be_sparse: bool,
    /// There once a message was to be packed.
    packer: Option<Box<Packer>>,
    /// The message that is being appended, where messages are sealed.
    sealed: Vec<u8>,
    /// What was missing when they were opened.
    holes: Vec<Hole>,
    /// Segments without messages and replaced files when the last checkpoint was made: the one
    /// before it may still name their messages.
    doomed: Vec<SegmentId>,
}

impl FilePayloads {
    /// A stream without segments.
    #[must_use]
    pub fn new(home: Home) -> Self {
        Self {
            home,
            segments: BTreeMap::new(),
            writer: None,
            came: 0,
            full: Vec::new(),
            rewriting: None,
            switching: None,
            replaced: Vec::new(),
            may_be_sparse: true,
            packer: None,
            sealed: Vec::new(),
            holes: Vec::new(),
            doomed: Vec::new(),
        }
    }

    /// Keeps the message `seq`; it is in memory until [`Self::write`].
    ///
    /// # Errors
    /// When a segment cannot be made.
    pub fn append(
        &mut self,
        record: &NewRecord<'_>,
        compression: Compression,
    ) -> Result<Location, Error> {
        let NewRecord { header, payload, .. } = *record;
        let packed = match compression {
            Compression::None => None,
            Compression::S2 => self.packer.get_or_insert_default().pack(header, payload),
        };
        let record = &match packed {
            Some(payload) => NewRecord { flags: PACKED, header: b"", payload, ..*record },
            None => *record,
        };
        let whose = (self.home.account, self.home.stream);
        let record = &match &self.home.sealer {
            Some(sealer) => sealing::seal(sealer, whose, record, &mut self.sealed),
            None => *record,
        };
        let len = record.subject.len() + record.header.len() + record.payload.len();
        let len = u64::try_from(len).unwrap_or(u64::MAX);
        if self.writer.as_ref().is_some_and(|writer| writer.is_full_for(record.seq, len)) {
            self.full.extend(end(&mut self.segments, &mut self.writer));
        }
        let writer = match &mut self.writer {
            Some(writer) => writer,
            none => {
                let id = self.home.segment(record.seq, 0);
                let disk = Arc::clone(&self.home.disk);
                none.insert(SegmentWriter::create(disk, self.home.directory, id)?)
            }
        };
        let place = writer.append(record);
        let segment = self.segments.entry(writer.id().first_seq).or_default();
        segment.live += 1;
        segment.live_bytes += u64::from(place.length);
        self.came += u64::from(place.length);
        Ok(pack(place))
    }

    /// Writes what was appended: it can be read from here on.
    ///
    /// # Errors
    /// What the disk says; the messages are in the log.
    pub fn write(&mut self) -> Result<(), Error> {
        for writer in self.full.iter_mut().chain(&mut self.writer) {
            writer.write()?;
        }
        if let Some(packer) = &mut self.packer {
            packer.shrink();
        }
        self.sealed.clear();
        self.sealed.shrink_to(SEALED_KEPT);
        Ok(())
    }

    /// Writes what was appended while the log was read, and cuts off what an earlier run left
    /// behind it.
    ///
    /// # Errors
    /// What the disk says.
    pub fn cut(&mut self) -> Result<(), Error> {
        for writer in self.full.iter_mut().chain(&mut self.writer) {
            writer.cut()?;
        }
        Ok(())
    }

    /// Reads the message `seq` at `location`.
    ///
    /// # Errors
    /// What the disk says, and damage, with file and place.
    pub fn load(&mut self, seq: u64, location: Location) -> Result<Option<Payload>, Error> {
        match self.write() {
            Err(error) if !is_out_of_space(&error) => return Err(error),
            _ => {}
        }
        let place = unpack(location);
        let Self { home, segments, switching, .. } = self;
        let Some((first_seq, segment)) = holder(segments, switching, seq) else { return Ok(None) };
        // What the disk has no room for is here until it has.
        let mut writers = self.full.iter().chain(&self.writer);
        if let Some(writer) = writers.find(|writer| writer.id().first_seq == first_seq)
            && let Some(record) = writer.buffered(place.offset)?
        {
            let id = writer.id();
            return home.payload(id, place.offset, &record).map(Some);
        }
        let once;
        let reader = if let Some(open) = &segment.reader {
            open.reader()
        } else {
            match Shelved::new(home.open(home.segment(first_seq, segment.revision))?) {
                Ok(open) => segment.reader.insert(open).reader(),
                Err(opened) => {
                    once = opened;
                    &once
                }
            }
        };
        let record = reader.read(place.offset, place.length)?;
        home.payload(reader.id(), place.offset, &record).map(Some)
    }

    /// What reads the segment of the message `seq`, if it is open and all of it is written.
    pub(super) fn reader(&self, seq: u64) -> Option<&SegmentReader> {
        if let Some(switching) = self.switching.as_ref().filter(|switching| switching.has(seq)) {
            return switching.segment.reader.as_ref().map(Shelved::reader);
        }
        let (first_seq, segment) = self.segments.range(..=seq).next_back()?;
        let mut writers = self.full.iter().chain(&self.writer);
        let writer = writers.find(|writer| writer.id().first_seq == *first_seq);
        let is_written = writer.is_none_or(|writer| writer.pending() == 0);
        segment.reader.as_ref().filter(|_| is_written).map(Shelved::reader)
    }

    /// Overwrites what is stored of a message that left the stream, durably.
    ///
    /// # Errors
    /// What the disk says, and damage.
    pub fn erase(&mut self, gone: &Removed) -> Result<(), Error> {
        self.write()?;
        let (seq, place) = (gone.seq, unpack(gone.location));
        let Self { home, segments, switching, .. } = self;
        let Some((first_seq, segment)) = holder(segments, switching, seq) else { return Ok(()) };
        let id = home.segment(first_seq, segment.revision);
        segment::erase(&*home.disk, home.directory, id, place, seq)?;
        self.erase_copies(gone)
    }

    /// The same some time after the message left: it may have stayed behind in a replaced file.
    ///
    /// # Errors
    /// As for [`Self::erase`].
    pub fn erase_late(&mut self, gone: &Removed) -> Result<(), Error> {
        self.write()?;
        let Self { home, segments, switching, .. } = self;
        if let Some((first_seq, segment)) = holder(segments, switching, gone.seq) {
            let (revision, end) = (segment.revision, u64::MAX);
            home.erase_in(&Replaced { first_seq, revision, end }, gone.seq)?;
        }
        self.erase_copies(gone)
    }

    /// There may be copies: where it was, and where it will be.
    fn erase_copies(&mut self, gone: &Removed) -> Result<(), Error> {
        if let Some(switching) = &self.switching {
            switching.erase(&self.home, gone)?;
        }
        if let Some(rewriting) = &mut self.rewriting {
            rewriting.erase(gone)?;
        }
        self.replaced.iter().try_for_each(|one| self.home.erase_in(one, gone.seq))
    }

    /// Messages left the stream.
    pub fn forget(&mut self, removed: &[Removed]) {
        let Self { segments, switching, .. } = self;
        for gone in removed {
            if let Some((_, segment)) = holder(segments, switching, gone.seq) {
                let length = u64::from(unpack(gone.location).length);
                segment.live = segment.live.saturating_sub(1);
                segment.live_bytes = segment.live_bytes.saturating_sub(length);
                self.may_be_sparse |= segment.is_sparse();
            }
        }
    }

    /// All messages left the stream.
    pub fn forget_all(&mut self) {
        let switching = self.switching.iter_mut().map(|switching| &mut switching.segment);
        for segment in self.segments.values_mut().chain(switching) {
            (segment.live, segment.live_bytes) = (0, 0);
        }
    }

    /// What a checkpoint keeps of the files as they are now.
    ///
    /// # Errors
    /// What the disk says. The checkpoint must not be made then.
    pub fn shot(&mut self) -> Result<FilesShot, Error> {
        self.leave_empty();
        let is_busy = std::mem::take(&mut self.came) >= BUSY;
        if is_busy || self.is_written_sparse() {
            self.full.extend(end(&mut self.segments, &mut self.writer));
        }
        let mut unsynced = Vec::new();
        for writer in &mut self.full {
            unsynced.push(writer.unsynced()?.1);
        }
        let full = self.full.len();
        let mut list = FileList { replaced: self.replaced.clone(), ..FileList::default() };
        if let Some(writer) = &mut self.writer {
            let (tail, handle) = writer.unsynced()?;
            unsynced.push(handle);
            list.active = Some((writer.id().first_seq, tail));
        }
        list.segments =
            self.segments.iter().map(|(&first_seq, segment)| listed(first_seq, segment)).collect();
        let active = list.active.map(|(first_seq, _)| first_seq);
        let home = &self.home;
        let empty = self.segments.iter().filter(|(_, segment)| segment.live == 0);
        let empty = empty.filter(|&(&seq, _)| Some(seq) != active);
        let empty = empty.map(|(&seq, segment)| home.segment(seq, segment.revision));
        let replaced = self.replaced.iter().map(|one| home.segment(one.first_seq, one.revision));
        let empty = empty.chain(replaced).filter(|id| !self.doomed.contains(id)).collect();
        let (disk, doomed) = (Arc::clone(&home.disk), self.doomed.clone());
        Ok(FilesShot { disk, list: list.encode(), unsynced, full, empty, doomed })
    }

    /// A segment of which no message is left is not written to any more, so that it can be removed.
    fn leave_empty(&mut self) {
        let is_empty = |writer: &SegmentWriter| {
            let segment = self.segments.get(&writer.id().first_seq);
            writer.tail().records > 0 && segment.is_none_or(|segment| segment.live == 0)
        };
        if self.writer.as_ref().is_some_and(is_empty) {
            self.abandon();
        }
    }

    /// Checkpoints would free space: there are segments without messages, or replaced ones.
    #[must_use]
    pub fn has_reclaimable(&self) -> bool {
        !self.replaced.is_empty() || self.segments.values().any(|segment| segment.live == 0)
    }

    /// Checkpoints would free space, or let segments be written anew.
    #[must_use]
    pub fn has_litter(&self) -> bool {
        let mut full = self.full.iter().filter_map(|one| self.segments.get(&one.id().first_seq));
        self.has_reclaimable() || full.any(Segment::is_sparse) || self.is_written_sparse()
    }

    /// Where they are.
    #[must_use]
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// Its segments.
    pub fn segments(&self) -> impl Iterator<Item = SegmentId> {
        let segments = self.segments.iter();
        segments.map(|(&first_seq, segment)| self.home.segment(first_seq, segment.revision))
    }

    /// The first segment that is written to or was not synced yet.
    pub(super) fn first_unsynced(&self) -> Option<u64> {
        let mut writers = self.full.iter().chain(&self.writer);
        writers.next().map(|writer| writer.id().first_seq)
    }

    /// What comes goes to a new segment.
    pub fn abandon(&mut self) {
        drop(end(&mut self.segments, &mut self.writer));
    }

    /// What comes goes to a new segment, as if the last one were full.
    #[cfg(test)]
    pub fn roll(&mut self) {
        self.full.extend(end(&mut self.segments, &mut self.writer));
    }

    /// What was missing when they were opened.
    pub fn take_holes(&mut self) -> Vec<Hole> {
        let mut holes = std::mem::take(&mut self.holes);
        for hole in &mut holes {
            // What came since is in segments of its own.
            let next = self.segments.range(hole.first + 1..).next();
            hole.next = next.map(|(&seq, _)| seq);
        }
        holes
    }

    /// The checkpoint of the shot was made, and files that neither it nor the one before needs
    /// were removed, but for those that `stay`.
    pub fn installed(&mut self, mut shot: Installed, stay: &[SegmentId]) {
        self.full.drain(..shot.full);
        self.may_be_sparse |= shot.full > 0;
        for id in shot.doomed {
            if stay.contains(&id) {
                shot.empty.push(id);
                continue;
            }
            let is_other =
                |one: &Replaced| (one.first_seq, one.revision) != (id.first_seq, id.revision);
            self.replaced.retain(is_other);
            let held = self.segments.get(&id.first_seq);
            if held.is_some_and(|segment| segment.revision == id.revision) {
                self.segments.remove(&id.first_seq);
            }
        }
        self.doomed = shot.empty;
    }

    /// The segments that a [`FilesShot`] told of. What was written behind them is cut off: the log
    /// brings it again. Segments that are missing or too short are [`Hole`]s.
    ///
    /// # Errors
    /// What the disk says, and what a newer program wrote.
    pub fn load_from(home: Home, saved: &[u8]) -> Result<Self, Error> {
        let FileList { active, replaced, segments } = FileList::decode(saved)?;
        let mut payloads = Self { replaced, ..Self::new(home) };
        for Listed { first_seq, revision, live, live_bytes, length } in segments {
            let live = u64::from(live);
            let segment = Segment { revision, live, live_bytes, length, ..Segment::default() };
            payloads.segments.insert(first_seq, segment);
        }
        if let Some((first_seq, tail)) = active {
            let Home { disk, directory, .. } = &payloads.home;
            let id = payloads.home.segment(first_seq, 0);
            match SegmentWriter::open(disk.clone(), *directory, id, tail) {
                Ok(writer) => payloads.writer = Some(writer),
                Err(error) if is_damage(&error) => payloads.note_hole(id, error),
                Err(error) => return Err(error),
            }
        }
        let Home { disk, account, stream, .. } = &payloads.home;
        let there = segment::segments(&**disk, *account, *stream)?;
        payloads.find_missing(&there, active.map(|(first_seq, _)| first_seq));
        payloads.note_copies(&there);
        payloads.note_stale();
        Ok(payloads)
    }

    /// Looks for segments other than `active` that should be there and are not.
    fn find_missing(&mut self, there: &[SegmentId], active: Option<u64>) {
        let others = self.segments.iter().filter(|&(&seq, _)| Some(seq) != active);
        let needed = others.filter(|(_, segment)| segment.live > 0);
        let needed = needed.map(|(&seq, segment)| self.home.segment(seq, segment.revision));
        let needed: Vec<SegmentId> = needed.collect();
        for id in needed.into_iter().filter(|id| there.binary_search(id).is_err()) {
            if let Err(error) = self.home.open(id) {
                self.note_hole(id, error);
            }
        }
    }

    fn note_hole(&mut self, id: SegmentId, error: Error) {
        let length = self.home.open(id).and_then(|reader| reader.length()).unwrap_or(0);
        self.holes.push(Hole { first: id.first_seq, next: None, error, length });
    }
}

/// The segment that has the message `seq`, and its first sequence.
fn holder<'a>(
    segments: &'a mut BTreeMap<u64, Segment>,
    switching: &'a mut Option<Box<Switching>>,
    seq: u64,
) -> Option<(u64, &'a mut Segment)> {
    if let Some(switching) = switching
        && switching.has(seq)
    {
        return Some((switching.id.first_seq, &mut switching.segment));
    }
    let (&first_seq, segment) = segments.range_mut(..=seq).next_back()?;
    Some((first_seq, segment))
}

/// Nothing more is written to the segment.
fn end(
    segments: &mut BTreeMap<u64, Segment>,
    writer: &mut Option<SegmentWriter>,
) -> Option<SegmentWriter> {
    let writer = writer.take()?;
    if let Some(segment) = segments.get_mut(&writer.id().first_seq) {
        segment.length = writer.tail().end;
    }
    Some(writer)
}

fn listed(first_seq: u64, segment: &Segment) -> Listed {
    let Segment { revision, live_bytes, length, .. } = *segment;
    let live = u32::try_from(segment.live).expect("a segment has at most 65,536 messages");
    Listed { first_seq, revision, live, live_bytes, length }
}

/// Offsets stay below 2^32: a segment is not longer than one record beyond 64 MiB.
pub(super) fn pack(place: Place) -> Location {
    Location(place.offset << 32 | u64::from(place.length))
}

pub(super) fn unpack(location: Location) -> Place {
    let length = u32::try_from(location.0 & u64::from(u32::MAX)).expect("32 bits were kept");
    Place { offset: location.0 >> 32, length }
}
