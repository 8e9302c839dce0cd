//! Holds a parsed tree against the option table: unknown keys, wrong kinds of value, options that
//! do not act yet. Not the values themselves: `build` reads those.

use crate::grammar::{Data, Entry, Map, Value};
use crate::problem::Problems;
use crate::suggest::nearest;
use crate::table::{Block, Kind, Opt, Status, TOP, Unknown};

/// Checks a whole file.
pub(crate) fn check(map: &Map, problems: &mut Problems) {
    check_block(map, &TOP, Standing::Acts, problems);
}

/// Whether nothing is wrong inside one block, as far as this module looks.
pub(crate) fn is_sound(map: &Map, block: &'static Block) -> bool {
    let mut within = Problems::default();
    check_block(map, block, Standing::Refused, &mut within);
    within.finish().is_ok()
}

/// What was already said about the blocks around an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Nothing: they act.
    Acts,
    /// That they do not act; what they restrict is still to be named.
    Warned,
    /// That the server does not start.
    Refused,
}

fn check_block(map: &Map, block: &'static Block, standing: Standing, problems: &mut Problems) {
    for (key, entry) in map.iter() {
        match block.find(key) {
            Some(option) => check_option(key, entry, option, standing, problems),
            None if entry.used && block.unknown.allows_variables() => {}
            None if matches!(block.unknown, Unknown::Ignored) => {}
            None => report_unknown(key, entry, block, problems),
        }
    }
}

fn report_unknown(key: &str, entry: &Entry, block: &Block, problems: &mut Problems) {
    let mut text = block.unknown.text(key);
    if let Some(meant) = nearest(key, block.options.iter().flat_map(Opt::names)) {
        text.push_str(&format!("; did you mean {meant:?}?"));
    }
    problems.error(&entry.value.at, text);
}

fn check_option(
    key: &str,
    entry: &Entry,
    option: &Opt,
    standing: Standing,
    problems: &mut Problems,
) {
    let value = &entry.value;
    if let Some(odd) = misfit(value, option.kind) {
        let (expected, found) = (option.kind.describe(), odd.data.kind());
        let relation = if std::ptr::eq(odd, value) { "not" } else { "but holds" };
        problems.error(&odd.at, format!("{key:?} expects {expected}, {relation} {found}"));
        return;
    }
    let mut standing = standing;
    if !asks_for_nothing(value, option.status) {
        match option.status {
            Status::Warns if standing == Standing::Acts => {
                let text = format!("option {key:?} is known, but does not act yet");
                problems.notice(&value.at, text);
                standing = Standing::Warned;
            }
            Status::Refuses(promise) if standing != Standing::Refused => {
                let promise = promise.describe();
                problems.refusal(
                    &value.at,
                    format!("option {key:?} {promise}, but does not act yet: refusing to start"),
                );
                standing = Standing::Refused;
            }
            _ => {}
        }
    }
    check_inside(value, option.kind, standing, problems);
}

fn check_inside(value: &Value, kind: Kind, standing: Standing, problems: &mut Problems) {
    match (kind, &value.data) {
        (Kind::Block(block) | Kind::MaybeBlock(block), Data::Map(map)) => {
            check_block(map, block, standing, problems);
        }
        (Kind::Blocks(block), Data::Array(items)) => {
            for item in items {
                if let Data::Map(map) = &item.data {
                    check_block(map, block, standing, problems);
                }
            }
        }
        (Kind::Named(block), Data::Map(map)) => {
            for (_, entry) in map.iter() {
                if let Data::Map(map) = &entry.value.data {
                    check_block(map, block, standing, problems);
                }
            }
        }
        _ => {}
    }
}

/// Whether an option is switched off, so that it makes no difference that it does not act.
fn asks_for_nothing(value: &Value, status: Status) -> bool {
    match &value.data {
        Data::Bool(on) => !on,
        Data::Array(items) => items.is_empty() && matches!(status, Status::Refuses(_)),
        Data::Map(map) => map.is_empty() && matches!(status, Status::Refuses(_)),
        _ => false,
    }
}

/// The value, or what is in it, that is not of this kind.
fn misfit(value: &Value, kind: Kind) -> Option<&Value> {
    let is_text = |data: &Data| matches!(data, Data::Text(_));
    let is_map = |data: &Data| matches!(data, Data::Map(_));
    let is_bool = |data: &Data| matches!(data, Data::Bool(_));
    match (kind, &value.data) {
        (Kind::Any | Kind::MaybeBlock(_), _)
        | (Kind::Bool, Data::Bool(_))
        | (Kind::Int | Kind::SizeText, Data::Int(_))
        | (Kind::Text | Kind::DurationText | Kind::Texts, Data::Text(_))
        | (Kind::Duration | Kind::Address, Data::Text(_) | Data::Int(_))
        | (Kind::Seconds, Data::Text(_) | Data::Int(_) | Data::Float(_))
        | (Kind::Block(_), Data::Map(_)) => None,
        (Kind::SizeText, Data::Text(text)) if is_size(text) => None,
        (Kind::Texts | Kind::TextList, Data::Array(items)) => other_item(items, is_text),
        (Kind::Blocks(_), Data::Array(items)) => other_item(items, is_map),
        (Kind::TextMap, Data::Map(map)) => other_entry(map, |entry| is_text(&entry.value.data)),
        (Kind::BoolMap, Data::Map(map)) => other_entry(map, |entry| is_bool(&entry.value.data)),
        // What a variable refers to may be anything.
        (Kind::Named(_), Data::Map(map)) => {
            other_entry(map, |entry| entry.used || is_map(&entry.value.data))
        }
        _ => Some(value),
    }
}

fn other_item(items: &[Value], wanted: impl Fn(&Data) -> bool) -> Option<&Value> {
    items.iter().find(|item| !wanted(&item.data))
}

fn other_entry(map: &Map, wanted: impl Fn(&Entry) -> bool) -> Option<&Value> {
    map.iter().map(|(_, entry)| entry).find(|entry| !wanted(entry)).map(|entry| &entry.value)
}

/// Digits and one letter, as sizes in quotes are.
fn is_size(text: &str) -> bool {
    let digits = text.strip_suffix(['K', 'M', 'G', 'T', 'k', 'm', 'g', 't']).unwrap_or(text);
    digits.parse::<i64>().is_ok()
}
