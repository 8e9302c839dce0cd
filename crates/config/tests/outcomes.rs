//! Snippets of configuration with what `nats-server -t` 2.15.1 said of each, recorded in
//! `outcomes.txt`: the same are valid here, with the same digest, and errors have the same text
//! save where ours says more.

use std::path::Path;

use anabranch_config::{Errors, Loaded, MemorySource, grammar, load};

struct Outcome {
    snippet: &'static str,
    /// Of a valid file.
    digest: Option<&'static str>,
    /// Of an invalid one.
    errors: Vec<&'static str>,
}

fn outcomes() -> Vec<Outcome> {
    let parts = include_str!("outcomes.txt").split("###\n").filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (snippet, outcome) = part.split_once("--->\n").expect("each part has an outcome");
            let digest = outcome.strip_prefix("valid ").map(str::trim_end);
            let errors = match digest {
                Some(_) => Vec::new(),
                None => outcome.lines().skip(1).collect(),
            };
            Outcome { snippet, digest, errors }
        })
        .collect()
}

/// The files and variables that were there when the outcomes were recorded.
fn source(snippet: &str) -> MemorySource {
    MemorySource::of("c.conf", snippet)
        .with_file("inc.conf", "max_payload: 2MB\n")
        .with_file("./inc.conf", "max_payload: 2MB\n")
        .with_file("sub/mid.conf", "include \"leaf.conf\"\ndebug: true\n")
        .with_file("sub/leaf.conf", "trace: on\n")
        .with_file("auth.conf", "user: a\npassword: b\n")
        .with_file("./auth.conf", "user: a\npassword: b\n")
        .with_file("outer.conf", "ping_max: $OUTER\n")
        .with_file("broken.conf", "bad {\n")
        .with_env("PORT_ENV", "5222")
        .with_env("WORD", "abc")
        .with_env("DIGITS", "123abc")
        .with_env("LOOP", "$LOOP")
        .with_env("CHAIN", "$WORD")
        .with_env("LIST", "[a, b]")
}

fn load_snippet(snippet: &str) -> Result<Loaded, Errors> {
    load(&source(snippet), Path::new("c.conf"))
}

/// Where this server decides otherwise, and why.
const DIFFERENT: &[(&str, &str)] = &[
    ("port: -1k\n", "nats-server finds the port impossible only when it binds it"),
    ("server_tags: $LIST\n", "nats-server does not take lists from the environment here"),
];

/// Valid, as far as `-t` of nats-server can tell: refusals are our own.
fn is_valid(outcome: &Result<Loaded, Errors>) -> bool {
    match outcome {
        Ok(loaded) => loaded.passes_check(),
        Err(errors) => errors.only_refusals(),
    }
}

#[test]
fn calls_the_same_files_valid() {
    for Outcome { snippet, digest, errors } in outcomes() {
        if DIFFERENT.iter().any(|(different, _)| *different == snippet) {
            continue;
        }
        let found = load_snippet(snippet);
        // A refused option is not looked into: its errors come once it acts.
        let refused = found.as_ref().is_err_and(Errors::only_refusals);
        let same = is_valid(&found) == digest.is_some() || refused;
        assert!(same, "{snippet}\npeer: {digest:?} {errors:?}\nours: {found:?}");
    }
}

#[test]
fn computes_the_same_digests() {
    let mut compared = 0;
    for Outcome { snippet, digest, .. } in outcomes() {
        let Some(digest) = digest else { continue };
        let map = grammar::parse(&source(snippet), Path::new("c.conf")).expect("is valid");
        assert_eq!(grammar::digest(&map), digest, "{snippet}");
        compared += 1;
    }
    assert!(compared > 100, "{compared}");
}

/// The start of errors that this server words otherwise: those of Go's runtime, and lines that
/// nats-server counts one too far at a line's end.
const OTHER_WORDS: &[&str] = &[
    "interface conversion:",
    "runtime error:",
    "config is invalid",
    "error parsing tags: unsupported type",
    "error parsing metadata: unsupported type",
    "error parsing feature flag",
    "error parsing certificates config: unsupported type",
    "error parsing tls config, expected '",
    "error parsing tls config, 'timeout' wrong type",
    "error parsing tls config, 'connection_rate_limit' wrong type",
    "error parsing tls config: 'min_version' wrong type",
    "error parsing authorization config, 'timeout' wrong type",
    "expected port or host:port, got",
    "Expected users field to be an array",
    "Expected user entry to be a map/struct",
    "Expected subject permissions to be a subject, or array of subjects, got",
    "field \"handshake_first\" should be a boolean or a string",
    "error parsing include file",
    "max_mem_store strconv.ParseInt",
];

/// What precedes the message of a problem: `c.conf:1:2: `, or nothing.
fn without_position(text: &str) -> &str {
    match text.split_once(": ") {
        Some((position, text)) if position.matches(':').count() == 2 => text,
        _ => text,
    }
}

#[test]
fn words_errors_alike() {
    let mut compared = 0;
    for Outcome { snippet, errors, .. } in outcomes() {
        let found = match load_snippet(snippet) {
            Ok(loaded) => loaded.warnings,
            Err(errors) if errors.only_refusals() => continue,
            Err(errors) => errors.warnings.into_iter().chain(errors.problems).collect(),
        };
        let ours: Vec<String> = found.iter().map(ToString::to_string).collect();
        for error in errors.iter().map(|error| without_position(error)) {
            let worded_otherwise = OTHER_WORDS.iter().any(|start| error.starts_with(start))
                || error.starts_with("Parse error on line 2: ")
                || snippet.contains("accounts")
                || snippet == "authorization { user }\n"
                || snippet == "port: 4222]\n"
                || snippet == "OUTER: 3\ninclude \"outer.conf\"\n"
                || DIFFERENT.iter().any(|(different, _)| *different == snippet);
            let same = ours.iter().any(|text| without_position(text).starts_with(error));
            assert!(same || worded_otherwise, "{snippet}\npeer: {error}\nours: {ours:?}");
            compared += usize::from(same);
        }
    }
    assert!(compared > 50, "{compared}");
}

#[test]
fn names_the_same_lines() {
    for Outcome { snippet, errors, .. } in outcomes() {
        let Err(found) = load_snippet(snippet) else { continue };
        for line in errors.iter().filter_map(|error| {
            let (line, _) = error.strip_prefix("c.conf:")?.split_once(':')?;
            line.parse::<u32>().ok()
        }) {
            let ours = found.problems.iter().filter_map(|p| p.at.as_ref().map(|at| at.line));
            let ours: Vec<u32> = ours.collect();
            assert!(ours.contains(&line), "{snippet}\npeer: {errors:?}\nours: {ours:?}");
        }
    }
}

#[test]
fn survives_every_truncation_of_every_snippet() {
    for Outcome { snippet, .. } in outcomes() {
        for end in (0..snippet.len()).filter(|end| snippet.is_char_boundary(*end)) {
            // Valid or not: it must come back.
            let _ = load_snippet(&snippet[..end]);
        }
    }
}
