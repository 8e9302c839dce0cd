//! A backup of any bytes is read or refused, the same in pieces of any size, and what was read
//! can be written and read again.

use anabranch_jetstream::api::info::StreamState;
use anabranch_jetstream::backup::{Compressor, Consumer, Fault, Item, Reader, Writer};

use super::Target;

pub(super) const TARGET: Target =
    Target { name: "backup", check, corpus: CORPUS, dictionary: WORDS };

/// The first byte says what the rest is: frames, what is in them, or a file of nats-server's
/// store: a block, the index, or the state of a consumer.
const CORPUS: &[&[u8]] = &[
    b"fNATSARC1",
    b"pNATSARC1\x0a\x02\x00\x00\x02state.json{}\x01\x04\x01\x00\x02ahi\x00\x00\x00\x00\x00",
    b"pNATSARC1\x0a\x02\x00\x00\x12state.json{\"consumer_count\":1}\
      \x0b\x02\x00\x00\x02consumers/C{}",
    b"pNATSARC1\x0a\x02\x00\x00\x12state.json{\"consumer_count\":1}\
      \x0b\x02\x00\x00\x70consumers/C{\"config\":{},\"state\":{\"delivered\":{\"stream_seq\":9},\
      \"pending\":{\"7\":{\"Sequence\":1}},\"redelivered\":{\"7\":2,\"8\":3}}}",
    b"o\x16\x02\x01\x02\x05\x09\x02\x14\x02\x01\x00\x07\x04\x03\x02\x07\x01\x04\x03",
    b"f\xff\x06\x00\x00S2sTwO\x00\x0b\x00\x00\x00\x00\x00\x00\x15\x0cabcd\
      \x01\x04\x01\x00\x15\x00\x01",
    b"bcmp\x01\x40\xff\x06\x00\x00S2sTwO\x01\x05\x00\x00\x00\x00\x00\x00x12345678",
    b"b\x20\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\
      \x01\x00ax12345678",
    b"i\x0b\x04\x09\x63\x02\x0a\x0c\x0e\x01\x01a\x09\x01\x02\x01\
      \x01\x5a\x01\x00\x0b\x00\x02\x00\x00\x16\x02\x01\x00\x00\x00\x02\x00\x00\x00",
    b"f\xff\x06\x00\x00sNaPpY\xfe\x01\x00\x00x\x01\x05\x00\x00\x00\x00\x00\x00x",
];

const WORDS: &[&[u8]] = &[
    b"NATSARC1",
    b"state.json",
    b"consumers/",
    b"msgs/1.blk",
    b"msgs/index.db",
    b"meta.inf",
    b"cmp\x01",
    b"ustar\x0000",
    b"\xff\x06\x00\x00S2sTwO",
    b"\xff\x06\x00\x00sNaPpY",
    b"\x0b\x04",
    b"\x16\x02",
];

/// Bytes of a message.
const MESSAGE_MAX: u64 = 1 << 16;

fn check(input: &[u8]) {
    let Some((kind, bytes)) = input.split_first() else { return };
    let packed = match kind {
        b'f' => bytes.to_vec(),
        b'b' => pack(&tar(&[("msgs/1.blk", bytes)])),
        b'i' => pack(&tar(&[("msgs/index.db", bytes)])),
        b'o' => pack(&tar(&[("obs/C/meta.inf", b"{}"), ("obs/C/o.dat", bytes)])),
        _ => pack(bytes),
    };
    let whole = read(&packed, packed.len().max(1));
    assert_eq!(read(&packed, 7), whole);
    if let Ok(items) = whole {
        again(&items);
    }
}

fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut compressor = Compressor::default();
    compressor.add(bytes);
    compressor.flush();
    compressor.take(usize::MAX)
}

/// A store with these files.
fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = Vec::new();
    let meta = ("meta.inf", &b"{\"name\":\"S\"}"[..]);
    for (name, contents) in std::iter::once(&meta).chain(files) {
        let mut head = [0u8; 512];
        head[..name.len()].copy_from_slice(name.as_bytes());
        head[124..135].copy_from_slice(format!("{:011o}", contents.len()).as_bytes());
        head[148..156].fill(b' ');
        head[156] = b'0';
        let sum: u32 = head.iter().map(|&byte| u32::from(byte)).sum();
        head[148..154].copy_from_slice(format!("{sum:06o}").as_bytes());
        tar.extend_from_slice(&head);
        tar.extend_from_slice(contents);
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
    tar.resize(tar.len() + 1024, 0);
    tar
}

fn read(packed: &[u8], piece: usize) -> Result<Vec<Item>, Fault> {
    let (mut reader, mut items) = (Reader::new("S", MESSAGE_MAX), Vec::new());
    for piece in packed.chunks(piece) {
        reader.feed(piece);
        while let Some(item) = reader.next_item()? {
            items.push(item);
        }
    }
    reader.finish().map(|()| items)
}

/// Consumers and messages come back as they were.
fn again(items: &[Item]) {
    let is_kept = |item: &&Item| matches!(item, Item::Message(_) | Item::Consumer(_));
    let (mut consumers, mut messages) = (Vec::new(), Vec::new());
    for item in items.iter().filter(is_kept) {
        match item {
            Item::Consumer(consumer) => consumers.push(consumer),
            Item::Message(message) => messages.push(message),
            _ => {}
        }
    }
    let consumer_count = u64::try_from(consumers.len()).expect("a count");
    let mut writer = Writer::new(&StreamState { consumer_count, ..StreamState::default() }, 0);
    consumers.iter().for_each(|consumer| writer.consumer(consumer, 0));
    messages.iter().for_each(|message| writer.message(message));
    writer.end();
    let back = read(&writer.frames().take(usize::MAX), 100).expect("it was just written");
    let mut back = back.iter().filter(is_kept);
    for consumer in consumers {
        // Archives do not tell when a consumer was created.
        let expected = Item::Consumer(Box::new(Consumer { created: 0, ..(**consumer).clone() }));
        assert_eq!(back.next(), Some(&expected));
    }
    assert!(back.eq(items.iter().filter(|item| matches!(item, Item::Message(_)))));
}
