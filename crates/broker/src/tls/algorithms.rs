//! Names of TLS versions, cipher suites and key exchange groups, as Go and so nats-server's
//! configuration and monitoring write them.

use rustls::crypto::SupportedKxGroup;
use rustls::crypto::ring::{cipher_suite as suite, kx_group};
use rustls::{CipherSuite, ProtocolVersion, SupportedCipherSuite};

/// Cipher suites by Go name.
const SUITES: [(&str, SupportedCipherSuite); 9] = [
    ("TLS_AES_256_GCM_SHA384", suite::TLS13_AES_256_GCM_SHA384),
    ("TLS_AES_128_GCM_SHA256", suite::TLS13_AES_128_GCM_SHA256),
    ("TLS_CHACHA20_POLY1305_SHA256", suite::TLS13_CHACHA20_POLY1305_SHA256),
    ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384),
    ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
    (
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    ),
    ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384),
    ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256),
    (
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ),
];

/// Older Go names of the same suites.
const SUITE_ALIASES: [(&str, &str); 2] = [
    ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
    ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
];

/// Key exchange groups by Go name.
const GROUPS: [(&str, &dyn SupportedKxGroup); 3] = [
    ("X25519", kx_group::X25519),
    ("CurveP256", kx_group::SECP256R1),
    ("CurveP384", kx_group::SECP384R1),
];

/// The cipher suite of that Go name.
#[must_use]
pub fn suite_named(name: &str) -> Option<SupportedCipherSuite> {
    let alias = SUITE_ALIASES.iter().find(|(old, _)| *old == name);
    let name = alias.map_or(name, |(_, new)| new);
    SUITES.iter().find(|(known, _)| *known == name).map(|(_, suite)| *suite)
}

/// The key exchange group of that Go name.
#[must_use]
pub fn group_named(name: &str) -> Option<&'static dyn SupportedKxGroup> {
    GROUPS.iter().find(|(known, _)| *known == name).map(|(_, group)| *group)
}

/// `1.2` or `1.3`.
#[must_use]
pub fn version_name(version: ProtocolVersion) -> &'static str {
    match version {
        ProtocolVersion::TLSv1_2 => "1.2",
        ProtocolVersion::TLSv1_3 => "1.3",
        _ => "",
    }
}

/// The Go name of a suite that was negotiated.
#[must_use]
pub fn suite_name(negotiated: CipherSuite) -> &'static str {
    SUITES.iter().find(|(_, suite)| suite.suite() == negotiated).map_or("", |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_suite_has_one_name() {
        for (name, suite) in SUITES {
            assert_eq!(suite_name(suite.suite()), name);
            assert!(suite_named(name).is_some());
        }
        for (old, _) in SUITE_ALIASES {
            assert!(suite_named(old).is_some(), "{old}");
        }
        assert!(suite_named("TLS_RSA_WITH_RC4_128_SHA").is_none());
        assert!(group_named("CurveP521").is_none());
    }
}
