//! JSON as Go's `encoding/json` reads and writes it, since clients and tests of nats-server see
//! both: keys in any case, repeated keys, the words of errors, escapes.
//!
//! Reading is not `serde`: a request changes a value that exists (a key that comes twice merges),
//! and errors name Go's types.

mod quote;
mod reader;
mod scan;
mod write;

pub(crate) use reader::is_empty_object;
pub use reader::{Document, Field, Reader, Words, decode, decode_one, read_listed};
pub use write::to_vec;

/// `text` in double quotes, as Go's `%q` prints it.
pub(crate) fn go_quoted(text: &str) -> String {
    quote::text(text.as_bytes())
}

/// What becomes of keys that nobody knows, and of text after the document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strictness {
    /// They are errors.
    #[default]
    Strict,
    /// Unknown keys are passed over.
    Lenient,
}
