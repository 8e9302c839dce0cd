//! The thread that keeps the streams, from start to stop.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use anabranch_config::options::JetStream as Options;

use super::capacity::Capacity;
use super::figures::Figures;
use super::questions::Questions;
use super::shard::Shard;
use crate::error::StartError;
use crate::server::Server;
use crate::worker::{Bounds, Inbox};

/// The running JetStream of a server.
pub struct JetStream {
    inbox: Arc<Inbox>,
    thread: Mutex<Option<JoinHandle<()>>>,
    pub(super) questions: Arc<Questions>,
    figures: Arc<Figures>,
    capacity: Capacity,
    store_dir: PathBuf,
}

impl JetStream {
    /// Starts it: recovers what is on disk, then serves. Blocks until it was recovered.
    ///
    /// # Errors
    /// When the directory cannot be used, or what it holds cannot be read.
    pub fn start(server: &Arc<Server>, options: &Options) -> Result<Self, StartError> {
        let inbox = Arc::new(Inbox::new(bounds(options)));
        let store_dir = root(server);
        let questions = Arc::new(Questions::new(Arc::clone(&inbox)));
        let shard = Shard::open(Arc::clone(server), &questions, options, &store_dir)?;
        let (figures, capacity) = (Arc::clone(&shard.figures), shard.capacity);
        let thread = std::thread::Builder::new()
            .name("shard".to_owned())
            .spawn(move || run(shard))
            .map_err(|source| StartError::Thread { what: "shard", source })?;
        let thread = Mutex::new(Some(thread));
        Ok(Self { inbox, thread, questions, figures, capacity, store_dir })
    }

    /// Takes nothing more in; what came before is still done.
    pub fn close(&self) {
        self.inbox.close();
    }

    /// Ends it, when everything that came before is done. Blocks until then.
    pub fn stop(&self) {
        self.close();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            log::error!("JetStream ended by a panic");
        }
    }

    /// What is measured.
    #[must_use]
    pub fn figures(&self) -> &Figures {
        &self.figures
    }

    /// What streams may use.
    #[must_use]
    pub fn capacity(&self) -> Capacity {
        self.capacity
    }

    /// Where streams are kept.
    #[must_use]
    pub fn store_dir(&self) -> &Path {
        &self.store_dir
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

/// The thread. What it panics with ends JetStream and nothing else, and everybody is told.
fn run(shard: Shard) {
    let (figures, inbox) = (Arc::clone(&shard.figures), Arc::clone(&shard.intake.inbox));
    let lending = Arc::clone(&shard.lending);
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| shard.run())) {
        log::error!("JetStream has stopped by a panic; nothing is acknowledged any more");
        figures.failed.store(true, Ordering::Relaxed);
        inbox.forsake();
        lending.end();
        resume_unwind(panic);
    }
}

fn bounds(options: &Options) -> Bounds {
    let size = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    Bounds {
        bytes: size(options.buffered_bytes_max),
        messages: options.buffered_messages_max.map_or(usize::MAX, size),
    }
}
