//! The parsed tree.

use std::collections::BTreeMap;
use std::collections::btree_map;

use crate::problem::Position;

/// A value and where it stands: in a map, the position of its key.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// Where.
    pub at: Position,
    /// What.
    pub data: Data,
}

/// What a value can be.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// `true`, `yes`, `on`, `false`, `no`, `off`.
    Bool(bool),
    /// A whole number, its size suffix applied.
    Int(i64),
    /// A number with a decimal point.
    Float(f64),
    /// Any form of string.
    Text(String),
    /// `2006-01-02T15:04:05Z`, checked and kept as written.
    DateTime(String),
    /// `[ … ]`.
    Array(Vec<Value>),
    /// `{ … }`.
    Map(Map),
}

impl Data {
    /// The kind with its article, for messages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Bool(_) => "a boolean",
            Self::Int(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Text(_) => "a string",
            Self::DateTime(_) => "a date",
            Self::Array(_) => "a list",
            Self::Map(_) => "a map",
        }
    }

    /// What the value costs in memory, roughly, with all that is in it: bounds how far
    /// variables may multiply it.
    pub(super) fn weight(&self) -> usize {
        const NODE: usize = 64;
        match self {
            Self::Bool(_) | Self::Int(_) | Self::Float(_) | Self::DateTime(_) => NODE,
            Self::Text(text) => NODE + text.len(),
            Self::Array(items) => NODE + items.iter().map(|v| v.data.weight()).sum::<usize>(),
            Self::Map(map) => {
                NODE + map
                    .iter()
                    .map(|(key, entry)| key.len() + entry.value.data.weight())
                    .sum::<usize>()
            }
        }
    }
}

/// A key's value in a [`Map`].
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The value.
    pub value: Value,
    /// Rises in the order of the file: where two names of one option are given, the later wins.
    pub order: u32,
    /// Whether some `$KEY` referred to it: such a key may have any name.
    pub used: bool,
}

/// Keys and values, by key; of a key given twice the last is kept.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Map {
    entries: BTreeMap<String, Entry>,
    next_order: u32,
}

impl Map {
    /// The entry of exactly this key.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.get(key)
    }

    /// All entries, sorted by key.
    pub fn iter(&self) -> btree_map::Iter<'_, String, Entry> {
        self.entries.iter()
    }

    /// All entries in the order of the file.
    #[must_use]
    pub fn in_order(&self) -> Vec<(&str, &Entry)> {
        let mut entries: Vec<_> = self.entries.iter().map(|(k, e)| (k.as_str(), e)).collect();
        entries.sort_by_key(|(_, entry)| entry.order);
        entries
    }

    /// Number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn insert(&mut self, key: String, value: Value) {
        let order = self.next_order;
        self.next_order += 1;
        self.entries.insert(key, Entry { value, order, used: false });
    }

    /// Takes over what an included file holds.
    pub(super) fn absorb(&mut self, included: Map) {
        let start = self.next_order;
        self.next_order += included.next_order;
        for (key, mut entry) in included.entries {
            entry.order += start;
            self.entries.insert(key, entry);
        }
    }

    pub(super) fn use_variable(&mut self, name: &str) -> Option<&Data> {
        let entry = self.entries.get_mut(name)?;
        entry.used = true;
        Some(&entry.value.data)
    }
}
