//! Questions about a stream that take long: another thread looks at a copy, which shares what
//! does not change, and the shard sends what it found.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use super::outbox::Outbox;
use super::shard::Shard;
use super::waiting::Waiting;
use crate::worker::{Inbound, Inbox};

/// Questions that wait; who asks more is answered by the shard itself, however long it takes.
const WAITING_MAX: usize = 32;

/// What is to be done on the thread.
pub type Study = Box<dyn FnOnce() -> Finding + Send>;
/// What the shard does with what was found.
pub type Finding = Box<dyn FnOnce(&mut Shard, &mut Outbox<'_>) + Send>;

/// The thread that looks.
pub struct Studies {
    jobs: Option<SyncSender<Study>>,
    found: Receiver<Finding>,
    thread: Option<JoinHandle<()>>,
}

impl Studies {
    /// Starts the thread, for the owner of `inbox`.
    ///
    /// # Errors
    /// When the system has none.
    pub fn start(inbox: Arc<Inbox>) -> std::io::Result<Self> {
        let (jobs, todo) = sync_channel::<Study>(WAITING_MAX);
        let (finished, found) = sync_channel(WAITING_MAX);
        let work = move || {
            while let Ok(study) = todo.recv() {
                if finished.send(study()).is_err() {
                    return;
                }
                inbox.wake();
            }
        };
        let thread = std::thread::Builder::new().name("studies".to_owned()).spawn(work)?;
        Ok(Self { jobs: Some(jobs), found, thread: Some(thread) })
    }

    /// Begins one; gives it back if too many wait.
    ///
    /// # Errors
    /// The study.
    pub fn begin(&self, study: Study) -> Result<(), Study> {
        let Some(jobs) = &self.jobs else { return Err(study) };
        jobs.try_send(study).map_err(|refused| match refused {
            std::sync::mpsc::TrySendError::Full(study)
            | std::sync::mpsc::TrySendError::Disconnected(study) => study,
        })
    }

    /// Something that was found.
    #[must_use]
    pub fn take(&self) -> Option<Finding> {
        self.found.try_recv().ok()
    }
}

impl Drop for Studies {
    fn drop(&mut self) {
        self.jobs = None;
        // It must not wait for somebody to take what it found.
        while self.found.recv().is_ok() {}
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            log::error!("The thread that looks at streams ended by a panic");
        }
    }
}

impl Shard {
    /// Has something looked at; here and now if too much waits.
    fn study(&mut self, study: Study, outbox: &mut Outbox<'_>) {
        if let Err(study) = self.studies.begin(study) {
            study()(self, outbox);
        }
    }

    /// Has something looked for beside the shard; then `tell` answers the request that asked.
    pub(super) fn look_later<T: Send + 'static>(
        &mut self,
        request: &Inbound<'_>,
        look: impl FnOnce() -> T + Send + 'static,
        tell: impl FnOnce(&mut Self, &Inbound<'_>, T, &mut Outbox<'_>) + Send + 'static,
        outbox: &mut Outbox<'_>,
    ) {
        let waiting = Waiting::of(request);
        let study = move || -> Finding {
            let found = look();
            Box::new(move |shard, outbox| tell(shard, &waiting.inbound(), found, outbox))
        };
        self.study(Box::new(study), outbox);
    }

    /// Sends what was found.
    pub(super) fn tell_findings(&mut self) {
        while let Some(finding) = self.studies.take() {
            self.with_outbox(|shard, outbox| finding(shard, outbox));
        }
    }
}
