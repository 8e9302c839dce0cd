//! A client connection that blocks: enough of the protocol to open it, subscribe, and take
//! frames one by one.

use std::io::{ErrorKind, Read, Write};
use std::ops::Range;

use crate::error::{Error, Result};
use crate::frame::{self, Frame, Kind};
use crate::stream::{Stream, Target};

const HELLO: &str = concat!(
    "CONNECT {\"verbose\":false,\"pedantic\":false,\"name\":\"anabranch-load\",\"lang\":\"raw\",",
    "\"version\":\"1\",\"protocol\":1,\"headers\":true,\"no_responders\":true,\"echo\":true}\r\n",
);

/// A connection whose handshake is done.
pub(crate) struct Conn {
    stream: Stream,
    buf: Vec<u8>,
    start: usize,
    end: usize,
    headers: Headers,
}

/// What becomes of messages with headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Headers {
    /// They are an error: where nobody sends headers, one (a 503 for a request without responders,
    /// for example) means that the run measures something else.
    Refused,
    /// They are returned like others.
    Taken,
}

impl Conn {
    /// Connects, and returns once the server has answered `first` followed by a ping. `first`
    /// holds whole protocol lines, such as subscriptions.
    pub(crate) fn open(target: &Target, first: &str, buffer_len: usize) -> Result<Conn> {
        let (stream, _greeting) = target.dial()?;
        let headers = Headers::Refused;
        let mut conn = Conn { stream, buf: vec![0; buffer_len], start: 0, end: 0, headers };
        conn.send(format!("{HELLO}{first}PING\r\n").as_bytes())?;
        conn.until_pong()?;
        Ok(conn)
    }

    /// Says what becomes of messages with headers; they are refused unless this is called.
    pub(crate) fn with_headers(mut self, headers: Headers) -> Conn {
        self.headers = headers;
        self
    }

    /// The bytes below, for waiting until there are some.
    pub(crate) fn stream(&self) -> &Stream {
        &self.stream
    }

    /// Writes all of `data`.
    pub(crate) fn send(&mut self, data: &[u8]) -> Result<()> {
        self.stream.write_all(data)?;
        Ok(self.stream.flush()?)
    }

    /// Returns once the server has taken everything sent before.
    pub(crate) fn round_trip(&mut self) -> Result<()> {
        self.send(b"PING\r\n")?;
        self.until_pong()
    }

    /// Skips frames up to the next `PONG`.
    pub(crate) fn until_pong(&mut self) -> Result<()> {
        while self.next_frame()?.kind != Kind::Pong {}
        Ok(())
    }

    /// The next message or `PONG`; waits for it.
    pub(crate) fn next_frame(&mut self) -> Result<Frame> {
        loop {
            match self.buffered_frame()? {
                Some(frame) => return Ok(frame),
                None => self.fill()?,
            }
        }
    }

    /// The next message or `PONG` that has arrived already. Pings are answered on the way, and
    /// an error of the server becomes ours.
    pub(crate) fn buffered_frame(&mut self) -> Result<Option<Frame>> {
        loop {
            let arrived = self.buf.get(..self.end).unwrap_or_default();
            let Some(frame) = frame::parse(arrived, self.start)? else {
                return Ok(None);
            };
            self.start = frame.end;
            match frame.kind {
                Kind::Message | Kind::Pong => return Ok(Some(frame)),
                Kind::Headed if self.headers == Headers::Taken => return Ok(Some(frame)),
                Kind::Headed => {
                    let head = String::from_utf8_lossy(self.bytes(&frame.head)).into_owned();
                    return Err(Error::Server(format!("a message with headers: {head:?}")));
                }
                Kind::Ping => self.send(b"PONG\r\n")?,
                Kind::Error => {
                    let text = String::from_utf8_lossy(self.bytes(&frame.body)).into_owned();
                    return Err(Error::Server(text));
                }
                Kind::Other => (),
            }
        }
    }

    /// A part of the frame returned last.
    pub(crate) fn bytes(&self, range: &Range<usize>) -> &[u8] {
        self.buf.get(range.clone()).unwrap_or_default()
    }

    /// Reads once. Ranges of earlier frames are no longer valid.
    pub(crate) fn fill(&mut self) -> Result<()> {
        self.buf.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == self.buf.len() {
            self.buf.resize(self.buf.len() * 2, 0);
        }
        let space = self.buf.get_mut(self.end..).unwrap_or_default();
        let n = read_some(&mut self.stream, space)?;
        self.end += n;
        Ok(())
    }

    /// Gives the stream away, for those who read it by themselves, with the bytes that arrived
    /// and were not taken: a server may follow its first `PONG` by another `INFO`.
    pub(crate) fn into_stream(self) -> (Stream, Vec<u8>) {
        let early = self.buf.get(self.start..self.end).unwrap_or_default().to_vec();
        (self.stream, early)
    }
}

/// Reads at least one byte.
pub(crate) fn read_some(stream: &mut Stream, space: &mut [u8]) -> Result<usize> {
    loop {
        match stream.read(space) {
            Ok(0) => return Err(Error::Server("connection closed by the server".to_owned())),
            Ok(n) => return Ok(n),
            Err(e) if e.kind() == ErrorKind::Interrupted => (),
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return Err(Error::Stuck("nothing came from the server in time".to_owned()));
            }
            Err(e) => return Err(e.into()),
        }
    }
}
