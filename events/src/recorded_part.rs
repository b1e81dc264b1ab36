//! What tells a transcriber of a stretch of a call that still goes on, so that its words are known before the caller hangs up.

use crate::{Event, IntakeId, Language, RecordingRef, Topic};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A stretch of a call that was closed by a pause, while the call goes on. It is best effort: whoever misses it loses time and
/// no words, since [`Recorded`](crate::Recorded) comes with all of the call.
///
/// It travels on the topic of recordings, so that whoever gets a call's parts gets its end as well; a consumer that only wants
/// whole recordings leaves out what is not `dauys.recorded`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordedPart {
    /// The intake that the call will become.
    pub intake_id: IntakeId,
    /// Counts the call's parts from 1.
    pub number: u32,
    /// Where the part begins in the recording, in samples at 8,000 Hz.
    pub from_sample: u64,
    /// Where it ends.
    pub to_sample: u64,
    /// The language that the citizen chose, as far as known then.
    pub language_hint: Option<Language>,
    /// The audio of the part alone. It is removed once it was heard, or after an hour.
    pub recording: RecordingRef,
}

impl Event for RecordedPart {
    const NAME: &'static str = "dauys.recorded_part";
    const VERSION: u32 = 1;
    const TOPIC: Topic = Topic::Recordings;
    fn key(&self) -> String {
        self.intake_id.to_string()
    }
}
