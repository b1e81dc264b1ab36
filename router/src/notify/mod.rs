//! What citizens are told of their tickets: written down with the words, in their language, and handed to whoever carries
//! it.
//!
//! So far nobody carries it: [`NobodyCarries`] leaves every notification as held, where staff see it and may call. Senders
//! (SMS, WhatsApp, Telegram) implement [`Notifier`].

mod text;

use crate::clock::Clock;
use crate::store::{NewNotification, Notification, NotificationKind, NotificationState, Store, StoreError};
use crate::worker::{Handle, Setback};
use async_trait::async_trait;
use dauys_bus::Delivery;
use dauys_events::{Actor, Change, Contact, Language, TicketChanged};
use std::sync::Arc;
use thiserror::Error;

/// How many notifications are sent in one go.
const BATCH: u32 = 64;

/// What became of a notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carried {
    /// It was handed over; the text is the carrier's reference.
    Sent(String),
    /// Nobody carries this channel; the text says so to staff.
    Held(String),
}

/// Why a notification was not sent.
#[derive(Debug, Error)]
pub enum NotifyError {
    /// It may work later.
    #[error("not now: {0}")]
    Later(String),
    /// It will never work: the number does not exist, the text is refused.
    #[error("refused: {0}")]
    Never(String),
}

/// Carries notifications to citizens.
#[async_trait]
pub trait Notifier: Send + Sync + 'static {
    /// Sends one; the same one may come twice when the process stops in between, with the same id.
    ///
    /// # Errors
    /// [`NotifyError`] where it was not handed over.
    async fn send(&self, notification: &Notification, contact: &Contact) -> Result<Carried, NotifyError>;
}

/// The notifier of a city without senders: it says so in the log and leaves the notification to staff.
#[derive(Clone, Copy, Debug, Default)]
pub struct NobodyCarries;

#[async_trait]
impl Notifier for NobodyCarries {
    async fn send(&self, notification: &Notification, _: &Contact) -> Result<Carried, NotifyError> {
        let content = &notification.content;
        tracing::info!(ticket = %content.ticket_id, kind = content.kind.name(), "a citizen should be told; no sender is set up");
        Ok(Carried::Held("no sender is set up for this channel".to_owned()))
    }
}

/// Writes down what citizens should hear, and has it sent.
pub struct Notifications {
    /// Where it is written down.
    pub store: Arc<dyn Store>,
    /// Who carries it.
    pub notifier: Arc<dyn Notifier>,
    /// The clock.
    pub clock: Clock,
    /// The language for citizens whose own is not known.
    pub language: Language,
}

#[async_trait]
impl Handle for Notifications {
    fn stage(&self) -> &'static str {
        "notify"
    }

    async fn handle(&self, delivery: &Delivery) -> Result<(), Setback> {
        let changed = delivery.event::<TicketChanged>()?.data;
        let Some(kind) = wanted(&changed) else { return Ok(()) };
        let ticket = &changed.ticket;
        let language = ticket.language.unwrap_or(self.language);
        let notification = NewNotification {
            ticket_id: ticket.ticket_id,
            revision: ticket.revision,
            kind,
            channel: ticket.channel,
            language,
            text: text::of(kind, language, ticket.registration_number),
            created_at: (self.clock)(),
        };
        match self.store.add_notification(&notification).await {
            Ok(_) => Ok(()),
            // The event is older than the database, which was restored or replaced: there is nobody to tell.
            Err(StoreError::NotFound) => Err(Setback::Never("there is no such ticket".to_owned())),
            Err(error) => Err(Setback::Later(error.to_string())),
        }
    }

    async fn settled(&self) {
        if let Err(error) = self.send_pending().await {
            tracing::warn!(%error, "notifications wait");
        }
    }
}

impl Notifications {
    /// Has everything sent that waits, and returns how many notifications left the queue.
    ///
    /// # Errors
    /// [`StoreError`] where the database failed; what was sent meanwhile may be sent again.
    pub async fn send_pending(&self) -> Result<usize, StoreError> {
        let mut done = 0;
        loop {
            let batch = self.store.pending_notifications(BATCH).await?;
            let mut left = 0;
            for (notification, contact) in &batch {
                if self.send(notification, contact).await? {
                    left += 1;
                }
            }
            done += left;
            // Where none of a batch could be sent, the next attempt comes with the next change.
            if left == 0 || batch.len() < BATCH as usize {
                return Ok(done);
            }
        }
    }

    /// Sends one; returns whether it left the queue.
    async fn send(&self, notification: &Notification, contact: &Contact) -> Result<bool, StoreError> {
        let (state, detail) = match self.notifier.send(notification, contact).await {
            Ok(Carried::Sent(reference)) => (NotificationState::Sent, reference),
            Ok(Carried::Held(reason)) => (NotificationState::Held, reason),
            Err(NotifyError::Never(reason)) => (NotificationState::Failed, reason),
            Err(NotifyError::Later(reason)) => {
                tracing::warn!(ticket = %notification.content.ticket_id, reason, "a notification waits");
                return Ok(false);
            }
        };
        metrics::counter!("dauys_notifications_total", "state" => state.name()).increment(1);
        self.store.mark_notification(notification.id, state, Some(&detail), (self.clock)()).await?;
        Ok(true)
    }
}

/// Returns what a citizen should hear of a change. What the citizen did is no news to the citizen, and who gave no way to be
/// reached cannot be told.
fn wanted(changed: &TicketChanged) -> Option<NotificationKind> {
    if changed.ticket.anonymous || changed.actor == Actor::Citizen {
        return None;
    }
    match &changed.change {
        Change::Done => Some(NotificationKind::AskConfirmation),
        Change::Reopened => Some(NotificationKind::Reopened),
        Change::Reassigned { from, to } if from != to => Some(NotificationKind::Reassigned),
        Change::Opened
        | Change::Reassigned { .. }
        | Change::Recategorised { .. }
        | Change::Confirmed
        | Change::Other => None,
    }
}
