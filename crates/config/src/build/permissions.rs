//! `permissions`: subjects allowed and denied, and responses.

use std::time::Duration;

use super::fields::{Fields, texts_of};
use crate::duration;
use crate::grammar::{Data, Value};
use crate::options::{Permissions, ResponsePermission, SubjectPermission};
use crate::problem::{Position, Problems};
use crate::table::{PERMISSIONS, RESPONSES, SUBJECTS};

/// Whether a subject may be followed by a queue group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Queue {
    No,
    Allowed,
}

pub(super) fn read(fields: &Fields<'_>, key: &str, problems: &mut Problems) -> Option<Permissions> {
    let fields = fields.block(key, &PERMISSIONS)?;
    let mut permissions = Permissions {
        publish: subjects(&fields, "publish", Queue::No, problems),
        subscribe: subjects(&fields, "subscribe", Queue::Allowed, problems),
        responses: responses(&fields, problems),
    };
    if permissions.responses.is_some() {
        // The right to respond takes the place of the right to publish anywhere.
        let publish = permissions.publish.get_or_insert_default();
        publish.allow.get_or_insert_default();
    }
    Some(permissions)
}

fn subjects(
    fields: &Fields<'_>,
    key: &str,
    queue: Queue,
    problems: &mut Problems,
) -> Option<SubjectPermission> {
    match fields.block(key, &SUBJECTS) {
        None => {
            let value = fields.value(key)?;
            Some(SubjectPermission { allow: list(value, queue, problems), deny: None })
        }
        Some(lists) => {
            let allow = lists.value("allow").map(|value| list(value, queue, problems));
            let deny = lists.value("deny").map(|value| list(value, queue, problems));
            if allow.is_none() && deny.is_none() {
                return None;
            }
            Some(SubjectPermission { allow: allow.flatten(), deny: deny.flatten() })
        }
    }
}

/// One subject or a list; an empty list is none at all, as in nats-server.
fn list(value: &Value, queue: Queue, problems: &mut Problems) -> Option<Vec<String>> {
    match &value.data {
        Data::Text(_) => {}
        Data::Array(items) => {
            for item in items.iter().filter(|item| !matches!(item.data, Data::Text(_))) {
                problems.error(&item.at, "Subject in permissions array cannot be cast to string");
            }
        }
        other => problems.error(
            &value.at,
            format!(
                "Expected subject permissions to be a subject, or array of subjects, got {}",
                other.kind()
            ),
        ),
    }
    let texts = texts_of(value);
    for (text, at) in &texts {
        check_subject(text, at, queue, problems);
    }
    let subjects: Vec<String> = texts.into_iter().map(|(text, _)| text.to_owned()).collect();
    if subjects.is_empty() { None } else { Some(subjects) }
}

fn check_subject(text: &str, at: &Position, queue: Queue, problems: &mut Problems) {
    if let Err(reason) = subject_validity(text, queue) {
        problems.error(at, reason);
    }
}

fn subject_validity(text: &str, queue: Queue) -> Result<(), String> {
    let valid = |text: &str| anabranch_subject::grammar::is_valid_subject(text.as_bytes());
    if valid(text) {
        return Ok(());
    }
    let parts: Vec<&str> = text.split_whitespace().collect();
    match parts.as_slice() {
        [subject, _] if queue == Queue::Allowed && !valid(subject) => {
            Err(format!("subject {subject:?} is not a valid subject"))
        }
        [_, group] if queue == Queue::Allowed && !valid(group) => {
            Err(format!("queue {group:?} is not a valid queue"))
        }
        [_, _] if queue == Queue::Allowed => Ok(()),
        _ => Err(format!("subject {text:?} is not a valid subject")),
    }
}

fn responses(fields: &Fields<'_>, problems: &mut Problems) -> Option<ResponsePermission> {
    let value = fields.value("allow_responses")?;
    match &value.data {
        Data::Bool(true) => Some(ResponsePermission::default()),
        Data::Bool(false) => None,
        Data::Map(map) => Some(response_limits(&Fields::of(map, &RESPONSES), problems)),
        _ => {
            problems.error(
                &value.at,
                "error parsing response permissions, expected a boolean or a map",
            );
            None
        }
    }
}

/// 0 stands for the default in both, anything negative for no limit.
fn response_limits(fields: &Fields<'_>, problems: &mut Problems) -> ResponsePermission {
    let mut limits = ResponsePermission::default();
    if let Some(max) = fields.int("max").filter(|max| *max != 0) {
        limits.messages_max = max.max(-1);
    }
    let Some(value) = fields.value("expires") else { return limits };
    match &value.data {
        Data::Text(text) => match duration::parse(text) {
            Ok(0) => {}
            Ok(nanos) => limits.expires = duration::positive(nanos).unwrap_or(Duration::ZERO),
            Err(reason) => problems.error(&value.at, format!("error parsing expires: {reason}")),
        },
        _ => problems.error(&value.at, "error parsing expires, not a duration string"),
    }
    limits
}
