//! Panics in the log.

use std::io::Write;
use std::panic::PanicHookInfo;

use crate::logging::WRITER_THREAD;

/// Has every panic logged as an error. It ends the task that panicked and its connection; the
/// server goes on.
pub(crate) fn log_panics() {
    std::panic::set_hook(Box::new(report));
}

fn report(panic: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("unnamed");
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let why = panic.payload_as_str().unwrap_or("no message");
    if thread == WRITER_THREAD {
        // Nobody would write it.
        let _ = writeln!(std::io::stderr(), "The log's thread panicked at {place}: {why}");
        return;
    }
    log::error!("Thread {thread} panicked at {place}: {why}");
    if thread == "main" {
        log::logger().flush();
    }
}
