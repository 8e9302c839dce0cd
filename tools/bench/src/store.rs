//! Publishing into streams: every message is acknowledged, and each acknowledgement timed.

use std::time::Duration;

use crate::args::Args;
use crate::conn::Conn;
use crate::error::{Error, Result};
use crate::frame::Kind;
use crate::requests::{Load, Replies, time_all};
use crate::stream::Target;

const BUFFER_LEN: usize = 64 * 1024;
/// Coprime to every round number: its multiples visit each subject once before any a second time,
/// and neighbours in time are none in order.
const STRIDE: u64 = 7_368_787;

/// Mode `store`: `--pubs` publishers with `--inflight` messages each, into `--streams` streams of
/// `--subjects` subjects each, `--msgs` messages and `--secs` seconds at least; `--ids` gives every
/// message an id of its own. The streams keep `--max-bytes` each, and ids for `--ids-kept` seconds;
/// `--made` says that they are there.
/// `--stream` is the number of the first, and `--first` continues the numbering of messages.
pub(crate) fn run(args: &Args) -> Result<()> {
    let target = Target::from_args(args)?;
    let size: usize = args.number("size", 128)?;
    let (streams, base): (u64, u64) = (args.number("streams", 1)?, args.number("stream", 0)?);
    let names = Names::from_args(args)?;
    if !args.has("made") {
        create(&target, args, streams)?;
    }
    let load = Load {
        requesters: args.number("pubs", 1)?,
        inflight: args.number("inflight", 1)?,
        msgs: args.number("msgs", 100_000)?,
        lasts: Duration::try_from_secs_f64(args.number("secs", 0.0)?).unwrap_or_default(),
        replies: Replies::One,
    };
    let (body, with_ids) = (vec![b'x'; size], args.has("ids"));
    let (run, first): (u32, u64) = (std::process::id(), args.number("first", 0)?);
    time_all(args, &target, load, |index| {
        let body = body.clone();
        let mut n = first;
        move |out: &mut Vec<u8>, reply: std::fmt::Arguments<'_>| {
            let header = if with_ids {
                format!("NATS/1.0\r\nNats-Msg-Id: {run}-{index}-{n}\r\n\r\n")
            } else {
                String::new()
            };
            let len = header.len() + body.len();
            out.extend_from_slice(if with_ids { b"HPUB " } else { b"PUB " });
            names.append(out, base + (n + index) % streams, n);
            n += 1;
            let sizes = if with_ids { format!("{} {len}", header.len()) } else { len.to_string() };
            out.extend_from_slice(format!(" {reply} {sizes}\r\n{header}").as_bytes());
            out.extend_from_slice(&body);
            out.extend_from_slice(b"\r\n");
        }
    })
}

/// The subjects of a stream: one, or `bench.STREAM.LAST-DIGIT.NUMBER`, so that filters exist which
/// a tenth of them match.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Names {
    subjects: u64,
}

impl Names {
    /// Reads `--subjects`.
    pub(crate) fn from_args(args: &Args) -> Result<Names> {
        Ok(Names { subjects: args.number("subjects", 1)?.max(1) })
    }

    /// Appends the subject of the `n`th message.
    pub(crate) fn append(self, out: &mut Vec<u8>, stream: u64, n: u64) {
        let subject = if self.subjects == 1 {
            format!("bench.{stream}.0")
        } else {
            let number = n.wrapping_mul(STRIDE) % self.subjects;
            format!("bench.{stream}.{}.{number}", number % 10)
        };
        out.extend_from_slice(subject.as_bytes());
    }
}

/// Makes the streams, unless they are there.
fn create(target: &Target, args: &Args, streams: u64) -> Result<()> {
    let storage = args.text("storage", "file");
    let max_bytes: i64 = args.number("max-bytes", -1)?;
    let window: u64 = args.number("ids-kept", 120)?;
    let mut conn = Conn::open(target, "SUB _INBOX.store 1\r\n", BUFFER_LEN)?;
    for n in 0..streams {
        let config = serde_json::json!({
            "name": format!("BENCH{n}"), "subjects": [format!("bench.{n}.>")],
            "storage": storage, "max_bytes": max_bytes, "discard": "old",
            "duplicate_window": window * 1_000_000_000,
        });
        ask(&mut conn, &format!("$JS.API.STREAM.CREATE.BENCH{n}"), &config.to_string())?;
    }
    Ok(())
}

/// One request on a connection that is subscribed to `_INBOX.store`.
fn ask(conn: &mut Conn, subject: &str, body: &str) -> Result<()> {
    conn.send(format!("PUB {subject} _INBOX.store {}\r\n{body}\r\n", body.len()).as_bytes())?;
    loop {
        let frame = conn.next_frame()?;
        if frame.kind == Kind::Message {
            let body = String::from_utf8_lossy(conn.bytes(&frame.body)).into_owned();
            return if body.contains("\"error\"") { Err(Error::Server(body)) } else { Ok(()) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_subject_comes_once_in_a_round() {
        let names = Names { subjects: 1000 };
        let mut round = std::collections::BTreeSet::new();
        for n in 5..1005 {
            let mut subject = Vec::new();
            names.append(&mut subject, 2, n);
            assert!(subject.starts_with(b"bench.2."));
            round.insert(subject);
        }
        assert_eq!(round.len(), 1000);
    }
}
