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
        assert_eq!(output.push(&mut staged(&parts), None, Some(&socket)), Pushed::Taken);
        assert_eq!(output.push(&mut staged(&[("tail", "")]), None, Some(&socket)), Pushed::Taken);
        *socket.room.borrow_mut() = 1000;
        assert_eq!(output.drain(&socket, Instant::now()).unwrap(), Drained::All);
        let taken = String::from_utf8(socket.taken.take()).unwrap();
        assert_eq!(taken, format!("{whole}tail"), "room {room}");
        assert_eq!(output.pending(), 0);
    }
}

#[test]
fn cuts_off_who_lets_too_much_wait() {
    let output = Output::new(10);
    let socket = Socket::with_room(0);
    assert_eq!(output.push(&mut staged(&[("12345", "")]), None, Some(&socket)), Pushed::Taken);
    assert_eq!(output.push(&mut staged(&[("123", "")]), None, Some(&socket)), Pushed::Stalled);
    assert!(output.stall().is_some());
    assert_eq!(output.push(&mut staged(&[("123", "")]), None, Some(&socket)), Pushed::Overflow);
    assert_eq!(output.closed(), Some(CloseReason::SlowConsumerPendingBytes));
    assert_eq!(output.push(&mut staged(&[("1", "")]), None, Some(&socket)), Pushed::Closed);
}

#[test]
fn gives_pieces_to_a_task_that_encrypts() {
    let output = Output::new(1000);
    let none = None::<&Socket>;
    assert_eq!(output.push(&mut staged(&[("hello ", "world")]), None, none), Pushed::Taken);
    let pieces = output.take(8);
    let joined: Vec<u8> = pieces.concat();
    assert_eq!(joined, b"hello wo");
    assert_eq!(output.pending(), 11);
    output.written(8);
    assert_eq!(output.take(100).concat(), b"rld");
    output.written(3);
    assert_eq!(output.pending(), 0);
}

/// A socket that takes a few bytes at a time, while others push and it is being written to.
struct Busy<'a> {
    output: &'a Output,
    taken: RefCell<Vec<u8>>,
    calls: RefCell<usize>,
}

impl DirectWrite for Busy<'_> {
    fn try_write_slices(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let call = self.calls.replace_with(|calls| *calls + 1);
        if call < 20 {
            let (done, is_done) = std::sync::mpsc::channel();
            let output = self.output;
            std::thread::scope(|scope| {
                scope.spawn(move || {
                    let text = format!("[{call}]");
                    // Free, but to write there now would overtake the rest.
                    let socket = Socket::with_room(1000);
                    output.push(&mut staged(&[(&text, "shared")]), None, Some(&socket));
                    assert_eq!(socket.taken.take(), b"");
                    let _ = done.send(());
                });
                let waited = is_done.recv_timeout(std::time::Duration::from_secs(5));
                waited.expect("a push waits for nobody's system call");
            });
        }
        if call % 5 == 4 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let mut room = 1 + call * 3 % 17;
        let before = self.taken.borrow().len();
        for slice in slices {
            let take = slice.len().min(room);
            self.taken.borrow_mut().extend_from_slice(&slice[..take]);
            room -= take;
        }
        Ok(self.taken.borrow().len() - before)
    }
}

#[test]
fn others_push_while_the_task_writes_and_nothing_is_lost_or_moved() {
    let output = Output::new(10_000);
    output.push(&mut staged(&[("begin", "shared")]), None, None::<&Socket>);
    let socket = Busy { output: &output, taken: RefCell::default(), calls: RefCell::default() };
    let mut drains = 0;
    while output.drain(&socket, Instant::now()).unwrap() != Drained::All {
        drains += 1;
        assert!(drains < 1000, "it comes to an end");
    }
    let pushed: String = (0..20).map(|call| format!("[{call}]shared")).collect();
    assert_eq!(String::from_utf8(socket.taken.take()).unwrap(), format!("beginshared{pushed}"));
    assert_eq!(output.pending(), 0);
}

#[test]
fn a_drain_ends_its_turn_while_the_socket_takes_more() {
    let output = Output::new(u64::MAX);
    let socket = Socket::with_room(usize::MAX);
    let pieces = 3 * PIECES_MAX * WRITES_PER_TURN;
    for _ in 0..pieces / 2 {
        output.push(&mut staged(&[("copied", "shared")]), None, None::<&Socket>);
    }
    let mut turns = 1;
    while output.drain(&socket, Instant::now()).unwrap() == Drained::Turn {
        turns += 1;
    }
    assert_eq!(turns, 4);
    assert_eq!(socket.taken.take().len(), pieces / 2 * "copiedshared".len());
}
