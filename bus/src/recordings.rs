//! The recording store: audio lies here under its intake's name and never travels inside an event. A recording is written
//! once, whole and flushed, and read back only where its size and SHA-256 are as written.

use bytes::Bytes;
use dauys_events::{IntakeId, RecordingRef};
use futures::StreamExt;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::Arc;
use thiserror::Error;

use crate::folders::Folders;

/// The folder of parts of calls that still go on.
const PARTS: &str = "parts";

/// Why a recording could not be written or read.
#[derive(Debug, Error)]
pub enum RecordingError {
    /// The store holds nothing under this name.
    #[error("the recording store holds no {0}")]
    NotFound(String),
    /// What the store holds is not what was written: another size or another SHA-256.
    #[error("the recording {uri} is damaged: {what}")]
    Corrupt {
        /// The recording.
        uri: String,
        /// What differs.
        what: String,
    },
    /// The intake has a recording already, with other bytes; it is never overwritten.
    #[error("the recording {0} exists already with other content")]
    Conflict(String),
    /// The name is none that this store gives: asking again will not help.
    #[error("the recording store refused: {0}")]
    Refused(String),
    /// The disk or the object store is not to be had now; it may work later.
    #[error("the recording store is not available: {0}")]
    Unavailable(String),
}

/// The store of recordings: a local folder, or any object store.
#[derive(Clone, Debug)]
pub struct Recordings {
    store: Arc<dyn ObjectStore>,
    /// The same place without a flush after each write: for parts, which may be lost.
    quick: Arc<dyn ObjectStore>,
    folders: Option<Arc<Folders>>,
}

impl Recordings {
    /// Keeps recordings in an object store, whose writes must be durable once they return.
    pub fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self { quick: Arc::clone(&store), store, folders: None }
    }

    /// Keeps recordings in a local folder, which is made where it is missing. Each file and its folders are flushed to the
    /// disk before a write returns.
    ///
    /// # Errors
    /// [`RecordingError::Unavailable`] where the folder cannot be made or opened.
    pub fn local(folder: &Path) -> Result<Self, RecordingError> {
        let folders = Folders::open(folder).map_err(|error| unavailable(folder.display(), error))?;
        let open = || LocalFileSystem::new_with_prefix(folder).map_err(|error| unavailable(folder.display(), error));
        let (store, quick) = (Arc::new(open()?.with_fsync(true)), Arc::new(open()?));
        Ok(Self { store, quick, folders: Some(Arc::new(folders)) })
    }

    /// Writes a recording as `YYYY/MM/DD/<intake>.<extension>` (the day in UTC). Once it returns, the recording is whole
    /// and durable. The same intake again with the same bytes is the same recording.
    ///
    /// # Errors
    /// [`RecordingError::Conflict`] where the intake has other bytes already, [`RecordingError::Refused`] for an extension
    /// that is not 1 to 8 letters and digits, [`RecordingError::Unavailable`] where the bytes may not be durable.
    pub async fn put(
        &self,
        intake: IntakeId,
        received_at: Timestamp,
        extension: &str,
        media_type: &str,
        bytes: Bytes,
    ) -> Result<RecordingRef, RecordingError> {
        if !is_extension(extension) {
            return Err(RecordingError::Refused(format!("`{extension}` is no file extension")));
        }
        let day = received_at.to_zoned(TimeZone::UTC).strftime("%Y/%m/%d").to_string();
        let uri = format!("{day}/{intake}.{extension}");
        let path = object_path(&uri)?;
        let recording = RecordingRef {
            sha256: hex::encode(Sha256::digest(&bytes)),
            bytes: bytes.len() as u64,
            media_type: media_type.to_owned(),
            uri,
        };
        if let Some(folders) = &self.folders {
            folders.prepare(day).await.map_err(|error| unavailable(&recording.uri, error))?;
        }
        let create = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.store.put_opts(&path, PutPayload::from_bytes(bytes.clone()), create).await {
            Ok(_) => Ok(recording),
            Err(object_store::Error::AlreadyExists { .. }) => self.write_again(&path, recording, bytes).await,
            Err(error) => Err(failure(&recording.uri, error)),
        }
    }

    /// Reads a recording and checks it against its reference.
    ///
    /// # Errors
    /// [`RecordingError::NotFound`], [`RecordingError::Corrupt`] where size or SHA-256 differ,
    /// [`RecordingError::Refused`] for a reference that this store never gave, or [`RecordingError::Unavailable`].
    pub async fn get(&self, recording: &RecordingRef) -> Result<Bytes, RecordingError> {
        let uri = &recording.uri;
        let found = self.store.get(&object_path(uri)?).await.map_err(|error| failure(uri, error))?;
        let corrupt = |what: String| RecordingError::Corrupt { uri: uri.clone(), what };
        if found.meta.size != recording.bytes {
            return Err(corrupt(format!("{} bytes instead of {}", found.meta.size, recording.bytes)));
        }
        let bytes = found.bytes().await.map_err(|error| failure(uri, error))?;
        let sha256 = hex::encode(Sha256::digest(&bytes));
        if sha256 != recording.sha256 {
            return Err(corrupt(format!("SHA-256 {sha256} instead of {}", recording.sha256)));
        }
        Ok(bytes)
    }

    /// Writes a part of a call that still goes on as `parts/<intake>-<number>.wav`, without waiting for the disk: a part that is
    /// lost costs time and no words. The same part again replaces the first.
    ///
    /// # Errors
    /// [`RecordingError::Unavailable`] where it cannot be written.
    pub async fn put_part(&self, intake: IntakeId, number: u32, bytes: Bytes) -> Result<RecordingRef, RecordingError> {
        let uri = format!("{PARTS}/{intake}-{number}.wav");
        let recording = RecordingRef {
            sha256: hex::encode(Sha256::digest(&bytes)),
            bytes: bytes.len() as u64,
            media_type: "audio/wav".to_owned(),
            uri,
        };
        let path = object_path(&recording.uri)?;
        let written = self.quick.put(&path, PutPayload::from_bytes(bytes)).await;
        written.map(|_| ()).map_err(|error| failure(&recording.uri, error))?;
        Ok(recording)
    }

    /// Removes a part that nobody needs any more; one that is gone already is no error.
    ///
    /// # Errors
    /// [`RecordingError::Refused`] for whatever is no part, [`RecordingError::Unavailable`].
    pub async fn remove_part(&self, part: &RecordingRef) -> Result<(), RecordingError> {
        if !is_part(&part.uri) {
            return Err(RecordingError::Refused("only parts are removed".to_owned()));
        }
        match self.quick.delete(&object_path(&part.uri)?).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failure(&part.uri, error)),
        }
    }

    /// Removes the parts that were written before `oldest`: those that nobody came for. Says how many they were.
    ///
    /// # Errors
    /// [`RecordingError::Unavailable`]; what was not removed is, at the next time.
    pub async fn sweep_parts(&self, oldest: Timestamp) -> Result<usize, RecordingError> {
        let mut listed = self.quick.list(Some(&ObjectPath::from(PARTS)));
        let mut removed = 0;
        while let Some(found) = listed.next().await {
            let found = found.map_err(|error| failure(PARTS, error))?;
            if found.last_modified.timestamp() >= oldest.as_second() || !is_part(found.location.as_ref()) {
                continue;
            }
            match self.quick.delete(&found.location).await {
                Ok(()) => removed += 1,
                Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(failure(PARTS, error)),
            }
        }
        Ok(removed)
    }

    /// Makes a repeated write durable: the first one may have been cut short between its last step and its flush.
    async fn write_again(
        &self,
        path: &ObjectPath,
        recording: RecordingRef,
        bytes: Bytes,
    ) -> Result<RecordingRef, RecordingError> {
        match self.get(&recording).await {
            Ok(_) => {}
            Err(RecordingError::Corrupt { uri, .. }) => return Err(RecordingError::Conflict(uri)),
            Err(other) => return Err(other),
        }
        match self.store.put(path, PutPayload::from_bytes(bytes)).await {
            Ok(_) => Ok(recording),
            Err(error) => Err(failure(&recording.uri, error)),
        }
    }
}

fn is_extension(text: &str) -> bool {
    (1..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Says whether a name has the shape that [`Recordings::put_part`] gives: `parts/<intake>-<number>.wav`.
fn is_part(uri: &str) -> bool {
    let name =
        uri.strip_prefix(PARTS).and_then(|rest| rest.strip_prefix('/')).and_then(|rest| rest.strip_suffix(".wav"));
    let parts = name.and_then(|name| name.rsplit_once('-'));
    parts.is_some_and(|(intake, number)| intake.parse::<IntakeId>().is_ok() && number.parse::<u32>().is_ok())
}

/// Accepts only names of the shape that [`Recordings::put`] and [`Recordings::put_part`] give, so that no reference leads out of
/// the store.
fn object_path(uri: &str) -> Result<ObjectPath, RecordingError> {
    let refused = || RecordingError::Refused("the reference is none that this store gives".to_owned());
    if is_part(uri) {
        return ObjectPath::parse(uri).map_err(|_| refused());
    }
    let digits = |part: Option<&str>, count: usize| {
        part.is_some_and(|part| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let mut parts = uri.split('/');
    let day = digits(parts.next(), 4) && digits(parts.next(), 2) && digits(parts.next(), 2);
    let name = parts.next().and_then(|name| name.split_once('.'));
    let Some((intake, extension)) = name else { return Err(refused()) };
    if !day || parts.next().is_some() || intake.parse::<IntakeId>().is_err() || !is_extension(extension) {
        return Err(refused());
    }
    ObjectPath::parse(uri).map_err(|_| refused())
}

fn unavailable(place: impl std::fmt::Display, error: impl std::fmt::Display) -> RecordingError {
    RecordingError::Unavailable(format!("{place}: {error}"))
}

fn failure(uri: &str, error: object_store::Error) -> RecordingError {
    match error {
        object_store::Error::NotFound { .. } => RecordingError::NotFound(uri.to_owned()),
        object_store::Error::InvalidPath { source } => RecordingError::Refused(source.to_string()),
        other => unavailable(uri, other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::memory::InMemory;
    use proptest::prelude::*;
    use uuid::Uuid;

    const INTAKE: IntakeId = IntakeId(Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001));

    fn at() -> Timestamp {
        "2026-11-21T23:59:59Z".parse().unwrap()
    }

    async fn put(recordings: &Recordings, bytes: &'static [u8]) -> Result<RecordingRef, RecordingError> {
        recordings.put(INTAKE, at(), "wav", "audio/wav", Bytes::from_static(bytes)).await
    }

    #[tokio::test]
    async fn what_is_put_is_got_from_a_folder_and_from_an_object_store() {
        let folder = tempfile::tempdir().unwrap();
        for recordings in
            [Recordings::local(&folder.path().join("deep/er")).unwrap(), Recordings::new(Arc::new(InMemory::new()))]
        {
            let recording = put(&recordings, b"abc").await.unwrap();
            assert_eq!(recording.uri, format!("2026/11/21/{INTAKE}.wav"));
            assert_eq!(recording.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
            assert_eq!((recording.bytes, recording.media_type.as_str()), (3, "audio/wav"));
            assert_eq!(recordings.get(&recording).await.unwrap(), b"abc".as_slice());
        }
        assert!(folder.path().join(format!("deep/er/2026/11/21/{INTAKE}.wav")).is_file());
    }

    #[tokio::test]
    async fn the_same_again_is_the_same_and_other_bytes_never_replace_it() {
        let folder = tempfile::tempdir().unwrap();
        let recordings = Recordings::local(folder.path()).unwrap();
        let first = put(&recordings, b"abc").await.unwrap();
        assert_eq!(put(&recordings, b"abc").await.unwrap(), first);
        assert!(matches!(put(&recordings, b"abd").await, Err(RecordingError::Conflict(_))));
        assert!(matches!(put(&recordings, b"abcd").await, Err(RecordingError::Conflict(_))));
        assert_eq!(recordings.get(&first).await.unwrap(), b"abc".as_slice());
        let files = std::fs::read_dir(folder.path().join("2026/11/21")).unwrap().count();
        assert_eq!(files, 1, "staging files were left behind");
    }

    #[tokio::test]
    async fn parts_lie_apart_and_go_when_they_were_heard_or_are_old() {
        let folder = tempfile::tempdir().unwrap();
        let recordings = Recordings::local(folder.path()).unwrap();
        let whole = put(&recordings, b"abc").await.unwrap();
        let first = recordings.put_part(INTAKE, 1, Bytes::from_static(b"a")).await.unwrap();
        let second = recordings.put_part(INTAKE, 2, Bytes::from_static(b"bc")).await.unwrap();
        assert_eq!(first.uri, format!("parts/{INTAKE}-1.wav"));
        assert_eq!(recordings.get(&second).await.unwrap(), b"bc".as_slice());
        recordings.remove_part(&first).await.unwrap();
        recordings.remove_part(&first).await.unwrap();
        assert!(matches!(recordings.get(&first).await, Err(RecordingError::NotFound(_))));
        assert!(matches!(recordings.remove_part(&whole).await, Err(RecordingError::Refused(_))));
        assert_eq!(recordings.sweep_parts(Timestamp::UNIX_EPOCH).await.unwrap(), 0, "what is young stays");
        assert_eq!(recordings.sweep_parts(Timestamp::MAX).await.unwrap(), 1);
        assert!(matches!(recordings.get(&second).await, Err(RecordingError::NotFound(_))));
        assert_eq!(recordings.get(&whole).await.unwrap(), b"abc".as_slice(), "whole recordings are never swept");
    }

    #[tokio::test]
    async fn damage_and_loss_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let recordings = Recordings::local(folder.path()).unwrap();
        let recording = put(&recordings, b"abc").await.unwrap();
        let file = folder.path().join(&recording.uri);
        std::fs::write(&file, b"abd").unwrap();
        assert!(matches!(recordings.get(&recording).await, Err(RecordingError::Corrupt { .. })));
        std::fs::write(&file, b"ab").unwrap();
        let text = recordings.get(&recording).await.unwrap_err().to_string();
        assert!(text.contains("2 bytes instead of 3"), "{text}");
        std::fs::remove_file(&file).unwrap();
        assert!(matches!(recordings.get(&recording).await, Err(RecordingError::NotFound(_))));
    }

    #[tokio::test]
    async fn a_full_or_missing_disk_is_unavailable() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, b"").unwrap();
        assert!(matches!(Recordings::local(&file), Err(RecordingError::Unavailable(_))));
        let recordings = Recordings::local(&folder.path().join("store")).unwrap();
        std::fs::write(folder.path().join("store/2026"), b"in the way").unwrap();
        assert!(matches!(put(&recordings, b"abc").await, Err(RecordingError::Unavailable(_))));
    }

    #[tokio::test]
    async fn many_at_once_on_a_new_day_all_arrive() {
        let folder = tempfile::tempdir().unwrap();
        let recordings = Recordings::local(folder.path()).unwrap();
        let puts = (0..50u128).map(|index| {
            let bytes = Bytes::from(index.to_string());
            recordings.put(IntakeId(Uuid::from_u128(index)), at(), "ogg", "audio/ogg", bytes)
        });
        for (index, recording) in futures::future::try_join_all(puts).await.unwrap().iter().enumerate() {
            assert_eq!(recordings.get(recording).await.unwrap(), index.to_string().as_bytes());
        }
    }

    #[tokio::test]
    async fn a_reference_cannot_lead_out_of_the_store() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret.wav"), b"abc").unwrap();
        let recordings = Recordings::local(&folder.path().join("store")).unwrap();
        let good = put(&recordings, b"abc").await.unwrap();
        for uri in ["../secret.wav", "2026/11/21/../../../../secret.wav", "/etc/passwd", "", "2026/11/21/%2e%2e.wav"] {
            let bad = RecordingRef { uri: uri.to_owned(), ..good.clone() };
            assert!(matches!(recordings.get(&bad).await, Err(RecordingError::Refused(_))), "{uri}");
        }
        let put = recordings.put(INTAKE, at(), "/../x", "audio/wav", Bytes::new()).await;
        assert!(matches!(put, Err(RecordingError::Refused(_))));
    }

    proptest! {
        #[test]
        fn any_reference_is_refused_or_stays_within_a_day(uri in "([0-9]{4}/[0-9]{2}/[0-9]{2}/)?[0-9a-f./%\\\\-]{0,48}") {
            if let Ok(path) = object_path(&uri) {
                prop_assert_eq!(path.parts_count(), 4);
                prop_assert!(!uri.contains(".."));
            }
        }
    }
}
