//! Changes of a session from outside: a new configuration, a new beginning, its end.

use super::super::change::Change;
use super::super::config::ConsumerConfig;
use super::pace::Pace;
use super::status;
use super::{Effect, End, Mode, Session, pause_end};

impl Session {
    /// Goes on with another configuration of the same consumer. `burst` is as in
    /// [`super::Begin`]. Whoever hears messages on a new subject is told by
    /// [`Session::set_interest`] afterwards.
    pub fn set_config(&mut self, config: &ConsumerConfig, burst: u64, now: i64) {
        let old = std::mem::replace(&mut self.config, Box::new(config.clone()));
        if old.deliver_subject != config.deliver_subject {
            self.queue_all(now);
        }
        if old.ack_wait != config.ack_wait || old.backoff != config.backoff {
            self.time_all();
        }
        if old.rate_limit != config.rate_limit {
            self.pace = Pace::new(config, 0, burst);
        }
        if old.inactive_threshold != config.inactive_threshold {
            self.restart_activity(now);
        }
        if old.pause_until != config.pause_until {
            self.paused_until = pause_end(config, now);
        }
    }

    /// Queues all that is unacknowledged.
    fn queue_all(&mut self, now: i64) {
        self.redelivery.clear_waits();
        let unacked: Vec<(u64, u32)> =
            self.state.unacked.iter().map(|(&seq, unacked)| (seq, unacked.deliveries)).collect();
        for (seq, deliveries) in unacked {
            if self.is_beyond(deliveries.saturating_add(1)) {
                self.give_up(seq);
            } else {
                self.redelivery.push(seq);
            }
        }
        self.note_activity(now);
    }

    /// Begins again with the sequence `first`: nothing is delivered nor waited for.
    pub fn reset(&mut self, first: u64) {
        let first = first.max(1);
        self.redelivery.clear();
        self.skip = None;
        self.position = first;
        self.change(Change::Reset(first));
    }

    /// Tells all requests that nothing more comes.
    pub fn end(&mut self, why: End) {
        let Mode::Pull(pull) = &mut self.mode else {
            return;
        };
        for request in pull.requests.take() {
            let headers = match why {
                End::Deleted => status::plain(409, "Consumer Deleted"),
                End::ServerShutdown => {
                    let rest = (request.messages, request.bytes);
                    status::with_rest(409, "Server Shutdown", rest)
                }
            };
            let to = request.reply.into_vec();
            self.effects.push(Effect::Send { to, reply: Vec::new(), headers });
        }
    }
}
