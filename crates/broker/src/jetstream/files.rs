//! Bytes of the messages of one file stream: its segments.

use std::collections::BTreeMap;
use std::sync::Arc;

use anabranch_jetstream::config::Compression;
use anabranch_jetstream::stream::{Location, Removed};
use anabranch_log::Error;
use anabranch_log::disk::Disk;
use anabranch_log::format::{AccountId, DirectoryId, StreamId};
use anabranch_log::segment::{
    self, NewRecord, Place, SegmentId, SegmentReader, SegmentWriter, Tail,
};

use super::packing::{self, PACKED, Packer};
use super::payloads::Payload;

/// What is known of one segment.
#[derive(Debug, Default)]
struct Segment {
    reader: Option<SegmentReader>,
    /// Messages in it that are still in the stream.
    live: u64,
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
}

impl Home {
    fn segment(&self, first_seq: u64) -> SegmentId {
        SegmentId { account: self.account, stream: self.stream, first_seq }
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
    /// Segments without messages when the last checkpoint was made: the one before it may still
    /// name their messages.
    doomed: Vec<u64>,
}

impl FilePayloads {
    /// A stream without segments.
    #[must_use]
    pub fn new(home: Home) -> Self {
        let (segments, full, doomed) = (BTreeMap::new(), Vec::new(), Vec::new());
        Self { home, segments, writer: None, full, packer: None, doomed }
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
        self.write()?;
        let Some((&first_seq, segment)) = self.segments.range_mut(..=seq).next_back() else {
            return Ok(None);
        };
        let reader = match &segment.reader {
            Some(reader) => reader,
            None => {
                let id = self.home.segment(first_seq);
                let reader = SegmentReader::open(&*self.home.disk, self.home.directory, id)?;
                segment.reader.insert(reader)
            }
        };
        let place = unpack(location);
        packing::payload(&reader.read(place.offset, place.length)?).map(Some)
    }

    /// Messages left the stream.
    pub fn forget(&mut self, removed: &[Removed]) {
        for gone in removed {
            if let Some((_, segment)) = self.segments.range_mut(..=gone.seq).next_back() {
                segment.live = segment.live.saturating_sub(1);
            }
        }
    }

    /// Makes everything durable; what a checkpoint must know to find it again is appended.
    ///
    /// # Errors
    /// What the disk says. The checkpoint must not be made then.
    pub fn save(&mut self, into: &mut Vec<u8>) -> Result<(), Error> {
        for mut writer in self.full.drain(..) {
            writer.sync()?;
        }
        let tail = self.writer.as_mut().map(SegmentWriter::sync).transpose()?;
        let active = self.writer.as_ref().map_or(0, |writer| writer.id().first_seq);
        into.extend_from_slice(&active.to_le_bytes());
        into.extend_from_slice(&tail.map_or([0; Tail::SIZE], |tail| tail.encode()));
        for (first_seq, segment) in &self.segments {
            into.extend_from_slice(&first_seq.to_le_bytes());
            into.extend_from_slice(&segment.live.to_le_bytes());
        }
        Ok(())
    }

    /// The segments that [`Self::save`] told of. What was written behind them is cut off: the log
    /// brings it again.
    ///
    /// # Errors
    /// What the disk says, and files that are not what they should be.
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
            payloads.writer = Some(SegmentWriter::open(disk.clone(), *directory, id, tail)?);
        }
        Ok(payloads)
    }

    /// A checkpoint was made: files that neither it nor the one before needs are removed.
    ///
    /// # Errors
    /// What the disk says; they are tried again at the next checkpoint.
    pub fn reclaim(&mut self) -> Result<(), Error> {
        let active = self.writer.as_ref().map(|writer| writer.id().first_seq);
        while let Some(&first_seq) = self.doomed.last() {
            segment::remove(&*self.home.disk, self.home.segment(first_seq))?;
            self.segments.remove(&first_seq);
            self.doomed.pop();
        }
        let empty = self.segments.iter().filter(|(_, segment)| segment.live == 0);
        self.doomed = empty.map(|(&seq, _)| seq).filter(|&seq| Some(seq) != active).collect();
        Ok(())
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
