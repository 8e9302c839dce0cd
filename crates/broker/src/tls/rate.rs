//! `connection_rate_limit`: new TLS connections per second.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

/// A counter per second.
#[derive(Debug)]
pub struct RateLimit {
    max: u32,
    state: Mutex<(u64, u32)>,
}

impl RateLimit {
    /// At most `max` per second; 0: any number.
    #[must_use]
    pub fn new(max: u32) -> Self {
        Self { max, state: Mutex::new((0, 0)) }
    }

    /// Counts one at `now`; false if it is one too many.
    #[must_use]
    pub fn allow(&self, now: Duration) -> bool {
        if self.max == 0 {
            return true;
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.0 != now.as_secs() {
            *state = (now.as_secs(), 0);
        }
        state.1 = state.1.saturating_add(1);
        state.1 <= self.max
    }
}

#[cfg(test)]
mod tests {
    use super::RateLimit;
    use std::time::Duration;

    #[test]
    fn counts_by_the_second() {
        let limit = RateLimit::new(2);
        let at = Duration::from_millis;
        assert!(limit.allow(at(10)) && limit.allow(at(20)) && !limit.allow(at(30)));
        assert!(limit.allow(at(1000)));
        assert!(RateLimit::new(0).allow(at(0)));
    }
}
