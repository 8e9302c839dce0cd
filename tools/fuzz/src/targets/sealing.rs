//! A file of data keys of any bytes is refused or comes back; changed sealed bytes do not open.

use std::sync::{Arc, LazyLock};

use anabranch_log::directory::Directory;
use anabranch_log::disk::{LockMode, SimDisk};
use anabranch_log::format::{
    AccountId, BlobKey, DirectoryFormat, DirectoryId, KeyFile, StreamId, WrappedKey,
};
use anabranch_log::sealing::{Cipher, SealedPlace, Sealer, Secrets, unlock};

use super::Target;

pub(super) const TARGET: Target =
    Target { name: "sealing", check, corpus: CORPUS, dictionary: WORDS };

const DIRECTORY: DirectoryId = DirectoryId([1; 16]);
const CORPUS: &[&[u8]] = &[b"", b"\x01\0\0\0", b"ANABRKEY\x01\0\0\0\xa0\0\0\0", &[1; 60]];
const WORDS: &[&[u8]] = &[b"ANABRKEY", b"\x01\0\0\0", b"\xff\xff\xff\xff", &[1; 16]];
const PLACE: SealedPlace = SealedPlace::Chunk {
    generation: 1,
    key: BlobKey { account: AccountId(1), stream: StreamId(1), kind: 1, part: 1 },
    index: 0,
    is_last: true,
};

/// One that knows a data key, and bytes that it sealed.
static SEALED: LazyLock<(Arc<Sealer>, Vec<u8>)> = LazyLock::new(|| {
    let new = DirectoryFormat { id: DIRECTORY, created_ns: 0, is_sealed: false };
    let disk = Arc::new(SimDisk::new(0));
    let mut directory = Directory::open(disk, LockMode::Fail, new).expect("memory");
    let secrets = Secrets { key: "sesame".to_owned(), previous: None, cipher: Cipher::default() };
    let unlocked = unlock(&mut directory, Some(&secrets), &mut |into| into.fill(1), 0);
    let sealer = unlocked.expect("memory").expect("there is a key").sealer;
    let mut sealed = Vec::new();
    sealer.seal(&PLACE, &mut sealed, |into| into.extend_from_slice(b"plain"));
    (sealer, sealed)
});

fn check(input: &[u8]) {
    if let Ok(file) = KeyFile::decode(input, DIRECTORY) {
        assert_eq!(KeyFile::decode(&file.encode(), DIRECTORY), Ok(file));
    }
    check_fields(input);
    let (sealer, sealed) = &*SEALED;
    let mut bytes = input.to_vec();
    if input != sealed {
        assert!(sealer.open(&PLACE, &mut bytes).is_err());
    }
    let mut changed = sealed.clone();
    for (byte, change) in changed.iter_mut().zip(input) {
        *byte ^= change;
    }
    let is_same = changed == *sealed;
    assert_eq!(sealer.open(&PLACE, &mut changed).is_ok(), is_same);
}

/// A file with a right checksum and fields of any value.
fn check_fields(input: &[u8]) {
    let mut next = input.iter().copied().chain(std::iter::repeat(0));
    let mut number = || u32::from_le_bytes(std::array::from_fn(|_| next.next().unwrap_or(0)));
    let (rounds, count) = (number(), number() % 8);
    let keys = (0..count).map(|_| WrappedKey {
        number: number(),
        cipher: number(),
        made_ns: i64::from(number()),
        sealed: [7; WrappedKey::SEALED],
    });
    let keys: Vec<WrappedKey> = keys.collect();
    let (written_ns, holds_plain, salt) = (1, input.len() % 2 == 1, [9; 32]);
    let file = KeyFile { directory: DIRECTORY, written_ns, rounds, holds_plain, salt, keys };
    let is_right = !file.keys.is_empty() && (1..=KeyFile::ROUNDS_MAX).contains(&file.rounds);
    assert_eq!(KeyFile::decode(&file.encode(), DIRECTORY).is_ok(), is_right);
}
