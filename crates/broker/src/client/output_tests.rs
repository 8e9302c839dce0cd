use super::*;
use std::cell::RefCell;

/// A socket that takes so many bytes and then blocks.
struct Socket {
    taken: RefCell<Vec<u8>>,
    room: RefCell<usize>,
}

impl Socket {
    fn with_room(room: usize) -> Self {
        Self { taken: RefCell::default(), room: RefCell::new(room) }
    }
}

impl DirectWrite for Socket {
    fn try_write_slices(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut room = self.room.borrow_mut();
        if *room == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let mut n = 0;
        for slice in slices {
            let take = slice.len().min(*room);
            self.taken.borrow_mut().extend_from_slice(&slice[..take]);
            *room -= take;
            n += take;
        }
        Ok(n)
    }
}

fn staged(parts: &[(&str, &str)]) -> Staged {
    let mut s = Staged::default();
    for (copied, shared) in parts {
        s.bytes.extend_from_slice(copied.as_bytes());
        if !shared.is_empty() {
            s.shared.push((s.bytes.len(), Bytes::copy_from_slice(shared.as_bytes())));
            s.shared_len += shared.len();
        }
    }
    s
}

#[test]
fn keeps_the_order_wherever_the_socket_stops() {
    let parts = [("abc", "SHARED"), ("d", "X"), ("efg", "")];
    let whole = "abcSHAREDdXefg";
    for room in 0..=whole.len() {
        let output = Output::new(1000);
        let socket = Socket::with_room(room);
        assert_eq!(output.push(&mut staged(&parts), Some(&socket)), Pushed::Taken);
        assert_eq!(output.push(&mut staged(&[("tail", "")]), Some(&socket)), Pushed::Taken);
        *socket.room.borrow_mut() = 1000;
        assert!(output.drain(&socket, Instant::now()).unwrap());
        let taken = String::from_utf8(socket.taken.take()).unwrap();
        assert_eq!(taken, format!("{whole}tail"), "room {room}");
        assert_eq!(output.pending(), 0);
    }
}

#[test]
fn cuts_off_who_lets_too_much_wait() {
    let output = Output::new(10);
    let socket = Socket::with_room(0);
    assert_eq!(output.push(&mut staged(&[("12345", "")]), Some(&socket)), Pushed::Taken);
    assert_eq!(output.push(&mut staged(&[("123", "")]), Some(&socket)), Pushed::Stalled);
    assert!(output.stall().is_some());
    assert_eq!(output.push(&mut staged(&[("123", "")]), Some(&socket)), Pushed::Overflow);
    assert_eq!(output.closed(), Some(CloseReason::SlowConsumerPendingBytes));
    assert_eq!(output.push(&mut staged(&[("1", "")]), Some(&socket)), Pushed::Closed);
}

#[test]
fn gives_pieces_to_a_task_that_encrypts() {
    let output = Output::new(1000);
    let none = None::<&Socket>;
    assert_eq!(output.push(&mut staged(&[("hello ", "world")]), none), Pushed::Taken);
    let pieces = output.take(8);
    let joined: Vec<u8> = pieces.concat();
    assert_eq!(joined, b"hello wo");
    assert_eq!(output.pending(), 11);
    output.written(8);
    assert_eq!(output.take(100).concat(), b"rld");
    output.written(3);
    assert_eq!(output.pending(), 0);
}
