//! What happens to streams because time passes.

use anabranch_jetstream::stream::{DueSchedule, TICK_ITEMS_MAX, Ticked};

use anabranch_log::Error;

use super::held::Held;
use super::publishing::Heard;
use super::zones::MachineZones;

/// Schedules of one stream that one tick publishes; each reads one or two messages.
pub const SCHEDULES_MAX: usize = 64;
const _: () = assert!(SCHEDULES_MAX <= TICK_ITEMS_MAX);

/// Lets time pass for one stream.
pub fn tick(held: &mut Held, now: i64, heard: Heard<'_>) {
    let (mut removed, mut stored) = (Vec::new(), Vec::new());
    // What is left is due at once: the next tick takes it.
    let (Ticked::Done | Ticked::More) = held.machine.tick(now, &mut removed, &mut stored);
    for marker in &stored {
        held.keep(marker);
        heard(held, marker);
    }
    held.changed = true;
    held.forget(&mut removed);
    for _ in 0..SCHEDULES_MAX {
        let Some(seq) = held.machine.due_schedule(now) else { return };
        if !fire(held, seq, now, heard) {
            // The log has it: it is read again from there, or at the next start.
            return held.fail(&Error::Options("a schedule cannot be read"));
        }
    }
}

/// Carries out a schedule; false if it cannot be read, or what it publishes.
fn fire(held: &mut Held, seq: u64, now: i64, heard: Heard<'_>) -> bool {
    let Some(own) = held.load(seq) else { return false };
    let source = match held.machine.source_of_schedule(&own.headers) {
        None => None,
        Some(seq) => match held.load(seq) {
            None => return false,
            source => source,
        },
    };
    let due = DueSchedule {
        seq,
        own: (&own.headers, &own.body),
        source: source.as_ref().map(|source| (&*source.headers, &*source.body)),
    };
    let mut removed = Vec::new();
    if let Some(stored) = held.machine.fire(&due, now, &MachineZones, &mut removed) {
        held.keep(&stored);
        heard(held, &stored);
    }
    held.forget(&mut removed);
    true
}
