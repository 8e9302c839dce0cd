//! Where a stream takes messages from: the origin of a mirror, or its sources, ready to be used.
//! Not how far each was taken.

use std::borrow::Cow;

use anabranch_subject::grammar::ANY_TAIL;
use anabranch_subject::matching::matches;
use anabranch_subject::transform::SubjectTransform;
use sha2::{Digest, Sha256};

use crate::config::{StreamConfig, StreamSource};
use crate::time::Timestamp;

/// One origin.
#[derive(Debug, Clone)]
pub struct Feed {
    name: String,
    key: String,
    kind: FeedKind,
    /// Subjects that are taken; none: all.
    filters: Vec<Vec<u8>>,
    /// What they become, one for each filter that has a destination.
    transforms: Vec<SubjectTransform>,
}

/// What an origin is for its receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedKind {
    /// Its messages keep their sequences.
    Mirror,
    /// They get new ones.
    Source,
}

impl Feed {
    fn new(source: &StreamSource, kind: FeedKind) -> Self {
        let mut filters = Vec::new();
        if !source.filter_subject.is_empty() {
            filters.push(source.filter_subject.as_bytes().to_vec());
        }
        let mut transforms = Vec::new();
        for shape in &source.subject_transforms {
            let filter = or_all(&shape.source);
            filters.push(filter.as_bytes().to_vec());
            // A checked configuration has no transform that cannot be read.
            if !shape.destination.is_empty()
                && let Ok(ready) =
                    SubjectTransform::new(filter.as_bytes(), shape.destination.as_bytes())
            {
                transforms.push(ready);
            }
        }
        if filters.iter().any(|filter| filter == ANY_TAIL) {
            filters.clear();
        }
        Self { name: source.name.clone(), key: key(source), kind, filters, transforms }
    }

    /// Those of a checked configuration: at most one that is a mirror's, or any number of
    /// sources in their order.
    #[must_use]
    pub fn of(config: &StreamConfig) -> Vec<Self> {
        if let Some(mirror) = &config.mirror {
            return vec![Self::new(mirror, FeedKind::Mirror)];
        }
        config.sources.iter().map(|source| Self::new(source, FeedKind::Source)).collect()
    }

    /// The origin's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What tells it from the stream's other origins: name, filters and destinations, parted by
    /// spaces, as they stand in `Nats-Stream-Source`.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What it is for its receiver.
    #[must_use]
    pub fn kind(&self) -> FeedKind {
        self.kind
    }

    /// Whether messages of this subject are taken.
    #[must_use]
    pub fn wants(&self, subject: &[u8]) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|filter| matches(filter, subject))
    }

    /// The subject under which a message is taken. `random` as in
    /// [`SubjectTransform::apply`].
    pub(super) fn shaped<'a>(
        &self,
        subject: &'a [u8],
        mut random: impl FnMut() -> u32,
    ) -> Cow<'a, [u8]> {
        let mut applied = self.transforms.iter().map(|shape| shape.apply(subject, &mut random));
        applied.find_map(|shaped| shaped).map_or(Cow::Borrowed(subject), Cow::Owned)
    }

    /// The value of `Nats-Stream-Source` for the message `seq`, published to `subject`.
    pub(super) fn header(&self, seq: u64, subject: &[u8], identity: &str) -> String {
        let (name, shapes) = self.key.split_once(' ').unwrap_or((&self.key, "> >"));
        let subject = String::from_utf8_lossy(subject);
        let mut text = format!("{name} {seq} {shapes} {subject}");
        if !identity.is_empty() {
            text.push(' ');
            text.push_str(identity);
        }
        text
    }
}

/// nats-server's `composeIName` (`server/stream.go`).
pub(super) fn key(source: &StreamSource) -> String {
    let mut key = source.name.clone();
    if let Some(external) = &source.external {
        key.push(':');
        key.push_str(&short_hash(external.api_prefix.as_bytes()));
    }
    if let Some(consumer) = &source.consumer {
        key.push_str(":C=");
        key.push_str(&short_hash(consumer.name.as_bytes()));
    }
    let (filters, destinations) = if source.subject_transforms.is_empty() {
        (or_all(&source.filter_subject).to_owned(), ">".to_owned())
    } else {
        let shapes = &source.subject_transforms;
        let filters: Vec<_> = shapes.iter().map(|shape| or_all(&shape.source)).collect();
        let destinations: Vec<_> = shapes.iter().map(|shape| or_all(&shape.destination)).collect();
        (filters.join("\u{c}"), destinations.join("\u{c}"))
    };
    format!("{key} {filters} {destinations}")
}

fn or_all(subject: &str) -> &str {
    if subject.is_empty() { ">" } else { subject }
}

/// What tells a stream from others that had its name before: `created` in nanoseconds since 1970.
#[must_use]
pub fn identity(created: i64) -> String {
    short_hash(Timestamp::from_unix_nanos(created).to_string().as_bytes())
}

/// nats-server's `getHash` (`server/events.go`): eight letters and digits.
fn short_hash(text: &[u8]) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let hash = Sha256::digest(text);
    let digits = hash.iter().take(8).map(|&byte| DIGITS[usize::from(byte) % DIGITS.len()]);
    digits.map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ExternalStream, SubjectTransform as Shape};

    fn source(filter: &str, shapes: &[(&str, &str)]) -> StreamSource {
        let shape = |&(source, destination): &(&str, &str)| Shape {
            source: source.to_owned(),
            destination: destination.to_owned(),
        };
        StreamSource {
            name: "O".to_owned(),
            filter_subject: filter.to_owned(),
            subject_transforms: shapes.iter().map(shape).collect(),
            ..StreamSource::default()
        }
    }

    fn feed(filter: &str, shapes: &[(&str, &str)]) -> Feed {
        Feed::new(&source(filter, shapes), FeedKind::Source)
    }

    #[test]
    fn keys_name_origin_filters_and_destinations() {
        assert_eq!(feed("", &[]).key(), "O > >");
        assert_eq!(feed("a.*", &[]).key(), "O a.* >");
        let two = feed("", &[("a.*", "b.$1"), ("", "")]);
        assert_eq!(two.key(), "O a.*\u{c}> b.$1\u{c}>");
        let mut far = source("", &[]);
        let api_prefix = "$JS.hub.API".to_owned();
        far.external = Some(ExternalStream { api_prefix, ..ExternalStream::default() });
        assert_eq!(key(&far).split_once(' ').map(|(name, _)| name.len()), Some(2 + 8));
    }

    #[test]
    fn headers_say_where_a_message_came_from() {
        let feed = feed("a.*", &[]);
        assert_eq!(feed.header(7, b"a.b", ""), "O 7 a.* > a.b");
        assert_eq!(feed.header(7, b"a.b", "abcdefgh"), "O 7 a.* > a.b abcdefgh");
    }

    #[test]
    fn filters_and_transforms_choose_and_change_subjects() {
        let feed = feed("", &[("a.*", "x.$1"), ("b", ""), ("c.>", "y.>")]);
        assert!(feed.wants(b"a.1") && feed.wants(b"b") && !feed.wants(b"a"));
        assert_eq!(&*feed.shaped(b"a.1", || 0), b"x.1");
        assert_eq!(&*feed.shaped(b"b", || 0), b"b");
        assert_eq!(&*feed.shaped(b"c.d.e", || 0), b"y.d.e");
    }
}
