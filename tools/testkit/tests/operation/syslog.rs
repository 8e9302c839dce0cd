//! The syslogs of the machine: its own, which is where nothing else can be, and one by its path.

use std::fs;
use std::io::Read;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anabranch_testkit::observed::tell;
use anabranch_testkit::server::{Binary, Signal};
use rustix::process::{Pid, kill_process};

use crate::both::{TIMEOUT, both, plain, running};

/// Puts a folder with a socket `log` where local syslogs listen, for the command alone. Where the
/// machine has one at another place, it goes there too.
const IN_FOLDER: &str = "mount --bind \"$0\" /var/run &&
    if [ -e /dev/log ]; then mount --bind \"$0/log\" /dev/log; fi && exec \"$@\"";
const NAMESPACE: [&str; 5] = ["unshare", "--mount", "--map-root-user", "sh", "-c"];

#[test]
#[ignore = "needs both servers"]
fn lines_go_to_the_machines_own_syslog() {
    let messages = |binary: &Binary| {
        let place = running(binary, "");
        let folder = place.directory().join("run");
        fs::create_dir(&folder).expect("a directory of its own");
        let syslog = UnixDatagram::bind(folder.join("log")).expect("a fresh name");
        syslog.set_read_timeout(Some(TIMEOUT)).expect("not zero");
        let server = in_folder(binary, &folder, &["-s", "-DV", "-a", "127.0.0.1", "-p", "-1"]);
        let mut server = Ended(server);
        let mut received = Vec::new();
        let mut buffer = [0; 4096];
        while !last(&received).ends_with("Server is ready\n") {
            match syslog.recv(&mut buffer) {
                Ok(size) => received.push(String::from_utf8_lossy(&buffer[..size]).into_owned()),
                Err(error) => return Err(format!("{error}; {}", server.said())),
            }
        }
        Ok(comparable(binary, &received))
    };
    if !namespaces_are_permitted() {
        tell("skipped: a mount namespace is not permitted here");
        return;
    }
    let [ours, theirs] = both(messages).map(|result| result.expect("messages"));
    assert_eq!(ours, theirs);
}

#[test]
#[ignore = "needs both servers"]
fn lines_go_to_a_syslog_by_its_path() {
    let messages = |binary: &Binary| {
        let place = running(binary, "");
        let path = place.directory().join("syslog");
        let listener = UnixListener::bind(&path).expect("a fresh name");
        let url = format!("unix://{}", path.display());
        let mut command = Command::new(binary.path());
        command.args(["-r", &url, "-DV", "-a", "127.0.0.1", "-p", "-1"]);
        let _server = Ended(quietly(command));
        let (mut stream, _) = listener.accept().expect("it connects");
        stream.set_read_timeout(Some(TIMEOUT)).expect("not zero");
        let mut received = String::new();
        let mut buffer = [0; 4096];
        while !received.ends_with("Server is ready\n") {
            let size = stream.read(&mut buffer).expect("messages in time");
            received.push_str(&String::from_utf8_lossy(&buffer[..size]));
        }
        let lines: Vec<String> = received.lines().map(|line| format!("{line}\n")).collect();
        comparable(binary, &lines)
    };
    let [ours, theirs] = both(messages);
    assert_eq!(ours, theirs);
}

fn last(received: &[String]) -> &str {
    received.last().map_or("", |message| message)
}

/// The heads of the messages, and the texts that both servers have, with what differs from run to
/// run masked.
fn comparable(binary: &Binary, messages: &[String]) -> Vec<String> {
    const SHARED: [&str; 2] = ["Listening for client connections on", "Server is ready"];
    let name = binary.path().file_name().expect("a file").to_string_lossy().into_owned();
    let shared = messages.iter().filter(|m| SHARED.iter().any(|text| m.contains(text)));
    shared
        .map(|message| {
            // `<priority>Mmm dd hh:mm:ss`: a day below ten has a space before it.
            let (head, rest) = message.split_at(message.find('>').expect("a priority") + 16);
            let masked = plain(&head[head.find('>').expect("a priority")..].replace("  ", " "));
            let month = &masked[1..4];
            let time = masked.replace(month, "Mmm");
            let priority = &head[..head.find('>').expect("a priority")];
            format!("{priority}{time}{}", plain(&rest.replace(&name, "NAME")))
        })
        .collect()
}

fn namespaces_are_permitted() -> bool {
    let [program, arguments @ ..] = NAMESPACE;
    let mut command = Command::new(program);
    command.args(arguments).arg("mount --bind /tmp /tmp");
    command.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn in_folder(binary: &Binary, folder: &Path, arguments: &[&str]) -> Child {
    let [program, before @ ..] = NAMESPACE;
    let mut command = Command::new(program);
    command.args(before).arg(IN_FOLDER).arg(folder).arg(binary.path()).args(arguments);
    quietly(command)
}

fn quietly(mut command: Command) -> Child {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().expect("an executable")
}

/// A process that ends with the test.
struct Ended(Child);

impl Ended {
    /// What it said before it ended.
    fn said(&mut self) -> String {
        self.end();
        let mut text = String::new();
        let _ = self.0.stderr.take().map(|mut stream| stream.read_to_string(&mut text));
        text
    }

    fn end(&mut self) {
        // The shell became the server, and `unshare` the shell: it is one process.
        let _ = kill_process(Pid::from_child(&self.0), Signal::KILL);
        let _ = self.0.wait();
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        self.end();
    }
}
