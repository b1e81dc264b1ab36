//! Call events on their way to the bus: gathered for a moment, tried again while the bus is away, then given up and counted.

use super::line::wall;
use super::telemetry;
use dauys_bus::{Bus, Message};
use dauys_events::CallEvent;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tracing::warn;

/// How many events are taken at once.
const AT_ONCE: usize = 512;
/// For how long call events are gathered before they go out together: figures can wait, and a transaction costs more than a call.
const GATHERED: Duration = Duration::from_millis(100);
/// The most events that go out together.
const MOST_GATHERED: usize = 4_096;

/// Puts call events onto the bus; figures are made of them. The bus being away delays them, and a full queue drops them.
pub(super) async fn publish(bus: Arc<dyn Bus>, mut events: mpsc::Receiver<CallEvent>) {
    let mut batch = Vec::new();
    while events.recv_many(&mut batch, AT_ONCE).await > 0 {
        gather(&mut events, &mut batch).await;
        let messages: Vec<Message> = batch.drain(..).filter_map(|event| Message::of(wall(), event).ok()).collect();
        let mut wait = Duration::from_millis(100);
        let mut published = false;
        for _ in 0..8 {
            match bus.publish(messages.clone()).await {
                Ok(()) => published = true,
                Err(error) => warn!(%error, "call events wait for the bus"),
            }
            if published {
                break;
            }
            tokio::time::sleep(wait).await;
            wait *= 2;
        }
        if !published {
            metrics::counter!(telemetry::EVENTS_DROPPED).increment(messages.len() as u64);
        }
    }
}

/// Takes what else comes in a short time, or until nobody can send any more.
async fn gather(events: &mut mpsc::Receiver<CallEvent>, batch: &mut Vec<CallEvent>) {
    let more = async { while batch.len() < MOST_GATHERED && events.recv_many(batch, AT_ONCE).await > 0 {} };
    // The time being over is how it mostly ends; nothing is lost of what was taken.
    let _ = tokio::time::timeout(GATHERED, more).await;
}
