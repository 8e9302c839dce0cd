//! The queue between those who log and the thread that writes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use super::entry::{Entry, Label};

/// Lines that may wait to be written.
const QUEUE_LINES: usize = 2048;
/// The same where the protocol is traced.
const QUEUE_LINES_VERBOSE: usize = 16 * 1024;
/// Bytes of text that may wait to be written.
const QUEUE_BYTES: usize = 8 * 1024 * 1024;
/// How long an ending process waits for its last lines to be written.
const FLUSH_PATIENCE: Duration = Duration::from_secs(2);
/// Pause between two looks at how far the writer is.
const FLUSH_PAUSE: Duration = Duration::from_micros(200);
/// Targets of our own crates begin so. Of others only warnings and errors are of interest.
const OWN_TARGETS: &str = "anabranch";

/// What is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verbosity {
    /// `[DBG]` lines; independent of trace.
    pub(super) debug: bool,
    /// `[TRC]` lines; independent of debug.
    pub(super) trace: bool,
}

/// What the writer takes from the queue.
#[derive(Debug)]
pub(super) enum Item {
    Line(Entry),
    /// Look at [`Progress::reopen`].
    Wake,
}

/// What those who log and the writer share.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Lines that found no room since the writer last reported it.
    pub(super) overflowed: AtomicU64,
    /// Lines put into the queue.
    accepted: AtomicU64,
    /// Lines taken out of it and written or given up. `written <= accepted`
    written: AtomicU64,
    /// Bytes of text in the queue.
    waiting_bytes: AtomicUsize,
    /// The file is to be opened again.
    pub(super) reopen: AtomicBool,
}

impl Progress {
    /// `lines` with so many `bytes` of text are dealt with.
    pub(super) fn settle(&self, lines: u64, bytes: usize) {
        self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.written.fetch_add(lines, Ordering::Release);
    }
}

/// Puts lines into the queue; never blocks.
#[derive(Debug, Clone)]
pub(crate) struct Logger {
    queue: SyncSender<Item>,
    progress: Arc<Progress>,
    verbosity: Verbosity,
}

impl Logger {
    /// A logger, and what its writer needs.
    pub(super) fn new(verbosity: Verbosity) -> (Self, Receiver<Item>, Arc<Progress>) {
        let verbose = verbosity.debug || verbosity.trace;
        let (queue, items) = sync_channel(if verbose { QUEUE_LINES_VERBOSE } else { QUEUE_LINES });
        let progress = Arc::new(Progress::default());
        (Self { queue, progress: Arc::clone(&progress), verbosity }, items, progress)
    }

    /// Makes this the logger of the process.
    pub(super) fn install(&self) {
        let level = match self.verbosity {
            Verbosity { trace: true, .. } => log::LevelFilter::Trace,
            Verbosity { debug: true, .. } => log::LevelFilter::Debug,
            _ => log::LevelFilter::Info,
        };
        // Fails only if there is a logger already, which then stays.
        if log::set_boxed_logger(Box::new(self.clone())).is_ok() {
            log::set_max_level(level);
        }
    }

    /// Logs why the process is about to end, and waits until that is written.
    pub(crate) fn fatal(&self, text: String) {
        self.put(Label::Fatal, text);
        self.wait_written();
    }

    /// Has the log file opened again; the writer logs how that went.
    pub(crate) fn reopen(&self) {
        self.progress.reopen.store(true, Ordering::Release);
        // A full queue wakes the writer by itself.
        let _ = self.queue.try_send(Item::Wake);
    }

    /// Waits until what was logged so far is written, unless that takes too long.
    pub(crate) fn wait_written(&self) {
        let target = self.progress.accepted.load(Ordering::Acquire);
        let deadline = Instant::now() + FLUSH_PATIENCE;
        while self.progress.written.load(Ordering::Acquire) < target && Instant::now() < deadline {
            std::thread::sleep(FLUSH_PAUSE);
        }
    }

    fn put(&self, label: Label, text: String) {
        let progress = &self.progress;
        let bytes = text.len();
        let waiting = progress.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        // Counted before it is sent, so that the writer never settles more than was accepted.
        progress.accepted.fetch_add(1, Ordering::Release);
        let room = waiting.saturating_add(bytes) <= QUEUE_BYTES;
        if !room || self.queue.try_send(Item::Line(Entry::now(label, text))).is_err() {
            progress.overflowed.fetch_add(1, Ordering::Relaxed);
            progress.settle(1, bytes);
        }
    }
}

impl log::Log for Logger {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        match metadata.level() {
            log::Level::Error | log::Level::Warn => true,
            _ if !metadata.target().starts_with(OWN_TARGETS) => false,
            log::Level::Info => true,
            log::Level::Debug => self.verbosity.debug,
            log::Level::Trace => self.verbosity.trace,
        }
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            self.put(record.level().into(), record.args().to_string());
        }
    }

    fn flush(&self) {
        self.wait_written();
    }
}

#[cfg(test)]
mod tests {
    use log::Log;

    use super::*;

    fn log(logger: &Logger, level: log::Level, text: &str) {
        logger.log(
            &log::Record::builder()
                .level(level)
                .target("anabranch_broker::connection")
                .args(format_args!("{text}"))
                .build(),
        );
    }

    #[test]
    fn what_finds_no_room_is_counted_and_nobody_waits() {
        let quiet = Verbosity { debug: false, trace: false };
        let (logger, items, progress) = Logger::new(quiet);
        for _ in 0..QUEUE_LINES + 3 {
            log(&logger, log::Level::Info, "x");
        }
        assert_eq!(progress.overflowed.load(Ordering::Relaxed), 3);
        assert_eq!(items.try_iter().count(), QUEUE_LINES);
    }

    #[test]
    fn long_lines_are_bounded_in_bytes() {
        let quiet = Verbosity { debug: false, trace: false };
        let (logger, items, progress) = Logger::new(quiet);
        let long = "x".repeat(QUEUE_BYTES / 2);
        for _ in 0..3 {
            log(&logger, log::Level::Info, &long);
        }
        assert_eq!(progress.overflowed.load(Ordering::Relaxed), 1);
        assert_eq!(items.try_iter().count(), 2);
        progress.settle(2, QUEUE_BYTES);
        log(&logger, log::Level::Info, &long);
        assert_eq!(items.try_iter().count(), 1);
    }

    #[test]
    fn debug_and_trace_are_independent() {
        let (logger, items, _) = Logger::new(Verbosity { debug: false, trace: true });
        log(&logger, log::Level::Debug, "d");
        log(&logger, log::Level::Trace, "t");
        let labels: Vec<Label> = items
            .try_iter()
            .filter_map(|item| match item {
                Item::Line(entry) => Some(entry.label),
                Item::Wake => None,
            })
            .collect();
        assert_eq!(labels, [Label::Trace]);
    }
}
