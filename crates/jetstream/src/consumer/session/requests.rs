//! Requests that wait for messages: who gets the next one, and which of them end by themselves.

use std::collections::BTreeMap;

use super::request::Group;

/// A request that waits.
pub(super) struct Request {
    /// Where its messages are sent to.
    pub(super) reply: Box<[u8]>,
    /// Messages that it still asks for.
    pub(super) messages: i64,
    /// Bytes that it still takes; zero for no limit.
    pub(super) bytes: i64,
    /// It got a message.
    pub(super) is_served: bool,
    pub(super) no_wait: bool,
    /// When it ends.
    pub(super) expires: Option<i64>,
    /// The time of silence after which something is sent; zero for never.
    pub(super) heartbeat: i64,
    /// When that is due.
    pub(super) heartbeat_at: Option<i64>,
    pub(super) group: Option<Box<Group>>,
}

impl Request {
    pub(super) fn is_expired(&self, now: i64) -> bool {
        self.expires.is_some_and(|expires| now >= expires)
    }

    /// What the pinned client shows; empty for none.
    pub(super) fn pin(&self) -> &str {
        self.group.as_ref().map_or("", |group| &group.id)
    }

    /// It is over as soon as there are no more messages.
    pub(super) fn ends_with_messages(&self) -> bool {
        self.no_wait && (self.expires.is_none() || self.is_served)
    }

    fn due(&self) -> Option<i64> {
        [self.expires, self.heartbeat_at].into_iter().flatten().min()
    }
}

/// The place of a request: its class, the lowest first, then a number that grows.
pub(super) type Place = (u32, u64);

/// The requests of a consumer, by their place: its first one gets the next message, and then goes
/// to the end of its class.
#[derive(Default)]
pub(super) struct Requests {
    by_place: BTreeMap<Place, Request>,
    next_number: u64,
    /// Requests that end with the messages.
    ending: usize,
    /// Not later than the first moment at which one of them is due.
    due: Option<i64>,
    /// When all of them were looked at last.
    pub(super) scanned: Option<i64>,
}

impl Requests {
    pub(super) fn len(&self) -> usize {
        self.by_place.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_place.is_empty()
    }

    /// The first moment at which a look at all of them may be due.
    pub(super) fn due(&self) -> Option<i64> {
        self.due
    }

    /// One of them ends with the messages.
    pub(super) fn any_ends_with_messages(&self) -> bool {
        self.ending > 0
    }

    /// Puts a request behind all others of its class.
    pub(super) fn add(&mut self, class: u32, request: Request) {
        self.ending += usize::from(request.ends_with_messages());
        self.due = [self.due, request.due()].into_iter().flatten().min();
        self.by_place.insert((class, self.next_number), request);
        self.next_number += 1;
    }

    /// The place of the first request.
    pub(super) fn first(&self) -> Option<Place> {
        self.by_place.first_key_value().map(|(&place, _)| place)
    }

    /// The place of the first request behind `place`.
    pub(super) fn behind(&self, place: Place) -> Option<Place> {
        let behind = (std::ops::Bound::Excluded(place), std::ops::Bound::Unbounded);
        self.by_place.range(behind).next().map(|(&place, _)| place)
    }

    /// The place of the oldest request of these classes, behind `place` if there is one.
    pub(super) fn oldest(&self, classes: [u32; 2], behind: Option<Place>) -> Option<Place> {
        let from = behind.map_or(0, |(_, number)| number.saturating_add(1));
        let first = |class: u32| {
            let places = (class, from)..=(class, u64::MAX);
            self.by_place.range(places).next().map(|(&place, _)| place)
        };
        classes.into_iter().filter_map(first).min_by_key(|&(_, number)| number)
    }

    pub(super) fn get(&self, place: Place) -> Option<&Request> {
        self.by_place.get(&place)
    }

    /// Takes a request out.
    pub(super) fn remove(&mut self, place: Place) -> Option<Request> {
        let request = self.by_place.remove(&place)?;
        self.ending -= usize::from(request.ends_with_messages());
        Some(request)
    }

    /// Takes all requests out that `keep` does not want, and finds out what is due next.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&mut Request) -> bool) {
        let (mut ending, mut due) = (0, None);
        self.by_place.retain(|_, request| {
            let kept = keep(request);
            if kept {
                ending += usize::from(request.ends_with_messages());
                due = [due, request.due()].into_iter().flatten().min();
            }
            kept
        });
        (self.ending, self.due) = (ending, due);
    }

    /// Messages that all of them still ask for.
    pub(super) fn messages(&self) -> i64 {
        self.by_place.values().fold(0, |sum, request| sum.saturating_add(request.messages))
    }

    /// Takes all of them out, in their order.
    pub(super) fn take(&mut self) -> impl Iterator<Item = Request> + use<> {
        (self.ending, self.due) = (0, None);
        std::mem::take(&mut self.by_place).into_values()
    }
}
