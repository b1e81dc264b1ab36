//! One call: its script, its media and what is known of it.

use super::early::Cuts;
use super::sink::{LogSink, quality};
use crate::intake::{CallFacts, SpooledEvent};
use crate::media::MediaHandle;
use dauys_events::{
    CallEnded, CallId, Channel, EndCause, IntakeId, Language, MediaQuality, Recorded, RecordingEnd, RegistrationNumber,
};
use dauys_media::activity::ActivityConfig;
use dauys_media::play::PlayToken;
use dauys_media::quality::CallQuality;
use dauys_script::{End, Machine};
use dauys_sip::sdp::Capabilities;
use jiff::{SignedDuration, Timestamp};
use std::time::Instant;

/// How many pressed keys are kept for the figures.
const KEYS_KEPT: usize = 32;
/// How long it must be quiet for the caller to have fallen silent; the script's own silence counts from there.
pub(super) const HANGOVER_MS: u32 = 500;

/// How speech is told from noise while prompts play. Their echo comes back some 20 dB quieter (ITU-T G.168), below this level; a
/// caller at an ordinary level is well above it.
pub(super) fn over_prompts() -> ActivityConfig {
    ActivityConfig { min_level_dbfs: -38.0, above_noise_db: 12.0, onset_ms: 160, hangover_ms: HANGOVER_MS }
}

/// How speech is told from noise after the tone.
pub(super) fn after_tone() -> ActivityConfig {
    ActivityConfig { hangover_ms: HANGOVER_MS, ..ActivityConfig::default() }
}

/// One call.
pub(super) struct Call {
    pub call_id: CallId,
    pub intake_id: IntakeId,
    pub facts: CallFacts,
    pub answered_at: Timestamp,
    pub codec: &'static str,
    pub machine: Machine,
    pub media: MediaHandle<LogSink>,
    pub capabilities: Capabilities,
    /// Whether the SIP dialog still stands.
    pub connected: bool,
    /// Whether the answer was acknowledged; before that nothing is played.
    pub established: bool,
    /// The last `play`: ends of earlier ones mean nothing any more.
    pub token: PlayToken,
    /// When the machine's timer is due, as the line's timers know it.
    pub timer: Option<Instant>,
    /// Set when the recording was finished, with its number where it becomes a ticket.
    pub finished: Option<Option<RegistrationNumber>>,
    /// Why the dialog ended, where the script does not say.
    pub cause: Option<EndCause>,
    /// Where the recording is cut into parts.
    pub cuts: Cuts,
    keys: String,
    speaking: bool,
    last_word_at: Option<Timestamp>,
}

/// What a call is made of at its start.
pub(super) struct NewCall {
    pub call_id: CallId,
    pub intake_id: IntakeId,
    pub facts: CallFacts,
    pub answered_at: Timestamp,
    pub codec: &'static str,
    pub machine: Machine,
    pub media: MediaHandle<LogSink>,
    pub capabilities: Capabilities,
}

impl Call {
    pub fn new(new: NewCall) -> Self {
        Self {
            call_id: new.call_id,
            intake_id: new.intake_id,
            facts: new.facts,
            answered_at: new.answered_at,
            codec: new.codec,
            machine: new.machine,
            media: new.media,
            capabilities: new.capabilities,
            connected: true,
            established: false,
            token: 0,
            timer: None,
            finished: None,
            cause: None,
            cuts: Cuts::default(),
            keys: String::new(),
            speaking: false,
            last_word_at: None,
        }
    }

    pub fn key_pressed(&mut self, key: char) {
        if self.keys.len() < KEYS_KEPT {
            self.keys.push(key);
        }
    }

    pub fn speech_started(&mut self, at: u64) {
        self.cuts.speech_started(at);
        self.speaking = true;
    }

    pub fn speech_ended(&mut self, now: Timestamp, silence_ms: u32) {
        self.speaking = false;
        let spoke_until = now.checked_sub(SignedDuration::from_millis(i64::from(silence_ms)));
        self.last_word_at = Some(spoke_until.unwrap_or(now));
    }

    /// Makes the event of what was said; duration and quality are filled in by the media thread.
    pub fn recorded(&self, now: Timestamp, number: RegistrationNumber, end: RecordingEnd) -> SpooledEvent {
        let last_word_at = if self.speaking { now } else { self.last_word_at.unwrap_or(now) };
        SpooledEvent::Intake(Box::new(Recorded {
            intake_id: self.intake_id,
            registration_number: number,
            channel: Channel::Call,
            contact: self.facts.contact.clone(),
            call_id: Some(self.call_id),
            external_id: Some(self.facts.external_id.clone()),
            language_hint: self.machine.language(),
            recording: None,
            text: None,
            duration_ms: 0,
            received_at: self.facts.received_at,
            last_word_at,
            end,
            quality: MediaQuality::default(),
        }))
    }

    /// Makes the event of the call's end.
    pub fn ended(&self, node: u8, now: Timestamp, end: End, measured: &CallQuality) -> CallEnded {
        let language: Option<Language> = self.machine.language();
        CallEnded {
            call_id: self.call_id,
            node,
            ended_at: now,
            duration_ms: now.duration_since(self.answered_at).as_millis().try_into().unwrap_or(0),
            cause: self.cause.unwrap_or(match end {
                End::Completed => EndCause::Completed,
                End::HungUp => EndCause::CallerHungUp,
                End::NoMedia => EndCause::NoMedia,
                End::Failed => EndCause::Failed,
            }),
            dtmf: self.keys.clone(),
            language,
            quality: quality(measured),
            intake_id: self.finished.flatten().map(|_| self.intake_id),
        }
    }
}
