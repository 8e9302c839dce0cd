//! What CONNECT asks for: `verbose`, `pedantic`, `protocol`, `headers`, `no_responders`.

use anabranch_nats::CloseReason;
use anabranch_nats::session::{Next, Settings};

use crate::recorder::{READ, SETTINGS, Talk};

const SOME: &str = "SUB a 1\r\nPUB a 2\r\nhi\r\nUNSUB 1\r\nPING\r\nPONG\r\n+OK\r\n";

#[test]
fn verbose_clients_hear_ok_for_all_but_keep_alive() {
    assert_eq!(Talk::connected("{}").heard_of(SOME), "+OK\r\n+OK\r\n+OK\r\nPONG\r\n");
}

#[test]
fn others_hear_only_pong() {
    assert_eq!(Talk::connected("{\"verbose\":false}").heard_of(SOME), "PONG\r\n");
}

#[test]
fn an_error_takes_the_place_of_ok() {
    let mut talk = Talk::connected("{}");
    assert_eq!(talk.heard_of("SUB .a 1\r\n"), "-ERR 'Invalid Subject'\r\n");
    let heard = talk.heard_of("PUB a _R_.x 2\r\nhi\r\n");
    assert_eq!(heard, "-ERR 'Permissions Violation for Publish with Reply of \"_R_.x\"'\r\n");
}

#[test]
fn connect_that_turns_verbose_off_is_not_answered() {
    let mut talk = Talk::open();
    assert_eq!(talk.heard_of("CONNECT {\"verbose\":false}\r\n"), "");
    assert_eq!(talk.heard_of("CONNECT {\"verbose\":true}\r\n"), "+OK\r\n");
}

#[test]
fn pedantic_clients_hear_of_wrong_subjects_whose_messages_go_out_all_the_same() {
    for subject in ["a.*", "a.>", "a..b", ".a", "a."] {
        let publish = format!("PUB {subject} 2\r\nhi\r\n");
        let mut pedantic = Talk::connected("{\"verbose\":false}");
        assert_eq!(pedantic.heard_of(&publish), "-ERR 'Invalid Publish Subject'\r\n", "{subject}");
        let mut lenient = Talk::connected("{\"verbose\":false,\"pedantic\":false}");
        assert_eq!(lenient.heard_of(&publish), "", "{subject}");
        for mut talk in [pedantic, lenient] {
            let last = talk.done().pop();
            assert!(last.is_some_and(|done| done.starts_with("publish ")), "{subject}");
        }
    }
}

#[test]
fn from_protocol_1_on_info_follows_the_first_pong_and_no_other() {
    let mut talk = Talk::connected("{\"verbose\":false,\"protocol\":1}");
    assert_eq!(talk.heard_of("PING\r\nPING\r\n"), "PONG\r\nINFO {}\r\nPONG\r\n");
    assert!(talk.session.takes_async_info());
}

#[test]
fn before_protocol_1_and_before_connect_there_is_no_info() {
    for mut talk in [Talk::open(), Talk::connected("{}"), Talk::connected("{\"protocol\":0}")] {
        assert_eq!(talk.heard_of("PING\r\n"), "PONG\r\n");
        assert!(!talk.session.takes_async_info());
    }
}

#[test]
fn a_pong_before_connect_is_not_the_first() {
    let mut talk = Talk::open();
    talk.say("PING\r\nCONNECT {\"verbose\":false,\"protocol\":1}\r\n");
    talk.heard();
    assert_eq!(talk.heard_of("PING\r\n"), "PONG\r\nINFO {}\r\n");
}

#[test]
fn other_protocols_end_the_connection() {
    for protocol in ["2", "-1"] {
        let mut talk = Talk::open();
        let next = talk.say(&format!("CONNECT {{\"protocol\":{protocol}}}\r\n"));
        assert_eq!(next, Next::Close(CloseReason::BadClientProtocolVersion));
        assert_eq!(talk.heard(), "-ERR 'invalid client protocol'\r\n");
    }
}

#[test]
fn no_responders_needs_headers() {
    let mut talk = Talk::open();
    let next = talk.say("CONNECT {\"no_responders\":true}\r\n");
    assert_eq!(next, Next::Close(CloseReason::NoRespondersRequiresHeaders));
    assert_eq!(talk.heard(), "-ERR 'no responders requires headers support'\r\n");
}

#[test]
fn headers_that_the_server_does_not_have_do_not_count() {
    let without = Settings { headers: false, ..SETTINGS };
    let mut talk = Talk::with(without);
    let next = talk.say("CONNECT {\"no_responders\":true,\"headers\":true}\r\n");
    assert_eq!(next, Next::Close(CloseReason::NoRespondersRequiresHeaders));
    let mut talk = Talk::with(without);
    assert_eq!(talk.say("CONNECT {\"headers\":true}\r\n"), READ);
    let next = talk.say("HPUB a 12 14\r\nNATS/1.0\r\n\r\nhi\r\n");
    assert_eq!(next, Next::Close(CloseReason::ProtocolViolation));
}

#[test]
fn header_messages_need_headers_in_connect() {
    let message = "HPUB a 12 14\r\nNATS/1.0\r\n\r\nhi\r\n";
    let closed = Next::Close(CloseReason::ProtocolViolation);
    assert_eq!(Talk::open().say(message), closed);
    assert_eq!(Talk::connected("{}").say(message), closed);
    let mut talk = Talk::connected("{\"headers\":true}");
    assert_eq!(talk.say(message), READ);
    assert_eq!(
        talk.done().pop().as_deref(),
        Some("publish \"a\" \"\" \"NATS/1.0\\\\r\\\\n\\\\r\\\\n\" \"hi\"",)
    );
}

impl Talk {
    fn heard_of(&mut self, text: &str) -> String {
        assert_eq!(self.say(text), READ, "{text}");
        self.heard()
    }
}
