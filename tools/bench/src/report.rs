//! Figures: latencies and the JSON line that a run ends with.

use std::io::Write;
use std::time::Duration;

use serde_json::{Value, json};

use crate::error::Result;

/// Steps between a power of two and the next: a class is at most 1/128 of its values wide.
const STEPS: u64 = 128;

/// Durations, counted by classes: as many as a run of minutes gives take no more room than a few.
#[derive(Debug, Default)]
pub(crate) struct Latencies {
    counts: Vec<u64>,
    total: u64,
    most: Duration,
}

impl Latencies {
    /// Adds one.
    pub(crate) fn push(&mut self, latency: Duration) {
        let class = class(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX));
        if class >= self.counts.len() {
            self.counts.resize(class + 1, 0);
        }
        if let Some(count) = self.counts.get_mut(class) {
            *count += 1;
        }
        self.total += 1;
        self.most = self.most.max(latency);
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
    pub(crate) fn append(&mut self, other: &Latencies) {
        if other.counts.len() > self.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.total += other.total;
        self.most = self.most.max(other.most);
    }

    /// Percentiles in microseconds, and how many were measured; `null` if none was.
    pub(crate) fn json(&self) -> Value {
        let Some(last) = self.total.checked_sub(1) else {
            return Value::Null;
        };
        json!({
            "count": self.total,
            "p50": self.micros(last / 2),
            "p90": self.micros(last - last / 10),
            "p99": self.micros(last - last / 100),
            "p999": self.micros(last - last / 1000),
            "max": self.most.as_secs_f64() * 1e6,
        })
    }

    /// The one with so many below it, in microseconds.
    fn micros(&self, below: u64) -> f64 {
        let mut seen = 0;
        for (class, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen > below {
                return middle(class).min(self.most).as_secs_f64() * 1e6;
            }
        }
        0.0
    }
}

/// The class that a time belongs to: one for each nanosecond at first, then `STEPS` for each power
/// of two.
fn class(nanos: u64) -> usize {
    let shift = nanos.max(1).ilog2().saturating_sub(STEPS.ilog2());
    let class = u64::from(shift) * STEPS + (nanos >> shift);
    usize::try_from(class).expect("some thousand classes")
}

/// The time in the middle of a class.
fn middle(class: usize) -> Duration {
    let class = u64::try_from(class).expect("some thousand classes");
    let shift = (class / STEPS).saturating_sub(1);
    let least = (class - shift * STEPS) << shift;
    Duration::from_nanos(least + ((1 << shift) >> 1))
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

    fn of(millis: impl IntoIterator<Item = u64>) -> Latencies {
        let mut latencies = Latencies::default();
        millis.into_iter().for_each(|ms| latencies.push(Duration::from_millis(ms)));
        latencies
    }

    #[test]
    fn a_stall_counts_for_everything_that_it_held_up() {
        let mut latencies = Latencies::default();
        latencies.push_for_all_delayed(Duration::from_millis(35), Duration::from_millis(10));
        assert_eq!(latencies.counts, of([35, 25, 15, 5]).counts);
    }

    #[test]
    fn percentiles_are_near_those_of_a_sorted_list() {
        let mut latencies = of(51..=101);
        latencies.append(&of(1..=50));
        let json = latencies.json();
        assert_eq!(json["count"], 101);
        for (key, exact) in [("p50", 51_000.0), ("p99", 100_000.0), ("max", 101_000.0)] {
            let value = json[key].as_f64().unwrap();
            assert!((value / exact - 1.0).abs() < 0.005, "{key} {value}");
        }
        assert_eq!(Latencies::default().json(), Value::Null);
    }

    #[test]
    fn classes_follow_each_other_and_hold_their_middle() {
        for bits in 0..63 {
            for near in [0, 1, 5] {
                let nanos: u64 = (1 << bits) + near;
                assert!(class(nanos) - class(nanos - 1) <= 1);
                let middle = u64::try_from(middle(class(nanos)).as_nanos()).unwrap();
                assert_eq!(class(middle), class(nanos));
                assert!(middle.abs_diff(nanos) <= nanos / STEPS);
            }
        }
    }
}
