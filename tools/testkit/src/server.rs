//! Servers under test: one process each, on ports that the system chose, in a directory of its own.
//!
//! A server is asked for `port: -1` and for a ports file, and is ready when that file names its
//! ports; nothing here sleeps and hopes. It ends by its own process id when dropped.
//!
//! ```no_run
//! use anabranch_testkit::server::{Binary, Server};
//! let server = Server::start(&Binary::anabranch()?, "max_payload: 1KB")?;
//! let address = server.address();
//! # Ok::<(), anabranch_testkit::server::Error>(())
//! ```

use std::fs::{self, File};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, kill_process};

pub use rustix::process::Signal;

/// How long a server may take until its ports file is there.
const START_DEADLINE: Duration = Duration::from_secs(20);
/// How long a server may take to end after SIGTERM before it is killed.
const STOP_DEADLINE: Duration = Duration::from_secs(2);
/// Pause between two looks at a file or a process.
const POLL_PAUSE: Duration = Duration::from_millis(2);
/// What is replaced in a configuration by the path of the server's directory.
pub const DIRECTORY_MARK: &str = "{{dir}}";

/// Why a server under test could not be found, started or ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No executable was found at any of the places where one was looked for.
    #[error("no server executable: {0}")]
    NoBinary(String),
    /// A file or process operation failed.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: String,
        /// How it failed.
        source: io::Error,
    },
    /// The process ended before it served.
    #[error("server ended with {status} before it served; its log:\n{log}")]
    Ended {
        /// How it ended.
        status: ExitStatus,
        /// Everything it had written to its standard streams.
        log: String,
    },
    /// The ports file was not there in time.
    #[error("server named no ports within {START_DEADLINE:?}; its log:\n{log}")]
    NotReady {
        /// Everything it had written to its standard streams.
        log: String,
    },
}

impl Error {
    fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}

/// Which server an executable is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// This project's server.
    Anabranch,
    /// The peer, against which transcripts are checked.
    NatsServer,
}

/// An executable that serves the protocol under nats-server's command line.
#[derive(Debug, Clone)]
pub struct Binary {
    kind: Kind,
    path: PathBuf,
}

impl Binary {
    /// Our own server: `ANABRANCH_BIN` if set, else the newest of `release` and `debug` under
    /// `CARGO_TARGET_DIR` or the workspace's `target`.
    ///
    /// # Errors
    /// [`Error::NoBinary`] when there is none; it is never built from here.
    pub fn anabranch() -> Result<Self, Error> {
        if let Some(path) = std::env::var_os("ANABRANCH_BIN") {
            return Self::at(Kind::Anabranch, PathBuf::from(path));
        }
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"),
            PathBuf::from,
        );
        let candidates = ["debug", "release"].map(|profile| target.join(profile).join("anabranch"));
        let newest = candidates
            .iter()
            .filter_map(|path| Some((fs::metadata(path).ok()?.modified().ok()?, path)))
            .max();
        match newest {
            Some((_, path)) => Self::at(Kind::Anabranch, path.clone()),
            None => Err(Error::NoBinary(format!(
                "set ANABRANCH_BIN or run `cargo build -p anabranch` (looked for {} and {})",
                candidates[0].display(),
                candidates[1].display()
            ))),
        }
    }

    /// The same, allowed to have no more files open than this. `folder` keeps what that takes.
    ///
    /// # Errors
    /// [`Error::Io`] when nothing can be written there.
    pub fn with_files_max(&self, files_max: u32, folder: &Path) -> Result<Self, Error> {
        let path = folder.join("limited");
        let binary = self.path.display();
        let script = format!("#!/bin/sh\nulimit -n {files_max}\nexec '{binary}' \"$@\"\n");
        fs::write(&path, script).map_err(Error::io("write a script"))?;
        let mode = PermissionsExt::from_mode(0o755);
        fs::set_permissions(&path, mode).map_err(Error::io("make a script executable"))?;
        Ok(Self { kind: self.kind, path })
    }

    /// The peer server named by `NATS_SERVER_BIN`; none if that is not set.
    ///
    /// # Errors
    /// [`Error::NoBinary`] when it is set and there is no such file.
    pub fn nats_server() -> Result<Option<Self>, Error> {
        std::env::var_os("NATS_SERVER_BIN")
            .filter(|path| !path.is_empty())
            .map(|path| Self::at(Kind::NatsServer, PathBuf::from(path)))
            .transpose()
    }

    /// Our server and nats-server, for what is done with both.
    ///
    /// # Errors
    /// [`Error::NoBinary`] when one of them is not there.
    pub fn both() -> Result<[Self; 2], Error> {
        let theirs = Self::nats_server()?
            .ok_or_else(|| Error::NoBinary("NATS_SERVER_BIN is not set".to_owned()))?;
        Ok([Self::anabranch()?, theirs])
    }

    /// The executable at `path`.
    ///
    /// # Errors
    /// [`Error::NoBinary`] when there is no such file.
    pub fn at(kind: Kind, path: PathBuf) -> Result<Self, Error> {
        let path = fs::canonicalize(&path)
            .map_err(|error| Error::NoBinary(format!("{}: {error}", path.display())))?;
        Ok(Self { kind, path })
    }

    /// Which server this is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its absolute path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// A running server. Dropping it ends the process and removes its directory.
#[derive(Debug)]
pub struct Server {
    child: Child,
    directory: PathBuf,
    ports: Ports,
}

impl Server {
    /// Starts `binary` under `config` and waits until it serves.
    ///
    /// The configuration is preceded by `host`, `port: -1` and `ports_file_dir`, which it may
    /// override but for the last; [`DIRECTORY_MARK`] in it becomes the path of a fresh directory
    /// that lives as long as the server.
    ///
    /// # Errors
    /// [`Error::Ended`] with the log when the server refuses the configuration, and others when
    /// files or the process cannot be made.
    pub fn start(binary: &Binary, config: &str) -> Result<Self, Error> {
        Self::start_with(binary, config, |_| Ok(()))
    }

    /// As [`Server::start`], with `prepare` called on the directory before the server starts, so
    /// that it can hold certificates or included files.
    ///
    /// # Errors
    /// As [`Server::start`], and what `prepare` returns.
    pub fn start_with(
        binary: &Binary,
        config: &str,
        prepare: impl FnOnce(&Path) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let directory = fresh_directory()?;
        prepare(&directory)?;
        let shown = directory.display().to_string();
        let text = format!(
            "host: \"127.0.0.1\"\nport: -1\nports_file_dir: \"{shown}\"\n{}\n",
            config.replace(DIRECTORY_MARK, &shown)
        );
        let file = directory.join("server.conf");
        fs::write(&file, text).map_err(Error::io("write configuration"))?;
        let log = File::create(directory.join("log")).map_err(Error::io("create log"))?;
        let log_too = log.try_clone().map_err(Error::io("share log"))?;
        let child = Command::new(&binary.path)
            .arg("-c")
            .arg(&file)
            .current_dir(&directory)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(log_too)
            .spawn()
            .map_err(Error::io(format!("start {}", binary.path.display())))?;
        let mut server = Self { child, directory, ports: Ports::default() };
        server.ports = server.await_ports()?;
        Ok(server)
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.ports.clients
    }

    /// Where HTTP monitoring is, if the configuration asked for it.
    #[must_use]
    pub fn monitoring_address(&self) -> Option<SocketAddr> {
        self.ports.monitoring
    }

    /// The process id.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// The directory that holds the configuration, the log, and whatever the server writes.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Everything that the server has written to its standard streams so far.
    #[must_use]
    pub fn log(&self) -> String {
        let bytes = fs::read(self.directory.join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Sends the process a signal.
    ///
    /// # Errors
    /// [`Error::Io`] when the process is gone.
    pub fn signal(&self, signal: Signal) -> Result<(), Error> {
        kill_process(Pid::from_child(&self.child), signal)
            .map_err(|errno| Error::io("signal server")(errno.into()))
    }

    /// Waits until the process has ended by itself.
    ///
    /// # Errors
    /// [`Error::Io`] with `TimedOut` when it still runs at the deadline.
    pub fn await_end(&mut self, patience: Duration) -> Result<ExitStatus, Error> {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(status) = self.child.try_wait().map_err(Error::io("wait for server"))? {
                return Ok(status);
            }
            if Instant::now() >= deadline {
                return Err(Error::io("wait for server")(io::ErrorKind::TimedOut.into()));
            }
            thread::sleep(POLL_PAUSE);
        }
    }

    fn await_ports(&mut self) -> Result<Ports, Error> {
        let deadline = Instant::now() + START_DEADLINE;
        loop {
            if let Some(ports) = Ports::read(&self.directory, self.child.id()) {
                return Ok(ports);
            }
            if let Some(status) = self.child.try_wait().map_err(Error::io("wait for server"))? {
                return Err(Error::Ended { status, log: self.log() });
            }
            if Instant::now() >= deadline {
                return Err(Error::NotReady { log: self.log() });
            }
            thread::sleep(POLL_PAUSE);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let asked = self.signal(Signal::TERM).is_ok();
        if !asked || self.await_end(STOP_DEADLINE).is_err() {
            // It ignored SIGTERM, as a server in lame duck mode does, or is gone already.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// What a ports file says.
#[derive(Debug, Clone, Copy)]
struct Ports {
    clients: SocketAddr,
    monitoring: Option<SocketAddr>,
}

impl Default for Ports {
    fn default() -> Self {
        Self { clients: SocketAddr::from(([127, 0, 0, 1], 0)), monitoring: None }
    }
}

impl Ports {
    /// Reads `<executable>_<pid>.ports`; none while it is absent or half written.
    fn read(directory: &Path, process_id: u32) -> Option<Self> {
        let suffix = format!("_{process_id}.ports");
        let path = fs::read_dir(directory)
            .ok()?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| path.to_string_lossy().ends_with(&suffix))?;
        let json: serde_json::Value = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        let first = |key: &str| {
            let (_, address) = json.get(key)?.get(0)?.as_str()?.split_once("://")?;
            address.parse().ok()
        };
        Some(Self { clients: first("nats")?, monitoring: first("monitoring") })
    }
}

fn fresh_directory() -> Result<PathBuf, Error> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("anabranch-testkit-{}-{count}", std::process::id());
    let path = std::env::temp_dir().join(name);
    fs::create_dir_all(&path).map_err(Error::io(format!("create {}", path.display())))?;
    Ok(path)
}
