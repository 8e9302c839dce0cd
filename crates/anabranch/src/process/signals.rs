//! Signals that the server acts on.

use std::io;

/// What was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Stop.
    Interrupt,
    /// Stop, unless lame duck mode is doing that.
    Terminate,
    /// Open the log file again.
    #[cfg(unix)]
    User1,
    /// Lame duck mode.
    #[cfg(unix)]
    User2,
    /// Reload the configuration.
    #[cfg(unix)]
    Hangup,
}

impl Signal {
    /// What Go calls it, as nats-server's log does.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "interrupt",
            Self::Terminate => "terminated",
            #[cfg(unix)]
            Self::User1 => "user defined signal 1",
            #[cfg(unix)]
            Self::User2 => "user defined signal 2",
            #[cfg(unix)]
            Self::Hangup => "hangup",
        }
    }
}

/// Signals as they come.
#[cfg(unix)]
#[derive(Debug)]
pub(crate) struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    user1: tokio::signal::unix::Signal,
    user2: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// From now on signals come here and do not end the process.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn trap() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            user1: signal(SignalKind::user_defined1())?,
            user2: signal(SignalKind::user_defined2())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// The next one. Cancel-safe: none is lost.
    pub(crate) async fn next(&mut self) -> Signal {
        // Cancel-safe: `recv` takes a signal only when it returns it.
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
            _ = self.user1.recv() => Signal::User1,
            _ = self.user2.recv() => Signal::User2,
            _ = self.hangup.recv() => Signal::Hangup,
        }
    }
}

/// Signals as they come.
#[cfg(windows)]
#[derive(Debug)]
pub(crate) struct Signals {
    interrupt: tokio::signal::windows::CtrlC,
    close: tokio::signal::windows::CtrlClose,
}

#[cfg(windows)]
impl Signals {
    /// From now on these come here and do not end the process.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn trap() -> io::Result<Self> {
        use tokio::signal::windows::{ctrl_c, ctrl_close};
        Ok(Self { interrupt: ctrl_c()?, close: ctrl_close()? })
    }

    /// The next one. Cancel-safe: none is lost.
    pub(crate) async fn next(&mut self) -> Signal {
        // Cancel-safe: `recv` takes a signal only when it returns it.
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.close.recv() => Signal::Terminate,
        }
    }
}
