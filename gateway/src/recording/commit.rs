//! The promise that an intake is safely on disk, to be awaited before its registration number is spoken.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

/// Why an intake cannot be said to be on disk. It may still be, and what is there still becomes a ticket; but nobody may be told so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// The disk did not confirm a write.
    #[error("the disk did not confirm that the recording is safe")]
    Disk,
    /// The store was closed before the intake was safe.
    #[error("the recording store was closed")]
    Closed,
}

/// Resolves when everything of an intake, its end included, is safely on disk. A future; a thread without a runtime polls
/// [`Commit::poll_now`].
#[derive(Debug)]
#[must_use = "an intake is safe only once its commit resolves"]
pub struct Commit(oneshot::Receiver<Result<(), CommitError>>);

/// The other end of a [`Commit`].
pub(super) type Promise = oneshot::Sender<Result<(), CommitError>>;

impl Commit {
    pub(super) fn pair() -> (Promise, Self) {
        let (promise, receiver) = oneshot::channel();
        (promise, Self(receiver))
    }

    pub(super) fn refused(error: CommitError) -> Self {
        let (promise, commit) = Self::pair();
        // The receiver is at hand, so that sending cannot fail.
        let _ = promise.send(Err(error));
        commit
    }

    /// Says the outcome if there is one. Ask again after the writer's next pass.
    pub fn poll_now(&mut self) -> Option<Result<(), CommitError>> {
        match self.0.try_recv() {
            Ok(outcome) => Some(outcome),
            Err(oneshot::error::TryRecvError::Empty) => None,
            Err(oneshot::error::TryRecvError::Closed) => Some(Err(CommitError::Closed)),
        }
    }

    /// Waits for the outcome on a thread of its own (never inside an async runtime).
    ///
    /// # Errors
    /// When the intake cannot be said to be on disk.
    pub fn wait(self) -> Result<(), CommitError> {
        self.0.blocking_recv().unwrap_or(Err(CommitError::Closed))
    }
}

impl Future for Commit {
    type Output = Result<(), CommitError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|outcome| outcome.unwrap_or(Err(CommitError::Closed)))
    }
}
