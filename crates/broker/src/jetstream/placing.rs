//! Commands behind a damaged part of the log. What was in it had sequences, so nobody knows which
//! ones follow, until an outcome in the log says where a stream stood.
//!
//! Outcomes in one record say that of all streams that had commands since some place. If that
//! place is not behind the damage, streams without an outcome had nothing in it.

use std::collections::{BTreeMap, BTreeSet};

use anabranch_jetstream::stream::{Command, RestoreStep};
use anabranch_log::Error;
use anabranch_log::format::{Lsn, Outcome, StreamId};

use super::backlog::Backlog;
use super::files::Home;
use super::held::{Held, Store};
use super::journal::Logged;
use super::payloads::MemoryPayloads;
use super::recovery;
use super::streams::{Ledger, Streams};

/// Why commands of a stream are there, and no stream.
pub const NO_CREATION: &str = "its creation is in a damaged part of the log";
/// Bytes that a sequence takes in the log at least: a record with a subject.
const RECORD_MIN: u64 = 48;

/// A command that waits, and where it is.
struct Waiting {
    lsn: Lsn,
    sequences: u64,
    command: Backlog,
}

/// What is known behind damage. Nothing, as long as there is none.
#[derive(Default)]
pub struct Placing {
    /// The last damaged part.
    damage: Option<(Lsn, Lsn)>,
    /// Streams that are known to stand where their commands left them.
    placed: BTreeSet<StreamId>,
    waiting: BTreeMap<StreamId, Vec<Waiting>>,
    /// Streams whose commands behind damage nothing can place.
    hopeless: BTreeSet<StreamId>,
}

/// What replaying needs.
pub struct Replayed<'a> {
    /// The streams so far.
    pub streams: &'a mut Streams,
    /// What outlives them.
    pub ledger: &'a mut Ledger,
    /// Where files of a stream are, but for its number.
    pub template: &'a Home,
    /// Protects tables.
    pub seed: u64,
}

impl Replayed<'_> {
    /// Applies a command.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn apply(&mut self, logged: &Logged<'_>) -> Result<(), Error> {
        let home = Home { stream: logged.stream, ..self.template.clone() };
        recovery::apply(self.streams, self.ledger, home, logged, self.seed)
    }

    fn apply_all(&mut self, stream: StreamId, waiting: &[Waiting]) -> Result<(), Error> {
        waiting.iter().try_for_each(|one| {
            one.command.replay(|time, command| self.apply(&Logged { stream, time, command }))
        })
    }
}

impl Placing {
    /// A part of the log is damaged.
    pub fn damaged(&mut self, from: Lsn, to: Lsn) {
        self.damage = Some((from, to));
        self.placed.clear();
        // What waits lost its way for good.
        self.hopeless.extend(self.waiting.keys());
    }

    /// A command comes, from `lsn`.
    ///
    /// # Errors
    /// When it cannot be applied.
    pub fn command(
        &mut self,
        replayed: &mut Replayed<'_>,
        logged: &Logged<'_>,
        lsn: Lsn,
    ) -> Result<(), Error> {
        let stream = logged.stream;
        if let Some(unserved) = replayed.streams.unserved_mut(stream) {
            unserved.backlog.push(logged);
            return Ok(());
        }
        if self.damage.is_none() || self.placed.contains(&stream) {
            return replayed.apply(logged);
        }
        match logged.command {
            Command::Create(_) | Command::Restore(RestoreStep::Begin(_)) => {
                self.placed.insert(stream);
                replayed.apply(logged)
            }
            // Whatever was before: it is gone.
            Command::Remove => {
                self.waiting.remove(&stream);
                self.hopeless.remove(&stream);
                replayed.apply(logged)
            }
            command => {
                let is_publish = matches!(
                    command,
                    Command::Publish { .. }
                        | Command::PublishFast { .. }
                        | Command::Mirror { .. }
                        | Command::Source { .. }
                );
                let mut kept = Backlog::default();
                kept.push(logged);
                let waiting = self.waiting.entry(stream).or_default();
                waiting.push(Waiting { lsn, sequences: u64::from(is_publish), command: kept });
                Ok(())
            }
        }
    }

    /// Outcomes come, in a batch at `lsn` before which everything was applied: those of all
    /// streams that had commands from `since` on.
    ///
    /// # Errors
    /// When a command cannot be applied.
    pub fn outcomes(
        &mut self,
        replayed: &mut Replayed<'_>,
        lsn: Lsn,
        since: Lsn,
        outcomes: &[Outcome],
    ) -> Result<(), Error> {
        let Some((from, _)) = self.damage else { return Ok(()) };
        for outcome in outcomes {
            replayed.ledger.note_stream(outcome.stream);
            if !self.placed.contains(&outcome.stream) && !self.hopeless.contains(&outcome.stream) {
                self.place(replayed, outcome, lsn)?;
            }
        }
        if since <= from {
            let others: Vec<StreamId> = replayed.streams.iter().map(|held| held.id).collect();
            for stream in others.into_iter().filter(|stream| !self.hopeless.contains(stream)) {
                if self.placed.insert(stream)
                    && let Some(waiting) = self.waiting.remove(&stream)
                {
                    replayed.apply_all(stream, &waiting)?;
                }
            }
        }
        Ok(())
    }

    /// The stream stood at `outcome`: gives what waits its sequences.
    fn place(
        &mut self,
        replayed: &mut Replayed<'_>,
        outcome: &Outcome,
        lsn: Lsn,
    ) -> Result<(), Error> {
        let stream = outcome.stream;
        let waiting = self.waiting.remove(&stream).unwrap_or_default();
        let Some(held) = replayed.streams.get_mut(stream) else {
            if !waiting.is_empty() {
                self.waiting.insert(stream, waiting);
            }
            return Ok(());
        };
        let before = waiting.partition_point(|one| one.lsn < lsn);
        let (before, behind) = waiting.split_at(before);
        let Some(base) = base(held, before, outcome.last_seq, replayed.seed) else {
            self.hopeless.insert(stream);
            self.waiting.insert(stream, waiting);
            return Ok(());
        };
        skip(held, base);
        self.placed.insert(stream);
        replayed.apply_all(stream, before)?;
        replayed.apply_all(stream, behind)
    }

    /// The log ends: streams of which nothing is known go on behind all that the damage may have
    /// held, and those whose commands wait do not go on.
    pub fn finish(mut self, streams: &mut Streams, ledger: &mut Ledger) {
        let Some((from, to)) = self.damage else { return };
        let sequences = to.since(from) / RECORD_MIN;
        ledger.skip_streams(sequences);
        let mut waiting = std::mem::take(&mut self.waiting);
        for held in streams.iter_mut() {
            if self.placed.contains(&held.id) {
                continue;
            }
            let Some(waiting) = waiting.remove(&held.id) else {
                skip(held, held.machine.index().last_seq() + sequences);
                continue;
            };
            hold(held, join(&waiting));
        }
        for (stream, waiting) in waiting {
            streams.put_unserved(stream, NO_CREATION.to_owned(), join(&waiting));
        }
    }
}

/// Takes no commands until it is repaired: `unplaced` wait.
pub fn hold(held: &mut Held, unplaced: Backlog) {
    let why = "commands behind a damaged part of the log cannot be placed: see `store repair`";
    log::error!("Stream '{}' is offline: {why}", held.machine.config().name);
    held.broken = Some(why.to_owned());
    held.trouble.unplaced = Some(unplaced);
}

/// The sequences up to `seq` are lost, or may be.
fn skip(held: &mut Held, seq: u64) {
    let last = held.machine.index().last_seq();
    if seq > last {
        let name = &held.machine.config().name;
        log::error!("Stream '{name}': messages {} to {seq} are lost", last + 1);
        held.machine.skip_lost(seq);
        held.trouble.losses.add(last + 1, seq, 0);
        held.changed = true;
    }
}

/// Behind which sequence commands come so that the last one they take is `last_seq`. Some may take
/// none, as duplicates do: it is tried.
fn base(held: &Held, commands: &[Waiting], last_seq: u64, seed: u64) -> Option<u64> {
    let own = held.machine.index().last_seq();
    let most: u64 = commands.iter().map(|one| one.sequences).sum();
    let mut base = last_seq.saturating_sub(most).max(own);
    for _ in 0..2 {
        let reached = tried(held, commands, base, seed)?;
        if reached == last_seq {
            return Some(base);
        }
        base = base.checked_add(last_seq.checked_sub(reached)?)?;
    }
    None
}

/// The last sequence after commands were applied to a copy that stands at `base`.
fn tried(held: &Held, commands: &[Waiting], base: u64, seed: u64) -> Option<u64> {
    let mut machine = held.machine.clone();
    machine.skip_lost(base);
    let (mut streams, mut ledger) = (Streams::default(), Ledger::default());
    let Store::File(files) = &held.store else { return None };
    streams.insert(Held::new(held.id, machine, Store::Memory(MemoryPayloads::default())));
    let template = files.home().clone();
    let mut replayed =
        Replayed { streams: &mut streams, ledger: &mut ledger, template: &template, seed };
    replayed.apply_all(held.id, commands).ok()?;
    streams.get(held.id).map(|held| held.machine.index().last_seq())
}

fn join(waiting: &[Waiting]) -> Backlog {
    let bytes = waiting.iter().flat_map(|one| one.command.bytes()).copied().collect();
    Backlog::from_bytes(bytes)
}
