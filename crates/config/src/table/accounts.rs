//! Accounts.

use super::Kind::{Any, Block as InBlock, Blocks, Bool, Int, MaybeBlock, Text, TextList, Texts};
use super::authorization::{PERMISSIONS, USER};
use super::{Block, NONE, Opt, Unknown, follows, isolation};

/// An account.
pub static ACCOUNT: Block =
    Block { name: "accounts.A", unknown: Unknown::Field, options: ACCOUNT_OPTIONS };

const ACCOUNT_OPTIONS: &[Opt] = &[
    isolation("nkey", NONE, Text, "Public key of the account."),
    isolation("imports", NONE, Blocks(&IMPORT), "What it takes from other accounts."),
    isolation("exports", NONE, Blocks(&EXPORT), "What it offers to other accounts."),
    isolation("jetstream", NONE, MaybeBlock(&JETSTREAM), "Its share of JetStream."),
    isolation("users", NONE, Blocks(&USER), "Its users."),
    isolation("default_permissions", NONE, InBlock(&PERMISSIONS), "Of users that have none."),
    isolation("mappings", &["maps"], Any, "Other subjects for what its clients publish."),
    isolation("limits", NONE, InBlock(&LIMITS), "Its limits."),
    isolation("msg_trace", &["trace_dest"], MaybeBlock(&TRACE), "Tracing of its messages."),
];

static JETSTREAM: Block =
    Block { name: "accounts.A.jetstream", unknown: Unknown::Field, options: JETSTREAM_OPTIONS };

const JETSTREAM_OPTIONS: &[Opt] = &[
    follows("max_memory", &["max_mem", "mem", "memory"], Int, "Memory."),
    follows("max_store", &["max_file", "max_disk", "store", "disk"], Int, "Disk."),
    follows("max_streams", &["streams"], Int, "Streams."),
    follows("max_consumers", &["consumers"], Int, "Consumers."),
    follows("max_bytes_required", &["max_stream_bytes", "max_bytes"], Bool, "Limits a must."),
    follows("mem_max_stream_bytes", &["memory_max_stream_bytes"], Int, "Memory of a stream."),
    follows("disk_max_stream_bytes", &["store_max_stream_bytes"], Int, "Disk of a stream."),
    follows("max_ack_pending", NONE, Int, "Unacknowledged messages of a consumer."),
    follows("cluster_traffic", NONE, Text, "Account of replication: \"system\" or \"owner\"."),
];

static LIMITS: Block =
    Block { name: "accounts.A.limits", unknown: Unknown::Field, options: LIMITS_OPTIONS };

const LIMITS_OPTIONS: &[Opt] = &[
    follows("max_connections", &["max_conn"], Int, "Connections."),
    follows("max_subscriptions", &["max_subs"], Int, "Subscriptions."),
    follows("max_payload", &["max_pay"], Int, "Largest message."),
    follows("max_leafnodes", &["max_leafs"], Int, "Leaf nodes."),
];

static TRACE: Block =
    Block { name: "accounts.A.msg_trace", unknown: Unknown::Field, options: TRACE_OPTIONS };

const TRACE_OPTIONS: &[Opt] = &[
    follows("dest", NONE, Text, "Subject of the traces."),
    follows("sampling", NONE, Any, "Share of messages traced, in percent."),
];

static EXPORT: Block =
    Block { name: "accounts.A.exports[]", unknown: Unknown::Field, options: EXPORT_OPTIONS };

const EXPORT_OPTIONS: &[Opt] = &[
    follows("stream", NONE, Text, "Subjects to be listened to."),
    follows("service", NONE, Text, "Subjects to be asked at."),
    follows("response", &["response_type"], Text, "\"single\", \"stream\" or \"chunk\"."),
    follows(
        "threshold",
        &["response_threshold", "response_max_time", "response_time"],
        Text,
        "Time for a response.",
    ),
    follows("accounts", NONE, TextList, "Accounts that may import it."),
    follows("latency", NONE, MaybeBlock(&LATENCY), "Measures the service."),
    follows("account_token_position", NONE, Int, "Token that is the importing account."),
    follows("allow_trace", NONE, Bool, "Lets traces pass."),
];

static LATENCY: Block = Block {
    name: "accounts.A.exports[].latency",
    unknown: Unknown::Field,
    options: LATENCY_OPTIONS,
};

const LATENCY_OPTIONS: &[Opt] = &[
    follows("subject", NONE, Text, "Where measurements go."),
    follows("sampling", NONE, Any, "Share of requests measured, or \"headers\"."),
];

static IMPORT: Block =
    Block { name: "accounts.A.imports[]", unknown: Unknown::Field, options: IMPORT_OPTIONS };

const IMPORT_OPTIONS: &[Opt] = &[
    follows("stream", NONE, InBlock(&IMPORTED), "Subjects to listen to."),
    follows("service", NONE, InBlock(&IMPORTED), "Subjects to ask at."),
    follows("prefix", NONE, Text, "Put before the subjects."),
    follows("to", NONE, Text, "Their name in this account."),
    follows("share", NONE, Bool, "Tells the service who asks."),
    follows("allow_trace", NONE, Bool, "Lets traces pass."),
];

static IMPORTED: Block = Block {
    name: "accounts.A.imports[].stream, service",
    unknown: Unknown::Field,
    options: IMPORTED_OPTIONS,
};

const IMPORTED_OPTIONS: &[Opt] = &[
    follows("account", NONE, Texts, "Account that exports it."),
    follows("subject", NONE, Texts, "Subject there."),
];
