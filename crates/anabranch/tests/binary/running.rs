//! The binary under test: one process each, on a port that the system chose, in a directory of
//! its own. What is waited for is polled until a deadline.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
const POLL_PAUSE: Duration = Duration::from_millis(2);

/// The binary, with these arguments.
pub fn anabranch(args: &[&str]) -> Command {
    called(Path::new(env!("CARGO_BIN_EXE_anabranch")), args)
}

/// A program at `path`, with these arguments.
pub fn called(path: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(path);
    command.args(args).stdin(Stdio::null());
    command
}

/// Standard output, standard error and exit status of a command that ends by itself.
pub fn run(mut command: Command) -> (String, String, Option<i32>) {
    let Output { stdout, stderr, status } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(stdout), text(stderr), status.code())
}

/// Looks until there is a result.
pub fn await_some<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "not in time: {what}");
        std::thread::sleep(POLL_PAUSE);
    }
}

/// A server that is ready. Its process ends with this.
pub struct Server {
    child: Child,
    directory: TempDir,
    address: SocketAddr,
}

impl Server {
    /// The binary with these arguments; `{dir}` in them is the server's directory.
    pub fn start(args: &[&str]) -> Self {
        Self::start_in(TempDir::new().unwrap(), args)
    }

    /// The same with this configuration file.
    pub fn start_with_config(config: &str, args: &[&str]) -> Self {
        let directory = TempDir::new().unwrap();
        fs::write(directory.path().join("server.conf"), config).unwrap();
        let args: Vec<&str> = ["-c", "{dir}/server.conf"].iter().chain(args).copied().collect();
        Self::start_in(directory, &args)
    }

    pub fn start_in(directory: TempDir, args: &[&str]) -> Self {
        Self::start_program(Path::new(env!("CARGO_BIN_EXE_anabranch")), directory, args)
    }

    pub fn start_program(path: &Path, directory: TempDir, args: &[&str]) -> Self {
        let shown = directory.path().to_str().unwrap();
        let args: Vec<String> = args.iter().map(|arg| arg.replace("{dir}", shown)).collect();
        let stderr = fs::File::create(directory.path().join("stderr")).unwrap();
        let child = called(path, &["-a", "127.0.0.1", "-p", "-1", "--ports_file_dir", shown])
            .args(args)
            .stdout(Stdio::null())
            .stderr(stderr)
            .spawn()
            .unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut server = Self { child, directory, address };
        server.address = await_some("ports file", || {
            assert!(!server.has_ended(), "it ended: {}", server.stderr());
            let text = fs::read_to_string(server.ports_file()?).ok()?;
            let url = text.split("nats://").nth(1)?.split('"').next()?;
            url.parse().ok()
        });
        server
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn ports_file(&self) -> Option<PathBuf> {
        let end = format!("_{}.ports", self.id());
        let entries = fs::read_dir(self.directory.path()).unwrap();
        entries.map(|e| e.unwrap().path()).find(|path| path.to_str().unwrap().ends_with(&end))
    }

    pub fn stderr(&self) -> String {
        fs::read_to_string(self.path("stderr")).unwrap()
    }

    /// Waits until a file in the server's directory contains `text`; gives back the file.
    pub fn await_text(&self, file: &str, text: &str) -> String {
        await_some(text, || {
            fs::read_to_string(self.path(file)).ok().filter(|all| all.contains(text))
        })
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    pub fn await_end(&mut self) -> ExitStatus {
        await_some("end", || self.child.try_wait().unwrap())
    }

    pub fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut client = Client { stream: BufReader::new(stream) };
        assert!(client.line().starts_with("INFO "));
        client
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only for a process that has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        line
    }

    /// A round trip, which proves that the server serves.
    pub fn ping(&mut self) {
        self.stream.get_mut().write_all(b"CONNECT {\"verbose\":false}\r\nPING\r\n").unwrap();
        while self.line() != "PONG\r\n" {}
    }
}
