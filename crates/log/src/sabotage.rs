//! Mistakes that can be put in, to show that the simulation finds them. Without the feature
//! `sabotage`, which no product is built with, none can.

#[cfg(feature = "sabotage")]
thread_local! {
    static ACTIVE: std::cell::Cell<Option<Mistake>> = const { std::cell::Cell::new(None) };
}

/// A mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mistake {
    /// The log says that batches are durable without a sync.
    SkipLogSync,
    /// Names of the log's files are not synced.
    SkipLogDirectorySync,
    /// A recovered end of the log is taken for durable.
    SkipRewrite,
    /// Records in the log are not checked.
    SkipLogChecksum,
    /// A checkpoint gets its name before its contents are durable.
    SkipCheckpointSync,
    /// The log is released before the checkpoint's name is durable.
    SkipCheckpointDirectorySync,
    /// The log is released up to the newest checkpoint, not the one before.
    ReleaseEarly,
    /// A checkpoint states the end of a segment that is not durable.
    SkipSegmentSync,
    /// Records in segments are not checked.
    SkipSegmentChecksum,
}

#[cfg(feature = "sabotage")]
impl Mistake {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::SkipLogSync,
        Self::SkipLogDirectorySync,
        Self::SkipRewrite,
        Self::SkipLogChecksum,
        Self::SkipCheckpointSync,
        Self::SkipCheckpointDirectorySync,
        Self::ReleaseEarly,
        Self::SkipSegmentSync,
        Self::SkipSegmentChecksum,
    ];
}

/// From now on this thread makes the mistake, or none.
#[cfg(feature = "sabotage")]
pub fn make(mistake: Option<Mistake>) {
    ACTIVE.set(mistake);
}

/// Whether this thread is to make the mistake.
#[cfg(feature = "sabotage")]
pub(crate) fn is(mistake: Mistake) -> bool {
    ACTIVE.get() == Some(mistake)
}

#[cfg(not(feature = "sabotage"))]
pub(crate) const fn is(_: Mistake) -> bool {
    false
}
