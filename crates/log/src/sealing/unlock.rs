//! Gets the data keys of a directory, with the configured key.
//!
//! They are in `KEYS` and, since everything is lost without them, once more in `KEYS.copy`. Both
//! are written before anything is sealed with a new key, and before anything else is done after
//! the configured key changed.

use std::fmt;
use std::sync::Arc;

use super::cipher::Cipher;
use super::keys::{DataKey, DataKeys, Run, Wrapping};
use super::sealer::Sealer;
use crate::Error;
use crate::directory::{Directory, replace};
use crate::disk::OpenMode;
use crate::format::{FormatError, KeyFile, to_u64, to_usize};

/// Where the data keys are, and once more.
const FILES: [&str; 2] = ["KEYS", "KEYS.copy"];

/// Nothing is sealed with an older data key instead: who knows the one before could read it.
const FULL: Error = Error::Options(
    "the file KEYS has 1024 data keys and takes no more: neither the key nor the cipher can \
     change. Streams that are backed up and restored into an empty directory begin anew",
);

/// What is configured.
#[derive(Clone, PartialEq, Eq)]
pub struct Secrets {
    /// The key.
    pub key: String,
    /// The key before it.
    pub previous: Option<String>,
    /// With what is sealed from now on.
    pub cipher: Cipher,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_struct("Secrets").field("cipher", &self.cipher).finish_non_exhaustive()
    }
}

/// Random bytes that nobody can guess.
pub type Entropy<'a> = &'a mut dyn FnMut(&mut [u8]);

/// A sealed directory whose keys are known.
#[derive(Debug)]
pub struct Unlocked {
    /// What seals and opens what it stores.
    pub sealer: Arc<Sealer>,
    /// What was done.
    pub what: What,
}

/// What [`unlock`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The directory was sealed already.
    Opened,
    /// The directory is sealed from now on.
    Sealed,
    /// The same, but there was something in it, which stays as it is.
    SealedFromNowOn,
    /// The key before fitted: its data keys are wrapped with the new one, and what comes is sealed
    /// with a new data key.
    Rotated,
    /// What comes is sealed with another cipher.
    OtherCipher,
}

/// Unlocks a directory, whose log and checkpoints nobody has opened yet. With a key it is sealed
/// from then on, if it was not; without one it is not, and none may be needed.
///
/// # Errors
/// [`Error::Locked`], [`Error::WrongKey`], [`Error::NoKeys`]; [`Error::Options`] if there is no
/// room for another data key; [`Error::Format`] if both files of data keys are damaged, or a newer
/// program's; [`Error::Disk`].
pub fn unlock(
    directory: &mut Directory,
    secrets: Option<&Secrets>,
    entropy: Entropy<'_>,
    now_ns: i64,
) -> Result<Option<Unlocked>, Error> {
    let files = FILES.map(|path| read(directory, path));
    let is_sealed = directory.is_sealed() || files.iter().any(|file| !matches!(file, Ok(None)));
    let Some(secrets) = secrets else {
        return if is_sealed { Err(Error::Locked) } else { Ok(None) };
    };
    let found = if is_sealed { Some(find(&files, secrets)?) } else { None };
    let (mut keys, holds_plain, mut what) = match found {
        Some(Found { keys, file, fits }) => {
            let what = if fits == Fits::Previous { What::Rotated } else { What::Opened };
            (keys, file.holds_plain, what)
        }
        None => {
            let holds_plain = directory.has_contents()?;
            let what = if holds_plain { What::SealedFromNowOn } else { What::Sealed };
            (DataKeys::new(directory.id(), Vec::new()), holds_plain, what)
        }
    };
    // An older key of that cipher will not do: a configured key of before may lead to it.
    let last =
        keys.keys.last().filter(|last| what != What::Rotated && last.cipher == secrets.cipher);
    let number = match last {
        Some(last) => last.number,
        None if keys.keys.len() >= KeyFile::KEYS_MAX => return Err(FULL),
        None => {
            if what == What::Opened {
                what = What::OtherCipher;
            }
            add(&mut keys, secrets.cipher, entropy, now_ns)
        }
    };
    let are_same = matches!(&files, [Ok(Some(one)), Ok(Some(other))] if one == other);
    if what != What::Opened || !are_same {
        let mut salt = [0; 32];
        entropy(&mut salt);
        let file = keys.wrap(secrets.key.as_bytes(), &Wrapping { salt, now_ns, holds_plain });
        let bytes = file.encode();
        FILES.iter().try_for_each(|path| replace(&**directory.disk(), path, &bytes))?;
    }
    directory.note_sealed()?;
    let sealer = sealer(keys, Some(number), holds_plain, entropy)?;
    Ok(Some(Unlocked { sealer, what }))
}

/// Opens what a sealed directory stores and changes nothing; nothing if it is not sealed. The key
/// may also be the one before.
///
/// # Errors
/// As for [`unlock`].
pub fn open_sealed(
    directory: &Directory,
    secrets: Option<&Secrets>,
    entropy: Entropy<'_>,
) -> Result<Option<Arc<Sealer>>, Error> {
    let files = FILES.map(|path| read(directory, path));
    if !directory.is_sealed() && files.iter().all(|file| matches!(file, Ok(None))) {
        return Ok(None);
    }
    let Found { keys, file, .. } = find(&files, secrets.ok_or(Error::Locked)?)?;
    let number = keys.keys.last().map(|key| key.number);
    sealer(keys, number, file.holds_plain, entropy).map(Some)
}

fn sealer(
    keys: DataKeys,
    number: Option<u32>,
    holds_plain: bool,
    entropy: Entropy<'_>,
) -> Result<Arc<Sealer>, Error> {
    let mut run = Run([0; 16]);
    entropy(&mut run.0);
    let sealer = number.and_then(|number| Sealer::new(keys, number, run, holds_plain));
    sealer.map(Arc::new).ok_or(Error::NoKeys)
}

fn add(keys: &mut DataKeys, cipher: Cipher, entropy: Entropy<'_>, made_ns: i64) -> u32 {
    // Random: older files of keys that are put back must not give a number to another key, or
    // what was sealed with the lost one would be taken for damage.
    let mut number = [0; 4];
    entropy(&mut number);
    let mut number = u32::from_le_bytes(number);
    while keys.keys.iter().any(|key| key.number == number) {
        number = number.wrapping_add(1);
    }
    let mut secret = [0; 32];
    entropy(&mut secret);
    keys.keys.push(DataKey { number, cipher, made_ns, secret });
    number
}

/// Which of the configured keys fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fits {
    Key,
    Previous,
}

struct Found {
    keys: DataKeys,
    file: KeyFile,
    fits: Fits,
}

/// The keys of the file that a configured key opens, the new one if it opens any; of two that it
/// opens, the one with more keys.
fn find(files: &[Result<Option<KeyFile>, Error>], secrets: &Secrets) -> Result<Found, Error> {
    let newer = |error: &&Error| matches!(error, Error::Format { cause, .. } if cause.is_newer());
    if let Some(error) = files.iter().filter_map(|file| file.as_ref().err()).find(newer) {
        return Err(error.clone());
    }
    let previous = secrets.previous.iter().map(|previous| (previous, Fits::Previous));
    for (key, fits) in std::iter::once((&secrets.key, Fits::Key)).chain(previous) {
        let mut found: Option<Found> = None;
        for (file, path) in files.iter().zip(FILES) {
            let Ok(Some(file)) = file else { continue };
            if found.as_ref().is_some_and(|found| found.file.keys.len() >= file.keys.len()) {
                continue;
            }
            match DataKeys::unwrap(key.as_bytes(), file, path) {
                Ok(keys) => found = Some(Found { keys, file: file.clone(), fits }),
                Err(Error::WrongKey) => {}
                Err(error) => return Err(error),
            }
        }
        if let Some(found) = found {
            return Ok(found);
        }
    }
    if files.iter().any(|file| matches!(file, Ok(Some(_)))) {
        return Err(Error::WrongKey);
    }
    let damaged = files.iter().find_map(|file| file.as_ref().err());
    Err(damaged.cloned().unwrap_or(Error::NoKeys))
}

/// The file at `path`; nothing if there is none.
fn read(directory: &Directory, path: &str) -> Result<Option<KeyFile>, Error> {
    let file = match directory.disk().open(path, OpenMode::Read) {
        Ok(file) => file,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let length = file.length()?;
    if length > to_u64(KeyFile::SIZE_MAX) {
        let cause = FormatError::Field { field: "length", value: length };
        return Err(Error::format(path, 0, cause));
    }
    let mut bytes = vec![0; to_usize(length)];
    let read = file.read_at(&mut bytes, 0)?;
    let decoded = KeyFile::decode(&bytes[..read], directory.id());
    decoded.map(Some).map_err(|cause| Error::format(path, 0, cause))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::disk::{Disk as _, LockMode, SimDisk};
    use crate::format::{AccountId, BlobKey, DirectoryFormat, DirectoryId, StreamId};
    use crate::sealing::SealedPlace;

    const NEW: DirectoryFormat =
        DirectoryFormat { id: DirectoryId([1; 16]), created_ns: 5, is_sealed: false };

    fn secrets(key: &str, previous: Option<&str>) -> Secrets {
        let (key, previous) = (key.to_owned(), previous.map(str::to_owned));
        Secrets { key, previous, cipher: Cipher::ChaCha }
    }

    fn start(disk: &SimDisk, secrets: Option<&Secrets>) -> Result<Option<Unlocked>, Error> {
        let mut directory = Directory::open(Arc::new(disk.clone()), LockMode::Fail, NEW)?;
        // Other bytes each time.
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let mut entropy = |into: &mut [u8]| {
            let next = NEXT.fetch_add(1, Ordering::Relaxed).to_le_bytes();
            into.chunks_mut(4).for_each(|part| part.copy_from_slice(&next));
        };
        unlock(&mut directory, secrets, &mut entropy, 9)
    }

    fn opened(disk: &SimDisk, secrets: &Secrets) -> (Arc<Sealer>, What) {
        let unlocked = start(disk, Some(secrets)).unwrap().unwrap();
        (unlocked.sealer, unlocked.what)
    }

    fn bytes_of(disk: &SimDisk, path: &str) -> Vec<u8> {
        let file = disk.open(path, OpenMode::Read).unwrap();
        let mut bytes = vec![0; to_usize(file.length().unwrap())];
        file.read_at(&mut bytes, 0).unwrap();
        bytes
    }

    const PLACE: SealedPlace = SealedPlace::Chunk {
        generation: 1,
        key: BlobKey { account: AccountId(1), stream: StreamId(1), kind: 1, part: 1 },
        index: 0,
        is_last: true,
    };

    fn sealed(by: &Sealer) -> Vec<u8> {
        let mut bytes = Vec::new();
        by.seal(&PLACE, &mut bytes, |into| into.extend_from_slice(b"plain"));
        bytes
    }

    #[test]
    fn a_sealed_directory_opens_with_its_key_only() {
        let disk = SimDisk::new(1);
        assert!(start(&disk, None).unwrap().is_none());
        let (first, what) = opened(&disk, &secrets("a", None));
        assert_eq!((what, first.holds_plain()), (What::Sealed, false));
        let (again, what) = opened(&disk, &secrets("a", None));
        assert_eq!(what, What::Opened);
        assert_eq!(again.open(&PLACE, &mut sealed(&first)).unwrap(), b"plain");
        assert_eq!(start(&disk, None).err(), Some(Error::Locked));
        let wrong = [secrets("b", None), secrets("b", Some("c"))];
        for wrong in wrong {
            assert_eq!(start(&disk, Some(&wrong)).err(), Some(Error::WrongKey));
        }
        for file in FILES {
            disk.remove(file).unwrap();
        }
        assert_eq!(start(&disk, Some(&secrets("a", None))).err(), Some(Error::NoKeys));
        assert_eq!(start(&disk, None).err(), Some(Error::Locked));
    }

    #[test]
    fn the_key_changes_once_and_the_one_before_opens_nothing_any_more() {
        let disk = SimDisk::new(1);
        let (first, _) = opened(&disk, &secrets("a", None));
        let both = secrets("b", Some("a"));
        let (second, what) = opened(&disk, &both);
        assert_eq!(what, What::Rotated);
        assert_eq!(second.open(&PLACE, &mut sealed(&first)).unwrap(), b"plain");
        // What comes is sealed with a key that the one before does not lead to.
        assert_ne!(sealed(&first)[..4], sealed(&second)[..4]);
        assert_eq!(opened(&disk, &both).1, What::Opened);
        assert_eq!(opened(&disk, &secrets("b", None)).1, What::Opened);
        assert_eq!(start(&disk, Some(&secrets("a", None))).err(), Some(Error::WrongKey));
    }

    #[test]
    fn the_cipher_changes_for_what_comes() {
        let disk = SimDisk::new(1);
        let (chacha, _) = opened(&disk, &secrets("a", None));
        let aes = Secrets { cipher: Cipher::Aes, ..secrets("a", None) };
        let (sealer, what) = opened(&disk, &aes);
        assert_eq!((sealer.cipher(), what), (Cipher::Aes, What::OtherCipher));
        assert_eq!(sealer.open(&PLACE, &mut sealed(&chacha)).unwrap(), b"plain");
        assert_eq!(opened(&disk, &aes).1, What::Opened);
        let (back, what) = opened(&disk, &secrets("a", None));
        assert_eq!((back.cipher(), what), (Cipher::ChaCha, What::OtherCipher));
    }

    #[test]
    fn nothing_new_is_sealed_with_what_a_key_before_leads_to() {
        let disk = SimDisk::new(1);
        let (first, _) = opened(&disk, &secrets("a", None));
        opened(&disk, &Secrets { cipher: Cipher::Aes, ..secrets("b", Some("a")) });
        let (back, what) = opened(&disk, &secrets("b", None));
        assert_eq!((back.cipher(), what), (Cipher::ChaCha, What::OtherCipher));
        assert_eq!(back.open(&PLACE, &mut sealed(&first)).unwrap(), b"plain");
        assert!(matches!(first.open(&PLACE, &mut sealed(&back)), Err(FormatError::DataKey(_))));
    }

    #[test]
    fn what_a_lost_data_key_sealed_is_no_damage_after_another_change() {
        let disk = SimDisk::new(1);
        opened(&disk, &secrets("a", None));
        let old = bytes_of(&disk, "KEYS");
        let (lost, _) = opened(&disk, &secrets("b", Some("a")));
        FILES.iter().try_for_each(|path| replace(&disk, path, &old)).unwrap();
        let (again, what) = opened(&disk, &secrets("b", Some("a")));
        assert_eq!(what, What::Rotated);
        let refused = again.open(&PLACE, &mut sealed(&lost)).unwrap_err();
        assert!(matches!(refused, FormatError::DataKey(_)) && !refused.is_damage(), "{refused}");
        assert!(!again.is_older(&sealed(&lost)), "nobody tries to seal it anew");
    }

    #[test]
    fn an_older_file_of_keys_does_not_take_the_place_of_the_other_one() {
        for file in FILES {
            let disk = SimDisk::new(1);
            opened(&disk, &secrets("a", None));
            let old = bytes_of(&disk, file);
            let aes = Secrets { cipher: Cipher::Aes, ..secrets("a", None) };
            let (sealer, _) = opened(&disk, &aes);
            replace(&disk, file, &old).unwrap();
            let (again, what) = opened(&disk, &aes);
            assert_eq!(what, What::Opened);
            assert_eq!(again.open(&PLACE, &mut sealed(&sealer)).unwrap(), b"plain");
        }
    }

    #[test]
    fn a_change_that_needs_one_data_key_too_many_is_refused() {
        let disk = SimDisk::new(1);
        opened(&disk, &secrets("a", None));
        let file = KeyFile::decode(&bytes_of(&disk, "KEYS"), NEW.id).unwrap();
        let mut keys = DataKeys::unwrap(b"a", &file, "KEYS").unwrap();
        for _ in 1..KeyFile::KEYS_MAX {
            add(&mut keys, Cipher::ChaCha, &mut |into| into.fill(3), 9);
        }
        let wrapping = Wrapping { salt: [3; 32], now_ns: 9, holds_plain: false };
        let bytes = keys.wrap(b"a", &wrapping).encode();
        FILES.iter().try_for_each(|path| replace(&disk, path, &bytes)).unwrap();
        let aes = Secrets { cipher: Cipher::Aes, ..secrets("a", None) };
        for refused in [secrets("b", Some("a")), aes] {
            assert_eq!(start(&disk, Some(&refused)).err(), Some(FULL));
        }
        assert_eq!(opened(&disk, &secrets("a", None)).1, What::Opened);
    }

    #[test]
    fn a_file_of_keys_may_be_lost_or_damaged() {
        let disk = SimDisk::new(1);
        opened(&disk, &secrets("a", None));
        for file in FILES {
            disk.open(file, OpenMode::Write).unwrap().write_at(b"x", 50).unwrap();
            assert_eq!(opened(&disk, &secrets("a", None)).1, What::Opened);
            disk.remove(file).unwrap();
            assert_eq!(opened(&disk, &secrets("a", None)).1, What::Opened);
        }
        for file in FILES {
            disk.open(file, OpenMode::Write).unwrap().write_at(b"x", 50).unwrap();
        }
        let refused = start(&disk, Some(&secrets("a", None))).unwrap_err();
        assert!(matches!(refused, Error::Format { .. }), "{refused}");
        assert_eq!(start(&disk, None).err(), Some(Error::Locked));
    }

    #[test]
    fn what_was_there_before_stays_readable_and_is_told() {
        let disk = SimDisk::new(1);
        start(&disk, None).unwrap();
        disk.open("wal/x", OpenMode::Create).unwrap();
        let (sealer, what) = opened(&disk, &secrets("a", None));
        assert_eq!((what, sealer.admit_plain()), (What::SealedFromNowOn, Ok(())));
        let (sealer, what) = opened(&disk, &secrets("b", Some("a")));
        assert_eq!((what, sealer.admit_plain()), (What::Rotated, Ok(())));
    }

    #[test]
    fn a_crash_while_the_key_changes_leaves_one_that_opens() {
        let before = SimDisk::new(1);
        opened(&before, &secrets("a", None));
        let bytes = bytes_of(&before, "KEYS.copy");
        let (sealer, _) = opened(&before, &secrets("b", Some("a")));
        // The copy was not written any more.
        replace(&before, "KEYS.copy", &bytes).unwrap();
        for keys in [secrets("b", Some("a")), secrets("b", None)] {
            let (again, _) = opened(&before, &keys);
            assert_eq!(again.open(&PLACE, &mut sealed(&sealer)).unwrap(), b"plain");
        }
        assert_eq!(start(&before, Some(&secrets("a", None))).err(), Some(Error::WrongKey));
    }

    /// The power goes at each step of a start; the next one opens what was sealed before.
    #[test]
    fn a_power_cut_at_any_step_of_a_start_locks_nobody_out() {
        let steps = [
            (None, secrets("a", None)),
            (Some(secrets("a", None)), secrets("b", Some("a"))),
            (Some(secrets("a", None)), Secrets { cipher: Cipher::Aes, ..secrets("a", None) }),
        ];
        for (before, after) in steps {
            let disk = SimDisk::new(3);
            start(&disk, None).unwrap();
            let sealer = before.map(|before| opened(&disk, &before).0);
            let sealed = sealer.map(|sealer| sealed(&sealer));
            for operations in 0.. {
                let cut = disk.fork();
                cut.power_off_after(operations);
                let survived = start(&cut, Some(&after)).is_ok();
                cut.crash();
                let (sealer, _) = opened(&cut, &after);
                if let Some(sealed) = &sealed {
                    assert_eq!(sealer.open(&PLACE, &mut sealed.clone()).unwrap(), b"plain");
                }
                assert_eq!(start(&cut, None).err(), Some(Error::Locked));
                if survived {
                    assert!(operations > 10, "{operations}");
                    break;
                }
            }
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let shown = format!("{:?}", secrets("sesame", Some("sesame")));
        assert!(!shown.contains("sesame"), "{shown}");
    }
}
