//! CONNECT as a log may show it: the client's own words without its secrets.

use serde::de::IgnoredAny;

/// What stands where a secret was.
const REDACTED: &str = "[REDACTED]";

/// `json` with the values of secrets replaced, wherever they stand; `{...}` if it is no JSON,
/// because then nobody can tell where a secret ends.
pub(super) fn connect(json: &[u8]) -> String {
    let text = String::from_utf8_lossy(json);
    if serde_json::from_str::<IgnoredAny>(&text).is_err() {
        return "{...}".to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some(at) = rest.find('"') {
        let (before, from) = rest.split_at(at);
        let (string, after) = from.split_at(string_len(from));
        out.push_str(before);
        out.push_str(string);
        rest = after;
        // In JSON only the name of a member has a colon behind it.
        let value = after.trim_ascii_start().strip_prefix(':').map(str::trim_ascii_start);
        if let Some(value) = value.filter(|_| is_secret(string)) {
            out.push_str(&after[..after.len() - value.len()]);
            let quote = if value.starts_with('"') { "\"" } else { "" };
            out.extend([quote, REDACTED, quote]);
            rest = &value[value_len(value)..];
        }
    }
    out.push_str(rest);
    out
}

/// Whether the member with this name, a JSON string, is one that nats-server hides. As it also
/// reads `PASS` as `pass`, case does not count.
fn is_secret(name: &str) -> bool {
    let Ok(name) = serde_json::from_str::<String>(name) else { return true };
    // Both ways, for letters that have only one of the two.
    let name = name.to_uppercase().to_lowercase();
    let name = name.trim();
    name.contains("auth_token")
        || name.contains("pass")
        || ["nkey", "sig", "proxy_sig"].contains(&name)
}

/// Length of the JSON string that `text` begins with, quotes included.
fn string_len(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Length of the JSON value that `text` begins with.
fn value_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at += string_len(&text[at..]) - 1,
            b'{' | b'[' => depth += 1,
            b',' | b'}' | b']' if depth == 0 => return at,
            b' ' | b'\t' | b'\r' | b'\n' if depth == 0 => return at,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hides_secrets_and_keeps_the_rest_as_it_was() {
        for (said, shown) in [
            (r#"{"verbose":false,"lang":"raw"}"#, r#"{"verbose":false,"lang":"raw"}"#),
            (
                r#"{"user":"u","pass":"s3", "auth_token":"t","nkey":"N","sig" : "S", "pass2":5}"#,
                concat!(
                    r#"{"user":"u","pass":"[REDACTED]", "auth_token":"[REDACTED]","#,
                    r#""nkey":"[REDACTED]","sig" : "[REDACTED]", "pass2":[REDACTED]}"#,
                ),
            ),
            (r#"{"proxy_sig":"x","signal":"y"}"#, r#"{"proxy_sig":"[REDACTED]","signal":"y"}"#),
            (r#"{"pass":""}"#, r#"{"pass":"[REDACTED]"}"#),
            (r#"{"name":"pass","a":["sig"]}"#, r#"{"name":"pass","a":["sig"]}"#),
        ] {
            assert_eq!(connect(said.as_bytes()), shown);
        }
    }

    #[test]
    fn no_part_of_a_secret_is_left() {
        for said in [
            r#"{"pass":"SECRET,SECRET}SECRET"}"#,
            r#"{"pass":"\"SECRET\\\",SECRET"}"#,
            r#"{"PASS":"SECRET","Sig":"SECRET"}"#,
            r#"{"\u0070ass":"SECRET"}"#,
            r#"{"nKey":"SECRET","paſs":"SECRET"}"#,
            r#"{"pass":["SECRET",{"a":"]SECRET"}],"b":1}"#,
            r#"{"a":{"auth_token" : "SECRET"}}"#,
            r#"{"pass":"SECRET"#,
            r#"{pass:SECRET}"#,
        ] {
            let shown = connect(said.as_bytes());
            assert!(!shown.contains("SECRET"), "{shown}");
        }
        assert_eq!(connect(b"{\"pass\":\"SECRET\xff\"}"), r#"{"pass":"[REDACTED]"}"#);
    }
}
