//! How long a caller may be silent or speak.

use std::time::Duration;

/// How long a caller may be silent or speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Silence after speech that ends the recording.
    pub end_silence: Duration,
    /// Silence after the tone before the caller is asked once more, and then thanked.
    pub start_silence: Duration,
    /// The longest recording, from the tone or the first word.
    pub longest: Duration,
    /// The longest wait for the recording to be on disk, before the caller is told that it failed.
    pub commit: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            end_silence: Duration::from_secs(4),
            start_silence: Duration::from_secs(10),
            longest: Duration::from_secs(300),
            commit: Duration::from_secs(10),
        }
    }
}
