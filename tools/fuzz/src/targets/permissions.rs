//! Permissions made of any subjects are refused, or decide as their plain definition does.

use anabranch_auth::{Permissions, Subscribe};
use anabranch_config::options;
use anabranch_subject::{grammar, matching};

use super::Target;
use super::subjects::{CORPUS, WORDS};

pub(super) const TARGET: Target =
    Target { name: "permissions", check, corpus: CORPUS, dictionary: WORDS };

/// The first line is the subject in question; the others are allowed and denied in turn.
fn check(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let mut lines = text.split('\n').take(48);
    let subject = lines.next().unwrap_or_default().as_bytes();
    let (mut allow, mut deny) = (Vec::new(), Vec::new());
    for (number, line) in lines.enumerate() {
        if number % 2 == 0 { &mut allow } else { &mut deny }.push(line.to_owned());
    }
    let list = options::SubjectPermission {
        allow: (!allow.is_empty()).then(|| allow.clone()),
        deny: (!deny.is_empty()).then(|| deny.clone()),
    };
    let configured = options::Permissions {
        publish: Some(list.clone()),
        subscribe: Some(list),
        responses: None,
    };
    let Ok(permissions) = Permissions::new(&configured) else { return };
    decide(&permissions, &allow, &deny, subject);
}

fn decide(permissions: &Permissions, allow: &[String], deny: &[String], subject: &[u8]) {
    let names_queue = |entry: &String| entry.contains([' ', '\t']);
    let decision = permissions.can_subscribe(subject, None);
    if !grammar::is_valid_literal(subject) || allow.iter().chain(deny).any(names_queue) {
        return;
    }
    let any = |list: &[String]| list.iter().any(|f| matching::matches(f.as_bytes(), subject));
    let allowed = (allow.is_empty() || any(allow)) && !any(deny);
    assert_eq!(permissions.can_publish(subject), allowed, "publish");
    assert_eq!(decision, if allowed { Subscribe::Allowed } else { Subscribe::Refused });
}
