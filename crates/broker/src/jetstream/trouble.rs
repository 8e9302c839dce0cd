//! What is wrong with a stream's storage, and what was.

use anabranch_log::Error;
use anabranch_log::disk::Operation;

use super::backlog::Backlog;
use super::losses::Losses;

/// What is wrong with a stream's storage, and what was.
#[derive(Debug, Default)]
pub struct Trouble {
    /// Why a file was abandoned, which is to be written again from the log. Until then the stream
    /// takes no commands.
    pub failed: Option<Error>,
    /// That was done since the last checkpoint.
    pub rewritten: bool,
    /// Its commands since its state in the last checkpoint, which stays as it is, while the stream
    /// takes none.
    pub backlog: Option<Backlog>,
    /// Commands behind a damaged part of the log which nothing places.
    pub unplaced: Option<Backlog>,
    /// What damage took.
    pub losses: Losses,
}

/// What was stored is not there as it was: going on without it makes nothing worse.
#[must_use]
pub fn is_damage(error: &Error) -> bool {
    match error {
        Error::Format { cause, .. } => cause.is_damage(),
        Error::Disk(error) => error.operation == Operation::Read || error.is_not_found(),
        _ => false,
    }
}
