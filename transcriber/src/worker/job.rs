//! One recording, from the message to the durable transcript.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dauys_bus::{Delivery, Message, RecordingError};
use dauys_events::{DeadLetter, Envelope, Recorded, RecordingRef};
use jiff::Timestamp;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::backoff::Backoff;
use super::{GROUP, Worker};
use crate::early::HeardPart;
use crate::engine::Hint;
use crate::report::{Verdict, report};
use crate::telemetry;

/// How a job ended.
#[derive(Debug)]
pub(super) enum Done {
    /// What had to be published is durable.
    Published {
        /// Length of what was listened to.
        length: Duration,
        /// How long it was listened to.
        took: Duration,
    },
    /// It was looked at, and waits again.
    Looked {
        /// The recording.
        pending: Box<Pending>,
        /// Somebody may be in danger.
        urgent: bool,
        /// How long the look took.
        took: Duration,
    },
    /// The worker was told to stop before that.
    GivenUp,
}

/// A delivery, read as far as it can be.
#[derive(Debug)]
pub(super) struct Pending {
    delivery: Delivery,
    event: Result<Envelope<Recorded>, String>,
}

impl Pending {
    pub fn new(delivery: Delivery) -> Self {
        let event = delivery.event::<Recorded>().map_err(|error| error.to_string());
        Self { delivery, event }
    }

    pub fn recorded(&self) -> Option<&Recorded> {
        self.event.as_ref().ok().map(|envelope| &envelope.data)
    }
}

/// What was found out about a recording, and how long it was listened to.
struct Listened {
    verdict: Verdict,
    took: Duration,
    /// How much had been heard while the call went on.
    early: Duration,
}

impl From<Verdict> for Listened {
    fn from(verdict: Verdict) -> Self {
        Self { verdict, took: Duration::ZERO, early: Duration::ZERO }
    }
}

/// One delivery and what is needed to deal with it.
pub(super) struct Job {
    pub worker: Arc<Worker>,
    pub threads: Arc<Semaphore>,
    pub stop: CancellationToken,
    pub pending: Pending,
    /// What was heard while the call went on.
    pub known: Vec<HeardPart>,
}

impl Job {
    /// Takes a first look: is somebody in danger? Where it cannot be known, the recording waits like any other.
    pub async fn look(self) -> Done {
        let looked = match self.pending.recorded().and_then(|recorded| recorded.recording.clone()) {
            Some(recording) => self.glance(&recording).await,
            None => None,
        };
        if self.stop.is_cancelled() {
            return Done::GivenUp;
        }
        let (words, took) = looked.unwrap_or_default();
        let urgent = self.worker.settings.urgency.is_urgent(&words);
        Done::Looked { pending: Box::new(self.pending), urgent, took }
    }

    async fn glance(&self, recording: &RecordingRef) -> Option<(String, Duration)> {
        let bytes = self.worker.recordings.get(recording).await.ok()?;
        let _thread = self.stop.run_until_cancelled(self.threads.acquire()).await?.ok()?;
        let (worker, pressed) = (Arc::clone(&self.worker), self.pending.recorded()?.language_hint);
        let started = Instant::now();
        let look = move || worker.pipeline.glance(&bytes, &*worker.engine, pressed);
        let words = tokio::task::spawn_blocking(look).await.ok()?;
        Some((words, started.elapsed()))
    }

    pub async fn run(self) -> Done {
        let envelope = match &self.pending.event {
            Ok(envelope) => envelope.clone(),
            Err(error) => {
                let letter = self.dead_letter(error).into_iter().collect();
                return self.publish(letter, Duration::ZERO, Duration::ZERO).await;
            }
        };
        let recorded = envelope.data;
        let started = Instant::now();
        let Some(Listened { verdict, took, early }) = self.listen(&recorded).await else { return Done::GivenUp };
        let transcribed = report(recorded, &verdict, &self.worker.engine.describe(), started.elapsed());
        let mut messages = Vec::with_capacity(2);
        if verdict.is_for_operator() {
            messages.extend(self.dead_letter(transcribed.reason.as_deref().unwrap_or("transcription failed")));
        }
        let counted = transcribed.clone();
        match Message::of(now(), transcribed) {
            Ok(message) => {
                let traceparent = envelope.traceparent.or_else(|| self.pending.delivery.message.traceparent.clone());
                messages.push(Message { traceparent, ..message });
            }
            // Events can always be written; should one not, the original is not lost.
            Err(error) => messages.extend(self.dead_letter(&error.to_string())),
        }
        let length = Duration::try_from_secs_f64(counted.audio_seconds).unwrap_or_default().saturating_sub(early);
        let done = self.publish(messages, length, took).await;
        if matches!(done, Done::Published { .. }) {
            telemetry::finished(&counted, early);
        }
        done
    }

    /// Finds out what a recording holds; `None` when told to stop before that is known.
    async fn listen(&self, recorded: &Recorded) -> Option<Listened> {
        if let Some(text) = &recorded.text {
            return Some(Verdict::Text(text.clone()).into());
        }
        let Some(recording) = &recorded.recording else {
            return Some(Verdict::Missing.into());
        };
        let bytes = match self.fetch(recording).await? {
            Ok(bytes) => bytes,
            Err(verdict) => return Some(verdict.into()),
        };
        let _thread = self.stop.run_until_cancelled(self.threads.acquire()).await?.ok()?;
        let (worker, hint, known) =
            (Arc::clone(&self.worker), Hint::pressed(recorded.language_hint), self.known.clone());
        let (started, mut early) = (Instant::now(), Duration::ZERO);
        let listen = move || worker.pipeline.transcribe_rest(&bytes, &*worker.engine, hint, &known);
        let verdict = match tokio::task::spawn_blocking(listen).await {
            Ok(Ok((transcript, saved))) => {
                early = saved;
                Verdict::Heard(transcript)
            }
            Ok(Err(error)) => Verdict::Undecodable(error),
            Err(error) => {
                tracing::error!(%error, "transcription broke off");
                Verdict::Failed
            }
        };
        Some(Listened { verdict, took: started.elapsed(), early })
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
    async fn publish(&self, messages: Vec<Message>, length: Duration, took: Duration) -> Done {
        let mut backoff = Backoff::default();
        loop {
            match self.worker.bus.publish(messages.clone()).await {
                Ok(()) => return Done::Published { length, took },
                Err(error) => telemetry::retry("publish", &error, backoff.peek()),
            }
            if self.stop.run_until_cancelled(sleep(backoff.next())).await.is_none() {
                return Done::GivenUp;
            }
        }
    }

    fn dead_letter(&self, reason: &str) -> Option<Message> {
        telemetry::dead_letter();
        let original = &self.pending.delivery.message;
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
pub(super) fn now() -> Timestamp {
    Timestamp::now()
}
