//! Requests about consumers: their subjects, bodies and answers.

mod info;
mod request;
mod response;
mod subject;

pub use info::{ConsumerInfo, GroupState, SequenceInfo};
pub use request::{
    ConsumersRequest, PauseRequest, ResetRequest, UnpinRequest, create_request,
    require_stream_identity,
};
pub use response::{
    ConsumerCreated, ConsumerDeleted, ConsumerDescribed, ConsumerListed, ConsumerNamed,
    ConsumerPaused, ConsumerReset, ConsumerUnpinned,
};
pub use subject::{ConsumerCall, CreateSubject, consumer_call};
