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

use super::response::encode_named_refusal;
use crate::error;

/// The answer to `CONSUMER.<call>` of a server without consumers; nothing for calls that stay
/// unanswered.
#[must_use]
pub fn consumer_refusal(call: &str) -> Option<Vec<u8>> {
    let not_yet = error::consumer_create_failed("consumers are not available yet");
    let answers = [
        ("CREATE.", "consumer_create", &not_yet),
        ("DURABLE.CREATE.", "consumer_create", &not_yet),
        ("INFO.", "consumer_info", &error::CONSUMER_NOT_FOUND),
        ("DELETE.", "consumer_delete", &error::CONSUMER_NOT_FOUND),
    ];
    let (_, name, error) = answers.into_iter().find(|(start, ..)| call.starts_with(start))?;
    Some(encode_named_refusal(name, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn creation_is_refused_by_name_and_nobody_is_found() {
        let text = |call| consumer_refusal(call).map(|answer| String::from_utf8(answer).unwrap());
        let refused = text("CREATE.S.C").unwrap();
        assert!(refused.contains("consumer_create_response"), "{refused}");
        let why = "\"err_code\":10012,\"description\":\"consumers are not available yet\"";
        assert!(refused.contains(why), "{refused}");
        assert!(text("INFO.S.C").unwrap().contains("\"err_code\":10014"));
        assert_eq!(text("MSG.NEXT.S.C"), None);
    }
}
