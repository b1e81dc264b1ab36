//! One recording, from the message to the durable transcript.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dauys_bus::{Delivery, Message, RecordingError};
use dauys_events::{DeadLetter, Recorded, RecordingRef};
use jiff::Timestamp;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::backoff::Backoff;
use super::{GROUP, Worker};
use crate::engine::LanguageHint;
use crate::report::{Verdict, report};
use crate::telemetry;

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    /// What had to be published is durable.
    Published,
    /// The worker was told to stop before that.
    GivenUp,
}

/// One delivery and what is needed to deal with it.
pub(super) struct Job {
    pub worker: Arc<Worker>,
    pub threads: Arc<Semaphore>,
    pub stop: CancellationToken,
    pub delivery: Delivery,
}

impl Job {
    pub async fn run(self) -> Done {
        let envelope = match self.delivery.event::<Recorded>() {
            Ok(envelope) => envelope,
            Err(error) => return self.publish(self.dead_letter(&error.to_string()).into_iter().collect()).await,
        };
        let recorded = envelope.data;
        let started = Instant::now();
        let Some(verdict) = self.listen(&recorded).await else { return Done::GivenUp };
        let transcribed = report(recorded, &verdict, &self.worker.engine.describe(), started.elapsed());
        let mut messages = Vec::with_capacity(2);
        if verdict.is_for_operator() {
            messages.extend(self.dead_letter(transcribed.reason.as_deref().unwrap_or("transcription failed")));
        }
        let counted = transcribed.clone();
        match Message::of(now(), transcribed) {
            Ok(message) => {
                let traceparent = envelope.traceparent.or_else(|| self.delivery.message.traceparent.clone());
                messages.push(Message { traceparent, ..message });
            }
            // Events can always be written; should one not, the original is not lost.
            Err(error) => messages.extend(self.dead_letter(&error.to_string())),
        }
        let done = self.publish(messages).await;
        if done == Done::Published {
            telemetry::finished(&counted);
        }
        done
    }

    /// Finds out what a recording holds; `None` when told to stop before that is known.
    async fn listen(&self, recorded: &Recorded) -> Option<Verdict> {
        if let Some(text) = &recorded.text {
            return Some(Verdict::Text(text.clone()));
        }
        let Some(recording) = &recorded.recording else {
            return Some(Verdict::Missing);
        };
        let bytes = match self.fetch(recording).await? {
            Ok(bytes) => bytes,
            Err(verdict) => return Some(verdict),
        };
        let _thread = self.stop.run_until_cancelled(self.threads.acquire()).await?.ok()?;
        let (worker, pressed) = (Arc::clone(&self.worker), recorded.language_hint);
        let heard = tokio::task::spawn_blocking(move || {
            worker.pipeline.transcribe(&bytes, &*worker.engine, LanguageHint { pressed })
        });
        Some(match heard.await {
            Ok(Ok(transcript)) => Verdict::Heard(transcript),
            Ok(Err(error)) => Verdict::Undecodable(error),
            Err(error) => {
                tracing::error!(%error, "transcription broke off");
                Verdict::Failed
            }
        })
    }

    /// Fetches a recording, with patience for a store that is late or out of reach.
    async fn fetch(&self, recording: &RecordingRef) -> Option<Result<Bytes, Verdict>> {
        let settings = &self.worker.settings;
        let (started, mut backoff) = (Instant::now(), Backoff::default());
        loop {
            let error = match self.worker.recordings.get(recording).await {
                Ok(bytes) => return Some(Ok(bytes)),
                Err(error) => error,
            };
            let patience = match &error {
                RecordingError::NotFound(_) => settings.missing_patience,
                RecordingError::Unavailable(_) => settings.store_patience,
                RecordingError::Corrupt { .. } => Duration::from_secs(1),
                RecordingError::Refused(_) | RecordingError::Conflict(_) => Duration::ZERO,
            };
            let pause = backoff.next();
            if started.elapsed() + pause > patience {
                return Some(Err(match error {
                    RecordingError::Corrupt { what, .. } => Verdict::Damaged(what),
                    other => Verdict::Unavailable(other.to_string()),
                }));
            }
            telemetry::retry("fetch", &error, pause);
            self.stop.run_until_cancelled(sleep(pause)).await?;
        }
    }

    /// Publishes until it is durable: what is published twice is told apart by its intake, what is lost is lost.
    async fn publish(&self, messages: Vec<Message>) -> Done {
        let mut backoff = Backoff::default();
        loop {
            match self.worker.bus.publish(messages.clone()).await {
                Ok(()) => return Done::Published,
                Err(error) => telemetry::retry("publish", &error, backoff.peek()),
            }
            if self.stop.run_until_cancelled(sleep(backoff.next())).await.is_none() {
                return Done::GivenUp;
            }
        }
    }

    fn dead_letter(&self, reason: &str) -> Option<Message> {
        telemetry::dead_letter();
        let original = &self.delivery.message;
        tracing::error!(key = %original.key, reason, "set aside for an operator");
        let letter = DeadLetter {
            topic: original.topic.name().to_owned(),
            key: original.key.clone(),
            reason: reason.to_owned(),
            stage: GROUP.to_owned(),
            payload: payload_text(&original.payload),
        };
        Message::of(now(), letter).ok()
    }
}

/// The payload as it came where it is text, else in base64.
fn payload_text(payload: &[u8]) -> String {
    use base64::Engine as _;
    std::str::from_utf8(payload)
        .map_or_else(|_| base64::engine::general_purpose::STANDARD.encode(payload), str::to_owned)
}

#[expect(clippy::disallowed_methods, reason = "the shell stamps what it publishes")]
fn now() -> Timestamp {
    Timestamp::now()
}
