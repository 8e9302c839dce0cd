//! From a client's certificate to one that is trusted, by way of those that the client sent.
//!
//! The rules, and the order in which candidates are tried, are those of Go's `Verify`, from which
//! nats-server asks a path for client authentication. Work is bounded: whatever is sent, so many
//! signatures are checked and so many names compared, and no more.

use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls_pki_types::SubjectPublicKeyInfoDer;
use webpki::RawPublicKeyEntity;

use super::certificate::{Authority, Certificate, Purpose};
use super::roots::Roots;

/// Issuers tried for one client, as in Go.
const ATTEMPTS_MAX: u32 = 100;
/// Names compared with constraints for one client.
const COMPARISONS_MAX: usize = 250_000;

/// Why a certificate is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in crate::tls) enum Refusal {
    /// No way leads to a trusted one.
    #[error("certificate signed by unknown authority")]
    UnknownAuthority,
    /// Its time, or that of an authority above it, has not begun.
    #[error("certificate is not yet valid")]
    NotYetValid,
    /// Its time, or that of an authority above it, is over.
    #[error("certificate has expired")]
    Expired,
    /// It says something that must be understood and is not.
    #[error("unhandled critical extension")]
    Unhandled,
    /// An intermediate one is of no authority.
    #[error("certificate is not authorized to sign other certificates")]
    NotAnAuthority,
    /// More authorities stand between than one of them allows.
    #[error("too many intermediates for path length constraint")]
    TooManyIntermediates,
    /// It, or an authority above it, is for other purposes.
    #[error("certificate specifies an incompatible key usage")]
    OtherPurpose,
    /// An authority may not sign a name below it.
    #[error("a root or intermediate certificate is not authorized to sign for this name")]
    NameNotPermitted,
    /// The bound on work was reached.
    #[error("signature check attempts limit reached while verifying certificate chain")]
    TooMuchWork,
}

/// Looks for a path from `leaf` to one of `roots`. `now`: seconds since 1970.
///
/// # Errors
/// Why there is none; of several reasons the one that was met first.
pub(super) fn verify(
    leaf: &Certificate,
    intermediates: &[Certificate],
    roots: &Roots,
    now: i64,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<(), Refusal> {
    check(leaf, now)?;
    let mut search = Search {
        intermediates,
        roots,
        now,
        algorithms,
        attempts: 0,
        comparisons: 0,
        refusal: None,
    };
    let mut chain = vec![leaf];
    if roots.contain(leaf) {
        return search.accept(&chain);
    }
    match search.extend(&mut chain)? {
        Found::Path => Ok(()),
        Found::Nothing => Err(search.refusal.unwrap_or(Refusal::UnknownAuthority)),
    }
}

/// What every certificate on the way must keep to.
fn check(certificate: &Certificate, now: i64) -> Result<(), Refusal> {
    if certificate.unhandled {
        Err(Refusal::Unhandled)
    } else if now < certificate.not_before {
        Err(Refusal::NotYetValid)
    } else if now > certificate.not_after {
        Err(Refusal::Expired)
    } else {
        Ok(())
    }
}

/// Where a candidate comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Root,
    Intermediate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Path,
    Nothing,
}

struct Search<'a> {
    intermediates: &'a [Certificate],
    roots: &'a Roots,
    now: i64,
    algorithms: &'a WebPkiSupportedAlgorithms,
    attempts: u32,
    comparisons: usize,
    refusal: Option<Refusal>,
}

impl<'a> Search<'a> {
    /// Tries every issuer of the last certificate of `chain`, which is as long afterwards as
    /// before. It is never longer than there are attempts.
    ///
    /// # Errors
    /// [`Refusal::TooMuchWork`] alone.
    fn extend(&mut self, chain: &mut Vec<&'a Certificate>) -> Result<Found, Refusal> {
        let Some(&child) = chain.last() else { return Ok(Found::Nothing) };
        let roots = self.roots.named(&child.issuer).iter().map(|root| (Kind::Root, root));
        let sent = self.intermediates.iter().filter(|parent| parent.subject == child.issuer);
        for (kind, parent) in roots.chain(sent.map(|parent| (Kind::Intermediate, parent))) {
            self.attempts += 1;
            if self.attempts > ATTEMPTS_MAX {
                return Err(Refusal::TooMuchWork);
            }
            if chain.iter().any(|known| is_same_holder(known, parent)) {
                continue;
            }
            match self.check_parent(kind, parent, chain) {
                Ok(()) => {}
                // Whoever signed is still unknown.
                Err(Refusal::UnknownAuthority) => continue,
                Err(refusal) => {
                    self.refusal.get_or_insert(refusal);
                    continue;
                }
            }
            chain.push(parent);
            let found = match kind {
                Kind::Intermediate => self.extend(chain),
                Kind::Root => match self.accept(chain) {
                    Ok(()) => Ok(Found::Path),
                    Err(Refusal::TooMuchWork) => Err(Refusal::TooMuchWork),
                    Err(refusal) => {
                        self.refusal.get_or_insert(refusal);
                        Ok(Found::Nothing)
                    }
                },
            };
            chain.pop();
            if found != Ok(Found::Nothing) {
                return found;
            }
        }
        Ok(Found::Nothing)
    }

    /// Whether `parent` signed the last certificate of `chain`, and might.
    fn check_parent(
        &self,
        kind: Kind,
        parent: &Certificate,
        chain: &[&Certificate],
    ) -> Result<(), Refusal> {
        let Some(child) = chain.last() else { return Err(Refusal::UnknownAuthority) };
        if parent.authority == Authority::No || !self.signed(parent, child) {
            return Err(Refusal::UnknownAuthority);
        }
        check(parent, self.now)?;
        if let Authority::Yes { path_len: Some(max) } = parent.authority
            && chain.len() - 1 > usize::try_from(max).unwrap_or(usize::MAX)
        {
            return Err(Refusal::TooManyIntermediates);
        }
        if kind == Kind::Intermediate && parent.authority == Authority::Unsaid {
            return Err(Refusal::NotAnAuthority);
        }
        Ok(())
    }

    /// Whether the signature of `child` is of `parent`'s key.
    fn signed(&self, parent: &Certificate, child: &Certificate) -> bool {
        let public_key = SubjectPublicKeyInfoDer::from(parent.public_key.as_slice());
        let Ok(key) = RawPublicKeyEntity::try_from(&public_key) else { return false };
        // Of those that the signature may be by, one at most is for this kind of key.
        self.algorithms
            .all
            .iter()
            .filter(|algorithm| algorithm.signature_alg_id().as_ref() == child.algorithm)
            .any(|&algorithm| {
                key.verify_signature(algorithm, child.signed(), &child.signature).is_ok()
            })
    }

    /// Whether a whole path, from the leaf to a root, is for clients and for the names on it.
    fn accept(&mut self, chain: &[&Certificate]) -> Result<(), Refusal> {
        if chain.iter().any(|certificate| certificate.purpose == Purpose::Other) {
            return Err(Refusal::OtherPurpose);
        }
        for (index, above) in chain.iter().enumerate() {
            let Some(constraints) = &above.constraints else { continue };
            for names in chain[..index].iter().filter_map(|below| below.names.as_ref()) {
                self.comparisons += constraints.len().saturating_mul(names.len());
                if self.comparisons > COMPARISONS_MAX {
                    return Err(Refusal::TooMuchWork);
                }
                if !constraints.permit(names) {
                    return Err(Refusal::NameNotPermitted);
                }
            }
        }
        Ok(())
    }
}

/// The same name and key in another certificate leads nowhere that the first does not.
fn is_same_holder(one: &Certificate, other: &Certificate) -> bool {
    one.subject == other.subject
        && one.public_key == other.public_key
        && match (&one.names, &other.names) {
            (Some(one), Some(other)) => one.raw == other.raw,
            (None, None) => true,
            _ => false,
        }
}
