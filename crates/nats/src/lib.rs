//! The NATS client protocol: codec, texts and a sans-IO session. Not a server: no sockets, no
//! routing, no clocks. Bytes and the time come in as arguments; effects go out through
//! [`session::Host`].

pub mod close;
pub mod codec;
pub mod connect;
pub mod error_text;
pub mod info;
pub mod keepalive;
pub mod proxy;
pub mod session;

pub use close::CloseReason;
pub use connect::ConnectOptions;
pub use info::Info;
