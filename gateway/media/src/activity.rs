//! When a caller speaks and when the utterance is over, from G.711 bytes directly or from decoded samples.
//!
//! Energy against an adaptive noise floor, with an onset and a hangover; 256-entry tables of squared samples make a frame one
//! table look-up a sample. Deterministic: the same frames give the same events. Gaps between frames count as silence.

use crate::{SAMPLE_RATE, g711::Codec, samples_in};

/// How the detector decides.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ActivityConfig {
    /// Speech must be at least this loud, in dBFS (mean square against full scale).
    pub min_level_dbfs: f32,
    /// And at least this far above the noise floor, in dB.
    pub above_noise_db: f32,
    /// For how long it must be loud to be speech and not a click, in ms.
    pub onset_ms: u32,
    /// For how long it must be quiet for the utterance to be over, in ms.
    pub hangover_ms: u32,
}

impl Default for ActivityConfig {
    fn default() -> Self {
        Self { min_level_dbfs: -48.0, above_noise_db: 9.0, onset_ms: 120, hangover_ms: 1_500 }
    }
}

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// Somebody began to speak.
    Started,
    /// Nobody has spoken for the hangover.
    Ended {
        /// How long it has been quiet, in ms.
        silence_ms: u32,
    },
}

/// Lowest noise floor: one least step of A-law.
const FLOOR: f32 = 64.0;
/// How fast the floor rises towards a louder background, in dB a second: while it is quiet, and while somebody speaks (slow,
/// so that a lasting hum becomes background after some seconds and a sentence does not).
const RISE_QUIET_DB: f32 = 6.0;
const RISE_SPEECH_DB: f32 = 1.0;
/// The onset's memory: loud time is forgotten at this fraction of quiet time, so that consonants do not reset it.
const FORGET: u32 = 2;
/// Frames longer than this are judged in pieces, so that one packet's time stays fine enough.
const PIECE: usize = 160;

/// Detects speech in one call.
#[derive(Debug, Clone)]
pub struct ActivityDetector {
    energies: &'static [u32; 256],
    min_energy: f32,
    above_noise: f32,
    onset: u32,
    hangover: u64,
    noise: Option<f32>,
    level: f32,
    speaking: bool,
    loud: u32,
    quiet: u64,
    next_position: Option<u64>,
    /// Silence already counted past `next_position`, because no frame came.
    credited: u64,
}

impl ActivityDetector {
    /// Creates a detector; the law is that of the frames, and of no matter where only decoded samples come.
    pub fn new(codec: Codec, config: ActivityConfig) -> Self {
        Self {
            energies: energies(codec),
            min_energy: energy_of(config.min_level_dbfs),
            above_noise: 10f32.powf(config.above_noise_db / 10.0),
            onset: samples_in(config.onset_ms) as u32,
            hangover: samples_in(config.hangover_ms),
            noise: None,
            level: FLOOR,
            speaking: false,
            loud: 0,
            quiet: 0,
            next_position: None,
            credited: 0,
        }
    }

    /// Takes the audio at `position` (the call's time line, in ticks). Frames that were overtaken are left out.
    pub fn handle_frame(&mut self, position: u64, payload: &[u8]) -> Option<Activity> {
        let gap = self.gap_before(position, payload.len())?;
        let mut changed = self.count_quiet(gap);
        for piece in payload.chunks(PIECE) {
            let sum = piece.iter().map(|&byte| u64::from(self.energies[usize::from(byte)])).sum();
            changed = self.judge(sum, piece.len() as u32).or(changed);
        }
        changed
    }

    /// Takes audio that was decoded to 8 kHz, as [`ActivityDetector::handle_frame`] takes G.711.
    pub fn handle_samples(&mut self, position: u64, samples: &[i16]) -> Option<Activity> {
        let gap = self.gap_before(position, samples.len())?;
        let mut changed = self.count_quiet(gap);
        for piece in samples.chunks(PIECE) {
            let sum = piece.iter().map(|&sample| u64::from(sample.unsigned_abs()).pow(2)).sum();
            changed = self.judge(sum, piece.len() as u32).or(changed);
        }
        changed
    }

    /// Returns how much silence lies before a frame and was not counted yet; `None` when the frame was overtaken.
    fn gap_before(&mut self, position: u64, length: usize) -> Option<u64> {
        let expected = self.next_position.unwrap_or(position);
        let gap = position.checked_sub(expected)?.saturating_sub(std::mem::take(&mut self.credited));
        self.next_position = Some(position + length as u64);
        Some(gap)
    }

    /// Counts `samples` of silence, because no packet came for so long (a peer that sends nothing while its user is silent).
    pub fn handle_silence(&mut self, samples: u64) -> Option<Activity> {
        self.credited += samples;
        self.count_quiet(samples)
    }

    fn judge(&mut self, sum: u64, samples: u32) -> Option<Activity> {
        self.level = sum as f32 / samples as f32;
        let noise = self.noise.unwrap_or(self.level.min(self.min_energy)).max(FLOOR);
        let is_loud = self.level > self.min_energy && self.level > noise * self.above_noise;
        let rise_db = if is_loud { RISE_SPEECH_DB } else { RISE_QUIET_DB } * samples as f32 / SAMPLE_RATE as f32;
        // ln(10) / 10: close enough to the power for steps this small, and cheap.
        let risen = noise * (1.0 + rise_db * 0.230_26);
        self.noise = Some(if self.level < noise { self.level.max(FLOOR) } else { risen.min(self.level) });
        if !is_loud {
            return self.count_quiet(u64::from(samples));
        }
        self.quiet = 0;
        self.loud = (self.loud + samples).min(self.onset);
        if self.speaking || self.loud < self.onset {
            return None;
        }
        self.speaking = true;
        Some(Activity::Started)
    }

    fn count_quiet(&mut self, samples: u64) -> Option<Activity> {
        self.quiet = self.quiet.saturating_add(samples);
        self.loud = self.loud.saturating_sub(u32::try_from(samples).unwrap_or(u32::MAX) / FORGET);
        if !self.speaking || self.quiet < self.hangover {
            return None;
        }
        self.speaking = false;
        self.loud = 0;
        Some(Activity::Ended { silence_ms: u32::try_from(self.quiet / samples_in(1)).unwrap_or(u32::MAX) })
    }

    /// Returns whether somebody is speaking, the hangover included.
    pub fn is_speaking(&self) -> bool {
        self.speaking
    }

    /// Returns for how long it has been quiet, in ms.
    pub fn quiet_ms(&self) -> u64 {
        self.quiet / samples_in(1)
    }

    /// Returns the level of the latest frame, in dBFS.
    pub fn level_dbfs(&self) -> f32 {
        10.0 * (self.level / FULL_SCALE).log10()
    }
}

const FULL_SCALE: f32 = 32_768.0 * 32_768.0;

fn energy_of(dbfs: f32) -> f32 {
    FULL_SCALE * 10f32.powf(dbfs / 10.0)
}

fn energies(codec: Codec) -> &'static [u32; 256] {
    static ALAW: [u32; 256] = squares(Codec::Alaw);
    static ULAW: [u32; 256] = squares(Codec::Ulaw);
    match codec {
        Codec::Alaw => &ALAW,
        Codec::Ulaw => &ULAW,
    }
}

const fn squares(codec: Codec) -> [u32; 256] {
    let mut squares = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let level = codec.decode(byte as u8) as i32;
        squares[byte] = (level * level) as u32;
        byte += 1;
    }
    squares
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone;

    /// Feeds `(amplitude, ms)` stretches of a 300 Hz tone; returns each event with its time in ms.
    fn listen(codec: Codec, detector: &mut ActivityDetector, stretches: &[(f32, u32)]) -> Vec<(u64, Activity)> {
        let mut events = Vec::new();
        let mut position = 0;
        for &(amplitude, millis) in stretches {
            let mut bytes = Vec::new();
            codec.encode_to(&tone::tone(300.0, millis, amplitude), &mut bytes);
            for frame in bytes.chunks(160) {
                let changed = detector.handle_frame(position, frame);
                position += frame.len() as u64;
                events.extend(changed.map(|activity| (position / 8, activity)));
            }
        }
        events
    }

    #[test]
    fn an_utterance_starts_and_ends_once() {
        for codec in [Codec::Alaw, Codec::Ulaw] {
            let mut detector = ActivityDetector::new(codec, ActivityConfig::default());
            let events =
                listen(codec, &mut detector, &[(0.0, 1_000), (0.2, 2_000), (0.0, 600), (0.2, 1_000), (0.0, 3_000)]);
            let [(started, Activity::Started), (ended, Activity::Ended { silence_ms })] = events[..] else {
                panic!("{events:?}");
            };
            assert!((1_100..=1_160).contains(&started), "{started}");
            assert!((6_080..=6_140).contains(&ended), "{ended}");
            assert!((1_500..=1_520).contains(&silence_ms), "{silence_ms}");
        }
    }

    #[test]
    fn silence_and_clicks_are_not_speech() {
        let mut detector = ActivityDetector::new(Codec::Alaw, ActivityConfig::default());
        let clicks = [(0.0, 980), (0.8, 20)].repeat(20);
        assert_eq!(listen(Codec::Alaw, &mut detector, &clicks), []);
    }

    #[test]
    fn a_lasting_hum_becomes_background_and_speech_over_it_is_heard() {
        let mut detector = ActivityDetector::new(Codec::Alaw, ActivityConfig::default());
        let events = listen(Codec::Alaw, &mut detector, &[(0.02, 30_000), (0.3, 1_000), (0.02, 4_000)]);
        let speech: Vec<_> = events.iter().filter(|(at, _)| *at > 29_000).map(|(_, activity)| activity).collect();
        assert!(matches!(speech[..], [Activity::Started, Activity::Ended { .. }]), "{events:?}");
    }

    #[test]
    fn a_peer_that_sends_nothing_while_silent_ends_too() {
        let mut detector = ActivityDetector::new(Codec::Alaw, ActivityConfig::default());
        listen(Codec::Alaw, &mut detector, &[(0.0, 200), (0.3, 1_000)]);
        assert!(detector.is_speaking());
        let ended = (0..20).find_map(|_| detector.handle_silence(samples_in(100)));
        assert_eq!(ended, Some(Activity::Ended { silence_ms: 1_500 }));
        assert_eq!(detector.quiet_ms(), 1_500);
    }

    #[test]
    fn the_level_is_in_dbfs() {
        let mut detector = ActivityDetector::new(Codec::Alaw, ActivityConfig::default());
        listen(Codec::Alaw, &mut detector, &[(0.5, 200)]);
        // A sine of half amplitude is 6 dB down from full, and its mean square 3 dB more; the last frame is faded out.
        listen(Codec::Alaw, &mut detector, &[]);
        let mut bytes = Vec::new();
        Codec::Alaw.encode_to(&tone::tone(500.0, 100, 0.5)[160..320], &mut bytes);
        detector.handle_frame(100_000, &bytes);
        assert!((detector.level_dbfs() + 9.03).abs() < 0.3, "{}", detector.level_dbfs());
    }
}
