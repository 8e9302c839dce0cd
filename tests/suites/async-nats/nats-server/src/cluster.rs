use std::net::TcpListener;

use crate::server::Server;

const SIZE: usize = 3;

/// Servers that are connected by routes.
#[derive(Debug)]
pub struct Cluster {
    /// The members, in the order in which they were started.
    pub servers: Vec<Server>,
}

/// Three servers with this configuration file, routed to each other.
pub fn run_cluster(configuration: &str) -> Cluster {
    let ports = free_ports();
    let routes = ports.map(|port| format!("nats://127.0.0.1:{port}")).join(",");
    let servers = ports.iter().enumerate().map(|(number, port)| {
        let more = [
            // Members tell clients of each other's addresses, but not of the loopback address,
            // unless it is the only one that they listen on.
            "--addr=127.0.0.1".to_owned(),
            format!("--name=member-{number}"),
            "--cluster_name=members".to_owned(),
            format!("--cluster=nats://127.0.0.1:{port}"),
            format!("--routes={routes}"),
        ];
        Server::start(configuration, "-1", &more)
    });
    Cluster { servers: servers.collect() }
}

impl Cluster {
    /// Where clients of the first member connect.
    pub fn client_url(&self) -> String {
        self.servers[0].client_url()
    }
}

fn free_ports() -> [u16; SIZE] {
    let held: [TcpListener; SIZE] = std::array::from_fn(|_| {
        TcpListener::bind("127.0.0.1:0").expect("the loopback address has free ports")
    });
    held.map(|listener| listener.local_addr().expect("a bound listener has an address").port())
}
