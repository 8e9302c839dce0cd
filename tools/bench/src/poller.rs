//! Readiness of many sockets, for the modes with thousands of connections.

use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};

use crate::error::Result;

/// Sockets waited on for bytes to read, level-triggered.
pub(crate) struct Poller {
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
}

impl Poller {
    /// Watches nothing yet.
    pub(crate) fn new() -> Result<Poller> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(std::io::Error::from)?;
        Ok(Poller { epoll, events: Vec::with_capacity(1024) })
    }

    /// Watches a socket under the number `token`.
    pub(crate) fn watch(&self, socket: impl AsFd, token: u64) -> Result<()> {
        let data = epoll::EventData::new_u64(token);
        epoll::add(&self.epoll, socket, data, epoll::EventFlags::IN)
            .map_err(std::io::Error::from)?;
        Ok(())
    }

    /// Waits, and puts the tokens of the sockets that are ready into `ready`; none of them if
    /// the time is over.
    pub(crate) fn wait(&mut self, limit: Duration, ready: &mut Vec<u64>) -> Result<()> {
        ready.clear();
        let limit = Timespec::try_from(limit).ok();
        match epoll::wait(&self.epoll, spare_capacity(&mut self.events), limit.as_ref()) {
            Ok(_) => ready.extend(self.events.drain(..).map(|event| event.data.u64())),
            Err(rustix::io::Errno::INTR) => (),
            Err(e) => return Err(std::io::Error::from(e).into()),
        }
        Ok(())
    }
}
