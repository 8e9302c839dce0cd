//! What is answered to a request, before it is HTTP.

use bytes::Bytes;
use serde::Serialize;

use super::query::BadRequest;

/// What a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A JSON document, open to pages of any origin.
    Json,
    /// The index.
    Html,
    /// A sentence.
    Text,
    /// Metrics.
    Metrics,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) kind: Kind,
    pub(super) body: Bytes,
}

impl Answer {
    /// A document, indented as nats-server does.
    #[must_use]
    pub(super) fn document(document: &impl Serialize) -> Self {
        Self::json(200, serde_json::to_vec_pretty(document))
    }

    /// A document on one line.
    #[must_use]
    pub(super) fn line(status: u16, document: &impl Serialize) -> Self {
        Self::json(status, serde_json::to_vec(document))
    }

    fn json(status: u16, body: serde_json::Result<Vec<u8>>) -> Self {
        match body {
            Ok(body) => Self { status, kind: Kind::Json, body: body.into() },
            Err(e) => Self::text(500, format!("cannot write the document: {e}")),
        }
    }

    /// A sentence.
    #[must_use]
    pub(super) fn text(status: u16, text: impl Into<String>) -> Self {
        Self { status, kind: Kind::Text, body: text.into().into() }
    }

    /// There is nothing at this path.
    #[must_use]
    pub(super) fn not_found() -> Self {
        Self::text(404, "404 page not found\n")
    }
}

impl From<BadRequest> for Answer {
    fn from(bad: BadRequest) -> Self {
        Self::text(400, bad.0)
    }
}

impl From<Result<Self, BadRequest>> for Answer {
    fn from(result: Result<Self, BadRequest>) -> Self {
        result.unwrap_or_else(Self::from)
    }
}
