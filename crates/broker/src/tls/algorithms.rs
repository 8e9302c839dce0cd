//! Names of versions, cipher suites and groups, as Go's `crypto/tls` writes them: the names of
//! nats-server's configuration and monitoring.

use rustls::crypto::SupportedKxGroup;
use rustls::crypto::ring::{cipher_suite as suites, kx_group as groups};
use rustls::{CipherSuite, ProtocolVersion, SupportedCipherSuite};

/// Every suite, by name. Those of TLS 1.3 come first, then those of TLS 1.2; each in the order
/// of preference when a configuration says nothing.
const CIPHER_SUITES: [(&str, SupportedCipherSuite); 9] = [
    ("TLS_AES_128_GCM_SHA256", suites::TLS13_AES_128_GCM_SHA256),
    ("TLS_AES_256_GCM_SHA384", suites::TLS13_AES_256_GCM_SHA384),
    ("TLS_CHACHA20_POLY1305_SHA256", suites::TLS13_CHACHA20_POLY1305_SHA256),
    ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", suites::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
    ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", suites::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256),
    ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", suites::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384),
    ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", suites::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384),
    (
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        suites::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    ),
    (
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        suites::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ),
];

/// Every key exchange group, by name, in the order of preference when a configuration says
/// nothing.
const GROUPS: [(&str, &dyn SupportedKxGroup); 3] = [
    ("X25519", groups::X25519),
    ("CurveP256", groups::SECP256R1),
    ("CurveP384", groups::SECP384R1),
];

/// The number of a version, such as `1.3`; empty for one that is never negotiated.
pub(super) fn version_name(version: ProtocolVersion) -> &'static str {
    match version {
        ProtocolVersion::TLSv1_2 => "1.2",
        ProtocolVersion::TLSv1_3 => "1.3",
        _ => "",
    }
}

/// The Go name of a suite; empty for one that is never negotiated.
pub(super) fn suite_name(suite: CipherSuite) -> &'static str {
    CIPHER_SUITES.iter().find(|(_, s)| s.suite() == suite).map_or("", |(name, _)| name)
}

/// The suites of a configuration, in its order; none named: all.
///
/// As in Go, those of TLS 1.3 cannot be switched off: those not named follow the named ones.
///
/// # Errors
/// The first name that is unknown.
pub(super) fn suites_named(names: &[String]) -> Result<Vec<SupportedCipherSuite>, &str> {
    let mut chosen = Vec::with_capacity(CIPHER_SUITES.len());
    for name in names {
        let found = CIPHER_SUITES.iter().find(|(known, _)| known == name);
        let (_, suite) = found.ok_or(name.as_str())?;
        if !chosen.contains(suite) {
            chosen.push(*suite);
        }
    }
    for (_, suite) in &CIPHER_SUITES {
        if (names.is_empty() || suite.tls13().is_some()) && !chosen.contains(suite) {
            chosen.push(*suite);
        }
    }
    Ok(chosen)
}

/// The groups of a configuration, in its order; none named: all.
///
/// # Errors
/// The first name that is unknown.
pub(super) fn groups_named(names: &[String]) -> Result<Vec<&'static dyn SupportedKxGroup>, &str> {
    if names.is_empty() {
        return Ok(GROUPS.iter().map(|(_, group)| *group).collect());
    }
    let mut chosen: Vec<&'static dyn SupportedKxGroup> = Vec::with_capacity(GROUPS.len());
    for name in names {
        let found = GROUPS.iter().find(|(known, _)| known == name);
        let (_, group) = found.ok_or(name.as_str())?;
        if !chosen.iter().any(|other| other.name() == group.name()) {
            chosen.push(*group);
        }
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::crypto::ring;

    fn suites_of(names: &[&str]) -> Vec<&'static str> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        suites_named(&names).unwrap().iter().map(|s| suite_name(s.suite())).collect()
    }

    #[test]
    fn names_every_version_and_suite_that_can_be_negotiated() {
        assert_eq!(version_name(ProtocolVersion::TLSv1_2), "1.2");
        assert_eq!(version_name(ProtocolVersion::TLSv1_3), "1.3");
        for suite in ring::ALL_CIPHER_SUITES {
            let go = format!("{:?}", suite.suite()).replace("TLS13_", "TLS_");
            assert_eq!(suite_name(suite.suite()), go);
        }
        assert_eq!(suite_name(CipherSuite::TLS_RSA_WITH_NULL_MD5), "");
        assert_eq!(version_name(ProtocolVersion::SSLv3), "");
    }

    #[test]
    fn knows_the_names_that_a_configuration_may_hold() {
        let mut known: Vec<_> = CIPHER_SUITES.iter().map(|(name, _)| *name).collect();
        let mut allowed = anabranch_config::cipher_suite_names();
        known.sort_unstable();
        allowed.sort_unstable();
        assert_eq!(known, allowed);
        let known: Vec<_> = GROUPS.iter().map(|(name, _)| *name).collect();
        assert_eq!(known, anabranch_config::curve_names());
    }

    #[test]
    fn takes_all_suites_when_none_is_named() {
        assert_eq!(suites_of(&[]).len(), ring::ALL_CIPHER_SUITES.len());
    }

    #[test]
    fn takes_named_suites_in_their_order_and_every_one_of_tls_13() {
        assert_eq!(
            suites_of(&[
                "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
                "TLS_CHACHA20_POLY1305_SHA256",
                "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
                "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            ]),
            [
                "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
                "TLS_CHACHA20_POLY1305_SHA256",
                "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
                "TLS_AES_128_GCM_SHA256",
                "TLS_AES_256_GCM_SHA384",
            ]
        );
    }

    #[test]
    fn tells_which_name_is_unknown() {
        let names = ["TLS_AES_128_GCM_SHA256", "TLS_RSA_WITH_RC4_128_SHA"].map(str::to_owned);
        assert_eq!(suites_named(&names).unwrap_err(), "TLS_RSA_WITH_RC4_128_SHA");
        let names = ["X25519", "CurveP521"].map(str::to_owned);
        assert_eq!(groups_named(&names).unwrap_err(), "CurveP521");
    }

    #[test]
    fn takes_named_groups_in_their_order() {
        let names = ["CurveP384", "X25519", "CurveP384"].map(str::to_owned);
        let chosen: Vec<_> = groups_named(&names).unwrap().iter().map(|g| g.name()).collect();
        assert_eq!(chosen, [groups::SECP384R1.name(), groups::X25519.name()]);
        assert_eq!(groups_named(&[]).unwrap().len(), GROUPS.len());
    }
}
