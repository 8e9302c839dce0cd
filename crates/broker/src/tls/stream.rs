//! TLS over TCP, driven by the connection's own task.

use std::io::{self, Read, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use rustls::{PeerIncompatible, ServerConnection};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::algorithms;
use super::server::TlsServer;
use crate::client::{Drained, Output, TlsDetails};

/// Plain bytes encrypted at once.
const CHUNK: usize = 64 * 1024;
/// Chunks before others get a turn.
const CHUNKS_PER_TURN: usize = 32;

/// A fatal alert in a record: the protocol version is not supported (RFC 5246 §7.2).
const PROTOCOL_VERSION_ALERT: [u8; 7] = [21, 3, 1, 0, 2, 2, 70];

/// A TLS connection. Plain bytes taken from an output count as pending until their cipher text
/// is written.
pub struct TlsStream {
    socket: TcpStream,
    tls: ServerConnection,
    /// Cipher text that was read before the handshake began.
    early: Vec<u8>,
    /// Plain bytes of the output that are inside `tls`.
    inside: usize,
}

impl TlsStream {
    /// A stream whose handshake has not begun. `early`: bytes already read from the socket.
    #[must_use]
    pub fn new(server: &TlsServer, socket: TcpStream, early: Vec<u8>) -> Self {
        let mut tls = ServerConnection::new(Arc::clone(&server.config))
            .expect("a server connection needs nothing but its configuration");
        tls.set_buffer_limit(None);
        Self { socket, tls, early, inside: 0 }
    }

    /// Does what the handshake needs next.
    ///
    /// # Errors
    /// Those of the socket, and of a peer that does not agree.
    pub fn poll_handshake(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let flushed = self.poll_write_tls(cx)?;
            if !self.tls.is_handshaking() {
                return if flushed { Poll::Ready(Ok(())) } else { Poll::Pending };
            }
            match self.poll_read_tls(cx) {
                Poll::Ready(Ok(0)) => {
                    return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
                }
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(e)) => {
                    self.say_why(&e, cx);
                    return Poll::Ready(Err(e));
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Reads plain bytes; `Ok(0)` is the end.
    ///
    /// # Errors
    /// Those of the socket and of TLS.
    pub fn poll_read(&mut self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            match self.tls.reader().read(into) {
                Ok(n) => return Poll::Ready(Ok(n)),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                // The peer closed without a goodbye: for this protocol the same as with one.
                Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
                    return Poll::Ready(Ok(0));
                }
                Err(e) => return Poll::Ready(Err(e)),
            }
            match self.poll_read_tls(cx) {
                Poll::Ready(Ok(_)) => {
                    // A key update or a ticket may want to be answered.
                    self.poll_write_tls(cx)?;
                }
                Poll::Ready(Err(e)) => return Poll::Ready(Err(e)),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Encrypts and writes what waits in `output`.
    ///
    /// # Errors
    /// Those of the socket.
    pub fn poll_drain(
        &mut self,
        cx: &mut Context<'_>,
        output: &Output,
        now: Instant,
    ) -> io::Result<Drained> {
        for _ in 0..CHUNKS_PER_TURN {
            if !self.poll_write_tls(cx)? {
                output.set_blocked(true, now);
                return Ok(Drained::Blocked);
            }
            if self.inside > 0 {
                output.written(std::mem::take(&mut self.inside));
            }
            let pieces = output.take(CHUNK);
            if pieces.is_empty() {
                output.set_blocked(false, now);
                return Ok(Drained::All);
            }
            for piece in pieces {
                self.tls.writer().write_all(&piece)?;
                self.inside += piece.len();
            }
        }
        Ok(Drained::Turn)
    }

    /// Writes clear text to a client that does not seem to speak TLS.
    pub fn write_clear(&self, bytes: &[u8]) {
        let _ = self.socket.try_write(bytes);
    }

    /// Says goodbye.
    ///
    /// # Errors
    /// Those of the socket.
    pub fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.tls.send_close_notify();
        if !self.poll_write_tls(cx)? {
            return Poll::Pending;
        }
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }

    /// What monitoring shows of the connection.
    #[must_use]
    pub fn details(&self) -> TlsDetails {
        TlsDetails {
            version: self.tls.protocol_version().map_or("", algorithms::version_name).to_owned(),
            cipher_suite: self
                .tls
                .negotiated_cipher_suite()
                .map_or_else(String::new, |s| algorithms::suite_name(s.suite()).to_owned()),
            peer_certificates: self
                .tls
                .peer_certificates()
                .unwrap_or_default()
                .iter()
                .map(|c| c.as_ref().to_vec())
                .collect(),
            first: false,
        }
    }

    /// Sends the alert that says why the handshake failed, as far as it goes.
    fn say_why(&mut self, error: &io::Error, cx: &mut Context<'_>) {
        let inner = error.get_ref().and_then(|e| e.downcast_ref::<rustls::Error>());
        match inner {
            // No TLS record at all: a plain client would read an alert as garbage.
            Some(rustls::Error::InvalidMessage(_)) => {}
            // What is missing exists since TLS 1.2, so an older version is what is wrong.
            Some(rustls::Error::PeerIncompatible(
                PeerIncompatible::SignatureAlgorithmsExtensionRequired,
            )) => self.write_clear(&PROTOCOL_VERSION_ALERT),
            _ => {
                let _ = self.poll_write_tls(cx);
            }
        }
    }

    fn poll_read_tls(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut source = Source { socket: &mut self.socket, early: &mut self.early, cx };
        match self.tls.read_tls(&mut source) {
            Ok(n) => {
                self.tls
                    .process_new_packets()
                    .map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))?;
                Poll::Ready(Ok(n))
            }
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
            Err(e) => Poll::Ready(Err(e)),
        }
    }

    /// Writes cipher text; true when none is left.
    fn poll_write_tls(&mut self, cx: &mut Context<'_>) -> io::Result<bool> {
        while self.tls.wants_write() {
            let mut sink = Sink { socket: &mut self.socket, cx };
            match self.tls.write_tls(&mut sink) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(e) => return Err(e),
            }
        }
        Ok(true)
    }
}

/// The socket as something that rustls reads from.
struct Source<'a, 'c> {
    socket: &'a mut TcpStream,
    early: &'a mut Vec<u8>,
    cx: &'a mut Context<'c>,
}

impl Read for Source<'_, '_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if !self.early.is_empty() {
            let n = self.early.len().min(into.len());
            into[..n].copy_from_slice(&self.early[..n]);
            self.early.drain(..n);
            return Ok(n);
        }
        let mut buf = ReadBuf::new(into);
        match Pin::new(&mut *self.socket).poll_read(self.cx, &mut buf) {
            Poll::Ready(read) => read.map(|()| buf.filled().len()),
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

/// The socket as something that rustls writes to.
struct Sink<'a, 'c> {
    socket: &'a mut TcpStream,
    cx: &'a mut Context<'c>,
}

impl Write for Sink<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match Pin::new(&mut *self.socket).poll_write(self.cx, bytes) {
            Poll::Ready(written) => written,
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    fn write_vectored(&mut self, slices: &[io::IoSlice<'_>]) -> io::Result<usize> {
        match Pin::new(&mut *self.socket).poll_write_vectored(self.cx, slices) {
            Poll::Ready(written) => written,
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
