//! `store check` and `store dump`, on a copy of the data directory that stays readable for ever.

use std::fs;
use std::path::Path;

use crate::running::{anabranch, run};
use tempfile::TempDir;

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn store() -> TempDir {
    let directory = TempDir::new().unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../log/fixtures/v1");
    copy(&fixture, directory.path());
    directory
}

fn call(command: &str, directory: &Path) -> (String, String, Option<i32>) {
    run(anabranch(&["store", command, directory.to_str().unwrap()]))
}

#[test]
fn a_whole_directory_passes_and_its_records_are_named() {
    let directory = store();
    let (out, err, code) = call("check", directory.path());
    assert_eq!((err.as_str(), code), ("", Some(0)), "{out}");
    assert!(out.ends_with("0 damaged\n"), "{out}");
    assert!(!out.contains("\nmessage "), "{out}");
    let (out, _, code) = call("dump", directory.path());
    assert!(out.contains("\nmessage 2 seq=100 "), "{out}");
    assert_eq!(code, Some(0));
}

#[test]
fn damage_is_named_with_file_and_place() {
    let directory = store();
    let stream = directory.path().join("streams/1/2");
    let mut segments: Vec<_> = fs::read_dir(stream).unwrap().map(|e| e.unwrap().path()).collect();
    segments.sort();
    let first = segments.first().unwrap();
    let mut bytes = fs::read(first).unwrap();
    bytes[10] ^= 1;
    fs::write(first, bytes).unwrap();
    let (out, _, code) = call("check", directory.path());
    let name = first.file_name().unwrap().to_str().unwrap();
    assert!(out.lines().any(|line| line.starts_with("DAMAGED ") && line.contains(name)), "{out}");
    assert_eq!(code, Some(1));
}

#[test]
fn what_is_no_data_directory_is_left_alone() {
    let directory = TempDir::new().unwrap();
    let (_, err, code) = call("check", directory.path());
    assert!(err.ends_with(": no data directory\n"), "{err}");
    assert_eq!(code, Some(1));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    let (_, err, code) = run(anabranch(&["store", "mend"]));
    let expected = "anabranch: expected: store check|dump [-c <file>] <dir>, or store repair \
         [--dry-run] [-c <file>] <dir>\n";
    assert_eq!((err.as_str(), code), (expected, Some(1)));
}
