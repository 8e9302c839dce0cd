//! Repairs what a data directory holds, while no server has it: what cannot be read is given up by
//! name, commands that wait for a place get one.

use std::path::Path;
use std::sync::Arc;

use anabranch_config::options::Encryption;
use anabranch_log::Error;
use anabranch_log::disk::{Disk, RealDisk};
use anabranch_log::sealing::Secrets;

use super::files::Home;
use super::held::Held;
use super::journal::{Journal, Logged, Opening};
use super::lazily::Eager;
use super::placing::Replayed;
use super::recovery;
use super::saving;
use super::sealing;
use super::streams::{Ledger, Streams};

/// Whether something is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepairMode {
    /// Nothing that a start of the server would not change.
    DryRun,
    /// What cannot be read is given up.
    Write,
}

/// Messages of one stream that are named; of others only the number is told.
const NAMED_MAX: usize = 20;

/// Repairs the data directory at `root`, for which `encryption` has the key; `say` gets a line for
/// each thing that is found. Gives how many there were. With [`RepairMode::Write`] a server starts
/// without them afterwards.
///
/// # Errors
/// When it cannot be read, or written.
pub fn repair_store(
    root: &Path,
    encryption: Option<&Encryption>,
    mode: RepairMode,
    say: &mut dyn FnMut(&str),
) -> Result<u64, Error> {
    let secrets = encryption.map(sealing::secrets);
    repair_disk(Arc::new(RealDisk::new(root)?), secrets.as_ref(), mode, say)
}

/// The same on a disk.
///
/// # Errors
/// As above.
pub(super) fn repair_disk(
    disk: Arc<dyn Disk>,
    secrets: Option<&Secrets>,
    mode: RepairMode,
    say: &mut dyn FnMut(&str),
) -> Result<u64, Error> {
    let seed = rand::random();
    let opening = Opening::on(disk, 0, secrets)?.reading(Eager::ALL);
    let (mut streams, mut ledger, mut journal) = recovery::recover(opening, seed)?;
    let mut found = 0;
    let ids: Vec<_> = streams.iter().map(|held| held.id).collect();
    for id in ids {
        if let Some(held) = streams.get_mut(id) {
            found += give_up_unreadable(held, mode, say);
        }
        found += place(&mut streams, &mut ledger, &journal.home(id), mode, seed, say)?;
    }
    for (id, unserved) in streams.unserved() {
        say(&format!("stream of number {id}: {}; it is left as it is", unserved.reason));
        found += 1;
    }
    if mode == RepairMode::Write {
        write(&mut streams, &mut ledger, &mut journal)?;
    }
    Ok(found)
}

/// Reads every message.
fn give_up_unreadable(held: &mut Held, mode: RepairMode, say: &mut dyn FnMut(&str)) -> u64 {
    let seqs: Vec<u64> = held.machine.index().pages().iter_from(0).map(|(seq, _)| seq).collect();
    let all = seqs.len();
    let unreadable: Vec<u64> = seqs.into_iter().filter(|&seq| held.load(seq).is_none()).collect();
    let name = held.machine.config().name.clone();
    for seq in unreadable.iter().take(NAMED_MAX) {
        say(&format!("stream '{name}': message {seq} cannot be read"));
    }
    if !unreadable.is_empty() {
        say(&format!("stream '{name}': {} of {all} messages cannot be read", unreadable.len()));
    }
    if mode == RepairMode::Write {
        let mut removed = Vec::new();
        unreadable.iter().for_each(|&seq| held.machine.lose(seq, &mut removed));
        held.changed |= !removed.is_empty();
        held.forget(&mut removed);
    }
    u64::try_from(unreadable.len()).unwrap_or(u64::MAX)
}

/// Applies what waits for a place behind what the stream has.
fn place(
    streams: &mut Streams,
    ledger: &mut Ledger,
    home: &Home,
    mode: RepairMode,
    seed: u64,
    say: &mut dyn FnMut(&str),
) -> Result<u64, Error> {
    let stream = home.stream;
    let Some(held) = streams.get_mut(stream) else { return Ok(0) };
    let Some(unplaced) = held.trouble.unplaced.take() else { return Ok(0) };
    let (name, last) = (held.machine.config().name.clone(), held.machine.index().last_seq());
    say(&format!("stream '{name}': commands behind damage are placed behind sequence {last}"));
    if mode == RepairMode::DryRun {
        return Ok(1);
    }
    held.broken = None;
    let mut replayed = Replayed { streams, ledger, template: home, seed };
    unplaced.replay(|time, command| replayed.apply(&Logged { stream, time, command }))?;
    if let Some(held) = streams.get_mut(stream) {
        held.cut()?;
        let last = held.machine.index().last_seq();
        say(&format!("stream '{name}': its last sequence is {last}"));
    }
    Ok(1)
}

/// Two checkpoints: nothing behind the older one is needed then, be it damaged or not.
fn write(streams: &mut Streams, ledger: &mut Ledger, journal: &mut Journal) -> Result<(), Error> {
    for _ in 0..2 {
        saving::save(streams, ledger, journal)?;
    }
    journal.close(|id| streams.last_seq(id))
}
