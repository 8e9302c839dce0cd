//! Failures of the operating system in the words that nats-server's users search for.

use std::io;

/// `no such file or directory` rather than `No such file or directory (os error 2)`.
pub(crate) fn io_reason(error: &io::Error) -> String {
    let text = error.to_string();
    let Some(code) = error.raw_os_error() else { return text };
    let bare = text.strip_suffix(&format!(" (os error {code})")).unwrap_or(&text);
    let mut letters = bare.chars();
    let first = letters.next().into_iter().flat_map(char::to_lowercase);
    first.chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speaks_as_nats_server_does() {
        let absent = std::fs::File::open("").expect_err("no file has an empty name");
        assert_eq!(io_reason(&absent), "no such file or directory");
        assert_eq!(io_reason(&io::Error::other("Odd")), "Odd");
    }
}
