//! The one client that gets all messages of its group, as long as it is there.

use super::super::report::Report;
use super::request::Group;
use super::requests::Request;
use super::{Mode, Session};

/// The class of requests that show a pin.
pub(super) const PINNED: u32 = 0;
/// The class of those that do not, with that policy.
pub(super) const OTHERS: u32 = 1;

/// Letters of a pin.
const PIN_LEN: usize = 22;

pub(super) struct Pin {
    /// What its client shows.
    id: String,
    group: String,
    since: i64,
    /// When it ends, unless its client asks before.
    ends: i64,
}

impl Session {
    /// What the pinned client has to show, and since when it is pinned.
    #[must_use]
    pub fn pinned(&self) -> Option<(&str, i64)> {
        self.current_pin().map(|pin| (pin.id.as_str(), pin.since))
    }

    /// An operator frees the group for other clients.
    pub fn unpin(&mut self, group: &str) {
        if let Mode::Pull(pull) = &mut self.mode {
            pull.pin = None;
            self.report(Report::Unpinned { group: group.to_owned(), reason: "admin".to_owned() });
        }
    }

    pub(super) fn pin_id(&self) -> Option<&str> {
        self.current_pin().map(|pin| pin.id.as_str())
    }

    pub(super) fn pin_end(&self) -> Option<i64> {
        self.current_pin().map(|pin| pin.ends)
    }

    fn current_pin(&self) -> Option<&Pin> {
        match &self.mode {
            Mode::Pull(pull) => pull.pin.as_ref(),
            Mode::Push(_) => None,
        }
    }

    /// Whether a request with this pin is taken; the pinned client stays so by asking.
    pub(super) fn check_pin(&mut self, group: &Group, now: i64) -> Result<(), (u16, String)> {
        let timeout = self.config.priority_timeout.0;
        let Mode::Pull(pull) = &mut self.mode else {
            return Ok(());
        };
        match &mut pull.pin {
            Some(pin) if pin.id == group.id => pin.ends = now.saturating_add(timeout),
            Some(_) if !group.id.is_empty() => {
                return Err((423, "Nats-Pin-Id mismatch".to_owned()));
            }
            _ => {}
        }
        Ok(())
    }

    /// Pins the client of a request, which belongs to no pinned one. Whether it has a group.
    pub(super) fn pin(&mut self, request: &mut Request, now: i64) -> bool {
        let Some(group) = request.group.as_mut().filter(|group| !group.name.is_empty()) else {
            return false;
        };
        let id = self.random.letters(PIN_LEN);
        group.id.clone_from(&id);
        let name = group.name.clone();
        let ends = now.saturating_add(self.config.priority_timeout.0);
        if let Mode::Pull(pull) = &mut self.mode {
            pull.pin = Some(Pin { id: id.clone(), group: name.clone(), since: now, ends });
        }
        self.report(Report::Pinned { group: name, pin_id: id });
        true
    }

    /// Frees the group when its client did not ask in time.
    pub(super) fn end_pin(&mut self, now: i64) {
        let Mode::Pull(pull) = &mut self.mode else {
            return;
        };
        if let Some(pin) = pull.pin.take_if(|pin| pin.ends <= now) {
            self.report(Report::Unpinned { group: pin.group, reason: "timeout".to_owned() });
        }
    }
}
