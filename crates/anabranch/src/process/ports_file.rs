//! `<executable>_<pid>.ports`: where the server listens, for programs that had the system choose
//! the ports.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use anabranch_broker::Endpoints;
use serde_json::{Map, Value};

use super::file::write_at_once;
use crate::io_reason::io_reason;
use crate::program::Program;

/// As nats-server's; the process's mask takes the rest.
const MODE: u32 = 0o666;

/// A ports file, there as long as the server.
#[derive(Debug)]
pub(crate) struct PortsFile {
    path: PathBuf,
}

impl PortsFile {
    /// Writes it. Failing to is logged, and stops nothing.
    pub(crate) fn write(
        program: &Program,
        directory: &Path,
        endpoints: &Endpoints,
        clients: ClientScheme,
    ) -> Self {
        let name = format!("{}_{}.ports", program.name(), std::process::id());
        let path = directory.join(name);
        let content = content(endpoints, clients, &own_addresses());
        if let Err(why) = write_at_once(&path, content.as_bytes(), MODE) {
            let shown = path.display();
            log::error!("Error writing ports file ({shown}): open {shown}: {}", io_reason(&why));
        }
        Self { path }
    }

    /// Removes it.
    pub(crate) fn remove(self) {
        if let Err(why) = std::fs::remove_file(&self.path) {
            let shown = self.path.display();
            let why = io_reason(&why);
            log::error!("Error cleaning up ports file {shown}: remove {shown}: {why}");
        }
    }
}

/// How clients' URLs begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientScheme {
    /// `nats://`
    Plain,
    /// `tls://`: they must upgrade.
    Tls,
}

fn content(endpoints: &Endpoints, clients: ClientScheme, own: &[IpAddr]) -> String {
    let clients_scheme = match clients {
        ClientScheme::Plain => "nats",
        ClientScheme::Tls => "tls",
    };
    let monitoring = [("http", endpoints.http), ("https", endpoints.https)];
    let lists = [
        ("nats", urls(&[(clients_scheme, endpoints.clients)], own)),
        ("monitoring", urls(&monitoring, own)),
    ];
    let lists = lists.into_iter().filter(|(_, urls)| !urls.is_empty());
    let object: Map<String, Value> =
        lists.map(|(key, urls)| (key.to_owned(), Value::from(urls))).collect();
    Value::Object(object).to_string()
}

fn urls(bound: &[(&str, Option<SocketAddr>)], own: &[IpAddr]) -> Vec<String> {
    let mut urls = Vec::new();
    for (scheme, address) in bound {
        let Some(address) = address else { continue };
        let reachable = reachable(*address, own);
        urls.extend(reachable.iter().map(|address| format!("{scheme}://{address}")));
    }
    urls
}

/// The addresses under which a listener can be reached: its own, or all that the machine has.
fn reachable(bound: SocketAddr, own: &[IpAddr]) -> Vec<SocketAddr> {
    if !bound.ip().is_unspecified() {
        return vec![bound];
    }
    // A listener for all IPv6 addresses takes IPv4 as well.
    let serves = |ip: &&IpAddr| bound.is_ipv6() || ip.is_ipv4();
    own.iter().filter(serves).map(|ip| SocketAddr::new(*ip, bound.port())).collect()
}

/// The machine's addresses, loopback first.
fn own_addresses() -> Vec<IpAddr> {
    let mut interfaces = match if_addrs::get_if_addrs() {
        Ok(interfaces) => interfaces,
        Err(why) => {
            log::warn!("Cannot list this machine's addresses: {}", io_reason(&why));
            return vec![IpAddr::from([127, 0, 0, 1])];
        }
    };
    interfaces.sort_by_key(|interface| (!interface.is_loopback(), interface.index));
    interfaces.iter().map(if_addrs::Interface::ip).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> [IpAddr; 4] {
        ["127.0.0.1", "::1", "192.0.2.2", "fd00::2"].map(|ip| ip.parse().unwrap())
    }

    fn at(clients: &str, http: Option<&str>) -> Endpoints {
        Endpoints {
            clients: Some(clients.parse().unwrap()),
            http: http.map(|http| http.parse().unwrap()),
            ..Endpoints::default()
        }
    }

    #[test]
    fn names_the_address_that_was_bound() {
        let endpoints = at("127.0.0.1:1", Some("127.0.0.1:2"));
        let text = content(&endpoints, ClientScheme::Tls, &own());
        let expected = r#"{"monitoring":["http://127.0.0.1:2"],"nats":["tls://127.0.0.1:1"]}"#;
        assert_eq!(text, expected);
    }

    #[test]
    fn names_every_address_where_all_were_bound() {
        assert_eq!(
            content(&at("0.0.0.0:1", None), ClientScheme::Plain, &own()),
            r#"{"nats":["nats://127.0.0.1:1","nats://192.0.2.2:1"]}"#
        );
        assert_eq!(
            content(&at("[::]:1", None), ClientScheme::Plain, &own()),
            concat!(
                r#"{"nats":["nats://127.0.0.1:1","nats://[::1]:1","#,
                r#""nats://192.0.2.2:1","nats://[fd00::2]:1"]}"#
            )
        );
    }
}
