//! Users and what they may do.

use super::Kind::{
    Any, Block as InBlock, Blocks, Bool, MaybeBlock, Seconds, Text, TextList, Texts,
};
use super::{Block, NONE, Opt, Unknown, access, acts};

/// `authorization`.
pub static AUTHORIZATION: Block =
    Block { name: "authorization", unknown: Unknown::Field, options: AUTHORIZATION_OPTIONS };

const AUTHORIZATION_OPTIONS: &[Opt] = &[
    acts("user", &["username"], Text, "The only user's name."),
    acts("password", &["pass"], Text, "The only user's password, plain or bcrypt."),
    acts("token", NONE, Text, "The token that clients must send, plain or bcrypt."),
    acts("timeout", NONE, Seconds, "Time to authenticate."),
    acts("users", NONE, Blocks(&USER), "Several users."),
    acts(
        "default_permissions",
        &["default_permission", "permissions"],
        InBlock(&PERMISSIONS),
        "Permissions of users that have none of their own.",
    ),
    access("auth_callout", &["auth_hook"], InBlock(&AUTH_CALLOUT), "A service that decides."),
    access("proxy_required", NONE, Bool, "Clients must come through a trusted proxy."),
];

/// An element of `users`.
pub static USER: Block = Block { name: "users[]", unknown: Unknown::Field, options: USER_OPTIONS };

const USER_OPTIONS: &[Opt] = &[
    acts("nkey", NONE, Text, "Public nkey, instead of a name and a password."),
    acts("user", &["username"], Text, "Name."),
    acts("password", &["pass"], Text, "Password, plain or bcrypt."),
    acts(
        "permissions",
        &["permission", "authorization"],
        InBlock(&PERMISSIONS),
        "What the user may publish and subscribe.",
    ),
    access(
        "allowed_connection_types",
        &["connection_types", "clients"],
        Texts,
        "Kinds of connection that the user may have.",
    ),
    access("proxy_required", NONE, Bool, "The user must come through a trusted proxy."),
];

/// `permissions`.
pub static PERMISSIONS: Block =
    Block { name: "permissions", unknown: Unknown::Permissions, options: PERMISSIONS_OPTIONS };

const PERMISSIONS_OPTIONS: &[Opt] = &[
    acts(
        "publish",
        &["pub", "import"],
        MaybeBlock(&SUBJECTS),
        "Subjects to publish to: one, a list, or allow and deny.",
    ),
    acts(
        "subscribe",
        &["sub", "export"],
        MaybeBlock(&SUBJECTS),
        "Subjects to subscribe to, each may be followed by a queue group.",
    ),
    acts(
        "allow_responses",
        &["publish_allow_responses"],
        MaybeBlock(&RESPONSES),
        "Right to publish to the reply subjects of received requests.",
    ),
];

/// `publish` and `subscribe`.
pub static SUBJECTS: Block =
    Block { name: "publish, subscribe", unknown: Unknown::Subjects, options: SUBJECTS_OPTIONS };

const SUBJECTS_OPTIONS: &[Opt] = &[
    acts("allow", NONE, Any, "Subjects allowed, one or a list."),
    acts("deny", NONE, Any, "Subjects denied, one or a list; wins over allow."),
];

/// `allow_responses`.
pub static RESPONSES: Block =
    Block { name: "allow_responses", unknown: Unknown::Permissions, options: RESPONSES_OPTIONS };

const RESPONSES_OPTIONS: &[Opt] = &[
    acts(
        "max",
        &["max_msgs", "max_messages", "max_responses"],
        super::Kind::Int,
        "Responses to a request; negative: unlimited.",
    ),
    acts(
        "expires",
        &["expiration", "ttl"],
        Any,
        "Life of the right, such as \"2m\"; negative: unlimited.",
    ),
];

static AUTH_CALLOUT: Block =
    Block { name: "auth_callout", unknown: Unknown::Field, options: AUTH_CALLOUT_OPTIONS };

const AUTH_CALLOUT_OPTIONS: &[Opt] = &[
    access("issuer", NONE, Text, "Public account key that signs the decisions."),
    access("account", &["acc"], Text, "Account of the service."),
    access("auth_users", &["users"], TextList, "Users that are the service."),
    access("xkey", &["key"], Text, "Public curve key that encrypts the requests."),
    access("allowed_accounts", NONE, TextList, "Accounts that may be assigned."),
];
