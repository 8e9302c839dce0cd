//! The byte streams of a client: TCP, TLS over TCP, or a pipe within the process.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::{Buf, BufMut, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use crate::client::{Drained, Output};
use crate::tls::TlsStream;

/// Bytes moved from the output to a stream that frames or encrypts, at once.
const CHUNK: usize = 64 * 1024;
/// Chunks before others get a turn.
const CHUNKS_PER_TURN: usize = 32;
/// Times that a plain socket takes more at once, having been full, before others get a turn.
const TRIES_PER_TURN: usize = 4;

/// What a client is connected by.
pub(super) enum Transport {
    /// Plain TCP; the writing half may be used by everyone.
    Tcp(OwnedReadHalf, Arc<OwnedWriteHalf>),
    /// TLS over TCP.
    Tls(Box<TlsStream>),
    /// A pipe.
    Pipe(Box<Pipe>),
}

/// A pipe, with what could not be written to it yet.
pub(super) struct Pipe {
    stream: DuplexStream,
    unwritten: BytesMut,
}

impl Transport {
    /// Splits a plain TCP stream.
    pub(super) fn tcp(stream: TcpStream) -> (Self, Arc<OwnedWriteHalf>) {
        let (read, write) = stream.into_split();
        let write = Arc::new(write);
        (Self::Tcp(read, Arc::clone(&write)), write)
    }

    /// A pipe.
    pub(super) fn pipe(stream: DuplexStream) -> Self {
        Self::Pipe(Box::new(Pipe { stream, unwritten: BytesMut::new() }))
    }

    /// Reads into `into`; `Ok(0)` is the end of the stream.
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut buf = ReadBuf::new(into);
        let polled = match self {
            Self::Tcp(read, _) => Pin::new(read).poll_read(cx, &mut buf),
            Self::Tls(stream) => return stream.poll_read(cx, into),
            Self::Pipe(pipe) => Pin::new(&mut pipe.stream).poll_read(cx, &mut buf),
        };
        polled.map_ok(|()| buf.filled().len())
    }

    /// Writes what waits in `output`, and registers the task where the stream is full.
    pub(super) fn poll_drain(
        &mut self,
        cx: &mut Context<'_>,
        output: &Output,
        now: Instant,
    ) -> io::Result<Drained> {
        match self {
            Self::Tcp(_, write) => drain_tcp(write, cx, output, now),
            Self::Tls(stream) => stream.poll_drain(cx, output, now),
            Self::Pipe(pipe) => pipe.poll_drain(cx, output, now),
        }
    }

    /// Tells the other side that no more will come.
    pub(super) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(_, write) => {
                let socket: &TcpStream = (**write).as_ref();
                Poll::Ready(socket2::SockRef::from(socket).shutdown(std::net::Shutdown::Write))
            }
            Self::Tls(stream) => stream.poll_shutdown(cx),
            Self::Pipe(pipe) => Pin::new(&mut pipe.stream).poll_shutdown(cx),
        }
    }
}

fn drain_tcp(
    write: &OwnedWriteHalf,
    cx: &mut Context<'_>,
    output: &Output,
    now: Instant,
) -> io::Result<Drained> {
    for _ in 0..TRIES_PER_TURN {
        let drained = output.drain(write, now)?;
        if drained != Drained::Blocked {
            return Ok(drained);
        }
        let socket: &TcpStream = write.as_ref();
        match socket.poll_write_ready(cx) {
            Poll::Ready(ready) => ready?,
            Poll::Pending => return Ok(Drained::Blocked),
        }
    }
    Ok(Drained::Turn)
}

impl Pipe {
    fn poll_drain(
        &mut self,
        cx: &mut Context<'_>,
        output: &Output,
        now: Instant,
    ) -> io::Result<Drained> {
        for _ in 0..CHUNKS_PER_TURN {
            while !self.unwritten.is_empty() {
                match Pin::new(&mut self.stream).poll_write(cx, &self.unwritten) {
                    Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                    Poll::Ready(n) => {
                        let n = n?;
                        self.unwritten.advance(n);
                        output.written(n);
                    }
                    Poll::Pending => {
                        output.set_blocked(true, now);
                        return Ok(Drained::Blocked);
                    }
                }
            }
            let pieces = output.take(CHUNK);
            if pieces.is_empty() {
                output.set_blocked(false, now);
                return Ok(Drained::All);
            }
            for piece in pieces {
                self.unwritten.put(piece);
            }
        }
        Ok(Drained::Turn)
    }
}
