//! What files mean: values, defaults, warnings, refusals.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anabranch_config::options::{
    Cipher, HandshakeFirst, ResponsePermission, SubjectPermission, TlsVersion, WriteTimeoutPolicy,
};
use anabranch_config::table::{self, Status};
use anabranch_config::{Errors, Loaded, MemorySource, Options, Severity, load, validate};

const PUBLIC_KEY: &str = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4";

fn try_load(text: &str) -> Result<Loaded, Errors> {
    load(&MemorySource::of("c.conf", text), Path::new("c.conf"))
}

fn options(text: &str) -> Options {
    match try_load(text) {
        Ok(loaded) => loaded.options,
        Err(errors) => panic!("{text}\n{errors}"),
    }
}

fn problems(text: &str) -> Vec<String> {
    let errors = try_load(text).expect_err("is refused");
    errors.problems.iter().map(ToString::to_string).collect()
}

fn start_problems(text: &str) -> String {
    validate(&options(text)).expect_err("does not start").to_string()
}

/// A value for every top-level key that acts, other than its default.
const SAMPLES: &[&str] = &[
    "listen: \"h:1\"",
    "host: h",
    "port: 1",
    "client_advertise: h",
    "server_name: n",
    "debug: true",
    "trace: true",
    "trace_verbose: true",
    "trace_headers: true",
    "logtime: false",
    "logtime_utc: true",
    "disable_sublist_cache: true",
    "authorization { token: t }",
    "http: 1",
    "https: 1",
    "http_port: 1",
    "https_port: 1",
    "http_base_path: p",
    "logfile: f",
    "logfile_size_limit: 1",
    "logfile_max_num: 1",
    "syslog: true",
    "remote_syslog: r",
    "pidfile: f",
    "ports_file_dir: d",
    "max_control_line: 1",
    "max_payload: 1",
    "max_pending: 1",
    "proxy_protocol: true",
    "max_connections: 1",
    "max_traced_msg_len: 1",
    "max_subscriptions: 1",
    "max_sub_tokens: 1",
    "ping_interval: \"1s\"",
    "ping_max: 1",
    "tls { cert_file: c, key_file: k }",
    "allow_non_tls: true",
    "write_deadline: \"1s\"",
    "write_timeout: retry",
    "lame_duck_duration: \"1m\"",
    "lame_duck_grace_period: \"1s\"",
    "no_auth_user: u",
    "no_header_support: true",
    "server_tags: t",
    "server_metadata { k: v }",
    "no_fast_producer_stall: true",
    "max_closed_clients: 1",
    "store_dir: d",
    "jetstream: enabled",
];

#[test]
fn every_option_that_acts_changes_something() {
    let samples: Vec<&str> =
        SAMPLES.iter().filter_map(|sample| sample.split([':', ' ']).next()).collect();
    for option in table::TOP.options.iter().filter(|option| option.status == Status::Acts) {
        assert!(samples.contains(&option.key), "no sample for {}", option.key);
    }
    for sample in SAMPLES {
        let mut changed = options(sample);
        changed.config_file = None;
        changed.config_digest.clear();
        assert!(changed != Options::default(), "{sample}");
    }
}

#[test]
fn aliases_mean_the_same() {
    for (alias, key) in [
        ("net: h", "host: h"),
        ("monitor_port: 5", "http_port: 5"),
        ("max_conn: 5", "max_connections: 5"),
        ("max_subs: 5", "max_subscriptions: 5"),
        ("log_file: f", "logfile: f"),
        ("PID_FILE: f", "pidfile: f"),
        ("authorization {username: a, pass: b}", "authorization {user: a, password: b}"),
    ] {
        let mut left = options(alias);
        left.config_digest = options(key).config_digest;
        assert_eq!(left, options(key), "{alias}");
    }
}

#[test]
fn the_later_of_two_names_wins() {
    assert_eq!(options("max_conn: 1\nmax_connections: 2").limits.connections_max, 2);
    assert_eq!(options("max_connections: 2\nmax_conn: 1").limits.connections_max, 1);
}

#[test]
fn reads_listen_in_all_forms() {
    for (text, host, port) in [
        ("listen: 5", "0.0.0.0", 5),
        ("listen: -1", "0.0.0.0", 0),
        ("listen: \":6\"", "0.0.0.0", 6),
        ("listen: localhost:7", "localhost", 7),
        ("listen: \"[::1]:8\"", "::1", 8),
        ("listen: 127.0.0.1:-1", "127.0.0.1", 0),
        ("listen: \"h:0\"", "h", 4222),
        ("host: h\nport: -1", "h", 0),
        ("port: 0", "0.0.0.0", 4222),
    ] {
        let listen = options(text).listen;
        assert_eq!((listen.host.as_str(), listen.port), (host, port), "{text}");
    }
    assert_eq!(
        problems("port: 65536"),
        ["c.conf:1:1: port 65536 is out of the range from -1 to 65535"]
    );
}

#[test]
fn reads_monitoring() {
    let monitor = options("http: localhost:8222\nhttp_base_path: \"nats/x/\"").monitor;
    assert_eq!(monitor.host, "localhost");
    assert_eq!((monitor.http_port, monitor.https_port), (Some(8222), None));
    assert_eq!(monitor.base_path, "/nats/x");
    assert_eq!(options("http_port: -1").monitor.http_port, Some(0));
    assert_eq!(options("https: 8443").monitor.https_port, Some(8443));
    assert_eq!(options("http_base_path: \"/\"").monitor.base_path, "");
}

#[test]
fn zero_stands_for_the_default_or_for_no_limit() {
    assert_eq!(options("max_payload: 0").limits, Options::default().limits);
    assert_eq!(options("ping_max: 0").timing, Options::default().timing);
    assert_eq!(options("max_connections: 0").limits.connections_max, -1);
    assert_eq!(options("max_subs: -1").limits.subscriptions_max, 0);
}

#[test]
fn negative_sizes_and_times_are_errors() {
    assert_eq!(problems("max_payload: -1"), ["c.conf:1:1: max_payload must not be negative"]);
    assert_eq!(
        problems("ping_interval: \"-1s\""),
        ["c.conf:1:1: ping_interval must not be negative"]
    );
}

#[test]
fn reads_durations() {
    let timing = options("write_deadline: \"5s\"\nwrite_timeout: retry").timing;
    assert_eq!(timing.write_deadline, Duration::from_secs(5));
    assert_eq!(timing.write_timeout, WriteTimeoutPolicy::Retry);
    let loaded = try_load("ping_interval: 20").expect("starts");
    assert_eq!(loaded.options.timing.ping_interval, Duration::from_secs(20));
    assert!(!loaded.passes_check());
    assert_eq!(loaded.warnings[0].severity, Severity::Warning);
}

#[test]
fn reads_the_log() {
    let log = options("trace_verbose: true\nlogtime: off\nlog_size_limit: 1MB").log;
    assert!(log.trace && log.trace_verbose && !log.time && !log.debug);
    assert_eq!(log.file_size_max, 1024 * 1024);
}

#[test]
fn keeps_metadata_in_order_and_tags_once() {
    let options = options("server_metadata {z: a, b: c}\nserver_tags: [B, \" a \", b]");
    assert_eq!(options.metadata, [("z".into(), "a".into()), ("b".into(), "c".into())]);
    assert_eq!(options.tags, ["b", "a"]);
}

#[test]
fn reads_users_and_permissions() {
    let text = format!(
        "authorization {{
           timeout: 0.5
           default_permissions {{ publish: \"d.>\" }}
           users: [
             {{user: a, password: $2a$11$x, permissions: {{
                 publish: {{allow: [a, b], deny: c}}, subscribe: [\"s q\", t]}}}}
             {{nkey: {PUBLIC_KEY}, permission: {{allow_responses: {{max: 3, ttl: \"-1s\"}}}}}}
             {{user: b}}
           ]
         }}
         no_auth_user: b"
    );
    let options = options(&text);
    let authorization = &options.authorization;
    assert_eq!(authorization.timeout, Some(Duration::from_millis(500)));
    assert_eq!(authorization.no_auth_user.as_deref(), Some("b"));
    let [a, b] = authorization.users.as_slice() else { panic!("two users") };
    assert_eq!((a.name.as_str(), a.password.as_str()), ("a", "$2a$11$x"));
    assert_eq!((b.name.as_str(), &b.permissions), ("b", &None));
    let permissions = a.permissions.clone().expect("has permissions");
    let list = |items: &[&str]| Some(items.iter().map(ToString::to_string).collect());
    assert_eq!(
        permissions.publish,
        Some(SubjectPermission { allow: list(&["a", "b"]), deny: list(&["c"]) })
    );
    assert_eq!(
        permissions.subscribe,
        Some(SubjectPermission { allow: list(&["s q", "t"]), deny: None })
    );
    let nkey = authorization.nkeys[0].permissions.clone().expect("has permissions");
    assert_eq!(
        nkey.responses,
        Some(ResponsePermission { messages_max: 3, expires: Duration::ZERO })
    );
    assert_eq!(nkey.publish, Some(SubjectPermission { allow: Some(vec![]), deny: None }));
    assert_eq!(validate(&options), Ok(()));
}

#[test]
fn an_empty_allow_list_is_none() {
    let text = "authorization {users: [{user: a, permissions: {publish: []}}]}";
    let user = options(text).authorization.users.remove(0);
    let permissions = user.permissions.expect("has permissions");
    assert_eq!(permissions.publish.and_then(|publish| publish.allow), None);
}

#[test]
fn reports_all_problems_at_once() {
    let text = "port: x\nfoo: 1\n\
                authorization {users: [{user: a}, {user: a}, {}]}\n\
                tls {min_version: \"1.1\"}";
    assert_eq!(
        problems(text),
        [
            "c.conf:1:1: \"port\" expects an integer, not a string",
            "c.conf:2:1: unknown field \"foo\"",
            "c.conf:3:1: Duplicate user \"a\" detected",
            "c.conf:3:46: User entry requires a user",
            "c.conf:4:6: error parsing tls config: unsupported TLS version: TLS 1.1",
        ]
    );
}

#[test]
fn names_the_nearest_known_key() {
    assert_eq!(
        problems("max_paylod: 1"),
        ["c.conf:1:1: unknown field \"max_paylod\"; did you mean \"max_payload\"?"]
    );
    assert_eq!(
        problems("authorization { usr: a }"),
        ["c.conf:1:17: unknown field \"usr\"; did you mean \"user\"?"]
    );
}

#[test]
fn reads_tls() {
    let tls = options(
        "tls { cert_file: c, key_file: k, ca_file: a, verify_and_map: true, timeout: 3,
           handshake_first: \"80ms\", min_version: \"1.3\", connection_rate_limit: 7,
           cipher_suites: [\"TLS_AES_128_GCM_SHA256\"], curve_preferences: [\"CurveP256\"] }",
    )
    .tls
    .expect("has tls");
    assert_eq!(tls.certificates[0].cert_file, PathBuf::from("c"));
    assert!(tls.verify && tls.verify_and_map);
    assert_eq!(tls.timeout, Duration::from_secs(3));
    assert_eq!(tls.handshake_first, HandshakeFirst::Fallback(Duration::from_millis(80)));
    assert_eq!(tls.min_version, TlsVersion::V13);
    assert_eq!(tls.connection_rate_limit, 7);
    assert_eq!(tls.cipher_suites, ["TLS_AES_128_GCM_SHA256"]);
    assert_eq!(tls.curve_preferences, ["CurveP256"]);
}

#[test]
fn leaves_out_what_the_tls_library_lacks() {
    let text = "tls { cert_file: c, key_file: k, curve_preferences: [\"CurveP521\", \"X25519\"] }";
    let loaded = try_load(text).expect("starts");
    assert_eq!(loaded.options.tls.expect("has tls").curve_preferences, ["X25519"]);
    assert_eq!(loaded.warnings.len(), 1);
    let nothing_left = "tls { cert_file: c, key_file: k, curve_preferences: [\"CurveP521\"] }";
    assert!(try_load(nothing_left).expect_err("is refused").only_refusals());
}

#[test]
fn warns_of_options_that_do_not_act_yet() {
    let loaded =
        try_load("port: 1\njetstream { unique_tag: a }\ncluster { name: c }\n").expect("starts");
    let warnings: Vec<String> = loaded.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "c.conf:2:13: option \"unique_tag\" is known, but does not act yet",
            "c.conf:3:1: option \"cluster\" is known, but does not act yet",
        ]
    );
    assert!(loaded.passes_check());
}

#[test]
fn jetstream_has_a_switch_and_a_block() {
    let jetstream = |text: &str| try_load(text).expect("starts").options.jetstream;
    for on in ["jetstream: enabled", "jetstream: true", "jetstream {}", "jetstream: Enable"] {
        assert!(jetstream(on).is_some_and(|js| js.strict), "{on}");
    }
    for off in ["jetstream: disabled", "jetstream: false", "jetstream { enabled: false }", ""] {
        assert_eq!(jetstream(off), None, "{off}");
    }
    let given = jetstream("jetstream { strict: false, domain: hub }").expect("is on");
    assert_eq!((given.strict, given.domain.as_str()), (false, "hub"));
    assert!(try_load("jetstream: maybe").is_err());
    assert!(try_load("store_dir: a, jetstream { store_dir: b }").is_err());
}

#[test]
fn refuses_options_that_restrict_access_and_do_not_act_yet() {
    for text in [
        "accounts { A { users: [{user: a}] } }",
        "operator: x",
        "resolver: MEMORY",
        "resolver { type: full, dir: d }",
        "system_account: S",
        "trusted_keys: [k]",
        "default_sentinel: s",
        "mappings { a: b }",
        "proxies { trusted: [{key: k}] }",
        "ocsp: true",
        "authorization { auth_callout { issuer: i } }",
        "authorization { proxy_required: true }",
        "authorization { users: [{user: a, allowed_connection_types: [MQTT]}] }",
        "cluster { authorization { user: a } }",
        "cluster { tls { cert_file: a } }",
        "cluster { permissions { import: a } }",
        "gateway { authorization { user: a } }",
        "leafnodes { authorization { user: a } }",
        "leafnodes { tls { cert_file: a } }",
        "websocket { tls { cert_file: a } }",
        "websocket { no_auth_user: a }",
        "mqtt { authorization { user: a } }",
        "jetstream { key: \"\" }",
        "jetstream { prev_key: k }",
        "jetstream { cipher: aes }",
        "jetstream { tpm { keys_file: f } }",
        "tls { cert_file: c, key_file: k, ocsp_peer: true }",
        "tls { cert_store: s }",
    ] {
        let errors = try_load(text).expect_err(text);
        assert!(errors.only_refusals(), "{text}\n{errors}");
        assert_eq!(errors.problems.len(), 1, "{text}\n{errors}");
    }
    assert_eq!(
        problems("\n accounts { A { users: [] } }"),
        ["c.conf:2:2: option \"accounts\" decides who gets which messages, but does not act yet: \
         refusing to start"]
    );
}

#[test]
fn encryption_takes_its_key_from_the_file_or_the_environment() {
    let encryption =
        |text: &str| options(text).jetstream.and_then(|jetstream| jetstream.encryption);
    assert_eq!(encryption("jetstream { store_dir: d }"), None);
    let found = encryption("jetstream { key: k }").unwrap();
    assert_eq!((found.key.as_str(), found.previous_key, found.cipher), ("k", None, Cipher::ChaCha));
    let found = encryption("K: abc, jetstream { ek: $K, prev_ek: old, cipher: AES }").unwrap();
    assert_eq!((found.key.as_str(), found.cipher), ("abc", Cipher::Aes));
    assert_eq!(found.previous_key.as_deref(), Some("old"));
    for name in ["chacha", "ChaChaPoly"] {
        let found = encryption(&format!("jetstream {{ key: k, cipher: {name} }}")).unwrap();
        assert_eq!(found.cipher, Cipher::ChaCha);
    }
    assert!(!format!("{found:?}").contains("abc"), "keys are shown nowhere");
    assert_eq!(
        problems("jetstream { key: k, cipher: rot13 }"),
        ["c.conf:1:21: Unknown cipher type: \"rot13\""]
    );
    assert_eq!(
        problems("jetstream { prev_key: k }"),
        ["c.conf:1:13: jetstream \"prev_key\" does nothing without a key: nothing is encrypted"]
    );
}

#[test]
fn switched_off_options_need_no_warning() {
    for text in ["ocsp: false", "jetstream: false", "accounts {}", "no_sys_acc: false"] {
        let loaded = try_load(text).expect("starts");
        assert_eq!(loaded.warnings, [], "{text}");
    }
}

#[test]
fn checks_what_belongs_together_at_the_start() {
    for (text, message) in [
        ("max_pending: 10", "max_payload (1048576) cannot be higher than max_pending (10)"),
        (
            "lame_duck_grace_period: \"3m\"",
            "lame duck grace period (3m0s) should be strictly lower than lame duck duration \
             (2m0s)",
        ),
        ("no_auth_user: x", "no_auth_user: \"x\" present, but users/nkeys are not defined"),
        (
            "no_auth_user: x\nauthorization {users: [{user: a}]}",
            "no_auth_user: \"x\" not present as user or nkey in authorization block or account \
             configuration",
        ),
        ("tls {}", "missing 'cert_file' in TLS configuration"),
        (
            "client_advertise: \"a:b:c\"",
            "client_advertise: could not parse address string \"a:b:c:0\"",
        ),
    ] {
        assert_eq!(start_problems(text), message, "{text}");
    }
    assert_eq!(validate(&Options::default()), Ok(()));
    assert_eq!(validate(&options("client_advertise: \"h:1\"")), Ok(()));
    assert_eq!(validate(&options("client_advertise: h")), Ok(()));
}

#[test]
fn jetstream_has_limits_and_bounds() {
    let js = |text: &str| options(&format!("jetstream {{{text}}}")).jetstream.expect("it is on");
    let given =
        js("max_mem: 10M, max_file: \"2G\", sync: always, domain: hub, unique_tag: \" AZ:\"\n\
         max_buffered_size: 1M, max_buffered_msgs: 5, request_queue_limit: 6, strict: false\n\
         limits {duplicate_window: \"1m\", max_ack_pending: 7, batch {timeout: \"3s\"}}");
    assert_eq!((given.memory_max, given.file_max), (Some(10_000_000), Some(2 << 30)));
    assert_eq!((given.sync_always, given.sync_interval), (true, Duration::from_secs(120)));
    assert_eq!((given.domain.as_str(), given.unique_tag.as_str()), ("hub", "az:"));
    assert_eq!((given.buffered_bytes_max, given.buffered_messages_max), (1_000_000, Some(5)));
    assert_eq!((given.requests_max, given.strict), (6, false));
    assert_eq!(given.limits.duplicate_window, Duration::from_secs(60));
    assert_eq!(given.limits.max_ack_pending, 7);
    assert_eq!(given.limits.batch.timeout, Duration::from_secs(3));
    assert_eq!(js(""), anabranch_config::options::JetStream::default());
    assert_eq!((js("max_mem: 0").memory_max, js("max_mem: -1").memory_max), (Some(0), None));
    assert!(options("jetstream {enabled: false, max_mem: 1M}").jetstream.is_none());
}

#[test]
fn jetstream_refuses_domains_and_sizes_that_mean_nothing() {
    for (text, why) in [
        ("domain: \"a.b\"", "invalid domain name: may not contain ., * or >"),
        (
            "domain: \"a b\"",
            "invalid domain name: derived \"$JS.a b.API.>\" is not a valid subject",
        ),
        ("max_mem: \"10\"", "max_mem_store sizes defined as strings must end in K, M, G, T"),
    ] {
        let problems = problems(&format!("jetstream {{{text}}}"));
        assert!(problems.iter().any(|problem| problem.ends_with(why)), "{problems:?}");
    }
}
