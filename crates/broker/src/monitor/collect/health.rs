//! What `/healthz` must know of streams.

use std::sync::atomic::Ordering;

use crate::jetstream::JetStream;
use crate::monitor::healthz::{Found, Health, Streams};
use crate::server::Server;

/// The server as `/healthz` sees it.
pub(in crate::monitor) fn health(server: &Server) -> Health<'_> {
    let streams = server.jetstream.get().map(|jetstream| jetstream as &dyn Streams);
    let account = server.account.name();
    Health { phase: server.phase(), account, streams }
}

impl Streams for JetStream {
    fn failed(&self) -> bool {
        self.figures().failed.load(Ordering::Relaxed)
    }

    fn is_empty(&self) -> bool {
        self.totals().is_some_and(|totals| totals.streams == 0)
    }

    fn find(&self, name: &str) -> Found {
        match self.detail(name) {
            None | Some(None) => Found::Missing,
            Some(Some(detail)) => match detail.broken {
                None => Found::Well,
                Some(why) => Found::Broken(why),
            },
        }
    }

    fn lost(&self) -> Vec<(String, u64)> {
        JetStream::lost(self).unwrap_or_default()
    }

    fn broken(&self) -> Option<(String, String)> {
        JetStream::broken(self).flatten()
    }
}
