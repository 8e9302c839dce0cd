//! The table of flags.

use crate::options::Options;
use crate::table::{Promise, Status};

/// A flag of the command line.
#[derive(Debug)]
pub struct Flag {
    /// Names without dashes; one dash and two mean the same. The last is the descriptive one.
    pub names: &'static [&'static str],
    /// What stands for the value in help; `None` for a switch.
    pub value: Option<&'static str>,
    /// Heading in help.
    pub topic: Topic,
    /// What it leads to.
    pub effect: Effect,
    /// One sentence for help and the reference.
    pub doc: &'static str,
}

/// Headings of the help, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// Server.
    Server,
    /// Logging.
    Logging,
    /// Authorization.
    Authorization,
    /// TLS.
    Tls,
    /// JetStream.
    JetStream,
    /// Cluster.
    Cluster,
    /// Profiling.
    Profiling,
    /// Common.
    Common,
}

impl Topic {
    /// All, in the order of the help.
    pub const ALL: [Self; 8] = [
        Self::Server,
        Self::Logging,
        Self::JetStream,
        Self::Authorization,
        Self::Tls,
        Self::Cluster,
        Self::Profiling,
        Self::Common,
    ];

    /// The heading.
    #[must_use]
    pub fn heading(self) -> &'static str {
        match self {
            Self::Server => "Server Options",
            Self::Logging => "Logging Options",
            Self::JetStream => "JetStream Options",
            Self::Authorization => "Authorization Options",
            Self::Tls => "TLS Options",
            Self::Cluster => "Cluster Options",
            Self::Profiling => "Profiling Options",
            Self::Common => "Common Options",
        }
    }
}

/// What a flag leads to.
#[derive(Debug, Clone, Copy)]
pub enum Effect {
    /// Sets a text.
    Text(fn(&mut Options, &str)),
    /// Sets a whole number.
    Int(fn(&mut Options, i64) -> Result<(), String>),
    /// Switches something.
    Switch(fn(&mut Options, bool)),
    /// One of the `tls` flags, which act together.
    Tls,
    /// Decides what the program does instead of, or before, serving.
    Mode,
    /// Does not act yet; the value is checked to be of the kind given.
    Later(Later),
}

/// A flag that does not act yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Later {
    /// Takes a text.
    Text,
    /// Takes a whole number.
    Int,
    /// A switch.
    Switch,
    /// Takes a URL, in which a user and a password would restrict access.
    Url,
}

impl Flag {
    /// Whether it acts.
    #[must_use]
    pub fn status(&self) -> Status {
        match self.effect {
            Effect::Later(_) => Status::Warns,
            _ => Status::Acts,
        }
    }

    /// What the flag promises with this value, if it does not act and must be refused.
    #[must_use]
    pub(super) fn refused(&self, value: &str) -> Option<Promise> {
        let with_user = value.contains('@');
        (matches!(self.effect, Effect::Later(Later::Url)) && with_user).then_some(Promise::Access)
    }

    /// Its spellings with dashes and value: `-p, --port <port>`.
    #[must_use]
    pub fn spelled(&self) -> String {
        let names: Vec<String> = self
            .names
            .iter()
            .map(|name| if name.len() <= 3 { format!("-{name}") } else { format!("--{name}") })
            .collect();
        match self.value {
            Some(value) => format!("{} <{value}>", names.join(", ")),
            None => names.join(", "),
        }
    }

    /// The name by which errors and completion call it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.names.last().copied().unwrap_or_default()
    }

    /// The flag with this name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        FLAGS.iter().find(|flag| flag.names.contains(&name))
    }
}

/// Names of flags whose values must not stay visible in the process list.
#[must_use]
pub fn secret_flags() -> &'static [&'static str] {
    &["user", "pass", "auth", "routes", "cluster", "cluster_listen"]
}

const fn flag(
    names: &'static [&'static str],
    value: Option<&'static str>,
    topic: Topic,
    effect: Effect,
    doc: &'static str,
) -> Flag {
    Flag { names, value, topic, effect, doc }
}

fn filled(text: &str) -> Option<String> {
    if text.is_empty() { None } else { Some(text.to_owned()) }
}

/// -1 lets the system choose, 0 stands for the default.
fn port(value: i64, default: u16) -> Result<u16, String> {
    match value {
        -1 => Ok(0),
        0 => Ok(default),
        _ => u16::try_from(value).map_err(|_| format!("port {value} is out of range")),
    }
}

/// As [`port`], with 0 for none.
fn optional_port(value: i64) -> Result<Option<u16>, String> {
    if value == 0 { Ok(None) } else { port(value, 0).map(Some) }
}

fn count<T: TryFrom<i64>>(value: i64) -> Result<T, String> {
    T::try_from(value).map_err(|_| "value out of range".to_owned())
}

const DEFAULT_PORT: u16 = 4222;
const DEFAULT_HOST: &str = "0.0.0.0";

fn set_port(o: &mut Options, value: i64) -> Result<(), String> {
    port(value, DEFAULT_PORT).map(|port| o.listen.port = port)
}

fn set_http_port(o: &mut Options, value: i64) -> Result<(), String> {
    optional_port(value).map(|port| o.monitor.http_port = port)
}

fn set_https_port(o: &mut Options, value: i64) -> Result<(), String> {
    optional_port(value).map(|port| o.monitor.https_port = port)
}

/// Every flag, by topic.
pub static FLAGS: &[Flag] = &[
    flag(
        &["a", "net", "addr"],
        Some("host"),
        Topic::Server,
        Effect::Text(|o, v| o.listen.host = filled(v).unwrap_or_else(|| DEFAULT_HOST.to_owned())),
        "Bind to host address (default: 0.0.0.0)",
    ),
    flag(
        &["p", "port"],
        Some("port"),
        Topic::Server,
        Effect::Int(set_port),
        "Use port for clients (default: 4222, -1: any)",
    ),
    flag(
        &["n", "name", "server_name"],
        Some("name"),
        Topic::Server,
        Effect::Text(|o, v| o.server_name = filled(v)),
        "Server name (default: auto)",
    ),
    flag(
        &["P", "pid"],
        Some("file"),
        Topic::Server,
        Effect::Text(|o, v| o.files.pid_file = filled(v).map(Into::into)),
        "File to store the process id",
    ),
    flag(
        &["m", "http_port"],
        Some("port"),
        Topic::Server,
        Effect::Int(set_http_port),
        "Use port for http monitoring",
    ),
    flag(
        &["ms", "https_port"],
        Some("port"),
        Topic::Server,
        Effect::Int(set_https_port),
        "Use port for https monitoring",
    ),
    flag(&["c", "config"], Some("file"), Topic::Server, Effect::Mode, "Configuration file"),
    flag(&["t"], None, Topic::Server, Effect::Mode, "Test the configuration file and exit"),
    flag(
        &["sl", "signal"],
        Some("signal[=pid]"),
        Topic::Server,
        Effect::Mode,
        "Send a signal (ldm, stop, quit, term, reopen, reload) to the process with this id, or \
         with the id in this file",
    ),
    flag(
        &["client_advertise"],
        Some("host:port"),
        Topic::Server,
        Effect::Text(|o, v| o.listen.client_advertise = filled(v)),
        "Address told to clients",
    ),
    flag(
        &["ports_file_dir"],
        Some("dir"),
        Topic::Server,
        Effect::Text(|o, v| o.files.ports_file_dir = filled(v).map(Into::into)),
        "Create a ports file in this directory (<executable>_<pid>.ports)",
    ),
    flag(
        &["l", "log"],
        Some("file"),
        Topic::Logging,
        Effect::Text(|o, v| o.log.file = filled(v).map(Into::into)),
        "File to redirect log output",
    ),
    flag(
        &["T", "logtime"],
        None,
        Topic::Logging,
        Effect::Switch(|o, v| o.log.time = v),
        "Timestamp log entries (default: true)",
    ),
    flag(
        &["logtime_utc"],
        None,
        Topic::Logging,
        Effect::Switch(|o, v| o.log.time_utc = v),
        "Timestamps in UTC instead of the local timezone",
    ),
    flag(
        &["s", "syslog"],
        None,
        Topic::Logging,
        Effect::Switch(|o, v| o.log.syslog = v),
        "Log to syslog",
    ),
    flag(
        &["r", "remote_syslog"],
        Some("addr"),
        Topic::Logging,
        Effect::Text(|o, v| o.log.remote_syslog = filled(v)),
        "Syslog server address (udp://localhost:514)",
    ),
    flag(
        &["D", "debug"],
        None,
        Topic::Logging,
        Effect::Switch(|o, v| o.log.debug = v),
        "Enable debugging output",
    ),
    flag(
        &["V", "trace"],
        None,
        Topic::Logging,
        Effect::Switch(|o, v| o.log.trace = v),
        "Trace the raw protocol",
    ),
    flag(
        &["VV"],
        None,
        Topic::Logging,
        Effect::Switch(|o, v| (o.log.trace, o.log.trace_verbose) = (v, v)),
        "Verbose trace (traces the system account as well)",
    ),
    flag(
        &["DV"],
        None,
        Topic::Logging,
        Effect::Switch(|o, v| (o.log.debug, o.log.trace) = (v, v)),
        "Debug and trace",
    ),
    flag(
        &["DVV"],
        None,
        Topic::Logging,
        Effect::Switch(|o, v| {
            (o.log.debug, o.log.trace, o.log.trace_verbose) = (v, v, v);
        }),
        "Debug and verbose trace",
    ),
    flag(
        &["log_size_limit"],
        Some("bytes"),
        Topic::Logging,
        Effect::Int(|o, v| count(v.max(0)).map(|size| o.log.file_size_max = size)),
        "Log file size at which it is rotated (default: never)",
    ),
    flag(
        &["max_traced_msg_len"],
        Some("len"),
        Topic::Logging,
        Effect::Int(|o, v| count(v.max(0)).map(|len| o.limits.traced_message_max = len)),
        "Longest part of a message in the trace (default: unlimited)",
    ),
    flag(
        &["js", "jetstream"],
        None,
        Topic::JetStream,
        Effect::Switch(|o, on| {
            if on && o.jetstream.is_none() {
                o.jetstream = Some(crate::options::JetStream::default());
            }
        }),
        "Enable JetStream",
    ),
    flag(
        &["sd", "store_dir"],
        Some("dir"),
        Topic::JetStream,
        Effect::Text(|o, v| o.store_dir = filled(v).map(Into::into)),
        "Set the storage directory",
    ),
    flag(
        &["user"],
        Some("user"),
        Topic::Authorization,
        Effect::Text(|o, v| o.authorization.user = filled(v)),
        "User required for connections",
    ),
    flag(
        &["pass"],
        Some("password"),
        Topic::Authorization,
        Effect::Text(|o, v| o.authorization.password = filled(v)),
        "Password required for connections",
    ),
    flag(
        &["auth"],
        Some("token"),
        Topic::Authorization,
        Effect::Text(|o, v| o.authorization.token = filled(v)),
        "Authorization token required for connections",
    ),
    flag(&["tls"], None, Topic::Tls, Effect::Tls, "Enable TLS, do not verify clients"),
    flag(&["tlscert"], Some("file"), Topic::Tls, Effect::Tls, "Server certificate file"),
    flag(&["tlskey"], Some("file"), Topic::Tls, Effect::Tls, "Private key of the certificate"),
    flag(&["tlsverify"], None, Topic::Tls, Effect::Tls, "Enable TLS, verify client certificates"),
    flag(&["tlscacert"], Some("file"), Topic::Tls, Effect::Tls, "Authority of client certificates"),
    flag(
        &["routes"],
        Some("url,url"),
        Topic::Cluster,
        Effect::Later(Later::Url),
        "Routes to solicit and connect",
    ),
    flag(
        &["cluster", "cluster_listen"],
        Some("url"),
        Topic::Cluster,
        Effect::Later(Later::Url),
        "Where routes connect",
    ),
    flag(
        &["cluster_name"],
        Some("name"),
        Topic::Cluster,
        Effect::Later(Later::Text),
        "Cluster name, generated if not set",
    ),
    flag(
        &["no_advertise"],
        None,
        Topic::Cluster,
        Effect::Later(Later::Switch),
        "Do not tell clients of other servers",
    ),
    flag(
        &["cluster_advertise"],
        Some("host:port"),
        Topic::Cluster,
        Effect::Later(Later::Text),
        "Address told to other servers",
    ),
    flag(
        &["connect_retries"],
        Some("number"),
        Topic::Cluster,
        Effect::Later(Later::Int),
        "For implicit routes, number of connect retries",
    ),
    flag(
        &["profile"],
        Some("port"),
        Topic::Profiling,
        Effect::Later(Later::Int),
        "Profiling HTTP port",
    ),
    flag(&["h", "help"], None, Topic::Common, Effect::Mode, "Show this message"),
    flag(&["v", "version"], None, Topic::Common, Effect::Mode, "Show version"),
    flag(&["help_tls"], None, Topic::Common, Effect::Mode, "TLS help"),
    flag(
        &["completion"],
        Some("shell"),
        Topic::Common,
        Effect::Mode,
        "Print completions for bash, elvish, fish, powershell or zsh",
    ),
];
