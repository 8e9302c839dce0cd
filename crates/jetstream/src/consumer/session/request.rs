//! What a client asks for.

use crate::json::{Document, Field, Strictness, decode_one};
use crate::time::Nanos;

/// The body of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// How long it may wait; zero for no limit.
    pub(super) expires: Nanos,
    /// How many messages.
    pub(super) batch: i64,
    /// How many bytes at most; zero for no limit.
    pub(super) max_bytes: i64,
    pub(super) no_wait: bool,
    pub(super) heartbeat: Nanos,
    /// Nothing in the short forms.
    pub(super) group: Option<Group>,
}

/// Which of the consumer's groups a request belongs to, and what only some policies read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) min_pending: i64,
    pub(super) min_ack_pending: i64,
    /// What the pinned client shows.
    pub(super) id: String,
    pub(super) priority: i64,
}

impl Document for Asked {
    // Go loses the name behind two pointers, which is what nats-server reads into.
    const GO_TYPE: &'static str = "";
    const FIELDS: &'static [Field<Self>] = &[
        ("expires", |asked, reader| reader.nanos(&mut asked.expires)),
        ("batch", |asked, reader| reader.integer(&mut asked.batch, "int")),
        ("max_bytes", |asked, reader| reader.integer(&mut asked.max_bytes, "int")),
        ("no_wait", |asked, reader| reader.boolean(&mut asked.no_wait)),
        ("idle_heartbeat", |asked, reader| reader.nanos(&mut asked.heartbeat)),
        ("group", |asked, reader| reader.string(&mut asked.group().name)),
        ("min_pending", |asked, reader| reader.integer(&mut asked.group().min_pending, "int64")),
        ("min_ack_pending", |asked, reader| {
            reader.integer(&mut asked.group().min_ack_pending, "int64");
        }),
        ("id", |asked, reader| reader.string(&mut asked.group().id)),
        ("priority", |asked, reader| reader.integer(&mut asked.group().priority, "int")),
    ];
}

impl Asked {
    /// Reads a body: nothing for one message, a number, or a document. Anything else asks for one
    /// message.
    ///
    /// # Errors
    /// What is wrong with a document, in nats-server's words.
    pub(super) fn parse(body: &[u8]) -> Result<Self, String> {
        let body = body.trim_ascii();
        if body.first() != Some(&b'{') {
            let number = std::str::from_utf8(body).ok().and_then(|text| text.parse().ok());
            return Ok(Self { batch: number.unwrap_or(1), ..Self::default() });
        }
        let mut asked = Self { group: Some(Group::default()), ..Self::default() };
        decode_one(body, Strictness::Lenient, &mut asked)?;
        if asked.heartbeat.0 > 0 && asked.heartbeat.0.saturating_mul(2) > asked.expires.0 {
            return Err("heartbeat value too large".to_owned());
        }
        Ok(asked)
    }

    fn group(&mut self) -> &mut Group {
        self.group.get_or_insert_default()
    }
}
