//! A damaged checkpoint is refused, or gives back what was put into it.

use std::sync::{Arc, LazyLock};

use anabranch_log::checkpoint::{BlobKey, Checkpoints};
use anabranch_log::disk::{Disk, SimDisk};
use anabranch_log::format::{AccountId, DirectoryId, StreamId};
use anabranch_log::wal::Start;

use super::{Target, damage};

pub(super) const TARGET: Target =
    Target { name: "log_checkpoint", check, corpus: damage::CORPUS, dictionary: damage::WORDS };

const BLOBS: u16 = 3;

/// Two checkpoints, the second of which carries a blob of the first.
static DISK: LazyLock<SimDisk> = LazyLock::new(|| {
    let disk = SimDisk::new(0);
    write(&mut open(&disk).expect("the disk is empty"));
    write(&mut open(&disk).expect("nothing is damaged"));
    disk
});

fn check(input: &[u8]) {
    let disk = DISK.fork();
    damage::apply(&disk, "checkpoints/", input);
    let Some(mut checkpoints) = open(&disk) else { return };
    for checkpoint in [checkpoints.newest(), checkpoints.previous()].into_iter().flatten() {
        let checkpoint = checkpoint.clone();
        let keys: Vec<BlobKey> = checkpoint.blobs().map(|(key, _)| key).collect();
        assert_eq!(keys, (0..BLOBS).map(key).collect::<Vec<_>>());
        for key in keys {
            let Ok(Some(reader)) = checkpoints.read(&checkpoint, key) else { continue };
            if let Ok(contents) = reader.read_all(1 << 20) {
                assert_eq!(contents, blob(key.kind));
            }
        }
    }
    write(&mut checkpoints);
}

fn open(disk: &SimDisk) -> Option<Checkpoints> {
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    Some(Checkpoints::open(shared, DirectoryId([1; 16])).ok()?.0)
}

fn write(checkpoints: &mut Checkpoints) {
    let mut writer = checkpoints.begin(Start::default(), 0).expect("memory");
    for kind in 0..BLOBS {
        if kind != 0 || !writer.carry(key(kind)).expect("memory") {
            writer.put(key(kind), &blob(kind)).expect("memory");
        }
    }
    checkpoints.install(writer.finish().expect("memory")).expect("memory");
}

fn key(kind: u16) -> BlobKey {
    BlobKey { account: AccountId(1), stream: StreamId(2), kind, part: 0 }
}

fn blob(kind: u16) -> Vec<u8> {
    vec![7; usize::from(kind) * 400]
}
