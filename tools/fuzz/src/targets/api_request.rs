//! A request to the API of any subject and body is understood or refused.

use anabranch_jetstream::api::direct::DirectGet;
use anabranch_jetstream::api::{
    self, ConsumerCall, ConsumersRequest, Endpoint, InfoRequest, ListRequest, MessageDeleteRequest,
    MessageGetRequest, NamesRequest, PauseRequest, PurgeRequest, ResetRequest, RestoreRequest,
    SnapshotRequest, StreamCall, UnpinRequest, consumer_call, create_request,
};
use anabranch_jetstream::json::Strictness;

use super::Target;

pub(super) const TARGET: Target =
    Target { name: "api_request", check, corpus: CORPUS, dictionary: WORDS };

const CORPUS: &[&[u8]] = &[
    b"$JS.API.STREAM.INFO.S\n{\"offset\":5,\"deleted_details\":true,\"subjects_filter\":\"a.*\"}",
    b"$JS.API.STREAM.NAMES\n{\"subject\":\"a\",\"offset\":-1}",
    b"$JS.API.STREAM.PURGE.S\n{\"filter\":\"a.*\",\"keep\":3}",
    b"$JS.API.STREAM.MSG.GET.S\n{\"next_by_subj\":\"a.*\",\"seq\":2}",
    b"$JS.API.STREAM.MSG.DELETE.S\n{\"seq\":2,\"no_erase\":true}",
    b"$JS.API.STREAM.SNAPSHOT.S\n{\"deliver_subject\":\"d\",\"chunk_size\":1024,\"jsck\":true}",
    b"$JS.API.STREAM.RESTORE.S\n{\"config\":{\"name\":\"S\"},\"state\":{\"first_ts\":\
      \"2024-01-01T00:00:00Z\",\"deleted\":[1,2],\"subjects\":{\"a\":1},\"lost\":{\"msgs\":[1]}}}",
    b"$JS.hub.API.DIRECT.GET.S\n{\"multi_last\":[\"a.>\"],\"up_to_time\":\"2024-01-01T00:00:00Z\"}",
    b"$JS.API.DIRECT.GET.S.a.b\n{\"no_hdr\":true}",
    b"$JS.API.STREAM.LEADER.STEPDOWN.S\n{}",
    b"$JS.API.CONSUMER.CREATE.S.C.a\n{\"stream_name\":\"S\",\"config\":{\"filter_subject\":\"a\"}}",
    b"$JS.API.CONSUMER.DURABLE.CREATE.S.C\n{\"stream_name\":\"S\",\"config\":{\
      \"durable_name\":\"C\"}}",
    b"$JS.API.CONSUMER.LIST.S\n{\"offset\":7}",
    b"$JS.API.CONSUMER.PAUSE.S.C\n{\"pause_until\":\"2024-01-01T00:00:00Z\"}",
    b"$JS.API.CONSUMER.RESET.S.C\n{\"seq\":7}",
    b"$JS.API.CONSUMER.UNPIN.S.C\n{\"group\":\"g\"}",
];

const WORDS: &[&[u8]] = &[
    b"$JS.API.",
    b"$JS.hub.API.",
    b"STREAM.",
    b"DIRECT.GET.",
    b"CREATE.",
    b".",
    b"\n",
    b"{",
    b"[",
    b"{}",
    b"\"seq\":",
    b"\"batch\":",
    b"\"start_time\":",
    b"18446744073709551616",
    b"-1",
    b"null",
];

fn check(input: &[u8]) {
    let cut = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let subject = String::from_utf8_lossy(&input[..cut]);
    let body = input.get(cut + 1..).unwrap_or_default();
    let Some(endpoint) = api::parse(&subject, Some("hub")) else {
        return;
    };
    for strictness in [Strictness::Strict, Strictness::Lenient] {
        request(endpoint, body, strictness);
    }
}

fn request(endpoint: Endpoint<'_>, body: &[u8], strictness: Strictness) {
    let understood = match endpoint {
        Endpoint::StreamNames => NamesRequest::parse(body, strictness).is_ok(),
        Endpoint::StreamList => ListRequest::parse(body, strictness).is_ok(),
        Endpoint::Stream(call, name) => {
            assert!(!name.is_empty() && !name.contains('.'));
            stream_request(call, name, body, strictness)
        }
        Endpoint::DirectGet(stream, subject) => {
            assert!(!stream.is_empty());
            let get = match subject {
                None => DirectGet::parse(body),
                Some(subject) => DirectGet::last_by_subject(subject, body),
            };
            get.is_ok()
        }
        Endpoint::Consumer(call) => {
            consumer_call(call).is_some_and(|call| consumer_request(call, body, strictness))
        }
        Endpoint::Cluster(call) => call.refusal().starts_with(b"{\"type\":\"io.nats."),
        _ => true,
    };
    // Nothing to compare with: what matters is that reading ends.
    let _ = understood;
}

fn consumer_request(call: ConsumerCall<'_>, body: &[u8], strictness: Strictness) -> bool {
    assert!(!call.stream().is_empty() && !call.stream().contains('.'));
    match call {
        ConsumerCall::Create(subject) => {
            let request = create_request(&subject, body, strictness);
            request.is_ok_and(|request| {
                assert_eq!(request.stream, subject.stream());
                !request.config.name.is_empty()
            })
        }
        ConsumerCall::Names(_) | ConsumerCall::List(_) => {
            ConsumersRequest::parse(body, strictness).is_ok()
        }
        ConsumerCall::Info(..) | ConsumerCall::Delete(..) => api::require_empty(body).is_ok(),
        ConsumerCall::Pause(..) => PauseRequest::parse(body, strictness).is_ok(),
        ConsumerCall::Reset(..) => ResetRequest::parse(body).is_ok(),
        ConsumerCall::Unpin(..) => {
            UnpinRequest::parse(body).is_ok_and(|request| !request.group.is_empty())
        }
        ConsumerCall::Next(..) => true,
    }
}

fn stream_request(call: StreamCall, name: &str, body: &[u8], strictness: Strictness) -> bool {
    match call {
        StreamCall::Info => InfoRequest::parse(body, strictness).is_ok(),
        StreamCall::Delete => api::require_empty(body).is_ok(),
        StreamCall::Purge => PurgeRequest::parse(body, strictness).is_ok(),
        StreamCall::MessageGet => {
            let get = MessageGetRequest::parse(body, strictness);
            get.is_ok_and(|get| get.seq == 0 || get.last_by_subj.is_empty())
        }
        StreamCall::MessageDelete => MessageDeleteRequest::parse(body, strictness).is_ok(),
        StreamCall::Snapshot => SnapshotRequest::parse(body, strictness, || true).is_ok(),
        StreamCall::Restore => {
            let restore = RestoreRequest::parse(body, name, strictness);
            restore.is_ok_and(|restore| restore.config.name == name)
        }
        StreamCall::Create | StreamCall::Update => true,
    }
}
