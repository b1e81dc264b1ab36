//! What a packet of a call comes to: its place in the recording, speech, silence and keys.

use std::time::Duration;

use dauys_media::{
    activity::{Activity, ActivityConfig, ActivityDetector},
    codec::Codec,
    ear::Ear,
    g711,
    receiver::{Accepted, Receiver},
    samples_in,
    tone_keys::ToneKeys,
};
use tokio::sync::mpsc;

use super::{
    call::emit,
    event::{MediaCallId, MediaEvent, MediaEventKind},
    sink::RecordSink,
    socket::Datagram,
    telemetry::Tally,
};

/// A gap longer than this ends a key that was being heard as a tone.
const KEY_ENDS_AFTER: u64 = samples_in(60);

/// Listens to what is said: for speech, and for keys that are tones.
pub(super) struct Listening {
    codec: Codec,
    config: Option<ActivityConfig>,
    activity: Option<ActivityDetector>,
    keys: Option<ToneKeys>,
    /// Decodes where bytes alone do not tell: another codec than G.711, or tones to be heard.
    ear: Option<Ear>,
    next: u64,
}

impl Listening {
    pub fn new(codec: Codec, config: Option<ActivityConfig>, keys_in_band: bool) -> Self {
        let keys = keys_in_band.then(ToneKeys::default);
        let mut listening = Self { codec, config, activity: None, keys, ear: None, next: 0 };
        listening.listen(config);
        listening
    }

    /// Listens for speech from now on, or no longer.
    pub fn listen(&mut self, config: Option<ActivityConfig>) {
        let law = self.codec.law().unwrap_or(g711::Codec::Alaw);
        self.config = config;
        self.activity = config.map(|config| ActivityDetector::new(law, config));
        let decodes = self.keys.is_some() || (self.activity.is_some() && self.codec.law().is_none());
        if !decodes {
            self.ear = None;
        } else if self.ear.is_none() {
            self.ear = Some(Ear::new(self.codec));
        }
    }

    /// Hears another codec from now on.
    pub fn set_codec(&mut self, codec: Codec, keys_in_band: bool) {
        *self = Self { next: self.next, ..Self::new(codec, self.config, keys_in_band) };
    }

    /// Counts time in which nothing came.
    pub fn handle_silence(&mut self, ticks: u64) -> Option<Activity> {
        self.activity.as_mut()?.handle_silence(ticks)
    }

    fn hear(&mut self, position: u64, payload: &[u8]) -> (Option<Activity>, Option<char>) {
        let Some(ear) = &mut self.ear else {
            return (self.activity.as_mut().and_then(|detector| detector.handle_frame(position, payload)), None);
        };
        if position < self.next {
            // It was overtaken; a decoder goes forward only.
            return (None, None);
        }
        if position - self.next > KEY_ENDS_AFTER
            && let Some(keys) = &mut self.keys
        {
            keys.reset();
        }
        self.next = position + self.codec.ticks(payload);
        let (mut changed, mut pressed) = (None, None);
        ear.hear(payload, |at, samples| {
            if let Some(detector) = &mut self.activity {
                changed = detector.handle_samples(position + at, samples).or(changed);
            }
            pressed = self.keys.as_mut().and_then(|keys| keys.handle_samples(samples)).or(pressed);
        });
        (changed, pressed)
    }
}

/// The parts of a call and its thread that a packet needs.
pub(super) struct Hearing<'a, S: RecordSink> {
    pub id: MediaCallId,
    pub receiver: &'a mut Receiver,
    pub listening: &'a mut Listening,
    pub track: &'a mut Option<S::Track>,
    pub sink: &'a mut S,
    pub events: &'a mpsc::Sender<MediaEvent>,
    pub tally: &'a mut Tally,
    pub heard_before: &'a mut bool,
}

impl<S: RecordSink> Hearing<'_, S> {
    /// Takes one datagram, opened where it was sealed; returns whether it was accepted.
    pub fn take(&mut self, arrival: Duration, datagram: &Datagram<'_>, bytes: &[u8]) -> bool {
        let Self { listening, track, sink, .. } = self;
        let (mut changed, mut pressed) = (None, None);
        let outcome = self.receiver.handle_packet(arrival, datagram.from, bytes, |placed| {
            if let (Some(at), Some(track)) = (placed.at_samples, track.as_mut()) {
                sink.append(track, at, placed.payload);
            }
            let (activity, key) = listening.hear(placed.position, placed.payload);
            changed = activity.or(changed);
            pressed = key.or(pressed);
        });
        match outcome {
            Ok(Accepted::OnProbation) => {
                self.tally.received += 1;
                false
            }
            Ok(accepted) => {
                self.tally.received += 1;
                if !std::mem::replace(self.heard_before, true) {
                    emit(self.events, self.tally, self.id, MediaEventKind::Heard);
                }
                let recorded = self.receiver.recorded_samples();
                emit_activity(self.events, self.tally, self.id, changed, (recorded, true));
                let event = if let Accepted::Event(key) = accepted { key } else { None };
                for key in [event, pressed].into_iter().flatten() {
                    emit(self.events, self.tally, self.id, MediaEventKind::Dtmf(key));
                }
                true
            }
            Err(reason) => {
                self.tally.reject(reason);
                false
            }
        }
    }
}

/// Tells of speech and silence. `recorded` is how far the recording is, and whether it holds the silence that was counted.
pub(super) fn emit_activity(
    events: &mpsc::Sender<MediaEvent>,
    tally: &mut Tally,
    call: MediaCallId,
    changed: Option<Activity>,
    (recorded, holds_silence): (u64, bool),
) {
    let kind = match changed {
        Some(Activity::Started) => MediaEventKind::SpeechStarted { at: recorded },
        Some(Activity::Ended { silence_ms }) => {
            // Half of the silence for either side. Where nothing is sent in silence, the recording ends with the last word.
            let half = if holds_silence { samples_in(silence_ms) / 2 } else { 0 };
            MediaEventKind::SpeechEnded { silence_ms, pause_at: recorded.saturating_sub(half) }
        }
        None => return,
    };
    emit(events, tally, call, kind);
}
