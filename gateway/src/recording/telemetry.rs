//! The metric names of the recording store and the spool, each with what it means.

/// Counter: bytes written to segment files.
pub const BYTES: &str = "dauys_recording_bytes_total";
/// Counter: bytes of audio dropped because the disk did not take them.
pub const DROPPED_BYTES: &str = "dauys_recording_dropped_bytes_total";
/// Counter: bytes of audio left out because they lie beyond the longest recording.
pub const CUT_BYTES: &str = "dauys_recording_cut_bytes_total";
/// Counter: writes that failed, by `operation` (write, sync, create, remove).
pub const FAILURES: &str = "dauys_recording_disk_failures_total";
/// Gauge: 0 healthy, 1 low on space, 2 failing.
pub const DISK_STATE: &str = "dauys_recording_disk_state";
/// Histogram: seconds that one `fdatasync` took.
pub const SYNC_SECONDS: &str = "dauys_recording_sync_seconds";
/// Histogram: seconds from the end of an intake to its being safely on disk.
pub const COMMIT_SECONDS: &str = "dauys_recording_commit_seconds";
/// Gauge: segment files that exist.
pub const SEGMENTS: &str = "dauys_recording_segments";
/// Counter: damaged regions skipped when reading segments.
pub const DAMAGED: &str = "dauys_recording_damaged_regions_total";
/// Counter: recordings that a crash cut short and that were closed at the start.
pub const INTERRUPTED: &str = "dauys_recording_interrupted_total";
/// Gauge: finished intakes that are not yet handed over.
pub const PENDING: &str = "dauys_spool_pending";
/// Gauge: seconds that the oldest of them has waited.
pub const OLDEST_SECONDS: &str = "dauys_spool_oldest_seconds";
/// Counter: intakes handed over.
pub const EXPORTED: &str = "dauys_spool_exported_total";
/// Counter: hand-overs that failed and are tried again.
pub const EXPORT_FAILURES: &str = "dauys_spool_export_failures_total";
