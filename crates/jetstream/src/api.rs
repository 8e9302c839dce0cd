//! The request-reply API under `$JS.API`: its subjects, requests and answers.
//!
//! Not here: who executes a request, and what is in a stream.

mod consumer;
pub mod direct;
pub mod info;
mod paging;
mod request;
mod response;
mod subject;

pub use consumer::{
    ConsumerCall, ConsumerCreated, ConsumerDeleted, ConsumerDescribed, ConsumerInfo,
    ConsumerListed, ConsumerNamed, ConsumerPaused, ConsumerReset, ConsumerUnpinned,
    ConsumersRequest, CreateSubject, GroupState, PauseRequest, ResetRequest, SequenceInfo,
    UnpinRequest, consumer_call, create_request, require_stream_identity,
};
pub use paging::{LIST_PAGE, NAMES_PAGE, Page, SUBJECTS_PAGE, page};
pub use request::{
    InfoRequest, ListRequest, MessageDeleteRequest, MessageGetRequest, NamesRequest, PurgeRequest,
    RestoreRequest, SnapshotRequest, require_empty,
};
pub use response::{
    AccountInfo, Created, Deleted, Described, Listed, MessageDeleted, MessageGot, Named, Purged,
    Response, Restoring, Snapshot, Updated, encode, encode_refusal,
};
pub use subject::{ClusterCall, Endpoint, StreamCall, parse};
