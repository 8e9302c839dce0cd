//! Directories written by released versions stay readable, and this version writes what
//! `docs/format.md` says. `ANABRANCH_WRITE_FIXTURES` writes those of the current version anew,
//! which is right only before its release.

#![expect(clippy::unwrap_used, reason = "a test ends where something unexpected happens")]

mod tree;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anabranch_log::checkpoint::{BlobKey, Checkpoints};
use anabranch_log::directory::Directory;
use anabranch_log::disk::{Disk, LockMode, RealDisk};
use anabranch_log::format::{
    AccountId, Checksum, DirectoryFormat, DirectoryId, Envelope, Kind, Lsn, Outcome, Reference,
    StreamId,
};
use anabranch_log::segment::{
    self, Columns, NewRecord, Rewriter, ScanItem, SegmentId, SegmentReader, SegmentWriter,
};
use anabranch_log::wal::{Item, Recovery, Start, Wal, WalOptions};

use tree::{copy, files};

const FORMAT: DirectoryFormat = DirectoryFormat {
    id: DirectoryId(*b"a data directory"),
    created_ns: 1_700_000_000_123_456_789,
    is_sealed: false,
};
const OPTIONS: WalOptions =
    WalOptions { file_size: 16 * 1024, files: 4, zero_step: 0, batch_max: 1 << 20 };
const SEGMENT: SegmentId = SegmentId::new(AccountId(1), StreamId(2), 100);
const REWRITTEN: SegmentId = SegmentId { revision: 7, ..SEGMENT };
const KEY: BlobKey = BlobKey { account: AccountId(1), stream: StreamId(2), kind: 3, part: 1 << 40 };
const REFERENCE: Reference =
    Reference { segment: 100, offset: 64, length: 80, checksum: Checksum(0x1234_5678) };
const OUTCOME: Outcome = Outcome { stream: StreamId(2), applied: Lsn(4096), last_seq: 102 };
const KINDS: [Kind; 7] = [
    Kind::Publish,
    Kind::Batch,
    Kind::ConsumerDeltas,
    Kind::Control,
    Kind::Tombstone,
    Kind::Reference,
    Kind::Outcome,
];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/v1")
}

fn payload(kind: Kind) -> Vec<u8> {
    let mut payload = Vec::new();
    match kind {
        Kind::Reference => REFERENCE.encode(&mut payload),
        Kind::Outcome => OUTCOME.encode(&mut payload),
        other => payload.extend_from_slice(format!("payload of {other:?}").as_bytes()),
    }
    payload
}

fn envelope(kind: Kind) -> Envelope {
    Envelope {
        kind,
        flags: 1,
        account: AccountId(1),
        stream: StreamId(2),
        count: 1,
        first_seq: 100,
        time_ns: 1_700_000_001_000_000_000,
    }
}

fn record(seq: u64) -> NewRecord<'static> {
    NewRecord {
        seq,
        time_ns: 1_700_000_002_000_000_000,
        flags: 2,
        subject: b"orders.new",
        header: b"NATS/1.0\r\na: b\r\n\r\n",
        payload: b"payload",
    }
}

/// Writes a directory in which everything occurs.
fn write(root: &Path) {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::new(root).unwrap());
    let directory = Directory::open(disk.clone(), LockMode::Fail, FORMAT).unwrap();
    let recovery = Recovery::open(disk.clone(), directory.id(), OPTIONS, Start::default()).unwrap();
    let (mut wal, _) = recovery.finish().unwrap();
    write_log(&mut wal);
    write_segment(&disk);
    let (mut checkpoints, _) = Checkpoints::open(disk, directory.id()).unwrap();
    for blob in [&b"state"[..], b"later state"] {
        let start = Start { position: wal.durable(), durable: wal.durable().lsn };
        let mut writer = checkpoints.begin(start, 1_700_000_003_000_000_000).unwrap();
        if !writer.carry(KEY).unwrap() {
            writer.put(KEY, blob).unwrap();
        }
        writer.put(BlobKey { kind: 4, ..KEY }, blob).unwrap();
        checkpoints.install(writer.finish().unwrap()).unwrap();
    }
}

fn write_log(wal: &mut Wal) {
    for kind in KINDS {
        wal.append(&envelope(kind), &payload(kind)).unwrap();
    }
    wal.commit().unwrap();
    // Does not fit into the first file any more.
    wal.append(&envelope(Kind::Publish), &[7; 11_700]).unwrap();
    wal.mark_now().unwrap();
}

fn write_segment(disk: &Arc<dyn Disk>) {
    let mut writer = SegmentWriter::create(disk.clone(), FORMAT.id, SEGMENT).unwrap();
    let places = [100, 101, 105].map(|seq| writer.append(&record(seq)));
    let columns: Vec<Columns> = [100, 101, 105]
        .into_iter()
        .zip(places)
        .map(|(seq, place)| Columns {
            seq,
            size: place.length,
            time_ns: 1_700_000_002_000_000_000,
            expiry_ns: 1_800_000_000_000_000_000,
            subject: 9,
            is_deleted: seq == 101,
        })
        .collect();
    writer.seal(&columns).unwrap();
    segment::erase(&**disk, FORMAT.id, SEGMENT, places[1], 101).unwrap();
    let from = SegmentReader::open(&**disk, FORMAT.id, SEGMENT).unwrap();
    let mut rewriter = Rewriter::begin(disk.clone(), FORMAT.id, REWRITTEN).unwrap();
    for (place, seq) in places.into_iter().zip([100, 101, 105]).skip(1) {
        rewriter.copy(&from, place, seq).unwrap();
    }
    rewriter.finish().unwrap();
}

#[test]
fn what_version_1_wrote_is_read() {
    let folder = tempfile::tempdir().unwrap();
    copy(&files(&fixtures()), folder.path());
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::new(folder.path()).unwrap());
    let other = DirectoryFormat { id: DirectoryId([0; 16]), ..FORMAT };
    let directory = Directory::open(disk.clone(), LockMode::Fail, other).unwrap();
    assert_eq!((directory.id(), directory.created_ns()), (FORMAT.id, FORMAT.created_ns));
    assert_eq!(directory.streams().unwrap().streams, [(SEGMENT.account, SEGMENT.stream)]);
    read_checkpoints(&disk);
    read_log(&disk);
    read_segment(&disk);
    read_rewritten(&disk);
}

fn read_checkpoints(disk: &Arc<dyn Disk>) {
    let (checkpoints, rejected) = Checkpoints::open(disk.clone(), FORMAT.id).unwrap();
    assert!(rejected.is_empty());
    let newest = checkpoints.newest().unwrap();
    assert_eq!((newest.generation, newest.start.position.lsn), (2, Lsn(2 * 16_384 + 4608)));
    let read = |kind| {
        let reader = checkpoints.read(newest, BlobKey { kind, ..KEY }).unwrap().unwrap();
        reader.read_all(100).unwrap()
    };
    assert_eq!((read(3), read(4)), (b"state".to_vec(), b"later state".to_vec()));
    checkpoints.verify(checkpoints.previous().unwrap()).unwrap();
}

fn read_log(disk: &Arc<dyn Disk>) {
    let start = Start::default();
    let mut recovery = Recovery::open(disk.clone(), FORMAT.id, OPTIONS, start).unwrap();
    let mut found = Vec::new();
    while let Some(item) = recovery.next_item().unwrap() {
        let Item::Batch(batch) = item else { panic!("{item:?}") };
        found.extend(batch.records().map(|record| (record.envelope, record.payload.to_vec())));
    }
    let mut expected: Vec<_> =
        KINDS.into_iter().map(|kind| (envelope(kind), payload(kind))).collect();
    expected.push((envelope(Kind::Publish), vec![7; 11_700]));
    assert_eq!(found, expected);
    assert_eq!(Reference::decode(&found[5].1).unwrap().0, REFERENCE);
    assert_eq!(Outcome::decode(&found[6].1).unwrap().0, OUTCOME);
    let (_, report) = recovery.finish().unwrap();
    assert_eq!((report.damages, report.torn_batches), (0, 0));
}

fn read_segment(disk: &Arc<dyn Disk>) {
    let reader = SegmentReader::open(&**disk, FORMAT.id, SEGMENT).unwrap();
    let footer = reader.footer().unwrap().unwrap();
    let (columns, sparse) = reader.columns(&footer).unwrap();
    assert_eq!((footer.records, footer.last_seq, sparse.len()), (3, 105, 1));
    let mut offset = sparse[0].offset;
    for one in columns {
        let found = reader.read(offset, one.size).unwrap();
        let expected = record(one.seq);
        assert_eq!((found.fields().seq, found.fields().time_ns), (one.seq, expected.time_ns));
        assert_eq!((found.fields().flags, found.fields().is_erased), (2, one.is_deleted));
        if !one.is_deleted {
            assert_eq!((found.subject(), found.header()), (expected.subject, expected.header));
            assert_eq!(found.payload(), expected.payload);
        }
        offset += u64::from(one.size);
    }
}

fn read_rewritten(disk: &Arc<dyn Disk>) {
    let segments = segment::segments(&**disk, SEGMENT.account, SEGMENT.stream).unwrap();
    assert_eq!(segments, [SEGMENT, REWRITTEN]);
    let reader = SegmentReader::open(&**disk, FORMAT.id, REWRITTEN).unwrap();
    let found: Vec<_> = reader.scan(0, None).unwrap().map(Result::unwrap).collect();
    let [ScanItem::Record(_, erased), ScanItem::Record(_, other)] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!((erased.fields().seq, erased.fields().is_erased), (101, true));
    assert_eq!((other.fields().seq, other.fields().flags), (105, 2));
    assert_eq!((other.subject(), other.payload()), (record(105).subject, record(105).payload));
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
    let names = |files: &[(PathBuf, Vec<u8>)]| -> Vec<PathBuf> {
        files.iter().map(|(path, _)| path.clone()).collect()
    };
    assert_eq!(names(&written), names(&kept));
    for ((path, written), (_, kept)) in written.iter().zip(&kept) {
        assert!(written == kept, "{} differs", path.display());
    }
}
