//! From the start to the end: files, signals, exit status.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::running::{Server, anabranch, called, run};
use rustix::process::Signal;
use tempfile::TempDir;

#[test]
fn serves_and_leaves_its_files_as_nats_server_does() {
    let mut server = Server::start(&["-P", "{dir}/pid"]);
    server.connect().ping();
    assert_eq!(fs::read_to_string(server.path("pid")).unwrap(), server.id().to_string());
    let mode = fs::metadata(server.path("pid")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let ports = server.ports_file().unwrap();
    assert_eq!(ports, server.path(&format!("anabranch_{}.ports", server.id())));
    server.signal(Signal::TERM);
    assert_eq!(server.await_end().code(), Some(0));
    assert!(!ports.exists());
    assert!(server.path("pid").exists());
    let log = server.stderr();
    for line in [
        "[INF] Starting anabranch\n",
        "[INF]   Compatible with nats-server 2.15.1\n",
        "[INF] Listening for client connections on 127.0.0.1:",
        "[INF] Server is ready\n",
        "[INF] Trapped \"terminated\" signal\n",
        "[INF] Initiating Shutdown...\n",
        "[INF] Server Exiting..\n",
    ] {
        assert!(log.contains(line), "{line}\n{log}");
    }
}

#[test]
fn an_interrupt_ends_it_well() {
    let mut server = Server::start(&[]);
    server.signal(Signal::INT);
    assert_eq!(server.await_end().code(), Some(0));
    assert!(server.stderr().contains("Trapped \"interrupt\" signal"));
}

#[test]
fn files_and_log_are_named_as_it_was_called() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("nats-server");
    symlink(env!("CARGO_BIN_EXE_anabranch"), &path).unwrap();
    let server = Server::start_program(&path, directory, &[]);
    let ports = server.path(&format!("nats-server_{}.ports", server.id()));
    assert_eq!(server.ports_file(), Some(ports));
}

#[test]
fn flags_go_over_the_file_and_warnings_carry_the_place() {
    let server = Server::start_with_config("port: 1\nprof_port: 1\n", &["-n", "over"]);
    server.connect().ping();
    let log = server.await_text("stderr", "Server is ready");
    assert!(log.contains("[INF] Using configuration file: "), "{log}");
    assert!(log.contains("[INF]   Name:     over\n"), "{log}");
    let place = format!("[WRN] {}:2:1: ", server.path("server.conf").display());
    assert!(log.contains(&place), "{log}");
}

#[test]
fn a_port_in_use_is_fatal() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port().to_string();
    let (_, err, code) = run(anabranch(&["-a", "127.0.0.1", "-p", &port]));
    let expected = format!("[FTL] Error listening on port: 127.0.0.1:{port}, ");
    assert!(err.contains(&expected), "{err}");
    assert_eq!(code, Some(1));
}

#[test]
fn a_pid_file_that_cannot_be_written_is_fatal() {
    let (_, err, code) = run(anabranch(&["-p", "-1", "-P", "/nowhere/pid"]));
    let expected = "[FTL] Could not write pidfile: open /nowhere/pid: no such file or directory\n";
    assert!(err.ends_with(expected), "{err}");
    assert_eq!(code, Some(1));
}

#[test]
fn a_ports_file_that_cannot_be_written_is_only_reported() {
    let mut server = Server::start(&["-P", "{dir}/pid"]);
    let directory = server.path("gone");
    let gone = directory.to_str().unwrap();
    // A second one, whose directory does not exist; it is found by its log.
    let log = server.path("second");
    let mut second = anabranch(&["-a", "127.0.0.1", "-p", "-1", "--ports_file_dir", gone, "-l"])
        .arg(&log)
        .spawn()
        .unwrap();
    let text = server.await_text("second", "Server is ready");
    assert!(text.contains("[ERR] Error writing ports file ("), "{text}");
    let (_, _, code) = run(anabranch(&["--signal", &format!("quit={}", second.id())]));
    assert_eq!(code, Some(0));
    assert_eq!(second.wait().unwrap().code(), Some(0));
    server.signal(Signal::TERM);
    server.await_end();
}

#[test]
fn a_reload_is_refused_and_it_goes_on() {
    let server = Server::start(&[]);
    server.signal(Signal::HUP);
    server.await_text("stderr", "[ERR] Failed to reload server configuration: ");
    server.connect().ping();
}

#[test]
fn lame_duck_mode_ends_it_well() {
    let config = "lame_duck_duration: \"30s\"\nlame_duck_grace_period: \"10ms\"\n";
    let mut server = Server::start_with_config(config, &[]);
    server.signal(Signal::USR2);
    assert_eq!(server.await_end().code(), Some(0));
    let log = server.stderr();
    assert!(log.contains("Trapped \"user defined signal 2\" signal"), "{log}");
    assert!(log.contains("Entering lame duck mode, stop accepting new clients"), "{log}");
}

#[test]
fn a_lame_duck_ignores_terminate_and_obeys_interrupt() {
    let mut server = Server::start(&[]);
    let mut client = server.connect();
    client.ping();
    server.signal(Signal::USR2);
    server.await_text("stderr", "Entering lame duck mode");
    server.signal(Signal::TERM);
    server.await_text("stderr", "Trapped \"terminated\" signal");
    client.ping();
    server.signal(Signal::INT);
    assert_eq!(server.await_end().code(), Some(0));
}

#[test]
fn signals_are_sent_by_pid_file_and_to_the_only_one_of_the_name() {
    let directory = TempDir::new().unwrap();
    let name = format!("ab{}-one", std::process::id());
    let path = directory.path().join(&name);
    symlink(env!("CARGO_BIN_EXE_anabranch"), &path).unwrap();
    let mut server = Server::start_program(&path, directory, &["-P", "{dir}/pid"]);
    let target = format!("reopen={}", server.path("pid").display());
    assert_eq!(run(anabranch(&["-sl", &target])).2, Some(0));
    server.await_text("stderr", "Trapped \"user defined signal 1\" signal");
    let second = Server::start_program(&path, TempDir::new().unwrap(), &[]);
    let (_, err, code) = run(called(&path, &["--signal", "quit"]));
    assert!(err.starts_with(&format!("{name}: multiple {name} processes running:\n")), "{err}");
    assert_eq!(code, Some(1));
    drop(second);
    assert_eq!(run(called(&path, &["--signal", "quit"])).2, Some(0));
    assert_eq!(server.await_end().code(), Some(0));
}

#[test]
fn a_shutdown_is_why_connections_end() {
    let mut server = Server::start(&["-D"]);
    let mut client = server.connect();
    client.ping();
    server.signal(Signal::TERM);
    assert_eq!(server.await_end().code(), Some(0));
    let log = server.stderr();
    assert!(log.contains("Client connection closed: Server Shutdown"), "{log}");
}
