//! A shard on a simulated disk: crashes between any two operations, and faults.

#![expect(clippy::unwrap_used, reason = "a test ends where something unexpected happens")]
#![expect(clippy::print_stdout, reason = "says how many seeds there were")]

mod crashes;
mod faults;
mod oracle;
#[cfg(feature = "sabotage")]
mod sabotage;
mod shard;

/// Runs `check` with many seeds, and says how many.
fn seeds(default: u64, check: impl Fn(u64)) {
    let count = anabranch_log::disk::sim::seeds(default, check);
    println!("{}: {count} seeds", std::thread::current().name().unwrap_or_default());
}
