//! Messages that were stored before the directory was encrypted, or before its key changed: their
//! segments are written anew, as sparse ones are.

use anabranch_log::segment::ScanItem;

use super::files::{FilePayloads, Home, Segment};
use super::sealing;

/// Records that are looked at, at most, to tell what a segment is sealed with.
const LOOKED_AT: usize = 64;

impl FilePayloads {
    /// Looks which segments are to be written anew. Nothing more is written to those.
    pub(super) fn note_stale(&mut self) {
        if !self.home().sealer.as_ref().is_some_and(|sealer| sealer.may_find_older()) {
            return;
        }
        let home = self.home.clone();
        for (&first_seq, segment) in &mut self.segments {
            segment.is_stale = segment.live > 0 && is_stale(&home, first_seq, segment);
        }
        let last = self.segments.values().next_back();
        if last.is_some_and(|last| last.is_stale) {
            self.abandon();
        }
    }

    /// Some segment is to be written anew for that.
    #[must_use]
    pub fn has_stale(&self) -> bool {
        self.segments.values().any(|segment| segment.is_stale)
    }
}

/// Whether a segment has older messages. Its first ones are the oldest.
fn is_stale(home: &Home, first_seq: u64, segment: &Segment) -> bool {
    let Some(sealer) = &home.sealer else { return false };
    let Ok(reader) = home.open(home.segment(first_seq, segment.revision)) else { return false };
    let Ok(records) = reader.scan(0, None) else { return false };
    let mut there = records.take(LOOKED_AT).filter_map(|item| match item {
        Ok(ScanItem::Record(_, record)) if !record.fields().is_erased => Some(record),
        _ => None,
    });
    there.next().is_some_and(|first| sealing::is_stale(sealer, &first))
}
