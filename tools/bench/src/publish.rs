//! What publishers send: frames built once, and a window that keeps them near the receivers.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::args::Args;
use crate::error::{Error, Result};

/// Digits of the numbered token of a subject, so that every frame of a run has one length.
const NUMBER_WIDTH: usize = 8;
/// How much a publisher writes at once.
const CHUNK_LEN: usize = 64 * 1024;
/// How long publishers wait for receivers that make no progress.
const PATIENCE: Duration = Duration::from_secs(60);

/// The messages of a run.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    subject: String,
    subjects: u64,
    size: usize,
}

impl Plan {
    /// Reads `--subject`, `--subjects` (how many; they are numbered) and `--size` (bytes).
    pub(crate) fn from_args(args: &Args) -> Result<Plan> {
        Ok(Plan {
            subject: args.text("subject", "foo").to_owned(),
            subjects: args.number("subjects", 1)?.max(1),
            size: args.number("size", 128)?,
        })
    }

    /// What to subscribe to.
    pub(crate) fn filter(&self) -> String {
        if self.subjects > 1 { format!("{}.*", self.subject) } else { self.subject.clone() }
    }

    fn name(&self, number: u64) -> String {
        if self.subjects > 1 {
            format!("{}.{number:0NUMBER_WIDTH$}", self.subject)
        } else {
            self.subject.clone()
        }
    }

    /// The length of a delivered frame, for subscriptions whose identifier is `1`.
    pub(crate) fn delivery_len(&self) -> usize {
        format!("MSG {} 1 {}\r\n\r\n", self.name(0), self.size).len() + self.size
    }

    /// How many messages make a window of `bytes`.
    pub(crate) fn window(&self, bytes: usize) -> u64 {
        u64::try_from(bytes / (self.size + 32)).unwrap_or(u64::MAX).max(256)
    }

    /// Frames to publish, at most `most` at once; numbered subjects begin with `first`.
    pub(crate) fn batch(&self, first: u64, most: usize) -> Batch {
        let mut one = format!("PUB {} {}\r\n", self.name(0), self.size).into_bytes();
        one.resize(one.len() + self.size, b'x');
        one.extend_from_slice(b"\r\n");
        let frames = (CHUNK_LEN / one.len()).clamp(1, most.max(1));
        Batch {
            bytes: one.repeat(frames),
            frame_len: one.len(),
            frames: u64::try_from(frames).expect("a chunk holds few frames"),
            number_at: "PUB ".len() + self.subject.len() + ".".len(),
            subjects: self.subjects,
            next: first,
        }
    }
}

/// Prebuilt `PUB` frames.
#[derive(Debug)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
    frame_len: usize,
    frames: u64,
    number_at: usize,
    subjects: u64,
    next: u64,
}

impl Batch {
    /// How many frames there are.
    pub(crate) fn frames(&self) -> u64 {
        self.frames
    }

    /// The next `n` frames; not more than there are.
    pub(crate) fn take(&mut self, n: u64) -> &[u8] {
        let n = usize::try_from(n.min(self.frames)).expect("a chunk holds few frames");
        let used = n * self.frame_len;
        if self.subjects > 1 {
            for frame in self.bytes.chunks_exact_mut(self.frame_len).take(n) {
                let mut number = self.next % self.subjects;
                self.next += 1;
                let digits = frame.get_mut(self.number_at..self.number_at + NUMBER_WIDTH);
                for digit in digits.unwrap_or_default().iter_mut().rev() {
                    *digit = b'0' + u8::try_from(number % 10).expect("a digit");
                    number /= 10;
                }
            }
        }
        self.bytes.get(..used).unwrap_or_default()
    }
}

/// Who gets a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// Every receiver gets every message.
    Each,
    /// The receivers share the messages: a queue group.
    Split,
}

/// How far the publishers and the receivers are.
#[derive(Debug)]
pub(crate) struct Progress {
    sharing: Sharing,
    sent: AtomicU64,
    received: Vec<AtomicU64>,
}

impl Progress {
    /// With `receivers` counters, all at 0.
    pub(crate) fn new(receivers: usize, sharing: Sharing) -> Progress {
        let received = (0..receivers).map(|_| AtomicU64::new(0)).collect();
        Progress { sharing, sent: AtomicU64::new(0), received }
    }

    /// Sets a receiver's count.
    pub(crate) fn set(&self, receiver: usize, count: u64) {
        if let Some(counter) = self.received.get(receiver) {
            counter.store(count, Relaxed);
        }
    }

    /// How many messages have been received by all who should get them.
    pub(crate) fn seen(&self) -> u64 {
        let counts = self.received.iter().map(|counter| counter.load(Relaxed));
        match self.sharing {
            Sharing::Each => counts.min().unwrap_or(u64::MAX / 2),
            Sharing::Split => counts.sum(),
        }
    }

    /// All deliveries.
    pub(crate) fn delivered(&self) -> u64 {
        self.received.iter().map(|counter| counter.load(Relaxed)).sum()
    }

    /// Counts `n` more as sent, and returns once fewer than `window` are on their way.
    pub(crate) fn sent(&self, n: u64, window: u64) -> Result<()> {
        let sent = self.sent.fetch_add(n, Relaxed) + n;
        let mut best = self.seen();
        let mut since = Instant::now();
        while sent >= best.saturating_add(window) {
            if since.elapsed() > PATIENCE {
                return Err(Error::Stuck(format!("{best} received of {sent} sent")));
            }
            std::thread::sleep(Duration::from_micros(100));
            let seen = self.seen();
            if seen > best {
                best = seen;
                since = Instant::now();
            }
        }
        Ok(())
    }
}

/// The part of `total` that falls to member `index` of `members`.
pub(crate) fn share(total: u64, members: u64, index: u64) -> u64 {
    total / members + u64::from(index < total % members)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(subjects: u64) -> Plan {
        Plan { subject: "a".to_owned(), subjects, size: 3 }
    }

    #[test]
    fn one_subject_gives_identical_frames() {
        let mut batch = plan(1).batch(0, 2);
        assert_eq!(batch.take(9), b"PUB a 3\r\nxxx\r\nPUB a 3\r\nxxx\r\n");
    }

    #[test]
    fn numbered_subjects_go_round() {
        let mut batch = plan(2).batch(1, 4);
        let first = b"PUB a.00000001 3\r\nxxx\r\nPUB a.00000000 3\r\nxxx\r\n";
        assert_eq!(batch.take(2), first);
        assert_eq!(batch.take(1), &first[..first.len() / 2]);
    }

    #[test]
    fn a_delivery_is_as_long_as_its_frame() {
        assert_eq!(plan(1).delivery_len(), b"MSG a 1 3\r\nxxx\r\n".len());
        assert_eq!(plan(2).delivery_len(), b"MSG a.00000000 1 3\r\nxxx\r\n".len());
    }

    #[test]
    fn the_slowest_receiver_counts_unless_they_share() {
        for (sharing, seen) in [(Sharing::Each, 2), (Sharing::Split, 7)] {
            let progress = Progress::new(2, sharing);
            progress.set(0, 5);
            progress.set(1, 2);
            assert_eq!(progress.seen(), seen);
        }
    }

    #[test]
    fn shares_add_up() {
        assert_eq!((0..3).map(|i| share(10, 3, i)).sum::<u64>(), 10);
    }
}
