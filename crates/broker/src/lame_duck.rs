//! Lame duck mode: clients are asked to go elsewhere and then closed one by one, so that they do
//! not all reconnect at the same moment.

use std::sync::Arc;
use std::time::Duration;

use anabranch_nats::CloseReason;
use rand::Rng as _;
use tokio::time::{Instant, sleep, sleep_until};

use crate::server::{Phase, Server};

/// The longest pause between two closes.
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// Time for the closes where the grace period takes all of the configured duration.
const LEAST: Duration = Duration::from_secs(1);

/// Tells the clients, waits the grace period, and closes them over the configured duration. The
/// listeners are closed before.
pub(crate) async fn run(server: &Arc<Server>) {
    let timing = &server.options.timing;
    let clients = server.registry.open();
    if clients.is_empty() {
        return;
    }
    tell_clients(server);
    sleep(timing.lame_duck_grace_period).await;
    log::info!("Closing existing clients");
    let begin = Instant::now();
    let left = time_for_closes(timing.lame_duck_duration, timing.lame_duck_grace_period);
    let times = closing_times(clients.len(), left, |range| rand::rng().random_range(range));
    for (client, at) in clients.iter().zip(times) {
        // Against the beginning, so that the pauses do not add up what the timer is late.
        sleep_until(begin + at).await;
        // Who is gone already need not be waited for, as nats-server does.
        if server.phase() == Phase::Stopping || server.registry.is_empty() {
            return;
        }
        client.output.close(CloseReason::ServerShutdown);
    }
}

/// What `duration` leaves for the closes after `grace`.
fn time_for_closes(duration: Duration, grace: Duration) -> Duration {
    let left = duration.saturating_sub(grace);
    if left.is_zero() { LEAST } else { left }
}

/// When each of `count` clients is closed, counted from the first, which is closed at once.
///
/// As in nats-server (`lameDuckMode` in `server/server.go`), each pause is a random part of an
/// equal share of `left`, half of it at least, and no share is longer than a second. The last
/// client is so closed after five eighths of `left`, more or less.
fn closing_times(
    count: usize,
    left: Duration,
    mut random: impl FnMut(std::ops::Range<u64>) -> u64,
) -> impl Iterator<Item = Duration> {
    let share = left / u32::try_from(count).unwrap_or(u32::MAX).max(1);
    let share = u64::try_from(share.min(PAUSE_MAX).as_nanos()).unwrap_or(0).max(1);
    let mut next = Duration::ZERO;
    (0..count).map(move |_| {
        let at = next;
        next += Duration::from_nanos(random(0..share).max(share / 2));
        at
    })
}

/// Sends INFO with `ldm` to clients that take INFO at any time; the server's own URLs are left
/// out of it.
fn tell_clients(server: &Arc<Server>) {
    server.update_info(|info| {
        info.ldm = true;
        info.connect_urls.clear();
    });
    for client in server.registry.open() {
        if client.takes_async_info() {
            client.output.append(&server.info_for(&client).line());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn times(count: usize, left: Duration, part: fn(u64) -> u64) -> Vec<Duration> {
        closing_times(count, left, |range| part(range.end)).collect()
    }

    #[test]
    fn the_first_is_closed_at_once_and_the_others_at_least_half_a_share_apart() {
        let least = times(200, 10 * SECOND, |_| 0);
        assert_eq!(least[0], Duration::ZERO);
        assert!(least.windows(2).all(|pair| pair[1] - pair[0] == Duration::from_millis(25)));
        let most = times(200, 10 * SECOND, |end| end - 1);
        assert!(most.windows(2).all(|pair| pair[1] - pair[0] < Duration::from_millis(50)));
        assert_eq!((least.len(), most.len()), (200, 200));
    }

    #[test]
    fn all_are_closed_within_the_time_that_is_left() {
        for count in [1, 2, 3, 200, 100_000] {
            let last = *times(count, SECOND, |end| end - 1).last().unwrap();
            assert!(last < SECOND, "{count}: {last:?}");
        }
        assert!(times(0, SECOND, |end| end - 1).is_empty());
    }

    #[test]
    fn few_clients_are_a_second_apart_at_most() {
        let last = *times(10, 110 * SECOND, |end| end - 1).last().unwrap();
        assert!(last < 9 * SECOND && last > 8 * SECOND, "{last:?}");
    }

    #[test]
    fn a_grace_period_that_takes_everything_leaves_a_second() {
        assert_eq!(time_for_closes(30 * SECOND, 10 * SECOND), 20 * SECOND);
        assert_eq!(time_for_closes(10 * SECOND, 10 * SECOND), SECOND);
        assert_eq!(time_for_closes(SECOND, 10 * SECOND), SECOND);
    }

    #[test]
    fn more_clients_than_nanoseconds_are_closed_all_the_same() {
        assert_eq!(times(5, Duration::from_nanos(2), |end| end - 1), [Duration::ZERO; 5]);
    }
}
