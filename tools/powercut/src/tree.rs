//! Files and directories, now and without power.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};

use fuser::Errno;

use crate::contents::File;

/// The number of the root directory.
pub const ROOT: u64 = 1;
/// Pages that all files together may take: 1 GiB.
pub const PAGES_MAX: usize = 256 * 1024;
/// Numbers of nodes between two searches for ones that nobody can reach.
const SWEEP_AT: usize = 256;

type Names = BTreeMap<OsString, u64>;

/// The names in a directory. A name is durable when its directory was synced.
#[derive(Debug, Default)]
struct Directory {
    now: Names,
    durable: Names,
}

#[derive(Debug)]
enum Node {
    File { file: File, opens: u64 },
    Directory(Directory),
}

/// What a node is, for `stat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file of so many bytes.
    File(u64),
    /// A directory.
    Directory,
}

/// All files and directories. Numbers are never used twice.
#[derive(Debug)]
pub struct Tree {
    nodes: BTreeMap<u64, Node>,
    next: u64,
    pages: usize,
    /// Nodes there were after the last sweep.
    swept: usize,
}

impl Tree {
    /// An empty directory.
    pub fn new() -> Self {
        let root = Node::Directory(Directory::default());
        Self { nodes: BTreeMap::from([(ROOT, root)]), next: ROOT + 1, pages: 0, swept: 1 }
    }

    /// Pages that are not used.
    pub fn pages_free(&self) -> usize {
        PAGES_MAX.saturating_sub(self.pages)
    }

    /// What the node is.
    pub fn kind(&self, number: u64) -> Result<Kind, Errno> {
        match self.nodes.get(&number).ok_or(Errno::ENOENT)? {
            Node::File { file, .. } => Ok(Kind::File(file.length())),
            Node::Directory(_) => Ok(Kind::Directory),
        }
    }

    /// The node of that name.
    pub fn lookup(&self, parent: u64, name: &OsStr) -> Result<u64, Errno> {
        self.names(parent)?.get(name).copied().ok_or(Errno::ENOENT)
    }

    /// Names in a directory, with their nodes.
    pub fn list(&self, directory: u64) -> Result<Vec<(OsString, u64)>, Errno> {
        Ok(self.names(directory)?.iter().map(|(name, &node)| (name.clone(), node)).collect())
    }

    /// The file, to be read.
    pub fn file(&self, number: u64) -> Result<&File, Errno> {
        match self.nodes.get(&number).ok_or(Errno::ENOENT)? {
            Node::File { file, .. } => Ok(file),
            Node::Directory(_) => Err(Errno::EISDIR),
        }
    }

    /// Changes a file's contents.
    pub fn change(&mut self, number: u64, change: impl FnOnce(&mut File)) -> Result<(), Errno> {
        if self.pages >= PAGES_MAX {
            self.sweep();
        }
        if self.pages >= PAGES_MAX {
            return Err(Errno::ENOSPC);
        }
        let Some(Node::File { file, .. }) = self.nodes.get_mut(&number) else {
            return Err(Errno::EISDIR);
        };
        let before = file.pages();
        change(file);
        self.pages = (self.pages + file.pages()).saturating_sub(before);
        Ok(())
    }

    /// Somebody opens the file, which then lives without a name too.
    pub fn open(&mut self, number: u64) -> Result<(), Errno> {
        match self.nodes.get_mut(&number).ok_or(Errno::ENOENT)? {
            Node::File { opens, .. } => *opens += 1,
            Node::Directory(_) => return Err(Errno::EISDIR),
        }
        Ok(())
    }

    /// Somebody closed it.
    pub fn close(&mut self, number: u64) {
        if let Some(Node::File { opens, .. }) = self.nodes.get_mut(&number) {
            *opens = opens.saturating_sub(1);
        }
    }

    /// Makes an empty file or directory.
    pub fn make(&mut self, parent: u64, name: &OsStr, kind: Kind) -> Result<u64, Errno> {
        let number = self.next;
        let names = self.names_mut(parent)?;
        if names.contains_key(name) {
            return Err(Errno::EEXIST);
        }
        names.insert(name.to_owned(), number);
        let node = match kind {
            Kind::File(_) => Node::File { file: File::default(), opens: 0 },
            Kind::Directory => Node::Directory(Directory::default()),
        };
        self.nodes.insert(number, node);
        self.next += 1;
        Ok(number)
    }

    /// Removes the name of a file.
    pub fn unlink(&mut self, parent: u64, name: &OsStr) -> Result<(), Errno> {
        if self.kind(self.lookup(parent, name)?)? == Kind::Directory {
            return Err(Errno::EISDIR);
        }
        self.names_mut(parent)?.remove(name);
        self.sweep_if_due();
        Ok(())
    }

    /// Removes an empty directory.
    pub fn remove_dir(&mut self, parent: u64, name: &OsStr) -> Result<(), Errno> {
        if !self.names(self.lookup(parent, name)?)?.is_empty() {
            return Err(Errno::ENOTEMPTY);
        }
        self.names_mut(parent)?.remove(name);
        self.sweep_if_due();
        Ok(())
    }

    /// Gives a node another name, replacing a file or an empty directory there.
    pub fn rename(
        &mut self,
        (parent, name): (u64, &OsStr),
        (to_parent, to_name): (u64, &OsStr),
    ) -> Result<(), Errno> {
        let number = self.lookup(parent, name)?;
        if let Ok(there) = self.lookup(to_parent, to_name)
            && self.names(there).is_ok_and(|names| !names.is_empty())
        {
            return Err(Errno::ENOTEMPTY);
        }
        self.names_mut(to_parent)?.insert(to_name.to_owned(), number);
        self.names_mut(parent)?.remove(name);
        self.sweep_if_due();
        Ok(())
    }

    /// Makes the names in one directory durable.
    pub fn sync_dir(&mut self, number: u64) -> Result<(), Errno> {
        match self.nodes.get_mut(&number).ok_or(Errno::ENOENT)? {
            Node::Directory(directory) => directory.durable.clone_from(&directory.now),
            Node::File { .. } => return Err(Errno::ENOTDIR),
        }
        self.sweep();
        Ok(())
    }

    /// Makes all names durable.
    pub fn sync_names(&mut self) {
        for node in self.nodes.values_mut() {
            if let Node::Directory(directory) = node {
                directory.durable.clone_from(&directory.now);
            }
        }
    }

    /// Makes everything durable.
    pub fn sync_all(&mut self) {
        self.sync_names();
        for node in self.nodes.values_mut() {
            if let Node::File { file, .. } = node {
                file.sync();
            }
        }
    }

    /// Some of what is volatile becomes durable: what `keep` says, asked for each sector, each
    /// length and each name.
    pub fn settle_some(&mut self, mut keep: impl FnMut() -> bool) {
        for node in self.nodes.values_mut() {
            match node {
                Node::File { file, .. } => file.settle_some(&mut keep),
                Node::Directory(directory) => directory.settle_some(&mut keep),
            }
        }
    }

    /// What is volatile is gone, and nobody has a file open.
    pub fn lose(&mut self) {
        for node in self.nodes.values_mut() {
            match node {
                Node::File { file, opens } => {
                    file.lose();
                    *opens = 0;
                }
                Node::Directory(directory) => directory.now.clone_from(&directory.durable),
            }
        }
        self.sweep();
    }

    fn names(&self, directory: u64) -> Result<&Names, Errno> {
        match self.nodes.get(&directory).ok_or(Errno::ENOENT)? {
            Node::Directory(directory) => Ok(&directory.now),
            Node::File { .. } => Err(Errno::ENOTDIR),
        }
    }

    fn names_mut(&mut self, directory: u64) -> Result<&mut Names, Errno> {
        match self.nodes.get_mut(&directory).ok_or(Errno::ENOENT)? {
            Node::Directory(directory) => Ok(&mut directory.now),
            Node::File { .. } => Err(Errno::ENOTDIR),
        }
    }

    fn sweep_if_due(&mut self) {
        if self.nodes.len() > self.swept + SWEEP_AT {
            self.sweep();
        }
    }

    /// Forgets nodes that have no name, durable or not, and are not open.
    fn sweep(&mut self) {
        let mut reached = BTreeSet::new();
        let mut ahead = vec![ROOT];
        while let Some(number) = ahead.pop() {
            if reached.insert(number)
                && let Some(Node::Directory(directory)) = self.nodes.get(&number)
            {
                ahead.extend(directory.now.values().chain(directory.durable.values()));
            }
        }
        self.nodes.retain(|number, node| {
            reached.contains(number) || matches!(node, Node::File { opens: 1.., .. })
        });
        self.swept = self.nodes.len();
        let pages = self.nodes.values().map(|node| match node {
            Node::File { file, .. } => file.pages(),
            Node::Directory(_) => 0,
        });
        self.pages = pages.sum();
    }
}

impl Directory {
    fn settle_some(&mut self, mut keep: impl FnMut() -> bool) {
        let names: BTreeSet<OsString> =
            self.now.keys().chain(self.durable.keys()).cloned().collect();
        for name in names {
            if self.now.get(&name) == self.durable.get(&name) || !keep() {
                continue;
            }
            match self.now.get(&name) {
                Some(&number) => self.durable.insert(name, number),
                None => self.durable.remove(&name),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree_with(name: &str) -> (Tree, u64) {
        let mut tree = Tree::new();
        let number = tree.make(ROOT, name.as_ref(), Kind::File(0)).unwrap();
        tree.change(number, |file| file.write(0, b"text")).unwrap();
        tree.change(number, File::sync).unwrap();
        (tree, number)
    }

    fn names(tree: &Tree) -> Vec<OsString> {
        tree.list(ROOT).unwrap().into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn a_synced_file_has_no_name_before_its_directory_is_synced() {
        let (mut tree, _) = tree_with("a");
        tree.lose();
        assert!(names(&tree).is_empty());
        let (mut tree, number) = tree_with("a");
        tree.sync_dir(ROOT).unwrap();
        tree.lose();
        assert_eq!(names(&tree), ["a"]);
        assert_eq!(tree.file(number).unwrap().read(0, 10), b"text");
    }

    #[test]
    fn removals_and_renames_are_undone_until_the_directory_is_synced() {
        let (mut tree, _) = tree_with("a");
        tree.sync_dir(ROOT).unwrap();
        tree.rename((ROOT, "a".as_ref()), (ROOT, "b".as_ref())).unwrap();
        assert_eq!(names(&tree), ["b"]);
        tree.lose();
        assert_eq!(names(&tree), ["a"]);
        tree.unlink(ROOT, "a".as_ref()).unwrap();
        tree.lose();
        assert_eq!(names(&tree), ["a"]);
        tree.unlink(ROOT, "a".as_ref()).unwrap();
        tree.sync_dir(ROOT).unwrap();
        tree.lose();
        assert!(names(&tree).is_empty());
    }

    #[test]
    fn an_open_file_lives_without_a_name() {
        let (mut tree, number) = tree_with("a");
        tree.open(number).unwrap();
        tree.unlink(ROOT, "a".as_ref()).unwrap();
        tree.sweep();
        assert_eq!(tree.kind(number), Ok(Kind::File(4)));
        tree.close(number);
        tree.sweep();
        assert_eq!(tree.kind(number), Err(Errno::ENOENT));
    }
}
