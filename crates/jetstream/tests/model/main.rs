//! The machine of a stream against a plain list, under generated commands, with restarts from a
//! snapshot in between.

mod naive;
mod receivers;

use std::collections::BTreeMap;
use std::sync::Arc;

use anabranch_jetstream::config::{Discard, Storage};
use anabranch_jetstream::publish::PublishHeaders;
use anabranch_jetstream::publish::schedule::OnlyUtc;
use anabranch_jetstream::stream::{
    DecodeError, IdHash, Loading, Origin, Part, Progress, Publish, Published, Purge, Resident,
    StoredParts, Stream, TICK_ITEMS_MAX, Ticked,
};
use anabranch_jetstream::{Nanos, StreamConfig};

use naive::{Asked, Became, Naive};

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn one_in(&mut self, bound: u64) -> bool {
        self.below(bound) == 0
    }

    fn limit(&mut self, most: u64) -> i64 {
        if self.one_in(2) { -1 } else { i64::try_from(1 + self.below(most)).expect("small") }
    }

    fn subject(&mut self) -> String {
        ["a", "b", "a.x", "a.y", "b.x.y", "c"][usize::try_from(self.below(6)).expect("small")]
            .to_owned()
    }

    fn filter(&mut self) -> String {
        let filters = ["", ">", "a", "a.*", "*.x.>", "c", "none"];
        filters[usize::try_from(self.below(7)).expect("small")].to_owned()
    }

    fn config(&mut self) -> StreamConfig {
        StreamConfig {
            name: "S".to_owned(),
            subjects: vec![">".to_owned()],
            storage: Storage::File,
            max_msgs: self.limit(30),
            max_bytes: self.limit(2000),
            max_msgs_per_subject: self.limit(4),
            max_msg_size: -1,
            discard: if self.one_in(4) { Discard::New } else { Discard::Old },
            max_age: Nanos(if self.one_in(2) { 0 } else { 5 * Nanos::SECOND.0 }),
            duplicate_window: Nanos(3 * Nanos::SECOND.0),
            allow_rollup_hdrs: true,
            allow_msg_ttl: true,
            subject_delete_marker_ttl: Nanos(if self.one_in(2) { 0 } else { 2 * Nanos::SECOND.0 }),
            ..StreamConfig::default()
        }
    }
}

/// Both streams, and the time.
struct Pair {
    random: Random,
    machine: Stream,
    naive: Naive,
    now: i64,
    /// The parts of the last checkpoint, and its epoch.
    parts: BTreeMap<Part, Vec<u8>>,
    epoch: u64,
}

impl Pair {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let mut config = random.config();
        // With room to make for a marker the two would have to agree on what goes first.
        if config.discard == Discard::New {
            config.subject_delete_marker_ttl = Nanos::ZERO;
            config.max_msgs_per_subject = -1;
        }
        let machine = Stream::new(config.clone(), 0, seed);
        let (parts, epoch, now) = (BTreeMap::new(), 0, 1_000_000_000_000);
        Self { random, machine, naive: Naive::new(config), now, parts, epoch }
    }

    fn step(&mut self) {
        self.now += i64::try_from(self.random.below(400_000_000)).expect("small");
        // Nothing that is over is there when something else happens.
        self.tick();
        match self.random.below(20) {
            0 => self.delete(),
            1 if self.random.one_in(3) => self.purge(),
            2 => self.restart(),
            3 => self.checkpoint(),
            _ => self.publish(),
        }
    }

    fn publish(&mut self) {
        let mut asked = Asked { subject: self.random.subject(), ..Asked::default() };
        let mut lines = String::new();
        let random = &mut self.random;
        if random.one_in(3) {
            let id = u32::try_from(random.below(8)).expect("small");
            asked.id = Some(id);
            lines += &format!("Nats-Msg-Id: {id}\r\n");
        }
        if random.one_in(5) {
            let seq = self.naive.last_seq + random.below(2);
            asked.last = Some(seq);
            lines += &format!("Nats-Expected-Last-Sequence: {seq}\r\n");
        }
        if random.one_in(5) {
            let seq = self.naive.last_of(&asked.subject) + random.below(2);
            asked.last_of_subject = Some(seq);
            lines += &format!("Nats-Expected-Last-Subject-Sequence: {seq}\r\n");
        }
        if random.one_in(10) {
            let all = random.one_in(3);
            asked.rollup = Some(if all { 'a' } else { 's' });
            lines += if all { "Nats-Rollup: all\r\n" } else { "Nats-Rollup: sub\r\n" };
        }
        if random.one_in(4) {
            let ttl = i64::try_from(2 + random.below(4)).expect("small");
            asked.ttl = Some(ttl);
            lines += &format!("Nats-TTL: {ttl}\r\n");
        } else if random.one_in(6) {
            asked.ttl = Some(0);
            lines += "Nats-TTL: never\r\n";
        }
        let headers = if lines.is_empty() { lines } else { format!("NATS/1.0\r\n{lines}\r\n") };
        let body = vec![b'x'; usize::try_from(random.below(50)).expect("small")];
        let counted = asked.subject.len() + headers.len() + body.len();
        let counted = counted + if headers.is_empty() { 30 } else { 34 };
        asked.size = u64::try_from(counted).expect("small");
        let published = publish(&mut self.machine, &asked, &headers, &body, self.now);
        assert_eq!(published, self.naive.publish(&asked, self.now), "{asked:?} {headers:?}");
    }

    fn delete(&mut self) {
        let first = self.naive.first_seq();
        let seq =
            first + self.random.below(self.naive.last_seq + 2 - first.min(self.naive.last_seq));
        let deleted = self.machine.delete(seq, &mut Vec::new()).is_ok();
        assert_eq!(deleted, self.naive.delete(seq), "{seq}");
    }

    fn purge(&mut self) {
        let filter = self.random.filter();
        let (mut seq, mut keep) = (0, 0);
        match self.random.below(3) {
            0 => seq = self.random.below(self.naive.last_seq + 5),
            1 => keep = self.random.below(6),
            _ => {}
        }
        let what = Purge { filter: filter.as_bytes(), seq, keep };
        let before = self.machine.index().messages();
        self.machine.purge(&what).expect("it is allowed");
        let pieces = usize::try_from(1 + self.random.below(4)).expect("small");
        while self.machine.proceed(pieces, &mut Vec::new()) == Progress::More {}
        let purged = before - self.machine.index().messages();
        assert_eq!(purged, self.naive.purge(&filter, seq, keep), "{what:?}");
    }

    fn tick(&mut self) {
        while self.machine.next_deadline().is_some_and(|due| due <= self.now) {
            let (mut removed, mut stored) = (Vec::new(), Vec::new());
            let _ = self.machine.tick(self.now, &mut removed, &mut stored);
        }
        self.naive.tick(self.now);
    }

    /// Writes only what changed since the last one.
    fn checkpoint(&mut self) {
        let snapshot = self.machine.snapshot();
        let mut before = std::mem::take(&mut self.parts);
        for (part, changed) in snapshot.parts() {
            let carried = before.remove(&part).filter(|_| changed <= self.epoch);
            let bytes = carried.unwrap_or_else(|| {
                let mut bytes = Vec::new();
                snapshot.save(part, &mut bytes);
                bytes
            });
            self.parts.insert(part, bytes);
        }
        self.epoch = snapshot.epoch();
    }

    fn restart(&mut self) {
        self.checkpoint();
        let state = &self.parts[&Part::State];
        let mut loading = Loading::new(state, self.random.next()).expect("it was saved");
        for (&part, bytes) in self.parts.iter().filter(|(part, _)| **part != Part::State) {
            if matches!(part, Part::Page(_) | Part::Subjects(_)) && self.random.below(2) == 0 {
                loading.leave(part).expect("it was saved");
            } else {
                loading.add(part, bytes).expect("it was saved");
            }
        }
        let kept = Kept(self.parts.clone());
        self.machine = loading.finish(Some(Arc::new(kept))).expect("all parts were saved");
        self.epoch = 0;
    }

    fn compare(&self) {
        let (index, naive) = (self.machine.index(), &self.naive);
        let held: Vec<_> = index
            .pages()
            .iter_from(0)
            .map(|(seq, meta)| {
                let subject = index.subjects().name(meta.subject);
                let subject = String::from_utf8_lossy(&subject);
                (seq, subject.into_owned(), meta.time)
            })
            .collect();
        let expected: Vec<_> =
            naive.list.iter().map(|kept| (kept.seq, kept.subject.clone(), kept.time)).collect();
        assert_eq!(held, expected);
        assert_eq!(index.bytes(), naive.bytes());
        assert_eq!(index.messages(), u64::try_from(naive.list.len()).expect("few"));
        assert_eq!((index.first_seq(), index.last_seq()), (naive.first_seq(), naive.last_seq));
        for (_, name, state) in index.subjects().iter() {
            let of = |kept: &&naive::Kept| *kept.subject.as_bytes() == *name;
            let mut all = naive.list.iter().filter(of);
            let first = all.next().map_or(0, |kept| kept.seq);
            let last = all.next_back().map_or(first, |kept| kept.seq);
            let count = naive.list.iter().filter(of).count();
            assert_eq!((state.first, state.last), (first, last));
            assert_eq!(state.count, u64::try_from(count).expect("few"));
        }
        let from = naive.first_seq() + 3;
        for filter in ["a", "a.*", ">", "*.x.>"] {
            let is_in = |subject: &str| {
                anabranch_subject::matching::matches(filter.as_bytes(), subject.as_bytes())
            };
            let behind = naive.list.iter().filter(|kept| kept.seq >= from);
            let mut behind = behind.filter(|kept| is_in(&kept.subject)).map(|kept| kept.seq);
            let count = u64::try_from(behind.clone().count()).expect("few");
            assert_eq!(index.count_matching(filter.as_bytes(), from), count, "{filter}");
            assert_eq!(index.next_matching(filter.as_bytes(), from), behind.next(), "{filter}");
        }
    }
}

/// Parts that are read when they are needed.
#[derive(Debug)]
struct Kept(BTreeMap<Part, Vec<u8>>);

impl StoredParts for Kept {
    fn read(&self, part: Part) -> Option<Vec<u8>> {
        self.0.get(&part).cloned()
    }

    fn refuse(&self, part: Part, error: DecodeError) {
        panic!("{part:?} was saved: {error}");
    }
}

fn publish(machine: &mut Stream, asked: &Asked, headers: &str, body: &[u8], now: i64) -> Became {
    let headers = headers.as_bytes();
    let parsed = PublishHeaders::parse(headers);
    let published = machine.publish(
        &Publish {
            subject: asked.subject.as_bytes(),
            headers,
            body,
            asked: &parsed,
            id: asked.id.map(|id| IdHash(u128::from(id))),
            now,
            origin: Origin::Client,
            resident: Resident::NONE,
            zones: &OnlyUtc,
        },
        &mut Vec::new(),
    );
    match published {
        Published::Stored(stored) => Became::Stored(stored.seq),
        Published::Duplicate(seq) => Became::Duplicate(seq),
        Published::Refused(_) => Became::Refused,
        Published::Staged | Published::Batch(_) => panic!("there is no batch"),
    }
}

#[test]
fn the_machine_does_what_a_list_does() {
    for seed in 0..400 {
        let mut pair = Pair::new(seed);
        for step in 0..250 {
            let run = std::panic::AssertUnwindSafe(|| {
                pair.step();
                pair.compare();
            });
            if let Err(panic) = std::panic::catch_unwind(run) {
                let config = pair.naive.config;
                panic!("seed {seed}, step {step}: {panic:?} {config:?}");
            }
        }
    }
}

#[test]
fn a_tick_ends_no_more_than_its_share() {
    let config = StreamConfig {
        max_age: Nanos::SECOND,
        max_msg_size: -1,
        subject_delete_marker_ttl: Nanos::SECOND,
        allow_rollup_hdrs: true,
        ..StreamConfig::default()
    };
    let mut machine = Stream::new(config, 0, 1);
    for n in 0..3 * TICK_ITEMS_MAX {
        let asked = Asked { subject: format!("s.{n}"), ..Asked::default() };
        publish(&mut machine, &asked, "", b"", 1);
    }
    let later = 10 * Nanos::SECOND.0;
    for left in [2, 1, 0] {
        let (mut removed, mut stored) = (Vec::new(), Vec::new());
        let ticked = machine.tick(later, &mut removed, &mut stored);
        assert_eq!(stored.len(), TICK_ITEMS_MAX);
        assert!(removed.len() <= 2 * TICK_ITEMS_MAX);
        assert_eq!(ticked == Ticked::More, left > 0);
    }
    assert_eq!(machine.index().messages(), u64::try_from(3 * TICK_ITEMS_MAX).unwrap());
}

/// A stream of `count` messages of as many subjects, in which some came twice.
fn filled(count: u32, config: StreamConfig) -> Stream {
    let config = StreamConfig { max_msg_size: -1, allow_rollup_hdrs: true, ..config };
    let mut machine = Stream::new(config, 0, 1);
    for n in 0..count {
        let asked = Asked { subject: format!("s.{}.{n}", n % 7), ..Asked::default() };
        publish(&mut machine, &asked, "", b"", 1);
        if n % 3 == 0 {
            publish(&mut machine, &asked, "", b"again", 1);
        }
    }
    machine
}

#[test]
fn the_size_of_the_pieces_changes_nothing() {
    type Command = fn(&mut Stream);
    let commands: [Command; 7] = [
        |machine| machine.purge(&Purge { filter: b"s.3.*", seq: 0, keep: 0 }).expect("allowed"),
        |machine| machine.purge(&Purge { filter: b"s.3.*", seq: 1500, keep: 0 }).expect("allowed"),
        |machine| machine.purge(&Purge { filter: b"*.4.>", seq: 0, keep: 200 }).expect("allowed"),
        |machine| machine.purge(&Purge { filter: b"", seq: 2000, keep: 0 }).expect("allowed"),
        |machine| machine.purge(&Purge { filter: b"", seq: 0, keep: 50 }).expect("allowed"),
        |machine| {
            let config = machine.config().clone();
            machine.reconfigure(StreamConfig { max_msgs_per_subject: 1, max_msgs: 1000, ..config });
        },
        |machine| {
            let asked = Asked { subject: "s.1.1".to_owned(), ..Asked::default() };
            publish(machine, &asked, "NATS/1.0\r\nNats-Rollup: all\r\n\r\n", b"", 1);
            assert!(machine.is_busy());
        },
    ];
    for (number, command) in commands.into_iter().enumerate() {
        let mut results = [1, 7, 1000, usize::MAX].map(|pieces| {
            let mut machine = filled(3_000, StreamConfig::default());
            let (before, mut removed) = (machine.index().messages(), Vec::new());
            command(&mut machine);
            while machine.proceed(pieces, &mut removed) == Progress::More {}
            assert!(machine.index().messages() < before, "{number}");
            let mut saved = Vec::new();
            machine.save(&mut saved);
            (saved, machine.index().messages())
        });
        let last = results[3].clone();
        assert!(results.iter_mut().all(|result| *result == last), "{number}");
    }
}
