//! The subjects that a stream holds messages of. Not who may use them, and not how they match.

use hashbrown::HashTable;

/// A subject of one stream, while it has messages. Ids of emptied subjects are used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubjectId(u32);

impl SubjectId {
    /// Its place among all ids: small numbers.
    #[must_use]
    pub fn slot(self) -> usize {
        index(self.0)
    }
}

/// What a stream knows of one subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubjectState {
    /// Sequence of its oldest message.
    pub first: u64,
    /// Sequence of its newest message.
    pub last: u64,
    /// Messages it has: at least 1.
    pub count: u64,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Where the name begins in `names`.
    at: u64,
    len: u32,
    /// `count == 0`: the entry is free.
    state: SubjectState,
}

/// Subjects by name. Names lie one behind the other in one buffer, which is written anew when
/// more than half of it is of subjects that are gone.
#[derive(Debug, Clone)]
pub struct Subjects {
    names: Vec<u8>,
    /// Bytes of `names` that belong to nobody.
    garbage: usize,
    entries: Vec<Entry>,
    free: Vec<u32>,
    index: HashTable<u32>,
    hasher: anabranch_subject::SubjectHasher,
}

/// Garbage below this is not worth moving names for.
const GARBAGE_MIN: usize = 64 * 1024;

impl Subjects {
    /// No subjects. `seed` protects against names chosen to collide; it does not reach output.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            names: Vec::new(),
            garbage: 0,
            entries: Vec::new(),
            free: Vec::new(),
            index: HashTable::new(),
            hasher: anabranch_subject::SubjectHasher::new(seed),
        }
    }

    /// How many subjects have messages.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// No subject has messages.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// The id of a subject with messages.
    #[must_use]
    pub fn find(&self, name: &[u8]) -> Option<SubjectId> {
        let hash = self.hasher.hash(name);
        self.index.find(hash, |&id| self.name_at(id) == name).map(|&id| SubjectId(id))
    }

    /// A subject's name.
    #[must_use]
    pub fn name(&self, id: SubjectId) -> &[u8] {
        self.name_at(id.0)
    }

    /// What is known of a subject.
    #[must_use]
    pub fn state(&self, id: SubjectId) -> SubjectState {
        self.entries[index(id.0)].state
    }

    /// Notes the message `seq`, newer than all others, of the subject `name`.
    pub fn add(&mut self, name: &[u8], seq: u64) -> SubjectId {
        let hash = self.hasher.hash(name);
        let found = self.index.find(hash, |&id| self.name_at(id) == name).copied();
        if let Some(id) = found {
            let state = &mut self.entries[index(id)].state;
            state.last = seq;
            state.count += 1;
            return SubjectId(id);
        }
        let id = self.insert(name, SubjectState { first: seq, last: seq, count: 1 });
        let Self { index: table, names, entries, hasher, .. } = self;
        table.insert_unique(hash, id, |&id| hasher.hash(name_of(names, &entries[index(id)])));
        SubjectId(id)
    }

    fn insert(&mut self, name: &[u8], state: SubjectState) -> u32 {
        let at = u64::try_from(self.names.len()).expect("a buffer is shorter than 2^64");
        self.names.extend_from_slice(name);
        let len = u32::try_from(name.len()).expect("subjects are shorter than 4 GiB");
        let entry = Entry { at, len, state };
        if let Some(id) = self.free.pop() {
            self.entries[index(id)] = entry;
            return id;
        }
        self.entries.push(entry);
        u32::try_from(self.entries.len() - 1).expect("fewer than 2^32 subjects fit in memory")
    }

    /// Changes what is known of a subject; one whose count becomes 0 is gone.
    pub fn update(&mut self, id: SubjectId, state: SubjectState) {
        if state.count > 0 {
            self.entries[index(id.0)].state = state;
        } else {
            self.remove(id);
        }
    }

    fn remove(&mut self, id: SubjectId) {
        let hash = self.hasher.hash(self.name(id));
        if let Ok(found) = self.index.find_entry(hash, |&held| held == id.0) {
            found.remove();
        }
        let entry = &mut self.entries[index(id.0)];
        self.garbage += usize::try_from(entry.len).unwrap_or(0);
        entry.state.count = 0;
        entry.len = 0;
        self.free.push(id.0);
        if self.garbage > GARBAGE_MIN && self.garbage > self.names.len() / 2 {
            self.compact();
        }
    }

    fn compact(&mut self) {
        let mut names = Vec::with_capacity(self.names.len() - self.garbage);
        for entry in &mut self.entries {
            let name = name_of(&self.names, entry);
            let at = u64::try_from(names.len()).expect("a buffer is shorter than 2^64");
            names.extend_from_slice(name);
            entry.at = at;
        }
        self.names = names;
        self.garbage = 0;
    }

    /// Forgets all subjects.
    pub fn clear(&mut self) {
        self.names = Vec::new();
        self.garbage = 0;
        self.entries = Vec::new();
        self.free = Vec::new();
        self.index = HashTable::new();
    }

    /// All subjects with messages, by id.
    pub fn iter(&self) -> impl Iterator<Item = (SubjectId, &[u8], SubjectState)> {
        (0u32..)
            .zip(&self.entries)
            .filter(|(_, entry)| entry.state.count > 0)
            .map(|(id, entry)| (SubjectId(id), name_of(&self.names, entry), entry.state))
    }

    /// Subjects with messages that `filter`, a subject or wildcard, matches, sorted by name.
    #[must_use]
    pub fn matching(&self, filter: &[u8]) -> Vec<SubjectId> {
        if !anabranch_subject::grammar::has_wildcards(filter) {
            return self.find(filter).into_iter().collect();
        }
        let all = filter == b">";
        let mut found: Vec<_> = self
            .iter()
            .filter(|(_, name, _)| all || anabranch_subject::matching::matches(filter, name))
            .map(|(id, name, _)| (name, id))
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, id)| id).collect()
    }

    fn name_at(&self, id: u32) -> &[u8] {
        name_of(&self.names, &self.entries[index(id)])
    }
}

fn name_of<'a>(names: &'a [u8], entry: &Entry) -> &'a [u8] {
    let at = usize::try_from(entry.at).unwrap_or(usize::MAX);
    let end = at.saturating_add(index(entry.len));
    names.get(at..end).unwrap_or_default()
}

fn index(id: u32) -> usize {
    usize::try_from(id).expect("u32 fits in usize")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_names_apart_through_reuse_and_compaction() {
        let mut subjects = Subjects::new(7);
        let name = |i: u32| format!("orders.{i}.{}", "x".repeat(20));
        for round in 0u64..4 {
            for i in 0..5_000 {
                subjects.add(name(i).as_bytes(), round * 5_000 + u64::from(i) + 1);
            }
            for i in 0..5_000 {
                let id = subjects.find(name(i).as_bytes()).expect("it was added");
                assert_eq!(subjects.name(id), name(i).as_bytes());
                assert_eq!(subjects.state(id).count, 1);
                subjects.update(id, SubjectState { first: 0, last: 0, count: 0 });
            }
            assert!(subjects.is_empty());
            assert!(subjects.names.len() <= 2 * GARBAGE_MIN + 5_000 * 40);
        }
    }

    #[test]
    fn finds_subjects_by_wildcard_in_order_of_name() {
        let mut subjects = Subjects::new(7);
        for (seq, name) in (1..).zip(["b.2", "a.1", "b.1", "c"]) {
            subjects.add(name.as_bytes(), seq);
        }
        let names = |filter: &str| -> Vec<String> {
            let ids = subjects.matching(filter.as_bytes());
            ids.iter().map(|&id| String::from_utf8_lossy(subjects.name(id)).into_owned()).collect()
        };
        assert_eq!(names("b.*"), ["b.1", "b.2"]);
        assert_eq!(names(">"), ["a.1", "b.1", "b.2", "c"]);
        assert_eq!(names("c"), ["c"]);
        assert!(names("d").is_empty());
    }
}
