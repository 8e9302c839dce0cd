//! Mirrors and sources: streams take what waits for them in others. Commands are logged for it,
//! and what they come to is decided when they are applied, as for everything else.

mod looking;
mod pace;
mod pipes;
mod taking;

use std::time::Instant;

use anabranch_jetstream::stream::{Command, FromOrigin, Stored};
use anabranch_jetstream::{ApiError, error};

pub use pipes::Pipes;
pub use taking::{Taking, take};

use super::held::Held;
use super::publishing::{self, Heard};
use super::shard::{Shard, now};
use looking::{Found, look};
use pipes::Pipe;
use taking::Outcome;

/// Lets streams take what waits for them, within bounds.
pub fn pull(shard: &mut Shard) {
    shard.pipes.notice(&mut shard.streams);
    if shard.pipes.is_empty() || shard.has_failed() {
        return;
    }
    let (now, begun) = (now(), Instant::now());
    let mut budget = shard.pipes.pace.budget();
    let (mut found, mut later) = (Vec::new(), Vec::new());
    while !budget.is_spent()
        && let Some(pipe) = shard.pipes.next(now)
    {
        // Busy streams take nothing; they are not busy for long.
        if shard.streams.get(pipe.0).is_some_and(|receiver| receiver.parked.is_some()) {
            later.push(pipe);
            continue;
        }
        let Shard { pipes, streams, .. } = shard;
        if let Some(mut one) = look(pipes, streams, pipe, now, &mut budget) {
            log(shard, pipe, &mut one, now);
            found.push((pipe, one));
        }
    }
    later.into_iter().for_each(|pipe| shard.pipes.queue(pipe));
    let looked = begun.elapsed();
    if found.is_empty() {
        return shard.pipes.pace.took(looked);
    }
    if !shard.commit() {
        // Without space nothing of it is logged, and it is tried again later.
        if !shard.has_failed() {
            for (pipe, one) in found {
                rest(shard, pipe, one.first(), &error::INSUFFICIENT_RESOURCES, now);
            }
        }
        return shard.pipes.pace.took(looked);
    }
    let begun = Instant::now();
    shard.with_outbox(|shard, outbox| {
        let mut hear =
            |held: &Held, stored: &Stored<'_>| publishing::republish(held, stored, outbox);
        for (pipe, one) in found {
            apply(shard, pipe, &one, now, &mut hear);
        }
    });
    shard.pipes.pace.took(looked + begun.elapsed());
}

/// Adds the commands of what a feed found to the log. What cannot be added is left for later.
fn log(shard: &mut Shard, pipe: Pipe, found: &mut Found, now: i64) {
    let (id, feed) = pipe;
    let mut refused = None;
    let mut logged = 0;
    if let Some(seq) = found.advance_to
        && let Err(refusal) = shard.append(id, now, &Command::Advance(seq))
    {
        found.advance_to = None;
        found.messages.clear();
        refused = Some((seq + 1, refusal));
    }
    let mut is_full = false;
    for taking in found.chain(feed) {
        if !shard.has_log_room() {
            is_full = true;
            break;
        }
        let FromOrigin { seq, subject, headers, body, .. } = taking.message;
        let size = subject.len() + headers.len() + body.len();
        let appended = if shard.has_room(id, size) {
            shard.append(id, now, &taking.command(found.kind))
        } else {
            Err(error::INSUFFICIENT_RESOURCES)
        };
        if let Err(refusal) = appended {
            refused = Some((seq, refusal));
            break;
        }
        logged += 1;
    }
    found.messages.truncate(logged);
    if is_full {
        // The rest comes when there is room.
        (found.unread, found.has_more) = (None, true);
    }
    if let Some((next, refusal)) = refused {
        rest(shard, pipe, next, &refusal, now);
    }
}

fn apply(shard: &mut Shard, pipe: Pipe, found: &Found, now: i64, heard: Heard<'_>) {
    let Some(held) = shard.streams.get_mut(pipe.0) else { return };
    if let Some(seq) = found.advance_to {
        held.machine.advance(seq);
        held.changed = true;
    }
    let mut stopped = None;
    for taking in found.chain(pipe.1) {
        let refusal = match take(held, &taking, now, &mut *heard) {
            Outcome::Taken => continue,
            Outcome::Stale => error::EXPECTED_SEQUENCE_MISMATCH,
            Outcome::Refused(refusal) => refusal,
        };
        // What is behind it was logged too, and comes to nothing.
        stopped = Some((taking.message.seq, refusal));
        break;
    }
    held.write();
    let name = held.machine.config().name.clone();
    shard.took(pipe.0, &name);
    if let Some((seq, refusal)) = stopped {
        rest(shard, pipe, seq, &refusal, now);
    } else if let Some(seq) = found.unread {
        shard.pipes.rest(pipe, seq, now);
    } else if found.has_more {
        shard.pipes.queue(pipe);
    }
}

/// A feed is to try the message `next` again later.
fn rest(shard: &mut Shard, pipe: Pipe, next: u64, refusal: &ApiError, now: i64) {
    if shard.pipes.rest(pipe, next, now)
        && let Some(held) = shard.streams.get(pipe.0)
    {
        let feed = held.machine.feeds().get(pipe.1).map_or("", |feed| feed.name());
        let name = &held.machine.config().name;
        log::warn!("Stream '{name}': message {next} of '{feed}' was refused: {refusal}");
    }
}
