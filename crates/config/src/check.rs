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
    if !fits(&value.data, option.kind) {
        let (expected, found) = (option.kind.describe(), value.data.kind());
        problems.error(&value.at, format!("{key:?} expects {expected}, not {found}"));
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

fn fits(data: &Data, kind: Kind) -> bool {
    let all_text = |items: &[Value]| items.iter().all(|v| matches!(v.data, Data::Text(_)));
    match (kind, data) {
        (Kind::Any | Kind::MaybeBlock(_), _)
        | (Kind::Bool, Data::Bool(_))
        | (Kind::Int, Data::Int(_))
        | (Kind::Text | Kind::DurationText, Data::Text(_))
        | (Kind::Duration | Kind::Address | Kind::SizeText, Data::Text(_) | Data::Int(_))
        | (Kind::Seconds, Data::Text(_) | Data::Int(_) | Data::Float(_))
        | (Kind::Texts, Data::Text(_))
        | (Kind::Block(_), Data::Map(_)) => true,
        (Kind::Texts | Kind::TextList, Data::Array(items)) => all_text(items),
        (Kind::TextMap, Data::Map(map)) => {
            map.iter().all(|(_, entry)| matches!(entry.value.data, Data::Text(_)))
        }
        (Kind::BoolMap, Data::Map(map)) => {
            map.iter().all(|(_, entry)| matches!(entry.value.data, Data::Bool(_)))
        }
        (Kind::Blocks(_), Data::Array(items)) => {
            items.iter().all(|v| matches!(v.data, Data::Map(_)))
        }
        // A name alone, such as `$SYS` used as a variable holder, is skipped by nats-server too.
        (Kind::Named(_), Data::Map(map)) => {
            map.iter().all(|(_, entry)| entry.used || matches!(entry.value.data, Data::Map(_)))
        }
        _ => false,
    }
}
