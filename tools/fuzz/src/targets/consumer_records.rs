//! Bytes of a consumer's log or checkpoint are refused, or read and written as the same; any
//! changes lead to a state that can be kept.

use anabranch_jetstream::consumer::{AckPolicy, State, decode_changes, encode_changes};

use super::Target;

pub(super) const TARGET: Target =
    Target { name: "consumer_records", check, corpus: CORPUS, dictionary: WORDS };

const CORPUS: &[&[u8]] = &[
    b"\x01\x01\x02\x02\x02\x05\x04\x02\x01\x05\x04\x05\x07\x02\x08\x02",
    b"\x01\x02\x02\x02\x02\x03\x01\x02\x03\x06\x03\x02\x80\x08\x09\x02",
    b"\x01\x03\x02\x02\x02\x02\x04\x02\x01\x06\x02\x03",
    b"\x01\x05\x05\x02\x02\x02\x03\x02\x02\x01\x01\x02\x01\x01\x02\x01\x01\x01",
];

const WORDS: &[&[u8]] = &[
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\x01\x02\x02\x02\x05",
    b"\x04\x02\x01",
    b"\x05\x04",
    b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
];

fn check(input: &[u8]) {
    if let Ok(state) = State::decode(input) {
        assert_eq!(State::decode(&state.encode()), Ok(state));
    }
    let Ok(changes) = decode_changes(input) else {
        return;
    };
    assert_eq!(decode_changes(&encode_changes(&changes)).as_ref(), Ok(&changes));
    for policy in [AckPolicy::None, AckPolicy::All, AckPolicy::Explicit] {
        let mut state = State::default();
        for change in &changes {
            state.apply(change, policy);
            assert!(state.floor.stream <= state.delivered.stream);
            assert!(state.floor.consumer <= state.delivered.consumer);
        }
        assert_eq!(State::decode(&state.encode()), Ok(state));
    }
}
