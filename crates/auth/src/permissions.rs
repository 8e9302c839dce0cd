//! What one user may publish and subscribe, compiled from the configured lists.
//!
//! Not the rights to answer requests (`response_grants`), which change with every delivery. The
//! semantics are those of nats-server's `server/client.go` (`setPermissions`, `canSubscribe`,
//! `pubAllowed`, `checkDenySub`).

use anabranch_config::options;
use anabranch_config::options::{ResponsePermission, SubjectPermission};
use anabranch_subject::grammar::has_wildcards;

use crate::Error;
use crate::subject_set::{Queues, SubjectSet};

/// What one user may do. Immutable; shared by all connections of the user.
#[derive(Debug)]
pub struct Permissions {
    publish: Access,
    subscribe: Access,
    responses: Option<ResponsePermission>,
    configured: options::Permissions,
}

/// The answer to a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subscribe {
    /// Every message that the subscription matches may be delivered.
    Allowed,
    /// Allowed, but each delivery must pass [`Permissions::can_deliver`].
    Filtered,
    /// Not allowed.
    Refused,
}

/// The lists of one direction as configured, for listings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rules<'a> {
    /// Allowed subjects; empty: none was configured.
    pub allow: &'a [String],
    /// Denied subjects.
    pub deny: &'a [String],
}

/// Allow and deny list of one direction. `None`: the list has no effect.
#[derive(Debug, Default)]
struct Access {
    allow: Option<SubjectSet>,
    deny: Option<SubjectSet>,
}

impl Permissions {
    /// Compiles `configured`.
    ///
    /// # Errors
    /// When an entry is no subject, or no `subject queue` where that is possible.
    pub fn new(configured: &options::Permissions) -> Result<Self, Error> {
        let mut publish = Access::new(configured.publish.as_ref(), Queues::Refused)?;
        if configured.responses.is_some() && publish.allow.is_none() {
            // The right to answer replaces the right to publish anywhere.
            publish.allow = Some(SubjectSet::new(&[], Queues::Refused)?);
        }
        Ok(Self {
            publish,
            subscribe: Access::new(configured.subscribe.as_ref(), Queues::Accepted)?,
            responses: configured.responses.map(with_defaults),
            configured: configured.clone(),
        })
    }

    /// Whether a message may be published to `subject`, responses aside.
    #[must_use]
    pub fn can_publish(&self, subject: &[u8]) -> bool {
        self.publish.allow.as_ref().is_none_or(|allow| allow.contains(subject))
            && !self.publish.deny.as_ref().is_some_and(|deny| deny.contains(subject))
    }

    /// Whether `subject` may be subscribed to, in the queue group `queue` if there is one.
    ///
    /// An allow entry with a queue that matches the subject decides about queue subscriptions
    /// alone: an entry without one no longer admits them. As in nats-server a `>` counts as one
    /// token here, so that an allowed `a.*` admits `a.>` and a denied one refuses it; but unlike
    /// there, the first then gets no more than `a.*` allows.
    #[must_use]
    pub fn can_subscribe(&self, subject: &[u8], queue: Option<&[u8]>) -> Subscribe {
        let queue = queue.filter(|queue| !queue.is_empty());
        let Access { allow, deny } = &self.subscribe;
        if allow.as_ref().is_some_and(|allow| !admits(allow, subject, queue))
            || deny.as_ref().is_some_and(|deny| denies(deny, subject, queue))
        {
            return Subscribe::Refused;
        }
        let is_wide = has_wildcards(subject);
        let exceeds = |allow: &SubjectSet| is_wide && !allow.covers(subject, queue);
        let overlaps = |deny: &SubjectSet| (is_wide || queue.is_some()) && deny.overlaps(subject);
        if allow.as_ref().is_some_and(exceeds) || deny.as_ref().is_some_and(overlaps) {
            Subscribe::Filtered
        } else {
            Subscribe::Allowed
        }
    }

    /// Whether a message on `subject` may be delivered to a subscription in the queue group
    /// `queue`. Needed only where [`Self::can_subscribe`] said [`Subscribe::Filtered`].
    #[must_use]
    pub fn can_deliver(&self, subject: &[u8], queue: Option<&[u8]>) -> bool {
        let queue = queue.filter(|queue| !queue.is_empty());
        let Access { allow, deny } = &self.subscribe;
        allow.as_ref().is_none_or(|allow| {
            let matched = allow.lookup(subject, queue);
            matched.plain || matched.named
        }) && !deny.as_ref().is_some_and(|deny| denies(deny, subject, queue))
    }

    /// The right to answer requests, if the user has it: counts and times are set or unlimited.
    #[must_use]
    pub fn responses(&self) -> Option<ResponsePermission> {
        self.responses
    }

    /// The publish lists as configured.
    #[must_use]
    pub fn publish_rules(&self) -> Rules<'_> {
        Rules::of(self.configured.publish.as_ref())
    }

    /// The subscribe lists as configured, entries with a queue as `subject queue`.
    #[must_use]
    pub fn subscribe_rules(&self) -> Rules<'_> {
        Rules::of(self.configured.subscribe.as_ref())
    }
}

impl Access {
    fn new(configured: Option<&SubjectPermission>, queues: Queues) -> Result<Self, Error> {
        let compile = |entries: Option<&Vec<String>>| {
            entries
                .filter(|entries| !entries.is_empty())
                .map(|entries| SubjectSet::new(entries, queues))
                .transpose()
        };
        let Some(configured) = configured else {
            return Ok(Self::default());
        };
        Ok(Self {
            allow: compile(configured.allow.as_ref())?,
            deny: compile(configured.deny.as_ref())?,
        })
    }
}

impl<'a> Rules<'a> {
    fn of(configured: Option<&'a SubjectPermission>) -> Self {
        let Some(configured) = configured else {
            return Self::default();
        };
        Self {
            allow: configured.allow.as_deref().unwrap_or_default(),
            deny: configured.deny.as_deref().unwrap_or_default(),
        }
    }
}

fn admits(allow: &SubjectSet, subject: &[u8], queue: Option<&[u8]>) -> bool {
    let matched = allow.lookup(subject, queue);
    if queue.is_some() && matched.queued { matched.named } else { matched.plain }
}

fn denies(deny: &SubjectSet, subject: &[u8], queue: Option<&[u8]>) -> bool {
    let matched = deny.lookup(subject, queue);
    matched.plain || matched.named
}

/// Zero messages means the default, as in nats-server's `validateResponsePermissions`.
fn with_defaults(configured: ResponsePermission) -> ResponsePermission {
    let messages_max = match configured.messages_max {
        0 => ResponsePermission::default().messages_max,
        set => set,
    };
    ResponsePermission { messages_max, ..configured }
}
