//! JetStream.

use super::Kind::{Block as InBlock, Bool, Duration, DurationText, Int, SizeText, Text};
use super::{Block, NONE, Opt, Unknown, acts, encryption, warns};

/// `jetstream {}`.
pub static JETSTREAM: Block =
    Block { name: "jetstream", unknown: Unknown::Field, options: JETSTREAM_OPTIONS };

const JETSTREAM_OPTIONS: &[Opt] = &[
    acts("enabled", &["enable"], Bool, "Switches it on."),
    acts("strict", NONE, Bool, "Refuses requests with unknown fields."),
    acts("store_dir", &["store", "storedir"], Text, "Directory of the streams."),
    acts(
        "sync_interval",
        &["sync"],
        Duration,
        "Accepted; what is acknowledged is synced, save in async streams.",
    ),
    acts(
        "max_memory_store",
        &["max_mem_store", "max_mem"],
        SizeText,
        "Memory for streams; 75 % of all by default.",
    ),
    acts(
        "max_file_store",
        &["max_file"],
        SizeText,
        "Disk for streams; 75 % of what is free by default.",
    ),
    acts("domain", NONE, Text, "Name of the domain."),
    acts("key", &["ek", "encryption_key"], Text, "Key that encrypts what is stored."),
    acts(
        "prev_key",
        &["prev_ek", "prev_encryption_key"],
        Text,
        "The key before it, from which a start changes to the new one.",
    ),
    acts("cipher", NONE, Text, "\"chacha\" or \"aes\"; reads what either wrote."),
    warns("extension_hint", NONE, Text, "Whether this extends another system."),
    acts("limits", NONE, InBlock(&JETSTREAM_LIMITS), "Limits."),
    encryption("tpm", NONE, InBlock(&TPM), "Keeps the key in a TPM."),
    warns("unique_tag", NONE, Text, "Tag in which replicas must differ."),
    warns("max_outstanding_catchup", NONE, SizeText, "Bytes in flight to replicas behind."),
    acts(
        "max_buffered_size",
        NONE,
        SizeText,
        "Bytes that may wait for the streams; four fifths for one alone.",
    ),
    acts("max_buffered_msgs", NONE, Int, "Messages that may wait for the streams."),
    acts("request_queue_limit", NONE, Int, "API requests that may wait."),
    warns("info_queue_limit", NONE, Int, "Information requests waiting."),
    warns("meta_compact", NONE, Int, "Entries before the meta log is compacted."),
    warns("meta_compact_size", NONE, SizeText, "Bytes before it is."),
    warns("meta_compact_sync", NONE, Bool, "Syncs its snapshots."),
    warns("max_concurrent_io", NONE, Int, "File operations at a time."),
];

/// `limits {}` in it.
pub static JETSTREAM_LIMITS: Block =
    Block { name: "jetstream.limits", unknown: Unknown::Field, options: LIMITS_OPTIONS };

const LIMITS_OPTIONS: &[Opt] = &[
    acts("max_ack_pending", NONE, Int, "Unacknowledged messages of a consumer."),
    warns("max_ha_assets", NONE, Int, "Replicated streams and consumers."),
    acts("max_request_batch", NONE, Int, "Messages of a pull request."),
    acts("duplicate_window", NONE, DurationText, "Longest window for duplicates."),
    acts("batch", NONE, InBlock(&JETSTREAM_BATCH), "Limits of batches."),
];

/// `batch {}` in those.
pub static JETSTREAM_BATCH: Block =
    Block { name: "jetstream.limits.batch", unknown: Unknown::Field, options: BATCH_OPTIONS };

const BATCH_OPTIONS: &[Opt] = &[
    acts("max_inflight_per_stream", NONE, Int, "Open batches of a stream, of each sort."),
    acts("max_inflight_total", NONE, Int, "Open batches in all, of each sort."),
    acts("max_msgs", NONE, Int, "Messages of an atomic batch."),
    acts("timeout", NONE, DurationText, "How long a batch waits for its next message."),
];

static TPM: Block = Block { name: "jetstream.tpm", unknown: Unknown::Field, options: TPM_OPTIONS };

const TPM_OPTIONS: &[Opt] = &[
    encryption("keys_file", NONE, Text, "File of the sealed keys."),
    encryption("encryption_password", NONE, Text, "Password of the key."),
    encryption("srk_password", NONE, Text, "Password of the storage root key."),
    encryption("pcr", NONE, Int, "Register that it is bound to."),
    encryption("cipher", NONE, Text, "\"chacha\" or \"aes\"."),
];
