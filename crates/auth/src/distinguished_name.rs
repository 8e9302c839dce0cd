//! Distinguished names in text (RFC 4514) and how user names are compared with them.
//!
//! Not their DER form, which `tls_identity` reads. What is accepted follows the parser that
//! nats-server uses, which is that of the Go LDAP library.

/// A name: its parts, most specific first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct DistinguishedName {
    pub(crate) parts: Vec<Vec<Attribute>>,
}

/// One attribute of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attribute {
    pub(crate) kind: String,
    pub(crate) value: Vec<u8>,
}

impl Attribute {
    fn matches(&self, other: &Self) -> bool {
        self.kind.eq_ignore_ascii_case(&other.kind) && self.value == other.value
    }
}

impl DistinguishedName {
    /// Reads `text`; `None` where it is no name, or has a part in BER (`#…`).
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut reader = Reader::default();
        let mut bytes = text.bytes().peekable();
        while let Some(byte) = bytes.next() {
            match byte {
                b'\\' => {
                    let escaped = bytes.next()?;
                    let value = if b" \"#+,;<=>\\".contains(&escaped) {
                        escaped
                    } else {
                        hex(escaped)? << 4 | hex(bytes.next()?)?
                    };
                    reader.push_escaped(value);
                }
                b'=' => {
                    reader.kind = Some(reader.text());
                    if bytes.peek() == Some(&b'#') {
                        return None;
                    }
                }
                b',' => reader.end_part()?,
                b'+' => reader.end_attribute()?,
                _ => reader.push(byte),
            }
        }
        if !reader.buffer.is_empty() {
            reader.end_part()?;
        }
        Some(reader.name)
    }

    /// Whether both have the same parts in the same order.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.parts.len() == other.parts.len()
            && self.parts.iter().zip(&other.parts).all(|(a, b)| is_same_part(a, b))
    }

    /// Whether both have as many parts, and each part here is one of `other`.
    pub(crate) fn is_reordered(&self, other: &Self) -> bool {
        self.parts.len() == other.parts.len()
            && self.parts.iter().all(|part| other.parts.iter().any(|b| is_same_part(part, b)))
    }
}

/// The order of attributes within a part has no meaning.
fn is_same_part(left: &[Attribute], right: &[Attribute]) -> bool {
    let has_all = |of: &[Attribute], among: &[Attribute]| {
        of.iter().all(|wanted| among.iter().any(|attribute| attribute.matches(wanted)))
    };
    left.len() == right.len() && has_all(left, right) && has_all(right, left)
}

#[derive(Default)]
struct Reader {
    name: DistinguishedName,
    part: Vec<Attribute>,
    kind: Option<Vec<u8>>,
    buffer: Vec<u8>,
    /// Unescaped spaces at the end of `buffer`, which do not count.
    trailing_spaces: usize,
}

impl Reader {
    fn push(&mut self, byte: u8) {
        if byte != b' ' {
            self.trailing_spaces = 0;
        } else if self.buffer.is_empty() {
            return;
        } else {
            self.trailing_spaces += 1;
        }
        self.buffer.push(byte);
    }

    fn push_escaped(&mut self, byte: u8) {
        self.trailing_spaces = 0;
        self.buffer.push(byte);
    }

    fn text(&mut self) -> Vec<u8> {
        let mut text = std::mem::take(&mut self.buffer);
        text.truncate(text.len() - self.trailing_spaces);
        self.trailing_spaces = 0;
        text
    }

    fn end_attribute(&mut self) -> Option<()> {
        let kind = self.kind.take().filter(|kind| !kind.is_empty())?;
        let kind = String::from_utf8(kind).ok()?;
        let value = self.text();
        self.part.push(Attribute { kind, value });
        Some(())
    }

    fn end_part(&mut self) -> Option<()> {
        self.end_attribute()?;
        self.name.parts.push(std::mem::take(&mut self.part));
        Some(())
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
