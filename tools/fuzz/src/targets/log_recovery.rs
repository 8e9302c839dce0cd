//! A damaged log gives back nothing that was not appended, and goes on.

use std::sync::{Arc, LazyLock};

use anabranch_log::Error;
use anabranch_log::disk::SimDisk;
use anabranch_log::format::{AccountId, DirectoryId, Envelope, Kind, StreamId};
use anabranch_log::wal::{Item, Recovery, Start, Wal, WalOptions};

use super::{Target, damage};

pub(super) const TARGET: Target =
    Target { name: "log_recovery", check, corpus: damage::CORPUS, dictionary: damage::WORDS };

const OPTIONS: WalOptions =
    WalOptions { file_size: 16 * 1024, files: 8, zero_step: 0, batch_max: 1 << 20 };
/// Records before the damage.
const RECORDS: u8 = 8;

/// Two files with records, each of a letter and its length.
static DISK: LazyLock<SimDisk> = LazyLock::new(|| {
    let disk = SimDisk::new(0);
    let (mut wal, _) = recover(&disk).expect("the disk is empty");
    for number in 0..RECORDS {
        append(&mut wal, number);
    }
    wal.mark_now().expect("memory");
    disk
});

fn check(input: &[u8]) {
    let disk = DISK.fork();
    damage::apply(&disk, "wal/", input);
    // A header of a newer program is the only thing that mutations could make of a checksum.
    let Ok((mut wal, found)) = recover(&disk) else { return };
    assert!(found.iter().all(|number| *number < RECORDS), "{found:?}");
    append(&mut wal, RECORDS);
    drop(wal);
    disk.restart();
    let (_, again) = recover(&disk).expect("what a recovery left can be recovered");
    assert_eq!(again.last(), Some(&RECORDS));
    assert_eq!(&again[..again.len() - 1], found);
}

/// The numbers of the records that come back, in order.
fn recover(disk: &SimDisk) -> Result<(Wal, Vec<u8>), Error> {
    let shared = Arc::new(disk.clone());
    let directory = DirectoryId([1; 16]);
    let mut recovery = Recovery::open(shared, directory, OPTIONS, Start::default())?;
    let mut found = Vec::new();
    while let Some(item) = recovery.next_item()? {
        if let Item::Batch(batch) = item {
            for record in batch.records() {
                let number = record.payload.first().copied().expect("none is empty");
                assert_eq!(record.payload, payload(number));
                found.push(number);
            }
        }
    }
    assert!(found.is_sorted_by(|one, next| one < next), "{found:?}");
    Ok((recovery.finish()?.0, found))
}

fn append(wal: &mut Wal, number: u8) {
    let envelope = Envelope {
        kind: Kind::Publish,
        flags: 0,
        account: AccountId(0),
        stream: StreamId(1),
        count: 1,
        first_seq: 0,
        time_ns: 0,
    };
    wal.append(&envelope, &payload(number)).expect("there is room");
    wal.commit().expect("memory");
}

fn payload(number: u8) -> Vec<u8> {
    vec![number; 1 + usize::from(number) * 500]
}
