//! The errors of the JetStream API: what clients see in the `error` object of an answer.
//!
//! Every code and text lives in `errors.tsv` beside the sources, from which `cargo xtask gen`
//! makes the table. Clients decide by `err_code`; `code` resembles a status of HTTP and follows
//! no rule.

/// Errors without placeholders.
macro_rules! constants {
    ($($name:ident = $code:literal, $err_code:literal, $text:literal;)*) => {
        $(#[doc = concat!(stringify!($code), ", ", stringify!($err_code), ": ", $text, ".")]
        pub const $name: ApiError = ApiError::fixed($code, $err_code, $text);)*

        /// The rows of the constants, by ascending `err_code`.
        pub(super) const CONSTANTS: &[Row] =
            &[$(Row { code: $code, err_code: $err_code, text: $text },)*];
    };
}

/// Errors whose texts have placeholders, which become arguments.
macro_rules! functions {
    ($($name:ident($($hole:ident),*) = $code:literal, $err_code:literal, $text:literal;)*) => {
        $(#[doc = concat!(stringify!($code), ", ", stringify!($err_code), ": `", $text, "`.")]
        #[must_use]
        pub fn $name($($hole: impl Display),*) -> ApiError {
            ApiError::filled($code, $err_code, format!($text, $($hole = $hole),*))
        })*

        /// The rows of the functions, by ascending `err_code`.
        pub(super) const FUNCTIONS: &[Row] =
            &[$(Row { code: $code, err_code: $err_code, text: $text },)*];
    };
}

mod table;

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;

pub use table::*;
use table::{CONSTANTS, FUNCTIONS};

/// One error as it is sent to a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApiError {
    /// Resembles a status of HTTP: 400, 404, 409, 412, 429, 500 or 503.
    pub code: u16,
    /// What clients decide by: 10002 to 10227.
    pub err_code: u16,
    /// For people. Placeholders are filled in.
    pub description: Cow<'static, str>,
}

/// One row of the table, with the placeholders of its text as they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// See [`ApiError::code`].
    pub code: u16,
    /// See [`ApiError::err_code`].
    pub err_code: u16,
    /// The text; `{name}` marks what is filled in.
    pub text: &'static str,
}

/// Every row: those without placeholders, then those with some, each by ascending `err_code`.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    CONSTANTS.iter().chain(FUNCTIONS)
}

/// The row with this `err_code`.
#[must_use]
pub fn row(err_code: u16) -> Option<&'static Row> {
    rows().find(|row| row.err_code == err_code)
}

impl ApiError {
    const fn fixed(code: u16, err_code: u16, text: &'static str) -> Self {
        Self { code, err_code, description: Cow::Borrowed(text) }
    }

    fn filled(code: u16, err_code: u16, text: String) -> Self {
        Self { code, err_code, description: Cow::Owned(text) }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.description, self.err_code)
    }
}

impl std::error::Error for ApiError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serialises_as_clients_expect() {
        let text = serde_json::to_string(&STREAM_NOT_FOUND).unwrap();
        assert_eq!(text, r#"{"code":404,"err_code":10059,"description":"stream not found"}"#);
        let text = serde_json::to_string(&wrong_last_sequence(7)).unwrap();
        assert!(text.ends_with(r#""err_code":10071,"description":"wrong last sequence: 7"}"#));
    }

    #[test]
    fn placeholders_may_be_several() {
        let error = external_deliver_prefix_overlaps("a.b", "c");
        assert_eq!(
            error.description,
            "stream external delivery prefix a.b overlaps with stream subject c"
        );
    }

    #[test]
    fn the_table_is_whole_and_in_order() {
        assert_eq!(rows().count(), 226);
        assert!(CONSTANTS.is_sorted_by_key(|row| row.err_code));
        assert!(FUNCTIONS.is_sorted_by_key(|row| row.err_code));
        assert_eq!(row(10071).map(|row| row.text), Some("wrong last sequence: {seq}"));
        assert_eq!(row(10001), None);
    }
}
