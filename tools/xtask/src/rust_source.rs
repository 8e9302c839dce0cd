//! A view of a Rust source that is good enough to count and to search: comments and literals are
//! blanked out, and functions, test blocks and modules have line ranges. Not a parser: it never
//! rejects a file, since the compiler does that.

mod items;
mod mask;

pub(crate) use items::RustSource;
