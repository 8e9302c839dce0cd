//! Reading a request into a value that exists.
//!
//! As in Go, reading goes on after a value of the wrong type, and the first such error is what is
//! reported in the end. Errors name the place by the keys of the text.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::str::FromStr;

use super::scan::{self, SyntaxError};
use super::{Strictness, quote};
use crate::time::{Nanos, Timestamp};

/// A field of a document: its key, and how its value is read.
pub type Field<T> = (&'static str, fn(&mut T, &mut Reader<'_>));

/// What is read from a JSON object.
pub trait Document: 'static + Sized {
    /// The Go type that nats-server reads it into, without the package: errors name it.
    const GO_TYPE: &'static str;
    /// Its fields.
    const FIELDS: &'static [Field<Self>];

    /// Reads the value of `key`, which may be in any case; false when there is no such field.
    fn read_field(&mut self, key: &str, reader: &mut Reader<'_>) -> bool {
        read_listed(self, key, reader)
    }
}

/// Reads the value of `key` if it is among the document's own [`Document::FIELDS`].
pub fn read_listed<T: Document>(value: &mut T, key: &str, reader: &mut Reader<'_>) -> bool {
    let found = field_of::<T>(key);
    if let Some((_, read)) = found {
        read(value, reader);
    }
    found.is_some()
}

/// A set of values that are written as words.
pub trait Words: Copy + 'static {
    /// The values with their words.
    const WORDS: &'static [(&'static str, Self)];
    /// What nats-server says of `raw`, which is none of them.
    fn refusal(raw: &[u8]) -> String {
        format!("can not unmarshal {}", quote::text(raw))
    }
    /// Whether the text between the quotes is `word`.
    fn is_word(text: &[u8], word: &str) -> bool {
        text == word.as_bytes()
    }
}

/// Reads every document in `bytes` into `value`, one after the other; no document is none at all.
///
/// # Errors
/// The words that nats-server puts behind `invalid JSON: `.
pub fn decode<T: Document>(
    bytes: &[u8],
    strictness: Strictness,
    value: &mut T,
) -> Result<(), String> {
    match decode_strictly(bytes, value) {
        Err(_) if strictness == Strictness::Lenient => decode_leniently(bytes, value),
        outcome => outcome,
    }
}

fn decode_strictly<T: Document>(bytes: &[u8], value: &mut T) -> Result<(), String> {
    let mut from = 0;
    loop {
        let range = scan::document(bytes, from).map_err(|error| match error {
            SyntaxError::End => "unexpected EOF".to_owned(),
            SyntaxError::At(words, offset) => format!("{words} at offset {offset}"),
        })?;
        let Some((start, end)) = range else {
            return Ok(());
        };
        Reader::read(&bytes[start..end], Strictness::Strict, value)?;
        from = end;
    }
}

fn decode_leniently<T: Document>(bytes: &[u8], value: &mut T) -> Result<(), String> {
    decode_one(bytes, Strictness::Lenient, value)
}

/// Reads the one document in `bytes` into `value`.
///
/// # Errors
/// The words of Go's `json.Unmarshal`.
pub fn decode_one<T: Document>(
    bytes: &[u8],
    strictness: Strictness,
    value: &mut T,
) -> Result<(), String> {
    let range = scan::document(bytes, 0).map_err(|error| match error {
        SyntaxError::End => "unexpected end of JSON input".to_owned(),
        SyntaxError::At(words, _) => words,
    })?;
    let Some((start, end)) = range else {
        return Err("unexpected end of JSON input".to_owned());
    };
    let rest = scan::skip_space(bytes, end);
    if rest < bytes.len() {
        let (quoted, _) = quote::first_character(&bytes[rest..]);
        return Err(format!("invalid character {quoted} after top-level value"));
    }
    Reader::read(&bytes[start..end], strictness, value)
}

/// Whether `bytes` is an object without keys, and nothing else.
pub(crate) fn is_empty_object(bytes: &[u8]) -> bool {
    let inside = bytes.trim_ascii().strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}"));
    inside.is_some_and(|inside| scan::skip_space(inside, 0) == inside.len())
}

/// How many elements of a list are read; more is an error. An element is small as text and large
/// in memory, so that a request could cost many times its size.
const LIST_MAX: usize = 65_536;

/// A place in a document whose grammar was found good.
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    strictness: Strictness,
    root: &'static str,
    path: Vec<Step<'a>>,
    /// The first error.
    error: Option<String>,
}

enum Step<'a> {
    Key(Cow<'a, str>),
    Index(usize),
}

impl<'a> Reader<'a> {
    fn read<T: Document>(
        bytes: &'a [u8],
        strictness: Strictness,
        value: &mut T,
    ) -> Result<(), String> {
        let mut reader =
            Self { bytes, at: 0, strictness, root: T::GO_TYPE, path: Vec::new(), error: None };
        reader.object(value);
        reader.error.map_or(Ok(()), Err)
    }

    /// An object, merged into what is there. `null` changes nothing.
    pub fn object<T: Document>(&mut self, value: &mut T) {
        if self.byte() != b'{' {
            self.scalar_in_place_of(&format!("server.{}", T::GO_TYPE));
            return;
        }
        self.at += 1;
        while let Some(key) = self.next_key() {
            self.path.push(Step::Key(key.clone()));
            let known = value.read_field(&key, self);
            self.path.pop();
            if !known {
                if self.strictness == Strictness::Strict {
                    self.fail(format!("json: unknown field {}", quote::text(key.as_bytes())));
                }
                self.skip();
            }
        }
    }

    /// An object or nothing: `null` takes it away.
    pub fn optional<T: Document + Default>(&mut self, value: &mut Option<T>) {
        if self.null() {
            *value = None;
        } else {
            self.object(value.get_or_insert_default());
        }
    }

    /// A list of objects; `prefix` is what Go's type has before the element's, which shows in
    /// errors. Elements that are there already are merged with.
    pub fn objects<T: Document + Default>(&mut self, value: &mut Vec<T>, prefix: &str) {
        let go_type = format!("{prefix}server.{}", T::GO_TYPE);
        self.list(value, &go_type, LIST_MAX, |reader, element| {
            if reader.null() {
                *element = T::default();
            } else {
                reader.object(element);
            }
        });
    }

    /// A list of strings.
    pub fn strings(&mut self, value: &mut Vec<String>) {
        self.list(value, "[]string", usize::MAX, |reader, element| {
            element.clear();
            reader.string(element);
        });
    }

    /// A list of numbers.
    pub fn integers(&mut self, value: &mut Vec<u64>) {
        self.list(value, "[]uint64", usize::MAX, |reader, element| {
            *element = 0;
            reader.integer(element, "uint64");
        });
    }

    /// A list of durations in nanoseconds.
    pub fn durations(&mut self, value: &mut Vec<Nanos>) {
        self.list(value, "[]time.Duration", usize::MAX, |reader, element| {
            *element = Nanos::ZERO;
            reader.nanos(element);
        });
    }

    fn list<T: Default>(
        &mut self,
        value: &mut Vec<T>,
        go_type: &str,
        most: usize,
        mut read: impl FnMut(&mut Self, &mut T),
    ) {
        if self.null() {
            value.clear();
            return;
        }
        if self.byte() != b'[' {
            self.scalar_in_place_of(go_type);
            return;
        }
        self.at += 1;
        let mut count = 0;
        while self.next_element() {
            if count == most {
                self.fail(format!("json: more than {most} elements in a list"));
                self.skip();
                continue;
            }
            if value.len() == count {
                value.push(T::default());
            }
            self.path.push(Step::Index(count));
            read(self, &mut value[count]);
            self.path.pop();
            count += 1;
        }
        value.truncate(count);
    }

    /// An object of strings, merged into what is there; `null` empties it.
    pub fn map(&mut self, value: &mut BTreeMap<String, String>) {
        self.entries(value, "map[string]string", Self::string);
    }

    /// An object of counts, merged into what is there; `null` empties it.
    pub fn counts(&mut self, value: &mut BTreeMap<String, u64>) {
        self.entries(value, "map[string]uint64", |reader, count| reader.integer(count, "uint64"));
    }

    /// An object of objects, merged into what is there; `null` empties it. `prefix` is what Go's
    /// type has before the entry's.
    pub fn documents<T: Document + Default>(
        &mut self,
        value: &mut BTreeMap<String, T>,
        prefix: &str,
    ) {
        let go_type = format!("{prefix}server.{}", T::GO_TYPE);
        self.entries(value, &go_type, Self::object);
    }

    fn entries<T: Default>(
        &mut self,
        value: &mut BTreeMap<String, T>,
        go_type: &str,
        read: impl Fn(&mut Self, &mut T),
    ) {
        if self.null() {
            value.clear();
            return;
        }
        if self.byte() != b'{' {
            self.scalar_in_place_of(go_type);
            return;
        }
        self.at += 1;
        while let Some(key) = self.next_key() {
            let mut entry = T::default();
            self.path.push(Step::Key(key.clone()));
            read(self, &mut entry);
            self.path.pop();
            value.insert(key.into_owned(), entry);
        }
    }

    /// A string.
    pub fn string(&mut self, value: &mut String) {
        if self.byte() == b'"' {
            *value = unescape(self.raw_string()).into_owned();
        } else {
            self.scalar_in_place_of("string");
        }
    }

    /// A truth value.
    pub fn boolean(&mut self, value: &mut bool) {
        match self.byte() {
            byte @ (b't' | b'f') => {
                *value = byte == b't';
                self.skip();
            }
            _ => self.scalar_in_place_of("bool"),
        }
    }

    /// An integer; `go_type` is what errors call it.
    pub fn integer<T: FromStr>(&mut self, value: &mut T, go_type: &str) {
        if !matches!(self.byte(), b'-' | b'0'..=b'9') {
            self.scalar_in_place_of(go_type);
            return;
        }
        let raw = self.raw();
        let text = str::from_utf8(raw).unwrap_or_default();
        match text.parse() {
            Ok(parsed) => *value = parsed,
            Err(_) => self.wrong_type(&format!("number {text}"), go_type),
        }
    }

    /// A duration in nanoseconds.
    pub fn nanos(&mut self, value: &mut Nanos) {
        self.integer(&mut value.0, "time.Duration");
    }

    /// A time, or `null` for none.
    pub fn time(&mut self, value: &mut Option<Timestamp>) {
        if self.null() {
            *value = None;
            return;
        }
        if self.byte() != b'"' {
            self.scalar_in_place_of("time.Time");
            return;
        }
        let text = unescape(self.raw_string());
        match Timestamp::parse(&text) {
            Ok(time) => *value = Some(time),
            Err(error) => {
                self.fail(format!("parsing time {}{error}", quote::text(text.as_bytes())));
            }
        }
    }

    /// A time that is always there.
    pub fn set_time(&mut self, value: &mut Timestamp) {
        let mut read = None;
        self.time(&mut read);
        *value = read.unwrap_or(*value);
    }

    /// One of some words; not even `null` is anything else.
    pub fn word<T: Words>(&mut self, value: &mut T) {
        let raw = self.raw();
        let text = raw.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
        let known = text.and_then(|text| T::WORDS.iter().find(|(word, _)| T::is_word(text, word)));
        match known {
            Some((_, known)) => *value = *known,
            None => self.fail(T::refusal(raw)),
        }
    }

    fn byte(&mut self) -> u8 {
        self.at = scan::skip_space(self.bytes, self.at);
        self.bytes.get(self.at).copied().unwrap_or_default()
    }

    /// True after passing over `null`.
    fn null(&mut self) -> bool {
        let found = self.byte() == b'n';
        if found {
            self.skip();
        }
        found
    }

    fn skip(&mut self) {
        self.at = scan::end_of_value(self.bytes, self.at);
    }

    /// The text of the next value, passing over it.
    fn raw(&mut self) -> &'a [u8] {
        self.byte();
        let start = self.at;
        self.skip();
        &self.bytes[start..self.at]
    }

    /// What is between the quotes of the next value, a string.
    fn raw_string(&mut self) -> &'a [u8] {
        let raw = self.raw();
        raw.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or_default()
    }

    /// Goes to the value of the next key of an object; nothing at its end.
    fn next_key(&mut self) -> Option<Cow<'a, str>> {
        if self.byte() == b',' {
            self.at += 1;
        }
        if self.byte() != b'"' {
            self.at += 1;
            return None;
        }
        let key = unescape(self.raw_string());
        self.byte();
        self.at += 1;
        Some(key)
    }

    /// Goes to the next element of a list; false at its end.
    fn next_element(&mut self) -> bool {
        if self.byte() == b',' {
            self.at += 1;
        }
        let more = self.byte() != b']';
        if !more {
            self.at += 1;
        }
        more
    }

    /// Passes over a value that is not what was wanted. `null` is no error.
    fn scalar_in_place_of(&mut self, go_type: &str) {
        let kind = match self.byte() {
            b'"' => "string",
            b't' | b'f' => "bool",
            b'[' => "array",
            b'{' => "object",
            b'n' => "",
            _ => "number",
        };
        if !kind.is_empty() {
            self.wrong_type(kind, go_type);
        }
        self.skip();
    }

    fn wrong_type(&mut self, what: &str, go_type: &str) {
        if self.error.is_some() {
            return;
        }
        let place = match self.path.last() {
            None => "Go value".to_owned(),
            Some(last) => {
                let article = if last.is_numeric() { "" } else { "Go struct field " };
                format!("{article}{}{}", self.root, self.pointer())
            }
        };
        self.fail(format!("json: cannot unmarshal {what} into {place} of type {go_type}"));
    }

    fn pointer(&self) -> String {
        let step = |step: &Step| match step {
            Step::Key(key) => format!(".{key}"),
            Step::Index(index) => format!(".{index}"),
        };
        self.path.iter().map(step).collect()
    }

    fn fail(&mut self, words: String) {
        self.error.get_or_insert(words);
    }
}

impl Step<'_> {
    /// Go tells indexes of lists from keys by their digits.
    fn is_numeric(&self) -> bool {
        match self {
            Step::Key(key) => !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit()),
            Step::Index(_) => true,
        }
    }
}

/// The field with this key: exactly, or else in any case.
fn field_of<T: Document>(key: &str) -> Option<&'static Field<T>> {
    let exact = T::FIELDS.iter().find(|(name, _)| *name == key);
    exact.or_else(|| T::FIELDS.iter().find(|(name, _)| folds_to(key, name)))
}

/// Whether `key` is `name` but for its case, by Unicode's simple folding: two characters beyond
/// ASCII fold to letters of it.
fn folds_to(key: &str, name: &str) -> bool {
    let fold = |character: char| match character {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        _ => character.to_ascii_lowercase(),
    };
    key.chars().map(fold).eq(name.chars())
}

/// The text of a string; what is no UTF-8, and surrogates alone, become U+FFFD.
fn unescape(raw: &[u8]) -> Cow<'_, str> {
    if !raw.contains(&b'\\') {
        return String::from_utf8_lossy(raw);
    }
    let mut text = String::with_capacity(raw.len());
    let mut parts = raw;
    while let Some(at) = parts.iter().position(|&byte| byte == b'\\') {
        text.push_str(&String::from_utf8_lossy(&parts[..at]));
        let (character, length) = escaped(&parts[at..]);
        text.push(character);
        parts = &parts[at + length..];
    }
    text.push_str(&String::from_utf8_lossy(parts));
    Cow::Owned(text)
}

/// The character of the escape that `rest` begins with, and the escape's length.
fn escaped(rest: &[u8]) -> (char, usize) {
    let simple = match rest.get(1) {
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return escaped_unit(rest),
        Some(&other) => char::from(other),
        None => return (char::REPLACEMENT_CHARACTER, rest.len()),
    };
    (simple, 2)
}

fn escaped_unit(rest: &[u8]) -> (char, usize) {
    let Some(first) = unit(rest) else {
        return (char::REPLACEMENT_CHARACTER, rest.len().min(6));
    };
    let second = rest.get(6..).and_then(unit);
    let pair = [first, second.unwrap_or_default()];
    match char::decode_utf16(pair).next() {
        Some(Ok(character)) => (character, if character.len_utf16() == 2 { 12 } else { 6 }),
        _ => (char::REPLACEMENT_CHARACTER, 6),
    }
}

fn unit(rest: &[u8]) -> Option<u16> {
    let digits = rest.strip_prefix(b"\\u")?.get(..4)?;
    u16::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq)]
    struct Shelf {
        name: String,
        width: i32,
        open: bool,
        tags: Vec<String>,
        inner: Option<Box<Shelf>>,
        parts: Vec<Shelf>,
        labels: BTreeMap<String, String>,
        built: Option<Timestamp>,
    }

    impl Document for Shelf {
        const GO_TYPE: &'static str = "Shelf";
        const FIELDS: &'static [Field<Self>] = &[
            ("name", |s, r| r.string(&mut s.name)),
            ("width", |s, r| r.integer(&mut s.width, "int32")),
            ("open", |s, r| r.boolean(&mut s.open)),
            ("tags", |s, r| r.strings(&mut s.tags)),
            ("inner", |s, r| r.object(&mut **s.inner.get_or_insert_default())),
            ("parts", |s, r| r.objects(&mut s.parts, "[]*")),
            ("labels", |s, r| r.map(&mut s.labels)),
            ("built", |s, r| r.time(&mut s.built)),
        ];
    }

    fn read(text: &str) -> Result<Shelf, String> {
        let mut shelf = Shelf::default();
        decode(text.as_bytes(), Strictness::Strict, &mut shelf).map(|()| shelf)
    }

    #[test]
    fn keys_come_in_any_case_and_repeat() {
        let shelf = read(r#"{"NAME":"a","width":1,"Width":2,"\u0074ags":["x","y"],"tags":["z"]}"#);
        let shelf = shelf.unwrap();
        assert_eq!((shelf.name.as_str(), shelf.width), ("a", 2));
        assert_eq!(shelf.tags, ["z"]);
        assert_eq!(read("{\"labelſ\":{\"a\":\"b\"}}").unwrap().labels["a"], "b");
    }

    #[test]
    fn repeated_objects_merge() {
        let shelf = read(
            r#"{"parts":[{"name":"a","width":3},{}],"parts":[{"name":"b"}],"labels":{"a":"1"}}
               {"labels":{"b":"2"},"inner":{"width":1},"inner":{"name":"i"}} null"#,
        );
        let shelf = shelf.unwrap();
        assert_eq!(shelf.parts.len(), 1);
        assert_eq!((shelf.parts[0].name.as_str(), shelf.parts[0].width), ("b", 3));
        assert_eq!(shelf.labels.len(), 2);
        let inner = shelf.inner.unwrap();
        assert_eq!((inner.name.as_str(), inner.width), ("i", 1));
    }

    #[test]
    fn null_takes_away_lists_and_leaves_the_rest() {
        let text =
            r#"{"name":"a","tags":["x"],"name":null,"tags":null,"open":null,"parts":[null]}"#;
        let shelf = read(text).unwrap();
        assert_eq!(shelf.name, "a");
        assert!(shelf.tags.is_empty());
        assert_eq!(shelf.parts, [Shelf::default()]);
    }

    #[test]
    fn escapes_become_characters() {
        let name = |text: &str| read(&format!("{{\"name\":\"{text}\"}}")).unwrap().name;
        assert_eq!(name(r"\u0041\ud83d\ude00\/\n\\"), "A\u{1f600}/\n\\");
        assert_eq!(name(r"\ud83dx\ud83d\u0041\ude00"), "\u{fffd}x\u{fffd}A\u{fffd}");
        let mut shelf = Shelf::default();
        decode(b"{\"name\":\"\xff\\t\xff\"}", Strictness::Strict, &mut shelf).unwrap();
        assert_eq!(shelf.name, "\u{fffd}\t\u{fffd}");
    }

    #[test]
    fn the_first_error_is_told_in_go_words() {
        for (text, expected) in [
            (r#"{"name":1,"foo":1}"#, "number into Go struct field Shelf.name of type string"),
            (r#"{"width":"x"}"#, "string into Go struct field Shelf.width of type int32"),
            (r#"{"width":1.5}"#, "number 1.5 into Go struct field Shelf.width of type int32"),
            (
                r#"{"WIDTH":2147483648}"#,
                "number 2147483648 into Go struct field Shelf.WIDTH of type int32",
            ),
            (r#"{"tags":[1]}"#, "number into Shelf.tags.0 of type string"),
            (r#"{"tags":{}}"#, "object into Go struct field Shelf.tags of type []string"),
            (
                r#"{"parts":[{},{"open":""}]}"#,
                "string into Go struct field Shelf.parts.1.open of type bool",
            ),
            (r#"{"parts":[true]}"#, "bool into Shelf.parts.0 of type server.Shelf"),
            (r#"{"labels":{"a":[]}}"#, "array into Go struct field Shelf.labels.a of type string"),
            ("[]", "array into Go value of type server.Shelf"),
        ] {
            assert_eq!(read(text), Err(format!("json: cannot unmarshal {expected}")), "{text}");
        }
        assert_eq!(
            read(r#"{"foo":{"x":[1]},"name":1}"#).unwrap_err(),
            r#"json: unknown field "foo""#
        );
        assert_eq!(
            read(r#"{"built":"abc"}"#).unwrap_err(),
            r#"parsing time "abc" as "2006-01-02T15:04:05Z07:00": cannot parse "abc" as "2006""#
        );
    }

    #[test]
    fn lenient_reading_passes_over_unknown_keys_alone() {
        let lenient = |text: &str| {
            let mut shelf = Shelf::default();
            decode(text.as_bytes(), Strictness::Lenient, &mut shelf).map(|()| shelf.name)
        };
        assert_eq!(lenient(r#"{"foo":1,"name":"a"}"#).as_deref(), Ok("a"));
        assert!(lenient(r#"{"foo":1,"name":1}"#).is_err());
        assert_eq!(lenient("{").unwrap_err(), "unexpected end of JSON input");
        assert_eq!(lenient("{} x").unwrap_err(), "invalid character 'x' after top-level value");
    }

    #[test]
    fn lists_are_bounded() {
        let text = format!(r#"{{"parts":[{}{{}}]}}"#, "{},".repeat(LIST_MAX));
        assert!(read(&text).unwrap_err().contains("65536"));
    }
}
