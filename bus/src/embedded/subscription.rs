//! A member of a group on the embedded log: waits for its turn, reads from the group's cursors on, and moves them when
//! its work is done.

use crate::embedded::NAME;
use crate::embedded::database::Database;
use crate::embedded::writer::{Heads, Work, Writer};
use crate::{BusError, Delivery, Subscription, limits, telemetry};
use async_trait::async_trait;
use dauys_events::Topic;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedMutexGuard, watch};

/// The right to read a group's topic.
type Turn = Arc<tokio::sync::Mutex<()>>;

/// Who reads what: each group's topic has one reader at a time, the others queue in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Members {
    turns: Mutex<HashMap<(String, Topic), Turn>>,
}

impl Members {
    fn turn(&self, group: &str, topic: Topic) -> Turn {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(turns.entry((group.to_owned(), topic)).or_default())
    }
}

/// How far a member is with a topic.
#[derive(Clone, Copy, Debug)]
struct Position {
    topic: Topic,
    returned: i64,
    committed: i64,
}

/// A place in a group on the embedded log.
pub(super) struct EmbeddedSubscription {
    group: String,
    /// Sorted, so that members with overlapping topics never wait for each other in a circle.
    topics: Vec<Topic>,
    database: Arc<Database>,
    writer: Writer,
    heads: watch::Receiver<Heads>,
    members: Arc<Members>,
    turns: Vec<OwnedMutexGuard<()>>,
    /// Empty until it is this member's turn.
    positions: Vec<Position>,
}

impl EmbeddedSubscription {
    pub(super) fn new(
        group: &str,
        topics: Vec<Topic>,
        database: Arc<Database>,
        writer: Writer,
        members: Arc<Members>,
    ) -> Self {
        let heads = writer.heads();
        let (turns, positions) = (Vec::new(), Vec::new());
        Self { group: group.to_owned(), topics, database, writer, heads, members, turns, positions }
    }

    /// Waits until no other member reads these topics, then starts from what the group has committed.
    async fn await_turn(&mut self) -> Result<(), BusError> {
        if !self.positions.is_empty() {
            return Ok(());
        }
        while let Some(topic) = self.topics.get(self.turns.len()) {
            let turn = self.members.turn(&self.group, *topic);
            let guard = match Arc::clone(&turn).try_lock_owned() {
                Ok(guard) => guard,
                Err(_) => {
                    tracing::info!(group = self.group, %topic, "another member of the group reads: this one waits");
                    turn.lock_owned().await
                }
            };
            self.turns.push(guard);
        }
        let cursors = self.database.cursors(&self.group).await?;
        let position = |topic: &Topic| {
            let committed = cursors.get(topic).copied().unwrap_or(0);
            Position { topic: *topic, returned: committed, committed }
        };
        self.positions = self.topics.iter().map(position).collect();
        Ok(())
    }

    /// Reads what is there, the topic that is furthest behind first, so that a full topic does not starve another.
    async fn read(&self, heads: &Heads, max: usize) -> Result<Vec<Delivery>, BusError> {
        let mut waiting: Vec<_> =
            self.positions.iter().filter(|position| head(heads, position.topic) > position.returned).collect();
        waiting.sort_unstable_by_key(|position| position.returned);
        let (mut deliveries, mut bytes) = (Vec::new(), 0);
        for (index, position) in waiting.iter().enumerate() {
            let share = (max - deliveries.len()).div_ceil(waiting.len() - index);
            let read = self.database.read(position.topic, position.returned, share).await?;
            bytes += read.iter().map(|delivery| delivery.message.payload.len()).sum::<usize>();
            deliveries.extend(read);
            if bytes >= limits::BATCH || deliveries.len() >= max {
                break;
            }
        }
        Ok(deliveries)
    }
}

fn head(heads: &Heads, topic: Topic) -> i64 {
    heads.get(&topic).copied().unwrap_or(0)
}

#[async_trait]
impl Subscription for EmbeddedSubscription {
    async fn next(&mut self, max: usize) -> Result<Vec<Delivery>, BusError> {
        self.await_turn().await?;
        loop {
            let positions = &self.positions;
            let grown = |heads: &Heads| positions.iter().any(|at| head(heads, at.topic) > at.returned);
            let heads = match self.heads.wait_for(grown).await {
                Ok(heads) => heads.clone(),
                Err(_) => return Err(BusError::Unavailable("the log's writer has ended".to_owned())),
            };
            let deliveries = self.read(&heads, max.max(1)).await?;
            if deliveries.is_empty() {
                // Someone removed messages by hand: nothing up to here will come any more.
                self.positions.iter_mut().for_each(|at| at.returned = at.returned.max(head(&heads, at.topic)));
                continue;
            }
            for delivery in &deliveries {
                if let Some(at) = self.positions.iter_mut().find(|at| at.topic == delivery.message.topic) {
                    at.returned = delivery.offset;
                }
            }
            telemetry::delivered(NAME, &self.group, &deliveries);
            return Ok(deliveries);
        }
    }

    async fn commit(&mut self) -> Result<(), BusError> {
        let moved = self.positions.iter().filter(|at| at.returned > at.committed);
        let positions: Vec<_> = moved.map(|at| (at.topic, at.returned)).collect();
        if positions.is_empty() {
            return Ok(());
        }
        let work = Work::Advance { group: self.group.clone(), positions };
        if let Err(error) = self.writer.submit(work).await {
            telemetry::commit_failed(NAME, &self.group, &error);
            return Err(error);
        }
        self.positions.iter_mut().for_each(|at| at.committed = at.returned);
        Ok(())
    }
}
