//! A damaged segment gives back records as they were stored, and names the rest.

use std::sync::{Arc, LazyLock};

use anabranch_log::disk::{Disk, SimDisk};
use anabranch_log::format::{AccountId, DirectoryId, StreamId};
use anabranch_log::segment::{
    Columns, NewRecord, Place, ScanItem, SegmentId, SegmentReader, SegmentWriter,
};

use super::{Target, damage};

pub(super) const TARGET: Target =
    Target { name: "log_segment", check, corpus: damage::CORPUS, dictionary: damage::WORDS };

const DIRECTORY: DirectoryId = DirectoryId([1; 16]);
const ID: SegmentId = SegmentId::new(AccountId(0), StreamId(1), 0);
const RECORDS: u8 = 12;

/// A sealed segment.
static DISK: LazyLock<(SimDisk, Vec<Place>)> = LazyLock::new(|| {
    let disk = SimDisk::new(0);
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let mut writer = SegmentWriter::create(shared, DIRECTORY, ID).expect("memory");
    let mut columns = Vec::new();
    let mut places = Vec::new();
    for number in 0..RECORDS {
        let (seq, payload) = (u64::from(number), payload(number));
        let place = writer.append(&NewRecord {
            seq,
            time_ns: 0,
            flags: 0,
            subject: b"a.b",
            header: b"",
            payload: &payload,
        });
        let (size, time_ns, expiry_ns) = (place.length, 0, 0);
        columns.push(Columns { seq, size, time_ns, expiry_ns, subject: 1, is_deleted: false });
        places.push(place);
    }
    writer.seal(&columns).expect("memory");
    (disk, places)
});

fn check(input: &[u8]) {
    let (disk, places) = &*DISK;
    let disk = disk.fork();
    damage::apply(&disk, "streams/", input);
    let Ok(reader) = SegmentReader::open(&disk, DIRECTORY, ID) else { return };
    for place in places {
        let by_offset = reader.read(place.offset, 0).ok();
        assert_eq!(reader.read(place.offset, place.length).ok(), by_offset);
    }
    let mut next = 0;
    for item in reader.scan(0, None).expect("memory") {
        match item.expect("memory") {
            ScanItem::Record(offset, record) => {
                let number = u8::try_from(record.fields().seq).expect("it is small");
                assert!(number >= next && offset == places[usize::from(number)].offset);
                assert!(record.fields().is_erased || record.payload() == payload(number));
                next = number + 1;
            }
            ScanItem::Damage(damage) => assert!(damage.length > 0),
        }
    }
    if let Some(footer) = reader.footer().expect("memory") {
        let _ = reader.columns(&footer);
    }
}

fn payload(number: u8) -> Vec<u8> {
    vec![number; usize::from(number) * 100]
}
