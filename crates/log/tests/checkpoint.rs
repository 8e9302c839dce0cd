//! Checkpoints on real files.

#![expect(clippy::unwrap_used, reason = "a test ends where something unexpected happens")]

use std::sync::Arc;

use anabranch_log::checkpoint::{BlobKey, Checkpoints};
use anabranch_log::disk::{Disk, OpenMode, RealDisk};
use anabranch_log::format::{AccountId, Checksum, DirectoryId, Lsn, Position, StreamId};
use anabranch_log::wal::Start;

const DIRECTORY: DirectoryId = DirectoryId([42; 16]);

fn folder() -> (tempfile::TempDir, Arc<dyn Disk>) {
    let folder = tempfile::tempdir().unwrap();
    let disk = Arc::new(RealDisk::new(folder.path()).unwrap());
    (folder, disk)
}

fn key(stream: u64) -> BlobKey {
    BlobKey { account: AccountId(1), stream: StreamId(stream), kind: 2, part: 0 }
}

fn start(lsn: u64) -> Start {
    Start { position: Position { lsn: Lsn(lsn), chain: Checksum(7) }, durable: Lsn(lsn + 1) }
}

fn write(store: &mut Checkpoints, lsn: u64, blobs: &[(u64, &[u8])]) -> Lsn {
    let mut writer = store.begin(start(lsn), 5).unwrap();
    for (stream, contents) in blobs {
        writer.put(key(*stream), contents).unwrap();
    }
    store.install(writer.finish().unwrap()).unwrap()
}

fn contents(store: &Checkpoints, stream: u64) -> Option<Vec<u8>> {
    let newest = store.newest().unwrap();
    let reader = store.read(newest, key(stream)).unwrap()?;
    Some(reader.read_all(u64::MAX).unwrap())
}

#[test]
fn blobs_come_back_after_a_restart() {
    let (_folder, disk) = folder();
    let large: Vec<u8> = (0..700_000_u32).map(|number| number.to_le_bytes()[1]).collect();
    let (mut store, _) = Checkpoints::open(disk.clone(), DIRECTORY).unwrap();
    assert!(store.newest().is_none());
    assert_eq!(write(&mut store, 1000, &[(1, b"one"), (2, b""), (3, &large)]), Lsn(0));
    for store in [store, Checkpoints::open(disk, DIRECTORY).unwrap().0] {
        let newest = store.newest().unwrap();
        assert_eq!((newest.generation, newest.start), (1, start(1000)));
        assert_eq!(newest.blobs().map(|(_, length)| length).collect::<Vec<_>>(), [3, 0, 700_000]);
        assert_eq!(contents(&store, 1).unwrap(), b"one");
        assert_eq!(contents(&store, 2).unwrap(), b"");
        assert_eq!(contents(&store, 3).unwrap(), large);
        assert_eq!(contents(&store, 4), None);
        store.verify(newest).unwrap();
    }
}

#[test]
fn two_are_kept_and_the_log_is_needed_from_the_older() {
    let (_folder, disk) = folder();
    let (mut store, _) = Checkpoints::open(disk.clone(), DIRECTORY).unwrap();
    assert_eq!(write(&mut store, 1000, &[(1, b"a")]), Lsn(0));
    assert_eq!(write(&mut store, 2000, &[(1, b"b")]), Lsn(1000));
    assert_eq!(write(&mut store, 3000, &[(1, b"c")]), Lsn(2000));
    let names: Vec<String> =
        disk.list("checkpoints").unwrap().into_iter().map(|entry| entry.name).collect();
    assert_eq!(names, ["00000000000000000002.ckpt", "00000000000000000003.ckpt"]);
}

#[test]
fn a_carried_blob_keeps_its_file() {
    let (_folder, disk) = folder();
    let (mut store, _) = Checkpoints::open(disk.clone(), DIRECTORY).unwrap();
    write(&mut store, 1, &[(1, b"old"), (2, b"x")]);
    for lsn in 2..6 {
        let mut writer = store.begin(start(lsn), 5).unwrap();
        assert!(writer.carry(key(1)).unwrap());
        assert!(!writer.carry(key(9)).unwrap());
        writer.put(key(2), b"new").unwrap();
        store.install(writer.finish().unwrap()).unwrap();
    }
    assert_eq!(disk.list("checkpoints").unwrap().len(), 3);
    let (store, rejected) = Checkpoints::open(disk, DIRECTORY).unwrap();
    assert!(rejected.is_empty());
    assert_eq!(contents(&store, 1).unwrap(), b"old");
    assert_eq!(contents(&store, 2).unwrap(), b"new");
}

#[test]
fn a_blob_is_written_again_when_its_file_is_old() {
    let (_folder, disk) = folder();
    let (mut store, _) = Checkpoints::open(disk.clone(), DIRECTORY).unwrap();
    let long = vec![7; 600_000];
    write(&mut store, 1, &[(0, &long)]);
    let mut files = 0;
    for lsn in 2..60 {
        let mut writer = store.begin(start(lsn), 5).unwrap();
        assert!(writer.carry(key(0)).unwrap());
        store.install(writer.finish().unwrap()).unwrap();
        files = files.max(disk.list("checkpoints").unwrap().len());
    }
    assert_eq!(files, 3);
    let oldest = disk.list("checkpoints").unwrap().into_iter().map(|entry| entry.name).min();
    assert!(oldest.unwrap().as_str() > "00000000000000000030.ckpt");
    assert_eq!(contents(&store, 0).unwrap(), long);
}

#[test]
fn the_blobs_of_a_stream_are_known_to_the_next_checkpoint() {
    let (_folder, disk) = folder();
    let (mut store, _) = Checkpoints::open(disk, DIRECTORY).unwrap();
    write(&mut store, 1, &[(1, b"one"), (2, b"two")]);
    let mut writer = store.begin(start(2), 5).unwrap();
    writer.put(BlobKey { part: 7, ..key(2) }, b"part").unwrap();
    store.install(writer.finish().unwrap()).unwrap();
    let writer = store.begin(start(3), 5).unwrap();
    assert_eq!(writer.blobs_before(AccountId(1), StreamId(1)), []);
    let parts = [BlobKey { part: 7, ..key(2) }];
    assert_eq!(writer.blobs_before(AccountId(1), StreamId(2)), parts);
}

#[test]
fn a_newest_one_that_is_forgotten_is_carried_from_no_more() {
    let (_folder, disk) = folder();
    let (mut store, _) = Checkpoints::open(disk.clone(), DIRECTORY).unwrap();
    write(&mut store, 1, &[(1, b"older")]);
    write(&mut store, 2, &[(1, b"newer")]);
    store.forget_newest();
    let mut writer = store.begin(start(3), 5).unwrap();
    assert!(writer.carry(key(1)).unwrap());
    store.install(writer.finish().unwrap()).unwrap();
    assert_eq!(contents(&store, 1).unwrap(), b"older");
    assert_eq!(disk.list("checkpoints").unwrap().len(), 2);
}

#[test]
fn a_damaged_newest_falls_back_to_the_one_before() {
    let (_folder, disk) = folder();
    let (mut store, _) = Checkpoints::open(disk.clone(), DIRECTORY).unwrap();
    write(&mut store, 1000, &[(1, b"older")]);
    write(&mut store, 2000, &[(1, b"newer")]);
    let path = "checkpoints/00000000000000000002.ckpt";
    let file = disk.open(path, OpenMode::Write).unwrap();
    let length = file.length().unwrap();
    for place in [0, 20, length - 163, length - 70, length - 1] {
        let mut byte = [0];
        file.read_at(&mut byte, place).unwrap();
        file.write_at(&[byte[0] ^ 4], place).unwrap();
        let (store, rejected) = Checkpoints::open(disk.clone(), DIRECTORY).unwrap();
        if place == length - 163 {
            assert!(rejected.is_empty(), "damage of a blob shows when it is read");
            let newest = store.newest().unwrap();
            assert!(store.verify(newest).unwrap_err().to_string().starts_with(path));
            store.verify(store.previous().unwrap()).unwrap();
        } else {
            assert_eq!(rejected[0].path, path, "byte {place}");
            assert_eq!(contents(&store, 1).unwrap(), b"older");
            assert_eq!(store.newest().unwrap().start, start(1000));
        }
        file.write_at(&byte, place).unwrap();
    }
    file.set_length(length - 10).unwrap();
    let (mut store, rejected) = Checkpoints::open(disk.clone(), DIRECTORY).unwrap();
    assert_eq!(rejected.len(), 1);
    assert_eq!(write(&mut store, 3000, &[(1, b"next")]), Lsn(1000));
    assert_eq!(store.newest().unwrap().generation, 3, "no number is used twice");
}

#[test]
fn an_unfinished_checkpoint_is_not_seen() {
    let (_folder, disk) = folder();
    let (mut store, _) = Checkpoints::open(disk.clone(), DIRECTORY).unwrap();
    write(&mut store, 1000, &[(1, b"a")]);
    let mut writer = store.begin(start(2000), 5).unwrap();
    writer.put(key(1), b"b").unwrap();
    drop(writer);
    let (mut store, rejected) = Checkpoints::open(disk.clone(), DIRECTORY).unwrap();
    assert!(rejected.is_empty());
    assert_eq!(contents(&store, 1).unwrap(), b"a");
    write(&mut store, 2000, &[(1, b"b")]);
    assert_eq!(disk.list("checkpoints").unwrap().len(), 2);
}
