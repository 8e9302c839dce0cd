//! When to PING a silent client, and when it is stale. Times are durations since any fixed
//! moment that the caller chose.

use std::time::Duration;

/// The round trip is measured again after this, even on a busy connection.
const MEASURE_AGAIN: Duration = Duration::from_secs(3600);
/// The first PING comes this early, to measure the round trip.
const FIRST_PING_MAX: Duration = Duration::from_secs(2);

/// What a due timer asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Nothing: it was not time, or the client was heard of.
    Nothing,
    /// Write PING.
    Ping,
    /// The client did not answer `ping_out_max` PINGs: end the connection.
    Stale,
}

/// The keep-alive of one connection. Invariant: `out <= out_max`.
#[derive(Debug, Clone)]
pub struct Keepalive {
    interval: Duration,
    out_max: u32,
    out: u32,
    last_in: Duration,
    rtt: Option<Duration>,
    /// `None` until a PING measured the round trip, which asks for an early one.
    ping_sent: Option<Duration>,
    next: Duration,
}

impl Keepalive {
    /// A connection accepted at `now`.
    #[must_use]
    pub fn new(interval: Duration, out_max: u32, now: Duration) -> Self {
        let next = now + interval;
        Self { interval, out_max, out: 0, last_in: now, rtt: None, ping_sent: None, next }
    }

    /// CONNECT came at `now`, after `since_accept`: a first estimate of the round trip. `jitter`
    /// spreads the first PING over 20 % of its delay.
    pub fn on_connect(&mut self, now: Duration, since_accept: Duration, jitter: u8) {
        self.rtt = Some(since_accept.max(Duration::from_nanos(1)));
        self.next = now + first_delay(self.interval, jitter);
    }

    /// A message, subscription or PING came.
    pub fn on_activity(&mut self, now: Duration) {
        self.last_in = now;
    }

    /// PONG came.
    pub fn on_pong(&mut self, now: Duration) {
        self.out = 0;
        if let Some(sent) = self.ping_sent {
            self.rtt = Some(now.saturating_sub(sent).max(Duration::from_nanos(1)));
        }
    }

    /// Last measured round trip.
    #[must_use]
    pub fn rtt(&self) -> Option<Duration> {
        self.rtt
    }

    /// When [`Self::on_timer`] has something to say.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        self.next
    }

    /// What to do at `now`.
    pub fn on_timer(&mut self, now: Duration) -> Due {
        if now < self.next {
            return Due::Nothing;
        }
        self.next = now + self.interval;
        let measured = self.ping_sent.is_some_and(|t| now.saturating_sub(t) <= MEASURE_AGAIN);
        let heard = now.saturating_sub(self.last_in) < self.interval;
        if heard && measured {
            return Due::Nothing;
        }
        if self.out + 1 > self.out_max {
            return Due::Stale;
        }
        self.out += 1;
        self.ping_sent = Some(now);
        Due::Ping
    }
}

fn first_delay(interval: Duration, jitter: u8) -> Duration {
    let first = interval.min(FIRST_PING_MAX);
    first + (first / 5) * u32::from(jitter) / 256
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEC: Duration = Duration::from_secs(1);

    fn connected() -> Keepalive {
        let mut k = Keepalive::new(10 * SEC, 2, Duration::ZERO);
        k.on_connect(Duration::ZERO, Duration::from_millis(1), 0);
        k
    }

    #[test]
    fn pings_early_to_measure_and_gives_up_after_the_maximum() {
        let mut k = connected();
        assert_eq!(k.on_timer(SEC), Due::Nothing);
        assert_eq!(k.on_timer(2 * SEC), Due::Ping);
        assert_eq!(k.on_timer(12 * SEC), Due::Ping);
        assert_eq!(k.on_timer(22 * SEC), Due::Stale);
    }

    #[test]
    fn a_pong_starts_the_count_anew() {
        let mut k = connected();
        for i in 0..5u32 {
            assert_eq!(k.on_timer((2 + 10 * i) * SEC), Due::Ping);
            k.on_pong((2 + 10 * i) * SEC + SEC);
        }
        assert_eq!(k.rtt(), Some(SEC));
    }

    #[test]
    fn activity_delays_the_ping() {
        let mut k = connected();
        assert_eq!(k.on_timer(2 * SEC), Due::Ping);
        k.on_pong(3 * SEC);
        k.on_activity(11 * SEC);
        assert_eq!(k.on_timer(12 * SEC), Due::Nothing);
        assert_eq!(k.on_timer(22 * SEC), Due::Ping);
    }
}
