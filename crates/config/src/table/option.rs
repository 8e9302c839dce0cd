//! What the table is made of.

/// A block: the keys that may stand between its braces.
#[derive(Debug)]
pub struct Block {
    /// Heading in the reference; also tells blocks apart.
    pub name: &'static str,
    /// How a key that is not known here is reported.
    pub unknown: Unknown,
    /// The keys.
    pub options: &'static [Opt],
}

impl Block {
    /// The option with this name or alias, in any case.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&'static Opt> {
        self.options.iter().find(|option| option.names().any(|n| n.eq_ignore_ascii_case(name)))
    }
}

/// One option.
#[derive(Debug)]
pub struct Opt {
    /// The name that nats-server documents.
    pub key: &'static str,
    /// Other names for it.
    pub aliases: &'static [&'static str],
    /// What its value is.
    pub kind: Kind,
    /// Whether it acts.
    pub status: Status,
    /// One sentence for the reference.
    pub doc: &'static str,
}

impl Opt {
    /// Its key, then its aliases.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        std::iter::once(self.key).chain(self.aliases.iter().copied())
    }
}

/// Whether an option acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It does what nats-server's does.
    Acts,
    /// It does nothing yet, and is named in a warning.
    Warns,
    /// It does nothing yet, and the server does not start with it.
    Refuses(Promise),
    /// It belongs to a block that does not act, and shares its warning.
    Follows,
}

/// What a refused option promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promise {
    /// It keeps somebody out.
    Access,
    /// It keeps tenants, or subjects, apart.
    Isolation,
    /// It protects stored or transmitted data.
    Encryption,
}

impl Promise {
    /// The promise in a sentence: "it …".
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::Access => "restricts access",
            Self::Isolation => "decides who gets which messages",
            Self::Encryption => "promises encryption",
        }
    }
}

/// What an option's value is.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A whole number, size suffixes allowed.
    Int,
    /// A string.
    Text,
    /// `"10s"`; a bare number means seconds and draws a warning.
    Duration,
    /// `"10s"`.
    DurationText,
    /// Seconds as a number, or `"10s"`.
    Seconds,
    /// `"host:port"` or a port.
    Address,
    /// A string or a list of strings.
    Texts,
    /// A list of strings.
    TextList,
    /// A map from names to strings.
    TextMap,
    /// A map from names to booleans.
    BoolMap,
    /// A size as a number or as text such as `"10G"`.
    SizeText,
    /// A block.
    Block(&'static Block),
    /// A list of blocks.
    Blocks(&'static Block),
    /// Blocks by name.
    Named(&'static Block),
    /// A block, or something shorter that means one.
    MaybeBlock(&'static Block),
    /// Checked by whoever reads it.
    Any,
}

impl Kind {
    /// The block in the value, if there is one.
    #[must_use]
    pub fn block(self) -> Option<&'static Block> {
        match self {
            Self::Block(b) | Self::Blocks(b) | Self::Named(b) | Self::MaybeBlock(b) => Some(b),
            _ => None,
        }
    }

    /// The value in words, for messages and the reference.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::Bool => "a boolean",
            Self::Int => "an integer",
            Self::Text => "a string",
            Self::Duration | Self::DurationText => "a duration such as \"10s\"",
            Self::Seconds => "seconds or a duration such as \"10s\"",
            Self::Address => "\"host:port\" or a port",
            Self::Texts => "a string or a list of strings",
            Self::TextList => "a list of strings",
            Self::TextMap => "a map of strings",
            Self::BoolMap => "a map of booleans",
            Self::SizeText => "a size such as 10M",
            Self::Block(_) => "a map",
            Self::Blocks(_) => "a list of maps",
            Self::Named(_) => "a map of maps",
            Self::MaybeBlock(_) => "a map or a short form",
            Self::Any => "a value",
        }
    }
}

/// nats-server's words for a key that a block does not know.
#[derive(Debug, Clone, Copy)]
pub enum Unknown {
    /// `unknown field "x"`; a key that a `$variable` refers to may have any name.
    Field,
    /// As `Field`, in the words of permissions.
    Permissions,
    /// As `Field`, in the words of publish and subscribe.
    Subjects,
    /// Any key is an error, even one used as a variable.
    Tls,
    /// As `Tls`, in the words of `certs`.
    Certificates,
    /// nats-server reads only the keys that it looks for.
    Ignored,
}

impl Unknown {
    /// The message about `name`.
    #[must_use]
    pub fn text(self, name: &str) -> String {
        match self {
            Self::Field | Self::Ignored => format!("unknown field {name:?}"),
            Self::Permissions => format!("Unknown field {name:?} parsing permissions"),
            Self::Subjects => format!(
                "Unknown field name {name:?} parsing subject permissions, only 'allow' or 'deny' \
                 are permitted"
            ),
            Self::Tls => format!("error parsing tls config, unknown field {name:?}"),
            Self::Certificates => {
                format!("error parsing tls certs config, unknown field {name:?}")
            }
        }
    }

    /// Whether a key used as a variable may have any name here.
    #[must_use]
    pub fn allows_variables(self) -> bool {
        matches!(self, Self::Field | Self::Permissions | Self::Subjects | Self::Ignored)
    }
}

pub(super) const NONE: &[&str] = &[];

pub(super) const fn opt(
    key: &'static str,
    aliases: &'static [&'static str],
    kind: Kind,
    status: Status,
    doc: &'static str,
) -> Opt {
    Opt { key, aliases, kind, status, doc }
}

pub(super) const fn acts(
    key: &'static str,
    aliases: &'static [&'static str],
    kind: Kind,
    doc: &'static str,
) -> Opt {
    opt(key, aliases, kind, Status::Acts, doc)
}

pub(super) const fn warns(
    key: &'static str,
    aliases: &'static [&'static str],
    kind: Kind,
    doc: &'static str,
) -> Opt {
    opt(key, aliases, kind, Status::Warns, doc)
}

pub(super) const fn follows(
    key: &'static str,
    aliases: &'static [&'static str],
    kind: Kind,
    doc: &'static str,
) -> Opt {
    opt(key, aliases, kind, Status::Follows, doc)
}

pub(super) const fn access(
    key: &'static str,
    aliases: &'static [&'static str],
    kind: Kind,
    doc: &'static str,
) -> Opt {
    opt(key, aliases, kind, Status::Refuses(Promise::Access), doc)
}

pub(super) const fn isolation(
    key: &'static str,
    aliases: &'static [&'static str],
    kind: Kind,
    doc: &'static str,
) -> Opt {
    opt(key, aliases, kind, Status::Refuses(Promise::Isolation), doc)
}

pub(super) const fn encryption(
    key: &'static str,
    aliases: &'static [&'static str],
    kind: Kind,
    doc: &'static str,
) -> Opt {
    opt(key, aliases, kind, Status::Refuses(Promise::Encryption), doc)
}
