//! Why a handshake failed, in the words that nats-server's users search their logs for.

use std::io;

use rustls::{CertificateError, Error};

/// Why a handshake failed: nats-server's words where it has some, which are Go's.
#[must_use]
pub fn handshake_failure(error: &io::Error) -> String {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    let why = match inner {
        Some(Error::NoCertificatesPresented) => {
            return "tls: client didn't provide a certificate".to_owned();
        }
        Some(Error::InvalidCertificate(why)) => why,
        _ => return error.to_string(),
    };
    let x509 = match why {
        CertificateError::BadEncoding => {
            return "tls: failed to parse client certificate: x509: malformed certificate"
                .to_owned();
        }
        CertificateError::BadSignature => {
            return "tls: invalid signature by the client certificate".to_owned();
        }
        CertificateError::UnknownIssuer => "certificate signed by unknown authority".to_owned(),
        CertificateError::Expired | CertificateError::NotValidYet => {
            "certificate has expired or is not yet valid".to_owned()
        }
        CertificateError::UnhandledCriticalExtension => "unhandled critical extension".to_owned(),
        CertificateError::Other(other) => other.0.to_string(),
        other => other.to_string(),
    };
    format!("tls: failed to verify certificate: x509: {x509}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_it_as_nats_server_does() {
        let said = |error: Error| handshake_failure(&io::Error::other(error));
        for (why, words) in [
            (CertificateError::UnknownIssuer, "certificate signed by unknown authority"),
            (CertificateError::Expired, "certificate has expired or is not yet valid"),
            (CertificateError::NotValidYet, "certificate has expired or is not yet valid"),
        ] {
            let words = format!("tls: failed to verify certificate: x509: {words}");
            assert_eq!(said(Error::InvalidCertificate(why)), words);
        }
        let none = "tls: client didn't provide a certificate";
        assert_eq!(said(Error::NoCertificatesPresented), none);
        assert_eq!(handshake_failure(&io::Error::other("odd")), "odd");
    }
}
