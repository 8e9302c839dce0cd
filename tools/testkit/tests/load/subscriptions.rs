//! Many subscriptions, and when they begin and end.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anabranch_testkit::client::{Client, TIMEOUT};
use anabranch_testkit::observed::{Ending, Observed, tell};

const SUBSCRIPTIONS: u64 = 1_000_000;
const SAME_SUBJECT: u64 = 100_000;
/// Control lines sent before the answers are awaited.
const PIECE: u64 = 10_000;

#[test]
#[ignore = "load"]
fn a_million_subscriptions_come_and_go_while_others_talk() {
    let observed = Observed::start("");
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let talk = scope.spawn(|| talk_until(&observed, &done));
        let ending = Ending(&done);
        observed.await_count("subscriptions", 1);
        let before = observed.resident();
        let first = come_and_go(&observed, SUBSCRIPTIONS) - before;
        tell(&format!("{} bytes resident per subscription", first / SUBSCRIPTIONS));
        let left = observed.resident().saturating_sub(before);
        tell(&format!("{left} bytes of {first} stay resident when all are gone"));
        // The allocator may keep pages, per thread, but what was freed is used again: as many
        // once more, a tenth at a time, would show what is lost.
        let again = (0..10).map(|_| come_and_go(&observed, SUBSCRIPTIONS / 10)).max();
        let again = again.expect("ten figures") - before;
        tell(&format!("{again} bytes resident, at most, while as many came and went again"));
        assert!(again < first / 2 * 3, "{again} bytes after {first}");
        drop(ending);
        let (count, longest) = talk.join().expect("the pair talks on");
        tell(&format!("meanwhile {count} round trips of another pair, the longest {longest:?}"));
    });
}

/// Subscribes and lets go; gives back the resident memory in between.
fn come_and_go(observed: &Observed, count: u64) -> u64 {
    let mut client = observed.client();
    let begin = Instant::now();
    in_pieces(&mut client, count, |text, n| {
        let _ = write!(text, "SUB load.{}.subject.{n} {n}\r\n", n % 1_000);
    });
    tell(&format!("{count} subscriptions in {:?}", begin.elapsed()));
    let held = observed.resident();
    client.send("PUB load.777.subject.77777 2\r\nhi\r\n");
    let received = client.barrier();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].sid, "77777");
    let begin = Instant::now();
    in_pieces(&mut client, count / 2, |text, n| {
        let _ = write!(text, "UNSUB {n}\r\n");
    });
    tell(&format!("half of them ended in {:?}", begin.elapsed()));
    // The talking pair has one.
    observed.await_count("subscriptions", count / 2 + 1);
    let begin = Instant::now();
    drop(client);
    observed.await_count("subscriptions", 1);
    tell(&format!("the others with their connection in {:?}", begin.elapsed()));
    held
}

#[test]
#[ignore = "load"]
fn a_hundred_thousand_subscriptions_to_one_subject_each_get_the_message() {
    let observed = Observed::start("");
    let mut client = observed.client();
    let before = observed.resident();
    let begin = Instant::now();
    in_pieces(&mut client, SAME_SUBJECT, |text, n| {
        let _ = write!(text, "SUB load.same {n}\r\n");
    });
    tell(&format!("{SAME_SUBJECT} subscriptions to one subject in {:?}", begin.elapsed()));
    let held = observed.resident() - before;
    tell(&format!("{} bytes resident per subscription", held / SAME_SUBJECT));
    observed.client().send("PUB load.same 2\r\nhi\r\n");
    let number = |client: &mut Client| client.message().sid.parse::<u64>().expect("a number");
    let mut sids: Vec<u64> = (0..SAME_SUBJECT).map(|_| number(&mut client)).collect();
    sids.sort_unstable();
    assert!(sids.into_iter().eq(0..SAME_SUBJECT), "each sid once");
    let begin = Instant::now();
    in_pieces(&mut client, SAME_SUBJECT / 2, |text, n| {
        let _ = write!(text, "UNSUB {n}\r\n");
    });
    tell(&format!("half of them ended in {:?}", begin.elapsed()));
    let begin = Instant::now();
    drop(client);
    observed.await_count("subscriptions", 0);
    tell(&format!("the others with their connection in {:?}", begin.elapsed()));
    observed.serves_a_new_pair();
}

#[test]
#[ignore = "load"]
fn after_its_pong_a_subscription_gets_what_others_publish() {
    const ROUNDS: u32 = 10_000;
    let observed = Observed::start("");
    let mut subscriber = observed.client();
    let mut publisher = observed.client();
    for round in 0..ROUNDS {
        // The publisher's worker has just cached that nobody listens.
        let (subject, sid) = (format!("barrier.{}", round % 8), round + 1);
        subscriber.send(format!("SUB {subject} {sid}\r\n"));
        subscriber.barrier();
        publisher.send(format!("PUB {subject} 2\r\nhi\r\n"));
        let message = subscriber.message();
        assert_eq!(message.sid, sid.to_string());
        subscriber.send(format!("UNSUB {sid}\r\n"));
        subscriber.barrier();
        publisher.send(format!("PUB {subject} 2\r\nno\r\n"));
    }
    publisher.barrier();
    assert_eq!(subscriber.barrier(), [], "nothing after UNSUB was answered");
}

#[test]
#[ignore = "load"]
fn a_maximum_is_exact_whoever_publishes() {
    const MAXIMUM: usize = 1_000;
    const PUBLISHERS: usize = 8;
    let observed = Observed::start("");
    let address = observed.server.address();
    for round in 0..20 {
        let mut subscriber =
            observed.subscriber(&format!("SUB maximum.{round} 1\r\nUNSUB 1 {MAXIMUM}\r\n"));
        let text = format!("PUB maximum.{round} 2\r\nhi\r\n").repeat(MAXIMUM / 2);
        thread::scope(|scope| {
            for _ in 0..PUBLISHERS {
                scope.spawn(|| {
                    let mut publisher = Client::open(address);
                    publisher.send(&text);
                    publisher.barrier();
                });
            }
        });
        assert_eq!(subscriber.barrier().len(), MAXIMUM);
        assert_eq!(observed.count("subscriptions"), 0, "it ended by itself");
    }
}

/// Sends one line per number below `count`, a few at a time.
fn in_pieces(client: &mut Client, count: u64, line: impl Fn(&mut String, u64)) {
    let mut text = String::new();
    for begin in (0..count).step_by(usize::try_from(PIECE).expect("small")) {
        text.clear();
        (begin..count.min(begin + PIECE)).for_each(|n| line(&mut text, n));
        client.send(&text);
        client.barrier();
    }
}

/// One message after the other between two clients; their number, and the longest way of one.
fn talk_until(observed: &Observed, done: &AtomicBool) -> (u64, Duration) {
    let mut subscriber = observed.subscriber("SUB talk 1\r\n");
    let mut publisher = observed.client();
    let (mut count, mut longest) = (0, Duration::ZERO);
    while !done.load(Ordering::Relaxed) {
        let begin = Instant::now();
        publisher.send("PUB talk 2\r\nhi\r\n");
        subscriber.message();
        longest = longest.max(begin.elapsed());
        assert!(longest < TIMEOUT);
        count += 1;
    }
    (count, longest)
}
