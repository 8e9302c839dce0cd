//! A block's values by the table's key, whichever alias the file used.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::duration;
use crate::grammar::{Data, Entry, Map, Value};
use crate::problem::{Position, Problems};
use crate::table::Block;

/// The values of one block. Getters give nothing for a value of another kind.
pub(super) struct Fields<'a> {
    block: &'static Block,
    entries: BTreeMap<&'static str, (&'a str, &'a Entry)>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(map: &'a Map, block: &'static Block) -> Self {
        let mut entries: BTreeMap<&'static str, (&'a str, &'a Entry)> = BTreeMap::new();
        for (name, entry) in map.iter() {
            let Some(option) = block.find(name) else { continue };
            let slot = entries.entry(option.key).or_insert((name, entry));
            if slot.1.order <= entry.order {
                *slot = (name, entry);
            }
        }
        Self { block, entries }
    }

    /// The value, and the name under which the file has it.
    pub(super) fn named(&self, key: &str) -> Option<(&'a str, &'a Value)> {
        debug_assert!(
            self.block.options.iter().any(|option| option.key == key),
            "{key} is not in the table of {}",
            self.block.name
        );
        self.entries.get(key).map(|(name, entry)| (*name, &entry.value))
    }

    pub(super) fn value(&self, key: &str) -> Option<&'a Value> {
        self.named(key).map(|(_, value)| value)
    }

    pub(super) fn at(&self, key: &str) -> Option<&'a Position> {
        self.value(key).map(|value| &value.at)
    }

    pub(super) fn bool(&self, key: &str) -> Option<bool> {
        match self.value(key)?.data {
            Data::Bool(value) => Some(value),
            _ => None,
        }
    }

    pub(super) fn is_on(&self, key: &str) -> bool {
        self.bool(key).unwrap_or(false)
    }

    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        match &self.value(key)?.data {
            Data::Text(value) => Some(value),
            _ => None,
        }
    }

    /// A text that is not empty: nats-server takes an empty one for none.
    pub(super) fn filled(&self, key: &str) -> Option<String> {
        self.text(key).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    pub(super) fn int(&self, key: &str) -> Option<i64> {
        match self.value(key)?.data {
            Data::Int(value) => Some(value),
            _ => None,
        }
    }

    /// A number that is not negative and fits; 0 gives none, as it stands for the default.
    pub(super) fn count<T: TryFrom<i64>>(&self, key: &str, problems: &mut Problems) -> Option<T> {
        let value = self.int(key).filter(|value| *value != 0)?;
        let (name, found) = self.named(key)?;
        if value < 0 {
            problems.error(&found.at, format!("{name} must not be negative"));
            return None;
        }
        let count = T::try_from(value).ok();
        if count.is_none() {
            problems.error(&found.at, format!("{name} value is too big"));
        }
        count
    }

    pub(super) fn map(&self, key: &str) -> Option<&'a Map> {
        match &self.value(key)?.data {
            Data::Map(map) => Some(map),
            _ => None,
        }
    }

    pub(super) fn list(&self, key: &str) -> Option<&'a [Value]> {
        match &self.value(key)?.data {
            Data::Array(items) => Some(items),
            _ => None,
        }
    }

    /// A string or a list of strings, with positions.
    pub(super) fn texts(&self, key: &str) -> Vec<(&'a str, &'a Position)> {
        self.value(key).map(texts_of).unwrap_or_default()
    }

    pub(super) fn block(&self, key: &str, block: &'static Block) -> Option<Fields<'a>> {
        self.map(key).map(|map| Fields::of(map, block))
    }

    /// A duration; a bare number means seconds and draws a warning. 0 gives none.
    pub(super) fn duration(&self, key: &str, problems: &mut Problems) -> Option<Duration> {
        let (name, value) = self.named(key)?;
        let nanos = match &value.data {
            Data::Text(text) => match duration::parse(text) {
                Ok(nanos) => nanos,
                Err(reason) => {
                    problems.error(&value.at, format!("error parsing {name}: {reason}"));
                    return None;
                }
            },
            Data::Int(seconds) => {
                problems.warning(
                    &value.at,
                    format!(
                        "invalid use of field {name:?}: {name} should be converted to a duration"
                    ),
                );
                seconds.saturating_mul(1_000_000_000)
            }
            _ => return None,
        };
        let duration = duration::positive(nanos);
        if duration.is_none() {
            problems.error(&value.at, format!("{name} must not be negative"));
        }
        duration.filter(|duration| !duration.is_zero())
    }

    /// Seconds as a number, or a duration; 0 gives none. `context` begins the messages.
    pub(super) fn seconds(
        &self,
        key: &str,
        context: &str,
        problems: &mut Problems,
    ) -> Option<Duration> {
        let (name, value) = self.named(key)?;
        let duration = match &value.data {
            Data::Int(seconds) => u64::try_from(*seconds).ok().map(Duration::from_secs),
            Data::Float(seconds) => Duration::try_from_secs_f64(*seconds).ok(),
            Data::Text(text) => match duration::parse(text) {
                Ok(nanos) => duration::positive(nanos),
                Err(reason) => {
                    problems.error(&value.at, format!("{context}, '{name}' {reason}"));
                    return None;
                }
            },
            _ => return None,
        };
        if duration.is_none() {
            problems.error(&value.at, format!("{context}, '{name}' must not be negative"));
        }
        duration.filter(|duration| !duration.is_zero())
    }
}

/// A string or a list of strings; anything else in the list is passed over.
pub(super) fn texts_of(value: &Value) -> Vec<(&str, &Position)> {
    let items = match &value.data {
        Data::Array(items) => items.as_slice(),
        _ => std::slice::from_ref(value),
    };
    items
        .iter()
        .filter_map(|item| match &item.data {
            Data::Text(text) => Some((text.as_str(), &item.at)),
            _ => None,
        })
        .collect()
}
