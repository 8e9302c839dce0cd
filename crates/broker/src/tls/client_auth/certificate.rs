//! What path validation needs to know of one certificate. Signatures are not looked at.

use std::ops::Range;

use x509_parser::asn1_rs::{Any, FromDer as _};
use x509_parser::extensions::{ExtendedKeyUsage, X509Extension};
use x509_parser::oid_registry as oid;
use x509_parser::prelude::{ParsedExtension, X509Certificate};

use super::name_constraints::{AlternativeNames, Constraints};

/// The bytes are no certificate, or one that contradicts itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed certificate")]
pub(in crate::tls) struct Malformed;

/// A certificate, parsed.
#[derive(Debug, Clone)]
pub(in crate::tls) struct Certificate {
    der: Vec<u8>,
    signed: Range<usize>,
    /// The contents of the signature's `AlgorithmIdentifier`, DER.
    pub(super) algorithm: Vec<u8>,
    /// The issuer's signature of [`Self::signed`].
    pub(super) signature: Vec<u8>,
    /// The holder's name, DER.
    pub(super) subject: Vec<u8>,
    /// The signer's name, DER.
    pub(super) issuer: Vec<u8>,
    /// The holder's `SubjectPublicKeyInfo`, DER.
    pub(super) public_key: Vec<u8>,
    /// First second of its time, since 1970.
    pub(super) not_before: i64,
    /// Last second of its time, since 1970.
    pub(super) not_after: i64,
    /// Whether its key may sign certificates.
    pub(super) authority: Authority,
    /// What its key, and those below it, may be used for.
    pub(super) purpose: Purpose,
    /// Other names of the holder.
    pub(super) names: Option<AlternativeNames>,
    /// What names it may sign.
    pub(super) constraints: Option<Constraints>,
    /// It says something that must be understood and is not.
    pub(super) unhandled: bool,
}

/// Whether a key may sign certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Authority {
    /// It says so.
    Yes {
        /// Authorities that may stand between it and a client at most.
        path_len: Option<u32>,
    },
    /// Of a version that cannot say: as a root it may.
    Unsaid,
    /// It may not.
    No,
}

/// What a key may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Logging in to a server, at least.
    Client,
    /// Only other things.
    Other,
}

impl Certificate {
    /// Reads one certificate, and nothing behind it.
    ///
    /// # Errors
    /// When `der` is no certificate.
    pub(in crate::tls) fn parse(der: &[u8]) -> Result<Self, Malformed> {
        let Ok(([], parsed)) = X509Certificate::from_der(der) else { return Err(Malformed) };
        let version = parsed.version().0;
        let with_extensions = !parsed.extensions().is_empty();
        // What stands in front says how it was signed, what stands behind how that is checked.
        if parsed.signature_algorithm != parsed.tbs_certificate.signature
            || parsed.signature_value.unused_bits != 0
            || version > 2
            || (version < 2 && with_extensions)
            || parsed.extensions_map().is_err()
        {
            return Err(Malformed);
        }
        let (signed, algorithm) = outline(der).ok_or(Malformed)?;
        let mut certificate = Self {
            der: der.to_vec(),
            signed,
            algorithm,
            signature: parsed.signature_value.data.to_vec(),
            subject: parsed.subject().as_raw().to_vec(),
            issuer: parsed.issuer().as_raw().to_vec(),
            public_key: parsed.public_key().raw.to_vec(),
            not_before: parsed.validity().not_before.timestamp(),
            not_after: parsed.validity().not_after.timestamp(),
            authority: if version == 2 { Authority::No } else { Authority::Unsaid },
            purpose: Purpose::Client,
            names: None,
            constraints: None,
            unhandled: false,
        };
        let mut signs = true;
        for extension in parsed.extensions() {
            certificate.read(extension, &mut signs)?;
        }
        if !signs {
            certificate.authority = Authority::No;
        }
        Ok(certificate)
    }

    /// The whole of it.
    pub(super) fn der(&self) -> &[u8] {
        &self.der
    }

    /// What the issuer signed.
    pub(super) fn signed(&self) -> &[u8] {
        self.der.get(self.signed.clone()).unwrap_or_default()
    }

    /// Reads an extension; `signs` becomes false where the key may not sign certificates,
    /// whatever else is said.
    fn read(&mut self, extension: &X509Extension<'_>, signs: &mut bool) -> Result<(), Malformed> {
        use ParsedExtension as Is;
        match extension.parsed_extension() {
            Is::BasicConstraints(constraints) => {
                let path_len = constraints.path_len_constraint;
                self.authority =
                    if constraints.ca { Authority::Yes { path_len } } else { Authority::No };
            }
            Is::KeyUsage(usage) => *signs = usage.flags == 0 || usage.key_cert_sign(),
            Is::ExtendedKeyUsage(usage) => self.purpose = purpose(usage),
            Is::SubjectAlternativeName(names) => {
                let names = AlternativeNames::read(extension.value, &names.general_names)?;
                self.unhandled |= extension.critical && names.is_empty();
                self.names = Some(names);
            }
            Is::NameConstraints(constraints) => {
                let constraints = Constraints::read(constraints)?;
                self.unhandled |= extension.critical && constraints.has_others();
                self.constraints = Some(constraints);
            }
            Is::CertificatePolicies(_)
            | Is::SubjectKeyIdentifier(_)
            | Is::AuthorityKeyIdentifier(_)
            | Is::CRLDistributionPoints(_)
            | Is::AuthorityInfoAccess(_) => {}
            // Policies are not followed, so where one is demanded the answer is no.
            Is::PolicyConstraints(_) => self.unhandled = true,
            Is::ParseError { .. } if is_needed(extension) => return Err(Malformed),
            _ => self.unhandled |= extension.critical,
        }
        Ok(())
    }
}

/// The extensions that decide something.
fn is_needed(extension: &X509Extension<'_>) -> bool {
    [
        oid::OID_X509_EXT_BASIC_CONSTRAINTS,
        oid::OID_X509_EXT_KEY_USAGE,
        oid::OID_X509_EXT_EXTENDED_KEY_USAGE,
        oid::OID_X509_EXT_SUBJECT_ALT_NAME,
        oid::OID_X509_EXT_NAME_CONSTRAINTS,
        oid::OID_X509_EXT_POLICY_CONSTRAINTS,
    ]
    .contains(&extension.oid)
}

/// Without any purpose named, all are meant.
fn purpose(usage: &ExtendedKeyUsage<'_>) -> Purpose {
    let others = usage.server_auth
        || usage.code_signing
        || usage.email_protection
        || usage.time_stamping
        || usage.ocsp_signing
        || !usage.other.is_empty();
    if usage.any || usage.client_auth || !others { Purpose::Client } else { Purpose::Other }
}

/// Where the signed part lies in a certificate, and the contents of the algorithm behind it. What
/// is around the signed part is not signed, and must be nothing else.
fn outline(der: &[u8]) -> Option<(Range<usize>, Vec<u8>)> {
    const SEQUENCE: u8 = 0x30;
    const BIT_STRING: u8 = 3;
    let part = |der, tag| {
        let (behind, part) = Any::from_der(der).ok()?;
        der.starts_with(&[tag]).then_some((behind, part))
    };
    let (_, whole) = part(der, SEQUENCE)?;
    let (behind, _) = part(whole.data, SEQUENCE)?;
    let (signature, algorithm) = part(behind, SEQUENCE)?;
    let (rest, _) = part(signature, BIT_STRING)?;
    let start = der.len() - whole.data.len();
    rest.is_empty().then(|| (start..der.len() - behind.len(), algorithm.data.to_vec()))
}
