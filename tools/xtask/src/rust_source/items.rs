//! Line ranges of functions, modules and test blocks in a masked source.

use super::mask::mask;
use crate::words::is_identifier;

/// A Rust source with its comments and literals blanked out, and what was found in it.
pub(crate) struct RustSource {
    /// The masked text; lines correspond to those of the source.
    pub(crate) code: String,
    pub(crate) functions: Vec<Function>,
    modules: Vec<Module>,
}

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// 1-based line of the word `fn`.
    pub(crate) first_line: usize,
    /// 1-based line of the closing brace.
    pub(crate) last_line: usize,
    /// True when an attribute such as `#[test]` stands above it.
    pub(crate) is_test: bool,
    /// Names of the inline modules around it, outermost first.
    pub(crate) modules: Vec<String>,
}

struct Module {
    name: String,
    first_line: usize,
    last_line: usize,
    /// True when `#[cfg(test)]` stands above it.
    test_only: bool,
}

impl RustSource {
    pub(crate) fn new(text: &str) -> Self {
        let code = mask(text);
        let scan = Scan::new(&code);
        let modules = scan.modules();
        let functions = scan.functions(&modules);
        Self { code, functions, modules }
    }

    /// True when this 1-based line lies in a `#[cfg(test)]` module.
    pub(crate) fn is_test_line(&self, line: usize) -> bool {
        self.modules.iter().any(|module| {
            module.test_only && (module.first_line..=module.last_line).contains(&line)
        })
    }

    /// Masked lines with their 1-based numbers, those of test modules left out.
    pub(crate) fn product_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.numbered().filter(|(number, _)| !self.is_test_line(*number))
    }

    /// Masked lines with their 1-based numbers.
    pub(crate) fn numbered(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// The innermost function around a 1-based line.
    pub(crate) fn function_at(&self, line: usize) -> Option<&Function> {
        self.functions
            .iter()
            .filter(|function| (function.first_line..=function.last_line).contains(&line))
            .max_by_key(|function| function.first_line)
    }
}

/// The masked source as words and marks.
struct Scan<'a> {
    lines: Vec<&'a str>,
    tokens: Vec<Token<'a>>,
}

#[derive(Clone, Copy)]
struct Token<'a> {
    text: &'a str,
    line: usize,
}

impl<'a> Scan<'a> {
    fn new(code: &'a str) -> Self {
        let lines: Vec<&str> = code.lines().collect();
        let mut tokens = Vec::new();
        for (index, line) in lines.iter().enumerate() {
            tokenize(line, index + 1, &mut tokens);
        }
        Self { lines, tokens }
    }

    fn text(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |token| token.text)
    }

    fn modules(&self) -> Vec<Module> {
        let mut modules = Vec::new();
        for (at, token) in self.tokens.iter().enumerate() {
            if token.text == "mod" && self.text(at + 2) == "{" {
                let close = self.closing_brace(at + 2);
                modules.push(Module {
                    name: self.text(at + 1).to_owned(),
                    first_line: token.line,
                    last_line: self.tokens[close].line,
                    test_only: self.attributes_above(token.line).contains("cfg(test)"),
                });
            }
        }
        modules
    }

    fn functions(&self, modules: &[Module]) -> Vec<Function> {
        let mut functions = Vec::new();
        for (at, token) in self.tokens.iter().enumerate() {
            let name = self.text(at + 1);
            if token.text != "fn" || !name.starts_with(is_identifier) {
                continue;
            }
            let Some(open) = self.body(at + 2) else { continue };
            let attributes = self.attributes_above(token.line);
            let inside =
                |module: &&Module| (module.first_line..=module.last_line).contains(&token.line);
            functions.push(Function {
                name: name.to_owned(),
                first_line: token.line,
                last_line: self.tokens[self.closing_brace(open)].line,
                is_test: attributes.contains("test]") || attributes.contains("::test("),
                modules: modules.iter().filter(inside).map(|module| module.name.clone()).collect(),
            });
        }
        functions
    }

    /// The opening brace of the body, or nothing for a declaration that ends in a semicolon.
    fn body(&self, from: usize) -> Option<usize> {
        let mut depth = 0_i32;
        for (at, token) in self.tokens.iter().enumerate().skip(from) {
            match token.text {
                "(" | "[" => depth += 1,
                ")" | "]" => depth -= 1,
                "{" if depth == 0 => return Some(at),
                ";" if depth == 0 => return None,
                _ => {}
            }
        }
        None
    }

    /// The brace that closes the one at `open`; the last token in a source that lacks it.
    fn closing_brace(&self, open: usize) -> usize {
        let mut depth = 0_i32;
        for (at, token) in self.tokens.iter().enumerate().skip(open) {
            match token.text {
                "{" => depth += 1,
                "}" => depth -= 1,
                _ => continue,
            }
            if depth == 0 {
                return at;
            }
        }
        self.tokens.len() - 1
    }

    /// The attribute lines directly above a line, and the start of the line itself.
    fn attributes_above(&self, line: usize) -> String {
        let mut found = self.lines[line - 1].to_owned();
        for above in self.lines[..line - 1].iter().rev() {
            let trimmed = above.trim();
            if !trimmed.is_empty() && !trimmed.starts_with("#[") && !trimmed.starts_with(")]") {
                break;
            }
            found.push_str(trimmed);
        }
        found
    }
}

fn tokenize<'a>(line: &'a str, number: usize, tokens: &mut Vec<Token<'a>>) {
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if is_identifier(first) {
            rest.find(|character| !is_identifier(character)).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (text, remainder) = rest.split_at(length);
        tokens.push(Token { text, line: number });
        rest = remainder.trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = r#"
trait Shape { fn area(&self) -> [u8; 3]; }
fn outer(f: fn(u8) -> u8) -> &'static str {
    fn inner() { if x { "}" } }
    "text {"
}
mod wire {
    pub(crate) fn encode<T>(t: T) where T: Copy {
    }
}
#[cfg(test)]
mod tests {
    #[test]
    #[should_panic]
    fn refuses() {}
    #[tokio::test(flavor = "multi_thread")]
    async fn answers() {}
    fn fixture() {}
}
"#;

    fn names(functions: &[Function]) -> Vec<(&str, usize, usize)> {
        functions.iter().map(|f| (f.name.as_str(), f.first_line, f.last_line)).collect()
    }

    #[test]
    fn functions_have_their_lines() {
        let source = RustSource::new(SOURCE);
        let expected = [("outer", 3, 6), ("inner", 4, 4), ("encode", 8, 9), ("refuses", 15, 15)];
        assert_eq!(&names(&source.functions)[..4], expected);
    }

    #[test]
    fn tests_are_told_from_other_functions() {
        let source = RustSource::new(SOURCE);
        let tests: Vec<_> =
            source.functions.iter().filter(|f| f.is_test).map(|f| f.name.as_str()).collect();
        assert_eq!(tests, ["refuses", "answers"]);
        let refuses = source.functions.iter().find(|f| f.name == "refuses");
        assert_eq!(refuses.map(|f| f.modules.clone()), Some(vec!["tests".to_owned()]));
    }

    #[test]
    fn test_modules_are_not_product() {
        let source = RustSource::new(SOURCE);
        assert!(source.is_test_line(15) && !source.is_test_line(8));
        assert!(source.product_lines().all(|(number, _)| number < 12));
        assert_eq!(source.function_at(4).map(|f| f.name.as_str()), Some("inner"));
    }

    #[test]
    fn unbalanced_braces_are_no_trouble() {
        for text in ["fn f() {", "mod m {", "}", "fn", "fn f", ""] {
            RustSource::new(text);
        }
    }
}
