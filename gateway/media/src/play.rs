//! What a caller hears: prompts that were encoded once for everybody, cut into 20 ms frames with the call's RTP header.
//!
//! Invariants: every codec's frame stands for the same 20 ms, so that a codec may change in the middle of a prompt; sequence numbers go up by one for each frame sent; timestamps follow the 20 ms clock that the caller passes in,
//! so a pause has its true length; no frame is allocated, its payload lies in the shared prompt.

use std::{collections::VecDeque, sync::Arc};

use crate::{
    FRAME_SAMPLES,
    codec::Codec,
    g711, g722, millis_in, opus,
    rtp::{HEADER_LEN, RtpHeader},
};

/// The most prompts that may wait in one call: more than any sentence with a ten-digit number needs.
pub const MAX_QUEUED: usize = 128;

/// A prompt, encoded once in each codec that calls may have, and filled up to whole frames. Cloning shares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clip(Arc<Encoded>);

#[derive(Debug, PartialEq, Eq)]
struct Encoded {
    frames: usize,
    alaw: Box<[u8]>,
    ulaw: Box<[u8]>,
    g722: Box<[u8]>,
    opus: Box<[Box<[u8]>]>,
}

impl Clip {
    /// Encodes 8 kHz mono samples in both laws of G.711.
    pub fn new(samples: &[i16]) -> Self {
        Self::with_codecs(samples, &[Codec::Alaw, Codec::Ulaw])
    }

    /// Encodes 8 kHz mono samples in `codecs`. In another codec the clip is silent.
    pub fn with_codecs(samples: &[i16], codecs: &[Codec]) -> Self {
        let mut whole = samples.to_vec();
        whole.resize(samples.len().next_multiple_of(FRAME_SAMPLES), 0);
        let wanted = |codec: Codec| if codecs.contains(&codec) { whole.as_slice() } else { &[] };
        let law = |law: g711::Codec| {
            let mut bytes = Vec::new();
            law.encode_to(wanted(law.into()), &mut bytes);
            bytes.into_boxed_slice()
        };
        let opus = opus::encode(wanted(Codec::Opus)).into_iter().map(Vec::into_boxed_slice).collect();
        Self(Arc::new(Encoded {
            frames: whole.len() / FRAME_SAMPLES,
            alaw: law(g711::Codec::Alaw),
            ulaw: law(g711::Codec::Ulaw),
            g722: g722::encode_narrow(wanted(Codec::G722)).into(),
            opus,
        }))
    }

    /// Makes a pause.
    pub fn silence(millis: u32) -> Self {
        Self::new(&vec![0; crate::samples_in(millis) as usize])
    }

    /// Returns the prompt's bytes in one law of G.711.
    pub fn bytes(&self, law: g711::Codec) -> &[u8] {
        match law {
            g711::Codec::Alaw => &self.0.alaw,
            g711::Codec::Ulaw => &self.0.ulaw,
        }
    }

    /// Returns how many frames of 20 ms it has.
    pub fn frames(&self) -> usize {
        self.0.frames
    }

    /// Returns the payload of a frame; `None` behind the end. A clip that was not made for the codec is silent.
    pub fn frame(&self, codec: Codec, nth: usize) -> Option<&[u8]> {
        let piece = |bytes| <[u8]>::get(bytes, nth * FRAME_SAMPLES..(nth + 1) * FRAME_SAMPLES);
        let encoded = match codec {
            Codec::Alaw => piece(&self.0.alaw),
            Codec::Ulaw => piece(&self.0.ulaw),
            Codec::G722 => piece(&self.0.g722),
            Codec::Opus => self.0.opus.get(nth).map(AsRef::as_ref),
        };
        (nth < self.0.frames).then(|| encoded.unwrap_or_else(|| codec.silent_frame()))
    }

    /// Returns how long it lasts, in ms.
    pub fn millis(&self) -> u64 {
        millis_in((self.0.frames * FRAME_SAMPLES) as u64)
    }
}

/// Names one `play`, so that its end can be told from another's.
pub type PlayToken = u64;

/// A frame to send: header, then payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The RTP header.
    pub header: [u8; HEADER_LEN],
    /// 20 ms of audio.
    pub payload: &'a [u8],
}

#[derive(Debug, Clone)]
struct Queued {
    clip: Clip,
    /// Set on the last clip of a `play`.
    ends: Option<PlayToken>,
}

/// More prompts than [`MAX_QUEUED`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many prompts are waiting")]
pub struct QueueFull;

/// The sending side of one call.
#[derive(Debug, Clone)]
pub struct Playback {
    codec: Codec,
    header: RtpHeader,
    first_timestamp: u32,
    first_tick: Option<u64>,
    queue: VecDeque<Queued>,
    /// Frames of the first clip that were sent.
    offset: usize,
    /// The clip that ended last: its last frame is lent out after it has left the queue.
    last: Option<Clip>,
    packets: u32,
    octets: u32,
}

impl Playback {
    /// Creates a stream; `sequence`, `timestamp` and `ssrc` should be random (RFC 3550 section 5.1).
    pub fn new(codec: Codec, payload_type: u8, ssrc: u32, sequence: u16, timestamp: u32) -> Self {
        Self {
            codec,
            header: RtpHeader { payload_type, marker: true, sequence, timestamp, ssrc },
            first_timestamp: timestamp,
            first_tick: None,
            queue: VecDeque::new(),
            offset: 0,
            last: None,
            packets: 0,
            octets: 0,
        }
    }

    /// Queues clips behind what is playing; `token` is returned by [`Playback::next_frame`] with the last frame of them.
    /// Without clips nothing is queued, and the result says that they are already over.
    ///
    /// # Errors
    /// When more than [`MAX_QUEUED`] would wait; nothing is queued then.
    pub fn play(&mut self, clips: Vec<Clip>, token: PlayToken) -> Result<bool, QueueFull> {
        let mut clips: VecDeque<Queued> =
            clips.into_iter().filter(|clip| clip.frames() > 0).map(|clip| Queued { clip, ends: None }).collect();
        if self.queue.len() + clips.len() > MAX_QUEUED {
            return Err(QueueFull);
        }
        let Some(last) = clips.back_mut() else {
            return Ok(true);
        };
        last.ends = Some(token);
        self.queue.append(&mut clips);
        Ok(false)
    }

    /// Stops at once and forgets what waits.
    pub fn stop(&mut self) {
        self.queue.clear();
        self.offset = 0;
    }

    /// Returns whether there is something to send.
    pub fn is_playing(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Returns the frame for `tick` (the 20 ms clock) and, with the last frame of a `play`, its token.
    pub fn next_frame(&mut self, tick: u64) -> Option<(Frame<'_>, Option<PlayToken>)> {
        let front = self.queue.front()?;
        let (codec, nth) = (self.codec, self.offset);
        let clip_is_over = nth + 1 >= front.clip.frames();
        let length = front.clip.frame(codec, nth)?.len();
        self.stamp(tick);
        let header = self.header.to_bytes();
        self.sent(length);
        if !clip_is_over {
            self.offset = nth + 1;
            let payload = self.queue.front()?.clip.frame(codec, nth)?;
            return Some((Frame { header, payload }, None));
        }
        self.offset = 0;
        let over = self.queue.pop_front()?;
        if self.queue.is_empty() {
            self.header.marker = true;
        }
        self.last = Some(over.clip);
        let payload = self.last.as_ref()?.frame(codec, nth)?;
        Some((Frame { header, payload }, over.ends))
    }

    /// Returns one frame of silence for `tick`: what keeps a path open while nothing plays.
    pub fn keep_alive(&mut self, tick: u64) -> Frame<'static> {
        self.stamp(tick);
        self.header.marker = true;
        let header = self.header.to_bytes();
        let payload = self.codec.silent_frame();
        self.sent(payload.len());
        self.header.marker = true;
        Frame { header, payload }
    }

    /// Speaks another codec from the next frame on. Where its clock is another, timestamps go on from the last one.
    pub fn set_codec(&mut self, codec: Codec, payload_type: u8) {
        if codec.clock() != self.codec.clock() {
            self.first_timestamp = self.header.timestamp.wrapping_add(self.frame_steps());
            self.first_tick = None;
            self.header.marker = true;
        }
        self.codec = codec;
        self.header.payload_type = payload_type;
    }

    /// Returns how far a frame moves the timestamp.
    fn frame_steps(&self) -> u32 {
        FRAME_SAMPLES as u32 * self.codec.steps_per_tick()
    }

    fn stamp(&mut self, tick: u64) {
        let first = *self.first_tick.get_or_insert(tick);
        self.header.timestamp = self.timestamp_at(tick.saturating_sub(first));
    }

    fn timestamp_at(&self, ticks: u64) -> u32 {
        self.first_timestamp.wrapping_add((ticks as u32).wrapping_mul(self.frame_steps()))
    }

    fn sent(&mut self, length: usize) {
        self.header.marker = false;
        self.header.sequence = self.header.sequence.wrapping_add(1);
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(length as u32);
    }

    /// Returns the SSRC that the stream is sent with.
    pub fn ssrc(&self) -> u32 {
        self.header.ssrc
    }

    /// Returns packets and payload bytes sent, as a sender report counts them.
    pub fn sent_counts(&self) -> (u32, u32) {
        (self.packets, self.octets)
    }

    /// Returns the timestamp that a frame at `tick` would carry.
    pub fn timestamp(&self, tick: u64) -> u32 {
        self.timestamp_at(tick.saturating_sub(self.first_tick.unwrap_or(tick)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::RtpPacket;

    /// Sequence, timestamp, marker and payload.
    type Sent = (u16, u32, bool, Vec<u8>);

    /// Plays `ticks` of the clock; returns the frames and the tokens.
    fn run(playback: &mut Playback, ticks: std::ops::Range<u64>) -> (Vec<Sent>, Vec<PlayToken>) {
        let (mut frames, mut tokens) = (Vec::new(), Vec::new());
        for tick in ticks {
            let Some((frame, token)) = playback.next_frame(tick) else {
                continue;
            };
            let bytes = [&frame.header, frame.payload].concat();
            let packet = RtpPacket::parse(&bytes).unwrap();
            frames.push((packet.sequence, packet.timestamp, packet.marker, packet.payload.to_vec()));
            tokens.extend(token);
        }
        (frames, tokens)
    }

    fn clip(frames: usize, level: i16) -> Clip {
        Clip::new(&vec![level; frames * FRAME_SAMPLES])
    }

    #[test]
    fn prompts_follow_each_other_without_a_gap_and_each_end_is_told() {
        for codec in [Codec::Alaw, Codec::Ulaw] {
            let mut playback = Playback::new(codec, codec.payload_type(), 1, u16::MAX, u32::MAX - 100);
            assert_eq!(playback.play(vec![clip(2, 1_000), clip(1, 2_000)], 10), Ok(false));
            assert_eq!(playback.play(vec![clip(1, 3_000)], 11), Ok(false));
            let (frames, tokens) = run(&mut playback, 500..520);
            assert_eq!(tokens, [10, 11]);
            let law = codec.law().unwrap();
            let heard: Vec<i16> = frames.iter().map(|frame| law.decode(frame.3[0]) / 900).collect();
            assert_eq!(heard, [1, 1, 2, 3]);
            assert_eq!(frames.iter().map(|frame| frame.0).collect::<Vec<_>>(), [u16::MAX, 0, 1, 2]);
            assert_eq!(frames[3].1.wrapping_sub(frames[0].1), 3 * 160);
            assert_eq!(frames.iter().map(|frame| frame.2).collect::<Vec<_>>(), [true, false, false, false]);
        }
    }

    #[test]
    fn a_pause_has_its_true_length_and_a_marker_after_it() {
        let mut playback = Playback::new(Codec::Alaw, 8, 1, 0, 0);
        playback.play(vec![clip(1, 5)], 1).unwrap();
        let (before, _) = run(&mut playback, 0..50);
        playback.play(vec![clip(1, 5)], 2).unwrap();
        let (after, _) = run(&mut playback, 50..52);
        assert_eq!(after[0].1 - before[0].1, 50 * 160);
        assert_eq!((after[0].0, after[0].2), (1, true));
    }

    #[test]
    fn a_stopped_prompt_is_silent_at_once_and_tells_no_end() {
        let mut playback = Playback::new(Codec::Alaw, 8, 1, 0, 0);
        playback.play(vec![clip(10, 5)], 1).unwrap();
        run(&mut playback, 0..3);
        playback.stop();
        assert_eq!(run(&mut playback, 3..20), (vec![], vec![]));
        playback.play(vec![clip(2, 5)], 2).unwrap();
        assert_eq!(run(&mut playback, 20..30).1, [2]);
    }

    #[test]
    fn the_queue_is_bounded_and_nothing_is_an_end_at_once() {
        let mut playback = Playback::new(Codec::Alaw, 8, 1, 0, 0);
        assert_eq!(playback.play(vec![], 1), Ok(true));
        assert_eq!(playback.play(vec![Clip::new(&[])], 1), Ok(true));
        assert_eq!(playback.play(vec![clip(1, 5); MAX_QUEUED], 1), Ok(false));
        assert_eq!(playback.play(vec![clip(1, 5)], 2), Err(QueueFull));
    }

    #[test]
    fn a_short_clip_is_filled_up_with_silence() {
        let clip = Clip::new(&[1_000; 200]);
        let law = g711::Codec::Alaw;
        assert_eq!(clip.bytes(law).len(), 320);
        assert!(clip.bytes(law)[200..].iter().all(|&byte| byte == law.silence()));
        assert_eq!((clip.millis(), Clip::silence(45).millis()), (40, 60));
    }

    #[test]
    fn a_codec_changes_in_the_middle_of_a_prompt() {
        let mut playback = Playback::new(Codec::Alaw, 8, 1, 0, 1_000);
        let clip = Clip::with_codecs(&crate::tone::tone(700.0, 80, 0.3), &Codec::ALL);
        playback.play(vec![clip.clone()], 1).unwrap();
        let (narrow, _) = run(&mut playback, 0..2);
        playback.set_codec(Codec::Opus, 96);
        let (opus, tokens) = run(&mut playback, 2..4);
        assert_eq!(opus[0].3, clip.frame(Codec::Opus, 2).unwrap(), "nothing is said twice or left out");
        assert_eq!((opus[0].0, opus[0].2, tokens), (2, true, vec![1]));
        assert!(opus[0].1 > narrow[1].1);
        assert_eq!(opus[1].1 - opus[0].1, 960);
    }

    #[test]
    fn a_clip_in_a_codec_that_it_was_not_made_for_is_silent_and_as_long() {
        let clip = Clip::new(&[1_000; 320]);
        assert_eq!(clip.frame(Codec::Opus, 1), Some(Codec::Opus.silent_frame()));
        assert_eq!(clip.frame(Codec::Opus, 2), None);
    }

    #[test]
    fn a_keep_alive_is_a_talkspurt_of_its_own() {
        let mut playback = Playback::new(Codec::Ulaw, 0, 1, 5, 0);
        let frame = playback.keep_alive(100);
        let bytes = [&frame.header, frame.payload].concat();
        let packet = RtpPacket::parse(&bytes).unwrap();
        assert!(packet.marker && packet.payload.iter().all(|&byte| byte == 0xFF));
        playback.play(vec![clip(1, 5)], 1).unwrap();
        let (frames, _) = run(&mut playback, 850..851);
        assert_eq!((frames[0].0, frames[0].1, frames[0].2), (6, 750 * 160, true));
        assert_eq!(playback.sent_counts(), (2, 320));
    }
}
