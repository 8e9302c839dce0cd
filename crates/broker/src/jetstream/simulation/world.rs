//! A store whose power goes off, beside one of the same commands to which nothing happens.

use anabranch_log::Error;
use anabranch_log::disk::SimDisk;
use anabranch_log::disk::sim::Random;
use anabranch_log::sealing::{Cipher, Secrets};

use super::super::held::Store as Kept;
use super::super::lazily::Eager;
use super::super::rewriting::Advance;
use super::super::test_store::Store;
use super::commands::{Commander, Entry};

/// How often the power goes off with one seed.
const ROUNDS: u64 = 5;
/// Turns between two of these, at most.
const TURNS: u64 = 60;

/// The power goes off again and again.
pub fn crash_and_recover(seed: u64) {
    let mut random = Random::new(seed);
    let disk = SimDisk::new(seed);
    let secrets = random.happens(10).then(|| Secrets {
        key: "sesame".to_owned(),
        previous: None,
        cipher: [Cipher::ChaCha, Cipher::Aes][usize::from(random.happens(50))],
    });
    let eager = if random.happens(50) { Eager { stream: 100, all: 100 } } else { Eager::ALL };
    let mut world = World {
        disk,
        secrets,
        eager,
        commander: Commander::new(),
        shadow: Store::open(&SimDisk::new(1)),
        doubtful: Vec::new(),
    };
    for round in 0..ROUNDS {
        // The power may go off while what was left by the last time is being recovered.
        let may_fail = round > 0 && random.happens(30);
        if may_fail {
            world.disk.power_off_after(random.below(150));
        }
        let opened = world.open();
        assert!(opened.is_ok() || may_fail, "{:?}", opened.err());
        if let Ok(mut store) = opened
            && world.recovered(&mut store, may_fail)
        {
            world.disk.power_off_after(random.below(2500));
            let _ = world.work(&mut store, &mut random);
        }
        if random.happens(20) {
            world.disk.restart();
        } else {
            world.disk.crash();
        }
    }
    let mut store = world.open().unwrap();
    world.recovered(&mut store, false);
}

struct World {
    disk: SimDisk,
    secrets: Option<Secrets>,
    eager: Eager,
    commander: Commander,
    /// What everything acknowledged leads to.
    shadow: Store,
    /// What was given besides, and may be there or not.
    doubtful: Vec<Entry>,
}

impl World {
    fn open(&self) -> Result<Store, Error> {
        Store::try_open(&self.disk, self.secrets.clone(), self.eager)
    }

    /// What is there is what was acknowledged, and perhaps some of what was under way. False if
    /// the power went off before that was seen.
    fn recovered(&mut self, store: &mut Store, may_fail: bool) -> bool {
        let found = match describe(store) {
            Ok(found) => found,
            Err(reason) => {
                assert!(may_fail, "{reason}");
                return false;
            }
        };
        let mut doubtful = std::mem::take(&mut self.doubtful).into_iter();
        loop {
            let expected = describe(&mut self.shadow).expect("nothing happens to its disk");
            if expected == found {
                break;
            }
            let Some(entry) = doubtful.next() else {
                let differ =
                    found.iter().zip(&expected).find(|(found, expected)| found != expected);
                panic!(
                    "{} lines instead of {}; the first that differ: {differ:?}",
                    found.len(),
                    expected.len()
                );
            };
            self.shadow.take(&[entry]).unwrap();
        }
        let streams = &self.shadow.streams;
        self.commander.forget(|id| streams.get(id).is_some());
        true
    }

    /// Turns, and what is done between them, until the power goes off.
    fn work(&mut self, store: &mut Store, random: &mut Random) -> Result<(), Error> {
        for _ in 0..random.below(TURNS) {
            self.doubtful.clear();
            for _ in 0..=random.below(8) {
                let last_seq = |id| self.shadow.streams.last_seq(id);
                self.doubtful.push(self.commander.next(random, last_seq));
            }
            store.take(&self.doubtful)?;
            self.shadow.take(&std::mem::take(&mut self.doubtful)).unwrap();
            match random.below(12) {
                0..=1 => store.checkpoint()?,
                2 => store.rest()?,
                3 => {
                    store.roll_some(random);
                    store.checkpoint()?;
                }
                4 => store.compact_all(),
                _ => {}
            }
        }
        Ok(())
    }
}

impl Store {
    /// Logs commands with one sync for all, then applies them.
    fn take(&mut self, entries: &[Entry]) -> Result<(), Error> {
        let Self { streams, journal, .. } = self;
        journal.tell_outcomes(|id| streams.last_seq(id));
        for entry in entries {
            journal.append(entry.stream, entry.time, &entry.command())?;
        }
        journal.commit()?;
        for entry in entries {
            self.apply_logged(entry.stream, entry.time, entry.command())?;
        }
        Ok(())
    }

    fn rest(&mut self) -> Result<(), Error> {
        let Self { streams, journal, .. } = self;
        for _ in 0..3 {
            journal.idle(|id| streams.last_seq(id))?;
        }
        journal.close(|id| streams.last_seq(id))
    }

    /// What comes goes to new segments.
    fn roll_some(&mut self, random: &mut Random) {
        for held in self.streams.iter_mut().filter(|_| random.happens(50)) {
            if let Kept::File(payloads) = &mut held.store {
                payloads.roll();
            }
        }
    }

    /// Writes sparse segments anew, as far as that goes at once.
    fn compact_all(&mut self) {
        for held in self.streams.iter_mut().filter(|held| !held.is_offline()) {
            while held.begin_rewriting(|_| true) {
                loop {
                    match held.advance_rewriting(true, 16) {
                        Advance::Send(task) => task.run(),
                        Advance::Copied(_) | Advance::Waits | Advance::More => {}
                        Advance::Done(_) => break,
                        Advance::Failed(_) | Advance::Nothing => return,
                    }
                }
            }
        }
    }
}

/// Everything that is in the streams, or why it cannot be read.
fn describe(store: &mut Store) -> Result<Vec<String>, String> {
    let mut lines = Vec::new();
    for held in store.streams.iter_mut() {
        if held.is_offline() || !held.trouble.losses.is_empty() {
            let (failed, lost) = (&held.trouble.failed, held.trouble.losses.shown());
            return Err(format!("stream {}: {:?}, {failed:?}, {lost:?}", held.id, held.broken));
        }
        let index = held.machine.index();
        let (first, last) = (index.first_seq(), index.last_seq());
        let config = held.machine.config();
        lines.push(format!(
            "{}: {first} to {last}, {} messages, {} bytes; due {:?}; {config:?}",
            held.id,
            index.messages(),
            index.bytes(),
            held.machine.next_deadline(),
        ));
        for consumer in held.machine.consumers().iter() {
            lines.push(format!("{}: {consumer:?}", held.id));
        }
        for seq in first..=last {
            let index = held.machine.index();
            let Some(meta) = index.get(seq) else { continue };
            let subject =
                String::from_utf8_lossy(&index.subjects().name(meta.subject)).into_owned();
            let payload = held.load(seq).ok_or_else(|| format!("stream {}, {seq}", held.id))?;
            let headers = String::from_utf8_lossy(&payload.headers).into_owned();
            let body = String::from_utf8_lossy(&payload.body).into_owned();
            lines.push(format!("{seq} at {}: {subject} {headers:?} {body}", meta.time));
        }
        if let Some(error) = held.left.as_ref().and_then(|left| left.failed()) {
            return Err(format!("stream {}, what was left in the checkpoint: {error}", held.id));
        }
    }
    Ok(lines)
}
