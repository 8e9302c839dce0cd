//! The decisions of this crate against the answers that nats-server gave to the same requests.

use std::collections::BTreeMap;

use anabranch_jetstream::config::{
    AccountLimits, Creation, ServerStorage, StreamConfigRequest, Surroundings, Topology, create,
    update,
};
use anabranch_jetstream::error::{REQUEST_NOT_EMPTY, STREAM_NOT_FOUND};
use anabranch_jetstream::json::{Strictness, to_vec};
use anabranch_jetstream::{ApiError, Nanos, StreamConfig, api};

/// The version that the transcripts were recorded from.
const VERSION: &str = "2.15.1";

const KIB: i64 = 1024;
const MIB: i64 = 1024 * KIB;
const GIB: i64 = 1024 * MIB;

/// The text of a transcript.
macro_rules! transcript {
    ($name:literal) => {
        include_str!(concat!("../../../tools/testkit/stream_api/", $name, ".transcript"))
    };
}

/// What the server of a transcript was configured to allow.
#[derive(Clone, Copy)]
struct Allowance {
    account: AccountLimits,
    max_memory: i64,
    max_storage: i64,
    duplicate_window_max: Nanos,
}

const PLENTY: Allowance = Allowance {
    account: AccountLimits::NONE,
    max_memory: GIB,
    max_storage: 10 * GIB,
    duplicate_window_max: Nanos::ZERO,
};

const LITTLE: Allowance = Allowance {
    account: AccountLimits {
        max_memory: 500 * KIB,
        max_storage: MIB,
        max_streams: 3,
        max_consumers: 10,
        max_ack_pending: -1,
        memory_max_stream_bytes: 200 * KIB,
        storage_max_stream_bytes: 600 * KIB,
        max_bytes_required: true,
    },
    max_memory: MIB,
    max_storage: 2 * MIB,
    duplicate_window_max: Nanos::MINUTE,
};

/// An account of which only the configurations are real.
struct Account {
    allowance: Allowance,
    streams: BTreeMap<String, StreamConfig>,
}

impl Account {
    fn answer(&mut self, call: &str, body: &str) -> String {
        let (call, name) = call.split_once('.').expect("a call and a name");
        let outcome = match call {
            "CREATE" => self.create(name, body.as_bytes()),
            "UPDATE" => self.update(name, body.as_bytes()),
            _ => self.delete(name, body.as_bytes()).map(|()| None),
        };
        let bytes = match outcome {
            Ok(Some(config)) => to_vec(&config.answered(VERSION)),
            Ok(None) => b"ok".to_vec(),
            Err(error) => to_vec(&error),
        };
        String::from_utf8(bytes).expect("JSON is text")
    }

    fn create(&mut self, name: &str, body: &[u8]) -> Result<Option<StreamConfig>, ApiError> {
        let request = StreamConfigRequest::parse(body, Strictness::Strict)?;
        if let Creation::New(config) = create(&request, name, &self.surroundings())? {
            self.streams.insert(name.to_owned(), *config);
        }
        Ok(self.streams.get(name).cloned())
    }

    fn update(&mut self, name: &str, body: &[u8]) -> Result<Option<StreamConfig>, ApiError> {
        let request = StreamConfigRequest::parse(body, Strictness::Strict)?;
        let config = update(&request, name, &self.surroundings())?;
        self.streams.insert(name.to_owned(), config.clone());
        Ok(Some(config))
    }

    fn delete(&mut self, name: &str, body: &[u8]) -> Result<(), ApiError> {
        api::require_empty(body).map_err(|_| REQUEST_NOT_EMPTY)?;
        self.streams.remove(name).map(|_| ()).ok_or(STREAM_NOT_FOUND)
    }

    fn surroundings(&self) -> Surroundings<'_> {
        let reserved = |memory: bool| {
            let bytes = |config: &StreamConfig| config.max_bytes.max(0);
            let kept = |config: &&StreamConfig| {
                (config.storage == anabranch_jetstream::config::Storage::Memory) == memory
            };
            self.streams.values().filter(kept).map(bytes).sum()
        };
        Surroundings {
            streams: &self.streams,
            account: Some(self.allowance.account),
            server: ServerStorage {
                max_memory: self.allowance.max_memory,
                max_storage: self.allowance.max_storage,
                reserved_memory: reserved(true),
                reserved_storage: reserved(false),
            },
            duplicate_window_max: self.allowance.duplicate_window_max,
            topology: Topology::Single,
        }
    }
}

/// Plays a transcript; gives the requests that are answered otherwise, and how many there are.
fn play(text: &str, allowance: Allowance) -> (Vec<String>, usize) {
    let mut account = Account { allowance, streams: BTreeMap::new() };
    let (mut differences, mut requests, mut refused) = (Vec::new(), 0, false);
    let mut lines = text.lines().enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        if line.starts_with("== ") {
            account.streams.clear();
        }
        let Some(request) = line.strip_prefix("> ") else { continue };
        requests += 1;
        let (call, body) = request.split_once(' ').unwrap_or((request, ""));
        let ours = account.answer(call, body);
        let theirs = lines.next().and_then(|(_, line)| line.strip_prefix("< ")).unwrap_or("");
        if std::mem::take(&mut refused) && call.starts_with("DELETE") {
            continue;
        }
        // What nats-server takes and this server refuses by name until it has consumers.
        if ours.contains("until consumers exist") {
            assert!(theirs.contains("\"retention\":\"") || theirs.contains("\"code\":"));
            refused = true;
            continue;
        }
        if ours != theirs {
            differences
                .push(format!("{}: {request}\n  ours   {ours}\n  theirs {theirs}", index + 1));
        }
    }
    (differences, requests)
}

fn agree(text: &str, allowance: Allowance, at_least: usize) {
    let (differences, requests) = play(text, allowance);
    assert!(requests >= at_least, "{requests} requests");
    assert!(
        differences.is_empty(),
        "{} of {requests} differ:\n{}",
        differences.len(),
        differences.join("\n")
    );
}

#[test]
fn json_is_read_as_nats_server_reads_it() {
    agree(transcript!("json"), PLENTY, 300);
}

#[test]
fn rules_are_those_of_nats_server() {
    agree(transcript!("rules"), PLENTY, 1_000);
}

#[test]
fn any_mixture_of_settings_comes_to_the_same() {
    agree(transcript!("random"), PLENTY, 800);
}

#[test]
fn limits_of_account_and_server_hold() {
    agree(transcript!("limited"), LITTLE, 50);
}
