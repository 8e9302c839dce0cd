//! Where log lines go, and what happens when they cannot.

use std::fs;
use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt;

use crate::running::{Server, anabranch, await_some, run};
use rustix::process::Signal;

fn rotated(server: &Server) -> Vec<String> {
    let entries = fs::read_dir(server.path("logs")).unwrap();
    let names = entries.map(|e| e.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("log.")).collect()
}

fn with_log_directory(config: &str, args: &[&str]) -> Server {
    let directory = tempfile::TempDir::new().unwrap();
    fs::create_dir(directory.path().join("logs")).unwrap();
    fs::write(directory.path().join("server.conf"), config).unwrap();
    let args: Vec<&str> =
        ["-c", "{dir}/server.conf", "-l", "{dir}/logs/log"].iter().chain(args).copied().collect();
    Server::start_in(directory, &args)
}

#[test]
fn a_log_file_is_appended_to_and_closed_to_others() {
    let directory = tempfile::TempDir::new().unwrap();
    fs::write(directory.path().join("old"), "before\n").unwrap();
    let server = Server::start_in(directory, &["-l", "{dir}/old"]);
    let text = server.await_text("old", "Server is ready");
    assert!(text.starts_with("before\n["), "{text}");
    assert_eq!(server.stderr(), "");
    let fresh = Server::start(&["-l", "{dir}/fresh"]);
    fresh.await_text("fresh", "Server is ready");
    let mode = fs::metadata(fresh.path("fresh")).unwrap().permissions().mode();
    assert_eq!(mode & 0o137, 0, "{mode:o}");
}

#[test]
fn lines_can_go_without_the_time() {
    let server = Server::start(&["-logtime=false"]);
    let text = server.await_text("stderr", "Server is ready");
    let start = format!("[{}] [INF] Starting anabranch\n", server.id());
    assert!(text.starts_with(&start), "{text}");
}

#[test]
fn a_log_file_that_cannot_be_opened_prevents_the_start() {
    let (_, err, code) = run(anabranch(&["-p", "-1", "-l", "/nowhere/log"]));
    let expected = "anabranch: error opening file: open /nowhere/log: no such file or directory\n";
    assert_eq!((err.as_str(), code), (expected, Some(1)));
}

#[test]
fn a_moved_log_file_is_opened_again() {
    let server = Server::start(&["-l", "{dir}/log"]);
    server.await_text("log", "Server is ready");
    fs::rename(server.path("log"), server.path("moved")).unwrap();
    server.signal(Signal::USR1);
    server.await_text("log", "[INF] File log re-opened\n");
    server.signal(Signal::HUP);
    server.await_text("log", "Trapped \"hangup\" signal");
}

#[test]
fn a_log_file_that_cannot_be_opened_again_is_kept() {
    let server = with_log_directory("", &[]);
    server.await_text("logs/log", "Server is ready");
    fs::rename(server.path("logs"), server.path("away")).unwrap();
    server.signal(Signal::USR1);
    server.await_text("away/log", "[ERR] Could not re-open the log file: ");
    server.await_text("stderr", "Could not re-open the log file: ");
    server.connect().ping();
}

#[test]
fn a_log_file_is_rotated_by_size_and_the_oldest_removed() {
    let server = with_log_directory("log_size_limit: 200\nlog_max_num: 2\n", &[]);
    server.await_text("logs/log", "[INF] Rotated log, backup saved as \"");
    for _ in 0..8 {
        server.signal(Signal::HUP);
        server.connect().ping();
    }
    await_some("all but one rotated file removed", || {
        let log = fs::read_to_string(server.path("logs/log")).ok()?;
        let purged = log.contains("[INF] Purged log file \"log.");
        (purged && rotated(&server).len() == 1).then_some(())
    });
    let name = rotated(&server).remove(0);
    let parts: Vec<usize> = name.split('.').skip(1).map(str::len).collect();
    assert_eq!(parts, [4, 2, 2, 2, 2, 2, 9], "{name}");
}

#[test]
fn a_full_disk_costs_lines_and_stops_nobody() {
    let mut server = Server::start(&["-l", "/dev/full", "-DV"]);
    for _ in 0..20 {
        server.connect().ping();
    }
    let text = server.await_text("stderr", "cannot write the log");
    assert!(text.contains("no space left on device"), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    server.signal(Signal::TERM);
    assert_eq!(server.await_end().code(), Some(0));
}

#[test]
fn lines_go_to_a_remote_syslog() {
    let syslog = UdpSocket::bind("127.0.0.1:0").unwrap();
    let url = format!("udp://{}", syslog.local_addr().unwrap());
    let server = Server::start(&["-r", &url]);
    let mut buffer = [0; 1024];
    let size = syslog.recv(&mut buffer).unwrap();
    let message = String::from_utf8_lossy(&buffer[..size]);
    assert!(message.starts_with("<5>20"), "{message}");
    let end = format!(" anabranch[{}]: Starting anabranch\n", server.id());
    assert!(message.ends_with(&end), "{message}");
}

#[test]
fn a_syslog_that_cannot_be_reached_prevents_the_start() {
    let (_, err, code) = run(anabranch(&["-p", "-1", "-r", "foo://x"]));
    assert_eq!(err, "anabranch: error invalid network type: \"foo\"\n");
    assert_eq!(code, Some(1));
}

#[test]
fn what_jetstream_uses_is_told_at_the_start() {
    let directory = tempfile::TempDir::new().unwrap();
    let peer = directory.path().join("js/jetstream");
    fs::create_dir_all(peer.join("$G")).unwrap();
    let server = Server::start_in(directory, &["-js", "-sd", "{dir}/js"]);
    let text = server.await_text("stderr", "Server is ready");
    let store = server.path("js/anabranch");
    for line in [
        format!("[INF]   Store Directory: \"{}\"", store.display()),
        format!("[WRN] \"{}\" has data of nats-server, which is not read", peer.display()),
        "[INF]   Max Memory:      ".to_owned(),
        "[INF]   Max Storage:     ".to_owned(),
        "[INF]   API Level:       5".to_owned(),
    ] {
        assert!(text.contains(&line), "{line} in\n{text}");
    }
    let js = server.path("js");
    let (_, err, code) = run(anabranch(&["-p", "-1", "-js", "-sd", js.to_str().unwrap()]));
    let reason = "the data directory is in use by another server\n";
    let expected = format!("[FTL] Can't start JetStream: {}: {reason}", store.display());
    assert!(err.ends_with(&expected), "{err}");
    assert_eq!(code, Some(1));
}
