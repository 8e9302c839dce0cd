//! The thread that keeps the streams, from start to stop.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::shard::Shard;
use crate::error::StartError;
use crate::server::Server;
use crate::worker::Inbox;

/// Bytes that may wait for the shard, unless `max_buffered_size` says otherwise.
const INBOX_BYTES_MAX: usize = 128 * 1024 * 1024;

/// The running JetStream of a server.
pub struct JetStream {
    inbox: Arc<Inbox>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl JetStream {
    /// Starts it: recovers what is on disk, then serves.
    ///
    /// # Errors
    /// When the directory cannot be used, or what it holds cannot be read.
    pub fn start(server: &Arc<Server>) -> Result<Self, StartError> {
        let inbox = Arc::new(Inbox::new(INBOX_BYTES_MAX));
        let shard = Shard::open(Arc::clone(server), Arc::clone(&inbox))?;
        let thread = std::thread::Builder::new()
            .name("shard".to_owned())
            .spawn(move || shard.run())
            .map_err(|source| StartError::Thread { what: "shard", source })?;
        Ok(Self { inbox, thread: Mutex::new(Some(thread)) })
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
}
