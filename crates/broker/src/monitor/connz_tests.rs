use super::*;

fn parsed(query: &str) -> Result<Request, String> {
    Request::parse(&Query::parse(query)).map_err(|bad| bad.0)
}

fn second(n: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(n)
}

fn standing(cid: u64) -> Standing {
    Standing {
        cid,
        start: second(100 + cid),
        last_activity: second(200),
        stop: None,
        reason: None,
        rtt: Duration::ZERO,
        figures: Figures::default(),
    }
}

fn arranged(rows: Vec<Standing>, sort: Sort) -> Vec<u64> {
    let mut rows: Vec<_> = rows.into_iter().map(|row| (row, ())).collect();
    arrange(&mut rows, sort, second(1000));
    rows.iter().map(|(row, ())| row.cid).collect()
}

#[test]
fn reads_all_parameters() {
    let request = parsed(
        "sort=bytes_to&auth=1&subs=DETAIL&offset=2&limit=3&state=ALL&user=u&acc=a&mqtt_client=m",
    );
    let expected = Request {
        sort: Sort::BytesTo,
        auth: true,
        subs: Subs::Detailed,
        page: Page { offset: 2, limit: 3 },
        cid: None,
        state: State::Any,
        user: "u".into(),
        account: "a".into(),
        mqtt_client: "m".into(),
    };
    assert_eq!(request, Ok(expected));
    let one = parsed("cid=7&limit=5").unwrap();
    assert_eq!((one.cid, one.page.limit), (Some(7), 1));
}

#[test]
fn knows_every_sort_and_refuses_others() {
    for (name, sort) in SORTS {
        assert_eq!(parsed(&format!("sort={name}&state=closed")).unwrap().sort, sort);
    }
    let refusals = [
        ("sort=foo", "invalid sorting option: foo"),
        ("sort=Cid", "invalid sorting option: Cid"),
        ("sort=stop", "sort by stop only valid on closed connections"),
        ("sort=reason&state=any", "sort by reason only valid on closed connections"),
        ("state=x&sort=foo", "Error decoding state for x"),
    ];
    for (query, text) in refusals {
        assert_eq!(parsed(query), Err(text.to_owned()), "{query}");
    }
}

#[test]
fn sorts_figures_downwards_and_numbers_upwards() {
    let with = |cid, change: fn(&mut Figures)| {
        let mut row = standing(cid);
        change(&mut row.figures);
        row
    };
    let rows = vec![standing(3), with(1, |f| f.in_msgs = 1), with(2, |f| f.in_msgs = 2)];
    assert_eq!(arranged(rows.clone(), Sort::MsgsFrom), [2, 1, 3]);
    assert_eq!(arranged(rows.clone(), Sort::Cid), [1, 2, 3]);
    assert_eq!(arranged(rows.clone(), Sort::Start), [1, 2, 3]);
    assert_eq!(arranged(rows.clone(), Sort::Subs), [1, 2, 3]);
    // The youngest first.
    assert_eq!(arranged(rows, Sort::Uptime), [3, 2, 1]);
}

#[test]
fn sorts_times_and_reasons() {
    let mut early = standing(1);
    (early.stop, early.reason) = (Some(second(300)), Some("Read Error"));
    (early.last_activity, early.rtt) = (second(150), Duration::from_millis(1));
    let mut late = standing(2);
    (late.stop, late.reason) = (Some(second(400)), Some("Client Closed"));
    let rows = vec![early, late];
    assert_eq!(arranged(rows.clone(), Sort::Stop), [2, 1]);
    assert_eq!(arranged(rows.clone(), Sort::Reason), [2, 1]);
    assert_eq!(arranged(rows.clone(), Sort::Last), [2, 1]);
    assert_eq!(arranged(rows.clone(), Sort::Idle), [1, 2]);
    assert_eq!(arranged(rows, Sort::Rtt), [1, 2]);
}

#[test]
fn shows_a_closed_connection_as_it_ended() {
    let mut row = standing(5);
    (row.stop, row.reason) = (Some(second(265)), Some("Client Closed"));
    row.rtt = Duration::from_micros(99);
    let connection = Connection {
        life: Life::new(&row, second(1000), "::1".into(), 9),
        figures: row.figures,
        said: Said { lang: "go".into(), ..Said::default() },
        tls: Tls::default(),
        owner: Owner::default(),
    };
    let expected = [
        r#"{"cid":5,"kind":"Client","type":"nats","ip":"::1","port":9,"#,
        r#""start":"1970-01-01T00:01:45Z","last_activity":"1970-01-01T00:03:20Z","#,
        r#""stop":"1970-01-01T00:04:25Z","reason":"Client Closed","rtt":"99µs","#,
        r#""uptime":"2m40s","idle":"1m5s","pending_bytes":0,"in_msgs":0,"out_msgs":0,"#,
        r#""in_bytes":0,"out_bytes":0,"subscriptions":0,"lang":"go"}"#,
    ]
    .concat();
    assert_eq!(serde_json::to_string(&connection).unwrap(), expected);
}

#[test]
fn says_nothing_about_unknown_accounts() {
    let document = Connz::of_nobody(second(0), Page { offset: 0, limit: 1024 });
    let expected = [
        r#"{"server_id":"","now":"1970-01-01T00:00:00Z","num_connections":0,"#,
        r#""total":0,"offset":0,"limit":1024,"connections":null}"#,
    ]
    .concat();
    assert_eq!(serde_json::to_string(&document).unwrap(), expected);
}

#[test]
fn names_tls_and_stalls_only_where_there_are_some() {
    let tls = Tls {
        tls_version: "1.3".into(),
        tls_cipher_suite: "TLS_AES_128_GCM_SHA256".into(),
        tls_peer_certs: vec![PeerCertificate {
            subject: String::new(),
            spki_sha256: "s".into(),
            cert_sha256: "c".into(),
        }],
        tls_first: true,
    };
    let expected = [
        r#"{"tls_version":"1.3","tls_cipher_suite":"TLS_AES_128_GCM_SHA256","#,
        r#""tls_peer_certs":[{"spki_sha256":"s","cert_sha256":"c"}],"tls_first":true}"#,
    ]
    .concat();
    assert_eq!(serde_json::to_string(&tls).unwrap(), expected);
    assert_eq!(serde_json::to_string(&Tls::default()).unwrap(), "{}");
    let stalled = serde_json::to_value(Figures { stalls: 3, ..Figures::default() }).unwrap();
    assert_eq!(stalled["stalls"], 3);
    assert_eq!(serde_json::to_value(Figures::default()).unwrap().get("stalls"), None);
}
