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
    self, NewRecord, Place, SegmentId, SegmentReader, SegmentWriter, StoredRecord, Tail, Unsynced,
};

use super::journal::is_out_of_space;
use super::packing::{PACKED, Packer};
use super::payloads::Payload;
use super::sealing;
use super::trouble::is_damage;

/// Memory that is kept for sealing messages, in bytes.
const SEALED_KEPT: usize = 64 * 1024;

/// What is known of one segment.
#[derive(Debug, Default)]
struct Segment {
    reader: Option<SegmentReader>,
    /// Messages in it that are still in the stream.
    live: u64,
}

/// A segment that is missing, or shorter than it was.
#[derive(Debug)]
pub struct Hole {
    /// The segment's first sequence.
    pub first: u64,
    /// That of the next segment.
    pub next: Option<u64>,
    /// What is wrong, with the file.
    pub error: Error,
    /// Bytes that are there.
    length: u64,
}

impl Hole {
    /// The record at `location` is not there.
    #[must_use]
    pub fn lacks(&self, location: Location) -> bool {
        let place = unpack(location);
        place.offset + u64::from(place.length) > self.length
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
    fn segment(&self, first_seq: u64) -> SegmentId {
        SegmentId { account: self.account, stream: self.stream, first_seq }
    }

    /// Opens a segment for reading, also one whose header is damaged: each record has a checksum.
    fn open(&self, id: SegmentId) -> Result<SegmentReader, Error> {
        match SegmentReader::open(&*self.disk, self.directory, id) {
            Err(error @ Error::Format { .. }) if is_damage(&error) => {
                log::error!("{error}: its records are read all the same");
                SegmentReader::open_headless(&*self.disk, self.directory, id)
            }
            opened => opened,
        }
    }

    /// The message in a record at `offset` of a segment.
    fn payload(&self, id: SegmentId, offset: u64, record: &StoredRecord) -> Result<Payload, Error> {
        let path =
            || format!("{}/{:020}.seg", segment::stream_dir(id.account, id.stream), id.first_seq);
        let at = |cause| Error::Format { path: path(), offset, cause };
        let whose = (self.account, self.stream);
        sealing::message(self.sealer.as_deref(), whose, record, at, |_| ())
    }

    /// Removes a segment, which the log brings again.
    ///
    /// # Errors
    /// What the disk says.
    pub fn remove_segment(&self, first_seq: u64) -> Result<(), Error> {
        segment::remove(&*self.disk, self.segment(first_seq))
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
    home: Home,
    segments: BTreeMap<u64, Segment>,
    writer: Option<SegmentWriter>,
    /// Full segments that were not synced yet.
    full: Vec<SegmentWriter>,
    /// There once a message was to be packed.
    packer: Option<Box<Packer>>,
    /// The message that is being appended, where messages are sealed.
    sealed: Vec<u8>,
    /// What was missing when they were opened.
    holes: Vec<Hole>,
    /// Segments without messages when the last checkpoint was made: the one before it may still
    /// name their messages.
    doomed: Vec<u64>,
}

impl FilePayloads {
    /// A stream without segments.
    #[must_use]
    pub fn new(home: Home) -> Self {
        let (segments, full, doomed) = (BTreeMap::new(), Vec::new(), Vec::new());
        let (sealed, holes) = (Vec::new(), Vec::new());
        Self { home, segments, writer: None, full, packer: None, sealed, holes, doomed }
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
            self.full.extend(self.writer.take());
        }
        let writer = match &mut self.writer {
            Some(writer) => writer,
            none => {
                let id = self.home.segment(record.seq);
                let disk = Arc::clone(&self.home.disk);
                none.insert(SegmentWriter::create(disk, self.home.directory, id)?)
            }
        };
        let place = writer.append(record);
        self.segments.entry(writer.id().first_seq).or_default().live += 1;
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
        let Some((&first_seq, segment)) = self.segments.range_mut(..=seq).next_back() else {
            return Ok(None);
        };
        // What the disk has no room for is here until it has.
        let mut writers = self.full.iter().chain(&self.writer);
        if let Some(writer) = writers.find(|writer| writer.id().first_seq == first_seq)
            && let Some(record) = writer.buffered(place.offset)?
        {
            let id = writer.id();
            return self.home.payload(id, place.offset, &record).map(Some);
        }
        let reader = match &segment.reader {
            Some(reader) => reader,
            None => {
                let id = self.home.segment(first_seq);
                segment.reader.insert(self.home.open(id)?)
            }
        };
        let record = reader.read(place.offset, place.length)?;
        self.home.payload(reader.id(), place.offset, &record).map(Some)
    }

    /// Overwrites what is stored of a message that left the stream, durably.
    ///
    /// # Errors
    /// What the disk says, and damage.
    pub fn erase(&mut self, gone: &Removed) -> Result<(), Error> {
        self.write()?;
        let Some((&first_seq, _)) = self.segments.range(..=gone.seq).next_back() else {
            return Ok(());
        };
        let (id, place) = (self.home.segment(first_seq), unpack(gone.location));
        segment::erase(&*self.home.disk, self.home.directory, id, place, gone.seq)
    }

    /// Messages left the stream.
    pub fn forget(&mut self, removed: &[Removed]) {
        for gone in removed {
            if let Some((_, segment)) = self.segments.range_mut(..=gone.seq).next_back() {
                segment.live = segment.live.saturating_sub(1);
            }
        }
    }

    /// All messages left the stream.
    pub fn forget_all(&mut self) {
        self.segments.values_mut().for_each(|segment| segment.live = 0);
    }

    /// What a checkpoint keeps of the files as they are now.
    ///
    /// # Errors
    /// What the disk says. The checkpoint must not be made then.
    pub fn shot(&mut self) -> Result<FilesShot, Error> {
        self.leave_empty();
        let mut unsynced = Vec::new();
        for writer in &mut self.full {
            unsynced.push(writer.unsynced()?.1);
        }
        let full = self.full.len();
        let active = self.writer.as_ref().map_or(0, |writer| writer.id().first_seq);
        let mut list = active.to_le_bytes().to_vec();
        let mut end = [0; Tail::SIZE];
        if let Some(writer) = &mut self.writer {
            let (tail, handle) = writer.unsynced()?;
            unsynced.push(handle);
            end = tail.encode();
        }
        list.extend_from_slice(&end);
        for (first_seq, segment) in &self.segments {
            list.extend_from_slice(&first_seq.to_le_bytes());
            list.extend_from_slice(&segment.live.to_le_bytes());
        }
        let empty = self.segments.iter().filter(|(_, segment)| segment.live == 0);
        let empty = empty.map(|(&seq, _)| seq).filter(|&seq| seq != active);
        let empty = empty.filter(|seq| !self.doomed.contains(seq)).collect();
        let doomed = self.doomed.iter().map(|&seq| self.home.segment(seq)).collect();
        let disk = Arc::clone(&self.home.disk);
        Ok(FilesShot { disk, list, unsynced, full, empty, doomed })
    }

    /// A segment of which no message is left is not written to any more, so that it can be removed.
    fn leave_empty(&mut self) {
        let is_empty = |writer: &SegmentWriter| {
            let segment = self.segments.get(&writer.id().first_seq);
            writer.tail().records > 0 && segment.is_none_or(|segment| segment.live == 0)
        };
        if self.writer.as_ref().is_some_and(is_empty) {
            self.writer = None;
        }
    }

    /// Checkpoints would free space: there are segments without messages.
    #[must_use]
    pub fn has_reclaimable(&self) -> bool {
        self.segments.values().any(|segment| segment.live == 0)
    }

    /// Where they are.
    #[must_use]
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// The first sequences of its segments.
    pub fn segments(&self) -> impl Iterator<Item = u64> {
        self.segments.keys().copied()
    }

    /// What comes goes to a new segment.
    pub fn abandon(&mut self) {
        self.writer = None;
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
        for id in shot.doomed {
            if stay.contains(&id) {
                shot.empty.push(id.first_seq);
            } else {
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
        let mut payloads = Self::new(home);
        let (active, rest) = saved.split_at_checked(8).ok_or(Error::Options("file list"))?;
        let (tail, rest) = rest.split_at_checked(Tail::SIZE).ok_or(Error::Options("file list"))?;
        let number = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_le_bytes);
        let active = number(active);
        for entry in rest.chunks_exact(16) {
            let (first_seq, live) = entry.split_at(8);
            let segment = Segment { reader: None, live: number(live) };
            payloads.segments.insert(number(first_seq), segment);
        }
        if active > 0 {
            let tail = Tail::decode(tail).map_err(|_| Error::Options("segment end"))?;
            let Home { disk, directory, .. } = &payloads.home;
            let id = payloads.home.segment(active);
            match SegmentWriter::open(disk.clone(), *directory, id, tail) {
                Ok(writer) => payloads.writer = Some(writer),
                Err(error) if is_damage(&error) => payloads.note_hole(active, error),
                Err(error) => return Err(error),
            }
        }
        payloads.find_missing(active)?;
        Ok(payloads)
    }

    /// Looks for segments other than `active` that should be there and are not.
    fn find_missing(&mut self, active: u64) -> Result<(), Error> {
        let others = self.segments.iter().filter(|&(&seq, _)| seq != active);
        let needed: Vec<u64> =
            others.filter(|(_, segment)| segment.live > 0).map(|(&seq, _)| seq).collect();
        if needed.is_empty() {
            return Ok(());
        }
        let Home { disk, account, stream, .. } = &self.home;
        let there = segment::segments(&**disk, *account, *stream)?;
        let is_there = |seq| there.binary_search_by_key(&seq, |id| id.first_seq).is_ok();
        for seq in needed.into_iter().filter(|&seq| !is_there(seq)) {
            if let Err(error) = self.home.open(self.home.segment(seq)) {
                self.note_hole(seq, error);
            }
        }
        Ok(())
    }

    fn note_hole(&mut self, first: u64, error: Error) {
        let reader = self.home.open(self.home.segment(first));
        let length = reader.and_then(|reader| reader.length()).unwrap_or(0);
        self.holes.push(Hole { first, next: None, error, length });
    }
}

/// What a checkpoint keeps of the files of a stream.
#[derive(Debug)]
pub struct FilesShot {
    disk: Arc<dyn Disk>,
    /// Which segments there are, for [`FilePayloads::load_from`].
    pub list: Vec<u8>,
    unsynced: Vec<Unsynced>,
    full: usize,
    empty: Vec<u64>,
    doomed: Vec<SegmentId>,
}

/// What the stream hears of when the checkpoint was made.
#[derive(Debug, Default)]
pub struct Installed {
    /// So many full segments are durable.
    full: usize,
    /// Segments without messages at that time.
    empty: Vec<u64>,
    /// Segments that were removed.
    doomed: Vec<SegmentId>,
}

impl FilesShot {
    /// Makes everything durable that was written when this was made.
    ///
    /// # Errors
    /// What the disk says. The checkpoint must not be made then.
    pub fn sync(&self) -> Result<(), Error> {
        self.unsynced.iter().try_for_each(Unsynced::sync)
    }

    /// Removes what nobody needs once the checkpoint was made; what cannot be removed is added
    /// to `stay`.
    pub fn remove_doomed(self, stay: &mut Vec<SegmentId>) -> Installed {
        for &id in &self.doomed {
            if let Err(error) = segment::remove(&*self.disk, id) {
                log::error!("A segment without messages cannot be removed: {error}");
                stay.push(id);
            }
        }
        let Self { full, empty, doomed, .. } = self;
        Installed { full, empty, doomed }
    }
}

/// Offsets stay below 2^32: a segment is not longer than one record beyond 64 MiB.
fn pack(place: Place) -> Location {
    Location(place.offset << 32 | u64::from(place.length))
}

fn unpack(location: Location) -> Place {
    let length = u32::try_from(location.0 & u64::from(u32::MAX)).expect("32 bits were kept");
    Place { offset: location.0 >> 32, length }
}
