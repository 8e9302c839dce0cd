//! What goes on while a client waits: for a slow password check, or for the server's end.

use std::time::{Duration, Instant};

use anabranch_broker::{Broker, Options};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The password `pass`, at a cost that takes a good fraction of a second to check.
const SLOW: &str = "$2b$12$abcdefghijklmnopqrstuuSrPAZy1p14MzYlzK1ZPFXzC33T34RXS";
const CONNECT: &str = "CONNECT {\"verbose\":false,\"auth_token\":\"pass\"}\r\nPING\r\n";
/// Clients whose checks take, one after the other, much longer than a test may.
const QUEUE: usize = 60;
/// How long an answer may take that waits for nothing but this machine.
const SOON: Duration = Duration::from_secs(5);

/// A broker that runs one password check at a time.
async fn broker(change: impl FnOnce(&mut Options)) -> Broker {
    let mut options = Options::default();
    options.listen.host = "127.0.0.1".to_owned();
    options.listen.port = 0;
    options.authorization.token = Some(SLOW.to_owned());
    options.authorization.timeout = Some(Duration::from_secs(60));
    change(&mut options);
    Broker::builder().options(options).threads(1).start().await.expect("it starts")
}

/// A client that has read INFO and said `lines`.
async fn client(broker: &Broker, lines: &str) -> TcpStream {
    let address = broker.endpoints().clients.expect("it listens");
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let info = read_line(&mut stream).await;
    assert!(info.starts_with("INFO "), "{info}");
    stream.write_all(lines.as_bytes()).await.expect("it reads");
    stream
}

async fn queue(broker: &Broker) -> Vec<TcpStream> {
    let mut clients = Vec::new();
    for _ in 0..QUEUE {
        clients.push(client(broker, CONNECT).await);
    }
    clients
}

/// The next line, PINGs of the server apart; empty at the end of the stream.
async fn read_line(stream: &mut TcpStream) -> String {
    let mut line = String::new();
    while let Ok(byte) = stream.read_u8().await {
        line.push(char::from(byte));
        if line == "PING\r\n" {
            line.clear();
        } else if line.ends_with('\n') {
            break;
        }
    }
    line
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_for_connect_bounds_the_wait_for_a_password_check() {
    let broker = broker(|o| o.authorization.timeout = Some(Duration::from_millis(20))).await;
    let mut clients = queue(&broker).await;
    let (mut judged, mut late) = (0, 0);
    for client in &mut clients {
        match timeout(SOON, read_line(client)).await.expect("an answer").as_str() {
            "PONG\r\n" => judged += 1,
            "-ERR 'Authentication Timeout'\r\n" => late += 1,
            other => panic!("{other}"),
        }
    }
    // A check that has begun may take longer than that, as with nats-server.
    assert!(judged > 0 && late > judged, "{judged} judged, {late} late");
    broker.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_closes_clients_that_wait_for_a_password_check() {
    let broker = broker(|_| {}).await;
    let mut clients = queue(&broker).await;
    let begin = Instant::now();
    broker.shutdown().await;
    let took = begin.elapsed();
    for client in &mut clients {
        let mut rest = Vec::new();
        let read = timeout(Duration::from_secs(1), client.read_to_end(&mut rest)).await;
        // One whose last operations were not read any more ends by a reset.
        if let Err(error) = read.expect("it is closed") {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        }
    }
    assert!(took < Duration::from_secs(2), "nobody had to be aborted: {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn output_is_written_while_a_password_check_is_waited_for() {
    const MESSAGES: usize = 24;
    let broker = broker(|_| {}).await;
    let mut slow = client(&broker, CONNECT).await;
    assert_eq!(read_line(&mut slow).await, "PONG\r\n");
    // More than sockets hold, sent to itself and not read.
    let mut said = String::from("SUB big 1\r\n");
    for _ in 0..MESSAGES {
        said += &format!("PUB big {}\r\n{}\r\n", 1 << 20, "x".repeat(1 << 20));
    }
    slow.write_all(said.as_bytes()).await.expect("it reads");
    let others = queue(&broker).await;
    slow.write_all(CONNECT.as_bytes()).await.expect("it reads");
    let mut left = MESSAGES * ("MSG big 1 1048576\r\n".len() + (1 << 20) + 2);
    let mut buffer = vec![0; 1 << 20];
    while left > 0 {
        let room = left.min(buffer.len());
        let read = timeout(SOON, slow.read(&mut buffer[..room])).await.expect("more in time");
        let count = read.expect("it is connected");
        assert!(count > 0, "closed with {left} bytes to come");
        left -= count;
    }
    drop(others);
    broker.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lame_duck_mode_ends_within_its_duration_though_clients_do_not_close() {
    let duration = Duration::from_millis(800);
    let broker = broker(|options| {
        options.authorization.token = None;
        options.timing.lame_duck_duration = duration;
        options.timing.lame_duck_grace_period = duration / 2;
    })
    .await;
    let mut clients = Vec::new();
    for _ in 0..200 {
        clients.push(client(&broker, "CONNECT {\"verbose\":false}\r\n").await);
    }
    let begin = Instant::now();
    assert!(broker.lame_duck().await);
    broker.shutdown().await;
    let took = begin.elapsed();
    assert!(took >= duration / 2 && took < duration, "{took:?}");
}
