//! Reading messages of a stream by direct get.

use std::time::Duration;

use crate::args::Args;
use crate::error::{Error, Result};
use crate::requests::{Load, Replies, time_all};
use crate::store::Names;
use crate::stream::Target;

/// As in `store`, so that neighbours in time are none in the stream.
const STRIDE: u64 = 7_368_787;

/// Mode `get`: `--conns` readers with `--inflight` requests each read `--msgs` of the `--stored`
/// messages of stream `BENCH0`. One request reads a message by its sequence, or `--batch` of them
/// from a sequence on, or under `--last` the last one of a subject out of `--subjects`.
pub(crate) fn run(args: &Args) -> Result<()> {
    let target = Target::from_args(args)?;
    let (stored, batch): (u64, u64) = (args.number("stored", 1)?, args.number("batch", 1)?);
    let (names, last) = (Names::from_args(args)?, args.has("last"));
    if stored < batch || batch == 0 {
        return Err(Error::Usage(format!("no batch of {batch} out of {stored} messages")));
    }
    let load = Load {
        requesters: args.number("conns", 1)?,
        inflight: args.number("inflight", 1)?,
        msgs: args.number("msgs", 100_000)?,
        lasts: Duration::ZERO,
        replies: if batch > 1 { Replies::UntilEnd } else { Replies::One },
    };
    time_all(args, &target, load, |index| {
        let mut n = index * (stored / 7);
        move |out: &mut Vec<u8>, reply: std::fmt::Arguments<'_>| {
            n += 1;
            out.extend_from_slice(b"PUB $JS.API.DIRECT.GET.BENCH0");
            if last {
                out.push(b'.');
                names.append(out, 0, n);
                out.extend_from_slice(format!(" {reply} 0\r\n\r\n").as_bytes());
                return;
            }
            let seq = n.wrapping_mul(STRIDE) % (stored - batch + 1) + 1;
            let body = match batch {
                1 => format!("{{\"seq\":{seq}}}"),
                _ => format!("{{\"seq\":{seq},\"batch\":{batch}}}"),
            };
            out.extend_from_slice(format!(" {reply} {}\r\n{body}\r\n", body.len()).as_bytes());
        }
    })
}
