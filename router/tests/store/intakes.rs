//! An intake becomes its tickets, once.

use crate::common::{after, clocks, intake, intake_of, morning, number, reading, transcribed};
use dauys_events::{Actor, Change, TicketId};
use dauys_router::store::{Opened, Store, TicketFilter};
use dauys_tickets::open_ticket;
use std::sync::Arc;

pub async fn opens_once(store: Arc<dyn Store>) {
    let first = intake(1);
    assert_eq!(store.open_intake(&first).await.unwrap(), Opened::New);
    // The same intake again, understood otherwise and later, as after a crash between commit and acknowledgement.
    let again = intake_of(&transcribed(1, morning(), "no water"), reading("gas", "gas_smell"), 90);
    assert_eq!(store.open_intake(&again).await.unwrap(), Opened::Already);

    let ticket = first.tickets[0].ticket();
    assert_eq!(store.ticket(ticket.ticket_id).await.unwrap().as_ref(), Some(ticket));
    let history = store.history(ticket.ticket_id).await.unwrap();
    assert_eq!(history.len(), 1);
    assert_eq!((history[0].revision, &history[0].change, &history[0].actor), (1, &Change::Opened, &Actor::System));
    assert_eq!(history[0].at, after(33));
    assert_eq!(store.outbox(10).await.unwrap().len(), 2);
    assert_eq!(store.ticket(TicketId::of(ticket.intake_id, 9)).await.unwrap(), None);
}

pub async fn several_tickets_keep_their_order(store: Arc<dyn Store>) {
    let said = transcribed(1, morning(), "no water and no light");
    let mut both = intake_of(&said, reading("water", "water_outage"), 3);
    both.tickets.push(open_ticket(&said, 1, reading("power", "power_outage"), &clocks(), after(33)));
    store.open_intake(&both).await.unwrap();
    let tickets = store.tickets_by_number(number(1)).await.unwrap();
    let agencies: Vec<&str> = tickets.iter().map(|ticket| ticket.agency.0.as_str()).collect();
    assert_eq!(agencies, ["water", "power"]);
    assert_eq!(store.outbox(10).await.unwrap().len(), 4);
}

pub async fn deliveries_at_the_same_time_open_one(store: Arc<dyn Store>) {
    let deliveries = (0..16).map(|_| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.open_intake(&intake(1)).await.unwrap() })
    });
    let mut new = 0;
    for delivery in deliveries.collect::<Vec<_>>() {
        new += usize::from(delivery.await.unwrap() == Opened::New);
    }
    assert_eq!(new, 1);
    assert_eq!(store.tickets_by_number(number(1)).await.unwrap().len(), 1);
    assert_eq!(store.outbox(10).await.unwrap().len(), 2);
}

pub async fn all_or_nothing(store: Arc<dyn Store>) {
    let mut twice = intake(1);
    twice.tickets.push(twice.tickets[0].clone());
    assert!(store.open_intake(&twice).await.is_err(), "the same ticket cannot be opened twice");
    let mut none = intake(1);
    none.tickets.clear();
    assert!(store.open_intake(&none).await.is_err(), "an intake without a ticket would be lost");
    assert_eq!(store.count(&TicketFilter::default()).await.unwrap(), []);
    assert_eq!(store.outbox(10).await.unwrap(), []);
    assert_eq!(store.open_intake(&intake(1)).await.unwrap(), Opened::New);
}

pub async fn found_by_what_people_know(store: Arc<dyn Store>) {
    for n in 1..=3 {
        store.open_intake(&intake(n)).await.unwrap();
    }
    let by_number = store.tickets_by_number(number(2)).await.unwrap();
    let by_call = store.tickets_by_external_id("call-2@trunk.example").await.unwrap();
    assert_eq!(by_number, by_call);
    assert_eq!(by_number, [intake(2).tickets[0].ticket().clone()]);
    assert_eq!(store.tickets_by_number(number(9)).await.unwrap(), []);
    assert_eq!(store.tickets_by_external_id("call-9@trunk.example").await.unwrap(), []);
}
