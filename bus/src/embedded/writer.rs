//! The one writer: takes whatever waits, does it in one transaction, and answers all once that is flushed (group commit).

use crate::embedded::database::{self, Database};
use crate::{BusError, Message, telemetry};
use dauys_events::Topic;
use jiff::Timestamp;
use sqlx::{Connection, SqliteConnection};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};

const QUEUE: usize = 1024;
const TOGETHER: usize = 512;
const BYTES_TOGETHER: usize = 16 << 20;

/// Each topic's newest number.
pub(super) type Heads = HashMap<Topic, i64>;

/// What the writer can be asked to do.
#[derive(Debug)]
pub(super) enum Work {
    Append(Vec<Message>),
    Join { group: String, topics: Vec<Topic> },
    Advance { group: String, positions: Vec<(Topic, i64)> },
    Cut { before: Timestamp },
    Nothing,
}

struct Request {
    work: Work,
    reply: oneshot::Sender<Result<u64, BusError>>,
}

/// The way to the writer, which ends once all copies of this are dropped.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    requests: mpsc::Sender<Request>,
    heads: watch::Receiver<Heads>,
}

impl Writer {
    /// Starts the writer.
    pub(super) async fn start(database: Arc<Database>) -> Result<Self, BusError> {
        let connection = database.writer().await?;
        let (head_sender, heads) = watch::channel(database.heads().await?);
        let (requests, receiver) = mpsc::channel(QUEUE);
        let task = WriterTask { database, connection: Some(connection), receiver, heads: head_sender };
        tokio::spawn(task.run());
        Ok(Self { requests, heads })
    }

    /// Returns each topic's newest number, as it changes.
    pub(super) fn heads(&self) -> watch::Receiver<Heads> {
        self.heads.clone()
    }

    /// Has work done and waits until it is durable; returns how many rows it touched.
    pub(super) async fn submit(&self, work: Work) -> Result<u64, BusError> {
        let ended = || BusError::Unavailable("the log's writer has ended".to_owned());
        let (reply, answer) = oneshot::channel();
        if self.requests.capacity() == 0 {
            telemetry::back_pressure(super::NAME);
        }
        self.requests.send(Request { work, reply }).await.map_err(|_| ended())?;
        answer.await.map_err(|_| ended())?
    }
}

struct WriterTask {
    database: Arc<Database>,
    connection: Option<SqliteConnection>,
    receiver: mpsc::Receiver<Request>,
    heads: watch::Sender<Heads>,
}

impl WriterTask {
    async fn run(mut self) {
        while let Some(first) = self.receiver.recv().await {
            let requests = self.gather(first);
            let outcome = self.transact(&requests).await;
            if outcome.is_err() {
                // Whatever state the failure left behind goes with the connection.
                self.connection = None;
            }
            answer(requests, outcome);
        }
        if let Some(connection) = self.connection.take() {
            let _ = connection.close().await;
        }
    }

    /// Takes what waits already, within bounds.
    fn gather(&mut self, first: Request) -> Vec<Request> {
        let mut bytes = size(&first.work);
        let mut requests = vec![first];
        while requests.len() < TOGETHER && bytes < BYTES_TOGETHER {
            let Ok(request) = self.receiver.try_recv() else { break };
            bytes += size(&request.work);
            requests.push(request);
        }
        requests
    }

    #[expect(clippy::disallowed_methods, reason = "a message's age counts from when it was written")]
    async fn transact(&mut self, requests: &[Request]) -> Result<Vec<u64>, BusError> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(self.database.writer().await?),
        };
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(database::failure)?;
        let (now, mut heads) = (Timestamp::now(), Heads::new());
        let mut counts = Vec::with_capacity(requests.len());
        for request in requests {
            counts.push(match &request.work {
                Work::Append(messages) => database::append(&mut transaction, now, messages, &mut heads).await?,
                Work::Join { group, topics } => database::join(&mut transaction, group, topics).await?,
                Work::Advance { group, positions } => database::advance(&mut transaction, group, positions).await?,
                Work::Cut { before } => database::cut(&mut transaction, *before).await?,
                Work::Nothing => 0,
            });
        }
        transaction.commit().await.map_err(database::failure)?;
        if !heads.is_empty() {
            self.heads.send_modify(|all| all.extend(heads));
        }
        Ok(counts)
    }
}

/// Answers those who still wait; one who has gone needs no answer.
fn answer(requests: Vec<Request>, outcome: Result<Vec<u64>, BusError>) {
    match outcome {
        Ok(counts) => requests.into_iter().zip(counts).for_each(|(request, count)| {
            let _ = request.reply.send(Ok(count));
        }),
        Err(error) => requests.into_iter().for_each(|request| {
            let _ = request.reply.send(Err(match &error {
                BusError::Unavailable(text) => BusError::Unavailable(text.clone()),
                BusError::Refused(text) => BusError::Refused(text.clone()),
            }));
        }),
    }
}

fn size(work: &Work) -> usize {
    match work {
        Work::Append(messages) => messages.iter().map(|message| message.payload.len()).sum(),
        _ => 0,
    }
}
