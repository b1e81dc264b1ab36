//! Writing what the book of incidents decided, with the events that tell of it, in one transaction.

use super::incidents::revision;
use super::value::{micros, number, time};
use super::{Backend, Db, Tx};
use crate::store::{Grouping, StoreError};
use dauys_bus::Message;
use dauys_events::{
    Actor, Incident, IncidentChange, IncidentChanged, IncidentId, IncidentScope, IncidentStatus, Ticket, TicketId,
};
use dauys_incidents::{Decision, Scope, Why};
use jiff::Timestamp;
use sqlx::QueryBuilder;
use sqlx::types::Json;
use std::collections::{BTreeMap, BTreeSet};

pub(super) async fn write(store: &Backend, grouping: &Grouping) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    hold(&mut tx, grouping).await?;
    let mut joined: BTreeMap<IncidentId, Vec<TicketId>> = BTreeMap::new();
    for (ticket, decision) in &grouping.decided {
        sqlx::query("DELETE FROM incident_queue WHERE ticket_id = $1")
            .bind(ticket.ticket_id.to_string())
            .execute(&mut *tx)
            .await?;
        match decision {
            Decision::Alone => {}
            Decision::Joins { incident, why } => {
                admit(&mut tx, *incident, &[ticket.ticket_id], *why, grouping.at).await?;
                joined.entry(*incident).or_default().push(ticket.ticket_id);
            }
            Decision::Opens { .. } => {
                flush(&mut tx, &mut joined, grouping.at).await?;
                open(&mut tx, ticket, decision, grouping.at).await?;
            }
        }
    }
    flush(&mut tx, &mut joined, grouping.at).await?;
    for incident in &grouping.ended {
        end(&mut tx, *incident, grouping.at).await?;
    }
    store.commit_with_outbox(tx).await
}

/// Takes the book's row for this transaction. Where another process holds it, or a person has changed an incident
/// meanwhile, what was decided rests on what is no longer so.
async fn hold(tx: &mut Tx, grouping: &Grouping) -> Result<(), StoreError> {
    let held = sqlx::query(
        "UPDATE incident_book SET epoch = epoch WHERE one = 1 AND holder = $1 AND until >= $2 AND epoch = $3",
    )
    .bind(grouping.holder.to_string())
    .bind(micros(grouping.at))
    .bind(grouping.epoch)
    .execute(&mut **tx)
    .await?;
    if held.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Conflict { expected: 0, current: 0 }) }
}

/// Takes the book's row for this transaction and lets whoever holds the book read it anew.
pub(super) async fn count_edit(tx: &mut Tx) -> Result<(), StoreError> {
    sqlx::query("UPDATE incident_book SET epoch = epoch + 1 WHERE one = 1").execute(&mut **tx).await?;
    Ok(())
}

/// Tells of the reports that came to incidents, once for each incident.
async fn flush(tx: &mut Tx, joined: &mut BTreeMap<IncidentId, Vec<TicketId>>, at: Timestamp) -> Result<(), StoreError> {
    for (incident, tickets) in std::mem::take(joined) {
        let state = load(tx, incident).await?;
        let change = IncidentChange::Joined { tickets };
        save(tx, state, Told { change, actor: &Actor::System, reason: None, at }).await?;
    }
    Ok(())
}

async fn open(tx: &mut Tx, ticket: &Ticket, decision: &Decision, at: Timestamp) -> Result<(), StoreError> {
    let Decision::Opens { incident, scope, members, absorbs, why } = decision else { return Ok(()) };
    let state = opened(ticket, *incident, scope, at);
    insert(tx, &state).await?;
    // What belongs to an incident that is taken in moves with it, so that a person can take the merger back.
    let mut fresh: BTreeSet<TicketId> = members.iter().copied().collect();
    for absorbed in absorbs {
        for held in tickets_of(tx, *absorbed).await? {
            fresh.remove(&held);
        }
    }
    let tickets: Vec<TicketId> = fresh.into_iter().collect();
    admit(tx, *incident, &tickets, *why, at).await?;
    save(tx, state, Told { change: IncidentChange::Opened { tickets }, actor: &Actor::System, reason: None, at })
        .await?;
    for absorbed in absorbs {
        merge(tx, *absorbed, *incident, &Actor::System, None, at).await?;
    }
    Ok(())
}

fn opened(ticket: &Ticket, incident_id: IncidentId, scope: &Scope, at: Timestamp) -> Incident {
    let (scope, unit) = match scope {
        Scope::Place => (IncidentScope::Place, ticket.place.as_ref().and_then(|place| place.unit.clone())),
        Scope::Area(area) => (IncidentScope::Area, Some(area.unit.clone())),
    };
    Incident {
        incident_id,
        revision: 0,
        status: IncidentStatus::Active,
        category: ticket.category.clone(),
        scope,
        unit,
        place: ticket.place.clone(),
        agency: ticket.agency.clone(),
        tickets: 0,
        reporters: 0,
        first_report_at: ticket.last_word_at,
        last_report_at: ticket.last_word_at,
        opened_at: at,
        changed_at: at,
        merged_into: None,
    }
}

pub(super) async fn insert(tx: &mut Tx, state: &Incident) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO incidents (incident_id, revision, status, category, last_report_at, tickets, state)
         VALUES ($1, $2, $3, $4, $5, 0, $6)",
    )
    .bind(state.incident_id.to_string())
    .bind(revision(state))
    .bind(state.status.name())
    .bind(&state.category)
    .bind(micros(state.last_report_at))
    .bind(Json(state))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Writes tickets into an incident; one that belongs to another moves.
pub(super) async fn admit(
    tx: &mut Tx,
    incident: IncidentId,
    tickets: &[TicketId],
    why: Why,
    at: Timestamp,
) -> Result<(), StoreError> {
    for ticket in tickets {
        sqlx::query(
            "INSERT INTO incident_members (ticket_id, incident_id, joined_at, why) VALUES ($1, $2, $3, $4)
             ON CONFLICT (ticket_id) DO UPDATE SET incident_id = excluded.incident_id, joined_at = excluded.joined_at,
                 why = excluded.why WHERE incident_members.incident_id <> excluded.incident_id",
        )
        .bind(ticket.to_string())
        .bind(incident.to_string())
        .bind(micros(at))
        .bind(why.name())
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

/// Moves an incident's reports into another and tells of it on both.
pub(super) async fn merge(
    tx: &mut Tx,
    from: IncidentId,
    into: IncidentId,
    actor: &Actor,
    reason: Option<&str>,
    at: Timestamp,
) -> Result<(), StoreError> {
    let tickets = tickets_of(tx, from).await?;
    sqlx::query("UPDATE incident_members SET incident_id = $2 WHERE incident_id = $1")
        .bind(from.to_string())
        .bind(into.to_string())
        .execute(&mut **tx)
        .await?;
    let mut state = load(tx, from).await?;
    state.status = IncidentStatus::Merged;
    state.merged_into = Some(into);
    let change = IncidentChange::Merged { from, into, tickets };
    save(tx, state, Told { change: change.clone(), actor, reason, at }).await?;
    let state = load(tx, into).await?;
    save(tx, state, Told { change, actor, reason, at }).await
}

async fn end(tx: &mut Tx, incident: IncidentId, at: Timestamp) -> Result<(), StoreError> {
    let mut state = load(tx, incident).await?;
    if state.status != IncidentStatus::Active {
        return Ok(());
    }
    state.status = IncidentStatus::Ended;
    save(tx, state, Told { change: IncidentChange::Ended, actor: &Actor::System, reason: None, at }).await
}

pub(super) async fn tickets_of(tx: &mut Tx, incident: IncidentId) -> Result<Vec<TicketId>, StoreError> {
    let rows: Vec<String> =
        sqlx::query_scalar("SELECT ticket_id FROM incident_members WHERE incident_id = $1 ORDER BY ticket_id")
            .bind(incident.to_string())
            .fetch_all(&mut **tx)
            .await?;
    rows.iter().map(|row| super::value::id(row)).collect()
}

pub(super) async fn load(tx: &mut Tx, incident: IncidentId) -> Result<Incident, StoreError> {
    let state: Option<Json<Incident>> = sqlx::query_scalar("SELECT state FROM incidents WHERE incident_id = $1")
        .bind(incident.to_string())
        .fetch_optional(&mut **tx)
        .await?;
    state.map(|Json(incident)| incident).ok_or(StoreError::NotFound)
}

/// What is told of a change.
pub(super) struct Told<'a> {
    pub(super) change: IncidentChange,
    pub(super) actor: &'a Actor,
    pub(super) reason: Option<&'a str>,
    pub(super) at: Timestamp,
}

type Counts = (i64, i64, Option<i64>, Option<i64>);

/// Writes an incident's next revision with its numbers counted anew, its history and its event.
pub(super) async fn save(tx: &mut Tx, mut state: Incident, told: Told<'_>) -> Result<(), StoreError> {
    let (tickets, reporters, first, last): Counts = sqlx::query_as(
        "SELECT count(*), count(DISTINCT COALESCE(contacts.number, contacts.callback, tickets.ticket_id)),
             min(tickets.last_word_at), max(tickets.last_word_at)
         FROM incident_members
         JOIN tickets ON tickets.ticket_id = incident_members.ticket_id
         JOIN contacts ON contacts.intake_id = tickets.intake_id
         WHERE incident_members.incident_id = $1",
    )
    .bind(state.incident_id.to_string())
    .fetch_one(&mut **tx)
    .await?;
    state.revision = state.revision.saturating_add(1);
    state.changed_at = told.at;
    if state.status != IncidentStatus::Merged {
        (state.tickets, state.reporters) = (number(tickets)?, number(reporters)?);
        state.first_report_at = first.map(time).transpose()?.unwrap_or(state.first_report_at);
        state.last_report_at = last.map(time).transpose()?.unwrap_or(state.last_report_at);
    }
    sqlx::query(
        "UPDATE incidents SET revision = $2, status = $3, last_report_at = $4, tickets = $5, state = $6
         WHERE incident_id = $1",
    )
    .bind(state.incident_id.to_string())
    .bind(revision(&state))
    .bind(state.status.name())
    .bind(micros(state.last_report_at))
    .bind(i64::from(state.tickets))
    .bind(Json(&state))
    .execute(&mut **tx)
    .await?;
    // Who came when stands with each report: the history tells of what people may take back.
    if !matches!(told.change, IncidentChange::Joined { .. }) {
        entry(tx, &state, &told).await?;
    }
    publish(tx, state, told).await
}

async fn entry(tx: &mut Tx, state: &Incident, told: &Told<'_>) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO incident_changes (incident_id, revision, at, change, actor, reason)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(state.incident_id.to_string())
    .bind(revision(state))
    .bind(micros(told.at))
    .bind(Json(&told.change))
    .bind(Json(told.actor))
    .bind(told.reason)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn publish(tx: &mut Tx, incident: Incident, told: Told<'_>) -> Result<(), StoreError> {
    let Told { change, actor, reason, at } = told;
    let changed = IncidentChanged { incident, change, actor: actor.clone(), reason: reason.map(str::to_owned) };
    let message = Message::of(at, changed).map_err(|error| StoreError::Refused(error.to_string()))?;
    sqlx::query("INSERT INTO outbox (topic, key, payload, traceparent, created_at) VALUES ($1, $2, $3, NULL, $4)")
        .bind(message.topic.name())
        .bind(&message.key)
        .bind(message.payload.as_ref())
        .bind(micros(at))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Moves those of `tickets` that belong to `from` into `to` (none: out of any incident), and returns them.
pub(super) async fn transfer(
    tx: &mut Tx,
    tickets: &[TicketId],
    from: IncidentId,
    to: Option<IncidentId>,
) -> Result<Vec<TicketId>, StoreError> {
    let own: BTreeSet<TicketId> = tickets_of(tx, from).await?.into_iter().collect();
    let moving: Vec<TicketId> = tickets.iter().copied().filter(|ticket| own.contains(ticket)).collect();
    for some in moving.chunks(500) {
        let mut query = match to {
            Some(to) => {
                let mut query = QueryBuilder::<Db>::new("UPDATE incident_members SET incident_id = ");
                query.push_bind(to.to_string());
                query
            }
            None => QueryBuilder::<Db>::new("DELETE FROM incident_members"),
        };
        query.push(" WHERE ticket_id IN (");
        let mut list = query.separated(", ");
        for ticket in some {
            list.push_bind(ticket.to_string());
        }
        query.push(")");
        query.build().execute(&mut **tx).await?;
    }
    Ok(moving)
}
