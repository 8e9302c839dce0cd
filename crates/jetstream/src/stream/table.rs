//! A hash table that grows in small steps: with a million items none of its steps takes long.
//!
//! Linear hashing: there are `n` tables, and when they are full on average one more is added, to
//! which about half of the items of one other move.

use hashbrown::HashTable;

/// Items that a table has on average, at most.
const LOAD: usize = 512;
/// The bits of a hash from here on say which table it is: those below are hashbrown's.
const TABLE_BITS: u32 = 24;

/// Items by hash. Equality and hashes are the caller's.
#[derive(Debug, Clone)]
pub struct Table<T> {
    tables: Vec<HashTable<T>>,
    len: usize,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { tables: Vec::new(), len: 0 }
    }
}

impl<T: Copy> Table<T> {
    /// No items yet, and tables for so many: none has to grow on the way there.
    #[must_use]
    pub fn for_items(count: usize) -> Self {
        let tables = std::iter::repeat_with(HashTable::new).take(count.div_ceil(LOAD));
        Self { tables: tables.collect(), len: 0 }
    }

    /// How many items there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// The item of this hash that `is_it`.
    #[must_use]
    pub fn find(&self, hash: u64, is_it: impl FnMut(&T) -> bool) -> Option<T> {
        self.tables.get(place(hash, self.tables.len()))?.find(hash, is_it).copied()
    }

    /// Most probably the item of this hash, if there is one.
    #[must_use]
    pub fn likely(&self, hash: u64) -> Option<T> {
        self.find(hash, |_| true)
    }

    /// Adds an item that is not there.
    pub fn insert(&mut self, hash: u64, item: T, hash_of: impl Fn(&T) -> u64) {
        if self.len >= self.tables.len() * LOAD {
            self.split(&hash_of);
        }
        let at = place(hash, self.tables.len());
        let table = &mut self.tables[at];
        if table.capacity() == 0 {
            table.reserve(LOAD, &hash_of);
        }
        table.insert_unique(hash, item, hash_of);
        self.len += 1;
    }

    /// Takes the item of this hash out that `is_it`.
    pub fn remove(&mut self, hash: u64, is_it: impl FnMut(&T) -> bool) -> Option<T> {
        let at = place(hash, self.tables.len());
        let table = self.tables.get_mut(at)?;
        let (item, _) = table.find_entry(hash, is_it).ok()?.remove();
        self.len -= 1;
        Some(item)
    }

    fn split(&mut self, hash_of: &impl Fn(&T) -> u64) {
        let count = self.tables.len();
        let mut added = HashTable::new();
        if count > 0 {
            let from = count - (1 << count.ilog2());
            let goes = |item: &mut T| place(hash_of(item), count + 1) == count;
            for item in self.tables[from].extract_if(goes) {
                added.insert_unique(hash_of(&item), item, hash_of);
            }
            self.tables[from].shrink_to(0, hash_of);
        }
        self.tables.push(added);
    }
}

/// The table of a hash when there are `count`.
fn place(hash: u64, count: usize) -> usize {
    if count < 2 {
        return 0;
    }
    let bits = usize::try_from(hash >> TABLE_BITS).unwrap_or_default();
    let half = 1 << (count - 1).ilog2();
    let place = bits & (half * 2 - 1);
    if place < count { place } else { place & (half - 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(item: &u64) -> u64 {
        let mixed = item.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed ^ (mixed >> 32)
    }

    #[test]
    fn finds_what_is_there_however_it_grew() {
        let mut table = Table::default();
        for item in 0..50_000 {
            table.insert(hash(&item), item, hash);
        }
        finds_what_is_there(table);
    }

    #[test]
    fn finds_what_is_there_in_tables_made_for_it() {
        let mut table = Table::for_items(45_000);
        for item in 0..50_000 {
            table.insert(hash(&item), item, hash);
        }
        finds_what_is_there(table);
    }

    fn finds_what_is_there(mut table: Table<u64>) {
        assert!((90..110).contains(&table.tables.len()));
        for item in (0..50_000).step_by(3) {
            assert_eq!(table.remove(hash(&item), |&held| held == item), Some(item));
        }
        for item in 0..60_000 {
            let expected = (item < 50_000 && item % 3 > 0).then_some(item);
            assert_eq!(table.find(hash(&item), |&held| held == item), expected);
        }
        assert_eq!(table.len(), 33_333);
    }
}
