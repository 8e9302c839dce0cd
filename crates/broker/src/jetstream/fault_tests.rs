//! Streams on a simulated disk that fails, is full, or loses what it had.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::Arc;

use anabranch_jetstream::stream::Command;
use anabranch_log::disk::sim::Random;
use anabranch_log::disk::{Disk, OpenMode, Operation, SimDisk};
use anabranch_log::format::StreamId;
use anabranch_log::sealing::Secrets;

use super::lazily::Eager;
use super::mending::Mended;
use super::repair::{RepairMode, repair_disk};
use super::test_store::{Store, fails, texts};

/// Flips a bit of the place in the log where `text` is.
fn damage_log(disk: &SimDisk, text: &str) {
    for (path, length) in disk.files("wal/") {
        let file = disk.open(&path, OpenMode::Read).unwrap();
        let mut bytes = vec![0; usize::try_from(length).unwrap()];
        file.read_at(&mut bytes, 0).unwrap();
        let found = bytes.windows(text.len()).position(|window| window == text.as_bytes());
        if let Some(at) = found {
            return disk.corrupt(&path, u64::try_from(at).unwrap(), |byte| byte ^ 1);
        }
    }
    panic!("{text} is not in the log");
}

#[test]
fn an_erased_message_is_gone_from_its_file_also_after_a_crash() {
    let disk = SimDisk::new(1);
    let mut store = Store::open(&disk);
    let id = store.create("S");
    store.publish_all(id, 1..=3);
    store.checkpoint().unwrap();
    store.publish(id, "body0004");
    for seq in [2, 4] {
        store.apply(id, 3, Command::Delete { seq, erase: true }).unwrap();
    }
    let path = store.segment(id);
    let has = |text: &str| {
        let file = disk.open(&path, OpenMode::Read).unwrap();
        let mut bytes = vec![0; usize::try_from(file.length().unwrap()).unwrap()];
        file.read_at(&mut bytes, 0).unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    };
    assert!(has("body0001") && !has("body0002") && !has("body0004"));
    drop(store);
    disk.crash();
    let mut store = Store::open(&disk);
    assert_eq!(store.bodies(id), ["body0001", "body0003"]);
    assert!(has("body0001") && !has("body0002") && !has("body0004"));
    assert!(store.lost(id).is_empty());
}

#[test]
fn a_deletion_that_was_not_durable_erases_nothing_before_it_is() {
    let disk = SimDisk::new(1);
    let mut store = Store::open(&disk);
    let id = store.create("S");
    store.publish_all(id, 1..=3);
    store.checkpoint().unwrap();
    store.journal.append(id, 3, &Command::Delete { seq: 2, erase: true }).unwrap();
    store.journal.write().unwrap();
    drop(store);
    // The program is killed; the power goes off while the next one reads the log.
    disk.restart();
    let before = disk.operations();
    drop(Store::open(&disk.fork()));
    for operations in 0..200 {
        let disk = disk.fork();
        disk.power_off_after(operations);
        drop(Store::try_open(&disk, None, Eager::default()));
        disk.crash();
        let mut store = Store::open(&disk);
        let bodies = store.bodies(id);
        let is_deleted = bodies == ["body0001", "body0003"];
        assert!(is_deleted || bodies == texts(1..=3), "after {operations} operations: {bodies:?}");
        assert!(store.lost(id).is_empty(), "after {operations} operations");
    }
    assert_eq!(disk.operations(), before, "it was only copied");
}

#[test]
fn what_was_only_written_is_synced_soon_also_if_the_shard_is_never_idle() {
    let disk = SimDisk::new(1);
    let mut store = Store::open(&disk);
    let id = store.create("S");
    let command = Command::Publish { subject: b"a", headers: b"", body: b"body0001" };
    store.journal.append(id, 2, &command).unwrap();
    store.journal.write().unwrap();
    while !store.journal.sync_if_due().unwrap() {}
    assert!(!store.journal.sync_if_due().unwrap(), "once is enough");
    drop(store);
    disk.crash();
    assert_eq!(Store::open(&disk).bodies(id), texts(1..=1));
}

#[test]
fn a_file_whose_sync_fails_is_written_again_from_the_log() {
    let disk = SimDisk::new(1);
    let mut store = Store::open(&disk);
    let id = store.create("S");
    store.publish_all(id, 1..=5);
    store.checkpoint().unwrap();
    store.publish_all(id, 6..=9);
    disk.inject(fails(Operation::Sync, "streams/", ErrorKind::Other, false));
    assert!(store.checkpoint().is_err());
    assert_eq!(store.mend(id), Some(Mended::Rewritten));
    store.checkpoint().unwrap();
    store.checkpoint().unwrap();
    assert_eq!(store.bodies(id), texts(1..=9));
    disk.crash();
    let mut store = Store::open(&disk);
    assert_eq!(store.bodies(id), texts(1..=9));
    assert_eq!(store.publish(id, "body0010"), 10);
}

#[test]
fn a_second_failure_takes_one_stream_offline_and_others_go_on() {
    let disk = SimDisk::new(1);
    let mut store = Store::open(&disk);
    let (bad, good) = (store.create("S"), store.create("G"));
    store.publish_all(bad, 1..=5);
    store.checkpoint().unwrap();
    store.publish_all(bad, 6..=9);
    disk.inject(fails(Operation::Sync, &format!("streams/1/{bad}/"), ErrorKind::Other, true));
    assert!(store.checkpoint().is_err());
    assert_eq!(store.mend(bad), Some(Mended::Rewritten));
    assert!(store.checkpoint().is_err());
    assert_eq!(store.mend(bad), Some(Mended::Offline));
    for round in 0..40 {
        store.publish(good, &format!("good{round}"));
        store.checkpoint().unwrap();
    }
    assert_eq!(store.bodies(bad), texts(1..=9), "what is readable stays readable");
    let mut store = store.reopen();
    assert!(!store.is_offline(bad));
    assert_eq!((store.bodies(bad), store.bodies(good).len()), (texts(1..=9), 40));
    store.publish(bad, "body0010");
    store.checkpoint().unwrap();
    let mut store = store.reopen();
    assert_eq!(store.bodies(bad), texts(1..=10));
}

#[test]
fn messages_can_be_read_while_the_disk_has_no_room_for_them() {
    let disk = SimDisk::new(1);
    let mut store = Store::open(&disk);
    let id = store.create("S");
    store.publish(id, "body0001");
    store.checkpoint().unwrap();
    disk.inject(fails(Operation::Write, "streams/", ErrorKind::StorageFull, true));
    store.publish_all(id, 2..=4);
    assert_eq!(store.bodies(id), texts(1..=4));
    assert!(!store.is_offline(id));
    assert!(store.checkpoint().is_err());
    let mut store = store.reopen();
    assert_eq!(store.bodies(id), texts(1..=4));
    store.checkpoint().unwrap();
}

#[test]
fn a_stream_whose_file_cannot_be_made_for_lack_of_space_waits_for_it() {
    let disk = SimDisk::new(1);
    let mut store = Store::open(&disk);
    let (id, other) = (store.create("S"), store.create("G"));
    disk.inject(fails(Operation::Write, "streams/", ErrorKind::StorageFull, false));
    store.publish(id, "body0001");
    assert!(store.is_offline(id));
    disk.inject(fails(Operation::Write, "streams/", ErrorKind::StorageFull, false));
    assert_eq!(store.mend(id), Some(Mended::Later));
    store.publish(other, "other");
    store.checkpoint().unwrap();
    assert_eq!(store.mend(id), Some(Mended::Rewritten));
    store.publish(id, "body0002");
    store.checkpoint().unwrap();
    assert_eq!(store.bodies(id), texts(1..=2));
    let mut store = store.reopen();
    assert_eq!((store.bodies(id), store.bodies(other).len()), (texts(1..=2), 1));
}

#[test]
fn batches_behind_a_damaged_one_keep_their_sequences() {
    let disk = SimDisk::new(1);
    let mut store = Store::open(&disk);
    let (one, other) = (store.create("S"), store.create("G"));
    for text in texts(1..=3) {
        store.publish(one, &text);
        store.publish(other, &format!("other {text}"));
    }
    store.publish(one, "damaged!");
    store.publish(other, "other body0004");
    store.publish(one, "body0005");
    store.idle();
    drop(store);
    damage_log(&disk, "damaged!");
    disk.restart();
    let mut store = Store::open(&disk);
    for _ in 0..2 {
        assert_eq!(store.body(one, 5).as_deref(), Some("body0005"));
        assert_eq!((store.lost(one), store.lost(other)), (vec![4], vec![]));
        assert_eq!(store.bodies(one).len(), 4);
        assert_eq!(store.bodies(other).len(), 4);
        assert!(!store.is_offline(one) && !store.is_offline(other));
        assert_eq!(disk.files("aside/").len(), 1, "what is there of it is kept");
        store.checkpoint().unwrap();
        store = store.reopen();
    }
    assert_eq!(store.publish(one, "body0006"), 6);
}

#[test]
fn commands_that_nothing_places_take_their_stream_offline_alone() {
    let disk = SimDisk::new(1);
    let mut store = Store::open(&disk);
    let (one, other) = (store.create("S"), store.create("G"));
    for text in texts(1..=3) {
        store.publish(one, &text);
        store.publish(other, &text);
    }
    store.publish(one, "damaged!");
    store.publish(other, "body0004");
    // Killed before anything says where this left the stream.
    store.publish(one, "unplaced");
    drop(store);
    damage_log(&disk, "damaged!");
    disk.restart();
    let mut store = Store::open(&disk);
    for _ in 0..2 {
        assert_eq!(store.bodies(other), texts(1..=4));
        assert_eq!(store.bodies(one), ["body0001", "body0002", "body0003", "unplaced"]);
        assert_eq!(store.lost(one), [4], "the outcome before it says where the stream stood");
        store.checkpoint().unwrap();
        store = store.reopen();
    }
}

#[test]
fn what_nothing_places_waits_for_repair() {
    let disk = SimDisk::new(1);
    let mut store = Store::open(&disk);
    let (one, other) = (store.create("S"), store.create("G"));
    store.publish(one, "body0001");
    store.publish(other, "body0001");
    store.publish(other, "damaged!");
    // Killed before an outcome says where it was, in a batch that lost its own.
    store.publish_silently(one, "unplaced");
    drop(store);
    damage_log(&disk, "damaged!");
    disk.restart();
    let mut store = Store::open(&disk);
    let lines = |disk: &SimDisk, mode| {
        let mut lines = Vec::new();
        let mut say = |line: &str| lines.push(line.to_owned());
        repair_disk(Arc::new(disk.clone()), None, mode, &mut say).unwrap();
        disk.restart();
        lines
    };
    for _ in 0..2 {
        assert!(store.is_offline(one) && !store.is_offline(other));
        assert_eq!(store.bodies(one), texts(1..=1));
        store.publish(other, "body");
        store.checkpoint().unwrap();
        store = store.reopen();
    }
    drop(store);
    disk.restart();
    assert_eq!(lines(&disk, RepairMode::DryRun).len(), 1);
    assert_eq!(lines(&disk, RepairMode::Write).len(), 2);
    assert_eq!(lines(&disk, RepairMode::Write).len(), 0);
    let mut store = Store::open(&disk);
    assert_eq!(store.bodies(one), ["body0001", "unplaced"]);
    assert!(!store.is_offline(one));
}

#[test]
fn streams_that_damage_may_have_held_never_give_a_sequence_twice() {
    (0..60).for_each(|seed| damage_at_random(seed, None));
}

/// Streams whose log is damaged never give a sequence twice, and know what they lost.
pub(super) fn damage_at_random(seed: u64, secrets: Option<&Secrets>) {
    let disk = SimDisk::new(seed);
    let mut random = Random::new(seed);
    let mut store = Store::open_with(&disk, secrets.cloned());
    let ids: Vec<StreamId> = ["S", "G", "H"].map(|name| store.create(name)).into();
    let mut acked: BTreeMap<(StreamId, u64), String> = BTreeMap::new();
    for number in 0..40_u64 {
        let id = ids[usize::try_from(random.below(3)).unwrap()];
        let body = format!("text{number:04}");
        let seq = store.publish(id, &body);
        acked.insert((id, seq), body);
        if random.happens(3) {
            store.checkpoint().unwrap();
        }
        if random.happens(5) {
            store.idle();
        }
    }
    if random.happens(70) {
        store.idle();
    }
    drop(store);
    for _ in 0..=random.below(3) {
        let (path, length) = disk.files("wal/")[0].clone();
        let at = 4096 + random.below(length.min(60_000) - 4096);
        disk.corrupt(&path, at, |byte| byte ^ 0x10);
    }
    disk.restart();
    let nothing = Eager { stream: 0, all: 0 };
    let eager = if seed.is_multiple_of(2) { nothing } else { Eager::default() };
    let mut store = Store::open_reading(&disk, secrets.cloned(), eager);
    for (&(id, seq), body) in &acked {
        let Some(_) = store.streams.get(id) else {
            continue; // Its creation was lost, and its commands are kept.
        };
        match store.body(id, seq) {
            Some(found) => assert_eq!(&found, body, "seed {seed}: {id}/{seq}"),
            None => {
                let known = store.is_offline(id) || store.lost(id).contains(&seq);
                assert!(known, "seed {seed}: {id}/{seq} is missing without a word");
            }
        }
    }
    for &id in &ids {
        if store.streams.get(id).is_some_and(|held| !held.is_offline()) {
            let seq = store.publish(id, "new");
            assert!(!acked.contains_key(&(id, seq)), "seed {seed}: {id}/{seq} given twice");
        }
    }
}

#[test]
fn a_lost_segment_takes_its_messages_and_nothing_else() {
    let disk = SimDisk::new(1);
    let mut store = Store::open(&disk);
    let (one, other) = (store.create("S"), store.create("G"));
    for text in texts(1..=4) {
        store.publish(one, &text);
        store.publish(other, &text);
    }
    store.checkpoint().unwrap();
    store.checkpoint().unwrap();
    store.publish(one, "body0005");
    let path = store.segment(one);
    drop(store);
    disk.remove(&path).unwrap();
    disk.restart();
    let mut store = Store::open(&disk);
    for _ in 0..2 {
        assert_eq!((store.bodies(one), store.lost(one)), (texts(5..=5), vec![1, 2, 3, 4]));
        assert_eq!(store.bodies(other), texts(1..=4));
        assert_eq!(store.streams.get(one).unwrap().machine.index().messages(), 1);
        store.checkpoint().unwrap();
        store = store.reopen();
    }
    assert_eq!(store.publish(one, "body0006"), 6);
}

#[test]
fn what_is_whole_in_a_damaged_segment_is_read() {
    let disk = SimDisk::new(1);
    let mut store = Store::open(&disk);
    let id = store.create("S");
    store.publish_all(id, 1..=4);
    store.checkpoint().unwrap();
    store.checkpoint().unwrap();
    let path = store.segment(id);
    drop(store);
    // Its header, and in the body of the second message.
    disk.corrupt(&path, 9, |byte| byte ^ 1);
    disk.corrupt(&path, 64 + 56 + 44, |byte| byte ^ 1);
    disk.restart();
    let mut store = Store::open(&disk);
    assert_eq!(store.bodies(id), ["body0001", "body0003", "body0004"]);
    assert_eq!(store.lost(id), [2]);
    assert_eq!(store.publish(id, "body0005"), 5);
    assert_eq!(store.body(id, 5).as_deref(), Some("body0005"));
}

#[test]
fn a_stream_that_cannot_be_read_from_checkpoints_is_kept_and_others_are_served() {
    let disk = SimDisk::new(1);
    let mut store = Store::open(&disk);
    let (one, other) = (store.create("SOME"), store.create("G"));
    store.publish(one, "body0001");
    store.publish(other, "body0001");
    // Both checkpoints name the same bytes for what does not change.
    store.checkpoint().unwrap();
    store.checkpoint().unwrap();
    drop(store);
    for (path, length) in disk.files("checkpoints/") {
        let file = disk.open(&path, OpenMode::Read).unwrap();
        let mut bytes = vec![0; usize::try_from(length).unwrap()];
        file.read_at(&mut bytes, 0).unwrap();
        if let Some(at) = bytes.windows(4).position(|window| window == b"SOME") {
            disk.corrupt(&path, u64::try_from(at).unwrap(), |byte| byte ^ 1);
        }
    }
    disk.restart();
    let mut store = Store::open(&disk);
    for _ in 0..3 {
        assert_eq!(store.streams.unserved().map(|(id, _)| id).collect::<Vec<_>>(), [one]);
        assert_eq!(store.bodies(other), texts(1..=1));
        store.checkpoint().unwrap();
        store = store.reopen();
    }
    assert!(store.create("N") > other, "its number is not given again");
}

/// `counter`: the stream counts.
fn create_counting(store: &mut Store) -> StreamId {
    let id = store.ledger.new_stream();
    let limits = "\"max_msgs\":-1,\"max_bytes\":-1,\"max_msg_size\":-1,\"max_consumers\":-1";
    let limits = format!("{limits},\"max_msgs_per_subject\":-1,\"storage\":\"file\"");
    let config = format!("{{\"name\":\"C\",{limits},\"allow_msg_counter\":true}}");
    store.apply(id, 1, Command::Create(config.as_bytes())).unwrap();
    id
}

#[test]
fn what_counters_need_is_erased_when_no_start_needs_it() {
    let disk = SimDisk::new(1);
    let mut store = Store::open(&disk);
    let id = create_counting(&mut store);
    let count = |store: &mut Store| {
        let headers = b"NATS/1.0\r\nNats-Incr: +7\r\n\r\n";
        store.apply(id, 2, Command::Publish { subject: b"a", headers, body: b"" }).unwrap();
        store.streams.last_seq(id).unwrap()
    };
    assert_eq!(count(&mut store), 1);
    store.checkpoint().unwrap();
    let path = store.segment(id);
    assert_eq!(count(&mut store), 2);
    store.apply(id, 3, Command::Delete { seq: 1, erase: true }).unwrap();
    let has = |text: &str| {
        let file = disk.open(&path, OpenMode::Read).unwrap();
        let mut bytes = vec![0; usize::try_from(file.length().unwrap()).unwrap()];
        file.read_at(&mut bytes, 0).unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    };
    let first = "{\"val\":\"7\"}";
    let mut store = store.reopen();
    assert!(!store.is_offline(id));
    assert_eq!(store.body(id, 2).as_deref(), Some("{\"val\":\"14\"}"));
    store.checkpoint().unwrap();
    assert!(has(first));
    let mut store = store.reopen();
    assert_eq!(count(&mut store), 3);
    store.checkpoint().unwrap();
    store.checkpoint().unwrap();
    assert!(!has(first));
    let mut store = store.reopen();
    assert_eq!(store.body(id, 3).as_deref(), Some("{\"val\":\"21\"}"));
    assert!(!store.is_offline(id) && store.lost(id).is_empty());
}
