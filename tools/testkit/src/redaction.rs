//! Takes out of answers what is another each time: times, and names that a server made up.

/// A name that stands for one that was made up; a number follows.
const MADE_UP: &str = "GENERATED";
/// How long names that a server makes up are.
const MADE_UP_BYTES: usize = 8;

/// Remembers the names that were made up.
#[derive(Debug, Default)]
pub struct Redaction {
    names: Vec<String>,
}

impl Redaction {
    /// The answer to a request, with `0001-01-01T00:00:00Z` for the times `created` and `ts`, 1
    /// for `pause_remaining`, and `GENERATED0` and so on for names that were made up.
    pub fn redact(&mut self, request: &str, answer: &str) -> String {
        let zero = "\"0001-01-01T00:00:00Z\"";
        let mut text = answer.to_owned();
        for (key, with) in
            [("\"created\":", zero), ("\"ts\":", zero), ("\"pause_remaining\":", "1")]
        {
            text = replaced(&text, key, with);
        }
        self.learn(request, &text);
        for (number, name) in self.names.iter().enumerate() {
            text = text.replace(name.as_str(), &format!("{MADE_UP}{number}"));
        }
        text
    }

    /// The name of a consumer that the request to create it does not have.
    fn learn(&mut self, request: &str, answer: &str) {
        let name = answer.split_once("\",\"name\":\"").and_then(|(_, rest)| rest.split_once('"'));
        let Some((name, _)) = name.filter(|_| request.starts_with("CONSUMER.CREATE")) else {
            return;
        };
        let start = name.len().saturating_sub(MADE_UP_BYTES);
        let known = self.names.iter().any(|known| name.ends_with(known.as_str()));
        if !known && !request.contains(name) {
            self.names.extend(name.get(start..).map(str::to_owned));
        }
    }
}

/// The text with another value, up to the next comma or bracket, behind each `key`.
fn replaced(text: &str, key: &str, with: &str) -> String {
    let mut parts = text.split(key);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find([',', '}']).unwrap_or(part.len());
        out.push_str(key);
        out.push_str(with);
        out.push_str(&part[end..]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_made_up_names_are_replaced() {
        let mut redaction = Redaction::default();
        let answer = r#"{"stream_name":"S","name":"abcdefgh","created":"now","ts":"now"}"#;
        let zero = "0001-01-01T00:00:00Z";
        let expected = format!(
            r#"{{"stream_name":"S","name":"GENERATED0","created":"{zero}","ts":"{zero}"}}"#
        );
        assert_eq!(redaction.redact("CONSUMER.CREATE.S {}", answer), expected);
        let names = redaction.redact("CONSUMER.NAMES.S", r#"{"consumers":["abcdefgh"]}"#);
        assert_eq!(names, r#"{"consumers":["GENERATED0"]}"#);
        let named = r#"{"stream_name":"S","name":"C","pause_remaining":77}"#;
        let expected = r#"{"stream_name":"S","name":"C","pause_remaining":1}"#;
        assert_eq!(redaction.redact("CONSUMER.CREATE.S.C {}", named), expected);
    }
}
