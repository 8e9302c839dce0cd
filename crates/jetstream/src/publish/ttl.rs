//! How long a message lives: `Nats-TTL` and `Nats-Schedule-TTL`.

use crate::error::{self, ApiError};
use crate::time::Nanos;

/// How long a message lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ttl {
    /// Whatever the stream's maximum age is.
    Never,
    /// So many seconds, at least 1.
    Seconds(u64),
}

/// Reads `never`, a duration of at least a second, or a number of seconds. No seconds at all are
/// no time to live.
///
/// # Errors
/// 10165.
pub fn parse(text: &[u8]) -> Result<Option<Ttl>, ApiError> {
    let text = str::from_utf8(text).map_err(|_| error::TTL_INVALID)?;
    if text.eq_ignore_ascii_case("never") {
        return Ok(Some(Ttl::Never));
    }
    let seconds = match Nanos::parse(text) {
        Some(duration) if duration < Nanos::SECOND => return Err(error::TTL_INVALID),
        Some(duration) => duration.0 / Nanos::SECOND.0,
        None if text.bytes().all(|byte| byte.is_ascii_digit()) => {
            text.parse().map_err(|_| error::TTL_INVALID)?
        }
        None => return Err(error::TTL_INVALID),
    };
    Ok(u64::try_from(seconds).ok().filter(|seconds| *seconds > 0).map(Ttl::Seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_seconds_and_never_are_times_to_live() {
        assert_eq!(parse(b"never"), Ok(Some(Ttl::Never)));
        assert_eq!(parse(b"NEVER"), Ok(Some(Ttl::Never)));
        assert_eq!(parse(b"1s"), Ok(Some(Ttl::Seconds(1))));
        assert_eq!(parse(b"1.9s"), Ok(Some(Ttl::Seconds(1))));
        assert_eq!(parse(b"2h"), Ok(Some(Ttl::Seconds(7200))));
        assert_eq!(parse(b"90"), Ok(Some(Ttl::Seconds(90))));
        assert_eq!(parse(b"00"), Ok(None));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["0", "-1", "500ms", "-5s", "x", "1 s", "99999999999999999999", "\u{ff}"] {
            assert_eq!(parse(text.as_bytes()), Err(error::TTL_INVALID), "{text}");
        }
        assert_eq!(parse(b"\xff"), Err(error::TTL_INVALID));
    }
}
