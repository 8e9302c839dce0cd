//! One stream: what it holds, and how a command changes it. Pure: bytes of messages are kept
//! elsewhere, and the time comes with each command.

mod bytes;
mod command;
mod dedup;
mod differing;
mod draft;
mod expiry;
mod fast;
mod feeds;
mod index;
mod machine;
mod pages;
mod publishing;
mod removal;
mod resident;
mod restoring;
mod schedules;
mod shaping;
mod snapshot;
mod staging;
mod subjects;
mod taking;
mod timing;

pub use bytes::DecodeError;
pub use command::{Command, Record};
pub use dedup::{Dedup, IdHash};
pub use draft::{Origin, Publish};
pub use fast::Told;
pub use feeds::{Feed, FeedKind, identity};
pub use index::{Index, Removed};
pub use machine::{Stream, TICK_ITEMS_MAX};
pub use pages::{Location, Meta};
pub use publishing::{Published, Stored};
pub use removal::Purge;
pub use resident::Resident;
pub use restoring::RestoreStep;
pub use subjects::{SubjectId, SubjectState, Subjects};
pub use taking::{Beginning, FromOrigin, Shaped, Took};
pub use timing::{DueSchedule, Ticked};
