//! An intake becomes its tickets, once.

use super::incidents::enqueue;
use super::tickets::{history_row, outgoing};
use super::value::{micros, name_of, whole};
use super::{Backend, Tx};
use crate::store::{Intake, Opened, StoreError, tickets::rank};
use dauys_events::{Language, Ticket};
use sqlx::types::Json;

pub(super) async fn open(store: &Backend, intake: &Intake) -> Result<Opened, StoreError> {
    let Some(first) = intake.tickets.first() else {
        return Err(StoreError::Invalid("an intake opens at least one ticket".to_owned()));
    };
    let mut tx = store.begin().await?;
    let inserted = sqlx::query(
        "INSERT INTO intakes (intake_id, registration_number, call_id, opened_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (intake_id) DO NOTHING",
    )
    .bind(intake.intake_id.to_string())
    .bind(intake.registration_number.to_string())
    .bind(intake.call_id.map(|id| id.to_string()))
    .bind(micros(first.ticket().opened_at))
    .execute(&mut *tx)
    .await?;
    if inserted.rows_affected() == 0 {
        return Ok(Opened::Already);
    }
    contact(&mut tx, intake).await?;
    for (ordinal, opening) in (0i64..).zip(&intake.tickets) {
        insert(&mut tx, ordinal, opening.ticket()).await?;
        history_row(&mut tx, opening).await?;
        outgoing(&mut tx, opening, intake.traceparent.as_deref()).await?;
        enqueue(&mut tx, opening.ticket().ticket_id).await?;
    }
    store.commit_with_outbox(tx).await?;
    Ok(Opened::New)
}

async fn contact(tx: &mut Tx, intake: &Intake) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO contacts (intake_id, number, name, spoken_name, callback, language)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(intake.intake_id.to_string())
    .bind(&intake.contact.number)
    .bind(&intake.contact.name)
    .bind(&intake.spoken.name)
    .bind(&intake.spoken.number)
    .bind(intake.spoken.language.map(Language::code))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn insert(tx: &mut Tx, ordinal: i64, ticket: &Ticket) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO tickets (ticket_id, intake_id, ordinal, registration_number, external_id, revision, status, category,
             unit, agency, priority, received_at, last_word_at, opened_at, changed_at, due_at, legal_due_at, done_at,
             confirmed_at, reopened, state, kind, answered)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, 0, $20, $21, $22)",
    )
    .bind(ticket.ticket_id.to_string())
    .bind(ticket.intake_id.to_string())
    .bind(ordinal)
    .bind(ticket.registration_number.to_string())
    .bind(&ticket.external_id)
    .bind(whole(ticket.revision.into()))
    .bind(ticket.status.name())
    .bind(&ticket.category)
    .bind(unit(ticket))
    .bind(&ticket.agency.0)
    .bind(rank(ticket.priority))
    .bind(micros(ticket.received_at))
    .bind(micros(ticket.last_word_at))
    .bind(micros(ticket.opened_at))
    .bind(micros(ticket.changed_at))
    .bind(micros(ticket.due_at))
    .bind(micros(ticket.legal_due_at))
    .bind(ticket.done_at.map(micros))
    .bind(ticket.confirmed_at.map(micros))
    .bind(Json(ticket))
    .bind(name_of(&ticket.kind)?)
    .bind(i64::from(ticket.answer.is_some()))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(super) fn unit(ticket: &Ticket) -> Option<String> {
    ticket.place.as_ref().and_then(|place| place.unit.clone())
}

impl Backend {
    /// Commits a transaction that wrote to the outbox, and wakes who publishes it.
    pub(super) async fn commit_with_outbox(&self, mut tx: Tx) -> Result<(), StoreError> {
        Self::announce_outbox(&mut tx).await?;
        tx.commit().await?;
        self.written.notify_one();
        Ok(())
    }
}
