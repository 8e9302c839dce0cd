//! Ed25519 signatures of nkey users.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use nkeys::{KeyPair, KeyPairType};

use crate::{Error, RefuseReason};

/// Clients send the URL alphabet without padding; like nats-server we also take the standard one
/// with it. Neither minds unused bits that are set in the last digit.
const URL_UNPADDED: GeneralPurpose =
    GeneralPurpose::new(&alphabet::URL_SAFE, lenient(DecodePaddingMode::RequireNone));
const STANDARD_PADDED: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, lenient(DecodePaddingMode::RequireCanonical));

/// Base64 digits of a signature (64 bytes), padding included, with room for line breaks. Longer
/// texts cannot be one, and are not decoded.
const SIGNATURE_TEXT_MAX: usize = 128;

const fn lenient(padding: DecodePaddingMode) -> GeneralPurposeConfig {
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(padding)
}

/// The public key that `text` (`U…`) stands for.
pub(crate) fn public_user_key(text: &str) -> Result<KeyPair, Error> {
    KeyPair::from_public_key(text)
        .ok()
        .filter(|key| key.key_pair_type() == KeyPairType::User)
        .ok_or_else(|| Error::Nkey(text.to_owned()))
}

/// Whether `signature`, as text, is that of `key` over `nonce`.
pub(crate) fn verify(
    key: &KeyPair,
    nonce: &[u8],
    signature: Option<&str>,
) -> Result<(), RefuseReason> {
    let text = signature.ok_or(RefuseReason::SignatureMissing)?;
    if text.len() > SIGNATURE_TEXT_MAX {
        return Err(RefuseReason::SignatureMalformed);
    }
    // Go's decoders skip line breaks.
    let text: String = text.chars().filter(|&digit| digit != '\r' && digit != '\n').collect();
    let signature = URL_UNPADDED
        .decode(&text)
        .or_else(|_| STANDARD_PADDED.decode(&text))
        .map_err(|_| RefuseReason::SignatureMalformed)?;
    key.verify(nonce, &signature).map_err(|_| RefuseReason::SignatureWrong)
}
