//! A change of interest is seen by every lookup that starts after it, on any thread.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "what one thread did has to be seen by others"
)]

use std::sync::Arc;
use std::sync::mpsc;
use std::thread;

use anabranch_router::{Account, AccountId, Interest, MatchCache};

struct Sub {
    subject: Vec<u8>,
}

impl Interest for Sub {
    fn subject(&self) -> &[u8] {
        &self.subject
    }

    fn queue(&self) -> Option<&[u8]> {
        None
    }
}

fn sub(subject: impl Into<Vec<u8>>) -> Arc<Sub> {
    Arc::new(Sub { subject: subject.into() })
}

/// How many interests a worker sees for each subject it is asked about.
fn worker(
    account: Arc<Account<Arc<Sub>>>,
    asked: mpsc::Receiver<String>,
    seen: mpsc::Sender<usize>,
) {
    let mut cache = MatchCache::new(64, 7);
    for subject in asked {
        let count = cache.lookup(&account, subject.as_bytes()).plain.len();
        seen.send(count).expect("the test is listening");
    }
}

#[test]
fn subscribing_and_unsubscribing_are_barriers_for_all_workers() {
    let account = Arc::new(Account::new(AccountId::GLOBAL, "$G", 42));
    let workers: Vec<_> = (0..3)
        .map(|_| {
            let (ask, asked) = mpsc::channel();
            let (seen, answers) = mpsc::channel();
            let account = Arc::clone(&account);
            (ask, answers, thread::spawn(move || worker(account, asked, seen)))
        })
        .collect();
    let check = |subject: &str, want: usize| {
        for (ask, _, _) in &workers {
            ask.send(subject.to_owned()).expect("the worker is running");
        }
        for (_, answers, _) in &workers {
            assert_eq!(answers.recv().expect("the worker is running"), want, "{subject}");
        }
    };
    for round in 0..400 {
        let subject = format!("room.{}.x", round % 5);
        check(&subject, 0);
        for filter in [subject.as_str(), "room.*.x", "room.>", ">", "*.*.*"] {
            let interest = sub(filter);
            account.subscribe(Arc::clone(&interest));
            check(&subject, 1);
            assert!(account.unsubscribe(&interest));
            check(&subject, 0);
        }
    }
    for (ask, _, thread) in workers {
        drop(ask);
        thread.join().expect("the worker did not panic");
    }
    assert_eq!(account.stats().cache_entries, 0);
}

#[test]
fn concurrent_changes_are_never_missed() {
    let account = Arc::new(Account::new(AccountId::GLOBAL, "$G", 42));
    let threads: Vec<_> = (0..4)
        .map(|number: u64| {
            let account = Arc::clone(&account);
            thread::spawn(move || {
                let mut cache = MatchCache::new(16, number);
                for round in 0..3000_u64 {
                    // Others change interests in the same subjects meanwhile; ours must show.
                    let subject = format!("s.{}", round % 8);
                    let filter = if round % 3 == 0 { "s.*" } else { subject.as_str() };
                    let interest = sub(filter);
                    account.subscribe(Arc::clone(&interest));
                    let found = cache.lookup(&account, subject.as_bytes());
                    assert!(found.plain.iter().any(|held| Arc::ptr_eq(held, &interest)));
                    assert!(account.unsubscribe(&interest));
                    let found = cache.lookup(&account, subject.as_bytes());
                    assert!(!found.plain.iter().any(|held| Arc::ptr_eq(held, &interest)));
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().expect("no assertion failed"));
    assert_eq!(account.subscription_count(), 0);
}
