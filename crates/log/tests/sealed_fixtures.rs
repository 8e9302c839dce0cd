//! A sealed directory stays readable, and this version writes what `docs/format.md` says of one.
//! `ANABRANCH_WRITE_FIXTURES` writes it anew, which is right only before its release.

#![expect(clippy::unwrap_used, reason = "a test ends where something unexpected happens")]

mod tree;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anabranch_log::Error;
use anabranch_log::checkpoint::{BlobKey, Checkpoints};
use anabranch_log::directory::Directory;
use anabranch_log::disk::{Disk, LockMode, RealDisk};
use anabranch_log::format::{
    AccountId, DirectoryFormat, DirectoryId, Envelope, FormatError, Kind, StreamId,
};
use anabranch_log::sealing::{Cipher, SealedPlace, Sealer, Secrets, What, unlock};
use anabranch_log::wal::{Item, Recovery, Start, WalOptions};

use tree::{copy, files};

const FORMAT: DirectoryFormat = DirectoryFormat {
    id: DirectoryId(*b"sealed directory"),
    created_ns: 1_700_000_000_123_456_789,
    is_sealed: false,
};
const OPTIONS: WalOptions =
    WalOptions { file_size: 16 * 1024, files: 4, zero_step: 0, batch_max: 1 << 20 };
const KEY: BlobKey = BlobKey { account: AccountId(1), stream: StreamId(2), kind: 3, part: 4 };
const NOW: i64 = 1_700_000_001_000_000_000;
const ENVELOPE: Envelope = Envelope {
    kind: Kind::Publish,
    flags: 2,
    account: AccountId(1),
    stream: StreamId(2),
    count: 1,
    first_seq: 0,
    time_ns: NOW,
};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/v2")
}

fn secrets(cipher: Cipher) -> Secrets {
    Secrets { key: "sesame".to_owned(), previous: None, cipher }
}

fn open(root: &Path) -> Directory {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::new(root).unwrap());
    Directory::open(disk, LockMode::Fail, FORMAT).unwrap()
}

/// Unlocks with bytes that follow from `seed`.
fn sealer(directory: &mut Directory, cipher: Cipher, seed: u8) -> (Arc<Sealer>, What) {
    let mut next = seed;
    let mut entropy = |into: &mut [u8]| {
        for byte in into {
            next = next.wrapping_mul(5).wrapping_add(3);
            *byte = next;
        }
    };
    let unlocked = unlock(directory, Some(&secrets(cipher)), &mut entropy, NOW).unwrap().unwrap();
    (unlocked.sealer, unlocked.what)
}

/// Two runs, each with a cipher of its own, a record in the log and a checkpoint.
fn write(root: &Path) {
    for (seed, cipher) in [(1, Cipher::ChaCha), (2, Cipher::Aes)] {
        let mut directory = open(root);
        let (sealer, _) = sealer(&mut directory, cipher, seed);
        let disk = directory.disk().clone();
        let (checkpoints, _) = Checkpoints::open(disk.clone(), directory.id()).unwrap();
        let mut checkpoints = checkpoints.sealed_by(Some(Arc::clone(&sealer)));
        let start = checkpoints.newest().map_or_else(Start::default, |newest| newest.start);
        let recovery = Recovery::open(disk, directory.id(), OPTIONS, start).unwrap();
        let (mut wal, _) = recovery.finish().unwrap();
        let place = SealedPlace::Record(ENVELOPE);
        let plain = format!("command of run {seed}");
        wal.append_with(&ENVELOPE, |into| {
            sealer.seal(&place, into, |into| into.extend_from_slice(plain.as_bytes()));
        })
        .unwrap();
        wal.mark_now().unwrap();
        let start = Start { position: wal.durable(), durable: wal.durable().lsn };
        let mut writer = checkpoints.begin(start, NOW).unwrap();
        if !writer.carry(KEY).unwrap() {
            writer.put(KEY, b"carried state").unwrap();
        }
        writer.put(BlobKey { part: 5, ..KEY }, &[seed; 300]).unwrap();
        checkpoints.install(writer.finish().unwrap()).unwrap();
    }
}

#[test]
fn a_sealed_directory_of_version_2_is_read_with_its_key() {
    let folder = tempfile::tempdir().unwrap();
    copy(&files(&fixtures()), folder.path());
    let mut directory = open(folder.path());
    assert!(directory.is_sealed());
    let refused = unlock(&mut directory, None, &mut |_| (), NOW);
    assert_eq!(refused.err(), Some(Error::Locked));
    let (sealer, what) = sealer(&mut directory, Cipher::Aes, 3);
    assert_eq!((what, sealer.holds_plain()), (What::Opened, false));
    let disk = directory.disk().clone();
    let (checkpoints, rejected) = Checkpoints::open(disk.clone(), FORMAT.id).unwrap();
    assert!(rejected.is_empty());
    checkpoints.verify(checkpoints.newest().unwrap()).unwrap();
    let newest = checkpoints.newest().unwrap();
    let locked = checkpoints.read(newest, KEY).unwrap().unwrap().read_all(100).unwrap_err();
    assert!(matches!(locked, Error::Format { cause: FormatError::Sealed, .. }), "{locked}");
    let checkpoints = checkpoints.sealed_by(Some(Arc::clone(&sealer)));
    let newest = checkpoints.newest().unwrap();
    let read = |part| {
        let blob = checkpoints.read(newest, BlobKey { part, ..KEY }).unwrap().unwrap();
        blob.read_all(1 << 20).unwrap()
    };
    assert_eq!((read(4), read(5)), (b"carried state".to_vec(), vec![2; 300]));
    checkpoints.verify(checkpoints.previous().unwrap()).unwrap();
    let mut recovery = Recovery::open(disk, FORMAT.id, OPTIONS, Start::default()).unwrap();
    let mut found = Vec::new();
    while let Some(item) = recovery.next_item().unwrap() {
        let Item::Batch(batch) = item else { panic!("{item:?}") };
        for record in batch.records().filter(|record| record.envelope.kind == Kind::Publish) {
            let mut payload = record.payload.to_vec();
            let plain = sealer.open(&SealedPlace::Record(record.envelope), &mut payload).unwrap();
            found.push(String::from_utf8(plain.to_vec()).unwrap());
        }
    }
    assert_eq!(found, ["command of run 1", "command of run 2"]);
}

#[test]
fn this_version_writes_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    let written = files(folder.path());
    if std::env::var_os("ANABRANCH_WRITE_FIXTURES").is_some() {
        copy(&written, &fixtures());
    }
    let kept = files(&fixtures());
    assert_eq!(written.len(), kept.len());
    for ((path, written), (kept_path, kept)) in written.iter().zip(&kept) {
        assert!(path == kept_path && written == kept, "{} differs", path.display());
    }
}

#[test]
fn every_flipped_bit_of_a_sealed_blob_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    let mut directory = open(folder.path());
    let (sealer, _) = sealer(&mut directory, Cipher::Aes, 3);
    let disk = directory.disk().clone();
    let open = || {
        let (checkpoints, _) = Checkpoints::open(disk.clone(), FORMAT.id).unwrap();
        checkpoints.sealed_by(Some(Arc::clone(&sealer)))
    };
    let path = folder.path().join("checkpoints/00000000000000000001.ckpt");
    let whole = fs::read(&path).unwrap();
    // The first chunk: its header, what is sealed and its tag.
    for byte in 64..64 + 48 + 13 + Sealer::OVERHEAD {
        let mut damaged = whole.clone();
        damaged[byte] ^= 1;
        fs::write(&path, damaged).unwrap();
        let checkpoints = open();
        let read = checkpoints.read(checkpoints.newest().unwrap(), KEY).unwrap().unwrap();
        assert!(read.read_all(100).is_err(), "byte {byte}");
    }
}

#[test]
fn large_blobs_are_sealed_in_chunks_and_plain_ones_are_sealed_when_they_are_carried() {
    let folder = tempfile::tempdir().unwrap();
    let mut directory = open(folder.path());
    let disk = directory.disk().clone();
    let (mut checkpoints, _) = Checkpoints::open(disk.clone(), FORMAT.id).unwrap();
    let large: Vec<u8> = (0..700_000_u32).flat_map(u32::to_le_bytes).collect();
    let mut writer = checkpoints.begin(Start::default(), NOW).unwrap();
    writer.put(KEY, &large).unwrap();
    checkpoints.install(writer.finish().unwrap()).unwrap();
    let (sealer, what) = sealer(&mut directory, Cipher::Aes, 3);
    assert_eq!(what, What::SealedFromNowOn);
    let (checkpoints, _) = Checkpoints::open(disk, FORMAT.id).unwrap();
    let mut checkpoints = checkpoints.sealed_by(Some(sealer));
    for _ in 0..2 {
        let read = |checkpoints: &Checkpoints| {
            let newest = checkpoints.newest().unwrap();
            checkpoints.read(newest, KEY).unwrap().unwrap().read_all(1 << 30).unwrap()
        };
        assert!(read(&checkpoints) == large);
        let mut writer = checkpoints.begin(Start::default(), NOW).unwrap();
        assert!(writer.carry(KEY).unwrap());
        checkpoints.install(writer.finish().unwrap()).unwrap();
        assert!(read(&checkpoints) == large);
    }
    // The plain one is no longer needed, and gone.
    let all = files(folder.path());
    let is_plain = |(_, bytes): &(PathBuf, Vec<u8>)| {
        bytes.windows(64).any(|window| window == &large[400..464])
    };
    assert!(!all.iter().any(is_plain));
}
