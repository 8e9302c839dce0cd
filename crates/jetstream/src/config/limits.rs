//! Whether an account and the server have room for what a configuration reserves.

use super::{AccountLimits, Storage, StreamConfig, Surroundings};
use crate::error::{self, ApiError};

/// Whether one more stream may be, and may have that many consumers.
pub(super) fn counts(config: &StreamConfig, around: &Surroundings<'_>) -> Result<(), ApiError> {
    let limits = around.account.ok_or(error::NO_LIMITS)?;
    if limits.max_streams > 0 {
        let mut others = 0;
        around.streams.visit(&mut |other| {
            others += i64::from(other.name != config.name);
            true
        });
        if others >= limits.max_streams {
            return Err(error::TOO_MANY_STREAMS);
        }
    }
    consumers(config, &limits)
}

fn consumers(config: &StreamConfig, limits: &AccountLimits) -> Result<(), ApiError> {
    let asked = config.max_consumers;
    if asked > 0 && limits.max_consumers > 0 && asked > limits.max_consumers {
        return Err(error::TOO_MANY_CONSUMERS);
    }
    Ok(())
}

/// Whether there is room for `max_bytes`, of which `held` bytes are reserved for this stream
/// already. A stream without a maximum needs room for one byte.
pub(super) fn bytes(
    config: &StreamConfig,
    held: i64,
    around: &Surroundings<'_>,
) -> Result<(), ApiError> {
    let limits = around.account.ok_or(error::NO_LIMITS)?;
    consumers(config, &limits)?;
    let wanted = if config.max_bytes < 0 && held == 0 { 1 } else { config.max_bytes.max(0) };
    let added = (wanted - held).max(0);
    let total = replicated(config.num_replicas, wanted);
    let taken = others(config, around).saturating_add(total);
    let server = &around.server;
    let (limit, server_limit, server_taken, refusal) = match config.storage {
        Storage::Memory => (
            limits.max_memory,
            server.max_memory,
            server.reserved_memory,
            error::MEMORY_INSUFFICIENT,
        ),
        Storage::File => (
            limits.max_storage,
            server.max_storage,
            server.reserved_storage,
            error::STORAGE_INSUFFICIENT,
        ),
    };
    let fits_account = limit < 0 || taken <= limit;
    let fits_server = server_taken.saturating_add(added) <= server_limit;
    if fits_account && fits_server { Ok(()) } else { Err(refusal) }
}

/// What the account's other streams of the same storage have reserved.
fn others(config: &StreamConfig, around: &Surroundings<'_>) -> i64 {
    let mut reserved = 0_i64;
    around.streams.visit(&mut |other| {
        if other.name != config.name && other.storage == config.storage {
            let bytes = replicated(other.num_replicas, other.max_bytes.max(0));
            reserved = reserved.saturating_add(bytes);
        }
        true
    });
    reserved
}

fn replicated(replicas: i64, bytes: i64) -> i64 {
    bytes.saturating_mul(replicas.max(1))
}
