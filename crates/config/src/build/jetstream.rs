//! `jetstream {}` and `store_dir`.

use super::fields::Fields;
use crate::grammar::Data;
use crate::options::{JetStream, Options};
use crate::problem::Problems;
use crate::table::JETSTREAM;

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
    if block.bool("enabled") == Some(false) {
        return;
    }
    options.jetstream = Some(JetStream {
        strict: block.bool("strict").unwrap_or(true),
        domain: block.filled("domain").unwrap_or_default(),
    });
}
