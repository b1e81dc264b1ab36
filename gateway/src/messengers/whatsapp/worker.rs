//! The worker: it takes each message through its steps (fetch, spool, answer), repeating each until it succeeds or is given up.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dauys_events::{Channel, Contact, IntakeId, MediaQuality, Recorded, RecordingEnd, RegistrationNumber};
use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::client::{Client, Note};
use super::config::Pace;
use super::failure::Failure;
use super::inbox::{Inbox, InboxError, Item, Next};
use super::note;
use super::reply::{self, Answer};
use super::routes::now;
use super::webhook::{Audio, Content};
use crate::intake::SpooledEvent;
use crate::messengers::telemetry;
use crate::recording::{CommitError, Store};
use crate::spool::numbers::{Numbers, NumbersError};
use crate::spool::{PutError, put_blob};

/// How often old messages are forgotten, and how long the worker sleeps at most.
const HOUR: Duration = Duration::from_secs(3_600);

#[derive(Clone)]
pub(super) struct Worker {
    pub inbox: Inbox,
    pub client: Client,
    pub store: Store,
    pub numbers: Arc<Numbers>,
    pub pace: Pace,
    pub news: Arc<Notify>,
}

/// Why a step did not come to its end; it is repeated.
#[derive(Debug, thiserror::Error)]
enum Setback {
    #[error(transparent)]
    Api(#[from] Failure),
    #[error(transparent)]
    Inbox(#[from] InboxError),
    #[error(transparent)]
    Numbers(#[from] NumbersError),
    #[error(transparent)]
    Put(#[from] PutError),
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl Worker {
    pub async fn run(self, stop: CancellationToken) {
        let mut under_way = JoinSet::new();
        loop {
            let next = self.start_due(&mut under_way).await;
            if let Ok(waiting) = self.inbox.waiting().await {
                metrics::gauge!(telemetry::WAITING, "messenger" => "whatsapp").set(waiting as f64);
            }
            tokio::select! {
                () = stop.cancelled() => break,
                Some(_) = under_way.join_next() => {}
                () = self.news.notified() => {}
                () = tokio::time::sleep(next) => {}
            }
        }
        while under_way.join_next().await.is_some() {}
    }

    /// Starts what is due, as much as may be at once; says when to come again.
    async fn start_due(&self, under_way: &mut JoinSet<()>) -> Duration {
        if let Err(error) = self.inbox.forget(now()).await {
            tracing::warn!(%error, "old messages could not be forgotten");
        }
        while under_way.len() < self.pace.at_once {
            match self.inbox.take(now()).await {
                Ok(Some(item)) => {
                    under_way.spawn(self.clone().step(item));
                }
                Ok(None) => break,
                Err(error) => {
                    tracing::error!(%error, "the inbox cannot be read");
                    return self.pace.longest_wait;
                }
            }
        }
        // With all hands full the next one to finish wakes the loop.
        match self.inbox.next_due().await {
            Ok(Some(due)) if under_way.len() < self.pace.at_once => until(due),
            Ok(_) => HOUR,
            Err(_) => self.pace.longest_wait,
        }
    }

    async fn step(self, item: Item) {
        let outcome = match (item.next, &item.message.content) {
            (Next::Register, Content::Audio(audio)) => self.register_audio(&item, audio).await,
            (Next::Register, Content::Text { body }) => self.register_text(&item, body).await,
            _ => self.answer(&item).await,
        };
        let Err(setback) = outcome else { return };
        let asked = match &setback {
            Setback::Api(failure) => failure.retry().flatten(),
            _ => None,
        };
        let failures = item.failures.saturating_add(1);
        let wait = self.pace.wait(failures, asked);
        tracing::warn!(intake_id = %item.intake, %setback, ?wait, "a WhatsApp message waits for another try");
        // A message must not stay in hand because the inbox itself fails: this is repeated until it is put back.
        while let Err(error) = self.inbox.later(&item.message.id, failures, after(wait)).await {
            tracing::error!(%error, "a message could not be put back");
            tokio::time::sleep(self.pace.first_wait).await;
        }
    }

    async fn register_audio(&self, item: &Item, audio: &Audio) -> Result<(), Setback> {
        match self.client.note(audio).await {
            Ok(Note { mime_type, bytes }) => self.register(item, &mime_type, bytes, RecordingEnd::Note, None).await,
            Err(failure) => {
                api_failed("media", &failure);
                let give_up = failure.retry().is_none() || age(item) >= self.pace.fetch_within;
                if !give_up {
                    return Err(failure.into());
                }
                tracing::warn!(intake_id = %item.intake, %failure, "a voice note could not be had; a person has to ask again");
                self.register(item, "", Bytes::new(), RecordingEnd::Unavailable, None).await
            }
        }
    }

    async fn register_text(&self, item: &Item, body: &str) -> Result<(), Setback> {
        self.register(item, "", Bytes::new(), RecordingEnd::Note, Some(body.to_owned())).await
    }

    /// Makes the intake and waits until it is safely on disk; the answer follows.
    async fn register(
        &self,
        item: &Item,
        media_type: &str,
        bytes: Bytes,
        end: RecordingEnd,
        text: Option<String>,
    ) -> Result<(), Setback> {
        let number = match item.number {
            Some(number) => number,
            None => {
                let number = self.numbers.next()?;
                self.inbox.number(&item.message.id, number).await?;
                number
            }
        };
        let outcome = match (end, &text) {
            (RecordingEnd::Unavailable, _) => "unavailable",
            (_, Some(_)) => "text",
            _ => "note",
        };
        let event = recorded(item, number, note::millis(&bytes), end, text);
        let tail = SpooledEvent::Intake(Box::new(event)).to_bytes();
        put_blob(&self.store, item.intake, media_type, bytes, tail).await?.await?;
        metrics::counter!(telemetry::INTAKES, "messenger" => "whatsapp", "outcome" => outcome).increment(1);
        let unheard = end == RecordingEnd::Unavailable;
        self.inbox.registered(&item.message.id, unheard).await?;
        self.news.notify_one();
        Ok(())
    }

    async fn answer(&self, item: &Item) -> Result<(), Setback> {
        let answer = match (item.next, item.number) {
            (Next::Answer { unheard: true }, Some(number)) => Answer::Unheard(number),
            (Next::Answer { unheard: false }, Some(number)) => Answer::Registered(number),
            _ => Answer::SayIt,
        };
        let text = match &item.message.content {
            Content::Text { body } => Some(body.as_str()),
            _ => None,
        };
        let from = &item.message.from;
        let words = reply::words(answer, &reply::languages(text, from));
        let outcome = match self.client.send(from, &words, &item.message.id).await {
            Ok(()) => "sent",
            Err(failure) => {
                api_failed("send", &failure);
                match failure {
                    Failure::Undeliverable => "undeliverable",
                    Failure::WindowClosed => "late",
                    failure if failure.retry().is_none() => "refused",
                    _ if age(item) >= self.pace.answer_within => "given_up",
                    failure => return Err(failure.into()),
                }
            }
        };
        metrics::counter!(telemetry::REPLIES, "messenger" => "whatsapp", "outcome" => outcome).increment(1);
        if outcome != "sent" {
            tracing::warn!(intake_id = %item.intake, outcome, "a citizen did not get the answer");
        }
        Ok(self.inbox.done(&item.message.id).await?)
    }
}

fn recorded(
    item: &Item,
    number: RegistrationNumber,
    duration_ms: u64,
    end: RecordingEnd,
    text: Option<String>,
) -> Recorded {
    let message = &item.message;
    let received = Timestamp::from_millisecond(item.received_at).unwrap_or_default();
    let sent = Timestamp::from_second(message.sent_at).ok().filter(|sent| message.sent_at > 0 && *sent <= received);
    Recorded {
        intake_id: IntakeId(item.intake),
        registration_number: number,
        channel: Channel::Whatsapp,
        contact: Contact { number: Some(format!("+{}", message.from)), name: message.name.clone() },
        call_id: None,
        external_id: Some(message.id.clone()),
        language_hint: text.as_deref().and_then(|text| reply::language_of(text, &message.from)),
        recording: None,
        text,
        duration_ms,
        received_at: sent.unwrap_or(received),
        last_word_at: received,
        end,
        quality: MediaQuality::default(),
    }
}

fn api_failed(operation: &'static str, failure: &Failure) {
    metrics::counter!(
        telemetry::API_FAILURES,
        "messenger" => "whatsapp", "operation" => operation, "reason" => failure.name()
    )
    .increment(1);
}

fn age(item: &Item) -> Duration {
    Duration::from_millis(now().saturating_sub(item.received_at).max(0).unsigned_abs())
}

fn after(wait: Duration) -> i64 {
    now().saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX / 2))
}

fn until(due: i64) -> Duration {
    Duration::from_millis(due.saturating_sub(now()).max(0).unsigned_abs()).min(HOUR)
}
