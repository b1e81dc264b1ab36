//! Ten days of a made-up city: what is put together belongs together, and most of what belongs together is found.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on fails, and says what it measured"
)]

mod common;

use common::{Stream, policy};
use dauys_incidents::{Pairwise, Report, group, pairwise};

fn measure(seed: u64) -> (Pairwise, usize) {
    let stream = Stream::ten_days(seed);
    let reports: Vec<Report> = stream.iter().map(|(_, report)| report.clone()).collect();
    let found = group(policy(), &reports);
    let labels: Vec<_> = stream.iter().map(|(cause, _)| Some(*cause)).zip(found).collect();
    (pairwise(&labels), reports.len())
}

#[test]
fn precision_comes_before_recall_and_recall_is_good() {
    let mut all = Pairwise::default();
    for seed in 1..=5 {
        let (found, reports) = measure(seed);
        let (precision, recall) = (found.precision(), found.recall());
        println!("seed {seed}: {reports} reports, precision {precision:.4}, recall {recall:.4}");
        // Two outages that happen to overlap in place and time cannot be told apart: one bad coincidence marks a week.
        assert!(precision >= 0.95 && recall >= 0.85, "seed {seed}: precision {precision:.4}, recall {recall:.4}");
        all.found += found.found;
        all.true_pairs += found.true_pairs;
        all.right += found.right;
    }
    println!("together: precision {:.4}, recall {:.4}", all.precision(), all.recall());
    assert!(all.precision() >= 0.98 && all.recall() >= 0.85, "{all:?}");
}

#[test]
fn the_same_stream_gives_the_same_incidents() {
    let reports: Vec<Report> = Stream::ten_days(9).into_iter().map(|(_, report)| report).collect();
    assert_eq!(group(policy(), &reports), group(policy(), &reports));
}
