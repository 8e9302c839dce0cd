//! Bounds on what a configuration may cost to read. Not in nats-server, which a cycle of
//! includes or a deep nesting brings down.

use std::path::{Path, PathBuf};

/// Maps and arrays inside each other, counted through includes.
pub(super) const DEPTH_MAX: u32 = 100;
/// Files included, however often each.
const INCLUDES_MAX: u32 = 1000;
/// Bytes of all files read, of environment values, and of what variables copied.
const BYTES_MAX: usize = 64 * 1024 * 1024;

/// What is still allowed, and which files and variables are being read right now.
#[derive(Debug)]
pub(super) struct Budget {
    bytes: usize,
    includes: u32,
    pub(super) depth: u32,
    open_files: Vec<PathBuf>,
    open_variables: Vec<String>,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self {
            bytes: BYTES_MAX,
            includes: INCLUDES_MAX,
            depth: 0,
            open_files: Vec::new(),
            open_variables: Vec::new(),
        }
    }

    pub(super) fn spend(&mut self, bytes: usize) -> Result<(), String> {
        self.bytes = self
            .bytes
            .checked_sub(bytes)
            .ok_or_else(|| format!("configuration is larger than {BYTES_MAX} bytes"))?;
        Ok(())
    }

    /// One map or array deeper.
    pub(super) fn enter(&mut self) -> Result<(), String> {
        if self.depth >= DEPTH_MAX {
            return Err(format!("nested deeper than {DEPTH_MAX} levels"));
        }
        self.depth += 1;
        Ok(())
    }

    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    pub(super) fn open_file(&mut self, path: &Path) -> Result<(), String> {
        if self.open_files.iter().any(|open| open == path) {
            return Err(format!("include cycle for '{}'", path.display()));
        }
        self.includes = self
            .includes
            .checked_sub(1)
            .ok_or_else(|| format!("more than {INCLUDES_MAX} included files"))?;
        self.enter()?;
        self.open_files.push(path.to_owned());
        Ok(())
    }

    pub(super) fn close_file(&mut self) {
        self.open_files.pop();
        self.leave();
    }

    pub(super) fn open_variable(&mut self, name: &str) -> Result<(), String> {
        if self.open_variables.iter().any(|open| open == name) {
            return Err(format!("variable reference cycle for '{name}'"));
        }
        self.enter()?;
        self.open_variables.push(name.to_owned());
        Ok(())
    }

    pub(super) fn close_variable(&mut self) {
        self.open_variables.pop();
        self.leave();
    }
}
