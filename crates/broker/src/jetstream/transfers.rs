//! Backups and restores that are under way. Each goes on for a slice of time between the turns
//! of the shard.

use std::time::{Duration, Instant};

use super::outbox::Outbox;
use super::receiving::Receiving;
use super::sending::{Sending, Sent};
use super::shard::{Shard, now};
use crate::worker::Inbound;

/// How long all of them together may take at a time.
const SLICE: Duration = Duration::from_millis(2);
/// Backups, and restores, that are under way at most.
const AT_ONCE_MAX: usize = 16;

/// All that are under way.
#[derive(Default)]
pub struct Transfers {
    sending: Vec<Sending>,
    receiving: Vec<Receiving>,
    /// Who goes first next time.
    turn: usize,
}

impl Transfers {
    /// One more backup may begin.
    #[must_use]
    pub fn can_send(&self) -> bool {
        self.sending.len() < AT_ONCE_MAX
    }

    /// A backup begins.
    pub fn send(&mut self, sending: Sending) {
        self.sending.push(sending);
    }

    /// One more restore may begin.
    #[must_use]
    pub fn can_receive(&self) -> bool {
        self.receiving.len() < AT_ONCE_MAX
    }

    /// A restore begins.
    pub fn receive(&mut self, receiving: Receiving) {
        self.receiving.push(receiving);
    }

    /// Takes a chunk of a restore, or what acknowledges one of a backup.
    pub fn take(&mut self, message: &Inbound<'_>) {
        if let Some(sending) = self.sending.iter_mut().find(|one| one.is_for(message.subject)) {
            sending.acknowledged();
        } else if let Some(one) = self.receiving.iter_mut().find(|one| one.is_for(message.subject))
        {
            one.take(message);
        }
    }

    /// Something can be done.
    #[must_use]
    pub fn has_work(&self, now: Instant) -> bool {
        self.patience(now) == Some(Duration::ZERO)
    }

    /// Time until something can be done.
    #[must_use]
    pub fn patience(&self, now: Instant) -> Option<Duration> {
        let sending = self.sending.iter().map(|one| one.wake_at(now));
        let receiving = self.receiving.iter().map(|one| one.wake_at(now));
        let first = sending.chain(receiving).min()?;
        Some(first.saturating_duration_since(now))
    }
}

/// Lets all of them go on for a while.
pub fn advance(shard: &mut Shard, outbox: &mut Outbox<'_>) {
    shard.transfers.turn = shard.transfers.turn.wrapping_add(1);
    let turn = shard.transfers.turn;
    let mut sending = std::mem::take(&mut shard.transfers.sending);
    let mut receiving = std::mem::take(&mut shard.transfers.receiving);
    let count = u32::try_from(sending.len() + receiving.len()).unwrap_or(u32::MAX).max(1);
    let slice = SLICE / count;
    if !sending.is_empty() {
        let len = sending.len();
        sending.rotate_left(turn % len);
    }
    sending.retain_mut(|one| {
        let sent = one.advance(shard, outbox, Instant::now() + slice);
        if let Sent::Ended(outcome) = sent {
            one.end(shard, &outcome, outbox);
            return false;
        }
        true
    });
    receiving.retain_mut(|one| one.advance(shard, outbox, Instant::now() + slice, now()));
    shard.transfers.sending.append(&mut sending);
    shard.transfers.receiving.append(&mut receiving);
}
