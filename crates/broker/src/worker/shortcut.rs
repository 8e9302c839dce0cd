//! Messages for a thread of the server's own that need not go there: whoever publishes them has
//! them answered on the spot. Not what they mean.

use std::fmt::Debug;
use std::sync::Arc;

use anabranch_nats::codec::Publication;

use super::deliver::Publisher;
use super::pool::Worker;
use crate::client::Subscription;

/// Answers messages of a subscription to a thread, where that is the same as if the thread did.
pub trait Shortcut: Debug + Send + Sync {
    /// Takes the message and stages its answer, or leaves both to the thread.
    fn try_take(&self, worker: &mut Worker, errand: &mut Errand<'_>) -> Taken;
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It was answered.
    Here,
    /// Nothing was done.
    NotHere,
    /// Nothing was done, and what its publisher sends next need not come behind it.
    Apart,
}

/// Whether what the same publisher sends next is to come behind a message for a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// It is.
    Kept,
    /// It does not matter.
    Free,
}

/// A message for a thread.
pub struct Errand<'a> {
    /// Who publishes it.
    pub publisher: &'a Publisher<'a>,
    /// The message.
    pub message: &'a Publication<'a>,
    /// The subscription that it is for.
    pub subscription: &'a Arc<Subscription>,
    /// Subscriptions that got their last message are added.
    pub ended: &'a mut Vec<Arc<Subscription>>,
}
