//! Encryption at rest: without the key nothing that was published, and no name, can be read from
//! the data directory; with it everything is there, after a kill as well, and the key changes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anabranch_testkit::backup::Admin;
use anabranch_testkit::client::TIMEOUT;
use anabranch_testkit::server::{Binary, DIRECTORY_MARK, Error, Server, Signal};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// What nobody may find. Each occurs in a name, a subject, a configuration, a header or a body.
const WORDS: [&str; 9] = [
    "STREAMNAME",
    "subjectword",
    "bodyword",
    "headerword",
    "messageid",
    "descriptionword",
    "filterword",
    "compressedword",
    "sourceword",
];

fn start(store: &Path, encryption: &str) -> Result<Server, Error> {
    let binary = Binary::anabranch()?;
    let store = store.display();
    Server::start(&binary, &format!("jetstream {{ store_dir: \"{store}\"\n{encryption} }}"))
}

fn kill(mut server: Server) {
    server.signal(Signal::KILL).expect("the server runs");
    server.await_end(TIMEOUT).expect("it is killed");
}

fn stop(mut server: Server) {
    server.signal(Signal::TERM).expect("the server runs");
    server.await_end(TIMEOUT).expect("it ends");
}

/// The log of a server that does not start.
fn refused(store: &Path, encryption: &str) -> String {
    match start(store, encryption) {
        Err(Error::Ended { status, log }) => {
            assert!(!status.success(), "{log}");
            log
        }
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it starts with {encryption}"),
    }
}

/// Waits until the server's log says `text`: it is written behind what it tells of.
fn await_log(server: &Server, text: &str) {
    let begun = Instant::now();
    while !server.log().contains(text) {
        assert!(begun.elapsed() < TIMEOUT, "{text:?} is not in {}", server.log());
    }
}

/// All files below `folder`, without the zeros at their end.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("it is there") {
        let path = entry.expect("it is read").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if let Ok(mut bytes) = fs::read(&path) {
            // A file may go at any moment.
            bytes.truncate(bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1));
            found.push((path, bytes));
        }
    }
    found
}

/// Files below `folder` that hold one of the words.
fn readable(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for (path, bytes) in files(folder) {
        for word in WORDS {
            if bytes.windows(word.len()).any(|window| window == word.as_bytes()) {
                found.push(format!("{word} in {}", path.display()));
            }
        }
    }
    found
}

fn create(admin: &mut Admin) {
    admin.must(
        "STREAM.CREATE.STREAMNAME",
        &json!({
            "name": "STREAMNAME",
            "subjects": ["subjectword.>"],
            "description": "descriptionword",
            "allow_direct": true,
        }),
    );
    admin.must(
        "STREAM.CREATE.STREAMNAME2",
        &json!({
            "name": "STREAMNAME2",
            "subjects": ["compressedword.>"],
            "compression": "s2",
        }),
    );
    let sources = json!([{ "name": "STREAMNAME", "filter_subject": "subjectword.sourceword.>" }]);
    admin.must("STREAM.CREATE.STREAMNAME3", &json!({ "name": "STREAMNAME3", "sources": sources }));
}

/// A server whose streams hold five messages of the first round.
fn filled(store: &Path, encryption: &str) -> Server {
    let server = start(store, encryption).expect("it starts");
    let mut admin = Admin::open(server.address());
    create(&mut admin);
    publish(&mut admin, 1, 5);
    assert_holds(&server, &[(1, 5)]);
    server
}

/// A body that compresses.
fn body(round: u64, number: u64) -> String {
    format!("bodyword {round} {number} {}", "bodyword ".repeat(20))
}

/// Publishes `count` messages to both streams, and asks for everything that leaves a trace.
fn publish(admin: &mut Admin, round: u64, count: u64) {
    for number in 0..count {
        let body = body(round, number);
        let headers =
            format!("NATS/1.0\r\nX: headerword\r\nNats-Msg-Id: messageid{round}.{number}\r\n\r\n");
        for subject in ["subjectword.sourceword", "compressedword"] {
            let answer = admin.ask(&format!("{subject}.{number}"), &headers, body.as_bytes());
            let ack: Value = serde_json::from_slice(&answer.payload).expect("it is JSON");
            assert!(ack["error"].is_null() && ack["seq"].is_u64(), "{ack}");
        }
    }
    for name in ["STREAMNAME", "STREAMNAME2"] {
        let filter = json!({ "filter": "subjectword.filterword.*" });
        admin.must(&format!("STREAM.PURGE.{name}"), &filter);
    }
}

fn messages(admin: &mut Admin, stream: &str) -> usize {
    let info = admin.must(&format!("STREAM.INFO.{stream}"), &Value::Null);
    let messages = info["state"]["messages"].as_u64().expect("it has a state");
    usize::try_from(messages).expect("there are few")
}

/// The bodies of all messages of a stream.
fn bodies(admin: &mut Admin, stream: &str) -> Vec<String> {
    let info = admin.must(&format!("STREAM.INFO.{stream}"), &Value::Null);
    let last = info["state"]["last_seq"].as_u64().expect("it has a state");
    let mut found = Vec::new();
    for seq in 1..=last {
        let got = admin.must(&format!("STREAM.MSG.GET.{stream}"), &json!({ "seq": seq }));
        let message = &got["message"];
        let data = message["data"].as_str().expect("a body");
        let text = STANDARD.decode(data).expect("it is base64");
        let headers = STANDARD.decode(message["hdrs"].as_str().expect("headers"));
        let headers = String::from_utf8(headers.expect("it is base64")).expect("text");
        assert!(headers.contains("X: headerword"), "{headers}");
        found.push(String::from_utf8(text).expect("text"));
    }
    found
}

fn expected(rounds: &[(u64, u64)]) -> Vec<String> {
    let rounds = rounds.iter();
    rounds.flat_map(|&(round, count)| (0..count).map(move |number| body(round, number))).collect()
}

/// The messages of all streams are those of `rounds`.
fn assert_holds(server: &Server, rounds: &[(u64, u64)]) {
    let mut admin = Admin::open(server.address());
    let expected = expected(rounds);
    for stream in ["STREAMNAME", "STREAMNAME2", "STREAMNAME3"] {
        // What takes from another stream takes a moment.
        let begun = Instant::now();
        while begun.elapsed() < TIMEOUT && messages(&mut admin, stream) < expected.len() {}
        assert_eq!(bodies(&mut admin, stream), expected, "{stream}");
    }
}

fn checked(store: &Path, more: &[&str]) -> (bool, String) {
    let binary = Binary::anabranch().expect("it is built");
    let mut command = Command::new(binary.path());
    let ran = command.args(["store", "check"]).args(more).arg(store).output().expect("it runs");
    let said = [ran.stdout, ran.stderr].concat();
    (ran.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
#[ignore = "encryption"]
fn what_is_stored_can_be_read_with_the_key_only() {
    for cipher in ["", "cipher: chachapoly", "cipher: aes"] {
        let folder = tempfile::tempdir().expect("there is room");
        let store = folder.path();
        let key = format!("key: \"sesame\"\n{cipher}");
        let server = start(store, &key).expect("it starts");
        let name = if cipher.contains("aes") { "AES-GCM" } else { "ChaCha20-Poly1305" };
        await_log(&server, &format!("  Encryption:      {name}"));
        let mut admin = Admin::open(server.address());
        create(&mut admin);
        publish(&mut admin, 1, 30);
        assert_eq!(readable(store), Vec::<String>::new());
        kill(server);
        let server = start(store, &key).expect("it starts");
        publish(&mut Admin::open(server.address()), 2, 10);
        assert_holds(&server, &[(1, 30), (2, 10)]);
        stop(server);
        assert_eq!(readable(store), Vec::<String>::new());
        let server = start(store, &key).expect("it starts from a checkpoint");
        assert_holds(&server, &[(1, 30), (2, 10)]);
        // A message is erased, and what is left is whole.
        let mut admin = Admin::open(server.address());
        admin.must("STREAM.MSG.DELETE.STREAMNAME3", &json!({ "seq": 1 }));
        kill(server);
        let config = store.join("keys.conf");
        fs::write(&config, format!("jetstream {{ {key} }}")).expect("there is room");
        let (is_whole, said) = checked(store, &["-c", config.to_str().expect("text")]);
        assert!(is_whole && said.contains("0 damaged"), "{said}");
        let (is_whole, said) = checked(store, &[]);
        assert!(is_whole && said.contains("encrypted, and no key"), "{said}");
    }
}

#[test]
#[ignore = "encryption"]
fn a_key_that_is_wrong_or_missing_refuses_the_start() {
    let folder = tempfile::tempdir().expect("there is room");
    let store = folder.path();
    let server = start(store, "key: sesame").expect("it starts");
    let mut admin = Admin::open(server.address());
    create(&mut admin);
    publish(&mut admin, 1, 3);
    stop(server);
    let before = files(&store.join("anabranch"));
    let needs_key = "the data directory is encrypted, and no key is configured";
    assert!(refused(store, "").contains(needs_key));
    let another = "the data directory is encrypted with another key than those configured";
    assert!(refused(store, "key: Sesame").contains(another));
    assert!(refused(store, "key: a, prev_key: b").contains(another));
    assert!(refused(store, "prev_key: sesame").contains("does nothing without a key"));
    assert!(refused(store, "cipher: aes").contains("does nothing without a key"));
    assert!(refused(store, "key: \"\"").contains("\"key\" is empty"));
    assert!(refused(store, "key: sesame, tpm { keys_file: f }").contains("refusing to start"));
    let unknown = refused(store, "key: sesame, cipher: rot13");
    assert!(unknown.contains("Unknown cipher type: \"rot13\""), "{unknown}");
    let config = store.join("keys.conf");
    fs::write(&config, "jetstream { key: Sesame }").expect("there is room");
    let (is_whole, said) = checked(store, &["-c", config.to_str().expect("text")]);
    assert!(!is_whole && said.contains(another), "{said}");
    assert!(files(&store.join("anabranch")) == before, "nothing was changed by all that");
    let server = start(store, "key: sesame").expect("it starts");
    assert_holds(&server, &[(1, 3)]);
}

#[test]
#[ignore = "encryption"]
fn the_key_and_the_cipher_change() {
    let folder = tempfile::tempdir().expect("there is room");
    let store = folder.path();
    let steps = [
        "key: one",
        "key: two, prev_key: one",
        "key: two, prev_key: one",
        "key: two, cipher: aes",
        "key: three, prev_key: two, cipher: aes",
        "key: three",
    ];
    let mut rounds = Vec::new();
    for (round, step) in (1..).zip(steps) {
        let server = start(store, step).expect("it starts");
        if round == 1 {
            create(&mut Admin::open(server.address()));
        }
        assert_holds(&server, &rounds);
        publish(&mut Admin::open(server.address()), round, 5);
        rounds.push((round, 5));
        if round % 2 == 0 {
            kill(server);
        } else {
            stop(server);
        }
        assert_eq!(readable(store), Vec::<String>::new());
    }
    for old in ["key: one", "key: two", "key: one, prev_key: two"] {
        assert!(refused(store, old).contains("another key"), "{old}");
    }
    assert_holds(&start(store, "key: three").expect("it starts"), &rounds);
}

#[test]
#[ignore = "encryption"]
fn the_key_may_be_a_variable() {
    let folder = tempfile::tempdir().expect("there is room");
    let store = folder.path();
    let binary = Binary::anabranch().expect("it is built");
    let config =
        format!("SECRET: sesame\njetstream {{ store_dir: \"{}\", key: $SECRET }}", store.display());
    let server = Server::start(&binary, &config).expect("it starts");
    create(&mut Admin::open(server.address()));
    stop(server);
    let server = start(store, "key: sesame").expect("it is the same key");
    assert_holds(&server, &[]);
}

#[test]
#[ignore = "encryption"]
fn a_directory_in_use_is_sealed_from_then_on_and_that_is_told() {
    let folder = tempfile::tempdir().expect("there is room");
    let store = folder.path();
    let server = start(store, "").expect("it starts");
    let mut admin = Admin::open(server.address());
    create(&mut admin);
    publish(&mut admin, 1, 5);
    kill(server);
    let found = readable(store);
    let is_found = |word: &&str| found.iter().any(|line| line.starts_with(&format!("{word} ")));
    assert!(WORDS.iter().all(is_found), "without a key all can be read: {found:?}");
    let server = start(store, "key: sesame").expect("it starts");
    await_log(&server, "was in use before it was encrypted");
    assert_holds(&server, &[(1, 5)]);
    stop(server);
    // What the log brought is in files of streams that were made with the key already.
    let server = start(store, "key: sesame").expect("it starts");
    assert_holds(&server, &[(1, 5)]);
    stop(server);
    let server = start(store, "key: sesame").expect("it starts");
    publish(&mut Admin::open(server.address()), 7, 5);
    assert_holds(&server, &[(1, 5), (7, 5)]);
    kill(server);
    let fresh = body(7, 3);
    let is_there = |(_, bytes): &(PathBuf, Vec<u8>)| {
        bytes.windows(20).any(|window| fresh.as_bytes().starts_with(window))
    };
    assert!(!files(store).iter().any(is_there), "what came since is sealed");
    assert!(refused(store, "").contains("no key is configured"));
}

#[test]
#[ignore = "encryption"]
fn streams_of_a_directory_in_use_are_sealed_by_and_by() {
    let folder = tempfile::tempdir().expect("there is room");
    let store = folder.path();
    stop(filled(store, ""));
    let streams = store.join("anabranch/streams");
    assert!(!readable(&streams).is_empty());
    let server = start(store, "key: sesame").expect("it starts");
    await_log(&server, "  Encrypting stream '$G > STREAMNAME2'");
    // Old files go when no checkpoint names them: two are made, ten seconds apart.
    let begun = Instant::now();
    while !readable(&streams).is_empty() {
        assert!(begun.elapsed() < 3 * TIMEOUT, "{:?}", readable(&streams));
    }
    assert_holds(&server, &[(1, 5)]);
    kill(server);
    assert_eq!(readable(&store.join("anabranch/checkpoints")), Vec::<String>::new());
    let server = start(store, "key: sesame").expect("it starts");
    assert_holds(&server, &[(1, 5)]);
}

#[test]
#[ignore = "encryption"]
fn backups_go_into_encrypted_servers_and_out_of_them() {
    let folders = [(); 3].map(|()| tempfile::tempdir().expect("there is room"));
    let configs = ["", "key: one", "key: two, cipher: aes"];
    let servers: Vec<Server> = folders
        .iter()
        .zip(configs)
        .map(|(folder, config)| start(folder.path(), config).expect("it starts"))
        .collect();
    let mut first = Admin::open(servers[0].address());
    create(&mut first);
    publish(&mut first, 1, 20);
    for ways in [[0, 1], [1, 2], [2, 0]] {
        let [mut from, mut to] = ways.map(|nth: usize| Admin::open(servers[nth].address()));
        let backup = from.backup("STREAMNAME", &Value::Null);
        if ways[1] == 0 {
            to.must("STREAM.DELETE.STREAMNAME", &Value::Null);
        }
        let restored = to.restore("STREAMNAME", &backup.answer, &backup.bytes);
        assert!(restored["error"].is_null(), "{restored}");
        assert_eq!(bodies(&mut to, "STREAMNAME"), expected(&[(1, 20)]));
    }
    for (server, folder) in servers.into_iter().zip(&folders).skip(1) {
        kill(server);
        assert_eq!(readable(folder.path()), Vec::<String>::new());
    }
}

#[test]
#[ignore = "encryption"]
fn damage_to_a_sealed_message_costs_that_message() {
    let folder = tempfile::tempdir().expect("there is room");
    let store = folder.path();
    stop(filled(store, "key: sesame"));
    let segments = files(&store.join("anabranch/streams"));
    let (path, mut bytes) = segments.into_iter().next().expect("there is a segment");
    // Within the body of the first record, behind the header of the file and its own.
    bytes[64 + 40 + 60] ^= 1;
    fs::write(&path, bytes).expect("there is room");
    let server = start(store, "key: sesame").expect("it starts");
    let mut admin = Admin::open(server.address());
    let mut unreadable = 0;
    for stream in ["STREAMNAME", "STREAMNAME2", "STREAMNAME3"] {
        for seq in 1..=5 {
            let got = admin.api(&format!("STREAM.MSG.GET.{stream}"), &json!({ "seq": seq }));
            unreadable += usize::from(got["message"].is_null());
        }
    }
    assert_eq!(unreadable, 1);
    await_log(&server, "cannot be read");
}

#[test]
#[ignore = "encryption"]
fn both_servers_take_the_same_configuration_and_say_the_same_of_it() {
    for binary in Binary::both().expect("both are there") {
        let start = |encryption: &str| {
            let config = format!("jetstream {{ store_dir: \"{DIRECTORY_MARK}\", {encryption} }}");
            Server::start(&binary, &config)
        };
        let all = [
            ("key: k", "ChaCha20-Poly1305"),
            ("ek: k, cipher: ChaCha", "ChaCha20-Poly1305"),
            ("encryption_key: k, cipher: chachapoly, prev_ek: j", "ChaCha20-Poly1305"),
            ("key: k, prev_encryption_key: j, cipher: AES", "AES-GCM"),
        ];
        for (encryption, name) in all {
            let server = start(encryption).expect("it starts");
            await_log(&server, &format!("  Encryption:      {name}"));
        }
        for cipher in ["rot13", "aes256", ""] {
            let Err(Error::Ended { log, .. }) = start(&format!("key: k, cipher: \"{cipher}\""))
            else {
                panic!("{cipher:?} is no cipher");
            };
            assert!(log.contains(&format!("Unknown cipher type: \"{cipher}\"")), "{log}");
        }
    }
}
