//! Reading and changing one ticket.

use super::intake::unit;
use super::value::{micros, number, status, time, whole};
use super::{Backend, Db, Tx, corrections, incidents};
use crate::store::{Account, ContactDetails, HistoryEntry, SpokenContact, StoreError, tickets::rank};
use dauys_bus::Message;
use dauys_events::{Actor, AgencyId, Change, Contact, Language, Ticket, TicketId};
use dauys_tickets::Transition;
use jiff::Timestamp;
use sqlx::types::Json;

pub(super) async fn apply(store: &Backend, transition: &Transition) -> Result<(), StoreError> {
    let ticket = transition.ticket();
    let change = &transition.changed.change;
    let expected = ticket.revision.saturating_sub(1);
    let mut tx = store.begin().await?;
    let updated = sqlx::query(
        "UPDATE tickets SET revision = $3, status = $4, category = $5, unit = $6, agency = $7, priority = $8,
             changed_at = $9, due_at = $10, legal_due_at = $11, done_at = COALESCE($12, done_at), confirmed_at = $13,
             reopened = reopened + $14, state = $15
         WHERE ticket_id = $1 AND revision = $2",
    )
    .bind(ticket.ticket_id.to_string())
    .bind(whole(expected.into()))
    .bind(whole(ticket.revision.into()))
    .bind(ticket.status.name())
    .bind(&ticket.category)
    .bind(unit(ticket))
    .bind(&ticket.agency.0)
    .bind(rank(ticket.priority))
    .bind(micros(ticket.changed_at))
    .bind(micros(ticket.due_at))
    .bind(micros(ticket.legal_due_at))
    .bind((*change == Change::Done).then(|| micros(ticket.changed_at)))
    .bind(ticket.confirmed_at.map(micros))
    .bind(i64::from(*change == Change::Reopened))
    .bind(Json(ticket))
    .execute(&mut *tx)
    .await?;
    if updated.rows_affected() == 0 {
        return Err(why_not(&mut tx, ticket.ticket_id, expected).await);
    }
    history_row(&mut tx, transition).await?;
    outgoing(&mut tx, transition, None).await?;
    if matches!(change, Change::Recategorised { .. }) {
        corrections::keep(&mut tx, transition).await?;
        incidents::enqueue(&mut tx, ticket.ticket_id).await?;
    }
    store.commit_with_outbox(tx).await
}

async fn why_not(tx: &mut Tx, ticket: TicketId, expected: u32) -> StoreError {
    let found: Result<Option<i64>, _> = sqlx::query_scalar("SELECT revision FROM tickets WHERE ticket_id = $1")
        .bind(ticket.to_string())
        .fetch_optional(&mut **tx)
        .await;
    match found {
        Ok(Some(current)) => match number(current) {
            Ok(current) => StoreError::Conflict { expected, current },
            Err(error) => error,
        },
        Ok(None) => StoreError::NotFound,
        Err(error) => error.into(),
    }
}

pub(super) async fn history_row(tx: &mut Tx, transition: &Transition) -> Result<(), StoreError> {
    let changed = &transition.changed;
    sqlx::query(
        "INSERT INTO ticket_changes (ticket_id, revision, at, status, agency, change, actor, reason)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(changed.ticket.ticket_id.to_string())
    .bind(whole(changed.ticket.revision.into()))
    .bind(micros(changed.ticket.changed_at))
    .bind(changed.ticket.status.name())
    .bind(&changed.ticket.agency.0)
    .bind(Json(&changed.change))
    .bind(Json(&changed.actor))
    .bind(&changed.reason)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Writes what others must be told of a change. The ticket's own row is locked by now, so that the rows of one ticket get
/// their ids in the order of its revisions.
pub(super) async fn outgoing(tx: &mut Tx, transition: &Transition, trace: Option<&str>) -> Result<(), StoreError> {
    let at = transition.ticket().changed_at;
    let mut messages = vec![Message::of(at, transition.changed.clone())];
    messages.extend(transition.notices.iter().map(|notice| Message::of(at, notice.clone())));
    for message in messages {
        let message = message.map_err(|error| StoreError::Refused(error.to_string()))?;
        sqlx::query("INSERT INTO outbox (topic, key, payload, traceparent, created_at) VALUES ($1, $2, $3, $4, $5)")
            .bind(message.topic.name())
            .bind(&message.key)
            .bind(message.payload.as_ref())
            .bind(trace)
            .bind(micros(at))
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

pub(super) async fn by_id(store: &Backend, ticket: TicketId) -> Result<Option<Ticket>, StoreError> {
    let state: Option<Json<Ticket>> = sqlx::query_scalar("SELECT state FROM tickets WHERE ticket_id = $1")
        .bind(ticket.to_string())
        .fetch_optional(store.reader())
        .await?;
    Ok(state.map(|Json(ticket)| ticket))
}

pub(super) async fn by_number(store: &Backend, number: &str) -> Result<Vec<Ticket>, StoreError> {
    by(store, "SELECT state FROM tickets WHERE registration_number = $1 ORDER BY received_at, ordinal", number).await
}

pub(super) async fn by_external_id(store: &Backend, external_id: &str) -> Result<Vec<Ticket>, StoreError> {
    by(store, "SELECT state FROM tickets WHERE external_id = $1 ORDER BY received_at, ordinal", external_id).await
}

async fn by(store: &Backend, statement: &'static str, value: &str) -> Result<Vec<Ticket>, StoreError> {
    let states: Vec<Json<Ticket>> =
        sqlx::query_scalar::<Db, Json<Ticket>>(statement).bind(value).fetch_all(store.reader()).await?;
    Ok(states.into_iter().map(|Json(ticket)| ticket).collect())
}

type HistoryRow = (i64, i64, String, String, Json<Change>, Json<Actor>, Option<String>);

pub(super) async fn history(store: &Backend, ticket: TicketId) -> Result<Vec<HistoryEntry>, StoreError> {
    let rows: Vec<HistoryRow> = sqlx::query_as(
        "SELECT revision, at, status, agency, change, actor, reason FROM ticket_changes
         WHERE ticket_id = $1 ORDER BY revision",
    )
    .bind(ticket.to_string())
    .fetch_all(store.reader())
    .await?;
    rows.into_iter()
        .map(|(revision, at, name, agency, Json(change), Json(actor), reason)| {
            Ok(HistoryEntry {
                revision: number(revision)?,
                at: time(at)?,
                change,
                actor,
                reason,
                status: status(&name),
                agency: AgencyId(agency),
            })
        })
        .collect()
}

type ContactRow = (String, Option<String>, Option<String>, Option<String>, Option<String>, Option<String>);

pub(super) async fn contact(
    store: &Backend,
    ticket: TicketId,
    reader: &Account,
    at: Timestamp,
) -> Result<ContactDetails, StoreError> {
    let mut tx = store.begin().await?;
    let row: Option<ContactRow> = sqlx::query_as(
        "SELECT tickets.agency, contacts.number, contacts.name, contacts.spoken_name, contacts.callback,
             contacts.language FROM tickets
         JOIN contacts ON contacts.intake_id = tickets.intake_id WHERE tickets.ticket_id = $1",
    )
    .bind(ticket.to_string())
    .fetch_optional(&mut *tx)
    .await?;
    let Some((agency, number, name, spoken_name, callback, language)) = row else { return Err(StoreError::NotFound) };
    let holds = reader.agency.as_ref().is_some_and(|own| own.0 == agency);
    if reader.disabled || !(reader.is_staff() || holds) {
        return Err(StoreError::Forbidden);
    }
    sqlx::query("INSERT INTO contact_reads (ticket_id, login, at) VALUES ($1, $2, $3)")
        .bind(ticket.to_string())
        .bind(&reader.login)
        .bind(micros(at))
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    let language = language.as_deref().and_then(Language::from_code);
    let spoken = SpokenContact { name: spoken_name, number: callback, language };
    Ok(ContactDetails { network: Contact { number, name }, spoken })
}

pub(super) async fn contact_reads(store: &Backend, ticket: TicketId) -> Result<Vec<(String, Timestamp)>, StoreError> {
    let rows: Vec<(String, i64)> =
        sqlx::query_as("SELECT login, at FROM contact_reads WHERE ticket_id = $1 ORDER BY id")
            .bind(ticket.to_string())
            .fetch_all(store.reader())
            .await?;
    rows.into_iter().map(|(login, at)| Ok((login, time(at)?))).collect()
}
