//! How the calls went.

/// How the calls of a period went.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct CallFigures {
    /// Calls on the line now.
    pub now: u64,
    /// Calls that were answered in the period.
    pub answered: u64,
    /// Of those, calls that have ended.
    pub ended: u64,
    /// Of those, calls that left a recording.
    pub recorded: u64,
    /// How the ended calls ended, most frequent first.
    pub causes: Vec<(String, u64)>,
    /// The mean length of the ended calls in seconds; none where none ended.
    pub mean_seconds: Option<f64>,
    /// The mean opinion score that 95 of 100 ended calls reach (the 5th percentile); none where none was estimated.
    pub mos_p05: Option<f64>,
    /// Packets that the network lost ÷ packets that it should have brought; none where none was due.
    pub loss: Option<f64>,
    /// Packets that this machine dropped.
    pub dropped: u64,
}
