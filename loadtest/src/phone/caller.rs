//! The person at the phone, as pure state: hears frames, presses keys, waits for the tone, speaks, ends.
//!
//! One step is 20 ms. The phone sends a frame at every step, silence where nothing is said, as telephones do.

use dauys_media::FRAME_SAMPLES;
use dauys_media::dtmf::{PressPacket, press};
use dauys_media::g711::Codec;
use dauys_media::rtp::RtpHeader;
use dauys_media::tone::{SPEAK_NOW_HZ, ToneDetector};
use std::collections::VecDeque;
use std::time::Duration;

/// How the caller ends what is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndBy {
    /// Presses `#`.
    Hash,
    /// Falls silent.
    Silence,
    /// Hangs up.
    HangUp,
}

/// What the caller does.
#[derive(Clone, Debug)]
pub struct CallPlan {
    /// What is said: 8 kHz samples.
    pub speech: Vec<i16>,
    /// The keys that are pressed first, one every 400 ms, from one second after the answer.
    pub press: String,
    /// Whether the caller waits for the tone; else the caller speaks at once.
    pub wait_for_tone: bool,
    /// How the caller ends.
    pub end: EndBy,
    /// After how many steps without the tone the caller speaks all the same.
    pub patience_steps: u64,
}

impl CallPlan {
    /// A caller who waits for the tone, says this, and presses `#`.
    pub fn say(speech: Vec<i16>) -> Self {
        Self { speech, press: String::new(), wait_for_tone: true, end: EndBy::Hash, patience_steps: 60 * 50 }
    }
}

/// What the shell must do after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Go on.
    On,
    /// This step sent the last of what is said: the last word.
    LastWord,
    /// Hang up.
    HangUp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Listening,
    Speaking { offset: usize },
    Ending { steps: u64 },
    Done,
}

/// Steps from the answer to the first key, and between keys.
const FIRST_KEY_STEP: u64 = 50;
const STEPS_PER_KEY: u64 = 20;
/// Steps from the last word to `#` or to hanging up.
const STEPS_TO_END: u64 = 15;

/// One caller in one call.
#[derive(Debug)]
pub struct Caller {
    plan: CallPlan,
    codec: Codec,
    dtmf_payload_type: Option<u8>,
    header: RtpHeader,
    step: u64,
    state: State,
    keys: VecDeque<(u64, char)>,
    pressing: VecDeque<PressPacket>,
    press_timestamp: u32,
    tone: ToneDetector,
    heard: Vec<i16>,
    tones: u32,
}

impl Caller {
    /// Makes a caller whose stream starts with the header given.
    pub fn new(plan: CallPlan, codec: Codec, dtmf_payload_type: Option<u8>, mut header: RtpHeader) -> Self {
        header.marker = true;
        let keys = plan.press.chars().zip(0u64..).map(|(key, at)| (FIRST_KEY_STEP + at * STEPS_PER_KEY, key)).collect();
        Self {
            plan,
            codec,
            dtmf_payload_type,
            header,
            step: 0,
            state: State::Listening,
            keys,
            pressing: VecDeque::new(),
            press_timestamp: 0,
            tone: ToneDetector::new(SPEAK_NOW_HZ),
            heard: Vec::new(),
            tones: 0,
        }
    }

    /// Hears the payload of one packet.
    pub fn hear(&mut self, payload: &[u8]) {
        self.heard.clear();
        self.codec.decode_to(payload, &mut self.heard);
        // A tone that ends while keys are still to be pressed belongs to the greeting, not to the caller's turn.
        if self.tone.handle_samples(&self.heard) == Some(false) && self.keys.is_empty() && self.pressing.is_empty() {
            self.tones += 1;
        }
    }

    /// Returns how many tones to speak were heard.
    pub fn tones(&self) -> u32 {
        self.tones
    }

    /// Returns whether everything was said and ended.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Lets 20 ms pass: writes the packet to send into `out` and says what to do.
    pub fn handle_step(&mut self, out: &mut Vec<u8>) -> Step {
        out.clear();
        self.step += 1;
        self.press_due_key();
        let (payload, outcome) = self.frame();
        if let Some(packet) = self.pressing.pop_front() {
            self.write_press(packet, out);
        } else {
            self.header.write(&payload, out);
        }
        self.header.marker = false;
        self.header.sequence = self.header.sequence.wrapping_add(1);
        self.header.timestamp = self.header.timestamp.wrapping_add(FRAME_SAMPLES as u32);
        outcome
    }

    fn write_press(&mut self, packet: PressPacket, out: &mut Vec<u8>) {
        if packet.marker {
            self.press_timestamp = self.header.timestamp;
        }
        let payload_type = self.dtmf_payload_type.unwrap_or(101);
        let header = RtpHeader { payload_type, marker: packet.marker, timestamp: self.press_timestamp, ..self.header };
        header.write(&packet.payload, out);
    }

    fn press_due_key(&mut self) {
        if let Some((at, key)) = self.keys.front().copied()
            && self.step >= at
            && self.pressing.is_empty()
        {
            self.keys.pop_front();
            self.start_press(key);
        }
    }

    fn start_press(&mut self, key: char) {
        if self.dtmf_payload_type.is_some() {
            self.pressing = press(key, Duration::from_millis(120)).unwrap_or_default().into();
        }
    }

    fn frame(&mut self) -> (Vec<u8>, Step) {
        let mut payload = Vec::with_capacity(FRAME_SAMPLES);
        let mut outcome = Step::On;
        match self.state {
            State::Listening => {
                let invited = self.tones > 0 || !self.plan.wait_for_tone || self.step > self.plan.patience_steps;
                if invited && self.keys.is_empty() && self.pressing.is_empty() {
                    self.state = State::Speaking { offset: 0 };
                }
            }
            State::Speaking { offset } => {
                let end = (offset + FRAME_SAMPLES).min(self.plan.speech.len());
                self.codec.encode_to(self.plan.speech.get(offset..end).unwrap_or_default(), &mut payload);
                self.state = State::Speaking { offset: end };
                if end == self.plan.speech.len() {
                    outcome = Step::LastWord;
                    self.state = State::Ending { steps: 0 };
                }
            }
            State::Ending { steps } => {
                self.state = State::Ending { steps: steps + 1 };
                if steps >= STEPS_TO_END {
                    self.state = State::Done;
                    match self.plan.end {
                        EndBy::Hash => self.start_press('#'),
                        EndBy::Silence => {}
                        EndBy::HangUp => outcome = Step::HangUp,
                    }
                }
            }
            State::Done => {}
        }
        payload.resize(FRAME_SAMPLES, self.codec.silence());
        (payload, outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dauys_media::dtmf::PressDecoder;
    use dauys_media::rtp::RtpPacket;
    use dauys_media::tone::tone;

    fn caller(plan: CallPlan) -> Caller {
        let header = RtpHeader { payload_type: 8, marker: false, sequence: 65_530, timestamp: u32::MAX - 500, ssrc: 7 };
        Caller::new(plan, Codec::Alaw, Some(101), header)
    }

    /// Steps on; returns the keys, the audio, and the step at which something but `On` was said.
    fn run(caller: &mut Caller, steps: u64) -> (String, Vec<u8>, Vec<(u64, Step)>) {
        let (mut keys, mut audio, mut said) = (String::new(), Vec::new(), Vec::new());
        let mut presses = PressDecoder::default();
        let mut out = Vec::new();
        for step in 0..steps {
            match caller.handle_step(&mut out) {
                Step::On => {}
                other => said.push((step, other)),
            }
            let packet = RtpPacket::parse(&out).unwrap();
            if packet.payload_type == 101 {
                keys.extend(presses.handle_event(packet.timestamp, packet.payload));
            } else {
                audio.extend(packet.payload);
            }
        }
        (keys, audio, said)
    }

    fn beep(caller: &mut Caller) {
        let mut bytes = Vec::new();
        Codec::Alaw.encode_to(&tone(SPEAK_NOW_HZ, 200, 0.3), &mut bytes);
        bytes.extend([Codec::Alaw.silence(); 1_600]);
        bytes.chunks(160).for_each(|frame| caller.hear(frame));
    }

    #[test]
    fn speaks_after_the_tone_and_presses_hash() {
        let speech: Vec<i16> = (0..800).map(|n| ((n % 40) * 200) as i16).collect();
        let mut caller = caller(CallPlan::say(speech.clone()));
        let (_, audio, _) = run(&mut caller, 100);
        assert!(audio.iter().all(|byte| *byte == Codec::Alaw.silence()));
        beep(&mut caller);
        let (keys, audio, said) = run(&mut caller, 60);
        assert_eq!((keys.as_str(), said.as_slice()), ("#", [(5, Step::LastWord)].as_slice()));
        let mut expected = Vec::new();
        Codec::Alaw.encode_to(&speech, &mut expected);
        assert!(audio.windows(expected.len()).any(|window| window == expected));
    }

    #[test]
    fn presses_first_and_then_waits_for_the_next_tone() {
        let mut caller = caller(CallPlan { press: "2".into(), ..CallPlan::say(vec![100; 160]) });
        beep(&mut caller);
        let (keys, _, said) = run(&mut caller, 120);
        assert_eq!((keys.as_str(), said.len()), ("2", 0));
        beep(&mut caller);
        assert_eq!(run(&mut caller, 60).2.len(), 1);
    }

    #[test]
    fn hangs_up_after_the_last_word_where_that_is_the_plan() {
        let mut caller =
            caller(CallPlan { end: EndBy::HangUp, wait_for_tone: false, ..CallPlan::say(vec![100; 1_600]) });
        let (_, _, said) = run(&mut caller, 60);
        assert!(matches!(said.as_slice(), [(_, Step::LastWord), (_, Step::HangUp)]), "{said:?}");
    }

    #[test]
    fn an_impatient_caller_speaks_without_a_tone() {
        let mut caller = caller(CallPlan { patience_steps: 100, ..CallPlan::say(vec![100; 160]) });
        assert_eq!(run(&mut caller, 130).2.len(), 1);
    }
}
