//! Prefixes of origins in other accounts and domains.

use std::collections::BTreeSet;

use anabranch_subject::grammar::{is_literal, is_valid_subject};
use anabranch_subject::matching::collide;

use crate::config::check::{invalid, require};
use crate::config::{ExternalStream, StreamConfig};
use crate::error::{self, ApiError};
use crate::json::go_quoted;

const API_PREFIX: &str = "$JS.API";

/// What the origins of a stream have, gathered for rules that look at all of them.
#[derive(Default)]
pub(super) struct Prefixes {
    deliver: Vec<String>,
    api: Vec<String>,
    /// Names of the origins that are here.
    origins: BTreeSet<String>,
    /// Their subjects.
    subjects: Vec<String>,
}

/// How many pairs of prefix and subject are compared.
const PAIRS_MAX: usize = 10_000_000;

impl Prefixes {
    pub(super) fn add(&mut self, external: &ExternalStream) {
        let given = |prefix: &String| Some(prefix.clone()).filter(|prefix| !prefix.is_empty());
        self.deliver.extend(given(&external.deliver_prefix));
        self.api.extend(given(&external.api_prefix));
    }

    pub(super) fn add_origin(&mut self, origin: &StreamConfig) {
        if self.origins.insert(origin.name.clone()) {
            self.subjects.extend_from_slice(&origin.subjects);
        }
    }

    pub(super) fn check(&self) -> Result<(), ApiError> {
        let pairs = self.deliver.len().saturating_mul(self.subjects.len());
        require(pairs <= PAIRS_MAX, "too many external delivery prefixes")?;
        for prefix in &self.deliver {
            if !is_publishable(prefix) {
                return Err(error::external_deliver_prefix_invalid(prefix));
            }
            for subject in &self.subjects {
                let delivered = format!("{prefix}.{subject}");
                if collide(subject.as_bytes(), delivered.as_bytes()) {
                    return Err(error::external_deliver_prefix_overlaps(prefix, subject));
                }
            }
        }
        for prefix in &self.api {
            if !is_publishable(prefix) {
                let quoted = go_quoted(prefix);
                return Err(invalid(&format!(
                    "stream external api prefix {quoted} must be a valid subject without wildcards"
                )));
            }
            if collide(prefix.as_bytes(), API_PREFIX.as_bytes()) {
                return Err(error::external_api_prefix_overlaps(prefix, API_PREFIX));
            }
        }
        Ok(())
    }
}

fn is_publishable(prefix: &str) -> bool {
    is_valid_subject(prefix.as_bytes()) && is_literal(prefix.as_bytes())
}
