//! WhatsApp Business Cloud API: voice notes and texts become intakes, and the citizen gets the registration number.
//!
//! The webhook only verifies, parses and puts messages into a durable inbox, then answers. A worker drains the inbox: it fetches
//! the note, spools it, and answers once the spool has it on disk. Every step is repeated until it succeeds or a person is told.

mod client;
mod config;
mod failure;
mod inbox;
mod note;
pub mod reply;
mod routes;
pub mod webhook;
mod worker;

use std::path::Path;
use std::sync::Arc;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::recording::Store;
use crate::spool::numbers::Numbers;

pub use config::{Access, Pace};
pub use inbox::InboxError;

use inbox::Inbox;
use worker::Worker;

/// What the messenger is made of.
pub struct Parts {
    /// How the API is reached.
    pub access: Access,
    /// How failed steps are repeated.
    pub pace: Pace,
    /// The process's HTTP client.
    pub http: reqwest::Client,
    /// The recording store, which takes the notes.
    pub store: Store,
    /// The node's registration numbers.
    pub numbers: Arc<Numbers>,
}

/// The messenger: its webhook and its worker.
pub struct Whatsapp {
    access: Arc<Access>,
    inbox: Inbox,
    news: Arc<Notify>,
    worker: Worker,
}

impl Whatsapp {
    /// Opens the inbox in the data folder; it takes up what an earlier run left.
    ///
    /// # Errors
    /// When the inbox cannot be opened.
    pub async fn open(folder: &Path, parts: Parts) -> Result<Self, InboxError> {
        let inbox = Inbox::open(&folder.join("whatsapp.sqlite")).await?;
        let (access, news) = (Arc::new(parts.access), Arc::new(Notify::new()));
        let client = client::Client::new(parts.http, Arc::clone(&access));
        let worker = Worker {
            inbox: inbox.clone(),
            client,
            store: parts.store,
            numbers: parts.numbers,
            pace: parts.pace,
            news: Arc::clone(&news),
        };
        Ok(Self { access, inbox, news, worker })
    }

    /// Makes the routes: `GET` and `POST /webhooks/whatsapp`.
    pub fn routes(&self) -> axum::Router {
        routes::routes(routes::Webhook {
            access: Arc::clone(&self.access),
            inbox: self.inbox.clone(),
            news: Arc::clone(&self.news),
        })
    }

    /// Says how many messages await a step.
    ///
    /// # Errors
    /// When the inbox cannot be read.
    pub async fn waiting(&self) -> Result<u64, InboxError> {
        self.inbox.waiting().await
    }

    /// Makes the worker's future: it drains the inbox until `stop`.
    pub fn run(&self, stop: CancellationToken) -> impl Future<Output = ()> + Send + 'static {
        self.worker.clone().run(stop)
    }
}
