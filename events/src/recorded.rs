//! A citizen has spoken: the recording is on disk and waits for transcription.

use crate::{CallId, Event, IntakeId, Language, RegistrationNumber, Topic};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How a citizen reached the city.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// A telephone call.
    Call,
    /// A WhatsApp voice note or message.
    Whatsapp,
    /// A Telegram voice note or message.
    Telegram,
    /// A later version's channel.
    #[serde(other)]
    Other,
}

impl Channel {
    /// Returns the name as events and databases write it.
    pub const fn name(self) -> &'static str {
        match self {
            Channel::Call => "call",
            Channel::Whatsapp => "whatsapp",
            Channel::Telegram => "telegram",
            Channel::Other => "other",
        }
    }
}

/// How the citizen can be reached: personal data, which `Debug` does not show.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Contact {
    /// The telephone number as the network gave it; none for an anonymous call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// The name that a messenger's profile gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contact").field("number", &self.number.is_some()).field("name", &self.name.is_some()).finish()
    }
}

/// Where a recording lies, and how to know that it is whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordingRef {
    /// The path within the recording store, for example `2026/11/21/<intake id>.wav`.
    pub uri: String,
    /// The SHA-256 of the file, in lower-case hexadecimal.
    pub sha256: String,
    /// The size of the file in bytes.
    pub bytes: u64,
    /// The media type, for example `audio/wav` or `audio/ogg`.
    pub media_type: String,
}

/// Why a recording ended where it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecordingEnd {
    /// The caller pressed `#`.
    Key,
    /// The caller fell silent.
    Silence,
    /// The caller hung up.
    HangUp,
    /// The longest recording was reached.
    Limit,
    /// The process stopped in the middle; the recording holds what was on disk.
    Interrupted,
    /// A voice note, whole as it came.
    Note,
    /// The media could not be had; a person has to ask again.
    Unavailable,
    /// A later version's reason.
    #[serde(other)]
    Other,
}

/// What the network did to a call's media.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MediaQuality {
    /// Packets that arrived and were placed.
    pub packets: u64,
    /// Packets that the network lost, by sequence numbers.
    pub lost: u64,
    /// Packets that this machine dropped after they had arrived.
    pub dropped: u64,
    /// Interarrival jitter in milliseconds (RFC 3550 section 6.4.1).
    pub jitter_ms: f32,
    /// The estimated mean opinion score, 1 to 4.5 (ITU-T G.107); none where nothing was received.
    pub mos: Option<f32>,
}

/// A citizen has spoken: the recording is on disk and waits for transcription.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Recorded {
    /// The intake.
    pub intake_id: IntakeId,
    /// The number that the citizen hears or reads.
    pub registration_number: RegistrationNumber,
    /// How the citizen reached the city.
    pub channel: Channel,
    /// How to reach the citizen: personal data.
    pub contact: Contact,
    /// The gateway's call, for calls.
    pub call_id: Option<CallId>,
    /// The id by which the sender knows the contact: the SIP Call-ID or the messenger's message id.
    pub external_id: Option<String>,
    /// The language that the citizen chose, a prior and not an order.
    pub language_hint: Option<Language>,
    /// The recording; none where the media could not be had.
    pub recording: Option<RecordingRef>,
    /// Text that came instead of a recording, from a messenger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The length of the recording in milliseconds.
    pub duration_ms: u64,
    /// When the contact began.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub received_at: Timestamp,
    /// When the last word was heard, from which the ten seconds count.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub last_word_at: Timestamp,
    /// Why the recording ended where it did.
    pub end: RecordingEnd,
    /// What the network did to the media.
    pub quality: MediaQuality,
}

impl Event for Recorded {
    const NAME: &'static str = "dauys.recorded";
    const VERSION: u32 = 1;
    const TOPIC: Topic = Topic::Recordings;
    fn key(&self) -> String {
        self.intake_id.to_string()
    }
}
