//! Writes down what a server answers to an exchange's sends: the draft of a transcript.
//!
//! Not part of any test. Where a test waits for what it knows will come, this waits for silence,
//! so what it writes is to be read before it is kept.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::info::{self, Check};
use super::parse::{Action, Exchange, Step};
use super::play::{Cut, Player};
use super::text::escape;
use crate::server::Server;
use crate::wire::{Arrival, Connection};

/// How long nothing may come until an answer counts as complete.
const SILENCE: Duration = Duration::from_millis(60);
/// How much of a recorded answer is kept.
const RECORDED_BYTES_MAX: usize = 4000;

/// The exchange with every plain expectation replaced by what came.
///
/// # Errors
/// When a step that is kept, such as one that opens a connection, fails.
pub fn exchange(server: &Server, exchange: &Exchange) -> Result<String, String> {
    let mut text = format!("== {}\n", exchange.name);
    for line in &exchange.header {
        let _ = writeln!(text, "{line}");
    }
    let mut infos: Vec<InfoStep<'_>> = exchange.steps.iter().filter_map(info_step).collect();
    let mut player = Player::new(server, Cut::None);
    for (index, step) in exchange.steps.iter().enumerate() {
        match &step.action {
            Action::Expect(..) | Action::ExpectClose(_) | Action::ExpectCloseAfterAny(_) => {
                continue;
            }
            Action::ExpectInfo(..) => continue,
            Action::ExpectOne(..) | Action::Quiet(_) => {
                let _ = writeln!(text, "{}", step.source);
                if let Err(error) = player.step(&step.action) {
                    let _ = writeln!(text, "# !! {error}");
                }
                continue;
            }
            action => {
                let _ = writeln!(text, "{}", step.source);
                player.step(action)?;
            }
        }
        let next = exchange.steps.get(index + 1).map(|step| &step.action);
        if step.action != Action::Remark && !matches!(next, Some(Action::ExpectOne(..))) {
            for (name, connection) in player.connections() {
                take_answer(&mut text, name, connection, &mut infos)?;
            }
        }
    }
    Ok(text)
}

type InfoStep<'a> = (&'a Step, &'a String, &'a [Check]);

fn info_step(step: &Step) -> Option<InfoStep<'_>> {
    match &step.action {
        Action::ExpectInfo(who, checks) => Some((step, who, checks)),
        _ => None,
    }
}

fn take_answer(
    text: &mut String,
    name: &str,
    connection: &mut Connection,
    infos: &mut Vec<InfoStep<'_>>,
) -> Result<(), String> {
    let known_closed = connection.is_closed();
    while let Arrival::Bytes =
        connection.fill(Instant::now() + SILENCE).map_err(|error| error.to_string())?
    {}
    let bytes = connection.consume(usize::MAX);
    let mut rest = &bytes[..bytes.len().min(RECORDED_BYTES_MAX)];
    while let Some(length) = item_length(rest) {
        let (item, after) = rest.split_at(length);
        rest = after;
        if let Ok(fields) = info::fields(item) {
            let expected = infos.iter().position(|(_, who, _)| *who == name);
            match expected.map(|index| infos.remove(index)) {
                Some((step, _, checks)) if info::check(item, checks).is_ok() => {
                    let _ = writeln!(text, "{}", step.source);
                }
                _ => {
                    let shown: Vec<_> = fields.iter().map(|(k, v)| format!("{k}={v}")).collect();
                    let _ = writeln!(text, "{name}<info {}", shown.join(" "));
                }
            }
        } else if let Some(line) = item.strip_suffix(b"\r\n") {
            let _ = writeln!(text, "{name}< {}", escape(line));
        }
    }
    if !rest.is_empty() {
        let _ = writeln!(text, "{name}<| {}", escape(rest));
    }
    if connection.is_closed() && !known_closed {
        let _ = writeln!(text, "{name}<close");
    }
    Ok(())
}

/// The length of the first line, with the payload that it announces.
fn item_length(bytes: &[u8]) -> Option<usize> {
    let line = bytes.iter().position(|&byte| byte == b'\n')? + 1;
    let head = String::from_utf8_lossy(&bytes[..line]);
    let payload = match head.split_once(' ') {
        Some(("MSG" | "HMSG", arguments)) => {
            arguments.split_whitespace().last()?.parse::<usize>().ok()? + 2
        }
        _ => 0,
    };
    Some((line + payload).min(bytes.len()))
}
