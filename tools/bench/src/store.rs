//! Publishing into streams: every message is acknowledged, and each acknowledgement timed.

use crate::args::Args;
use crate::conn::Conn;
use crate::error::{Error, Result};
use crate::frame::Kind;
use crate::requests::{Load, time_all};
use crate::stream::Target;

const BUFFER_LEN: usize = 64 * 1024;

/// Mode `store`: `--pubs` publishers with `--inflight` messages each, into `--streams` streams of
/// `--subjects` subjects each; `--ids` gives every message an id of its own.
pub(crate) fn run(args: &Args) -> Result<()> {
    let target = Target::from_args(args)?;
    let (pubs, msgs): (u64, u64) = (args.number("pubs", 1)?, args.number("msgs", 100_000)?);
    let size: usize = args.number("size", 128)?;
    let (streams, subjects): (u64, u64) = (args.number("streams", 1)?, args.number("subjects", 1)?);
    create(&target, args, streams)?;
    let load = Load { requesters: pubs, inflight: args.number("inflight", 1)?, msgs };
    let (body, with_ids) = (vec![b'x'; size], args.has("ids"));
    let run = std::process::id();
    time_all(args, &target, load, |index| {
        let body = body.clone();
        let mut n = 0u64;
        move |out: &mut Vec<u8>, reply: std::fmt::Arguments<'_>| {
            let (stream, subject) = ((n + index) % streams, n % subjects);
            let header = if with_ids {
                format!("NATS/1.0\r\nNats-Msg-Id: {run}-{index}-{n}\r\n\r\n")
            } else {
                String::new()
            };
            n += 1;
            let len = header.len() + body.len();
            let line = if with_ids {
                format!("HPUB bench.{stream}.{subject} {reply} {} {len}\r\n", header.len())
            } else {
                format!("PUB bench.{stream}.{subject} {reply} {len}\r\n")
            };
            out.extend_from_slice(line.as_bytes());
            out.extend_from_slice(header.as_bytes());
            out.extend_from_slice(&body);
            out.extend_from_slice(b"\r\n");
        }
    })
}

/// Makes the streams, unless they are there.
fn create(target: &Target, args: &Args, streams: u64) -> Result<()> {
    let mut conn = Conn::open(target, "SUB _INBOX.store 1\r\n", BUFFER_LEN)?;
    let storage = args.text("storage", "file");
    for n in 0..streams {
        let config = format!(
            "{{\"name\":\"BENCH{n}\",\"subjects\":[\"bench.{n}.*\"],\"storage\":\"{storage}\"}}"
        );
        let line = format!("PUB $JS.API.STREAM.CREATE.BENCH{n} _INBOX.store {}\r\n", config.len());
        conn.send(format!("{line}{config}\r\n").as_bytes())?;
        loop {
            let frame = conn.next_frame()?;
            if frame.kind == Kind::Message {
                let body = String::from_utf8_lossy(conn.bytes(&frame.body)).into_owned();
                if body.contains("\"error\"") {
                    return Err(Error::Server(body));
                }
                break;
            }
        }
    }
    Ok(())
}
