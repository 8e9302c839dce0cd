//! The files of nats-server's store, as backups of versions before 2.15 hold them: a document
//! about the stream, blocks of messages, and an index that says which of them are gone.

use std::collections::VecDeque;

use super::blockfile::BlockFile;
use super::consumer_file::Description as ConsumerDescription;
use super::fault::Fault;
use super::index::IndexFile;
use super::reader::{Item, Step};
use super::tar::{Event, Tar};
use crate::json::{self, Document, Field, Strictness};
use crate::time::Timestamp;

/// What a document may hold, in bytes.
const DOCUMENT_MAX: usize = 16 << 20;

/// Files that are being read.
#[derive(Debug)]
pub(super) struct Files {
    tar: Tar,
    stream: String,
    message_max: u64,
    file: File,
    name: String,
    /// Items that were found and not given yet.
    found: VecDeque<Item>,
    is_described: bool,
    /// The consumer whose state is still to come.
    consumer: Option<ConsumerDescription>,
    last: Last,
}

/// The last sequence that anything was said of, and when.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Last {
    pub(super) seq: u64,
    pub(super) time: i64,
}

impl Last {
    pub(super) fn see(&mut self, seq: u64, time: i64) {
        if seq > self.seq {
            *self = Self { seq, time };
        }
    }
}

/// What the current file is.
#[derive(Debug)]
enum File {
    /// There is none, or it says nothing that is not said elsewhere.
    None,
    /// `meta.inf`
    Description(Vec<u8>),
    /// `obs/NAME/meta.inf`
    Consumer(String, Vec<u8>),
    /// `obs/NAME/o.dat`
    ConsumerState(String, Vec<u8>),
    /// `errors.txt`: the backup failed.
    Failure(Vec<u8>),
    /// `msgs/N.blk`
    Block(Box<BlockFile>),
    /// `msgs/index.db`
    Index(Box<IndexFile>),
}

impl Files {
    pub(super) fn new(stream: &str, message_max: u64) -> Self {
        Self {
            tar: Tar::default(),
            stream: stream.to_owned(),
            message_max,
            file: File::None,
            name: String::new(),
            found: VecDeque::new(),
            is_described: false,
            consumer: None,
            last: Last::default(),
        }
    }

    /// Reads the next item from `bytes`; says how many of them are done with.
    pub(super) fn item(&mut self, bytes: &[u8]) -> Result<(usize, Step), Fault> {
        let mut taken = 0;
        loop {
            self.look()?;
            if let Some(item) = self.found.pop_front() {
                return Ok((taken, Step::Item(item)));
            }
            let (len, event) = self.tar.next(&bytes[taken..])?;
            taken += len;
            match event {
                Event::More => return Ok((taken, Step::More)),
                Event::Begin(name, size) => self.begin(name, size)?,
                Event::Data(data) => self.data(data)?,
                Event::End => self.end()?,
                Event::Over if self.is_described => {
                    if let Some(consumer) = &self.consumer {
                        return Err(consumer.incomplete());
                    }
                    let Last { seq, time } = self.last;
                    return Ok((taken, Step::End(Some(Item::Last(seq, time)))));
                }
                Event::Over => return Err(Fault::File("meta.inf".to_owned(), "it is not there")),
            }
        }
    }

    /// Looks for items in what came of the current file.
    fn look(&mut self) -> Result<(), Fault> {
        while self.found.is_empty() {
            let more = match &mut self.file {
                File::Block(block) => block.read(&mut self.found, &mut self.last),
                File::Index(index) => index.read(&mut self.found, &mut self.last),
                _ => Ok(false),
            };
            if !more.map_err(|what| self.damaged(what))? {
                return Ok(());
            }
        }
        Ok(())
    }

    fn damaged(&self, what: &'static str) -> Fault {
        Fault::File(self.name.clone(), what)
    }

    fn begin(&mut self, name: String, size: u64) -> Result<(), Fault> {
        let path = name.trim_start_matches("./");
        self.file = match path.split_once('/') {
            None if path == "meta.inf" => File::Description(Vec::new()),
            None if path == "errors.txt" => File::Failure(Vec::new()),
            None if path == "meta.sum" => File::None,
            None if path == "meta.key" => return Err(encrypted()),
            Some(("obs", rest)) => consumer_file(path, rest)?,
            // Both are made again from the messages' headers.
            Some(("msgs", "thw.db" | "sched.db")) => File::None,
            Some(("msgs", "index.db")) => File::Index(Box::default()),
            Some(("msgs", file)) => match file.split_once('.') {
                Some((_, "key")) => return Err(encrypted()),
                Some((number, "blk")) if number.parse::<u32>().is_ok() => {
                    let block = BlockFile::new(&self.stream, number, size, self.message_max);
                    File::Block(Box::new(block))
                }
                _ => return Err(unexpected(path)),
            },
            _ => return Err(unexpected(path)),
        };
        self.name = path.to_owned();
        Ok(())
    }

    fn data(&mut self, data: &[u8]) -> Result<(), Fault> {
        match &mut self.file {
            File::None => {}
            File::Description(text)
            | File::Failure(text)
            | File::Consumer(_, text)
            | File::ConsumerState(_, text) => {
                if text.len() + data.len() > DOCUMENT_MAX {
                    return Err(Fault::TooLarge("a document"));
                }
                text.extend_from_slice(data);
            }
            File::Block(block) => block.feed(data),
            File::Index(index) => index.feed(data),
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), Fault> {
        match std::mem::replace(&mut self.file, File::None) {
            File::None => {}
            File::Description(text) => {
                let item = description(&text).ok_or_else(|| self.damaged("it cannot be read"))?;
                self.found.push_back(item);
                self.is_described = true;
            }
            File::Consumer(name, text) => {
                if let Some(before) = &self.consumer {
                    return Err(before.incomplete());
                }
                let parsed = ConsumerDescription::parse(&name, &text);
                self.consumer = Some(parsed.map_err(|what| self.damaged(what))?);
            }
            File::ConsumerState(name, bytes) => {
                let described = self.consumer.take().filter(|consumer| consumer.name() == name);
                let described = described.ok_or_else(|| self.damaged("nothing describes it"))?;
                let consumer = described.with_state(&bytes).map_err(|what| self.damaged(what))?;
                self.found.push_back(Item::Consumer(Box::new(consumer)));
            }
            File::Failure(text) => {
                let why = String::from_utf8_lossy(&text).into_owned();
                return Err(Fault::NotSupported(format!("the backup failed: {why}")));
            }
            File::Block(mut block) => {
                let mut read = || {
                    block.end();
                    while block.read(&mut self.found, &mut self.last)? {}
                    block.finish()
                };
                read().map_err(|what| self.damaged(what))?;
            }
            File::Index(index) => index.finish().map_err(|what| self.damaged(what))?,
        }
        Ok(())
    }
}

/// A file of a consumer, whose path goes on with `rest` behind `obs/`.
fn consumer_file(path: &str, rest: &str) -> Result<File, Fault> {
    match rest.split_once('/') {
        Some((name, "meta.inf")) => Ok(File::Consumer(name.to_owned(), Vec::new())),
        Some((name, "o.dat")) => Ok(File::ConsumerState(name.to_owned(), Vec::new())),
        Some((_, "meta.sum")) => Ok(File::None),
        Some((_, "meta.key")) => Err(encrypted()),
        _ => Err(unexpected(path)),
    }
}

fn encrypted() -> Fault {
    Fault::NotSupported("the backup holds encrypted blocks, which are not restored".to_owned())
}

fn unexpected(name: &str) -> Fault {
    Fault::NotSupported(format!("the backup holds {name:?}, which is not known"))
}

/// What is read of `meta.inf`: the rest of the configuration comes with the request.
#[derive(Debug, Default)]
struct Description {
    created: Option<Timestamp>,
    name: String,
}

impl Document for Description {
    const GO_TYPE: &'static str = "FileStreamInfo";
    const FIELDS: &'static [Field<Self>] =
        &[("created", |d, j| j.time(&mut d.created)), ("name", |d, j| j.string(&mut d.name))];
}

fn description(text: &[u8]) -> Option<Item> {
    let mut description = Description::default();
    json::decode(text, Strictness::Lenient, &mut description).ok()?;
    let created = description.created.and_then(|time| time.unix_nanos()).unwrap_or(0);
    Some(Item::Created(created.max(0), description.name))
}

#[cfg(test)]
mod tests {
    use super::super::blockfile::record;
    use super::super::reader::Message;
    use super::super::tar::written;
    use super::super::{Compressor, Reader};
    use super::*;

    const META: &[u8] = br#"{"Created":"2024-01-02T03:04:05Z","name":"S","subjects":["a"]}"#;
    const CREATED: i64 = 1_704_164_645_000_000_000;

    fn message(seq: u64) -> Message {
        let (headers, body) = (Vec::new(), b"hi".to_vec());
        Message { seq, time: 5, subject: b"a".to_vec(), headers, body }
    }

    fn block(number: &str, seqs: &[u64]) -> Vec<u8> {
        let writer = BlockFile::new("S", number, 0, 0);
        seqs.iter().flat_map(|&seq| record(&writer, seq, 5, &message(seq))).collect()
    }

    /// First 2, last 12; block 1 has lost the messages 3 and 66.
    fn index() -> Vec<u8> {
        let mut bytes = vec![11, 4, 9, 99, 2, 10, 12, 14, 1, 1, b'a', 9, 1, 2, 1];
        bytes.extend_from_slice(&[1, 90, 1, 0, 11, 0, 2, 0, 0]);
        bytes.extend_from_slice(&[22, 2, 1, 0, 0, 0, 2, 0, 0, 0]);
        bytes.extend_from_slice(&2u64.to_le_bytes());
        let mut words = [0u64; 32];
        (words[0], words[1]) = (2, 1);
        bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        bytes.extend_from_slice(&[1, 0]);
        bytes.extend_from_slice(&[1; 17]);
        bytes
    }

    fn read(files: &[(&str, &[u8])], piece: usize) -> Result<Vec<Item>, Fault> {
        let mut compressor = Compressor::default();
        compressor.add(&written(files));
        compressor.flush();
        let (mut reader, mut items) = (Reader::new("S", 1000), Vec::new());
        for piece in compressor.take(usize::MAX).chunks(piece) {
            reader.feed(piece);
            while let Some(item) = reader.next_item()? {
                items.push(item);
            }
        }
        reader.finish().map(|()| items)
    }

    #[test]
    fn a_store_is_read_in_pieces_of_any_size() {
        let (one, two) = (block("1", &[1, 3, 4]), block("2", &[11]));
        let index = index();
        let files: [(&str, &[u8]); 6] = [
            ("meta.inf", META),
            ("meta.sum", b"0123"),
            ("msgs/1.blk", &one),
            ("msgs/2.blk", &two),
            ("msgs/thw.db", b"x"),
            ("msgs/index.db", &index),
        ];
        let mut expected = vec![Item::Created(CREATED, "S".to_owned())];
        expected.extend([1, 3, 4, 11].map(|seq| Item::Message(message(seq))));
        expected.extend([Item::First(2), Item::Deleted(3), Item::Deleted(66), Item::Last(12, 7)]);
        for piece in [1, 50, 600, 100_000] {
            assert_eq!(read(&files, piece).unwrap(), expected, "{piece}");
        }
    }

    #[test]
    fn consumers_come_with_their_states() {
        let state = [22, 2, 1, 2, 5, 9, 0, 0];
        let description = br#"{"Created":"2024-01-02T03:04:05Z","Name":"C","durable_name":"C"}"#;
        let files: [(&str, &[u8]); 4] = [
            ("meta.inf", META),
            ("obs/C/meta.inf", description),
            ("obs/C/meta.sum", b"0"),
            ("obs/C/o.dat", &state),
        ];
        let items = read(&files, 100).unwrap();
        let Some(Item::Consumer(consumer)) = items.get(1) else { panic!("{items:?}") };
        assert_eq!((consumer.name.as_str(), consumer.created), ("C", CREATED));
        assert_eq!(consumer.state.delivered.stream, 9);
    }

    #[test]
    fn what_is_not_restored_is_named() {
        let refusal = |name: &str, contents: &[u8]| {
            read(&[("meta.inf", META), (name, contents)], 512).unwrap_err().to_string()
        };
        assert!(refusal("obs/C/meta.inf", b"{}").contains("its state is missing"));
        assert!(refusal("obs/C/o.dat", b"").contains("nothing describes it"));
        assert!(refusal("obs/C/x", b"").contains("is not known"));
        assert!(refusal("msgs/1.key", b"").contains("encrypted"));
        assert!(refusal("errors.txt", b"no disk").ends_with("the backup failed: no disk"));
        assert!(refusal("../escape", b"").contains("\"../escape\", which is not known"));
        assert!(refusal("msgs/1.blk", &block("2", &[1])).contains("a checksum is wrong"));
        assert!(refusal("msgs/1.blk", &block("1", &[1])[..30]).contains("ends within"));
        assert!(read(&[("meta.sum", b"")], 512).is_err());
    }
}
