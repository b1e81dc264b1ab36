//! From a transcript to a ticket in a cabinet, once for each intake.

use super::{Handle, Reader, Setback, Understood};
use crate::clock::Clock;
use crate::store::{Intake, Opened, Store, StoreError};
use async_trait::async_trait;
use dauys_bus::Delivery;
use dauys_events::{RequestKind, Transcribed};
use dauys_tickets::{Clocks, Transition, open_tickets};
use std::sync::Arc;

/// Issues of one intake that become tickets of their own; what lies beyond stays in the words of all of them.
const MOST_ISSUES: usize = 4;

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
        let Understood { mut issues, spoken } = self.reader.read(&transcribed);
        issues.truncate(MOST_ISSUES);
        let reachable = spoken.number.is_some();
        let tickets = open_tickets(&transcribed, issues, reachable, &self.clocks, (self.clock)());
        let recorded = &transcribed.recorded;
        let intake = Intake {
            intake_id: transcribed.intake_id,
            registration_number: recorded.registration_number,
            call_id: recorded.call_id,
            contact: recorded.contact.clone(),
            spoken,
            traceparent: delivery.message.traceparent.clone(),
            tickets,
        };
        match self.store.open_intake(&intake).await {
            Ok(Opened::New) => {
                let waited = (self.clock)().duration_since(recorded.last_word_at).as_secs_f64().max(0.0);
                metrics::histogram!("dauys_last_word_to_cabinet_seconds").record(waited);
                intake.tickets.iter().for_each(count);
                tracing::info!(intake = %intake.intake_id, tickets = intake.tickets.len(), waited, "tickets opened");
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

fn count(opening: &Transition) {
    let ticket = opening.ticket();
    metrics::counter!("dauys_tickets_opened_total", "status" => ticket.status.name()).increment(1);
    if ticket.kind == RequestKind::Question {
        let answered = if ticket.answer.is_some() { "yes" } else { "no" };
        metrics::counter!("dauys_questions_total", "answered" => answered).increment(1);
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
