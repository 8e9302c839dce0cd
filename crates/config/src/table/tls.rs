//! TLS.

use super::Kind::{Any, Blocks, Bool, Int, MaybeBlock, Seconds, Text, TextList, Texts};
use super::listeners::OCSP_PEER;
use super::{Block, NONE, Opt, Unknown, acts, encryption, warns};

/// `tls`.
pub static TLS: Block = Block { name: "tls", unknown: Unknown::Tls, options: TLS_OPTIONS };

const TLS_OPTIONS: &[Opt] = &[
    acts("cert_file", NONE, Text, "Certificate chain, PEM."),
    acts("key_file", NONE, Text, "Its private key, PEM."),
    acts("ca_file", NONE, Text, "Authorities for client certificates, PEM."),
    acts("verify", NONE, Bool, "Clients must present a certificate."),
    acts("verify_and_map", NONE, Bool, "Clients must, and it names the user."),
    acts(
        "verify_cert_and_check_known_urls",
        NONE,
        Bool,
        "For routes, gateways and leaf nodes only.",
    ),
    warns("insecure", NONE, Bool, "For connections that the server makes itself."),
    encryption("allow_insecure_cipher_suites", NONE, Bool, "Allows weak cipher suites."),
    acts("cipher_suites", NONE, TextList, "Cipher suites allowed, by their Go names."),
    acts("curve_preferences", NONE, TextList, "Key exchange groups, by their Go names."),
    acts("timeout", NONE, Seconds, "Time for a handshake."),
    acts("connection_rate_limit", NONE, Int, "New TLS connections per second; 0: unlimited."),
    acts("pinned_certs", NONE, TextList, "Hex SHA-256 of the accepted clients' public keys."),
    encryption("cert_store", NONE, Text, "Windows certificate store."),
    encryption("cert_match_by", NONE, Text, "How a certificate is found in the store."),
    encryption("cert_match", NONE, Text, "What it is found by."),
    encryption("ca_certs_match", NONE, Texts, "Authorities found in the store."),
    encryption("cert_match_skip_invalid", NONE, Bool, "Skips certificates that are not valid."),
    acts(
        "handshake_first",
        &["first", "immediate"],
        Any,
        "Handshake before INFO: a boolean, \"auto\" or how long to wait for one.",
    ),
    encryption("ocsp_peer", NONE, MaybeBlock(&OCSP_PEER), "Checks client certificates by OCSP."),
    acts("certs", &["certificates"], Blocks(&CERTIFICATE), "Several certificates."),
    acts("min_version", NONE, Text, "Oldest version accepted: \"1.2\" or \"1.3\"."),
];

/// An element of `certs`.
pub static CERTIFICATE: Block =
    Block { name: "certs[]", unknown: Unknown::Certificates, options: CERTIFICATE_OPTIONS };

const CERTIFICATE_OPTIONS: &[Opt] = &[
    acts("cert_file", NONE, Text, "Certificate chain, PEM."),
    acts("key_file", NONE, Text, "Its private key, PEM."),
];
