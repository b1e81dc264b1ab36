//! Key presses as RTP events (RFC 4733): one report per press out of many packets, and the packets of a press for a phone.
//!
//! Invariant: packets of one event share a timestamp, so a press is reported at its first packet that arrives and never
//! again, whether its three end packets come, repeat or are lost.

use std::time::Duration;

use crate::samples_in;

/// Length of an event payload, in bytes.
pub const EVENT_LEN: usize = 4;

/// A pause shorter than this between two segments of one key is one press (nobody lifts a finger for so short).
const CONTINUES_WITHIN: u32 = 400;

const KEYS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D'];

/// One telephone-event payload (RFC 4733 section 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// Event code; 0 to 15 are keys.
    pub code: u8,
    /// The key has been released.
    pub end: bool,
    /// Power level in -dBm0, 0 to 63.
    pub volume: u8,
    /// For how long the key has been down, in samples.
    pub duration: u16,
}

impl Event {
    /// Reads a payload; `None` when it is too short.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let [code, flags, high, low, ..] = *payload else {
            return None;
        };
        let duration = u16::from_be_bytes([high, low]);
        Some(Self { code, end: flags & 0x80 != 0, volume: flags & 0x3F, duration })
    }

    /// Returns the payload's bytes.
    pub fn to_bytes(self) -> [u8; EVENT_LEN] {
        let [high, low] = self.duration.to_be_bytes();
        [self.code, (u8::from(self.end) << 7) | (self.volume & 0x3F), high, low]
    }

    /// Returns the key, or `None` for an event that is not one.
    pub fn key(self) -> Option<char> {
        KEYS.get(usize::from(self.code)).copied()
    }
}

/// Turns event packets into presses.
#[derive(Debug, Clone, Default)]
pub struct PressDecoder {
    last: Option<Last>,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    timestamp: u32,
    event: Event,
}

impl PressDecoder {
    /// Takes a payload with its packet's timestamp; returns the key when this is the first packet of a press.
    pub fn handle_event(&mut self, timestamp: u32, payload: &[u8]) -> Option<char> {
        let event = Event::parse(payload)?;
        let key = event.key()?;
        if let Some(last) = &mut self.last {
            let later = timestamp.wrapping_sub(last.timestamp) as i32;
            if later <= 0 {
                if later == 0 {
                    last.event.end |= event.end;
                    last.event.duration = last.event.duration.max(event.duration);
                }
                return None;
            }
            // A long press goes on in a new segment (section 2.5.1.3); some phones move the timestamp with every packet.
            let ends = u32::from(last.event.duration) + CONTINUES_WITHIN;
            if last.event.code == event.code && !last.event.end && later.unsigned_abs() <= ends {
                *last = Last { timestamp, event };
                return None;
            }
        }
        self.last = Some(Last { timestamp, event });
        Some(key)
    }

    /// Forgets the timestamps of a source that was replaced.
    pub fn change_source(&mut self) {
        self.last = None;
    }
}

/// One packet of a press, to be sent with the press's own timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PressPacket {
    /// Set on the first packet.
    pub marker: bool,
    /// The payload.
    pub payload: [u8; EVENT_LEN],
}

/// Returns the packets of a press of `key` for `held`, one every 20 ms and the last three being the end, or `None` when there
/// is no such key.
pub fn press(key: char, held: Duration) -> Option<Vec<PressPacket>> {
    let code = KEYS.iter().position(|&known| known == key.to_ascii_uppercase())? as u8;
    let frame = samples_in(20) as u16;
    let frames = (held.as_millis() / 20).clamp(1, 400) as u16;
    let packet = |elapsed: u16, end| PressPacket {
        marker: elapsed == 1,
        payload: Event { code, end, volume: 10, duration: elapsed * frame }.to_bytes(),
    };
    let mut packets: Vec<_> = (1..=frames).map(|elapsed| packet(elapsed, false)).collect();
    packets.extend([PressPacket { marker: false, ..packet(frames, true) }; 3]);
    Some(packets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hear(decoder: &mut PressDecoder, timestamp: u32, packets: &[PressPacket]) -> String {
        packets.iter().filter_map(|packet| decoder.handle_event(timestamp, &packet.payload)).collect()
    }

    #[test]
    fn every_key_is_one_press() {
        let mut decoder = PressDecoder::default();
        let heard: String = "0123456789*#ABCD"
            .chars()
            .zip(1u32..)
            .map(|(key, nth)| hear(&mut decoder, nth * 2_000, &press(key, Duration::from_millis(100)).unwrap()))
            .collect();
        assert_eq!(heard, "0123456789*#ABCD");
        assert_eq!(press('x', Duration::ZERO), None);
    }

    #[test]
    fn the_same_key_twice_is_two_presses_even_when_the_end_was_lost() {
        let mut decoder = PressDecoder::default();
        let packets = press('5', Duration::from_millis(80)).unwrap();
        let without_end = &packets[..packets.len() - 3];
        assert_eq!(hear(&mut decoder, 1_000, without_end), "5");
        assert_eq!(hear(&mut decoder, 1_000 + 2_000, without_end), "5");
    }

    #[test]
    fn a_press_is_heard_when_only_an_end_packet_arrives() {
        let mut decoder = PressDecoder::default();
        let packets = press('9', Duration::from_millis(100)).unwrap();
        assert_eq!(hear(&mut decoder, 800, &packets[packets.len() - 1..]), "9");
    }

    #[test]
    fn a_press_longer_than_the_field_is_still_one() {
        let mut decoder = PressDecoder::default();
        let segment = |duration, end| Event { code: 1, end, volume: 10, duration }.to_bytes();
        assert_eq!(decoder.handle_event(0, &segment(0xFFFF, false)), Some('1'));
        assert_eq!(decoder.handle_event(0xFFFF, &segment(160, false)), None);
        assert_eq!(decoder.handle_event(0xFFFF, &segment(320, true)), None);
        assert_eq!(decoder.handle_event(0xFFFF + 2_000, &segment(160, false)), Some('1'));
    }

    #[test]
    fn a_late_packet_of_an_earlier_press_is_not_a_press() {
        let mut decoder = PressDecoder::default();
        let one = press('1', Duration::from_millis(60)).unwrap();
        assert_eq!(hear(&mut decoder, 1_000, &one), "1");
        assert_eq!(hear(&mut decoder, 3_000, &press('2', Duration::from_millis(60)).unwrap()), "2");
        assert_eq!(hear(&mut decoder, 1_000, &one[2..]), "");
    }

    proptest! {
        #[test]
        fn any_loss_order_and_repetition_gives_one_press(key in prop::sample::select(KEYS.to_vec()), seed: u64,
                                                         millis in 20u64..500, first: u32) {
            let mut packets = press(key, Duration::from_millis(millis)).unwrap();
            let mut state = seed | 1;
            let mut random = move |below: usize| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state as usize % below
            };
            for at in 0..packets.len() {
                let with = random(packets.len());
                packets.swap(at, with);
            }
            packets.truncate(1 + random(packets.len()));
            packets.extend_from_within(..);
            let mut decoder = PressDecoder::default();
            prop_assert_eq!(hear(&mut decoder, first, &packets), key.to_string());
        }

        #[test]
        fn any_payload_is_taken(payloads in prop::collection::vec((any::<u32>(), prop::collection::vec(any::<u8>(), 0..8)), 0..50)) {
            let mut decoder = PressDecoder::default();
            for (timestamp, payload) in payloads {
                decoder.handle_event(timestamp, &payload);
            }
        }
    }
}
