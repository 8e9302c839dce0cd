//! Acknowledgements, byte by byte as nats-server writes them: with a space in `"duplicate": true`
//! and the domain before the sequence.

use serde::Serialize;

use super::counter::Integer;
use crate::error::ApiError;
use crate::json;

/// A publish that was carried out.
#[derive(Clone, Copy, Debug)]
pub struct Acknowledgement<'a> {
    /// The stream's name.
    pub stream: &'a str,
    /// The server's domain.
    pub domain: Option<&'a str>,
    /// The message's sequence; that of the first one when it is a duplicate.
    pub seq: u64,
    /// Whether an earlier message had the same identifier.
    pub duplicate: bool,
    /// The counter's value after the increment.
    pub value: Option<&'a Integer>,
    /// The batch that ended with it, and how many messages it had.
    pub batch: Option<(&'a str, u64)>,
}

impl Acknowledgement<'_> {
    /// The payload of the answer.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64 + self.stream.len());
        out.extend_from_slice(b"{\"stream\":");
        out.extend_from_slice(&json::to_vec(&self.stream));
        if let Some(domain) = self.domain {
            out.extend_from_slice(b",\"domain\":");
            out.extend_from_slice(&json::to_vec(&domain));
        }
        out.extend_from_slice(b",\"seq\":");
        out.extend_from_slice(self.seq.to_string().as_bytes());
        if self.duplicate {
            out.extend_from_slice(b",\"duplicate\": true");
        }
        if let Some((id, count)) = self.batch {
            out.extend_from_slice(b",\"batch\":");
            out.extend_from_slice(&json::to_vec(&id));
            out.extend_from_slice(format!(",\"count\":{count}").as_bytes());
        } else if let Some(value) = self.value {
            out.extend_from_slice(format!(",\"val\":\"{value}\"").as_bytes());
        }
        out.push(b'}');
        out
    }
}

/// The answer to a publish that was refused.
#[must_use]
pub fn refusal(stream: &str, error: &ApiError) -> Vec<u8> {
    #[derive(Serialize)]
    struct Refusal<'a> {
        error: &'a ApiError,
        stream: &'a str,
        seq: u64,
    }
    json::to_vec(&Refusal { error, stream, seq: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error;

    const ACK: Acknowledgement<'_> = Acknowledgement {
        stream: "P",
        domain: None,
        seq: 7,
        duplicate: false,
        value: None,
        batch: None,
    };

    fn text(ack: Acknowledgement<'_>) -> String {
        String::from_utf8(ack.encode()).unwrap()
    }

    #[test]
    fn acknowledgements_are_those_of_nats_server() {
        assert_eq!(text(ACK), r#"{"stream":"P","seq":7}"#);
        let duplicate = Acknowledgement { duplicate: true, ..ACK };
        assert_eq!(text(duplicate), r#"{"stream":"P","seq":7,"duplicate": true}"#);
        let domain = Acknowledgement { domain: Some("hub"), ..ACK };
        assert_eq!(text(domain), r#"{"stream":"P","domain":"hub","seq":7}"#);
        let batch = Acknowledgement { batch: Some(("b", 3)), ..ACK };
        assert_eq!(text(batch), r#"{"stream":"P","seq":7,"batch":"b","count":3}"#);
        let value = Integer::parse(b"-5").unwrap();
        let counter = Acknowledgement { value: Some(&value), ..ACK };
        assert_eq!(text(counter), r#"{"stream":"P","seq":7,"val":"-5"}"#);
    }

    #[test]
    fn refusals_name_the_stream_and_no_sequence() {
        assert_eq!(
            String::from_utf8(refusal("P", &error::EXPECTED_STREAM_MISMATCH)).unwrap(),
            concat!(
                r#"{"error":{"code":400,"err_code":10060,"#,
                r#""description":"expected stream does not match"},"stream":"P","seq":0}"#
            )
        );
    }
}
