//! From an API subject to what it asks for.

use super::response::encode_named_refusal;
use crate::error;

/// What a request asks for; names are as they stand in the subject, unchecked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint<'a> {
    /// `INFO`: the account's use and limits.
    AccountInfo,
    /// `STREAM.NAMES`.
    StreamNames,
    /// `STREAM.LIST`.
    StreamList,
    /// `STREAM.<call>.<stream>`.
    Stream(StreamCall, &'a str),
    /// `DIRECT.GET.<stream>`, with the subject when that follows.
    DirectGet(&'a str, Option<&'a str>),
    /// Answered with an error, as there is no cluster.
    Cluster(ClusterCall),
    /// `CONSUMER.…`: the rest of the subject.
    Consumer(&'a str),
    /// For the system account alone, or nothing that exists: nobody answers.
    Silent,
}

/// What is done to one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamCall {
    /// `CREATE`
    Create,
    /// `UPDATE`
    Update,
    /// `INFO`
    Info,
    /// `DELETE`
    Delete,
    /// `PURGE`
    Purge,
    /// `MSG.GET`
    MessageGet,
    /// `MSG.DELETE`
    MessageDelete,
    /// `SNAPSHOT`
    Snapshot,
    /// `RESTORE`
    Restore,
}

/// Calls that only a cluster can answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClusterCall {
    /// `STREAM.PEER.REMOVE`
    PeerRemove,
    /// `STREAM.PEER.EVACUATE`
    PeerEvacuate,
    /// `STREAM.CANCEL_MOVE`
    CancelMove,
    /// `STREAM.LEADER.STEPDOWN`
    StreamStepDown,
    /// `CONSUMER.LEADER.STEPDOWN`
    ConsumerStepDown,
}

impl ClusterCall {
    /// The answer of a server on its own: 10010, whatever was asked.
    #[must_use]
    pub fn refusal(self) -> Vec<u8> {
        let name = match self {
            Self::PeerRemove => "stream_remove_peer",
            Self::PeerEvacuate => "stream_evacuate_peer",
            Self::CancelMove => "stream_cancel_move",
            Self::StreamStepDown => "stream_leader_stepdown",
            Self::ConsumerStepDown => "consumer_leader_stepdown",
        };
        encode_named_refusal(name, &error::CLUSTERING_REQUIRED)
    }
}

const STREAM_CALLS: [(&str, StreamCall); 9] = [
    ("CREATE.", StreamCall::Create),
    ("UPDATE.", StreamCall::Update),
    ("INFO.", StreamCall::Info),
    ("DELETE.", StreamCall::Delete),
    ("PURGE.", StreamCall::Purge),
    ("MSG.GET.", StreamCall::MessageGet),
    ("MSG.DELETE.", StreamCall::MessageDelete),
    ("SNAPSHOT.", StreamCall::Snapshot),
    ("RESTORE.", StreamCall::Restore),
];

/// Cluster calls with the number of names that follow.
const CLUSTER_CALLS: [(&str, ClusterCall, usize); 5] = [
    ("STREAM.PEER.REMOVE.", ClusterCall::PeerRemove, 1),
    ("STREAM.PEER.EVACUATE.", ClusterCall::PeerEvacuate, 1),
    ("STREAM.CANCEL_MOVE.", ClusterCall::CancelMove, 1),
    ("STREAM.LEADER.STEPDOWN.", ClusterCall::StreamStepDown, 1),
    ("CONSUMER.LEADER.STEPDOWN.", ClusterCall::ConsumerStepDown, 2),
];

/// What a request on `subject` asks for; nothing when it is no subject of the API. With a domain,
/// `$JS.<domain>.API` is the same as `$JS.API`.
#[must_use]
pub fn parse<'a>(subject: &'a str, domain: Option<&str>) -> Option<Endpoint<'a>> {
    let rest = subject.strip_prefix("$JS.")?;
    let call = rest.strip_prefix("API.").or_else(|| {
        let rest = rest.strip_prefix(domain?)?;
        rest.strip_prefix(".API.")
    })?;
    Some(endpoint(call))
}

fn endpoint(call: &str) -> Endpoint<'_> {
    match call {
        "INFO" => return Endpoint::AccountInfo,
        "STREAM.NAMES" => return Endpoint::StreamNames,
        "STREAM.LIST" => return Endpoint::StreamList,
        _ => {}
    }
    if let Some(rest) = call.strip_prefix("DIRECT.GET.") {
        return direct_get(rest);
    }
    for (prefix, cluster_call, names) in CLUSTER_CALLS {
        if let Some(rest) = call.strip_prefix(prefix) {
            return if count_of_names(rest) == Some(names) {
                Endpoint::Cluster(cluster_call)
            } else {
                Endpoint::Silent
            };
        }
    }
    if let Some(rest) = call.strip_prefix("STREAM.") {
        let found = STREAM_CALLS.iter().find_map(|(prefix, stream_call)| {
            let name = rest.strip_prefix(prefix).filter(|name| count_of_names(name) == Some(1))?;
            Some(Endpoint::Stream(*stream_call, name))
        });
        return found.unwrap_or(Endpoint::Silent);
    }
    if let Some(rest) = call.strip_prefix("CONSUMER.") {
        return Endpoint::Consumer(rest);
    }
    Endpoint::Silent
}

fn direct_get(rest: &str) -> Endpoint<'_> {
    match rest.split_once('.') {
        None if !rest.is_empty() => Endpoint::DirectGet(rest, None),
        Some((stream, subject)) if !stream.is_empty() && !subject.is_empty() => {
            Endpoint::DirectGet(stream, Some(subject))
        }
        _ => Endpoint::Silent,
    }
}

/// How many tokens there are; nothing when one is empty.
fn count_of_names(text: &str) -> Option<usize> {
    let mut tokens = text.split('.');
    tokens.try_fold(0, |count, token| (!token.is_empty()).then_some(count + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_name_calls_and_streams() {
        for (subject, expected) in [
            ("INFO", Endpoint::AccountInfo),
            ("STREAM.NAMES", Endpoint::StreamNames),
            ("STREAM.LIST", Endpoint::StreamList),
            ("STREAM.CREATE.S", Endpoint::Stream(StreamCall::Create, "S")),
            ("STREAM.MSG.GET.S", Endpoint::Stream(StreamCall::MessageGet, "S")),
            ("STREAM.RESTORE.a b", Endpoint::Stream(StreamCall::Restore, "a b")),
            ("DIRECT.GET.S", Endpoint::DirectGet("S", None)),
            ("DIRECT.GET.S.a.b", Endpoint::DirectGet("S", Some("a.b"))),
            ("STREAM.LEADER.STEPDOWN.S", Endpoint::Cluster(ClusterCall::StreamStepDown)),
            ("CONSUMER.LEADER.STEPDOWN.S.C", Endpoint::Cluster(ClusterCall::ConsumerStepDown)),
            ("CONSUMER.NAMES.S", Endpoint::Consumer("NAMES.S")),
        ] {
            assert_eq!(parse(&format!("$JS.API.{subject}"), None), Some(expected), "{subject}");
            let in_domain = format!("$JS.hub.API.{subject}");
            assert_eq!(parse(&in_domain, Some("hub")), Some(expected));
            assert_eq!(parse(&in_domain, None), None);
        }
    }

    #[test]
    fn what_nobody_answers_is_silent() {
        for call in [
            "FOO",
            "STREAM",
            "STREAM.CREATE",
            "STREAM.CREATE.",
            "STREAM.CREATE.S.x",
            "STREAM.NAMES.x",
            "STREAM.FOO.S",
            "META.LEADER.STEPDOWN",
            "META.RESCUE",
            "SERVER.REMOVE",
            "ACCOUNT.PURGE.A",
            "DIRECT.GET",
            "DIRECT.GET.",
            "DIRECT.FOO",
            "STREAM.PEER.REMOVE",
            "STREAM.LEADER.STEPDOWN.S.x",
        ] {
            assert_eq!(parse(&format!("$JS.API.{call}"), None), Some(Endpoint::Silent), "{call}");
        }
        for other in ["", "$JS", "$JS.ACK.S", "$JS.APIX.INFO", "JS.API.INFO"] {
            assert_eq!(parse(other, Some("API")), None, "{other}");
        }
    }

    #[test]
    fn cluster_calls_are_refused_by_their_type() {
        assert_eq!(
            String::from_utf8(ClusterCall::CancelMove.refusal()).unwrap(),
            concat!(
                r#"{"type":"io.nats.jetstream.api.v1.stream_cancel_move_response","error":"#,
                r#"{"code":503,"err_code":10010,"#,
                r#""description":"JetStream clustering support required"}}"#
            )
        );
    }
}
