//! Encrypted streams on a simulated disk: nothing of them can be read there, no nonce comes twice,
//! and faults cost what they cost without encryption.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::sync::Arc;

use anabranch_config::options::{Cipher as Configured, Encryption};
use anabranch_jetstream::stream::Command;
use anabranch_log::Error;
use anabranch_log::directory::Directory;
use anabranch_log::disk::{Disk as _, LockMode, OpenMode, Operation, SimDisk};
use anabranch_log::format::{
    AccountId, Checksum, DirectoryFormat, DirectoryId, Envelope, FormatError, Kind, Lsn, Record,
    StreamId,
};
use anabranch_log::sealing::{Cipher, SealedPlace, Sealer, Secrets};
use anabranch_log::segment::{NewRecord, Place, ScanItem, SegmentId, SegmentReader, SegmentWriter};

use super::fault_tests::damage_at_random;
use super::journal::Opening;
use super::mending::Mended;
use super::recovery;
use super::rewriting::Advance;
use super::sealing::{self, Opener};
use super::store_reader::StoreReader;
use super::test_store::{Store, fails, texts};

fn secrets(cipher: Cipher) -> Secrets {
    Secrets { key: "sesame".to_owned(), previous: None, cipher }
}

fn store(disk: &SimDisk, cipher: Cipher) -> Store {
    Store::open_with(disk, Some(secrets(cipher)))
}

/// All bytes of all files.
fn contents(disk: &SimDisk) -> Vec<u8> {
    let mut all = Vec::new();
    for (path, length) in disk.files("") {
        let file = disk.open(&path, OpenMode::Read).unwrap();
        let mut bytes = vec![0; usize::try_from(length).unwrap()];
        file.read_at(&mut bytes, 0).unwrap();
        all.extend_from_slice(&bytes);
    }
    all
}

fn has(disk: &SimDisk, text: &str) -> bool {
    contents(disk).windows(text.len()).any(|window| window == text.as_bytes())
}

/// Numbers of the data keys in `KEYS`, oldest first.
fn data_keys(disk: &SimDisk) -> Vec<[u8; 4]> {
    let file = disk.open("KEYS", OpenMode::Read).unwrap();
    let mut bytes = vec![0; usize::try_from(file.length().unwrap()).unwrap()];
    file.read_at(&mut bytes, 0).unwrap();
    bytes[96..].chunks(64).map(|entry| *entry.first_chunk().unwrap()).collect()
}

/// How often each pair of run and number within it begins something sealed in a file.
fn nonces(disk: &SimDisk) -> BTreeMap<[u8; 24], Vec<[u8; 16]>> {
    let (bytes, keys) = (contents(disk), data_keys(disk));
    // Headers of files name the directory behind other numbers.
    let mut directory = [0; 16];
    disk.open("FORMAT", OpenMode::Read).unwrap().read_at(&mut directory, 16).unwrap();
    let mut found: BTreeMap<[u8; 24], Vec<[u8; 16]>> = BTreeMap::new();
    for window in bytes.windows(44) {
        let (key, rest) = window.split_first_chunk::<4>().unwrap();
        let (nonce, rest) = rest.split_first_chunk::<24>().unwrap();
        let bytes_of_run: BTreeSet<u8> = nonce[..16].iter().copied().collect();
        let is_header = nonce[..16] == directory;
        let is_likely = nonce[16..].ends_with(&[0; 5]) && bytes_of_run.len() > 9 && !is_header;
        if keys.contains(key) && is_likely {
            found.entry(*nonce).or_default().push(rest.try_into().unwrap());
        }
    }
    found
}

#[test]
fn nothing_of_a_stream_can_be_read_on_the_disk() {
    for cipher in [Cipher::ChaCha, Cipher::Aes] {
        let disk = SimDisk::new(1);
        let mut store = store(&disk, cipher);
        let id = store.create("STREAMNAME");
        store.publish_all(id, 1..=5);
        store.checkpoint().unwrap();
        store.publish_all(id, 6..=9);
        store.apply(id, 3, Command::Delete { seq: 2, erase: true }).unwrap();
        store.checkpoint().unwrap();
        store.publish_all(id, 10..=12);
        disk.crash();
        drop(store);
        let mut store = self::store(&disk, cipher);
        let mut expected = texts(1..=12);
        expected.remove(1);
        assert_eq!(store.bodies(id), expected);
        for text in ["STREAMNAME", "body0", "max_msgs"] {
            assert!(!has(&disk, text), "{text}");
        }
    }
}

#[test]
fn no_nonce_comes_twice_whatever_is_written_again() {
    let disk = SimDisk::new(1);
    let mut store = store(&disk, Cipher::Aes);
    let id = store.create("S");
    store.publish_all(id, 1..=5);
    store.checkpoint().unwrap();
    store.publish_all(id, 6..=9);
    // A copy of the directory, which goes its own way.
    let other = disk.fork();
    // A file that is written again from the log.
    disk.inject(fails(Operation::Sync, "streams/", ErrorKind::Other, false));
    assert!(store.checkpoint().is_err());
    assert_eq!(store.mend(id), Some(Mended::Rewritten));
    store.checkpoint().unwrap();
    drop(store);
    disk.restart();
    let mut again = self::store(&disk, Cipher::Aes);
    let mut copied = self::store(&other, Cipher::Aes);
    for (store, text) in [(&mut again, "here"), (&mut copied, "there")] {
        store.publish(id, text);
        store.checkpoint().unwrap();
        store.publish(id, text);
    }
    let (mut all, more) = (nonces(&disk), nonces(&other));
    assert!(all.len() > 20 && more.len() > 10, "{} and {}", all.len(), more.len());
    for (nonce, contents) in more {
        all.entry(nonce).or_default().extend(contents);
    }
    for (nonce, mut contents) in all {
        contents.sort_unstable();
        contents.dedup();
        assert_eq!(contents.len(), 1, "{nonce:?}");
    }
}

#[test]
fn a_stream_whose_file_fails_is_mended_and_goes_on() {
    let disk = SimDisk::new(1);
    let mut store = store(&disk, Cipher::ChaCha);
    let id = store.create("S");
    store.publish_all(id, 1..=5);
    store.checkpoint().unwrap();
    store.publish_all(id, 6..=9);
    disk.inject(fails(Operation::Sync, "streams/", ErrorKind::Other, true));
    assert!(store.checkpoint().is_err());
    assert_eq!(store.mend(id), Some(Mended::Rewritten));
    assert!(store.checkpoint().is_err());
    assert_eq!(store.mend(id), Some(Mended::Offline));
    // What it had is beside the next checkpoint.
    for _ in 0..3 {
        store.checkpoint().unwrap();
    }
    assert!(!has(&disk, "body0"));
    let mut store = store.reopen();
    assert_eq!(store.bodies(id), texts(1..=9));
}

#[test]
fn damage_to_a_sealed_log_costs_what_it_touched() {
    (100..130).for_each(|seed| damage_at_random(seed, Some(&secrets(Cipher::ChaCha))));
}

#[test]
fn a_command_that_does_not_open_is_damage_in_its_place() {
    let disk = SimDisk::new(1);
    let mut store = store(&disk, Cipher::ChaCha);
    let id = store.create("S");
    store.publish_all(id, 1..=3);
    // Somebody put it there: its checksum is right.
    store.publish_unsealed(id, "forged");
    let mut store = store.reopen();
    assert_eq!(store.bodies(id), texts(1..=3));
    assert!(store.lost(id).contains(&4), "what was in its place is lost");
    assert!(store.publish(id, "body0004") > 4);
}

fn sealer(disk: &SimDisk) -> Arc<Sealer> {
    let opening = Opening::on(Arc::new(disk.clone()), 1 << 16, Some(&secrets(Cipher::Aes)));
    let home = opening.unwrap().home(StreamId(1));
    home.sealer.expect("it is sealed")
}

const WHOSE: (AccountId, StreamId) = (AccountId(1), StreamId(1));

/// A segment with these messages, sealed or not, as a reader gets it.
fn segment(sealer: Option<&Sealer>, bodies: &[&[u8]]) -> (SegmentReader, Vec<Place>) {
    let (disk, directory) = (SimDisk::new(1), DirectoryId([1; 16]));
    let (account, stream) = WHOSE;
    let id = SegmentId { account, stream, first_seq: 1, revision: 0 };
    let mut writer = SegmentWriter::create(Arc::new(disk.clone()), directory, id).unwrap();
    let mut places = Vec::new();
    for (seq, payload) in (1..).zip(bodies) {
        let (subject, header) = (&b"a.b"[..], &b"h"[..]);
        let plain = NewRecord { seq, time_ns: 5, flags: 0, subject, header, payload };
        let mut sealed = Vec::new();
        places.push(writer.append(&match sealer {
            Some(sealer) => sealing::seal(sealer, WHOSE, &plain, &mut sealed),
            None => plain,
        }));
    }
    writer.sync().unwrap();
    (SegmentReader::open(&disk, directory, id).unwrap(), places)
}

#[test]
fn a_sealed_message_opens_in_its_place_only() {
    let sealer = sealer(&SimDisk::new(1));
    let (reader, places) = segment(Some(&sealer), &[b"one", b"two"]);
    let at = |cause| Error::Format { path: String::new(), offset: 0, cause };
    let read = |place: &Place| reader.read(place.offset, place.length).unwrap();
    let mut subject = Vec::new();
    let see = |seen: &[u8]| subject = seen.to_vec();
    let first = sealing::message(Some(&sealer), WHOSE, &read(&places[0]), at, see).unwrap();
    assert_eq!(
        (&*first.headers, &*first.body, &subject[..]),
        (&b"h"[..], &b"one"[..], &b"a.b"[..])
    );
    let others = (AccountId(1), StreamId(2));
    let refused = sealing::message(Some(&sealer), others, &read(&places[0]), at, |_| ());
    assert_eq!(refused, Err(at(FormatError::Seal)));
    let refused = sealing::message(None, WHOSE, &read(&places[1]), at, |_| ());
    assert_eq!(refused, Err(at(FormatError::Sealed)));
}

#[test]
fn what_is_not_sealed_is_not_believed_where_everything_is() {
    let sealer = sealer(&SimDisk::new(1));
    let (reader, places) = segment(None, &[b"forged"]);
    let at = |cause| Error::Format { path: String::new(), offset: 0, cause };
    let record = reader.read(places[0].offset, 0).unwrap();
    let refused = sealing::message(Some(&sealer), WHOSE, &record, at, |_| ());
    assert_eq!(refused, Err(at(FormatError::Plain)));
    assert!(sealing::message(None, WHOSE, &record, at, |_| ()).is_ok());
}

#[test]
fn commands_come_back_and_misplaced_ones_do_not() {
    let sealer = sealer(&SimDisk::new(1));
    let envelope = Envelope {
        kind: Kind::Publish,
        flags: sealing::COMMAND,
        account: WHOSE.0,
        stream: WHOSE.1,
        count: 1,
        first_seq: 0,
        time_ns: 5,
    };
    let command = Command::Publish { subject: b"a.b", headers: b"", body: b"body" };
    let (mut plain, mut sealed) = (Vec::new(), Vec::new());
    command.encode(&mut plain);
    sealing::write_command(Some(&sealer), &envelope, &command, &mut sealed);
    let mut opener = Opener::new(Some(Arc::clone(&sealer)));
    let record = |envelope, payload| Record { lsn: Lsn(0), envelope, extension: b"", payload };
    assert_eq!(opener.payload(&record(envelope, &sealed)).unwrap(), plain);
    let later = Envelope { time_ns: 6, ..envelope };
    assert_eq!(opener.payload(&record(later, &sealed)), Err(FormatError::Seal));
    let bare = Envelope { flags: 0, ..envelope };
    assert_eq!(opener.payload(&record(bare, &plain)), Err(FormatError::Plain));
    let mut locked = Opener::new(None);
    assert_eq!(locked.payload(&record(envelope, &sealed)), Err(FormatError::Sealed));
    assert_eq!(locked.payload(&record(bare, &plain)).unwrap(), plain);
    let place = SealedPlace::Record(Envelope { stream: StreamId(2), ..envelope });
    assert_eq!(sealer.open(&place, &mut sealed), Err(FormatError::Seal));
}

/// Whether a file of a stream or a checkpoint has the text.
fn is_stored(disk: &SimDisk, text: &str) -> bool {
    ["streams/", "checkpoints/"].iter().flat_map(|folder| disk.files(folder)).any(
        |(path, length)| {
            let file = disk.open(&path, OpenMode::Read).unwrap();
            let mut bytes = vec![0; usize::try_from(length).unwrap()];
            file.read_at(&mut bytes, 0).unwrap();
            bytes.windows(text.len()).any(|window| window == text.as_bytes())
        },
    )
}

/// Writes anew what is to be; gives how many segments that were.
fn renew(store: &mut Store, id: StreamId) -> usize {
    let mut segments = 0;
    while store.streams.get_mut(id).unwrap().begin_rewriting(|_| true) {
        loop {
            match store.streams.get_mut(id).unwrap().advance_rewriting(true, 3) {
                Advance::Send(task) => task.run(),
                Advance::Done(outcome) => break segments += outcome.segments,
                Advance::Failed(fault) => panic!("{fault:?}"),
                Advance::Nothing => break,
                Advance::Copied(_) | Advance::Waits | Advance::More => {}
            }
        }
    }
    for _ in 0..3 {
        store.checkpoint().unwrap();
    }
    segments
}

#[test]
fn what_was_stored_before_the_key_is_sealed_by_and_by() {
    for config in ["", ",\"compression\":\"s2\""] {
        let disk = SimDisk::new(1);
        let mut store = Store::open_with(&disk, None);
        let id = store.create_with("STREAMNAME", config);
        store.publish_all(id, 1..=5);
        store.checkpoint().unwrap();
        store.publish_all(id, 6..=9);
        let long = "body of a hundred bytes and more ".repeat(4);
        store.publish(id, &long);
        store.apply(id, 3, Command::Delete { seq: 2, erase: true }).unwrap();
        store.checkpoint().unwrap();
        drop(store);
        assert!(is_stored(&disk, "body0001") && is_stored(&disk, "STREAMNAME"));
        let mut expected = texts(1..=9);
        expected.remove(1);
        expected.push(long);
        let mut store = self::store(&disk, Cipher::Aes);
        store.publish(id, "new");
        expected.push("new".to_owned());
        assert_eq!(renew(&mut store, id), 1);
        assert_eq!(store.bodies(id), expected);
        assert!(!is_stored(&disk, "body") && !is_stored(&disk, "STREAMNAME"));
        let mut store = store.reopen();
        assert_eq!(store.bodies(id), expected);
        assert_eq!((store.lost(id), renew(&mut store, id)), (vec![], 0));
    }
}

#[test]
fn what_was_sealed_before_the_key_changed_is_sealed_anew() {
    let disk = SimDisk::new(1);
    let mut store = store(&disk, Cipher::ChaCha);
    let id = store.create("S");
    store.publish_all(id, 1..=5);
    store.checkpoint().unwrap();
    store.streams.get_mut(id).unwrap().abandon();
    store.publish_all(id, 6..=9);
    store.checkpoint().unwrap();
    drop(store);
    let (key, previous) = ("another".to_owned(), Some("sesame".to_owned()));
    let secrets = Secrets { key, previous, cipher: Cipher::ChaCha };
    let mut store = Store::open_with(&disk, Some(secrets));
    store.publish(id, "body0010");
    let first_key = data_keys(&disk)[0];
    let stale = |disk: &SimDisk| {
        let count = |(path, length): &(String, u64)| {
            let file = disk.open(path, OpenMode::Read).unwrap();
            let mut bytes = vec![0; usize::try_from(*length).unwrap()];
            file.read_at(&mut bytes, 0).unwrap();
            bytes[64 + 40..64 + 44] == first_key
        };
        disk.files("streams/").iter().filter(|file| count(file)).count()
    };
    assert_eq!(stale(&disk), 2);
    assert_eq!(renew(&mut store, id), 2);
    assert_eq!(stale(&disk), 0);
    assert_eq!(store.bodies(id), texts(1..=10));
    let mut store = store.reopen();
    assert_eq!((store.bodies(id), renew(&mut store, id)), (texts(1..=10), 0));
}

#[test]
fn older_keys_put_back_refuse_the_start_and_cost_nothing() {
    for has_checkpoint in [false, true] {
        let disk = SimDisk::new(1);
        let mut store = store(&disk, Cipher::ChaCha);
        let id = store.create("S");
        store.publish_all(id, 1..=3);
        drop(store);
        let keys = |disk: &SimDisk| {
            let file = disk.open("KEYS", OpenMode::Read).unwrap();
            let mut bytes = vec![0; usize::try_from(file.length().unwrap()).unwrap()];
            file.read_at(&mut bytes, 0).unwrap();
            bytes
        };
        let put = |bytes: &[u8]| {
            for path in ["KEYS", "KEYS.copy"] {
                disk.remove(path).unwrap();
                disk.open(path, OpenMode::Create).unwrap().write_at(bytes, 0).unwrap();
            }
        };
        let old = keys(&disk);
        let (key, previous) = ("another".to_owned(), Some("sesame".to_owned()));
        let secrets = Secrets { key, previous, cipher: Cipher::ChaCha };
        let mut store = Store::open_with(&disk, Some(secrets.clone()));
        store.publish_all(id, 4..=6);
        if has_checkpoint {
            store.checkpoint().unwrap();
        }
        drop(store);
        let new = keys(&disk);
        put(&old);
        for _ in 0..2 {
            let opening = Opening::on(Arc::new(disk.clone()), 1 << 16, Some(&secrets));
            let opened = opening.and_then(|opening| recovery::recover(opening, 1));
            let refused = opened.err().unwrap();
            let is_unknown =
                matches!(&refused, Error::Format { cause: FormatError::DataKey(_), .. });
            assert!(is_unknown, "{refused}");
        }
        put(&new);
        let mut store = Store::open_with(&disk, Some(secrets));
        assert_eq!((store.bodies(id), store.lost(id)), (texts(1..=6), vec![]));
    }
}

/// Says in a segment that its first record is erased, as anybody can who writes to the disk.
fn forge_erased(disk: &SimDisk, path: &str) {
    let file = disk.open(path, OpenMode::Write).unwrap();
    let mut checksum = [0; 4];
    file.read_at(&mut checksum, 64 + 36).unwrap();
    let mark = Checksum(u32::from_le_bytes(checksum)).then(b"erased").0.max(1);
    file.write_at(&mark.to_le_bytes(), 64 + 4).unwrap();
}

#[test]
fn a_message_that_is_said_to_be_erased_but_was_not_deleted_is_lost() {
    for secrets in [None, Some(secrets(Cipher::ChaCha))] {
        for config in ["", ",\"compression\":\"s2\""] {
            let disk = SimDisk::new(1);
            let mut store = Store::open_with(&disk, secrets.clone());
            let id = store.create_with("S", config);
            let long = "body of a hundred bytes and more ".repeat(4);
            store.publish(id, &long);
            store.publish_all(id, 2..=3);
            store.checkpoint().unwrap();
            forge_erased(&disk, &store.segment(id));
            let mut store = store.reopen();
            assert_eq!(store.bodies(id), texts(2..=3));
            assert_eq!(store.lost(id), [1]);
        }
    }
}

#[test]
fn tools_take_a_deleted_message_as_it_is() {
    for secrets in [None, Some(secrets(Cipher::ChaCha))] {
        let disk = SimDisk::new(1);
        let mut store = Store::open_with(&disk, secrets.clone());
        let id = store.create("S");
        store.publish_all(id, 1..=2);
        store.apply(id, 3, Command::Delete { seq: 1, erase: true }).unwrap();
        store.checkpoint().unwrap();
        drop(store);
        disk.restart();
        let new = DirectoryFormat { id: DirectoryId([1; 16]), created_ns: 1, is_sealed: false };
        let directory = Directory::open(Arc::new(disk.clone()), LockMode::Fail, new).unwrap();
        let (key, cipher) = ("sesame".to_owned(), Configured::ChaCha);
        let encryption = Encryption { key, previous_key: None, cipher };
        let reader = StoreReader::new(&directory, secrets.is_some().then_some(&encryption));
        let reader = reader.unwrap();
        let segment = SegmentId { account: WHOSE.0, stream: id, first_seq: 1, revision: 0 };
        let segment = SegmentReader::open(&disk, directory.id(), segment).unwrap();
        let subjects = segment.scan(0, None).unwrap().map(|item| match item.unwrap() {
            ScanItem::Record(_, record) => reader.subject((WHOSE.0, id), &record).unwrap(),
            ScanItem::Damage(damage) => panic!("{damage:?}"),
        });
        let erased = secrets.is_none().then(|| vec![0]);
        assert_eq!(subjects.collect::<Vec<_>>(), [erased, Some(b"a".to_vec())]);
    }
}
