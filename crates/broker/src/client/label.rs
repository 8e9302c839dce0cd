//! How a client is named in log lines: `ip:port - cid:N - "v1:lang:name" - "account/user"`.

use anabranch_nats::connect::ClientName;
use anabranch_nats::error_text::quoted;

/// The label of a connection before CONNECT.
#[must_use]
pub(super) fn plain(address: &str, id: u64) -> String {
    format!("{address} - cid:{id}")
}

/// The label after CONNECT.
#[must_use]
pub(super) fn named(plain: &str, name: &ClientName, account: &str, user: Option<&str>) -> String {
    let mut parts = Vec::new();
    if !name.version.is_empty() {
        parts.push(format!("v{}", name.version));
    }
    if !name.lang.is_empty() {
        parts.push(name.lang.clone());
    }
    if !name.name.is_empty() {
        parts.push(name.name.clone());
    }
    let mut label = plain.to_owned();
    if !parts.is_empty() {
        label.push_str(" - ");
        label.push_str(&quoted(parts.join(":").as_bytes()));
    }
    if let Some(user) = user {
        label.push_str(" - ");
        label.push_str(&quoted(format!("{account}/{user}").as_bytes()));
    }
    label
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_what_is_known() {
        let name = ClientName { name: "app".into(), lang: "go".into(), version: "1.2".into() };
        let plain = plain("127.0.0.1:5", 7);
        assert_eq!(named(&plain, &ClientName::default(), "$G", None), "127.0.0.1:5 - cid:7");
        assert_eq!(
            named(&plain, &name, "$G", Some("joe")),
            "127.0.0.1:5 - cid:7 - \"v1.2:go:app\" - \"$G/joe\""
        );
    }
}
