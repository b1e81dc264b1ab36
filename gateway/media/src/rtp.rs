//! RTP packets (RFC 3550 section 5.1): what the line reads of one, and the twelve bytes that it sends before a payload.

use rtp_rs::{RtpReader, RtpReaderError};

/// Length of an RTP header without contributing sources and extension, in bytes.
pub const HEADER_LEN: usize = 12;

/// One parsed packet; it borrows the bytes that it was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RtpPacket<'a> {
    /// Payload type, 0 to 127.
    pub payload_type: u8,
    /// The marker bit: the first packet of a talkspurt or of a telephone event.
    pub marker: bool,
    /// Sequence number.
    pub sequence: u16,
    /// Timestamp in samples.
    pub timestamp: u32,
    /// Synchronisation source.
    pub ssrc: u32,
    /// Payload without padding.
    pub payload: &'a [u8],
}

/// Why bytes are not an RTP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RtpError {
    /// Fewer than twelve bytes.
    #[error("too short for an RTP header")]
    TooShort,
    /// The version field is not 2.
    #[error("not RTP version 2")]
    Version,
    /// Contributing sources, extension or padding run past the end.
    #[error("header or padding is longer than the packet")]
    Truncated,
}

impl From<RtpReaderError> for RtpError {
    fn from(error: RtpReaderError) -> Self {
        match error {
            RtpReaderError::BufferTooShort(_) => Self::TooShort,
            RtpReaderError::UnsupportedVersion(_) => Self::Version,
            RtpReaderError::HeadersTruncated { .. } | RtpReaderError::PaddingLengthInvalid(_) => Self::Truncated,
        }
    }
}

impl<'a> RtpPacket<'a> {
    /// Parses `bytes`.
    ///
    /// # Errors
    /// Says which of the three structural rules is broken; the payload type is not judged here.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, RtpError> {
        let reader = RtpReader::new(bytes)?;
        Ok(Self {
            payload_type: reader.payload_type(),
            marker: reader.mark(),
            sequence: reader.sequence_number().into(),
            timestamp: reader.timestamp(),
            ssrc: reader.ssrc(),
            payload: reader.payload(),
        })
    }
}

/// The fields of a packet that the line sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RtpHeader {
    /// Payload type, 0 to 127.
    pub payload_type: u8,
    /// The marker bit.
    pub marker: bool,
    /// Sequence number.
    pub sequence: u16,
    /// Timestamp in samples.
    pub timestamp: u32,
    /// Synchronisation source.
    pub ssrc: u32,
}

impl RtpHeader {
    /// Returns the header's bytes; the payload follows them on the wire.
    pub fn to_bytes(self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[0] = 0x80;
        bytes[1] = (u8::from(self.marker) << 7) | (self.payload_type & 0x7F);
        bytes[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        bytes[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
        bytes
    }

    /// Appends a whole packet to `out`.
    pub fn write(self, payload: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_bytes());
        out.extend_from_slice(payload);
    }
}

/// Returns whether a datagram on a port shared with RTCP is RTCP (RFC 5761 section 4).
pub fn is_rtcp(bytes: &[u8]) -> bool {
    matches!(bytes, [first, kind, ..] if first >> 6 == 2 && (192..=223).contains(kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_back(payload_type in 0u8..128, marker: bool, sequence: u16, timestamp: u32, ssrc: u32,
                                        payload in prop::collection::vec(any::<u8>(), 0..400)) {
            let header = RtpHeader { payload_type, marker, sequence, timestamp, ssrc };
            let mut bytes = Vec::new();
            header.write(&payload, &mut bytes);
            let read = RtpPacket::parse(&bytes).unwrap();
            prop_assert_eq!(read, RtpPacket { payload_type, marker, sequence, timestamp, ssrc, payload: &payload });
        }

        #[test]
        fn any_bytes_are_a_packet_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(packet) = RtpPacket::parse(&bytes) {
                prop_assert!(packet.payload.len() + HEADER_LEN <= bytes.len());
            }
            is_rtcp(&bytes);
        }
    }

    #[test]
    fn padding_and_extension_are_taken_off() {
        let mut bytes =
            RtpHeader { payload_type: 8, marker: false, sequence: 1, timestamp: 2, ssrc: 3 }.to_bytes().to_vec();
        bytes[0] |= 0x30;
        bytes.extend_from_slice(&[0xBE, 0xDE, 0, 1, 9, 9, 9, 9, 0xAA, 0xBB, 0, 2]);
        assert_eq!(RtpPacket::parse(&bytes).unwrap().payload, [0xAA, 0xBB]);
    }

    #[test]
    fn each_defect_has_its_own_name() {
        assert_eq!(RtpPacket::parse(&[0x80; 11]), Err(RtpError::TooShort));
        assert_eq!(RtpPacket::parse(&[0x40; 12]), Err(RtpError::Version));
        assert_eq!(RtpPacket::parse(&[0x8F; 12]), Err(RtpError::Truncated));
        let mut padded = [0; 13];
        padded[0] = 0xA0;
        padded[12] = 200;
        assert_eq!(RtpPacket::parse(&padded), Err(RtpError::Truncated));
    }
}
