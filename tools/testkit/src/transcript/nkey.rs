//! Fixed user keys, so that a configuration can name their public halves.
//!
//! The keys protect nothing: their seeds are their names.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use nkeys::{KeyPair, KeyPairType};

/// How a signature is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alphabet {
    /// Base64 for URLs, without padding.
    UrlUnpadded,
    /// Base64 with padding.
    Standard,
}

/// The user public key (`U…`) of the key `name`.
///
/// # Errors
/// A sentence when the name is longer than a seed.
pub fn public_key(name: &str) -> Result<String, String> {
    Ok(key(name)?.public_key())
}

/// The signature of `nonce` by the key `name`.
///
/// # Errors
/// A sentence when the name is longer than a seed.
pub fn signature(name: &str, nonce: &str, alphabet: Alphabet) -> Result<String, String> {
    let signature = key(name)?.sign(nonce.as_bytes()).map_err(|error| error.to_string())?;
    Ok(match alphabet {
        Alphabet::UrlUnpadded => URL_SAFE_NO_PAD.encode(signature),
        Alphabet::Standard => STANDARD.encode(signature),
    })
}

/// The key whose 32 seed bytes are `name`, filled up with zeros.
fn key(name: &str) -> Result<KeyPair, String> {
    let mut seed = [0; 32];
    seed.get_mut(..name.len())
        .ok_or("a key's name has at most 32 bytes")?
        .copy_from_slice(name.as_bytes());
    KeyPair::new_from_raw(KeyPairType::User, seed).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_always_the_same_user_key() {
        let key = public_key("alice").unwrap();
        assert!(key.starts_with('U') && key.len() == 56, "{key}");
        assert_eq!(key, public_key("alice").unwrap());
        assert_ne!(key, public_key("bob").unwrap());
    }
}
