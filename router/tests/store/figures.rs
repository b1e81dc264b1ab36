//! How the organisations do.

use super::changes::{act, staff};
use crate::common::{after, intake_of, morning, reading, transcribed};
use dauys_events::{Actor, AgencyId, Ticket};
use dauys_router::store::{AgencyFigures, CategoryCount, FigureQuery, Figures, Store};
use dauys_tickets::Action;
use std::sync::Arc;

/// Each is due this many seconds after it was received.
const DUE: i64 = 5 * 3_600 + 30;

async fn open(store: &Arc<dyn Store>, n: u32, agency: &str, category: &str, delay: i64) -> Ticket {
    let intake = intake_of(&transcribed(n, morning(), "words"), reading(agency, category), delay);
    store.open_intake(&intake).await.unwrap();
    intake.tickets[0].ticket().clone()
}

async fn then(store: &Arc<dyn Store>, ticket: &Ticket, action: Action, seconds: i64) -> Ticket {
    let actor = if matches!(action, Action::Done) { staff() } else { Actor::Citizen };
    let change = act(ticket, &action, &actor, seconds);
    store.apply_change(&change).await.unwrap();
    change.ticket().clone()
}

fn query(seconds: i64) -> FigureQuery {
    FigureQuery { since: None, agency: None, now: after(seconds), top: 2 }
}

pub async fn judge_each_organisation(store: Arc<dyn Store>) {
    // Water: one confirmed that was done in time, one that was sent back and only done again too late, one done in time and
    // waiting, one forgotten.
    let a = open(&store, 1, "water", "water_outage", 1).await;
    let a = then(&store, &a, Action::Done, 100).await;
    then(&store, &a, Action::Confirm, DUE + 500).await;
    let b = open(&store, 2, "water", "water_outage", 2).await;
    let b = then(&store, &b, Action::Done, 100).await;
    let b = then(&store, &b, Action::Reopen, 200).await;
    let b = then(&store, &b, Action::Done, DUE + 1).await;
    then(&store, &b, Action::Confirm, DUE + 2).await;
    let c = open(&store, 3, "water", "sewer", 3).await;
    then(&store, &c, Action::Done, 300).await;
    open(&store, 4, "water", "leak", 96).await;
    // Gas: the citizen said that it is solved before anybody reported it.
    let e = open(&store, 5, "gas", "gas_smell", 4).await;
    then(&store, &e, Action::Confirm, 50).await;

    let figures = store.figures(&query(DUE + 10)).await.unwrap();
    let [gas, water] = figures.agencies.as_slice() else { panic!("{figures:?}") };
    let expected = AgencyFigures {
        agency: Some(AgencyId("water".into())),
        total: 4,
        open: 2,
        overdue: 1,
        overdue_legal: 0,
        done: 1,
        confirmed: 2,
        reopened: 1,
        closed_on_time: 1,
        on_time: Some(1.0 / 3.0),
        to_cabinet_median_seconds: Some(2.5),
        to_cabinet_mean_seconds: Some(25.5),
        to_cabinet_p99_seconds: Some(96.0),
    };
    assert_eq!(*water, expected);
    assert_eq!((gas.total, gas.confirmed, gas.closed_on_time, gas.on_time), (1, 1, 1, Some(1.0)));
    assert_eq!((figures.all.total, figures.all.open, figures.all.overdue), (5, 2, 1));
    assert_eq!(figures.all.on_time, Some(0.5));
    assert_eq!(figures.all.to_cabinet_median_seconds, Some(3.0));

    let count = |category: &str, tickets| CategoryCount { category: category.into(), tickets };
    assert_eq!(figures.top, [count("water_outage", 2), count("gas_smell", 1)]);
    assert_eq!(figures.other, 2, "the remainder is shown, so that the list adds up");

    let year = 365 * 24 * 3_600;
    let later = store.figures(&FigureQuery { agency: Some(AgencyId("water".into())), ..query(year) }).await.unwrap();
    assert_eq!((later.agencies.len(), later.all.total, later.all.overdue_legal), (1, 4, 1));
    let none = store.figures(&FigureQuery { since: Some(after(1)), ..query(year) }).await.unwrap();
    assert_eq!(none, Figures::default());
}

pub async fn hold_for_no_tickets_at_all(store: Arc<dyn Store>) {
    assert_eq!(store.figures(&query(0)).await.unwrap(), Figures::default());
}
