//! Steps of a restore, when they are taken and when the log is read again.

use anabranch_jetstream::publish::PublishHeaders;
use anabranch_jetstream::stream::RestoreStep;

use super::held::Held;
use super::publishing::hash;
use super::zones::MachineZones;

/// Takes a step that was logged at `now`.
pub fn apply(held: &mut Held, step: &RestoreStep<'_>, now: i64) {
    let id = match step {
        RestoreStep::Message { headers, .. } => PublishHeaders::parse(headers).msg_id.map(hash),
        _ => None,
    };
    let mut removed = Vec::new();
    if let Some(stored) = held.machine.restore(step, id, (now, &MachineZones), &mut removed) {
        held.keep(&stored);
    }
    held.changed = true;
    held.forget(&mut removed);
    // The next step may follow at once.
    held.finish();
}
