//! Monitoring of a running broker over HTTP, without another server to compare with.

use std::net::SocketAddr;

use anabranch_broker::{Broker, Options};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A broker that is monitored, on ports that the system chose.
async fn broker(change: impl FnOnce(&mut Options)) -> (Broker, SocketAddr) {
    let mut options = Options::default();
    options.listen.host = "127.0.0.1".to_owned();
    options.listen.port = 0;
    options.monitor.http_port = Some(0);
    change(&mut options);
    let broker = Broker::builder().options(options).threads(2).start().await.expect("it starts");
    let http = broker.endpoints().http.expect("it is monitored");
    (broker, http)
}

/// Status, head and body of the answer to one request.
async fn request(http: SocketAddr, method: &str, path: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(http).await.expect("it listens");
    let request = format!("{method} {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("it answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.expect("a status"), head.to_ascii_lowercase(), body.to_owned())
}

async fn get(http: SocketAddr, path: &str) -> Value {
    let (status, _, body) = request(http, "GET", path).await;
    assert_eq!(status, 200, "{path}: {body}");
    serde_json::from_str(&body).expect("a JSON document")
}

/// A client that has said `lines` and was answered behind them.
async fn client(broker: &Broker, lines: &str) -> TcpStream {
    let address = broker.endpoints().clients.expect("it listens");
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    stream.write_all(format!("{lines}PING\r\n").as_bytes()).await.expect("it reads");
    let mut said = Vec::new();
    while !String::from_utf8_lossy(&said).contains("PONG\r\n") {
        assert!(stream.read_buf(&mut said).await.expect("it answers") > 0);
    }
    stream
}

/// Asks until the document satisfies `condition`, at most for the time of a test.
async fn eventually(
    http: SocketAddr,
    path: &str,
    mut condition: impl FnMut(&Value) -> bool,
) -> Value {
    let asking = async {
        loop {
            let document = get(http, path).await;
            if condition(&document) {
                return document;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), asking).await.expect("in time")
}

#[tokio::test(flavor = "multi_thread")]
async fn shows_open_and_closed_connections() {
    let (broker, http) = broker(|_| {}).await;
    let connect = "CONNECT {\"verbose\":false,\"name\":\"app\",\"lang\":\"raw\"}\r\n";
    let said = format!("{connect}SUB a.* q 1\r\nSUB b 2\r\nPUB a.1 2\r\nhi\r\n");
    let kept = client(&broker, &said).await;
    drop(client(&broker, "CONNECT {\"verbose\":false}\r\nSUB gone 1\r\n").await);
    let closed = eventually(http, "/connz?state=closed&subs=1", |d| d["total"] == 1).await;
    assert_eq!(closed["connections"][0]["subscriptions_list"][0], "gone");
    assert_eq!(closed["connections"][0]["subscriptions"], 1);
    let open = get(http, "/connz?subs=detail").await;
    assert_eq!(open["num_connections"], 1);
    let shown = &open["connections"][0];
    assert_eq!((&shown["name"], &shown["in_msgs"]), (&"app".into(), &1.into()));
    assert_eq!(shown["subscriptions_list_detail"].as_array().map(Vec::len), Some(2));
    let any = get(http, "/connz?state=any&limit=1&offset=1").await;
    assert_eq!((&any["total"], &any["num_connections"]), (&2.into(), &1.into()));
    drop(kept);
    broker.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_through_many_subscriptions() {
    let (broker, http) = broker(|_| {}).await;
    let subscriptions: String = (0..5000).map(|n| format!("SUB many.{n} {n}\r\n")).collect();
    let kept = client(&broker, &format!("CONNECT {{\"verbose\":false}}\r\n{subscriptions}")).await;
    let mut seen = std::collections::BTreeSet::new();
    for offset in [0, 2000, 4000] {
        let page = get(http, &format!("/subsz?subs=1&limit=2000&offset={offset}")).await;
        assert_eq!(page["total"], 5000);
        let list = page["subscriptions_list"].as_array().expect("a list");
        seen.extend(list.iter().map(|sub| sub["subject"].to_string()));
    }
    assert_eq!(seen.len(), 5000);
    let tested = get(http, "/subsz?subs=1&test=many.7").await;
    assert_eq!(tested["total"], 1);
    let listed = get(http, "/connz?subs=1").await;
    let list = listed["connections"][0]["subscriptions_list"].as_array().map(Vec::len);
    assert_eq!(list, Some(5000));
    drop(kept);
    broker.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_endpoint_answers() {
    let (broker, http) = broker(|options| options.monitor.base_path = "/m".to_owned()).await;
    for path in ["varz", "connz", "subsz", "subscriptionsz", "routez", "gatewayz", "leafz"] {
        let document = get(http, &format!("/m/{path}")).await;
        assert_eq!(document["server_id"], broker.server_id(), "{path}");
    }
    for path in ["accountz", "accountz?acc=$G", "accstatz?unused=1", "jsz", "healthz", "livez"] {
        get(http, &format!("/m/{path}")).await;
    }
    assert_eq!(get(http, "/m/readyz").await["status"], "ok");
    let requests = get(http, "/m/varz").await;
    assert_eq!(requests["http_req_stats"]["/subsz"], 2);
    let (status, head, body) = request(http, "GET", "/m/metrics").await;
    assert_eq!(status, 200);
    assert!(head.contains("openmetrics-text") && body.contains("anabranch_connections 0"));
    let (status, head, _) = request(http, "GET", "/m").await;
    assert!(status == 200 && head.contains("text/html"));
    broker.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refuses_what_is_not_there() {
    let (broker, http) = broker(|_| {}).await;
    for (path, expected) in [
        ("/none", 404),
        ("/varz/", 404),
        ("/debug/vars", 404),
        ("/raftz", 404),
        ("/connz?sort=none", 400),
        ("/subsz?test=*", 400),
        ("/accountz?acc=none", 400),
    ] {
        assert_eq!(request(http, "GET", path).await.0, expected, "{path}");
    }
    assert_eq!(request(http, "POST", "/varz").await.0, 405);
    let (status, _, body) = request(http, "HEAD", "/varz").await;
    assert_eq!((status, body.as_str()), (200, ""));
    broker.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn goes_on_in_lame_duck_mode() {
    let (broker, http) = broker(|options| {
        options.timing.lame_duck_grace_period = std::time::Duration::ZERO;
        options.timing.lame_duck_duration = std::time::Duration::ZERO;
    })
    .await;
    assert_eq!(request(http, "GET", "/healthz").await.0, 200);
    assert!(broker.lame_duck().await);
    assert_eq!(request(http, "GET", "/healthz").await.0, 500);
    assert_eq!(request(http, "GET", "/readyz").await.0, 503);
    assert_eq!(get(http, "/livez").await["status"], "ok");
    broker.shutdown().await;
    assert!(TcpStream::connect(http).await.is_err(), "it still listens");
}

#[tokio::test(flavor = "multi_thread")]
async fn takes_one_port_and_https_only_with_a_certificate() {
    for (http, https) in [(Some(0), Some(0)), (None, Some(0))] {
        let mut options = Options::default();
        options.listen.host = "127.0.0.1".to_owned();
        options.listen.port = 0;
        options.monitor.http_port = http;
        options.monitor.https_port = https;
        assert!(Broker::builder().options(options).start().await.is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn remembers_so_many_closed_connections_and_no_more() {
    let (broker, http) = broker(|options| options.limits.closed_clients_max = 1).await;
    for name in ["first", "second"] {
        let connect = format!("CONNECT {{\"verbose\":false,\"name\":\"{name}\"}}\r\n");
        drop(client(&broker, &connect).await);
        let last = |d: &Value| d["connections"][0]["name"] == name;
        let closed = eventually(http, "/connz?state=closed", last).await;
        assert_eq!(closed["connections"].as_array().map(Vec::len), Some(1));
    }
    broker.shutdown().await;
}

/// On one thread, where whoever works without a pause holds up everybody.
#[tokio::test(flavor = "current_thread")]
async fn many_subscriptions_of_a_closed_connection_go_while_others_are_served() {
    const SUBSCRIPTIONS: u64 = 50_000;
    let (broker, http) = broker(|_| {}).await;
    let lines: String = (0..SUBSCRIPTIONS).map(|n| format!("SUB many.{n} {n}\r\n")).collect();
    drop(client(&broker, &format!("CONNECT {{\"verbose\":false}}\r\n{lines}")).await);
    let mut seen = std::collections::BTreeSet::new();
    eventually(http, "/varz", |varz| {
        let left = varz["subscriptions"].as_u64().expect("a number");
        seen.insert(left);
        left == 0
    })
    .await;
    let between = seen.range(1..SUBSCRIPTIONS).count();
    assert!(between > 0, "answers came only before and after: {seen:?}");
    broker.shutdown().await;
}
