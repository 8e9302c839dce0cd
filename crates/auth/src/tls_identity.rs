//! The names that a client certificate carries.
//!
//! Not its verification: whoever calls this has done that. The order of names, and which there
//! are, follows nats-server's `checkClientTLSCertSubject` (`server/auth.go`) and the way Go's
//! `crypto/x509/pkix` writes a subject.

use x509_parser::asn1_rs::{Any, Tag};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

use crate::distinguished_name::{Attribute, DistinguishedName};

/// The certificate is malformed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("malformed certificate: {0}")]
pub struct CertificateError(String);

/// The names that a certificate carries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlsIdentity {
    emails: Vec<String>,
    dns_names: Vec<String>,
    uris: Vec<String>,
    /// The subject; `None` where it has an attribute without a known name.
    subject: Option<DistinguishedName>,
    /// The subject as Go writes it, with its domain components after it.
    subject_with_domain: Option<String>,
    /// The subject as Go writes it.
    subject_text: String,
}

/// One name to look for among the users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claim<'a> {
    /// A user's name, literally.
    Name(&'a str),
    /// A distinguished name, to compare part by part.
    Subject(&'a DistinguishedName),
}

impl TlsIdentity {
    /// Reads the names of the certificate `der`.
    ///
    /// # Errors
    /// When `der` is no X.509 certificate.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        let malformed = |error: &dyn std::fmt::Display| CertificateError(error.to_string());
        let (_, certificate) = X509Certificate::from_der(der).map_err(|error| malformed(&error))?;
        let mut identity = Self::from_subject(certificate.subject());
        let names = certificate.subject_alternative_name().map_err(|error| malformed(&error))?;
        for name in names.iter().flat_map(|names| &names.value.general_names) {
            match *name {
                GeneralName::RFC822Name(email) => identity.emails.push(email.to_owned()),
                GeneralName::DNSName(name) => identity.dns_names.push(name.to_owned()),
                GeneralName::URI(uri) => identity.uris.push(with_lowercase_scheme(uri)),
                _ => {}
            }
        }
        Ok(identity)
    }

    /// The subject as Go writes it (RFC 2253), for monitoring.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject_text
    }

    /// The names in the order in which they are looked for.
    pub(crate) fn claims(&self) -> impl Iterator<Item = Claim<'_>> {
        let alternatives = self.emails.iter().chain(&self.dns_names).chain(&self.uris);
        let texts = self.subject_with_domain.iter().chain([&self.subject_text]);
        alternatives
            .map(|name| Claim::Name(name))
            .chain(self.subject.iter().map(Claim::Subject))
            .chain(texts.map(|name| Claim::Name(name)))
            .filter(|claim| *claim != Claim::Name(""))
    }

    fn from_subject(name: &X509Name<'_>) -> Self {
        let parts = name.iter_rdn().map(|part| part.iter().map(attribute).collect()).collect();
        let subject = RawSubject { parts };
        let subject_text = subject.text();
        let domain = subject.domain();
        Self {
            subject: subject.distinguished_name(),
            subject_with_domain: domain.map(|domain| format!("{subject_text},{domain}")),
            subject_text,
            ..Self::default()
        }
    }
}

/// A subject as it stands in the certificate: attributes by part, in its order.
struct RawSubject {
    parts: Vec<Vec<(String, Option<String>)>>,
}

/// Object identifiers that have a name in a distinguished name, and that name.
const NAMES: [(&str, &str); 10] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.5", "SERIALNUMBER"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.17", "POSTALCODE"),
    (DOMAIN_COMPONENT, "DC"),
];
const DOMAIN_COMPONENT: &str = "0.9.2342.19200300.100.1.25";

/// What Go's text of a subject is made of, in its order: one part per kind, however the certificate
/// groups them, and of the first two only the last value.
const TEXT_ORDER: [(&str, &str); 9] = [
    ("2.5.4.5", "SERIALNUMBER"),
    ("2.5.4.3", "CN"),
    ("2.5.4.17", "POSTALCODE"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.8", "ST"),
    ("2.5.4.7", "L"),
    ("2.5.4.11", "OU"),
    ("2.5.4.10", "O"),
    ("2.5.4.6", "C"),
];
const SINGLE_VALUED: [&str; 2] = ["2.5.4.5", "2.5.4.3"];

impl RawSubject {
    /// Most specific part first, the reverse of the certificate's order.
    fn distinguished_name(&self) -> Option<DistinguishedName> {
        let mut parts = Vec::with_capacity(self.parts.len());
        for part in self.parts.iter().rev().filter(|part| !part.is_empty()) {
            let mut attributes = Vec::with_capacity(part.len());
            for (oid, value) in part.iter().rev() {
                let (_, kind) = NAMES.iter().find(|(known, _)| known == oid)?;
                let value = value.as_ref()?.clone().into_bytes();
                attributes.push(Attribute { kind: (*kind).to_owned(), value });
            }
            parts.push(attributes);
        }
        Some(DistinguishedName { parts })
    }

    fn text(&self) -> String {
        let mut parts = Vec::new();
        for (oid, kind) in TEXT_ORDER {
            let mut values: Vec<&str> = self.values(oid).collect();
            if SINGLE_VALUED.contains(&oid) {
                values.drain(..values.len().saturating_sub(1));
                values.retain(|value| !value.is_empty());
            }
            if !values.is_empty() {
                let attribute = |value: &&str| format!("{kind}={}", escape(value));
                parts.push(values.iter().map(attribute).collect::<Vec<_>>().join("+"));
            }
        }
        parts.join(",")
    }

    fn domain(&self) -> Option<String> {
        let parts: Vec<String> =
            self.values(DOMAIN_COMPONENT).map(|value| format!("DC={value}")).collect();
        (!parts.is_empty()).then(|| parts.join(","))
    }

    fn values<'a>(&'a self, oid: &'a str) -> impl Iterator<Item = &'a str> {
        let attributes = self.parts.iter().flatten().filter(move |(known, _)| known == oid);
        attributes.filter_map(|(_, value)| value.as_deref())
    }
}

fn attribute(attribute: &AttributeTypeAndValue<'_>) -> (String, Option<String>) {
    (attribute.attr_type().to_id_string(), text_of(attribute.attr_value()))
}

/// The text of a string value; `None` for anything else.
fn text_of(value: &Any<'_>) -> Option<String> {
    match value.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::NumericString => {
            String::from_utf8(value.data.to_vec()).ok()
        }
        // Taken for Latin-1, as everybody does.
        Tag::TeletexString => Some(value.data.iter().copied().map(char::from).collect()),
        Tag::BmpString => {
            let (units, []) = value.data.as_chunks::<2>() else {
                return None;
            };
            let units = units.iter().map(|unit| u16::from_be_bytes(*unit));
            char::decode_utf16(units).collect::<Result<String, _>>().ok()
        }
        _ => None,
    }
}

/// Schemes have no case (RFC 3986 §3.1); Go writes them in lower case.
fn with_lowercase_scheme(uri: &str) -> String {
    match uri.split_once(':') {
        Some((scheme, rest)) => format!("{}:{rest}", scheme.to_ascii_lowercase()),
        None => uri.to_owned(),
    }
}

/// Escapes as RFC 2253 §2.4 has it.
fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    let last = value.chars().count().saturating_sub(1);
    for (index, character) in value.chars().enumerate() {
        let special = match character {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' => true,
            '#' => index == 0,
            ' ' => index == 0 || index == last,
            _ => false,
        };
        if special {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}
