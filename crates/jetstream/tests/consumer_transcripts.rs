//! What this crate answers to requests about consumers against the answers of nats-server.

use std::collections::{BTreeMap, BTreeSet};

use anabranch_jetstream::api::{
    self, ConsumerCall, ConsumerCreated, ConsumerDeleted, ConsumerDescribed, ConsumerInfo,
    ConsumerListed, ConsumerNamed, ConsumerPaused, ConsumerReset, ConsumerUnpinned,
    ConsumersRequest, CreateSubject, GroupState, LIST_PAGE, NAMES_PAGE, PauseRequest, ResetRequest,
    SequenceInfo, UnpinRequest, consumer_call, create_request, page,
};
use anabranch_jetstream::config::AccountLimits;
use anabranch_jetstream::consumer::config::{Creation, Limits, Surroundings, create, pause, reset};
use anabranch_jetstream::consumer::{ConsumerConfig, Position};
use anabranch_jetstream::error::{CONSUMER_NOT_FOUND, STREAM_NOT_FOUND};
use anabranch_jetstream::json::Strictness;
use anabranch_jetstream::{ApiError, Nanos, StreamConfig, Timestamp};

/// The version that the transcripts were recorded from.
const VERSION: &str = "2.15.1";

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
    server: Limits,
}

const PLENTY: Allowance = Allowance {
    account: AccountLimits::NONE,
    server: Limits { max_ack_pending: 0, max_request_batch: 0 },
};

const LITTLE: Allowance = Allowance {
    account: AccountLimits { max_consumers: 3, max_ack_pending: 200, ..AccountLimits::NONE },
    server: Limits { max_ack_pending: 500, max_request_batch: 50 },
};

/// A stream without messages.
struct Stream {
    config: StreamConfig,
    consumers: BTreeMap<String, ConsumerConfig>,
    /// What each consumer has behind it.
    floors: BTreeMap<String, u64>,
}

/// An account of which only the configurations are real.
struct Account {
    allowance: Allowance,
    streams: BTreeMap<String, Stream>,
    heard: BTreeSet<String>,
    made_up: usize,
}

impl Account {
    fn new(allowance: Allowance) -> Self {
        let (streams, heard) = (BTreeMap::new(), BTreeSet::new());
        Self { allowance, streams, heard, made_up: 0 }
    }

    fn answer(&mut self, call: &str, body: &[u8]) -> Vec<u8> {
        let now = Timestamp::from_unix_nanos(1_800_000_000_000_000_000);
        match consumer_call(call).expect("a call that is answered") {
            ConsumerCall::Create(subject) => api::encode(&self.create(&subject, body)),
            ConsumerCall::Names(stream) => api::encode(&self.names(stream, body)),
            ConsumerCall::List(stream) => api::encode(&self.list(stream, body)),
            ConsumerCall::Info(stream, name) => api::encode(&self.describe(stream, name, body)),
            ConsumerCall::Delete(stream, name) => api::encode(&self.delete(stream, name, body)),
            ConsumerCall::Pause(stream, name) => api::encode(&self.pause(stream, name, body, &now)),
            ConsumerCall::Reset(stream, name) => api::encode(&self.reset(stream, name, body)),
            ConsumerCall::Unpin(stream, name) => api::encode(&self.unpin(stream, name, body)),
            ConsumerCall::Next(..) => Vec::new(),
        }
    }

    fn stream(&mut self, name: &str) -> Result<&mut Stream, ApiError> {
        self.streams.get_mut(name).ok_or(STREAM_NOT_FOUND)
    }

    fn find(&mut self, stream: &str, name: &str) -> Result<ConsumerConfig, ApiError> {
        let found = self.stream(stream)?.consumers.get(name).cloned();
        found.ok_or(CONSUMER_NOT_FOUND)
    }

    fn create(
        &mut self,
        subject: &CreateSubject<'_>,
        body: &[u8],
    ) -> Result<ConsumerCreated, ApiError> {
        let request = create_request(subject, body, Strictness::Strict)?;
        let stream = self.streams.get(subject.stream()).ok_or(STREAM_NOT_FOUND)?;
        let generated = format!("GENERATED{}", self.made_up);
        let creation = create(
            &request,
            &generated,
            &Surroundings {
                stream: &stream.config,
                consumers: &stream.consumers,
                account: Some(self.allowance.account),
                server: self.allowance.server,
                is_heard: &|subject| self.heard.contains(subject),
            },
        )?;
        self.made_up += usize::from(creation.name().ends_with(&generated));
        let name = creation.name().to_owned();
        let stream = self.stream(subject.stream())?;
        match creation {
            Creation::New(_, config) => {
                stream.floors.insert(name.clone(), config.opt_start_seq.saturating_sub(1));
                stream.consumers.insert(name.clone(), *config);
            }
            Creation::Changed(_, config) => {
                stream.consumers.insert(name.clone(), *config);
            }
            Creation::Existing(_) => {}
        }
        self.info(subject.stream(), &name).map(ConsumerCreated)
    }

    fn stored_info(&mut self, stream: &str, name: &str) -> Result<ConsumerInfo, ApiError> {
        let config = self.find(stream, name)?;
        let floor = self.stream(stream)?.floors.get(name).copied().unwrap_or_default();
        let position = SequenceInfo::new(Position { consumer: 0, stream: floor }, None);
        let group = |name: &String| GroupState {
            group: name.clone(),
            pin_id: String::new(),
            pinned: Timestamp::ZERO,
        };
        let is_paused = config
            .pause_until
            .is_some_and(|until| until.unix_nanos_saturating() > 1_800_000_000_000_000_000);
        Ok(ConsumerInfo {
            stream: stream.to_owned(),
            name: name.to_owned(),
            created: Timestamp::ZERO,
            delivered: position,
            ack_floor: position,
            num_ack_pending: 0,
            num_redelivered: 0,
            num_waiting: 0,
            num_pending: 0,
            cluster: None,
            push_bound: config.is_push() && self.heard.contains(&config.deliver_subject),
            paused: is_paused,
            pause_remaining: Nanos(i64::from(is_paused)),
            time: Timestamp::ZERO,
            priority_groups: config.priority_groups.first().map(group).into_iter().collect(),
            config: Some(config),
        })
    }

    fn info(&mut self, stream: &str, name: &str) -> Result<ConsumerInfo, ApiError> {
        let mut info = self.stored_info(stream, name)?;
        info.config = info.config.map(|config| config.answered(VERSION));
        Ok(info)
    }

    fn public(&mut self, stream: &str) -> Result<Vec<String>, ApiError> {
        let consumers = self.stream(stream)?.consumers.iter();
        Ok(consumers.filter(|(_, config)| !config.direct).map(|(name, _)| name.clone()).collect())
    }

    fn names(&mut self, stream: &str, body: &[u8]) -> Result<ConsumerNamed, ApiError> {
        let offset = ConsumersRequest::parse(body, Strictness::Strict)?.offset();
        let names = self.public(stream)?;
        let (page, part) = page(&names, offset, NAMES_PAGE);
        Ok(ConsumerNamed { page, consumers: part.to_vec() })
    }

    fn list(&mut self, stream: &str, body: &[u8]) -> Result<ConsumerListed, ApiError> {
        let offset = ConsumersRequest::parse(body, Strictness::Strict)?.offset();
        let names = self.public(stream)?;
        let (page, part) = page(&names, offset, LIST_PAGE);
        let consumers = part.iter().map(|name| self.stored_info(stream, name));
        Ok(ConsumerListed { page, consumers: consumers.collect::<Result<_, _>>()? })
    }

    fn describe(
        &mut self,
        stream: &str,
        name: &str,
        body: &[u8],
    ) -> Result<ConsumerDescribed, ApiError> {
        api::require_empty(body)?;
        self.info(stream, name).map(ConsumerDescribed)
    }

    fn delete(
        &mut self,
        stream: &str,
        name: &str,
        body: &[u8],
    ) -> Result<ConsumerDeleted, ApiError> {
        api::require_empty(body)?;
        self.find(stream, name)?;
        self.stream(stream)?.consumers.remove(name);
        Ok(ConsumerDeleted::DONE)
    }

    fn pause(
        &mut self,
        stream: &str,
        name: &str,
        body: &[u8],
        now: &Timestamp,
    ) -> Result<ConsumerPaused, ApiError> {
        let until = PauseRequest::parse(body, Strictness::Strict)?.until;
        let config = pause(&self.find(stream, name)?, until);
        self.stream(stream)?.consumers.insert(name.to_owned(), config);
        Ok(ConsumerPaused::new(until, now))
    }

    fn reset(&mut self, stream: &str, name: &str, body: &[u8]) -> Result<ConsumerReset, ApiError> {
        let request = ResetRequest::parse(body)?;
        let config = self.find(stream, name)?;
        let floors = &mut self.stream(stream)?.floors;
        let floor = floors.get(name).copied().unwrap_or_default();
        let reset_seq = reset(&config, request.seq, floor, |_| 1)?;
        floors.insert(name.to_owned(), reset_seq - 1);
        Ok(ConsumerReset { info: self.info(stream, name)?, reset_seq })
    }

    fn unpin(
        &mut self,
        stream: &str,
        name: &str,
        body: &[u8],
    ) -> Result<ConsumerUnpinned, ApiError> {
        let request = UnpinRequest::parse(body)?;
        let config = self.find(stream, name)?;
        request.require_group(&config).map(|()| ConsumerUnpinned {})
    }

    /// Takes over the stream that nats-server made.
    fn adopt(&mut self, call: &str, theirs: &str) {
        let name = call.strip_prefix("CREATE.").expect("a stream to create");
        let config = StreamConfig::parse(theirs.as_bytes(), Strictness::Strict);
        let config = config.expect("a stream that was made");
        let (consumers, floors) = (BTreeMap::new(), BTreeMap::new());
        self.streams.insert(name.to_owned(), Stream { config, consumers, floors });
    }
}

/// What both print of how long a pause lasts.
fn without_remaining(answer: &str) -> String {
    let key = "\"pause_remaining\":";
    match answer.split_once(key) {
        Some((before, rest)) if answer.contains("consumer_pause_response") => {
            let end = rest.find(['}', ',']).unwrap_or(rest.len());
            format!("{before}{key}1{}", &rest[end..])
        }
        _ => answer.to_owned(),
    }
}

fn agree(text: &str, allowance: Allowance, at_least: usize) {
    let mut account = Account::new(allowance);
    let (mut differences, mut requests) = (Vec::new(), 0);
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        if line.starts_with("== ") {
            account = Account::new(allowance);
        }
        if let Some(subject) = line.strip_prefix("+ ") {
            account.heard.insert(subject.to_owned());
        }
        let Some(request) = line.strip_prefix("> ") else { continue };
        let theirs = lines.next().and_then(|(_, line)| line.strip_prefix("< ")).unwrap_or("");
        let (call, body) = request.split_once(' ').unwrap_or((request, ""));
        let Some(call) = call.strip_prefix("CONSUMER.").filter(|call| !call.contains("LEADER"))
        else {
            if !call.contains("LEADER") {
                account.adopt(call, theirs);
            }
            continue;
        };
        requests += 1;
        let ours = String::from_utf8(account.answer(call, body.as_bytes())).expect("JSON is text");
        let ours = without_remaining(&ours);
        if ours != theirs {
            let line = index + 1;
            differences.push(format!("{line}: {request}\n  ours   {ours}\n  theirs {theirs}"));
        }
    }
    assert!(requests >= at_least, "{requests} requests");
    let count = differences.len();
    assert!(count == 0, "{count} of {requests} differ:\n{}", differences.join("\n"));
}

#[test]
fn json_is_read_as_nats_server_reads_it() {
    agree(transcript!("consumer_json"), PLENTY, 500);
}

#[test]
fn rules_are_those_of_nats_server() {
    agree(transcript!("consumer_rules"), PLENTY, 1_000);
}

#[test]
fn any_mixture_of_settings_comes_to_the_same() {
    agree(transcript!("consumer_random"), PLENTY, 500);
}

#[test]
fn limits_of_account_and_server_hold() {
    agree(transcript!("consumer_limited"), LITTLE, 100);
}
