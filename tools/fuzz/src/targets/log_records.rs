//! Records of a batch: any bytes are refused, or come out as they went in.

use anabranch_log::format::{Lsn, Mark, Outcome, Records, Reference};
use anabranch_log::segment::Tail;

use super::Target;

pub(super) const TARGET: Target =
    Target { name: "log_records", check, corpus: CORPUS, dictionary: WORDS };

const RECORD: &[u8] = b"\x01\x27\0\0\0\x01\0\x03\0\x01\0\0\0\x02\0\0\0\0\0\0\0\x01\0\0\0\
    \0\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0ext";
const CORPUS: &[&[u8]] = &[RECORD, b"\0", b"\x02\xff\xff\xff\xff"];
const WORDS: &[&[u8]] = &[b"\x24\0\0\0\x08", b"\x24\0\0\0\x01", b"\xff\xff\xff\xff"];

/// The first byte says how many records there are.
fn check(input: &[u8]) {
    let Some((count, bytes)) = input.split_first() else { return };
    let mut again = Vec::new();
    for record in Records::new(bytes, Lsn(0), u32::from(*count)) {
        let Ok(record) = record else { break };
        assert_eq!(record.lsn, Lsn(u64::try_from(again.len()).expect("it is short")));
        let payload = |into: &mut Vec<u8>| into.extend_from_slice(record.payload);
        record.envelope.encode(record.extension, &mut again, payload);
        assert_eq!(bytes.get(..again.len()), Some(&again[..]));
        let _ = Reference::decode(record.payload);
        let _ = Outcome::decode(record.payload);
        let _ = Mark::decode(record.payload);
        let _ = Tail::decode(record.payload);
    }
}
