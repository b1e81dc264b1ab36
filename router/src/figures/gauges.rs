//! What other rooms know and the store does not: calls on the line, what waits on the bus. Whoever composes them fills it.

use async_trait::async_trait;

/// What is measured now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gauges {
    /// Calls on the line.
    pub calls_now: u64,
    /// How many calls are taken at once.
    pub capacity: u64,
    /// Calls answered in the last second, or the mean of the last few.
    pub calls_per_second: f64,
    /// Calls answered since the start.
    pub answered: u64,
    /// Calls refused since the start.
    pub refused: u64,
    /// Recordings that wait for transcription; none where it cannot be known now.
    pub waiting_transcription: Option<u64>,
    /// How long the oldest recording that is not transcribed has waited, in seconds; none where none waits.
    pub oldest_waiting_seconds: Option<f64>,
    /// Transcripts that wait to become tickets; none where it cannot be known now.
    pub waiting_understanding: Option<u64>,
}

/// Reads the gauges; called once a second.
#[async_trait]
pub trait GaugeSource: Send + Sync + 'static {
    /// Reads the gauges. It should answer well within a second: until it does, nobody sees newer figures.
    async fn read(&self) -> Gauges;
}

/// A source for a process that takes no calls: everything is nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoGauges;

#[async_trait]
impl GaugeSource for NoGauges {
    async fn read(&self) -> Gauges {
        Gauges::default()
    }
}
