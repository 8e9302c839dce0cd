//! `jetstream {}` and `store_dir`.

use std::time::Duration;

use super::fields::Fields;
use crate::grammar::Data;
use crate::options::{BatchLimits, Cipher, Encryption, JetStream, JetStreamLimits, Options};
use crate::problem::Problems;
use crate::table::{JETSTREAM, JETSTREAM_BATCH, JETSTREAM_LIMITS};

pub(super) fn read(top: &Fields<'_>, options: &mut Options, problems: &mut Problems) {
    options.store_dir = top.filled("store_dir").map(Into::into);
    let Some(value) = top.value("jetstream") else { return };
    let on = match &value.data {
        Data::Bool(on) => *on,
        Data::Text(text) => match text.to_lowercase().as_str() {
            "enabled" | "enable" => true,
            "disabled" | "disable" => false,
            _ => {
                let text =
                    format!("Expected 'enabled' or 'disabled' for string value, got '{text}'");
                problems.error(&value.at, text);
                return;
            }
        },
        Data::Map(map) => return block(&Fields::of(map, &JETSTREAM), options, problems),
        _ => {
            problems.error(&value.at, "Expected map, bool or string to define JetStream");
            return;
        }
    };
    options.jetstream = on.then(JetStream::default);
}

fn block(block: &Fields<'_>, options: &mut Options, problems: &mut Problems) {
    if let Some(dir) = block.filled("store_dir") {
        if options.store_dir.is_some()
            && let Some(at) = block.at("store_dir")
        {
            problems.error(at, "Duplicate 'store_dir' configuration");
        }
        options.store_dir = Some(dir.into());
    }
    let jetstream = jetstream(block, problems);
    if block.bool("enabled") != Some(false) {
        options.jetstream = Some(jetstream);
    }
}

fn jetstream(block: &Fields<'_>, problems: &mut Problems) -> JetStream {
    let default = JetStream::default();
    // A negative limit means the default, as in nats-server; 0 means nothing at all.
    let limit = |bytes: Option<i64>| bytes.and_then(|bytes| u64::try_from(bytes).ok());
    let positive = |count: Option<i64>| limit(count).filter(|&count| count > 0);
    let always =
        block.text("sync_interval").is_some_and(|text| text.eq_ignore_ascii_case("always"));
    let interval = if always { None } else { block.duration("sync_interval", problems) };
    let limits = block.block("limits", &JETSTREAM_LIMITS);
    JetStream {
        strict: block.bool("strict").unwrap_or(default.strict),
        domain: domain(block, problems),
        memory_max: limit(size(block, "max_memory_store", "max_mem_store", problems)),
        file_max: limit(size(block, "max_file_store", "max_file_store", problems)),
        sync_interval: interval.unwrap_or(default.sync_interval),
        sync_always: always,
        unique_tag: block.filled("unique_tag").unwrap_or_default().trim().to_lowercase(),
        buffered_bytes_max: positive(size(
            block,
            "max_buffered_size",
            "max_buffered_size",
            problems,
        ))
        .unwrap_or(default.buffered_bytes_max),
        buffered_messages_max: positive(block.int("max_buffered_msgs")),
        requests_max: positive(block.int("request_queue_limit")).unwrap_or(default.requests_max),
        limits: limits.map(|limits| read_limits(&limits, problems)).unwrap_or_default(),
        encryption: encryption(block, problems),
    }
}

/// `key`, `prev_key` and `cipher`. nats-server takes an empty key for none, and the others without
/// a key as well; here that is refused, since nothing would be encrypted.
fn encryption(block: &Fields<'_>, problems: &mut Problems) -> Option<Encryption> {
    let cipher = cipher(block, problems);
    let key = block.filled("key");
    for (name, value) in ["key", "prev_key", "cipher"].iter().filter_map(|key| block.named(key)) {
        let is_empty = matches!(&value.data, Data::Text(text) if text.is_empty());
        if is_empty && name != "cipher" {
            problems.refusal(&value.at, format!("jetstream {name:?} is empty"));
        } else if key.is_none() {
            let text =
                format!("jetstream {name:?} does nothing without a key: nothing is encrypted");
            problems.refusal(&value.at, text);
        }
    }
    Some(Encryption { key: key?, previous_key: block.filled("prev_key"), cipher })
}

fn cipher(block: &Fields<'_>, problems: &mut Problems) -> Cipher {
    let Some(name) = block.text("cipher") else { return Cipher::ChaCha };
    match name.to_lowercase().as_str() {
        "chacha" | "chachapoly" => Cipher::ChaCha,
        "aes" => Cipher::Aes,
        _ => {
            if let Some(at) = block.at("cipher") {
                problems.error(at, format!("Unknown cipher type: {name:?}"));
            }
            Cipher::ChaCha
        }
    }
}

fn domain(block: &Fields<'_>, problems: &mut Problems) -> String {
    let domain = block.filled("domain").unwrap_or_default();
    let Some(at) = block.at("domain").filter(|_| !domain.is_empty()) else { return domain };
    if domain.contains([' ', '\t', '\r', '\n', '\u{c}']) || domain.split('.').any(str::is_empty) {
        let subject = format!("$JS.{domain}.API.>");
        let text = format!("invalid domain name: derived {subject:?} is not a valid subject");
        problems.error(at, text);
    } else if domain.contains(['.', '*', '>']) {
        problems.error(at, "invalid domain name: may not contain ., * or >");
    }
    domain
}

/// Bytes: a number, or text with K, M, G or T behind. `name` begins the message.
fn size(block: &Fields<'_>, key: &str, name: &str, problems: &mut Problems) -> Option<i64> {
    if let Some(bytes) = block.int(key) {
        return Some(bytes);
    }
    let text = block.text(key)?;
    if text.is_empty() {
        return Some(0);
    }
    let units = [('K', 10), ('M', 20), ('G', 30), ('T', 40)];
    let bytes = units.iter().find_map(|&(unit, shift)| {
        let number: i64 = text.strip_suffix(unit)?.parse().ok()?;
        Some(number.saturating_mul(1 << shift))
    });
    if bytes.is_none()
        && let Some(at) = block.at(key)
    {
        problems.error(at, format!("{name} sizes defined as strings must end in K, M, G, T"));
    }
    bytes
}

fn read_limits(limits: &Fields<'_>, problems: &mut Problems) -> JetStreamLimits {
    let batch = limits.block("batch", &JETSTREAM_BATCH);
    JetStreamLimits {
        max_request_batch: limits.int("max_request_batch").unwrap_or(0),
        max_ack_pending: limits.int("max_ack_pending").unwrap_or(0),
        max_ha_assets: limits.int("max_ha_assets").unwrap_or(0),
        duplicate_window: limits.duration("duplicate_window", problems).unwrap_or(Duration::ZERO),
        batch: batch.map(|batch| read_batch(&batch, problems)).unwrap_or_default(),
    }
}

fn read_batch(batch: &Fields<'_>, problems: &mut Problems) -> BatchLimits {
    BatchLimits {
        inflight_per_stream: batch.int("max_inflight_per_stream").unwrap_or(0),
        inflight_total: batch.int("max_inflight_total").unwrap_or(0),
        messages: batch.int("max_msgs").unwrap_or(0),
        timeout: batch.duration("timeout", problems).unwrap_or(Duration::ZERO),
    }
}
