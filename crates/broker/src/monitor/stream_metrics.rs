//! The part of `/metrics` about JetStream.

use std::fmt;

use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

use super::metrics::write;
use crate::jetstream::{BOUNDS_US, Capacity, Durations, Totals};

/// Streams that have metrics of their own: the first by name. Dashboards do not read more, and
/// what scrapes should not have to.
pub(super) const STREAMS_MAX: usize = 1000;

/// Everything that is measured of JetStream.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Measured {
    pub(super) account: String,
    pub(super) totals: Totals,
    pub(super) streams: Vec<StreamFigures>,
    pub(super) capacity: Capacity,
    pub(super) turns: Durations,
    pub(super) commits: Durations,
    pub(super) log_used: u64,
    pub(super) log_max: u64,
    pub(super) compacted_segments: u64,
    pub(super) compacted_bytes: u64,
    pub(super) failed: bool,
}

/// One stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StreamFigures {
    pub(super) name: String,
    pub(super) messages: u64,
    pub(super) bytes: u64,
}

type Row = (&'static str, &'static str, u64);

impl Measured {
    /// Writes all of it.
    pub(super) fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        for (name, help, value) in self.states() {
            write(encoder, name, help, None, &ConstGauge::new(value))?;
        }
        for (name, help, value) in self.sizes() {
            write(encoder, name, help, Some(&Unit::Bytes), &ConstGauge::new(value))?;
        }
        let Totals { requests, errors, .. } = self.totals;
        let (asked, refused) = (ConstCounter::new(requests), ConstCounter::new(errors));
        write(encoder, "jetstream_api_requests", "Requests to the API", None, &asked)?;
        write(encoder, "jetstream_api_errors", "Requests refused", None, &refused)?;
        let (segments, bytes) = (self.compacted_segments, self.compacted_bytes);
        let (segments, bytes) = (ConstCounter::new(segments), ConstCounter::new(bytes));
        let (name, help) = ("segments_compacted", "Files of streams that others took the place of");
        write(encoder, name, help, None, &segments)?;
        let (name, help) = ("compaction_rewritten", "What was copied for that");
        write(encoder, name, help, Some(&Unit::Bytes), &bytes)?;
        durations(encoder, "shard_turn", "Turns of the thread that keeps streams", &self.turns)?;
        durations(encoder, "wal_commit", "Writes and syncs of the log", &self.commits)?;
        let messages = |stream: &StreamFigures| stream.messages;
        self.by_stream(encoder, ("stream_messages", "Messages in a stream"), None, messages)?;
        let (bytes, unit) = (|stream: &StreamFigures| stream.bytes, Some(&Unit::Bytes));
        self.by_stream(encoder, ("stream_size", "Bytes in a stream"), unit, bytes)
    }

    fn states(&self) -> [Row; 3] {
        [
            ("streams", "Streams", self.totals.streams),
            ("jetstream_messages", "Messages in all streams", self.totals.messages),
            ("jetstream_failed", "1 when storage has failed", u64::from(self.failed)),
        ]
    }

    fn sizes(&self) -> [Row; 6] {
        [
            ("jetstream_memory", "Memory that streams use", self.totals.memory),
            ("jetstream_storage", "Disk that streams use", self.totals.storage),
            ("jetstream_memory_limit", "Memory that streams may use", self.capacity.memory),
            ("jetstream_storage_limit", "Disk that streams may use", self.capacity.file),
            ("wal_used", "The part of the log that waits for a checkpoint", self.log_used),
            ("wal_limit", "How much of it may", self.log_max),
        ]
    }

    fn by_stream(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        (name, help): (&str, &str),
        unit: Option<&Unit>,
        value: impl Fn(&StreamFigures) -> u64,
    ) -> fmt::Result {
        let mut family = encoder.encode_descriptor(name, help, unit, MetricType::Gauge)?;
        for stream in &self.streams {
            let labels = [("account", self.account.as_str()), ("stream", stream.name.as_str())];
            ConstGauge::new(value(stream)).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

/// A histogram of seconds, and the longest beside it.
fn durations(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    measured: &Durations,
) -> fmt::Result {
    let bounds = BOUNDS_US.iter().map(|&micros| seconds(micros * 1000));
    let buckets: Vec<(f64, u64)> =
        bounds.chain([f64::INFINITY]).zip(measured.buckets.iter().copied()).collect();
    let count = measured.buckets.iter().sum();
    let unit = Some(&Unit::Seconds);
    let mut histogram = encoder.encode_descriptor(name, help, unit, MetricType::Histogram)?;
    let sum = seconds(measured.sum_ns);
    histogram.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)?;
    let longest = ConstGauge::new(seconds(measured.max_ns));
    write(encoder, &format!("{name}_max"), "The longest of them", unit, &longest)
}

fn seconds(nanos: u64) -> f64 {
    std::time::Duration::from_nanos(nanos).as_secs_f64()
}
