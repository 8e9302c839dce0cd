//! Raw connections: bytes out, bytes in, and a deadline on everything.
//!
//! Not a client: nothing is answered or understood here, save that a `PING` which the server
//! sends of its own accord can be answered and set aside (it comes whenever the server wants to
//! measure the round trip, so a transcript cannot say where).

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// How a connection's bytes are handed to the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chunks {
    /// All in one write.
    Whole,
    /// One byte a write.
    EveryByte,
    /// Two writes, the second beginning at this index.
    At(usize),
}

/// What reading found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// More bytes are buffered.
    Bytes,
    /// The other side has closed, or reset, the connection.
    Closed,
    /// The deadline passed.
    Nothing,
}

/// A connection to a server under test.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    closed: bool,
}

impl Connection {
    /// Connects with a small receive buffer, so that a reader that stops is noticed soon.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        let domain = socket2::Domain::for_address(address);
        let socket = socket2::Socket::new(domain, socket2::Type::STREAM, None)?;
        socket.set_recv_buffer_size(64 * 1024)?;
        socket.connect_timeout(&address.into(), Duration::from_secs(10))?;
        let stream = TcpStream::from(socket);
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(Duration::from_secs(20)))?;
        Ok(Self { stream, buffer: Vec::new(), closed: false })
    }

    /// Sends bytes. A server that has closed in the middle is not an error of sending: what it
    /// said before is still to be read.
    ///
    /// # Errors
    /// Only when the server takes nothing for 20 s.
    pub fn send(&mut self, bytes: &[u8], chunks: Chunks) -> io::Result<()> {
        let result = match chunks {
            Chunks::Whole => self.stream.write_all(bytes),
            Chunks::EveryByte => self.send_pieces(bytes.chunks(1)),
            Chunks::At(index) => {
                let (head, tail) = bytes.split_at(index.min(bytes.len()));
                self.send_pieces([head, tail].into_iter())
            }
        };
        match result {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                Err(error)
            }
            _ => Ok(()),
        }
    }

    /// Gives the reading thread a chance between two writes, so that it sees them apart.
    fn send_pieces<'a>(&mut self, pieces: impl Iterator<Item = &'a [u8]>) -> io::Result<()> {
        for piece in pieces.filter(|piece| !piece.is_empty()) {
            self.stream.write_all(piece)?;
            thread::yield_now();
        }
        Ok(())
    }

    /// Says that nothing more will be sent, while reading goes on.
    pub fn end_sending(&mut self) {
        let _ = self.stream.shutdown(std::net::Shutdown::Write);
    }

    /// What has come and was not consumed.
    #[must_use]
    pub fn buffered(&self) -> &[u8] {
        &self.buffer
    }

    /// Takes `count` buffered bytes, or as many as there are.
    pub fn consume(&mut self, count: usize) -> Vec<u8> {
        let count = count.min(self.buffer.len());
        self.buffer.drain(..count).collect()
    }

    /// Whether the other side is known to have closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Reads once, waiting no longer than until `deadline`.
    ///
    /// # Errors
    /// What the system says, except for a reset, which is a close.
    pub fn fill(&mut self, deadline: Instant) -> io::Result<Arrival> {
        if self.closed {
            return Ok(Arrival::Closed);
        }
        let Some(left) = deadline.checked_duration_since(Instant::now()).filter(|d| !d.is_zero())
        else {
            return Ok(Arrival::Nothing);
        };
        self.stream.set_read_timeout(Some(left))?;
        let mut chunk = [0; 16 * 1024];
        match self.stream.read(&mut chunk) {
            Ok(0) => {
                self.closed = true;
                Ok(Arrival::Closed)
            }
            Ok(count) => {
                self.buffer.extend_from_slice(&chunk[..count]);
                Ok(Arrival::Bytes)
            }
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut => Ok(Arrival::Nothing),
                ErrorKind::Interrupted => Ok(Arrival::Bytes),
                ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
                    self.closed = true;
                    Ok(Arrival::Closed)
                }
                _ => Err(error),
            },
        }
    }

    /// Answers and drops a `PING` at the front of the buffer; whether there was one.
    ///
    /// # Errors
    /// As [`Connection::send`].
    pub fn answer_ping(&mut self) -> io::Result<bool> {
        const PING: &[u8] = b"PING\r\n";
        if !self.buffer.starts_with(PING) {
            return Ok(false);
        }
        self.consume(PING.len());
        self.send(b"PONG\r\n", Chunks::Whole)?;
        Ok(true)
    }
}

/// Reads up to and with the next CRLF, byte by byte, so that nothing behind it is taken.
///
/// # Errors
/// Those of the stream, also when it ends before.
pub fn read_line(stream: &mut impl Read) -> io::Result<String> {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        line.extend(byte);
    }
    Ok(String::from_utf8_lossy(&line).into_owned())
}
