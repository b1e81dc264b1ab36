//! Ogg/Opus voice notes (RFC 7845): one mono or stereo stream, decoded straight to 16 kHz mono by libopus itself.

use std::io::Cursor;

use ogg::{OggReadError, Packet, PacketReader};
use opusic_c::{Channels, Decoder, SampleRate};

use super::{Audio, DecodeError, Format, Limits, SAMPLE_RATE, check_duration, sane};

/// Granule positions and the pre-skip always count at 48 kHz (RFC 7845, section 4).
const GRANULE_RATE: u32 = 48_000;
const GRANULES_PER_SAMPLE: u64 = (GRANULE_RATE / SAMPLE_RATE) as u64;
/// The longest packet is 120 ms (RFC 6716, section 3.2.5).
const MAX_PACKET_SAMPLES: usize = SAMPLE_RATE as usize * 120 / 1000;

/// The identification header (RFC 7845, section 5.1).
struct Head {
    pre_skip: u64,
    gain_q8_db: i16,
}

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Audio, DecodeError> {
    let mut reader = PacketReader::new(Cursor::new(bytes));
    let first = next_packet(&mut reader)?.ok_or(DecodeError::Truncated("no header"))?;
    let head = read_head(&first.data)?;
    let serial = first.stream_serial();
    let tags = next_packet(&mut reader)?.ok_or(DecodeError::Truncated("no comment header"))?;
    if !tags.data.starts_with(b"OpusTags") || tags.stream_serial() != serial {
        return Err(DecodeError::Corrupt("no comment header after the first"));
    }
    let mut decoder = Decoder::new(Channels::Mono, SampleRate::Hz16000)
        .map_err(|_| DecodeError::Unsupported("this Opus stream".to_owned()))?;
    decoder.set_gain(head.gain_q8_db.into()).map_err(|_| DecodeError::Corrupt("output gain"))?;
    let packets = collect(&mut reader, &decoder, serial, limits)?;
    let samples = decode_packets(&mut decoder, &packets.bodies)?;
    Ok(Audio { samples: trim(samples, &head, packets.end_granule), format: Format::OggOpus })
}

fn read_head(data: &[u8]) -> Result<Head, DecodeError> {
    if !data.starts_with(b"OpusHead") {
        return Err(DecodeError::Unsupported("Ogg that is not Opus".to_owned()));
    }
    let Some(&[version, channels, skip_low, skip_high, _, _, _, _, gain_low, gain_high, family]) =
        data.get(8..19).and_then(|body| body.first_chunk())
    else {
        return Err(DecodeError::Truncated("identification header"));
    };
    if version & 0xF0 != 0 {
        return Err(DecodeError::Unsupported(format!("Opus header version {version}")));
    }
    if family != 0 || !(1..=2).contains(&channels) {
        return Err(DecodeError::Unsupported(format!("Opus with {channels} channels, mapping family {family}")));
    }
    Ok(Head {
        pre_skip: u16::from_le_bytes([skip_low, skip_high]).into(),
        gain_q8_db: i16::from_le_bytes([gain_low, gain_high]),
    })
}

/// The audio packets of one stream, and where its last page says that it ends.
struct Packets {
    bodies: Vec<Vec<u8>>,
    end_granule: Option<u64>,
}

/// Gathers the packets and adds up their lengths, which their first bytes tell, so that nothing too long is decoded.
fn collect(
    reader: &mut PacketReader<Cursor<&[u8]>>,
    decoder: &Decoder,
    serial: u32,
    limits: &Limits,
) -> Result<Packets, DecodeError> {
    let mut packets = Packets { bodies: Vec::new(), end_granule: None };
    let mut total = 0u64;
    while let Some(packet) = next_packet(reader)? {
        if packet.stream_serial() != serial {
            return Err(DecodeError::Unsupported("Ogg with more than one stream".to_owned()));
        }
        total += decoder.get_nb_samples(&packet.data).unwrap_or(0) as u64;
        check_duration(total, SAMPLE_RATE, limits)?;
        if packet.last_in_stream() && packet.absgp_page() != u64::MAX {
            packets.end_granule = Some(packet.absgp_page());
        }
        packets.bodies.push(packet.data);
    }
    Ok(packets)
}

/// Decodes packet by packet. A damaged packet is concealed as a lost one, so that one does not cost the whole note.
fn decode_packets(decoder: &mut Decoder, bodies: &[Vec<u8>]) -> Result<Vec<f32>, DecodeError> {
    let mut samples = Vec::new();
    let mut buffer = [0f32; MAX_PACKET_SAMPLES];
    let (mut good, mut last_len) = (0usize, SAMPLE_RATE as usize / 50);
    for body in bodies {
        let decoded = if body.is_empty() { Err(()) } else { decode_one(decoder, body, &mut buffer) };
        let count = match decoded {
            Ok(count) => {
                good += 1;
                last_len = count;
                count
            }
            Err(()) => {
                let gap = buffer.get_mut(..last_len).ok_or(DecodeError::Corrupt("packet length"))?;
                decoder.decode_float_to_slice(&[], gap, false).map_err(|_| DecodeError::Corrupt("packet"))?
            }
        };
        samples.extend(buffer.iter().take(count).map(|&s| sane(s)));
    }
    if good * 2 < bodies.len() {
        return Err(DecodeError::Corrupt("most Opus packets cannot be decoded"));
    }
    Ok(samples)
}

fn decode_one(decoder: &mut Decoder, body: &[u8], buffer: &mut [f32]) -> Result<usize, ()> {
    decoder.decode_float_to_slice(body, buffer, false).map_err(|_| ()).and_then(|n| if n > 0 { Ok(n) } else { Err(()) })
}

/// Cuts the decoder's warm-up off the front and the encoder's padding off the end (RFC 7845, sections 4.2 and 4.4).
fn trim(mut samples: Vec<f32>, head: &Head, end_granule: Option<u64>) -> Vec<f32> {
    if let Some(end) = end_granule {
        let end = usize::try_from(end / GRANULES_PER_SAMPLE).unwrap_or(usize::MAX);
        samples.truncate(end);
    }
    let skip = usize::try_from(head.pre_skip / GRANULES_PER_SAMPLE).unwrap_or(usize::MAX).min(samples.len());
    samples.drain(..skip);
    samples
}

fn next_packet(reader: &mut PacketReader<Cursor<&[u8]>>) -> Result<Option<Packet>, DecodeError> {
    reader.read_packet().map_err(|error| match error {
        OggReadError::ReadError(_) => DecodeError::Truncated("Ogg page"),
        OggReadError::HashMismatch(..) => DecodeError::Corrupt("Ogg page checksum"),
        OggReadError::NoCapturePatternFound => DecodeError::Corrupt("no Ogg page where one should be"),
        OggReadError::InvalidStreamStructVer(_) => DecodeError::Corrupt("Ogg version"),
        OggReadError::InvalidData => DecodeError::Corrupt("Ogg page order"),
    })
}
