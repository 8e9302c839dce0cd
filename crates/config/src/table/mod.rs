//! The option table: every key of every block, once. Parsing, warnings, refusals, the reference
//! and the nearest-name hints all come from here. Not the values: `build` reads those.

mod accounts;
mod authorization;
mod blocks;
mod jetstream;
mod listeners;
mod option;
mod peers;
mod tls;
mod top;

pub use accounts::ACCOUNT;
pub use authorization::{AUTHORIZATION, PERMISSIONS, RESPONSES, SUBJECTS, USER};
pub use blocks::blocks;
pub use jetstream::{JETSTREAM, JETSTREAM_BATCH, JETSTREAM_LIMITS};
pub use option::{Block, Kind, Opt, Promise, Status, Unknown};
pub use tls::{CERTIFICATE, TLS};
pub use top::TOP;

use option::{NONE, access, acts, encryption, follows, isolation, warns};
