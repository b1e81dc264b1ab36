//! RTCP sender and receiver reports (RFC 3550 section 6): parsed without trust, built without allocation, and the round-trip
//! time that follows from them.
//!
//! Of a compound packet only SR and RR are read: the line has no use for the rest, and what is not parsed cannot break it.

use std::time::Duration;

use crate::{SAMPLE_RATE, quality::FarEnd, sequence::SequenceTracker};

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const CNAME: u8 = 1;
const SENDER_INFO_LEN: usize = 20;
const BLOCK_LEN: usize = 24;

/// Seconds from the NTP epoch (1900) to the Unix epoch (1970).
const NTP_TO_UNIX: u64 = 2_208_988_800;

/// A round trip longer than this is a wrong clock or a lie.
const MAX_ROUND_TRIP: u32 = 10 << 16;

/// Why bytes are not a compound RTCP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RtcpError {
    /// A header or a report runs past the end.
    #[error("truncated RTCP packet")]
    Truncated,
    /// The version field is not 2.
    #[error("not RTCP version 2")]
    Version,
}

/// What a sender says of its own stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderInfo {
    /// Wall-clock time as a 32.32 NTP timestamp.
    pub ntp: u64,
    /// The same moment in RTP timestamp units.
    pub timestamp: u32,
    /// Packets sent.
    pub packets: u32,
    /// Payload bytes sent.
    pub octets: u32,
}

/// What a receiver says of one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportBlock {
    /// The stream's SSRC.
    pub ssrc: u32,
    /// Share lost since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Packets lost in all; negative when duplicates came.
    pub lost: i32,
    /// Highest sequence number with its cycles.
    pub highest: u32,
    /// Interarrival jitter in timestamp units.
    pub jitter: u32,
    /// Middle 32 bits of the last sender report's NTP timestamp; 0 when none came.
    pub last_sender_report: u32,
    /// Time since that report, in 1/65,536 s.
    pub delay_since: u32,
}

/// One SR or RR of a compound packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report<'a> {
    /// Who reports.
    pub ssrc: u32,
    /// Present in a sender report.
    pub sender: Option<SenderInfo>,
    blocks: &'a [u8],
}

impl Report<'_> {
    /// Returns the report blocks.
    pub fn blocks(&self) -> impl Iterator<Item = ReportBlock> + '_ {
        self.blocks.chunks_exact(BLOCK_LEN).filter_map(parse_block)
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn parse_block(bytes: &[u8]) -> Option<ReportBlock> {
    let loss = word(bytes, 4)?;
    Some(ReportBlock {
        ssrc: word(bytes, 0)?,
        fraction_lost: (loss >> 24) as u8,
        // 24 bits with a sign.
        lost: ((loss << 8) as i32) >> 8,
        highest: word(bytes, 8)?,
        jitter: word(bytes, 12)?,
        last_sender_report: word(bytes, 16)?,
        delay_since: word(bytes, 20)?,
    })
}

/// Walks the reports of a compound packet.
#[derive(Debug, Clone)]
pub struct Reports<'a> {
    rest: &'a [u8],
}

/// Reads a compound packet.
pub fn reports(bytes: &[u8]) -> Reports<'_> {
    Reports { rest: bytes }
}

impl<'a> Reports<'a> {
    fn step(&mut self) -> Result<Option<Report<'a>>, RtcpError> {
        let [first, kind, high, low, ..] = *self.rest else {
            return Err(RtcpError::Truncated);
        };
        if first >> 6 != 2 {
            return Err(RtcpError::Version);
        }
        let length = 4 * (usize::from(u16::from_be_bytes([high, low])) + 1);
        let (packet, rest) = self.rest.split_at_checked(length).ok_or(RtcpError::Truncated)?;
        self.rest = rest;
        if kind != SENDER_REPORT && kind != RECEIVER_REPORT {
            return Ok(None);
        }
        let ssrc = word(packet, 4).ok_or(RtcpError::Truncated)?;
        let (sender, blocks_at) = match kind {
            SENDER_REPORT => (Some(parse_sender(packet).ok_or(RtcpError::Truncated)?), 8 + SENDER_INFO_LEN),
            _ => (None, 8),
        };
        let blocks_end = blocks_at + BLOCK_LEN * usize::from(first & 0x1F);
        let blocks = packet.get(blocks_at..blocks_end).ok_or(RtcpError::Truncated)?;
        Ok(Some(Report { ssrc, sender, blocks }))
    }
}

fn parse_sender(packet: &[u8]) -> Option<SenderInfo> {
    let ntp = (u64::from(word(packet, 8)?) << 32) | u64::from(word(packet, 12)?);
    Some(SenderInfo { ntp, timestamp: word(packet, 16)?, packets: word(packet, 20)?, octets: word(packet, 24)? })
}

impl<'a> Iterator for Reports<'a> {
    type Item = Result<Report<'a>, RtcpError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            match self.step() {
                Ok(None) => {}
                Ok(Some(report)) => return Some(Ok(report)),
                Err(error) => {
                    self.rest = &[];
                    return Some(Err(error));
                }
            }
        }
        None
    }
}

/// Turns time since the Unix epoch into a 32.32 NTP timestamp.
pub fn ntp_timestamp(unix: Duration) -> u64 {
    let fraction = (u64::from(unix.subsec_nanos()) << 32) / 1_000_000_000;
    ((unix.as_secs() + NTP_TO_UNIX) << 32) | fraction
}

/// Writes a compound packet, SR or RR with at most one block and an SDES with `cname`, over what `out` held.
pub fn write_report(
    out: &mut Vec<u8>,
    ssrc: u32,
    sender: Option<&SenderInfo>,
    block: Option<&ReportBlock>,
    cname: &str,
) {
    out.clear();
    let kind = if sender.is_some() { SENDER_REPORT } else { RECEIVER_REPORT };
    out.extend_from_slice(&[0x80 | u8::from(block.is_some()), kind, 0, 0]);
    out.extend_from_slice(&ssrc.to_be_bytes());
    if let Some(info) = sender {
        out.extend_from_slice(&info.ntp.to_be_bytes());
        for field in [info.timestamp, info.packets, info.octets] {
            out.extend_from_slice(&field.to_be_bytes());
        }
    }
    if let Some(block) = block {
        let lost = (block.lost.clamp(-(1 << 23), (1 << 23) - 1) as u32) & 0x00FF_FFFF;
        let loss = (u32::from(block.fraction_lost) << 24) | lost;
        let fields = [block.ssrc, loss, block.highest, block.jitter, block.last_sender_report, block.delay_since];
        for field in fields {
            out.extend_from_slice(&field.to_be_bytes());
        }
    }
    set_length(out, 0);
    write_description(out, ssrc, cname);
}

fn write_description(out: &mut Vec<u8>, ssrc: u32, cname: &str) {
    let start = out.len();
    let name = cname.as_bytes().get(..cname.len().min(255)).unwrap_or_default();
    out.extend_from_slice(&[0x81, SOURCE_DESCRIPTION, 0, 0]);
    out.extend_from_slice(&ssrc.to_be_bytes());
    out.extend_from_slice(&[CNAME, name.len() as u8]);
    out.extend_from_slice(name);
    // The list of items ends with at least one null and fills its last word.
    let padded = (out.len() - start + 1).next_multiple_of(4);
    out.resize(start + padded, 0);
    set_length(out, start);
}

fn set_length(out: &mut [u8], start: usize) {
    let words = (out.len() - start) / 4 - 1;
    if let Some(field) = out.get_mut(start + 2..start + 4) {
        field.copy_from_slice(&(words as u16).to_be_bytes());
    }
}

/// One call's RTCP: what the far end said, and what we answer.
#[derive(Debug, Clone)]
pub struct Reporter {
    /// The RTP clock of both streams, in Hz.
    clock: u32,
    last_sender_report: Option<(u32, Duration)>,
    far_end: Option<FarEnd>,
    deaf_reports: u8,
}

impl Default for Reporter {
    fn default() -> Self {
        Self::new(SAMPLE_RATE)
    }
}

impl Reporter {
    /// Creates a reporter for streams with an RTP clock of `clock` Hz.
    pub fn new(clock: u32) -> Self {
        Self { clock, last_sender_report: None, far_end: None, deaf_reports: 0 }
    }

    /// Reads jitter in steps of another clock from now on: the codec changed.
    pub fn set_clock(&mut self, clock: u32) {
        self.clock = clock;
    }

    /// Takes an RTCP datagram that arrived at `now` (time since the Unix epoch); `ours` is the SSRC that we send with and
    /// `theirs` the one that we hear. Returns whether it was about this call.
    ///
    /// # Errors
    /// When the packet is damaged; the reports before the damage were used.
    pub fn handle_packet(
        &mut self,
        now: Duration,
        bytes: &[u8],
        ours: u32,
        theirs: Option<u32>,
    ) -> Result<bool, RtcpError> {
        let mut about_us = false;
        for report in reports(bytes) {
            let report = report?;
            let theirs_reports = theirs == Some(report.ssrc);
            if let Some(info) = report.sender
                && theirs_reports
            {
                self.last_sender_report = Some(((info.ntp >> 16) as u32, now));
                about_us = true;
            }
            for block in report.blocks().filter(|block| block.ssrc == ours) {
                self.learn(now, &block);
                about_us = true;
            }
            if theirs_reports && report.blocks().next().is_none() {
                // Who hears somebody says whom; a report about nobody hears nobody (RFC 3550 section 6.4.2).
                self.deaf_reports = self.deaf_reports.saturating_add(1);
                about_us = true;
            }
        }
        Ok(about_us)
    }

    fn learn(&mut self, now: Duration, block: &ReportBlock) {
        let hears = block.fraction_lost < u8::MAX;
        self.deaf_reports = if hears { 0 } else { self.deaf_reports.saturating_add(1) };
        let before = self.far_end.and_then(|far| far.round_trip_ms);
        self.far_end = Some(FarEnd {
            lost: i64::from(block.lost),
            fraction_lost: f64::from(block.fraction_lost) / 256.0,
            jitter_ms: f64::from(block.jitter) * 1_000.0 / f64::from(self.clock.max(1)),
            round_trip_ms: round_trip_ms(now, block).or(before),
        });
    }

    /// Returns how many reports in a row said that the far end hears nothing of us: its audio comes, ours does not arrive.
    pub fn deaf_reports(&self) -> u8 {
        self.deaf_reports
    }

    /// Returns what the far end said last.
    pub fn far_end(&self) -> Option<FarEnd> {
        self.far_end
    }

    /// Builds the block about the stream that we hear.
    pub fn report_block(&self, now: Duration, ssrc: u32, sequence: &mut SequenceTracker, jitter: u32) -> ReportBlock {
        let (last_sender_report, delay_since) = match self.last_sender_report {
            Some((middle, at)) => (middle, fixed_point(now.saturating_sub(at))),
            None => (0, 0),
        };
        ReportBlock {
            ssrc,
            fraction_lost: sequence.take_fraction_lost(),
            lost: i32::try_from(sequence.lost()).unwrap_or(i32::MAX),
            highest: sequence.extended_highest(),
            jitter,
            last_sender_report,
            delay_since,
        }
    }
}

/// Turns a time span into 16.16 fixed point.
fn fixed_point(span: Duration) -> u32 {
    let fraction = (u64::from(span.subsec_nanos()) << 16) / 1_000_000_000;
    u32::try_from((span.as_secs() << 16) + fraction).unwrap_or(u32::MAX)
}

/// RFC 3550 section 6.4.1: now, less when our report left, less how long the far end kept it.
fn round_trip_ms(now: Duration, block: &ReportBlock) -> Option<f64> {
    if block.last_sender_report == 0 {
        return None;
    }
    let middle = (ntp_timestamp(now) >> 16) as u32;
    let trip = middle.wrapping_sub(block.last_sender_report).wrapping_sub(block.delay_since);
    (trip <= MAX_ROUND_TRIP).then(|| f64::from(trip) * 1_000.0 / 65_536.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BLOCK: ReportBlock = ReportBlock {
        ssrc: 7,
        fraction_lost: 12,
        lost: -3,
        highest: 70_000,
        jitter: 44,
        last_sender_report: 5,
        delay_since: 6,
    };

    #[test]
    fn what_is_written_is_read_back() {
        let info = SenderInfo { ntp: 0x1234_5678_9ABC_DEF0, timestamp: 1, packets: 2, octets: 3 };
        let mut bytes = vec![9; 3];
        for cname in ["a", "ab", "abc", "abcd", "line@node.example"] {
            write_report(&mut bytes, 42, Some(&info), Some(&BLOCK), cname);
            assert_eq!(bytes.len() % 4, 0);
            let read: Vec<_> = reports(&bytes).collect::<Result<_, _>>().unwrap();
            assert_eq!(read.len(), 1);
            assert_eq!((read[0].ssrc, read[0].sender), (42, Some(info)));
            assert_eq!(read[0].blocks().collect::<Vec<_>>(), [BLOCK]);
            // The description's own length leads exactly to the end.
            let description = &bytes[8 + SENDER_INFO_LEN + BLOCK_LEN..];
            assert_eq!(4 * (usize::from(description[3]) + 1), description.len());
            assert_eq!(&description[10..10 + cname.len()], cname.as_bytes());
        }
        write_report(&mut bytes, 42, None, None, "a");
        let read: Vec<_> = reports(&bytes).collect::<Result<_, _>>().unwrap();
        assert_eq!((read[0].sender, read[0].blocks().count()), (None, 0));
    }

    #[test]
    fn the_round_trip_is_measured() {
        let (mut ours, mut theirs) = (Reporter::default(), Reporter::default());
        let mut bytes = Vec::new();
        let start = Duration::from_secs(1_800_000_000);
        let sent = SenderInfo { ntp: ntp_timestamp(start), timestamp: 0, packets: 1, octets: 160 };
        write_report(&mut bytes, 1, Some(&sent), None, "a");
        let there = start + Duration::from_millis(40);
        assert_eq!(theirs.handle_packet(there, &bytes, 2, Some(1)), Ok(true));
        let answered = there + Duration::from_millis(700);
        let block = theirs.report_block(answered, 1, &mut SequenceTracker::default(), 80);
        write_report(&mut bytes, 2, None, Some(&block), "b");
        let back = answered + Duration::from_millis(35);
        assert_eq!(ours.handle_packet(back, &bytes, 1, Some(2)), Ok(true));
        let far = ours.far_end().unwrap();
        assert!((far.round_trip_ms.unwrap() - 75.0).abs() < 0.1, "{far:?}");
        assert!((far.jitter_ms - 10.0).abs() < 1e-9);
    }

    #[test]
    fn a_report_about_others_changes_nothing() {
        let mut bytes = Vec::new();
        write_report(&mut bytes, 2, None, Some(&BLOCK), "b");
        let mut reporter = Reporter::default();
        assert_eq!(reporter.handle_packet(Duration::ZERO, &bytes, 99, Some(3)), Ok(false));
        assert_eq!(reporter.far_end(), None);
    }

    #[test]
    fn who_reports_about_nobody_hears_nobody() {
        let mut reporter = Reporter::new(48_000);
        let mut bytes = Vec::new();
        write_report(&mut bytes, 2, None, None, "b");
        assert_eq!(reporter.handle_packet(Duration::ZERO, &bytes, 1, Some(2)), Ok(true));
        write_report(&mut bytes, 2, None, Some(&ReportBlock { ssrc: 1, fraction_lost: 255, ..BLOCK }), "b");
        assert_eq!(reporter.handle_packet(Duration::ZERO, &bytes, 1, Some(2)), Ok(true));
        assert_eq!(reporter.deaf_reports(), 2);
        write_report(&mut bytes, 2, None, Some(&ReportBlock { ssrc: 1, jitter: 480, ..BLOCK }), "b");
        assert_eq!(reporter.handle_packet(Duration::ZERO, &bytes, 1, Some(2)), Ok(true));
        assert_eq!(reporter.deaf_reports(), 0);
        assert!((reporter.far_end().unwrap().jitter_ms - 10.0).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn any_bytes_are_reports_or_an_error(mut bytes in prop::collection::vec(any::<u8>(), 0..200), plausible: bool) {
            if plausible && bytes.len() >= 4 {
                let words = (bytes.len() / 4 - 1) as u8;
                bytes[0] = 0x80 | (bytes[0] & 0x1F);
                bytes[1] = 200 + (bytes[1] & 1);
                bytes[2] = 0;
                bytes[3] = words;
            }
            for report in reports(&bytes).flatten() {
                prop_assert!(report.blocks().count() <= 31);
            }
            let _ = Reporter::default().handle_packet(Duration::ZERO, &bytes, 1, None);
        }
    }
}
