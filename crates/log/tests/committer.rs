//! The log shared among threads.

#![expect(clippy::unwrap_used, reason = "a test ends where something unexpected happens")]

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use anabranch_log::Error;
use anabranch_log::disk::sim::{Fault, FaultKind};
use anabranch_log::disk::{Disk, Operation, RealDisk, SimDisk};
use anabranch_log::format::{AccountId, DirectoryId, Envelope, Kind, Lsn, Position, StreamId};
use anabranch_log::wal::{CommitHandle, Committer, Item, Recovery, Report, Start, Wal, WalOptions};

const OPTIONS: WalOptions =
    WalOptions { file_size: 64 * 1024, files: 8, zero_step: 4096, batch_max: 1 << 20 };
const DEADLINE: Duration = Duration::from_secs(20);

type Told = Receiver<Result<Position, Error>>;

fn start(disk: Arc<dyn Disk>) -> (Committer, Told) {
    let (tell, told) = mpsc::channel();
    let notify = Box::new(move |result| {
        let _ = tell.send(result);
    });
    (Committer::start(recover(disk).0, notify).unwrap(), told)
}

fn recover(disk: Arc<dyn Disk>) -> (Wal, Vec<Vec<u8>>, Report) {
    let directory = DirectoryId([1; 16]);
    let mut recovery = Recovery::open(disk, directory, OPTIONS, Start::default()).unwrap();
    let mut payloads = Vec::new();
    while let Some(item) = recovery.next_item().unwrap() {
        let Item::Batch(batch) = item else { panic!("{item:?}") };
        payloads.extend(batch.records().map(|record| record.payload.to_vec()));
    }
    let (wal, report) = recovery.finish().unwrap();
    (wal, payloads, report)
}

fn append(handle: &CommitHandle, payload: &[u8]) -> Result<Lsn, Error> {
    handle
        .append(|to| to.append_with(&envelope(), |into| into.extend_from_slice(payload)))
        .and_then(|appended| appended)
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

#[test]
fn what_many_threads_append_is_told_to_be_durable_and_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::new(folder.path()).unwrap());
    let (committer, told) = start(disk.clone());
    let workers: Vec<_> = (0..4_u8)
        .map(|worker| {
            let handle = committer.handle();
            thread::spawn(move || {
                let each = |index: u8| append(&handle, &[worker, index]).unwrap();
                (0..100).map(each).max().unwrap()
            })
        })
        .collect();
    let last = workers.into_iter().map(|worker| worker.join().unwrap()).max().unwrap();
    while told.recv_timeout(DEADLINE).unwrap().unwrap().lsn <= last {}
    drop(committer);
    let (_, payloads, report) = recover(disk);
    assert_eq!((payloads.len(), report.damages), (400, 0));
    for worker in 0..4 {
        let own = payloads.iter().filter(|payload| payload[0] == worker);
        assert!(own.map(|payload| payload[1]).eq(0..100), "each thread's own order is kept");
    }
}

#[test]
fn an_idle_log_is_committed_by_the_thread_that_appends() {
    let disk: Arc<dyn Disk> = Arc::new(SimDisk::new(1));
    let (committer, told) = start(disk);
    let handle = committer.handle();
    // The log's own thread may be getting files ready just then.
    let position = loop {
        let (lsn, position) = handle
            .append_and_commit(|to| to.append_with(&envelope(), |into| into.push(7)))
            .unwrap();
        if let Some(position) = position {
            assert!(lsn.unwrap() < position.lsn);
            break position;
        }
        told.recv_timeout(DEADLINE).unwrap().unwrap();
    };
    assert!(handle.durable().lsn >= position.lsn);
}

#[test]
fn a_mark_follows_when_the_log_is_left_alone() {
    let disk: Arc<dyn Disk> = Arc::new(SimDisk::new(1));
    let (committer, told) = start(disk);
    let lsn = append(&committer.handle(), b"one").unwrap();
    let first = loop {
        let told = told.recv_timeout(DEADLINE).unwrap().unwrap();
        if told.lsn > lsn {
            break told;
        }
    };
    let mark = told.recv_timeout(DEADLINE).unwrap().unwrap();
    assert_eq!(mark.lsn, first.lsn.plus(512));
}

#[test]
fn a_failed_sync_is_told_and_every_later_append_is_refused() {
    let disk = SimDisk::new(1);
    let (committer, told) = start(Arc::new(disk.clone()));
    let handle = committer.handle();
    disk.inject(Fault {
        operation: Operation::Sync,
        path_prefix: "wal/".into(),
        after: 0,
        kind: FaultKind::Error(ErrorKind::Other),
        is_lasting: true,
    });
    let refused = loop {
        match append(&handle, b"x") {
            // This thread may fill the log before the other gets to its sync.
            Ok(_) | Err(Error::Full { .. }) => thread::yield_now(),
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, Error::Poisoned(_)), "{refused}");
    let told = told.iter().find_map(Result::err).unwrap();
    assert_eq!(told, refused);
    assert!(append(&handle, b"y").is_err());
    assert!(handle.release(Lsn(0)).is_err());
}

#[test]
fn the_bound_holds_and_a_release_makes_room() {
    let disk: Arc<dyn Disk> = Arc::new(SimDisk::new(1));
    let (committer, told) = start(disk);
    let handle = committer.handle();
    let payload = vec![1; 30_000];
    let mut last = Lsn(0);
    let refused = loop {
        match append(&handle, &payload) {
            Ok(lsn) => last = lsn,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, Error::Full { .. }), "{refused}");
    assert!(handle.usage().wants_checkpoint());
    while told.recv_timeout(DEADLINE).unwrap().unwrap().lsn <= last {}
    handle.release(last).unwrap();
    append(&handle, &payload).unwrap();
}
