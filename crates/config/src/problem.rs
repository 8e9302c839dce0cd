//! What is wrong with a configuration, and where. Not how it is shown: the binary prints these.

use std::fmt;
use std::sync::Arc;

/// Where a key or value stands. Lines and columns count from 1, columns in bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Path of the file as it was opened.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Byte of the line, from 1.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// How bad a [`Problem`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The configuration is invalid; nats-server would refuse it too.
    Error,
    /// The option restricts access, or promises durability or isolation, and does not act yet:
    /// starting regardless would be less safe than the file says.
    Refusal,
    /// nats-server warns about this too: it starts, but its `-t` fails.
    Warning,
    /// A known option does not act yet. `-t` does not fail because of it.
    Notice,
}

/// One finding about a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where, if it has a place in a file.
    pub at: Option<Position>,
    /// How bad it is.
    pub severity: Severity,
    /// What was expected and what came.
    pub text: String,
}

impl Problem {
    pub(crate) fn error(at: impl Into<Option<Position>>, text: impl Into<String>) -> Self {
        Self { at: at.into(), severity: Severity::Error, text: text.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.at {
            Some(at) => write!(f, "{at}: {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

/// Why a configuration cannot be used. Displayed as nats-server does: warnings first, then
/// errors, one a line.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Errors {
    /// Errors and refusals, in the order of the file; never empty.
    pub problems: Vec<Problem>,
    /// Warnings and notices found on the way.
    pub warnings: Vec<Problem>,
}

impl Errors {
    /// Whether the file is valid and only options that do not act yet prevent the start.
    #[must_use]
    pub fn only_refusals(&self) -> bool {
        self.problems.iter().all(|problem| problem.severity == Severity::Refusal)
    }
}

impl From<Problem> for Errors {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem], warnings: Vec::new() }
    }
}

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.warnings.iter().chain(&self.problems).enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Errors {}

/// Collects findings, so that all are reported and not just the first.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    found: Vec<Problem>,
}

impl Problems {
    pub(crate) fn error(&mut self, at: &Position, text: impl Into<String>) {
        self.push(at, Severity::Error, text.into());
    }

    pub(crate) fn refusal(&mut self, at: &Position, text: impl Into<String>) {
        self.push(at, Severity::Refusal, text.into());
    }

    pub(crate) fn warning(&mut self, at: &Position, text: impl Into<String>) {
        self.push(at, Severity::Warning, text.into());
    }

    pub(crate) fn notice(&mut self, at: &Position, text: impl Into<String>) {
        self.push(at, Severity::Notice, text.into());
    }

    /// A finding about the whole file.
    pub(crate) fn warning_without_place(&mut self, text: impl Into<String>) {
        self.found.push(Problem { at: None, severity: Severity::Warning, text: text.into() });
    }

    fn push(&mut self, at: &Position, severity: Severity, text: String) {
        self.found.push(Problem { at: Some(at.clone()), severity, text });
    }

    /// The warnings if nothing prevents the start, everything otherwise.
    pub(crate) fn finish(mut self) -> Result<Vec<Problem>, Errors> {
        self.found.sort_by(|a, b| a.at.cmp(&b.at));
        let (warnings, problems): (Vec<_>, Vec<_>) = self
            .found
            .into_iter()
            .partition(|p| matches!(p.severity, Severity::Warning | Severity::Notice));
        if problems.is_empty() { Ok(warnings) } else { Err(Errors { problems, warnings }) }
    }
}
