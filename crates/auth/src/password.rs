//! Passwords and tokens, plain or bcrypt.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{GeneralPurpose, general_purpose};
use subtle::{Choice, ConstantTimeEq};

use crate::{Decision, Identity, RefuseReason};

/// A configured password or token.
#[derive(Clone)]
pub(crate) enum Secret {
    Plain(Arc<str>),
    /// A bcrypt hash, or what only looks like one and so matches nothing.
    Bcrypt(Arc<str>),
}

/// A password to compare with a bcrypt hash, which takes tens of milliseconds to seconds.
pub struct PasswordCheck {
    hash: Arc<str>,
    password: Box<[u8]>,
    /// `None`: the user does not exist, and the work is done only so that nobody can tell.
    identity: Option<Identity>,
}

impl PasswordCheck {
    /// Compares; never gives [`Decision::Verify`].
    #[must_use]
    pub fn run(self) -> Decision {
        let matches = bcrypt_matches(&self.hash, &self.password);
        match self.identity {
            Some(identity) if matches => Decision::Accept(identity),
            Some(_) => Decision::Refuse(RefuseReason::WrongPassword),
            None => Decision::Refuse(RefuseReason::UnknownUser),
        }
    }
}

/// Shows neither the password nor its hash.
impl fmt::Debug for PasswordCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordCheck").field("identity", &self.identity).finish_non_exhaustive()
    }
}

impl Secret {
    pub(crate) fn new(text: &str) -> Self {
        if has_bcrypt_prefix(text) { Self::Bcrypt(text.into()) } else { Self::Plain(text.into()) }
    }

    /// The work factor of a bcrypt hash, as configured; 0 for plain ones.
    pub(crate) fn cost(&self) -> u32 {
        match self {
            Self::Plain(_) => 0,
            Self::Bcrypt(hash) => hash.get(4..6).and_then(|cost| cost.parse().ok()).unwrap_or(0),
        }
    }

    /// Whether clients without credentials can be taken for a user with this secret. nats-server
    /// then presents the configured password itself, and a hash is not the password it is of.
    pub(crate) fn can_stand_in(&self) -> bool {
        matches!(self, Self::Plain(_))
    }

    /// Compares `presented` with this secret; `identity` is what a match means, `None` that there
    /// is no such user and this secret stands in for the one that is missing.
    pub(crate) fn decide(&self, presented: &str, identity: Option<Identity>) -> Decision {
        match self {
            Self::Bcrypt(hash) => Decision::Verify(PasswordCheck {
                hash: Arc::clone(hash),
                password: presented.as_bytes().into(),
                identity,
            }),
            Self::Plain(secret) => {
                let equal = is_equal(secret.as_bytes(), presented.as_bytes());
                match identity {
                    Some(identity) if bool::from(equal) => Decision::Accept(identity),
                    Some(_) => Decision::Refuse(RefuseReason::WrongPassword),
                    None => Decision::Refuse(RefuseReason::UnknownUser),
                }
            }
        }
    }
}

/// Compares in a time that depends on the length of `presented` alone.
fn is_equal(secret: &[u8], presented: &[u8]) -> Choice {
    let mut equal = secret.len().ct_eq(&presented.len());
    for (index, byte) in presented.iter().enumerate() {
        equal &= byte.ct_eq(&secret.get(index).copied().unwrap_or_default());
    }
    equal
}

/// What nats-server takes for a hash rather than a plain password (`isBcrypt` in
/// `server/auth.go`): `$2`, one of `abxy`, `$`, two digits, `$`.
#[must_use]
pub fn has_bcrypt_prefix(text: &str) -> bool {
    match text.as_bytes() {
        [b'$', b'2', minor, b'$', tens, ones, b'$', ..] => {
            b"abxy".contains(minor) && tens.is_ascii_digit() && ones.is_ascii_digit()
        }
        _ => false,
    }
}

/// The crate's own comparison refuses hashes whose salt has unused bits set in its last digit,
/// which some tools produce and Go's bcrypt accepts; so only the key derivation is used here.
fn bcrypt_matches(hash: &str, password: &[u8]) -> bool {
    /// `$2b$10$`
    const PREFIX: usize = 7;
    const SALT_DIGITS: usize = 22;
    const DIGEST_DIGITS: usize = 31;
    const DIGEST_BYTES: usize = 23;
    const ENGINE: GeneralPurpose = GeneralPurpose::new(
        &alphabet::BCRYPT,
        general_purpose::NO_PAD.with_decode_allow_trailing_bits(true),
    );

    let cost = hash.get(4..6).and_then(|cost| cost.parse::<u32>().ok());
    let Some(cost) = cost.filter(|cost| (4..=31).contains(cost)) else {
        return false;
    };
    // Whatever follows the digest is ignored, as Go does.
    let (Some(salt), Some(expected)) = (
        hash.get(PREFIX..PREFIX + SALT_DIGITS),
        hash.get(PREFIX + SALT_DIGITS..PREFIX + SALT_DIGITS + DIGEST_DIGITS),
    ) else {
        return false;
    };
    let Ok(Ok(salt)) = ENGINE.decode(salt).map(<[u8; 16]>::try_from) else {
        return false;
    };
    // The algorithm ends the password with a zero byte and reads no more than 72 bytes.
    let mut key = Vec::with_capacity(password.len() + 1);
    key.extend_from_slice(password);
    key.push(0);
    key.truncate(72);
    let digest = ENGINE.encode(&bcrypt::bcrypt(cost, salt, &key)[..DIGEST_BYTES]);
    bool::from(is_equal(expected.as_bytes(), digest.as_bytes()))
}
