//! Reading incidents, their reports and their history.

use super::value::{incident_id, micros, number, time, unreadable, whole};
use super::{Backend, Db};
use crate::store::{IncidentEntry, IncidentFilter, Member, Recent, Reported, StoreError};
use dauys_events::{Actor, AgencyId, Incident, IncidentChange, IncidentId, Ticket, TicketId};
use dauys_incidents::Why;
use jiff::{SignedDuration, Timestamp};
use sqlx::QueryBuilder;
use sqlx::types::Json;
use uuid::Uuid;

const MOST_ASKED: usize = 500;

pub(super) async fn lease(
    store: &Backend,
    holder: Uuid,
    now: Timestamp,
    lease: SignedDuration,
) -> Result<Option<i64>, StoreError> {
    let until = now.checked_add(lease).unwrap_or(Timestamp::MAX);
    let mut tx = store.begin().await?;
    let epoch: Option<i64> = sqlx::query_scalar(
        "UPDATE incident_book SET holder = $1, until = $2 WHERE one = 1 AND (holder = $1 OR until < $3) RETURNING epoch",
    )
    .bind(holder.to_string())
    .bind(micros(until))
    .bind(micros(now))
    .fetch_optional(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(epoch)
}

type ReportRow = (Json<Ticket>, Option<String>, Option<String>);

fn reported((Json(ticket), number, incident): ReportRow) -> Result<Reported, StoreError> {
    Ok(Reported { ticket, number, incident: incident.as_deref().map(incident_id).transpose()? })
}

pub(super) async fn waiting(store: &Backend, limit: u32) -> Result<Vec<Reported>, StoreError> {
    let rows: Vec<ReportRow> = sqlx::query_as(
        "SELECT tickets.state, COALESCE(contacts.number, contacts.callback), incident_members.incident_id
         FROM incident_queue
         JOIN tickets ON tickets.ticket_id = incident_queue.ticket_id
         JOIN contacts ON contacts.intake_id = tickets.intake_id
         LEFT JOIN incident_members ON incident_members.ticket_id = tickets.ticket_id
         ORDER BY incident_queue.id LIMIT $1",
    )
    .bind(i64::from(limit))
    .fetch_all(store.reader())
    .await?;
    rows.into_iter().map(reported).collect()
}

pub(super) async fn waiting_count(store: &Backend) -> Result<u64, StoreError> {
    let waiting: i64 = sqlx::query_scalar("SELECT count(*) FROM incident_queue").fetch_one(store.reader()).await?;
    Ok(waiting.unsigned_abs())
}

pub(super) async fn recent(store: &Backend, since: Timestamp, limit: u32) -> Result<Recent, StoreError> {
    let incidents: Vec<Json<Incident>> =
        sqlx::query_scalar("SELECT state FROM incidents WHERE status = 'active' ORDER BY last_report_at DESC LIMIT $1")
            .bind(i64::from(limit))
            .fetch_all(store.reader())
            .await?;
    let rows: Vec<ReportRow> = sqlx::query_as(
        "SELECT tickets.state, COALESCE(contacts.number, contacts.callback), incident_members.incident_id
         FROM tickets
         JOIN contacts ON contacts.intake_id = tickets.intake_id
         LEFT JOIN incident_members ON incident_members.ticket_id = tickets.ticket_id
         LEFT JOIN incident_queue ON incident_queue.ticket_id = tickets.ticket_id
         WHERE tickets.received_at >= $1 AND tickets.kind = 'request' AND incident_queue.id IS NULL
         ORDER BY tickets.received_at DESC, tickets.ticket_id DESC LIMIT $2",
    )
    .bind(micros(since))
    .bind(i64::from(limit))
    .fetch_all(store.reader())
    .await?;
    let mut reports: Vec<Reported> = rows.into_iter().map(reported).collect::<Result<_, _>>()?;
    reports.sort_by_key(|reported| (reported.ticket.last_word_at, reported.ticket.ticket_id));
    Ok(Recent { incidents: incidents.into_iter().map(|Json(incident)| incident).collect(), reports })
}

pub(super) async fn list(store: &Backend, filter: &IncidentFilter, limit: u32) -> Result<Vec<Incident>, StoreError> {
    let mut query = QueryBuilder::<Db>::new("SELECT state FROM incidents WHERE ");
    match filter.id {
        Some(id) => query.push("incident_id = ").push_bind(id.to_string()),
        None if filter.active => query.push("status = 'active'"),
        None => query.push("status IN ('active', 'ended')"),
    };
    if let Some(agency) = &filter.agency {
        query.push(
            " AND EXISTS (SELECT 1 FROM incident_members JOIN tickets ON tickets.ticket_id = incident_members.ticket_id
                WHERE incident_members.incident_id = incidents.incident_id AND tickets.agency = ",
        );
        query.push_bind(agency.0.clone()).push(")");
    }
    query.push(" ORDER BY last_report_at DESC, incident_id DESC LIMIT ").push_bind(i64::from(limit));
    let rows: Vec<Json<Incident>> = query.build_query_scalar().fetch_all(store.reader()).await?;
    Ok(rows.into_iter().map(|Json(incident)| incident).collect())
}

pub(super) async fn of(store: &Backend, tickets: &[TicketId]) -> Result<Vec<(TicketId, Incident)>, StoreError> {
    let mut found = Vec::new();
    for asked in tickets.chunks(MOST_ASKED) {
        let mut query = QueryBuilder::<Db>::new(
            "SELECT incident_members.ticket_id, incidents.state FROM incident_members
             JOIN incidents ON incidents.incident_id = incident_members.incident_id
             WHERE incident_members.ticket_id IN (",
        );
        let mut list = query.separated(", ");
        for ticket in asked {
            list.push_bind(ticket.to_string());
        }
        query.push(")");
        let rows: Vec<(String, Json<Incident>)> = query.build_query_as().fetch_all(store.reader()).await?;
        for (ticket, Json(incident)) in rows {
            found.push((super::value::id(&ticket)?, incident));
        }
    }
    Ok(found)
}

type MemberRow = (Json<Ticket>, i64, String);

pub(super) async fn members(
    store: &Backend,
    incident: IncidentId,
    agency: Option<&AgencyId>,
    limit: u32,
) -> Result<Vec<Member>, StoreError> {
    let rows: Vec<MemberRow> = sqlx::query_as(
        "SELECT tickets.state, incident_members.joined_at, incident_members.why FROM incident_members
         JOIN tickets ON tickets.ticket_id = incident_members.ticket_id
         WHERE incident_members.incident_id = $1 AND ($3 = 0 OR tickets.agency = $4)
         ORDER BY tickets.received_at, tickets.ticket_id LIMIT $2",
    )
    .bind(incident.to_string())
    .bind(i64::from(limit))
    .bind(i64::from(agency.is_some()))
    .bind(agency.map_or("", |agency| agency.0.as_str()))
    .fetch_all(store.reader())
    .await?;
    rows.into_iter()
        .map(|(Json(ticket), joined_at, why)| {
            let why = Why::from_name(&why).ok_or_else(|| unreadable("reason"))?;
            Ok(Member { ticket, joined_at: time(joined_at)?, why })
        })
        .collect()
}

type EntryRow = (i64, i64, i64, Json<IncidentChange>, Json<Actor>, Option<String>, Option<i64>);

pub(super) async fn history(store: &Backend, incident: IncidentId) -> Result<Vec<IncidentEntry>, StoreError> {
    let rows: Vec<EntryRow> = sqlx::query_as(
        "SELECT id, revision, at, change, actor, reason, undone_at FROM incident_changes
         WHERE incident_id = $1 ORDER BY id",
    )
    .bind(incident.to_string())
    .fetch_all(store.reader())
    .await?;
    rows.into_iter()
        .map(|(id, revision, at, Json(change), Json(actor), reason, undone_at)| {
            let undone_at = undone_at.map(time).transpose()?;
            Ok(IncidentEntry { id, revision: number(revision)?, at: time(at)?, change, actor, reason, undone_at })
        })
        .collect()
}

/// Puts a ticket among those of which nobody has decided; one that belongs to an incident stays there, and one that opened
/// an incident before is left to people.
pub(super) async fn enqueue(tx: &mut super::Tx, ticket: TicketId) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO incident_queue (ticket_id) SELECT ticket_id FROM tickets WHERE ticket_id = $1 AND kind = 'request'
             AND NOT EXISTS (SELECT 1 FROM incident_members WHERE incident_members.ticket_id = tickets.ticket_id)
             AND NOT EXISTS (SELECT 1 FROM incidents WHERE incidents.incident_id = $2)
         ON CONFLICT (ticket_id) DO NOTHING",
    )
    .bind(ticket.to_string())
    .bind(IncidentId::of(ticket).to_string())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Returns an incident's revision as databases keep it.
pub(super) fn revision(incident: &Incident) -> i64 {
    whole(incident.revision.into())
}
