//! Media as pure state machines: RTP placement, codecs, SRTP, key presses, levels, quality, prompt playback.
//!
//! Nothing here reads a clock, opens a socket or draws a random number: the gateway's media shell passes in the bytes,
//! the arrival times and the random identifiers.

pub mod activity;
pub mod codec;
pub mod dtmf;
pub mod ear;
pub mod g711;
pub mod g722;
pub mod opus;
pub mod placement;
pub mod play;
pub mod probation;
pub mod quality;
pub mod receiver;
pub mod rtcp;
pub mod rtp;
pub mod sequence;
pub mod source;
pub mod srtp;
pub mod tone;
pub mod tone_keys;

/// Ticks per second of a call's time line, and samples per second of the telephone band (see [`codec`]).
pub const SAMPLE_RATE: u32 = 8_000;

/// Samples in one 20 ms frame, the packet time that the line sends with.
pub const FRAME_SAMPLES: usize = 160;

/// Returns how many samples fit in `millis`.
pub const fn samples_in(millis: u32) -> u64 {
    millis as u64 * (SAMPLE_RATE as u64 / 1_000)
}

/// Returns how long `samples` last, in milliseconds rounded down.
pub const fn millis_in(samples: u64) -> u64 {
    samples / (SAMPLE_RATE as u64 / 1_000)
}
