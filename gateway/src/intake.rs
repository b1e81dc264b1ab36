//! What a call or a voice note leaves on disk, and how it reaches the next room: the spooled event and its delivery.

use crate::recording::{Interrupted, Media};
use crate::spool::{HandOver, HandOverError, Spooled};
use bytes::Bytes;
use dauys_bus::{Bus, Message, Recordings};
use dauys_events::{
    CallId, Channel, Contact, DeadLetter, EnvelopeError, IntakeId, Language, MediaQuality, Recorded, RecordingEnd,
    RecordingRef, RegistrationNumber,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tracing::{error, info};

/// The facts of a call, written when it is answered and flushed with the next group commit (a second at most), for the case
/// that nothing else of it survives.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CallFacts {
    /// The call.
    pub call_id: CallId,
    /// The SIP Call-ID.
    pub external_id: String,
    /// The caller: personal data.
    pub contact: Contact,
    /// When the INVITE arrived.
    pub received_at: Timestamp,
}

/// What the end of an intake puts on disk.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum SpooledEvent {
    /// A citizen has spoken; the recording's place is filled in at the hand-over.
    Intake(Box<Recorded>),
    /// The caller left before anything was said or asked for: nothing goes on.
    Nothing,
}

impl SpooledEvent {
    /// Writes the event for the spool.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// Makes the event of a recording that a crash cut short: what is there still becomes a ticket, for a person to look at.
pub fn interrupted(number: Option<RegistrationNumber>, cut_short: &Interrupted, now: Timestamp) -> SpooledEvent {
    let facts: Option<CallFacts> = serde_json::from_slice(&cut_short.head).ok();
    let Some(registration_number) = number else { return SpooledEvent::Nothing };
    let received_at = facts.as_ref().map_or(now, |facts| facts.received_at);
    SpooledEvent::Intake(Box::new(Recorded {
        intake_id: IntakeId(cut_short.intake),
        registration_number,
        channel: Channel::Call,
        contact: facts.as_ref().map(|facts| facts.contact.clone()).unwrap_or_default(),
        call_id: facts.as_ref().map(|facts| facts.call_id),
        external_id: facts.map(|facts| facts.external_id),
        language_hint: None::<Language>,
        recording: None,
        text: None,
        duration_ms: dauys_media::millis_in(cut_short.total),
        received_at,
        last_word_at: now,
        end: RecordingEnd::Interrupted,
        quality: MediaQuality::default(),
    }))
}

/// The delivery of intakes: the recording into the object store, then the event onto the bus. Repeating it is harmless, since
/// both are keyed by the intake's id.
pub struct Delivery {
    /// Where recordings lie.
    pub recordings: Recordings,
    /// How events travel.
    pub bus: Arc<dyn Bus>,
}

impl HandOver for Delivery {
    async fn deliver(&self, intake: Spooled, media: Media) -> Result<(), HandOverError> {
        let recorded = match serde_json::from_slice(&intake.tail) {
            Ok(SpooledEvent::Intake(recorded)) => recorded,
            Ok(SpooledEvent::Nothing) => return Ok(()),
            Err(error) => return self.set_aside(&intake, media, &error.to_string()).await,
        };
        let mut recorded = *recorded;
        recorded.recording = self.keep(recorded.intake_id, recorded.received_at, media).await?;
        let intake_id = recorded.intake_id;
        self.publish(Message::of(now(), recorded)).await?;
        info!(%intake_id, "intake handed over");
        Ok(())
    }
}

impl Delivery {
    /// Puts a recording into the object store; none where there is nothing in it.
    async fn keep(
        &self,
        intake: IntakeId,
        received_at: Timestamp,
        media: Media,
    ) -> Result<Option<RecordingRef>, HandOverError> {
        let (media_type, bytes) = match media {
            Media::Call(recording) => recording.to_file(),
            Media::Blob { bytes, .. } if bytes.is_empty() => return Ok(None),
            Media::Blob { media_type, bytes } => (known_type(&media_type), bytes),
        };
        let stored =
            self.recordings.put(intake, received_at, extension_of(media_type), media_type, Bytes::from(bytes)).await;
        stored.map(Some).map_err(|error| HandOverError(format!("recordings: {error}")))
    }

    async fn publish(&self, message: Result<Message, EnvelopeError>) -> Result<(), HandOverError> {
        let message = message.map_err(|error| HandOverError(format!("event: {error}")))?;
        self.bus.publish(vec![message]).await.map_err(|error| HandOverError(format!("bus: {error}")))
    }

    /// An event that this version cannot read is kept for an operator, and its recording in the object store beside it.
    async fn set_aside(&self, intake: &Spooled, media: Media, reason: &str) -> Result<(), HandOverError> {
        error!(intake_id = %intake.intake_id, reason, "a spooled event cannot be read; it is set aside on the topic of the dead");
        self.keep(IntakeId(intake.intake_id), now(), media).await?;
        let dead = DeadLetter {
            topic: "spool".to_owned(),
            key: intake.intake_id.to_string(),
            reason: reason.to_owned(),
            stage: "gateway".to_owned(),
            payload: String::from_utf8_lossy(&intake.tail).into_owned(),
        };
        self.publish(Message::of(now(), dead)).await
    }
}

#[expect(clippy::disallowed_methods, reason = "the shell's clock: an event says when it was made")]
fn now() -> Timestamp {
    Timestamp::now()
}

/// Maps a media type to one of those that the line takes.
fn known_type(media_type: &str) -> &'static str {
    match media_type.split(';').next().unwrap_or_default().trim() {
        "audio/ogg" | "application/ogg" => "audio/ogg",
        "audio/wav" | "audio/x-wav" => "audio/wav",
        "audio/mp4" | "audio/aac" => "audio/mp4",
        "audio/mpeg" => "audio/mpeg",
        "audio/amr" => "audio/amr",
        _ => "application/octet-stream",
    }
}

fn extension_of(media_type: &str) -> &'static str {
    match media_type {
        "audio/ogg" => "ogg",
        "audio/wav" => "wav",
        "audio/mp4" => "m4a",
        "audio/mpeg" => "mp3",
        "audio/amr" => "amr",
        _ => "bin",
    }
}
