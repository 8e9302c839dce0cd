//! Whether the disk has room for what is taken in. What the log and a checkpoint still need is
//! kept free: messages are refused before they could take it, so that deletes, purges and
//! checkpoints go on, and nothing fails half-way.

use std::sync::Arc;
use std::time::Duration;

use anabranch_log::disk::Disk;

use super::held::{Held, Store};
use super::shard::Shard;

/// Bytes kept free besides: names, and what is counted too low.
const SLACK: u64 = 2 * 1024 * 1024;
/// Bytes that a message takes in a segment besides its contents, at most.
const OVERHEAD: u64 = 64;
/// Longest time between looks at the disk, in nanoseconds: others write there too.
const LOOK_EVERY_NS: i64 = 50_000_000;
/// Time between complaints, in nanoseconds.
const COMPLAINT_EVERY_NS: i64 = 10_000_000_000;
/// How long it is waited for space before it is looked what can be freed.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// What the disk of the data directory has free, as far as it was looked at.
#[derive(Debug)]
pub struct Space {
    disk: Arc<dyn Disk>,
    now: i64,
    /// Bytes that must stay free.
    reserved: u64,
    /// Bytes free when it was looked last, and when.
    free: u64,
    looked: Option<i64>,
    /// Bytes taken in since then.
    came: u64,
    /// The part of them that is not written yet.
    pending: u64,
    is_low: bool,
    complained: Option<i64>,
    /// When it was last tried to free some.
    tidied: Option<i64>,
    /// That was not told to those who listen yet.
    is_untold: bool,
}

impl Space {
    /// Nothing was looked at yet.
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>) -> Self {
        Self {
            disk,
            now: 0,
            reserved: 0,
            free: 0,
            looked: None,
            came: 0,
            pending: 0,
            is_low: false,
            complained: None,
            tidied: None,
            is_untold: false,
        }
    }

    /// A turn begins at `now`, in nanoseconds since 1970; so many bytes are to stay free.
    pub fn begin(&mut self, now: i64, reserved: u64) {
        self.now = now;
        self.reserved = reserved.saturating_add(SLACK);
    }

    /// A message of `size` bytes came; false if there is no room for it.
    pub fn admit(&mut self, size: usize) -> bool {
        let size = u64::try_from(size).unwrap_or(u64::MAX).saturating_add(OVERHEAD);
        let age = self.looked.map_or(i64::MAX, |then| self.now.saturating_sub(then));
        let surplus = self.free.saturating_sub(self.reserved);
        let is_near = self.came.saturating_add(size) > surplus / 2;
        if !(0..LOOK_EVERY_NS).contains(&age) || (is_near && self.came > self.pending) {
            self.look();
        }
        let needed = self.reserved.saturating_add(self.came).saturating_add(size);
        self.is_low = needed > self.free;
        if !self.is_low {
            self.came += size;
            self.pending += size;
        }
        !self.is_low
    }

    /// Looks at the disk. Where the system does not tell, there is room.
    fn look(&mut self) {
        self.free = self.disk.free_space().unwrap_or(u64::MAX);
        self.looked = Some(self.now);
        self.came = self.pending;
    }

    /// What was taken in is written.
    pub fn settled(&mut self) {
        self.pending = 0;
    }

    /// The last message was refused, or a write found no space.
    #[must_use]
    pub fn is_low(&self) -> bool {
        self.is_low
    }

    /// A write found no space, whatever was counted.
    pub fn ran_out(&mut self) {
        self.is_low = true;
        self.looked = None;
    }

    /// Something was freed: it is looked again when the next message comes.
    pub fn freed(&mut self) {
        self.looked = None;
    }

    /// It was not tried for a while to free space, though there is too little.
    #[must_use]
    pub fn may_tidy(&self) -> bool {
        let patience = i64::try_from(PATIENCE.as_nanos()).unwrap_or(i64::MAX);
        let lately = |then: i64| (0..patience).contains(&self.now.saturating_sub(then));
        self.is_low && !self.tidied.is_some_and(lately)
    }

    /// It is tried to free space now.
    pub fn tidies(&mut self) {
        self.tidied = Some(self.now);
    }

    /// Says that messages are refused, at times.
    pub fn complain(&mut self) {
        let now = self.now;
        let silent = |then: i64| now.saturating_sub(then) < COMPLAINT_EVERY_NS;
        if !self.complained.is_some_and(silent) {
            self.complained = Some(now);
            self.is_untold = true;
            log::error!(
                "JetStream is out of disk space: {} bytes are free, {} are kept for the log and a \
                 checkpoint; messages are refused until there is more",
                self.free,
                self.reserved
            );
        }
    }

    /// It was said that messages are refused since this was asked last.
    pub fn take_untold(&mut self) -> bool {
        std::mem::take(&mut self.is_untold)
    }
}

impl Shard {
    /// A checkpoint may have freed space.
    pub(super) fn freed_space(&mut self) {
        self.space.freed();
    }

    /// There is too little space, a checkpoint would free some, and none tried that of late.
    pub(super) fn could_free_space(&self) -> bool {
        let frees = |held: &Held| match &held.store {
            Store::File(payloads) => !held.is_offline() && payloads.has_reclaimable(),
            Store::Memory(_) => false,
        };
        self.space.may_tidy() && self.journal.may_checkpoint() && self.streams.iter().any(frees)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anabranch_log::disk::{OpenMode, SimDisk};

    fn space(capacity: u64) -> (SimDisk, Space) {
        let disk = SimDisk::new(1);
        disk.set_capacity(capacity);
        let mut space = Space::new(Arc::new(disk.clone()));
        space.begin(0, 1000);
        (disk, space)
    }

    #[test]
    fn messages_are_refused_from_where_the_reserve_begins() {
        let (_, mut space) = space(SLACK + 3000);
        let taken = (0..40).take_while(|_| space.admit(36)).count();
        assert_eq!(taken, 20);
        assert!(space.is_low() && !space.admit(0));
    }

    #[test]
    fn freed_space_is_seen_without_being_told() {
        let (disk, mut space) = space(SLACK + 1000);
        assert!(!space.admit(1));
        disk.set_capacity(SLACK + 2000);
        space.begin(LOOK_EVERY_NS, 1000);
        assert!(space.admit(1));
        assert!(!space.is_low());
    }

    #[test]
    fn it_is_tried_at_times_only_to_free_space() {
        let (_, mut space) = space(SLACK);
        assert!(!space.may_tidy(), "nothing lacks");
        space.ran_out();
        assert!(space.may_tidy());
        space.tidies();
        assert!(!space.may_tidy());
        space.begin(999_999_999, 1000);
        assert!(!space.may_tidy());
        space.begin(1_000_000_000, 1000);
        assert!(space.may_tidy());
    }

    #[test]
    fn what_others_write_is_seen() {
        let (disk, mut space) = space(SLACK + 5000);
        assert!(space.admit(1));
        space.settled();
        let file: Box<_> = Disk::open(&disk, "other", OpenMode::Create).unwrap();
        file.write_zeros(0, 4000).unwrap();
        space.begin(LOOK_EVERY_NS, 1000);
        assert!(!space.admit(1));
    }
}
