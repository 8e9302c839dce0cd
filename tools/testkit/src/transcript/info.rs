//! Expectations of an INFO line: a listed set of fields, for the rest varies from run to run.

use serde_json::{Map, Value};

/// One expectation.
#[derive(Debug, Clone, PartialEq)]
pub enum Check {
    /// `key=json`: the field has this value.
    Equals(String, Value),
    /// `key:str`, `key:int`, `key:bool`, `key:list`: the field has this type.
    HasType(String, String),
    /// `!key`: the field is absent.
    Absent(String),
    /// `#key=n`: the field is text of this many bytes.
    Length(String, usize),
    /// `order=a,b,…`: of the fields named here, those present come in this order.
    Order(Vec<String>),
}

impl Check {
    /// Reads one word of an `<info` line.
    ///
    /// # Errors
    /// A sentence when it has none of the forms.
    pub fn parse(word: &str) -> Result<Self, String> {
        if let Some(key) = word.strip_prefix('!') {
            return Ok(Self::Absent(key.into()));
        }
        if let Some(keys) = word.strip_prefix("order=") {
            return Ok(Self::Order(keys.split(',').map(String::from).collect()));
        }
        if let Some((key, length)) = word.strip_prefix('#').and_then(|w| w.split_once('=')) {
            let length = length.parse().map_err(|error| format!("{word}: {error}"))?;
            return Ok(Self::Length(key.into(), length));
        }
        if let Some((key, value)) = word.split_once('=') {
            let value = serde_json::from_str(value).map_err(|error| format!("{word}: {error}"))?;
            return Ok(Self::Equals(key.into(), value));
        }
        match word.split_once(':') {
            Some((key, kind @ ("str" | "int" | "bool" | "list"))) => {
                Ok(Self::HasType(key.into(), kind.into()))
            }
            _ => Err(format!("{word}: neither key=json, key:type, #key=length nor !key")),
        }
    }

    /// # Errors
    /// What was expected and what is there.
    fn apply(&self, fields: &Map<String, Value>, line: &str) -> Result<(), String> {
        let met = match self {
            Self::Equals(key, value) => fields.get(key) == Some(value),
            Self::Absent(key) => !fields.contains_key(key),
            Self::Length(key, length) => {
                fields.get(key).and_then(Value::as_str).is_some_and(|text| text.len() == *length)
            }
            Self::HasType(key, kind) => fields.get(key).is_some_and(|value| match kind.as_str() {
                "str" => value.is_string(),
                "int" => value.is_u64(),
                "bool" => value.is_boolean(),
                _ => value.is_array(),
            }),
            Self::Order(keys) => {
                let at = |key: &String| line.find(&format!("\"{key}\":"));
                keys.iter().filter_map(at).is_sorted()
            }
        };
        if met { Ok(()) } else { Err(format!("expected {self:?} of INFO {line}")) }
    }
}

/// The fields of an `INFO {…} \r\n` line.
///
/// # Errors
/// A sentence when the framing differs: one space stands before CRLF, and clients have come to
/// rely on neither its presence nor its absence, but proxies compare bytes.
pub fn fields(line: &[u8]) -> Result<Map<String, Value>, String> {
    let json = line
        .strip_prefix(b"INFO ")
        .and_then(|line| line.strip_suffix(b" \r\n"))
        .ok_or_else(|| format!("not an INFO line: {}", super::text::escape(line)))?;
    match serde_json::from_slice(json) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err("INFO holds no object".into()),
        Err(error) => Err(format!("INFO holds no JSON: {error}")),
    }
}

/// Applies all of `checks` to a line.
///
/// # Errors
/// The first expectation that is not met.
pub fn check(line: &[u8], checks: &[Check]) -> Result<(), String> {
    let fields = fields(line)?;
    let text = String::from_utf8_lossy(line);
    checks.iter().try_for_each(|check| check.apply(&fields, &text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(line: &str, words: &str) -> bool {
        let checks: Result<Vec<_>, _> = words.split(' ').map(Check::parse).collect();
        check(line.as_bytes(), &checks.unwrap()).is_ok()
    }

    #[test]
    fn checks_hold_for_what_they_describe_only() {
        let line = "INFO {\"a\":1,\"b\":\"xy\",\"c\":true,\"d\":[]} \r\n";
        for words in ["a=1 b=\"xy\" c=true !e", "a:int b:str c:bool d:list", "#b=2", "order=a,z,c"]
        {
            assert!(passes(line, words), "{words}");
        }
        for words in ["a=2", "!a", "b:int", "#b=3", "order=c,a", "z=null"] {
            assert!(!passes(line, words), "{words}");
        }
    }

    #[test]
    fn framing_without_the_space_is_refused() {
        assert!(!passes("INFO {} \r\n".replace("} ", "}").as_str(), "!a"));
    }
}
