//! Changes and states as bytes.

use anabranch_jetstream::consumer::{
    AckPolicy, Change, Position, State, decode_changes, encode_changes,
};

fn delivered(stream: u64, consumer: u64, deliveries: u32, time: i64) -> Change {
    Change::Delivered { stream, consumer, deliveries, time }
}

#[test]
fn every_change_comes_back_and_no_part_of_it_does() {
    let changes = [
        delivered(1, 1, 1, 1_700_000_000_000_000_000),
        delivered(2, 2, 1, 1_700_000_000_000_000_000),
        delivered(5, 3, 1, 1_700_000_000_000_000_001),
        delivered(9, 4, 1, 1_700_000_000_000_000_001),
        delivered(1, 5, 2, 1_700_000_000_000_000_002),
        Change::Touched { stream: 9, time: i64::MAX },
        Change::Acked(2),
        Change::Acked(3),
        Change::Acked(1),
        Change::AckedTo { stream: 9, consumer: 4 },
        Change::GaveUp(u64::MAX),
        Change::Purged(4),
        Change::Reset(1),
        delivered(u64::MAX, u64::MAX, u32::MAX, i64::MIN),
    ];
    let bytes = encode_changes(&changes);
    assert_eq!(decode_changes(&bytes).as_deref(), Ok(&changes[..]));
    for end in 0..bytes.len() {
        assert_ne!(decode_changes(&bytes[..end]).as_deref(), Ok(&changes[..]));
    }
    assert!(decode_changes(b"\x02").is_err(), "another version");
    assert!(decode_changes(b"\x01\x63\x02").is_err(), "another kind");
    assert!(decode_changes(b"\x01\x04\x02\xff\xff\xff\xff\x0f").is_err(), "too many at once");
    assert_eq!(decode_changes(&encode_changes(&[])), Ok(Vec::new()));
}

#[test]
fn runs_cost_little() {
    let deliveries: Vec<_> =
        (0..1000).map(|index| delivered(1_000_000 + index, 500 + index, 1, i64::MAX)).collect();
    assert!(encode_changes(&deliveries).len() < 30);
    let filtered: Vec<_> =
        (0..1000).map(|index| delivered(1_000_000 + 7 * index, 500 + index, 1, 5)).collect();
    assert!(encode_changes(&filtered).len() < 1030);
    let acks: Vec<_> = (0..1000).map(|index| Change::Acked(1_000_000 + index)).collect();
    assert!(encode_changes(&acks).len() < 15);
    let scattered: Vec<_> =
        (0..1000).map(|index| Change::Acked(1_000_000 + index * 37 % 1000)).collect();
    let bytes = encode_changes(&scattered).len();
    assert!(bytes <= 4 * 1000 + 10, "{bytes}");
}

fn some_state() -> State {
    let mut state = State::starting_at(7);
    for index in 0..20 {
        state.apply(&delivered(10 + 3 * index, 1 + index, 1, 1000), AckPolicy::Explicit);
    }
    state.apply(&delivered(13, 21, 2, 2000), AckPolicy::Explicit);
    state.apply(&Change::Acked(10), AckPolicy::Explicit);
    state.apply(&Change::GaveUp(16), AckPolicy::Explicit);
    state
}

#[test]
fn a_state_comes_back_and_no_part_of_it_does() {
    let state = some_state();
    let bytes = state.encode();
    assert_eq!(State::decode(&bytes), Ok(state));
    for end in 0..bytes.len() {
        assert!(State::decode(&bytes[..end]).is_err(), "{end}");
    }
    assert!(State::decode(&[&bytes[..], b"x"].concat()).is_err(), "more than it");
    assert_eq!(State::decode(&State::default().encode()), Ok(State::default()));
}

#[test]
fn a_change_that_comes_twice_changes_nothing() {
    let mut state = some_state();
    let changes = [
        delivered(70, 22, 1, 3000),
        Change::Acked(13),
        Change::GaveUp(19),
        Change::Touched { stream: 22, time: 9 },
        Change::Purged(23),
    ];
    for change in &changes {
        state.apply(change, AckPolicy::Explicit);
        let once = state.clone();
        state.apply(change, AckPolicy::Explicit);
        assert_eq!(state, once, "{change:?}");
    }
    let end = state.clone();
    for change in &changes {
        state.apply(change, AckPolicy::Explicit);
    }
    assert_eq!(state, end, "all of them again");
}

#[test]
fn a_stream_keeps_what_somebody_needs() {
    let state = some_state();
    let needed: Vec<u64> = (1..70).filter(|&seq| state.needs(seq)).collect();
    let mut expected: Vec<u64> = (1..20).map(|index| 10 + 3 * index).collect();
    expected.extend([68, 69]);
    assert_eq!(needed, expected);
    assert_eq!(state.floor, Position { consumer: 1, stream: 12 });
    assert_eq!(state.num_redelivered(), 2);
}
