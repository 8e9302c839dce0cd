//! What the binary does instead of serving.

use std::fs;
use std::path::PathBuf;

use crate::running::{anabranch, called, run};
use tempfile::TempDir;

fn link(directory: &TempDir, name: &str) -> PathBuf {
    let path = directory.path().join(name);
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_anabranch"), &path).unwrap();
    path
}

fn file(directory: &TempDir, text: &str) -> String {
    let path = directory.path().join("server.conf");
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn tells_its_own_version_and_whom_it_follows() {
    for spelling in ["-v", "--version", "-version", "version"] {
        let (out, err, code) = run(anabranch(&[spelling]));
        let expected = format!(
            "anabranch: v{} (compatible with nats-server v2.15.1)\n",
            env!("CARGO_PKG_VERSION")
        );
        assert_eq!((out, err.as_str(), code), (expected, "", Some(0)), "{spelling}");
    }
}

#[test]
fn called_as_nats_server_it_answers_as_that() {
    let directory = TempDir::new().unwrap();
    let path = link(&directory, "nats-server");
    let (out, _, code) = run(called(&path, &["--version"]));
    assert_eq!((out.as_str(), code), ("nats-server: v2.15.1\n", Some(0)));
    let (_, err, code) = run(called(&path, &["-c", "/nowhere/x.conf"]));
    let expected = "nats-server: open /nowhere/x.conf: no such file or directory\n";
    assert_eq!((err.as_str(), code), (expected, Some(1)));
}

#[test]
fn help_is_grouped_by_topic() {
    let (out, _, code) = run(anabranch(&["--help"]));
    assert_eq!(code, Some(0));
    for heading in ["Server Options:", "Logging Options:", "TLS Options:", "Common Options:"] {
        assert!(out.contains(heading), "{heading}");
    }
    let (out, _, code) = run(anabranch(&["--help_tls"]));
    assert!(out.contains("TLS_") && code == Some(0), "{out}");
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    let (out, err, code) = run(anabranch(&["--nonsense"]));
    assert_eq!(err, "flag provided but not defined: -nonsense\n");
    assert!(out.contains("Usage: anabranch"), "{out}");
    assert_eq!(code, Some(0));
    let (_, err, code) = run(anabranch(&["blah"]));
    assert_eq!((err.as_str(), code), ("anabranch: unrecognized command: \"blah\"\n", Some(1)));
}

#[test]
fn a_valid_file_passes_the_check() {
    let directory = TempDir::new().unwrap();
    let path = file(&directory, "port: 4333\n");
    let (out, err, code) = run(anabranch(&["-t", "-c", &path]));
    let start = format!("anabranch: configuration file {path} is valid (sha256:");
    assert!(err.starts_with(&start) && err.ends_with(")\n"), "{err}");
    assert_eq!((out.as_str(), code), ("", Some(0)));
}

#[test]
fn what_does_not_act_yet_is_named_and_passes_the_check() {
    let directory = TempDir::new().unwrap();
    let path = file(&directory, "port: 4333\nprof_port: 1234\n");
    let (_, err, code) = run(anabranch(&["-t", "-c", &path]));
    assert!(err.contains(&format!("{path}:2:1: ")), "{err}");
    assert!(err.contains("is valid (sha256:"), "{err}");
    assert_eq!(code, Some(0));
}

#[test]
fn what_restricts_access_and_does_not_act_yet_is_refused_at_the_start_only() {
    let directory = TempDir::new().unwrap();
    let path = file(&directory, "port: -1\naccounts { A { users: [{user: a, password: b}] } }\n");
    let (_, err, code) = run(anabranch(&["-t", "-c", &path]));
    assert!(err.contains(&format!("{path}:2:")), "{err}");
    assert_eq!(code, Some(0));
    let (_, err, code) = run(anabranch(&["-c", &path]));
    assert!(err.contains(&format!("{path}:2:")), "{err}");
    assert_eq!(code, Some(1));
}

#[test]
fn an_invalid_file_fails_with_the_place() {
    let directory = TempDir::new().unwrap();
    let path = file(&directory, "port: 4333\nno_such_key: 1\n");
    for args in [vec!["-t", "-c", &path], vec!["-c", &path]] {
        let (_, err, code) = run(anabranch(&args));
        let start = format!("anabranch: {path}:2:1: unknown field \"no_such_key\"");
        assert!(err.starts_with(&start), "{err}");
        assert_eq!(code, Some(1));
    }
    let (_, err, code) = run(anabranch(&["-t"]));
    assert!(err.contains("must specify [-c, --config]"), "{err}");
    assert_eq!(code, Some(1));
}

#[test]
fn completion_is_offered_for_every_shell() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let (out, _, code) = run(anabranch(&["--completion", shell]));
        assert!(out.contains("store_dir"), "{shell}");
        assert_eq!(code, Some(0));
    }
    let (_, _, code) = run(anabranch(&["--completion", "tcsh"]));
    assert_eq!(code, Some(1));
}

#[test]
fn signals_need_a_server_to_go_to() {
    let directory = TempDir::new().unwrap();
    let name = format!("ab{}-none", std::process::id());
    let path = link(&directory, &name);
    let error = |arg: &str| {
        let (_, err, code) = run(called(&path, &["--signal", arg]));
        assert_eq!(code, Some(1), "{err}");
        err
    };
    assert_eq!(error("ldm"), format!("{name}: no {name} processes running\n"));
    assert_eq!(error("ldm=abc"), format!("{name}: invalid pid: abc\n"));
    assert_eq!(error("dance=1"), format!("{name}: unknown signal \"dance\"\n"));
    // More than a process id can be.
    let absent = error("ldm=2147483647");
    assert_eq!(absent, format!("{name}: \nsignal \"ldm\" 2147483647: no such process\n"));
}
