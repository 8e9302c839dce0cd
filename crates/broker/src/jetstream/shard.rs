//! The thread that owns the streams. One turn takes what waits: commands are written to the log
//! with one sync for all, then applied in their order, and only then answered.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anabranch_jetstream::stream::Command;
use anabranch_jetstream::{ApiError, error};
use anabranch_log::Error;
use anabranch_log::format::StreamId;

use super::api;
use super::held::Held;
use super::journal::{Journal, Opening};
use super::outbox::Outbox;
use super::passing;
use super::publishing::{self, Message};
use super::recovery;
use super::streams::{Intake, Ledger, Streams};
use crate::error::StartError;
use crate::server::Server;
use crate::worker::{Delivered, Inbound, Inbox, Parcel};

/// Everything that the thread owns.
pub struct Shard {
    pub(super) intake: Intake,
    pub(super) streams: Streams,
    pub(super) ledger: Ledger,
    pub(super) journal: Journal,
    /// Nothing more is logged: from then on nothing is acknowledged.
    failed: bool,
    /// When something is due at the earliest, in nanoseconds since 1970; it may be too early.
    due: Option<i64>,
    /// Streams whose messages were kept and not written yet.
    touched: Vec<StreamId>,
}

/// A message of the turn, and why it could not be logged.
struct Pending<'a> {
    message: Inbound<'a>,
    refused: Option<ApiError>,
}

impl Shard {
    /// Reads what is stored and listens: from here on messages wait in the inbox.
    ///
    /// # Errors
    /// When stored data cannot be used.
    pub fn open(server: Arc<Server>, inbox: Arc<Inbox>) -> Result<Self, StartError> {
        let root = root(&server);
        log::info!("Starting JetStream");
        log::info!("  Store Directory: \"{}\"", root.display());
        let seed = server.seed();
        let opening = Opening::new(&root)?;
        let (streams, ledger, journal) = recovery::recover(opening, seed)?;
        let intake = Intake { server, inbox };
        let due = streams.next_deadline();
        let (failed, touched) = (false, Vec::new());
        let mut shard = Self { intake, streams, ledger, journal, failed, due, touched };
        let _ = shard.intake.listen("$JS.API.>", Intake::API, Vec::new());
        for held in shard.streams.iter_mut() {
            shard.intake.begin(held);
        }
        Ok(shard)
    }

    /// Serves until the inbox is closed and empty.
    pub fn run(mut self) {
        loop {
            let patience = self.idle();
            match self.intake.inbox.take(patience) {
                Delivered::Parcels(parcels) => self.turn(&parcels),
                Delivered::Nothing => {}
                Delivered::Closed => return self.close(),
            }
            self.tick();
            if self.journal.wants_checkpoint() {
                self.checkpoint();
            }
        }
    }

    /// What can be done while nothing waits; gives the time until something is due.
    fn idle(&mut self) -> Option<Duration> {
        let until = |due: i64| u64::try_from(due.saturating_sub(now())).unwrap_or(0);
        let due = self.due.map(|due| Duration::from_nanos(until(due)));
        let soon = if self.failed {
            None
        } else {
            match self.journal.idle() {
                Ok(soon) => soon,
                Err(error) => {
                    self.fail(&error);
                    None
                }
            }
        };
        due.into_iter().chain(soon).min()
    }

    fn turn(&mut self, parcels: &[Parcel]) {
        let now = now();
        let mut pending: Vec<Pending<'_>> = Vec::new();
        for message in parcels.iter().flat_map(Parcel::iter) {
            if message.recipient == Intake::API && api::is_structural(message.subject) {
                // Streams come and go between commits: what is checked is what is applied.
                self.settle(&mut pending, now);
                self.with_outbox(|shard, outbox| api::restructure(shard, &message, now, outbox));
                self.due = self.streams.next_deadline();
                continue;
            }
            let refused = self.log(&message, now).err();
            pending.push(Pending { message, refused });
        }
        self.settle(&mut pending, now);
    }

    /// Adds the message's command, if it is one, to the log.
    fn log(&mut self, message: &Inbound<'_>, now: i64) -> Result<(), ApiError> {
        if message.recipient == Intake::API {
            let strictness = self.intake.strictness();
            let Some(change) = api::change(&self.streams, message, strictness) else {
                return Ok(());
            };
            return self.append(change.stream, now, &change.command());
        }
        let Inbound { subject, headers, body, reply, .. } = *message;
        let command = Message { subject, headers, body, reply }.command();
        self.append(StreamId(message.recipient.0), now, &command)
    }

    /// Adds a command to the log, if the stream's commands are logged.
    ///
    /// # Errors
    /// What the client is told.
    pub(super) fn append(
        &mut self,
        id: StreamId,
        now: i64,
        command: &Command<'_>,
    ) -> Result<(), ApiError> {
        let Some(held) = self.streams.get(id).filter(|held| held.is_logged()) else {
            return Ok(());
        };
        if held.broken.is_some() || self.failed {
            return Err(error::store_failed("the stream's storage has failed"));
        }
        let logged = self.journal.append(id, now, command);
        logged.map_err(|error| {
            if let Error::Poisoned(_) = &error {
                self.fail(&error);
            }
            error::store_failed(error)
        })
    }

    /// Makes what is pending durable, then applies and answers it.
    fn settle(&mut self, pending: &mut Vec<Pending<'_>>, now: i64) {
        if let Err(error) = self.journal.commit() {
            // What was under way is neither acknowledged nor refused: nobody knows.
            self.fail(&error);
            pending.clear();
        }
        if pending.is_empty() {
            return;
        }
        self.with_outbox(|shard, outbox| shard.apply_all(pending, now, outbox));
    }

    fn with_outbox(&mut self, work: impl FnOnce(&mut Self, &mut Outbox<'_>)) {
        let server = Arc::clone(&self.intake.server);
        server.workers.with(|worker| {
            let mut outbox = Outbox::new(&server, worker);
            work(self, &mut outbox);
            outbox.flush();
        });
    }

    fn apply_all(&mut self, pending: &mut Vec<Pending<'_>>, now: i64, outbox: &mut Outbox<'_>) {
        for Pending { message, refused } in pending.drain(..) {
            if message.recipient == Intake::API {
                api::answer(self, &message, refused, outbox);
                continue;
            }
            // A stream that is gone no longer answers, as if nobody had listened.
            let Some(held) = self.streams.get_mut(StreamId(message.recipient.0)) else { continue };
            match refused {
                None => publishing::apply(held, &message, now, outbox),
                Some(error) => publishing::refuse(held, &message, &error, outbox),
            }
            if self.touched.last() != Some(&held.id) {
                self.touched.push(held.id);
            }
        }
        for id in std::mem::take(&mut self.touched) {
            if let Some(held) = self.streams.get_mut(id) {
                held.write();
                self.due = self.due.into_iter().chain(held.machine.next_deadline()).min();
            }
        }
    }

    /// Lets time pass for streams with something due.
    fn tick(&mut self) {
        let now = now();
        if self.due.is_none_or(|due| due > now) {
            return;
        }
        let is_due = |held: &Held| held.machine.next_deadline().is_some_and(|due| due <= now);
        let due: Vec<StreamId> =
            self.streams.iter().filter(|held| is_due(held)).map(|held| held.id).collect();
        for &id in &due {
            let logged = self.streams.get(id).is_some_and(Held::is_logged);
            if logged && let Err(error) = self.journal.append(id, now, &Command::Tick) {
                return self.fail(&error);
            }
        }
        if let Err(error) = self.journal.commit() {
            return self.fail(&error);
        }
        self.with_outbox(|shard, outbox| {
            for id in due {
                if let Some(held) = shard.streams.get_mut(id) {
                    passing::tick(held, now, &mut |held, stored| {
                        publishing::republish(held, stored, outbox);
                    });
                    held.write();
                }
            }
        });
        self.due = self.streams.next_deadline();
    }

    /// Saves the state, so that the log before it is no longer needed.
    fn checkpoint(&mut self) {
        let Self { streams, ledger, journal, .. } = self;
        match journal.checkpoint(|writer| recovery::save(streams, ledger, writer)) {
            Ok(()) => recovery::reclaim(streams, ledger, journal),
            Err(error) => log::error!("JetStream checkpoint failed: {error}"),
        }
    }

    fn close(mut self) {
        if self.failed {
            return;
        }
        if self.journal.has_changed() {
            self.checkpoint();
        }
        if let Err(error) = self.journal.close() {
            log::error!("JetStream: {error}");
        }
    }

    /// Storage failed: nothing is acknowledged from now on. What is there can still be read.
    #[cold]
    fn fail(&mut self, error: &Error) {
        if !self.failed {
            log::error!("JetStream has stopped: {error}");
            self.failed = true;
        }
    }

    /// Adds the command that makes or ends a stream to the log, and makes it durable.
    ///
    /// # Errors
    /// What the client is told.
    pub(super) fn log_now(
        &mut self,
        id: StreamId,
        now: i64,
        command: &Command<'_>,
    ) -> Result<(), ApiError> {
        if self.failed {
            return Err(error::store_failed("the storage has failed"));
        }
        let logged = self.journal.append(id, now, command).and_then(|()| self.journal.commit());
        logged.map_err(|error| {
            if let Error::Poisoned(_) = &error {
                self.fail(&error);
            }
            error::store_failed(error)
        })
    }
}

/// Where streams are kept: beside the directory that nats-server would use, whose files are its
/// own.
fn root(server: &Server) -> PathBuf {
    let temporary = || {
        log::warn!("Temporary storage directory used, data could be lost on system reboot");
        std::env::temp_dir().join("nats")
    };
    server.options.store_dir.clone().unwrap_or_else(temporary).join("anabranch")
}

/// Nanoseconds since 1970.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}
