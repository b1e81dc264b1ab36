//! What a media thread tells the call controller.

use dauys_media::play::PlayToken;

/// Names a call within its media plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MediaCallId(pub(super) u64);

/// Something that happened in a call's media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaEvent {
    /// Which call.
    pub call: MediaCallId,
    /// What happened.
    pub kind: MediaEventKind,
}

/// Kinds of [`MediaEvent`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaEventKind {
    /// The first packet was heard.
    Heard,
    /// A key was pressed; told when it goes down.
    Dtmf(char),
    /// The caller began to speak.
    SpeechStarted {
        /// How far the recording was then, in ticks of 1/8,000 s.
        at: u64,
    },
    /// The caller has been silent for the hangover.
    SpeechEnded {
        /// For how long, in ms.
        silence_ms: u32,
        /// Where the recording can be cut without cutting a word: within that silence, in ticks of 1/8,000 s.
        pause_at: u64,
    },
    /// The last frame of a `play` was sent.
    PlayedOut(PlayToken),
    /// Too many prompts waited; none of this `play` is heard.
    PlayRefused(PlayToken),
    /// The caller is heard, and says in its reports that it hears nothing of us: one-way audio. Told once a call.
    NotHeard,
    /// Nothing has been heard for so long: one-way audio, or the caller's network is gone. Told once per silence.
    NoMedia {
        /// For how long, in ms.
        silence_ms: u64,
    },
}
