//! Reads golden files into exchanges. Their form is described in `golden/README.md`.

use super::info::Check;
use super::text::Text;
use crate::server::Signal;

/// One raw exchange: a configuration, and steps on its connections.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The file that holds it, without its directory.
    pub file: String,
    /// Its name, unique among all files.
    pub name: String,
    /// The configurations (`golden/configs/<name>.conf`), joined in this order.
    pub configs: Vec<String>,
    /// Whether it shares its server with the exchanges of the same configurations.
    pub sharing: Sharing,
    /// Which ways of cutting up the sent bytes it is played with.
    pub splits: Splits,
    /// Its lines before the first step, as written.
    pub header: Vec<String>,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// Whether other exchanges may run on the same server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// They may, one after the other.
    Shared,
    /// They may not: the exchange counts connections, or ends the server.
    Own,
}

/// How an exchange's bytes are cut up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Splits {
    /// Played once, every send in one write.
    Whole,
    /// Played also byte by byte, and once for every place where one send can be cut in two.
    Everywhere,
}

/// One line of an exchange.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its line number in the file.
    pub line: usize,
    /// The line as written.
    pub source: String,
    /// What it says.
    pub action: Action,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// A remark.
    Remark,
    /// `a open`: connects and reads INFO; `a open raw`: connects only.
    Open(String, Greeting),
    /// `a> text` (CRLF is added) or `a>| text`.
    Send(String, Text),
    /// `a< text` or `a<| text`: exactly these bytes come next.
    Expect(String, Text),
    /// `a<info …`: an INFO line comes next, and meets these.
    ExpectInfo(String, Vec<Check>),
    /// `a<close`: the server closes, and nothing comes before.
    ExpectClose(String),
    /// `a<close-any`: the server closes, after whatever.
    ExpectCloseAfterAny(String),
    /// `a<quiet`: a PING is answered by PONG, and nothing comes before.
    Quiet(String),
    /// `a,b<one text`: exactly one of the connections gets this.
    ExpectOne(Vec<String>, Text),
    /// `a eof`: nothing more will be sent.
    EndSending(String),
    /// `a drop`: closes, or exempts from the check at the end.
    Drop(String),
    /// `a admitted`: soon, at the latest, a connection is served.
    Admitted(String),
    /// `a refused`: soon, at the latest, nobody accepts a connection.
    Refused,
    /// `signal NAME`: the server gets a signal.
    Signal(Signal),
}

/// Whether a connection begins by reading INFO.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Greeting {
    /// It does.
    Info,
    /// What comes first is for the steps to say.
    Raw,
}

/// Reads all exchanges of one file.
///
/// # Errors
/// `line N: …` on the first line that is not understood.
pub fn exchanges(source: &str) -> Result<Vec<Exchange>, String> {
    let mut found: Vec<Exchange> = Vec::new();
    let mut remarks = Vec::new();
    for (index, line) in source.lines().enumerate() {
        let (number, line) = (index + 1, line.trim_end());
        if let Some(name) = line.strip_prefix("== ") {
            let mut exchange = Exchange::named(name.trim());
            exchange.header.append(&mut remarks);
            found.push(exchange);
            continue;
        }
        match found.last_mut() {
            Some(exchange) if !line.is_empty() => {
                exchange.read(number, line).map_err(|error| format!("line {number}: {error}"))?;
            }
            None if line.starts_with('#') || line.is_empty() => {}
            None => return Err(format!("line {number}: before the first exchange")),
            Some(_) => {}
        }
    }
    Ok(found)
}

impl Exchange {
    fn named(name: &str) -> Self {
        Self {
            file: String::new(),
            name: name.into(),
            configs: Vec::new(),
            sharing: Sharing::Shared,
            splits: Splits::Whole,
            header: Vec::new(),
            steps: Vec::new(),
        }
    }

    fn read(&mut self, number: usize, line: &str) -> Result<(), String> {
        match line.split_once(' ') {
            Some(("config", names)) => {
                self.configs.extend(names.split_whitespace().map(String::from));
            }
            Some(("server", "own")) => self.sharing = Sharing::Own,
            Some(("vary", "splits")) => self.splits = Splits::Everywhere,
            _ if line.starts_with('#') && self.steps.is_empty() => {}
            _ => {
                let action = action(line)?;
                self.steps.push(Step { line: number, source: line.into(), action });
                return Ok(());
            }
        }
        self.header.push(line.into());
        Ok(())
    }
}

fn action(line: &str) -> Result<Action, String> {
    if line.starts_with('#') {
        return Ok(Action::Remark);
    }
    if let Some(name) = line.strip_prefix("signal ") {
        return signal(name).map(Action::Signal);
    }
    let end = line.find([' ', '<', '>']).ok_or("neither a step nor a setting")?;
    let (who, rest) = line.split_at(end);
    if who.is_empty() || !who.chars().all(|c| c.is_ascii_alphanumeric() || c == ',') {
        return Err(format!("not a connection's name: {who:?}"));
    }
    let one = who.to_owned();
    if let Some(text) = rest.strip_prefix('>') {
        return Ok(Action::Send(one, line_or_raw(text)?));
    }
    if let Some(answer) = rest.strip_prefix('<') {
        return expectation(one, answer);
    }
    match rest.trim() {
        "open" => Ok(Action::Open(one, Greeting::Info)),
        "open raw" => Ok(Action::Open(one, Greeting::Raw)),
        "eof" => Ok(Action::EndSending(one)),
        "admitted" => Ok(Action::Admitted(one)),
        "refused" => Ok(Action::Refused),
        "drop" => Ok(Action::Drop(one)),
        other => Err(format!("no such step: {other:?}")),
    }
}

fn expectation(who: String, answer: &str) -> Result<Action, String> {
    let (word, rest) = answer.split_once(' ').unwrap_or((answer, ""));
    match word {
        "" | "|" => Ok(Action::Expect(who, line_or_raw(answer)?)),
        "close" => Ok(Action::ExpectClose(who)),
        "close-any" => Ok(Action::ExpectCloseAfterAny(who)),
        "quiet" => Ok(Action::Quiet(who)),
        "info" => {
            let checks = rest.split_whitespace().map(Check::parse).collect::<Result<_, _>>()?;
            Ok(Action::ExpectInfo(who, checks))
        }
        "one" => {
            let names = who.split(',').map(String::from).collect();
            Ok(Action::ExpectOne(names, line_or_raw(&format!(" {rest}"))?))
        }
        other => Err(format!("no such expectation: {other:?}")),
    }
}

/// `" text"` gains CRLF, `"| text"` does not.
fn line_or_raw(source: &str) -> Result<Text, String> {
    match source.strip_prefix('|') {
        Some(raw) => Text::parse(raw.strip_prefix(' ').unwrap_or(raw)),
        None => {
            let mut text = Text::parse(source.strip_prefix(' ').unwrap_or(source))?;
            text.push_bytes(b"\r\n");
            Ok(text)
        }
    }
}

fn signal(name: &str) -> Result<Signal, String> {
    match name {
        "USR1" => Ok(Signal::USR1),
        "USR2" => Ok(Signal::USR2),
        "TERM" => Ok(Signal::TERM),
        "INT" => Ok(Signal::INT),
        "HUP" => Ok(Signal::HUP),
        other => Err(format!("no such signal: {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exchange_has_settings_then_steps() {
        let source = "# file\n\n== first\n# why\nconfig a b\nserver own\nvary splits\n\
                      a> PING\na< PONG\na,b<one MSG x 1 0\\r\n\na<info headers=true\n\
                      == second\nb open raw\n";
        let found = exchanges(source).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].name, "first");
        assert_eq!(found[0].configs, ["a", "b"]);
        assert_eq!(found[0].sharing, Sharing::Own);
        assert_eq!(found[0].splits, Splits::Everywhere);
        assert_eq!(found[0].steps.len(), 4);
        assert_eq!(found[1].steps[0].action, Action::Open("b".into(), Greeting::Raw));
    }

    #[test]
    fn errors_name_their_line() {
        for source in ["a> x", "== n\na jump", "== n\na<info x", "== n\nsignal NONE", "== n\nx"] {
            assert!(exchanges(source).unwrap_err().starts_with("line "), "{source}");
        }
    }

    #[test]
    fn crlf_is_added_except_to_raw_text() {
        let steps = &exchanges("== n\na> x\na>| x").unwrap()[0].steps;
        let sent = |index: usize| match &steps[index].action {
            Action::Send(_, text) => text.bytes("").unwrap(),
            other => panic!("{other:?}"),
        };
        assert_eq!(sent(0), b"x\r\n");
        assert_eq!(sent(1), b"x");
    }
}
