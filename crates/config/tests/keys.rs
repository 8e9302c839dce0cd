//! Every key, with its aliases, in a small file of its own: what `nats-server -t` 2.15.1 calls
//! valid is valid here, with the same digest, or refused because the key does not act yet; what
//! it calls invalid is invalid here, for the same reason. `keys.txt` holds what it said.

use std::path::Path;

use anabranch_config::{MemorySource, load};

/// A file's text and what nats-server said of it.
fn recorded() -> impl Iterator<Item = (&'static str, &'static str)> {
    let parts = include_str!("keys.txt").split("###\n").filter(|part| !part.is_empty());
    parts.map(|part| part.split_once("--->\n").expect("each part has a verdict"))
}

/// Whether it is valid, the digest if there is one, and everything that was said.
fn ours(text: &str) -> (bool, Option<String>, Vec<String>) {
    match load(&MemorySource::of("c.conf", text), Path::new("c.conf")) {
        Ok(loaded) => {
            let said = loaded.warnings.iter().map(ToString::to_string).collect();
            (loaded.passes_check(), Some(loaded.options.config_digest), said)
        }
        Err(errors) => {
            let said = errors.problems.iter().map(ToString::to_string).collect();
            (errors.only_refusals(), None, said)
        }
    }
}

fn difference(text: &str, verdict: &str) -> Option<String> {
    let (valid, digest, said) = ours(text);
    match verdict.strip_prefix("valid ") {
        Some(expected) => {
            let same = digest.is_none_or(|digest| digest == expected.trim_end());
            (!valid || !same).then(|| format!("{text}  valid there; here {said:?}"))
        }
        None => {
            let reason = verdict.lines().nth(1).unwrap_or_default();
            let reason = reason.split_once(": ").map_or(reason, |(_, reason)| reason);
            let same = !valid && said.iter().any(|line| line.contains(reason));
            (!same).then(|| format!("{text}  {reason:?} there; here {said:?}"))
        }
    }
}

#[test]
fn every_key_is_judged_as_by_nats_server() {
    let differences: Vec<String> =
        recorded().filter_map(|(text, verdict)| difference(text, verdict)).collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn every_key_of_the_table_is_recorded() {
    // Files that the test would have to read, keys that stand in every file of their block, and
    // keys that nats-server accepts on another system only.
    const ELSEWHERE: [&str; 16] = [
        "operator",
        "operators",
        "roots",
        "root",
        "root_operators",
        "root_operator",
        "cert_file",
        "key_file",
        "ca_file",
        "certs",
        "certificates",
        "tls",
        "url",
        "cert_store",
        "cert_match_by",
        "consumer_replicas",
    ];
    let mut missing = Vec::new();
    for block in anabranch_config::table::blocks() {
        for name in block.options.iter().flat_map(anabranch_config::table::Opt::names) {
            let named = |(text, _): (&str, &str)| text.contains(&format!("{name}: "));
            if !ELSEWHERE.contains(&name) && !recorded().any(named) {
                missing.push(format!("{}: {name}", block.name));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}
