//! Listeners, limits, times, log and files.

use std::time::Duration;

use super::fields::Fields;
use crate::duration;
use crate::grammar::Data;
use crate::options::{Limits, Log, Monitor, Options, Timing, WriteTimeoutPolicy};
use crate::problem::{Position, Problems};

/// Stands for a port that the system chooses.
const RANDOM_PORT: i64 = -1;

pub(super) fn listen(top: &Fields<'_>, options: &mut Options, problems: &mut Problems) {
    let listen = &mut options.listen;
    let (mut host, mut port) = address(top, "listen", problems).unwrap_or_default();
    if let Some(given) = top.filled("host") {
        host = given;
    }
    let mut at = top.at("listen");
    if let Some(given) = top.int("port") {
        port = given;
        at = top.at("port");
    }
    if !host.is_empty() {
        listen.host = host;
    }
    if let Some(Ok(port)) = at.map(|at| bindable(port, at, problems)) {
        listen.port = port.unwrap_or(listen.port);
    }
    listen.client_advertise = top.filled("client_advertise");
    listen.proxy_protocol = top.is_on("proxy_protocol");
    options.allow_non_tls = top.is_on("allow_non_tls");
}

/// A port as it is bound: -1 becomes 0, and 0, which stands for the default, nothing.
fn bindable(port: i64, at: &Position, problems: &mut Problems) -> Result<Option<u16>, ()> {
    if port == RANDOM_PORT {
        return Ok(Some(0));
    }
    match u16::try_from(port) {
        Ok(0) => Ok(None),
        Ok(port) => Ok(Some(port)),
        Err(_) => {
            problems.error(at, format!("port {port} is out of the range from -1 to 65535"));
            Err(())
        }
    }
}

fn address(top: &Fields<'_>, key: &str, problems: &mut Problems) -> Option<(String, i64)> {
    let value = top.value(key)?;
    match &value.data {
        Data::Int(port) => Some((String::new(), *port)),
        Data::Text(text) => match parse_address(text) {
            Ok(address) => Some(address),
            Err(reason) => {
                problems.error(&value.at, reason);
                None
            }
        },
        _ => None,
    }
}

/// `host:port`, `:port` or `[v6]:port`; the port is not checked for its range.
pub(crate) fn parse_address(text: &str) -> Result<(String, i64), String> {
    let unreadable = || format!("could not parse address string {text:?}");
    let (host, port) = text.rsplit_once(':').ok_or_else(unreadable)?;
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host = match bracketed {
        Some(inside) => inside,
        None if host.contains([':', '[', ']']) => return Err(unreadable()),
        None => host,
    };
    let port = port.parse().map_err(|_| format!("could not parse port {port:?}"))?;
    Ok((host.to_owned(), port))
}

pub(super) fn monitor(top: &Fields<'_>, monitor: &mut Monitor, problems: &mut Problems) {
    for (key, plain_port, port) in [
        ("http", "http_port", &mut monitor.http_port),
        ("https", "https_port", &mut monitor.https_port),
    ] {
        if let (Some((host, given)), Some(at)) = (address(top, key, problems), top.at(key)) {
            monitor.host = host;
            *port = bindable(given, at, problems).ok().flatten();
        }
        if let (Some(given), Some(at)) = (top.int(plain_port), top.at(plain_port)) {
            *port = bindable(given, at, problems).ok().flatten();
        }
    }
    monitor.base_path = top.text("http_base_path").map(base_path).unwrap_or_default();
}

/// A path with one slash in front and none behind; the root is empty.
fn base_path(path: &str) -> String {
    let parts = path.split('/').filter(|part| !part.is_empty() && *part != ".");
    parts.map(|part| format!("/{part}")).collect()
}

pub(super) fn limits(top: &Fields<'_>, limits: &mut Limits, problems: &mut Problems) {
    set(&mut limits.control_line_max, signed_count(top, "max_control_line", problems));
    set(&mut limits.payload_max, signed_count(top, "max_payload", problems));
    set(&mut limits.pending_bytes_max, top.count("max_pending", problems));
    // 0 stands for no limit here, where elsewhere it stands for the default.
    set(
        &mut limits.connections_max,
        top.int("max_connections").map(|n| if n == 0 { -1 } else { n }),
    );
    if top.int("max_subscriptions").is_some_and(|n| n > 0) {
        set(&mut limits.subscriptions_max, top.count("max_subscriptions", problems));
    }
    subject_tokens(top, limits, problems);
    set(&mut limits.closed_clients_max, top.count("max_closed_clients", problems));
    if top.int("max_traced_msg_len").is_some_and(|n| n > 0) {
        set(&mut limits.traced_message_max, top.count("max_traced_msg_len", problems));
    }
}

/// nats-server holds these as 32-bit signed numbers.
fn signed_count(top: &Fields<'_>, key: &str, problems: &mut Problems) -> Option<u32> {
    top.count::<i32>(key, problems).map(i32::unsigned_abs)
}

fn subject_tokens(top: &Fields<'_>, limits: &mut Limits, problems: &mut Problems) {
    let (Some(tokens), Some((name, value))) =
        (top.int("max_sub_tokens"), top.named("max_sub_tokens"))
    else {
        return;
    };
    match u8::try_from(tokens) {
        Ok(tokens) if tokens > 0 => limits.subject_tokens_max = tokens,
        _ if tokens > 0 => problems.error(&value.at, format!("{name} value is too big")),
        // nats-server's words, for 0 too.
        _ => problems.error(&value.at, format!("{name} value can not be negative")),
    }
}

fn set<T>(target: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *target = value;
    }
}

/// Shorter would drop clients faster than they can come back elsewhere.
const LAME_DUCK_DURATION_MIN: Duration = Duration::from_secs(30);

pub(super) fn timing(top: &Fields<'_>, timing: &mut Timing, problems: &mut Problems) {
    set(&mut timing.ping_interval, top.duration("ping_interval", problems));
    set(&mut timing.ping_out_max, top.count("ping_max", problems));
    set(&mut timing.write_deadline, top.duration("write_deadline", problems));
    if let (Some(policy), Some(at)) = (top.text("write_timeout"), top.at("write_timeout")) {
        match policy {
            "default" => timing.write_timeout = WriteTimeoutPolicy::Default,
            "close" => timing.write_timeout = WriteTimeoutPolicy::Close,
            "retry" => timing.write_timeout = WriteTimeoutPolicy::Retry,
            _ => problems.error(at, "write_timeout must be 'default', 'close' or 'retry'"),
        }
    }
    lame_duck(top, timing, problems);
}

fn lame_duck(top: &Fields<'_>, timing: &mut Timing, problems: &mut Problems) {
    if let Some((nanos, at)) = duration_text(top, "lame_duck_duration", problems) {
        match duration::positive(nanos) {
            Some(duration) if duration >= LAME_DUCK_DURATION_MIN => {
                timing.lame_duck_duration = duration;
            }
            short => {
                let shown = short.map_or_else(
                    || format!("-{}", duration::show(Duration::from_nanos(nanos.unsigned_abs()))),
                    duration::show,
                );
                problems.error(
                    at,
                    format!("invalid lame_duck_duration of {shown}, minimum is 30 seconds"),
                );
            }
        }
    }
    if let Some((nanos, at)) = duration_text(top, "lame_duck_grace_period", problems) {
        match duration::positive(nanos) {
            Some(Duration::ZERO) => {}
            Some(duration) => timing.lame_duck_grace_period = duration,
            None => problems.error(at, "invalid lame_duck_grace_period, needs to be positive"),
        }
    }
}

fn duration_text<'a>(
    top: &Fields<'a>,
    key: &str,
    problems: &mut Problems,
) -> Option<(duration::Nanos, &'a Position)> {
    let (text, at) = (top.text(key)?, top.at(key)?);
    match duration::parse(text) {
        Ok(nanos) => Some((nanos, at)),
        Err(reason) => {
            problems.error(at, format!("error parsing {key}: {reason}"));
            None
        }
    }
}

pub(super) fn log(top: &Fields<'_>, log: &mut Log, problems: &mut Problems) {
    log.debug = top.is_on("debug");
    log.trace_verbose = top.is_on("trace_verbose");
    log.trace_headers = top.is_on("trace_headers");
    log.trace = top.is_on("trace") || log.trace_verbose || log.trace_headers;
    log.time = top.bool("logtime").unwrap_or(log.time);
    log.time_utc = top.is_on("logtime_utc");
    log.file = top.filled("logfile").map(Into::into);
    set(&mut log.file_size_max, top.count("logfile_size_limit", problems));
    set(&mut log.files_max, top.count("logfile_max_num", problems));
    log.syslog = top.is_on("syslog");
    log.remote_syslog = top.filled("remote_syslog");
}

pub(super) fn identity(top: &Fields<'_>, options: &mut Options, problems: &mut Problems) {
    options.server_name = top.filled("server_name");
    if let (Some(name), Some(at)) = (&options.server_name, top.at("server_name"))
        && name.contains(' ')
    {
        problems.error(at, "server name cannot contain spaces");
    }
    options.files.pid_file = top.filled("pidfile").map(Into::into);
    options.files.ports_file_dir = top.filled("ports_file_dir").map(Into::into);
    for (tag, _) in top.texts("server_tags") {
        add_tag(&mut options.tags, tag);
    }
    options.metadata = top
        .map("server_metadata")
        .map(|map| {
            map.in_order()
                .into_iter()
                .filter_map(|(key, entry)| match &entry.value.data {
                    Data::Text(text) => Some((key.to_owned(), text.clone())),
                    _ => None,
                })
                .collect()
        })
        .unwrap_or_default();
}

/// Tags are compared without regard to case and kept in lower case, each once.
fn add_tag(tags: &mut Vec<String>, tag: &str) {
    let tag = tag.trim().to_lowercase();
    if !tag.is_empty() && !tags.contains(&tag) {
        tags.push(tag);
    }
}

pub(super) fn features(top: &Fields<'_>, options: &mut Options) {
    let features = &mut options.features;
    features.no_header_support = top.is_on("no_header_support");
    features.no_fast_producer_stall = top.is_on("no_fast_producer_stall");
    features.no_match_cache = top.is_on("disable_sublist_cache");
}
