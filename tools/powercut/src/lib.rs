//! Storage whose power can be cut: a file system in memory that forgets what was not synced.
//!
//! It is *not* a simulation of a server's storage (that is in the `log` crate): it is mounted
//! through FUSE, so that any program's real system calls reach it. Killing a process keeps what
//! the kernel caches for it and therefore proves nothing of syncs; this does.
//!
//! - [`storage`] is the storage, its switch, and what it counted.
//! - [`mount`] shows it to programs.
//! - `contents` and `tree` are what there is now beside what would be left.

mod contents;
pub mod mount;
pub mod storage;
mod tree;
