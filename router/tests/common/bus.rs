//! A bus in memory, with the faults that a real one has: it can be away, and a process can die right after publishing.

use async_trait::async_trait;
use dauys_bus::{Bus, BusError, Delivery, Message, Subscription};
use dauys_events::Topic;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

#[derive(Default)]
struct Log {
    messages: Mutex<Vec<Message>>,
    committed: Mutex<HashMap<(String, Topic), usize>>,
    grown: Notify,
    moved: Notify,
}

#[derive(Clone, Default)]
pub struct MemoryBus {
    log: Arc<Log>,
    away: Arc<AtomicBool>,
    hangs: Arc<AtomicBool>,
    pub hung: Arc<Notify>,
}

impl MemoryBus {
    /// Refuses to publish, or no longer.
    pub fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    /// Publishes and then never answers, as for a process that dies at that moment.
    pub fn set_hangs(&self, hangs: bool) {
        self.hangs.store(hangs, Ordering::SeqCst);
    }

    pub fn on(&self, topic: Topic) -> Vec<Message> {
        self.log.messages.lock().unwrap().iter().filter(|message| message.topic == topic).cloned().collect()
    }

    /// Waits until a topic holds `count` messages.
    pub async fn until(&self, topic: Topic, count: usize) -> Vec<Message> {
        loop {
            let grown = self.log.grown.notified();
            tokio::pin!(grown);
            grown.as_mut().enable();
            let messages = self.on(topic);
            if messages.len() >= count {
                return messages;
            }
            grown.await;
        }
    }

    /// Waits until a group has committed `count` messages of a topic.
    pub async fn until_committed(&self, group: &str, topic: Topic, count: usize) {
        loop {
            let moved = self.log.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            if self.committed(group, topic) >= count {
                return;
            }
            moved.await;
        }
    }

    pub fn committed(&self, group: &str, topic: Topic) -> usize {
        self.log.committed.lock().unwrap().get(&(group.to_owned(), topic)).copied().unwrap_or(0)
    }
}

#[async_trait]
impl Bus for MemoryBus {
    async fn publish(&self, messages: Vec<Message>) -> Result<(), BusError> {
        if self.away.load(Ordering::SeqCst) {
            return Err(BusError::Unavailable("away".into()));
        }
        self.log.messages.lock().unwrap().extend(messages);
        self.log.grown.notify_waiters();
        if self.hangs.load(Ordering::SeqCst) {
            self.hung.notify_one();
            std::future::pending::<()>().await;
        }
        Ok(())
    }

    async fn subscribe(&self, group: &str, topics: &[Topic]) -> Result<Box<dyn Subscription>, BusError> {
        let topic = topics[0];
        let at = self.committed(group, topic);
        Ok(Box::new(Reading { bus: self.clone(), group: group.to_owned(), topic, at }))
    }

    async fn lag(&self, group: &str, topic: Topic) -> Result<u64, BusError> {
        Ok((self.on(topic).len() - self.committed(group, topic)) as u64)
    }

    async fn check(&self) -> Result<(), BusError> {
        Ok(())
    }
}

struct Reading {
    bus: MemoryBus,
    group: String,
    topic: Topic,
    at: usize,
}

#[async_trait]
impl Subscription for Reading {
    async fn next(&mut self, max: usize) -> Result<Vec<Delivery>, BusError> {
        let messages = self.bus.until(self.topic, self.at + 1).await;
        let deliveries: Vec<Delivery> = messages
            .into_iter()
            .enumerate()
            .skip(self.at)
            .take(max)
            .map(|(offset, message)| Delivery { message, partition: 0, offset: offset as i64 })
            .collect();
        self.at += deliveries.len();
        Ok(deliveries)
    }

    async fn commit(&mut self) -> Result<(), BusError> {
        self.bus.log.committed.lock().unwrap().insert((self.group.clone(), self.topic), self.at);
        self.bus.log.moved.notify_waiters();
        Ok(())
    }
}
