//! The monitoring endpoints of both servers, asked the same after the same clients came by: the
//! answers have the same fields of the same JSON types, the same values where those do not depend
//! on the moment, and the same status codes.

#[path = "monitoring/pair.rs"]
mod pair;
#[path = "monitoring/starting.rs"]
mod starting;
#[path = "monitoring/streams.rs"]
mod streams;
#[path = "monitoring/tls.rs"]
mod tls;
#[path = "monitoring/traffic.rs"]
mod traffic;

use std::io::Write;
use std::net::TcpStream;

use anabranch_testkit::http::Answer;
use pair::{Pair, shape};
use serde_json::Value;

const PLAIN: &str = "http: \"127.0.0.1:-1\"\nserver_name: mon\nserver_tags: [a, \"b:c\"]\n\
                     server_metadata: {k: v}\n";
const NEED: &str = "needs both servers: NATS_SERVER_BIN and ANABRANCH_BIN";

/// Values of `/varz` that follow from the configuration alone.
const SETTLED: [&str; 27] = [
    "server_name",
    "proto",
    "host",
    "auth_required",
    "tls_required",
    "tls_verify",
    "max_connections",
    "max_subscriptions",
    "ping_interval",
    "ping_max",
    "http_host",
    "http_base_path",
    "https_port",
    "auth_timeout",
    "max_control_line",
    "max_payload",
    "max_pending",
    "tls_timeout",
    "write_deadline",
    "connections",
    "total_connections",
    "routes",
    "leafnodes",
    "in_msgs",
    "in_bytes",
    "tags",
    "metadata",
];

/// Fields of `/varz` that only one of the servers has: our release, and the peer's source,
/// JetStream's switches and system account.
const OF_ONE: [&str; 4] =
    [".anabranch_version", ".git_commit", ".feature_flags", ".system_account"];

const SORTS: [&str; 14] = [
    "cid",
    "start",
    "subs",
    "pending",
    "msgs_to",
    "msgs_from",
    "bytes_to",
    "bytes_from",
    "last",
    "idle",
    "uptime",
    "stop",
    "reason",
    "rtt",
];

/// Both answers have the same status and the same shape; gives them back.
fn same_shape(pair: &Pair, path: &str) -> (Answer, Answer) {
    let (ours, theirs) = pair.get(path);
    assert_eq!(ours.status, theirs.status, "{path}: {} / {}", ours.body, theirs.body);
    assert_eq!(shape(&ours), shape(&theirs), "{path}");
    (ours, theirs)
}

/// As [`same_shape`] of `/varz`, apart from the fields that only one of the servers has.
fn same_varz(pair: &Pair) -> (Answer, Answer) {
    let (ours, theirs) = pair.get("/varz");
    let shared = |answer: &Answer| {
        let mut shape = shape(answer);
        shape.retain(|field| !OF_ONE.iter().any(|name| field.starts_with(name)));
        shape
    };
    assert_eq!(shared(&ours), shared(&theirs));
    (ours, theirs)
}

/// Both answers are the same to the byte.
fn same_answer(pair: &Pair, path: &str) {
    let (ours, theirs) = pair.get(path);
    assert_eq!(ours, theirs, "{path}");
}

fn connections(answer: &Answer) -> Vec<Value> {
    answer.json()["connections"].as_array().cloned().unwrap_or_default()
}

#[test]
#[ignore = "needs both servers"]
fn varz_has_the_same_fields_and_settled_values() {
    let pair = Pair::start(PLAIN).expect(NEED);
    let clients = pair.clients(&["one", "two"]);
    let (ours, theirs) = same_varz(&pair);
    for name in SETTLED {
        assert_eq!(ours.json()[name], theirs.json()[name], "{name}");
    }
    drop(clients);
}

#[test]
#[ignore = "needs both servers"]
fn varz_names_limits_and_tls_where_configured() {
    let config = format!(
        "{PLAIN}max_subscriptions: 5\nwrite_timeout: close\nauthorization: {{token: s}}\n\
         tls: {{cert_file: \"{{{{dir}}}}/cert.pem\", key_file: \"{{{{dir}}}}/key.pem\",\n\
         ca_file: \"{{{{dir}}}}/cert.pem\", verify: true, timeout: 3}}\n"
    );
    let pair = Pair::start(&config).expect(NEED);
    let (ours, theirs) = same_varz(&pair);
    for name in
        SETTLED.iter().chain(&["write_timeout", "tls_required", "tls_verify", "max_subscriptions"])
    {
        assert_eq!(ours.json()[name], theirs.json()[name], "{name}");
    }
    for name in ["tls_cert_not_after", "write_timeout", "auth_required"] {
        assert!(!theirs.json()[name].is_null(), "{name} was to be compared");
    }
}

#[test]
#[ignore = "needs both servers"]
fn connz_has_the_same_fields_under_every_parameter() {
    let pair = Pair::start(PLAIN).expect(NEED);
    let clients = pair.clients(&["one", "two", "three"]);
    for parameters in [
        "",
        "?subs=1",
        "?subs=true",
        "?subs=detail",
        "?auth=1",
        "?offset=1",
        "?limit=1",
        "?offset=1&limit=1",
        "?offset=9",
        "?cid=1000000",
        "?state=open",
        "?state=any",
        "?state=all",
        "?acc=$G",
        "?acc=none",
        "?user=none",
        "?mqtt_client=x",
    ] {
        let (ours, theirs) = same_shape(&pair, &format!("/connz{parameters}"));
        for name in ["num_connections", "total", "offset", "limit"] {
            assert_eq!(ours.json()[name], theirs.json()[name], "{name} of {parameters}");
        }
    }
    drop(clients);
}

#[test]
#[ignore = "needs both servers"]
fn connz_lists_a_connection_alike() {
    let pair = Pair::start(PLAIN).expect(NEED);
    let clients = pair.clients(&["one"]);
    let (ours, theirs) = same_shape(&pair, "/connz?subs=1&auth=1");
    for name in [
        "kind",
        "type",
        "ip",
        "in_msgs",
        "out_msgs",
        "in_bytes",
        "out_bytes",
        "subscriptions",
        "name",
        "lang",
        "version",
        "account",
        "subscriptions_list",
    ] {
        assert_eq!(connections(&ours)[0][name], connections(&theirs)[0][name], "{name}");
    }
    drop(clients);
}

#[test]
#[ignore = "needs both servers"]
fn connz_sorts_by_every_order() {
    let pair = Pair::start(PLAIN).expect(NEED);
    let clients = pair.clients(&["one", "two"]);
    for sort in SORTS {
        same_shape(&pair, &format!("/connz?sort={sort}"));
        same_shape(&pair, &format!("/connz?sort={sort}&state=closed"));
    }
    drop(clients);
}

#[test]
#[ignore = "needs both servers"]
fn connz_refuses_what_it_cannot_read() {
    let pair = Pair::start(PLAIN).expect(NEED);
    for parameters in
        ["sort=none", "offset=x", "limit=x", "cid=x", "auth=x", "subs=x", "state=x", "sort=Cid"]
    {
        same_answer(&pair, &format!("/connz?{parameters}"));
    }
}

#[test]
#[ignore = "needs both servers"]
fn connz_tells_why_connections_ended() {
    let pair =
        Pair::start(&format!("{PLAIN}max_payload: 100\nmax_control_line: 512\n")).expect(NEED);
    let long = format!("SUB {} 1\r\n", "x".repeat(600));
    for bytes in [
        "PUB a\r\n",
        "NONSENSE\r\n",
        "PUB a 200\r\n",
        &long,
        "CONNECT {\"protocol\":9}\r\n",
        "CONNECT {\"no_responders\":true}\r\n",
        "CONNECT {\r\n",
    ] {
        pair.closes_after(bytes);
    }
    drop(pair.clients(&["gone"]));
    let total = "num_connections";
    pair.wait_until("/connz?state=closed", |answer| answer.json()[total].as_u64() == Some(8));
    let (ours, theirs) = same_shape(&pair, "/connz?state=closed&sort=cid");
    let reasons = |answer: &Answer| {
        connections(answer).iter().map(|one| one["reason"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(reasons(&ours), reasons(&theirs));
}

#[test]
#[ignore = "needs both servers"]
fn connz_names_users_when_asked() {
    let users = "authorization: {users: [{user: ann, password: x}]}\n";
    let pair = Pair::start(&format!("{PLAIN}{users}")).expect(NEED);
    pair.closes_after("CONNECT {\"user\":\"ann\",\"pass\":\"no\"}\r\n");
    let clients = pair.clients_saying(r#"{"verbose":false,"user":"ann","pass":"x"}"#);
    for path in ["/connz?auth=1", "/connz?auth=1&user=ann", "/connz", "/connz?user=bob&auth=1"] {
        let (ours, theirs) = same_shape(&pair, path);
        let user =
            |answer: &Answer| connections(answer).first().map(|c| c["authorized_user"].clone());
        assert_eq!(user(&ours), user(&theirs), "{path}");
    }
    drop(clients);
}

#[test]
#[ignore = "needs both servers"]
fn subsz_has_the_same_fields_under_every_parameter() {
    let pair = Pair::start(PLAIN).expect(NEED);
    let clients = pair.clients(&["one", "two"]);
    for path in [
        "/subsz",
        "/subscriptionsz",
        "/subsz?subs=1",
        "/subsz?subs=1&offset=1",
        "/subsz?limit=1",
        "/subsz?subs=1&limit=1&test=mon.one",
        "/subsz?subs=1&acc=$G",
        "/subsz?subs=1&acc=none",
        "/subsz?subs=1&test=mon.one",
    ] {
        same_shape(&pair, path);
    }
    for parameters in ["subs=x", "offset=x", "limit=x", "subs=1&test=*"] {
        same_answer(&pair, &format!("/subsz?{parameters}"));
    }
    drop(clients);
}

#[test]
#[ignore = "needs both servers"]
fn healthz_answers_alike() {
    let pair = Pair::start(PLAIN).expect(NEED);
    for parameters in
        ["", "?js-enabled=true", "?js-enabled-only=true", "?js-server-only=true", "?details=true"]
    {
        same_answer(&pair, &format!("/healthz{parameters}"));
    }
}

#[test]
#[ignore = "needs both servers"]
fn other_paths_and_the_base_path_work_alike() {
    let pair = Pair::start(&format!("{PLAIN}http_base_path: \"/base\"\n")).expect(NEED);
    for path in ["/", "/base", "/base/", "/varz", "/base/nothing", "/nothing"] {
        let (ours, theirs) = pair.get(path);
        assert_eq!(ours.status, theirs.status, "{path}");
    }
    // nats-server 2.15 no longer wraps its answers for a callback.
    same_answer(&pair, "/base/healthz?callback=f");
    let (ours, theirs) = pair.get("/base/varz");
    assert_eq!(ours.content_type, theirs.content_type);
}

/// The reason that both tell for the first connection that they closed.
fn same_reason(pair: &Pair, expected: &str) {
    let reason = |answer: &Answer| connections(answer).first().map(|one| one["reason"].clone());
    pair.wait_until("/connz?state=closed", |answer| reason(answer) == Some(expected.into()));
}

#[test]
#[ignore = "needs both servers"]
fn connz_tells_when_the_server_lost_patience() {
    for (more, bytes, reason) in [
        ("authorization: {user: a, password: b, timeout: 0.1}", "", "Authentication Timeout"),
        ("ping_interval: \"100ms\"\nping_max: 1", "CONNECT {}\r\n", "Stale Connection"),
        (
            "tls: {cert_file: \"{{dir}}/cert.pem\", key_file: \"{{dir}}/key.pem\"}",
            "NONSENSE, AND NO HELLO\r\n",
            "TLS Handshake Failure",
        ),
    ] {
        let pair = Pair::start(&format!("{PLAIN}{more}\n")).expect(NEED);
        pair.closes_after(bytes);
        same_reason(&pair, reason);
    }
}

#[test]
#[ignore = "needs both servers"]
fn connz_tells_whose_connection_was_reset() {
    let pair = Pair::start(PLAIN).expect(NEED);
    for mut client in pair.clients_saying(r#"{"verbose":false}"#) {
        client.write_all(b"PING\r\n").expect("loopback takes a line");
        // What came and was not read makes the system reset the connection.
        client.peek(&mut [0]).expect("an answer in time");
    }
    same_reason(&pair, "Read Error");
}

#[test]
#[ignore = "needs both servers"]
fn connz_tells_who_was_one_too_many() {
    let pair = Pair::start(&format!("{PLAIN}max_connections: 1\n")).expect(NEED);
    let clients = pair.clients(&["one"]);
    pair.closes_after("CONNECT {}\r\n");
    same_reason(&pair, "Maximum Connections Exceeded");
    drop(clients);
}

/// Clients that said so before do not read, until both servers are tired of them; gives back how
/// many slow consumers both count.
fn slow_consumers(pair: &Pair, mut clients: [TcpStream; 2]) -> [Value; 2] {
    let message = [b"PUB a 1000000\r\n", &[b'x'; 1_000_000][..], b"\r\n"].concat();
    for client in &mut clients {
        client.write_all(b"SUB a 1\r\n").expect("loopback takes a line");
        let _ = (0..40).try_for_each(|_| client.write_all(&message));
    }
    same_reason(pair, "Slow Consumer (Write Deadline)");
    let (ours, theirs) = pair.get("/varz");
    [ours, theirs].map(|answer| answer.json()["slow_consumers"].clone())
}

#[test]
#[ignore = "needs both servers"]
fn connz_tells_who_does_not_read() {
    let pair = Pair::start(&format!("{PLAIN}write_deadline: \"100ms\"\n")).expect(NEED);
    let clients = pair.clients_saying(r#"{"verbose":false}"#);
    let [ours, theirs] = slow_consumers(&pair, clients);
    assert_eq!((ours, theirs), (1.into(), 1.into()));
}

#[test]
#[ignore = "needs both servers"]
fn who_need_not_say_connect_is_a_slow_consumer_without_it() {
    let pair = Pair::start(&format!("{PLAIN}write_deadline: \"100ms\"\n")).expect(NEED);
    let [ours, theirs] = slow_consumers(&pair, pair.clients_saying_nothing());
    assert_eq!((ours, theirs), (1.into(), 1.into()));
}
