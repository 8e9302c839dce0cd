//! Streams from what is stored, and what is stored of them.

use anabranch_jetstream::StreamConfig;
use anabranch_jetstream::config::Storage;
use anabranch_jetstream::json::Strictness;
use anabranch_jetstream::stream::{Command, Purge, RestoreStep, Stream};
use anabranch_log::Error;
use anabranch_log::checkpoint::{BlobKey, CheckpointWriter};
use anabranch_log::format::{AccountId, StreamId};

use super::files::{FilePayloads, Home};
use super::held::{Held, Store};
use super::journal::{GLOBAL, Journal, Logged, Opening};
use super::passing;
use super::payloads::MemoryPayloads;
use super::publishing::{self, Message};
use super::pulling::{Taking, take};
use super::restoring;
use super::shard::now;
use super::streams::{Ledger, Streams};

/// The part of a checkpoint that holds a stream.
const STREAM: u16 = 1;
/// The part that holds a stream that is being restored.
const RESTORING: u16 = 3;
/// The part that holds what outlives streams.
const LEDGER: BlobKey = BlobKey { account: AccountId(0), stream: StreamId(0), kind: 2 };

fn key(held: &Held) -> BlobKey {
    let kind = if held.is_restoring { RESTORING } else { STREAM };
    BlobKey { account: GLOBAL, stream: held.id, kind }
}

/// Reads everything.
///
/// # Errors
/// When something cannot be read.
pub fn recover(opening: Opening, seed: u64) -> Result<(Streams, Ledger, Journal), Error> {
    let mut streams = Streams::default();
    let mut ledger = Ledger::default();
    let saved = opening.checkpoint()?;
    for (key, bytes) in saved.parts {
        if key == LEDGER {
            ledger = Ledger::load(&bytes)?;
        } else if [STREAM, RESTORING].contains(&key.kind) {
            let home = opening.home(key.stream);
            let held = Held::load_from(key.stream, home, &bytes, seed)?;
            streams.insert(Held { is_restoring: key.kind == RESTORING, ..held });
        }
    }
    let template = opening.home(StreamId(0));
    let mut journal = opening.replay(saved.start, |logged| {
        let home = Home { stream: logged.stream, ..template.clone() };
        apply(&mut streams, &mut ledger, home, &logged, seed)
    })?;
    for held in streams.iter_mut() {
        held.cut()?;
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
    let half: Vec<StreamId> = streams.restoring().map(|held| held.id).collect();
    for &id in &half {
        journal.append(id, now(), &Command::Remove)?;
    }
    journal.commit()?;
    for id in half {
        let name = streams.remove(id).map(|held| held.machine.config().name.clone());
        log::warn!("Stream '{}' was not restored to its end", name.unwrap_or_default());
        ledger.bury(id);
    }
    Ok(())
}

/// Applies a command from the log as it was applied when it was logged.
fn apply(
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
            held.machine.reconfigure(config, &mut removed);
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
        Command::Delete { seq, .. } => {
            let _ = held.machine.delete(seq, &mut removed);
        }
        Command::Purge { filter, seq, keep } => {
            let _ = held.machine.purge(&Purge { filter, seq, keep }, &mut removed);
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
        let key = key(held);
        if held.changed || !writer.carry(key) {
            writer.put(key, &held.save()?)?;
        }
    }
    Ok(())
}

/// A checkpoint was made: what neither it nor the one before needs is removed.
pub fn reclaim(streams: &mut Streams, ledger: &mut Ledger, journal: &Journal) {
    for held in streams.iter_mut() {
        held.changed = false;
        if let Store::File(payloads) = &mut held.store
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
