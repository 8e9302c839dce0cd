//! Random requests, acknowledgements and time, beside a list of what should be where.

use std::collections::{BTreeMap, BTreeSet};

use anabranch_jetstream::Nanos;
use anabranch_jetstream::consumer::{AckPolicy, ConsumerConfig, Report};

use crate::desk::{Desk, Got, MILLISECOND, SECOND, pull, push};

const STEPS: usize = 300;
const SEEDS: u64 = 300;

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let len = u64::try_from(of.len()).expect("small");
        if len == 0 { None } else { of.get(usize::try_from(self.below(len)).expect("small")) }
    }

    fn time(&mut self, bound: i64) -> i64 {
        i64::try_from(self.below(bound.unsigned_abs())).expect("below a positive number")
    }
}

/// What should be where.
#[derive(Default)]
struct Naive {
    fresh: BTreeSet<u64>,
    /// With the number of deliveries.
    unacked: BTreeMap<u64, u64>,
    /// The floor may stay before what was given up.
    gave_up: bool,
    given_up: BTreeSet<u64>,
    consumer_seq: u64,
    /// What may come again now.
    due: BTreeSet<u64>,
    /// Time passes, and anything may come again.
    is_timed: bool,
}

struct Run {
    seed: u64,
    dice: Dice,
    desk: Desk,
    naive: Naive,
    got: Vec<Got>,
    config: ConsumerConfig,
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let policies = [AckPolicy::Explicit, AckPolicy::Explicit, AckPolicy::All, AckPolicy::None];
        let base = if dice.below(4) == 0 { push() } else { pull() };
        let config = ConsumerConfig {
            ack_policy: *dice.pick(&policies).expect("some"),
            max_deliver: *dice.pick(&[-1, -1, 1, 2, 3]).expect("some"),
            max_ack_pending: *dice.pick(&[-1, 1, 5, 1000]).expect("some"),
            max_waiting: *dice.pick(&[1, 3, 512]).expect("some"),
            ack_wait: Nanos(SECOND),
            backoff: if dice.below(4) == 0 { vec![Nanos(SECOND); 2] } else { Vec::new() },
            ..base
        };
        let desk = Desk::new(&config);
        Self { seed, dice, desk, naive: Naive::default(), got: Vec::new(), config }
    }

    fn step(&mut self) {
        match self.dice.below(100) {
            0..25 => self.publish(),
            25..50 => self.ask(),
            50..75 => self.answer(),
            75..88 => self.pass(),
            88..92 => self.remove(),
            92..93 => self.purge(),
            93..95 => self.restart(),
            95..96 => self.reset(),
            96..98 => self.listen(),
            _ => {
                self.desk.list.silent.insert(vec![b'a']);
                let got = self.desk.run();
                self.took(got);
                self.desk.list.silent.clear();
            }
        }
        self.check();
    }

    fn publish(&mut self) {
        for _ in 0..self.dice.below(6) {
            if self.dice.below(3) == 0 {
                self.desk.list.add_other();
            } else {
                self.naive.fresh.insert(self.desk.list.add(self.desk.now, 10));
            }
        }
        let got = self.desk.run();
        self.took(got);
    }

    fn ask(&mut self) {
        let to = *self.dice.pick(&["a", "b", "c"]).expect("some");
        let batch = self.dice.below(8);
        let expires = self.dice.time(3 * SECOND);
        let body = match self.dice.below(5) {
            0 => batch.to_string(),
            1 => format!("{{\"batch\":{batch},\"no_wait\":true}}"),
            2 => format!("{{\"batch\":{batch},\"no_wait\":true,\"expires\":{expires}}}"),
            3 => format!("{{\"batch\":{batch},\"max_bytes\":500,\"expires\":{expires}}}"),
            _ => {
                let beat = expires / 3;
                format!("{{\"batch\":{batch},\"expires\":{expires},\"idle_heartbeat\":{beat}}}")
            }
        };
        let got = self.desk.ask(to, &body);
        self.took(got);
    }

    fn answer(&mut self) {
        let Some(got) = self.dice.pick(&self.got).cloned() else {
            return;
        };
        let bodies =
            ["", "+ACK", "", "+ACK", "-NAK", "-NAK 500ms", "+WPI", "+TERM why", "+NXT 2", "?"];
        let body = *self.dice.pick(&bodies).expect("some");
        let is_known = got.seq < self.desk.session.position();
        match body {
            "-NAK" | "-NAK 500ms" if self.naive.unacked.contains_key(&got.seq) => {
                let floor = self.desk.session.state().floor.consumer;
                if got.consumer_seq > floor && got.consumer_seq <= self.naive.consumer_seq + 1 {
                    self.naive.due.insert(got.seq);
                }
            }
            "" | "+ACK" | "+TERM why" | "+NXT 2" if is_known => self.acked(got.seq),
            _ => {}
        }
        let took = self.desk.ack_with(&got.reply, "b", body);
        self.took(took);
    }

    fn acked(&mut self, seq: u64) {
        match self.config.ack_policy {
            AckPolicy::Explicit => {
                self.naive.unacked.remove(&seq);
                self.naive.given_up.remove(&seq);
            }
            AckPolicy::All if seq > self.desk.session.state().floor.stream => {
                self.naive.unacked.retain(|&unacked, _| unacked > seq);
                self.naive.given_up.retain(|&given_up| given_up > seq);
            }
            _ => {}
        }
    }

    fn pass(&mut self) {
        let nanos = self.dice.time(2 * SECOND);
        self.pass_by(nanos);
    }

    /// Which waits end is the session's business; that they do is seen at the end.
    fn pass_by(&mut self, nanos: i64) {
        self.naive.is_timed = true;
        let got = self.desk.pass(nanos);
        self.took(got);
        self.naive.is_timed = false;
        self.naive.due.extend(self.naive.unacked.keys());
    }

    fn remove(&mut self) {
        let seqs: Vec<u64> = self.desk.list.messages.keys().copied().collect();
        if let Some(&seq) = self.dice.pick(&seqs) {
            self.desk.list.messages.remove(&seq);
            self.naive.forget(seq);
            self.desk.session.removed(seq);
            let got = self.desk.run();
            self.took(got);
        }
    }

    fn purge(&mut self) {
        let first = self.dice.below(self.desk.list.last + 2);
        self.desk.list.messages = self.desk.list.messages.split_off(&first);
        self.desk.list.last = self.desk.list.last.max(first.saturating_sub(1));
        for seq in 0..first {
            self.naive.forget(seq);
        }
        self.desk.session.purged(first);
        let got = self.desk.run();
        self.took(got);
    }

    fn restart(&mut self) {
        self.desk.restart();
        self.naive.due.extend(self.naive.unacked.keys());
        let got = self.desk.run();
        self.took(got);
    }

    fn reset(&mut self) {
        let first = self.dice.below(self.desk.list.last + 2).max(1);
        self.desk.session.reset(first);
        let messages = &self.desk.list.messages;
        let fresh = messages.range(first..).map(|(&seq, _)| seq).collect();
        self.naive = Naive { fresh, ..Naive::default() };
        self.got.clear();
        let got = self.desk.run();
        self.took(got);
    }

    fn listen(&mut self) {
        let is_active = self.dice.below(3) > 0;
        self.desk.session.set_interest(is_active, self.desk.now);
        let got = self.desk.run();
        self.took(got);
    }

    fn took(&mut self, got: Vec<Got>) {
        for got in got {
            self.naive.deliver(&got, self.config.ack_policy, self.seed);
            self.got.push(got);
        }
        for report in self.desk.take_reports() {
            if let Report::MaxDeliver { stream_seq, deliveries } = report {
                let removed = self.naive.unacked.remove(&stream_seq);
                // It was acknowledged behind that, or left the stream.
                assert!(removed.is_none_or(|counted| counted <= deliveries), "{}", self.seed);
                self.naive.gave_up = true;
                self.naive.given_up.extend(removed.map(|_| stream_seq));
            }
        }
    }

    fn check(&mut self) {
        let seed = self.seed;
        let state = self.desk.session.state();
        let (floor, delivered) = (state.floor, state.delivered);
        assert!(floor.consumer <= delivered.consumer, "{seed}");
        assert!(floor.stream <= delivered.stream, "{seed}");
        assert_eq!(delivered.consumer, self.naive.consumer_seq, "{seed}");
        let unacked: BTreeMap<u64, u64> =
            state.unacked.iter().map(|(&seq, of)| (seq, of.deliveries.into())).collect();
        assert_eq!(unacked, self.naive.unacked, "{seed}");
        let given_up: BTreeSet<u64> = state.exhausted.keys().copied().collect();
        assert_eq!(given_up, self.naive.given_up, "{seed}");
        for (&seq, of) in &state.unacked {
            assert!(seq > floor.stream, "{seed}: {seq}");
            let is_above = of.consumer > floor.consumer;
            assert!(is_above || self.config.ack_policy == AckPolicy::All, "{seed}: {seq}");
        }
        let is_plain = !self.naive.gave_up && self.config.ack_policy != AckPolicy::All;
        if unacked.is_empty() && is_plain {
            assert_eq!(floor, delivered, "{seed}");
        }
        // Nothing waits beside somebody who waits for it.
        let pending = self.desk.session.num_pending(&mut self.desk.list);
        assert_eq!(pending, u64::try_from(self.naive.fresh.len()).expect("small"), "{seed}");
        if self.desk.session.wants() {
            assert_eq!(pending, 0, "{seed}: stuck");
        }
    }

    /// Everything that is missing comes in the end, as long as somebody asks.
    fn finish(&mut self) {
        self.desk.session.set_interest(true, self.desk.now);
        for _ in 0..2_000 {
            self.naive.due.extend(self.naive.unacked.keys());
            let got = self.desk.ask("b", "100");
            self.took(got);
            self.pass_by(SECOND + 2 * MILLISECOND);
            for got in std::mem::take(&mut self.got) {
                self.acked(got.seq);
                let took = self.desk.ack(&got, "");
                self.took(took);
            }
            self.check();
            if self.naive.unacked.is_empty() && self.naive.fresh.is_empty() {
                return;
            }
        }
        panic!("{}: something never came: {:?}", self.seed, self.naive.unacked);
    }
}

impl Naive {
    fn deliver(&mut self, got: &Got, policy: AckPolicy, seed: u64) {
        self.consumer_seq += 1;
        assert_eq!(got.consumer_seq, self.consumer_seq, "{seed}: a gap in deliveries");
        if got.deliveries == 1 {
            assert_eq!(self.fresh.pop_first(), Some(got.seq), "{seed}: not the next");
            if policy != AckPolicy::None {
                self.unacked.insert(got.seq, 1);
            }
        } else {
            let is_due = self.due.remove(&got.seq) || self.is_timed;
            assert!(is_due, "{seed}: {} came too early", got.seq);
            let counted = self.unacked.get_mut(&got.seq).expect("it is missing");
            *counted += 1;
            assert_eq!(*counted, got.deliveries, "{seed}");
        }
        let fresh = u64::try_from(self.fresh.len()).expect("small");
        assert_eq!(got.pending, fresh, "{seed}: of {}", got.seq);
    }

    fn forget(&mut self, seq: u64) {
        self.fresh.remove(&seq);
        self.unacked.remove(&seq);
        self.given_up.remove(&seq);
        self.due.remove(&seq);
    }
}

#[test]
fn nothing_is_skipped_lost_or_stuck() {
    for seed in 0..SEEDS {
        let mut run = Run::new(seed);
        for _ in 0..STEPS {
            run.step();
        }
        run.finish();
    }
}
