//! Segments on real files.

#![expect(clippy::unwrap_used, reason = "a test ends where something unexpected happens")]

use std::sync::Arc;

use anabranch_log::disk::{Disk, OpenMode, RealDisk};
use anabranch_log::format::{AccountId, DirectoryId, Reference, StreamId};
use anabranch_log::segment::{
    self, Columns, NewRecord, Place, Rewriter, ScanItem, SegmentId, SegmentReader, SegmentWriter,
    Tail,
};

const DIRECTORY: DirectoryId = DirectoryId([42; 16]);
const ID: SegmentId = SegmentId::new(AccountId(0), StreamId(9), 100);
const PATH: &str = "streams/0/9/00000000000000000100.seg";

fn folder() -> (tempfile::TempDir, Arc<dyn Disk>) {
    let folder = tempfile::tempdir().unwrap();
    let disk = Arc::new(RealDisk::new(folder.path()).unwrap());
    (folder, disk)
}

fn record(seq: u64, payload: &[u8]) -> NewRecord<'_> {
    NewRecord { seq, time_ns: 7, flags: 0, subject: b"orders.new", header: b"h: 1", payload }
}

/// A segment of `count` records with payloads of 100 bytes.
fn filled(disk: &Arc<dyn Disk>, count: u64) -> (SegmentWriter, Vec<Place>) {
    let mut writer = SegmentWriter::create(disk.clone(), DIRECTORY, ID).unwrap();
    let places = (100..100 + count).map(|seq| writer.append(&record(seq, &[7; 100]))).collect();
    writer.sync().unwrap();
    (writer, places)
}

fn reader(disk: &Arc<dyn Disk>) -> SegmentReader {
    SegmentReader::open(&**disk, DIRECTORY, ID).unwrap()
}

/// Sequences, and 0 for damage.
fn scanned(disk: &Arc<dyn Disk>) -> Vec<u64> {
    let reader = reader(disk);
    let items = reader.scan(0, None).unwrap().map(|item| match item.unwrap() {
        ScanItem::Record(_, record) => record.fields().seq,
        ScanItem::Damage(_) => 0,
    });
    items.collect()
}

fn flip(disk: &Arc<dyn Disk>, offset: u64) {
    let file = disk.open(PATH, OpenMode::Write).unwrap();
    let mut byte = [0];
    file.read_at(&mut byte, offset).unwrap();
    file.write_at(&[byte[0] ^ 1], offset).unwrap();
}

#[test]
fn records_are_read_by_their_place() {
    let (_folder, disk) = folder();
    let (mut writer, places) = filled(&disk, 3);
    let large = vec![9; 10_000];
    let place = writer.append(&record(200, &large));
    writer.write().unwrap();
    let reader = reader(&disk);
    for (place, hint) in [(place, 0), (place, place.length), (place, 50)] {
        let found = reader.read(place.offset, hint).unwrap();
        assert_eq!(found.fields().seq, 200);
        assert_eq!((found.subject(), found.header()), (&b"orders.new"[..], &b"h: 1"[..]));
        assert_eq!(found.payload(), large);
    }
    assert_eq!(reader.read(places[1].offset, 0).unwrap().fields().seq, 101);
    assert_eq!(segment::segments(&*disk, ID.account, ID.stream).unwrap(), [ID]);
}

#[test]
fn what_lies_behind_the_checkpointed_end_is_cut_off() {
    let (_folder, disk) = folder();
    let (mut writer, _) = filled(&disk, 3);
    let tail = writer.tail();
    assert_eq!(Tail::decode(&tail.encode()).unwrap(), tail);
    writer.append(&record(103, b"lost"));
    writer.sync().unwrap();
    drop(writer);
    let mut writer = SegmentWriter::open(disk.clone(), DIRECTORY, ID, tail).unwrap();
    writer.cut().unwrap();
    assert_eq!(scanned(&disk), [100, 101, 102]);
    writer.append(&record(103, b"again"));
    writer.sync().unwrap();
    assert_eq!(scanned(&disk), [100, 101, 102, 103]);
    disk.open(PATH, OpenMode::Write).unwrap().set_length(100).unwrap();
    let error = SegmentWriter::open(disk.clone(), DIRECTORY, ID, tail).unwrap_err();
    assert!(error.to_string().starts_with(&format!("{PATH} at byte 100: ")), "{error}");
}

#[test]
fn a_flipped_bit_is_damage_with_its_place_and_the_rest_stays_readable() {
    let (_folder, disk) = folder();
    let (_, places) = filled(&disk, 4);
    for at in [0, 5, 10, 30, 45, 120] {
        flip(&disk, places[1].offset + at);
        let error = reader(&disk).read(places[1].offset, 0).unwrap_err();
        let expected = format!("{PATH} at byte {}: checksum ", places[1].offset);
        assert!(error.to_string().starts_with(&expected), "byte {at}: {error}");
        assert_eq!(scanned(&disk), [100, 0, 102, 103], "byte {at}");
        flip(&disk, places[1].offset + at);
    }
    let reader = reader(&disk);
    assert!(reader.read(places[1].offset + 8, 0).is_err());
    assert!(reader.read(u64::MAX / 4, 0).is_err());
    assert_eq!(scanned(&disk), [100, 101, 102, 103]);
}

#[test]
fn damage_says_where_it_is_and_zeros_at_the_end_are_none() {
    let (_folder, disk) = folder();
    let (_, places) = filled(&disk, 3);
    flip(&disk, places[1].offset);
    let end = places[2].offset + u64::from(places[2].length);
    disk.open(PATH, OpenMode::Write).unwrap().write_zeros(end, 200_000).unwrap();
    let reader = reader(&disk);
    let items: Vec<ScanItem> = reader.scan(0, None).unwrap().map(Result::unwrap).collect();
    assert_eq!(items.len(), 3);
    let ScanItem::Damage(damage) = &items[1] else { panic!("{:?}", items[1]) };
    assert_eq!((damage.offset, damage.after_seq), (places[1].offset, Some(100)));
    assert_eq!(damage.length, u64::from(places[1].length));
}

#[test]
fn a_sealed_segment_tells_of_its_records_without_reading_them() {
    let (_folder, disk) = folder();
    let (writer, places) = filled(&disk, 200);
    let columns: Vec<Columns> = (100..)
        .zip(&places)
        .map(|(seq, place)| Columns {
            seq,
            size: place.length,
            time_ns: 7,
            expiry_ns: 0,
            subject: 3,
            is_deleted: seq == 150,
        })
        .collect();
    let sealed = writer.seal(&columns).unwrap();
    let reader = reader(&disk);
    let footer = reader.footer().unwrap().unwrap();
    assert_eq!(footer, sealed);
    assert_eq!((footer.records, footer.last_seq), (200, 299));
    let (found, sparse) = reader.columns(&footer).unwrap();
    assert_eq!(found, columns);
    let sparse: Vec<(u32, u64)> = sparse.iter().map(|one| (one.record, one.offset)).collect();
    let offsets = [0, 64, 128, 192].map(|number| places[number].offset);
    assert_eq!(sparse, [0, 64, 128, 192].into_iter().zip(offsets).collect::<Vec<_>>());
    assert_eq!(scanned(&disk).len(), 200);
    flip(&disk, footer.data_end + 5);
    assert!(reader.columns(&footer).is_err());
}

#[test]
fn columns_that_are_not_those_of_the_records_are_refused() {
    let (_folder, disk) = folder();
    assert!(filled(&disk, 2).0.seal(&[]).is_err());
}

#[test]
fn an_erased_record_is_gone_and_its_place_stays() {
    let (_folder, disk) = folder();
    let (_, places) = filled(&disk, 3);
    for _ in 0..2 {
        segment::erase(&*disk, DIRECTORY, ID, places[1], 101).unwrap();
        let found = reader(&disk).read(places[1].offset, 0).unwrap();
        assert!(found.fields().is_erased);
        assert!(found.payload().iter().chain(found.subject()).all(|byte| *byte == 0));
        assert_eq!(scanned(&disk), [100, 101, 102]);
    }
    assert!(segment::erase(&*disk, DIRECTORY, ID, places[1], 102).is_err());
    segment::remove(&*disk, ID).unwrap();
    segment::remove(&*disk, ID).unwrap();
    assert!(segment::segments(&*disk, ID.account, ID.stream).unwrap().is_empty());
}

#[test]
fn what_is_needed_of_segments_is_copied_to_a_new_one() {
    let (_folder, disk) = folder();
    let (_, places) = filled(&disk, 5);
    segment::erase(&*disk, DIRECTORY, ID, places[3], 103).unwrap();
    let (from, id) = (reader(&disk), SegmentId { revision: 1, ..ID });
    let mut rewriter = Rewriter::begin(disk.clone(), DIRECTORY, id).unwrap();
    let kept = [1, 3, 4].map(|at: usize| {
        let seq = 100 + u64::try_from(at).unwrap();
        (seq, rewriter.copy(&from, places[at], seq).unwrap())
    });
    assert!(rewriter.copy(&from, places[4], 105).is_err(), "another record");
    rewriter.sync().unwrap();
    assert!(disk.open("streams/next.tmp", OpenMode::Read).is_ok());
    assert_eq!(segment::segments(&*disk, ID.account, ID.stream).unwrap(), [ID]);
    rewriter.erase(kept[2].1, 104).unwrap();
    let length = rewriter.finish().unwrap();
    assert!(disk.open("streams/next.tmp", OpenMode::Read).is_err());
    assert_eq!(segment::segments(&*disk, ID.account, ID.stream).unwrap(), [ID, id]);
    let reader = SegmentReader::open(&*disk, DIRECTORY, id).unwrap();
    assert_eq!(reader.length().unwrap(), length);
    for (seq, place) in kept {
        let found = reader.read(place.offset, place.length).unwrap();
        assert_eq!((found.fields().seq, found.fields().is_erased), (seq, seq > 101));
        assert_eq!(reader.find(seq).unwrap(), Some(place));
        let before = from.read(places[usize::try_from(seq - 100).unwrap()].offset, 0).unwrap();
        if seq == 101 {
            assert_eq!((found.subject(), found.header()), (before.subject(), before.header()));
            assert_eq!(found.payload(), before.payload());
        }
    }
    assert_eq!((reader.find(100).unwrap(), reader.find(102).unwrap()), (None, None));
    assert_eq!(reader.find(105).unwrap(), None);
    segment::remove(&*disk, id).unwrap();
    assert_eq!(segment::segments(&*disk, ID.account, ID.stream).unwrap(), [ID]);
}

#[test]
fn what_is_left_of_a_copy_is_overwritten_and_removed() {
    let (_folder, disk) = folder();
    let (_, places) = filled(&disk, 2);
    let id = SegmentId { revision: 3, ..ID };
    let mut rewriter = Rewriter::begin(disk.clone(), DIRECTORY, id).unwrap();
    rewriter.copy(&reader(&disk), places[0], 100).unwrap();
    rewriter.sync().unwrap();
    drop(rewriter);
    let left = disk.open("streams/next.tmp", OpenMode::Read).unwrap();
    for _ in 0..2 {
        segment::discard(&*disk).unwrap();
    }
    assert!(disk.open("streams/next.tmp", OpenMode::Read).is_err());
    let mut bytes = vec![1; usize::try_from(left.length().unwrap()).unwrap()];
    left.read_at(&mut bytes, 0).unwrap();
    assert!(bytes.len() > 64 && bytes.iter().all(|byte| *byte == 0));
}

#[test]
fn a_damaged_record_is_not_copied() {
    let (_folder, disk) = folder();
    let (_, places) = filled(&disk, 3);
    flip(&disk, places[1].offset + 41);
    let id = SegmentId { revision: 1, ..ID };
    let mut rewriter = Rewriter::begin(disk.clone(), DIRECTORY, id).unwrap();
    let error = rewriter.copy(&reader(&disk), places[1], 101).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{PATH} at byte {}: ", places[1].offset)), "{error}");
    assert_eq!(reader(&disk).find(102).unwrap(), Some(places[2]), "what is behind is found");
}

#[test]
fn segments_are_full_by_count_size_and_distance() {
    let (_folder, disk) = folder();
    let (mut writer, _) = filled(&disk, 1);
    assert!(!writer.is_full_for(101, 1000));
    assert!(writer.is_full_for(101, segment::SIZE_MAX));
    assert!(writer.is_full_for(101 + u64::from(u32::MAX), 1));
    for seq in 101..100 + u64::from(segment::RECORDS_MAX) {
        writer.append(&record(seq, b""));
    }
    assert!(writer.is_full_for(u64::from(segment::RECORDS_MAX) + 100, 0));
    let fresh = SegmentWriter::create(disk, DIRECTORY, ID).unwrap();
    assert!(!fresh.is_full_for(100, segment::SIZE_MAX), "a single record may be larger");
}

#[test]
fn records_that_the_log_refers_to_are_taken_over_behind_the_checkpointed_end() {
    let (_folder, disk) = folder();
    let (mut writer, _) = filled(&disk, 2);
    let tail = writer.tail();
    let first = writer.append(&record(102, &[1; 5000]));
    let second = writer.append(&record(105, &[2; 5000]));
    let reference = writer.sync_reference(first).unwrap();
    let end = writer.tail();
    drop(writer);
    let open = || SegmentWriter::open(disk.clone(), DIRECTORY, ID, tail).unwrap();
    let mut writer = open();
    assert_eq!(writer.adopt(&reference).unwrap(), [(102, first), (105, second)]);
    assert_eq!(writer.tail(), end);
    writer.append(&record(106, b"next"));
    writer.sync().unwrap();
    assert_eq!(scanned(&disk), [100, 101, 102, 105, 106]);
    // Not where the segment ends, not of this segment, not what was written.
    let mut writer = open();
    writer.append(&record(102, b"other"));
    assert!(writer.adopt(&reference).is_err());
    let mut writer = open();
    assert!(writer.adopt(&Reference { segment: 7, ..reference }).is_err());
    assert!(writer.adopt(&Reference { length: u64::MAX, ..reference }).is_err());
    flip(&disk, second.offset + 100);
    let error = writer.adopt(&reference).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{PATH} at byte {}: ", first.offset)), "{error}");
    assert_eq!(writer.tail(), tail, "a refused reference changes nothing");
    writer.cut().unwrap();
    assert_eq!(scanned(&disk), [100, 101]);
}
