//! Figures: latencies and the JSON line that a run ends with.

use std::io::Write;
use std::time::Duration;

use serde_json::{Value, json};

use crate::error::Result;

/// Durations, kept one by one.
#[derive(Debug, Default)]
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    /// Room for `n` of them, so that none is delayed by growing the list.
    pub(crate) fn with_capacity(n: usize) -> Latencies {
        Latencies(Vec::with_capacity(n))
    }

    /// Adds one.
    pub(crate) fn push(&mut self, latency: Duration) {
        self.0.push(latency);
    }

    /// Adds one that also held up what was due every `gap` meanwhile: each of these would have
    /// waited for the rest of it. Without them a stall of a second would count as one sample
    /// among a thousand good ones, although nobody was served for that second.
    pub(crate) fn push_for_all_delayed(&mut self, latency: Duration, gap: Duration) {
        let mut left = latency;
        self.push(left);
        while left > gap && !gap.is_zero() {
            left -= gap;
            self.push(left);
        }
    }

    /// Adds those of another thread.
    pub(crate) fn append(&mut self, mut other: Latencies) {
        self.0.append(&mut other.0);
    }

    /// Percentiles in microseconds, and how many were measured; `null` if none was.
    pub(crate) fn json(mut self) -> Value {
        self.0.sort_unstable();
        let Some(last) = self.0.len().checked_sub(1) else {
            return Value::Null;
        };
        let micros = |at: usize| self.0.get(at).map_or(0.0, |d| d.as_secs_f64() * 1e6);
        json!({
            "count": self.0.len(),
            "p50": micros(last / 2),
            "p90": micros(last * 9 / 10),
            "p99": micros(last * 99 / 100),
            "p999": micros(last * 999 / 1000),
            "max": micros(last),
        })
    }
}

/// How much was done in which time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Work {
    /// Messages, requests or connections.
    pub(crate) msgs: u64,
    /// From the first to the last of them.
    pub(crate) took: Duration,
}

/// Prints the line that ends a run: `work`, its rate per second, and what else the mode measured.
pub(crate) fn print(work: Work, more: Value) -> Result<()> {
    let secs = work.took.as_secs_f64().max(1e-9);
    let msgs = work.msgs;
    let mut line = json!({ "msgs": msgs, "secs": secs, "rate": msgs as f64 / secs });
    if let (Value::Object(line), Value::Object(more)) = (&mut line, more) {
        line.extend(more);
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stall_counts_for_everything_that_it_held_up() {
        let mut latencies = Latencies::default();
        latencies.push_for_all_delayed(Duration::from_millis(35), Duration::from_millis(10));
        assert_eq!(latencies.0, [35, 25, 15, 5].map(Duration::from_millis));
    }

    #[test]
    fn percentiles_are_taken_from_the_sorted_list() {
        let mut latencies = Latencies::default();
        for ms in (1..=101).rev() {
            latencies.push(Duration::from_millis(ms));
        }
        let json = latencies.json();
        assert_eq!(json["count"], 101);
        assert_eq!(json["p50"], 51_000.0);
        assert_eq!(json["p99"], 100_000.0);
        assert_eq!(json["max"], 101_000.0);
        assert_eq!(Latencies::default().json(), Value::Null);
    }
}
