//! What was committed and must still be told to others.

use crate::common::{after, intake};
use dauys_router::store::{OutboxBacklog, Store};
use jiff::SignedDuration;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

pub async fn holds_what_was_committed_in_order(store: Arc<dyn Store>) {
    assert_eq!(store.outbox_backlog().await.unwrap(), OutboxBacklog::default());
    for n in 1..=3 {
        store.open_intake(&intake(n)).await.unwrap();
    }
    let rows = store.outbox(100).await.unwrap();
    assert_eq!(rows.len(), 6);
    assert!(rows.windows(2).all(|pair| pair[0].id < pair[1].id));
    assert_eq!(rows[0].traceparent, intake(1).traceparent);
    assert_eq!(store.outbox(2).await.unwrap(), rows[..2]);
    assert_eq!(store.outbox_backlog().await.unwrap(), OutboxBacklog { pending: 6, oldest: Some(after(33)) });

    store.mark_published(&[], after(100)).await.unwrap();
    store.mark_published(&[rows[0].id, rows[1].id], after(100)).await.unwrap();
    assert_eq!(store.outbox(100).await.unwrap(), rows[2..]);
    assert_eq!(store.outbox_backlog().await.unwrap().pending, 4);

    assert_eq!(store.purge_outbox(after(100)).await.unwrap(), 0, "kept until its time is over");
    assert_eq!(store.purge_outbox(after(101)).await.unwrap(), 2);
    assert_eq!(store.outbox(100).await.unwrap(), rows[2..], "what waits is never removed");
}

pub async fn one_holder_publishes(store: Arc<dyn Store>) {
    let (first, second) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let lease = SignedDuration::from_secs(10);
    assert!(store.lease_outbox(first, after(0), lease).await.unwrap());
    assert!(!store.lease_outbox(second, after(9), lease).await.unwrap());
    assert!(store.lease_outbox(first, after(9), lease).await.unwrap(), "it is kept");
    assert!(!store.lease_outbox(second, after(19), lease).await.unwrap());
    assert!(store.lease_outbox(second, after(20), lease).await.unwrap(), "it has ended");
    assert!(!store.lease_outbox(first, after(21), lease).await.unwrap());
    assert!(store.lease_outbox(second, after(21), SignedDuration::ZERO).await.unwrap(), "it is given back");
    assert!(store.lease_outbox(first, after(22), lease).await.unwrap());
}

pub async fn writing_wakes(store: Arc<dyn Store>) {
    let written = store.outbox_written();
    store.open_intake(&intake(1)).await.unwrap();
    tokio::time::timeout(Duration::from_secs(20), written.notified()).await.unwrap();
    store.check().await.unwrap();
}
