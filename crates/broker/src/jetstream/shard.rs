//! The thread that owns the streams. One turn takes what waits: commands are written to the log
//! with one sync for all, then applied in their order, and only then answered.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

use anabranch_config::options::JetStream as Options;
use anabranch_jetstream::advisory::StreamAction;
use anabranch_jetstream::stream::Command;
use anabranch_jetstream::{ApiError, error};
use anabranch_log::Error;
use anabranch_log::format::StreamId;

use super::announcing::announce;
use super::api;
use super::batch_limits::Batches;
use super::capacity::{Capacity, Room};
use super::compacting::Compactor;
use super::consuming::Consuming;
use super::draining::Draining;
use super::figures::Figures;
use super::held::Held;
use super::journal::{Journal, Opening, is_out_of_space};
use super::lending::Lending;
use super::outbox::Outbox;
use super::parked::PURGES_MAX;
use super::payloads::MemoryPayloads;
use super::pulling::{Pipes, pull};
use super::questions::Questions;
use super::recovery;
use super::sealing;
use super::shelf::Hand;
use super::space::{self, Space};
use super::streams::{Intake, Ledger, Streams};
use super::studies::Studies;
use super::transfers::{self, Transfers};
use super::turn_size::TurnSize;
use crate::error::StartError;
use crate::server::Server;
use crate::worker::{Delivered, Inbound, Parcel};

/// Everything that the thread owns.
pub struct Shard {
    pub(super) intake: Intake,
    pub(super) streams: Streams,
    pub(super) ledger: Ledger,
    pub(super) journal: Journal,
    pub(super) figures: Arc<Figures>,
    pub(super) capacity: Capacity,
    pub(super) batches: Batches,
    /// Who takes from whom.
    pub(super) pipes: Pipes,
    /// Backups and restores that are under way.
    pub(super) transfers: Transfers,
    /// What happened to streams and was not told yet.
    pub(super) news: Vec<(String, StreamAction)>,
    pub(super) room: Room,
    pub(super) space: Space,
    /// When streams are looked after again whose files found no space.
    pub(super) mend_again: Option<Instant>,
    requests_max: usize,
    questions: Arc<Questions>,
    /// Nothing more is logged: from then on nothing is acknowledged.
    pub(super) failed: bool,
    /// Something that was added to the log must be durable before it is answered.
    needs_sync: bool,
    /// When something is due at the earliest, in nanoseconds since 1970; it may be too early.
    pub(super) due: Option<i64>,
    /// The stream for which time passed last.
    pub(super) ticked: String,
    /// Streams whose messages were kept and not written yet.
    pub(super) touched: Vec<StreamId>,
    /// Streams that are busy, or for which something waits because they were.
    pub(super) parked: VecDeque<StreamId>,
    /// How much waits for them.
    pub(super) draining: Draining,
    /// Requests that were dropped, and that was not told yet.
    pub(super) dropped: usize,
    /// Payloads of memory streams that nobody needs any more, freed bit by bit.
    pub(super) litter: Vec<MemoryPayloads>,
    /// What is looked at elsewhere.
    pub(super) studies: Studies,
    /// Writes sparse segments anew.
    pub(super) compactor: Compactor,
    /// Where the streams are lent to readers.
    pub(super) lending: Arc<Lending>,
    /// Answers those that only read, from what is lent.
    pub(super) aside: Arc<api::Aside>,
    /// Consumers with something to do.
    pub(super) consuming: Consuming,
    /// What was taken out of the inbox and comes in the next turns.
    backlog: VecDeque<Parcel>,
    /// Messages of the backlog's first parcel that were taken.
    taken: usize,
    turn_size: TurnSize,
    /// Requests in the backlog are dropped.
    drops_requests: bool,
    /// Which segments are closed next, if many are open.
    pub(super) hand: Hand,
}

/// Bytes of the messages of one turn.
const BYTES_AT_ONCE: usize = 4 * 1024 * 1024;

/// A message of the turn, whether it waits in the log, and why it could not be logged.
pub(super) struct Pending<'a> {
    pub(super) message: Inbound<'a>,
    is_logged: bool,
    pub(super) refused: Option<ApiError>,
}

impl Shard {
    /// Reads what is stored and listens: from here on messages wait in the inbox.
    ///
    /// # Errors
    /// When stored data cannot be used.
    pub fn open(
        server: Arc<Server>,
        questions: &Arc<Questions>,
        options: &Options,
        root: &Path,
    ) -> Result<Self, StartError> {
        log::info!("Starting JetStream");
        let begun = Instant::now();
        let seed = server.seed();
        let unusable = |error| StartError::JetStream { directory: root.to_owned(), error };
        let message_max = u64::from(server.options.limits.payload_max);
        let secrets = options.encryption.as_ref().map(sealing::secrets);
        let mut opening = Opening::new(root, message_max, secrets.as_ref()).map_err(unusable)?;
        opening.watch(&server.recovery);
        let capacity = Capacity::of(options, opening.facts().free_bytes);
        announce(options, capacity, root, &opening);
        let (streams, ledger, mut journal) = recovery::recover(opening, seed).map_err(unusable)?;
        let due = streams.next_deadline();
        let figures = Arc::<Figures>::default();
        journal.observe(&figures);
        let space = Space::new(journal.disk());
        let studies = Studies::start(Arc::clone(questions.inbox()))
            .map_err(|source| StartError::Thread { what: "studies", source })?;
        let compactor = Compactor::start(journal.disk(), Arc::clone(questions.inbox()))
            .map_err(|source| StartError::Thread { what: "compaction", source })?;
        let consuming = Consuming::new(questions.inbox());
        let intake = Intake { server, inbox: Arc::clone(questions.inbox()) };
        let lending = Arc::<Lending>::default();
        let aside = Arc::new(api::Aside::new(&intake, &lending));
        let mut shard = Self {
            intake,
            streams,
            ledger,
            journal,
            figures,
            capacity,
            batches: Batches::new(&options.limits.batch),
            pipes: Pipes::default(),
            transfers: Transfers::default(),
            news: Vec::new(),
            room: Room::new(capacity),
            space,
            mend_again: None,
            requests_max: usize::try_from(options.requests_max).unwrap_or(usize::MAX),
            questions: Arc::clone(questions),
            failed: false,
            needs_sync: false,
            due,
            ticked: String::new(),
            touched: Vec::new(),
            parked: VecDeque::new(),
            draining: Draining::default(),
            dropped: 0,
            litter: Vec::new(),
            studies,
            compactor,
            lending,
            aside,
            consuming,
            backlog: VecDeque::new(),
            taken: 0,
            turn_size: TurnSize::default(),
            drops_requests: false,
            hand: Hand::default(),
        };
        log::info!("Took {:?} to start JetStream", begun.elapsed());
        shard.begin();
        Ok(shard)
    }

    /// Listens from now on.
    fn begin(&mut self) {
        self.intake.begin_api(&self.aside);
        for held in self.streams.iter_mut() {
            self.intake.begin(held);
        }
        self.serve_stored();
    }

    /// Serves until the inbox is closed and empty.
    pub fn run(mut self) {
        loop {
            if self.backlog.is_empty() {
                let patience = self.idle();
                match self.wait_for_messages(patience) {
                    Delivered::Parcels(parcels) => self.receive(parcels),
                    Delivered::Nothing => {}
                    Delivered::Closed => return self.close(),
                }
            }
            let begun = Instant::now();
            self.space.begin(now(), self.journal.reserve());
            if !self.backlog.is_empty() {
                self.compactor.note_traffic();
                self.take_turn();
            }
            self.tick();
            // What comes from streams and backups waits for room like messages do.
            self.wait_for_room();
            pull(&mut self);
            self.tell_findings();
            if self.transfers.has_work(Instant::now()) {
                self.with_outbox(transfers::advance);
            }
            self.resume();
            self.tell_findings();
            self.consume();
            for question in self.questions.take() {
                question(&mut self);
            }
            self.mend();
            self.compact();
            self.close_segments();
            self.tell_lack();
            self.sync_if_due();
            self.look_after_checkpoints();
            self.journal.show_usage();
            self.figures.turns.add(begun.elapsed().saturating_sub(self.journal.take_waited()));
        }
    }

    /// What can be done while nothing waits; gives the time until something is due.
    fn idle(&mut self) -> Option<Duration> {
        let until = |due: i64| u64::try_from(due.saturating_sub(now())).unwrap_or(0);
        let pull = if self.failed { None } else { self.pipes.due(&self.streams) };
        let consumers = self.consumers_due();
        let due = self.due.filter(|_| !self.failed);
        let due = due.into_iter().chain(pull).chain(consumers).min();
        let due = due.map(|due| Duration::from_nanos(until(due)));
        if self.has_work() || (self.consuming.has_work() && !self.failed) {
            return Some(Duration::ZERO);
        }
        let soon = if self.failed {
            None
        } else {
            let Self { journal, streams, .. } = self;
            match journal.idle(|id| streams.last_seq(id)) {
                Ok(soon) => soon,
                Err(error) => {
                    self.fail(&error);
                    None
                }
            }
        };
        let hopes = match self.could_free_space() {
            true => Some(Duration::ZERO),
            false => self.space.is_low().then_some(space::PATIENCE),
        };
        let now = Instant::now();
        let transfers = self.transfers.patience(now);
        let compaction = if self.failed { None } else { self.compactor.patience(now) };
        let logs = self.consuming.patience(now);
        let others = hopes.into_iter().chain(transfers).chain(compaction).chain(logs);
        due.into_iter().chain(soon).chain(others).min()
    }

    /// Takes everything that waited.
    fn receive(&mut self, parcels: Vec<Parcel>) {
        self.drops_requests = self.has_too_many_requests(&parcels);
        self.backlog = parcels.into();
    }

    /// As much of what waited as one turn can do.
    fn take_turn(&mut self) {
        let backlog = std::mem::take(&mut self.backlog);
        let waiting = backlog.iter().flat_map(Parcel::iter).skip(self.taken);
        let begun = Instant::now();
        let waited = self.journal.waited();
        let count = self.turn(waiting.take(self.draining.share(self.turn_size.messages())));
        let waited = self.journal.waited().saturating_sub(waited);
        self.turn_size.note(count, begun.elapsed().saturating_sub(waited));
        self.taken += count;
        self.backlog = backlog;
        while let Some(first) = self.backlog.front()
            && first.len() <= self.taken
        {
            self.taken -= first.len();
            self.backlog.pop_front();
            self.lending.note_done();
        }
    }

    /// Takes messages in; gives how many.
    fn turn<'a>(&mut self, messages: impl Iterator<Item = Inbound<'a>>) -> usize {
        let now = now();
        let drops_requests = self.drops_requests;
        self.wait_for_room();
        let (mut count, mut bytes, mut purges, mut counts) = (0, 0, 0, 0);
        let mut pending: Vec<Pending<'_>> = Vec::new();
        for message in messages {
            count += 1;
            bytes += message.headers.len() + message.body.len();
            let is_request = message.recipient == Intake::API;
            if is_request && (drops_requests || self.drops(&message)) {
                continue;
            }
            if message.recipient == Intake::TRANSFERS {
                self.transfers.take(&message);
                continue;
            }
            if Streams::consumer_of(message.recipient).is_some() {
                // What it does is logged when it is known.
                pending.push(Pending { message, is_logged: false, refused: None });
                if bytes > self.draining.share(BYTES_AT_ONCE) {
                    break;
                }
                continue;
            }
            if self.room.wants_settling() {
                self.settle(&mut pending, now);
            }
            if is_request && api::is_structural(message.subject, self.intake.domain()) {
                // Streams come and go between commits: what is checked is what is applied.
                self.settle(&mut pending, now);
                self.with_outbox(|shard, outbox| shard.restructure(&message, now, outbox));
                continue;
            }
            if is_request && api::is_purge(message.subject, self.intake.domain()) {
                purges += 1;
                if purges % PURGES_MAX == 0 {
                    // It is seen how many of them wait.
                    self.settle(&mut pending, now);
                }
            }
            if !is_request && self.must_count_batches(&message, counts) {
                counts += 1;
                self.settle(&mut pending, now);
                self.count_batches(&message);
            }
            let before = self.journal.gathered();
            let refused = self.log(&message, now).err();
            let is_logged = self.journal.gathered() > before;
            pending.push(Pending { message, is_logged, refused });
            if bytes > self.draining.share(BYTES_AT_ONCE) {
                break;
            }
        }
        self.settle(&mut pending, now);
        self.tell_dropped();
        count
    }

    /// So many requests wait that all of them are dropped, as nats-server does.
    fn has_too_many_requests(&mut self, parcels: &[Parcel]) -> bool {
        if parcels.iter().map(Parcel::len).sum::<usize>() < self.requests_max {
            return false;
        }
        let messages = parcels.iter().flat_map(Parcel::iter);
        let waiting = messages.filter(|message| message.recipient == Intake::API).count();
        if waiting < self.requests_max {
            return false;
        }
        self.dropped += waiting;
        self.tell_dropped();
        true
    }

    /// Adds to the log where streams stand, if it is time for that.
    pub(super) fn tell_outcomes(&mut self) {
        // What waits is in the log, and not applied.
        if !self.parked.is_empty() {
            return;
        }
        let Self { journal, streams, .. } = self;
        journal.tell_outcomes(|id| streams.last_seq(id));
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
        if held.is_offline() || self.failed {
            return Err(error::store_failed("the stream's storage has failed"));
        }
        let is_publish = matches!(command, Command::Publish { .. } | Command::PublishFast { .. });
        self.needs_sync |= !(is_publish && held.is_async());
        self.tell_outcomes();
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
        let committed = match std::mem::take(&mut self.needs_sync) {
            true => self.wait_for_commit(),
            false => self.journal.write(),
        };
        match committed {
            Ok(()) => {}
            Err(error) if is_out_of_space(&error) => self.refuse_logged(pending),
            Err(error) => {
                // What was under way is neither acknowledged nor refused: nobody knows.
                self.fail(&error);
                pending.clear();
            }
        }
        self.space.settled();
        if !pending.is_empty() {
            self.with_outbox(|shard, outbox| shard.apply_all(pending, now, outbox));
        }
        self.room.settled();
    }

    /// The log has nothing of what was added to it.
    #[cold]
    fn refuse_logged(&mut self, pending: &mut [Pending<'_>]) {
        self.ran_out();
        for one in pending.iter_mut().filter(|one| one.is_logged) {
            one.refused = Some(error::INSUFFICIENT_RESOURCES);
        }
    }

    pub(super) fn with_outbox(&mut self, work: impl FnOnce(&mut Self, &mut Outbox<'_>)) {
        let server = Arc::clone(&self.intake.server);
        server.workers.with(|worker| {
            let mut outbox = Outbox::new(&server, worker);
            work(self, &mut outbox);
            outbox.flush();
        });
    }

    /// Nothing more is logged.
    #[must_use]
    pub(super) fn has_failed(&self) -> bool {
        self.failed
    }

    /// Makes durable what was added to the log; false when that failed, or there was no space and
    /// nothing of it is there.
    pub(super) fn commit(&mut self) -> bool {
        let committed = self.journal.commit();
        match &committed {
            Ok(()) => {}
            Err(error) if is_out_of_space(error) => self.ran_out(),
            Err(error) => self.fail(error),
        }
        committed.is_ok()
    }

    /// Makes durable what was acknowledged without that, if it is time, however much is to be done.
    fn sync_if_due(&mut self) {
        if !self.failed
            && let Err(error) = self.journal.sync_if_due()
        {
            self.fail(&error);
        }
    }

    /// The log had no space for what was added to it, and has nothing of it.
    #[cold]
    pub(super) fn ran_out(&mut self) {
        self.space.ran_out();
        self.space.complain();
    }

    /// A stream took messages from others.
    pub(super) fn took(&mut self, id: StreamId, name: &str) {
        self.room.settled();
        self.pipes.wake(name);
        let held = self.streams.get(id);
        if let Some(held) = held {
            self.consuming.stir(held);
        }
        let deadline = held.and_then(|held| held.machine.next_deadline());
        if held.is_some_and(Held::is_offline) {
            self.streams.note_failure();
        }
        self.due = self.due.into_iter().chain(deadline).min();
    }

    fn close(mut self) {
        self.stop_serving_everybody();
        if self.failed {
            return;
        }
        self.checkpoint_at_end();
        self.tell_findings();
        let Self { journal, streams, .. } = &mut self;
        if let Err(error) = journal.close(|id| streams.last_seq(id)) {
            log::error!("JetStream: {error}");
        }
    }

    /// Storage failed: nothing is acknowledged from now on. What is there can still be read.
    #[cold]
    pub(super) fn fail(&mut self, error: &Error) {
        if !self.failed {
            log::error!("JetStream has stopped: {error}");
            self.failed = true;
            self.figures.failed.store(true, Ordering::Relaxed);
        }
    }

    /// What was appended is applied, or was given up.
    pub(super) fn settled(&mut self) {
        self.room.settled();
    }

    /// Something may be due earlier than was known.
    pub(super) fn look_at_deadlines(&mut self) {
        self.due = self.streams.next_deadline();
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
        self.tell_outcomes();
        let logged = self.journal.append(id, now, command).and_then(|()| self.journal.commit());
        logged.map_err(|error| match error {
            error if is_out_of_space(&error) => {
                self.ran_out();
                error::STORAGE_INSUFFICIENT
            }
            error => {
                if let Error::Poisoned(_) = &error {
                    self.fail(&error);
                }
                error::store_failed(error)
            }
        })
    }
}

/// Nanoseconds since 1970.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}
