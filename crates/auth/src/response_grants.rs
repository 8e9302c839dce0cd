//! The transient rights of one connection to answer the requests delivered to it
//! (`allow_responses`).
//!
//! Not the static permissions; a right is asked for only where those refuse. Follows
//! nats-server's `server/client.go` (`responseAllowed`, `pruneReplyPerms`), save that memory is
//! bounded: nats-server keeps unlimited rights for as long as the connection lives.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anabranch_config::options::ResponsePermission;

/// Rights kept by one connection; above it the oldest go.
const GRANTS_MAX: usize = 65_536;
/// Bytes of reply subjects kept by one connection; above it the oldest go.
const SUBJECT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The rights of one connection to publish to reply subjects.
#[derive(Debug)]
pub struct ResponseGrants {
    /// `None`: unlimited.
    messages_max: Option<u64>,
    /// `None`: unlimited.
    expires: Option<Duration>,
    grants: BTreeMap<Arc<[u8]>, Grant>,
    /// Every grant in the order given, and some that are gone: those whose id is not in `grants`.
    order: VecDeque<(GrantId, Arc<[u8]>)>,
    /// Sum of the lengths of the keys of `grants`.
    subject_bytes: usize,
    next_id: GrantId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct GrantId(u64);

#[derive(Debug)]
struct Grant {
    id: GrantId,
    granted: Instant,
    used: u64,
}

impl ResponseGrants {
    /// No rights yet; each will have the bounds of `permission`.
    #[must_use]
    pub fn new(permission: ResponsePermission) -> Self {
        let messages_max = match permission.messages_max {
            0 => u64::try_from(ResponsePermission::default().messages_max).ok(),
            // Negative is unlimited.
            set => u64::try_from(set).ok(),
        };
        Self {
            messages_max,
            expires: Some(permission.expires).filter(|expires| !expires.is_zero()),
            grants: BTreeMap::new(),
            order: VecDeque::new(),
            subject_bytes: 0,
            next_id: GrantId(0),
        }
    }

    /// A request with the reply subject `reply` was delivered at `now`. Call it only where the
    /// static permissions do not allow `reply` anyway. A right that still stands is used once by
    /// this rather than renewed, as in nats-server, where the check that decides whether a right
    /// is needed counts as a use.
    pub fn grant(&mut self, reply: &[u8], now: Instant) {
        if reply.is_empty() || self.take(reply, now) {
            return;
        }
        self.forget_expired(now);
        let key: Arc<[u8]> = reply.into();
        let id = self.next_id;
        self.next_id = GrantId(id.0.wrapping_add(1));
        self.subject_bytes += key.len();
        self.order.push_back((id, Arc::clone(&key)));
        self.grants.insert(key, Grant { id, granted: now, used: 0 });
        while self.grants.len() > GRANTS_MAX || self.subject_bytes > SUBJECT_BYTES_MAX {
            self.forget_oldest();
        }
        self.compact();
    }

    /// Uses the right to publish to `reply` once, at `now`; false if there is none (left).
    pub fn take(&mut self, reply: &[u8], now: Instant) -> bool {
        let Some(grant) = self.grants.get_mut(reply) else {
            return false;
        };
        if is_expired(grant, self.expires, now) {
            self.forget(reply);
            return false;
        }
        grant.used += 1;
        if self.messages_max.is_some_and(|max| grant.used >= max) {
            self.forget(reply);
        }
        true
    }

    /// How many reply subjects have a right, expired ones not yet noticed included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.grants.len()
    }

    /// Whether there is no right at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.grants.is_empty()
    }

    fn forget(&mut self, reply: &[u8]) {
        if let Some((key, _)) = self.grants.remove_entry(reply) {
            self.subject_bytes -= key.len();
        }
    }

    fn forget_expired(&mut self, now: Instant) {
        while let Some((id, key)) = self.order.front() {
            match self.grants.get(key).filter(|grant| grant.id == *id) {
                Some(grant) if !is_expired(grant, self.expires, now) => return,
                _ => self.forget_oldest(),
            }
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((id, key)) = self.order.pop_front()
            && self.grants.get(&key).is_some_and(|grant| grant.id == id)
        {
            self.forget(&key);
        }
    }

    /// Drops what is gone from `order` once that is the larger part of it.
    fn compact(&mut self) {
        if self.order.len() > 2 * self.grants.len() + 64 {
            let grants = &self.grants;
            self.order.retain(|(id, key)| grants.get(key).is_some_and(|grant| grant.id == *id));
        }
    }
}

fn is_expired(grant: &Grant, expires: Option<Duration>, now: Instant) -> bool {
    expires.is_some_and(|expires| now.saturating_duration_since(grant.granted) > expires)
}
