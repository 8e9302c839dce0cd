//! The trie and the caches against a plain list, driven by generated commands.

use std::sync::Arc;

use anabranch_router::{Account, AccountId, Interest, MatchCache, Matches};

struct Sub {
    number: usize,
    subject: Vec<u8>,
    queue: Option<Vec<u8>>,
}

impl Interest for Sub {
    fn subject(&self) -> &[u8] {
        &self.subject
    }

    fn queue(&self) -> Option<&[u8]> {
        self.queue.as_deref()
    }
}

type Subscription = Arc<Sub>;

/// What a lookup gives, in a comparable form: numbers of plain interests, then of each group.
type Outcome = (Vec<usize>, Vec<(Vec<u8>, Vec<usize>)>);

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).expect("small");
        usize::try_from(self.next() % bound).expect("small")
    }

    fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }

    /// Few tokens and short subjects, so that paths meet. Now and then one of many tokens, so that
    /// nodes become wide.
    fn token(&mut self, wild_one_in: usize) -> String {
        if self.one_in(wild_one_in) {
            return "*".into();
        }
        match self.below(8) {
            0 => format!("wide{}", self.below(40)),
            at => ["a", "b", "c", "aa", "a*", ">b", "long-token-of-some-length"][at - 1].into(),
        }
    }

    fn filter(&mut self) -> Vec<u8> {
        let count = 1 + self.below(4);
        let mut tokens: Vec<String> = (0..count).map(|_| self.token(5)).collect();
        if self.one_in(6) {
            tokens.push(">".into());
        }
        if self.one_in(40) {
            tokens = vec![">".into()];
        }
        tokens.join(".").into_bytes()
    }

    fn published(&mut self) -> Vec<u8> {
        let count = 1 + self.below(5);
        let mut tokens: Vec<String> = (0..count).map(|_| self.token(30)).collect();
        match self.below(40) {
            0 => tokens.push(String::new()),
            1 => tokens.push(">".into()),
            _ => {}
        }
        tokens.join(".").into_bytes()
    }
}

fn reaches(filter: &[u8], subject: &[u8]) -> bool {
    let filter: Vec<&[u8]> = filter.split(|&byte| byte == b'.').collect();
    let subject: Vec<&[u8]> = subject.split(|&byte| byte == b'.').collect();
    if subject.iter().any(|token| token.is_empty()) {
        return false;
    }
    let tail = filter.last() == Some(&&b">"[..]);
    let fixed = if tail { &filter[..filter.len() - 1] } else { &filter[..] };
    let long_enough = if tail { subject.len() > fixed.len() } else { subject.len() == fixed.len() };
    long_enough && fixed.iter().zip(&subject).all(|(want, have)| *want == b"*" || want == have)
}

fn expected(subs: &[Subscription], subject: &[u8]) -> Outcome {
    let mut groups = std::collections::BTreeMap::<Vec<u8>, Vec<usize>>::new();
    let mut plain = Vec::new();
    for sub in subs.iter().filter(|sub| reaches(&sub.subject, subject)) {
        match &sub.queue {
            None => plain.push(sub.number),
            Some(name) => groups.entry(name.clone()).or_default().push(sub.number),
        }
    }
    plain.sort_unstable();
    groups.values_mut().for_each(|members| members.sort_unstable());
    (plain, groups.into_iter().collect())
}

fn outcome(matches: &Matches<Subscription>) -> Outcome {
    let numbers = |subs: &[Subscription]| {
        let mut numbers: Vec<usize> = subs.iter().map(|sub| sub.number).collect();
        numbers.sort_unstable();
        numbers
    };
    let mut groups: Vec<_> =
        matches.queues.iter().map(|group| (group.name.clone(), numbers(&group.members))).collect();
    groups.sort();
    (numbers(&matches.plain), groups)
}

struct Model {
    random: Random,
    account: Arc<Account<Subscription>>,
    caches: Vec<MatchCache<Subscription>>,
    subs: Vec<Subscription>,
    hot: Vec<Vec<u8>>,
    next: usize,
}

impl Model {
    fn new(seed: u64, number: u32) -> Self {
        let mut random = Random(seed);
        let hot = (0..60).map(|_| random.published()).collect();
        Self {
            account: Arc::new(Account::new(AccountId(number), "model", random.next())),
            caches: [0, 7, 1000].map(|capacity| MatchCache::new(capacity, random.next())).into(),
            subs: Vec::new(),
            hot,
            next: 0,
            random,
        }
    }

    fn subscribe(&mut self) {
        let queue = self.random.one_in(3);
        // Some share a subject with an earlier one, so that sets at one place grow.
        let subject = if !self.subs.is_empty() && self.random.one_in(2) {
            let at = self.random.below(self.subs.len());
            self.subs[at].subject.clone()
        } else {
            self.random.filter()
        };
        let queue = queue.then(|| format!("q{}", self.random.below(12)).into_bytes());
        let sub = Arc::new(Sub { number: self.next, subject, queue });
        self.next += 1;
        self.subs.push(Arc::clone(&sub));
        self.account.subscribe(sub);
    }

    fn unsubscribe(&mut self) {
        if self.subs.is_empty() {
            return;
        }
        let at = self.random.below(self.subs.len());
        let sub = self.subs.swap_remove(at);
        assert!(self.account.unsubscribe(&sub));
        assert!(!self.account.unsubscribe(&sub));
    }

    fn unsubscribe_many(&mut self) {
        let keep = self.random.below(self.subs.len() + 1);
        let gone = self.subs.split_off(keep);
        assert_eq!(self.account.unsubscribe_all(&gone), gone.len());
    }

    fn lookup(&mut self, seed: u64) {
        let subject = if self.random.one_in(10) {
            self.random.published()
        } else {
            let at = self.random.below(self.hot.len());
            self.hot[at].clone()
        };
        let want = expected(&self.subs, &subject);
        let shown = String::from_utf8_lossy(&subject);
        assert_eq!(
            self.account.has_interest(&subject),
            want != Outcome::default(),
            "{shown} {seed}"
        );
        let at = self.random.below(self.caches.len());
        let got = outcome(self.caches[at].lookup(&self.account, &subject));
        assert_eq!(got, want, "subject {shown}, seed {seed}, cache {at}");
    }

    fn list(&mut self) {
        let filter = self.random.filter();
        let mut got = Vec::new();
        self.account
            .with_trie(|trie| trie.for_each_matching_filter(&filter, |sub| got.push(sub.number)));
        let covered =
            |sub: &&Subscription| anabranch_subject::matching::is_subset(&sub.subject, &filter);
        let mut want: Vec<usize> = self.subs.iter().filter(covered).map(|sub| sub.number).collect();
        got.sort_unstable();
        want.sort_unstable();
        assert_eq!(got, want, "filter {}", String::from_utf8_lossy(&filter));
    }

    fn check_whole(&self) {
        let mut all = Vec::new();
        self.account.with_trie(|trie| trie.for_each(|sub| all.push(sub.number)));
        let mut want: Vec<usize> = self.subs.iter().map(|sub| sub.number).collect();
        all.sort_unstable();
        want.sort_unstable();
        assert_eq!(all, want);
        assert_eq!(self.account.subscription_count(), want.len());
    }

    fn step(&mut self, seed: u64) {
        match self.random.below(100) {
            0..25 => self.subscribe(),
            25..44 => self.unsubscribe(),
            44 if self.random.one_in(30) => self.unsubscribe_many(),
            45 => self.list(),
            46 => {
                let at = self.random.below(self.caches.len());
                self.caches[at].sweep(5);
            }
            _ => self.lookup(seed),
        }
    }
}

#[test]
fn lookups_agree_with_a_plain_list() {
    for seed in 0..12 {
        let mut model = Model::new(seed, 0);
        for _ in 0..6000 {
            model.step(seed);
        }
        model.check_whole();
        let entries: usize = model.caches.iter().map(|cache| cache.stats().entries).sum();
        model.caches.iter_mut().for_each(|cache| cache.sweep(0));
        let registered = model.account.stats().cache_entries;
        assert_eq!(u64::try_from(entries).expect("small"), registered);
        model.caches.clear();
        assert_eq!(model.account.stats().cache_entries, 0);
        assert_eq!(model.account.unsubscribe_all(&model.subs), model.subs.len());
        let stats = model.account.stats();
        assert_eq!((stats.inserts, stats.subscriptions), (stats.removes, 0));
    }
}
