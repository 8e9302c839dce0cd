//! WebSocket and MQTT listeners, and what else does not act yet beside them.

use super::Kind::{
    Address, Block as InBlock, Blocks, Bool, Duration, DurationText, Int, Seconds, Text, TextList,
    TextMap, Texts,
};
use super::tls::TLS;
use super::{Block, NONE, Opt, Unknown, access, encryption, follows};

pub(super) static WEBSOCKET: Block =
    Block { name: "websocket", unknown: Unknown::Field, options: WEBSOCKET_OPTIONS };

const WEBSOCKET_OPTIONS: &[Opt] = &[
    follows("listen", NONE, Address, "Where WebSocket clients connect."),
    follows("port", NONE, Int, "Port."),
    follows("host", &["net"], Text, "Host name or address to bind."),
    follows("advertise", NONE, Text, "host:port told to clients."),
    follows("no_tls", NONE, Bool, "Goes without TLS."),
    encryption("tls", NONE, InBlock(&TLS), "TLS of the listener."),
    access("same_origin", NONE, Bool, "Requires the origin to be the server."),
    access(
        "allowed_origins",
        &["allowed_origin", "allow_origins", "allow_origin", "origins", "origin"],
        Texts,
        "Origins allowed.",
    ),
    follows("handshake_timeout", NONE, Duration, "Time for the upgrade."),
    follows("compression", &["compress"], Bool, "Compresses frames."),
    access("authorization", &["authentication"], InBlock(&SIMPLE_AUTH), "Who may connect here."),
    follows("jwt_cookie", NONE, Text, "Cookie with the user JWT."),
    follows("user_cookie", NONE, Text, "Cookie with the user name."),
    follows("pass_cookie", NONE, Text, "Cookie with the password."),
    follows("token_cookie", NONE, Text, "Cookie with the token."),
    access("no_auth_user", NONE, Text, "User for clients that send no credentials."),
    follows("headers", NONE, TextMap, "Headers of the upgrade response."),
    follows("ping_interval", NONE, Duration, "Time between PINGs."),
];

pub(super) static SIMPLE_AUTH: Block = Block {
    name: "authorization of websocket, mqtt",
    unknown: Unknown::Field,
    options: SIMPLE_AUTH_OPTIONS,
};

const SIMPLE_AUTH_OPTIONS: &[Opt] = &[
    access("user", &["username"], Text, "The user's name."),
    access("password", &["pass"], Text, "The user's password."),
    access("token", NONE, Text, "The token that clients must send."),
    access("timeout", NONE, Seconds, "Time to authenticate."),
];

pub(super) static MQTT: Block =
    Block { name: "mqtt", unknown: Unknown::Field, options: MQTT_OPTIONS };

const MQTT_OPTIONS: &[Opt] = &[
    follows("listen", NONE, Address, "Where MQTT clients connect."),
    follows("port", NONE, Int, "Port."),
    follows("host", &["net"], Text, "Host name or address to bind."),
    encryption("tls", NONE, InBlock(&TLS), "TLS of the listener."),
    access("authorization", &["authentication"], InBlock(&SIMPLE_AUTH), "Who may connect here."),
    access("no_auth_user", NONE, Text, "User for clients that send no credentials."),
    follows("ack_wait", &["ackwait"], Duration, "Time before a redelivery."),
    follows("js_api_timeout", &["api_timeout"], Duration, "Time for a JetStream request."),
    follows("max_ack_pending", &["max_pending", "max_inflight"], Int, "Messages in flight."),
    follows("js_domain", NONE, Text, "JetStream domain of the sessions."),
    follows("stream_replicas", NONE, Int, "Replicas of the session streams."),
    follows("consumer_replicas", NONE, Int, "Replicas of the consumers."),
    follows("consumer_memory_storage", NONE, Bool, "Keeps consumers in memory."),
    follows(
        "consumer_inactive_threshold",
        &["consumer_auto_cleanup"],
        Duration,
        "Time before an unused consumer goes.",
    ),
    follows("reject_qos2_publish", NONE, Bool, "Refuses QoS 2 messages."),
    follows("downgrade_qos2_subscribe", NONE, Bool, "Grants QoS 1 where 2 is asked."),
];

pub(super) static PROXIES: Block =
    Block { name: "proxies", unknown: Unknown::Field, options: PROXIES_OPTIONS };

const PROXIES_OPTIONS: &[Opt] =
    &[access("trusted", NONE, Blocks(&TRUSTED_PROXY), "Proxies that are trusted.")];

static TRUSTED_PROXY: Block =
    Block { name: "proxies.trusted[]", unknown: Unknown::Field, options: TRUSTED_PROXY_OPTIONS };

const TRUSTED_PROXY_OPTIONS: &[Opt] =
    &[access("key", &["public_key"], Text, "The proxy's public nkey.")];

pub(super) static OCSP: Block =
    Block { name: "ocsp", unknown: Unknown::Field, options: OCSP_OPTIONS };

const OCSP_OPTIONS: &[Opt] = &[
    encryption("mode", NONE, Text, "\"auto\", \"must\", \"always\" or \"never\"."),
    encryption("url", NONE, Text, "Responder to ask instead of the certificate's."),
    encryption("urls", NONE, TextList, "Several responders."),
];

pub(super) static OCSP_PEER: Block =
    Block { name: "tls.ocsp_peer", unknown: Unknown::Field, options: OCSP_PEER_OPTIONS };

const OCSP_PEER_OPTIONS: &[Opt] = &[
    encryption("verify", NONE, Bool, "Asks at all."),
    encryption("ca_timeout", NONE, Seconds, "Time for an answer."),
    encryption("allowed_clockskew", NONE, Seconds, "Difference of clocks tolerated."),
    encryption("cache_ttl_when_next_update_unset", NONE, Seconds, "Life of undated answers."),
    encryption("warn_only", NONE, Bool, "Logs bad certificates and goes on."),
    encryption("unknown_is_good", NONE, Bool, "Accepts certificates that are not known."),
    encryption("allow_when_ca_unreachable", NONE, Bool, "Accepts all without an answer."),
];

pub(super) static OCSP_CACHE: Block =
    Block { name: "ocsp_cache", unknown: Unknown::Field, options: OCSP_CACHE_OPTIONS };

const OCSP_CACHE_OPTIONS: &[Opt] = &[
    follows("type", NONE, Text, "\"local\" or \"none\"."),
    follows("local_store", NONE, Text, "Directory of the cache."),
    follows("preserve_revoked", NONE, Bool, "Keeps revoked entries."),
    follows("save_interval", NONE, Seconds, "Time between two saves."),
];

pub(super) static RESOLVER: Block =
    Block { name: "resolver", unknown: Unknown::Ignored, options: RESOLVER_OPTIONS };

const RESOLVER_OPTIONS: &[Opt] = &[
    access("type", NONE, Text, "\"MEMORY\", \"FULL\" or \"CACHE\"."),
    access("dir", NONE, Text, "Directory of the JWTs."),
    access("allow_delete", NONE, Bool, "Lets accounts be deleted."),
    access("hard_delete", NONE, Bool, "Removes their files too."),
    access("limit", NONE, Int, "JWTs kept."),
    access("ttl", NONE, DurationText, "Life of a cached JWT."),
    access("interval", NONE, DurationText, "Time between two exchanges with peers."),
    access("timeout", NONE, DurationText, "Time for a lookup."),
];
