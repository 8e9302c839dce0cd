//! What a shard sends: answers and republished messages, routed like everybody's.

use std::sync::Arc;
use std::time::Instant;

use anabranch_nats::codec::Publication;

use crate::client::Subscription;
use crate::connection::account_for;
use crate::server::Server;
use crate::worker::{Publisher, Worker, publish, publish_to, trace};

/// Messages for a lone receiver that are worth a write to its socket (docs/adr/0025).
const WORTH: usize = 128;

/// Borrowed for one part of a turn. Everything is delivered when it is flushed.
pub struct Outbox<'a> {
    server: &'a Arc<Server>,
    worker: &'a mut Worker,
    ended: Vec<Arc<Subscription>>,
    /// Messages since the last flush.
    sent: usize,
}

impl<'a> Outbox<'a> {
    /// An empty outbox.
    pub fn new(server: &'a Arc<Server>, worker: &'a mut Worker) -> Self {
        Self { server, worker, ended: Vec::new(), sent: 0 }
    }

    /// Sends a message. `payload` is a header block of `header_len` bytes and a body.
    pub fn send(&mut self, subject: &[u8], reply: &[u8], header_len: usize, payload: &[u8]) {
        if subject.is_empty() {
            return;
        }
        let message = Publication {
            subject,
            reply,
            header_len,
            payload,
            verbatim: b"",
            by_hpub: header_len > 0,
        };
        let publisher = publisher(self.server);
        self.sent += 1;
        publish(self.worker, &publisher, &message, &mut self.ended);
        if self.worker.stages.saturated() {
            self.flush();
        }
    }

    /// Sends a message of a stream to those who listen to `route`.
    pub fn deliver(
        &mut self,
        route: &[u8],
        (subject, reply): (&[u8], &[u8]),
        (header_len, payload): (usize, &[u8]),
    ) {
        let (verbatim, by_hpub) = (&b""[..], header_len > 0);
        let message = Publication { subject, reply, header_len, payload, verbatim, by_hpub };
        let publisher = publisher(self.server);
        self.sent += 1;
        publish_to(self.worker, &publisher, route, &message, &mut self.ended);
        if self.worker.stages.saturated() {
            self.flush();
        }
    }

    /// Somebody listens to the subject.
    pub fn reaches(&mut self, subject: &[u8]) -> bool {
        let (cache, ..) = self.worker.split();
        let found = cache.lookup(&self.server.account, subject);
        !found.plain.is_empty() || !found.queues.is_empty()
    }

    /// Delivers what was sent if that is much and all for one, who can go on meanwhile.
    pub fn pass_on(&mut self) {
        if self.sent >= WORTH && self.worker.stages.receivers() == 1 {
            self.flush();
        }
    }

    /// Delivers what was sent.
    pub fn flush(&mut self) {
        self.sent = 0;
        for subscription in self.ended.drain(..) {
            crate::connection::remove(self.server, &subscription);
        }
        let (flushed, _) = self.worker.stages.flush(None, Instant::now());
        // Nobody holds a shard up: a receiver that fell behind is cut off at its limit.
        let _ = account_for(self.server, flushed);
    }
}

fn publisher(server: &Server) -> Publisher<'_> {
    Publisher {
        client: &server.internal,
        account: &server.account,
        skip_stalled: false,
        trace: trace::is_on(&server.options).then_some(&server.options),
    }
}
