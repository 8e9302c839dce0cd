//! A backup of any bytes is read or refused, the same in pieces of any size, and what was read
//! can be written and read again.

use anabranch_jetstream::api::info::StreamState;
use anabranch_jetstream::backup::{Compressor, Fault, Item, Message, Reader, Writer};

use super::Target;

pub(super) const TARGET: Target =
    Target { name: "backup", check, corpus: CORPUS, dictionary: WORDS };

/// The first byte says whether the rest is frames, or what is in them.
const CORPUS: &[&[u8]] = &[
    b"fNATSARC1",
    b"pNATSARC1\x0a\x02\x00\x00\x02state.json{}\x01\x04\x01\x00\x02ahi\x00\x00\x00\x00\x00",
    b"pNATSARC1\x0a\x02\x00\x00\x12state.json{\"consumer_count\":1}\
      \x0b\x02\x00\x00\x02consumers/C{}",
    b"f\xff\x06\x00\x00S2sTwO\x00\x0b\x00\x00\x00\x00\x00\x00\x15\x0cabcd\
      \x01\x04\x01\x00\x15\x00\x01",
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
    let mut packed = bytes.to_vec();
    if *kind != b'f' {
        let mut compressor = Compressor::default();
        compressor.add(bytes);
        compressor.flush();
        packed = compressor.take(usize::MAX);
    }
    let whole = read(&packed, packed.len().max(1));
    assert_eq!(read(&packed, 7), whole);
    if let Ok(items) = whole {
        again(&items);
    }
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

/// Messages come back as they were.
fn again(items: &[Item]) {
    let messages: Vec<&Message> = items
        .iter()
        .filter_map(|item| match item {
            Item::Message(message) => Some(message),
            _ => None,
        })
        .collect();
    let mut writer = Writer::new(&StreamState::default(), 0);
    messages.iter().for_each(|message| writer.message(message));
    writer.end();
    let back = read(&writer.take(usize::MAX), 100).expect("it was just written");
    let back = back.iter().filter(|item| matches!(item, Item::Message(_)));
    assert!(back.eq(items.iter().filter(|item| matches!(item, Item::Message(_)))));
}
