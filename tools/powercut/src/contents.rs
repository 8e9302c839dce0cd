//! The bytes of one file: as programs see them, and as they would be after a power cut.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Bytes that are written and kept together at most, as in a page cache.
pub const PAGE: u64 = 4096;
/// Bytes that a device writes whole or not at all.
const SECTOR: usize = 512;
const PAGE_LEN: usize = 4096;

type Page = [u8; PAGE_LEN];

/// Sparse bytes: a page that is not there is zero.
#[derive(Debug, Clone, Default)]
struct Contents {
    pages: BTreeMap<u64, Arc<Page>>,
    length: u64,
}

impl Contents {
    fn put(&mut self, number: u64, page: Arc<Page>) {
        if page.iter().all(|&byte| byte == 0) {
            self.pages.remove(&number);
        } else {
            self.pages.insert(number, page);
        }
    }

    fn page(&self, number: u64) -> Page {
        self.pages.get(&number).map_or([0; PAGE_LEN], |page| **page)
    }

    /// Makes everything from `length` on zero; says which pages changed.
    fn cut(&mut self, length: u64) -> Vec<u64> {
        let mut changed = Vec::new();
        if !length.is_multiple_of(PAGE) {
            let number = length / PAGE;
            let mut page = self.page(number);
            page[within(length)..].fill(0);
            self.put(number, Arc::new(page));
            changed.push(number);
        }
        let gone = self.pages.split_off(&length.div_ceil(PAGE));
        changed.extend(gone.into_keys());
        changed
    }
}

/// A file now, and what is left of it without power.
#[derive(Debug, Default)]
pub struct File {
    now: Contents,
    durable: Contents,
    /// Pages that may differ between the two.
    dirty: BTreeSet<u64>,
}

impl File {
    /// Its length in bytes.
    pub fn length(&self) -> u64 {
        self.now.length
    }

    /// Pages that take memory.
    pub fn pages(&self) -> usize {
        self.now.pages.len()
    }

    /// Up to `size` bytes from `offset` on.
    pub fn read(&self, offset: u64, size: u64) -> Vec<u8> {
        let end = offset.saturating_add(size).min(self.now.length);
        let mut bytes = Vec::new();
        let mut at = offset;
        while at < end {
            let stop = end.min((at / PAGE + 1) * PAGE);
            let range = within(at)..within(at) + short(stop - at);
            match self.now.pages.get(&(at / PAGE)) {
                Some(page) => bytes.extend_from_slice(&page[range]),
                None => bytes.resize(bytes.len() + range.len(), 0),
            }
            at = stop;
        }
        bytes
    }

    /// Puts `bytes` at `offset`; volatile until [`File::sync`].
    pub fn write(&mut self, offset: u64, bytes: &[u8]) {
        let mut at = offset;
        let mut rest = bytes;
        while !rest.is_empty() {
            let number = at / PAGE;
            let count = rest.len().min(PAGE_LEN - within(at));
            let mut page = self.now.page(number);
            page[within(at)..within(at) + count].copy_from_slice(&rest[..count]);
            self.now.put(number, Arc::new(page));
            self.dirty.insert(number);
            rest = &rest[count..];
            at += u64::try_from(count).unwrap_or(PAGE);
        }
        self.now.length = self.now.length.max(at);
    }

    /// Cuts it off or extends it; volatile until [`File::sync`].
    pub fn set_length(&mut self, length: u64) {
        if length < self.now.length {
            let changed = self.now.cut(length);
            self.dirty.extend(changed);
        }
        self.now.length = length;
    }

    /// Makes it durable.
    pub fn sync(&mut self) {
        for number in std::mem::take(&mut self.dirty) {
            self.settle(number, |_| true);
        }
        self.durable.length = self.now.length;
    }

    /// A volatile page becomes durable out of turn, as when memory is short.
    pub fn write_back(&mut self, choose: impl FnOnce(usize) -> usize) {
        let Some(&number) = self.dirty.iter().nth(choose(self.dirty.len().max(1))) else { return };
        self.dirty.remove(&number);
        self.settle(number, |_| true);
        let end = self.now.length.min((number + 1) * PAGE);
        self.durable.length = self.durable.length.max(end);
    }

    /// Some of what is volatile becomes durable: the sectors that `keep` says.
    pub fn settle_some(&mut self, mut keep: impl FnMut() -> bool) {
        for number in std::mem::take(&mut self.dirty) {
            self.settle(number, |_| keep());
        }
        if keep() {
            self.durable.length = self.now.length;
        }
    }

    /// What is volatile is gone.
    pub fn lose(&mut self) {
        let length = self.durable.length;
        self.durable.cut(length);
        self.now = self.durable.clone();
        self.dirty.clear();
    }

    fn settle(&mut self, number: u64, mut keep: impl FnMut(usize) -> bool) {
        let now = self.now.page(number);
        let mut page = self.durable.page(number);
        for (index, sector) in page.chunks_exact_mut(SECTOR).enumerate() {
            if keep(index) {
                let start = index * SECTOR;
                sector.copy_from_slice(&now[start..start + SECTOR]);
            }
        }
        self.durable.put(number, Arc::new(page));
    }
}

fn within(offset: u64) -> usize {
    short(offset % PAGE)
}

fn short(count: u64) -> usize {
    usize::try_from(count).expect("no more than a page")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(file: &File) -> Vec<u8> {
        file.read(0, u64::MAX)
    }

    #[test]
    fn what_was_not_synced_is_lost() {
        let mut file = File::default();
        file.write(4090, b"0123456789");
        file.sync();
        file.write(4094, b"xxxx");
        file.write(9000, b"more");
        assert_eq!(&all(&file)[4090..4100], b"0123xxxx89");
        file.lose();
        assert_eq!(file.length(), 4100);
        assert_eq!(&all(&file)[4090..], b"0123456789");
    }

    #[test]
    fn a_cut_length_is_volatile_too_and_leaves_zeros() {
        let mut file = File::default();
        file.write(0, &[7; 10_000]);
        file.sync();
        file.set_length(5000);
        file.set_length(10_000);
        assert!(all(&file)[5000..].iter().all(|&byte| byte == 0));
        file.lose();
        assert_eq!(all(&file), [7; 10_000]);
        file.set_length(5000);
        file.sync();
        file.set_length(10_000);
        file.sync();
        file.lose();
        assert!(all(&file)[..5000].iter().all(|&byte| byte == 7));
        assert!(all(&file)[5000..].iter().all(|&byte| byte == 0));
    }

    #[test]
    fn some_sectors_may_be_kept() {
        let mut file = File::default();
        file.write(0, &[1; 4096]);
        file.sync();
        file.write(0, &[2; 4096]);
        let mut turn = 0;
        file.settle_some(|| {
            turn += 1;
            turn % 2 == 0
        });
        file.lose();
        let bytes = all(&file);
        assert!(bytes[..512].iter().all(|&byte| byte == 1));
        assert!(bytes[512..1024].iter().all(|&byte| byte == 2));
    }

    #[test]
    fn a_page_may_be_written_back_before_others() {
        let mut file = File::default();
        file.write(0, &[1; 8192]);
        file.write_back(|_| 1);
        file.lose();
        assert_eq!(file.length(), 8192);
        assert!(all(&file)[..4096].iter().all(|&byte| byte == 0));
        assert!(all(&file)[4096..].iter().all(|&byte| byte == 1));
    }
}
