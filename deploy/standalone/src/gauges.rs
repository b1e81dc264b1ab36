//! What operations staff see of the other rooms, live: calls from the line, lag from the bus.

use async_trait::async_trait;
use dauys_bus::Bus;
use dauys_events::Topic;
use dauys_gateway::calls::LineGauges;
use dauys_gateway::recording::Store as RecordingStore;
use dauys_router::figures::{GaugeSource, Gauges};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Calls a second are the mean over this long.
const WINDOW: Duration = Duration::from_secs(10);

/// Reads the gauges of a node.
pub(crate) struct NodeGauges {
    line: Arc<LineGauges>,
    spool: RecordingStore,
    bus: Arc<dyn Bus>,
    capacity: u64,
    /// How many calls had been answered when, for the last [`WINDOW`].
    answered: Mutex<VecDeque<(Instant, u64)>>,
}

impl NodeGauges {
    pub fn new(line: Arc<LineGauges>, spool: RecordingStore, bus: Arc<dyn Bus>, capacity: usize) -> Self {
        Self { line, spool, bus, capacity: capacity as u64, answered: Mutex::new(VecDeque::new()) }
    }

    fn calls_per_second(&self, now: Instant, total: u64) -> f64 {
        let mut seen = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        seen.push_back((now, total));
        while seen.front().is_some_and(|(at, _)| now.duration_since(*at) > WINDOW) {
            seen.pop_front();
        }
        let Some((first, before)) = seen.front().copied() else { return 0.0 };
        let seconds = now.duration_since(first).as_secs_f64();
        if seconds > 0.0 { (total - before) as f64 / seconds } else { 0.0 }
    }
}

#[async_trait]
impl GaugeSource for NodeGauges {
    #[expect(clippy::disallowed_methods, reason = "the gauges are read at the present")]
    async fn read(&self) -> Gauges {
        let now = Instant::now();
        let answered = self.line.answered();
        let (transcription, understanding) = tokio::join!(
            self.bus.lag(dauys_transcriber::worker::GROUP, Topic::Recordings),
            self.bus.lag("router", Topic::Transcripts)
        );
        let spooled = self.spool.pending() as u64;
        let oldest = (spooled > 0).then(|| self.spool.oldest(now).as_secs_f64());
        Gauges {
            calls_now: self.line.calls() as u64,
            capacity: self.capacity,
            calls_per_second: self.calls_per_second(now, answered),
            answered,
            refused: self.line.refused(),
            waiting_transcription: transcription.ok().map(|lag| lag + spooled),
            oldest_waiting_seconds: oldest,
            waiting_understanding: understanding.ok(),
        }
    }
}
