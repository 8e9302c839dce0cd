//! Seeded mutations of byte strings: the same seed gives the same inputs on every machine.

/// Longest input that mutations produce.
const LENGTH_MAX: usize = 4096;

/// Produces inputs from a corpus.
#[derive(Debug)]
pub struct Mutator<'a> {
    corpus: &'a [&'a [u8]],
    dictionary: &'a [&'a [u8]],
    state: u64,
}

impl<'a> Mutator<'a> {
    /// A mutator of `corpus`, which must not be empty, that inserts words of `dictionary`.
    #[must_use]
    pub fn new(corpus: &'a [&'a [u8]], dictionary: &'a [&'a [u8]], seed: u64) -> Self {
        assert!(!corpus.is_empty(), "mutations need something to begin with");
        Self { corpus, dictionary, state: seed }
    }

    /// The next input: an entry of the corpus after one to eight changes.
    pub fn next_input(&mut self) -> Vec<u8> {
        let mut input = self.pick(self.corpus).to_vec();
        for _ in 0..=self.below(8) {
            self.change(&mut input);
        }
        input.truncate(LENGTH_MAX);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.below(input.len() + 1);
        let end = at + self.below(input.len() + 1 - at);
        match self.below(8) {
            0 => input.truncate(at),
            1 => drop(input.drain(at..end)),
            2 => input.insert(at, self.byte()),
            3 => {
                let copy = input[at..end].to_vec();
                input.splice(at..at, copy);
            }
            4 => {
                let other = self.pick(self.corpus);
                let from = self.below(other.len() + 1);
                input.splice(at..end, other[from..].iter().copied());
            }
            5 | 6 if !self.dictionary.is_empty() => {
                let word = self.pick(self.dictionary);
                input.splice(at..at, word.iter().copied());
            }
            _ => {
                let byte = self.byte();
                if let Some(place) = input.get_mut(at) {
                    *place = byte;
                }
            }
        }
    }

    fn pick(&mut self, from: &'a [&'a [u8]]) -> &'a [u8] {
        from[self.below(from.len())]
    }

    fn byte(&mut self) -> u8 {
        self.random().to_le_bytes()[0]
    }

    /// A number below `bound`, which is not 0.
    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX);
        usize::try_from(self.random() % bound).unwrap_or(0)
    }

    /// SplitMix64 (Steele, Lea, Flood 2014).
    fn random(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CORPUS: &[&[u8]] = &[b"PUB a 1\r\nx\r\n", b""];
    const WORDS: &[&[u8]] = &[b"\r\n"];

    #[test]
    fn the_same_seed_gives_the_same_inputs() {
        let inputs = |seed| {
            let mut mutator = Mutator::new(CORPUS, WORDS, seed);
            (0..100).map(|_| mutator.next_input()).collect::<Vec<_>>()
        };
        assert_eq!(inputs(1), inputs(1));
        assert_ne!(inputs(1), inputs(2));
    }

    #[test]
    fn inputs_stay_short() {
        let long = vec![b'a'; LENGTH_MAX];
        let corpus: &[&[u8]] = &[&long];
        let mut mutator = Mutator::new(corpus, &[], 7);
        assert!((0..500).all(|_| mutator.next_input().len() <= LENGTH_MAX));
    }
}
