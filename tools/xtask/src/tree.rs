//! The repository's own files: everything that git tracks or would track.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

/// The texts that the checks look at. Files that are not UTF-8 are left out.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(crate) files: Vec<File>,
}

/// One text file.
#[derive(Debug)]
pub(crate) struct File {
    /// Path from the repository's root, with forward slashes.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Tree {
    /// Reads the repository that this program was built from.
    pub(crate) fn load() -> io::Result<Self> {
        let root = root();
        let mut paths = listed(&root)?;
        paths.sort();
        paths.dedup();
        let files = paths
            .into_iter()
            .filter_map(|path| {
                let text = fs::read_to_string(root.join(&path)).ok()?;
                Some(File { path, text })
            })
            .collect();
        Ok(Self { files })
    }

    /// The file at exactly this path.
    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The files whose path starts with `folder`, which ends in a slash.
    pub(crate) fn under<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a File> + 'a {
        self.files.iter().filter(move |file| file.path.starts_with(folder))
    }

    /// The Rust sources.
    pub(crate) fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.has_extension("rs"))
    }

    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let file = |(path, text): &(&str, &str)| File {
            path: (*path).to_owned(),
            text: (*text).to_owned(),
        };
        Self { files: files.iter().map(file).collect() }
    }
}

impl File {
    pub(crate) fn has_extension(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|found| found == extension)
    }

    /// The name of the crate that the file belongs to, when it lies in `crates/`.
    pub(crate) fn crate_name(&self) -> Option<&str> {
        self.path.strip_prefix("crates/")?.split('/').next()
    }

    /// True for sources that are compiled into the crate, tests in them included.
    pub(crate) fn is_crate_source(&self) -> bool {
        self.path.starts_with("crates/") && self.path.split('/').nth(2) == Some("src")
    }

    /// True when the whole file is tests: `tests.rs`, `…_tests.rs`, or in a `tests` folder.
    pub(crate) fn is_all_tests(&self) -> bool {
        let is_tests =
            |part: &str| part == "tests" || part == "tests.rs" || part.ends_with("_tests.rs");
        self.path.split('/').any(is_tests)
    }

    /// The first line, or nothing for a script without one.
    pub(crate) fn is_script_of(&self, interpreter: &str) -> bool {
        let first = self.text.lines().next().unwrap_or_default();
        first.starts_with("#!") && first.contains(interpreter)
    }
}

/// The repository's root: two folders above this package.
pub(crate) fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().nth(2).unwrap_or(package).to_path_buf()
}

/// Tracked and not ignored paths; every file when there is no git, as in an unpacked archive.
fn listed(root: &Path) -> io::Result<Vec<String>> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output();
    match output {
        Ok(output) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout)
            .split('\0')
            .filter(|path| !path.is_empty())
            .map(str::to_owned)
            .collect()),
        _ => {
            let mut paths = Vec::new();
            walk(root, root, &mut paths)?;
            Ok(paths)
        }
    }
}

fn walk(root: &Path, folder: &Path, paths: &mut Vec<String>) -> io::Result<()> {
    const SKIPPED: [&str; 4] = ["target", ".git", "node_modules", "__pycache__"];
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if SKIPPED.iter().any(|skipped| name == *skipped) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            walk(root, &entry.path(), paths)?;
        } else if let Ok(path) = entry.path().strip_prefix(root) {
            paths.push(path.to_string_lossy().replace('\\', "/"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_where_a_file_belongs() {
        let tree = Tree::of(&[
            ("crates/nats/src/codec/mod.rs", ""),
            ("crates/nats/tests/split.rs", ""),
            ("crates/nats/src/codec/tests.rs", ""),
            ("test", "#!/usr/bin/env python3\n"),
        ]);
        let [source, integration, beside, script] = tree.files.as_slice() else { panic!() };
        assert_eq!(source.crate_name(), Some("nats"));
        assert!(source.is_crate_source() && !source.is_all_tests());
        assert!(integration.is_all_tests() && !integration.is_crate_source());
        assert!(beside.is_all_tests());
        assert!(script.is_script_of("python") && script.crate_name().is_none());
    }

    #[test]
    fn this_repository_can_be_read() {
        let tree = Tree::load().expect("the tests run inside the repository");
        assert!(tree.file("Cargo.toml").is_some());
        assert!(tree.file("tools/xtask/src/tree.rs").is_some());
    }
}
