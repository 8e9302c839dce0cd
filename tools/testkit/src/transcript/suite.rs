//! All exchanges of a directory, run against one kind of server.
//!
//! Exchanges of the same configuration share a server, one after the other; different
//! configurations run side by side.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::nkey;
use super::parse::{self, Exchange, Sharing};
use super::{play, record};
use crate::certificate;
use crate::server::{Binary, Server};

/// How many servers run at once.
const SERVERS_MAX: usize = 8;

/// The exchanges of a directory and their configurations.
#[derive(Debug)]
pub struct Suite {
    directory: PathBuf,
    exchanges: Vec<Exchange>,
}

/// How one exchange went.
#[derive(Debug)]
pub struct Verdict {
    /// The exchange's name.
    pub name: String,
    /// What went otherwise than written.
    pub result: Result<(), String>,
}

impl Suite {
    /// Reads `*.golden` of a directory, in order of their names.
    ///
    /// # Errors
    /// The file and line that could not be understood, or a name given twice.
    pub fn load(directory: &Path) -> Result<Self, String> {
        let entries =
            fs::read_dir(directory).map_err(|e| format!("{}: {e}", directory.display()))?;
        let mut paths: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "golden"));
        paths.sort();
        let mut exchanges = Vec::new();
        for path in paths {
            let error = |error: String| format!("{}: {error}", path.display());
            let source = fs::read_to_string(&path).map_err(|e| error(e.to_string()))?;
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let found = parse::exchanges(&source).map_err(error)?;
            exchanges.extend(found.into_iter().map(|e| Exchange { file: file.clone(), ..e }));
        }
        let mut names = BTreeSet::new();
        if let Some(twice) = exchanges.iter().find(|exchange| !names.insert(&exchange.name)) {
            return Err(format!("two exchanges are named {}", twice.name));
        }
        Ok(Self { directory: directory.to_owned(), exchanges })
    }

    /// Keeps the exchanges whose name contains `part`.
    pub fn retain_named(&mut self, part: &str) {
        self.exchanges.retain(|exchange| exchange.name.contains(part));
    }

    /// Keeps the exchanges of the named files, or all if none is named.
    pub fn retain_files(&mut self, files: &[&str]) {
        self.exchanges.retain(|exchange| files.is_empty() || files.contains(&&*exchange.file));
    }

    /// What [`record`](super::record) writes for each exchange, in file order.
    ///
    /// # Errors
    /// The first exchange that could not be recorded.
    pub fn record(&self, binary: &Binary) -> Result<Vec<String>, String> {
        let mut servers: BTreeMap<&[String], Server> = BTreeMap::new();
        let mut texts = Vec::new();
        for exchange in &self.exchanges {
            let named = |error: String| format!("{}: {error}", exchange.name);
            let own = exchange.sharing == Sharing::Own;
            if own || !servers.contains_key(&*exchange.configs) {
                let server = self.server_for(binary, exchange).map_err(named)?;
                servers.insert(&exchange.configs, server);
            }
            if let Some(server) = servers.get(&*exchange.configs) {
                texts.push(record::exchange(server, exchange).map_err(named)?);
            }
            if own {
                servers.remove(&*exchange.configs);
            }
        }
        Ok(texts)
    }

    /// The exchanges, in file order.
    #[must_use]
    pub fn exchanges(&self) -> &[Exchange] {
        &self.exchanges
    }

    /// Runs all exchanges; the verdicts come in file order.
    #[must_use]
    pub fn run(&self, binary: &Binary) -> Vec<Verdict> {
        let jobs = Mutex::new(self.jobs());
        let results = Mutex::new(BTreeMap::new());
        thread::scope(|scope| {
            for _ in 0..SERVERS_MAX {
                scope.spawn(|| {
                    loop {
                        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                        let Some(job) = job else { return };
                        let verdicts = self.run_job(binary, &job);
                        results.lock().unwrap_or_else(PoisonError::into_inner).extend(verdicts);
                    }
                });
            }
        });
        let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
        results.into_values().collect()
    }

    /// Starts the server that an exchange wants.
    ///
    /// # Errors
    /// As [`Server::start`]; also when a configuration file cannot be read.
    pub fn server_for(&self, binary: &Binary, exchange: &Exchange) -> Result<Server, String> {
        let mut config = String::new();
        for name in &exchange.configs {
            let path = self.directory.join("configs").join(name).with_extension("conf");
            let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
            config.push_str(&text);
            config.push('\n');
        }
        let config = with_public_keys(&config)?;
        Server::start_with(binary, &config, certificate::write_self_signed)
            .map_err(|error| error.to_string())
    }

    /// Indexes of exchanges that share a server.
    fn jobs(&self) -> VecDeque<Vec<usize>> {
        let mut shared: BTreeMap<&[String], Vec<usize>> = BTreeMap::new();
        let mut jobs = VecDeque::new();
        for (index, exchange) in self.exchanges.iter().enumerate() {
            match exchange.sharing {
                Sharing::Shared => shared.entry(&exchange.configs).or_default().push(index),
                Sharing::Own => jobs.push_back(vec![index]),
            }
        }
        jobs.extend(shared.into_values());
        // The longest first, so that the last to end is a short one.
        jobs.make_contiguous().sort_by_key(|group| std::cmp::Reverse(group.len()));
        jobs
    }

    fn run_job(&self, binary: &Binary, job: &[usize]) -> Vec<(usize, Verdict)> {
        let members = || job.iter().filter_map(|&index| Some((index, self.exchanges.get(index)?)));
        let Some((_, first)) = members().next() else { return Vec::new() };
        let server = self.server_for(binary, first);
        members()
            .map(|(index, exchange)| {
                let result = match &server {
                    Ok(server) => play::exchange(server, exchange),
                    Err(error) => Err(error.clone()),
                };
                (index, Verdict { name: exchange.name.clone(), result })
            })
            .collect()
    }
}

/// Replaces `{{nkey:NAME}}` by the public key of that name.
fn with_public_keys(config: &str) -> Result<String, String> {
    let mut parts = config.split("{{nkey:");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once("}}").ok_or("{{nkey: without }}")?;
        text.push_str(&nkey::public_key(name)?);
        text.push_str(rest);
    }
    Ok(text)
}
