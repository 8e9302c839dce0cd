//! Starting, ending and watching a server from a shell: both servers are called alike, and exit
//! codes, files and log lines are compared.

#[path = "operation/both.rs"]
mod both;
#[path = "operation/lame_duck.rs"]
mod lame_duck;
#[path = "operation/syslog.rs"]
mod syslog;

use anabranch_testkit::server::Signal;
use both::{Call, both, call, log_lines, running, wait_until};

#[test]
#[ignore = "needs both servers"]
fn a_checked_configuration_gives_the_same_words_and_exit_code() {
    for (config, arguments) in [
        ("port: -1\n", "-t -c {dir}/server.conf"),
        ("portt: -1\n", "-t -c {dir}/server.conf"),
        ("portt: -1\n", "-c {dir}/server.conf"),
        ("port: -1\nauthorization {\n", "-t -c {dir}/server.conf"),
        ("max_payload: 9MB\nmax_pending: 1MB\nport: -1\n", "-c {dir}/server.conf"),
        ("", "-c {dir}/none.conf"),
        ("", "-t"),
        ("", "-t -c {dir}/none.conf"),
    ] {
        let [ours, theirs] = both(|binary| call(binary, config, arguments));
        assert_eq!(ours.first_lines(), theirs.first_lines(), "{arguments} with {config}");
        assert_eq!(ours.code, theirs.code, "{arguments} with {config}");
    }
}

#[test]
#[ignore = "needs both servers"]
fn certificates_are_read_when_a_configuration_is_checked() {
    const MISSING: &str =
        "error parsing X509 certificate/key pair: open DIR/none.pem: no such file";
    let pair = |certificate: &str, key: &str, more: &str| {
        let file = |name: &str| format!("\"{{dir}}/{name}\"");
        let (certificate, key) = (file(certificate), file(key));
        format!("tls {{cert_file: {certificate}, key_file: {key}{more}}}\n")
    };
    let with = |more: &str| pair("cert.pem", "key.pem", more);
    let certs = "certs: [{cert_file: \"{dir}/cert.pem\", key_file: \"{dir}/key.pem\"}, \
                 {cert_file: \"{dir}/none.pem\", key_file: \"{dir}/key.pem\"}]";
    let broken = pair("none.pem", "none.pem", "");
    for config in [
        with(""),
        with(", verify: true, ca_file: \"{dir}/ca.pem\""),
        with(", verify: true"),
        with(", ca_file: \"{dir}/none.pem\""),
        with(", ca_file: \"{dir}/key.pem\""),
        with(", ca_file: \"{dir}/server.conf\""),
        pair("none.pem", "key.pem", ""),
        pair("cert.pem", "none.pem", ""),
        pair("cert.pem", "client-key.pem", ""),
        pair("server.conf", "key.pem", ""),
        pair("cert.pem", "server.conf", ""),
        pair("key.pem", "key.pem", ""),
        pair("cert.pem", "cert.pem", ""),
        pair("", "key.pem", ""),
        pair("none.pem", "none.pem", ", nonsense: 1"),
        format!("tls {{{certs}}}\n"),
        "tls {}\n".to_owned(),
        "tls {ca_file: \"{dir}/ca.pem\"}\n".to_owned(),
    ] {
        let [ours, theirs] = both(|binary| call(binary, &config, "-t -c {dir}/server.conf"));
        assert_eq!(ours.first_lines(), theirs.first_lines(), "{config}");
        assert_eq!(ours.code, theirs.code, "{config}");
        if theirs.code == Some(1) {
            let [ours, theirs] = both(|binary| call(binary, &config, "-c {dir}/server.conf"));
            assert_eq!(ours.first_lines(), theirs.first_lines(), "a start with {config}");
            assert_eq!(ours.code, theirs.code, "a start with {config}");
        }
    }
    for config in [
        format!("cluster {{port: -1, {broken}}}\n"),
        format!("leafnodes {{port: -1, {broken}}}\n"),
        format!("websocket {{port: -1, {broken}}}\n"),
        format!("{broken}portt: 1\n"),
    ] {
        let [ours, theirs] = both(|binary| call(binary, &config, "-t -c {dir}/server.conf"));
        assert_eq!(ours.code, theirs.code, "{config}");
        // In any order with what else there is to say.
        let both_told = ours.output.contains(MISSING) && theirs.output.contains(MISSING);
        assert!(both_told, "{ours:?} {theirs:?}");
    }
    let flags = "-p -1 --tls --tlscert {dir}/none.pem --tlskey {dir}/key.pem";
    let [ours, theirs] = both(|binary| call(binary, "", flags));
    assert_eq!((ours.first_lines(), ours.code), (theirs.first_lines(), theirs.code));
}

#[test]
#[ignore = "needs both servers"]
fn wrong_arguments_give_the_same_exit_code_and_first_line() {
    for arguments in [
        "--nonsense",
        "-p",
        "foo",
        "version",
        "-v",
        "--version",
        "help",
        "--help",
        "-h",
        "--help_tls",
        "--signal",
        "--signal nonsense=1",
        "--signal term=999999",
        "--signal=ldm={dir}/none.pid",
    ] {
        let [ours, theirs] = both(|binary| call(binary, "", arguments));
        assert_eq!(ours.code, theirs.code, "{arguments}: {ours:?} {theirs:?}");
        // Help is this server's own.
        if !theirs.output.contains("Usage") && !arguments.contains("help") {
            // Beside its version ours says which release it is compatible with.
            let beside = " (compatible with NAME v9.9.9)";
            let said: Vec<String> =
                ours.first_lines().iter().map(|line| line.replace(beside, "")).collect();
            assert_eq!(said, theirs.first_lines(), "{arguments}");
        }
    }
}

#[test]
#[ignore = "needs both servers"]
fn signals_end_the_server_with_the_same_exit_code_and_last_words() {
    for signal in [Signal::INT, Signal::TERM, Signal::KILL] {
        let ended = |binary: &_| {
            let mut server = running(binary, "");
            server.signal(signal).expect("the server runs");
            let status = server.await_end(both::TIMEOUT).expect("it ends");
            (status.code(), log_lines(&server.log(), &["Trapped", "Initiating", "Server Exiting"]))
        };
        let [ours, theirs] = both(ended);
        assert_eq!(ours, theirs, "{signal:?}");
    }
}

#[test]
#[ignore = "needs both servers"]
fn the_signal_option_reaches_a_process_by_id_and_by_pid_file() {
    let stopped = |binary: &_| {
        ["stop", "quit", "term"].map(|command| {
            let mut server = running(binary, "pid_file: \"{{dir}}/server.pid\"\n");
            let pid_file = server.directory().join("server.pid");
            let pid = std::fs::read_to_string(&pid_file).expect("a pid file");
            assert_eq!(pid, server.process_id().to_string());
            let target = if command == "quit" { pid_file.display().to_string() } else { pid };
            let Call { code, .. } = call(binary, "", &format!("--signal {command}={target}"));
            (code, server.await_end(both::TIMEOUT).expect("it ends").code())
        })
    };
    let [ours, theirs] = both(stopped);
    assert_eq!(ours, theirs);
}

#[test]
#[ignore = "needs both servers"]
fn a_log_file_is_reopened_after_it_was_moved() {
    let reopened = |binary: &_| {
        let server = running(binary, "log_file: \"{{dir}}/server.log\"\n");
        let file = server.directory().join("server.log");
        let moved = server.directory().join("moved.log");
        std::fs::rename(&file, moved).expect("it is there");
        server.signal(Signal::USR1).expect("the server runs");
        wait_until(|| std::fs::read_to_string(&file).is_ok_and(|text| text.contains("re-opened")));
        log_lines(&std::fs::read_to_string(&file).unwrap_or_default(), &["File log re-opened"])
    };
    let [ours, theirs] = both(reopened);
    assert_eq!(ours, theirs);
}

#[test]
#[ignore = "needs both servers"]
fn a_log_file_is_rotated_at_its_size_and_old_ones_go() {
    let rotated = |binary: &_| {
        let config = "log_file: \"{{dir}}/server.log\"\nlogfile_size_limit: 2KB\n\
                      logfile_max_num: 3\ndebug: true\ntrace: true\n";
        let server = running(binary, config);
        let old = || {
            let entries = std::fs::read_dir(server.directory()).expect("its own directory");
            let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
            names.filter(|name| name.starts_with("server.log.")).collect::<Vec<_>>()
        };
        let dots = |name: &String| name.matches('.').count();
        for _ in 0..60 {
            both::ping(server.address());
        }
        wait_until(|| (1..=3).contains(&old().len()));
        old().iter().map(dots).max()
    };
    let [ours, theirs] = both(rotated);
    assert_eq!(ours, theirs, "server.log.yyyy.mm.dd.hh.mm.ss.nnnnnnnnn");
}

#[test]
#[ignore = "needs both servers"]
fn the_start_is_told_in_the_same_lines() {
    const LINES: [&str; 5] = [
        "Listening for client connections on",
        "Server is ready",
        "Starting http monitor on",
        "Using configuration file:",
        "Plaintext passwords detected",
    ];
    let config = "http: \"127.0.0.1:-1\"\nauthorization: {users: [{user: a, password: b}]}\n";
    let told = |binary: &_| {
        let server = running(binary, config);
        // The ports file, which says that it serves, may be there before the last line.
        wait_until(|| server.log().contains("Server is ready"));
        log_lines(&server.log(), &LINES)
    };
    let [ours, theirs] = both(told);
    assert_eq!(ours, theirs);
    assert!(theirs.len() >= 4, "{theirs:?}");
}

#[test]
#[ignore = "needs both servers"]
fn a_connection_is_told_and_traced_in_the_same_lines() {
    const LINES: [&str; 6] = [
        "Client connection created",
        "<<- [",
        "->> [",
        "<-> [",
        "Client connection closed",
        "cid:",
    ];
    let traced = |binary: &_| {
        let server = running(binary, "debug: true\ntrace: true\n");
        both::ping(server.address());
        wait_until(|| server.log().contains("[DELSUB"));
        log_lines(&server.log(), &LINES)
    };
    let [ours, theirs] = both(traced);
    assert_eq!(ours, theirs);
}

#[test]
#[ignore = "needs both servers"]
fn arguments_that_mean_nothing_are_told_in_the_same_lines() {
    const WITH: &str = "CONNECT {\"verbose\":false,\"headers\":true}\r\n";
    const WITHOUT: &str = "CONNECT {\"verbose\":false}\r\n";
    const HPUB: &str = "HPUB a 12 12\r\nNATS/1.0\r\n\r\n\r\n";
    let told = |binary: &_, config: &str, said: &[(&str, &str)]| {
        let server = running(binary, &format!("debug: true\ntrace: true\n{config}"));
        for (closed, (connect, bytes)) in (1..).zip(said) {
            both::closed_after(server.address(), &format!("{connect}{bytes}"));
            wait_until(|| server.log().matches("Protocol Violation").count() == closed);
        }
        log_lines(&server.log(), &["<<- [", "[ERR]", "connection closed"])
    };
    for (config, said) in [
        ("", &[("", HPUB), (WITHOUT, HPUB), (WITHOUT, "hpub  a\tx\r\n")][..]),
        ("no_header_support: true\n", &[("", HPUB), (WITHOUT, HPUB), (WITH, HPUB)]),
        ("", &[("", "PUB a\r\n"), ("", "pub a b c 2\r\n"), ("", "PUB a  -1\r\n")]),
        ("", &[(WITH, "HPUB a\r\n"), (WITH, "HPUB a b c d e\r\n"), (WITH, "HPUB a x 3\r\n")]),
        ("", &[(WITH, "HPUB a 3 x\r\n"), (WITH, "HPUB a 5 3\r\n")]),
        ("", &[("", "SUB a\r\n"), ("", "SUB a b c d\r\n")]),
        ("", &[("", "UNSUB a b c\r\n")]),
    ] {
        let [ours, theirs] = both(|binary| told(binary, config, said));
        assert_eq!(ours, theirs, "{config} {said:?}");
        assert!(theirs.len() >= 3 * said.len(), "{theirs:?}");
    }
}

#[test]
#[ignore = "needs both servers"]
fn the_ports_file_has_the_same_entries_and_goes_with_the_server() {
    let entries = |binary: &_| {
        let mut server = running(binary, "http: \"127.0.0.1:-1\"\n");
        let directory = server.directory().to_path_buf();
        let text = both::ports_file(&directory).expect("a ports file");
        let ports: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let names: Vec<String> =
            ports.as_object().map(|map| map.keys().cloned().collect()).unwrap_or_default();
        server.signal(Signal::TERM).expect("the server runs");
        server.await_end(both::TIMEOUT).expect("it ends");
        (names, both::ports_file(&directory).is_some())
    };
    let [ours, theirs] = both(entries);
    assert_eq!(ours, theirs);
}

#[test]
#[ignore = "needs both servers"]
fn without_configuration_it_listens_on_every_address_and_port_4222() {
    // Somebody else has the port, this test or any other program: what is wanted is in what the
    // servers say about that.
    let _taken = std::net::TcpListener::bind("0.0.0.0:4222");
    let said = |binary: &_| {
        let Call { code, output } = call(binary, "", "-n default");
        let address = output.contains("Error listening on port: 0.0.0.0:4222, ");
        (code, address, log_lines(&output, &["Error listening on port"]))
    };
    let [ours, theirs] = both(said);
    assert_eq!(ours, theirs);
    assert_eq!((theirs.0, theirs.1, theirs.2.len()), (Some(1), true, 1));
}

#[test]
#[ignore = "needs both servers"]
fn a_port_that_is_taken_prevents_the_start_with_the_same_words() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("some port is free");
    let port = taken.local_addr().expect("a bound socket").port();
    for arguments in [format!("-a 127.0.0.1 -p {port}"), format!("-a 127.0.0.1 -p -1 -m {port}")] {
        let said = |binary: &_| {
            let Call { code, output } = call(binary, "", &arguments);
            (code, log_lines(&output, &["[FTL]"]))
        };
        let [ours, theirs] = both(said);
        assert_eq!(ours, theirs);
        assert_eq!(theirs.1.len(), 1, "{theirs:?}");
    }
}
