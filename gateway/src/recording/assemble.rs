//! A recording put together from its records: audio placed by sample, gaps filled with silence. Pure.

use dauys_media::g711;

use super::format::{Codec, Record};

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

/// A call's audio: mono G.711, one byte a sample, 8,000 samples a second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// What the payload is coded in.
    pub codec: Codec,
    /// The audio, with its gaps filled by silence.
    pub payload: Vec<u8>,
}

impl Recording {
    /// Says how long the recording is, in samples.
    pub fn samples(&self) -> u64 {
        self.payload.len() as u64
    }

    /// Makes a WAV file of it.
    pub fn to_wav(&self) -> Vec<u8> {
        super::wav::write(self.codec, &self.payload)
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
    payload: Vec<u8>,
    blob: Option<(String, Vec<u8>)>,
    cut: u64,
}

impl Assembly {
    /// Starts one. No recording gets longer than `most` samples, so that a peer's wild timestamps cannot fill the memory.
    pub fn new(most: u64) -> Self {
        Self { most, codec: None, head: Vec::new(), tail: None, total: 0, payload: Vec::new(), blob: None, cut: 0 }
    }

    /// Takes one record of this intake.
    pub fn push(&mut self, record: &Record<'_>) {
        match *record {
            Record::Begin { codec, head, .. } => {
                self.codec.get_or_insert(codec);
                self.head = head.to_vec();
            }
            Record::Audio { at, codec, payload, .. } => self.place(at, codec, payload),
            Record::End { total, tail, .. } => {
                self.total = self.total.max(total);
                self.tail = Some(tail.to_vec());
            }
            Record::Blob { media_type, bytes, .. } => self.blob = Some((media_type.to_owned(), bytes.to_vec())),
            Record::Exported { .. } => {}
        }
    }

    fn place(&mut self, at: u64, codec: Codec, payload: &[u8]) {
        let law = *self.codec.get_or_insert(codec);
        let end = at.saturating_add(payload.len() as u64).min(self.most);
        let fits = usize::try_from(end.saturating_sub(at)).unwrap_or(0).min(payload.len());
        self.cut += (payload.len() - fits) as u64;
        let (Some(payload), Ok(start), Ok(end)) = (payload.get(..fits), usize::try_from(at), usize::try_from(end))
        else {
            return;
        };
        if fits == 0 {
            return;
        }
        if self.payload.len() < end {
            self.payload.resize(end, law.silence());
        }
        if let Some(place) = self.payload.get_mut(start..end) {
            place.copy_from_slice(payload);
            if codec != law {
                transcode(codec, law, place);
            }
        }
    }

    /// Puts the recording together.
    pub fn finish(mut self) -> Assembled {
        let codec = self.codec.unwrap_or_default();
        let total = usize::try_from(self.total.min(self.most)).unwrap_or(0);
        if self.payload.len() < total {
            self.payload.resize(total, codec.silence());
        }
        let media = match self.blob {
            Some((media_type, bytes)) => Media::Blob { media_type, bytes },
            None => Media::Call(Recording { codec, payload: self.payload }),
        };
        Assembled { head: self.head, tail: self.tail, media, cut: self.cut }
    }
}

/// Turns one law into the other in place: a call whose codec changed on the way still becomes one file.
fn transcode(from: Codec, to: Codec, payload: &mut [u8]) {
    let (from, to) = (law(from), law(to));
    payload.iter_mut().for_each(|byte| *byte = to.encode(from.decode(*byte)));
}

fn law(codec: Codec) -> g711::Codec {
    match codec {
        Codec::Pcma => g711::Codec::Alaw,
        Codec::Pcmu => g711::Codec::Ulaw,
    }
}

#[cfg(test)]
mod tests {
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
