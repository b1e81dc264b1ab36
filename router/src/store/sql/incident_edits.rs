//! What people do to incidents: merge, split, take back, end. Each change stands in the history with who, when and why.

use super::grouping::{Told, admit, count_edit, insert, load, merge, save, tickets_of, transfer};
use super::value::micros;
use super::{Backend, Tx};
use crate::store::{IncidentAction, IncidentEdit, StoreError};
use dauys_events::{Incident, IncidentChange, IncidentId, IncidentStatus, TicketId};
use dauys_incidents::Why;
use sqlx::types::Json;

pub(super) async fn apply(store: &Backend, edit: &IncidentEdit) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    count_edit(&mut tx).await?;
    let state = load(&mut tx, edit.incident).await?;
    if state.revision != edit.revision {
        return Err(StoreError::Conflict { expected: edit.revision, current: state.revision });
    }
    if state.status == IncidentStatus::Merged {
        return Err(StoreError::Invalid("the incident was merged into another: change that one".to_owned()));
    }
    match &edit.action {
        IncidentAction::Merge { from } => take_in(&mut tx, &state, *from, edit).await?,
        IncidentAction::Split { tickets, into } => split(&mut tx, state, tickets, *into, edit).await?,
        IncidentAction::Undo { change } => undo(&mut tx, state, *change, edit).await?,
        IncidentAction::End => {
            let ended = Incident { status: IncidentStatus::Ended, ..state };
            save(&mut tx, ended, told(edit, IncidentChange::Ended)).await?;
        }
    }
    store.commit_with_outbox(tx).await
}

fn told(edit: &IncidentEdit, change: IncidentChange) -> Told<'_> {
    Told { change, actor: &edit.actor, reason: Some(&edit.reason), at: edit.at }
}

async fn take_in(tx: &mut Tx, state: &Incident, from: IncidentId, edit: &IncidentEdit) -> Result<(), StoreError> {
    let other = load(tx, from).await?;
    if from == state.incident_id || other.status == IncidentStatus::Merged {
        return Err(StoreError::Invalid("there is nothing in that incident to take in".to_owned()));
    }
    merge(tx, from, state.incident_id, &edit.actor, Some(&edit.reason), edit.at).await
}

async fn split(
    tx: &mut Tx,
    state: Incident,
    tickets: &[TicketId],
    into: IncidentId,
    edit: &IncidentEdit,
) -> Result<(), StoreError> {
    let own = tickets_of(tx, state.incident_id).await?;
    if tickets.is_empty() || !tickets.iter().all(|ticket| own.contains(ticket)) {
        return Err(StoreError::Invalid("these are not reports of the incident".to_owned()));
    }
    if tickets.len() >= own.len() {
        return Err(StoreError::Invalid("an incident keeps at least one report".to_owned()));
    }
    let into = (tickets.len() > 1).then_some(into);
    if let Some(into) = into {
        let fresh = Incident {
            incident_id: into,
            revision: 0,
            status: IncidentStatus::Active,
            opened_at: edit.at,
            merged_into: None,
            ..state.clone()
        };
        insert(tx, &fresh).await?;
        transfer(tx, tickets, state.incident_id, Some(into)).await?;
        save(tx, fresh, told(edit, IncidentChange::Opened { tickets: tickets.to_vec() })).await?;
    } else {
        transfer(tx, tickets, state.incident_id, None).await?;
    }
    save(tx, state, told(edit, IncidentChange::Split { into, tickets: tickets.to_vec() })).await
}

type ChangeRow = (Json<IncidentChange>, Option<i64>);

async fn undo(tx: &mut Tx, state: Incident, change: i64, edit: &IncidentEdit) -> Result<(), StoreError> {
    let row: Option<ChangeRow> =
        sqlx::query_as("SELECT change, undone_at FROM incident_changes WHERE id = $1 AND incident_id = $2")
            .bind(change)
            .bind(state.incident_id.to_string())
            .fetch_optional(&mut **tx)
            .await?;
    let Some((Json(done), undone_at)) = row else { return Err(StoreError::NotFound) };
    if undone_at.is_some() {
        return Err(StoreError::Invalid("that was taken back already".to_owned()));
    }
    match done {
        IncidentChange::Merged { from, into, tickets } if into == state.incident_id => {
            separate(tx, state, from, &tickets, edit).await?;
        }
        IncidentChange::Split { into, tickets } => unite(tx, state, into, &tickets, edit).await?,
        _ => return Err(StoreError::Invalid("only a merger or a split can be taken back".to_owned())),
    }
    sqlx::query("UPDATE incident_changes SET undone_at = $2 WHERE id = $1")
        .bind(change)
        .bind(micros(edit.at))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Gives an incident that was taken in its reports back, as far as they are still here.
async fn separate(
    tx: &mut Tx,
    state: Incident,
    from: IncidentId,
    tickets: &[TicketId],
    edit: &IncidentEdit,
) -> Result<(), StoreError> {
    let mut other = load(tx, from).await?;
    if other.merged_into != Some(state.incident_id) {
        return Err(StoreError::Invalid("the other incident is no longer a part of this one".to_owned()));
    }
    let back = transfer(tx, tickets, state.incident_id, Some(from)).await?;
    other.status = IncidentStatus::Active;
    other.merged_into = None;
    save(tx, other, told(edit, IncidentChange::Undone { tickets: back.clone() })).await?;
    save(tx, state, told(edit, IncidentChange::Undone { tickets: back })).await
}

/// Takes reports back that were taken out, as far as they are where they went.
async fn unite(
    tx: &mut Tx,
    state: Incident,
    into: Option<IncidentId>,
    tickets: &[TicketId],
    edit: &IncidentEdit,
) -> Result<(), StoreError> {
    let back = match into {
        Some(into) => {
            let back = transfer(tx, tickets, into, Some(state.incident_id)).await?;
            let mut other = load(tx, into).await?;
            if tickets_of(tx, into).await?.is_empty() && other.status != IncidentStatus::Merged {
                other.status = IncidentStatus::Merged;
                other.merged_into = Some(state.incident_id);
            }
            save(tx, other, told(edit, IncidentChange::Undone { tickets: back.clone() })).await?;
            back
        }
        None => {
            let free = unclaimed(tx, tickets).await?;
            admit(tx, state.incident_id, &free, Why::Person, edit.at).await?;
            free
        }
    };
    save(tx, state, told(edit, IncidentChange::Undone { tickets: back })).await
}

async fn unclaimed(tx: &mut Tx, tickets: &[TicketId]) -> Result<Vec<TicketId>, StoreError> {
    let mut free = Vec::new();
    for ticket in tickets {
        let held: Option<String> = sqlx::query_scalar("SELECT incident_id FROM incident_members WHERE ticket_id = $1")
            .bind(ticket.to_string())
            .fetch_optional(&mut **tx)
            .await?;
        if held.is_none() {
            free.push(*ticket);
        }
    }
    Ok(free)
}
