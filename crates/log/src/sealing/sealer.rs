//! Seals and opens.
//!
//! Sealed bytes are: number of the data key, u32; the run, 16 bytes; a number within the run, u64;
//! as many bytes as were sealed; a tag of 16 bytes. The key of a run is HKDF-SHA256-Expand of the
//! data key over the directory and the run. A run has a random name and ends with the program, so
//! no number is used twice with a key, whatever happened to the directory between.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ring::aead::{Aad, LessSafeKey};

use super::cipher::{Cipher, TAG, nonce};
use super::keys::{DataKeys, Run};
use super::place::SealedPlace;
use crate::format::{Fields, FormatError};

/// Keys of earlier runs that are kept once they were needed.
const RUNS_MAX: usize = 32;

/// Seals and opens what one directory stores, from any thread.
pub struct Sealer {
    keys: DataKeys,
    /// The data key with which it seals.
    number: u32,
    cipher: Cipher,
    run: Run,
    key: LessSafeKey,
    /// The next number within the run.
    next: AtomicU64,
    /// Keys of earlier runs.
    runs: Mutex<Vec<(u32, Run, Arc<LessSafeKey>)>>,
    holds_plain: bool,
}

impl Sealer {
    /// Bytes before what was sealed.
    const HEAD: usize = 28;
    /// Bytes that sealing adds.
    pub const OVERHEAD: usize = Self::HEAD + TAG;

    /// Seals with the data key `number`; `run` is random and new.
    pub(super) fn new(keys: DataKeys, number: u32, run: Run, holds_plain: bool) -> Option<Self> {
        let (cipher, key) = keys.of_run(number, run)?;
        let (next, runs) = (AtomicU64::new(0), Mutex::default());
        Some(Self { keys, number, cipher, run, key, next, runs, holds_plain })
    }

    /// The cipher with which it seals.
    #[must_use]
    pub fn cipher(&self) -> Cipher {
        self.cipher
    }

    /// The directory had contents before it was sealed, which may still be there as they were.
    #[must_use]
    pub fn holds_plain(&self) -> bool {
        self.holds_plain
    }

    /// There may be something that is not sealed, or with an older key than its own.
    #[must_use]
    pub fn may_find_older(&self) -> bool {
        self.holds_plain || self.keys.keys.first().is_some_and(|first| first.number != self.number)
    }

    /// Whether sealed bytes were sealed with an older key than its own.
    #[must_use]
    pub fn is_older(&self, sealed: &[u8]) -> bool {
        let Ok(number) = Fields::new(sealed).u32() else { return false };
        let mut older = self.keys.keys.iter().take_while(|key| key.number != self.number);
        older.any(|key| key.number == number)
    }

    /// Whether what is not sealed may be read.
    ///
    /// # Errors
    /// [`FormatError::Plain`] where everything is sealed: somebody put it there.
    pub fn admit_plain(&self) -> Result<(), FormatError> {
        if self.holds_plain { Ok(()) } else { Err(FormatError::Plain) }
    }

    /// Appends to `into`, sealed, what `write` appends to it. What is there does not change.
    pub fn seal(&self, place: &SealedPlace, into: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        into.extend_from_slice(&self.number.to_le_bytes());
        into.extend_from_slice(&self.run.0);
        into.extend_from_slice(&number.to_le_bytes());
        let start = into.len();
        write(into);
        let place = Aad::from(place.bytes());
        let sealed = self.key.seal_in_place_separate_tag(nonce(number), place, &mut into[start..]);
        let tag = sealed.expect("what is sealed at once has far less than 64 GiB");
        into.extend_from_slice(tag.as_ref());
    }

    /// Opens what was sealed for `place`; gives what it is, within the same bytes.
    ///
    /// # Errors
    /// [`FormatError::DataKey`], [`FormatError::Short`], and [`FormatError::Seal`] if it was
    /// changed or belongs elsewhere.
    pub fn open<'a>(
        &self,
        place: &SealedPlace,
        sealed: &'a mut [u8],
    ) -> Result<&'a mut [u8], FormatError> {
        let mut fields = Fields::new(sealed);
        let (number, run, within) = (fields.u32()?, Run(fields.array()?), fields.u64()?);
        let (place, nonce) = (Aad::from(place.bytes()), nonce(within));
        let contents = &mut sealed[Self::HEAD..];
        let opened = if (number, run) == (self.number, self.run) {
            self.key.open_in_place(nonce, place, contents)
        } else {
            self.key_of(number, run)?.open_in_place(nonce, place, contents)
        };
        opened.map_err(|_| FormatError::Seal)
    }

    fn key_of(&self, number: u32, run: Run) -> Result<Arc<LessSafeKey>, FormatError> {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        let known = runs.iter().position(|(of, in_run, _)| (*of, *in_run) == (number, run));
        if let Some(known) = known {
            return Ok(Arc::clone(&runs[known].2));
        }
        let (_, key) = self.keys.of_run(number, run).ok_or(FormatError::DataKey(number))?;
        let key = Arc::new(key);
        if runs.len() == RUNS_MAX {
            runs.remove(0);
        }
        runs.push((number, run, Arc::clone(&key)));
        Ok(key)
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_struct("Sealer").field("cipher", &self.cipher).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{AccountId, BlobKey, DirectoryId, StreamId};
    use crate::sealing::keys::DataKey;

    fn keys(directory: u8) -> DataKeys {
        let key = |number, cipher| DataKey { number, cipher, made_ns: 0, secret: [9; 32] };
        let keys = vec![key(1, Cipher::ChaCha), key(2, Cipher::Aes)];
        DataKeys::new(DirectoryId([directory; 16]), keys)
    }

    fn sealer(number: u32, run: u8) -> Sealer {
        Sealer::new(keys(1), number, Run([run; 16]), false).expect("there is such a key")
    }

    fn place(part: u64) -> SealedPlace {
        let key = BlobKey { account: AccountId(1), stream: StreamId(2), kind: 3, part };
        SealedPlace::Chunk { generation: 1, key, index: 0, is_last: true }
    }

    fn sealed(by: &Sealer, plain: &[u8]) -> Vec<u8> {
        let mut into = b"before".to_vec();
        by.seal(&place(1), &mut into, |into| into.extend_from_slice(plain));
        assert_eq!(&into[..6], b"before");
        into.split_off(6)
    }

    #[test]
    fn sealed_bytes_come_back_in_later_runs_and_with_later_keys() {
        for plain in [&b""[..], b"x", &[7; 100_000]] {
            for number in [1, 2] {
                let bytes = sealed(&sealer(number, 1), plain);
                assert_eq!(bytes.len(), plain.len() + Sealer::OVERHEAD);
                assert!(plain.len() < 9 || !bytes.windows(9).any(|part| plain.starts_with(part)));
                for reader in [sealer(number, 1), sealer(1, 2), sealer(2, 3)] {
                    let mut bytes = bytes.clone();
                    assert_eq!(reader.open(&place(1), &mut bytes).unwrap(), plain);
                }
            }
        }
    }

    #[test]
    fn the_same_bytes_are_sealed_otherwise_each_time_and_by_each_run() {
        let (one, other) = (sealer(1, 1), sealer(1, 2));
        let bodies = [sealed(&one, b"same"), sealed(&one, b"same"), sealed(&other, b"same")];
        for (nth, body) in bodies.iter().enumerate() {
            for another in &bodies[nth + 1..] {
                assert_ne!(body[Sealer::HEAD..], another[Sealer::HEAD..]);
            }
        }
    }

    #[test]
    fn changed_cut_and_misplaced_bytes_do_not_open() {
        for number in [1, 2] {
            let sealer = sealer(number, 1);
            let bytes = sealed(&sealer, b"plain");
            for bit in 0..bytes.len() * 8 {
                let mut flipped = bytes.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                assert!(sealer.open(&place(1), &mut flipped).is_err(), "bit {bit}");
            }
            for end in 0..bytes.len() {
                let mut cut = bytes[..end].to_vec();
                assert!(sealer.open(&place(1), &mut cut).is_err(), "{end} bytes");
            }
            let mut elsewhere = bytes.clone();
            assert_eq!(sealer.open(&place(2), &mut elsewhere), Err(FormatError::Seal));
            let foreign = Sealer::new(keys(2), number, Run([1; 16]), false).unwrap();
            let mut foreign_bytes = bytes.clone();
            assert_eq!(foreign.open(&place(1), &mut foreign_bytes), Err(FormatError::Seal));
        }
    }

    #[test]
    fn a_key_that_is_not_there_is_named() {
        let sealer = sealer(1, 1);
        let mut bytes = sealed(&sealer, b"plain");
        bytes[0] = 9;
        assert_eq!(sealer.open(&place(1), &mut bytes), Err(FormatError::DataKey(9)));
        assert!(Sealer::new(keys(1), 9, Run([1; 16]), false).is_none());
    }

    #[test]
    fn keys_before_its_own_are_older_whatever_their_numbers_are() {
        let key = |number| DataKey { number, cipher: Cipher::Aes, made_ns: 0, secret: [9; 32] };
        let sealer = |number| {
            let keys = DataKeys::new(DirectoryId([1; 16]), vec![key(7), key(3), key(5)]);
            Sealer::new(keys, number, Run([1; 16]), false).unwrap()
        };
        let bytes = [7, 3, 5, 1].map(|number: u32| number.to_le_bytes());
        let older = |number| bytes.map(|bytes| sealer(number).is_older(&bytes));
        assert_eq!(older(5), [true, true, false, false]);
        assert_eq!(older(7), [false; 4]);
        assert!(sealer(5).may_find_older() && !sealer(7).may_find_older());
        assert!(!sealer(5).is_older(&[7, 0, 0]));
    }

    #[test]
    fn many_runs_are_read() {
        let reader = sealer(1, 0);
        for run in (1..100).chain(1..100) {
            let mut bytes = sealed(&sealer(2, run), b"plain");
            assert_eq!(reader.open(&place(1), &mut bytes).unwrap(), b"plain");
        }
        assert_eq!(reader.runs.lock().unwrap().len(), RUNS_MAX);
    }

    /// Bytes that are on disks: they are opened for ever. Another implementation made them.
    #[test]
    fn what_was_sealed_once_is_opened() {
        let opened = |hex: &str| {
            let digits = hex.as_bytes().chunks(2);
            let digits = digits.map(|two| str::from_utf8(two).unwrap());
            let mut bytes: Vec<u8> =
                digits.map(|two| u8::from_str_radix(two, 16).unwrap()).collect();
            sealer(1, 7).open(&place(1), &mut bytes).map(|plain| plain.to_vec())
        };
        assert_eq!(opened(SEALED_BY_CHACHA), Ok(b"plain".to_vec()));
        assert_eq!(opened(SEALED_BY_AES), Ok(b"plain".to_vec()));
    }

    const SEALED_BY_CHACHA: &str = "0100000007070707070707070707070707070707000000000000000026e0\
        4bbc14e025dddc442ae3d58562cf35f84334ab";
    const SEALED_BY_AES: &str = "020000000707070707070707070707070707070700000000000000002d29\
        f3da62026b6c335e0df1f05bb32ee838feabd8";
}
