//! The names of this crate's metrics, and the facts that are counted under them. No label holds anything personal.

use std::time::Duration;

use dauys_events::{Outcome, Transcribed};
use metrics::{counter, gauge, histogram};

/// Seconds of audio in each recording.
pub const AUDIO_SECONDS: &str = "dauys_transcriber_audio_seconds";
/// Seconds that each recording took.
pub const WALL_SECONDS: &str = "dauys_transcriber_wall_seconds";
/// Seconds of audio for each second of work, early text left out: above 1 is faster than people talk.
pub const REAL_TIME_FACTOR: &str = "dauys_transcriber_real_time_factor";
/// Recordings that nobody has finished yet.
pub const WAITING: &str = "dauys_transcriber_waiting_recordings";
/// Recordings in progress in this process.
pub const IN_PROGRESS: &str = "dauys_transcriber_recordings_in_progress";
/// Finished recordings, by `outcome`.
pub const RECORDINGS: &str = "dauys_transcriber_recordings_total";
/// Stretches of speech whose words were rejected, by `reason`.
pub const REJECTED: &str = "dauys_transcriber_rejected_segments_total";
/// Seconds until what waits now will be done, as far as can be told.
pub const WAITING_SECONDS: &str = "dauys_transcriber_waiting_seconds";
/// First looks at recordings that wait, by `urgent`: `yes` or `no`.
pub const LOOKS: &str = "dauys_transcriber_looks_total";
/// Stretches that the second engine heard because the first failed.
pub const FALLBACKS: &str = "dauys_transcriber_fallbacks_total";
/// Requests to speech servers, by `outcome`: `ok`, `busy`, `failed`, `refused`.
pub const REMOTE_REQUESTS: &str = "dauys_transcriber_remote_requests_total";
/// Speech servers that are left alone for now because they failed.
pub const REMOTE_RESTING: &str = "dauys_transcriber_remote_endpoints_resting";
/// Requests to the transcription service, by `outcome`: `ok`, `refused`, `busy`.
pub const SERVICE_REQUESTS: &str = "dauys_transcriber_service_requests_total";
/// Messages set aside for an operator.
pub const DEAD_LETTERS: &str = "dauys_transcriber_dead_letters_total";
/// Second and later attempts, by `what`: `fetch`, `publish`, `subscribe`, `read`, `commit`.
pub const RETRIES: &str = "dauys_transcriber_retries_total";

/// Seconds of each finished recording that were heard while its call went on, where any were.
pub const EARLY_SECONDS: &str = "dauys_transcriber_early_seconds";
/// Parts of calls that still went on, by `outcome`: heard, unsure (a cut goes through its words), moot (the call was over first),
/// dropped (no room), gone (not in the store), failed. What was not heard is heard with the whole recording.
pub const PARTS: &str = "dauys_transcriber_parts_total";
/// Calls whose early text was forgotten before they were over, because there was too much of it or it was too old.
pub const FORGOTTEN: &str = "dauys_transcriber_early_forgotten_total";

/// What became of a part of a call that still went on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PartOutcome {
    Heard,
    Unsure,
    Moot,
    Dropped,
    Gone,
    Failed,
}

pub(crate) fn part(outcome: PartOutcome) {
    let name = match outcome {
        PartOutcome::Heard => "heard",
        PartOutcome::Unsure => "unsure",
        PartOutcome::Moot => "moot",
        PartOutcome::Dropped => "dropped",
        PartOutcome::Gone => "gone",
        PartOutcome::Failed => "failed",
    };
    counter!(PARTS, "outcome" => name).increment(1);
}

pub(crate) fn forgotten(calls: usize) {
    counter!(FORGOTTEN).increment(calls as u64);
}

/// Counts a finished recording, of which so much was heard while its call went on.
pub(crate) fn finished(transcribed: &Transcribed, early: Duration) {
    let early = early.as_secs_f64();
    counter!(RECORDINGS, "outcome" => outcome_name(transcribed.outcome)).increment(1);
    for rejected in &transcribed.rejected {
        counter!(REJECTED, "reason" => rejected.reason.clone()).increment(1);
    }
    if transcribed.audio_seconds > 0.0 {
        histogram!(AUDIO_SECONDS).record(transcribed.audio_seconds);
        histogram!(WALL_SECONDS).record(transcribed.wall_seconds);
        let rest = (transcribed.audio_seconds - early).max(0.0);
        histogram!(REAL_TIME_FACTOR).record(rest / transcribed.wall_seconds.max(1e-6));
    }
    if early > 0.0 {
        histogram!(EARLY_SECONDS).record(early);
    }
    tracing::info!(
        intake = %transcribed.intake_id,
        outcome = outcome_name(transcribed.outcome),
        segments = transcribed.segments.len(),
        rejected = transcribed.rejected.len(),
        audio_seconds = transcribed.audio_seconds,
        early_seconds = early,
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

pub(crate) fn waiting_seconds(estimate: Duration) {
    gauge!(WAITING_SECONDS).set(estimate.as_secs_f64());
}

pub(crate) fn looked(urgent: bool) {
    counter!(LOOKS, "urgent" => if urgent { "yes" } else { "no" }).increment(1);
}

pub(crate) fn fell_back(reason: &str) {
    counter!(FALLBACKS).increment(1);
    tracing::warn!(reason, "the first engine failed, the second listens");
}

pub(crate) fn remote(outcome: &'static str, resting: usize) {
    counter!(REMOTE_REQUESTS, "outcome" => outcome).increment(1);
    gauge!(REMOTE_RESTING).set(resting as f64);
}

pub(crate) fn served(outcome: &'static str) {
    counter!(SERVICE_REQUESTS, "outcome" => outcome).increment(1);
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
