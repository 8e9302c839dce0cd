//! `--signal`: telling a running server something.

use std::io;
use std::path::Path;

use anabranch_config::cli::SignalCommand;

use crate::io_reason::io_reason;
use crate::program::Program;

/// Bytes read of what is named as a pid file.
const PID_FILE_BYTES_MAX: u64 = 64;

/// Sends the command's signal to the process that `target` tells: an id, a file that holds one,
/// either with `*` at its end for every server whose id begins so, or nothing for the only one.
///
/// # Errors
/// In nats-server's words: nobody was meant, several were, or the system refused.
pub(crate) fn send(program: &Program, command: SignalCommand, target: &str) -> Result<(), String> {
    let target = read_pid_file(target).unwrap_or_else(|| target.to_owned());
    let pids = choose(program.name(), &target, || running(program.name()))?;
    let mut failures = String::new();
    for pid in pids {
        if let Err(why) = kill(pid, command) {
            let why = io_reason(&why);
            failures.push_str(&format!("\nsignal \"{}\" {pid}: {why}", name(command)));
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(failures) }
}

/// The processes meant by `target` among those `running`.
fn choose(
    name: &str,
    target: &str,
    running: impl FnOnce() -> io::Result<Vec<i32>>,
) -> Result<Vec<i32>, String> {
    let (digits, several) = match target.strip_suffix('*') {
        Some(digits) => (digits, true),
        None => (target, false),
    };
    if !digits.is_empty() {
        // What is not above 0 would mean groups of processes, or all there are.
        let pid = digits.parse().ok().filter(|pid: &i32| *pid > 0);
        let pid = pid.ok_or_else(|| format!("invalid pid: {digits}"))?;
        if !several {
            return Ok(vec![pid]);
        }
    }
    let running = running().map_err(|_| "unable to resolve pid, try providing one".to_owned())?;
    if running.is_empty() {
        return Err(format!("no {name} processes running"));
    }
    if running.len() > 1 && !several {
        let list: String = running.iter().map(|pid| format!("\n{pid}")).collect();
        return Err(format!("multiple {name} processes running:{list}"));
    }
    Ok(running.into_iter().filter(|pid| pid.to_string().starts_with(digits)).collect())
}

fn read_pid_file(path: &str) -> Option<String> {
    use std::io::Read;
    let mut text = String::new();
    let file = std::fs::File::open(Path::new(path)).ok()?;
    file.take(PID_FILE_BYTES_MAX).read_to_string(&mut text).ok()?;
    Some(text.trim().to_owned())
}

fn name(command: SignalCommand) -> &'static str {
    match command {
        SignalCommand::Stop => "stop",
        SignalCommand::Quit => "quit",
        SignalCommand::Term => "term",
        SignalCommand::Reopen => "reopen",
        SignalCommand::Reload => "reload",
        SignalCommand::LameDuck => "ldm",
    }
}

#[cfg(unix)]
fn kill(pid: i32, command: SignalCommand) -> io::Result<()> {
    use rustix::process::{Pid, Signal, kill_process};
    let signal = match command {
        SignalCommand::Stop => Signal::KILL,
        SignalCommand::Quit => Signal::INT,
        SignalCommand::Term => Signal::TERM,
        SignalCommand::Reopen => Signal::USR1,
        SignalCommand::Reload => Signal::HUP,
        SignalCommand::LameDuck => Signal::USR2,
    };
    let pid = Pid::from_raw(pid).ok_or(io::ErrorKind::InvalidInput)?;
    Ok(kill_process(pid, signal)?)
}

#[cfg(not(unix))]
fn kill(_pid: i32, _command: SignalCommand) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Ids of other processes that run under this name.
#[cfg(target_os = "linux")]
fn running(name: &str) -> io::Result<Vec<i32>> {
    /// Longer names are cut (proc(5), `TASK_COMM_LEN`).
    const COMMAND_BYTES: usize = 15;
    let name = name.as_bytes();
    let wanted = &name[..name.len().min(COMMAND_BYTES)];
    let mut pids = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let entry = entry?;
        let pid = entry.file_name().to_str().and_then(|pid| pid.parse::<i32>().ok());
        let Some(pid) = pid.filter(|pid| u32::try_from(*pid) != Ok(std::process::id())) else {
            continue;
        };
        // A process may have ended since it was listed.
        let Ok(command) = std::fs::read(entry.path().join("comm")) else { continue };
        if command.strip_suffix(b"\n").unwrap_or(&command) == wanted {
            pids.push(pid);
        }
    }
    pids.sort_unstable();
    Ok(pids)
}

/// Ids of other processes that run under this name.
#[cfg(not(target_os = "linux"))]
fn running(name: &str) -> io::Result<Vec<i32>> {
    let output = std::process::Command::new("pgrep").arg("-x").arg(name).output()?;
    let own = i32::try_from(std::process::id()).ok();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(text.lines().filter_map(|pid| pid.parse().ok()).filter(|pid| Some(*pid) != own).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn among(target: &str, running: &[i32]) -> Result<Vec<i32>, String> {
        choose("srv", target, || Ok(running.to_vec()))
    }

    #[test]
    fn an_id_is_taken_as_it_is() {
        assert_eq!(among("7", &[]), Ok(vec![7]));
        assert_eq!(among("x", &[]), Err("invalid pid: x".to_owned()));
        assert_eq!(among("0", &[]), Err("invalid pid: 0".to_owned()));
        assert_eq!(among("-1", &[]), Err("invalid pid: -1".to_owned()));
    }

    #[test]
    fn without_an_id_the_only_server_is_meant() {
        assert_eq!(among("", &[7]), Ok(vec![7]));
        assert_eq!(among("", &[]), Err("no srv processes running".to_owned()));
        let several = "multiple srv processes running:\n7\n8".to_owned();
        assert_eq!(among("", &[7, 8]), Err(several));
    }

    #[test]
    fn a_star_means_every_server_whose_id_begins_so() {
        assert_eq!(among("*", &[7, 8]), Ok(vec![7, 8]));
        assert_eq!(among("1*", &[1, 12, 21]), Ok(vec![1, 12]));
        assert_eq!(among("x*", &[1]), Err("invalid pid: x".to_owned()));
    }

    #[test]
    fn says_so_when_processes_cannot_be_listed() {
        let error = choose("srv", "", || Err(io::ErrorKind::NotFound.into()));
        assert_eq!(error, Err("unable to resolve pid, try providing one".to_owned()));
    }
}
