//! A change applies to the revision that it was made from, or not at all.

use crate::common::{after, clocks, intake};
use dauys_events::{Actor, AgencyId, Change, Ticket, TicketChanged, TicketStatus, Topic};
use dauys_router::store::{Store, StoreError};
use dauys_tickets::{Action, Transition, apply};
use std::sync::Arc;

pub fn staff() -> Actor {
    Actor::Account { login: "inspector".into(), agency: None }
}

pub fn act(ticket: &Ticket, action: &Action, actor: &Actor, seconds: i64) -> Transition {
    apply(ticket, action, actor, Some("said so"), &clocks(), after(seconds)).unwrap()
}

async fn opened(store: &Arc<dyn Store>) -> Ticket {
    let intake = intake(1);
    store.open_intake(&intake).await.unwrap();
    intake.tickets[0].ticket().clone()
}

pub async fn a_change_is_kept_with_its_history(store: Arc<dyn Store>) {
    let ticket = opened(&store).await;
    let moved = act(&ticket, &Action::Reassign { to: AgencyId("gas".into()) }, &staff(), 60);
    store.apply_change(&moved).await.unwrap();
    let done = act(moved.ticket(), &Action::Done, &staff(), 120);
    store.apply_change(&done).await.unwrap();

    assert_eq!(store.ticket(ticket.ticket_id).await.unwrap().as_ref(), Some(done.ticket()));
    let history = store.history(ticket.ticket_id).await.unwrap();
    let entries: Vec<_> = history.iter().map(|entry| (entry.revision, entry.status, entry.agency.0.as_str())).collect();
    assert_eq!(
        entries,
        [(1, TicketStatus::Assigned, "water"), (2, TicketStatus::Assigned, "gas"), (3, TicketStatus::Done, "gas")]
    );
    assert_eq!(history[1].change, Change::Reassigned { from: AgencyId("water".into()), to: AgencyId("gas".into()) });
    assert_eq!((&history[1].actor, history[1].reason.as_deref()), (&staff(), Some("said so")));

    let rows = store.outbox(10).await.unwrap();
    let topics: Vec<(Topic, &str)> = rows.iter().map(|row| (row.topic, row.key.as_str())).collect();
    let id = ticket.ticket_id.to_string();
    assert_eq!(
        topics,
        [
            (Topic::Tickets, id.as_str()),
            (Topic::Agencies, "water"),
            (Topic::Tickets, &id),
            (Topic::Agencies, "water"),
            (Topic::Agencies, "gas"),
            (Topic::Tickets, &id),
        ]
    );
    let last = dauys_events::Envelope::<TicketChanged>::decode(&rows[5].payload).unwrap();
    assert_eq!(last.data, done.changed);
}

pub async fn a_stale_change_is_a_conflict(store: Arc<dyn Store>) {
    let ticket = opened(&store).await;
    let done = act(&ticket, &Action::Done, &staff(), 60);
    store.apply_change(&done).await.unwrap();
    let late = act(&ticket, &Action::Reassign { to: AgencyId("gas".into()) }, &staff(), 61);
    let error = store.apply_change(&late).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict { expected: 1, current: 2 }), "{error}");
    assert_eq!(store.ticket(ticket.ticket_id).await.unwrap().as_ref(), Some(done.ticket()));
    assert_eq!(store.history(ticket.ticket_id).await.unwrap().len(), 2);
    assert_eq!(store.outbox(10).await.unwrap().len(), 3);
}

pub async fn of_two_at_once_one_wins(store: Arc<dyn Store>) {
    let ticket = opened(&store).await;
    let racers = ["gas", "power", "roads", "parks"].map(|agency| {
        let change = act(&ticket, &Action::Reassign { to: AgencyId(agency.into()) }, &staff(), 60);
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.apply_change(&change).await.map(|()| change) })
    });
    let mut winners = Vec::new();
    for racer in racers {
        match racer.await.unwrap() {
            Ok(change) => winners.push(change),
            Err(error) => assert!(matches!(error, StoreError::Conflict { expected: 1, current: 2 }), "{error}"),
        }
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(store.ticket(ticket.ticket_id).await.unwrap().as_ref(), Some(winners[0].ticket()));
    assert_eq!(store.history(ticket.ticket_id).await.unwrap().len(), 2);
}

pub async fn a_change_of_nothing_is_not_found(store: Arc<dyn Store>) {
    let done = act(intake(1).tickets[0].ticket(), &Action::Done, &staff(), 60);
    assert!(matches!(store.apply_change(&done).await, Err(StoreError::NotFound)));
    assert_eq!(store.outbox(10).await.unwrap(), []);
}
