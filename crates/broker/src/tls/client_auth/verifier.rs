//! What rustls asks about a client's certificate.

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls13_signature_with_raw_key};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, PeerMisbehaved,
    SignatureScheme,
};
use rustls_pki_types::{CertificateDer, SubjectPublicKeyInfoDer, UnixTime};
use webpki::RawPublicKeyEntity;

use super::certificate::Certificate;
use super::path::{self, Refusal};
use super::roots::Roots;

/// Demands a certificate that leads to a trusted one.
#[derive(Debug)]
pub(in crate::tls) struct ClientVerifier {
    roots: Roots,
    hints: Vec<DistinguishedName>,
    algorithms: WebPkiSupportedAlgorithms,
}

/// Whether clients are told whose certificates are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tls) enum Hints {
    /// They are.
    Told,
    /// There are too many to tell.
    Untold,
}

impl ClientVerifier {
    /// Trusts `roots`; signatures may be by `algorithms`.
    pub(in crate::tls) fn new(
        roots: Roots,
        hints: Hints,
        algorithms: WebPkiSupportedAlgorithms,
    ) -> Self {
        let hints = if hints == Hints::Told { roots.hints() } else { Vec::new() };
        Self { roots, hints, algorithms }
    }
}

impl ClientCertVerifier for ClientVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let parse = |der: &CertificateDer<'_>| {
            Certificate::parse(der).map_err(|_| Error::from(CertificateError::BadEncoding))
        };
        let leaf = parse(end_entity)?;
        let intermediates = intermediates.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        path::verify(&leaf, &intermediates, &self.roots, now, &self.algorithms)
            .map(|()| ClientCertVerified::assertion())
            .map_err(|refusal| certificate_error(refusal).into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let public_key = public_key(certificate)?;
        let key = RawPublicKeyEntity::try_from(&public_key)
            .map_err(|_| Error::from(CertificateError::BadEncoding))?;
        let mut schemes = self.algorithms.mapping.iter();
        let (_, algorithms) = schemes
            .find(|(scheme, _)| *scheme == signed.scheme)
            .ok_or(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme)?;
        // In this version a scheme is not bound to a curve: of several, one at most is for the key.
        let valid = algorithms
            .iter()
            .any(|&algorithm| key.verify_signature(algorithm, message, signed.signature()).is_ok());
        if valid {
            Ok(HandshakeSignatureValid::assertion())
        } else {
            Err(CertificateError::BadSignature.into())
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let public_key = public_key(certificate)?;
        verify_tls13_signature_with_raw_key(message, &public_key, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

fn public_key(certificate: &CertificateDer<'_>) -> Result<SubjectPublicKeyInfoDer<'static>, Error> {
    let certificate = Certificate::parse(certificate).map_err(|_| CertificateError::BadEncoding)?;
    Ok(SubjectPublicKeyInfoDer::from(certificate.public_key))
}

/// The error that has the alert which nats-server sends, where rustls has one.
fn certificate_error(refusal: Refusal) -> CertificateError {
    match refusal {
        Refusal::UnknownAuthority => CertificateError::UnknownIssuer,
        Refusal::NotYetValid => CertificateError::NotValidYet,
        Refusal::Expired => CertificateError::Expired,
        Refusal::Unhandled => CertificateError::UnhandledCriticalExtension,
        other => CertificateError::Other(OtherError(Arc::new(other))),
    }
}
