//! A shard with one stream, as small as can be, that uses everything the log offers.

use std::collections::VecDeque;
use std::sync::Arc;

use anabranch_log::Error;
use anabranch_log::checkpoint::{BlobKey, Checkpoint, Checkpoints, Rejected};
use anabranch_log::directory::Directory;
use anabranch_log::disk::{Disk, LockMode, SimDisk, sim::Random};
use anabranch_log::format::{
    AccountId, DirectoryFormat, DirectoryId, Envelope, Kind, Lsn, Record, Reference, StreamId,
};
use anabranch_log::segment::{
    Columns, NewRecord, Place, ScanItem, SegmentId, SegmentReader, SegmentWriter, Tail,
};
use anabranch_log::wal::{Damage, Item, Recovery, Start, Wal, WalOptions};

use crate::oracle::{Oracle, number};

const ACCOUNT: AccountId = AccountId(0);
const STREAM: StreamId = StreamId(1);
/// Records of a segment.
const SEGMENT_RECORDS: u32 = 20;
/// A blob that never changes.
const FIXED: BlobKey = BlobKey { account: ACCOUNT, stream: StreamId(2), kind: 1, part: 0 };
const STATE: BlobKey = BlobKey { account: ACCOUNT, stream: STREAM, kind: 1, part: 0 };

pub struct Shard {
    disk: Arc<dyn Disk>,
    directory: Directory,
    checkpoints: Checkpoints,
    wal: Wal,
    stream: Stream,
    /// Appended and not applied.
    waiting: VecDeque<(Lsn, Vec<u8>)>,
    now_ns: u64,
}

/// What recovery says besides.
#[derive(Debug, Default)]
pub struct Findings {
    pub rejected: Vec<Rejected>,
    pub damages: Vec<Damage>,
}

/// The state that checkpoints hold: how many records there are, and the segment being written.
struct Stream {
    count: u64,
    segment: SegmentWriter,
    columns: Vec<Columns>,
    /// The first sequences of its segments. Files of others are what crashes left.
    segments: Vec<u64>,
}

/// Options that differ from seed to seed.
pub fn options(random: &mut Random) -> WalOptions {
    WalOptions {
        file_size: 16 * 1024,
        files: 4,
        zero_step: [0, 4096][usize::try_from(random.below(2)).unwrap()],
        batch_max: [600, 1 << 20][usize::try_from(random.below(2)).unwrap()],
    }
}

impl Shard {
    /// Opens what is on the disk. `oracle` checks each record that comes back.
    pub fn open(
        disk: &SimDisk,
        options: WalOptions,
        oracle: &Oracle,
    ) -> Result<(Self, Findings), Error> {
        let disk: Arc<dyn Disk> = Arc::new(disk.clone());
        let new = DirectoryFormat { id: DirectoryId([3; 16]), created_ns: 0, is_sealed: false };
        let directory = Directory::open(disk.clone(), LockMode::Fail, new)?;
        let (checkpoints, rejected) = Checkpoints::open(disk.clone(), directory.id())?;
        let mut newest = checkpoints.newest().cloned();
        let loaded = Stream::load(&disk, &checkpoints, newest.as_deref(), oracle);
        let mut stream = match (loaded, checkpoints.previous()) {
            (Err(Error::Format { .. }), Some(previous)) => {
                newest = Some(previous.clone());
                Stream::load(&disk, &checkpoints, newest.as_deref(), oracle)?
            }
            (loaded, _) => loaded?,
        };
        let start = newest.map_or(Start::default(), |newest| newest.start);
        let mut recovery = Recovery::open(disk.clone(), directory.id(), options, start)?;
        let mut findings = Findings { rejected, damages: Vec::new() };
        while let Some(item) = recovery.next_item()? {
            match item {
                Item::Damage(damage) => findings.damages.push(damage),
                Item::Batch(batch) => {
                    for record in batch.records() {
                        stream.replay(&disk, &record, oracle)?;
                    }
                }
            }
        }
        let (mut wal, _) = recovery.finish()?;
        wal.release(checkpoints.log_needed_from())?;
        stream.segment.cut()?;
        let (waiting, now_ns) = (VecDeque::new(), 0);
        let shard = Self { disk, directory, checkpoints, wal, stream, waiting, now_ns };
        Ok((shard, findings))
    }

    /// How many records were applied.
    pub fn count(&self) -> u64 {
        self.stream.count
    }

    /// Does one thing or another until `steps` are done or something fails.
    pub fn work(
        &mut self,
        steps: u64,
        random: &mut Random,
        oracle: &mut Oracle,
    ) -> Result<(), Error> {
        for _ in 0..steps {
            match random.below(20) {
                0 => self.checkpoint()?,
                1 => {
                    self.wal.maintain()?;
                }
                2 => self.idle()?,
                3 => self.stream.segment.write()?,
                4 => self.wal.write()?,
                5 => self.refer(random, oracle)?,
                _ => self.turn(random, oracle)?,
            }
            if self.wal.usage().wants_checkpoint() {
                self.checkpoint()?;
            }
        }
        Ok(())
    }

    /// Appends, makes durable, applies, acknowledges.
    fn turn(&mut self, random: &mut Random, oracle: &mut Oracle) -> Result<(), Error> {
        for _ in 0..=random.below(4) {
            if self.wal.usage().must_wait() {
                break;
            }
            let (_, contents) = oracle.next();
            let lsn = self.wal.append(&envelope(), &contents)?;
            self.waiting.push_back((lsn, contents));
        }
        self.wal.write()?;
        if random.happens(90) {
            self.sync(oracle)?;
        }
        Ok(())
    }

    /// Writes records to the segment first, and to the log that they are there.
    fn refer(&mut self, random: &mut Random, oracle: &mut Oracle) -> Result<(), Error> {
        if !self.waiting.is_empty() || self.wal.usage().must_wait() {
            return Ok(());
        }
        let records: Vec<Vec<u8>> = (0..=random.below(3)).map(|_| oracle.next().1).collect();
        self.stream.make_room(&self.disk, records.len())?;
        self.stream.segment.write()?;
        let first = self.stream.append(&records[0]);
        for record in &records[1..] {
            self.stream.append(record);
        }
        let reference = self.stream.segment.sync_reference(first)?;
        let envelope = Envelope { kind: Kind::Reference, ..envelope() };
        self.wal.append_with(&envelope, |into| reference.encode(into))?;
        self.wal.commit()?;
        oracle.ack(number(records.last().unwrap()));
        Ok(())
    }

    fn sync(&mut self, oracle: &mut Oracle) -> Result<(), Error> {
        let durable = self.wal.sync()?.lsn;
        while self.waiting.front().is_some_and(|(lsn, _)| *lsn < durable) {
            let (_, contents) = self.waiting.pop_front().unwrap();
            oracle.ack(number(&contents));
            self.stream.apply(&self.disk, &contents)?;
        }
        Ok(())
    }

    fn idle(&mut self) -> Result<(), Error> {
        self.now_ns += 3_000_000;
        if self.waiting.is_empty() {
            self.wal.mark(self.now_ns)?;
        }
        Ok(())
    }

    pub fn checkpoint(&mut self) -> Result<(), Error> {
        // Only what is applied is in it: the rest must be durable first.
        if !self.waiting.is_empty() {
            return Ok(());
        }
        let position = self.wal.commit()?;
        let tail = self.stream.segment.sync()?;
        let start = Start { position, durable: position.lsn };
        let mut writer = self.checkpoints.begin(start, 0)?;
        writer.put(STATE, &self.stream.encode(tail))?;
        if !writer.carry(FIXED)? {
            writer.put(FIXED, &[9; 1000])?;
        }
        let needed_from = self.checkpoints.install(writer.finish()?)?;
        self.wal.release(needed_from)
    }

    /// Reads every record back from the segments.
    pub fn verify(&mut self, oracle: &Oracle) -> Result<(), Error> {
        self.stream.segment.write()?;
        let mut expected = 1;
        for first_seq in self.stream.segments.iter().copied() {
            let id = SegmentId::new(ACCOUNT, STREAM, first_seq);
            let reader = SegmentReader::open(&*self.disk, self.directory.id(), id)?;
            for item in reader.scan(0, None)? {
                let ScanItem::Record(_, record) = item? else { panic!("a damaged segment") };
                assert_eq!(record.fields().seq, expected, "in order and without gaps");
                oracle.check(expected, record.payload());
                expected += 1;
            }
        }
        assert_eq!(expected, self.stream.count + 1);
        Ok(())
    }
}

impl Stream {
    fn load(
        disk: &Arc<dyn Disk>,
        checkpoints: &Checkpoints,
        checkpoint: Option<&Checkpoint>,
        oracle: &Oracle,
    ) -> Result<Self, Error> {
        let directory = DirectoryId([3; 16]);
        let Some(checkpoint) = checkpoint else {
            return Self::begin(disk, 0);
        };
        let fixed = checkpoints.read(checkpoint, FIXED)?.unwrap().read_all(1000)?;
        assert!(fixed == [9; 1000]);
        let state = checkpoints.read(checkpoint, STATE)?.unwrap().read_all(10_000)?;
        let word = |at: usize| u64::from_le_bytes(state[at..at + 8].try_into().unwrap());
        let (count, tail) = (word(0), Tail::decode(&state[8..]).unwrap());
        let segments: Vec<u64> = (8 + Tail::SIZE..state.len()).step_by(8).map(word).collect();
        let first_seq = *segments.last().unwrap();
        let id = SegmentId::new(ACCOUNT, STREAM, first_seq);
        let segment = SegmentWriter::open(disk.clone(), directory, id, tail)?;
        let mut columns = Vec::new();
        let reader = SegmentReader::open(&**disk, directory, id)?;
        for item in reader.scan(0, Some(tail.end))? {
            let ScanItem::Record(_, record) = item? else { panic!("a damaged segment") };
            oracle.check(record.fields().seq, record.payload());
            let size = u32::try_from(record.fields().occupied()).unwrap();
            columns.push(columns_of(record.fields().seq, size));
        }
        Ok(Self { count, segment, columns, segments })
    }

    fn begin(disk: &Arc<dyn Disk>, count: u64) -> Result<Self, Error> {
        let id = SegmentId::new(ACCOUNT, STREAM, count + 1);
        let segment = SegmentWriter::create(disk.clone(), DirectoryId([3; 16]), id)?;
        Ok(Self { count, segment, columns: Vec::new(), segments: vec![count + 1] })
    }

    fn replay(
        &mut self,
        disk: &Arc<dyn Disk>,
        record: &Record<'_>,
        oracle: &Oracle,
    ) -> Result<(), Error> {
        if record.envelope.kind != Kind::Reference {
            oracle.check(number(record.payload), record.payload);
            return self.apply(disk, record.payload);
        }
        let (reference, _) = Reference::decode(record.payload).unwrap();
        if reference.segment != self.segment.id().first_seq {
            self.roll(disk)?;
        }
        for (seq, place) in self.segment.adopt(&reference)? {
            self.count += 1;
            assert_eq!(seq, self.count, "references are in order and without gaps");
            self.columns.push(columns_of(seq, place.length));
        }
        Ok(())
    }

    fn apply(&mut self, disk: &Arc<dyn Disk>, contents: &[u8]) -> Result<(), Error> {
        assert_eq!(number(contents), self.count + 1, "records come in order and without gaps");
        self.make_room(disk, 1)?;
        self.append(contents);
        Ok(())
    }

    fn make_room(&mut self, disk: &Arc<dyn Disk>, records: usize) -> Result<(), Error> {
        let after = self.segment.tail().records + u32::try_from(records).unwrap();
        if after > SEGMENT_RECORDS { self.roll(disk) } else { Ok(()) }
    }

    fn roll(&mut self, disk: &Arc<dyn Disk>) -> Result<(), Error> {
        let mut next = Self::begin(disk, self.count)?;
        next.segments.splice(0..0, self.segments.iter().copied());
        let full = std::mem::replace(self, next);
        full.segment.seal(&full.columns)?;
        Ok(())
    }

    fn append(&mut self, contents: &[u8]) -> Place {
        self.count += 1;
        let place = self.segment.append(&NewRecord {
            seq: self.count,
            time_ns: 1,
            flags: 0,
            subject: b"s",
            header: b"",
            payload: contents,
        });
        self.columns.push(columns_of(self.count, place.length));
        place
    }

    fn encode(&self, tail: Tail) -> Vec<u8> {
        let mut bytes = self.count.to_le_bytes().to_vec();
        bytes.extend_from_slice(&tail.encode());
        bytes.extend(self.segments.iter().flat_map(|first_seq| first_seq.to_le_bytes()));
        bytes
    }
}

fn columns_of(seq: u64, size: u32) -> Columns {
    Columns { seq, size, time_ns: 1, expiry_ns: 0, subject: 0, is_deleted: false }
}

fn envelope() -> Envelope {
    Envelope {
        kind: Kind::Publish,
        flags: 0,
        account: ACCOUNT,
        stream: STREAM,
        count: 1,
        first_seq: 0,
        time_ns: 0,
    }
}
