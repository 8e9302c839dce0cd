//! What consumers do because time passed, messages came, or somebody began to listen.

use anabranch_subject::trie::{Interest, Matches};

use super::delivering::Consuming;
use super::served::{Key, Served};
use crate::jetstream::shard::{Shard, now};

/// Consumers that are looked after in one turn because time passed.
const CONSUMERS_AT_ONCE: usize = 256;

impl Shard {
    /// When consumers are to be looked after, in nanoseconds since 1970.
    pub(in crate::jetstream) fn consumers_due(&self) -> Option<i64> {
        self.consuming.deadlines.first().map(|&(deadline, _)| deadline)
    }

    /// Lets time pass for consumers.
    pub(super) fn tick_consumers(&mut self) {
        let now = now();
        if self.consumers_due().is_none_or(|due| due > now) {
            return;
        }
        self.with_outbox(|shard, outbox| {
            let due = shard.consuming.deadlines.iter().take_while(|(due, _)| *due <= now);
            // Each once: it may be due again at once.
            let due: Vec<_> = due.take(CONSUMERS_AT_ONCE).copied().collect();
            for (due, key) in due {
                if !shard.consuming.deadlines.remove(&(due, key)) {
                    continue;
                }
                shard.attend(key, outbox, |served, view| {
                    served.deadline = None;
                    served.session.tick(now, view);
                    true
                });
            }
        });
    }

    /// Messages came or went: some consumers may have something to send, others something less to
    /// wait for.
    pub(super) fn note_stirred(&mut self) {
        if self.consuming.stirred.is_empty() {
            return;
        }
        let mut found = Vec::new();
        for id in std::mem::take(&mut self.consuming.stirred) {
            let Some(held) = self.streams.get_mut(id) else { continue };
            held.machine.index_mut().take_stirred(&mut found);
            for tally in found.drain(..) {
                let Some(number) = held.served.by_tally(tally) else { continue };
                if let Some(served) = held.served.get_mut(number).filter(|one| one.session.wants())
                {
                    self.consuming.set_ready((id, number), served);
                }
            }
            let robbed = held.served.take_robbed();
            if !robbed.is_empty() {
                self.with_outbox(|shard, outbox| {
                    robbed
                        .iter()
                        .for_each(|&number| shard.attend((id, number), outbox, |_, _| true));
                });
            }
        }
    }

    /// Somebody began or ended to listen to what consumers send unasked.
    pub(super) fn note_interests(&mut self) {
        for subject in self.consuming.interests.take() {
            let Consuming { senders, looking, .. } = &mut self.consuming;
            looking.extend(senders.of(&subject));
        }
        if self.consuming.looking.is_empty() {
            return;
        }
        self.with_outbox(|shard, outbox| {
            for _ in 0..CONSUMERS_AT_ONCE {
                let Some(key) = shard.consuming.looking.pop_first() else { return };
                shard.look_who_listens(key, outbox);
            }
        });
    }

    /// Looks whether somebody listens to what a consumer sends.
    pub(super) fn look_who_listens(
        &mut self,
        key: Key,
        outbox: &mut crate::jetstream::outbox::Outbox<'_>,
    ) {
        let account = std::sync::Arc::clone(&self.intake.server.account);
        let now = now();
        self.attend(key, outbox, |served: &mut Served, _| {
            let config = served.session.config();
            let mut found = Matches::new();
            account.matches(config.deliver_subject.as_bytes(), &mut found);
            let group = config.deliver_group.as_bytes();
            // As in nats-server, who listens by a wildcard is not waited for.
            let is_exact = |one: &_| Interest::subject(one) == config.deliver_subject.as_bytes();
            let is_heard = if group.is_empty() {
                found.plain.iter().any(is_exact)
            } else {
                let queue = found.queues.iter().find(|queue| queue.name == group);
                queue.is_some_and(|queue| queue.members.iter().any(is_exact))
            };
            served.session.set_interest(is_heard, now);
            true
        });
    }
}
