//! Flags over a configuration.

use super::flags::{Effect, Later};
use super::parse::{Given, Value};
use crate::build::TLS_TIMEOUT;
use crate::options::{CertificateFiles, Options, Tls};
use crate::problem::{Errors, Problem, Severity};

/// The flags that override the configuration file, in the order given.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    given: Vec<Given>,
}

impl PartialEq for Overrides {
    fn eq(&self, other: &Self) -> bool {
        let pairs = |overrides: &Self| -> Vec<(String, Value)> {
            overrides.given.iter().map(|g| (g.name.clone(), g.value.clone())).collect()
        };
        pairs(self) == pairs(other)
    }
}

impl Overrides {
    pub(super) fn new(given: Vec<Given>) -> Self {
        let given = given.into_iter().filter(|g| !matches!(g.flag.effect, Effect::Mode)).collect();
        Self { given }
    }

    /// Sets what the flags say; gives back warnings about flags that do not act yet.
    ///
    /// # Errors
    /// Values out of range, `tls` flags that are not complete, and flags that restrict access
    /// without acting.
    pub fn apply(&self, options: &mut Options) -> Result<Vec<Problem>, Errors> {
        let mut problems = Vec::new();
        let mut warnings = Vec::new();
        let mut tls = TlsFlags::default();
        for given in &self.given {
            match (given.flag.effect, &given.value) {
                (Effect::Text(set), Value::Text(text)) => set(options, text),
                (Effect::Switch(set), Value::Switch(on)) => set(options, *on),
                (Effect::Int(set), Value::Int(number)) => {
                    if let Err(why) = set(options, *number) {
                        let text =
                            format!("invalid value \"{number}\" for flag -{}: {why}", given.name);
                        problems.push(Problem::error(None, text));
                    }
                }
                (Effect::Tls, value) => tls.take(given.flag.name(), value),
                (Effect::Later(later), value) => {
                    not_yet(given, later, value, &mut problems, &mut warnings);
                }
                _ => {}
            }
        }
        if let Err(text) = tls.apply(options) {
            problems.push(Problem::error(None, text));
        }
        if problems.is_empty() { Ok(warnings) } else { Err(Errors { problems, warnings }) }
    }
}

fn not_yet(
    given: &Given,
    later: Later,
    value: &Value,
    problems: &mut Vec<Problem>,
    warnings: &mut Vec<Problem>,
) {
    let name = &given.name;
    let text = match value {
        Value::Switch(false) => return,
        Value::Text(text) if later == Later::Url => text.as_str(),
        _ => "",
    };
    if let Some(promise) = given.flag.refused(text) {
        let promise = promise.describe();
        problems.push(Problem {
            at: None,
            severity: Severity::Refusal,
            text: format!("flag -{name} {promise}, but does not act yet: refusing to start"),
        });
    } else {
        warnings.push(Problem {
            at: None,
            severity: Severity::Notice,
            text: format!("flag -{name} is known, but does not act yet"),
        });
    }
}

/// `--tls…` as given together.
#[derive(Debug, Default)]
struct TlsFlags {
    any: bool,
    disabled: bool,
    verify: bool,
    cert: String,
    key: String,
    ca: String,
}

impl TlsFlags {
    fn take(&mut self, name: &str, value: &Value) {
        self.any = true;
        match (name, value) {
            ("tls", Value::Switch(on)) => self.disabled = !on,
            ("tlsverify", Value::Switch(on)) => self.verify = *on,
            ("tlscert", Value::Text(file)) => self.cert.clone_from(file),
            ("tlskey", Value::Text(file)) => self.key.clone_from(file),
            ("tlscacert", Value::Text(file)) => self.ca.clone_from(file),
            _ => {}
        }
    }

    /// Flags take the place of the file's whole `tls` block; `--tls=false` removes it.
    fn apply(self, options: &mut Options) -> Result<(), String> {
        if !self.any {
            return Ok(());
        }
        if self.disabled {
            options.tls = None;
            return Ok(());
        }
        if self.cert.is_empty() {
            return Err("TLS Server certificate must be present and valid".to_owned());
        }
        if self.key.is_empty() {
            return Err("TLS Server private key must be present and valid".to_owned());
        }
        let files = CertificateFiles { cert_file: self.cert.into(), key_file: self.key.into() };
        // nats-server keeps what the file says beside the certificates: timeout, mapping,
        // pinned certificates, rate limit and the handshake's place.
        let kept = options.tls.take();
        options.tls = Some(Tls {
            certificates: vec![files],
            ca_file: Some(self.ca).filter(|ca| !ca.is_empty()).map(Into::into),
            verify: self.verify,
            verify_and_map: kept.as_ref().is_some_and(|tls| tls.verify_and_map),
            timeout: kept.as_ref().map_or(TLS_TIMEOUT, |tls| tls.timeout),
            connection_rate_limit: kept.as_ref().map_or(0, |tls| tls.connection_rate_limit),
            handshake_first: kept.as_ref().map(|tls| tls.handshake_first).unwrap_or_default(),
            min_version: Default::default(),
            cipher_suites: Vec::new(),
            curve_preferences: Vec::new(),
            pinned_certs: kept.map(|tls| tls.pinned_certs).unwrap_or_default(),
        });
        Ok(())
    }
}
