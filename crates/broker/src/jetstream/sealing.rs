//! Encryption of what streams store: commands in the log, and messages in segments. What seals and
//! opens, and how checkpoints do it, is the log's.
//!
//! A sealed command has [`COMMAND`] among the flags of its record. A sealed message has
//! [`MESSAGE`] among those of its record, no subject and no header there, and as its payload, once
//! opened, the length of the subject (u16), that of the headers (u32), and what the record would
//! have otherwise: subject, headers, payload.

use std::sync::Arc;

use anabranch_config::options::{Cipher as Configured, Encryption};
use anabranch_jetstream::stream::Command;
use anabranch_log::Error;
use anabranch_log::directory::Directory;
use anabranch_log::format::{AccountId, Envelope, FormatError, Record, StreamId};
use anabranch_log::sealing::{self, Cipher, SealedPlace, Sealer, Secrets, Unlocked, What};
use anabranch_log::segment::{NewRecord, StoredRecord};
use rand::TryRngCore as _;
use rand::rngs::OsRng;

use super::packing;
use super::payloads::Payload;
use super::shard::now;

/// The flag of a sealed command.
pub const COMMAND: u8 = 2;
/// The flag of a sealed message.
pub const MESSAGE: u16 = 4;
/// Bytes before the subject of a sealed message.
const HEAD: usize = 6;

/// What the configuration says, as the log wants it.
#[must_use]
pub fn secrets(encryption: &Encryption) -> Secrets {
    let cipher = match encryption.cipher {
        Configured::ChaCha => Cipher::ChaCha,
        Configured::Aes => Cipher::Aes,
    };
    Secrets { key: encryption.key.clone(), previous: encryption.previous_key.clone(), cipher }
}

/// Random bytes of the system's.
fn entropy(into: &mut [u8]) {
    OsRng.try_fill_bytes(into).expect("the system has random bytes, or nothing is safe");
}

/// Unlocks a data directory, and says what was done.
///
/// # Errors
/// When it is sealed and its key is not among those configured.
pub fn unlock(
    directory: &mut Directory,
    secrets: Option<&Secrets>,
) -> Result<Option<Arc<Sealer>>, Error> {
    let unlocked = sealing::unlock(directory, secrets, &mut entropy, now())?;
    let Some(Unlocked { sealer, what }) = unlocked else { return Ok(None) };
    let name = sealer.cipher().name();
    match what {
        What::Opened | What::Sealed => {}
        What::SealedFromNowOn => log::info!("  Encrypting what is stored from now on"),
        What::Rotated => log::info!("  Encryption key changed, prev_key is needed no more"),
        What::OtherCipher => log::info!("  Converting to {name} for what is stored from now on"),
    }
    if sealer.holds_plain() {
        log::warn!(
            "The data directory was in use before it was encrypted: what was stored then is \
             encrypted by and by, and can be read in old files of the log until they are used again"
        );
    }
    Ok(Some(sealer))
}

/// Opens what a directory stores, and changes nothing; nothing if it is not sealed.
///
/// # Errors
/// As for [`unlock`].
pub fn open(
    directory: &Directory,
    encryption: Option<&Encryption>,
) -> Result<Option<Arc<Sealer>>, Error> {
    sealing::open_sealed(directory, encryption.map(secrets).as_ref(), &mut entropy)
}

/// Writes a command, sealed if there is a sealer. The envelope says whether it is.
pub fn write_command(
    sealer: Option<&Sealer>,
    envelope: &Envelope,
    command: &Command<'_>,
    into: &mut Vec<u8>,
) {
    match sealer {
        None => command.encode(into),
        Some(sealer) => {
            sealer.seal(&SealedPlace::Record(*envelope), into, |into| command.encode(into));
        }
    }
}

/// Opens commands of the log, one after the other.
#[derive(Debug)]
pub struct Opener {
    sealer: Option<Arc<Sealer>>,
    opened: Vec<u8>,
}

impl Opener {
    /// Opens with `sealer`.
    #[must_use]
    pub fn new(sealer: Option<Arc<Sealer>>) -> Self {
        Self { sealer, opened: Vec::new() }
    }

    /// The payload of a record with a command.
    ///
    /// # Errors
    /// When it was changed, or there is no key for it.
    pub fn payload<'a>(&'a mut self, record: &Record<'a>) -> Result<&'a [u8], FormatError> {
        let is_sealed = record.envelope.flags & COMMAND != 0;
        match (&self.sealer, is_sealed) {
            (None, false) => Ok(record.payload),
            (None, true) => Err(FormatError::Sealed),
            (Some(sealer), false) => sealer.admit_plain().map(|()| record.payload),
            (Some(sealer), true) => {
                self.opened.clear();
                self.opened.extend_from_slice(record.payload);
                let place = SealedPlace::Record(record.envelope);
                sealer.open(&place, &mut self.opened).map(|plain| &*plain)
            }
        }
    }
}

/// Where a message is, which its seal is bound to.
fn place(account: AccountId, stream: StreamId, record: &NewRecord<'_>) -> SealedPlace {
    let NewRecord { seq, time_ns, flags, .. } = *record;
    SealedPlace::Message { account, stream, seq, time_ns, flags }
}

/// Seals a message into `sealed`; gives its record.
#[must_use]
pub fn seal<'a>(
    sealer: &Sealer,
    (account, stream): (AccountId, StreamId),
    record: &NewRecord<'a>,
    sealed: &'a mut Vec<u8>,
) -> NewRecord<'a> {
    let NewRecord { subject, header, payload, .. } = *record;
    let subject_len = u16::try_from(subject.len()).expect("subjects are short");
    let header_len = u32::try_from(header.len()).expect("a message has far less than 4 GiB");
    let record = NewRecord { flags: record.flags | MESSAGE, ..*record };
    sealed.clear();
    sealer.seal(&place(account, stream, &record), sealed, |into| {
        into.extend_from_slice(&subject_len.to_le_bytes());
        into.extend_from_slice(&header_len.to_le_bytes());
        [subject, header, payload].iter().for_each(|part| into.extend_from_slice(part));
    });
    NewRecord { subject: b"", header: b"", payload: sealed, ..record }
}

/// Reads a record of a segment of the stream, sealed or not; `see` gets its subject.
///
/// # Errors
/// When it was changed or erased, or there is no key for it: `at` makes an error of that. When it
/// is stored in a way that this program does not know.
pub fn message(
    sealer: Option<&Sealer>,
    (account, stream): (AccountId, StreamId),
    record: &StoredRecord,
    at: impl Fn(FormatError) -> Error,
    see: impl FnOnce(&[u8]),
) -> Result<Payload, Error> {
    let fields = record.fields();
    // Who asks has the message. No key is needed for the mark, so anybody could have made it.
    if fields.is_erased {
        return Err(at(FormatError::Erased));
    }
    if fields.flags & MESSAGE == 0 {
        sealer.map_or(Ok(()), Sealer::admit_plain).map_err(at)?;
        see(record.subject());
        return packing::payload(fields.flags, record.header(), record.payload());
    }
    let sealer = sealer.ok_or_else(|| at(FormatError::Sealed))?;
    let (seq, time_ns, flags) = (fields.seq, fields.time_ns, fields.flags);
    let place = SealedPlace::Message { account, stream, seq, time_ns, flags };
    let mut bytes = record.payload().to_vec();
    let plain = sealer.open(&place, &mut bytes).map_err(&at)?;
    let (subject, header, payload) = parts(plain).ok_or_else(|| at(FormatError::Seal))?;
    see(subject);
    packing::payload(flags & !MESSAGE, header, payload)
}

/// A message is not sealed where it should be, or with an older key than those that come.
#[must_use]
pub fn is_stale(sealer: &Sealer, record: &StoredRecord) -> bool {
    let fields = record.fields();
    let is_sealed = fields.flags & MESSAGE != 0;
    !fields.is_erased && (!is_sealed || sealer.is_older(record.payload()))
}

/// The record of a message as it is to be stored from now on, sealed into `sealed` if need be.
///
/// # Errors
/// When it was changed: `at` makes an error of that.
pub fn renew<'a>(
    sealer: &Sealer,
    whose: (AccountId, StreamId),
    record: &'a StoredRecord,
    at: impl Fn(FormatError) -> Error,
    (opened, sealed): (&'a mut Vec<u8>, &'a mut Vec<u8>),
) -> Result<NewRecord<'a>, Error> {
    let old = record.as_new();
    if !is_stale(sealer, record) {
        return Ok(old);
    }
    if old.flags & MESSAGE == 0 {
        sealer.admit_plain().map_err(at)?;
        return Ok(seal(sealer, whose, &old, sealed));
    }
    opened.clear();
    opened.extend_from_slice(old.payload);
    let plain = sealer.open(&place(whose.0, whose.1, &old), opened).map_err(&at)?;
    let (subject, header, payload) = parts(plain).ok_or_else(|| at(FormatError::Seal))?;
    let flags = old.flags & !MESSAGE;
    Ok(seal(sealer, whose, &NewRecord { flags, subject, header, payload, ..old }, sealed))
}

/// Subject, header and payload of an opened message.
fn parts(plain: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (head, rest) = plain.split_first_chunk::<HEAD>()?;
    let [s0, s1, h0, h1, h2, h3] = *head;
    let subject_len = usize::from(u16::from_le_bytes([s0, s1]));
    let header_len = usize::try_from(u32::from_le_bytes([h0, h1, h2, h3])).ok()?;
    let (subject, rest) = rest.split_at_checked(subject_len)?;
    let (header, payload) = rest.split_at_checked(header_len)?;
    Some((subject, header, payload))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opened_message_is_cut_where_it_says_or_refused() {
        let plain = b"\x03\x00\x02\x00\x00\x00a.bh1payload";
        assert_eq!(parts(plain), Some((&b"a.b"[..], &b"h1"[..], &b"payload"[..])));
        for end in 0..11 {
            assert_eq!(parts(&plain[..end]), None, "{end} bytes");
        }
        assert_eq!(parts(b"\x00\x00\x00\x00\x00\x00"), Some((&[][..], &[][..], &[][..])));
        assert_eq!(parts(b"\x00\x00\xff\xff\xff\xff"), None);
    }
}
