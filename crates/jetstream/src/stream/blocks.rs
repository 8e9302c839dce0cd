//! A sorted list in blocks, so that one of millions is put in or taken out in little time, and a
//! copy of the whole shares its blocks.

use std::cmp::Ordering;
use std::sync::Arc;

/// Items of a block at most.
const BLOCK_MAX: usize = 1024;
/// Two neighbours with no more than this together become one.
const MERGE_BELOW: usize = 512;

/// Items that are approached at once: as many as a processor waits for at the same time.
pub const NEAR: usize = 16;

/// Items in an order that the caller defines, the same each time. No block is empty.
#[derive(Debug, Clone)]
pub struct Blocks<T> {
    blocks: Vec<Arc<Vec<T>>>,
    len: usize,
    /// The block that was changed last: neighbours often follow each other.
    hint: usize,
}

impl<T> Default for Blocks<T> {
    fn default() -> Self {
        Self { blocks: Vec::new(), len: 0, hint: 0 }
    }
}

impl<T: Copy> Blocks<T> {
    /// Of items that are in order.
    #[must_use]
    pub fn from_sorted(items: impl Iterator<Item = T>) -> Self {
        let mut blocks = Self::default();
        for item in items {
            blocks.push(item);
        }
        blocks
    }

    /// How many items there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// The first item.
    #[must_use]
    pub fn first(&self) -> Option<T> {
        self.blocks.first().and_then(|block| block.first()).copied()
    }

    /// Adds an item behind all others.
    pub fn push(&mut self, item: T) {
        match self.blocks.last_mut() {
            Some(last) if last.len() < BLOCK_MAX => Arc::make_mut(last).push(item),
            _ => self.blocks.push(Arc::new(vec![item])),
        }
        self.len += 1;
    }

    /// Puts an item in. `order` says where another stands to it: before is [`Ordering::Less`].
    pub fn insert(&mut self, item: T, order: impl Fn(&T) -> Ordering) {
        let is_before = |other: &T| order(other) == Ordering::Less;
        let at = self.block_of(&is_before);
        self.hint = at;
        self.len += 1;
        let count = self.blocks.len();
        let Some(block) = self.blocks.get_mut(at) else {
            self.blocks.push(Arc::new(vec![item]));
            return;
        };
        let within = block.partition_point(is_before);
        let block = Arc::make_mut(block);
        if block.len() < BLOCK_MAX {
            block.insert(within, item);
            return;
        }
        // What comes in order leaves full blocks behind.
        if at + 1 == count && within == block.len() {
            self.blocks.push(Arc::new(vec![item]));
            return;
        }
        let mut upper = block.split_off(BLOCK_MAX / 2);
        match within.checked_sub(BLOCK_MAX / 2) {
            Some(within) => upper.insert(within, item),
            None => block.insert(within, item),
        }
        self.blocks.insert(at + 1, Arc::new(upper));
    }

    /// Takes the item out that is [`Ordering::Equal`]; whether there was one.
    pub fn remove(&mut self, order: impl Fn(&T) -> Ordering) -> bool {
        let at = self.block_of(&|other: &T| order(other) == Ordering::Less);
        self.hint = at;
        let Some(block) = self.blocks.get_mut(at) else { return false };
        let Ok(within) = block.binary_search_by(&order) else { return false };
        Arc::make_mut(block).remove(within);
        self.len -= 1;
        self.tidy(at);
        true
    }

    /// Joins a block with the next one when both have few items.
    fn tidy(&mut self, at: usize) {
        let here = self.blocks.get(at).map_or(0, |block| block.len());
        if here == 0 {
            self.blocks.remove(at);
            return;
        }
        let next = self.blocks.get(at + 1).map(|next| next.len());
        if next.is_some_and(|next| here + next <= MERGE_BELOW) {
            let next = self.blocks.remove(at + 1);
            Arc::make_mut(&mut self.blocks[at]).extend_from_slice(&next);
        }
    }

    /// The item that is [`Ordering::Equal`].
    #[must_use]
    pub fn find(&self, order: impl Fn(&T) -> Ordering) -> Option<T> {
        let at = self.search(&|other: &T| order(other) == Ordering::Less);
        let block = self.blocks.get(at)?;
        let within = block.binary_search_by(&order).ok()?;
        block.get(within).copied()
    }

    /// Items from the first on that is not before, in order.
    pub fn from(&self, is_before: impl Fn(&T) -> bool) -> impl Iterator<Item = T> {
        let at = self.search(&is_before);
        let within = self.blocks.get(at).map_or(0, |block| block.partition_point(&is_before));
        let rest = self.blocks.get(at..).unwrap_or_default().iter();
        rest.enumerate().flat_map(move |(nth, block)| {
            block.get(if nth == 0 { within } else { 0 }..).unwrap_or_default().iter().copied()
        })
    }

    /// All items in order.
    pub fn iter(&self) -> impl Iterator<Item = T> {
        self.blocks.iter().flat_map(|block| block.iter().copied())
    }

    /// Takes items out from the front, at most `count`, as long as they are wanted.
    pub fn take_first(&mut self, count: usize, is_wanted: impl Fn(&T) -> bool) -> Vec<T> {
        let mut taken = Vec::new();
        while let Some(first) = self.blocks.first_mut() {
            let within = first.iter().take(count - taken.len()).take_while(|item| is_wanted(item));
            let within = within.count();
            if within < first.len() {
                if within > 0 {
                    taken.extend(Arc::make_mut(first).drain(..within));
                }
                break;
            }
            taken.extend_from_slice(first);
            self.blocks.remove(0);
        }
        self.len -= taken.len();
        taken
    }

    /// [`Self::search`], with a look at the place of the last change first.
    fn block_of(&self, is_before: &impl Fn(&T) -> bool) -> usize {
        let ends_before = |block: Option<&Arc<Vec<T>>>| {
            block.and_then(|block| block.last()).is_some_and(is_before)
        };
        let at = self.hint;
        let is_here = at < self.blocks.len()
            && !ends_before(self.blocks.get(at))
            && (at == 0 || ends_before(self.blocks.get(at - 1)));
        if is_here { at } else { self.search(is_before) }
    }

    /// Goes the ways to the places of up to [`NEAR`] items, step by step for all of them, so that
    /// what lies on the way is near afterwards. `touch` looks at an item; `is_before` says whether
    /// one is before the `n`th of them.
    pub fn approach(&self, count: usize, touch: impl Fn(T), is_before: impl Fn(usize, T) -> bool) {
        let count = count.min(NEAR);
        let mut ways = [(0, self.blocks.len()); NEAR];
        let last_of = |_, at: usize| self.blocks.get(at).and_then(|block| block.last()).copied();
        narrow(&mut ways[..count], last_of, &touch, &is_before);
        let blocks = ways.map(|(at, _)| self.blocks.get(at));
        let mut ways = blocks.map(|block| (0, block.map_or(0, |block| block.len())));
        let item = |nth: usize, at: usize| blocks[nth].and_then(|block| block.get(at)).copied();
        narrow(&mut ways[..count], item, &touch, &is_before);
    }

    /// The first block whose last item is not before; the last block if there is none.
    fn search(&self, is_before: &impl Fn(&T) -> bool) -> usize {
        let found = self.blocks.partition_point(|block| block.last().is_some_and(is_before));
        found.min(self.blocks.len().saturating_sub(1))
    }
}

/// Halves ranges until each is where the first item is that is not before.
fn narrow<T: Copy>(
    ways: &mut [(usize, usize)],
    item: impl Fn(usize, usize) -> Option<T>,
    touch: &impl Fn(T),
    is_before: &impl Fn(usize, T) -> bool,
) {
    while ways.iter().any(|(low, high)| low < high) {
        let mut items = [None; NEAR];
        for (nth, (held, &(low, high))) in items.iter_mut().zip(&*ways).enumerate() {
            *held = if low < high { item(nth, low.midpoint(high)) } else { None };
        }
        items.iter().flatten().for_each(|&item| touch(item));
        for (nth, ((low, high), item)) in ways.iter_mut().zip(items).enumerate() {
            let Some(item) = item else { continue };
            let middle = low.midpoint(*high);
            if is_before(nth, item) {
                *low = middle + 1;
            } else {
                *high = middle;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_stay_in_order_whatever_comes_and_goes() {
        let mut blocks = Blocks::default();
        let mut expected = std::collections::BTreeSet::new();
        let mut value = 1u32;
        for step in 0..20_000u32 {
            value = value.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let item = if step % 3 == 0 { step } else { value >> 16 };
            if expected.insert(item) {
                blocks.insert(item, |other| other.cmp(&item));
            }
            let gone = value >> 18;
            assert_eq!(expected.remove(&gone), blocks.remove(|other| other.cmp(&gone)));
        }
        let before = blocks.clone();
        assert!(blocks.iter().eq(expected.iter().copied()));
        assert!(blocks.from(|&item| item < 7000).eq(expected.range(7000..).copied()));
        assert_eq!(blocks.find(|other| other.cmp(&u32::MAX)), None);
        while let Some(first) = blocks.first() {
            assert_eq!(blocks.find(|other| other.cmp(&first)), Some(first));
            let taken = blocks.take_first(700, |&item| item < first + 3_000);
            assert!(taken.len() <= 700);
            assert!(taken.into_iter().all(|item| expected.pop_first() == Some(item)));
        }
        assert_eq!((blocks.len(), expected.len()), (0, 0));
        assert!(before.len() > 5000);
    }
}
