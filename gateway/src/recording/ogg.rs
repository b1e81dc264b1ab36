//! A recording of Opus packets as an Ogg file (RFC 7845), each packet as it came. Pure.
//!
//! Granule positions count on without a gap, as RFC 7845 section 4.1 wants it: what was lost or left out by the sender is filled with
//! packets that ask the decoder to conceal it. The same recording always gives the same bytes.

use std::borrow::Cow;

use ogg::{PacketWriteEndInfo, PacketWriter};

use dauys_media::opus;

/// The stream's number in the file: the file has one stream, and is the same at every hand-over.
const SERIAL: u32 = 1;
/// A page ends after so many ticks: a second.
const PAGE: u64 = 8_000;
/// What an Ogg granule counts: 48,000 a second, six to a tick.
const GRANULES_PER_TICK: u64 = 6;
/// The rate of what went in, which is a hint only: the line does not know.
const INPUT_RATE: u32 = 48_000;
/// Ends a recording in which nothing was ever said in.
const NARROW: u8 = 1 << 3;

/// Makes the file of `packets`, each with its place in ticks and in the order of their places, `total` ticks long.
pub(super) fn write<'a>(packets: impl Iterator<Item = (u64, &'a [u8])>, total: u64) -> Vec<u8> {
    let mut file = Writer { out: PacketWriter::new(Vec::new()), waiting: None, at: 0, page_since: 0 };
    file.out_header();
    let mut contents = None;
    for (at, packet) in packets {
        let Some(&first) = packet.first() else { continue };
        if at < file.at {
            // It overlaps what is written: a broken timestamp, or a second copy.
            continue;
        }
        file.fill(contents.unwrap_or(first), at);
        contents = Some(first);
        file.push(Cow::Borrowed(packet), opus::ticks(packet));
    }
    file.fill(contents.unwrap_or(NARROW), total);
    file.finish()
}

struct Writer<'a> {
    out: PacketWriter<'a, Vec<u8>>,
    /// The last packet: only the next one tells whether its page or the stream ends with it.
    waiting: Option<Cow<'a, [u8]>>,
    at: u64,
    page_since: u64,
}

impl<'a> Writer<'a> {
    fn out_header(&mut self) {
        let mut head = Vec::from(*b"OpusHead\x01\x01");
        head.extend_from_slice(&0u16.to_le_bytes());
        head.extend_from_slice(&INPUT_RATE.to_le_bytes());
        head.extend_from_slice(&[0; 3]);
        let mut tags = Vec::from(*b"OpusTags");
        tags.extend_from_slice(&5u32.to_le_bytes());
        tags.extend_from_slice(b"dauys");
        tags.extend_from_slice(&0u32.to_le_bytes());
        self.put(head.into(), PacketWriteEndInfo::EndPage, 0);
        self.put(tags.into(), PacketWriteEndInfo::EndPage, 0);
    }

    fn put(&mut self, packet: Cow<'a, [u8]>, end: PacketWriteEndInfo, ticks: u64) {
        // Writing to memory cannot fail.
        let _ = self.out.write_packet(packet, SERIAL, end, ticks * GRANULES_PER_TICK);
    }

    fn push(&mut self, packet: Cow<'a, [u8]>, lasts: u64) {
        if let Some(before) = self.waiting.replace(packet) {
            let ends = self.at - self.page_since >= PAGE;
            let end = if ends { PacketWriteEndInfo::EndPage } else { PacketWriteEndInfo::NormalPacket };
            let at = self.at;
            self.put(before, end, at);
            if ends {
                self.page_since = self.at;
            }
        }
        self.at += lasts;
    }

    /// Fills up to `to`, as near as whole packets come.
    fn fill(&mut self, contents: u8, to: u64) {
        for (packet, lasts) in opus::gap(contents, to.saturating_sub(self.at)) {
            self.push(Cow::Owned(packet.to_vec()), lasts);
        }
    }

    fn finish(mut self) -> Vec<u8> {
        if let Some(last) = self.waiting.take() {
            let at = self.at;
            self.put(last, PacketWriteEndInfo::EndStream, at);
        }
        self.out.into_inner()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use ogg::PacketReader;

    use super::*;
    use proptest::prelude::*;

    /// The audio packets of a file with the granule position of each page's end.
    fn read(file: &[u8]) -> Vec<(Vec<u8>, u64, bool)> {
        let mut reader = PacketReader::new(Cursor::new(file));
        let head = reader.read_packet().unwrap().unwrap();
        assert!(head.data.starts_with(b"OpusHead") && head.data.len() == 19 && head.last_in_page());
        assert!(reader.read_packet().unwrap().unwrap().data.starts_with(b"OpusTags"));
        let mut all = Vec::new();
        while let Some(packet) = reader.read_packet().unwrap() {
            all.push((packet.data.clone(), packet.absgp_page(), packet.last_in_stream()));
        }
        all
    }

    proptest! {
        #[test]
        fn every_packet_is_at_its_time_and_the_file_is_as_long_as_the_call(
            fates in prop::collection::vec(0u8..4, 1..300),
            tail in 0u64..2_000,
        ) {
            // 20 ms of wide-band speech each; a fourth of them is lost.
            let sent: Vec<(u64, Vec<u8>)> = fates.iter().enumerate().filter(|(_, fate)| **fate > 0)
                .map(|(nth, _)| (nth as u64 * 160, vec![9 << 3, nth as u8, (nth >> 8) as u8])).collect();
            let total = fates.len() as u64 * 160 + tail;
            let file = write(sent.iter().map(|(at, packet)| (*at, packet.as_slice())), total);
            let read = read(&file);
            let (mut at, mut found) = (0, Vec::new());
            for (packet, granule, last) in &read {
                if packet.len() > 1 {
                    found.push((at, packet.clone()));
                }
                at += opus::ticks(packet);
                prop_assert!(*granule >= at * 6);
                prop_assert!(!last || *granule == at * 6);
            }
            prop_assert_eq!(found, sent);
            prop_assert!(at <= total && total - at < 20);
            prop_assert!(read.last().is_some_and(|(.., last)| *last));
        }
    }

    #[test]
    fn what_overlaps_is_left_out_and_nothing_is_a_file_too() {
        let packet: &[u8] = &[9 << 3, 1, 2];
        let file = write([(0, packet), (80, packet), (160, packet)].into_iter(), 320);
        assert_eq!(read(&file).len(), 2);
        assert_eq!(read(&write(std::iter::empty(), 0)), []);
        assert_eq!(read(&write(std::iter::empty(), 320)).len(), 2);
    }
}
