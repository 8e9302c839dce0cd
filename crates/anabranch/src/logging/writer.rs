//! The thread that writes the log.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;

use super::entry::{Entry, Label};
use super::logger::{Item, Progress};
use super::sink::{Lost, Sink};
use crate::io_reason::io_reason;

/// Lines taken from the queue at once.
const BATCH_LINES: usize = 512;

/// Writes what comes out of the queue, until nobody can log any more.
pub(super) struct Writer {
    items: Receiver<Item>,
    progress: Arc<Progress>,
    sink: Sink,
    /// Lines lost to a failing sink and not yet reported in it.
    lost: u64,
    batch: Vec<Entry>,
    /// Lines in `batch` that came out of the queue, not counting the writer's own.
    taken: u64,
    /// Bytes of their text.
    taken_bytes: usize,
}

impl Writer {
    pub(super) fn new(items: Receiver<Item>, progress: Arc<Progress>, sink: Sink) -> Self {
        Self { items, progress, sink, lost: 0, batch: Vec::new(), taken: 0, taken_bytes: 0 }
    }

    pub(super) fn run(mut self) {
        while let Ok(first) = self.items.recv() {
            self.take(first);
            while self.batch.len() < BATCH_LINES {
                let Ok(item) = self.items.try_recv() else { break };
                self.take(item);
            }
            if self.progress.reopen.swap(false, Ordering::AcqRel) {
                self.reopen();
            }
            self.write_batch();
        }
    }

    fn take(&mut self, item: Item) {
        match item {
            Item::Line(entry) => {
                self.taken += 1;
                self.taken_bytes += entry.text.len();
                self.batch.push(entry);
            }
            Item::Wake => {}
        }
    }

    fn write_batch(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        if !batch.is_empty() {
            self.write(&batch);
        }
        let overflowed = self.progress.overflowed.swap(0, Ordering::Relaxed);
        if overflowed > 0 {
            let text = format!("{overflowed} log lines dropped: they came faster than written");
            self.write(&[Entry::now(Label::Warn, text)]);
        }
        self.progress
            .settle(std::mem::take(&mut self.taken), std::mem::take(&mut self.taken_bytes));
        self.batch = batch;
        self.batch.clear();
    }

    /// Writes lines. The first failure is told on standard error, and its end there and in the
    /// log, with the number of lines that are missing.
    fn write(&mut self, entries: &[Entry]) {
        match self.sink.write(entries) {
            Ok(()) if self.lost == 0 => {}
            Ok(()) => self.recovered(),
            Err(Lost { lines, why }) => {
                if self.lost == 0 && !matches!(self.sink, Sink::Stderr(_)) {
                    self.tell(&format!(
                        "cannot write the log ({}): lines are dropped until it works again",
                        io_reason(&why)
                    ));
                }
                self.lost = self.lost.saturating_add(u64::try_from(lines).unwrap_or(u64::MAX));
            }
        }
    }

    fn recovered(&mut self) {
        let text = format!("{} log lines were lost: the log could not be written", self.lost);
        if self.sink.write(&[Entry::now(Label::Warn, text.clone())]).is_ok() {
            self.lost = 0;
            if !matches!(self.sink, Sink::Stderr(_)) {
                self.tell(&text);
            }
        }
    }

    fn reopen(&mut self) {
        let (label, text) = match self.sink.reopen() {
            Ok(true) => (Label::Info, "File log re-opened".to_owned()),
            Ok(false) => (Label::Info, "File log re-open ignored, not a file logger".to_owned()),
            Err(why) => {
                let text = format!("Could not re-open the log file: {}", io_reason(&why));
                self.tell(&text);
                (Label::Error, text)
            }
        };
        // Before the lines that came with it: they are the first in the new file.
        self.batch.insert(0, Entry::now(label, text));
    }

    /// On standard error, for whoever looks there when the log itself is silent.
    fn tell(&self, text: &str) {
        let _ = writeln!(std::io::stderr(), "[{}] {text}", std::process::id());
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::super::file::{LogFile, Rotation};
    use super::super::line::{Colours, LineFormat};
    use super::super::logger::{Logger, Verbosity};
    use super::*;

    const QUIET: Verbosity = Verbosity { debug: false, trace: false };
    const NEVER: Rotation = Rotation { size_max: 0, files_max: 0 };

    fn sink(path: &Path) -> Sink {
        let format = LineFormat::new(1, None, Colours::Off);
        Sink::File(LogFile::open(path, NEVER, format).unwrap())
    }

    #[test]
    fn everything_logged_before_the_last_logger_went_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let (logger, items, progress) = Logger::new(QUIET);
        logger.reopen();
        let writer = Writer::new(items, progress, sink(&path));
        let thread = std::thread::spawn(move || writer.run());
        logger.fatal("the end".to_owned());
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text, "[1] [INF] File log re-opened\n[1] [FTL] the end\n");
        drop(logger);
        thread.join().unwrap();
    }

    #[test]
    fn lines_that_found_no_room_are_reported() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let (logger, items, progress) = Logger::new(QUIET);
        progress.overflowed.store(3, Ordering::Relaxed);
        let writer = Writer::new(items, progress, sink(&path));
        let thread = std::thread::spawn(move || writer.run());
        logger.fatal("x".to_owned());
        drop(logger);
        thread.join().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let report = "[1] [WRN] 3 log lines dropped: they came faster than written\n";
        assert_eq!(text, format!("[1] [FTL] x\n{report}"));
    }

    /// The device that is always full stands for a disk that is; a moved link for its cleaning.
    #[cfg(target_os = "linux")]
    #[test]
    fn lines_lost_to_a_full_disk_are_counted_once_it_works_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        std::os::unix::fs::symlink("/dev/full", &path).unwrap();
        let (logger, items, progress) = Logger::new(QUIET);
        let writer = Writer::new(items, progress, sink(&path));
        let thread = std::thread::spawn(move || writer.run());
        logger.fatal("lost".to_owned());
        logger.fatal("lost too".to_owned());
        fs::remove_file(&path).unwrap();
        logger.reopen();
        logger.fatal("kept".to_owned());
        drop(logger);
        thread.join().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("[FTL] kept\n"), "{text}");
        assert!(text.contains("[WRN] 2 log lines were lost"), "{text}");
    }
}
