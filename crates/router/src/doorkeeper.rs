//! Decides which missed subjects are worth caching: those that are missed again.

use crate::generations::SubjectHash;

const SLOTS: usize = 8192;

/// Remembers recently missed subjects by a fingerprint each.
///
/// Reply inboxes are mostly published to once. Caching them would push out what is used and cost
/// an allocation and a registration each, so a subject has to be missed twice. Errors only cost a
/// little time: a wrong yes once in 65,000, a wrong no when thousands of others came between.
pub(crate) struct Doorkeeper {
    fingerprints: Box<[u16]>,
}

impl Doorkeeper {
    pub(crate) fn new() -> Self {
        Self { fingerprints: vec![0; SLOTS].into_boxed_slice() }
    }

    /// Whether the subject was here before; from now on it was.
    pub(crate) fn knows(&mut self, hash: SubjectHash) -> bool {
        let [a, b, c, d, ..] = hash.0.to_be_bytes();
        let at = usize::from(u16::from_be_bytes([a, b])) % SLOTS;
        let fingerprint = u16::from_be_bytes([c, d]);
        std::mem::replace(&mut self.fingerprints[at], fingerprint) == fingerprint
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_only_what_came_before() {
        let mut door = Doorkeeper::new();
        let hash = SubjectHash(0x1234_5678_9abc_def0);
        assert!(!door.knows(hash));
        assert!(door.knows(hash));
        assert!(!door.knows(SubjectHash(0x1234_9678_9abc_def0)));
    }
}
