//! The ciphers.

use ring::aead::{self, AES_256_GCM, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};

/// How data is sealed: with a key of 32 bytes, a nonce of 12, and a tag of 16.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cipher {
    /// ChaCha20-Poly1305, RFC 8439.
    #[default]
    ChaCha,
    /// AES-256 in Galois/counter mode.
    Aes,
}

impl Cipher {
    const ALL: [Self; 2] = [Self::ChaCha, Self::Aes];

    /// Its number on disk.
    #[must_use]
    pub fn number(self) -> u32 {
        match self {
            Self::ChaCha => 1,
            Self::Aes => 2,
        }
    }

    /// The cipher with this number, if this program knows it.
    #[must_use]
    pub fn of(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|cipher| cipher.number() == number)
    }

    /// Its name, as nats-server logs it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ChaCha => "ChaCha20-Poly1305",
            Self::Aes => "AES-GCM",
        }
    }

    /// What seals and opens with `key`.
    pub(super) fn with(self, key: &[u8; KEY]) -> LessSafeKey {
        let key = UnboundKey::new(self.algorithm(), key);
        LessSafeKey::new(key.expect("the key has the length of the cipher's"))
    }

    fn algorithm(self) -> &'static aead::Algorithm {
        match self {
            Self::ChaCha => &CHACHA20_POLY1305,
            Self::Aes => &AES_256_GCM,
        }
    }
}

/// Bytes of a key,
pub(super) const KEY: usize = 32;
/// and of a tag.
pub(super) const TAG: usize = 16;

/// The nonce of a number: each is used once with a key.
pub(super) fn nonce(number: u64) -> Nonce {
    let mut bytes = [0; aead::NONCE_LEN];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    Nonce::assume_unique_for_key(bytes)
}
