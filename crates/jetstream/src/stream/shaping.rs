//! What becomes of subjects: on the way into a stream, and when a message is published again.

use std::borrow::Cow;

use anabranch_subject::grammar::{is_literal, is_valid_subject};
use anabranch_subject::transform::SubjectTransform;

use super::machine::Stream;
use crate::config::StreamConfig;

/// The transforms of a configuration, ready to be used.
#[derive(Debug, Clone, Default)]
pub(super) struct Shapes {
    inward: Option<SubjectTransform>,
    again: Option<SubjectTransform>,
}

impl Shapes {
    /// A checked configuration has no transform that cannot be read.
    pub(super) fn new(config: &StreamConfig) -> Self {
        let ready = |source: &str, destination: &str| {
            SubjectTransform::new(source.as_bytes(), destination.as_bytes()).ok()
        };
        let inward = config.subject_transform.as_ref();
        let inward = inward.filter(|transform| !transform.destination.is_empty());
        Self {
            inward: inward.and_then(|shape| ready(&shape.source, &shape.destination)),
            again: config.republish.as_ref().and_then(|to| ready(&to.source, &to.destination)),
        }
    }
}

impl Stream {
    /// The subject under which a message that comes at `now` is stored.
    pub(super) fn inward<'a>(&self, subject: &'a [u8], now: i64) -> Cow<'a, [u8]> {
        let changed = self.shapes.inward.as_ref();
        let mut numbers = Numbers::new(now, self.index.last_seq());
        let changed = changed.and_then(|shape| shape.apply(subject, || numbers.next()));
        changed.map_or(Cow::Borrowed(subject), Cow::Owned)
    }

    /// Where the message `seq` is published again; nothing when it is not, or when that would be
    /// no subject.
    #[must_use]
    pub fn republished(&self, subject: &[u8], seq: u64, time: i64) -> Option<Vec<u8>> {
        let mut numbers = Numbers::new(time, seq);
        let again = self.shapes.again.as_ref()?.apply(subject, || numbers.next())?;
        (is_valid_subject(&again) && is_literal(&again)).then_some(again)
    }
}

/// Numbers without a pattern that are the same whenever the same command is applied.
pub(super) struct Numbers(u64);

impl Numbers {
    pub(super) fn new(time: i64, seq: u64) -> Self {
        Self(u64::from_ne_bytes(time.to_ne_bytes()) ^ seq.rotate_left(32))
    }

    /// SplitMix64, its upper half.
    pub(super) fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from(mixed >> 32).expect("32 bits are left")
    }
}
