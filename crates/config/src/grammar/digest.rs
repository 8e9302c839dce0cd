//! The digest that names a configuration's content, however it is laid out.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::tree::{Data, Map};

/// `sha256:<hex>` of the tree as JSON: the text that nats-server prints with `-t` for the same
/// file. Its JSON is that of Go's `encoding/json`: sorted keys, `<`, `>` and `&` escaped, a
/// newline at the end.
#[must_use]
pub fn digest(map: &Map) -> String {
    let mut json = Json { hasher: Sha256::new() };
    json.map(map);
    json.raw("\n");
    let mut text = "sha256:".to_owned();
    for byte in json.hasher.finalize() {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

struct Json {
    hasher: Sha256,
}

impl Json {
    fn raw(&mut self, text: &str) {
        self.hasher.update(text.as_bytes());
    }

    fn map(&mut self, map: &Map) {
        self.raw("{");
        for (index, (key, entry)) in map.iter().enumerate() {
            if index > 0 {
                self.raw(",");
            }
            self.text(key);
            self.raw(":");
            self.data(&entry.value.data);
        }
        self.raw("}");
    }

    fn data(&mut self, data: &Data) {
        match data {
            Data::Bool(value) => self.raw(if *value { "true" } else { "false" }),
            Data::Int(value) => self.raw(&value.to_string()),
            Data::Float(value) => self.raw(&go_float(*value)),
            Data::Text(value) | Data::DateTime(value) => self.text(value),
            Data::Array(items) => {
                self.raw("[");
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        self.raw(",");
                    }
                    self.data(&item.data);
                }
                self.raw("]");
            }
            Data::Map(map) => self.map(map),
        }
    }

    fn text(&mut self, text: &str) {
        let mut quoted = String::with_capacity(text.len() + 2);
        quoted.push('"');
        for c in text.chars() {
            match c {
                '"' => quoted.push_str("\\\""),
                '\\' => quoted.push_str("\\\\"),
                '\u{8}' => quoted.push_str("\\b"),
                '\u{c}' => quoted.push_str("\\f"),
                '\n' => quoted.push_str("\\n"),
                '\r' => quoted.push_str("\\r"),
                '\t' => quoted.push_str("\\t"),
                '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                    // Writing to a String does not fail.
                    let _ = write!(quoted, "\\u{:04x}", u32::from(c));
                }
                _ => quoted.push(c),
            }
        }
        quoted.push('"');
        self.raw(&quoted);
    }
}

/// A number as Go's `encoding/json` writes it: without exponent from 1e-6 up to 1e21.
fn go_float(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude == 0.0 || (1e-6..1e21).contains(&magnitude) {
        return value.to_string();
    }
    let text = format!("{value:e}");
    match text.split_once('e') {
        Some((digits, exponent)) if !exponent.starts_with('-') => format!("{digits}e+{exponent}"),
        _ => text,
    }
}
