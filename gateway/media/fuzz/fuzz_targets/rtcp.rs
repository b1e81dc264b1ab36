//! Any bytes as RTCP: reports or an error, and what is understood is written and read back the same.
#![no_main]

use std::time::Duration;

use dauys_media::rtcp::{self, Reporter};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut again = Vec::new();
    for report in rtcp::reports(data).flatten() {
        let block = report.blocks().next();
        rtcp::write_report(&mut again, report.ssrc, report.sender.as_ref(), block.as_ref(), "fuzz");
        let read = rtcp::reports(&again).next().and_then(Result::ok);
        let read = read.map(|read| (read.ssrc, read.sender, read.blocks().next()));
        assert_eq!(read, Some((report.ssrc, report.sender, block)));
    }
    let mut reporter = Reporter::default();
    let _ = reporter.handle_packet(Duration::from_secs(1), data, 1, Some(2));
    if let Some(trip) = reporter.far_end().and_then(|far| far.round_trip_ms) {
        assert!((0.0..=10_000.0).contains(&trip));
    }
});
