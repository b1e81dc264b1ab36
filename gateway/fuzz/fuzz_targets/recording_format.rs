//! Any bytes as a segment file: the reader goes through all of them without a panic, and what it takes for a record is one.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../src/recording/format.rs"]
#[allow(dead_code, reason = "the target uses a part of the module")]
mod format;

use format::{Format, SEGMENT_HEADER, SegmentId, Step};

fuzz_target!(|bytes: &[u8]| {
    let format = Format::new(SegmentId { writer: 1, number: 1 });
    let mut rest = match format.check_header(bytes) {
        Ok(()) => &bytes[SEGMENT_HEADER..],
        Err(_) => bytes,
    };
    while !rest.is_empty() {
        let skip = match format.decode(rest) {
            Step::Record { record, len } => {
                let mut again = Vec::new();
                assert_eq!(format.encode(&record, &mut again), Ok(len));
                assert_eq!(again, rest[..len], "a record is written as it was read");
                len
            }
            Step::Damaged { skip } => {
                assert!(skip > 0);
                skip
            }
            Step::Incomplete { need } => {
                assert!(need > rest.len());
                return;
            }
        };
        rest = rest.get(skip..).unwrap_or_default();
    }
});
