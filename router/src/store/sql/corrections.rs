//! What inspectors corrected.

use super::value::{id, micros, time, unreadable, whole};
use super::{Backend, Tx};
use crate::store::{Correction, CorrectionState, StoreError};
use dauys_events::{Actor, Change, Ticket};
use dauys_tickets::Transition;
use jiff::Timestamp;
use sqlx::FromRow;
use sqlx::types::Json;

/// Keeps a category that a person corrected; an earlier correction of the same ticket that nobody has looked at gives way.
pub(super) async fn keep(tx: &mut Tx, transition: &Transition) -> Result<(), StoreError> {
    let changed = &transition.changed;
    let (Change::Recategorised { from, to }, Actor::Account { login, .. }) = (&changed.change, &changed.actor) else {
        return Ok(());
    };
    let ticket = &changed.ticket;
    sqlx::query(
        "UPDATE corrections SET state = 'superseded' WHERE ticket_id = $1 AND state IN ('pending', 'accepted')",
    )
    .bind(ticket.ticket_id.to_string())
    .execute(&mut **tx)
    .await?;
    sqlx::query(
        "INSERT INTO corrections (ticket_id, revision, at, login, category_from, category_to, guess, model, reason, state)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'pending')",
    )
    .bind(ticket.ticket_id.to_string())
    .bind(whole(ticket.revision.into()))
    .bind(micros(ticket.changed_at))
    .bind(login)
    .bind(from)
    .bind(to)
    .bind(transition.guess.as_deref())
    .bind(&ticket.model)
    .bind(&changed.reason)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

#[derive(FromRow)]
struct Row {
    id: i64,
    ticket_id: String,
    at: i64,
    login: String,
    category_from: String,
    category_to: String,
    guess: Option<String>,
    model: Option<String>,
    reason: Option<String>,
    correction_state: String,
    reviewed_by: Option<String>,
    reviewed_at: Option<i64>,
    ticket: Json<Ticket>,
}

impl Row {
    fn read(self) -> Result<Correction, StoreError> {
        let reviewed_at = self.reviewed_at.map(time).transpose()?;
        let Json(ticket) = self.ticket;
        Ok(Correction {
            id: self.id,
            ticket_id: id(&self.ticket_id)?,
            transcript: ticket.transcript,
            language: ticket.language,
            from: self.category_from,
            to: self.category_to,
            guess: self.guess,
            model: self.model,
            login: self.login,
            at: time(self.at)?,
            reason: self.reason,
            state: CorrectionState::from_name(&self.correction_state).ok_or_else(|| unreadable("state"))?,
            reviewed: self.reviewed_by.zip(reviewed_at),
        })
    }
}

pub(super) async fn list(
    store: &Backend,
    state: Option<CorrectionState>,
    after: i64,
    limit: u32,
) -> Result<Vec<Correction>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT corrections.id, corrections.ticket_id, corrections.at, corrections.login, corrections.category_from,
             corrections.category_to, corrections.guess, corrections.model, corrections.reason,
             corrections.state AS correction_state, corrections.reviewed_by, corrections.reviewed_at,
             tickets.state AS ticket
         FROM corrections JOIN tickets ON tickets.ticket_id = corrections.ticket_id
         WHERE corrections.id > $1 AND ($2 = '' OR corrections.state = $2) ORDER BY corrections.id LIMIT $3",
    )
    .bind(after)
    .bind(state.map_or("", CorrectionState::name))
    .bind(i64::from(limit))
    .fetch_all(store.reader())
    .await?;
    rows.into_iter().map(Row::read).collect()
}

pub(super) async fn review(
    store: &Backend,
    correction: i64,
    state: CorrectionState,
    login: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    let updated = sqlx::query(
        "UPDATE corrections SET state = $2, reviewed_by = $3, reviewed_at = $4 WHERE id = $1 AND state <> 'superseded'",
    )
    .bind(correction)
    .bind(state.name())
    .bind(login)
    .bind(micros(at))
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    if updated.rows_affected() == 0 { Err(StoreError::NotFound) } else { Ok(()) }
}
