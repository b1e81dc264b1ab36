//! Reading a topic: at least once, one message after the other; what may work later is tried again, what never will is set
//! aside with its reason so that it holds nobody up.

use super::Backoff;
use crate::clock::Clock;
use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dauys_bus::{Bus, Delivery, Message, Subscription};
use dauys_events::{DeadLetter, EnvelopeError, Topic};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// How many messages are taken from the bus at once.
const BATCH: usize = 64;

/// Why a message could not be handled.
#[derive(Debug)]
pub enum Setback {
    /// It may work later: the same message is handled again after a pause.
    Later(String),
    /// It will never work: the message is set aside.
    Never(String),
}

impl From<EnvelopeError> for Setback {
    fn from(error: EnvelopeError) -> Self {
        // serde's message may repeat a value of the event, which may be personal data: only the place is kept.
        match error {
            EnvelopeError::Shape(error) => {
                Setback::Never(format!("not an event of this shape (line {}, column {})", error.line(), error.column()))
            }
            other => Setback::Never(other.to_string()),
        }
    }
}

/// What is done with each message of a topic. Messages come at least once: handling one again must change nothing.
#[async_trait]
pub trait Handle: Send + Sync {
    /// Names the stage in dead letters and metrics.
    fn stage(&self) -> &'static str;

    /// Handles one message.
    ///
    /// # Errors
    /// [`Setback`] where it was not handled.
    async fn handle(&self, delivery: &Delivery) -> Result<(), Setback>;

    /// Is called when everything that was read so far is handled.
    async fn settled(&self) {}
}

/// A consumer of one topic.
pub struct Consumer {
    /// The bus.
    pub bus: Arc<dyn Bus>,
    /// The clock.
    pub clock: Clock,
    /// The consumer group.
    pub group: &'static str,
    /// The topic.
    pub topic: Topic,
    /// The pauses between attempts.
    pub backoff: Backoff,
}

impl Consumer {
    /// Reads and handles until `stop`. What is being handled when it is told to stop is finished or delivered again.
    pub async fn run(&self, handler: &dyn Handle, stop: &CancellationToken) {
        while let Some(mut subscription) = self.subscribe(handler.stage(), stop).await {
            if self.read(&mut *subscription, handler, stop).await.is_none() {
                return;
            }
        }
    }

    async fn subscribe(&self, stage: &str, stop: &CancellationToken) -> Option<Box<dyn Subscription>> {
        let mut backoff = self.backoff.clone();
        while !stop.is_cancelled() {
            match self.bus.subscribe(self.group, &[self.topic]).await {
                Ok(subscription) => return Some(subscription),
                Err(error) => tracing::warn!(stage, topic = %self.topic, %error, "cannot subscribe"),
            }
            backoff.pause(stop).await?;
        }
        None
    }

    /// Reads on; returns none when it is time to stop.
    async fn read(
        &self,
        subscription: &mut dyn Subscription,
        handler: &dyn Handle,
        stop: &CancellationToken,
    ) -> Option<()> {
        let stage = handler.stage();
        let mut backoff = self.backoff.clone();
        loop {
            let batch = tokio::select! {
                () = stop.cancelled() => return None,
                batch = subscription.next(BATCH) => batch,
            };
            match batch {
                Ok(deliveries) => {
                    backoff = self.backoff.clone();
                    for delivery in &deliveries {
                        self.handle(handler, delivery, stop).await?;
                    }
                    if let Err(error) = subscription.commit().await {
                        tracing::warn!(stage, %error, "cannot commit; the same messages may come again");
                    }
                    handler.settled().await;
                }
                Err(error) => {
                    tracing::warn!(stage, %error, "cannot read");
                    backoff.pause(stop).await?;
                }
            }
        }
    }

    /// Handles one message until it is handled or set aside; returns none when it is time to stop before that.
    async fn handle(&self, handler: &dyn Handle, delivery: &Delivery, stop: &CancellationToken) -> Option<()> {
        let stage = handler.stage();
        let mut backoff = self.backoff.clone();
        loop {
            match handler.handle(delivery).await {
                Ok(()) => return Some(()),
                Err(Setback::Never(reason)) => {
                    tracing::error!(stage, reason, offset = delivery.offset, "set aside");
                    metrics::counter!("dauys_dead_letters_total", "stage" => stage).increment(1);
                    return self.set_aside(stage, delivery, reason, stop).await;
                }
                Err(Setback::Later(reason)) => {
                    tracing::warn!(stage, reason, "not handled yet");
                    metrics::counter!("dauys_setbacks_total", "stage" => stage).increment(1);
                }
            }
            backoff.pause(stop).await?;
        }
    }

    async fn set_aside(
        &self,
        stage: &str,
        delivery: &Delivery,
        reason: String,
        stop: &CancellationToken,
    ) -> Option<()> {
        let original = &delivery.message;
        let payload = match std::str::from_utf8(&original.payload) {
            Ok(text) => text.to_owned(),
            Err(_) => STANDARD.encode(&original.payload),
        };
        let letter = DeadLetter {
            topic: original.topic.name().to_owned(),
            key: original.key.clone(),
            reason,
            stage: stage.to_owned(),
            payload,
        };
        let Ok(message) = Message::of((self.clock)(), letter) else { return Some(()) };
        let message = Message { traceparent: original.traceparent.clone(), ..message };
        let mut backoff = self.backoff.clone();
        loop {
            match self.bus.publish(vec![message.clone()]).await {
                Ok(()) => return Some(()),
                Err(error) => tracing::warn!(stage, %error, "cannot set aside"),
            }
            backoff.pause(stop).await?;
        }
    }
}
