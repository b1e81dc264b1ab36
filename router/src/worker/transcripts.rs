//! From a transcript to a ticket in a cabinet, once for each intake.

use super::{Handle, Reader, Setback};
use crate::clock::Clock;
use crate::store::{Intake, Opened, Store, StoreError};
use async_trait::async_trait;
use dauys_bus::Delivery;
use dauys_events::Transcribed;
use dauys_tickets::{Clocks, open_ticket};
use std::sync::Arc;

/// Opens tickets from transcripts.
pub struct Transcripts {
    /// Where tickets are kept.
    pub store: Arc<dyn Store>,
    /// How the city reads what was heard.
    pub reader: Arc<dyn Reader>,
    /// The city's calendar.
    pub clocks: Clocks,
    /// The clock.
    pub clock: Clock,
}

#[async_trait]
impl Handle for Transcripts {
    fn stage(&self) -> &'static str {
        "router"
    }

    async fn handle(&self, delivery: &Delivery) -> Result<(), Setback> {
        let transcribed = delivery.event::<Transcribed>()?.data;
        let reading = self.reader.read(&transcribed);
        let opening = open_ticket(&transcribed, 0, reading, &self.clocks, (self.clock)());
        let status = opening.ticket().status;
        let recorded = &transcribed.recorded;
        let intake = Intake {
            intake_id: transcribed.intake_id,
            registration_number: recorded.registration_number,
            call_id: recorded.call_id,
            contact: recorded.contact.clone(),
            traceparent: delivery.message.traceparent.clone(),
            tickets: vec![opening],
        };
        match self.store.open_intake(&intake).await {
            Ok(Opened::New) => {
                let waited = (self.clock)().duration_since(recorded.last_word_at).as_secs_f64().max(0.0);
                metrics::histogram!("dauys_last_word_to_cabinet_seconds").record(waited);
                metrics::counter!("dauys_tickets_opened_total", "status" => status.name()).increment(1);
                tracing::info!(intake = %intake.intake_id, status = status.name(), waited, "ticket opened");
                Ok(())
            }
            Ok(Opened::Already) => {
                metrics::counter!("dauys_intakes_repeated_total").increment(1);
                Ok(())
            }
            Err(error) => Err(setback(error)),
        }
    }
}

/// Sets a message aside only where its own content is what the store cannot take: whatever else is wrong with a database,
/// a citizen's words wait until it is mended.
pub(super) fn setback(error: StoreError) -> Setback {
    match error {
        StoreError::Invalid(reason) => Setback::Never(reason),
        other => Setback::Later(other.to_string()),
    }
}
