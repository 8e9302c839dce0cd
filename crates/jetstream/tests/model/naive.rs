//! A stream as a list of messages, for want of any cleverness right.

use std::collections::BTreeMap;

use anabranch_jetstream::StreamConfig;
use anabranch_jetstream::config::Discard;
use anabranch_subject::matching::matches;

/// A message of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub seq: u64,
    pub subject: String,
    pub time: i64,
    pub size: u64,
    /// When its own time is over.
    pub ends: Option<i64>,
    pub never: bool,
    pub is_marker: bool,
}

/// What a publish asks for.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    pub subject: String,
    pub size: u64,
    pub id: Option<u32>,
    pub last: Option<u64>,
    pub last_of_subject: Option<u64>,
    pub rollup: Option<char>,
    /// Seconds; 0: never.
    pub ttl: Option<i64>,
}

/// What became of it, as far as it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Became {
    Stored(u64),
    Duplicate(u64),
    Refused,
}

/// The stream.
#[derive(Debug, Clone)]
pub struct Naive {
    pub config: StreamConfig,
    pub list: Vec<Kept>,
    pub last_seq: u64,
    pub last_time: i64,
    /// What an empty stream shows as its first sequence.
    pub first_when_empty: u64,
    ids: BTreeMap<u32, (u64, i64)>,
}

const SECOND: i64 = 1_000_000_000;

impl Naive {
    pub fn new(config: StreamConfig) -> Self {
        let (list, ids) = (Vec::new(), BTreeMap::new());
        Self { config, list, last_seq: 0, last_time: 0, first_when_empty: 1, ids }
    }

    pub fn bytes(&self) -> u64 {
        self.list.iter().map(|kept| kept.size).sum()
    }

    pub fn first_seq(&self) -> u64 {
        self.list.first().map_or(self.first_when_empty, |kept| kept.seq)
    }

    pub fn last_of(&self, subject: &str) -> u64 {
        self.list.iter().rev().find(|kept| kept.subject == subject).map_or(0, |kept| kept.seq)
    }

    fn count_of(&self, subject: &str) -> usize {
        self.list.iter().filter(|kept| kept.subject == subject).count()
    }

    fn retain(&mut self, keep: impl FnMut(&Kept) -> bool) {
        self.list.retain(keep);
        self.first_when_empty = self.last_seq + 1;
    }

    pub fn publish(&mut self, asked: &Asked, now: i64) -> Became {
        let time = now.max(self.last_time + 1);
        if asked.last_of_subject.is_some_and(|seq| seq != self.last_of(&asked.subject))
            || asked.last.is_some_and(|seq| seq != self.last_seq)
        {
            return Became::Refused;
        }
        let window = self.config.duplicate_window.0;
        self.ids.retain(|_, (_, seen)| *seen >= time - window);
        if let Some((seq, _)) = asked.id.and_then(|id| self.ids.get(&id)) {
            return Became::Duplicate(*seq);
        }
        if !self.has_room(asked) {
            return Became::Refused;
        }
        Became::Stored(self.store(asked, time, false))
    }

    fn has_room(&self, asked: &Asked) -> bool {
        let StreamConfig { max_msgs, max_bytes, .. } = self.config;
        let limit = |max: i64| u64::try_from(max).unwrap_or(u64::MAX);
        let count = u64::try_from(self.list.len()).expect("few");
        self.config.discard == Discard::Old
            || (count < limit(max_msgs) && self.bytes() + asked.size <= limit(max_bytes))
    }

    fn store(&mut self, asked: &Asked, time: i64, is_marker: bool) -> u64 {
        self.last_seq += 1;
        self.last_time = time;
        let seq = self.last_seq;
        let mut ttl = asked.ttl.filter(|&ttl| ttl > 0);
        if self.config.max_msgs_per_subject != 1 {
            let least = self.config.subject_delete_marker_ttl.0 / SECOND;
            ttl = ttl.map(|ttl| ttl.max(least));
        }
        let raised = ttl.is_some_and(|ttl| Some(ttl) != asked.ttl);
        assert!(!raised, "the driver asks for no less, so that sizes are what it says");
        self.list.push(Kept {
            seq,
            subject: asked.subject.clone(),
            time,
            size: asked.size,
            ends: ttl.map(|ttl| time + ttl * SECOND),
            never: asked.ttl == Some(0),
            is_marker,
        });
        if let Some(id) = asked.id {
            self.ids.insert(id, (seq, time));
        }
        self.trim();
        match asked.rollup {
            Some('s') => self.retain(|kept| kept.seq >= seq || kept.subject != asked.subject),
            Some(_) => self.retain(|kept| kept.seq >= seq),
            None => {}
        }
        seq
    }

    fn trim(&mut self) {
        let StreamConfig { max_msgs, max_bytes, max_msgs_per_subject: each, .. } = self.config;
        let limit = |max: i64| usize::try_from(max).unwrap_or(usize::MAX);
        let newest = self.list.last().map(|kept| kept.subject.clone()).unwrap_or_default();
        while self.count_of(&newest) > limit(each) {
            let first = self.list.iter().position(|kept| kept.subject == newest);
            self.list.remove(first.expect("it has some"));
        }
        if self.config.discard == Discard::Old {
            let bytes_max = u64::try_from(max_bytes).unwrap_or(u64::MAX);
            while self.list.len() > limit(max_msgs) || self.bytes() > bytes_max {
                self.list.remove(0);
            }
        }
        self.first_when_empty = self.last_seq + 1;
    }

    pub fn delete(&mut self, seq: u64) -> bool {
        let before = self.list.len();
        self.retain(|kept| kept.seq != seq);
        self.list.len() < before
    }

    pub fn purge(&mut self, filter: &str, seq: u64, keep: u64) -> u64 {
        let before = self.list.len();
        let all = filter.is_empty() || filter == ">";
        if seq == 1 {
            return 0;
        }
        let is_in = |kept: &Kept| all || matches(filter.as_bytes(), kept.subject.as_bytes());
        let total = self.list.iter().filter(|kept| is_in(kept)).count();
        let keep = usize::try_from(keep).expect("small");
        let mut surplus = total.saturating_sub(keep);
        let end = if seq == 0 { u64::MAX } else { seq };
        self.retain(|kept| {
            let goes = surplus > 0 && is_in(kept) && kept.seq < end;
            surplus -= usize::from(goes);
            !goes
        });
        if all && seq > self.last_seq + 1 {
            self.last_seq = seq - 1;
        }
        if all && self.list.is_empty() {
            self.first_when_empty = self.last_seq + 1;
        }
        u64::try_from(before - self.list.len()).expect("small")
    }

    /// Lets time pass: what is over goes, by age first, and leaves a marker behind.
    pub fn tick(&mut self, now: i64) {
        let max_age = self.config.max_age.0;
        let aged = |kept: &Kept| max_age > 0 && !kept.never && kept.time + max_age <= now;
        self.expire(now, aged);
        self.expire(now, |kept| kept.ends.is_some_and(|ends| ends <= now));
    }

    fn expire(&mut self, now: i64, is_over: impl Fn(&Kept) -> bool) {
        let over: Vec<Kept> = self.list.iter().filter(|kept| is_over(kept)).cloned().collect();
        for kept in over {
            let marker = self.config.subject_delete_marker_ttl.0 / SECOND;
            if marker > 0 && !kept.is_marker && self.count_of(&kept.subject) == 1 {
                let headers = format!(
                    "NATS/1.0\r\nNats-Marker-Reason: MaxAge\r\nNats-TTL: {marker}s\r\n\
                     Nats-Rollup: sub\r\n\r\n"
                );
                let size = kept.subject.len() + headers.len() + 34;
                let size = u64::try_from(size).expect("small");
                let (subject, ttl) = (kept.subject.clone(), Some(marker));
                let asked = Asked { subject, size, ttl, rollup: Some('s'), ..Asked::default() };
                self.store(&asked, now.max(self.last_time + 1), true);
            }
            self.retain(|other| other.seq != kept.seq);
        }
    }
}
