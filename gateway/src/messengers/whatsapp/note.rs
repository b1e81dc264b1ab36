//! How long a voice note is. Pure.

use std::io::Cursor;

use ogg::PacketReader;

/// Opus counts 48,000 samples a second, whatever the input's rate was (RFC 7845, section 4).
const PER_MILLISECOND: u64 = 48;
/// No note is longer than a day; a larger claim is a broken file's.
const LONGEST: u64 = 24 * 3_600 * 1_000;

/// Returns the length of an Ogg Opus file in milliseconds: the last granule position less the pre-skip (RFC 7845, section 4.4).
/// Zero where the file does not tell.
pub fn millis(file: &[u8]) -> u64 {
    let mut reader = PacketReader::new(Cursor::new(file));
    let Ok(Some(head)) = reader.read_packet() else { return 0 };
    let skip = match (head.data.starts_with(b"OpusHead"), head.data.get(10..12)) {
        (true, Some(&[low, high])) => u64::from(u16::from_le_bytes([low, high])),
        _ => return 0,
    };
    let mut last = 0;
    while let Ok(Some(packet)) = reader.read_packet() {
        let position = packet.absgp_page();
        if position != u64::MAX {
            last = position.max(last);
        }
    }
    let length = last.saturating_sub(skip) / PER_MILLISECOND;
    if length > LONGEST { 0 } else { length }
}

#[cfg(test)]
mod tests {
    use ogg::{PacketWriteEndInfo, PacketWriter};

    use super::*;

    #[test]
    fn the_last_granule_less_the_pre_skip_is_the_length() {
        let mut file = Vec::new();
        let mut writer = PacketWriter::new(&mut file);
        let head = b"OpusHead\x01\x01\x38\x01\x80\x3e\0\0\0\0\0".to_vec();
        writer.write_packet(head, 1, PacketWriteEndInfo::EndPage, 0).unwrap();
        writer.write_packet(b"OpusTags\0\0\0\0\0\0\0\0".to_vec(), 1, PacketWriteEndInfo::EndPage, 0).unwrap();
        for frame in 1..=50u64 {
            let end = if frame == 50 { PacketWriteEndInfo::EndStream } else { PacketWriteEndInfo::NormalPacket };
            writer.write_packet(vec![0xF8, 0xFF, 0xFE], 1, end, 312 + frame * 960).unwrap();
        }
        assert_eq!(millis(&file), 1_000);
        for cut in 0..file.len() {
            assert!(millis(&file[..cut]) <= 1_000);
        }
        assert_eq!(millis(b"ID3 and no Ogg"), 0);
    }
}
