//! The data keys of a directory, and how they are wrapped in the file `KEYS`.

use std::num::NonZeroU32;

use ring::aead::Aad;
use ring::{hkdf, pbkdf2};

use super::cipher::{Cipher, KEY, TAG, nonce};
use crate::Error;
use crate::format::{DirectoryId, FormatError, KeyFile, WrappedKey};

/// What keys of runs are derived for; part of the format.
const RUN_INFO: &[u8] = b"anabranch run";
/// Rounds of PBKDF2 for a configured key, which somebody may have thought up: about 30 ms.
const ROUNDS: u32 = if cfg!(test) { 100 } else { 100_000 };

/// From one start of the program to its end. Random.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run(pub(super) [u8; 16]);

/// A data key.
#[derive(Clone)]
pub(super) struct DataKey {
    pub(super) number: u32,
    pub(super) cipher: Cipher,
    pub(super) made_ns: i64,
    pub(super) secret: [u8; KEY],
}

/// The data keys of a directory, oldest first.
pub(super) struct DataKeys {
    directory: DirectoryId,
    pub(super) keys: Vec<DataKey>,
}

/// What is new whenever keys are wrapped.
pub(super) struct Wrapping {
    pub(super) salt: [u8; 32],
    pub(super) now_ns: i64,
    pub(super) holds_plain: bool,
}

impl DataKeys {
    pub(super) fn new(directory: DirectoryId, keys: Vec<DataKey>) -> Self {
        Self { directory, keys }
    }

    /// The key of a run, and its cipher, if the directory has that data key.
    pub(super) fn of_run(
        &self,
        number: u32,
        run: Run,
    ) -> Option<(Cipher, ring::aead::LessSafeKey)> {
        let key = self.keys.iter().find(|key| key.number == number)?;
        let secret = hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, &key.secret);
        let info = [RUN_INFO, &self.directory.0, &run.0];
        let mut derived = [0; KEY];
        let filled =
            secret.expand(&info, hkdf::HKDF_SHA256).and_then(|output| output.fill(&mut derived));
        filled.expect("a key is as long as the hash");
        Some((key.cipher, key.cipher.with(&derived)))
    }

    /// The file for these keys under the configured key `secret`.
    pub(super) fn wrap(&self, secret: &[u8], wrapping: &Wrapping) -> KeyFile {
        let wrapped = |key: &DataKey| WrappedKey {
            number: key.number,
            cipher: key.cipher.number(),
            made_ns: key.made_ns,
            sealed: [0; WrappedKey::SEALED],
        };
        let mut file = KeyFile {
            directory: self.directory,
            written_ns: wrapping.now_ns,
            rounds: ROUNDS,
            holds_plain: wrapping.holds_plain,
            salt: wrapping.salt,
            keys: self.keys.iter().map(wrapped).collect(),
        };
        let wrapper = wrapper(secret, &file);
        let head = file.head();
        for ((nth, key), plain) in (0..).zip(&mut file.keys).zip(&self.keys) {
            let context = Aad::from([&head[..], &key.fields()].concat());
            let (body, tag) = key.sealed.split_at_mut(KEY);
            body.copy_from_slice(&plain.secret);
            // The salt is new, and so is the wrapper: no nonce comes twice with it.
            let sealed = wrapper.seal_in_place_separate_tag(nonce(nth), context, body);
            tag.copy_from_slice(sealed.expect("a key is short").as_ref());
        }
        file
    }

    /// The keys that a file has, if `secret` is what they are wrapped with.
    ///
    /// # Errors
    /// [`Error::WrongKey`]; [`Error::Format`] for a cipher of a newer program.
    pub(super) fn unwrap(secret: &[u8], file: &KeyFile, path: &str) -> Result<Self, Error> {
        let (wrapper, head) = (wrapper(secret, file), file.head());
        let mut keys = Vec::new();
        for (nth, key) in (0..).zip(&file.keys) {
            let context = Aad::from([&head[..], &key.fields()].concat());
            let mut sealed = key.sealed;
            let opened = wrapper.open_in_place(nonce(nth), context, &mut sealed);
            let opened = opened.map_err(|_| Error::WrongKey)?;
            let WrappedKey { number, made_ns, .. } = *key;
            let unknown = FormatError::Field { field: "cipher", value: u64::from(key.cipher) };
            let cipher = Cipher::of(key.cipher).ok_or_else(|| Error::format(path, 0, unknown))?;
            let mut secret = [0; KEY];
            secret.copy_from_slice(opened);
            keys.push(DataKey { number, cipher, made_ns, secret });
        }
        Ok(Self::new(file.directory, keys))
    }
}

/// What the keys of a file are wrapped with.
fn wrapper(secret: &[u8], file: &KeyFile) -> ring::aead::LessSafeKey {
    const _: () = assert!(WrappedKey::SEALED == KEY + TAG, "a key and its tag");
    let mut key = [0; KEY];
    let rounds = NonZeroU32::new(file.rounds).unwrap_or(NonZeroU32::MIN);
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, &file.salt, secret, &mut key);
    Cipher::ChaCha.with(&key)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIRECTORY: DirectoryId = DirectoryId([3; 16]);

    fn keys() -> DataKeys {
        let key = |number, cipher, fill| DataKey { number, cipher, made_ns: 7, secret: [fill; 32] };
        DataKeys::new(DIRECTORY, vec![key(1, Cipher::ChaCha, 4), key(2, Cipher::Aes, 5)])
    }

    fn wrapping(salt: u8) -> Wrapping {
        Wrapping { salt: [salt; 32], now_ns: 8, holds_plain: true }
    }

    #[test]
    fn keys_come_back_with_the_key_that_wrapped_them_and_no_other() {
        let file = keys().wrap(b"secret", &wrapping(1));
        let file = KeyFile::decode(&file.encode(), DIRECTORY).unwrap();
        let read = DataKeys::unwrap(b"secret", &file, "KEYS").unwrap();
        let of = |key: &DataKey| (key.number, key.cipher, key.made_ns, key.secret);
        let all = |keys: &DataKeys| keys.keys.iter().map(of).collect::<Vec<_>>();
        assert_eq!(all(&read), all(&keys()));
        for wrong in [&b"Secret"[..], b"", b"secret "] {
            let refused = DataKeys::unwrap(wrong, &file, "KEYS").err();
            assert_eq!(refused, Some(Error::WrongKey));
        }
    }

    #[test]
    fn what_the_file_says_is_bound_to_its_keys() {
        let file = keys().wrap(b"secret", &wrapping(1));
        let mut swapped = file.clone();
        swapped.keys.swap(0, 1);
        let mut renamed = file.clone();
        renamed.keys[0].cipher = 2;
        let mut shorter = file.clone();
        shorter.keys.pop();
        for wrong in [KeyFile { holds_plain: false, ..file }, swapped, renamed, shorter] {
            let refused = DataKeys::unwrap(b"secret", &wrong, "KEYS").err();
            assert_eq!(refused, Some(Error::WrongKey));
        }
    }

    #[test]
    fn keys_of_runs_differ() {
        let keys = keys();
        let seal = |number, run| {
            let (_, key) = keys.of_run(number, Run([run; 16])).unwrap();
            let mut zeros = [0; 32];
            let tag = key.seal_in_place_separate_tag(nonce(0), Aad::empty(), &mut zeros).unwrap();
            (zeros, tag.as_ref().to_vec())
        };
        let all = [seal(1, 1), seal(1, 2), seal(2, 1), seal(2, 2)];
        for (nth, one) in all.iter().enumerate() {
            assert!(all[nth + 1..].iter().all(|other| other.0 != one.0));
        }
        assert!(keys.of_run(3, Run([1; 16])).is_none());
    }
}
