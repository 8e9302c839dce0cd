//! Routes, gateways and leaf nodes.

use super::Kind::{
    Address, Any, Block as InBlock, Blocks, Bool, Duration, Int, MaybeBlock, Seconds, Text,
    TextList, Texts,
};
use super::authorization::{AUTHORIZATION, PERMISSIONS};
use super::tls::TLS;
use super::{Block, NONE, Opt, Unknown, access, encryption, follows, isolation};

pub(super) static CLUSTER: Block =
    Block { name: "cluster", unknown: Unknown::Field, options: CLUSTER_OPTIONS };

const CLUSTER_OPTIONS: &[Opt] = &[
    follows("name", NONE, Text, "Name of the cluster; without spaces."),
    follows("listen", NONE, Address, "Where routes connect."),
    follows("port", NONE, Int, "Port."),
    follows("host", &["net"], Text, "Host name or address to bind."),
    access("authorization", NONE, InBlock(&AUTHORIZATION), "Which servers may connect."),
    follows("routes", NONE, TextList, "Servers to connect to."),
    encryption("tls", NONE, InBlock(&TLS), "TLS of routes."),
    follows("cluster_advertise", &["advertise"], Text, "host:port told to other servers."),
    follows("no_advertise", NONE, Bool, "Tells clients nothing of other servers."),
    follows("connect_retries", NONE, Int, "Attempts to reach a server heard of."),
    follows("connect_backoff", NONE, Bool, "Waits longer after each attempt."),
    access("permissions", NONE, InBlock(&PERMISSIONS), "What may pass over routes."),
    follows("pool_size", NONE, Int, "Connections per route."),
    isolation("accounts", NONE, Texts, "Accounts with a route of their own."),
    follows("compression", NONE, MaybeBlock(&COMPRESSION), "Compression of routes."),
    follows("ping_interval", NONE, Duration, "Time between PINGs."),
    follows("ping_max", NONE, Int, "Unanswered PINGs before a route is closed."),
    follows("write_deadline", NONE, Duration, "How long a write may block."),
    follows("write_timeout", NONE, Text, "What follows."),
];

static COMPRESSION: Block =
    Block { name: "compression", unknown: Unknown::Field, options: COMPRESSION_OPTIONS };

const COMPRESSION_OPTIONS: &[Opt] = &[
    follows("mode", NONE, Text, "\"off\", \"accept\", \"s2_fast\", \"s2_auto\" and so on."),
    follows("rtt_thresholds", &["thresholds", "rtts", "rtt"], TextList, "Round trips of auto."),
];

pub(super) static GATEWAY: Block =
    Block { name: "gateway", unknown: Unknown::Field, options: GATEWAY_OPTIONS };

const GATEWAY_OPTIONS: &[Opt] = &[
    follows("name", NONE, Text, "Name of this cluster."),
    follows("listen", NONE, Address, "Where gateways connect."),
    follows("port", NONE, Int, "Port."),
    follows("host", &["net"], Text, "Host name or address to bind."),
    access("authorization", NONE, InBlock(&AUTHORIZATION), "Which gateways may connect."),
    encryption("tls", NONE, InBlock(&TLS), "TLS of gateways."),
    follows("advertise", NONE, Text, "host:port told to other clusters."),
    follows("connect_retries", NONE, Int, "Attempts to reach a cluster heard of."),
    follows("connect_backoff", NONE, Bool, "Waits longer after each attempt."),
    follows("gateways", NONE, Blocks(&REMOTE_GATEWAY), "Clusters to connect to."),
    access("reject_unknown", &["reject_unknown_cluster"], Bool, "Refuses clusters not listed."),
    follows("write_deadline", NONE, Duration, "How long a write may block."),
    follows("write_timeout", NONE, Text, "What follows."),
];

static REMOTE_GATEWAY: Block =
    Block { name: "gateway.gateways[]", unknown: Unknown::Field, options: REMOTE_GATEWAY_OPTIONS };

const REMOTE_GATEWAY_OPTIONS: &[Opt] = &[
    follows("name", NONE, Text, "Name of the cluster."),
    encryption("tls", NONE, InBlock(&TLS), "TLS to it."),
    follows("url", NONE, Text, "One of its servers."),
    follows("urls", NONE, TextList, "Several of its servers."),
];

pub(super) static LEAFNODES: Block =
    Block { name: "leafnodes", unknown: Unknown::Field, options: LEAFNODES_OPTIONS };

const LEAFNODES_OPTIONS: &[Opt] = &[
    follows("listen", NONE, Address, "Where leaf nodes connect."),
    follows("port", NONE, Int, "Port."),
    follows("host", &["net"], Text, "Host name or address to bind."),
    access("authorization", NONE, InBlock(&LEAF_AUTH), "Which leaf nodes may connect."),
    follows("remotes", NONE, Blocks(&LEAF_REMOTE), "Servers to connect to."),
    follows("reconnect", &["reconnect_delay", "reconnect_interval"], Duration, "Time between."),
    follows("dial_timeout", NONE, Duration, "Time to connect."),
    encryption("tls", NONE, InBlock(&TLS), "TLS of leaf nodes."),
    follows("leafnode_advertise", &["advertise"], Text, "host:port told to leaf nodes."),
    follows("no_advertise", NONE, Bool, "Tells leaf nodes nothing of other servers."),
    access("min_version", &["minimum_version"], Text, "Oldest server accepted."),
    follows("compression", NONE, MaybeBlock(&COMPRESSION), "Compression of leaf nodes."),
    isolation("isolate_leafnode_interest", &["isolate"], Bool, "Keeps leaf nodes apart."),
    follows("write_deadline", NONE, Duration, "How long a write may block."),
    follows("write_timeout", NONE, Text, "What follows."),
];

static LEAF_AUTH: Block =
    Block { name: "leafnodes.authorization", unknown: Unknown::Field, options: LEAF_AUTH_OPTIONS };

const LEAF_AUTH_OPTIONS: &[Opt] = &[
    access("user", &["username"], Text, "Name."),
    access("password", &["pass"], Text, "Password."),
    access("nkey", NONE, Text, "Public nkey."),
    access("timeout", NONE, Seconds, "Time to authenticate."),
    access("users", NONE, Blocks(&LEAF_USER), "Several users."),
    access("account", NONE, Text, "Account of the leaf nodes."),
    access("proxy_required", NONE, Bool, "Leaf nodes must come through a trusted proxy."),
];

static LEAF_USER: Block = Block {
    name: "leafnodes.authorization.users[]",
    unknown: Unknown::Field,
    options: LEAF_USER_OPTIONS,
};

const LEAF_USER_OPTIONS: &[Opt] = &[
    access("user", &["username"], Text, "Name."),
    access("password", &["pass"], Text, "Password."),
    access("account", NONE, Text, "Account."),
    access("proxy_required", NONE, Bool, "The user must come through a trusted proxy."),
];

static LEAF_REMOTE: Block =
    Block { name: "leafnodes.remotes[]", unknown: Unknown::Field, options: LEAF_REMOTE_OPTIONS };

const LEAF_REMOTE_OPTIONS: &[Opt] = &[
    follows("no_randomize", &["dont_randomize"], Bool, "Tries the servers in order."),
    follows("url", &["urls"], Texts, "Servers to connect to."),
    follows("account", &["local"], Text, "Local account."),
    follows("credentials", &["creds"], Text, "Credentials file."),
    follows("nkey", &["seed"], Text, "Seed file."),
    encryption("tls", NONE, InBlock(&TLS), "TLS to the server."),
    follows("hub", NONE, Bool, "This side is the hub."),
    isolation("deny_imports", &["deny_import"], Texts, "Subjects that may not come in."),
    isolation("deny_exports", &["deny_export"], Texts, "Subjects that may not go out."),
    follows(
        "ws_compression",
        &["ws_compress", "websocket_compress", "websocket_compression"],
        Bool,
        "Compresses WebSocket frames.",
    ),
    follows("ws_no_masking", &["websocket_no_masking"], Bool, "Sends them unmasked."),
    follows("jetstream_cluster_migrate", &["js_cluster_migrate"], Any, "Moves leaders away."),
    isolation("isolate_leafnode_interest", &["isolate"], Bool, "Keeps interest apart."),
    isolation("request_isolation", NONE, Bool, "Asks the hub to."),
    follows("compression", NONE, MaybeBlock(&COMPRESSION), "Compression."),
    follows("first_info_timeout", NONE, Duration, "Time for the first INFO."),
    follows("dial_timeout", NONE, Duration, "Time to connect."),
    follows("disabled", NONE, Bool, "Does not connect."),
    follows("proxy", NONE, InBlock(&LEAF_PROXY), "HTTP proxy on the way."),
    follows("ignore_discovered_servers", NONE, Bool, "Uses only the servers listed."),
];

static LEAF_PROXY: Block = Block {
    name: "leafnodes.remotes[].proxy",
    unknown: Unknown::Field,
    options: LEAF_PROXY_OPTIONS,
};

const LEAF_PROXY_OPTIONS: &[Opt] = &[
    follows("url", NONE, Text, "The proxy."),
    follows("username", NONE, Text, "Name."),
    follows("password", NONE, Text, "Password."),
    follows("timeout", NONE, Duration, "Time to connect."),
];
