//! Parameters of a request, read as Go's `net/url` and `strconv` read them, and refused with
//! their words: scripts match on these texts.

/// The parameters of one request.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Query {
    pairs: Vec<(String, String)>,
}

/// Why a parameter was refused: the body of a 400.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct BadRequest(pub(super) String);

/// How Go's `strconv` fails.
#[derive(Debug, Clone, Copy)]
enum Failure {
    Syntax,
    Range,
}

impl Query {
    /// Reads what stands behind the `?`. Pairs that cannot be read are left out, as Go does.
    #[must_use]
    pub(super) fn parse(text: &str) -> Self {
        let readable = text.split('&').filter(|pair| !pair.is_empty() && !pair.contains(';'));
        let pairs = readable.filter_map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((unescape(name)?, unescape(value)?))
        });
        Self { pairs: pairs.collect() }
    }

    /// The first value of `name`; empty if there is none.
    #[must_use]
    pub(super) fn text(&self, name: &str) -> &str {
        let found = self.pairs.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// A boolean; absent or empty is false.
    pub(super) fn flag(&self, name: &str) -> Result<bool, BadRequest> {
        match self.text(name) {
            "" | "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false),
            "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(true),
            other => Err(refused("boolean", name, "ParseBool", other, Failure::Syntax)),
        }
    }

    /// A signed number; absent or empty is 0.
    pub(super) fn int(&self, name: &str) -> Result<i64, BadRequest> {
        let text = self.text(name);
        if text.is_empty() {
            return Ok(0);
        }
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        text.parse().map_err(|_| refused("int", name, "Atoi", text, failure(digits)))
    }

    /// A number that is not negative and takes no sign; absent or empty is 0.
    pub(super) fn number(&self, name: &str) -> Result<u64, BadRequest> {
        let text = self.text(name);
        if text.is_empty() {
            return Ok(0);
        }
        let refused = || refused("uint64", name, "ParseUint", text, failure(text));
        if text.starts_with('+') {
            return Err(refused());
        }
        text.parse().map_err(|_| refused())
    }
}

fn failure(digits: &str) -> Failure {
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        Failure::Range
    } else {
        Failure::Syntax
    }
}

fn refused(kind: &str, name: &str, function: &str, value: &str, why: Failure) -> BadRequest {
    let why = match why {
        Failure::Syntax => "invalid syntax",
        Failure::Range => "value out of range",
    };
    BadRequest(format!(
        "Error decoding {kind} for '{name}': strconv.{function}: parsing {value:?}: {why}"
    ))
}

/// Undoes percent-encoding and `+`; none if an escape is broken or the result is not text.
fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let (high, low) = (hex(rest.next()?)?, hex(rest.next()?)?);
                high * 16 + low
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_first_readable_value() {
        let query = Query::parse("a=1&a=2&b=x%20y+z&c=%zz&d=%2&&e;f=3&g&h=%ff&i=%F0%9F%92%A7");
        assert_eq!(query.text("a"), "1");
        assert_eq!(query.text("b"), "x y z");
        assert_eq!(query.text("i"), "💧");
        for absent in ["c", "d", "e", "f", "g", "h", "none"] {
            assert_eq!(query.text(absent), "", "{absent}");
        }
    }

    #[test]
    fn reads_booleans_as_go_does() {
        for (text, value) in [("", false), ("0", false), ("t", true), ("TRUE", true)] {
            assert_eq!(Query::parse(&format!("x={text}")).flag("x"), Ok(value), "{text}");
        }
        let refused = Query::parse("auth=maybe").flag("auth").unwrap_err();
        assert_eq!(
            refused.0,
            "Error decoding boolean for 'auth': strconv.ParseBool: parsing \"maybe\": invalid \
             syntax"
        );
    }

    #[test]
    fn tells_syntax_from_range() {
        let int = |text: &str| Query::parse(&format!("n={text}")).int("n").map_err(|e| e.0);
        assert_eq!(int("-3"), Ok(-3));
        assert_eq!(int("%2b3"), Ok(3));
        assert!(int("x").unwrap_err().ends_with("parsing \"x\": invalid syntax"));
        assert!(int("-").unwrap_err().ends_with("invalid syntax"));
        assert!(int("99999999999999999999").unwrap_err().ends_with("value out of range"));
        let number = |text: &str| Query::parse(&format!("n={text}")).number("n");
        assert_eq!(number("7"), Ok(7));
        assert!(number("-7").unwrap_err().0.ends_with("ParseUint: parsing \"-7\": invalid syntax"));
        assert!(number("%2b7").is_err());
    }

    #[test]
    fn survives_garbage() {
        for text in ["%", "%%%", "&&&&", "=", "=&=", "a=%e2%82", "\u{1F980}=\u{1F980}"] {
            let _ = Query::parse(text).text("a");
        }
    }
}
