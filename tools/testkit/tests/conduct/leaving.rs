//! Subscriptions that end while others publish: nothing comes too late, and nothing is lost to
//! a member that left its queue group.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anabranch_testkit::client::{Client, Event, Message};
use anabranch_testkit::observed::{Ending, Observed, on_both, tell};

const PUBLISHERS: u64 = 3;
/// Messages that a publisher sends before it waits until they were routed.
const BURST: u64 = 200;
/// Messages on their way at once, at most and about: the clients here read slower than publishers
/// write.
const WINDOW: u64 = 2 * PUBLISHERS * BURST;

#[test]
#[ignore = "needs both servers"]
fn nothing_comes_after_the_pong_that_follows_unsub() {
    on_both("", |observed| {
        let mut subscriber = observed.client();
        publish_meanwhile(observed, "PUB leaving.barrier 2\r\nhi\r\n", |window| {
            for sid in 1..=300 {
                subscriber.send(format!("SUB leaving.barrier {sid}\r\n"));
                subscriber.barrier();
                window.reopen();
                // It is in the middle of the stream when it ends.
                subscriber.message();
                subscriber.send(format!("UNSUB {sid}\r\n"));
                let before = subscriber.barrier().len();
                let late = subscriber.barrier().len();
                assert_eq!(late, 0, "messages after {before} and a PONG");
            }
        });
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_queue_group_loses_nothing_to_members_that_unsubscribe() {
    on_both("", |observed| {
        let mut stays = observed.subscriber("SUB leaving.queue workers 1\r\n");
        let mut leaves = observed.client();
        let mut received = 0;
        let sent = publish_meanwhile(observed, "PUB leaving.queue 2\r\nhi\r\n", |window| {
            for sid in 1..=300 {
                // What comes for a subscription of before has no one left to handle it.
                let handled = |messages: Vec<Message>| {
                    messages.iter().filter(|message| message.sid == sid.to_string()).count()
                };
                leaves.send(format!("SUB leaving.queue workers {sid}\r\n"));
                received += handled(leaves.barrier());
                window.reopen();
                received += handled(vec![leaves.message()]);
                leaves.send(format!("UNSUB {sid}\r\n"));
                received += handled(leaves.barrier()) + stays.barrier().len();
            }
        });
        received += stays.barrier().len();
        assert_eq!(u64::try_from(received), Ok(sent), "each message to one member");
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_member_that_was_told_why_it_ends_is_out_of_its_queue_group_in_a_moment() {
    // Its own side of the connection stays open: it may still be sending, for all we know.
    const MOMENT: Duration = Duration::from_millis(500);
    const ATTEMPTS: usize = 3;
    const MESSAGES: usize = 50;
    on_both("", |observed| {
        let mut stays = observed.subscriber("SUB leaving.error workers 1\r\n");
        // nats-server has some of its own.
        let before = observed.count("subscriptions");
        let mut publisher = observed.client();
        let mut attempt = || {
            let mut ends = observed.subscriber("SUB leaving.error workers 1\r\n");
            ends.send("NONSENSE\r\n");
            assert!(matches!(ends.event(), Event::Error(_)));
            let begin = Instant::now();
            observed.await_count("subscriptions", before);
            tell(&format!("out of the group after {:?}", begin.elapsed()));
            publisher.send("PUB leaving.error 2\r\nhi\r\n".repeat(MESSAGES));
            publisher.barrier();
            assert_eq!(stays.barrier().len(), MESSAGES);
            begin.elapsed()
        };
        // The machine may be busy with something else, but not always.
        assert!((0..ATTEMPTS).any(|_| attempt() < MOMENT));
    });
}

/// How far publishers may go.
struct Window {
    sent: AtomicU64,
    until: AtomicU64,
    done: AtomicBool,
}

impl Window {
    /// What was sent so far has been read, or will never be.
    fn reopen(&self) {
        self.until.store(self.sent.load(Ordering::Relaxed) + WINDOW, Ordering::Relaxed);
    }

    fn is_open(&self) -> bool {
        self.sent.load(Ordering::Relaxed) < self.until.load(Ordering::Relaxed)
    }
}

/// Publishes `operation` from several clients until `body` ends; gives back how often. All of it
/// was routed by then.
fn publish_meanwhile(observed: &Observed, operation: &str, body: impl FnOnce(&Window)) -> u64 {
    let window = Window {
        sent: AtomicU64::new(0),
        until: AtomicU64::new(WINDOW),
        done: AtomicBool::new(false),
    };
    let address = observed.server.address();
    let burst = operation.repeat(usize::try_from(BURST).expect("small"));
    thread::scope(|scope| {
        let ending = Ending(&window.done);
        for _ in 0..PUBLISHERS {
            scope.spawn(|| {
                let mut publisher = Client::open(address);
                while !window.done.load(Ordering::Relaxed) {
                    if window.is_open() {
                        window.sent.fetch_add(BURST, Ordering::Relaxed);
                        publisher.send(&burst);
                        publisher.barrier();
                    } else {
                        thread::yield_now();
                    }
                }
            });
        }
        body(&window);
        drop(ending);
    });
    window.sent.into_inner()
}
