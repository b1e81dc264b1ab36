//! The worker's surroundings: a bus in memory, a store in a folder, and recordings to send.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use dauys_bus::{Bus, BusError, Delivery, Message, Recordings, Subscription};
use dauys_events::{
    Channel, Contact, Event, IntakeId, Language, MediaQuality, Recorded, RecordingEnd, RegistrationNumber, Topic,
    Transcribed,
};
use dauys_transcriber::engine::Engine;
use dauys_transcriber::transcribe::Pipeline;
use dauys_transcriber::urgency::Urgency;
use dauys_transcriber::worker::{Worker, WorkerSettings};
use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// A bus in memory that can be made to refuse.
#[derive(Clone, Default)]
pub struct MemoryBus(pub Arc<Inner>);

#[derive(Default)]
pub struct Inner {
    pub topics: Mutex<HashMap<Topic, Vec<Message>>>,
    pub committed: Mutex<usize>,
    pub refusals: AtomicUsize,
    pub changed: Notify,
}

pub struct MemorySubscription {
    bus: MemoryBus,
    at: usize,
}

impl MemoryBus {
    pub fn on<T: Event>(&self) -> Vec<T> {
        let topics = self.0.topics.lock().unwrap();
        let messages = topics.get(&T::TOPIC).cloned().unwrap_or_default();
        let read = |message| Delivery { message, partition: 0, offset: 0 }.event::<T>().unwrap().data;
        messages.into_iter().map(read).collect()
    }

    pub fn committed(&self) -> usize {
        *self.0.committed.lock().unwrap()
    }

    /// Waits until a condition on the bus holds, for as long as the test runner's own limit.
    pub async fn until(&self, condition: impl Fn(&Self) -> bool) {
        loop {
            let changed = self.0.changed.notified();
            if condition(self) {
                return;
            }
            changed.await;
        }
    }
}

#[async_trait]
impl Bus for MemoryBus {
    async fn publish(&self, messages: Vec<Message>) -> Result<(), BusError> {
        let refuse = |left: usize| left.checked_sub(1);
        if self.0.refusals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, refuse).is_ok() {
            self.0.changed.notify_waiters();
            return Err(BusError::Unavailable("the broker restarts".to_owned()));
        }
        for message in messages {
            self.0.topics.lock().unwrap().entry(message.topic).or_default().push(message);
        }
        self.0.changed.notify_waiters();
        Ok(())
    }

    async fn subscribe(&self, _group: &str, _topics: &[Topic]) -> Result<Box<dyn Subscription>, BusError> {
        Ok(Box::new(MemorySubscription { bus: self.clone(), at: self.committed() }))
    }

    async fn lag(&self, _group: &str, topic: Topic) -> Result<u64, BusError> {
        let all = self.0.topics.lock().unwrap().get(&topic).map_or(0, Vec::len);
        Ok((all - self.committed()) as u64)
    }

    async fn check(&self) -> Result<(), BusError> {
        Ok(())
    }
}

#[async_trait]
impl Subscription for MemorySubscription {
    async fn next(&mut self, max: usize) -> Result<Vec<Delivery>, BusError> {
        loop {
            let changed = self.bus.0.changed.notified();
            let all = self.bus.0.topics.lock().unwrap().get(&Topic::Recordings).cloned().unwrap_or_default();
            let taken: Vec<_> = all.into_iter().enumerate().skip(self.at).take(max).collect();
            if !taken.is_empty() {
                self.at += taken.len();
                let deliver = |(offset, message)| Delivery { message, partition: 0, offset: offset as i64 };
                return Ok(taken.into_iter().map(deliver).collect());
            }
            changed.await;
        }
    }

    async fn commit(&mut self) -> Result<(), BusError> {
        *self.bus.0.committed.lock().unwrap() = self.at;
        self.bus.0.changed.notify_waiters();
        Ok(())
    }
}

pub struct Scene {
    pub bus: MemoryBus,
    pub recordings: Recordings,
    pub stop: CancellationToken,
    pub folder: tempfile::TempDir,
    pub next: u128,
}

impl Scene {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let recordings = Recordings::local(folder.path()).unwrap();
        Self { bus: MemoryBus::default(), recordings, stop: CancellationToken::new(), folder, next: 1 }
    }

    pub fn start(&self, engine: Arc<dyn Engine>) -> JoinHandle<()> {
        self.start_with(engine, Urgency::default())
    }

    pub fn start_with(&self, engine: Arc<dyn Engine>, urgency: Urgency) -> JoinHandle<()> {
        let settings = WorkerSettings {
            missing_patience: Duration::ZERO,
            store_patience: Duration::ZERO,
            checkpoint: Duration::from_millis(50),
            checkpoint_patience: Duration::from_millis(10),
            urgency,
            ..WorkerSettings::default()
        };
        let bus: Arc<dyn Bus> = Arc::new(self.bus.clone());
        let worker = Worker::new(bus, self.recordings.clone(), engine, Pipeline::default(), settings);
        tokio::spawn(worker.run(self.stop.clone()))
    }

    pub fn recorded(&mut self) -> Recorded {
        self.next += 1;
        let at: Timestamp = "2026-11-21T10:00:00Z".parse().unwrap();
        Recorded {
            intake_id: IntakeId(Uuid::from_u128(self.next)),
            registration_number: RegistrationNumber::compose(1, self.next as u32).unwrap(),
            channel: Channel::Call,
            contact: Contact::default(),
            call_id: None,
            external_id: None,
            language_hint: Some(Language::Ru),
            recording: None,
            text: None,
            duration_ms: 5000,
            received_at: at,
            last_word_at: at,
            end: RecordingEnd::Silence,
            quality: MediaQuality::default(),
        }
    }

    pub async fn store(&mut self, bytes: Vec<u8>) -> Recorded {
        let mut recorded = self.recorded();
        let (id, at) = (recorded.intake_id, recorded.received_at);
        let stored = self.recordings.put(id, at, "wav", "audio/wav", Bytes::from(bytes)).await.unwrap();
        recorded.recording = Some(stored);
        recorded
    }

    pub async fn send(&self, recorded: &Recorded) {
        let at = "2026-11-21T10:00:01Z".parse().unwrap();
        self.bus.publish(vec![Message::of(at, recorded.clone()).unwrap()]).await.unwrap();
    }

    pub async fn answers(&self, count: usize) -> Vec<Transcribed> {
        self.bus.until(|bus| bus.on::<Transcribed>().len() >= count).await;
        self.bus.on::<Transcribed>()
    }
}
