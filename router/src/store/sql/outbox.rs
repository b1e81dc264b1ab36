//! What was committed and must still be told to others.

use super::value::{count, micros, time, unreadable};
use super::{Backend, Db};
use crate::store::{OutboxBacklog, OutboxRow, StoreError};
use dauys_events::Topic;
use jiff::{SignedDuration, Timestamp};
use sqlx::QueryBuilder;
use uuid::Uuid;

pub(super) async fn lease(
    store: &Backend,
    holder: Uuid,
    now: Timestamp,
    lease: SignedDuration,
) -> Result<bool, StoreError> {
    let until = now.checked_add(lease).unwrap_or(Timestamp::MAX);
    let mut tx = store.begin().await?;
    let taken = sqlx::query(
        "INSERT INTO outbox_lease (one, holder, until) VALUES (1, $1, $2)
         ON CONFLICT (one) DO UPDATE SET holder = excluded.holder, until = excluded.until
         WHERE outbox_lease.holder = excluded.holder OR outbox_lease.until < $3",
    )
    .bind(holder.to_string())
    .bind(micros(until))
    .bind(micros(now))
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(taken.rows_affected() == 1)
}

type Row = (i64, String, String, Vec<u8>, Option<String>, i64);

pub(super) async fn waiting(store: &Backend, limit: u32) -> Result<Vec<OutboxRow>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, topic, key, payload, traceparent, created_at FROM outbox
         WHERE published_at IS NULL ORDER BY id LIMIT $1",
    )
    .bind(i64::from(limit))
    .fetch_all(store.reader())
    .await?;
    rows.into_iter()
        .map(|(id, topic, key, payload, traceparent, created_at)| {
            let topic = Topic::from_name(&topic).ok_or_else(|| unreadable("topic"))?;
            Ok(OutboxRow { id, topic, key, payload: payload.into(), traceparent, created_at: time(created_at)? })
        })
        .collect()
}

pub(super) async fn mark(store: &Backend, ids: &[i64], at: Timestamp) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Db>::new("UPDATE outbox SET published_at = ");
    query.push_bind(micros(at)).push(" WHERE id IN (");
    let mut list = query.separated(", ");
    for id in ids {
        list.push_bind(*id);
    }
    query.push(")");
    let mut tx = store.begin().await?;
    query.build().execute(&mut *tx).await?;
    Ok(tx.commit().await?)
}

pub(super) async fn purge(store: &Backend, before: Timestamp) -> Result<u64, StoreError> {
    let mut tx = store.begin().await?;
    let deleted =
        sqlx::query("DELETE FROM outbox WHERE published_at < $1").bind(micros(before)).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(deleted.rows_affected())
}

pub(super) async fn backlog(store: &Backend) -> Result<OutboxBacklog, StoreError> {
    let (pending, oldest): (i64, Option<i64>) =
        sqlx::query_as("SELECT count(*), min(created_at) FROM outbox WHERE published_at IS NULL")
            .fetch_one(store.reader())
            .await?;
    Ok(OutboxBacklog { pending: count(pending), oldest: oldest.map(time).transpose()? })
}
