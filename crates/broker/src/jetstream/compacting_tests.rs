//! Sparse segments are written anew on a simulated disk, which fails or loses its power.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;

use anabranch_jetstream::stream::Command;
use anabranch_log::Error;
use anabranch_log::disk::{Disk, OpenMode, Operation, SimDisk};
use anabranch_log::format::StreamId;
use anabranch_log::sealing::{Cipher, Secrets};

use super::held::Store as Kept;
use super::rewriting::{Advance, Fault, Outcome};
use super::test_store::{Store, fails};

/// Messages of one segment.
const SEGMENT: u64 = 10;

impl Store {
    /// So many segments, of which every fifth message stays.
    fn sparse(&mut self, config: &str, segments: u64, size: usize) -> (StreamId, Expected) {
        let id = self.create_with("S", config);
        let mut expected = Expected::default();
        for seq in 1..=segments * SEGMENT {
            let body = body(seq, size);
            self.publish(id, &body);
            expected.there.insert(seq, body);
            if seq % SEGMENT == 0 {
                self.roll(id);
            }
        }
        for seq in (1..=segments * SEGMENT).filter(|seq| seq % 5 > 0) {
            self.delete(id, seq, false, &mut expected).unwrap();
        }
        self.checkpoint().unwrap();
        (id, expected)
    }

    /// What comes goes to a new segment.
    fn roll(&mut self, id: StreamId) {
        self.checkpoint().unwrap();
        self.streams.get_mut(id).unwrap().abandon();
    }

    fn delete(
        &mut self,
        id: StreamId,
        seq: u64,
        erase: bool,
        expected: &mut Expected,
    ) -> Result<(), Error> {
        let body = expected.there.remove(&seq);
        expected.in_doubt = body.map(|body| (seq, body));
        self.apply(id, 3, Command::Delete { seq, erase })?;
        if let Some((seq, body)) = expected.in_doubt.take()
            && erase
        {
            expected.erased.insert(seq, body);
        }
        Ok(())
    }

    /// Writes what is sparse anew, `items` messages at a time; `each` is called between.
    fn compact(
        &mut self,
        id: StreamId,
        items: usize,
        mut each: impl FnMut(&mut Self) -> Result<(), Error>,
    ) -> Result<Vec<Outcome>, Fault> {
        let mut outcomes = Vec::new();
        while self.streams.get_mut(id).unwrap().begin_rewriting(|_| true) {
            loop {
                each(self).map_err(Fault::Other)?;
                let held = self.streams.get_mut(id).unwrap();
                match held.advance_rewriting(true, items) {
                    Advance::Send(task) => task.run(),
                    Advance::Done(outcome) => break outcomes.push(outcome),
                    Advance::Failed(fault) => return Err(fault),
                    Advance::Nothing => break,
                    Advance::Copied(_) | Advance::Waits | Advance::More => {}
                }
            }
        }
        Ok(outcomes)
    }

    fn files(&self) -> Vec<String> {
        self.disk.files("streams/").into_iter().map(|(path, _)| path).collect()
    }

    fn bytes(&self) -> u64 {
        self.disk.files("streams/").into_iter().map(|(_, length)| length).sum()
    }

    /// Everything is there that should be, and nothing else.
    fn check(&mut self, id: StreamId, expected: &Expected, what: &str) {
        assert!(self.lost(id).is_empty(), "{what}");
        let last = self.streams.last_seq(id).unwrap();
        for seq in 1..=last {
            let found = self.body(id, seq);
            if expected.in_doubt.as_ref().is_some_and(|(doubtful, _)| *doubtful == seq) {
                continue;
            }
            assert!(found.as_ref() == expected.there.get(&seq), "{what}: message {seq}");
        }
        let (held, files) = (self.streams.get(id).unwrap(), self.disk.files("streams/"));
        assert!(!held.is_offline(), "{what}");
        let Kept::File(payloads) = &held.store else { unreachable!() };
        let live: u64 = payloads.segments.values().map(|segment| segment.live).sum();
        let is_counted = payloads.switching.is_none();
        assert!(!is_counted || live == held.machine.index().messages(), "{what}");
        for (path, length) in files {
            let file = self.disk.open(&path, OpenMode::Read).unwrap();
            let mut bytes = vec![0; usize::try_from(length).unwrap()];
            file.read_at(&mut bytes, 0).unwrap();
            for (seq, body) in &expected.erased {
                let has = bytes.windows(8).any(|window| window == &body.as_bytes()[..8]);
                assert!(!has, "{what}: {path} has the erased message {seq}");
            }
        }
    }
}

/// What a stream should have.
#[derive(Debug, Clone, Default)]
struct Expected {
    there: BTreeMap<u64, String>,
    erased: BTreeMap<u64, String>,
    /// It was being deleted when the power went off.
    in_doubt: Option<(u64, String)>,
}

fn body(seq: u64, size: usize) -> String {
    let mut body = format!("body{seq:04}");
    while body.len() < size {
        body.push(char::from(b'a' + u8::try_from((body.len() + body.len() / 26) % 26).unwrap()));
    }
    body
}

const fn nothing(_: &mut Store) -> Result<(), Error> {
    Ok(())
}

#[test]
fn sparse_segments_become_one_and_their_files_go_two_checkpoints_later() {
    let sealed = Secrets { key: "sesame".to_owned(), previous: None, cipher: Cipher::ChaCha };
    for (config, secrets) in [("", None), (",\"compression\":\"s2\"", None), ("", Some(sealed))] {
        let disk = SimDisk::new(1);
        let mut store = Store::open_with(&disk, secrets);
        let (id, expected) = store.sparse(config, 4, 3000);
        let before = store.bytes();
        let outcomes = store.compact(id, 3, nothing).unwrap();
        assert_eq!(outcomes.iter().map(|outcome| outcome.segments).sum::<usize>(), 4);
        store.check(id, &expected, "before a checkpoint");
        store.checkpoint().unwrap();
        assert_eq!(store.files().len(), 5, "the checkpoint before names the old ones");
        store.checkpoint().unwrap();
        assert_eq!(store.files(), [format!("streams/1/{id}/00000000000000000001-1.seg")]);
        assert!(store.bytes() < before / 2, "{} of {before}", store.bytes());
        store.check(id, &expected, "afterwards");
        assert_eq!(store.publish(id, "next"), 41);
        let mut store = store.reopen();
        assert_eq!(store.body(id, 41).as_deref(), Some("next"));
        store.delete(id, 41, false, &mut Expected::default()).unwrap();
        store.check(id, &expected, "after a start");
    }
}

#[test]
fn a_segment_that_is_written_to_is_left_when_little_of_it_is_needed() {
    let disk = SimDisk::new(1);
    let mut store = Store::open(&disk);
    let id = store.create("S");
    let mut expected = Expected::default();
    for seq in 1..=40 {
        let body = body(seq, 60_000);
        store.publish(id, &body);
        expected.there.insert(seq, body);
        if seq % 4 == 0 {
            // After more than that it would not be written to any more.
            store.checkpoint().unwrap();
        }
    }
    for seq in (1..=40).filter(|seq| seq % 8 > 0) {
        store.delete(id, seq, false, &mut expected).unwrap();
    }
    assert!(store.compact(id, 100, nothing).unwrap().is_empty(), "it is written to");
    store.checkpoint().unwrap();
    assert_eq!(store.compact(id, 100, nothing).unwrap().len(), 1);
    assert_eq!(store.publish(id, "next"), 41);
    for _ in 0..2 {
        store.checkpoint().unwrap();
    }
    let mut store = store.reopen();
    assert!(store.bytes() < 400_000, "{}", store.bytes());
    assert_eq!(store.body(id, 41).as_deref(), Some("next"));
    expected.there.insert(41, "next".to_owned());
    store.check(id, &expected, "after a start");
}

#[test]
fn what_is_needed_is_written_anew_again_and_again() {
    let disk = SimDisk::new(1);
    let mut store = Store::open(&disk);
    let id = store.create("S");
    let mut expected = Expected::default();
    for seq in 1..=1000 {
        let body = body(seq, 200);
        store.publish(id, &body);
        expected.there.insert(seq, body);
        if seq % SEGMENT > 0 {
            continue;
        }
        store.roll(id);
        for old in seq - 9..seq {
            store.delete(id, old, false, &mut expected).unwrap();
        }
        store.compact(id, 100, nothing).unwrap();
    }
    store.roll(id);
    store.compact(id, 100, nothing).unwrap();
    for _ in 0..3 {
        store.checkpoint().unwrap();
    }
    store.check(id, &expected, "at the end");
    assert!(store.files().len() <= 12, "{:?}", store.files());
    let mut store = store.reopen();
    store.check(id, &expected, "after a start");
}

/// What happens between the steps of a compaction: one thing each time.
fn meddle(
    store: &mut Store,
    id: StreamId,
    expected: &mut Expected,
    step: &mut u64,
) -> Result<(), Error> {
    *step += 1;
    // Sequences 5, 10, 15 and so on are left: some go before they are copied, some while that is
    // done, some when all are, and some before or after the copy took their place.
    match *step {
        2 => store.delete(id, 40, true, expected),
        3 => store.delete(id, 5, true, expected),
        4 | 21 => store.checkpoint(),
        5 => store.delete(id, 10, false, expected),
        6 => store.delete(id, 15, true, expected),
        14 => store.delete(id, 35, true, expected),
        18 => store.delete(id, 30, true, expected),
        20 => store.delete(id, 20, true, expected),
        _ => Ok(()),
    }
}

#[test]
fn what_leaves_while_it_is_copied_is_gone_from_every_copy() {
    let disk = SimDisk::new(1);
    let mut store = Store::open(&disk);
    let (id, mut expected) = store.sparse("", 4, 3000);
    let mut step = 0;
    let during = &mut expected.clone();
    store
        .compact(id, 1, |store| {
            meddle(store, id, during, &mut step)?;
            store.check(id, during, &format!("step {step}"));
            Ok(())
        })
        .unwrap();
    expected.clone_from(during);
    assert!(step > 20, "all of it happened: {step}");
    let mut store = store.reopen();
    store.check(id, &expected, "after a start");
    store.checkpoint().unwrap();
    let mut store = store.reopen();
    store.delete(id, 25, true, &mut expected).unwrap();
    store.check(id, &expected, "files that were replaced are known after a start");
    for _ in 0..2 {
        store.checkpoint().unwrap();
    }
    store.check(id, &expected, "at the end");
    assert_eq!(store.files().len(), 0, "nothing is left, and no file of it");
}

#[test]
fn a_crash_at_any_point_of_a_compaction_loses_nothing() {
    let mut ends = BTreeSet::new();
    for seed in 0..3 {
        let disk = SimDisk::new(seed);
        let mut store = Store::open(&disk);
        let (id, before) = store.sparse("", 4, 3000);
        drop(store);
        for operations in 0.. {
            let disk = disk.fork();
            let mut store = Store::open(&disk);
            let (mut expected, mut step) = (before.clone(), 0);
            disk.power_off_after(operations);
            let done =
                store.compact(id, 1, |store| meddle(store, id, &mut expected, &mut step)).is_ok()
                    && (0..3).all(|_| store.checkpoint().is_ok());
            ends.insert(step);
            drop(store);
            disk.crash();
            let mut store = Store::open(&disk);
            let what = format!("seed {seed}, {operations} operations, step {step}");
            store.check(id, &expected, &format!("{what}, at the start"));
            store.compact(id, 2, nothing).unwrap();
            for _ in 0..3 {
                store.checkpoint().unwrap();
            }
            store.check(id, &expected, &what);
            let left = store.files().len();
            let Kept::File(payloads) = &store.streams.get(id).unwrap().store else { continue };
            assert_eq!(left, payloads.segments.len(), "{what}: {:?}", store.files());
            if done {
                break;
            }
        }
    }
    assert!(ends.len() > 10, "the power went off in many places: {ends:?}");
}

#[test]
fn the_checkpoint_before_a_compaction_still_finds_its_files() {
    let disk = SimDisk::new(1);
    let mut store = Store::open(&disk);
    let (id, mut expected) = store.sparse("", 3, 3000);
    store.compact(id, 100, nothing).unwrap();
    store.checkpoint().unwrap();
    store.delete(id, 5, true, &mut expected).unwrap();
    drop(store);
    let (newest, _) = disk.files("checkpoints/").pop().unwrap();
    disk.corrupt(&newest, 20, |byte| byte ^ 1);
    disk.restart();
    let mut store = Store::open(&disk);
    let Kept::File(payloads) = &store.streams.get(id).unwrap().store else { unreachable!() };
    assert_eq!(payloads.segments.len(), 3, "the older checkpoint is used");
    assert_eq!(payloads.replaced.len(), 1, "the copy is known");
    store.check(id, &Expected { erased: BTreeMap::new(), ..expected.clone() }, "the older one");
    store.compact(id, 100, nothing).unwrap();
    for _ in 0..3 {
        store.checkpoint().unwrap();
    }
    store.check(id, &expected, "afterwards");
    assert_eq!(store.files().len(), 1);
}

#[test]
fn a_segment_with_a_damaged_message_stays_and_the_message_is_reported() {
    let disk = SimDisk::new(1);
    let mut store = Store::open(&disk);
    let (id, mut expected) = store.sparse("", 2, 100_000);
    let path = store.files()[0].clone();
    let Kept::File(payloads) = &store.streams.get(id).unwrap().store else { unreachable!() };
    assert_eq!(payloads.segments.len(), 2);
    let at = store.streams.get(id).unwrap().machine.index().get(5).unwrap().location.0 >> 32;
    disk.corrupt(&path, at + 100, |byte| byte ^ 1);
    let fault = store.compact(id, 100, nothing).unwrap_err();
    assert!(matches!(fault, Fault::Damage(5, 1, _)), "{fault:?}");
    assert_eq!(store.lost(id), [5]);
    // The other segment is written anew all the same.
    let outcomes = store.compact(id, 100, nothing).unwrap();
    assert_eq!(outcomes.len(), 1);
    for _ in 0..3 {
        store.checkpoint().unwrap();
    }
    assert_eq!(store.files(), [path, format!("streams/1/{id}/00000000000000000011-1.seg")]);
    expected.there.remove(&5);
    let found: BTreeMap<u64, String> =
        (1..=20).filter_map(|seq| Some((seq, store.body(id, seq)?))).collect();
    assert_eq!(found, expected.there);
}

#[test]
fn a_copy_that_fails_changes_nothing() {
    let failures = [
        (Operation::Write, ErrorKind::StorageFull),
        (Operation::Sync, ErrorKind::Other),
        (Operation::Rename, ErrorKind::Other),
        (Operation::Open, ErrorKind::PermissionDenied),
    ];
    for (operation, kind) in failures {
        let disk = SimDisk::new(1);
        let mut store = Store::open(&disk);
        let (id, expected) = store.sparse("", 3, 3000);
        disk.inject(fails(operation, "streams/next.tmp", kind, false));
        let fault = store.compact(id, 100, nothing).unwrap_err();
        assert!(matches!(fault, Fault::Other(_)), "{fault:?}");
        store.check(id, &expected, "after a failure");
        assert_eq!(store.compact(id, 100, nothing).unwrap().len(), 1);
        for _ in 0..2 {
            store.checkpoint().unwrap();
        }
        store.check(id, &expected, "at the second attempt");
        assert_eq!(store.files().len(), 1);
    }
}

#[test]
fn a_file_that_fails_after_a_compaction_is_written_again() {
    let disk = SimDisk::new(1);
    let mut store = Store::open(&disk);
    let (id, mut expected) = store.sparse("", 3, 3000);
    store.compact(id, 100, nothing).unwrap();
    store.publish(id, "body0031");
    expected.there.insert(31, "body0031".to_owned());
    disk.inject(fails(Operation::Sync, &format!("streams/1/{id}/"), ErrorKind::Other, false));
    assert!(store.checkpoint().is_err());
    store.mend(id).unwrap();
    store.check(id, &expected, "mended");
    store.compact(id, 100, nothing).unwrap();
    for _ in 0..3 {
        store.checkpoint().unwrap();
    }
    store.check(id, &expected, "afterwards");
    assert_eq!(store.files().len(), 2, "{:?}", store.files());
}
