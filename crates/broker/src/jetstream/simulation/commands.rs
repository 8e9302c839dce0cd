//! Random commands, of all kinds that a stream knows.

use anabranch_jetstream::consumer::{Change, encode_changes};
use anabranch_jetstream::stream::{Command, ConsumerCommand, Record};
use anabranch_log::disk::sim::Random;
use anabranch_log::format::StreamId;

/// Nanoseconds of a second.
const SECOND: u64 = 1_000_000_000;
/// What all configurations have in common.
const LIMITS: &str = "\"max_msgs\":-1,\"max_bytes\":-1,\"max_msg_size\":-1,\"max_consumers\":-1";
/// What sets them apart.
const SORTS: [&str; 8] = [
    "\"max_msgs_per_subject\":2,\"duplicate_window\":2000000000,\"allow_rollup_hdrs\":true",
    "\"max_msgs_per_subject\":-1,\"max_age\":3000000000,\"allow_msg_ttl\":true,\
     \"subject_delete_marker_ttl\":2000000000,\"allow_rollup_hdrs\":true",
    "\"max_msgs_per_subject\":-1,\"allow_msg_counter\":true,\"allow_direct\":true",
    "\"max_msgs_per_subject\":-1,\"compression\":\"s2\",\"allow_atomic\":true,\
     \"allow_batched\":true",
    "\"max_msgs_per_subject\":1,\"allow_msg_schedules\":true,\"allow_msg_ttl\":true,\
     \"allow_rollup_hdrs\":true",
    "\"max_msgs_per_subject\":-1,\"discard\":\"new\",\"duplicate_window\":1000000000",
    "\"max_msgs_per_subject\":-1,\"retention\":\"interest\",\"duplicate_window\":1000000000",
    "\"max_msgs_per_subject\":-1,\"retention\":\"workqueue\"",
];

/// A command as it is logged.
#[derive(Debug, Clone)]
pub struct Entry {
    /// For which stream.
    pub stream: StreamId,
    /// When.
    pub time: i64,
    record: Record,
    bytes: Vec<u8>,
}

impl Entry {
    /// The command.
    pub fn command(&self) -> Command<'_> {
        Command::decode(self.record, &self.bytes).unwrap()
    }
}

/// Who gives the commands.
pub struct Commander {
    time: i64,
    /// Streams that were made, and of which sort.
    streams: Vec<(StreamId, usize)>,
    next: u64,
    /// Batches and ids that were begun.
    begun: u64,
    consumers: Vec<Consumer>,
}

/// A consumer that was made, and what it was given.
struct Consumer {
    stream: StreamId,
    number: u32,
    deliveries: u64,
    seq: u64,
}

impl Commander {
    /// No stream was made.
    pub fn new() -> Self {
        Self { time: 1, streams: Vec::new(), next: 1, begun: 0, consumers: Vec::new() }
    }

    /// Commands of which some were lost: streams that they made are not there.
    pub fn forget(&mut self, is_there: impl Fn(StreamId) -> bool) {
        self.streams.retain(|(id, _)| is_there(*id));
        self.consumers.retain(|consumer| is_there(consumer.stream));
    }

    /// The next command. `last_seq`: of a stream.
    pub fn next(
        &mut self,
        random: &mut Random,
        last_seq: impl Fn(StreamId) -> Option<u64>,
    ) -> Entry {
        let passes = [0, 1000, SECOND / 10, SECOND][index(random.below(4))];
        self.time += i64::try_from(random.below(passes + 1)).unwrap();
        if self.streams.is_empty() || (self.streams.len() < 5 && random.happens(3)) {
            return self.create(random);
        }
        let at = index(random.below(self.streams.len() as u64));
        let (stream, sort) = self.streams[at];
        let last = last_seq(stream).unwrap_or(0);
        let seq = random.below(last + 2);
        let subject = subject(random);
        match random.below(100) {
            0 => {
                self.streams.swap_remove(at);
                self.entry(stream, &Command::Remove)
            }
            1..=2 => {
                let max_msgs = 5 + random.below(200);
                let config = config(stream, sort, &format!(",\"max_msgs\":{max_msgs}"));
                self.entry(stream, &Command::Update(config.as_bytes()))
            }
            3..=12 => self.entry(stream, &Command::Tick),
            13..=20 => self.entry(stream, &Command::Delete { seq, erase: random.happens(40) }),
            21..=23 => {
                let filter = [&b""[..], b"a.>", b"a.*.1", subject.as_bytes()];
                let filter = filter[index(random.below(4))];
                let (seq, keep) = [(0, 0), (seq, 0), (0, random.below(4))][index(random.below(3))];
                self.entry(stream, &Command::Purge { filter, seq, keep })
            }
            24..=44 => match random.below(8) {
                0 => self.make_consumer(stream, random),
                1 if random.happens(20) => self.end_consumer(stream),
                2 if random.happens(20) => self.change_consumer(stream, random),
                _ => self.consume(stream, last, random),
            },
            45..=55 if sort == 3 => self.fast(stream, random, &subject),
            _ => self.publish((stream, sort), random, &subject, last),
        }
    }

    fn create(&mut self, random: &mut Random) -> Entry {
        let (stream, sort) = (StreamId(self.next), index(random.below(SORTS.len() as u64)));
        self.next += 1;
        self.streams.push((stream, sort));
        let config = config(stream, sort, "");
        self.entry(stream, &Command::Create(config.as_bytes()))
    }

    fn publish(
        &mut self,
        (stream, sort): (StreamId, usize),
        random: &mut Random,
        subject: &str,
        last: u64,
    ) -> Entry {
        self.begun += 1;
        let begun = self.begun;
        let asked = match (sort, random.below(8)) {
            (0 | 5, 0..=3) => format!("Nats-Msg-Id: {}\r\n", begun / 3),
            (0, 4) => "Nats-Rollup: sub\r\n".to_owned(),
            (0 | 1, 5) if random.happens(10) => "Nats-Rollup: all\r\n".to_owned(),
            (1 | 4, 0..=2) => format!("Nats-TTL: {}\r\n", 1 + random.below(4)),
            (2, _) => format!("Nats-Incr: {}\r\n", random.below(9)),
            (3, 0..=3) => batch(begun, random),
            (4, 3..=5) => format!(
                "Nats-Schedule: @every {}s\r\nNats-Schedule-Target: b.{}\r\n",
                1 + random.below(3),
                random.below(3)
            ),
            (_, 6) => {
                format!("Nats-Expected-Last-Sequence: {}\r\n", last - random.below(2).min(last))
            }
            _ => String::new(),
        };
        let headers = if asked.is_empty() { asked } else { format!("NATS/1.0\r\n{asked}\r\n") };
        let filling = [0, 10, 200, 3000][index(random.below(4))];
        let body = format!("{begun}{}", "x".repeat(index(random.below(filling + 1))));
        let body = if sort == 2 { "" } else { &body };
        let (subject, headers, body) = (subject.as_bytes(), headers.as_bytes(), body.as_bytes());
        self.entry(stream, &Command::Publish { subject, headers, body })
    }

    /// A message of a fast batch, often one that fits.
    fn fast(&mut self, stream: StreamId, random: &mut Random, subject: &str) -> Entry {
        self.begun += 1;
        let (id, seq) = (self.begun / 6, 1 + self.begun % 6);
        let operation = match seq {
            1 => 0,
            6 => 2 + random.below(2),
            _ => 1 + random.below(20) / 19,
        };
        let reply = format!("p.b{id}.{}.ok.{seq}.{operation}.$FI", random.below(4));
        let (reply, subject, body) = (reply.as_bytes(), subject.as_bytes(), &b"fast"[..]);
        self.entry(stream, &Command::PublishFast { reply, subject, headers: b"", body })
    }

    fn make_consumer(&mut self, stream: StreamId, random: &mut Random) -> Entry {
        let number = u32::try_from(self.begun).unwrap() + 1;
        self.begun += 1;
        self.consumers.push(Consumer { stream, number, deliveries: 0, seq: 0 });
        let (name, config) = (format!("C{number}"), reading(random));
        let command = ConsumerCommand::Create(number, &name, config.as_bytes());
        self.entry(stream, &Command::Consumer(command))
    }

    fn change_consumer(&mut self, stream: StreamId, random: &mut Random) -> Entry {
        let found = self.consumers.iter().find(|consumer| consumer.stream == stream);
        let number = found.map_or(1, |consumer| consumer.number);
        let config = reading(random);
        let command = ConsumerCommand::Update(number, config.as_bytes());
        self.entry(stream, &Command::Consumer(command))
    }

    fn end_consumer(&mut self, stream: StreamId) -> Entry {
        let found = self.consumers.iter().position(|consumer| consumer.stream == stream);
        let number = found.map_or(1, |at| self.consumers.swap_remove(at).number);
        self.entry(stream, &Command::Consumer(ConsumerCommand::Remove(number)))
    }

    /// A consumer is given some messages, and acknowledges some.
    fn consume(&mut self, stream: StreamId, last: u64, random: &mut Random) -> Entry {
        let time = self.time;
        let (mut number, mut changes) = (1, Vec::new());
        if let Some(consumer) = self.consumers.iter_mut().rfind(|one| one.stream == stream) {
            number = consumer.number;
            for _ in 0..random.below(6) {
                if consumer.seq < last && random.happens(60) {
                    consumer.seq += 1;
                    consumer.deliveries += 1;
                    let (stream, consumer) = (consumer.seq, consumer.deliveries);
                    changes.push(Change::Delivered { stream, consumer, deliveries: 1, time });
                }
                let seq = random.below(consumer.seq + 1);
                changes.push(match random.below(12) {
                    0 => Change::AckedTo { stream: seq, consumer: seq },
                    1 => Change::GaveUp(seq),
                    2 => Change::Touched { stream: seq, time },
                    3 if random.happens(20) => Change::Purged(seq.max(1)),
                    _ => Change::Acked(seq),
                });
            }
        }
        let bytes = encode_changes(&changes);
        self.entry(stream, &Command::Consumer(ConsumerCommand::Consumed(number, &bytes)))
    }

    fn entry(&self, stream: StreamId, command: &Command<'_>) -> Entry {
        let mut bytes = Vec::new();
        command.encode(&mut bytes);
        Entry { stream, time: self.time, record: command.record(), bytes }
    }
}

/// A message of an atomic batch of four, often one that fits.
fn batch(begun: u64, random: &mut Random) -> String {
    let (id, seq) = (begun / 4, 1 + begun % 4);
    let seq = if random.happens(5) { seq + 1 } else { seq };
    let commit = if seq == 4 { "Nats-Batch-Commit: 1\r\n" } else { "" };
    format!("Nats-Batch-Id: {id}\r\nNats-Batch-Sequence: {seq}\r\n{commit}")
}

/// The configuration of a consumer.
fn reading(random: &mut Random) -> String {
    let filter = ["", "a.1.*", "a.*.0", "a.2.1"][index(random.below(4))];
    let policy = ["all", "new", "last", "last_per_subject"][index(random.below(4))];
    let acks = if random.happens(20) { "none" } else { "explicit" };
    format!(
        "{{\"deliver_policy\":\"{policy}\",\"ack_policy\":\"{acks}\",\
         \"filter_subject\":\"{filter}\"}}"
    )
}

fn subject(random: &mut Random) -> String {
    format!("a.{}.{}", random.below(6), random.below(2))
}

fn config(stream: StreamId, sort: usize, more: &str) -> String {
    let limits = if more.contains("max_msgs") {
        LIMITS.replace("\"max_msgs\":-1,", "")
    } else {
        LIMITS.to_owned()
    };
    let sort = SORTS[sort];
    format!("{{\"name\":\"S{stream}\",{limits},\"storage\":\"file\",{sort}{more}}}")
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap()
}
