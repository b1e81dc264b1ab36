//! What a caller's telephone sends at each step of 20 ms, and what a whole recording of it must hold. One description for the
//! sender and for the check, so that neither can err alone.

use super::conduct::{Conduct, KEY_AT, Leaving};
use super::network::{Fate, Network};
use super::voice::Voice;
use dauys_media::FRAME_SAMPLES;
use dauys_media::dtmf::Event;
use dauys_media::g711::Codec;

/// How many packets a key press takes: five while it is held, three that end it (RFC 4733 section 2.5.1.4).
const PRESS: u64 = 8;
const HELD: u64 = 5;
/// Silence before `#`, in steps.
const BREATH: u64 = 15;
/// How long the caller listens after `#` before giving up on being hung up on, in steps.
const PATIENCE: u64 = 3_000;

/// What is sent at a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content<'a> {
    /// A frame of A-law.
    Audio(&'a [u8]),
    /// Part of a key press that began at a step.
    Key {
        /// When it began.
        began: u64,
        /// The payload.
        payload: [u8; 4],
    },
    /// Nothing: the telephone saves silence.
    Nothing,
    /// The caller hangs up.
    End,
}

/// What one caller says.
#[derive(Clone, Copy, Debug)]
pub struct Talk<'a> {
    /// How the caller behaves.
    pub conduct: Conduct,
    /// Where in the voice the caller begins.
    pub place: usize,
    /// The voice.
    pub voice: &'a Voice,
}

impl<'a> Talk<'a> {
    /// Says what is sent at a step.
    pub fn content(&self, step: u64) -> Content<'a> {
        let conduct = &self.conduct;
        if step >= conduct.leaves {
            return match step - conduct.leaves {
                since if conduct.leaving == Leaving::Hash && since < PRESS => press('#', conduct.leaves, since),
                since if conduct.leaving == Leaving::Hash && since < PATIENCE => self.silence(),
                _ => Content::End,
            };
        }
        if let Some(key) = conduct.key
            && (KEY_AT..KEY_AT + PRESS).contains(&step)
        {
            return press(key, KEY_AT, step - KEY_AT);
        }
        let is_quiet = step < conduct.listens
            || conduct.leaving == Leaving::InGreeting
            || (conduct.leaving == Leaving::Hash && step + BREATH >= conduct.leaves);
        if is_quiet {
            return self.silence();
        }
        let place = self.place + (step - conduct.listens) as usize;
        if conduct.is_silent_in_pauses && self.voice.is_silent(place) {
            return Content::Nothing;
        }
        Content::Audio(self.voice.frame(place))
    }

    fn silence(&self) -> Content<'a> {
        const SILENCE: [u8; FRAME_SAMPLES] = [Codec::Alaw.silence(); FRAME_SAMPLES];
        if self.conduct.is_silent_in_pauses { Content::Nothing } else { Content::Audio(&SILENCE) }
    }

    /// Returns the recording that a server must have that lost nothing of `steps` steps, with silence for what the network lost.
    /// It begins with the packet that arrived first, as a recorder cannot know of an earlier one.
    pub fn recording(&self, steps: u64, network: &Network, caller: u64) -> Vec<u8> {
        let arrived = (0..steps).filter_map(|step| {
            let Content::Audio(frame) = self.content(step) else { return None };
            let Fate::Sent { late_ms, .. } = network.fate(caller, step) else { return None };
            let at = step * 20 + late_ms;
            (at <= steps * 20).then_some((at, step, frame))
        });
        let arrived: Vec<_> = arrived.collect();
        let Some((_, first, _)) = arrived.iter().min_by_key(|(at, step, _)| (*at, *step)) else { return Vec::new() };
        let mut recording = Vec::new();
        for (_, step, frame) in arrived.iter().filter(|(_, step, _)| step >= first) {
            let start = (step - first) as usize * FRAME_SAMPLES;
            recording.resize(start, Codec::Alaw.silence());
            recording.extend_from_slice(frame);
        }
        recording
    }

    /// Returns how much of that recording, in bytes, the server must have where it ended the call itself: what came before `#`.
    pub fn least(&self) -> usize {
        let last = (0..self.conduct.leaves).rev().find(|step| matches!(self.content(*step), Content::Audio(_)));
        let first = (0..self.conduct.leaves).find(|step| matches!(self.content(*step), Content::Audio(_)));
        match (first, last) {
            (Some(first), Some(last)) => (last - first + 1) as usize * FRAME_SAMPLES,
            _ => 0,
        }
    }
}

fn press<'a>(key: char, began: u64, nth: u64) -> Content<'a> {
    let code = match key {
        '#' => 11,
        digit => digit.to_digit(10).unwrap_or_default() as u8,
    };
    let duration = (nth.min(HELD) + 1) as u16 * FRAME_SAMPLES as u16;
    Content::Key { began, payload: Event { code, end: nth >= HELD, volume: 10, duration }.to_bytes() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storm::conduct::Mix;

    fn voice() -> Voice {
        Voice::of(&[(0..1_600).map(|n| (n % 50) * 300).collect()])
    }

    #[test]
    fn a_caller_listens_speaks_and_hangs_up() {
        let voice = voice();
        let talk = Talk { conduct: Mix::Whole.conduct(1, 0, 2, 5), place: 0, voice: &voice };
        assert!(matches!(talk.content(1), Content::Audio(frame) if frame == [Codec::Alaw.silence(); 160]));
        assert_eq!(talk.content(2), Content::Audio(voice.frame(0)));
        assert_eq!(talk.content(4), Content::Audio(voice.frame(2)));
        assert_eq!(talk.content(5), Content::End);
        let network = Network::new(0.0, 0.0, 0.0, 0, 1);
        assert_eq!(talk.recording(5, &network, 0)[320..], [voice.frame(0), voice.frame(1), voice.frame(2)].concat());
    }

    #[test]
    fn keys_and_saved_silence_are_gaps_of_their_length() {
        let voice = voice();
        let mut conduct = Mix::Whole.conduct(1, 0, 60, 80);
        conduct.key = Some('2');
        conduct.leaving = Leaving::Hash;
        let talk = Talk { conduct, place: 0, voice: &voice };
        assert!(matches!(talk.content(50), Content::Key { began: 50, payload: [2, ..] }));
        assert!(matches!(talk.content(80), Content::Key { began: 80, payload: [11, ..] }));
        assert!(matches!(talk.content(87), Content::Key { payload: [11, 0x8A, ..], .. }), "the end bit");
        assert_eq!(talk.least(), 80 * 160);
        let network = Network::new(0.0, 0.0, 0.0, 0, 1);
        let recording = talk.recording(100, &network, 0);
        assert_eq!(recording.len(), 100 * 160);
        assert_eq!(recording[50 * 160..58 * 160], [Codec::Alaw.silence(); 8 * 160]);
        let saving = Talk { conduct: Conduct { is_silent_in_pauses: true, ..conduct }, ..talk };
        assert_eq!(saving.content(3), Content::Nothing);
        assert_eq!(
            saving.recording(100, &network, 0)[..160],
            *voice.frame(0),
            "it begins with the first that was sent"
        );
    }

    #[test]
    fn what_the_network_lost_is_silence_and_what_it_delayed_is_in_its_place() {
        let voice = voice();
        let talk = Talk { conduct: Mix::Whole.conduct(1, 0, 0, 400), place: 0, voice: &voice };
        let network = Network::new(0.1, 0.1, 0.1, 0, 3);
        let recording = talk.recording(400, &network, 8);
        let lost = (0..400).filter(|step| network.fate(8, *step) == Fate::Lost).count();
        let first = (0..400).find(|step| network.fate(8, *step) == Fate::Sent { late_ms: 0, copies: 1 }).unwrap();
        assert!(lost > 20 && first < 10);
        for step in first..395 {
            let place = (step - first) as usize * 160;
            let heard = &recording[place..place + 160];
            match network.fate(8, step) {
                Fate::Lost => assert_eq!(heard, [Codec::Alaw.silence(); 160]),
                Fate::Sent { .. } => assert_eq!(heard, voice.frame(step as usize)),
            }
        }
    }
}
