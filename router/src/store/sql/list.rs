//! Lists of tickets, page by page, and how many there are.

use super::value::{count, micros, status};
use super::{Backend, Db};
use crate::store::{Cursor, Order, StatusCount, StoreError, TicketFilter, TicketPage};
use dauys_events::{RequestKind, Ticket};
use sqlx::QueryBuilder;
use sqlx::types::Json;

const LONGEST_PAGE: u32 = 500;

pub(super) async fn page(
    store: &Backend,
    filter: &TicketFilter,
    order: Order,
    after: Option<&Cursor>,
    limit: u32,
) -> Result<TicketPage, StoreError> {
    let limit = limit.clamp(1, LONGEST_PAGE);
    let mut query = QueryBuilder::<Db>::new("SELECT state FROM tickets WHERE 1 = 1");
    restrict(&mut query, filter);
    if let Some(cursor) = after {
        go_on(&mut query, order, cursor)?;
    }
    query.push(match order {
        Order::Newest => " ORDER BY received_at DESC, ticket_id DESC",
        Order::Urgent => " ORDER BY priority, due_at, ticket_id",
    });
    query.push(" LIMIT ").push_bind(i64::from(limit) + 1);
    let states: Vec<Json<Ticket>> = query.build_query_scalar().fetch_all(store.reader()).await?;
    let more = states.len() > limit as usize;
    let tickets: Vec<Ticket> = states.into_iter().take(limit as usize).map(|Json(ticket)| ticket).collect();
    let next = tickets.last().filter(|_| more).map(|last| Cursor::after(order, last));
    Ok(TicketPage { tickets, next })
}

pub(super) async fn counts(store: &Backend, filter: &TicketFilter) -> Result<Vec<StatusCount>, StoreError> {
    let mut query = QueryBuilder::<Db>::new("SELECT status, count(*) FROM tickets WHERE 1 = 1");
    restrict(&mut query, filter);
    query.push(" GROUP BY status ORDER BY status");
    let rows: Vec<(String, i64)> = query.build_query_as().fetch_all(store.reader()).await?;
    Ok(rows.into_iter().map(|(name, tickets)| StatusCount { status: status(&name), tickets: count(tickets) }).collect())
}

fn restrict(query: &mut QueryBuilder<Db>, filter: &TicketFilter) {
    if let Some(agency) = &filter.agency {
        query.push(" AND agency = ").push_bind(agency.0.clone());
    }
    if !filter.statuses.is_empty() {
        query.push(" AND status IN (");
        let mut names = query.separated(", ");
        for status in &filter.statuses {
            names.push_bind(status.name());
        }
        query.push(")");
    }
    if let Some(category) = &filter.category {
        query.push(" AND category = ").push_bind(category.clone());
    }
    if let Some(unit) = &filter.unit {
        query.push(" AND unit = ").push_bind(unit.clone());
    }
    if let Some(kind) = filter.kind {
        query.push(match kind {
            RequestKind::Request => " AND kind = 'request'",
            RequestKind::Question => " AND kind = 'question'",
        });
    }
    if let Some(answered) = filter.answered {
        query.push(if answered { " AND answered = 1" } else { " AND answered = 0" });
    }
    if let Some(since) = filter.since {
        query.push(" AND received_at >= ").push_bind(micros(since));
    }
    if let Some(until) = filter.until {
        query.push(" AND received_at < ").push_bind(micros(until));
    }
    if let Some(since) = filter.changed_since {
        query.push(" AND changed_at >= ").push_bind(micros(since));
    }
    if let Some(now) = filter.overdue_at {
        query.push(" AND status <> 'confirmed' AND due_at < CASE status WHEN 'done' THEN done_at ELSE ");
        query.push_bind(micros(now)).push(" END");
    }
}

fn go_on(query: &mut QueryBuilder<Db>, order: Order, cursor: &Cursor) -> Result<(), StoreError> {
    if cursor.order != order {
        return Err(StoreError::Invalid("the cursor is of a list in another order".to_owned()));
    }
    let id = cursor.id.to_string();
    match order {
        Order::Newest => {
            query.push(" AND (received_at, ticket_id) < (").push_bind(cursor.micros);
        }
        Order::Urgent => {
            query.push(" AND (priority, due_at, ticket_id) > (").push_bind(cursor.rank);
            query.push(", ").push_bind(cursor.micros);
        }
    }
    query.push(", ").push_bind(id).push(")");
    Ok(())
}
