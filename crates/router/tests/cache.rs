//! What is cached, what is invalidated, and what is let go.

use std::sync::Arc;

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

type Shared = Arc<Account<Arc<Sub>>>;

fn sub(subject: &str) -> Arc<Sub> {
    Arc::new(Sub { subject: subject.into() })
}

fn account(number: u32) -> Shared {
    Arc::new(Account::new(AccountId(number), "A", 5))
}

fn warm(cache: &mut MatchCache<Arc<Sub>>, account: &Shared, subject: &str) {
    cache.lookup(account, subject.as_bytes());
    cache.lookup(account, subject.as_bytes());
}

/// How many of `subjects` can no longer be answered from the cache.
fn misses(cache: &mut MatchCache<Arc<Sub>>, account: &Shared, subjects: &[String]) -> u64 {
    let before = cache.stats().misses;
    for subject in subjects {
        cache.lookup(account, subject.as_bytes());
    }
    cache.stats().misses - before
}

fn subjects(count: usize) -> Vec<String> {
    (0..count).map(|at| format!("dev.{at}.state")).collect()
}

#[test]
fn subjects_published_to_once_are_not_cached() {
    let (account, mut cache) = (account(0), MatchCache::new(100, 1));
    for at in 0..1000 {
        cache.lookup(&account, format!("_INBOX.{at}").as_bytes());
    }
    assert_eq!(cache.stats().entries, 0);
    warm(&mut cache, &account, "a.b");
    assert_eq!(cache.stats().entries, 1);
}

#[test]
fn no_capacity_means_no_cache() {
    let (account, mut cache) = (account(0), MatchCache::new(0, 1));
    account.subscribe(sub("a"));
    for _ in 0..4 {
        assert_eq!(cache.lookup(&account, b"a").plain.len(), 1);
    }
    assert_eq!((cache.stats().entries, cache.stats().misses), (0, 4));
}

#[test]
fn published_wildcards_are_matched_but_not_cached() {
    let (account, mut cache) = (account(0), MatchCache::new(100, 1));
    for _ in 0..3 {
        cache.lookup(&account, b"foo.>");
    }
    account.subscribe(sub("foo.*"));
    assert_eq!(cache.lookup(&account, b"foo.>").plain.len(), 1);
    assert_eq!(cache.stats().entries, 0);
}

#[test]
fn accounts_with_one_seed_are_kept_apart() {
    let (one, two, mut cache) = (account(1), account(2), MatchCache::new(100, 1));
    one.subscribe(sub("a"));
    for _ in 0..4 {
        assert_eq!(cache.lookup(&one, b"a").plain.len(), 1);
        assert_eq!(cache.lookup(&two, b"a").plain.len(), 0);
    }
    assert_eq!(cache.stats().entries, 2);
}

#[test]
fn unrelated_changes_invalidate_nothing() {
    let (account, mut cache) = (account(0), MatchCache::new(8192, 1));
    let all = subjects(2000);
    all.iter().for_each(|subject| warm(&mut cache, &account, subject));
    assert_eq!(misses(&mut cache, &account, &all), 0);
    for at in 0..2000 {
        account.subscribe(sub(&format!("_INBOX.{at}.*")));
        account.subscribe(sub(&format!("_INBOX.{at}")));
        account.subscribe(sub(&format!("dev.{at}.other")));
    }
    assert_eq!(misses(&mut cache, &account, &all), 0);
}

#[test]
fn a_wildcard_invalidates_little_more_than_what_it_matches() {
    let (account, mut cache) = (account(0), MatchCache::new(8192, 1));
    let all = subjects(2000);
    all.iter().for_each(|subject| warm(&mut cache, &account, subject));
    account.subscribe(sub("dev.7.*"));
    // The subjects that share its bucket, one in 1,024 each, come with it.
    assert!((1..12).contains(&misses(&mut cache, &account, &all)));
    account.subscribe(sub("dev.*.state"));
    assert_eq!(misses(&mut cache, &account, &all), 2000);
    assert_eq!(misses(&mut cache, &account, &all), 0);
}

#[test]
fn a_wildcard_that_matches_very_many_invalidates_everything() {
    let (account, mut cache) = (account(0), MatchCache::new(8192, 1));
    let all = subjects(6000);
    all.iter().for_each(|subject| warm(&mut cache, &account, subject));
    warm(&mut cache, &account, "other");
    let interest = sub("dev.>");
    account.subscribe(Arc::clone(&interest));
    assert_eq!(misses(&mut cache, &account, &all), 6000);
    assert_eq!(account.unsubscribe_all([&interest]), 1);
    assert_eq!(misses(&mut cache, &account, &all), 6000);
    assert_eq!(cache.lookup(&account, b"dev.1.state").plain.len(), 0);
}

#[test]
fn entries_and_registrations_stay_within_the_capacity() {
    let (account, mut cache) = (account(0), MatchCache::new(50, 1));
    for subject in subjects(1000) {
        warm(&mut cache, &account, &subject);
        assert!(cache.stats().entries <= 50);
        assert!(account.stats().cache_entries <= 50 + 64);
    }
    cache.sweep(0);
    assert_eq!(account.stats().cache_entries, 50);
    drop(cache);
    assert_eq!(account.stats().cache_entries, 0);
}

#[test]
fn bytes_are_bounded() {
    let (account, mut cache) = (account(0), MatchCache::new(8192, 1));
    let interest = sub("dev.*.state");
    assert!((0..100_000).all(|_| account.subscribe(Arc::clone(&interest))));
    for subject in subjects(200) {
        warm(&mut cache, &account, &subject);
        assert!(cache.stats().bytes <= 65 << 20);
    }
    assert!(cache.stats().entries > 40);
}

#[test]
fn sweeping_lets_closed_subscribers_go() {
    let (account, mut cache) = (account(0), MatchCache::new(100, 1));
    let interest = sub("a.*");
    account.subscribe(Arc::clone(&interest));
    for subject in ["a.b", "a.c", "a.d"] {
        warm(&mut cache, &account, subject);
    }
    cache.lookup(&account, b"a.once");
    account.unsubscribe(&interest);
    assert_eq!(Arc::strong_count(&interest), 5);
    cache.sweep(1);
    assert_eq!(Arc::strong_count(&interest), 3);
    cache.sweep(10);
    assert_eq!(Arc::strong_count(&interest), 1);
    assert_eq!(cache.stats().entries, 0);
}

#[test]
fn statistics_add_up() {
    let (account, mut cache) = (account(0), MatchCache::new(100, 1));
    account.subscribe(sub("a"));
    account.subscribe(sub("*"));
    account.subscribe(sub("b.c"));
    for _ in 0..10 {
        cache.lookup(&account, b"a");
        cache.lookup(&account, b"b.c");
    }
    cache.sweep(10);
    let stats = account.stats();
    assert_eq!((stats.subscriptions, stats.inserts, stats.removes), (3, 3, 0));
    assert_eq!((stats.matches, stats.cache_hits), (20, 16));
    assert_eq!((stats.cache_entries, stats.max_fanout, stats.total_fanout), (2, 2, 3));
    assert!((stats.avg_fanout() - 1.5).abs() < 1e-9);
    assert!((stats.cache_hit_rate() - 0.8).abs() < 1e-9);
}
