//! `/metrics`, in the OpenMetrics text that Prometheus reads.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

use super::answer::{Answer, Kind};
use super::stream_metrics;
use super::varz::{Trouble, Volume};

/// Everything that is measured, at one moment.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Measured {
    pub(super) connections: u64,
    pub(super) connections_total: u64,
    pub(super) closed_total: u64,
    pub(super) subscriptions: u64,
    pub(super) received: Volume,
    pub(super) sent: Volume,
    pub(super) trouble: Trouble,
    pub(super) matches: u64,
    pub(super) cache_hits: u64,
    pub(super) resident_bytes: u64,
    pub(super) cpu_seconds: f64,
    pub(super) start_seconds: f64,
    pub(super) jetstream: Option<stream_metrics::Measured>,
}

/// Answers `/metrics`.
#[must_use]
pub(super) fn metrics(measured: Measured) -> Answer {
    let mut registry = Registry::with_prefix("anabranch");
    registry.register_collector(Box::new(measured));
    let mut text = String::new();
    match encode(&mut text, &registry) {
        Ok(()) => Answer { status: 200, kind: Kind::Metrics, body: text.into() },
        Err(e) => Answer::text(500, format!("cannot write the metrics: {e}")),
    }
}

impl Measured {
    fn counts(&self) -> [(&'static str, &'static str, u64); 11] {
        let Self { received, sent, trouble, .. } = self;
        [
            ("connections_accepted", "Client connections accepted", self.connections_total),
            ("connections_closed", "Client connections ended", self.closed_total),
            ("received_messages", "Messages published by clients", received.msgs),
            ("received_payload", "Payload and header bytes published", received.bytes),
            ("sent_messages", "Messages delivered to clients", sent.msgs),
            ("sent_payload", "Payload and header bytes delivered", sent.bytes),
            ("slow_consumers", "Clients cut off as too slow", trouble.slow_consumers),
            ("stale_connections", "Clients that stopped answering", trouble.stale_connections),
            ("producer_stalls", "Times a publisher was made to wait", trouble.stalled_clients),
            ("subject_matches", "Subjects matched to subscriptions", self.matches),
            ("subject_match_cache_hits", "Matches answered by a cache", self.cache_hits),
        ]
    }

    fn states(&self) -> [(&'static str, &'static str, u64); 2] {
        [
            ("connections", "Clients connected", self.connections),
            ("subscriptions", "Subscriptions held", self.subscriptions),
        ]
    }
}

impl Collector for Measured {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for (name, help, value) in self.counts() {
            let bytes = name.ends_with("payload").then_some(Unit::Bytes);
            write(&mut encoder, name, help, bytes.as_ref(), &ConstCounter::new(value))?;
        }
        for (name, help, value) in self.states() {
            write(&mut encoder, name, help, None, &ConstGauge::new(value))?;
        }
        let (bytes, seconds) = (Some(&Unit::Bytes), Some(&Unit::Seconds));
        let resident = ConstGauge::new(self.resident_bytes);
        write(&mut encoder, "process_resident_memory", "Resident memory", bytes, &resident)?;
        let cpu = ConstCounter::new(self.cpu_seconds);
        write(&mut encoder, "process_cpu", "CPU time used", seconds, &cpu)?;
        let start = ConstGauge::new(self.start_seconds);
        write(&mut encoder, "process_start_time", "Start since the epoch", seconds, &start)?;
        self.jetstream.iter().try_for_each(|jetstream| jetstream.encode(&mut encoder))
    }
}

/// Writes one metric.
pub(super) fn write(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    unit: Option<&Unit>,
    metric: &impl EncodeMetric,
) -> fmt::Result {
    let metric_encoder = encoder.encode_descriptor(name, help, unit, metric.metric_type())?;
    metric.encode(metric_encoder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_each_metric_with_type_and_unit() {
        let answer = metrics(Measured {
            connections: 3,
            sent: Volume { msgs: 7, bytes: 70 },
            cpu_seconds: 1.5,
            ..Measured::default()
        });
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        for line in [
            "# TYPE anabranch_connections gauge",
            "anabranch_connections 3",
            "# TYPE anabranch_sent_messages counter",
            "anabranch_sent_messages_total 7",
            "anabranch_sent_payload_bytes_total 70",
            "anabranch_process_cpu_seconds_total 1.5",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} in\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }
}
