//! Faults of the disk: what was acknowledged is given back or named as damaged, nothing else is
//! given back, and a log that could not write says so for ever.

use std::io::ErrorKind;
use std::sync::Arc;

use anabranch_log::Error;
use anabranch_log::disk::sim::{Fault, FaultKind, Random};
use anabranch_log::disk::{Disk, OpenMode, Operation, SimDisk};
use anabranch_log::format::{AccountId, DirectoryId, Envelope, Kind, Lsn, StreamId};
use anabranch_log::segment::{
    NewRecord, Place, ScanItem, SegmentDamage, SegmentId, SegmentReader, SegmentWriter,
};
use anabranch_log::wal::{Damage, Item, Recovery, Start, Wal, WalOptions};

use crate::oracle::{Oracle, contents, number};
use crate::seeds;
use crate::shard::{Shard, options};

const DIRECTORY: DirectoryId = DirectoryId([3; 16]);
const OPTIONS: WalOptions =
    WalOptions { file_size: 16 * 1024, files: 6, zero_step: 4096, batch_max: 2000 };

/// A log alone, and what it was told to keep.
struct Log {
    disk: SimDisk,
    wal: Wal,
    records: Vec<(Lsn, u64)>,
    acked: usize,
}

/// What came back.
#[derive(Debug, Default)]
struct Found {
    numbers: Vec<u64>,
    damages: Vec<Damage>,
}

fn recover(disk: &SimDisk) -> Result<(Wal, Found), Error> {
    let disk = Arc::new(disk.clone());
    let mut recovery = Recovery::open(disk, DIRECTORY, OPTIONS, Start::default())?;
    let mut found = Found::default();
    while let Some(item) = recovery.next_item()? {
        match item {
            Item::Damage(damage) => found.damages.push(damage),
            Item::Batch(batch) => {
                for record in batch.records() {
                    let number = number(record.payload);
                    assert!(record.payload == contents(number, 0), "only what was appended");
                    found.numbers.push(number);
                }
            }
        }
    }
    assert!(found.numbers.is_sorted_by(|one, next| one < next), "in order and once: {found:?}");
    Ok((recovery.finish()?.0, found))
}

impl Log {
    fn new(seed: u64) -> Self {
        let disk = SimDisk::new(seed);
        let wal = recover(&disk).unwrap().0;
        Self { disk, wal, records: Vec::new(), acked: 0 }
    }

    fn commit(&mut self, count: u64) -> Result<(), Error> {
        for _ in 0..count {
            let number = u64::try_from(self.records.len()).unwrap() + 1;
            let lsn = self.wal.append(&envelope(), &contents(number, 0))?;
            self.records.push((lsn, number));
        }
        self.wal.commit()?;
        self.acked = self.records.len();
        Ok(())
    }

    /// Commits until a good part of the bound is reached.
    fn fill(&mut self, random: &mut Random) {
        while self.wal.usage().used < 3 * OPTIONS.file_size {
            self.commit(1 + random.below(6)).unwrap();
        }
    }

    /// Says what is durable, and gives the bytes that say so and their place.
    fn mark(&mut self) -> (u64, Vec<u8>) {
        let lsn = self.wal.mark_now().unwrap().lsn.0 - 512;
        (lsn, self.sector(lsn))
    }

    fn sector(&self, lsn: u64) -> Vec<u8> {
        let (number, offset) = (lsn / OPTIONS.file_size + 1, lsn % OPTIONS.file_size);
        let path = format!("wal/{number:020}.wal");
        let mut bytes = vec![0; 512];
        if let Ok(file) = self.disk.open(&path, OpenMode::Read) {
            file.read_at(&mut bytes, offset).unwrap();
        }
        bytes
    }

    /// Without the mark, records behind the last that came back cannot be told from a torn end.
    fn forget_behind(&mut self, found: &Found) {
        let last = found.numbers.last().copied().unwrap_or(0);
        self.acked = self.acked.min(usize::try_from(last).unwrap());
    }

    /// Every acknowledged record came back or is within damage.
    fn check(&self, found: &Found) {
        for (lsn, number) in &self.records[..self.acked] {
            let is_there = found.numbers.binary_search(number).is_ok();
            let is_named =
                found.damages.iter().any(|damage| damage.from <= *lsn && *lsn < damage.to);
            assert!(is_there || is_named, "record {number} at {lsn} is missing: {found:?}");
        }
    }
}

fn envelope() -> Envelope {
    Envelope {
        kind: Kind::Publish,
        flags: 0,
        account: AccountId(0),
        stream: StreamId(1),
        count: 1,
        first_seq: 0,
        time_ns: 0,
    }
}

/// Damages a file at rest in one of the ways in which disks do.
fn damage(disk: &SimDisk, prefix: &str, random: &mut Random) {
    let files = disk.files(prefix);
    let pick = usize::try_from(random.below(u64::try_from(files.len()).unwrap())).unwrap();
    let (path, length) = &files[pick];
    let offset = random.below(*length);
    let sector = offset / 512 * 512;
    match random.below(10) {
        0 => {
            disk.remove(path).unwrap();
            disk.sync_dir(path.rsplit_once('/').unwrap().0).unwrap();
        }
        1 => {
            let file = disk.open(path, OpenMode::Write).unwrap();
            file.set_length(offset).unwrap();
            file.sync_all().unwrap();
        }
        2 => (sector..sector + 512).for_each(|at| disk.corrupt(path, at, |_| 0)),
        3 => {
            // A sector of another place.
            let mut other = [0; 512];
            let from = random.below(*length) / 512 * 512;
            disk.open(path, OpenMode::Read).unwrap().read_at(&mut other, from).unwrap();
            for (at, byte) in (sector..).zip(other) {
                disk.corrupt(path, at, |_| byte);
            }
        }
        4 => {
            let fill = random.next_u64().to_le_bytes()[0];
            (offset..offset + 4096).for_each(|at| disk.corrupt(path, at, |byte| byte ^ fill));
        }
        _ => {
            let bit = 1_u8 << random.below(8);
            disk.corrupt(path, offset, |byte| byte ^ bit);
        }
    }
}

#[test]
fn damage_of_the_log_at_rest_is_named_and_the_rest_comes_back() {
    seeds(1_000, log_at_rest);
}

/// The log is damaged while nobody has it open.
pub fn log_at_rest(seed: u64) {
    let mut random = Random::new(seed);
    let mut log = Log::new(seed);
    log.fill(&mut random);
    let (mark, says) = log.mark();
    log.disk.restart();
    for _ in 0..=random.below(3) {
        damage(&log.disk, "wal/", &mut random);
    }
    let is_marked = log.sector(mark) == says;
    let (mut wal, found) = recover(&log.disk).unwrap();
    if !is_marked {
        log.forget_behind(&found);
    }
    log.check(&found);
    // It goes on, and what follows comes back too.
    let number = 1_000_000;
    wal.append(&envelope(), &contents(number, 0)).unwrap();
    wal.mark_now().unwrap();
    log.disk.crash();
    let (_, again) = recover(&log.disk).unwrap();
    assert_eq!(again.numbers.last(), Some(&number));
    log.check(&again);
}

#[test]
fn writes_that_went_wrong_unnoticed_are_named_once_a_mark_follows() {
    let kinds = [FaultKind::SilentShortWrite, FaultKind::Misdirected(1536)];
    seeds(500, |seed| {
        let mut random = Random::new(seed);
        let mut log = Log::new(seed);
        log.fill(&mut random);
        log.disk.inject(Fault {
            operation: Operation::Write,
            path_prefix: "wal/".into(),
            after: random.below(4),
            kind: kinds[usize::try_from(random.below(2)).unwrap()],
            is_lasting: false,
        });
        for _ in 0..6 {
            log.commit(3).unwrap();
        }
        log.wal.mark_now().unwrap();
        log.disk.crash();
        let (_, found) = recover(&log.disk).unwrap();
        log.check(&found);
    });
}

#[test]
fn a_failed_sync_or_write_ends_the_log_and_nothing_acknowledged_is_lost() {
    seeds(500, failed_sync);
}

/// A sync or write fails once.
pub fn failed_sync(seed: u64) {
    let mut random = Random::new(seed);
    let mut log = Log::new(seed);
    log.commit(5).unwrap();
    let operations = [Operation::Sync, Operation::Write];
    log.disk.inject(Fault {
        operation: operations[usize::try_from(random.below(2)).unwrap()],
        path_prefix: "wal/".into(),
        after: random.below(20),
        kind: FaultKind::Error(ErrorKind::Other),
        is_lasting: false,
    });
    let first = loop {
        if let Err(error) = log.commit(1 + random.below(3)) {
            break error;
        }
    };
    assert!(matches!(first, Error::Poisoned(_)), "{first}");
    assert!(first.to_string().contains("wal/"), "{first}");
    for _ in 0..3 {
        assert_eq!(log.commit(1), Err(first.clone()));
        assert_eq!(log.wal.sync(), Err(first.clone()));
        assert_eq!(log.wal.maintain(), Err(first.clone()));
        assert_eq!(log.wal.mark_now(), Err(first.clone()));
    }
    // The program starts again while the system still shows what it never wrote.
    log.disk.restart();
    let (wal, found) = recover(&log.disk).unwrap();
    assert!(found.damages.is_empty(), "{found:?}");
    log.check(&found);
    drop(wal);
    log.disk.crash();
    let (_, after) = recover(&log.disk).unwrap();
    assert_eq!(after.numbers, found.numbers, "what recovery gave out is durable");
}

#[test]
fn a_full_disk_is_named_and_the_log_opens_again_when_there_is_space() {
    seeds(200, |seed| {
        let mut random = Random::new(seed);
        let mut log = Log::new(seed);
        log.disk.set_capacity(20_000 + random.below(40_000));
        let error = loop {
            if let Err(error) = log.commit(1) {
                break error;
            }
        };
        let Error::Disk(cause) = &error else { panic!("{error}") };
        assert!(cause.is_full() && cause.path.starts_with("wal/"), "{error}");
        log.disk.crash();
        log.disk.set_capacity(u64::MAX);
        let (_, found) = recover(&log.disk).unwrap();
        assert!(found.damages.is_empty(), "{found:?}");
        log.check(&found);
    });
}

#[test]
fn a_disk_that_became_read_only_is_named() {
    let log = Log::new(1);
    log.disk.restart();
    log.disk.inject(Fault {
        operation: Operation::Open,
        path_prefix: "wal/".into(),
        after: 0,
        kind: FaultKind::Error(ErrorKind::ReadOnlyFilesystem),
        is_lasting: true,
    });
    let error = recover(&log.disk).unwrap_err().to_string();
    assert!(error.starts_with("open wal/00000000000000000001.wal: "), "{error}");
}

#[test]
fn pages_that_cannot_be_read_are_named() {
    seeds(200, |seed| {
        let mut random = Random::new(seed);
        let mut log = Log::new(seed);
        log.fill(&mut random);
        log.wal.mark_now().unwrap();
        log.disk.restart();
        for _ in 0..2 {
            log.disk.inject(Fault {
                operation: Operation::Read,
                path_prefix: "wal/".into(),
                after: random.below(12),
                kind: FaultKind::Error(ErrorKind::Other),
                is_lasting: false,
            });
        }
        if let Ok((_, found)) = recover(&log.disk) {
            log.check(&found);
        }
    });
}

#[test]
fn a_damaged_checkpoint_costs_nothing_or_is_named() {
    seeds(300, checkpoint_at_rest);
}

/// The newest checkpoint is damaged while nobody has it open.
pub fn checkpoint_at_rest(seed: u64) {
    let mut random = Random::new(seed);
    let disk = SimDisk::new(seed);
    let options = options(&mut random);
    let mut oracle = Oracle::default();
    let (mut shard, _) = Shard::open(&disk, options, &oracle).unwrap();
    while disk.files("checkpoints/").len() < 2 {
        shard.work(20, &mut random, &mut oracle).unwrap();
    }
    drop(shard);
    disk.restart();
    let newest = disk.files("checkpoints/").last().unwrap().0.clone();
    damage(&disk, &newest, &mut random);
    match Shard::open(&disk, options, &oracle) {
        Ok((mut shard, findings)) => {
            assert!(findings.damages.is_empty(), "{findings:?}");
            assert!(findings.rejected.iter().all(|rejected| rejected.path == newest));
            oracle.recovered(shard.count());
            shard.verify(&oracle).unwrap();
        }
        Err(Error::Format { path, .. }) => assert_eq!(path, newest),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn damage_of_a_segment_is_named_and_the_rest_comes_back() {
    seeds(500, segment_at_rest);
}

/// A segment is damaged.
pub fn segment_at_rest(seed: u64) {
    let mut random = Random::new(seed);
    let disk = SimDisk::new(seed);
    let id = SegmentId::new(AccountId(0), StreamId(1), 1);
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let mut writer = SegmentWriter::create(shared, DIRECTORY, id).unwrap();
    let places: Vec<Place> = (1..100)
        .map(|seq| {
            let payload = contents(seq, 0);
            let (time_ns, flags) = (5, 0);
            let (subject, header) = (&b"subject"[..], &b""[..]);
            let payload = &payload;
            writer.append(&NewRecord { seq, time_ns, flags, subject, header, payload })
        })
        .collect();
    let end = writer.sync().unwrap().end;
    damage(&disk, "streams/", &mut random);
    let Ok(reader) = SegmentReader::open(&disk, DIRECTORY, id) else {
        return; // The header is damaged, or the file is gone: named.
    };
    check_segment(&reader, &places, end);
}

fn check_segment(reader: &SegmentReader, places: &[Place], end: u64) {
    let mut damages: Vec<SegmentDamage> = Vec::new();
    let mut found = Vec::new();
    for item in reader.scan(0, Some(end)).unwrap() {
        match item.unwrap() {
            ScanItem::Record(_, record) => {
                assert!(record.payload() == contents(record.fields().seq, 0));
                found.push(record.fields().seq);
            }
            ScanItem::Damage(damage) => damages.push(damage),
        }
    }
    let is_short = reader.scan(end - 1, None).unwrap().next().is_none();
    for (seq, place) in (1..).zip(places) {
        let is_there = found.binary_search(&seq).is_ok();
        let is_named = damages.iter().any(|damage| {
            damage.offset <= place.offset && place.offset < damage.offset + damage.length
        });
        assert!(is_there || is_named || is_short, "{seq} is missing: {damages:?}");
    }
}

#[test]
fn a_log_without_space_takes_back_what_it_wrote_and_goes_on_when_there_is_some() {
    for seed in 0..200 {
        let mut random = Random::new(seed);
        let mut log = Log::new(seed);
        log.commit(1 + random.below(5)).unwrap();
        let used: u64 = log.disk.files("").iter().map(|(_, length)| length).sum();
        log.disk.set_capacity(used + random.below(30_000));
        let mut refused = 0;
        for _ in 0..40 {
            let before = log.records.len();
            match log.commit(1 + random.below(8)) {
                Ok(()) => {}
                Err(Error::Disk(error)) if error.is_full() => {
                    refused += log.records.len() - before;
                    log.records.truncate(before);
                }
                Err(Error::Full { .. }) => {
                    log.records.truncate(before);
                    break;
                }
                Err(error) => panic!("seed {seed}: {error}"),
            }
            if random.happens(20) {
                // Failing to prepare a file is nothing worse.
                let _ = log.wal.maintain();
            }
            if random.happens(10) {
                log.disk.set_capacity(u64::MAX);
            }
        }
        let records: Vec<u64> = log.records.iter().map(|(_, number)| *number).collect();
        let disk = log.disk.clone();
        drop(log);
        if random.happens(50) {
            disk.crash();
        } else {
            disk.restart();
        }
        let (_, found) = recover(&disk).unwrap();
        assert!(found.damages.is_empty(), "seed {seed}: {:?}", found.damages);
        assert_eq!(found.numbers, records, "seed {seed}: {refused} were refused");
    }
}
