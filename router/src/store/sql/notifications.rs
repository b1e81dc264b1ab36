//! What citizens should hear.

use super::Backend;
use super::value::{from_name, id, micros, number, time, unreadable, whole};
use crate::store::{NewNotification, Notification, NotificationKind, NotificationState, StoreError};
use dauys_events::{Contact, Language, TicketId};
use jiff::Timestamp;
use sqlx::FromRow;

#[derive(FromRow)]
struct NotificationRow {
    id: i64,
    ticket_id: String,
    revision: i64,
    kind: String,
    channel: String,
    language: String,
    text: String,
    created_at: i64,
    state: String,
    detail: Option<String>,
    changed_at: i64,
}

impl NotificationRow {
    fn read(self) -> Result<Notification, StoreError> {
        let content = NewNotification {
            ticket_id: id(&self.ticket_id)?,
            revision: number(self.revision)?,
            kind: NotificationKind::from_name(&self.kind).ok_or_else(|| unreadable("kind"))?,
            channel: from_name(self.channel)?,
            language: Language::from_code(&self.language).ok_or_else(|| unreadable("language"))?,
            text: self.text,
            created_at: time(self.created_at)?,
        };
        let state = NotificationState::from_name(&self.state).ok_or_else(|| unreadable("state"))?;
        Ok(Notification { id: self.id, content, state, detail: self.detail, changed_at: time(self.changed_at)? })
    }
}

pub(super) async fn add(store: &Backend, new: &NewNotification) -> Result<bool, StoreError> {
    let mut tx = store.begin().await?;
    let inserted = sqlx::query(
        "INSERT INTO notifications (ticket_id, revision, kind, channel, language, text, created_at, state, changed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'pending', $7) ON CONFLICT (ticket_id, revision, kind) DO NOTHING",
    )
    .bind(new.ticket_id.to_string())
    .bind(whole(new.revision.into()))
    .bind(new.kind.name())
    .bind(new.channel.name())
    .bind(new.language.code())
    .bind(&new.text)
    .bind(micros(new.created_at))
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(inserted.rows_affected() == 1)
}

#[derive(FromRow)]
struct PendingRow {
    #[sqlx(flatten)]
    notification: NotificationRow,
    contact_number: Option<String>,
    contact_name: Option<String>,
}

pub(super) async fn pending(store: &Backend, limit: u32) -> Result<Vec<(Notification, Contact)>, StoreError> {
    let rows: Vec<PendingRow> = sqlx::query_as(
        "SELECT notifications.*, contacts.number AS contact_number, contacts.name AS contact_name FROM notifications
         JOIN tickets ON tickets.ticket_id = notifications.ticket_id
         JOIN contacts ON contacts.intake_id = tickets.intake_id
         WHERE notifications.state = 'pending' ORDER BY notifications.id LIMIT $1",
    )
    .bind(i64::from(limit))
    .fetch_all(store.reader())
    .await?;
    rows.into_iter()
        .map(|row| {
            let contact = Contact { number: row.contact_number, name: row.contact_name };
            Ok((row.notification.read()?, contact))
        })
        .collect()
}

pub(super) async fn mark(
    store: &Backend,
    id: i64,
    state: NotificationState,
    detail: Option<&str>,
    at: Timestamp,
) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    let updated = sqlx::query("UPDATE notifications SET state = $2, detail = $3, changed_at = $4 WHERE id = $1")
        .bind(id)
        .bind(state.name())
        .bind(detail)
        .bind(micros(at))
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    if updated.rows_affected() == 0 { Err(StoreError::NotFound) } else { Ok(()) }
}

pub(super) async fn of(store: &Backend, ticket: TicketId) -> Result<Vec<Notification>, StoreError> {
    let rows: Vec<NotificationRow> = sqlx::query_as("SELECT * FROM notifications WHERE ticket_id = $1 ORDER BY id")
        .bind(ticket.to_string())
        .fetch_all(store.reader())
        .await?;
    rows.into_iter().map(NotificationRow::read).collect()
}
