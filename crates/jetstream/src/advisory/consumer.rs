//! Advisories and metrics of consumers: their subjects, and fields in nats-server's order.

use serde::Serialize;

use super::ConsumerEvent;
use crate::consumer::Report;
use crate::time::{Nanos, Timestamp};

/// The one that is a metric.
pub(super) const METRIC: &str = "consumer_ack";

/// What it is about.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) account: &'a str,
    pub(super) stream: &'a str,
    pub(super) consumer: &'a str,
    pub(super) domain: &'a str,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum ConsumerBody<'a> {
    Action(Action<'a>),
    Pause(Pause<'a>),
    Delivery(Delivery<'a>),
    Group(Group<'a>),
}

#[derive(Serialize)]
pub(super) struct Action<'a> {
    stream: &'a str,
    consumer: &'a str,
    action: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    domain: &'a str,
}

#[derive(Serialize)]
pub(super) struct Pause<'a> {
    stream: &'a str,
    consumer: &'a str,
    paused: bool,
    pause_until: Timestamp,
    #[serde(skip_serializing_if = "str::is_empty")]
    domain: &'a str,
}

#[derive(Serialize)]
pub(super) struct Delivery<'a> {
    stream: &'a str,
    consumer: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    consumer_seq: Option<u64>,
    stream_seq: u64,
    #[serde(rename = "ack_time", skip_serializing_if = "Option::is_none")]
    delay: Option<Nanos>,
    deliveries: u64,
    #[serde(skip_serializing_if = "str::is_empty")]
    reason: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    domain: &'a str,
}

#[derive(Serialize)]
pub(super) struct Group<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    account: &'a str,
    stream: &'a str,
    consumer: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    domain: &'a str,
    group: &'a str,
    #[serde(rename = "pinned_id", skip_serializing_if = "Option::is_none")]
    pin_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl ConsumerEvent<'_> {
    /// Where it is published, without the names of stream and consumer.
    pub(super) fn subject(&self) -> &'static str {
        match self {
            Self::Created => "$JS.EVENT.ADVISORY.CONSUMER.CREATED",
            Self::Deleted => "$JS.EVENT.ADVISORY.CONSUMER.DELETED",
            Self::Paused(_) => "$JS.EVENT.ADVISORY.CONSUMER.PAUSE",
            Self::Report(report) => match report {
                Report::MaxDeliver { .. } => "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES",
                Report::Terminated { .. } => "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED",
                Report::Nak { .. } => "$JS.EVENT.ADVISORY.CONSUMER.MSG_NAKED",
                Report::Acked { .. } => "$JS.EVENT.METRIC.CONSUMER.ACK",
                Report::Pinned { .. } => "$JS.EVENT.ADVISORY.CONSUMER.PINNED",
                Report::Unpinned { .. } => "$JS.EVENT.ADVISORY.CONSUMER.UNPINNED",
            },
        }
    }
}

/// The name of the document's type, and what is in it.
pub(super) fn body<'a>(
    place: Place<'a>,
    event: ConsumerEvent<'a>,
    now: Timestamp,
) -> (&'static str, ConsumerBody<'a>) {
    let Place { stream, consumer, domain, .. } = place;
    let action = |action| ConsumerBody::Action(Action { stream, consumer, action, domain });
    match event {
        ConsumerEvent::Created => ("consumer_action", action("create")),
        ConsumerEvent::Deleted => ("consumer_action", action("delete")),
        ConsumerEvent::Paused(until) => {
            let pause_until = until.unwrap_or(Timestamp::ZERO);
            let paused = now.until(&pause_until) > Nanos::ZERO;
            let pause = Pause { stream, consumer, paused, pause_until, domain };
            ("consumer_pause", ConsumerBody::Pause(pause))
        }
        ConsumerEvent::Report(report) => reported(place, report),
    }
}

fn reported<'a>(place: Place<'a>, report: &'a Report) -> (&'static str, ConsumerBody<'a>) {
    let Place { account, stream, consumer, domain } = place;
    let delivery = |seqs: (Option<u64>, u64), deliveries, delay, reason| {
        let (consumer_seq, stream_seq) = seqs;
        ConsumerBody::Delivery(Delivery {
            stream,
            consumer,
            consumer_seq,
            stream_seq,
            delay,
            deliveries,
            reason,
            domain,
        })
    };
    let grouped = |group, pin_id, reason| {
        ConsumerBody::Group(Group { account, stream, consumer, domain, group, pin_id, reason })
    };
    match *report {
        Report::MaxDeliver { stream_seq, deliveries } => {
            ("max_deliver", delivery((None, stream_seq), deliveries, None, ""))
        }
        Report::Terminated { consumer_seq, stream_seq, deliveries, ref reason } => {
            let seqs = (Some(consumer_seq), stream_seq);
            ("terminated", delivery(seqs, deliveries, None, reason))
        }
        Report::Nak { consumer_seq, stream_seq, deliveries } => {
            ("nak", delivery((Some(consumer_seq), stream_seq), deliveries, None, ""))
        }
        Report::Acked { consumer_seq, stream_seq, delay, deliveries } => {
            (METRIC, delivery((Some(consumer_seq), stream_seq), deliveries, Some(delay), ""))
        }
        Report::Pinned { ref group, ref pin_id } => {
            ("consumer_group_pinned", grouped(group, Some(pin_id), None))
        }
        Report::Unpinned { ref group, ref reason } => {
            ("consumer_group_unpinned", grouped(group, None, Some(reason)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advisory::{Advisory, Envelope};

    fn told(event: ConsumerEvent<'_>) -> (String, String) {
        let advisory = Advisory::Consumer { account: "$G", stream: "S", consumer: "C", event };
        let envelope = Envelope { id: "I", time: Timestamp::from_unix_nanos(5), domain: "hub" };
        let text = String::from_utf8(advisory.encode(&envelope)).unwrap();
        (advisory.subject(), text)
    }

    fn expect(event: ConsumerEvent<'_>, subject: &str, kind: &str, rest: &str) {
        let (found, text) = told(event);
        assert_eq!(found, format!("$JS.EVENT.{subject}.S.C"));
        let head = format!(
            r#"{{"type":"io.nats.jetstream.{kind}","id":"I","timestamp":"{}","#,
            "1970-01-01T00:00:00.000000005Z"
        );
        assert_eq!(text, format!("{head}{rest}}}"));
    }

    #[test]
    fn consumers_are_told_of_by_action() {
        let rest = r#""stream":"S","consumer":"C","action":"create","domain":"hub""#;
        let (created, kind) = ("ADVISORY.CONSUMER.CREATED", "advisory.v1.consumer_action");
        expect(ConsumerEvent::Created, created, kind, rest);
        let deleted = ("ADVISORY.CONSUMER.DELETED", rest.replace("create", "delete"));
        expect(ConsumerEvent::Deleted, deleted.0, kind, &deleted.1);
    }

    #[test]
    fn pauses_say_whether_they_last() {
        let subject = "ADVISORY.CONSUMER.PAUSE";
        let rest = |paused: bool, until: &str| {
            format!(
                r#""stream":"S","consumer":"C","paused":{paused},"pause_until":"{until}","{}"#,
                r#"domain":"hub""#
            )
        };
        let kind = "advisory.v1.consumer_pause";
        let over = rest(false, "0001-01-01T00:00:00Z");
        expect(ConsumerEvent::Paused(None), subject, kind, &over);
        let until = Some(Timestamp::from_unix_nanos(6));
        let lasts = rest(true, "1970-01-01T00:00:00.000000006Z");
        expect(ConsumerEvent::Paused(until), subject, kind, &lasts);
    }

    #[test]
    fn deliveries_are_told_of_with_their_sequences() {
        let names = r#""stream":"S","consumer":"C","#;
        let report = Report::MaxDeliver { stream_seq: 2, deliveries: 3 };
        expect(
            ConsumerEvent::Report(&report),
            "ADVISORY.CONSUMER.MAX_DELIVERIES",
            "advisory.v1.max_deliver",
            &format!(r#"{names}"stream_seq":2,"deliveries":3,"domain":"hub""#),
        );
        let reason = "bad".to_owned();
        let report = Report::Terminated { consumer_seq: 1, stream_seq: 2, deliveries: 3, reason };
        let seqs = format!(r#"{names}"consumer_seq":1,"stream_seq":2,"#);
        expect(
            ConsumerEvent::Report(&report),
            "ADVISORY.CONSUMER.MSG_TERMINATED",
            "advisory.v1.terminated",
            &format!(r#"{seqs}"deliveries":3,"reason":"bad","domain":"hub""#),
        );
        let report = Report::Nak { consumer_seq: 1, stream_seq: 2, deliveries: 3 };
        expect(
            ConsumerEvent::Report(&report),
            "ADVISORY.CONSUMER.MSG_NAKED",
            "advisory.v1.nak",
            &format!(r#"{seqs}"deliveries":3,"domain":"hub""#),
        );
        let delay = Nanos(9);
        let report = Report::Acked { consumer_seq: 1, stream_seq: 2, delay, deliveries: 3 };
        expect(
            ConsumerEvent::Report(&report),
            "METRIC.CONSUMER.ACK",
            "metric.v1.consumer_ack",
            &format!(r#"{seqs}"ack_time":9,"deliveries":3,"domain":"hub""#),
        );
    }

    #[test]
    fn groups_are_told_of_with_their_account() {
        let names = r#""account":"$G","stream":"S","consumer":"C","domain":"hub","group":"g","#;
        let report = Report::Pinned { group: "g".to_owned(), pin_id: "p".to_owned() };
        expect(
            ConsumerEvent::Report(&report),
            "ADVISORY.CONSUMER.PINNED",
            "advisory.v1.consumer_group_pinned",
            &format!(r#"{names}"pinned_id":"p""#),
        );
        let report = Report::Unpinned { group: "g".to_owned(), reason: "admin".to_owned() };
        expect(
            ConsumerEvent::Report(&report),
            "ADVISORY.CONSUMER.UNPINNED",
            "advisory.v1.consumer_group_unpinned",
            &format!(r#"{names}"reason":"admin""#),
        );
    }
}
