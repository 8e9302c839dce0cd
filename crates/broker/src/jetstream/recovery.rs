//! Streams from what is stored, and what is stored of them.

use anabranch_jetstream::StreamConfig;
use anabranch_jetstream::config::Storage;
use anabranch_jetstream::json::Strictness;
use anabranch_jetstream::stream::{Command, Purge, Removed, RestoreStep, Stream};
use anabranch_log::Error;
use anabranch_log::checkpoint::{BlobKey, CheckpointWriter};
use anabranch_log::format::{AccountId, StreamId};

use super::backlog::Backlog;
use super::files::{FilePayloads, Home};
use super::held::{Held, Store};
use super::journal::{Found, GLOBAL, Journal, Logged, Opening, is_out_of_space};
use super::losses::Losses;
use super::passing;
use super::payloads::MemoryPayloads;
use super::placing::{self, NO_CREATION, Placing, Replayed};
use super::publishing::{self, Message};
use super::pulling::{Taking, take};
use super::restoring;
use super::shard::now;
use super::streams::{Ledger, Streams};
use super::trouble::is_damage;

/// The parts of a checkpoint: a stream,
const STREAM: u16 = 1;
/// a stream that is being restored,
const RESTORING: u16 = 3;
/// commands of a stream since its state, where it takes none,
const BACKLOG: u16 = 4;
/// what damage took from it,
const LOSSES: u16 = 5;
/// and its commands that nothing places.
const UNPLACED: u16 = 6;
/// The part that holds what outlives streams.
const LEDGER: BlobKey = BlobKey { account: AccountId(0), stream: StreamId(0), kind: 2 };

fn key(stream: StreamId, kind: u16) -> BlobKey {
    BlobKey { account: GLOBAL, stream, kind }
}

/// Reads everything. Damage is logged, and shows in the streams that it concerns.
///
/// # Errors
/// When nothing can be read, or by a newer program only.
pub fn recover(opening: Opening, seed: u64) -> Result<(Streams, Ledger, Journal), Error> {
    let mut streams = Streams::default();
    let mut ledger = Ledger::default();
    let saved = opening.checkpoint()?;
    let start = saved.start;
    let template = opening.home(StreamId(0));
    for (key, read) in saved.parts {
        load(&mut streams, &mut ledger, &template, key, read, seed)?;
    }
    opening.note_streams(&mut ledger)?;
    let mut placing = Placing::default();
    let mut replayed =
        Replayed { streams: &mut streams, ledger: &mut ledger, template: &template, seed };
    let mut journal = opening.replay(start, |found| match found {
        Found::Command(logged, lsn) => placing.command(&mut replayed, &logged, lsn),
        Found::Outcomes(lsn, since, outcomes) => {
            placing.outcomes(&mut replayed, lsn, since, &outcomes)
        }
        Found::Damage(from, to) => {
            placing.damaged(from, to);
            Ok(())
        }
    })?;
    placing.finish(&mut streams, &mut ledger);
    for held in streams.iter_mut() {
        if let Err(error) = held.cut() {
            held.fail(&error);
        }
        held.lose_missing();
    }
    give_up_restores(&mut streams, &mut ledger, &mut journal)?;
    Ok((streams, ledger, journal))
}

/// Restores that were under way have lost their clients.
fn give_up_restores(
    streams: &mut Streams,
    ledger: &mut Ledger,
    journal: &mut Journal,
) -> Result<(), Error> {
    // Of one that is offline, the end may be behind damage.
    let half = streams.restoring().filter(|held| !held.is_offline());
    let half: Vec<StreamId> = half.map(|held| held.id).collect();
    for &id in &half {
        journal.append(id, now(), &Command::Remove)?;
    }
    match journal.commit() {
        // They stay, where nobody sees them, until the next start.
        Err(error) if is_out_of_space(&error) => return Ok(()),
        committed => committed?,
    }
    for id in half {
        let name = streams.remove(id).map(|held| held.machine.config().name.clone());
        log::warn!("Stream '{}' was not restored to its end", name.unwrap_or_default());
        ledger.bury(id);
    }
    Ok(())
}

/// Takes one part of a checkpoint. Those of a stream come one after the other, the stream first.
fn load(
    streams: &mut Streams,
    ledger: &mut Ledger,
    template: &Home,
    key: BlobKey,
    read: Result<Vec<u8>, Error>,
    seed: u64,
) -> Result<(), Error> {
    if key == LEDGER {
        match read.and_then(|bytes| Ledger::load(&bytes)) {
            Ok(read) => *ledger = read,
            Err(error) => log::error!("What is stored of deleted streams cannot be read: {error}"),
        }
        return Ok(());
    }
    let id = key.stream;
    ledger.note_stream(id);
    let home = Home { stream: id, ..template.clone() };
    if [STREAM, RESTORING].contains(&key.kind) {
        let is_restoring = key.kind == RESTORING;
        match read.and_then(|bytes| Held::load_from(id, home, &bytes, seed)) {
            Ok(held) => streams.insert(Held { is_restoring, ..held }),
            Err(error) if is_newer(&error) => return Err(error),
            Err(error) => streams.put_unserved(id, error.to_string(), Backlog::default()),
        }
        return Ok(());
    }
    let bytes = match read {
        Ok(bytes) => bytes,
        Err(error) => {
            log::error!("What is stored beside stream {id} cannot be read: {error}");
            return Ok(());
        }
    };
    match (key.kind, streams.get_mut(id)) {
        (BACKLOG, _) => {
            let backlog = Backlog::from_bytes(bytes);
            if let Some(unserved) = streams.unserved_mut(id) {
                unserved.backlog = backlog;
                return Ok(());
            }
            let mut replayed = Replayed { streams, ledger, template, seed };
            backlog
                .replay(|time, command| replayed.apply(&Logged { stream: id, time, command }))?;
            if streams.get(id).is_none() {
                streams.put_unserved(id, NO_CREATION.to_owned(), backlog);
            }
        }
        (LOSSES, Some(held)) => held.trouble.losses = Losses::load(&bytes)?,
        (UNPLACED, Some(held)) => placing::hold(held, Backlog::from_bytes(bytes)),
        _ => {}
    }
    Ok(())
}

/// Something was written by a newer program, or is another directory's: nothing is damaged.
fn is_newer(error: &Error) -> bool {
    matches!(error, Error::Format { .. }) && !is_damage(error)
}

/// The stream as the last checkpoint and the log say it is, while the log is open. The segments in
/// `made` that the checkpoint does not name are made again.
///
/// # Errors
/// When it cannot be read, or its files cannot be written.
pub fn reload(journal: &Journal, id: StreamId, made: &[u64], seed: u64) -> Result<Held, Error> {
    let (mut streams, mut ledger) = (Streams::default(), Ledger::default());
    let home = journal.home(id);
    let read = |kind| journal.saved(key(id, kind));
    let mut known = Vec::new();
    let restoring = read(RESTORING)?;
    let is_restoring = restoring.is_some();
    if let Some(bytes) = read(STREAM)?.or(restoring) {
        let held = Held::load_from(id, home.clone(), &bytes, seed)?;
        let mut held = Held { is_restoring, ..held };
        held.abandon();
        known = held.segments();
        streams.insert(held);
    }
    for &first_seq in made.iter().filter(|seq| !known.contains(seq)) {
        home.remove_segment(first_seq)?;
    }
    let mut replayed =
        Replayed { streams: &mut streams, ledger: &mut ledger, template: &home, seed };
    if let Some(bytes) = read(BACKLOG)? {
        Backlog::from_bytes(bytes)
            .replay(|time, command| replayed.apply(&Logged { stream: id, time, command }))?;
    }
    journal.reread(id, |logged| replayed.apply(logged))?;
    let mut held = streams.remove(id).ok_or(Error::Options("the log has no such stream"))?;
    held.cut()?;
    held.lose_missing();
    if let Some(error) = held.trouble.failed.take() {
        return Err(error);
    }
    Ok(held)
}

/// All commands of a stream since its state in the last checkpoint.
///
/// # Errors
/// When they cannot be read.
pub fn backlog(journal: &Journal, id: StreamId) -> Result<Backlog, Error> {
    let mut backlog = Backlog::from_bytes(journal.saved(key(id, BACKLOG))?.unwrap_or_default());
    journal.reread(id, |logged| {
        backlog.push(logged);
        Ok(())
    })?;
    Ok(backlog)
}

/// Applies a command from the log as it was applied when it was logged.
///
/// # Errors
/// When it cannot be read.
pub fn apply(
    streams: &mut Streams,
    ledger: &mut Ledger,
    home: Home,
    logged: &Logged<'_>,
    seed: u64,
) -> Result<(), Error> {
    let Logged { stream, time, command } = *logged;
    if let Command::Create(config) = command {
        let config = parse(config)?;
        ledger.note_stream(stream);
        streams.insert(create(stream, config, time, Some(home), seed));
        return Ok(());
    }
    if let Command::Restore(step) = command {
        if let RestoreStep::Begin(config) = step {
            let held = create(stream, parse(config)?, time, Some(home), seed);
            ledger.note_stream(stream);
            streams.insert(Held { is_restoring: true, ..held });
        }
        restore(streams, stream, &step, time);
        return Ok(());
    }
    let Some(held) = streams.get_mut(stream) else { return Ok(()) };
    held.changed = true;
    let mut removed = Vec::new();
    match command {
        Command::Create(_) | Command::Restore(_) => {}
        Command::Publish { subject, headers, body } => {
            let message = Message { subject, headers, body, reply: b"" };
            let _ = publishing::store(held, &message, time, &mut |_, _| ());
        }
        Command::PublishFast { subject, headers, body, reply } => {
            let message = Message { subject, headers, body, reply };
            let _ = publishing::store(held, &message, time, &mut |_, _| ());
        }
        Command::Update(config) => {
            let config = parse(config)?;
            held.machine.reconfigure(config);
        }
        Command::Remove => {
            streams.remove(stream);
            ledger.bury(stream);
            return Ok(());
        }
        Command::Tick => passing::tick(held, time, &mut |_, _| ()),
        Command::Advance(seq) => held.machine.advance(seq),
        Command::Mirror { time: stored, message } => {
            let taking = Taking { feed: 0, identity: "", time: stored, message };
            let _ = take(held, &taking, time, &mut |_, _| ());
        }
        Command::Source { feed, identity, message } => {
            let feed = usize::try_from(feed).unwrap_or(usize::MAX);
            let identity = str::from_utf8(identity).unwrap_or_default();
            let taking = Taking { feed, identity, time, message };
            let _ = take(held, &taking, time, &mut |_, _| ());
        }
        Command::Delete { seq, erase } => {
            let _ = held.machine.delete(seq, &mut removed);
            if erase {
                erase_again(held, &removed);
            }
        }
        Command::Purge { filter, seq, keep } => {
            let _ = held.machine.purge(&Purge { filter, seq, keep });
        }
    }
    held.forget(&mut removed);
    Ok(())
}

fn restore(streams: &mut Streams, stream: StreamId, step: &RestoreStep<'_>, time: i64) {
    if let Some(held) = streams.get_mut(stream) {
        restoring::apply(held, step, time);
    }
    if matches!(step, RestoreStep::Finish(_)) {
        streams.reveal(stream);
    }
}

/// What is erased in a file came back with the log.
fn erase_again(held: &mut Held, removed: &[Removed]) {
    if let Err(error) = held.erase(removed) {
        let name = &held.machine.config().name;
        log::error!("Stream '{name}': a deleted message cannot be erased: {error}");
    }
}

fn parse(config: &[u8]) -> Result<StreamConfig, Error> {
    StreamConfig::parse(config, Strictness::Strict)
        .map_err(|_| Error::Options("a configuration in the log cannot be read"))
}

/// A new stream; with a `home` for its files, or in memory.
#[must_use]
pub fn create(
    id: StreamId,
    config: StreamConfig,
    time: i64,
    home: Option<Home>,
    seed: u64,
) -> Held {
    let store = match home {
        Some(home) if config.storage == Storage::File => {
            Store::File(Box::new(FilePayloads::new(home)))
        }
        _ => Store::Memory(MemoryPayloads::default()),
    };
    Held::new(id, Stream::new(config, time, seed), store)
}

/// Writes a checkpoint.
///
/// # Errors
/// When that fails.
pub fn save(
    streams: &mut Streams,
    ledger: &Ledger,
    writer: &mut CheckpointWriter,
) -> Result<(), Error> {
    writer.put(LEDGER, &ledger.save())?;
    for held in streams.iter_mut().filter(|held| held.is_logged()) {
        save_stream(held, writer)?;
    }
    for (id, unserved) in streams.unserved() {
        for kind in [STREAM, RESTORING, LOSSES] {
            let _ = writer.keep(key(id, kind));
        }
        writer.put(key(id, BACKLOG), unserved.backlog.bytes())?;
    }
    Ok(())
}

fn save_stream(held: &mut Held, writer: &mut CheckpointWriter) -> Result<(), Error> {
    let id = held.id;
    let state = key(id, if held.is_restoring { RESTORING } else { STREAM });
    match &held.trouble.backlog {
        Some(backlog) => {
            // Its state stays as it was; there is none yet if it is new.
            let _ = writer.keep(state);
            writer.put(key(id, BACKLOG), backlog.bytes())?;
        }
        None if held.is_offline() && held.trouble.unplaced.is_none() => {
            return Err(Error::Options("a stream is offline, and its commands cannot be kept"));
        }
        None => {
            if held.changed || !writer.carry(state) {
                let saved = held.save().inspect_err(|error| {
                    if !is_out_of_space(error) {
                        held.fail(error);
                    }
                });
                writer.put(state, &saved?)?;
            }
        }
    }
    held.trouble.losses.prune(held.machine.index().first_seq());
    if !held.trouble.losses.is_empty() {
        writer.put(key(id, LOSSES), &held.trouble.losses.save())?;
    }
    if let Some(unplaced) = &held.trouble.unplaced {
        writer.put(key(id, UNPLACED), unplaced.bytes())?;
    }
    Ok(())
}

/// A checkpoint was made: what neither it nor the one before needs is removed.
pub fn reclaim(streams: &mut Streams, ledger: &mut Ledger, journal: &Journal) {
    for held in streams.iter_mut() {
        held.changed = false;
        held.trouble.rewritten = false;
        // The state that stays in checkpoints may name what is empty by now.
        if held.trouble.backlog.is_none()
            && let Store::File(payloads) = &mut held.store
            && let Err(error) = payloads.reclaim()
        {
            log::error!("Stream '{}': {error}", held.machine.config().name);
        }
    }
    for stream in ledger.exhume() {
        if let Err(error) = journal.home(stream).remove() {
            log::error!("Files of the deleted stream {stream}: {error}");
        }
    }
}
