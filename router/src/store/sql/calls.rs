//! Calls as they start and end.

use super::Backend;
use super::value::{count, micros, name_of, whole};
use crate::store::{CallFigures, StoreError};
use dauys_events::{CallEnded, CallEvent, CallStarted, Language};
use jiff::{SignedDuration, Timestamp};

/// A call whose end was never told (its node failed) is not counted as on the line after this long.
const LONGEST_CALL: SignedDuration = SignedDuration::from_hours(1);

pub(super) async fn record(store: &Backend, event: &CallEvent) -> Result<(), StoreError> {
    match event {
        CallEvent::Started(started) => start(store, started).await,
        CallEvent::Ended(ended) => end(store, ended).await,
    }
}

async fn start(store: &Backend, call: &CallStarted) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    sqlx::query(
        "INSERT INTO calls (call_id, node, invited_at, answered_at, codec) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (call_id) DO UPDATE SET invited_at = excluded.invited_at, answered_at = excluded.answered_at,
             codec = excluded.codec",
    )
    .bind(call.call_id.to_string())
    .bind(i64::from(call.node))
    .bind(micros(call.invited_at))
    .bind(micros(call.answered_at))
    .bind(&call.codec)
    .execute(&mut *tx)
    .await?;
    Ok(tx.commit().await?)
}

async fn end(store: &Backend, call: &CallEnded) -> Result<(), StoreError> {
    let length = SignedDuration::from_millis(whole(call.duration_ms));
    let answered_at = call.ended_at.checked_sub(length).unwrap_or(call.ended_at);
    let mut tx = store.begin().await?;
    sqlx::query(
        "INSERT INTO calls (call_id, node, answered_at, ended_at, duration_ms, cause, dtmf, language, packets, lost,
             dropped, jitter_ms, mos, intake_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         ON CONFLICT (call_id) DO UPDATE SET ended_at = excluded.ended_at, duration_ms = excluded.duration_ms,
             cause = excluded.cause, dtmf = excluded.dtmf, language = excluded.language, packets = excluded.packets,
             lost = excluded.lost, dropped = excluded.dropped, jitter_ms = excluded.jitter_ms, mos = excluded.mos,
             intake_id = excluded.intake_id",
    )
    .bind(call.call_id.to_string())
    .bind(i64::from(call.node))
    .bind(micros(answered_at))
    .bind(micros(call.ended_at))
    .bind(whole(call.duration_ms))
    .bind(name_of(&call.cause)?)
    .bind(&call.dtmf)
    .bind(call.language.map(Language::code))
    .bind(whole(call.quality.packets))
    .bind(whole(call.quality.lost))
    .bind(whole(call.quality.dropped))
    .bind(f64::from(call.quality.jitter_ms))
    .bind(call.quality.mos.map(f64::from))
    .bind(call.intake_id.map(|id| id.to_string()))
    .execute(&mut *tx)
    .await?;
    Ok(tx.commit().await?)
}

type Sums = (i64, i64, i64, Option<f64>, f64, f64, i64);

pub(super) async fn figures(store: &Backend, since: Timestamp, now: Timestamp) -> Result<CallFigures, StoreError> {
    let still_there = now.checked_sub(LONGEST_CALL).unwrap_or(Timestamp::MIN);
    let on_the_line: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM calls WHERE ended_at IS NULL AND answered_at > $1 AND answered_at <= $2",
    )
    .bind(micros(still_there))
    .bind(micros(now))
    .fetch_one(store.reader())
    .await?;
    let (answered, ended, recorded, mean_ms, packets, lost, dropped): Sums = sqlx::query_as(
        "SELECT count(*), count(ended_at), count(intake_id), CAST(avg(duration_ms) AS DOUBLE PRECISION),
             CAST(COALESCE(sum(packets), 0) AS DOUBLE PRECISION), CAST(COALESCE(sum(lost), 0) AS DOUBLE PRECISION),
             CAST(COALESCE(sum(dropped), 0) AS BIGINT)
         FROM calls WHERE answered_at >= $1",
    )
    .bind(micros(since))
    .fetch_one(store.reader())
    .await?;
    let due = packets + lost;
    Ok(CallFigures {
        now: count(on_the_line),
        answered: count(answered),
        ended: count(ended),
        recorded: count(recorded),
        causes: causes(store, since).await?,
        mean_seconds: mean_ms.map(|ms| ms / 1_000.0),
        mos_p05: mos_p05(store, since).await?,
        loss: (due > 0.0).then(|| lost / due),
        dropped: count(dropped),
    })
}

async fn causes(store: &Backend, since: Timestamp) -> Result<Vec<(String, u64)>, StoreError> {
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "SELECT cause, count(*) FROM calls WHERE answered_at >= $1 AND cause IS NOT NULL
         GROUP BY cause ORDER BY count(*) DESC, cause",
    )
    .bind(micros(since))
    .fetch_all(store.reader())
    .await?;
    Ok(rows.into_iter().map(|(cause, calls)| (cause, count(calls))).collect())
}

async fn mos_p05(store: &Backend, since: Timestamp) -> Result<Option<f64>, StoreError> {
    // Nearest rank: the smallest value that at least 5 of 100 calls do not pass.
    Ok(sqlx::query_scalar(
        "SELECT mos FROM (
             SELECT mos, row_number() OVER (ORDER BY mos) AS place, count(*) OVER () AS calls
             FROM calls WHERE answered_at >= $1 AND mos IS NOT NULL
         ) AS ranked WHERE place = (calls * 5 + 99) / 100",
    )
    .bind(micros(since))
    .fetch_optional(store.reader())
    .await?)
}
