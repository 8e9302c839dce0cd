//! A stream whose file could not be written or synced. The log still has everything since the last
//! checkpoint: the file is abandoned, and its part written again to another. If that fails too,
//! this stream alone is offline: what it had is kept beside the next checkpoints.

use anabranch_log::Error;
use anabranch_log::format::StreamId;

use super::held::Held;
use super::journal::{Journal, is_out_of_space};
use super::recovery;
use super::streams::Streams;

/// What became of a stream whose file failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mended {
    /// It goes on in a new file.
    Rewritten,
    /// There is no space for a new file yet.
    Later,
    /// It is offline.
    Offline,
}

/// Writes the file again that failed, or takes the stream offline. Everything that was logged is
/// durable and applied.
pub fn mend(streams: &mut Streams, journal: &Journal, id: StreamId, seed: u64) -> Option<Mended> {
    let held = streams.get_mut(id)?;
    let name = held.machine.config().name.clone();
    let mut error = held.trouble.failed.clone()?;
    if !held.trouble.rewritten {
        match rewrite(held, journal, seed) {
            Ok(()) => {
                log::warn!("Stream '{name}': what its file lacks was written again from the log");
                return Some(Mended::Rewritten);
            }
            Err(again) => error = again,
        }
    }
    if held.trouble.backlog.is_none() {
        match recovery::backlog(journal, id) {
            Ok(backlog) => held.trouble.backlog = Some(backlog),
            Err(error) => log::error!("Stream '{name}': {error}; no checkpoint can be made"),
        }
    }
    if is_out_of_space(&error) {
        held.trouble.failed = Some(error);
        return Some(Mended::Later);
    }
    log::error!("Stream '{name}' is offline until the next start: {error}");
    held.trouble.failed = None;
    held.broken = Some(error.to_string());
    Some(Mended::Offline)
}

/// Makes the stream again from the last checkpoint and the log, with new files for what came since.
fn rewrite(held: &mut Held, journal: &Journal, seed: u64) -> Result<(), Error> {
    let made = held.segments();
    let mut fresh = recovery::reload(journal, held.id, &made, seed)?;
    let (before, after) = (held.machine.index(), fresh.machine.index());
    // With a part that could not be read, nobody knows how many messages there were.
    let is_known = held.left.as_ref().is_none_or(|left| left.failed().is_none());
    let is_other = is_known && before.messages() != after.messages();
    if is_other || before.last_seq() != after.last_seq() {
        return Err(Error::Options("the log does not lead to the stream as it is"));
    }
    fresh.machine.take_unlogged(&mut held.machine);
    fresh.served = std::mem::take(&mut held.served);
    fresh.subscriptions = std::mem::take(&mut held.subscriptions);
    fresh.ack_start = std::mem::take(&mut held.ack_start);
    fresh.trouble.losses = std::mem::take(&mut held.trouble.losses);
    fresh.condemned = std::mem::take(&mut held.condemned);
    fresh.trouble.rewritten = held.trouble.failed.as_ref().is_some_and(|e| !is_out_of_space(e));
    *held = fresh;
    Ok(())
}
