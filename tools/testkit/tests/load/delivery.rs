//! Order and number of what is delivered, with slow and with many clients.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use anabranch_testkit::wire::Chunks;

use anabranch_testkit::client::{Client, Event, Message};
use anabranch_testkit::observed::{Observed, tell, wait_until};

#[test]
#[ignore = "load"]
fn who_stops_reading_is_cut_off_and_nobody_else_notices() {
    const MESSAGES: u64 = 100_000;
    const WINDOW: u64 = 3_000;
    const READERS: usize = 3;
    let observed = Observed::start("max_pending: 8MB");
    let mut slow = observed.subscriber("SUB slow 1\r\n");
    let mut readers: Vec<Client> =
        (0..READERS).map(|_| observed.subscriber("SUB slow 1\r\n")).collect();
    let mut publisher = observed.client();
    let received = [const { AtomicU64::new(0) }; READERS];
    let begin = Instant::now();
    thread::scope(|scope| {
        for (reader, received) in readers.iter_mut().zip(&received) {
            scope.spawn(move || {
                for expected in 0..MESSAGES {
                    assert_eq!(number(&reader.message()), expected);
                    received.store(expected + 1, Ordering::Relaxed);
                }
            });
        }
        for n in 0..MESSAGES {
            publisher.send(format!("PUB slow 1000\r\n{n:01000}\r\n"));
            // Readers that share the machine must not become slow consumers themselves.
            if n % 1_000 == 0 {
                let least = || received.iter().map(|r| r.load(Ordering::Relaxed)).min();
                wait_until("readers keep up", || least() >= Some(n.saturating_sub(WINDOW)));
            }
        }
    });
    tell(&format!("{MESSAGES} messages to {READERS} readers in {:?}", begin.elapsed()));
    publisher.barrier();
    readers.iter_mut().for_each(|reader| assert_eq!(reader.barrier(), []));
    observed.await_count("connections", 4);
    assert_eq!(observed.count("slow_consumers"), 1);
    assert_eq!(observed.close_reasons(), ["Slow Consumer (Pending Bytes)"]);
    assert!(observed.server.log().contains("Slow Consumer Detected"));
    let events = slow.rest();
    let messages = events.iter().filter_map(|event| match event {
        Event::Message(message) => Some(number(message)),
        _ => None,
    });
    assert!(messages.eq(0..u64::try_from(events.len()).expect("few")), "in order until then");
}

#[test]
#[ignore = "load"]
fn a_stalled_reader_that_never_fills_its_queue_meets_the_write_deadline() {
    let observed = Observed::start("write_deadline: \"1s\"");
    let _slow = observed.subscriber("SUB deadline 1\r\n");
    let mut publisher = observed.client();
    let message = format!("PUB deadline 1000000\r\n{}\r\n", "x".repeat(1_000_000));
    (0..20).for_each(|_| publisher.send(&message));
    publisher.barrier();
    observed.await_count("slow_consumers", 1);
    observed.await_count("connections", 1);
    assert_eq!(observed.close_reasons(), ["Slow Consumer (Write Deadline)"]);
}

#[test]
#[ignore = "load"]
fn messages_sent_byte_by_byte_and_a_thousand_at_once_are_the_same() {
    let observed = Observed::start("");
    let mut subscriber = observed.subscriber("SUB split.* 1\r\n");
    let mut publisher = observed.client();
    let one = |n: u64| format!("PUB split.{n} 5\r\n{n:05}\r\n");
    (0..200).for_each(|n| publisher.send_in(one(n).as_bytes(), Chunks::EveryByte));
    let large = format!("PUB split.200 20000\r\n{:020000}\r\n", 200);
    publisher.send_in(large.as_bytes(), Chunks::EveryByte);
    (0..201).for_each(|n| assert_eq!(number(&subscriber.message()), n));
    for _ in 0..50 {
        publisher.send((0..1_000).map(one).collect::<String>());
        (0..1_000).for_each(|n| assert_eq!(number(&subscriber.message()), n));
    }
}

#[test]
#[ignore = "load"]
fn every_publishers_order_is_kept_and_queue_members_share_each_message_once() {
    const PUBLISHERS: usize = 16;
    const MESSAGES: u64 = 2_000;
    const MEMBERS: usize = 4;
    let observed = Observed::start("");
    let address = observed.server.address();
    let open = |subscription| observed.subscriber(subscription);
    let mut wild = ["SUB many.> 1\r\n", "SUB many.*.odd 1\r\n", "SUB *.*.even 1\r\n"].map(open);
    let mut members = [const { "SUB many.> workers 1\r\n" }; MEMBERS].map(open);
    thread::scope(|scope| {
        for publisher in 0..PUBLISHERS {
            scope.spawn(move || publish_many(address, publisher, MESSAGES));
        }
    });
    // Every message was handed over before its publisher's PONG.
    let mut received = Vec::new();
    for client in wild.iter_mut().chain(&mut members) {
        let messages = client.barrier();
        in_order(&messages);
        received.push(messages);
    }
    let all = PUBLISHERS * usize::try_from(MESSAGES).expect("few");
    let counts: Vec<usize> = received.iter().map(Vec::len).collect();
    assert_eq!(counts[..3], [all, all / 2, all / 2]);
    tell(&format!("queue members got {:?}", &counts[3..]));
    let shared = received[3..].iter().flatten();
    let mut shared: Vec<_> = shared.map(|m| (&m.subject, &m.payload)).collect();
    assert_eq!(shared.len(), all);
    shared.sort_unstable();
    shared.dedup();
    assert_eq!(shared.len(), all, "each once");
    assert!(counts[3..].iter().all(|&count| count > all / MEMBERS / 2), "evenly");
}

/// Numbers grow from message to message of each publisher.
fn in_order(messages: &[Message]) {
    let mut last = BTreeMap::new();
    for message in messages {
        let publisher = message.subject.split('.').nth(1).expect("many.<publisher>.<kind>");
        let before = last.insert(publisher, number(message));
        assert!(before < Some(number(message)), "{before:?} before {message:?}");
    }
}

fn publish_many(address: std::net::SocketAddr, publisher: usize, messages: u64) {
    let mut client = Client::open(address);
    for n in 0..messages {
        let kind = if n % 2 == 1 { "odd" } else { "even" };
        client.send(format!("PUB many.{publisher}.{kind} 8\r\n{n:08}\r\n"));
    }
    client.barrier();
}

fn number(message: &Message) -> u64 {
    let text = std::str::from_utf8(&message.payload).expect("digits");
    text.parse().expect("a number")
}
