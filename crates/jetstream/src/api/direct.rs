//! Direct gets: messages as they are, with where they come from in their headers.
//!
//! Errors are statuses in the headers of an empty message, and unknown fields of a request are
//! passed over even where requests are read strictly.

use crate::api::MessageGetRequest;
use crate::json::{self, Strictness};
use crate::time::Timestamp;

/// What a direct get asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectGet {
    /// Which messages.
    pub what: What,
    /// How many of them; nothing for a single one, which comes without an end mark.
    pub batch: Option<u64>,
    /// After how many bytes to end; nothing for the server's bound.
    pub max_bytes: Option<u64>,
    /// Whether the message comes without any headers.
    pub no_headers: bool,
}

/// Which messages a direct get asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The one with this sequence; in a batch, those from it on.
    From(Start),
    /// The last one of this subject.
    Last(String),
    /// The next ones that the filter matches.
    Next(String, Start),
    /// The last one of each subject that a filter matches.
    Multi(Multi),
}

/// Where to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At this sequence; zero for the first.
    Seq(u64),
    /// At the first message at or after this time.
    Time(Timestamp),
}

/// The last messages of many subjects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Multi {
    /// Which subjects.
    pub filters: Vec<String>,
    /// The least sequence that they may have.
    pub from: u64,
    /// As of when.
    pub up_to: UpTo,
}

/// As of when the last messages are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpTo {
    /// Now.
    Now,
    /// When this sequence was the last.
    Seq(u64),
    /// At this time, exclusive.
    Time(Timestamp),
}

/// How many subjects the filters of a multi get may match.
pub const MULTI_SUBJECTS_MAX: usize = 1024;

/// An answer without a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// There is nothing in the request.
    EmptyRequest,
    /// The request is no JSON, or has values of wrong types.
    MalformedRequest,
    /// What the request asks for is contradictory.
    BadRequest,
    /// There is no such message.
    MessageNotFound,
    /// There are no such messages.
    NoResults,
    /// Filters match over [`MULTI_SUBJECTS_MAX`] subjects.
    TooManyResults,
    /// The request needs a higher API level.
    RequiredApiLevel,
    /// Too many requests are waiting.
    TooManyRequests,
}

impl Status {
    /// The header block.
    #[must_use]
    pub fn block(self) -> &'static [u8] {
        match self {
            Self::EmptyRequest => b"NATS/1.0 408 Empty Request\r\n\r\n",
            Self::MalformedRequest => b"NATS/1.0 408 Malformed Request\r\n\r\n",
            Self::BadRequest => b"NATS/1.0 408 Bad Request\r\n\r\n",
            Self::MessageNotFound => b"NATS/1.0 404 Message Not Found\r\n\r\n",
            Self::NoResults => b"NATS/1.0 404 No Results\r\n\r\n",
            Self::TooManyResults => b"NATS/1.0 413 Too Many Results\r\n\r\n",
            Self::RequiredApiLevel => b"NATS/1.0 412 Required Api Level\r\n\r\n",
            Self::TooManyRequests => b"NATS/1.0 429 Too Many Requests\r\n\r\n",
        }
    }
}

impl DirectGet {
    /// Reads the body of `DIRECT.GET.<stream>`.
    ///
    /// # Errors
    /// What to answer instead.
    pub fn parse(body: &[u8]) -> Result<Self, Status> {
        if body.is_empty() {
            return Err(Status::EmptyRequest);
        }
        if let Some(seq) = only_seq(body) {
            let what = What::From(Start::Seq(seq));
            return Ok(Self { what, ..bounds(&MessageGetRequest::default()) });
        }
        let request = read(body)?;
        let (last, next) = (!request.last_by_subj.is_empty(), !request.next_by_subj.is_empty());
        let multi = !request.multi_last.is_empty();
        if request.is_nothing() && !multi {
            return Err(Status::EmptyRequest);
        }
        let exclusive = [
            (last, request.batch > 0),
            (last, multi),
            (next, multi),
            (request.up_to_seq > 0, request.up_to_time.is_some()),
        ];
        if !request.is_consistent() || exclusive.into_iter().any(|(one, other)| one && other) {
            return Err(Status::BadRequest);
        }
        let start = request.start_time.map_or(Start::Seq(request.seq), Start::Time);
        let bounds = bounds(&request);
        let what = if multi {
            let up_to = match (request.up_to_seq, request.up_to_time) {
                (_, Some(time)) => UpTo::Time(time),
                (0, None) => UpTo::Now,
                (seq, None) => UpTo::Seq(seq),
            };
            What::Multi(Multi { filters: request.multi_last, from: request.seq, up_to })
        } else if next {
            What::Next(request.next_by_subj, start)
        } else if last {
            What::Last(request.last_by_subj)
        } else {
            What::From(start)
        };
        Ok(Self { what, ..bounds })
    }

    /// Reads the body of `DIRECT.GET.<stream>.<subject>`, which may be empty.
    ///
    /// # Errors
    /// What to answer instead.
    pub fn last_by_subject(subject: &str, body: &[u8]) -> Result<Self, Status> {
        let request = if body.is_empty() { MessageGetRequest::default() } else { read(body)? };
        let more = !request.is_nothing()
            || !request.multi_last.is_empty()
            || request.batch != 0
            || request.up_to_seq != 0
            || request.up_to_time.is_some();
        if more {
            return Err(Status::BadRequest);
        }
        Ok(Self { what: What::Last(subject.to_owned()), ..bounds(&request) })
    }
}

/// The sequence, where that is all there is, as clients write it; most requests are like that.
fn only_seq(body: &[u8]) -> Option<u64> {
    let digits = body.strip_prefix(b"{\"seq\":")?.strip_suffix(b"}")?;
    let is_number = digits.first().is_some_and(|first| (b'1'..=b'9').contains(first));
    let text = str::from_utf8(digits).ok().filter(|_| is_number)?;
    text.parse().ok()
}

fn read(body: &[u8]) -> Result<MessageGetRequest, Status> {
    let mut request = MessageGetRequest::default();
    json::decode_one(body, Strictness::Lenient, &mut request)
        .map_err(|_| Status::MalformedRequest)?;
    Ok(request)
}

/// Numbers below zero mean none at all, which is less than not saying a number.
fn bounds(request: &MessageGetRequest) -> DirectGet {
    let given = |value: i64| (value != 0).then(|| u64::try_from(value).unwrap_or_default());
    DirectGet {
        what: What::From(Start::Seq(0)),
        batch: given(request.batch),
        max_bytes: given(request.max_bytes),
        no_headers: request.no_hdr,
    }
}

/// Where a message comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin<'a> {
    /// The stream's name.
    pub stream: &'a str,
    /// The message's subject.
    pub subject: &'a [u8],
    /// Its sequence.
    pub seq: u64,
    /// When it was stored.
    pub time: Timestamp,
}

/// Where an answer with several messages stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// How many messages are left.
    pub pending: u64,
    /// The sequence of the message before in this answer; zero before the first.
    pub last_seq: u64,
}

/// Appends the header block of a message: its own headers, and where it comes from.
pub fn append_block(
    out: &mut Vec<u8>,
    own: &[u8],
    origin: &Origin<'_>,
    progress: Option<Progress>,
) {
    fn number(out: &mut Vec<u8>, key: &[u8], value: u64) {
        out.extend_from_slice(key);
        out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    }
    out.reserve(own.len() + 160 + origin.stream.len() + origin.subject.len());
    out.extend_from_slice(own.strip_suffix(b"\r\n").unwrap_or(b"NATS/1.0\r\n"));
    out.extend_from_slice(b"Nats-Stream: ");
    out.extend_from_slice(origin.stream.as_bytes());
    out.extend_from_slice(b"\r\nNats-Subject: ");
    out.extend_from_slice(origin.subject);
    number(out, b"\r\nNats-Sequence: ", origin.seq);
    out.extend_from_slice(b"\r\nNats-Time-Stamp: ");
    origin.time.append_to(out);
    if let Some(Progress { pending, last_seq }) = progress {
        number(out, b"\r\nNats-Num-Pending: ", pending);
        number(out, b"\r\nNats-Last-Sequence: ", last_seq);
    }
    out.extend_from_slice(b"\r\n\r\n");
}

/// The header block of the empty message that ends an answer with several; `up_to` is the last
/// sequence that a multi get looked at.
#[must_use]
pub fn end_block(progress: Progress, up_to: Option<u64>) -> Vec<u8> {
    let Progress { pending, last_seq } = progress;
    let head = format!(
        "NATS/1.0 204 EOB\r\nNats-Num-Pending: {pending}\r\nNats-Last-Sequence: {last_seq}\r\n"
    );
    let tail = up_to.map_or(String::new(), |seq| format!("Nats-UpTo-Sequence: {seq}\r\n"));
    format!("{head}{tail}\r\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(body: &str) -> Result<What, Status> {
        DirectGet::parse(body.as_bytes()).map(|get| get.what)
    }

    #[test]
    fn requests_ask_for_one_thing() {
        let time = Timestamp::parse("2020-01-01T00:00:00Z").unwrap();
        assert_eq!(what(r#"{"seq":1,"foo":1}"#), Ok(What::From(Start::Seq(1))));
        assert_eq!(
            what(r#"{"start_time":"2020-01-01T00:00:00Z"}"#),
            Ok(What::From(Start::Time(time)))
        );
        assert_eq!(what(r#"{"last_by_subj":"a"}"#), Ok(What::Last("a".to_owned())));
        assert_eq!(
            what(r#"{"next_by_subj":"a.*","seq":7}"#),
            Ok(What::Next("a.*".to_owned(), Start::Seq(7)))
        );
        let multi = |up_to| Multi { filters: vec!["a.>".to_owned()], from: 0, up_to };
        assert_eq!(what(r#"{"multi_last":["a.>"]}"#), Ok(What::Multi(multi(UpTo::Now))));
        assert_eq!(
            what(r#"{"multi_last":["a.>"],"up_to_seq":9}"#),
            Ok(What::Multi(multi(UpTo::Seq(9))))
        );
    }

    #[test]
    fn bounds_are_given_or_not() {
        let get = DirectGet::parse(br#"{"seq":1,"batch":3,"max_bytes":10,"no_hdr":true}"#).unwrap();
        assert_eq!((get.batch, get.max_bytes, get.no_headers), (Some(3), Some(10), true));
        let get = DirectGet::parse(br#"{"seq":1,"batch":-3}"#).unwrap();
        assert_eq!((get.batch, get.max_bytes, get.no_headers), (Some(0), None, false));
    }

    #[test]
    fn a_sequence_alone_is_read_as_with_more() {
        let read = |seq: &str| DirectGet::parse(format!("{{\"seq\":{seq}}}").as_bytes());
        let longer = |seq: &str| DirectGet::parse(format!("{{ \"seq\":{seq} }}").as_bytes());
        let max = u64::MAX.to_string();
        for seq in [
            "1",
            "907",
            "0",
            "007",
            "-1",
            "+1",
            "1.0",
            "1e3",
            "",
            " 1",
            "\"1\"",
            &max,
            "18446744073709551616",
            "1}",
            "1,\"batch\":2",
        ] {
            assert_eq!(read(seq), longer(seq), "{seq}");
        }
    }

    #[test]
    fn bad_requests_get_a_status() {
        for (body, status) in [
            ("", Status::EmptyRequest),
            ("{}", Status::EmptyRequest),
            (r#"{"batch":2}"#, Status::EmptyRequest),
            ("x", Status::MalformedRequest),
            (r#"{"seq":"1"}"#, Status::MalformedRequest),
            (r#"{"seq":1,"last_by_subj":"a"}"#, Status::BadRequest),
            (r#"{"last_by_subj":"a","batch":2}"#, Status::BadRequest),
            (r#"{"last_by_subj":"a","multi_last":["a"]}"#, Status::BadRequest),
            (r#"{"next_by_subj":"a","multi_last":["a"]}"#, Status::BadRequest),
            (
                r#"{"multi_last":["a"],"up_to_seq":1,"up_to_time":"2020-01-01T00:00:00Z"}"#,
                Status::BadRequest,
            ),
        ] {
            assert_eq!(what(body), Err(status), "{body}");
        }
    }

    #[test]
    fn a_subject_in_the_api_subject_leaves_little_to_ask() {
        let last = |body: &str| DirectGet::last_by_subject("a.b", body.as_bytes());
        assert_eq!(last("").unwrap().what, What::Last("a.b".to_owned()));
        assert!(last(r#"{"no_hdr":true}"#).unwrap().no_headers);
        assert_eq!(last(r#"{"seq":1}"#), Err(Status::BadRequest));
        assert_eq!(last("x"), Err(Status::MalformedRequest));
    }

    #[test]
    fn blocks_tell_where_a_message_comes_from() {
        let origin = Origin {
            stream: "Q",
            subject: b"q.1",
            seq: 9,
            time: Timestamp::from_unix_nanos(1_000_000_000),
        };
        let from = "Nats-Stream: Q\r\nNats-Subject: q.1\r\nNats-Sequence: 9\r\n\
                    Nats-Time-Stamp: 1970-01-01T00:00:01Z\r\n";
        let text = |own: &[u8], progress| {
            let mut out = Vec::new();
            append_block(&mut out, own, &origin, progress);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(text(b"", None), format!("NATS/1.0\r\n{from}\r\n"));
        let progress = Progress { pending: 3, last_seq: 0 };
        assert_eq!(
            text(b"NATS/1.0\r\nA: b\r\n\r\n", Some(progress)),
            format!(
                "NATS/1.0\r\nA: b\r\n{from}Nats-Num-Pending: 3\r\nNats-Last-Sequence: 0\r\n\r\n"
            )
        );
        let end = String::from_utf8(end_block(progress, Some(12))).unwrap();
        assert_eq!(
            end,
            "NATS/1.0 204 EOB\r\nNats-Num-Pending: 3\r\nNats-Last-Sequence: 0\r\n\
             Nats-UpTo-Sequence: 12\r\n\r\n"
        );
    }
}
