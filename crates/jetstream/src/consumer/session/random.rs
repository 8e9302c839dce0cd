//! Numbers that need not be good, only different, from a seed.

/// SplitMix64 (Steele, Lea, Flood 2014).
pub(super) struct Random(u64);

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is above zero.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    /// `count` digits and letters.
    pub(super) fn letters(&mut self, count: usize) -> String {
        let letter = |index: u64| {
            usize::try_from(index).ok().and_then(|index| BASE62.get(index)).copied().unwrap_or(b'0')
        };
        (0..count).map(|_| char::from(letter(self.below(62)))).collect()
    }
}
