//! Every target over its corpus, over seeded mutations of it, and over long hostile inputs.
//!
//! `ANABRANCH_FUZZ_ROUNDS` sets the mutations per target, `ANABRANCH_FUZZ_SEED` the seed, and
//! `ANABRANCH_FUZZ_ONLY` names one target, the others being left out. A failure prints seed, round
//! and input.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::time::Duration;

use anabranch_fuzz::{Mutator, TARGETS, Target};

const ROUNDS: u64 = 2_000;
const SEED: u64 = 1;
/// A decoder that is linear needs milliseconds for these; a quadratic one needs minutes.
const HOSTILE_BYTES: usize = 256 * 1024;
const HOSTILE_TIMEOUT: Duration = Duration::from_secs(20);

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn targets() -> impl Iterator<Item = &'static Target> {
    let only = std::env::var("ANABRANCH_FUZZ_ONLY").ok();
    TARGETS.iter().filter(move |target| only.as_ref().is_none_or(|name| name == target.name))
}

fn run(target: &Target, input: &[u8], context: &str) {
    if catch_unwind(AssertUnwindSafe(|| (target.check)(input))).is_err() {
        panic!("{} fails, {context}, on b\"{}\"", target.name, input.escape_ascii());
    }
}

#[test]
fn every_corpus_entry_and_each_of_its_truncations_holds() {
    for target in targets() {
        for entry in target.corpus {
            for end in 0..=entry.len() {
                run(target, &entry[..end], "corpus");
            }
        }
    }
}

#[test]
fn mutations_hold() {
    let (rounds, seed) =
        (setting("ANABRANCH_FUZZ_ROUNDS", ROUNDS), setting("ANABRANCH_FUZZ_SEED", SEED));
    for target in targets() {
        let mut mutator = Mutator::new(target.corpus, target.dictionary, seed);
        for round in 0..target.share_of(rounds) {
            run(target, &mutator.next_input(), &format!("seed {seed}, round {round}"));
        }
    }
}

#[test]
fn garbage_holds() {
    const CORPUS: &[&[u8]] = &[&[0; 64], &[255; 64]];
    for target in targets() {
        let mut mutator = Mutator::new(CORPUS, &[], SEED);
        for round in 0..200 {
            run(target, &mutator.next_input(), &format!("garbage, round {round}"));
        }
    }
}

#[test]
fn long_inputs_take_no_more_than_their_length() {
    for target in targets() {
        for word in target.dictionary {
            let input: Vec<u8> = word.iter().copied().cycle().take(HOSTILE_BYTES).collect();
            let (done, finished) = mpsc::channel();
            let check = target.check;
            std::thread::spawn(move || {
                check(&input);
                let _ = done.send(());
            });
            let outcome = finished.recv_timeout(HOSTILE_TIMEOUT);
            assert!(outcome.is_ok(), "{}: repeated {}", target.name, word.escape_ascii());
        }
    }
}
