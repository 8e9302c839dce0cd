//! The write-ahead log on real files.

#![expect(clippy::unwrap_used, reason = "a test ends where something unexpected happens")]

use std::sync::Arc;

use anabranch_log::Error;
use anabranch_log::disk::{Disk, OpenMode, RealDisk};
use anabranch_log::format::{AccountId, DirectoryId, Envelope, Kind, Lsn, Position, StreamId};
use anabranch_log::wal::{
    Damage, Item, MARK_IDLE_NS, Maintenance, Recovery, Report, Start, Wal, WalOptions,
};

const DIRECTORY: DirectoryId = DirectoryId([42; 16]);
const FILE: u64 = 16 * 1024;
const OPTIONS: WalOptions =
    WalOptions { file_size: FILE, files: 4, zero_step: 4096, batch_max: 1 << 20 };

struct Folder {
    folder: tempfile::TempDir,
}

/// What a recovery came across.
#[derive(Debug, Default, PartialEq)]
struct Found {
    payloads: Vec<String>,
    damages: Vec<Damage>,
    after_damage: Vec<String>,
}

impl Folder {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn disk(&self) -> Arc<dyn Disk> {
        Arc::new(RealDisk::new(self.folder.path()).unwrap())
    }

    fn recover(&self, start: Start) -> Result<(Wal, Report, Found), Error> {
        let mut recovery = Recovery::open(self.disk(), DIRECTORY, OPTIONS, start)?;
        let mut found = Found::default();
        while let Some(item) = recovery.next_item()? {
            match item {
                Item::Damage(damage) => found.damages.push(damage),
                Item::Batch(batch) => {
                    for record in batch.records() {
                        let text = String::from_utf8(record.payload.to_vec()).unwrap();
                        if batch.after_damage {
                            found.after_damage.push(text);
                        } else {
                            found.payloads.push(text);
                        }
                    }
                }
            }
        }
        let (wal, report) = recovery.finish()?;
        Ok((wal, report, found))
    }

    fn open(&self) -> (Wal, Found) {
        let (wal, _, found) = self.recover(Start::default()).unwrap();
        (wal, found)
    }

    fn overwrite(&self, number: u64, offset: u64, bytes: &[u8]) {
        let path = format!("wal/{number:020}.wal");
        self.disk().open(&path, OpenMode::Write).unwrap().write_at(bytes, offset).unwrap();
    }

    fn files(&self) -> Vec<String> {
        self.disk().list("wal").unwrap().into_iter().map(|entry| entry.name).collect()
    }
}

fn envelope() -> Envelope {
    Envelope {
        kind: Kind::Publish,
        flags: 0,
        account: AccountId(1),
        stream: StreamId(2),
        count: 1,
        first_seq: 0,
        time_ns: 3,
    }
}

fn commit(wal: &mut Wal, payload: &str) -> Position {
    wal.append(&envelope(), payload.as_bytes()).unwrap();
    wal.commit().unwrap()
}

fn long(letter: &str) -> String {
    letter.repeat(5000)
}

#[test]
fn what_was_committed_is_there_after_a_restart_and_the_log_goes_on() {
    let folder = Folder::new();
    let (mut wal, found) = folder.open();
    assert_eq!(found, Found::default());
    commit(&mut wal, "one");
    let second = wal.append(&envelope(), b"two").unwrap();
    wal.append(&envelope(), b"three").unwrap();
    let end = wal.commit().unwrap();
    assert!(second < end.lsn);
    drop(wal);
    let (mut wal, found) = folder.open();
    assert_eq!(found.payloads, ["one", "two", "three"]);
    assert_eq!(wal.durable(), end);
    commit(&mut wal, "four");
    drop(wal);
    assert_eq!(folder.open().1.payloads, ["one", "two", "three", "four"]);
}

#[test]
fn a_log_of_many_files_comes_back_and_a_start_in_the_middle_skips_what_is_before() {
    let folder = Folder::new();
    let (mut wal, _) = folder.open();
    let mut positions = Vec::new();
    for letter in ["a", "b", "c", "d", "e", "f"] {
        positions.push(commit(&mut wal, &long(letter)));
        while wal.maintain().unwrap() == Maintenance::More {}
    }
    drop(wal);
    assert_eq!(folder.open().1.payloads.len(), 6);
    for (index, position) in positions.into_iter().enumerate() {
        let start = Start { position, durable: position.lsn };
        let (_, report, found) = folder.recover(start).unwrap();
        assert_eq!(found.payloads.len(), 5 - index, "{position:?}");
        assert_eq!((report.damages, report.torn_batches), (0, 0));
    }
}

#[test]
fn released_files_are_used_again_and_their_old_contents_never_come_back() {
    let folder = Folder::new();
    let (mut wal, _) = folder.open();
    let mut last = wal.durable();
    for round in 0..40 {
        let position = commit(&mut wal, &long("x"));
        wal.release(last.lsn).unwrap();
        wal.maintain().unwrap();
        last = position;
        assert!(folder.files().len() <= 5, "round {round}: {:?}", folder.files());
        assert!(wal.usage().used <= 3 * FILE);
    }
    drop(wal);
    let (mut wal, _, found) = folder.recover(Start { position: last, durable: last.lsn }).unwrap();
    assert_eq!(found, Found::default());
    commit(&mut wal, "next");
}

#[test]
fn a_full_log_refuses_until_it_is_released() {
    let folder = Folder::new();
    let (mut wal, _) = folder.open();
    let mut end = wal.durable();
    while !wal.usage().must_wait() {
        end = commit(&mut wal, &long("x"));
    }
    let refused = loop {
        if let Err(error) = wal.append(&envelope(), long("y").as_bytes()) {
            break error;
        }
    };
    assert!(matches!(refused, Error::Full { .. }), "{refused}");
    wal.commit().unwrap();
    wal.mark_now().unwrap();
    wal.release(end.lsn).unwrap();
    commit(&mut wal, &long("z"));
    assert!(matches!(wal.release(Lsn(u64::MAX)), Err(Error::OutOfLog { .. })));
}

#[test]
fn a_torn_end_is_cut_off_and_stays_away() {
    let folder = Folder::new();
    let (mut wal, _) = folder.open();
    let kept = commit(&mut wal, "kept");
    wal.append(&envelope(), b"torn").unwrap();
    wal.write().unwrap();
    wal.append(&envelope(), b"behind").unwrap();
    wal.write().unwrap();
    drop(wal);
    // The first of two batches that were never synced is damaged; nobody was told of either.
    folder.overwrite(1, kept.lsn.0 + 70, b"?");
    let (mut wal, report, found) = folder.recover(Start::default()).unwrap();
    assert_eq!((found.payloads, found.damages.len()), (vec!["kept".to_owned()], 0));
    assert_eq!(report.torn_batches, 2);
    assert_eq!(wal.durable(), kept);
    commit(&mut wal, "new");
    drop(wal);
    assert_eq!(folder.open().1.payloads, ["kept", "new"]);
}

#[test]
fn damage_before_what_was_durable_is_reported_with_its_place() {
    let folder = Folder::new();
    let (mut wal, _) = folder.open();
    let first = commit(&mut wal, "one");
    let second = commit(&mut wal, "two");
    commit(&mut wal, "three");
    drop(wal);
    folder.overwrite(1, first.lsn.0 + 200, b"\0");
    assert!(folder.open().1.damages.is_empty(), "padding does not matter");
    folder.overwrite(1, first.lsn.0 + 3, b"?");
    let found = folder.open().1;
    assert_eq!((found.payloads, found.after_damage), (vec!["one".into()], vec!["three".into()]));
    let damage = Damage {
        path: "wal/00000000000000000001.wal".into(),
        offset: first.lsn.0,
        from: first.lsn,
        to: second.lsn,
    };
    assert_eq!(found.damages, [damage]);
}

#[test]
fn a_mark_tells_damage_of_the_last_batch_from_a_torn_end() {
    let folder = Folder::new();
    let (mut wal, _) = folder.open();
    let first = commit(&mut wal, "one");
    commit(&mut wal, "two");
    assert_eq!(wal.mark(0).unwrap(), None);
    assert_eq!(wal.mark(MARK_IDLE_NS - 1).unwrap(), None);
    assert!(wal.mark(MARK_IDLE_NS).unwrap().is_some());
    assert_eq!(wal.mark(10 * MARK_IDLE_NS).unwrap(), None, "a mark needs no mark");
    drop(wal);
    folder.overwrite(1, first.lsn.0 + 3, b"?");
    let found = folder.open().1;
    assert_eq!((found.payloads, found.damages.len()), (vec!["one".into()], 1));
}

#[test]
fn what_a_checkpoint_knows_to_be_durable_is_missed() {
    let folder = Folder::new();
    let (mut wal, _) = folder.open();
    let first = commit(&mut wal, "one");
    let second = commit(&mut wal, "two");
    drop(wal);
    folder.overwrite(1, first.lsn.0 + 3, b"?");
    let start = Start { position: first, durable: second.lsn };
    let (mut wal, _, found) = folder.recover(start).unwrap();
    assert_eq!(found.damages.len(), 1);
    assert_eq!((found.damages[0].from, found.damages[0].to), (first.lsn, second.lsn));
    let third = commit(&mut wal, "three");
    assert!(third.lsn > second.lsn);
    drop(wal);
    let (_, _, found) = folder.recover(start).unwrap();
    assert_eq!((found.damages.len(), found.after_damage), (1, vec!["three".to_owned()]));
}

#[test]
fn a_lost_file_is_damage_of_its_range() {
    let folder = Folder::new();
    let (mut wal, _) = folder.open();
    for letter in ["a", "b", "c", "d", "e", "f"] {
        commit(&mut wal, &long(letter));
    }
    drop(wal);
    folder.disk().remove("wal/00000000000000000002.wal").unwrap();
    let found = folder.open().1;
    assert_eq!(found.payloads, [long("a"), long("b")]);
    assert_eq!(found.after_damage, [long("e"), long("f")]);
    assert_eq!(found.damages.len(), 1);
    assert_eq!(found.damages[0].to, Lsn(2 * FILE + 4096));
    folder.disk().remove("wal/00000000000000000001.wal").unwrap();
    assert_eq!(folder.open().1.after_damage, [long("e"), long("f")]);
}

#[test]
fn a_log_whose_files_are_all_gone_is_damage_and_goes_on_further_up() {
    let folder = Folder::new();
    let (mut wal, _) = folder.open();
    let end = commit(&mut wal, "one");
    drop(wal);
    folder.disk().remove("wal/00000000000000000001.wal").unwrap();
    let (mut wal, _, found) = folder.recover(Start { position: end, durable: end.lsn }).unwrap();
    assert_eq!((found.damages.len(), found.payloads.len()), (1, 0));
    assert!(commit(&mut wal, "two").lsn > end.lsn);
}

#[test]
fn an_unused_log_opens_again_without_a_new_file() {
    let folder = Folder::new();
    for _ in 0..3 {
        let (wal, found) = folder.open();
        assert_eq!((found, wal.durable().lsn), (Found::default(), Lsn(4096)));
        assert_eq!(folder.files(), ["00000000000000000001.wal"]);
    }
}

#[test]
fn a_damaged_header_costs_nothing_where_neighbours_tell_the_place() {
    for number in [1, 2, 3] {
        let folder = Folder::new();
        let (mut wal, _) = folder.open();
        for letter in ["a", "b", "c", "d", "e"] {
            commit(&mut wal, &long(letter));
        }
        drop(wal);
        folder.overwrite(number, 0, &[0xff; 4096]);
        let (mut wal, found) = folder.open();
        assert_eq!((found.payloads.len(), found.damages.len()), (5, 0), "file {number}");
        commit(&mut wal, "next");
    }
}

#[test]
fn a_file_of_another_directory_and_of_a_newer_program_are_refused() {
    let folder = Folder::new();
    drop(folder.open());
    let other = Recovery::open(folder.disk(), DirectoryId([1; 16]), OPTIONS, Start::default());
    let message = other.unwrap_err().to_string();
    assert_eq!(
        message,
        "wal/00000000000000000001.wal at byte 0: it belongs to another data directory"
    );
}

#[test]
fn a_record_that_no_file_could_hold_is_refused_by_name() {
    let folder = Folder::new();
    let (mut wal, _) = folder.open();
    let error = wal.append(&envelope(), &[0; 16 * 1024]).unwrap_err();
    assert!(matches!(error, Error::RecordTooLarge { .. }), "{error}");
    commit(&mut wal, "small");
}
