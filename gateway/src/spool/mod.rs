//! The durable hand-over of finished intakes to the bus and the object store.
//!
//! The end of each intake in the recording log *is* its spooled event. The exporter takes finished intakes, oldest first, reads
//! the recording back, gives both to a [`HandOver`], and puts that on record. A crash at any point repeats a hand-over, so its
//! effect must be keyed by the intake's id. Nothing is ever given up.

pub mod numbers;

mod exporter;

use std::future::Future;

use bytes::Bytes;
use uuid::Uuid;

use crate::recording::{Commit, Media, Refused, Store};

pub use exporter::{ExportSettings, Exporter};

/// What an intake left besides its recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spooled {
    /// The intake's id: the key of everything that the hand-over does.
    pub intake_id: Uuid,
    /// The call's facts as JSON; empty for what is no call.
    pub head: Vec<u8>,
    /// The event as JSON, as it was given at the intake's end.
    pub tail: Vec<u8>,
}

/// Why a hand-over failed. It is tried again.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct HandOverError(pub String);

/// Where finished intakes go: the object store and the bus.
pub trait HandOver: Send + Sync + 'static {
    /// Stores the recording and publishes the event. It may be called again for an intake that was delivered already.
    ///
    /// # Errors
    /// When either did not take it.
    fn deliver(&self, intake: Spooled, media: Media) -> impl Future<Output = Result<(), HandOverError>> + Send;
}

/// Why a voice note was not taken.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// The store cannot take it now.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The process is shutting down.
    #[error("the process is shutting down")]
    Closed,
}

/// Takes an intake that came whole, such as a voice note, without blocking the runtime. Await the commit before anything is promised.
///
/// # Errors
/// When the disk cannot take it, or it is too long.
pub async fn put_blob(
    store: &Store,
    intake_id: Uuid,
    media_type: &str,
    bytes: Bytes,
    tail: Vec<u8>,
) -> Result<Commit, PutError> {
    let (store, media_type) = (store.clone(), media_type.to_owned());
    tokio::task::spawn_blocking(move || store.put_blob(intake_id, &media_type, &bytes, &tail))
        .await
        .map_err(|_| PutError::Closed)?
        .map_err(PutError::from)
}
