//! Which clients are connected, and which were.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use anabranch_nats::CloseReason;

use crate::client::{Client, ClientId, Subscription};

/// What is remembered of a client that is gone.
#[derive(Debug, Clone)]
pub struct ClosedClient {
    /// The client; its output is empty.
    pub client: Arc<Client>,
    /// When it went.
    pub stopped: SystemTime,
    /// Why.
    pub reason: CloseReason,
    /// What it was subscribed to, as far as it is kept.
    pub subscriptions: Vec<Arc<Subscription>>,
    /// How many subscriptions it had.
    pub subscription_count: usize,
}

/// Subscriptions remembered per closed client: more would keep the memory of large clients.
const CLOSED_SUBSCRIPTIONS_MAX: usize = 64;

#[derive(Debug, Default)]
struct Clients {
    open: BTreeMap<ClientId, Arc<Client>>,
    closed: VecDeque<ClosedClient>,
    closed_total: u64,
    accepted_total: u64,
}

/// The clients of a server.
#[derive(Debug)]
pub struct Registry {
    clients: Mutex<Clients>,
    closed_max: usize,
}

/// Whether a client may stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registered {
    /// It is registered.
    Yes,
    /// There are as many as may be.
    TooMany,
}

impl Registry {
    /// No clients; `closed_max` closed ones are remembered.
    #[must_use]
    pub fn new(closed_max: usize) -> Self {
        Self { clients: Mutex::default(), closed_max }
    }

    fn lock(&self) -> MutexGuard<'_, Clients> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next client's number.
    pub fn next_id(&self) -> ClientId {
        let mut clients = self.lock();
        clients.accepted_total += 1;
        ClientId(clients.accepted_total)
    }

    /// Adds a client unless there are `max` (0: any number; less: none).
    pub fn add(&self, client: &Arc<Client>, max: i64) -> Registered {
        let mut clients = self.lock();
        let open = i64::try_from(clients.open.len()).unwrap_or(i64::MAX);
        if max < 0 || (max > 0 && open >= max) {
            return Registered::TooMany;
        }
        clients.open.insert(client.id, Arc::clone(client));
        Registered::Yes
    }

    /// Removes a client and remembers it.
    pub fn remove(
        &self,
        client: &Arc<Client>,
        reason: CloseReason,
        mut subscriptions: Vec<Arc<Subscription>>,
    ) {
        let subscription_count = subscriptions.len();
        subscriptions.truncate(CLOSED_SUBSCRIPTIONS_MAX);
        subscriptions.shrink_to_fit();
        let stopped = SystemTime::now();
        let client = Arc::clone(client);
        let closed = ClosedClient { client, stopped, reason, subscriptions, subscription_count };
        let mut clients = self.lock();
        clients.open.remove(&closed.client.id);
        clients.closed_total += 1;
        if self.closed_max == 0 {
            return;
        }
        let full = clients.closed.len() >= self.closed_max;
        let forgotten = if full { clients.closed.pop_front() } else { None };
        clients.closed.push_back(closed);
        drop(clients);
        drop(forgotten);
    }

    /// Connected clients.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().open.len()
    }

    /// No client is connected.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Clients that ever connected.
    #[must_use]
    pub fn accepted_total(&self) -> u64 {
        self.lock().accepted_total
    }

    /// Clients that were closed.
    #[must_use]
    pub fn closed_total(&self) -> u64 {
        self.lock().closed_total
    }

    /// A connected client.
    #[must_use]
    pub fn find(&self, id: ClientId) -> Option<Arc<Client>> {
        self.lock().open.get(&id).cloned()
    }

    /// All connected clients, oldest first.
    #[must_use]
    pub fn open(&self) -> Vec<Arc<Client>> {
        self.lock().open.values().cloned().collect()
    }

    /// Up to `max` connected clients that came after the client `after`, oldest first.
    #[must_use]
    pub fn open_after(&self, after: Option<ClientId>, max: usize) -> Vec<Arc<Client>> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let clients = self.lock();
        clients.open.range((from, Bound::Unbounded)).take(max).map(|(_, c)| Arc::clone(c)).collect()
    }

    /// Closed clients that are remembered.
    #[must_use]
    pub fn closed_len(&self) -> usize {
        self.lock().closed.len()
    }

    /// Up to `max` closed clients, oldest first, from the one on that was closed after `from`
    /// others; and where to go on. None at the end.
    #[must_use]
    pub fn closed_from(&self, from: u64, max: usize) -> Option<(Vec<ClosedClient>, u64)> {
        let clients = self.lock();
        let len = clients.closed.len();
        // The first that is still remembered has this number.
        let first = clients.closed_total - u64::try_from(len).unwrap_or(clients.closed_total);
        let from = from.max(first);
        let skip = usize::try_from(from - first).unwrap_or(len);
        let slice: Vec<_> = clients.closed.iter().skip(skip).take(max).cloned().collect();
        let next = from + u64::try_from(slice.len()).unwrap_or(0);
        (!slice.is_empty()).then_some((slice, next))
    }
}
