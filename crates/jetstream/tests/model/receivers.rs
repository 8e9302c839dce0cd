//! A mirror and a sourcing stream of the stream under test: they have what it had when they
//! looked, each message once, over restarts and whatever is proposed twice or out of turn.

use anabranch_jetstream::StreamConfig;
use anabranch_jetstream::config::{StreamSource, SubjectTransform};
use anabranch_jetstream::publish::PublishHeaders;
use anabranch_jetstream::publish::schedule::OnlyUtc;
use anabranch_jetstream::stream::{
    Feed, FeedKind, FromOrigin, Origin, Publish, Resident, Stream, Took, identity,
};

use super::{Pair, Random};

/// A message as a receiver has it: sequence, subject, and in mirrors the time.
type Kept = (u64, String, i64);

struct Receiver {
    machine: Stream,
    /// The origin's first sequence that was not looked at; nothing: not begun since the start.
    next: Option<u64>,
    expected: Vec<Kept>,
    last_seq: u64,
}

impl Receiver {
    fn new(config: StreamConfig) -> Self {
        let config = StreamConfig { max_msg_size: -1, ..config };
        let machine = Stream::new(config, 0, 1);
        Self { machine, next: None, expected: Vec::new(), last_seq: 0 }
    }

    fn mirror() -> Self {
        let mirror = Some(StreamSource { name: "S".to_owned(), ..StreamSource::default() });
        Self::new(StreamConfig { name: "M".to_owned(), mirror, ..StreamConfig::default() })
    }

    /// It takes `a` and what is below it.
    fn sourcing() -> Self {
        let shape = |source: &str, destination: &str| SubjectTransform {
            source: source.to_owned(),
            destination: destination.to_owned(),
        };
        let subject_transforms = vec![shape("a", "x"), shape("a.>", "")];
        let source =
            StreamSource { name: "S".to_owned(), subject_transforms, ..StreamSource::default() };
        let sources = vec![source];
        Self::new(StreamConfig { name: "T".to_owned(), sources, ..StreamConfig::default() })
    }

    fn feed(&self) -> Feed {
        self.machine.feeds()[0].clone()
    }

    fn restart(&mut self, random: &mut Random) {
        let mut saved = Vec::new();
        self.machine.save(&mut saved);
        self.machine = Stream::load(&saved, random.next()).expect("it was saved");
        self.next = None;
    }

    /// Takes up to `count` of the messages that it did not look at.
    fn pull(&mut self, origin: &Stream, count: usize, now: i64) {
        let (feed, index) = (self.feed(), origin.index());
        let next = self.next.unwrap_or_else(|| {
            let known_as = identity(origin.created());
            let beginning = self.machine.beginning(&feed, index, &known_as);
            if let Some(seq) = beginning.advance_to {
                self.machine.advance(seq);
                self.last_seq = seq;
            }
            beginning.next
        });
        self.next = Some(next);
        let found: Vec<_> = index.pages().iter_from(next).take(count).collect();
        for (seq, meta) in found {
            self.next = Some(seq + 1);
            let subject = &index.subjects().name(meta.subject);
            if !feed.wants(subject) {
                continue;
            }
            let after = self.machine.taken(&feed);
            for (after, seq) in [(after + 1, seq + 1), (after, after)] {
                let early = self.take(&feed, (after, seq), subject, meta.time, now);
                assert_eq!(early, None, "out of turn");
            }
            let stored = self.take(&feed, (after, seq), subject, meta.time, now);
            let stored = stored.expect("it is the next");
            let subject = String::from_utf8_lossy(subject).into_owned();
            let kept = match feed.kind() {
                FeedKind::Mirror => (seq, subject, meta.time),
                FeedKind::Source if subject == "a" => (self.last_seq + 1, "x".to_owned(), 0),
                FeedKind::Source => (self.last_seq + 1, subject, 0),
            };
            assert_eq!(stored, kept.0);
            self.last_seq = kept.0;
            self.expected.push(kept);
        }
    }

    fn take(
        &mut self,
        feed: &Feed,
        (after, seq): (u64, u64),
        subject: &[u8],
        time: i64,
        now: i64,
    ) -> Option<u64> {
        let message = FromOrigin { after, seq, subject, headers: b"", body: b"x" };
        let known_as = identity(0);
        let shaped = self.machine.shape(feed, &message, &known_as);
        let asked = &PublishHeaders::parse(&shaped.headers);
        let (now, origin) = match feed.kind() {
            FeedKind::Mirror => (time, Origin::Mirror),
            FeedKind::Source => (now, Origin::Source),
        };
        let publish = Publish {
            subject: &shaped.subject,
            headers: &shaped.headers,
            body: b"x",
            asked,
            id: None,
            now,
            origin,
            resident: Resident::NONE,
            zones: &OnlyUtc,
        };
        let removed = &mut Vec::new();
        let took = match feed.kind() {
            FeedKind::Mirror => self.machine.take_mirrored(&message, &publish, removed),
            FeedKind::Source => {
                self.machine.take_sourced((feed, &known_as), &message, &publish, removed)
            }
        };
        assert!(removed.is_empty(), "it has no limits");
        match took {
            Took::Stored(stored) => Some(stored.seq),
            Took::Stale => None,
            Took::Duplicate | Took::Refused(_) => panic!("{took:?}"),
        }
    }

    fn compare(&self) {
        let index = self.machine.index();
        let is_mirror = self.feed().kind() == FeedKind::Mirror;
        let held: Vec<Kept> = index
            .pages()
            .iter_from(0)
            .map(|(seq, meta)| {
                let subject = index.subjects().name(meta.subject);
                let subject = String::from_utf8_lossy(&subject);
                (seq, subject.into_owned(), if is_mirror { meta.time } else { 0 })
            })
            .collect();
        assert_eq!(held, self.expected);
        assert_eq!(index.last_seq(), self.last_seq);
    }
}

#[test]
fn receivers_have_what_their_origin_had() {
    for seed in 0..100 {
        let mut pair = Pair::new(seed);
        let mut random = Random(seed ^ 0x5eed);
        let mut receivers = [Receiver::mirror(), Receiver::sourcing()];
        for _ in 0..200 {
            pair.step();
            for receiver in &mut receivers {
                if random.one_in(20) {
                    receiver.restart(&mut random);
                }
                let count = usize::try_from(random.below(4)).expect("small");
                receiver.pull(&pair.machine, count, pair.now);
                receiver.compare();
            }
        }
    }
}
