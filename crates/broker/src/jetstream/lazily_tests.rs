//! Streams of which a start reads little, on a simulated disk.

use anabranch_jetstream::stream::{Command, Part};
use anabranch_log::disk::SimDisk;
use anabranch_log::format::StreamId;
use anabranch_log::sealing::{Cipher, Secrets};

use super::lazily::Eager;
use super::mending::Mended;
use super::test_store::{Store, texts};

const NOTHING: Eager = Eager { stream: 0, all: 0 };
/// Messages of two pages.
const MANY: u64 = 5_000;

/// Messages of as many subjects as there are pages of them.
fn fill(store: &mut Store, id: StreamId) {
    for number in 1..=MANY {
        let (subject, body) = (format!("s.{}", number % 1_500), format!("body{number:04}"));
        let (subject, body) = (subject.as_bytes(), body.as_bytes());
        store.apply(id, 2, Command::Publish { subject, headers: b"", body }).unwrap();
    }
}

fn is_whole(store: &Store, id: StreamId) -> bool {
    store.streams.get(id).unwrap().machine.is_whole()
}

fn filled(secrets: Option<Secrets>) -> (Store, StreamId) {
    let disk = SimDisk::new(1);
    let mut store = Store::open_reading(&disk, secrets, NOTHING);
    let id = store.create("S");
    fill(&mut store, id);
    store.checkpoint().unwrap();
    (store, id)
}

fn finds_everything(secrets: Option<Secrets>) {
    let (store, id) = filled(secrets);
    let mut store = store.reopen();
    for round in 0..20 {
        let last = MANY + round;
        assert!(!is_whole(&store, id), "{round}");
        let index = store.streams.get(id).unwrap().machine.index();
        assert_eq!((index.messages(), index.last_seq()), (last, last));
        assert_eq!(index.count_matching(b">", 4_096), last - 4_095);
        assert_eq!(store.body(id, last).as_deref(), texts(last..=last).first().map(|s| &**s));
        let name = format!("body{:04}", last + 1);
        assert_eq!(store.publish(id, &name), last + 1);
        assert!(!is_whole(&store, id), "only what was needed was read");
        for _ in 0..round % 3 {
            store.checkpoint().unwrap();
        }
        store = store.reopen();
    }
    assert_eq!(store.bodies(id), texts(1..=MANY + 20));
    let index = store.streams.get(id).unwrap().machine.index();
    assert_eq!(index.last_of(b"s.77"), Some(4_577));
    assert_eq!(index.subjects().matching(b"s.*").len(), 1_500);
    assert!(is_whole(&store, id));
    store.checkpoint().unwrap();
    assert!(store.streams.get(id).unwrap().left.is_none());
}

#[test]
fn what_a_start_leaves_is_read_when_it_is_needed() {
    finds_everything(None);
}

#[test]
fn what_a_start_leaves_is_unsealed_when_it_is_needed() {
    let (key, cipher) = ("sesame".to_owned(), Cipher::ChaCha);
    finds_everything(Some(Secrets { key, previous: None, cipher }));
}

#[test]
fn what_is_left_outlives_many_checkpoints_and_their_files() {
    let (store, id) = filled(None);
    let mut store = store.reopen();
    for round in 0..40 {
        store.publish(id, &format!("body{:04}", MANY + 1 + round));
        store.checkpoint().unwrap();
    }
    assert!(!is_whole(&store, id));
    assert!(store.disk.files("checkpoints/").len() < 40);
    assert_eq!(store.bodies(id), texts(1..=MANY + 40));
}

/// Flips a bit of a part in the newest checkpoint.
fn damage(store: &Store, id: StreamId, part: Part) {
    let blobs = store.journal.blobs().unwrap();
    let bytes = blobs.read(super::checkpointing::key_of(id, part)).unwrap().unwrap();
    for (path, length) in store.disk.files("checkpoints/").into_iter().rev() {
        let all = read(&store.disk, &path, length);
        if let Some(at) = all.windows(bytes.len()).position(|window| window == bytes) {
            let middle = u64::try_from(at + bytes.len() / 2).unwrap();
            return store.disk.corrupt(&path, middle, |byte| byte ^ 1);
        }
    }
    panic!("the part is in no file");
}

fn read(disk: &SimDisk, path: &str, length: u64) -> Vec<u8> {
    use anabranch_log::disk::{Disk, OpenMode};
    let file = disk.open(path, OpenMode::Read).unwrap();
    let mut bytes = vec![0; usize::try_from(length).unwrap()];
    let read = file.read_at(&mut bytes, 0).unwrap();
    bytes.truncate(read);
    bytes
}

#[test]
fn a_part_that_turns_out_to_be_damaged_comes_from_the_checkpoint_before_and_the_log() {
    for part in [Part::Page(0), Part::Subjects(0)] {
        let (mut store, id) = filled(None);
        // It changes, so that it is in both checkpoints.
        store.apply(id, 3, Command::Delete { seq: 7, erase: false }).unwrap();
        store.checkpoint().unwrap();
        damage(&store, id, part);
        let mut store = store.reopen();
        assert!(!store.is_offline(id));
        let _ = store.streams.get(id).unwrap().machine.index().last_of(b"s.9");
        let _ = store.body(id, 8);
        assert!(store.streams.may_have_failed() && store.is_offline(id), "{part:?}");
        assert_eq!(store.mend(id), Some(Mended::Rewritten));
        assert_eq!(store.publish(id, "body5001"), MANY + 1);
        let whole: Vec<String> = texts(1..=6).into_iter().chain(texts(8..=MANY + 1)).collect();
        assert_eq!(store.bodies(id), whole);
        store.checkpoint().unwrap();
        let mut store = store.reopen();
        assert_eq!(store.bodies(id), whole);
    }
}

#[test]
fn a_part_that_cannot_be_read_anywhere_takes_the_stream_offline_and_what_came_is_kept() {
    let (mut store, id) = filled(None);
    let other = store.create("G");
    store.publish(other, "body0001");
    store.checkpoint().unwrap();
    store.checkpoint().unwrap();
    // Both checkpoints name the same bytes.
    damage(&store, id, Part::Page(0));
    let mut store = store.reopen();
    for round in 0..3 {
        if round == 0 {
            // Nobody needed it yet.
            assert_eq!(store.publish(id, "body5001"), MANY + 1);
            assert!(!store.streams.may_have_failed());
        }
        assert_eq!(store.body(id, 8), None);
        assert!(store.streams.may_have_failed() && store.is_offline(id));
        assert_eq!(store.mend(id), Some(Mended::Offline));
        assert_eq!(store.publish(other, "next"), 2 + round);
        store.checkpoint().unwrap();
        store.checkpoint().unwrap();
        store = store.reopen();
        assert_eq!(store.streams.last_seq(id), Some(MANY + 1));
        assert_eq!(store.body(id, MANY + 1).as_deref(), Some("body5001"));
    }
}

#[test]
fn a_checkpoint_that_needs_a_damaged_part_is_not_made_of_nothing() {
    let (store, id) = filled(None);
    damage(&store, id, Part::Page(0));
    let mut store = store.reopen();
    store.apply(id, 3, Command::Delete { seq: 7, erase: false }).unwrap();
    assert!(store.checkpoint().is_err());
    assert!(store.is_offline(id));
    // All of the log is there still, and nothing else is needed.
    assert_eq!(store.mend(id), Some(Mended::Rewritten));
    store.checkpoint().unwrap();
    let mut store = store.reopen();
    assert_eq!(store.bodies(id).len(), texts(1..=MANY).len() - 1);
}

#[test]
fn many_small_commands_make_a_checkpoint_due() {
    let mut store = Store::open(&SimDisk::new(1));
    let id = store.create("S");
    store.checkpoint().unwrap();
    for number in 0..200_000 {
        let command = Command::Publish { subject: b"a", headers: b"", body: b"" };
        store.journal.append(id, 2, &command).unwrap();
        if number % 10_000 == 0 {
            store.journal.commit().unwrap();
            assert!(!store.journal.wants_checkpoint(), "{number}");
        }
    }
    store.journal.commit().unwrap();
    assert!(store.journal.wants_checkpoint());
}
