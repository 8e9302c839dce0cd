//! Counts messages of one known length in a byte stream, without looking inside them. Nothing
//! here does I/O.

use crate::error::{Error, Result};

/// The longest control line that is kept.
const LINE_MAX: usize = 64 * 1024;

/// Steps over the frames of one connection.
#[derive(Debug)]
pub(crate) struct Stepper {
    frame_len: usize,
    /// Bytes of the current message that are still to come; 0 between frames.
    left: usize,
    /// A control line that is not complete yet.
    line: Vec<u8>,
}

/// What one chunk held.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    /// Messages whose last byte was in the chunk.
    pub(crate) messages: u64,
    /// Pings that want an answer.
    pub(crate) pings: u64,
}

impl Stepper {
    /// Expects messages whose frames, from `MSG` to the last line feed, have `frame_len` bytes.
    pub(crate) fn new(frame_len: usize) -> Stepper {
        Stepper { frame_len, left: 0, line: Vec::new() }
    }

    /// Takes the next bytes of the connection, however they were cut.
    pub(crate) fn feed(&mut self, data: &[u8]) -> Result<Step> {
        let mut step = Step::default();
        let mut rest = data;
        while let Some(&first) = rest.first() {
            if self.left == 0 && (first != b'M' || !self.line.is_empty()) {
                rest = self.control(rest, &mut step)?;
                continue;
            }
            if self.left == 0 {
                self.left = self.frame_len;
            }
            let (now, later) = rest.split_at(self.left.min(rest.len()));
            self.left -= now.len();
            rest = later;
            if self.left == 0 {
                if now.last() != Some(&b'\n') {
                    return Err(Error::Server("a message of unexpected length".to_owned()));
                }
                step.messages += 1;
            }
        }
        Ok(step)
    }

    fn control<'a>(&mut self, data: &'a [u8], step: &mut Step) -> Result<&'a [u8]> {
        let end = data.iter().position(|&c| c == b'\n').map_or(data.len(), |i| i + 1);
        let (now, later) = data.split_at(end);
        self.line.extend_from_slice(now);
        if self.line.ends_with(b"\n") {
            if self.line.starts_with(b"PING") {
                step.pings += 1;
            } else if self.line.starts_with(b"-ERR") || self.line.starts_with(b"HMSG") {
                return Err(Error::Server(String::from_utf8_lossy(&self.line).trim().to_owned()));
            }
            self.line.clear();
        } else if self.line.len() > LINE_MAX {
            return Err(Error::Server("an endless control line".to_owned()));
        }
        Ok(later)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: usize = b"MSG a 1 2\r\nMM\r\n".len();
    const STREAM: &[u8] = b"MSG a 1 2\r\nMM\r\nPING\r\nMSG a 1 2\r\nMM\r\n\
        INFO {\"M\":1}\r\nPONG\r\nMSG a 1 2\r\nMM\r\n";

    #[test]
    fn counts_the_same_however_the_bytes_are_cut() {
        for first in 0..=STREAM.len() {
            for second in first..=STREAM.len() {
                let mut stepper = Stepper::new(FRAME);
                let mut sum = Step::default();
                for part in [&STREAM[..first], &STREAM[first..second], &STREAM[second..]] {
                    let step = stepper.feed(part).unwrap();
                    sum.messages += step.messages;
                    sum.pings += step.pings;
                }
                assert_eq!(sum, Step { messages: 3, pings: 1 });
            }
        }
    }

    #[test]
    fn refuses_another_length_and_errors_of_the_server() {
        assert!(Stepper::new(FRAME).feed(b"MSG a 1 3\r\nMMM\r\n").is_err());
        assert!(Stepper::new(FRAME).feed(b"-ERR 'Slow Consumer'\r\n").is_err());
    }
}
