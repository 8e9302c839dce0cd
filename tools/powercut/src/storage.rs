//! The storage and its switch.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fuser::Errno;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::contents::{File, PAGE};
use crate::tree::{Kind, PAGES_MAX, Tree};

/// What a sync makes durable besides the file or directory that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// Nothing: a name needs a sync of its directory, as POSIX has it.
    OwnSync,
    /// All names there are, as the journals of ext4 and XFS happen to do.
    AnySync,
}

/// What a power cut leaves of what was not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Nothing.
    Nothing,
    /// Chance decides for each sector, length and name; before that, it writes back single pages
    /// at any time.
    Some,
}

/// When the power goes, and what is left.
pub struct Cut {
    /// So many changes and syncs are done before; the one after them is not.
    pub after: u64,
    /// What is left of what was not synced.
    pub keep: Keep,
    /// Called at that moment, before any program hears of it.
    pub then: Box<dyn FnOnce() + Send>,
}

impl fmt::Debug for Cut {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { after, keep, .. } = self;
        to.debug_struct("Cut").field("after", after).field("keep", keep).finish_non_exhaustive()
    }
}

/// What programs did since the storage was made.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Writes to files.
    pub writes: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Files synced.
    pub file_syncs: u64,
    /// Directories synced.
    pub directory_syncs: u64,
    /// Names and lengths changed.
    pub names: u64,
}

/// Files in memory, of 1 GiB at most. Clones are the same storage.
#[derive(Debug, Clone)]
pub struct Storage {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    tree: Tree,
    names: Names,
    chance: StdRng,
    plan: Option<Cut>,
    off: bool,
    counts: Counts,
}

impl Storage {
    /// Empty storage, under power. All chance comes from `seed`.
    #[must_use]
    pub fn new(names: Names, seed: u64) -> Self {
        let chance = StdRng::seed_from_u64(seed);
        let counts = Counts::default();
        let state = State { tree: Tree::new(), names, chance, plan: None, off: false, counts };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// The power will be cut like that.
    pub fn plan(&self, cut: Cut) {
        self.state().plan = Some(cut);
    }

    /// Whether the power is cut: every request is answered with EIO.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.state().off
    }

    /// Cuts the power now, and nothing is left of what was not synced.
    pub fn cut(&self) {
        self.state().cut(Keep::Nothing);
    }

    /// Makes everything durable, as if long enough had passed.
    pub fn settle(&self) {
        self.state().tree.sync_all();
    }

    /// The power is back. To be called when it is not mounted: the kernel caches names.
    pub fn restore(&self) {
        self.state().off = false;
    }

    /// What programs did.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.state().counts
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs what only looks.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Tree) -> Result<T, Errno>) -> Result<T, Errno> {
        let state = self.state();
        if state.off { Err(Errno::EIO) } else { look(&state.tree) }
    }

    /// Somebody opens a file.
    pub(crate) fn open(&self, number: u64) -> Result<(), Errno> {
        let mut state = self.state();
        if state.off { Err(Errno::EIO) } else { state.tree.open(number) }
    }

    /// Somebody closed it.
    pub(crate) fn close(&self, number: u64) {
        self.state().tree.close(number);
    }

    /// Changes names or lengths.
    pub(crate) fn rearrange<T>(
        &self,
        change: impl FnOnce(&mut Tree) -> Result<T, Errno>,
    ) -> Result<T, Errno> {
        let mut state = self.state();
        if state.off {
            return Err(Errno::EIO);
        }
        state.counts.names += 1;
        let changed = change(&mut state.tree)?;
        state.step()?;
        Ok(changed)
    }

    /// Writes to a file; `synced` as if a sync followed.
    pub(crate) fn write(
        &self,
        number: u64,
        offset: u64,
        bytes: &[u8],
        synced: bool,
    ) -> Result<(), Errno> {
        let mut state = self.state();
        if state.off {
            return Err(Errno::EIO);
        }
        state.counts.writes += 1;
        state.counts.bytes += u64::try_from(bytes.len()).unwrap_or(0);
        state.tree.change(number, |file| file.write(offset, bytes))?;
        state.write_back(number)?;
        state.step()?;
        drop(state);
        if synced { self.sync(number) } else { Ok(()) }
    }

    /// Makes a file durable.
    pub(crate) fn sync(&self, number: u64) -> Result<(), Errno> {
        let mut state = self.state();
        state.step()?;
        state.counts.file_syncs += 1;
        state.tree.change(number, File::sync)?;
        if state.names == Names::AnySync {
            state.tree.sync_names();
        }
        Ok(())
    }

    /// Makes the names in a directory durable.
    pub(crate) fn sync_dir(&self, number: u64) -> Result<(), Errno> {
        let mut state = self.state();
        state.step()?;
        state.counts.directory_syncs += 1;
        match state.names {
            Names::OwnSync => state.tree.sync_dir(number),
            Names::AnySync => {
                state.tree.sync_names();
                Ok(())
            }
        }
    }

    /// Pages of all, and free ones.
    pub(crate) fn space(&self) -> (u64, u64, u64) {
        let pages = |count| u64::try_from(count).unwrap_or(0);
        (PAGE, pages(PAGES_MAX), pages(self.state().tree.pages_free()))
    }

    /// Makes an empty file or directory.
    pub(crate) fn make(&self, parent: u64, name: &OsStr, kind: Kind) -> Result<u64, Errno> {
        self.rearrange(|tree| tree.make(parent, name, kind))
    }

    /// Names in a directory with their nodes and what these are.
    pub(crate) fn list(&self, directory: u64) -> Result<Vec<(OsString, u64, Kind)>, Errno> {
        self.look(|tree| {
            let names = tree.list(directory)?.into_iter();
            names.map(|(name, node)| Ok((name, node, tree.kind(node)?))).collect()
        })
    }
}

impl State {
    /// One change or sync is about to be done, unless the power goes before.
    fn step(&mut self) -> Result<(), Errno> {
        if self.off {
            return Err(Errno::EIO);
        }
        let Some(plan) = &mut self.plan else { return Ok(()) };
        if plan.after > 0 {
            plan.after -= 1;
            return Ok(());
        }
        if let Some(plan) = self.plan.take() {
            self.cut(plan.keep);
            (plan.then)();
        }
        Err(Errno::EIO)
    }

    fn cut(&mut self, keep: Keep) {
        if keep == Keep::Some {
            // How much the device had still taken differs from cut to cut.
            let share = f64::from(self.chance.random_range(0..=4_u8)) / 4.0;
            let chance = &mut self.chance;
            self.tree.settle_some(|| chance.random_bool(share));
        }
        self.tree.lose();
        self.off = true;
    }

    fn write_back(&mut self, number: u64) -> Result<(), Errno> {
        let some = self.plan.as_ref().is_some_and(|plan| plan.keep == Keep::Some);
        if !some || !self.chance.random_ratio(1, 8) {
            return Ok(());
        }
        let chance = &mut self.chance;
        self.tree.change(number, |file| file.write_back(|count| chance.random_range(0..count)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::ROOT;
    use std::sync::atomic::{AtomicBool, Ordering};

    fn storage(names: Names) -> (Storage, u64) {
        let storage = Storage::new(names, 1);
        let number = storage.make(ROOT, "a".as_ref(), Kind::File(0)).unwrap();
        (storage, number)
    }

    #[test]
    fn the_power_goes_at_the_planned_step_and_comes_back() {
        let (storage, number) = storage(Names::OwnSync);
        storage.sync_dir(ROOT).unwrap();
        let told = Arc::new(AtomicBool::new(false));
        let tell = Arc::clone(&told);
        let then = Box::new(move || tell.store(true, Ordering::Relaxed));
        storage.plan(Cut { after: 2, keep: Keep::Nothing, then });
        storage.write(number, 0, b"one", false).unwrap();
        storage.sync(number).unwrap();
        assert_eq!(storage.write(number, 0, b"two", false), Err(Errno::EIO));
        assert!(storage.is_off() && told.load(Ordering::Relaxed));
        assert_eq!(storage.sync(number), Err(Errno::EIO));
        storage.restore();
        assert_eq!(storage.look(|tree| Ok(tree.file(number)?.read(0, 9))), Ok(b"one".to_vec()));
        let counts = storage.counts();
        assert_eq!((counts.writes, counts.file_syncs, counts.directory_syncs), (2, 1, 1));
    }

    #[test]
    fn a_journal_makes_names_durable_with_any_sync() {
        let (storage, number) = storage(Names::AnySync);
        storage.write(number, 0, b"one", true).unwrap();
        storage.cut();
        storage.restore();
        assert_eq!(storage.list(ROOT).unwrap(), [("a".into(), number, Kind::File(3))]);
    }
}
