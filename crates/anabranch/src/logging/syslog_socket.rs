//! The way to a syslog: a local socket, UDP, or TCP.

use std::io::{self, Write};
use std::net::{TcpStream, ToSocketAddrs, UdpSocket};
use std::time::Duration;

use jiff::tz::TimeZone;

use super::entry::Entry;
use super::sink::Lost;
use super::syslog::{Facility, Sender, message};

/// Where local syslogs listen, on the systems there are.
#[cfg(unix)]
const LOCAL_PATHS: [&str; 3] = ["/dev/log", "/var/run/syslog", "/var/run/log"];
/// A syslog that takes longer to answer or to read is treated as gone.
const PATIENCE: Duration = Duration::from_secs(2);

/// Which syslog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Destination {
    /// The machine's own, wherever it listens.
    Local,
    /// A local one that listens there.
    Path(String),
    /// `host:port`, datagrams.
    Udp(String),
    /// `host:port`, one message a line.
    Tcp(String),
}

impl Destination {
    /// From `udp://host:port`, `tcp://host:port` or `unix:///path`.
    ///
    /// # Errors
    /// In nats-server's words, when it is none of these.
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        match scheme {
            "udp" => Ok(Self::Udp(host_of(rest))),
            "tcp" => Ok(Self::Tcp(host_of(rest))),
            "unix" => Ok(Self::Path(rest.to_owned())),
            _ => Err(format!("error invalid network type: {scheme:?}")),
        }
    }

    /// The facility of messages to it.
    pub(super) fn facility(&self) -> Facility {
        if *self == Self::Local { Facility::Daemon } else { Facility::Kernel }
    }

    /// Whether messages to it name the host that they come from.
    pub(super) fn is_remote(&self) -> bool {
        matches!(self, Self::Udp(_) | Self::Tcp(_))
    }

    fn connect(&self) -> io::Result<Connection> {
        match self {
            #[cfg(unix)]
            Self::Local => {
                let found = LOCAL_PATHS.iter().find_map(|path| connect_path(path).ok());
                found.ok_or_else(|| io::Error::other("Unix syslog delivery error"))
            }
            #[cfg(unix)]
            Self::Path(path) => connect_path(path),
            #[cfg(not(unix))]
            Self::Local | Self::Path(_) => Err(io::ErrorKind::Unsupported.into()),
            Self::Udp(address) => {
                let mut last = no_address();
                for address in address.to_socket_addrs()? {
                    let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
                    match UdpSocket::bind(any).and_then(|s| s.connect(address).map(|()| s)) {
                        Ok(socket) => return Ok(Connection::Udp(socket)),
                        Err(e) => last = e,
                    }
                }
                Err(last)
            }
            Self::Tcp(address) => {
                let mut last = no_address();
                for address in address.to_socket_addrs()? {
                    match TcpStream::connect_timeout(&address, PATIENCE) {
                        Ok(stream) => {
                            stream.set_write_timeout(Some(PATIENCE))?;
                            return Ok(Connection::Tcp(stream));
                        }
                        Err(e) => last = e,
                    }
                }
                Err(last)
            }
        }
    }
}

/// A URL's host and port, without what may follow.
fn host_of(rest: &str) -> String {
    rest.split(['/', '?', '#']).next().unwrap_or_default().to_owned()
}

fn no_address() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "no address")
}

#[cfg(unix)]
fn connect_path(path: &str) -> io::Result<Connection> {
    use std::os::unix::net::{UnixDatagram, UnixStream};
    let datagram = UnixDatagram::unbound()?;
    if datagram.connect(path).is_ok() {
        datagram.set_write_timeout(Some(PATIENCE))?;
        return Ok(Connection::UnixDatagram(datagram));
    }
    let stream = UnixStream::connect(path)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(Connection::UnixStream(stream))
}

#[derive(Debug)]
enum Connection {
    Udp(UdpSocket),
    Tcp(TcpStream),
    #[cfg(unix)]
    UnixDatagram(std::os::unix::net::UnixDatagram),
    #[cfg(unix)]
    UnixStream(std::os::unix::net::UnixStream),
}

impl Connection {
    fn send(&mut self, message: &[u8]) -> io::Result<()> {
        match self {
            Self::Udp(socket) => socket.send(message).map(|_| ()),
            Self::Tcp(stream) => stream.write_all(message),
            #[cfg(unix)]
            Self::UnixDatagram(socket) => socket.send(message).map(|_| ()),
            #[cfg(unix)]
            Self::UnixStream(stream) => stream.write_all(message),
        }
    }
}

/// A syslog, connected again when it was gone.
#[derive(Debug)]
pub(super) struct SyslogSocket {
    destination: Destination,
    connection: Option<Connection>,
    sender: Sender,
    zone: TimeZone,
}

impl SyslogSocket {
    pub(super) fn connect(
        destination: Destination,
        sender: Sender,
        zone: TimeZone,
    ) -> io::Result<Self> {
        let connection = Some(destination.connect()?);
        Ok(Self { destination, connection, sender, zone })
    }

    pub(super) fn write(&mut self, entries: &[Entry]) -> Result<(), Lost> {
        for (index, entry) in entries.iter().enumerate() {
            let message = message(&self.sender, &self.zone, entry);
            if let Err(why) = self.send(message.as_bytes()) {
                // The others would each wait for the same failure.
                return Err(Lost { lines: entries.len() - index, why });
            }
        }
        Ok(())
    }

    /// Sends a message, over a new connection if the one there is fails.
    fn send(&mut self, message: &[u8]) -> io::Result<()> {
        if let Some(connection) = &mut self.connection {
            if connection.send(message).is_ok() {
                return Ok(());
            }
            self.connection = None;
        }
        let mut connection = self.destination.connect()?;
        connection.send(message)?;
        self.connection = Some(connection);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::Label;
    use super::*;

    #[test]
    fn destinations_are_urls() {
        let parsed = |url| Destination::parse(url);
        assert_eq!(parsed("udp://h:514"), Ok(Destination::Udp("h:514".to_owned())));
        assert_eq!(parsed("tcp://h:514/x"), Ok(Destination::Tcp("h:514".to_owned())));
        assert_eq!(parsed("unix:///run/log"), Ok(Destination::Path("/run/log".to_owned())));
        assert_eq!(parsed("foo://x"), Err("error invalid network type: \"foo\"".to_owned()));
        assert_eq!(parsed("h:514"), Err("error invalid network type: \"\"".to_owned()));
    }

    fn connected(destination: Destination) -> SyslogSocket {
        let facility = destination.facility();
        let host = destination.is_remote().then(|| "h".to_owned());
        let sender = Sender { tag: "t".to_owned(), process_id: 1, facility, host };
        SyslogSocket::connect(destination, sender, TimeZone::UTC).unwrap()
    }

    fn entries(texts: &[&str]) -> Vec<Entry> {
        let entry = |text: &&str| Entry::now(Label::Info, (*text).to_owned());
        texts.iter().map(entry).collect()
    }

    #[test]
    fn a_datagram_is_one_message() {
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = receiver.local_addr().unwrap().to_string();
        let mut socket = connected(Destination::Udp(address));
        socket.write(&entries(&["one", "two"])).unwrap();
        let mut buffer = [0; 256];
        for text in ["one", "two"] {
            let size = receiver.recv(&mut buffer).unwrap();
            let message = String::from_utf8_lossy(&buffer[..size]);
            assert!(message.starts_with("<5>"), "{message}");
            assert!(message.ends_with(&format!(" h t[1]: {text}\n")), "{message}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_local_syslog_gets_datagrams_where_it_takes_them_and_else_a_stream() {
        use std::io::Read;
        use std::os::unix::net::{UnixDatagram, UnixListener};
        let directory = tempfile::TempDir::new().unwrap();
        let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
        let datagrams = UnixDatagram::bind(path("datagrams")).unwrap();
        connected(Destination::Path(path("datagrams"))).write(&entries(&["one", "two"])).unwrap();
        let mut buffer = [0; 256];
        for text in ["one", "two"] {
            let size = datagrams.recv(&mut buffer).unwrap();
            let message = String::from_utf8_lossy(&buffer[..size]);
            assert!(message.starts_with("<5>"), "{message}");
            assert!(message.ends_with(&format!(" t[1]: {text}\n")), "{message}");
        }
        let listener = UnixListener::bind(path("stream")).unwrap();
        connected(Destination::Path(path("stream"))).write(&entries(&["one", "two"])).unwrap();
        let mut said = String::new();
        listener.accept().unwrap().0.read_to_string(&mut said).unwrap();
        assert_eq!(said.lines().filter(|line| line.starts_with("<5>")).count(), 2, "{said}");
    }
}
