//! A recording put together from its records: audio placed by tick, gaps filled with what sounds like nothing. Pure.

use std::collections::BTreeMap;

use dauys_media::{ear::Ear, g711, g722};

use super::codec::packets;
use super::format::{Codec, Record};
use super::{ogg, wav};

/// One intake's recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Media {
    /// A telephone call's audio.
    Call(Recording),
    /// A file that came whole.
    Blob {
        /// Its media type, such as `audio/ogg`.
        media_type: String,
        /// The file's bytes.
        bytes: Vec<u8>,
    },
}

/// A call's audio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// What the payload is coded in.
    pub codec: Codec,
    /// The audio, with its gaps filled, one byte a tick of 1/8,000 s; of Opus a run of the packets that came.
    pub payload: Vec<u8>,
    /// Where each Opus packet starts, in ticks.
    places: Vec<u64>,
    length: u64,
}

impl Recording {
    fn of_bytes(codec: Codec, payload: Vec<u8>) -> Self {
        Self { codec, length: payload.len() as u64, payload, places: Vec::new() }
    }

    /// Says how long the recording is, in ticks of 1/8,000 s.
    pub fn samples(&self) -> u64 {
        self.length
    }

    /// Makes a file of it: its media type and its bytes. G.711 goes into a WAV file and Opus into an Ogg file as it came; G.722, which
    /// hardly any reader of files knows, is decoded to 16-bit samples at 16,000 Hz.
    pub fn to_file(&self) -> (&'static str, Vec<u8>) {
        match self.codec {
            Codec::Pcma | Codec::Pcmu => ("audio/wav", wav::write(self.codec, &self.payload)),
            Codec::G722 => ("audio/wav", wav::write_linear(&g722::decode(&self.payload), g722::WIDE_RATE)),
            Codec::Opus => {
                let placed = self.places.iter().copied().zip(packets(&self.payload));
                ("audio/ogg", ogg::write(placed, self.length))
            }
        }
    }
}

/// What is known of an intake once its records were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assembled {
    /// The call's facts as given when the recording began; empty for what is no call.
    pub head: Vec<u8>,
    /// The spooled event; `None` while the intake is not complete.
    pub tail: Option<Vec<u8>>,
    /// The recording.
    pub media: Media,
    /// How many bytes of audio were left out because they lie beyond the longest recording.
    pub cut: u64,
}

/// Takes an intake's records in any order.
#[derive(Debug)]
pub struct Assembly {
    most: u64,
    codec: Option<Codec>,
    head: Vec<u8>,
    tail: Option<Vec<u8>>,
    total: u64,
    /// Audio of a byte a tick, in the first such codec that came.
    payload: Vec<u8>,
    payload_codec: Option<Codec>,
    /// Audio in another codec than that, to be brought to one when everything is there: by place.
    others: BTreeMap<u64, (Codec, Vec<u8>)>,
    blob: Option<(String, Vec<u8>)>,
    cut: u64,
}

impl Assembly {
    /// Starts one. No recording gets longer than `most` ticks, so that a peer's wild timestamps cannot fill the memory.
    pub fn new(most: u64) -> Self {
        Self {
            most,
            codec: None,
            head: Vec::new(),
            tail: None,
            total: 0,
            payload: Vec::new(),
            payload_codec: None,
            others: BTreeMap::new(),
            blob: None,
            cut: 0,
        }
    }

    /// Takes one record of this intake.
    pub fn push(&mut self, record: &Record<'_>) {
        match *record {
            Record::Begin { codec, head, .. } => {
                self.codec.get_or_insert(codec);
                self.head = head.to_vec();
            }
            Record::Audio { at, codec, payload, .. } => self.take(at, codec, payload),
            Record::End { total, tail, .. } => {
                self.total = self.total.max(total);
                self.tail = Some(tail.to_vec());
            }
            Record::Blob { media_type, bytes, .. } => self.blob = Some((media_type.to_owned(), bytes.to_vec())),
            Record::Exported { .. } => {}
        }
    }

    fn take(&mut self, at: u64, codec: Codec, run: &[u8]) {
        self.codec.get_or_insert(codec);
        if codec == Codec::Opus {
            return self.take_packets(at, run);
        }
        let fits = usize::try_from(self.most.saturating_sub(at)).unwrap_or(usize::MAX).min(run.len());
        self.cut += (run.len() - fits) as u64;
        let run = run.get(..fits).unwrap_or_default();
        if run.is_empty() {
            return;
        }
        let base = *self.payload_codec.get_or_insert(codec);
        if base == codec || (is_g711(base) && is_g711(codec)) {
            self.place(at, codec, run);
        } else {
            self.others.insert(at, (codec, run.to_vec()));
        }
    }

    fn take_packets(&mut self, mut at: u64, run: &[u8]) {
        for packet in packets(run) {
            let end = at.saturating_add(Codec::Opus.ticks(packet));
            if end > self.most {
                self.cut += packet.len() as u64;
            } else if end > at {
                self.others.insert(at, (Codec::Opus, packet.to_vec()));
            }
            at = end;
        }
    }

    /// Puts bytes of a tick each where they belong, in the law of the first.
    fn place(&mut self, at: u64, codec: Codec, run: &[u8]) {
        let (base, Ok(start)) = (self.payload_codec.unwrap_or(codec), usize::try_from(at)) else {
            return;
        };
        let end = start + run.len();
        if self.payload.len() < end {
            self.payload.resize(end, base.silence());
        }
        if let Some(place) = self.payload.get_mut(start..end) {
            place.copy_from_slice(run);
            if codec != base {
                transcode(codec, base, place);
            }
        }
    }

    /// Puts the recording together.
    pub fn finish(mut self) -> Assembled {
        let recording = self.recording();
        let media = match self.blob {
            Some((media_type, bytes)) => Media::Blob { media_type, bytes },
            None => Media::Call(recording),
        };
        Assembled { head: self.head, tail: self.tail, media, cut: self.cut }
    }

    fn recording(&mut self) -> Recording {
        let total = self.total.min(self.most);
        let opus_alone = self.payload.is_empty() && self.others.values().all(|(codec, _)| *codec == Codec::Opus);
        if opus_alone && (!self.others.is_empty() || self.codec == Some(Codec::Opus)) {
            return self.opus(total);
        }
        if !self.others.is_empty() {
            self.bring_to_one_law();
        }
        let codec = self.payload_codec.or(self.codec).unwrap_or_default();
        let total = usize::try_from(total).unwrap_or(0);
        let mut payload = std::mem::take(&mut self.payload);
        if payload.len() < total {
            payload.resize(total, codec.silence());
        }
        Recording::of_bytes(codec, payload)
    }

    fn opus(&self, total: u64) -> Recording {
        let (mut payload, mut places, mut length) = (Vec::new(), Vec::new(), total);
        for (at, (codec, packet)) in &self.others {
            length = length.max(at + codec.ticks(packet));
            codec.append_to_run(packet, &mut payload);
            places.push(*at);
        }
        Recording { codec: Codec::Opus, payload, places, length }
    }

    /// A call whose codec changed on the way still becomes one file: in the telephone band, in the first law that it had.
    fn bring_to_one_law(&mut self) {
        let base = self.payload_codec.unwrap_or_default();
        let law = if is_g711(base) { base } else { Codec::Pcma };
        if base != law {
            let wide = std::mem::take(&mut self.payload);
            let mut narrow = Vec::with_capacity(wide.len());
            Ear::new(base.media()).hear(&wide, |_, samples| g711_of(law).encode_to(samples, &mut narrow));
            self.payload = narrow;
        }
        self.payload_codec = Some(law);
        let mut ears: Option<(Codec, Ear)> = None;
        let mut until = 0;
        for (at, (codec, run)) in std::mem::take(&mut self.others) {
            let ear = match &mut ears {
                Some((kept, ear)) if *kept == codec && at <= until + RESET_AFTER => ear,
                _ => &mut ears.insert((codec, Ear::new(codec.media()))).1,
            };
            let mut narrow = Vec::new();
            ear.hear(&run, |_, samples| g711_of(law).encode_to(samples, &mut narrow));
            until = at + narrow.len() as u64;
            self.place(at, law, &narrow);
        }
    }
}

/// A gap longer than this is another stream, whose encoder began anew: 120 ms.
const RESET_AFTER: u64 = 960;

const fn is_g711(codec: Codec) -> bool {
    matches!(codec, Codec::Pcma | Codec::Pcmu)
}

/// Turns one law into the other in place.
fn transcode(from: Codec, to: Codec, payload: &mut [u8]) {
    let (from, to) = (g711_of(from), g711_of(to));
    payload.iter_mut().for_each(|byte| *byte = to.encode(from.decode(*byte)));
}

fn g711_of(codec: Codec) -> g711::Codec {
    codec.media().law().unwrap_or(g711::Codec::Alaw)
}

#[cfg(test)]
mod tests {
    use dauys_media::play::Clip;
    use dauys_media::tone::{Goertzel, tone};
    use uuid::Uuid;

    use super::*;

    fn audio(at: u64, codec: Codec, payload: &[u8]) -> Record<'_> {
        Record::Audio { intake: Uuid::nil(), at, codec, payload }
    }

    fn call(assembled: &Assembled) -> &Recording {
        match &assembled.media {
            Media::Call(recording) => recording,
            Media::Blob { .. } => panic!("a call was put in"),
        }
    }

    #[test]
    fn gaps_and_the_end_are_silence_of_the_codec() {
        for (codec, silence) in [(Codec::Pcma, 0xD5), (Codec::Pcmu, 0xFF)] {
            let mut assembly = Assembly::new(1_000);
            assembly.push(&audio(6, codec, &[1, 2]));
            assembly.push(&audio(2, codec, &[3]));
            assembly.push(&Record::End { intake: Uuid::nil(), total: 10, tail: b"{}" });
            let done = assembly.finish();
            let s = silence;
            assert_eq!(call(&done).payload, [s, s, 3, s, s, s, 1, 2, s, s]);
            assert_eq!(done.tail.as_deref(), Some(&b"{}"[..]));
        }
    }

    #[test]
    fn a_wild_timestamp_is_cut_and_counted() {
        let mut assembly = Assembly::new(10);
        assembly.push(&audio(8, Codec::Pcma, &[1, 2, 3]));
        assembly.push(&audio(u64::MAX, Codec::Pcma, &[9; 5]));
        assembly.push(&audio(u64::MAX - 2, Codec::Pcma, &[9; 5]));
        assembly.push(&Record::End { intake: Uuid::nil(), total: u64::MAX, tail: b"" });
        let done = assembly.finish();
        assert_eq!(call(&done).samples(), 10);
        assert_eq!(&call(&done).payload[8..], [1, 2]);
        assert_eq!(done.cut, 11);
    }

    #[test]
    fn wide_band_lies_where_it_was_said() {
        let mut assembly = Assembly::new(100_000);
        let said = g722::encode_narrow(&tone(1_000.0, 200, 0.3));
        assembly.push(&audio(800, Codec::G722, &said));
        assembly.push(&Record::End { intake: Uuid::nil(), total: 4_000, tail: b"" });
        let done = assembly.finish();
        let recording = call(&done);
        assert_eq!((recording.codec, recording.samples()), (Codec::G722, 4_000));
        assert_eq!(&recording.payload[800..2_400], said);
        let (media_type, file) = recording.to_file();
        assert_eq!((media_type, file.len()), ("audio/wav", 44 + 4 * 4_000));
    }

    #[test]
    fn packets_lie_in_the_order_of_their_time_and_the_longest_recording_bounds_them() {
        let mut assembly = Assembly::new(480);
        let packet = |nth: u8| {
            let mut run = Vec::new();
            Codec::Opus.append_to_run(&[9 << 3, nth], &mut run);
            run
        };
        assembly.push(&Record::Begin { intake: Uuid::nil(), codec: Codec::Opus, head: b"" });
        assembly.push(&audio(320, Codec::Opus, &packet(2)));
        assembly.push(&audio(0, Codec::Opus, &packet(0)));
        assembly.push(&audio(480, Codec::Opus, &packet(3)));
        assembly.push(&audio(u64::MAX, Codec::Opus, &packet(4)));
        let done = assembly.finish();
        let recording = call(&done);
        assert_eq!((recording.samples(), done.cut), (480, 4));
        assert_eq!(recording.payload, [packet(0), packet(2)].concat());
        let (media_type, file) = recording.to_file();
        assert!(media_type == "audio/ogg" && file.starts_with(b"OggS"));
    }

    #[test]
    fn a_change_to_another_band_becomes_one_file_in_the_telephone_band() {
        let sound = tone(1_000.0, 400, 0.3);
        for order in [[Codec::Pcmu, Codec::Opus, Codec::G722], [Codec::Opus, Codec::G722, Codec::Opus]] {
            let mut assembly = Assembly::new(100_000);
            assembly.push(&Record::Begin { intake: Uuid::nil(), codec: order[0], head: b"" });
            for (nth, codec) in order.into_iter().enumerate() {
                let clip = Clip::with_codecs(&sound, &dauys_media::codec::Codec::ALL);
                for frame in 0..clip.frames() {
                    let mut run = Vec::new();
                    codec.append_to_run(clip.frame(codec.media(), frame).unwrap(), &mut run);
                    assembly.push(&audio((nth * 3_200 + frame * 160) as u64, codec, &run));
                }
            }
            let done = assembly.finish();
            let recording = call(&done);
            let law = g711_of(recording.codec);
            assert_eq!((is_g711(recording.codec), recording.samples()), (true, 9_600), "{order:?}");
            let heard: Vec<i16> = recording.payload.iter().map(|byte| law.decode(*byte)).collect();
            for nth in 0..3 {
                let middle = &heard[nth * 3_200 + 800..nth * 3_200 + 2_400];
                assert!(Goertzel::new(1_000.0).share(middle) > 0.9, "{order:?} {nth}");
            }
        }
    }

    #[test]
    fn a_change_of_codec_is_brought_to_the_first_law() {
        let mut assembly = Assembly::new(1_000);
        assembly.push(&audio(0, Codec::Pcma, &[0xD5, 0x2A]));
        assembly.push(&audio(2, Codec::Pcmu, &[0xFF, 0x00, 0x80]));
        let done = assembly.finish();
        let recording = call(&done);
        assert_eq!(recording.codec, Codec::Pcma);
        assert_eq!(&recording.payload[..3], [0xD5, 0x2A, 0xD5], "silence stays silence");
        assert_eq!(recording.payload[3] & 0x7F, 0x2A, "the loudest stays the loudest");
        assert_ne!(recording.payload[3] & 0x80, recording.payload[4] & 0x80, "and keeps its sign");
    }
}
