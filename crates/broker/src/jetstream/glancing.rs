//! Reads messages of a stream without changing anything, for as long as that is possible: what is
//! not written yet, or damaged, is left to [`Held::load`].

use anabranch_jetstream::stream::{Location, Meta};
use anabranch_log::segment::{Wait, Window};

use super::files::{FilePayloads, unpack};
use super::held::{Held, Store};

/// Which message is read, and how.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Its sequence.
    pub seq: u64,
    /// Where it is.
    pub location: Location,
    /// Messages that are read next, in order.
    pub next: &'a [(u64, Meta)],
    /// Whether the disk may be waited for.
    pub wait: Wait,
}

impl Held {
    /// Gives `see` headers and body of a message; false if that takes more than a glance.
    pub fn glance(
        &self,
        wanted: &Wanted<'_>,
        window: &mut Window,
        see: impl FnOnce(&[u8], &[u8]),
    ) -> bool {
        let Wanted { seq, location, wait, .. } = *wanted;
        self.glance_ahead((seq, location, wait), window, || wanted.end(), see)
    }

    /// The same of the message `seq` at a place; `until` says up to where in the segment it is
    /// worth reading, if anything is read.
    pub fn glance_ahead(
        &self,
        (seq, location, wait): (u64, Location, Wait),
        window: &mut Window,
        until: impl FnOnce() -> u64,
        see: impl FnOnce(&[u8], &[u8]),
    ) -> bool {
        match &self.store {
            Store::Memory(payloads) => {
                payloads.get(seq).map(|payload| see(&payload.headers, &payload.body))
            }
            Store::File(payloads) => payloads.glance((seq, location, wait), window, until, see),
        }
        .is_some()
    }
}

impl FilePayloads {
    fn glance(
        &self,
        (seq, location, wait): (u64, Location, Wait),
        window: &mut Window,
        until: impl FnOnce() -> u64,
        see: impl FnOnce(&[u8], &[u8]),
    ) -> Option<()> {
        let place = unpack(location);
        let reader = self.reader(seq)?;
        let record = window.record(reader, place, until, wait).ok()??;
        let fields = record.fields();
        if fields.seq != seq || fields.is_erased {
            return None;
        }
        if fields.flags == 0 && self.home().sealer.is_none() {
            see(record.header(), record.payload());
            return Some(());
        }
        let payload = self.home().payload(reader.id(), place.offset, &record.to_stored()).ok()?;
        see(&payload.headers, &payload.body);
        Some(())
    }
}

impl Wanted<'_> {
    /// Where what is read next ends, as far as it lies behind this message.
    fn end(&self) -> u64 {
        end_of_run(self.location, self.next.iter().map(|(_, meta)| *meta), u64::MAX)
    }
}

/// Where messages end that follow each other in a segment, behind the one at a place; up to about
/// `bytes_max`.
pub fn end_of_run(first: Location, next: impl Iterator<Item = Meta>, bytes_max: u64) -> u64 {
    let place = unpack(first);
    let mut end = place.offset + u64::from(place.length);
    for meta in next {
        let next = unpack(meta.location);
        if next.offset < end || next.offset - place.offset > bytes_max {
            break;
        }
        end = next.offset + u64::from(next.length);
    }
    end
}
