//! Measures the log on a directory: `cargo run --release -p anabranch-log --example speed -- DIR`.
//! Commits of several sizes, with a checkpoint whenever one is due, then recovery.

#![expect(clippy::unwrap_used, reason = "a measurement ends where something unexpected happens")]
#![expect(clippy::print_stdout, reason = "says what it measured")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use anabranch_log::directory::Directory;
use anabranch_log::disk::{Disk, LockMode, RealDisk};
use anabranch_log::format::{
    AccountId, DirectoryFormat, DirectoryId, Envelope, Kind, Position, StreamId,
};
use anabranch_log::wal::{Item, Maintenance, Recovery, Start, Wal};

const RUN: Duration = Duration::from_secs(3);
const PAYLOAD: [u8; 128] = [7; 128];

fn main() {
    let folder = std::env::args().nth(1).expect("the argument is an empty directory");
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::new(folder).unwrap());
    let new = DirectoryFormat { id: DirectoryId([1; 16]), created_ns: 0, is_sealed: false };
    let directory = Directory::open(disk, LockMode::Fail, new).unwrap();
    let begin = Instant::now();
    let now_ns = || u64::try_from(begin.elapsed().as_nanos()).unwrap();
    println!("{:?}", directory.facts(now_ns).unwrap());
    let (mut wal, _) = recover(&directory, Start::default());
    while wal.maintain().unwrap() == Maintenance::More {}
    let mut last = wal.durable();
    for records in [1, 16, 256, 500, 4000] {
        last = commits(&mut wal, records);
    }
    gathering(&mut wal);
    wal.commit().unwrap();
    drop(wal);
    let start = Start { position: last, durable: last.lsn };
    let before = Instant::now();
    let (wal, records) = recover(&directory, start);
    let bytes = wal.durable().lsn.since(start.position.lsn);
    println!("recovery: {records} records, {bytes} bytes in {:?}", before.elapsed());
}

/// Commits of so many records each, for a while.
fn commits(wal: &mut Wal, records: u64) -> Position {
    let (before, mut times) = (Instant::now(), Vec::new());
    let mut last = wal.durable();
    while before.elapsed() < RUN {
        let commit = Instant::now();
        for _ in 0..records {
            wal.append(&envelope(), &PAYLOAD).unwrap();
        }
        last = wal.commit().unwrap();
        times.push(commit.elapsed());
        if wal.usage().wants_checkpoint() {
            wal.release(last.lsn).unwrap();
            wal.maintain().unwrap();
        }
    }
    times.sort();
    let commits = u64::try_from(times.len()).unwrap();
    let per_second = commits * records * 1000 / u64::try_from(RUN.as_millis()).unwrap();
    let (p50, p99) = (times[times.len() / 2], times[times.len() / 100 * 99]);
    println!("{records} records a commit: {per_second} records/s, p50 {p50:?}, p99 {p99:?}");
    last
}

/// What a record costs before its sync.
fn gathering(wal: &mut Wal) {
    const BLOCKS: u32 = 40;
    const RECORDS: u32 = 5_000;
    let (mut appending, mut writing, mut bytes) = (Duration::ZERO, Duration::ZERO, 0);
    for _ in 0..BLOCKS {
        let before = Instant::now();
        for _ in 0..RECORDS {
            wal.append(&envelope(), &PAYLOAD).unwrap();
        }
        appending += before.elapsed();
        bytes += wal.gathered();
        let before = Instant::now();
        wal.write().unwrap();
        writing += before.elapsed();
    }
    println!("append: {:?} a record", appending / (BLOCKS * RECORDS));
    println!("checksum and write: {bytes} bytes in {writing:?}");
}

fn recover(directory: &Directory, start: Start) -> (Wal, u64) {
    let options = directory.wal_options(0).unwrap();
    let disk = directory.disk().clone();
    let mut recovery = Recovery::open(disk, directory.id(), options, start).unwrap();
    let mut records = 0;
    while let Some(item) = recovery.next_item().unwrap() {
        let Item::Batch(batch) = item else { panic!("{item:?}") };
        records += u64::try_from(batch.records().count()).unwrap();
    }
    (recovery.finish().unwrap().0, records)
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
