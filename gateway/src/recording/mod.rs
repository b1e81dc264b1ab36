//! The log-structured recording store: every call's audio, in batches, in a few large append-only files with one group commit for all.
//!
//! Each media thread has a [`Writer`]. [`Writer::finish`] gives a [`Commit`] that resolves once the recording and its event are
//! safely on disk: only then may a registration number be spoken. A crash loses at most the last second of calls in progress;
//! whatever was begun becomes a ticket.

mod assemble;
mod codec;
mod commit;
mod disk;
mod excerpt;
pub mod format;
mod index;
mod ogg;
mod recover;
mod shared;
mod store;
mod syncer;
pub mod telemetry;
pub mod wav;
mod writer;

pub use assemble::{Assembled, Assembly, Media, Recording};
pub use commit::{Commit, CommitError};
pub use disk::{Disk, OsDisk, SegmentFile};
pub use excerpt::Excerpt;
pub use format::Codec;
pub use index::Places;
pub use recover::{Catalogue, Found, Scan, ScanError, scan_from};
pub use shared::{DiskState, Interrupted, OnInterrupted, Settings};
pub use store::{Recovery, Store, StoreError};
pub use writer::{Located, Refused, TrackId, Writer};
