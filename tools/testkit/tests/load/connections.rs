//! Many connections, and connections that never become clients.

use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anabranch_testkit::wire::Chunks;
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit, setrlimit};

use anabranch_testkit::client::{Client, Event, TIMEOUT};
use anabranch_testkit::observed::{Observed, tell, wait_until};

/// As many as fit into a process with a hard limit of 16,384 descriptors, and some.
const IDLE: u64 = 10_000;
/// Rounds of [`IDLE`] connections until resident memory stands still.
const ROUNDS_TO_SETTLE: u32 = 3;
const DESCRIPTORS_NEEDED: u64 = IDLE + 2_000;

#[test]
#[ignore = "load"]
fn ten_thousand_idle_connections_are_held_and_let_go() {
    let limit = getrlimit(Resource::Nofile);
    if limit.maximum.is_some_and(|maximum| maximum < DESCRIPTORS_NEEDED) {
        tell(&format!("skipped: the hard limit of file descriptors is {:?}", limit.maximum));
        return;
    }
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    setrlimit(Resource::Nofile, raised).expect("up to the hard limit");
    let observed = Observed::start("");
    observed.serves_a_new_pair();
    let before = observed.resident();
    let first = ten_thousand_come_and_go(&observed) - before;
    tell(&format!("{} bytes resident per idle connection", first / IDLE));
    let left = observed.resident().saturating_sub(before);
    tell(&format!("{left} bytes of {first} stay resident when all are gone"));
    // Records of closed connections stay, and the allocator keeps pages: resident memory grows
    // until there are as many records as are kept and the allocator has settled, and no further.
    for _ in 0..ROUNDS_TO_SETTLE {
        ten_thousand_come_and_go(&observed);
    }
    let settled = ten_thousand_come_and_go(&observed) - before;
    let later = ten_thousand_come_and_go(&observed) - before;
    tell(&format!("{settled} bytes resident when settled, {later} a round later"));
    assert!(later < settled / 3 * 4, "{later} bytes after {settled}");
}

/// Connects and lets go; gives back the resident memory in between.
fn ten_thousand_come_and_go(observed: &Observed) -> u64 {
    let begin = Instant::now();
    let mut clients: Vec<Client> = (0..IDLE).map(|_| observed.client()).collect();
    tell(&format!("{IDLE} connected and answered in {:?}", begin.elapsed()));
    observed.await_count("connections", IDLE);
    let held = observed.resident();
    let pair = observed.serves_a_new_pair();
    tell(&format!("a new pair was served in {pair:?}"));
    assert!(pair < Duration::from_secs(2), "{pair:?}");
    clients.iter_mut().for_each(|client| drop(client.barrier()));
    let begin = Instant::now();
    drop(clients);
    observed.await_count("connections", 0);
    tell(&format!("all let go after {:?}", begin.elapsed()));
    held
}

#[test]
#[ignore = "load"]
fn bursts_of_a_thousand_connects_are_served() {
    let observed = Observed::start("");
    let address = observed.server.address();
    for _ in 0..3 {
        let begin = Instant::now();
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..125).for_each(|_| drop(Client::open(address))));
            }
        });
        tell(&format!("1,000 connects, answered and closed, in {:?}", begin.elapsed()));
        assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    }
    observed.await_count("connections", 0);
    assert_eq!(observed.count("total_connections"), 3_000);
}

#[test]
#[ignore = "load"]
fn a_thousand_sockets_waiting_to_be_accepted_all_get_their_turn() {
    let observed = Observed::start("");
    let address = observed.server.address();
    let mut silent: Vec<Client> = (0..1_000).map(|_| Client::silent(address)).collect();
    for client in &mut silent {
        client.send("CONNECT {\"verbose\":false}\r\n");
        client.barrier();
    }
    observed.await_count("connections", 1_000);
}

#[test]
#[ignore = "load"]
fn sockets_that_say_nothing_are_timed_out_where_they_must_authenticate() {
    let observed = Observed::start("authorization {token: t, timeout: 1}");
    let address = observed.server.address();
    let before = observed.resident();
    let mut silent: Vec<Client> = (0..1_000).map(|_| Client::silent(address)).collect();
    wait_until("memory measured", || observed.count("total_connections") == 1_000);
    let grown = observed.resident().saturating_sub(before);
    tell(&format!("{} bytes resident per half-open connection", grown / 1_000));
    assert!(grown < 64 * 1024 * 1024, "{grown} bytes for 1,000 sockets that said nothing");
    for client in &mut silent {
        let events = client.rest();
        let told = Event::Error("'Authentication Timeout'".to_owned());
        assert_eq!(events.last(), Some(&told), "{events:?}");
    }
    observed.await_count("connections", 0);
    drop(Client::open_saying(address, "{\"verbose\":false,\"auth_token\":\"t\"}"));
}

#[test]
#[ignore = "load"]
fn handshakes_that_stop_half_way_are_timed_out_or_let_go() {
    const TLS: &str = "tls {cert_file: \"{{dir}}/cert.pem\", key_file: \"{{dir}}/key.pem\", \
                       timeout: 1}";
    // The head of a handshake record that says more is coming, and of a ClientHello in it.
    const HALF_HELLO: &[u8] = &[22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3, 7, 7, 7];
    let observed = Observed::start(TLS);
    let address = observed.server.address();
    let half = |bytes: &[u8]| {
        let mut client = Client::silent(address);
        assert!(matches!(client.event(), Event::Info(_)));
        client.send(bytes);
        client
    };
    for _ in 0..100 {
        drop(half(HALF_HELLO));
        drop(half(&[]));
    }
    let mut waiting: Vec<Client> = (0..100).map(|_| half(HALF_HELLO)).collect();
    for client in &mut waiting {
        client.rest();
    }
    observed.await_count("connections", 0);
}

#[test]
#[ignore = "load"]
fn clients_that_vanish_in_the_middle_leave_nothing() {
    let observed = Observed::start("");
    let mut watcher = observed.subscriber("SUB vanish.> 1\r\n");
    let halves: [&[u8]; 6] = [
        b"PUB vanish.message 1000\r\nhalf",
        b"PUB vanish.large 1000000\r\nhalf",
        b"HPUB vanish.headers 12 14\r\nNATS/1.0\r\n",
        b"PUB vanish.li",
        b"SUB vanish.sub 7\r\nSUB vanish.s",
        b"PUB vanish.end 4\r\nhalf\r",
    ];
    for _ in 0..50 {
        for half in halves {
            let mut client = observed.client();
            client.send(half);
        }
    }
    observed.await_count("connections", 1);
    observed.await_count("subscriptions", 1);
    assert_eq!(watcher.barrier(), [], "half a message is none");
}

#[test]
#[ignore = "load"]
fn without_file_descriptors_the_connected_go_on_and_the_waiting_come_later() {
    const LIMIT: u64 = 64;
    let observed = Observed::start("");
    let mut connected = observed.subscriber("SUB before 1\r\n");
    let process = i32::try_from(observed.server.process_id()).ok().and_then(Pid::from_raw);
    let limit = Rlimit { current: Some(LIMIT), maximum: Some(LIMIT) };
    prlimit(process, Resource::Nofile, limit).expect("lowering is allowed");
    let address = observed.server.address();
    let mut waiting: Vec<TcpStream> = (0..LIMIT).map(|_| connect(address)).collect();
    wait_until("a log line", || observed.server.log().contains("Accept Error"));
    connected.send("PUB before 2\r\nhi\r\n");
    assert_eq!(connected.message().payload, b"hi");
    // Pauses get longer, up to a second: a server that tried again at once would be busy.
    let used = observed.processor_time();
    wait_until("a long pause", || observed.server.log().contains("sleeping 1s"));
    let used = observed.processor_time() - used;
    tell(&format!("{used:?} of processor time while no descriptor was left"));
    assert!(used < Duration::from_millis(400), "{used:?}");
    let lines = observed.server.log().matches("Accept Error").count();
    assert!(lines < 20, "{lines} lines about it");
    connected.send("PUB before 2\r\nho\r\n");
    assert_eq!(connected.message().payload, b"ho");
    let mut last = Client::silent(address);
    waiting.clear();
    last.send_in(b"CONNECT {\"verbose\":false}\r\n", Chunks::Whole);
    last.barrier();
    observed.await_count("connections", 2);
}

fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect_timeout(&address, TIMEOUT).expect("the system completes it")
}
