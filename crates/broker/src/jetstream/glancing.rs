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
        match &self.store {
            Store::Memory(payloads) => {
                payloads.get(wanted.seq).map(|payload| see(&payload.headers, &payload.body))
            }
            Store::File(payloads) => payloads.glance(wanted, window, see),
        }
        .is_some()
    }
}

impl FilePayloads {
    fn glance(
        &self,
        wanted: &Wanted<'_>,
        window: &mut Window,
        see: impl FnOnce(&[u8], &[u8]),
    ) -> Option<()> {
        let place = unpack(wanted.location);
        let reader = self.reader(wanted.seq)?;
        let record = window.record(reader, place, || wanted.end(), wanted.wait).ok()??;
        let fields = record.fields();
        if fields.seq != wanted.seq || fields.is_erased {
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
        let place = unpack(self.location);
        let mut end = place.offset + u64::from(place.length);
        for (_, meta) in self.next {
            let place = unpack(meta.location);
            if place.offset < end {
                break;
            }
            end = place.offset + u64::from(place.length);
        }
        end
    }
}
