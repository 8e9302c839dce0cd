//! Standard input as the harness's hand on a run: when it begins, and how long it lasts.

use std::io::{BufRead, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use serde_json::json;

use crate::args::Args;
use crate::error::Result;

/// Under `--gated`, says that all connections stand and waits for a line, so that opening them
/// (ten thousand TLS handshakes, say) is not part of what the harness measures.
pub(crate) fn until_told_to_go(args: &Args) -> Result<()> {
    if args.has("gated") {
        print_ready()?;
        std::io::stdin().lock().read_line(&mut String::new())?;
    }
    Ok(())
}

/// Under `--gated`, keeps the connections until the harness has taken its figures.
pub(crate) fn until_told_to_end(args: &Args) {
    if args.has("gated") {
        until_stdin_closes();
    }
}

/// Returns at the end of standard input.
pub(crate) fn until_stdin_closes() {
    let mut chunk = [0; 64];
    let mut stdin = std::io::stdin().lock();
    while matches!(stdin.read(&mut chunk), Ok(n) if n > 0) {}
}

/// A flag that is raised at the end of standard input.
pub(crate) fn raised_when_stdin_closes() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let raise = Arc::clone(&flag);
    // Not joined: it ends with the process if the input stays open.
    std::thread::spawn(move || {
        until_stdin_closes();
        raise.store(true, Relaxed);
    });
    flag
}

/// Tells the harness that the state it asked for is reached.
pub(crate) fn print_ready() -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", json!({ "ready": true }))?;
    Ok(out.flush()?)
}
