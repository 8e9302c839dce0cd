//! The server as one session sees it during one read batch.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use anabranch_auth::{
    Credentials, Decision, Identity, PasswordCheck, Permissions, Subscribe, TlsIdentity,
};
use anabranch_nats::ConnectOptions;
use anabranch_nats::codec::{Op, Publication};
use anabranch_nats::session::{Attempt, Delivery, Host, Report, Subscribed, Verdict};
use anabranch_subject::{Interest, Matches, grammar};

use super::trace;
use crate::client::{Client, Subscription};
use crate::server::Server;

use crate::worker::{Publisher, Worker, publish, trace as delivery_trace};

/// What a connection keeps of its user between batches.
pub(super) struct UserState {
    /// Nonce of this connection's INFO.
    pub(super) nonce: String,
    /// The client's certificate, if it presented one.
    pub(super) peer: Option<Box<TlsIdentity>>,
    /// Who it is, once accepted.
    pub(super) identity: Option<Identity>,
    /// Slow work that a verdict waits for.
    pub(super) check: Option<PasswordCheck>,
    /// The subject that was last found to be allowed.
    allowed: Vec<u8>,
}

impl UserState {
    pub(super) fn new(nonce: String, peer: Option<Box<TlsIdentity>>) -> Self {
        Self { nonce, peer, identity: None, check: None, allowed: Vec::new() }
    }

    fn permissions(&self) -> Option<&Arc<Permissions>> {
        self.identity.as_ref().and_then(|i| i.permissions.as_ref())
    }

    /// Turns a decision into the session's verdict.
    pub(super) fn settle(&mut self, decision: Decision, label: &str) -> Verdict {
        self.allowed.clear();
        match decision {
            Decision::Accept(identity) => {
                let restricted = identity.permissions.is_some();
                self.identity = Some(identity);
                Verdict::Accepted { restricted }
            }
            Decision::Refuse(reason) => {
                log::debug!("{label} - {reason}");
                Verdict::Refused
            }
            Decision::Verify(check) => {
                self.check = Some(check);
                Verdict::Pending
            }
        }
    }
}

/// Borrowed for one batch.
pub(super) struct BatchHost<'a> {
    pub(super) server: &'a Arc<Server>,
    pub(super) client: &'a Arc<Client>,
    pub(super) user: &'a mut UserState,
    pub(super) worker: &'a mut Worker,
    pub(super) counts: BatchCounts,
    /// Subscriptions that got their last message in this batch.
    pub(super) ended: Vec<Arc<Subscription>>,
    /// Subscriptions of this client were removed.
    pub(super) removed: bool,
    /// There was more than keep-alive traffic.
    pub(super) active: bool,
}

/// What a batch adds to the statistics.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct BatchCounts {
    pub(super) msgs: u64,
    pub(super) bytes: u64,
}

impl<'a> BatchHost<'a> {
    pub(super) fn new(
        server: &'a Arc<Server>,
        client: &'a Arc<Client>,
        user: &'a mut UserState,
        worker: &'a mut Worker,
    ) -> Self {
        let counts = BatchCounts::default();
        Self {
            server,
            client,
            user,
            worker,
            counts,
            ended: Vec::new(),
            removed: false,
            active: false,
        }
    }

    /// Adds the batch's traffic to the client's and the server's.
    pub(super) fn account(&self) {
        if self.counts.msgs > 0 {
            let BatchCounts { msgs, bytes } = self.counts;
            self.client.traffic.in_msgs.fetch_add(msgs, Ordering::Relaxed);
            self.client.traffic.in_bytes.fetch_add(bytes, Ordering::Relaxed);
            self.server.totals.in_msgs.fetch_add(msgs, Ordering::Relaxed);
            self.server.totals.in_bytes.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    /// Removes subscriptions, of any client, that got their last message.
    pub(super) fn remove_ended(&mut self) {
        for subscription in self.ended.drain(..) {
            remove(self.server, &subscription);
        }
    }
}

/// Removes one subscription from its client and the account.
pub fn remove(server: &Server, subscription: &Arc<Subscription>) {
    if subscription.close() {
        subscription.client().subs().remove(subscription);
        server.account.unsubscribe(subscription);
        delivery_trace::removed(subscription, &server.options);
    }
}

/// Removes all subscriptions of `client`; gives them back.
pub(super) fn remove_all(server: &Server, client: &Client) -> Vec<Arc<Subscription>> {
    let subscriptions = client.subs().drain();
    for subscription in &subscriptions {
        subscription.close();
    }
    server.account.unsubscribe_all(&subscriptions);
    subscriptions
}

impl Host for BatchHost<'_> {
    fn write(&mut self, bytes: &[u8]) {
        if self.tracing() {
            trace::outgoing(self.client, bytes);
        }
        self.worker.stages.write(self.client, bytes);
    }

    fn authenticate(&mut self, options: &ConnectOptions, attempt: Attempt) -> Verdict {
        let label = self.client.label();
        if attempt == Attempt::WithoutConnect {
            let peer = self.user.peer.as_deref();
            let decision = self.server.authenticator.begin_without_connect(peer);
            let verdict = self.user.settle(decision, &label);
            if let Some(identity) = &self.user.identity {
                self.client.set_permissions(identity.permissions.as_ref());
            }
            return verdict;
        }
        let said = &options.credentials;
        let credentials = Credentials {
            user: Some(&said.user),
            password: Some(&said.pass),
            token: Some(&said.auth_token),
            nkey: Some(&said.nkey),
            signature: Some(&said.sig),
            nonce: self.user.nonce.as_bytes(),
            tls: self.user.peer.as_deref(),
        };
        let decision = self.server.authenticator.begin(&credentials);
        self.user.settle(decision, &label)
    }

    fn connected(&mut self, options: &ConnectOptions) {
        self.active = true;
        let headers = options.headers && !self.server.options.features.no_header_support;
        if let Some(identity) = &self.user.identity {
            self.client.connected(options, headers, identity, self.server.account.name());
        }
    }

    fn write_connect_info(&mut self) {
        let mut info = self.server.info_for(self.client);
        info.connect_info = true;
        info.remote_account = self.server.account.name().to_owned();
        self.worker.stages.write(self.client, &info.line());
    }

    fn may_publish(&mut self, subject: &[u8]) -> bool {
        if !self.user.allowed.is_empty() && self.user.allowed == subject {
            return true;
        }
        let allowed = self.user.permissions().is_none_or(|p| p.can_publish(subject));
        if allowed {
            self.user.allowed.clear();
            self.user.allowed.extend_from_slice(subject);
            return true;
        }
        // Rights to respond are used up, so they are not remembered as allowed.
        self.client.may_respond(subject)
    }

    fn may_subscribe(&mut self, subject: &[u8], queue: Option<&[u8]>) -> bool {
        self.user
            .permissions()
            .is_none_or(|p| p.can_subscribe(subject, queue) != Subscribe::Refused)
    }

    #[inline]
    fn count(&mut self, message: &Publication<'_>) {
        self.active = true;
        self.counts.msgs += 1;
        self.counts.bytes += u64::try_from(message.payload.len()).unwrap_or(0);
    }

    #[inline]
    fn publish(&mut self, message: &Publication<'_>) -> Delivery {
        let publisher = Publisher {
            client: self.client,
            account: &self.server.account,
            skip_stalled: self.server.options.features.no_fast_producer_stall,
            trace: self.tracing().then_some(&self.server.options),
        };
        let delivery = publish(self.worker, &publisher, message, &mut self.ended);
        if !self.ended.is_empty() {
            self.remove_ended();
        }
        delivery
    }

    fn sid_receiving(&mut self, reply: &[u8], sid: &mut Vec<u8>) -> bool {
        let mut matches = Matches::default();
        self.server.account.matches(reply, &mut matches);
        let mut own = matches.plain.iter().filter(|s| s.client().id == self.client.id);
        // A requester may hold a wildcard for all replies and a subscription for this one, which
        // is the one that waits: nats-server finds literal subscriptions first.
        let first = own.clone().next();
        let found = own.find(|s| s.subject() == reply).or(first);
        found.is_some_and(|subscription| {
            sid.extend_from_slice(subscription.sid());
            true
        })
    }

    fn subscribe(&mut self, subject: &[u8], queue: Option<&[u8]>, sid: &[u8]) -> Subscribed {
        self.active = true;
        if self.client.subs().find(sid).is_some() {
            return Subscribed::Duplicate;
        }
        if !grammar::is_valid_subject(subject) {
            return Subscribed::InvalidSubject;
        }
        let filter = self.user.permissions().and_then(|p| {
            (p.can_subscribe(subject, queue) == Subscribe::Filtered).then(|| Arc::clone(p))
        });
        let client = Arc::clone(self.client);
        let subscription = Arc::new(Subscription::new(client, subject, queue, sid, filter));
        self.client.subs().insert(Arc::clone(&subscription));
        self.server.account.subscribe(subscription);
        Subscribed::Added
    }

    fn subscription_count(&self) -> usize {
        self.client.subs().len()
    }

    fn unsubscribe(&mut self, sid: &[u8], max: Option<u32>) {
        self.active = true;
        let Some(subscription) = self.client.subs().find(sid).cloned() else { return };
        let stays = max.is_some_and(|max| subscription.limit(u64::from(max)));
        if !stays {
            remove(self.server, &subscription);
            self.removed |= subscription.was_used() || subscription.max() > 0;
        }
    }

    fn unsubscribe_all(&mut self) {
        self.removed = true;
        remove_all(self.server, self.client);
    }

    #[inline]
    fn saturated(&self) -> bool {
        self.worker.stages.saturated()
    }

    fn report(&mut self, what: Report<'_>) {
        if self.tracing() {
            trace::refused(self.client, &what);
        }
        trace::report(self.client, &what, self.user.identity.as_ref());
        if what == Report::Stale {
            self.server.totals.stale_connections.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn tracing(&self) -> bool {
        delivery_trace::is_on(&self.server.options)
    }

    fn trace(&mut self, op: &Op<'_>) {
        trace::incoming(self.client, op, &self.server.options);
    }
}
