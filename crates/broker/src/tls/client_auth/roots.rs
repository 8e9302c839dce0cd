//! The certificates that are believed without a signature.

use std::collections::HashMap;

use rustls::DistinguishedName;

use super::certificate::Certificate;

/// Bytes of names that fit the message by which a server asks for a certificate, with room to
/// spare.
const HINT_BYTES_MAX: usize = 32 * 1024;

/// Trusted certificates, by subject.
#[derive(Debug, Default)]
pub(in crate::tls) struct Roots {
    by_subject: HashMap<Vec<u8>, Vec<Certificate>>,
}

impl Roots {
    /// Those of `certificates` that can be read, as Go's pools keep them; and how many.
    pub(in crate::tls) fn of<'a>(certificates: impl Iterator<Item = &'a [u8]>) -> (Self, usize) {
        let mut roots = Self::default();
        let mut count = 0;
        for certificate in certificates.filter_map(|der| Certificate::parse(der).ok()) {
            count += 1;
            roots.by_subject.entry(certificate.subject.clone()).or_default().push(certificate);
        }
        (roots, count)
    }

    /// Those of this name.
    pub(super) fn named(&self, subject: &[u8]) -> &[Certificate] {
        self.by_subject.get(subject).map_or(&[], Vec::as_slice)
    }

    /// Whether exactly this certificate is among them.
    pub(super) fn contain(&self, certificate: &Certificate) -> bool {
        self.named(&certificate.subject).iter().any(|root| root.der() == certificate.der())
    }

    /// Their names, for clients that choose a certificate by them; none where they are too many
    /// to be told.
    pub(super) fn hints(&self) -> Vec<DistinguishedName> {
        let mut names: Vec<&Vec<u8>> = self.by_subject.keys().collect();
        names.sort_unstable();
        if names.iter().map(|name| name.len() + 2).sum::<usize>() > HINT_BYTES_MAX {
            return Vec::new();
        }
        names.into_iter().map(|name| DistinguishedName::from(name.clone())).collect()
    }
}
