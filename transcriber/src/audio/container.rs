//! What telephones and browsers record: m4a (AAC), MP3 and WebM (Opus). `symphonia` takes the containers apart and decodes
//! AAC and MP3; Opus packets go to libopus. Lengths are counted as they are decoded, so that a small file that claims or
//! unfolds to hours ends at the limit.

use std::io::Cursor;

use opusic_c::{Channels, Decoder as OpusDecoder, SampleRate};
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_AAC, CODEC_ID_MP3, CODEC_ID_OPUS};
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;

use super::{Audio, DecodeError, Format, Limits, SAMPLE_RATE, check_duration, resample, sane};

/// The longest Opus packet is 120 ms (RFC 6716, section 3.2.5).
const MAX_OPUS_SAMPLES: usize = SAMPLE_RATE as usize * 120 / 1000;
const MAX_CHANNELS: usize = 8;

/// A container, by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Mp4,
    Webm,
    Mp3,
}

impl Kind {
    pub fn of(bytes: &[u8]) -> Option<Self> {
        if bytes.get(4..8) == Some(b"ftyp") {
            return Some(Self::Mp4);
        }
        if bytes.starts_with(&[0x1A, 0x45, 0xDF, 0xA3]) {
            return Some(Self::Webm);
        }
        // An ID3 tag, or a frame of MPEG audio layer III.
        let frame = matches!(bytes, [0xFF, second, ..] if second & 0xE6 == 0xE2);
        (bytes.starts_with(b"ID3") || frame).then_some(Self::Mp3)
    }

    const fn extension(self) -> &'static str {
        match self {
            Self::Mp4 => "m4a",
            Self::Webm => "webm",
            Self::Mp3 => "mp3",
        }
    }
}

pub(super) fn decode(bytes: &[u8], kind: Kind, limits: &Limits) -> Result<Audio, DecodeError> {
    let source = Cursor::new(bytes.to_vec());
    let stream = MediaSourceStream::new(Box::new(source), MediaSourceStreamOptions::default());
    let mut hint = Hint::new();
    hint.with_extension(kind.extension());
    let mut reader = symphonia::default::get_probe()
        .probe(&hint, stream, FormatOptions::default(), MetadataOptions::default())
        .map_err(|_| DecodeError::Corrupt("its container cannot be read"))?;
    let track = reader.default_track(TrackType::Audio).ok_or(DecodeError::Corrupt("it holds no sound"))?;
    let id = track.id;
    let Some(CodecParameters::Audio(params)) = track.codec_params.clone() else {
        return Err(DecodeError::Corrupt("it does not say how its sound is coded"));
    };
    let (samples, format) = if params.codec == CODEC_ID_OPUS {
        (opus(reader.as_mut(), id, limits)?, Format::WebmOpus)
    } else if params.codec == CODEC_ID_AAC {
        (pcm(reader.as_mut(), id, &params, limits)?, Format::Mp4Aac)
    } else if params.codec == CODEC_ID_MP3 {
        (pcm(reader.as_mut(), id, &params, limits)?, Format::Mp3)
    } else {
        return Err(DecodeError::Unsupported("this codec".to_owned()));
    };
    Ok(Audio { samples, format })
}

/// The next packet of a track; `None` at the end. A file that breaks off in the middle ends there: what came is kept.
fn next_packet(reader: &mut dyn FormatReader, id: u32) -> Result<Option<Packet>, DecodeError> {
    loop {
        match reader.next_packet() {
            Ok(Some(packet)) if packet.track_id == id => return Ok(Some(packet)),
            Ok(Some(_)) => {}
            Ok(None) => return Ok(None),
            Err(Error::IoError(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(_) => return Err(DecodeError::Corrupt("its container breaks off")),
        }
    }
}

fn pcm(
    reader: &mut dyn FormatReader,
    id: u32,
    params: &AudioCodecParameters,
    limits: &Limits,
) -> Result<Vec<f32>, DecodeError> {
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(params, &AudioDecoderOptions::default())
        .map_err(|_| DecodeError::Unsupported("this form of its codec".to_owned()))?;
    let (mut mono, mut interleaved) = (Vec::new(), Vec::<f32>::new());
    let (mut rate, mut bad, mut good) = (None, 0usize, 0usize);
    while let Some(packet) = next_packet(reader, id)? {
        let Ok(buffer) = decoder.decode(&packet) else {
            bad += 1;
            continue;
        };
        let channels = buffer.spec().channels().count();
        let own = buffer.spec().rate();
        if channels == 0 || channels > MAX_CHANNELS || *rate.get_or_insert(own) != own {
            return Err(DecodeError::Corrupt("its channels or rate change"));
        }
        good += 1;
        buffer.copy_to_vec_interleaved(&mut interleaved);
        let share = 1.0 / channels as f32;
        mono.extend(interleaved.chunks_exact(channels).map(|frame| sane(frame.iter().sum::<f32>() * share)));
        check_duration(mono.len() as u64, own, limits)?;
    }
    if bad > good {
        return Err(DecodeError::Corrupt("most of its packets cannot be decoded"));
    }
    let rate = rate.ok_or(DecodeError::Empty)?;
    resample::to_16k(mono, rate)
}

fn opus(reader: &mut dyn FormatReader, id: u32, limits: &Limits) -> Result<Vec<f32>, DecodeError> {
    let unsupported = |_| DecodeError::Unsupported("this Opus stream".to_owned());
    let mut decoder = OpusDecoder::new(Channels::Mono, SampleRate::Hz16000).map_err(unsupported)?;
    let mut samples = Vec::new();
    let mut buffer = [0f32; MAX_OPUS_SAMPLES];
    let (mut bad, mut good) = (0usize, 0usize);
    while let Some(packet) = next_packet(reader, id)? {
        match decoder.decode_float_to_slice(&packet.data, &mut buffer, false) {
            Ok(count) if !packet.data.is_empty() => {
                good += 1;
                samples.extend(buffer.iter().take(count).map(|&sample| sane(sample)));
            }
            _ => bad += 1,
        }
        check_duration(samples.len() as u64, SAMPLE_RATE, limits)?;
    }
    if bad > good {
        return Err(DecodeError::Corrupt("most Opus packets cannot be decoded"));
    }
    Ok(samples)
}
