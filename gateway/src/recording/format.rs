//! The bytes of a segment file: a header, then framed records. Pure.
//!
//! ```text
//! segment = header(28) frame*
//! header  = "DAUYSLOG" version:u32 writer:u32 number:u64 crc:u32
//! frame   = marker:u32 length:u32 body_crc:u32 head_crc:u32 body
//! body    = kind:u8 intake:[u8;16] …
//! ```
//!
//! Numbers are little-endian. Every checksum is CRC-32 seeded with the segment's own identity, so that blocks of another (deleted)
//! segment are never taken for records of this one. A frame whose header is whole but whose body runs past the end is a torn tail; a
//! damaged frame in the middle is skipped by looking for the next marker. No input panics.

use uuid::Uuid;

pub use super::codec::Codec;

/// The length of a segment's header, in bytes.
pub const SEGMENT_HEADER: usize = 28;
/// The length of a frame's header, in bytes.
pub const FRAME_HEADER: usize = 16;
/// The longest body that a frame may have, in bytes: a messenger's largest voice note (16 MB) and its names, with room.
pub const MAX_BODY: usize = 32 * 1024 * 1024;

const MAGIC: &[u8; 8] = b"DAUYSLOG";
const VERSION: u32 = 1;
const MARKER: [u8; 4] = [0xD5, 0xA7, 0x5E, 0xC0];

/// Which segment file: its writer and its number within that writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SegmentId {
    /// The writer that filled it.
    pub writer: u32,
    /// Counts up within the writer, over restarts too.
    pub number: u64,
}

impl SegmentId {
    /// Names the file.
    pub fn file_name(self) -> String {
        format!("seg-{}-{}.log", self.writer, self.number)
    }

    /// Reads the name of a segment file; `None` for any other file.
    pub fn parse(name: &str) -> Option<Self> {
        let (writer, number) = name.strip_prefix("seg-")?.strip_suffix(".log")?.split_once('-')?;
        let id = Self { writer: writer.parse().ok()?, number: number.parse().ok()? };
        (id.file_name() == name).then_some(id)
    }

    fn seed(self) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&self.writer.to_le_bytes());
        hasher.update(&self.number.to_le_bytes());
        hasher.finalize()
    }
}

/// One record of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record<'a> {
    /// A call's recording began.
    Begin {
        /// The intake's id.
        intake: Uuid,
        /// What the audio that follows is coded in.
        codec: Codec,
        /// The call's facts as JSON.
        head: &'a [u8],
    },
    /// A run of a call's audio.
    Audio {
        /// The intake's id.
        intake: Uuid,
        /// Where the run starts, in ticks of 1/8,000 s from the beginning of the recording.
        at: u64,
        /// What the payload is coded in.
        codec: Codec,
        /// One byte a sample.
        payload: &'a [u8],
    },
    /// A file that came whole (a messenger's voice note).
    Blob {
        /// The intake's id.
        intake: Uuid,
        /// Its media type, such as `audio/ogg`.
        media_type: &'a str,
        /// The file's bytes.
        bytes: &'a [u8],
    },
    /// The intake is complete; this is what its event needs.
    End {
        /// The intake's id.
        intake: Uuid,
        /// How long the recording is, in samples.
        total: u64,
        /// The spooled event as JSON.
        tail: &'a [u8],
    },
    /// The intake was handed over to the bus and the recording store.
    Exported {
        /// The intake's id.
        intake: Uuid,
    },
}

impl Record<'_> {
    /// Says whose record it is.
    pub const fn intake(&self) -> Uuid {
        match *self {
            Self::Begin { intake, .. }
            | Self::Audio { intake, .. }
            | Self::Blob { intake, .. }
            | Self::End { intake, .. }
            | Self::Exported { intake } => intake,
        }
    }
}

/// Why a record cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The body is longer than [`MAX_BODY`].
    #[error("a record of {0} bytes is longer than the log takes")]
    TooLong(usize),
    /// A media type is at most 255 bytes long.
    #[error("a media type of {0} bytes is too long")]
    MediaType(usize),
}

/// Why a segment's header is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// The file ends before its header does.
    #[error("the segment's header is cut short")]
    Short,
    /// The header's checksum or identity does not fit.
    #[error("the segment's header is damaged")]
    Damaged,
    /// Another version of the format wrote it.
    #[error("the segment is of format version {0}, this program reads {VERSION}")]
    Version(u32),
}

/// What the decoder found at the start of the bytes that it was given.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// A whole record, and the length of its frame.
    Record {
        /// The record.
        record: Record<'a>,
        /// How many bytes the frame takes.
        len: usize,
    },
    /// These bytes are no record; the next one may start after them.
    Damaged {
        /// How many bytes to skip; at least 1.
        skip: usize,
    },
    /// The frame goes on beyond the bytes given; at the end of the file that is a torn tail.
    Incomplete {
        /// How many bytes the frame takes in all, as far as can be told.
        need: usize,
    },
}

/// Reads and writes the frames of one segment.
#[derive(Debug, Clone)]
pub struct Format {
    id: SegmentId,
    hasher: crc32fast::Hasher,
}

impl Format {
    /// Makes the format for one segment.
    pub fn new(id: SegmentId) -> Self {
        Self { id, hasher: crc32fast::Hasher::new_with_initial(id.seed()) }
    }

    fn crc(&self, bytes: &[u8]) -> u32 {
        let mut hasher = self.hasher.clone();
        hasher.update(bytes);
        hasher.finalize()
    }

    /// Makes the segment's header.
    pub fn header(&self) -> [u8; SEGMENT_HEADER] {
        let mut header = [0; SEGMENT_HEADER];
        let (fields, crc) = header.split_at_mut(SEGMENT_HEADER - 4);
        fields[..8].copy_from_slice(MAGIC);
        fields[8..12].copy_from_slice(&VERSION.to_le_bytes());
        fields[12..16].copy_from_slice(&self.id.writer.to_le_bytes());
        fields[16..24].copy_from_slice(&self.id.number.to_le_bytes());
        crc.copy_from_slice(&self.crc(fields).to_le_bytes());
        header
    }

    /// Checks a segment's header.
    ///
    /// # Errors
    /// When the header is short, damaged, of another segment, or of another version.
    pub fn check_header(&self, bytes: &[u8]) -> Result<(), HeaderError> {
        let header: &[u8; SEGMENT_HEADER] = bytes.first_chunk().ok_or(HeaderError::Short)?;
        let expected = self.header();
        if *header == expected {
            return Ok(());
        }
        let (fields, crc) = header.split_at(SEGMENT_HEADER - 4);
        let version = le_u32(fields.get(8..).unwrap_or_default()).unwrap_or_default();
        if fields.starts_with(MAGIC) && le_u32(crc) == Some(self.crc(fields)) && version != VERSION {
            return Err(HeaderError::Version(version));
        }
        Err(HeaderError::Damaged)
    }

    /// Appends a record's frame to `out` and returns the frame's length.
    ///
    /// # Errors
    /// When the record is too long; `out` is then as it was.
    pub fn encode(&self, record: &Record<'_>, out: &mut Vec<u8>) -> Result<usize, EncodeError> {
        let start = out.len();
        out.extend_from_slice(&MARKER);
        out.extend_from_slice(&[0; FRAME_HEADER - 4]);
        if let Err(error) = encode_body(record, out) {
            out.truncate(start);
            return Err(error);
        }
        let length = out.len() - start - FRAME_HEADER;
        let Ok(short) =
            u32::try_from(length).map_err(drop).and_then(|n| if length > MAX_BODY { Err(()) } else { Ok(n) })
        else {
            out.truncate(start);
            return Err(EncodeError::TooLong(length));
        };
        let (head, body) = out[start..].split_at_mut(FRAME_HEADER);
        head[4..8].copy_from_slice(&short.to_le_bytes());
        head[8..12].copy_from_slice(&self.crc(body).to_le_bytes());
        let head_crc = self.crc(&head[..12]);
        head[12..].copy_from_slice(&head_crc.to_le_bytes());
        Ok(FRAME_HEADER + length)
    }

    /// Reads the frame at the start of `bytes`. Call it again with what lies behind the frame, or behind what is to be skipped.
    pub fn decode<'a>(&self, bytes: &'a [u8]) -> Step<'a> {
        let Some(head) = bytes.first_chunk::<FRAME_HEADER>() else {
            return Step::Incomplete { need: FRAME_HEADER };
        };
        let (checked, head_crc) = head.split_at(12);
        if !checked.starts_with(&MARKER) || le_u32(head_crc) != Some(self.crc(checked)) {
            return Step::Damaged { skip: distance_to_marker(bytes) };
        }
        let length = le_u32(&checked[4..]).unwrap_or(u32::MAX) as usize;
        if length > MAX_BODY {
            return Step::Damaged { skip: distance_to_marker(bytes) };
        }
        let need = FRAME_HEADER + length;
        let Some(body) = bytes.get(FRAME_HEADER..need) else {
            return Step::Incomplete { need };
        };
        if le_u32(&checked[8..]) != Some(self.crc(body)) {
            return Step::Damaged { skip: distance_to_marker(bytes) };
        }
        match decode_body(body) {
            Some(record) => Step::Record { record, len: need },
            None => Step::Damaged { skip: need },
        }
    }
}

fn encode_body(record: &Record<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let mut open = |kind: u8, intake: &Uuid| {
        out.push(kind);
        out.extend_from_slice(intake.as_bytes());
    };
    match record {
        Record::Begin { intake, codec, head } => {
            open(1, intake);
            out.push(codec.wire());
            out.extend_from_slice(head);
        }
        Record::Audio { intake, at, codec, payload } => {
            open(2, intake);
            out.extend_from_slice(&at.to_le_bytes());
            out.push(codec.wire());
            out.extend_from_slice(payload);
        }
        Record::End { intake, total, tail } => {
            open(3, intake);
            out.extend_from_slice(&total.to_le_bytes());
            out.extend_from_slice(tail);
        }
        Record::Exported { intake } => open(4, intake),
        Record::Blob { intake, media_type, bytes } => {
            open(5, intake);
            let length = u8::try_from(media_type.len()).map_err(|_| EncodeError::MediaType(media_type.len()))?;
            out.push(length);
            out.extend_from_slice(media_type.as_bytes());
            out.extend_from_slice(bytes);
        }
    }
    Ok(())
}

fn decode_body(body: &[u8]) -> Option<Record<'_>> {
    let (&kind, rest) = body.split_first()?;
    let (id, rest) = rest.split_first_chunk::<16>()?;
    let intake = Uuid::from_bytes(*id);
    Some(match kind {
        1 => {
            let (&codec, head) = rest.split_first()?;
            Record::Begin { intake, codec: Codec::from_wire(codec)?, head }
        }
        2 => {
            let (at, rest) = rest.split_first_chunk::<8>()?;
            let (&codec, payload) = rest.split_first()?;
            Record::Audio { intake, at: u64::from_le_bytes(*at), codec: Codec::from_wire(codec)?, payload }
        }
        3 => {
            let (total, tail) = rest.split_first_chunk::<8>()?;
            Record::End { intake, total: u64::from_le_bytes(*total), tail }
        }
        4 if rest.is_empty() => Record::Exported { intake },
        5 => {
            let (&length, rest) = rest.split_first()?;
            let (media_type, bytes) = rest.split_at_checked(usize::from(length))?;
            Record::Blob { intake, media_type: std::str::from_utf8(media_type).ok()?, bytes }
        }
        _ => return None,
    })
}

/// How far the next marker is, not counting one at the very start; what cannot hold one is all skipped, except for a marker cut in two.
fn distance_to_marker(bytes: &[u8]) -> usize {
    let behind = bytes.get(1..).unwrap_or_default();
    match behind.windows(MARKER.len()).position(|window| window == MARKER) {
        Some(offset) => offset + 1,
        None => bytes.len().saturating_sub(MARKER.len() - 1).max(1),
    }
}

fn le_u32(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().map(|chunk| u32::from_le_bytes(*chunk))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: SegmentId = SegmentId { writer: 2, number: 7 };

    fn intake(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    #[derive(Debug, Clone)]
    enum Owned {
        Begin(u128, bool, Vec<u8>),
        Audio(u128, u64, bool, Vec<u8>),
        Blob(u128, String, Vec<u8>),
        End(u128, u64, Vec<u8>),
        Exported(u128),
    }

    impl Owned {
        fn record(&self) -> Record<'_> {
            let law = |mu: &bool| if *mu { Codec::Pcmu } else { Codec::Pcma };
            match self {
                Self::Begin(id, mu, head) => Record::Begin { intake: intake(*id), codec: law(mu), head },
                Self::Audio(id, at, mu, payload) => {
                    Record::Audio { intake: intake(*id), at: *at, codec: law(mu), payload }
                }
                Self::Blob(id, media_type, bytes) => Record::Blob { intake: intake(*id), media_type, bytes },
                Self::End(id, total, tail) => Record::End { intake: intake(*id), total: *total, tail },
                Self::Exported(id) => Record::Exported { intake: intake(*id) },
            }
        }
    }

    fn owned() -> impl Strategy<Value = Owned> {
        let bytes = || prop::collection::vec(any::<u8>(), 0..200);
        prop_oneof![
            (any::<u128>(), any::<bool>(), bytes()).prop_map(|(a, b, c)| Owned::Begin(a, b, c)),
            (any::<u128>(), any::<u64>(), any::<bool>(), bytes()).prop_map(|(a, b, c, d)| Owned::Audio(a, b, c, d)),
            (any::<u128>(), "[a-z/;= ]{0,40}", bytes()).prop_map(|(a, b, c)| Owned::Blob(a, b, c)),
            (any::<u128>(), any::<u64>(), bytes()).prop_map(|(a, b, c)| Owned::End(a, b, c)),
            any::<u128>().prop_map(Owned::Exported),
        ]
    }

    /// Everything that can be read, and how many bytes were skipped or torn off.
    fn read(format: &Format, mut bytes: &[u8]) -> (Vec<String>, usize) {
        let (mut records, mut lost) = (Vec::new(), 0);
        while !bytes.is_empty() {
            let step = match format.decode(bytes) {
                Step::Record { record, len } => {
                    records.push(format!("{record:?}"));
                    len
                }
                Step::Damaged { skip } => {
                    assert!(skip > 0);
                    lost += skip.min(bytes.len());
                    skip
                }
                Step::Incomplete { need } => {
                    assert!(need > bytes.len());
                    lost += bytes.len();
                    bytes.len()
                }
            };
            bytes = bytes.get(step..).unwrap_or_default();
        }
        (records, lost)
    }

    proptest! {
        #[test]
        fn records_survive_a_round_trip_and_a_torn_tail_costs_only_the_last(
            list in prop::collection::vec(owned(), 1..12),
            cut in any::<prop::sample::Index>(),
        ) {
            let format = Format::new(ID);
            let mut bytes = Vec::new();
            let ends: Vec<usize> =
                list.iter().map(|o| { format.encode(&o.record(), &mut bytes).unwrap(); bytes.len() }).collect();
            let expected: Vec<String> = list.iter().map(|o| format!("{:?}", o.record())).collect();
            prop_assert_eq!(read(&format, &bytes), (expected.clone(), 0));

            let cut = cut.index(bytes.len() + 1);
            let whole = ends.iter().filter(|end| **end <= cut).count();
            prop_assert_eq!(read(&format, &bytes[..cut]).0, &expected[..whole]);
        }

        #[test]
        fn a_damaged_byte_costs_one_record(
            list in prop::collection::vec(owned(), 1..12),
            at in any::<prop::sample::Index>(),
            flip in 1u8..,
        ) {
            let format = Format::new(ID);
            let mut bytes = Vec::new();
            let ends: Vec<usize> =
                list.iter().map(|o| { format.encode(&o.record(), &mut bytes).unwrap(); bytes.len() }).collect();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            let hit = ends.iter().filter(|end| **end <= at).count();
            let mut expected: Vec<String> = list.iter().map(|o| format!("{:?}", o.record())).collect();
            expected.remove(hit);
            let (records, lost) = read(&format, &bytes);
            prop_assert_eq!(records, expected);
            prop_assert!(lost > 0);
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
            let (records, lost) = read(&Format::new(ID), &bytes);
            prop_assert!(records.is_empty());
            prop_assert_eq!(lost, bytes.len());
        }
    }

    #[test]
    fn records_of_another_segment_are_not_taken_for_ours() {
        let mut bytes = Vec::new();
        Format::new(SegmentId { writer: 2, number: 8 })
            .encode(&Record::Exported { intake: intake(1) }, &mut bytes)
            .unwrap();
        assert_eq!(read(&Format::new(ID), &bytes), (vec![], bytes.len()));
    }

    #[test]
    fn the_header_tells_its_segment_and_version() {
        let format = Format::new(ID);
        let header = format.header();
        assert_eq!(format.check_header(&header), Ok(()));
        assert_eq!(format.check_header(&header[..27]), Err(HeaderError::Short));
        assert_eq!(Format::new(SegmentId { writer: 3, number: 7 }).check_header(&header), Err(HeaderError::Damaged));
        let mut newer = header;
        newer[8] = 2;
        let crc = format.crc(&newer[..24]).to_le_bytes();
        newer[24..].copy_from_slice(&crc);
        assert_eq!(format.check_header(&newer), Err(HeaderError::Version(2)));
    }

    #[test]
    fn what_is_too_long_is_refused_and_leaves_nothing_behind() {
        let format = Format::new(ID);
        let mut out = vec![1, 2, 3];
        let tail = vec![0; MAX_BODY];
        assert!(matches!(
            format.encode(&Record::End { intake: intake(1), total: 0, tail: &tail }, &mut out),
            Err(EncodeError::TooLong(_))
        ));
        let media_type = "x".repeat(256);
        assert_eq!(
            format.encode(&Record::Blob { intake: intake(1), media_type: &media_type, bytes: &[] }, &mut out),
            Err(EncodeError::MediaType(256))
        );
        assert_eq!(out, [1, 2, 3]);
    }

    #[test]
    fn file_names_are_read_back() {
        assert_eq!(ID.file_name(), "seg-2-7.log");
        assert_eq!(SegmentId::parse("seg-2-7.log"), Some(ID));
        for other in ["seg-2-07.log", "seg-2.log", "lock", "seg-2-7.log.tmp", "seg--7.log", "numbers"] {
            assert_eq!(SegmentId::parse(other), None, "{other}");
        }
    }
}
