//! `tls`. Certificates are not read here: their names are all that a configuration holds.

use std::time::Duration;

use super::fields::Fields;
use crate::duration;
use crate::grammar::{Data, Map, Value};
use crate::options::{CertificateFiles, HandshakeFirst, Tls, TlsVersion};
use crate::problem::Problems;
use crate::table::{CERTIFICATE, TLS};

/// Time for a handshake.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(2);
/// How long `handshake_first: auto` waits for a handshake.
const FALLBACK: Duration = Duration::from_millis(50);

/// A `tls` block, wherever it stands.
pub(crate) fn read_block(map: &Map, problems: &mut Problems) -> Tls {
    read(&Fields::of(map, &TLS), problems)
}

pub(super) fn read(fields: &Fields<'_>, problems: &mut Problems) -> Tls {
    let timeout = fields.seconds("timeout", "error parsing tls config", problems);
    let verify_and_map = fields.is_on("verify_and_map");
    known_urls(fields, problems);
    Tls {
        certificates: certificates(fields, problems),
        ca_file: fields.filled("ca_file").map(Into::into),
        verify: fields.is_on("verify") || verify_and_map,
        verify_and_map,
        timeout: timeout.unwrap_or(TIMEOUT),
        connection_rate_limit: rate_limit(fields, problems),
        pinned_certs: pinned_certs(fields, problems),
        handshake_first: handshake_first(fields, problems),
        min_version: min_version(fields, problems),
        cipher_suites: names(fields, "cipher_suites", CIPHER_SUITES, problems),
        curve_preferences: names(fields, "curve_preferences", CURVES, problems),
    }
}

fn known_urls(fields: &Fields<'_>, problems: &mut Problems) {
    const KEY: &str = "verify_cert_and_check_known_urls";
    if let (true, Some(at)) = (fields.is_on(KEY), fields.at(KEY)) {
        problems.error(at, format!("{KEY} not supported in this context"));
    }
}

fn rate_limit(fields: &Fields<'_>, problems: &mut Problems) -> u32 {
    // Negative is no limit, as 0.
    let given = fields.int("connection_rate_limit").is_some_and(|limit| limit > 0);
    let limit = given.then(|| fields.count("connection_rate_limit", problems)).flatten();
    limit.unwrap_or(0)
}

fn certificates(fields: &Fields<'_>, problems: &mut Problems) -> Vec<CertificateFiles> {
    let mut found = Vec::new();
    for item in fields.list("certs").unwrap_or_default() {
        let Data::Map(map) = &item.data else { continue };
        let pair = Fields::of(map, &CERTIFICATE);
        match (pair.filled("cert_file"), pair.filled("key_file")) {
            (Some(cert), Some(key)) => {
                found.push(CertificateFiles { cert_file: cert.into(), key_file: key.into() });
            }
            _ => problems.error(
                &item.at,
                "error parsing certificates config: both 'cert_file' and 'cert_key' options are \
                 required",
            ),
        }
    }
    match (fields.filled("cert_file"), fields.filled("key_file")) {
        (Some(cert), _) if !found.is_empty() => {
            let _ = cert;
            if let Some(at) = fields.at("cert_file") {
                problems.error(
                    at,
                    "error parsing tls config, cannot combine 'cert_file' option with 'certs' \
                     option",
                );
            }
        }
        (Some(cert), Some(key)) => {
            found.push(CertificateFiles { cert_file: cert.into(), key_file: key.into() });
        }
        (Some(_), None) => missing(fields, "cert_file", "key_file", problems),
        (None, Some(_)) => missing(fields, "key_file", "cert_file", problems),
        (None, None) => {}
    }
    found
}

fn missing(fields: &Fields<'_>, present: &str, absent: &str, problems: &mut Problems) {
    if let Some(at) = fields.at(present) {
        problems.error(at, format!("missing '{absent}' in TLS configuration"));
    }
}

fn pinned_certs(fields: &Fields<'_>, problems: &mut Problems) -> Vec<String> {
    let mut pinned = Vec::new();
    for (text, at) in fields.texts("pinned_certs") {
        let entry = text.to_ascii_lowercase();
        if entry.len() == 64 && entry.bytes().all(|b| b.is_ascii_hexdigit()) {
            pinned.push(entry);
        } else {
            problems.error(
                at,
                format!(
                    "error parsing tls config, 'pinned_certs' key {entry} does not look like \
                     hex-encoded sha256 of DER encoded SubjectPublicKeyInfo"
                ),
            );
        }
    }
    pinned
}

fn handshake_first(fields: &Fields<'_>, problems: &mut Problems) -> HandshakeFirst {
    let Some((name, value)) = fields.named("handshake_first") else { return HandshakeFirst::No };
    let text = match &value.data {
        Data::Bool(true) => return HandshakeFirst::Yes,
        Data::Bool(false) => return HandshakeFirst::No,
        Data::Text(text) => text,
        other => {
            let kind = other.kind();
            let text = format!("field {name:?} should be a boolean or a string, got {kind}");
            problems.error(&value.at, text);
            return HandshakeFirst::No;
        }
    };
    match text.to_ascii_lowercase().as_str() {
        "true" | "on" => HandshakeFirst::Yes,
        "false" | "off" => HandshakeFirst::No,
        "auto" | "auto_fallback" => HandshakeFirst::Fallback(FALLBACK),
        _ => match duration::parse(text).ok().and_then(duration::positive) {
            Some(Duration::ZERO) => HandshakeFirst::Yes,
            Some(delay) => HandshakeFirst::Fallback(delay),
            None => {
                problems.error(&value.at, format!("field {name:?}'s value {text:?} is invalid"));
                HandshakeFirst::No
            }
        },
    }
}

fn min_version(fields: &Fields<'_>, problems: &mut Problems) -> TlsVersion {
    let (Some(text), Some(at)) = (fields.text("min_version"), fields.at("min_version")) else {
        return TlsVersion::default();
    };
    let reason = match text {
        "1.2" => return TlsVersion::V12,
        "1.3" => return TlsVersion::V13,
        "1.0" | "1.1" => format!("unsupported TLS version: TLS {text}"),
        _ => format!("unknown version: {text}"),
    };
    problems.error(at, format!("error parsing tls config: {reason}"));
    TlsVersion::default()
}

/// What becomes of a name in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// It is there.
    Offered,
    /// nats-server has it, this server does not: the list works without it.
    Absent,
    /// nats-server wants it allowed explicitly; this server does not have it.
    Insecure,
}

type Names = &'static [(&'static str, Standing)];

const CIPHER_SUITES: Names = {
    use Standing::{Absent, Insecure, Offered};
    &[
        ("TLS_AES_128_GCM_SHA256", Offered),
        ("TLS_AES_256_GCM_SHA384", Offered),
        ("TLS_CHACHA20_POLY1305_SHA256", Offered),
        ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", Offered),
        ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", Offered),
        ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", Offered),
        ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", Offered),
        ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", Offered),
        ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", Offered),
        ("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", Absent),
        ("TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", Absent),
        ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", Absent),
        ("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", Absent),
        ("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", Insecure),
        ("TLS_ECDHE_ECDSA_WITH_RC4_128_SHA", Insecure),
        ("TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", Insecure),
        ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", Insecure),
        ("TLS_ECDHE_RSA_WITH_RC4_128_SHA", Insecure),
        ("TLS_RSA_WITH_3DES_EDE_CBC_SHA", Insecure),
        ("TLS_RSA_WITH_AES_128_CBC_SHA", Insecure),
        ("TLS_RSA_WITH_AES_128_CBC_SHA256", Insecure),
        ("TLS_RSA_WITH_AES_128_GCM_SHA256", Insecure),
        ("TLS_RSA_WITH_AES_256_CBC_SHA", Insecure),
        ("TLS_RSA_WITH_AES_256_GCM_SHA384", Insecure),
        ("TLS_RSA_WITH_RC4_128_SHA", Insecure),
    ]
};

const CURVES: Names = {
    use Standing::{Absent, Offered};
    &[
        ("X25519", Offered),
        ("CurveP256", Offered),
        ("CurveP384", Offered),
        ("CurveP521", Absent),
        ("X25519MLKEM768", Absent),
        ("SecP256r1MLKEM768", Absent),
        ("SecP384r1MLKEM1024", Absent),
    ]
};

/// Names that can be given in `cipher_suites` and have an effect.
#[must_use]
pub fn cipher_suite_names() -> Vec<&'static str> {
    offered(CIPHER_SUITES)
}

/// Names that can be given in `curve_preferences` and have an effect.
#[must_use]
pub fn curve_names() -> Vec<&'static str> {
    offered(CURVES)
}

fn offered(names: Names) -> Vec<&'static str> {
    names.iter().filter(|(_, s)| *s == Standing::Offered).map(|(name, _)| *name).collect()
}

/// The names of a list that are offered, in its order.
fn names(fields: &Fields<'_>, key: &str, known: Names, problems: &mut Problems) -> Vec<String> {
    let Some(list) = fields.value(key) else { return Vec::new() };
    let given = fields.texts(key);
    if given.is_empty() {
        problems.error(&list.at, format!("error parsing tls config, '{key}' cannot be empty"));
    }
    let what = if key == "cipher_suites" { "cipher" } else { "curve preference" };
    let mut offered = Vec::new();
    let mut insecure = Vec::new();
    let mut unrecognized = false;
    for (name, at) in given {
        match known.iter().find(|(candidate, _)| *candidate == name) {
            Some((_, Standing::Offered)) => offered.push(name.to_owned()),
            Some((_, Standing::Absent)) => {
                problems.notice(at, format!("{what} {name} is not available and is left out"));
            }
            Some((_, Standing::Insecure)) => insecure.push(name),
            None => {
                unrecognized = true;
                problems.error(at, format!("unrecognized {what} {name}"));
            }
        }
    }
    if !insecure.is_empty() {
        report_insecure(fields, list, &insecure, problems);
    } else if offered.is_empty() && !unrecognized {
        problems.refusal(&list.at, format!("nothing in {key:?} is available"));
    }
    offered
}

fn report_insecure(fields: &Fields<'_>, list: &Value, insecure: &[&str], problems: &mut Problems) {
    let names = insecure.join(", ");
    if fields.is_on("allow_insecure_cipher_suites") {
        problems.refusal(&list.at, format!("insecure cipher suites are not available: {names}"));
    } else {
        problems.error(
            &list.at,
            format!(
                "insecure cipher suites configured without 'allow_insecure_cipher_suites' option \
                 set: {names}"
            ),
        );
    }
}
