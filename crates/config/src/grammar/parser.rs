//! Maps, arrays, includes and variables.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::cursor::{Cursor, is_blank, is_newline, is_separator};
use super::limits::Budget;
use super::scalar::{Scalar, scalar};
use super::tree::{Data, Map, Value};
use crate::problem::{Position, Problem};
use crate::source::{Source, open_error};

/// Reads a configuration file and all that it includes.
///
/// # Errors
/// The first thing that is not of the grammar, cannot be read, or exceeds a bound.
pub fn parse(source: &dyn Source, path: &Path) -> Result<Map, Problem> {
    let text = source.read(path).map_err(|error| Problem::error(None, open_error(path, &error)))?;
    let mut budget = Budget::new();
    let spent = budget.spend(text.len()).and_then(|()| budget.open_file(path));
    spent.map_err(|text| Problem::error(None, text))?;
    let directory = path.parent().unwrap_or(Path::new("")).to_owned();
    Parser::new(source, &mut budget, &text, path.to_string_lossy().into(), directory).document()
}

/// Bare strings that begin so are bcrypt hashes and not variables; the dollar went before.
const BCRYPT_PREFIX: &str = "2a$";

/// Where a key stands: what ends its value differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Top,
    Nested,
}

enum Key {
    Named(String),
    Include,
}

struct Parser<'a> {
    source: &'a dyn Source,
    budget: &'a mut Budget,
    cursor: Cursor<'a>,
    directory: PathBuf,
    /// Maps being read, outermost first; variables are looked up in them from the end.
    scopes: Vec<Map>,
    /// Braces around the whole document that are still open.
    wrappers: u32,
}

impl<'a> Parser<'a> {
    fn new(
        source: &'a dyn Source,
        budget: &'a mut Budget,
        text: &'a str,
        file: Arc<str>,
        directory: PathBuf,
    ) -> Self {
        let cursor = Cursor::new(text, file);
        Self { source, budget, cursor, directory, scopes: vec![Map::default()], wrappers: 0 }
    }

    fn document(mut self) -> Result<Map, Problem> {
        loop {
            self.cursor.skip_filler();
            match self.cursor.peek() {
                None => break,
                Some('{') => {
                    self.cursor.bump();
                    self.wrappers = self.wrappers.saturating_add(1);
                }
                Some('}') => self.closing_brace()?,
                Some('/') => return Err(self.cursor.error("Unexpected '/'.")),
                Some(_) => self.entry(Level::Top)?,
            }
        }
        Ok(self.scopes.pop().unwrap_or_default())
    }

    /// JSON generators end a document so; without an opening one only the very end may.
    fn closing_brace(&mut self) -> Result<(), Problem> {
        let at = self.cursor.position();
        self.cursor.bump();
        if self.wrappers > 0 {
            self.wrappers -= 1;
            return Ok(());
        }
        self.cursor.skip_filler();
        match self.cursor.peek() {
            None => Ok(()),
            Some(_) => Err(Problem::error(at, "unexpected '}' at the top level")),
        }
    }

    /// A key with its value, or an include.
    fn entry(&mut self, level: Level) -> Result<(), Problem> {
        let at = self.cursor.position();
        match self.key(level)? {
            Key::Include => self.include(&at)?,
            Key::Named(key) => {
                self.value_start(level, &at, &key)?;
                let data = self.value()?;
                if let Some(scope) = self.scopes.last_mut() {
                    scope.insert(key, Value { at, data });
                }
            }
        }
        self.value_end(level)
    }

    fn key(&mut self, level: Level) -> Result<Key, Problem> {
        match self.cursor.peek() {
            Some(c) if is_separator(c) => {
                let stop = if level == Level::Top { "" } else { "." };
                Err(self.cursor.error(&format!("Unexpected key separator '{c}'{stop}")))
            }
            Some(']') if level == Level::Nested => {
                Err(self.cursor.error("Unexpected array end ']' processing map."))
            }
            Some(quote @ ('"' | '\'')) => {
                self.cursor.bump();
                let start = self.cursor.mark();
                self.cursor.skip_while(|c| c != quote);
                let key = self.cursor.since(start).to_owned();
                if !self.cursor.eat(quote) {
                    return Err(self.cursor.error("Unexpected EOF processing quoted key."));
                }
                Ok(Key::Named(key))
            }
            _ => {
                let start = self.cursor.mark();
                self.cursor.skip_while(|c| !c.is_whitespace() && !is_separator(c));
                let key = self.cursor.since(start);
                let before_space = self.cursor.peek().is_some_and(char::is_whitespace);
                if before_space && key.eq_ignore_ascii_case("include") {
                    return Ok(Key::Include);
                }
                Ok(Key::Named(key.to_owned()))
            }
        }
    }

    /// Steps over what separates a key from its value.
    fn value_start(&mut self, level: Level, at: &Position, key: &str) -> Result<(), Problem> {
        self.cursor.skip_while(char::is_whitespace);
        let separated = self.cursor.peek().is_some_and(is_separator);
        if separated {
            self.cursor.bump();
        }
        if level == Level::Nested {
            self.cursor.skip_while(char::is_whitespace);
        } else if separated {
            self.cursor.skip_blanks();
        }
        match self.cursor.peek() {
            None if level == Level::Nested => {
                Err(self.cursor.error("Unexpected EOF processing map."))
            }
            None if !separated => Err(Problem::error(
                self.cursor.position(),
                format!("config is invalid: key {key:?} has no value"),
            )),
            Some(',') if level == Level::Nested => {
                Err(self.cursor.error("Unexpected map value terminator \",\"."))
            }
            Some('}') if level == Level::Nested => {
                Err(Problem::error(at.clone(), format!("key {key:?} has no value")))
            }
            _ => Ok(()),
        }
    }

    fn value_end(&mut self, level: Level) -> Result<(), Problem> {
        loop {
            self.cursor.skip_blanks();
            if !self.cursor.skip_comment() {
                break;
            }
        }
        match (self.cursor.peek(), level) {
            (None, Level::Top) => Ok(()),
            (Some(c), _) if is_newline(c) || c == ';' || c == ',' => {
                self.cursor.bump();
                Ok(())
            }
            (Some('}'), Level::Top) => {
                self.cursor.bump();
                self.wrappers = self.wrappers.saturating_sub(1);
                Ok(())
            }
            (Some('}'), Level::Nested) => Ok(()),
            (_, Level::Top) => Err(self.cursor.error(&format!(
                "Expected a top-level value to end with a new line, comment or EOF, but got \
                 '{}' instead.",
                self.cursor.shown()
            ))),
            (_, Level::Nested) => Err(self.cursor.error(&format!(
                "Expected a map value terminator \",\" or a map terminator \"}}\", but got '{}' \
                 instead.",
                self.cursor.shown()
            ))),
        }
    }

    fn value(&mut self) -> Result<Data, Problem> {
        match self.cursor.peek() {
            Some('[') => self.nested(Self::array),
            Some('{') => self.nested(Self::map),
            _ => {
                let at = self.cursor.position();
                match scalar(&mut self.cursor)? {
                    Scalar::Data(data) => Ok(data),
                    Scalar::Variable(name) => self.variable(&name, &at),
                }
            }
        }
    }

    fn nested(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Data, Problem>,
    ) -> Result<Data, Problem> {
        self.budget.enter().map_err(|text| self.cursor.error(&text))?;
        self.cursor.bump();
        let data = read(self);
        self.budget.leave();
        data
    }

    fn map(&mut self) -> Result<Data, Problem> {
        self.scopes.push(Map::default());
        loop {
            self.cursor.skip_filler();
            match self.cursor.peek() {
                None => return Err(self.cursor.error("Unexpected EOF processing map.")),
                Some('}') => break,
                Some(_) => self.entry(Level::Nested)?,
            }
        }
        self.cursor.bump();
        Ok(Data::Map(self.scopes.pop().unwrap_or_default()))
    }

    fn array(&mut self) -> Result<Data, Problem> {
        let mut items = Vec::new();
        loop {
            self.cursor.skip_filler();
            match self.cursor.peek() {
                Some(']') => break,
                Some(',') => {
                    return Err(self.cursor.error("Unexpected array value terminator ','."));
                }
                None => return Err(self.array_error()),
                Some(_) => {
                    let at = self.cursor.position();
                    items.push(Value { at, data: self.value()? });
                }
            }
            self.array_item_end()?;
        }
        self.cursor.bump();
        Ok(Data::Array(items))
    }

    fn array_item_end(&mut self) -> Result<(), Problem> {
        loop {
            self.cursor.skip_blanks();
            if !self.cursor.skip_comment() {
                break;
            }
        }
        match self.cursor.peek() {
            Some(c) if c == ',' || is_newline(c) => {
                self.cursor.bump();
                Ok(())
            }
            Some(']') => Ok(()),
            _ => Err(self.array_error()),
        }
    }

    fn array_error(&self) -> Problem {
        self.cursor.error(&format!(
            "Expected an array value terminator \",\" or an array terminator \"]\", but got '{}' \
             instead.",
            self.cursor.shown()
        ))
    }

    fn variable(&mut self, name: &str, at: &Position) -> Result<Data, Problem> {
        if name.starts_with(BCRYPT_PREFIX) {
            return Ok(Data::Text(format!("${name}")));
        }
        let found = self.scopes.iter_mut().rev().find_map(|scope| scope.use_variable(name));
        if let Some(data) = found {
            let spent = self.budget.spend(data.weight());
            let data = data.clone();
            spent.map_err(|text| Problem::error(at.clone(), text))?;
            return Ok(data);
        }
        let unparsed = |reason: &str| {
            let line = at.line;
            let text = format!(
                "variable reference for '{name}' on line {line} could not be parsed: {reason}"
            );
            Problem::error(at.clone(), text)
        };
        self.budget.open_variable(name).map_err(|text| unparsed(&text))?;
        let data = self.environment(name, at).map_err(|problem| unparsed(&problem.text))?;
        self.budget.close_variable();
        data.ok_or_else(|| {
            let line = at.line;
            let text = format!("variable reference for '{name}' on line {line} can not be found");
            Problem::error(at.clone(), text)
        })
    }

    /// An environment variable's text, read as a value would be in the file.
    fn environment(&mut self, name: &str, at: &Position) -> Result<Option<Data>, Problem> {
        const KEY: &str = "pk";
        let Some(value) = self.source.env(name) else { return Ok(None) };
        let text = format!("{KEY}={value}");
        self.budget.spend(text.len()).map_err(|text| Problem::error(at.clone(), text))?;
        let file = format!("${name}").into();
        let directory = self.directory.clone();
        let parser = Parser::new(self.source, self.budget, &text, file, directory);
        let map = parser.document()?;
        let data = map.entry(KEY).map(|entry| &entry.value.data);
        if let Some(data) = data {
            self.budget.spend(data.weight()).map_err(|text| Problem::error(at.clone(), text))?;
        }
        Ok(data.cloned())
    }

    fn include(&mut self, at: &Position) -> Result<(), Problem> {
        let name = self.include_path()?;
        let path = self.directory.join(&name);
        let failed = |reason: &str| {
            Problem::error(at.clone(), format!("error parsing include file '{name}', {reason}"))
        };
        self.budget.open_file(&path).map_err(|text| failed(&text))?;
        let text = self.source.read(&path).map_err(|error| failed(&open_error(&path, &error)))?;
        self.budget.spend(text.len()).map_err(|text| failed(&text))?;
        let file = path.to_string_lossy().into();
        let directory = path.parent().unwrap_or(Path::new("")).to_owned();
        let included = Parser::new(self.source, self.budget, &text, file, directory).document()?;
        self.budget.close_file();
        if let Some(scope) = self.scopes.last_mut() {
            scope.absorb(included);
        }
        Ok(())
    }

    fn include_path(&mut self) -> Result<String, Problem> {
        self.cursor.skip_blanks();
        let found = match self.cursor.peek() {
            Some(quote @ ('"' | '\'')) => {
                self.cursor.bump();
                let start = self.cursor.mark();
                self.cursor.skip_while(|c| c != quote);
                let path = self.cursor.since(start).to_owned();
                if !self.cursor.eat(quote) {
                    return Err(self.cursor.error("Unexpected EOF in quoted include"));
                }
                return Ok(path);
            }
            Some('[') => "start of an array",
            Some('{') => "start of a map",
            Some('(') => "start of a block",
            Some('\\') => "escape sequence",
            Some(c) if c.is_ascii_digit() || c == '-' => "start of a number",
            None => "end of file",
            Some(c) if is_newline(c) => "new line",
            Some(_) => return Ok(self.bare_include_path()),
        };
        Err(self.cursor.error(&format!("Expected include value but found {found}")))
    }

    fn bare_include_path(&mut self) -> String {
        let start = self.cursor.mark();
        self.cursor
            .skip_while(|c| !is_newline(c) && !is_blank(c) && !matches!(c, ';' | '}' | '\''));
        let path = self.cursor.since(start).to_owned();
        self.cursor.eat('\'');
        path
    }
}
