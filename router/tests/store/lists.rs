//! Lists, page by page.

use super::changes::{act, staff};
use crate::common::{after, intake_of, reading, transcribed};
use dauys_events::{AgencyId, Danger, Ticket, TicketStatus};
use dauys_router::store::{Cursor, Order, StatusCount, Store, StoreError, TicketFilter};
use dauys_tickets::{Action, Reading};
use std::sync::Arc;

/// Ticket `n`: received `seconds` after the morning.
async fn open(store: &Arc<dyn Store>, n: u32, seconds: i64, reading: Reading) -> Ticket {
    let intake = intake_of(&transcribed(n, after(seconds), "words"), reading, 3);
    store.open_intake(&intake).await.unwrap();
    intake.tickets[0].ticket().clone()
}

async fn all(store: &Arc<dyn Store>, filter: &TicketFilter, order: Order, limit: u32) -> Vec<Ticket> {
    let mut tickets = Vec::new();
    let mut after: Option<Cursor> = None;
    loop {
        let page = store.list(filter, order, after.as_ref(), limit).await.unwrap();
        assert!(page.tickets.len() <= limit as usize);
        tickets.extend(page.tickets);
        match page.next {
            // A cursor travels through a client as text.
            Some(cursor) => after = Some(cursor.to_string().parse().unwrap()),
            None => return tickets,
        }
    }
}

pub async fn every_ticket_comes_once(store: Arc<dyn Store>) {
    for n in 0..25 {
        let danger = [Danger::None, Danger::Urgent, Danger::Emergency][n as usize % 3];
        // Several are received in the same second.
        open(&store, n, i64::from(n / 4), Reading { danger, ..reading("water", "water_outage") }).await;
    }
    let filter = TicketFilter::default();
    let newest = all(&store, &filter, Order::Newest, 7).await;
    assert_eq!(newest.len(), 25);
    assert!(
        newest
            .windows(2)
            .all(|pair| (pair[0].received_at, pair[0].ticket_id) > (pair[1].received_at, pair[1].ticket_id))
    );
    let urgent = all(&store, &filter, Order::Urgent, 7).await;
    assert_eq!(urgent.len(), 25);
    let key = |ticket: &Ticket| (ticket.priority, ticket.due_at, ticket.ticket_id);
    assert!(urgent.windows(2).all(|pair| key(&pair[0]) < key(&pair[1])));

    // What comes in while somebody turns the pages neither repeats nor hides a ticket.
    let first = store.list(&filter, Order::Newest, None, 10).await.unwrap();
    open(&store, 90, 500, reading("water", "water_outage")).await;
    let second = store.list(&filter, Order::Newest, first.next.as_ref(), 100).await.unwrap();
    let turned: Vec<Ticket> = first.tickets.into_iter().chain(second.tickets).collect();
    assert_eq!(turned, newest);
    assert_eq!(second.next, None);
}

pub async fn filters_hold_together(store: Arc<dyn Store>) {
    let water = open(&store, 1, 0, reading("water", "water_outage")).await;
    let review = open(&store, 2, 10, Reading { review: true, place: None, ..reading("inspectorate", "unclear") }).await;
    let gas = open(&store, 3, 20, reading("gas", "gas_smell")).await;
    store.apply_change(&act(&gas, &Action::Done, &staff(), 600)).await.unwrap();

    let found = async |filter: TicketFilter| -> Vec<u32> {
        let tickets = all(&store, &filter, Order::Newest, 2).await;
        let counted: u64 = store.count(&filter).await.unwrap().iter().map(|count| count.tickets).sum();
        assert_eq!(counted, tickets.len() as u64, "{filter:?}");
        let known = [(water.ticket_id, 1), (review.ticket_id, 2), (gas.ticket_id, 3)];
        tickets.iter().map(|ticket| known.iter().find(|(id, _)| *id == ticket.ticket_id).unwrap().1).collect()
    };
    let any = TicketFilter::default;
    assert_eq!(found(any()).await, [3, 2, 1]);
    assert_eq!(found(TicketFilter { agency: Some(AgencyId("gas".into())), ..any() }).await, [3]);
    assert_eq!(found(TicketFilter { agency: Some(AgencyId("x' OR '1'='1".into())), ..any() }).await, [0u32; 0]);
    assert_eq!(found(TicketFilter { statuses: vec![TicketStatus::Review, TicketStatus::Done], ..any() }).await, [3, 2]);
    assert_eq!(found(TicketFilter { category: Some("water_outage".into()), ..any() }).await, [1]);
    assert_eq!(found(TicketFilter { unit: Some("nursat".into()), ..any() }).await, [3, 1]);
    assert_eq!(found(TicketFilter { since: Some(after(10)), ..any() }).await, [3, 2]);
    assert_eq!(found(TicketFilter { until: Some(after(10)), ..any() }).await, [1]);
    assert_eq!(found(TicketFilter { changed_since: Some(after(600)), ..any() }).await, [3]);
    let both = TicketFilter { unit: Some("nursat".into()), statuses: vec![TicketStatus::Assigned], ..any() };
    assert_eq!(found(both).await, [1]);
    let counts = store.count(&any()).await.unwrap();
    let one = |status| StatusCount { status, tickets: 1 };
    assert_eq!(counts, [one(TicketStatus::Assigned), one(TicketStatus::Done), one(TicketStatus::Review)]);
}

pub async fn overdue_is_what_was_not_reported_in_time(store: Arc<dyn Store>) {
    // Each is due five hours and thirty seconds after it was received.
    let due = 5 * 3_600 + 30;
    let silent = open(&store, 1, 0, reading("water", "water_outage")).await;
    let in_time = open(&store, 2, 0, reading("water", "water_outage")).await;
    let late = open(&store, 3, 0, reading("water", "water_outage")).await;
    let confirmed = open(&store, 4, 0, reading("water", "water_outage")).await;
    store.apply_change(&act(&in_time, &Action::Done, &staff(), due - 1)).await.unwrap();
    store.apply_change(&act(&late, &Action::Done, &staff(), due + 1)).await.unwrap();
    store.apply_change(&act(&confirmed, &Action::Confirm, &staff(), due + 2)).await.unwrap();
    let overdue = async |seconds| {
        let filter = TicketFilter { overdue_at: Some(after(seconds)), ..TicketFilter::default() };
        let mut ids: Vec<_> =
            all(&store, &filter, Order::Urgent, 10).await.iter().map(|ticket| ticket.ticket_id).collect();
        ids.sort();
        ids
    };
    assert_eq!(overdue(due + 10).await, [silent.ticket_id, late.ticket_id]);
    assert_eq!(overdue(due).await, [late.ticket_id], "what is due now is not overdue yet");
}

pub async fn a_cursor_fits_its_own_order(store: Arc<dyn Store>) {
    for n in 0..3 {
        open(&store, n, 0, reading("water", "water_outage")).await;
    }
    let filter = TicketFilter::default();
    let cursor = store.list(&filter, Order::Newest, None, 1).await.unwrap().next.unwrap();
    let refused = store.list(&filter, Order::Urgent, Some(&cursor), 1).await;
    assert!(matches!(refused, Err(StoreError::Invalid(_))));
}
