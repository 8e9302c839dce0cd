//! What all streams together may use, and whether they use more.

use std::time::{Duration, Instant};

use anabranch_config::options::JetStream as Options;
use anabranch_jetstream::config::Storage;

/// Bytes for memory streams where the system does not tell how much memory it has.
const MEMORY_UNKNOWN: u64 = 256 * 1024 * 1024;
/// Bytes for file streams where the system does not tell how much is free.
const DISK_UNKNOWN: u64 = 1024 * 1024 * 1024 * 1024;
/// Bytes that a turn may add to streams that are nearly full before it is looked again.
const STRIDE: u64 = 1024 * 1024;
/// Bytes that a message costs beside its contents, at most.
const OVERHEAD: u64 = 64;

/// Time between complaints.
const COMPLAINT_EVERY: Duration = Duration::from_secs(10);

/// What all streams together may use, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Of memory.
    pub memory: u64,
    /// Of the disk.
    pub file: u64,
}

impl Capacity {
    /// As configured, or three quarters of what there is. `disk_free`: bytes;
    /// [`u64::MAX`] where the system does not tell.
    #[must_use]
    pub fn of(options: &Options, disk_free: u64) -> Self {
        let disk = if disk_free == u64::MAX { DISK_UNKNOWN } else { disk_free / 4 * 3 };
        let memory = || machine_memory().map_or(MEMORY_UNKNOWN, |bytes| bytes / 4 * 3);
        Self {
            memory: options.memory_max.unwrap_or_else(memory),
            file: options.file_max.unwrap_or(disk),
        }
    }
}

fn machine_memory() -> Option<u64> {
    memory_total(&std::fs::read_to_string("/proc/meminfo").ok()?)
}

/// The `MemTotal` line of `/proc/meminfo` (proc(5)), in bytes.
fn memory_total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// What is used of one kind of storage. `used` was counted a while ago; since then at most `came`
/// was added.
#[derive(Debug, Default)]
struct Gauge {
    max: u64,
    used: u64,
    came: u64,
    /// The part of `came` that is not applied yet.
    pending: u64,
    /// `used` was counted since the last commit.
    counted: bool,
    /// When it was last complained of.
    complained: Option<Instant>,
}

impl Gauge {
    fn is_near(&self) -> bool {
        self.used.saturating_add(self.came) > self.max
    }
}

/// Whether streams use more than they may. Counting them all is put off for as long as what came
/// in cannot have filled them.
#[derive(Debug, Default)]
pub struct Room {
    memory: Gauge,
    file: Gauge,
}

impl Room {
    /// Nothing was counted yet.
    #[must_use]
    pub fn new(capacity: Capacity) -> Self {
        let gauge = |max| Gauge { max, came: u64::MAX, ..Gauge::default() };
        Self { memory: gauge(capacity.memory), file: gauge(capacity.file) }
    }

    fn gauge(&mut self, storage: Storage) -> &mut Gauge {
        match storage {
            Storage::Memory => &mut self.memory,
            Storage::File => &mut self.file,
        }
    }

    /// What was added in this turn should be applied before more is.
    #[must_use]
    pub fn wants_settling(&self) -> bool {
        [&self.memory, &self.file].iter().any(|gauge| gauge.is_near() && gauge.pending > STRIDE)
    }

    /// Nobody has complained of this kind of storage for a while; now somebody does.
    pub fn may_complain(&mut self, storage: Storage) -> bool {
        let gauge = self.gauge(storage);
        let silent = gauge.complained.is_none_or(|then| then.elapsed() > COMPLAINT_EVERY);
        if silent {
            gauge.complained = Some(Instant::now());
        }
        silent
    }

    /// Everything that came is applied.
    pub fn settled(&mut self) {
        for gauge in [&mut self.memory, &mut self.file] {
            gauge.pending = 0;
            gauge.counted = false;
        }
    }

    /// A message of `size` bytes came; false if its kind of storage was overfull before.
    /// `count` counts what is used of it.
    pub fn admit(&mut self, storage: Storage, size: usize, count: impl FnOnce() -> u64) -> bool {
        let gauge = self.gauge(storage);
        if gauge.is_near() && !gauge.counted {
            gauge.used = count();
            gauge.came = gauge.pending;
            gauge.counted = true;
        }
        if gauge.used > gauge.max {
            return false;
        }
        let size = u64::try_from(size).unwrap_or(u64::MAX).saturating_add(OVERHEAD);
        gauge.came = gauge.came.saturating_add(size);
        gauge.pending = gauge.pending.saturating_add(size);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAPACITY: Capacity = Capacity { memory: 1000, file: 100 };

    #[test]
    fn three_quarters_of_what_there_is_by_default() {
        let default = Options::default();
        assert_eq!(Capacity::of(&default, 4000).file, 3000);
        assert_eq!(Capacity::of(&default, u64::MAX).file, DISK_UNKNOWN);
        let given = Options { memory_max: Some(5), file_max: Some(0), ..default };
        assert_eq!(Capacity::of(&given, 4000), Capacity { memory: 5, file: 0 });
        assert_eq!(memory_total("MemFree: 1 kB\nMemTotal:   2 kB\n"), Some(2048));
        assert_eq!(memory_total("MemTotal: x\n"), None);
    }

    #[test]
    fn messages_are_refused_from_the_first_beyond_the_maximum_on() {
        let mut room = Room::new(CAPACITY);
        assert!(room.admit(Storage::File, 1, || 100));
        room.settled();
        assert!(!room.admit(Storage::File, 1, || 101));
        assert!(room.admit(Storage::Memory, 1, || 0));
        room.settled();
        assert!(room.admit(Storage::File, 1, || 99));
    }

    #[test]
    fn streams_are_counted_only_near_the_maximum() {
        let mut room = Room::new(CAPACITY);
        assert!(room.admit(Storage::Memory, 0, || 0));
        room.settled();
        for _ in 0..10 {
            assert!(room.admit(Storage::Memory, 0, || panic!("64 bytes each at most")));
            room.settled();
        }
    }
}
