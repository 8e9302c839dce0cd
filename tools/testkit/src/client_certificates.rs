//! Certificates of clients for a server to judge. Made anew for each server, so they are worth
//! nothing.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, PublicKeyData as _, SigningKey as _, date_time_ymd,
};

use crate::certificate::{put, unmade, write_self_signed};
use crate::server::Error;

/// An authority that can sign.
type Authority = CertifiedIssuer<'static, KeyPair>;

/// As [`write_self_signed`], and certificates of clients for a server to judge, each with its key,
/// `NAME-key.pem`:
///
/// | name | what it is |
/// | --- | --- |
/// | `client` | as a usual client has it, of the authority |
/// | `old` | X.509 version 1, of the authority |
/// | `old-stranger` | X.509 version 1, of another authority of that name |
/// | `authority` | an authority's own, of the authority |
/// | `listed` | an authority's own, signed by itself |
/// | `unlisted` | the same with another key |
/// | `server` | for servers only, of the authority |
/// | `expired` | of the authority, some years ago |
///
/// `trusted.pem` holds the authority and `listed`.
///
/// # Errors
/// [`Error::Io`] when they cannot be made or written.
pub fn write(directory: &Path) -> Result<(), Error> {
    write_self_signed(directory)?;
    let (authority, stranger) = (authority()?, authority()?);
    put(directory, "ca.pem", &authority.pem())?;
    write_version_one(directory, "old", &authority)?;
    write_version_one(directory, "old-stranger", &stranger)?;
    let mut ca = client();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let mut server = client();
    server.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
    let mut expired = client();
    expired.not_after = date_time_ymd(2020, 1, 1);
    write_client(directory, "client", &client(), Some(&authority))?;
    write_client(directory, "authority", &ca, Some(&authority))?;
    write_client(directory, "listed", &ca, None)?;
    write_client(directory, "unlisted", &ca, None)?;
    write_client(directory, "server", &server, Some(&authority))?;
    write_client(directory, "expired", &expired, Some(&authority))?;
    let listed = std::fs::read_to_string(directory.join("listed.pem")).unwrap_or_default();
    put(directory, "trusted.pem", &(authority.pem() + &listed))
}

fn authority() -> Result<Authority, Error> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "authority");
    CertifiedIssuer::self_signed(params, KeyPair::generate().map_err(unmade)?).map_err(unmade)
}

fn client() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "client");
    params.distinguished_name.push(DnType::OrganizationName, "testkit");
    params
}

/// Writes a certificate and its key; without an issuer it is signed by itself.
fn write_client(
    directory: &Path,
    name: &str,
    params: &CertificateParams,
    issuer: Option<&Authority>,
) -> Result<(), Error> {
    let key = KeyPair::generate().map_err(unmade)?;
    let made = match issuer {
        Some(issuer) => params.signed_by(&key, issuer),
        None => params.self_signed(&key),
    };
    put(directory, &format!("{name}.pem"), &made.map_err(unmade)?.pem())?;
    put(directory, &format!("{name}-key.pem"), &key.serialize_pem())
}

/// Writes a client's certificate of X.509 version 1, and its key: what stands between the version
/// and the extensions of one of version 3, signed anew.
fn write_version_one(directory: &Path, name: &str, issuer: &Authority) -> Result<(), Error> {
    const VERSION: [u8; 5] = [0xa0, 3, 2, 1, 2];
    /// ECDSA with SHA-256, which rcgen's keys are for.
    const ALGORITHM: [u8; 12] = [0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
    let key = KeyPair::generate().map_err(unmade)?;
    let made = client().signed_by(&key, issuer).map_err(unmade)?;
    let (der, public_key) = (made.der(), key.subject_public_key_info());
    let after = |part: &[u8]| {
        let found = der.windows(part.len()).position(|bytes| bytes == part);
        found.map_or(0, |index| index + part.len())
    };
    let signed = sequence(&der[after(&VERSION)..after(&public_key)]);
    let signature = issuer.key().sign(&signed).map_err(unmade)?;
    let mut whole = [signed.as_slice(), &ALGORITHM].concat();
    let bits = u8::try_from(signature.len() + 1).expect("an ECDSA signature is short");
    whole.extend([3, bits, 0]);
    whole.extend(signature);
    let text = STANDARD.encode(sequence(&whole));
    let pem = format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
    put(directory, &format!("{name}.pem"), &pem)?;
    put(directory, &format!("{name}-key.pem"), &key.serialize_pem())
}

/// DER of a sequence of this content, which has between 128 bytes and 64 KiB.
fn sequence(content: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(content.len()).expect("a certificate is short").to_be_bytes();
    let head: &[u8] = if high == 0 { &[0x30, 0x81, low] } else { &[0x30, 0x82, high, low] };
    [head, content].concat()
}
