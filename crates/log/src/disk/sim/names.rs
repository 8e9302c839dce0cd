//! Names of files and directories: as everybody sees them, and as they would be after a power cut.

use std::collections::BTreeMap;

use super::Random;
use crate::disk::path::parent;

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Node {
    File(u64),
    Directory,
}

/// What was done to names and not synced yet.
#[derive(Debug, Clone)]
enum Change {
    Made(String, Node),
    Removed(String),
    Renamed(String, String),
}

#[derive(Debug, Clone)]
pub(super) struct Names {
    seen: BTreeMap<String, Node>,
    durable: BTreeMap<String, Node>,
    pending: Vec<Change>,
}

impl Default for Names {
    fn default() -> Self {
        let root = BTreeMap::from([(String::new(), Node::Directory)]);
        Self { seen: root.clone(), durable: root, pending: Vec::new() }
    }
}

impl Names {
    pub(super) fn at(&self, path: &str) -> Option<Node> {
        self.seen.get(path).copied()
    }

    pub(super) fn is_directory(&self, path: &str) -> bool {
        self.at(path) == Some(Node::Directory)
    }

    /// The names in a directory.
    pub(super) fn within<'a>(&'a self, path: &'a str) -> impl Iterator<Item = (&'a str, Node)> {
        self.seen
            .iter()
            .filter(move |(name, _)| !name.is_empty() && parent(name) == path)
            .map(|(name, node)| (name.rsplit('/').next().unwrap_or(name), *node))
    }

    pub(super) fn make(&mut self, path: &str, node: Node) {
        self.change(Change::Made(path.to_owned(), node));
    }

    pub(super) fn remove(&mut self, path: &str) {
        self.change(Change::Removed(path.to_owned()));
    }

    pub(super) fn rename(&mut self, from: &str, to: &str) {
        self.change(Change::Renamed(from.to_owned(), to.to_owned()));
    }

    /// Makes the changes in a directory durable. A rename is one change, also between two.
    pub(super) fn sync(&mut self, directory: &str) {
        let concerns = |change: &Change| match change {
            Change::Made(path, _) | Change::Removed(path) => parent(path) == directory,
            Change::Renamed(from, to) => parent(from) == directory || parent(to) == directory,
        };
        for change in std::mem::take(&mut self.pending) {
            if concerns(&change) {
                self.settle(&change);
            } else {
                self.pending.push(change);
            }
        }
    }

    /// Each change that was not synced has happened or not; what is then in no directory is gone.
    pub(super) fn crash(&mut self, survival_percent: u64, random: &mut Random) {
        for change in std::mem::take(&mut self.pending) {
            if random.happens(survival_percent) {
                self.settle(&change);
            }
        }
        let all: Vec<String> = self.durable.keys().cloned().collect();
        for path in all {
            if !path.is_empty() && self.durable.get(parent(&path)) != Some(&Node::Directory) {
                self.durable.remove(&path);
            }
        }
        self.seen.clone_from(&self.durable);
    }

    /// The files that have a name, now or after a power cut.
    pub(super) fn files(&self) -> impl Iterator<Item = u64> {
        self.seen.values().chain(self.durable.values()).filter_map(|node| match node {
            Node::File(id) => Some(*id),
            Node::Directory => None,
        })
    }

    fn change(&mut self, change: Change) {
        apply(&mut self.seen, &change, None);
        self.pending.push(change);
    }

    fn settle(&mut self, change: &Change) {
        // The file itself, should its own name never have become durable.
        let moved = match change {
            Change::Renamed(_, to) => self.seen.get(to).copied(),
            _ => None,
        };
        apply(&mut self.durable, change, moved);
    }
}

fn apply(names: &mut BTreeMap<String, Node>, change: &Change, moved: Option<Node>) {
    match change {
        Change::Made(path, node) => {
            names.insert(path.clone(), *node);
        }
        Change::Removed(path) => {
            names.remove(path);
        }
        Change::Renamed(from, to) => {
            if let Some(node) = names.remove(from).or(moved) {
                names.insert(to.clone(), node);
            }
            let prefix = format!("{from}/");
            let below: Vec<String> =
                names.keys().filter(|path| path.starts_with(&prefix)).cloned().collect();
            for path in below {
                let target = format!("{to}/{}", &path[prefix.len()..]);
                if let Some(node) = names.remove(&path) {
                    names.insert(target, node);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &Names) -> Vec<String> {
        names.within("").map(|(name, _)| name.to_owned()).collect()
    }

    #[test]
    fn names_survive_once_their_directory_is_synced() {
        let mut all = Names::default();
        all.make("a", Node::File(1));
        all.sync("");
        all.make("b", Node::File(2));
        all.rename("a", "c");
        assert_eq!(names(&all), ["b", "c"]);
        let mut lost = all.clone();
        lost.crash(0, &mut Random::new(0));
        assert_eq!(names(&lost), ["a"]);
        all.crash(100, &mut Random::new(0));
        assert_eq!(names(&all), ["b", "c"]);
    }

    #[test]
    fn what_is_in_a_directory_that_is_lost_is_lost() {
        let mut all = Names::default();
        all.make("d", Node::Directory);
        all.make("d/file", Node::File(1));
        all.sync("d");
        all.crash(0, &mut Random::new(0));
        assert!(names(&all).is_empty() && all.at("d/file").is_none());
    }
}
