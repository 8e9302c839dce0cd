//! Prints what lookups, subscriptions and their memory cost. Run with `--release`.

#![expect(clippy::print_stdout, reason = "printing is what it is for")]
#![expect(clippy::disallowed_methods, reason = "it measures time and memory")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use anabranch_router::{Account, AccountId, Interest, MatchCache};

const MILLION: u32 = 1_000_000;

struct Sub {
    subject: Box<[u8]>,
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
    Arc::new(Sub { subject: subject.as_bytes().into() })
}

fn account() -> Shared {
    Arc::new(Account::new(AccountId::GLOBAL, "$G", 0x5eed))
}

fn main() {
    let devices: Vec<Arc<Sub>> = (0..MILLION).map(|at| sub(&device(at))).collect();
    let account = memory(&devices);
    cached_lookups(&account);
    uncached(&account);
    insert_remove(&account, &devices);
    one_subject();
    churn(&account);
    teardown(&account, &devices);
}

fn device(at: u32) -> String {
    // Scattered, as connections are, rather than in order.
    let at = u64::from(at) * 7919 % u64::from(MILLION);
    format!("dev.{}.{}.state", at / 1000, at % 1000)
}

fn memory(devices: &[Arc<Sub>]) -> Shared {
    let account = account();
    let before = resident_bytes();
    let start = Instant::now();
    assert!(devices.iter().all(|item| account.subscribe(Arc::clone(item))));
    report("insert, growing to 1M subjects", start, MILLION);
    let grown = resident_bytes().saturating_sub(before);
    println!(
        "{:>10} B  trie bytes a subscription, 1M distinct subjects",
        grown / u64::from(MILLION)
    );
    account
}

fn cached_lookups(account: &Shared) {
    let mut cache = MatchCache::new(8192, 1);
    let subject = device(77);
    for count in [2, 20_000_000] {
        let start = Instant::now();
        for _ in 0..count {
            black_box(cache.lookup(account, black_box(subject.as_bytes())));
        }
        report("lookup, last subject", start, count);
    }
    for width in [2, 100, 1000, 8000] {
        let subjects: Vec<String> = (0..width).map(device).collect();
        let rounds = 4_000_000 / width;
        for subject in &subjects {
            cache.lookup(account, subject.as_bytes());
            cache.lookup(account, subject.as_bytes());
        }
        let start = Instant::now();
        for _ in 0..rounds {
            for subject in &subjects {
                black_box(cache.lookup(account, subject.as_bytes()));
            }
        }
        report(&format!("lookup, {width} subjects in turn"), start, rounds * width);
    }
}

fn uncached(account: &Shared) {
    let mut cache = MatchCache::new(0, 1);
    let subjects: Vec<String> = (0..100_000).map(|at| device(at * 9)).collect();
    for wildcards in ["none", "dev.*.*.state and dev.>"] {
        if wildcards != "none" {
            account.subscribe(sub("dev.*.*.state"));
            account.subscribe(sub("dev.>"));
        }
        let start = Instant::now();
        for subject in &subjects {
            black_box(cache.lookup(account, subject.as_bytes()));
        }
        report(&format!("uncached match among 1M, wildcards: {wildcards}"), start, 100_000);
    }
}

fn insert_remove(account: &Shared, devices: &[Arc<Sub>]) {
    let start = Instant::now();
    for item in devices.iter().step_by(3) {
        assert!(account.unsubscribe(item));
        account.subscribe(Arc::clone(item));
    }
    report("remove and insert again, at 1M", start, MILLION / 3);
}

fn one_subject() {
    let account = account();
    let all: Vec<Arc<Sub>> = (0..100_000).map(|_| sub("fan.out")).collect();
    let start = Instant::now();
    assert!(all.iter().all(|item| account.subscribe(Arc::clone(item))));
    report("insert, 100k on one subject", start, 100_000);
    let start = Instant::now();
    all.iter().for_each(|item| assert!(account.unsubscribe(item)));
    report("remove, 100k on one subject", start, 100_000);
}

/// Wildcard subscriptions come and go beside lookups that they do not concern.
fn churn(account: &Shared) {
    let mut cache = MatchCache::new(8192, 1);
    let subjects: Vec<String> = (0..1000).map(device).collect();
    for subject in &subjects {
        cache.lookup(account, subject.as_bytes());
        cache.lookup(account, subject.as_bytes());
    }
    let inboxes: Vec<Arc<Sub>> = (0..10_000).map(|at| sub(&format!("_INBOX.{at}.*"))).collect();
    let before = cache.stats().misses;
    let (mut looking, mut changing) = (0.0, 0.0);
    for (at, item) in inboxes.iter().enumerate() {
        let start = Instant::now();
        account.subscribe(Arc::clone(item));
        if at >= 100 {
            account.unsubscribe(&inboxes[at - 100]);
        }
        changing += start.elapsed().as_secs_f64();
        let start = Instant::now();
        for subject in subjects.iter().skip(at % 10).step_by(10) {
            black_box(cache.lookup(account, subject.as_bytes()));
        }
        looking += start.elapsed().as_secs_f64();
    }
    let misses = cache.stats().misses - before;
    println!("{:>10.1} ns  lookup between wildcard changes, {misses} misses", looking * 1e9 / 1e6);
    println!("{:>10.1} ns  wildcard insert and remove", changing * 1e9 / 1e4);
    let start = Instant::now();
    for _ in 0..1000 {
        let item = sub("*.*.*.state");
        account.subscribe(Arc::clone(&item));
        account.unsubscribe(&item);
    }
    report("insert and remove of a wildcard over 1,000 cached subjects", start, 1000);
}

fn teardown(account: &Shared, devices: &[Arc<Sub>]) {
    let start = Instant::now();
    account.unsubscribe_all(devices);
    report("remove, down from 1M", start, MILLION);
}

fn report(what: &str, start: Instant, count: u32) {
    println!("{:>10.1} ns  {what}", start.elapsed().as_secs_f64() * 1e9 / f64::from(count));
}

/// What the process has in memory; 0 where the system does not say.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    let kib = line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0);
    kib * 1024
}
