//! What a session asks of the server around it.

use crate::codec::{Op, Publication};
use crate::connect::ConnectOptions;

/// Why credentials are being judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// The client's first CONNECT.
    First,
    /// A later CONNECT; its subscriptions were dropped before.
    Again,
    /// An operation came before any CONNECT, and a default user exists (`no_auth_user`).
    WithoutConnect,
}

/// The judgement of credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The client is who it says.
    Accepted {
        /// The user may not do everything: [`Host::may_publish`] and [`Host::may_subscribe`]
        /// must be asked.
        restricted: bool,
    },
    /// It is not.
    Refused,
    /// Not known yet: [`super::Session::resume`] will tell.
    Pending,
}

/// Whether a message found a receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// At least one.
    Delivered,
    /// None.
    NoReceiver,
}

/// The outcome of SUB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subscribed {
    /// New.
    Added,
    /// The sid was in use: the first subscription stays.
    Duplicate,
    /// The subject is malformed.
    InvalidSubject,
}

/// Something worth a line in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report<'a> {
    /// Wrong or missing credentials.
    AuthorizationViolation,
    /// No CONNECT in time.
    AuthenticationTimeout,
    /// A publish that was refused.
    PublishViolation(&'a [u8]),
    /// A publish whose reply was refused.
    ReplyViolation(&'a [u8]),
    /// A subscription that was refused: subject, queue, sid.
    SubscriptionViolation(&'a [u8], Option<&'a [u8]>, &'a [u8]),
    /// A subscription with too many tokens: subject, sid.
    TooManyTokens(&'a [u8], &'a [u8]),
    /// The subscription limit was reached.
    TooManySubscriptions,
    /// A message over the limit: its size and the limit, in bytes.
    PayloadViolation(u32, u32),
    /// A line over the limit.
    ControlLineViolation,
    /// Bytes that are not the protocol; the first of them.
    ParseError(&'a [u8]),
    /// An operation with arguments that mean nothing.
    BadArguments {
        /// What is wrong, in nats-server's words.
        what: &'static str,
        /// The operation, as the client wrote it.
        name: &'a [u8],
        /// Its arguments, as the client wrote them.
        arguments: &'a [u8],
    },
    /// HPUB though one side does not support headers: the operation and its arguments.
    HeadersNotSupported(&'a [u8], &'a [u8]),
    /// The client sent `-ERR` with this text.
    ClientError(&'a [u8]),
    /// CONNECT that could not be read.
    BadConnect,
    /// The client no longer answers.
    Stale,
}

/// The server around one session. Calls come in the order of the client's operations.
pub trait Host {
    /// Appends bytes to what this client will read, behind everything before.
    fn write(&mut self, bytes: &[u8]);

    /// Judges the credentials in `options`.
    fn authenticate(&mut self, options: &ConnectOptions, attempt: Attempt) -> Verdict;

    /// CONNECT is accepted: its options hold from now on.
    fn connected(&mut self, options: &ConnectOptions);

    /// Writes the INFO that follows the first PONG.
    fn write_connect_info(&mut self);

    /// Whether the user may publish to `subject`.
    fn may_publish(&mut self, subject: &[u8]) -> bool;

    /// Whether the user may subscribe to `subject`, in `queue`.
    fn may_subscribe(&mut self, subject: &[u8], queue: Option<&[u8]>) -> bool;

    /// A message came, whatever becomes of it.
    fn count(&mut self, message: &Publication<'_>);

    /// Routes a message to its receivers.
    fn publish(&mut self, message: &Publication<'_>) -> Delivery;

    /// The sid of a plain subscription of this client that receives `reply`, if it has one.
    fn sid_receiving(&mut self, reply: &[u8], sid: &mut Vec<u8>) -> bool;

    /// Adds a subscription.
    fn subscribe(&mut self, subject: &[u8], queue: Option<&[u8]>, sid: &[u8]) -> Subscribed;

    /// How many subscriptions this client has.
    fn subscription_count(&self) -> usize;

    /// Ends a subscription now or after `max` deliveries since it began; unknown sids are
    /// ignored.
    fn unsubscribe(&mut self, sid: &[u8], max: Option<u32>);

    /// Ends all subscriptions.
    fn unsubscribe_all(&mut self);

    /// So much is staged that it must be written before more is read: [`super::Session::input`]
    /// stops after the operation at hand.
    fn saturated(&self) -> bool {
        false
    }

    /// Tells the log.
    fn report(&mut self, what: Report<'_>);

    /// The protocol is traced: [`Host::trace`] is called for each operation.
    fn tracing(&self) -> bool {
        false
    }

    /// An operation came.
    fn trace(&mut self, _op: &Op<'_>) {}
}
