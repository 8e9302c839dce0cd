//! Permissions: the answers of nats-server as recorded in `permissions.txt`, and the compiled
//! lists against naive matching.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use anabranch_auth::{Permissions, Subscribe};
use anabranch_config::options::{self, ResponsePermission, SubjectPermission};
use anabranch_subject::matching::{collide, is_subset, matches};

const RECORDED: &str = include_str!("permissions.txt");

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

/// The words after `key` in the header of the recording.
fn header(key: &str) -> Vec<&'static str> {
    let line = RECORDED.lines().find(|line| line.starts_with(key)).expect("a header line");
    line.split_whitespace().skip(1).collect()
}

struct Case {
    name: &'static str,
    configured: options::Permissions,
    answers: Vec<(&'static str, &'static str)>,
}

fn cases() -> Vec<Case> {
    RECORDED.split("\ncase ").skip(1).map(case).collect()
}

fn case(text: &'static str) -> Case {
    let (name, rest) = text.split_once('\n').expect("a name");
    let mut case = Case { name, configured: options::Permissions::default(), answers: Vec::new() };
    for line in rest.lines().filter(|line| !line.is_empty()) {
        let (key, value) = line.split_once(' ').unwrap_or((line, ""));
        let list: Vec<String> =
            value.split(", ").filter(|entry| !entry.is_empty()).map(str::to_owned).collect();
        let configured = &mut case.configured;
        match key {
            "publish.allow" => configured.publish.get_or_insert_default().allow = Some(list),
            "publish.deny" => configured.publish.get_or_insert_default().deny = Some(list),
            "subscribe.allow" => configured.subscribe.get_or_insert_default().allow = Some(list),
            "subscribe.deny" => configured.subscribe.get_or_insert_default().deny = Some(list),
            "responses" => configured.responses = Some(ResponsePermission::default()),
            answer => case.answers.push((answer, value)),
        }
    }
    case
}

fn subscribe(permissions: &Permissions, subject: &str, queue: Option<&str>) -> Subscribe {
    permissions.can_subscribe(subject.as_bytes(), queue.map(str::as_bytes))
}

#[test]
fn publishing_is_decided_as_recorded() {
    for case in cases() {
        let permissions = Permissions::new(&case.configured).unwrap();
        let recorded = case.answers.iter().find(|(key, _)| *key == "may-not-publish");
        let refused: Vec<&str> = header("publications")
            .into_iter()
            .filter(|subject| !permissions.can_publish(subject.as_bytes()))
            .collect();
        assert_eq!(refused, words(recorded.unwrap().1), "{}", case.name);
    }
}

#[test]
fn subscribing_is_decided_as_recorded() {
    let queues = header("queues");
    for case in cases() {
        let permissions = Permissions::new(&case.configured).unwrap();
        for (_, answer) in case.answers.iter().filter(|(key, _)| *key == "may-subscribe") {
            let (subjects, allowed) = answer.split_once(':').unwrap();
            let allowed = words(allowed);
            for subject in words(subjects) {
                for queue in [None].into_iter().chain(queues.iter().copied().map(Some)) {
                    let expected = allowed == ["all"] || allowed.contains(&queue.unwrap_or("-"));
                    let answer = subscribe(&permissions, subject, queue);
                    let context = format!("{}: {subject} {queue:?}", case.name);
                    assert_eq!(answer != Subscribe::Refused, expected, "{context}");
                }
            }
        }
    }
}

/// Where the allow list has `*` for the `>` of a subscription, nats-server delivers more than is
/// allowed, and we do not.
#[test]
fn deliveries_are_filtered_as_recorded_but_never_beyond_the_allow_list() {
    let published = header("published");
    for case in cases() {
        let permissions = Permissions::new(&case.configured).unwrap();
        let rules = permissions.subscribe_rules();
        let is_allowed = |subject: &str| {
            rules.allow.is_empty() || rules.allow.iter().any(|rule| covers(rule, subject))
        };
        for (_, answer) in case.answers.iter().filter(|(key, _)| *key == "delivered") {
            let (subscriptions, delivered) = answer.split_once(':').unwrap();
            let delivered: Vec<&str> =
                words(delivered).into_iter().filter(|subject| is_allowed(subject)).collect();
            for subscription in words(subscriptions) {
                let (filter, queue) = match subscription.split_once('|') {
                    Some((filter, queue)) => (filter, Some(queue)),
                    None => (subscription, None),
                };
                let answer = subscribe(&permissions, filter, queue);
                let passes = |subject: &&str| {
                    let subject = subject.as_bytes();
                    matches(filter.as_bytes(), subject)
                        && (answer == Subscribe::Allowed
                            || permissions.can_deliver(subject, queue.map(str::as_bytes)))
                };
                let ours: Vec<&str> = published.iter().copied().filter(passes).collect();
                assert_eq!(ours, delivered, "{}: {subscription}", case.name);
            }
        }
    }
}

fn covers(rule: &str, subject: &str) -> bool {
    matches(words(rule)[0].as_bytes(), subject.as_bytes())
}

#[test]
fn an_allowed_star_gives_a_tail_subscription_no_more_than_the_star() {
    let configured = options::Permissions { subscribe: lists(&["foo.*"], &[]), ..none() };
    let permissions = Permissions::new(&configured).unwrap();
    assert_eq!(subscribe(&permissions, "foo.>", None), Subscribe::Filtered);
    assert!(permissions.can_deliver(b"foo.bar", None));
    assert!(!permissions.can_deliver(b"foo.bar.baz", None));
    assert_eq!(subscribe(&permissions, "foo.*", None), Subscribe::Allowed);
}

#[test]
fn malformed_entries_are_refused_by_name() {
    for bad in ["", " ", "a..b", ">.a", "a b", "a b c"] {
        let configured = options::Permissions { publish: lists(&[bad], &[]), ..none() };
        assert!(Permissions::new(&configured).is_err(), "{bad:?}");
    }
    for bad in ["", "a..b", ">.a q", "a q..r", "a b c"] {
        let configured = options::Permissions { subscribe: lists(&[], &[bad]), ..none() };
        assert!(Permissions::new(&configured).is_err(), "{bad:?}");
    }
    let deep = ["*"; 1025].join(".");
    let configured = options::Permissions { publish: lists(&[&deep], &[]), ..none() };
    assert!(Permissions::new(&configured).is_err());
}

#[test]
fn the_deepest_accepted_entry_and_subject_do_not_exhaust_the_stack() {
    let deep = ["*"; 1024].join(".");
    let configured = options::Permissions { subscribe: lists(&[&deep], &[&deep]), ..none() };
    let permissions = Permissions::new(&configured).unwrap();
    assert!(!permissions.can_deliver(["a"; 1024].join(".").as_bytes(), None));
    assert_eq!(subscribe(&permissions, &["*"; 100_000].join("."), None), Subscribe::Refused);
}

#[test]
fn lists_come_back_as_configured() {
    let configured = options::Permissions {
        publish: lists(&["b", "a"], &[]),
        subscribe: lists(&[], &["x q"]),
        ..none()
    };
    let permissions = Permissions::new(&configured).unwrap();
    assert_eq!(permissions.publish_rules().allow, ["b", "a"]);
    assert!(permissions.publish_rules().deny.is_empty());
    assert!(permissions.subscribe_rules().allow.is_empty());
    assert_eq!(permissions.subscribe_rules().deny, ["x q"]);
    assert_eq!(permissions.responses(), None);
}

fn none() -> options::Permissions {
    options::Permissions::default()
}

fn lists(allow: &[&str], deny: &[&str]) -> Option<SubjectPermission> {
    let list = |entries: &[&str]| entries.iter().map(|&entry| entry.to_owned()).collect();
    Some(SubjectPermission { allow: Some(list(allow)), deny: Some(list(deny)) })
}

/// A small deterministic generator (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        let bound = u64::try_from(from.len()).unwrap();
        from[usize::try_from(self.below(bound)).unwrap()]
    }

    fn subject(&mut self) -> String {
        let count = 1 + self.below(4);
        let mut tokens: Vec<&str> =
            (0..count).map(|_| self.pick(&["a", "b", "cc", "a*", "*"])).collect();
        if self.below(5) == 0 {
            tokens.push(">");
        }
        tokens.join(".")
    }

    fn queue(&mut self) -> Option<&'static str> {
        match self.pick(&["", "", "q", "q.r", "q.*", "q.>", "*", ">", "r"]) {
            "" => None,
            queue => Some(queue),
        }
    }

    fn rules(&mut self) -> Vec<(String, Option<&'static str>)> {
        (0..self.below(6)).map(|_| (self.subject(), self.queue())).collect()
    }
}

type Rule = (String, Option<&'static str>);

fn texts(rules: &[Rule]) -> Vec<String> {
    let text = |(subject, queue): &Rule| match queue {
        Some(queue) => format!("{subject} {queue}"),
        None => subject.clone(),
    };
    rules.iter().map(text).collect()
}

fn is_for(rule: &Rule, queue: Option<&str>) -> bool {
    match (rule.1, queue) {
        (Some(wanted), Some(queue)) => {
            wanted == queue || is_subset(queue.as_bytes(), wanted.as_bytes())
        }
        _ => false,
    }
}

fn naive_denies(deny: &[Rule], subject: &str, queue: Option<&str>) -> bool {
    deny.iter()
        .filter(|rule| matches(rule.0.as_bytes(), subject.as_bytes()))
        .any(|rule| rule.1.is_none() || is_for(rule, queue))
}

fn naive_subscribe(allow: &[Rule], deny: &[Rule], subject: &str, queue: Option<&str>) -> Subscribe {
    let matching: Vec<&Rule> =
        allow.iter().filter(|rule| matches(rule.0.as_bytes(), subject.as_bytes())).collect();
    let admitted = if queue.is_some() && matching.iter().any(|rule| rule.1.is_some()) {
        matching.iter().any(|rule| is_for(rule, queue))
    } else {
        matching.iter().any(|rule| rule.1.is_none())
    };
    if !(allow.is_empty() || admitted) || naive_denies(deny, subject, queue) {
        return Subscribe::Refused;
    }
    let wide = subject.split('.').any(|token| token == "*" || token == ">");
    let covered = matching
        .iter()
        .filter(|rule| is_subset(subject.as_bytes(), rule.0.as_bytes()))
        .any(|rule| rule.1.is_none() || is_for(rule, queue));
    let touched = deny.iter().any(|rule| collide(rule.0.as_bytes(), subject.as_bytes()));
    let exceeds = !allow.is_empty() && wide && !covered;
    if exceeds || ((wide || queue.is_some()) && touched) {
        Subscribe::Filtered
    } else {
        Subscribe::Allowed
    }
}

#[test]
fn compiled_lists_agree_with_naive_matching() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for round in 0..4000 {
        let (allow, deny) = (random.rules(), random.rules());
        let plain = |rules: &[Rule]| rules.iter().map(|rule| rule.0.clone()).collect::<Vec<_>>();
        let configured = options::Permissions {
            publish: Some(SubjectPermission {
                allow: Some(plain(&allow)),
                deny: Some(plain(&deny)),
            }),
            subscribe: Some(SubjectPermission {
                allow: Some(texts(&allow)),
                deny: Some(texts(&deny)),
            }),
            responses: None,
        };
        let permissions = Permissions::new(&configured).unwrap();
        for _ in 0..12 {
            let (subject, queue) = (random.subject(), random.queue());
            let context = format!("round {round}: {subject} {queue:?} of {configured:?}");
            let any = |rules: &[Rule]| {
                rules.iter().any(|rule| matches(rule.0.as_bytes(), subject.as_bytes()))
            };
            let expected = (allow.is_empty() || any(&allow)) && !any(&deny);
            assert_eq!(permissions.can_publish(subject.as_bytes()), expected, "{context}");
            let expected = naive_subscribe(&allow, &deny, &subject, queue);
            assert_eq!(subscribe(&permissions, &subject, queue), expected, "{context}");
            let bytes = queue.map(str::as_bytes);
            if deny.iter().all(|rule| !matches(rule.0.as_bytes(), subject.as_bytes())) {
                let admitted = allow.is_empty()
                    || allow.iter().any(|rule| {
                        matches(rule.0.as_bytes(), subject.as_bytes())
                            && (rule.1.is_none() || is_for(rule, queue))
                    });
                assert_eq!(
                    permissions.can_deliver(subject.as_bytes(), bytes),
                    admitted,
                    "{context}"
                );
            } else if naive_denies(&deny, &subject, queue) {
                assert!(!permissions.can_deliver(subject.as_bytes(), bytes), "{context}");
            }
        }
    }
}

#[test]
fn thousands_of_rules_are_found() {
    let rules: Vec<String> = (0..5000).map(|index| format!("app.{index}.*.in")).collect();
    let allow: Vec<&str> = rules.iter().map(String::as_str).collect();
    let configured = options::Permissions { publish: lists(&allow, &["*.77.>"]), ..none() };
    let permissions = Permissions::new(&configured).unwrap();
    assert!(permissions.can_publish(b"app.0.x.in"));
    assert!(permissions.can_publish(b"app.4999.x.in"));
    assert!(!permissions.can_publish(b"app.5000.x.in"));
    assert!(!permissions.can_publish(b"app.77.x.in"));
}
