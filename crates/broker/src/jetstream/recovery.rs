//! Streams from what is stored.

use anabranch_jetstream::StreamConfig;
use anabranch_jetstream::config::Storage;
use anabranch_jetstream::consumer::{ConsumerConfig, decode_changes};
use anabranch_jetstream::json::Strictness;
use anabranch_jetstream::stream::{Command, ConsumerCommand, Purge, RestoreStep, Stream};
use anabranch_log::Error;
use anabranch_log::format::StreamId;
use anabranch_log::segment::{self, SegmentId};
use anabranch_log::wal::Start;

use super::backlog::Backlog;
use super::checkpointing::{BACKLOG, key};
use super::consuming::consumed;
use super::files::{FilePayloads, Home};
use super::held::{Held, Store};
use super::journal::{Found, Journal, Logged, Opening, Which, is_out_of_space};
use super::passing;
use super::payloads::MemoryPayloads;
use super::placing::{Placing, Replayed};
use super::publishing::{self, Message};
use super::pulling::{Taking, take};
use super::reading::{Parts, Reading};
use super::restoring;
use super::shard::now;
use super::streams::{Ledger, Streams};
use super::trouble::is_damage;

/// Reads everything. Damage is logged, and shows in the streams that it concerns.
///
/// # Errors
/// When nothing can be read, or by a newer program only.
pub fn recover(mut opening: Opening, seed: u64) -> Result<(Streams, Ledger, Journal), Error> {
    let template = opening.home(StreamId(0));
    // A copy that was under way has no name yet: nothing is in it that is not elsewhere.
    if let Err(error) = segment::remove_unfinished(&*template.disk) {
        log::warn!("A segment that was not written to its end stays: {error}");
    }
    let (start, read) = read_checkpoint(&mut opening, &template, seed)?;
    let Reading { mut streams, mut ledger, .. } = read;
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
        if matches!(&held.store, Store::File(payloads) if payloads.has_stale()) {
            log::info!("  Encrypting stream '$G > {}'", held.machine.config().name);
        }
    }
    for (id, unserved) in streams.unserved() {
        log::error!("The stream of number {id} cannot be served: {}", unserved.reason);
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

/// Reads the newest checkpoint. If something in it is damaged, the one before it, if that is whole.
fn read_checkpoint<'a>(
    opening: &mut Opening,
    template: &'a Home,
    seed: u64,
) -> Result<(Start, Reading<'a>), Error> {
    let read = |opening: &Opening, which| {
        let mut reading = Reading::new(template, seed, opening.blobs(which));
        let start = opening.read_checkpoint(which, |key, read| reading.add(key, read))?;
        reading.end()?;
        Ok::<_, Error>((start, reading))
    };
    let (start, newest) = read(opening, Which::Newest)?;
    let Some(start) = start else { return Ok((Start::default(), newest)) };
    let Some(error) = &newest.damage else { return Ok((start, newest)) };
    log::error!("The newest checkpoint is damaged: {error}");
    if let (Some(start), previous) = read(opening, Which::Previous)?
        && previous.damage.is_none()
    {
        log::error!("The checkpoint before it is used");
        opening.forget_newest();
        return Ok((start, previous));
    }
    Ok((start, newest))
}

/// The stream as the last checkpoint and the log say it is, while the log is open. The segments in
/// `made` that the checkpoint does not name are made again.
///
/// # Errors
/// When it cannot be read, or its files cannot be written.
pub fn reload(
    journal: &Journal,
    id: StreamId,
    made: &[SegmentId],
    seed: u64,
) -> Result<Held, Error> {
    match reload_from(journal, Which::Newest, id, made, seed) {
        // What changed since then is in the log.
        Err(error) if is_damage(&error) => {
            log::error!("Stream {id}: {error}: the checkpoint before the last one is used");
            reload_from(journal, Which::Previous, id, made, seed).map_err(|_| error)
        }
        reloaded => reloaded,
    }
}

fn reload_from(
    journal: &Journal,
    which: Which,
    id: StreamId,
    made: &[SegmentId],
    seed: u64,
) -> Result<Held, Error> {
    let (mut streams, mut ledger) = (Streams::default(), Ledger::default());
    let home = journal.home(id);
    let mut parts = Parts::new(id);
    journal.saved_stream(which, id, |key, bytes| {
        parts.add(key, Ok(Some(bytes)), seed);
        Ok(())
    })?;
    let backlog = parts.backlog.take();
    let mut known = Vec::new();
    if parts.has_state() {
        let mut held = parts.held(home.clone(), None)?;
        held.abandon();
        known = held.segments();
        streams.insert(held);
    }
    for &segment in made.iter().filter(|segment| !known.contains(segment)) {
        home.remove_segment(segment)?;
    }
    let mut replayed =
        Replayed { streams: &mut streams, ledger: &mut ledger, template: &home, seed };
    if let Some(bytes) = backlog {
        Backlog::from_bytes(bytes)
            .replay(|time, command| replayed.apply(&Logged { stream: id, time, command }))?;
    }
    journal.reread(which, id, |logged| replayed.apply(logged))?;
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
    journal.reread(Which::Newest, id, |logged| {
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
    if let Command::Remove = command {
        if streams.remove(stream).is_some() {
            ledger.bury(stream);
        }
        return Ok(());
    }
    match streams.get_mut(stream) {
        Some(held) => apply_to(held, command, time),
        None => Ok(()),
    }
}

/// Applies a command to the stream that it is for.
///
/// # Errors
/// When it cannot be read.
pub fn apply_to(held: &mut Held, command: Command<'_>, time: i64) -> Result<(), Error> {
    held.changed = true;
    let mut removed = Vec::new();
    match command {
        Command::Create(_) | Command::Restore(_) | Command::Remove => {}
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
        Command::Tick => passing::tick(held, time, &mut |_, _| ()),
        Command::Advance(seq) => held.machine.advance(seq),
        Command::Unschedule(seq) => held.machine.drop_schedule(seq),
        Command::Limit(limits) => held.machine.limit_batches(limits),
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
                // Not yet: the end of the log may have been read without being durable.
                held.erasures.extend_from_slice(&removed);
            }
        }
        Command::Purge { filter, seq, keep } => {
            let _ = held.machine.purge(&Purge { filter, seq, keep });
        }
        Command::Consumer(command) => apply_to_consumer(held, &command, time)?,
    }
    held.forget(&mut removed);
    // What waits for it in the server comes next in the log.
    held.finish();
    Ok(())
}

/// Applies a command about a consumer.
fn apply_to_consumer(
    held: &mut Held,
    command: &ConsumerCommand<'_>,
    time: i64,
) -> Result<(), Error> {
    let parse = |config: &[u8]| {
        ConsumerConfig::parse(config, Strictness::Lenient)
            .map_err(|_| Error::Options("a consumer's configuration in the log cannot be read"))
    };
    match *command {
        ConsumerCommand::Create(number, name, config) => {
            held.machine.add_consumer(number, name, parse(config)?, time);
        }
        ConsumerCommand::Update(number, config) => {
            held.machine.update_consumer(number, parse(config)?);
        }
        ConsumerCommand::Remove(number) => held.machine.remove_consumer(number),
        ConsumerCommand::Restore(number, restored) => held
            .machine
            .restore_consumer(number, &restored)
            .map_err(|_| Error::Options("a restored consumer in the log cannot be read"))?,
        ConsumerCommand::Consumed(number, changes) => {
            let changes = decode_changes(changes)
                .map_err(|_| Error::Options("what a consumer did, in the log, cannot be read"))?;
            consumed(held, number, &changes);
        }
    }
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
