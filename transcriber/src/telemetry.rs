//! The names of this crate's metrics, and the facts that are counted under them. No label holds anything personal.

use std::time::Duration;

use dauys_events::{Outcome, Transcribed};
use metrics::{counter, gauge, histogram};

/// Seconds of audio in each recording.
pub const AUDIO_SECONDS: &str = "dauys_transcriber_audio_seconds";
/// Seconds that each recording took.
pub const WALL_SECONDS: &str = "dauys_transcriber_wall_seconds";
/// Seconds of audio for each second of work: above 1 is faster than people talk.
pub const REAL_TIME_FACTOR: &str = "dauys_transcriber_real_time_factor";
/// Recordings that nobody has finished yet.
pub const WAITING: &str = "dauys_transcriber_waiting_recordings";
/// Recordings in progress in this process.
pub const IN_PROGRESS: &str = "dauys_transcriber_recordings_in_progress";
/// Finished recordings, by `outcome`.
pub const RECORDINGS: &str = "dauys_transcriber_recordings_total";
/// Stretches of speech whose words were rejected, by `reason`.
pub const REJECTED: &str = "dauys_transcriber_rejected_segments_total";
/// Messages set aside for an operator.
pub const DEAD_LETTERS: &str = "dauys_transcriber_dead_letters_total";
/// Second and later attempts, by `what`: `fetch`, `publish`, `subscribe`, `read`, `commit`.
pub const RETRIES: &str = "dauys_transcriber_retries_total";

/// Counts a finished recording.
pub(crate) fn finished(transcribed: &Transcribed) {
    counter!(RECORDINGS, "outcome" => outcome_name(transcribed.outcome)).increment(1);
    for rejected in &transcribed.rejected {
        counter!(REJECTED, "reason" => rejected.reason.clone()).increment(1);
    }
    if transcribed.audio_seconds > 0.0 {
        histogram!(AUDIO_SECONDS).record(transcribed.audio_seconds);
        histogram!(WALL_SECONDS).record(transcribed.wall_seconds);
        histogram!(REAL_TIME_FACTOR).record(transcribed.audio_seconds / transcribed.wall_seconds.max(1e-6));
    }
    tracing::info!(
        intake = %transcribed.intake_id,
        outcome = outcome_name(transcribed.outcome),
        segments = transcribed.segments.len(),
        rejected = transcribed.rejected.len(),
        audio_seconds = transcribed.audio_seconds,
        wall_seconds = transcribed.wall_seconds,
        "transcribed"
    );
}

pub(crate) fn dead_letter() {
    counter!(DEAD_LETTERS).increment(1);
}

pub(crate) fn retry(what: &'static str, error: &dyn std::fmt::Display, pause: Duration) {
    counter!(RETRIES, "what" => what).increment(1);
    tracing::warn!(what, %error, pause_ms = pause.as_millis() as u64, "failed, will try again");
}

pub(crate) fn waiting(recordings: u64) {
    gauge!(WAITING).set(recordings as f64);
}

pub(crate) fn in_progress(recordings: usize) {
    gauge!(IN_PROGRESS).set(recordings as f64);
}

const fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Words => "words",
        Outcome::NoSpeech => "no_speech",
        Outcome::Unsure => "unsure",
        Outcome::Undecodable => "undecodable",
        Outcome::Unavailable => "unavailable",
        Outcome::Text => "text",
        Outcome::Other => "other",
    }
}
