//! State that stands still while the harness looks at the server's memory.

use std::time::Instant;

use serde_json::json;

use crate::args::Args;
use crate::conn::Conn;
use crate::error::Result;
use crate::hold;
use crate::report::{self, Work};
use crate::stream::Target;

const CHUNK_LEN: usize = 32 * 1024;

/// Mode `conns`: opens `--n` connections and holds them until standard input closes.
pub(crate) fn connections(args: &Args) -> Result<()> {
    let target = Target::from_args(args)?;
    let n: u64 = args.number("n", 1000)?;
    let start = Instant::now();
    let held: Vec<Conn> = (0..n).map(|_| Conn::open(&target, "", 4096)).collect::<Result<_>>()?;
    report::print(Work { msgs: n, took: start.elapsed() }, json!({ "ready": true }))?;
    hold::until_stdin_closes();
    drop(held);
    Ok(())
}

/// Mode `subs`: makes `--n` subscriptions on `--conns` connections, and holds them.
pub(crate) fn subscriptions(args: &Args) -> Result<()> {
    let target = Target::from_args(args)?;
    let (n, conns): (u64, u64) = (args.number("n", 1_000_000)?, args.number("conns", 1)?);
    let mut held: Vec<Conn> =
        (0..conns).map(|_| Conn::open(&target, "", 64 * 1024)).collect::<Result<_>>()?;
    let start = Instant::now();
    for (conn, index) in held.iter_mut().zip(0..) {
        let mut out = String::new();
        for i in (index..n).step_by(usize::try_from(conns).unwrap_or(1)) {
            out.push_str(&format!("SUB dev.{}.{}.state {}\r\n", i % 1000, i / 1000, i + 1));
            if out.len() > CHUNK_LEN {
                conn.send(out.as_bytes())?;
                out.clear();
            }
        }
        conn.send(out.as_bytes())?;
        conn.round_trip()?;
    }
    report::print(Work { msgs: n, took: start.elapsed() }, json!({ "ready": true }))?;
    hold::until_stdin_closes();
    Ok(())
}
