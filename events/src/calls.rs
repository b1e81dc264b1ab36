//! Calls as operations staff see them: started and ended, with quality and cause, without anything that names the caller.

use crate::{CallId, Event, IntakeId, Language, MediaQuality, Topic};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A call was answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CallStarted {
    /// The call.
    pub call_id: CallId,
    /// The node that answered, 0 to 99.
    pub node: u8,
    /// When the INVITE arrived.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub invited_at: Timestamp,
    /// When the call was answered.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub answered_at: Timestamp,
    /// The codec, for example `PCMA`.
    pub codec: String,
}

/// Why a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndCause {
    /// The caller hung up.
    CallerHungUp,
    /// The script came to its end and the gateway hung up.
    Completed,
    /// The caller never acknowledged the answer.
    NoAck,
    /// No media arrived for longer than allowed.
    NoMedia,
    /// The gateway failed or was stopped.
    Failed,
    /// A later version's cause.
    #[serde(other)]
    Other,
}

/// A call ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CallEnded {
    /// The call.
    pub call_id: CallId,
    /// The node that held it.
    pub node: u8,
    /// When it ended.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub ended_at: Timestamp,
    /// How long it was answered, in milliseconds.
    pub duration_ms: u64,
    /// Why it ended.
    pub cause: EndCause,
    /// The keys that were pressed, in order; menu choices only, at most 32.
    pub dtmf: String,
    /// The language chosen or assumed.
    pub language: Option<Language>,
    /// What the network did to the media.
    pub quality: MediaQuality,
    /// The intake that the call left, where anything was recorded.
    pub intake_id: Option<IntakeId>,
}

/// What the topic of calls carries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum CallEvent {
    /// A call was answered.
    Started(CallStarted),
    /// A call ended.
    Ended(CallEnded),
}

impl Event for CallEvent {
    const NAME: &'static str = "dauys.call";
    const VERSION: u32 = 1;
    const TOPIC: Topic = Topic::Calls;
    fn key(&self) -> String {
        match self {
            CallEvent::Started(started) => started.call_id.to_string(),
            CallEvent::Ended(ended) => ended.call_id.to_string(),
        }
    }
}
