//! The rules for one configuration, and the defaults of what it leaves open.
//!
//! The order of the rules is that of nats-server's `checkStreamCfg` (`server/stream.go`), since
//! of several mistakes the first one is reported.

mod features;
mod numbers;
mod origin;
mod republish;
mod subjects;

pub(super) use features::discard_per_subject;

use super::{StreamConfig, Surroundings};
use crate::error::{self, ApiError};
use crate::name::{NAME_BYTES_MAX, is_well_formed};

/// Longest description, in bytes.
const DESCRIPTION_BYTES_MAX: usize = 4 << 10;
/// Most bytes of metadata, keys and values together.
const METADATA_BYTES_MAX: usize = 128 << 10;

/// Whether defaults that were not asked for are errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They are filled in.
    Normal,
    /// They are refused with 10157.
    Pedantic,
}

impl Mode {
    /// From the flag of a request.
    #[must_use]
    pub fn from_flag(pedantic: bool) -> Self {
        if pedantic { Self::Pedantic } else { Self::Normal }
    }

    /// An error in pedantic mode.
    pub(crate) fn refuse(self, text: &str) -> Result<(), ApiError> {
        match self {
            Self::Normal => Ok(()),
            Self::Pedantic => Err(error::pedantic(text)),
        }
    }
}

/// The configuration with its defaults.
///
/// # Errors
/// The first rule that it breaks.
pub fn check(
    config: &StreamConfig,
    mode: Mode,
    around: &Surroundings<'_>,
) -> Result<StreamConfig, ApiError> {
    texts(config)?;
    let mut config = config.clone();
    numbers::replicas(&mut config)?;
    numbers::limits(&mut config, mode)?;
    numbers::durations(&mut config, mode, around.duplicate_window_max)?;
    features::check(&mut config, mode)?;
    origin::check(&mut config, mode, around.streams)?;
    subjects::check(&mut config)?;
    account_bytes(&config, around)?;
    republish::check(&mut config, mode)?;
    placement(&mut config)?;
    Ok(config)
}

fn invalid(text: &str) -> ApiError {
    error::stream_config_invalid(text)
}

/// An error with this text unless the rule is kept.
fn require(kept: bool, text: &str) -> Result<(), ApiError> {
    if kept { Ok(()) } else { Err(invalid(text)) }
}

fn texts(config: &StreamConfig) -> Result<(), ApiError> {
    require(
        is_well_formed(&config.name),
        "stream name is required and can not contain '.', '*', '>', '\\', '/'",
    )?;
    require(
        config.name.len() <= NAME_BYTES_MAX,
        "stream name is too long, maximum allowed is 255",
    )?;
    require(
        config.description.len() <= DESCRIPTION_BYTES_MAX,
        "stream description is too long, maximum allowed is 4096",
    )?;
    let metadata: usize = config.metadata.iter().map(|(key, value)| key.len() + value.len()).sum();
    require(metadata <= METADATA_BYTES_MAX, "stream metadata exceeds maximum size of 131072 bytes")
}

fn account_bytes(config: &StreamConfig, around: &Surroundings<'_>) -> Result<(), ApiError> {
    let Some(limits) = &around.account else {
        return Ok(());
    };
    let limit = match config.storage {
        super::Storage::Memory => limits.memory_max_stream_bytes,
        super::Storage::File => limits.storage_max_stream_bytes,
    };
    if limits.max_bytes_required && config.max_bytes <= 0 {
        return Err(error::MAX_BYTES_REQUIRED);
    }
    if limit > 0 && config.max_bytes > limit {
        return Err(error::MAX_BYTES_OVER_ACCOUNT_LIMIT);
    }
    Ok(())
}

fn placement(config: &mut StreamConfig) -> Result<(), ApiError> {
    config.placement = config.placement.take().filter(|place| *place != Default::default());
    let preferred = config.placement.as_ref().is_some_and(|place| !place.preferred.is_empty());
    require(!preferred, "preferred server not permitted in placement")
}
