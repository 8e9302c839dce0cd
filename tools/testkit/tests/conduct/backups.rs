//! Backups and restores: between the two servers, in both directions, and what is refused.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anabranch_jetstream::backup::Compressor;
use anabranch_testkit::backup::{Admin, Backup};
use anabranch_testkit::client::Client;
use anabranch_testkit::server::{Binary, Server, Signal};
use serde_json::{Value, json};

const CONFIG: &str = "jetstream { store_dir: \"{{dir}}/store\", max_mem: 100MB, max_file: 1GB }";
const HEADERS: &str = "NATS/1.0\r\nNats-Msg-Id: id-7\r\nX-Two: a\r\nX-Two: b\r\n\r\n";

fn both() -> [(Server, Admin); 2] {
    Binary::both().expect("needs both servers").map(|binary| {
        let server = Server::start(&binary, CONFIG).expect("a valid configuration");
        let admin = Admin::open(server.address());
        (server, admin)
    })
}

/// A stream with gaps, headers, many subjects and payloads of many sizes.
fn fill(admin: &mut Admin, config: &Value) {
    let name = config["name"].as_str().expect("a name");
    admin.must(&format!("STREAM.CREATE.{name}"), config);
    for number in 0..60u32 {
        let headers = if number % 7 == 0 { HEADERS } else { "" };
        let headers = headers.replace("id-7", &format!("id-{number}"));
        let body: Vec<u8> =
            (0..number * number).map(|at| (at * 31 + number).to_le_bytes()[0]).collect();
        let subject = format!("{name}.{}", number % 5);
        let ack = admin.ask(&subject, &headers, &body).payload;
        assert!(ack.starts_with(b"{\"stream\":"), "{}", String::from_utf8_lossy(&ack));
    }
    for seq in [5, 6, 30, 60] {
        // Where limits took it before, both say so.
        admin.api(&format!("STREAM.MSG.DELETE.{name}"), &json!({ "seq": seq }));
    }
    admin.must(&format!("STREAM.PURGE.{name}"), &json!({ "seq": 4 }));
}

fn configs() -> [Value; 4] {
    [
        json!({ "name": "FILE", "subjects": ["FILE.>"], "storage": "file", "max_msgs": 1000,
            "description": "of files", "metadata": { "a": "b" }, "allow_direct": true }),
        json!({ "name": "MEMORY", "subjects": ["MEMORY.>"], "storage": "memory",
            "max_msg_size": 5000, "discard": "new" }),
        json!({ "name": "SUBJECTS", "subjects": ["SUBJECTS.*"], "storage": "file",
            "max_msgs_per_subject": 9, "allow_rollup_hdrs": true, "compression": "s2" }),
        json!({ "name": "FIRST", "subjects": ["FIRST.*"], "storage": "file", "first_seq": 1,
            "max_bytes": 1_000_000, "duplicate_window": 60_000_000_000u64 }),
    ]
}

#[test]
#[ignore = "needs both servers"]
fn a_backup_of_either_server_is_restored_by_either() {
    let mut servers = both();
    for config in configs() {
        let name = config["name"].as_str().expect("a name");
        let backups = [0, 1].map(|from| {
            let admin = &mut servers[from].1;
            fill(admin, &config);
            let (backup, contents) = (admin.backup(name, &json!({})), admin.contents(name));
            admin.must(&format!("STREAM.DELETE.{name}"), &Value::Null);
            (backup, contents)
        });
        assert_eq!(backups[0].1["state"]["bytes"], backups[1].1["state"]["bytes"]);
        for (from, (backup, contents)) in backups.iter().enumerate() {
            for (to, (_, admin)) in servers.iter_mut().enumerate() {
                let answer = admin.restore(name, &backup.answer, &backup.bytes);
                assert!(answer["error"].is_null(), "{name} {from} {to}: {answer}");
                assert_eq!(&admin.contents(name), contents, "{name}: from {from} to {to}");
                admin.must(&format!("STREAM.DELETE.{name}"), &Value::Null);
            }
        }
    }
}

/// Where a consumer stands, as it says.
fn standing(admin: &mut Admin) -> Value {
    let info = admin.must("CONSUMER.INFO.FILE.WORKER", &Value::Null);
    let place =
        |field: &str| [&info[field]["consumer_seq"], &info[field]["stream_seq"]].map(Value::clone);
    json!([place("delivered"), place("ack_floor"), info["num_ack_pending"], info["num_pending"]])
}

#[test]
#[ignore = "needs both servers"]
fn consumers_of_a_backup_go_on_where_they_were() {
    let mut servers = both();
    let consumer = json!({ "stream_name": "FILE", "config": { "durable_name": "WORKER",
        "ack_policy": "explicit", "filter_subject": "FILE.*" } });
    let backups = [0, 1].map(|from| {
        let admin = &mut servers[from].1;
        fill(admin, &configs()[0]);
        admin.must("CONSUMER.DURABLE.CREATE.FILE.WORKER", &consumer);
        let replies =
            [(); 3].map(|()| admin.ask("$JS.API.CONSUMER.MSG.NEXT.FILE.WORKER", "", b"1").reply);
        for reply in [&replies[0], &replies[2]] {
            assert!(admin.ask(reply, "", b"+ACK").payload.is_empty());
        }
        let backup = admin.backup("FILE", &json!({}));
        let without = admin.backup("FILE", &json!({ "no_consumers": true }));
        let standing = standing(admin);
        admin.must("STREAM.DELETE.FILE", &Value::Null);
        (backup, without, standing)
    });
    assert_eq!(backups[0].2, backups[1].2);
    for (from, (backup, without, stood)) in backups.iter().enumerate() {
        for (to, (_, admin)) in servers.iter_mut().enumerate() {
            let answer = admin.restore("FILE", &backup.answer, &backup.bytes);
            assert!(answer["error"].is_null(), "{from} {to}: {answer}");
            assert_eq!(&standing(admin), stood, "from {from} to {to}");
            // nats-server may take what waits for its acknowledgement for overdue.
            let mut next = || admin.ask("$JS.API.CONSUMER.MSG.NEXT.FILE.WORKER", "", b"1").reply;
            let is_ninth = |reply: String| reply.starts_with("$JS.ACK.FILE.WORKER.1.9.");
            assert!((0..3).any(|_| is_ninth(next())), "from {from} to {to}");
            admin.must("STREAM.DELETE.FILE", &Value::Null);
            let answer = admin.restore("FILE", &without.answer, &without.bytes);
            assert!(answer["error"].is_null(), "{from} {to}: {answer}");
            let gone = admin.api("CONSUMER.INFO.FILE.WORKER", &Value::Null);
            assert_eq!(gone["error"]["err_code"], 10_014, "from {from} to {to}");
            admin.must("STREAM.DELETE.FILE", &Value::Null);
        }
    }
}

#[test]
#[ignore = "needs both servers"]
fn a_client_that_does_not_wait_for_answers_is_held_to_a_bound() {
    let (server, mut admin) = ours();
    let backup = backup_of(&mut admin);
    let to = admin.begin_restore("FILE", &backup.answer).expect("nothing is in the way");
    // Zeros that may be passed over, as many as it takes.
    let mut frame = backup.bytes[..10].to_vec();
    frame.extend_from_slice(&[0xfe, 0xff, 0xff, 0xff]);
    admin.publish(&to, "_INBOX.answers", "", &frame);
    let zeros = vec![0; 1_000_000];
    for _ in 0..15 {
        admin.publish(&to, "_INBOX.answers", "", &zeros);
    }
    // Whether it kept up or not, the server goes on, and so does the restore or its refusal.
    admin.publish(&to, "_INBOX.answers", "", b"");
    let refusal = loop {
        let answer = admin.client.message();
        if !answer.payload.is_empty() {
            break answer.payload;
        }
    };
    let refusal: Value = serde_json::from_slice(&refusal).expect("JSON");
    assert_eq!(refusal["error"]["err_code"], 10_062, "{refusal}");
    // More refusals may be on their way to the first one.
    let mut other = Admin::open(server.address());
    assert_eq!(other.api("STREAM.INFO.FILE", &Value::Null)["error"]["err_code"], 10_059);
}

/// Large messages are packed in large blocks, with copies that repeat for long.
#[test]
#[ignore = "needs both servers"]
fn large_messages_move_between_the_servers() {
    let mut servers = both();
    let config = json!({ "name": "L", "subjects": ["L"], "storage": "file" });
    let text: Vec<u8> = (0..900_000u32).flat_map(|n| (n / 5).to_be_bytes()).take(900_000).collect();
    let bodies = [vec![0; 1_000_000], text, b"abcdefgh".repeat(100_000), vec![7; 70_000]];
    for (from, to) in [(0, 1), (1, 0)] {
        let admin = &mut servers[from].1;
        admin.must("STREAM.CREATE.L", &config);
        for body in &bodies {
            admin.ask("L", "", body);
        }
        let (backup, contents) = (admin.backup("L", &json!({})), admin.contents("L"));
        assert!(backup.bytes.len() < 2_000_000, "{}", backup.bytes.len());
        admin.must("STREAM.DELETE.L", &Value::Null);
        let admin = &mut servers[to].1;
        let answer = admin.restore("L", &backup.answer, &backup.bytes);
        assert!(answer["error"].is_null(), "{answer}");
        assert!(admin.contents("L") == contents, "from {from} to {to}");
        admin.must("STREAM.DELETE.L", &Value::Null);
    }
}

#[test]
#[ignore = "needs both servers"]
fn both_answer_alike_and_tell_alike() {
    let told = both().map(|(server, mut admin)| {
        let mut listener = Client::open(server.address());
        listener.send("SUB $JS.EVENT.ADVISORY.STREAM.> 1\r\n");
        listener.barrier();
        fill(&mut admin, &configs()[0]);
        let backup = admin.backup("FILE", &json!({}));
        admin.must("STREAM.DELETE.FILE", &Value::Null);
        let restored = admin.restore("FILE", &backup.answer, &backup.bytes);
        // Made, backup begun and over, deleted, restore begun, made, restore over. nats-server
        // does not keep the order.
        let mut advisories: Vec<String> = (0..7)
            .map(|_| {
                let message = listener.message();
                let text: Value = serde_json::from_slice(&message.payload).expect("JSON");
                json!([message.subject, shape(&text)]).to_string()
            })
            .collect();
        advisories.sort();
        let answers = json!([backup.answer, restored]);
        (shape(&answers), backup.end, advisories)
    });
    assert_eq!(told[0].0, told[1].0);
    assert_eq!((&told[0].1, &told[0].2), (&told[1].1, &told[1].2));
}

/// Keys and those values that do not depend on server and time.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let free = ["id", "timestamp", "start", "end", "client", "created", "ts", "bytes"];
            let field = |(key, value): (&String, &Value)| {
                let is_free = free.contains(&key.as_str()) || key.ends_with("_ts");
                (key.clone(), if is_free { Value::Null } else { shape(value) })
            };
            Value::Object(fields.iter().map(field).collect())
        }
        Value::Array(all) => all.iter().map(shape).collect(),
        other => other.clone(),
    }
}

/// A stream of about 300 KB that cannot be compressed.
fn noise(admin: &mut Admin) {
    admin.must("STREAM.CREATE.N", &json!({ "name": "N", "subjects": ["N"], "storage": "file" }));
    let mut state = 1u64;
    for _ in 0..30 {
        let body: Vec<u8> = (0..10_000)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                state.to_be_bytes()[0]
            })
            .collect();
        admin.ask("N", "", &body);
    }
}

#[test]
#[ignore = "needs both servers"]
fn chunks_have_the_size_that_was_asked_for_and_the_last_is_not_acknowledged() {
    for (_server, mut admin) in both() {
        noise(&mut admin);
        for (asked, size) in [(0, 131_072), (1, 1024), (5000, 5000), (9_000_000, 1_048_576)] {
            let backup = admin.backup("N", &json!({ "chunk_size": asked, "window_size": 1 }));
            assert!(backup.acknowledged.iter().all(|&len| len == size), "{asked}");
            let full = backup.acknowledged.len() * size;
            assert!((full..full + size).contains(&backup.bytes.len()), "{asked}");
            let end = if full == 0 { "" } else { "NATS/1.0 204\r\n\r\n" };
            assert_eq!(backup.end, end, "{asked}");
        }
    }
}

#[test]
#[ignore = "needs both servers"]
fn no_more_chunks_are_under_way_than_the_window_holds() {
    for (_server, mut admin) in both() {
        noise(&mut admin);
        let request = json!({
            "deliver_subject": "_INBOX.first", "chunk_size": 1024, "window_size": 3 * 1024,
        });
        admin.client.send("SUB _INBOX.first 9\r\n");
        admin.must("STREAM.SNAPSHOT.N", &request);
        let first: Vec<_> = (0..3).map(|_| admin.client.message()).collect();
        let ack = first[2].reply.clone();
        assert!(ack.starts_with("$JS.SNAPSHOT.ACK.N.") && ack.ends_with(".1024.3"), "{ack}");
        assert!(admin.client.barrier().is_empty(), "a chunk beyond the window");
        admin.publish(&ack, "", "", b"");
        assert!(admin.client.message().reply.ends_with(".1024.4"));
        assert!(admin.client.barrier().is_empty(), "a chunk beyond the window");
        // Nobody listens any more: it ends soon, and another can begin.
        admin.client.send("UNSUB 9\r\n");
        admin.client.barrier();
        let again = admin.backup("N", &json!({ "no_consumers": true, "jsck": true }));
        assert!(again.bytes.len() > 300_000);
    }
}

/// As the `nats` command does it.
#[test]
#[ignore = "needs both servers"]
fn chunks_wait_for_who_subscribes_after_the_answer_though_a_wildcard_covers_them() {
    for (_server, mut admin) in both() {
        fill(&mut admin, &configs()[0]);
        admin.client.send("UNSUB 2\r\nSUB _INBOX.late.* 3\r\n");
        let request = json!({ "deliver_subject": "_INBOX.late.x" });
        admin.must("STREAM.SNAPSHOT.FILE", &request);
        let asked = Instant::now();
        admin.client.send("SUB _INBOX.late.x 4\r\n");
        let mut came = 0;
        loop {
            let chunk = admin.client.message();
            if chunk.sid == "4" && chunk.payload.is_empty() {
                break;
            }
            came += if chunk.sid == "4" { chunk.payload.len() } else { 0 };
        }
        assert!(came > 1000, "{came}");
        assert!(asked.elapsed() < Duration::from_secs(2), "it is seen that somebody listens");
    }
}

#[test]
#[ignore = "needs both servers"]
fn both_refuse_alike() {
    let refusals = both().map(|(_server, mut admin)| {
        fill(&mut admin, &configs()[0]);
        let good = admin.backup("FILE", &json!({})).answer;
        let mut requests = vec![
            ("SNAPSHOT.FILE", Value::Null),
            ("SNAPSHOT.NONE", json!({ "deliver_subject": "a" })),
            ("SNAPSHOT.FILE", json!({ "deliver_subject": "" })),
            ("SNAPSHOT.FILE", json!({ "deliver_subject": "a.*" })),
            ("SNAPSHOT.FILE", json!({ "deliver_subject": 7 })),
            ("SNAPSHOT.FILE", json!({ "deliver_subject": "a", "unknown": 1 })),
            ("RESTORE.FILE", Value::Null),
            ("RESTORE.OTHER", json!({ "config": good["config"] })),
            ("RESTORE.FILE", json!({ "config": good["config"], "state": good["state"] })),
            ("RESTORE.NEW", json!({ "config": { "name": "NEW", "max_age": 5 } })),
            ("RESTORE.NEW", json!({ "config": { "name": "NEW", "unknown": 5 } })),
        ];
        let large = json!({ "name": "BIG", "max_bytes": 10_000_000_000u64, "storage": "file" });
        requests.push(("RESTORE.BIG", json!({ "config": large })));
        let answers =
            requests.iter().map(|(call, body)| admin.api(&format!("STREAM.{call}"), body));
        answers.collect::<Vec<_>>()
    });
    let pairs = refusals[0].iter().zip(&refusals[1]);
    for (ours, theirs) in pairs {
        assert_eq!(ours, theirs);
        assert!(!ours["error"].is_null(), "{ours}");
    }
}

fn backup_of(admin: &mut Admin) -> Backup {
    fill(admin, &configs()[0]);
    let backup = admin.backup("FILE", &json!({}));
    admin.must("STREAM.DELETE.FILE", &Value::Null);
    backup
}

fn ours() -> (Server, Admin) {
    let binary = Binary::anabranch().expect("needs ANABRANCH_BIN");
    let server = Server::start(&binary, CONFIG).expect("a valid configuration");
    let admin = Admin::open(server.address());
    (server, admin)
}

/// nats-server leaves what was restored before the damage as a stream.
#[test]
#[ignore = "needs both servers"]
fn a_damaged_backup_is_refused_and_leaves_nothing() {
    let (_server, mut admin) = ours();
    let backup = backup_of(&mut admin);
    let len = backup.bytes.len();
    let mut damaged: Vec<Vec<u8>> = [10, 100, len / 2, len - 1]
        .iter()
        .map(|&at| {
            let mut bytes = backup.bytes.clone();
            bytes[at] ^= 0x20;
            bytes
        })
        .collect();
    damaged.extend([0, 5, len / 2, len - 1].map(|end| backup.bytes[..end].to_vec()));
    for bytes in damaged {
        let answer = admin.restore("FILE", &backup.answer, &bytes);
        assert_eq!(answer["error"]["err_code"], 10_062, "{answer}");
        assert_eq!(answer["type"], "io.nats.jetstream.api.v1.stream_create_response");
        let info = admin.api("STREAM.INFO.FILE", &Value::Null);
        assert_eq!(info["error"]["err_code"], 10_059);
    }
    let answer = admin.restore("FILE", &backup.answer, &backup.bytes);
    assert!(answer["error"].is_null(), "{answer}");
    assert_eq!(answer["state"]["messages"], 53);
}

#[test]
#[ignore = "needs both servers"]
fn nobody_sees_a_stream_before_it_is_restored_and_its_name_is_taken() {
    let (_server, mut admin) = ours();
    let backup = backup_of(&mut admin);
    let to = admin.begin_restore("FILE", &backup.answer).expect("nothing is in the way");
    assert!(admin.ask(&to, "", &backup.bytes).payload.is_empty());
    let code = |answer: &Value| answer["error"]["err_code"].clone();
    assert_eq!(code(&admin.api("STREAM.INFO.FILE", &Value::Null)), 10_059);
    assert_eq!(admin.must("STREAM.NAMES", &Value::Null)["total"], 0);
    assert_eq!(code(&admin.api("STREAM.CREATE.FILE", &backup.answer["config"])), 10_058);
    let overlapping = json!({ "name": "X", "subjects": ["FILE.1"] });
    assert_eq!(code(&admin.api("STREAM.CREATE.X", &overlapping)), 10_065);
    assert_eq!(admin.begin_restore("FILE", &backup.answer).unwrap_err()["err_code"], 10_130);
    let answer = admin.ask(&to, "", b"").payload;
    let answer: Value = serde_json::from_slice(&answer).expect("JSON");
    assert_eq!(answer["state"]["messages"], 53);
    assert_eq!(admin.must("STREAM.INFO.FILE", &Value::Null)["state"]["last_seq"], 60);
    let ack = admin.ask("FILE.1", "", b"x").payload;
    assert!(ack.ends_with(b"\"seq\":61}"), "{}", String::from_utf8_lossy(&ack));
    let again = admin.ask("FILE.1", &HEADERS.replace("id-7", "id-49"), b"x").payload;
    assert!(again.ends_with(b"\"duplicate\": true}"), "{}", String::from_utf8_lossy(&again));
}

#[test]
#[ignore = "needs both servers"]
fn a_restore_that_nobody_goes_on_with_ends_and_frees_its_name() {
    let (_server, mut admin) = ours();
    let backup = backup_of(&mut admin);
    let to = admin.begin_restore("FILE", &backup.answer).expect("nothing is in the way");
    assert!(admin.ask(&to, "", &backup.bytes[..100]).payload.is_empty());
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        match admin.begin_restore("FILE", &backup.answer) {
            Ok(_) => break,
            Err(refusal) => assert_eq!(refusal["err_code"], 10_130),
        }
        assert!(Instant::now() < deadline, "it is given up after five seconds");
    }
}

#[test]
#[ignore = "needs both servers"]
fn what_was_restored_outlives_a_crash_and_half_a_restore_does_not() {
    let store = tempfile::tempdir().expect("a directory");
    let config = format!("jetstream {{ store_dir: \"{}\" }}", store.path().display());
    let binary = Binary::anabranch().expect("needs ANABRANCH_BIN");
    let mut server = Server::start(&binary, &config).expect("a valid configuration");
    let mut admin = Admin::open(server.address());
    let other = &configs()[3];
    fill(&mut admin, other);
    let half = admin.backup("FIRST", &json!({}));
    admin.must("STREAM.DELETE.FIRST", &Value::Null);
    let whole = backup_of(&mut admin);
    admin.restore("FILE", &whole.answer, &whole.bytes);
    let contents = admin.contents("FILE");
    let to = admin.begin_restore("FIRST", &half.answer).expect("nothing is in the way");
    assert!(admin.ask(&to, "", &half.bytes).payload.is_empty());
    server.signal(Signal::KILL).expect("it runs");
    server.await_end(Duration::from_secs(20)).expect("it ends");

    let server = Server::start(&binary, &config).expect("it recovers");
    let mut admin = Admin::open(server.address());
    assert_eq!(admin.contents("FILE"), contents);
    let info = admin.api("STREAM.INFO.FIRST", &Value::Null);
    assert_eq!(info["error"]["err_code"], 10_059);
    let answer = admin.restore("FIRST", &half.answer, &half.bytes);
    assert!(answer["error"].is_null(), "{answer}");
}

/// Backups of versions before 2.15 are a tar of the store's files, in S2 frames: here it is made
/// of what nats-server leaves when it ends.
#[test]
#[ignore = "needs both servers"]
fn files_of_an_older_server_are_restored_alike() {
    let [_, peer] = Binary::both().expect("needs both servers");
    for compression in ["none", "s2"] {
        let mut server = Server::start(&peer, CONFIG).expect("a valid configuration");
        let mut admin = Admin::open(server.address());
        let mut config = configs()[0].clone();
        config["compression"] = json!(compression);
        fill(&mut admin, &config);
        let backup = admin.backup("FILE", &json!({})).answer;
        let expected = admin.contents("FILE");
        drop(admin);
        server.signal(Signal::TERM).expect("it runs");
        server.await_end(Duration::from_secs(20)).expect("it ends");
        let files = server.directory().join("store/jetstream/$G/streams/FILE");
        let mut compressor = Compressor::default();
        compressor.add(&tar(&files));
        compressor.flush();
        let bytes = compressor.take(usize::MAX);
        for (_server, mut admin) in both() {
            let mut asked = backup.clone();
            asked["config"]["compression"] = json!("none");
            let answer = admin.restore("FILE", &asked, &bytes);
            assert!(answer["error"].is_null(), "{answer}");
            let mut contents = admin.contents("FILE");
            contents["config"]["compression"] = json!(compression);
            assert_eq!(contents, expected);
        }
    }
}

fn tar(root: &Path) -> Vec<u8> {
    let mut tar = Vec::new();
    let mut names: Vec<String> = ["meta.inf", "meta.sum"].map(str::to_owned).to_vec();
    let blocks = fs::read_dir(root.join("msgs")).expect("a directory");
    let mut blocks: Vec<String> = blocks
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
        .collect();
    blocks.sort();
    names.extend(blocks.iter().map(|name| format!("msgs/{name}")));
    for name in names {
        let contents = fs::read(root.join(&name)).expect("a file");
        let mut head = [0u8; 512];
        head[..name.len()].copy_from_slice(name.as_bytes());
        head[100..107].copy_from_slice(b"0000600");
        head[124..135].copy_from_slice(format!("{:011o}", contents.len()).as_bytes());
        head[156] = b'0';
        head[257..265].copy_from_slice(b"ustar\x0000");
        head[148..156].fill(b' ');
        let sum: u32 = head.iter().map(|&byte| u32::from(byte)).sum();
        head[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        tar.extend_from_slice(&head);
        tar.extend_from_slice(&contents);
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
    tar.resize(tar.len() + 1024, 0);
    tar
}
