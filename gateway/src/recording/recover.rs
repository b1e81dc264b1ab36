//! What the segments of an earlier run hold: read at the start, a window at a time.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use uuid::Uuid;

use super::format::{Format, HeaderError, Record, SEGMENT_HEADER, SegmentId, Step};
use super::index::Places;

const CHUNK: usize = 1024 * 1024;

/// What was found of one intake.
#[derive(Debug, Default)]
pub struct Found {
    /// Where its records lie.
    pub places: Places,
    /// The call's facts, while its end was not found.
    pub head: Vec<u8>,
    /// How far its audio reaches, in samples.
    pub total: u64,
    /// It has an end.
    pub ended: bool,
    /// The segments in which its hand-over is on record.
    pub marks: Vec<SegmentId>,
}

/// Everything that was found.
#[derive(Debug, Default)]
pub struct Catalogue {
    /// By intake.
    pub intakes: HashMap<Uuid, Found>,
    /// The segments, in the order in which they were read.
    pub segments: Vec<SegmentId>,
}

impl Catalogue {
    /// Takes one record.
    pub fn add(&mut self, segment: SegmentId, offset: u32, len: u32, record: &Record<'_>) {
        let found = self.intakes.entry(record.intake()).or_default();
        if let Record::Exported { .. } = record {
            if !found.marks.contains(&segment) {
                found.marks.push(segment);
            }
            return;
        }
        found.places.add(segment, offset, len);
        match *record {
            Record::Begin { head, .. } if !found.ended => found.head = head.to_vec(),
            Record::Audio { at, codec, payload, .. } => {
                found.total = found.total.max(at.saturating_add(codec.ticks_of_run(payload)));
            }
            Record::End { .. } => {
                found.ended = true;
                found.head = Vec::new();
            }
            Record::Begin { .. } | Record::Blob { .. } | Record::Exported { .. } => {}
        }
    }
}

/// What reading one segment came across.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scan {
    /// Whole records.
    pub records: u64,
    /// Damaged regions that were skipped.
    pub damaged: u64,
    /// Bytes of a torn tail that were cut off.
    pub torn: u64,
}

/// Why a segment cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The file cannot be read.
    #[error("a segment cannot be read: {0}")]
    Io(#[from] io::Error),
    /// Another version of the program wrote it.
    #[error(transparent)]
    Header(#[from] HeaderError),
}

/// Reads a segment file into the catalogue.
///
/// # Errors
/// When the file cannot be read or is of another version.
pub fn scan(path: &Path, id: SegmentId, catalogue: &mut Catalogue) -> Result<Scan, ScanError> {
    scan_from(File::open(path)?, id, catalogue)
}

/// Reads a segment's bytes into the catalogue.
///
/// # Errors
/// When the source cannot be read or is of another version.
pub fn scan_from(mut source: impl Read, id: SegmentId, catalogue: &mut Catalogue) -> Result<Scan, ScanError> {
    let format = Format::new(id);
    let mut scan = Scan::default();
    let mut window = Window::default();
    window.fill(&mut source, SEGMENT_HEADER)?;
    match format.check_header(window.rest()) {
        Ok(()) => window.skip(SEGMENT_HEADER),
        Err(HeaderError::Short) => return Ok(Scan { torn: window.rest().len() as u64, ..scan }),
        Err(error @ HeaderError::Version(_)) => return Err(error.into()),
        Err(HeaderError::Damaged) => scan.damaged += 1,
    }
    let mut skipped = 0;
    loop {
        match format.decode(window.rest()) {
            Step::Record { record, len } => {
                scan.damaged += u64::from(skipped > 0);
                scan.records += 1;
                skipped = 0;
                if let (Ok(offset), Ok(length)) = (u32::try_from(window.offset()), u32::try_from(len)) {
                    catalogue.add(id, offset, length, &record);
                }
                window.skip(len);
            }
            Step::Damaged { skip } => {
                skipped += skip as u64;
                window.skip(skip);
            }
            Step::Incomplete { need } => {
                if !window.fill(&mut source, need)? {
                    scan.torn = skipped + window.rest().len() as u64;
                    return Ok(scan);
                }
            }
        }
    }
}

/// A part of the file in memory.
#[derive(Default)]
struct Window {
    bytes: Vec<u8>,
    start: usize,
    base: u64,
}

impl Window {
    fn rest(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    fn offset(&self) -> u64 {
        self.base + self.start as u64
    }

    fn skip(&mut self, len: usize) {
        self.start = self.start.saturating_add(len).min(self.bytes.len());
    }

    /// Reads on until `need` bytes are at hand; says whether they are.
    fn fill(&mut self, source: &mut impl Read, need: usize) -> io::Result<bool> {
        if self.rest().len() < need {
            self.bytes.drain(..self.start);
            self.base += self.start as u64;
            self.start = 0;
            let more = (need - self.bytes.len()).max(CHUNK);
            source.take(more as u64).read_to_end(&mut self.bytes)?;
        }
        Ok(self.rest().len() >= need)
    }
}
