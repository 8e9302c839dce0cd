//! What a stream may listen to.

use std::collections::BTreeMap;

use anabranch_subject::grammar::{has_wildcards, is_valid_subject};
use anabranch_subject::matching::{collide, is_subset};

use super::{invalid, require};
use crate::config::StreamConfig;
use crate::error::{self, ApiError};
use crate::json::go_quoted;

/// How many pairs of subjects are compared. Pairs of subjects without wildcards cost nothing.
const PAIRS_MAX: usize = 20_000_000;

/// Name spaces of which a stream gets a reply for each request when it acknowledges, each with
/// the part of it that is allowed, and what they are called.
const RESERVED: [(&str, &str, &str); 4] = [
    ("$JS.>", "$JS.EVENT.>", "jetstream"),
    ("$JSC.>", "$JS.EVENT.>", "jetstream"),
    ("$NRG.>", "$JS.EVENT.>", "jetstream"),
    ("$SYS.>", "$SYS.ACCOUNT.>", "system"),
];

pub(super) fn check(config: &mut StreamConfig) -> Result<(), ApiError> {
    if config.subjects.is_empty() {
        if config.mirror.is_none() && config.sources.is_empty() {
            config.subjects.push(config.name.clone());
        }
        return Ok(());
    }
    if config.mirror.is_some() {
        return Err(error::MIRROR_WITH_SUBJECTS);
    }
    let overlaps = Overlaps::new(&config.subjects)?;
    for (index, subject) in config.subjects.iter().enumerate() {
        require(is_valid_subject(subject.as_bytes()), "invalid subject")?;
        if subject == ">" {
            require(config.no_ack, "capturing all subjects requires no-ack to be true")?;
            require(config.num_replicas == 1, "capturing all subjects requires replicas of 1")?;
        }
        if !config.no_ack {
            reserved(subject)?;
        }
        if let Some(other) = overlaps.after(index) {
            let (first, second) = (go_quoted(subject), go_quoted(other));
            return Err(invalid(&format!("subject {first} overlaps with {second}")));
        }
    }
    Ok(())
}

fn reserved(subject: &str) -> Result<(), ApiError> {
    for (space, allowed, name) in RESERVED {
        let meets = collide(subject.as_bytes(), space.as_bytes());
        if meets && !is_subset(subject.as_bytes(), allowed.as_bytes()) {
            return Err(invalid(&format!(
                "subjects that overlap with {name} api require no-ack to be true"
            )));
        }
    }
    Ok(())
}

/// Finds subjects that overlap without comparing literal ones with each other.
struct Overlaps<'a> {
    subjects: &'a [String],
    /// Places of literal subjects, ascending.
    literals: BTreeMap<&'a str, Vec<usize>>,
    /// Places of subjects with wildcards, ascending.
    wild: Vec<usize>,
}

impl<'a> Overlaps<'a> {
    fn new(subjects: &'a [String]) -> Result<Self, ApiError> {
        let mut literals: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut wild = Vec::new();
        for (index, subject) in subjects.iter().enumerate() {
            if has_wildcards(subject.as_bytes()) {
                wild.push(index);
            } else {
                literals.entry(subject).or_default().push(index);
            }
        }
        let pairs = wild.len().saturating_mul(subjects.len());
        require(pairs <= PAIRS_MAX, "too many subjects with wildcards")?;
        Ok(Self { subjects, literals, wild })
    }

    /// The first subject behind `index` that overlaps with the one there.
    fn after(&self, index: usize) -> Option<&'a str> {
        let subject = self.subjects[index].as_str();
        let meets = |other: &usize| collide(subject.as_bytes(), self.subjects[*other].as_bytes());
        let found = match self.literals.get(subject) {
            Some(same) => {
                let twin = same.iter().copied().find(|other| *other > index);
                let later = self.wild.iter().copied().filter(|other| *other > index);
                twin.into_iter().chain(later.into_iter().find(meets)).min()
            }
            None => (index + 1..self.subjects.len()).find(meets),
        };
        found.map(|other| self.subjects[other].as_str())
    }
}
