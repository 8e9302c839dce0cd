//! Commands of a stream that cannot take them now, kept beside its state in checkpoints: so that
//! the log need not wait for one stream.

use anabranch_jetstream::stream::{Command, Record};
use anabranch_log::Error;

use super::journal::Logged;

/// Commands in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Backlog {
    /// For each: sort of its record, time (i64) and length (u32), then the command.
    bytes: Vec<u8>,
}

const PUBLISH: u8 = 1;
const CONTROL: u8 = 4;
const TOMBSTONE: u8 = 5;
const CONSUMER: u8 = 3;
/// Bytes before each command.
const HEAD: usize = 13;

impl Backlog {
    /// Adds a command.
    pub fn push(&mut self, logged: &Logged<'_>) {
        let Logged { time, command, .. } = logged;
        let sort = match command.record() {
            Record::Publish => PUBLISH,
            Record::Control => CONTROL,
            Record::Tombstone => TOMBSTONE,
            Record::Consumer => CONSUMER,
        };
        self.bytes.push(sort);
        self.bytes.extend_from_slice(&time.to_le_bytes());
        let start = self.bytes.len() + 4;
        self.bytes.extend_from_slice(&[0; 4]);
        command.encode(&mut self.bytes);
        let length = u32::try_from(self.bytes.len() - start).expect("a command is in one batch");
        self.bytes[start - 4..start].copy_from_slice(&length.to_le_bytes());
    }

    /// For a checkpoint.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// From a checkpoint.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self { bytes }
    }

    /// Gives `apply` each command with its time.
    ///
    /// # Errors
    /// When the bytes are no commands, and those of `apply`.
    pub fn replay(
        &self,
        mut apply: impl FnMut(i64, Command<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let unreadable = || Error::Options("a command beside a checkpoint cannot be read");
        let mut rest = &self.bytes[..];
        while let Some((head, behind)) = rest.split_first_chunk::<HEAD>() {
            let [sort, time @ .., l0, l1, l2, l3] = *head;
            let length = usize::try_from(u32::from_le_bytes([l0, l1, l2, l3]));
            let length = length.map_err(|_| unreadable())?;
            let (command, behind) = behind.split_at_checked(length).ok_or_else(unreadable)?;
            let record = match sort {
                PUBLISH => Record::Publish,
                CONTROL => Record::Control,
                TOMBSTONE => Record::Tombstone,
                CONSUMER => Record::Consumer,
                _ => return Err(unreadable()),
            };
            let command = Command::decode(record, command).map_err(|_| unreadable())?;
            apply(i64::from_le_bytes(time), command)?;
            rest = behind;
        }
        if rest.is_empty() { Ok(()) } else { Err(unreadable()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anabranch_log::format::StreamId;

    #[test]
    fn commands_come_back_and_cut_ones_are_errors() {
        let commands = [
            Command::Create(b"{}"),
            Command::Publish { subject: b"a", headers: b"", body: b"hi" },
            Command::Delete { seq: 1, erase: true },
        ];
        let mut backlog = Backlog::default();
        for (time, &command) in (5..).zip(&commands) {
            backlog.push(&Logged { stream: StreamId(1), time, command });
        }
        let mut times = Vec::new();
        let read = backlog.replay(|time, command| {
            assert_eq!(command, commands[times.len()]);
            times.push(time);
            Ok(())
        });
        assert_eq!((read, times), (Ok(()), vec![5, 6, 7]));
        let cut = Backlog::from_bytes(backlog.bytes()[..backlog.bytes().len() - 1].to_vec());
        assert!(cut.replay(|_, _| Ok(())).is_err());
    }
}
