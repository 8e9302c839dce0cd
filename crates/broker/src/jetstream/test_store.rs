//! Streams as a shard has them, on a simulated disk, for tests.

use std::io::ErrorKind;
use std::sync::Arc;

use anabranch_jetstream::stream::Command;
use anabranch_log::Error;
use anabranch_log::disk::sim::{Fault, FaultKind};
use anabranch_log::disk::{Operation, SimDisk};
use anabranch_log::format::StreamId;
use anabranch_log::sealing::Secrets;

use super::files::Home;
use super::journal::{Journal, Logged, Opening};
use super::lazily::Eager;
use super::mending::{Mended, mend};
use super::recovery;
use super::saving;
use super::streams::{Ledger, Streams};

const SEED: u64 = 7;

/// Streams as a shard has them, without clients.
pub(super) struct Store {
    pub(super) disk: SimDisk,
    secrets: Option<Secrets>,
    eager: Eager,
    pub(super) streams: Streams,
    pub(super) ledger: Ledger,
    pub(super) journal: Journal,
}

impl Store {
    pub(super) fn open(disk: &SimDisk) -> Self {
        Self::open_with(disk, None)
    }

    /// With what is to be encrypted.
    pub(super) fn open_with(disk: &SimDisk, secrets: Option<Secrets>) -> Self {
        Self::open_reading(disk, secrets, Eager::default())
    }

    /// Reading no more than that at once.
    pub(super) fn open_reading(disk: &SimDisk, secrets: Option<Secrets>, eager: Eager) -> Self {
        Self::try_open(disk, secrets, eager).unwrap()
    }

    /// The same where it may fail.
    pub(super) fn try_open(
        disk: &SimDisk,
        secrets: Option<Secrets>,
        eager: Eager,
    ) -> Result<Self, Error> {
        let opening = Opening::on(Arc::new(disk.clone()), 1 << 16, secrets.as_ref())?;
        let (streams, ledger, journal) = recovery::recover(opening.reading(eager), SEED)?;
        Ok(Self { disk: disk.clone(), secrets, eager, streams, ledger, journal })
    }

    /// The program is killed and starts again.
    pub(super) fn reopen(self) -> Self {
        let (disk, secrets, eager) = (self.disk.clone(), self.secrets.clone(), self.eager);
        drop(self);
        disk.restart();
        Self::open_reading(&disk, secrets, eager)
    }

    pub(super) fn apply(
        &mut self,
        stream: StreamId,
        time: i64,
        command: Command<'_>,
    ) -> Result<(), Error> {
        let Self { streams, journal, .. } = self;
        journal.tell_outcomes(|id| streams.last_seq(id));
        journal.append(stream, time, &command)?;
        journal.commit()?;
        self.apply_logged(stream, time, command)
    }

    /// Applies what is durable.
    pub(super) fn apply_logged(
        &mut self,
        stream: StreamId,
        time: i64,
        command: Command<'_>,
    ) -> Result<(), Error> {
        let Self { streams, ledger, journal, .. } = self;
        let home: Home = journal.home(stream);
        recovery::apply(streams, ledger, home, &Logged { stream, time, command }, SEED)?;
        if let Some(held) = streams.get_mut(stream) {
            held.write();
            held.erase_noted();
        }
        Ok(())
    }

    pub(super) fn create(&mut self, name: &str) -> StreamId {
        self.create_with(name, "")
    }

    pub(super) fn create_with(&mut self, name: &str, config: &str) -> StreamId {
        let id = self.ledger.new_stream();
        let limits = "\"max_msgs\":-1,\"max_bytes\":-1,\"max_msg_size\":-1,\"max_consumers\":-1";
        let limits = format!("{limits},\"max_msgs_per_subject\":-1,\"storage\":\"file\"");
        let config = format!("{{\"name\":\"{name}\",{limits}{config}}}");
        self.apply(id, 1, Command::Create(config.as_bytes())).unwrap();
        id
    }

    pub(super) fn publish(&mut self, id: StreamId, body: &str) -> u64 {
        let command = Command::Publish { subject: b"a", headers: b"", body: body.as_bytes() };
        self.apply(id, 2, command).unwrap();
        self.streams.last_seq(id).unwrap()
    }

    pub(super) fn publish_all(&mut self, id: StreamId, numbers: std::ops::RangeInclusive<u64>) {
        for text in texts(numbers) {
            self.publish(id, &text);
        }
    }

    /// As nobody does who has the key.
    pub(super) fn publish_unsealed(&mut self, id: StreamId, body: &str) {
        let sealer = self.journal.replace_sealer(None);
        self.publish_silently(id, body);
        self.journal.replace_sealer(sealer);
    }

    /// Without an outcome before it.
    pub(super) fn publish_silently(&mut self, id: StreamId, body: &str) {
        let command = Command::Publish { subject: b"a", headers: b"", body: body.as_bytes() };
        self.journal.append(id, 2, &command).unwrap();
        self.journal.commit().unwrap();
    }

    pub(super) fn mend(&mut self, id: StreamId) -> Option<Mended> {
        mend(&mut self.streams, &self.journal, id, SEED)
    }

    pub(super) fn checkpoint(&mut self) -> Result<(), Error> {
        let Self { streams, ledger, journal, .. } = self;
        saving::save(streams, ledger, journal)
    }

    /// What was published and is not covered by a mark yet, is.
    pub(super) fn idle(&mut self) {
        let Self { streams, journal, .. } = self;
        journal.close(|id| streams.last_seq(id)).unwrap();
    }

    pub(super) fn body(&mut self, id: StreamId, seq: u64) -> Option<String> {
        let payload = self.streams.get_mut(id)?.load(seq)?;
        Some(String::from_utf8(payload.body.to_vec()).unwrap())
    }

    pub(super) fn bodies(&mut self, id: StreamId) -> Vec<String> {
        let last = self.streams.last_seq(id).unwrap();
        (1..=last).filter_map(|seq| self.body(id, seq)).collect()
    }

    pub(super) fn lost(&self, id: StreamId) -> Vec<u64> {
        let shown = self.streams.get(id).unwrap().trouble.losses.shown();
        shown.map(|lost| lost.messages).unwrap_or_default()
    }

    pub(super) fn is_offline(&self, id: StreamId) -> bool {
        self.streams.get(id).unwrap().is_offline()
    }

    /// The only segment of a stream.
    pub(super) fn segment(&self, id: StreamId) -> String {
        let files = self.disk.files(&format!("streams/1/{id}/"));
        assert_eq!(files.len(), 1);
        files[0].0.clone()
    }
}

pub(super) fn fails(operation: Operation, path: &str, kind: ErrorKind, is_lasting: bool) -> Fault {
    let kind = FaultKind::Error(kind);
    Fault { operation, path_prefix: path.to_owned(), after: 0, kind, is_lasting }
}

pub(super) fn texts(range: std::ops::RangeInclusive<u64>) -> Vec<String> {
    range.map(|number| format!("body{number:04}")).collect()
}
