//! One client's conversation with the session, without sockets: what it says, what it hears, what
//! the server around the session is asked for, and when.

#[path = "session/errors.rs"]
mod errors;
#[path = "session/keepalive.rs"]
mod keepalive;
#[path = "session/logging_in.rs"]
mod logging_in;
#[path = "session/options.rs"]
mod options;
#[path = "session/publishing.rs"]
mod publishing;
#[path = "session/recorder.rs"]
mod recorder;
#[path = "session/subscribing.rs"]
mod subscribing;
