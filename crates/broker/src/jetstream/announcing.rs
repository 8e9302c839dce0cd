//! What the server's log says of JetStream at the start.

use std::path::Path;

use anabranch_config::options::JetStream as Options;
use anabranch_jetstream::config::API_LEVEL;

use super::capacity::Capacity;
use super::journal::Opening;

/// What the log says of JetStream at the start; tools look for `Store Directory`.
pub fn announce(options: &Options, capacity: Capacity, root: &Path, opening: &Opening) {
    let facts = opening.facts();
    log::info!("---------------- JETSTREAM ----------------");
    log::info!("  Strict:          {}", options.strict);
    log::info!("  Max Memory:      {}", friendly_bytes(capacity.memory));
    log::info!("  Max Storage:     {}", friendly_bytes(capacity.file));
    log::info!("  Store Directory: \"{}\"", root.display());
    if !options.domain.is_empty() {
        log::info!("  Domain:          {}", options.domain);
    }
    if let Some(sealer) = opening.sealer() {
        log::info!("  Encryption:      {}", sealer.cipher().name());
    }
    log::info!("  API Level:       {API_LEVEL}");
    log::info!("  File system:     {}", facts.file_system.name);
    log::info!("  Sync:            {}, {} us", facts.sync_method, facts.sync_ns / 1000);
    log::info!("-------------------------------------------");
    if let Some(peer) = root.parent().map(|parent| parent.join("jetstream")) {
        warn_of_others(&peer);
    }
}

/// Streams of nats-server in the same place must not seem to be lost.
fn warn_of_others(directory: &Path) {
    let mut entries = std::fs::read_dir(directory).into_iter().flatten();
    if entries.next().is_some() {
        log::warn!(
            "\"{}\" has data of nats-server, which is not read: move it with \"nats stream \
             backup\" and \"nats stream restore\"",
            directory.display()
        );
    }
}

/// `9.54 MB`, as nats-server writes sizes: in powers of 1024.
fn friendly_bytes(bytes: u64) -> String {
    let units = ["KB", "MB", "GB", "TB", "PB", "EB"];
    let mut size = u128::from(bytes) * 100;
    let mut unit = None;
    for name in units {
        if size < 102_400 {
            break;
        }
        // Rounded at the last division only.
        let next = size / 1024;
        size = if next < 102_400 { (size + 512) / 1024 } else { next };
        unit = Some(name);
    }
    match unit {
        None => format!("{bytes} B"),
        Some(unit) => format!("{}.{:02} {unit}", size / 100, size % 100),
    }
}

#[cfg(test)]
mod tests {
    use super::friendly_bytes;

    #[test]
    fn sizes_are_written_as_nats_server_does() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.00 KB"),
            (10_000_000, "9.54 MB"),
            (100_000_000, "95.37 MB"),
            (1 << 40, "1.00 TB"),
            (u64::MAX, "16.00 EB"),
        ] {
            assert_eq!(friendly_bytes(bytes), text);
        }
    }
}
