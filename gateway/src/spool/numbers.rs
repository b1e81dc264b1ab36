//! Registration numbers from a durable sequence: none is given twice, whatever happens to the process.
//!
//! A small file says up to where numbers may have been given. It moves on by whole blocks, before the first of a block is given,
//! so that giving one costs no write; a crash wastes what is left of a block.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use dauys_events::RegistrationNumber;

/// How many numbers are reserved at once.
pub const BLOCK: u32 = 1_000;

/// Why no number can be given.
#[derive(Debug, thiserror::Error)]
pub enum NumbersError {
    /// The file cannot be read or written.
    #[error("the file of registration numbers: {0}")]
    Io(#[from] io::Error),
    /// The file says something that this program did not write. Numbers are not guessed: an operator must look.
    #[error("the file of registration numbers is damaged: {0:?}")]
    Damaged(String),
    /// All are given.
    #[error("all registration numbers of this node are given")]
    Exhausted,
}

/// The registration numbers of one node.
#[derive(Debug)]
pub struct Numbers {
    node: u8,
    shared: Arc<Shared>,
    ahead: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    next: AtomicU64,
    reserved: AtomicU64,
    file: Mutex<()>,
}

impl Numbers {
    /// Opens a node's sequence kept in a file, which is made if it is not there, and reserves the first block.
    ///
    /// # Errors
    /// When the file cannot be used or is damaged, or all numbers are given.
    pub fn open(path: &Path, node: u8) -> Result<Self, NumbersError> {
        let start = match std::fs::read_to_string(path) {
            Ok(text) => {
                text.trim_end().parse::<u64>().map_err(|_| NumbersError::Damaged(text.chars().take(40).collect()))?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error.into()),
        };
        let shared = Arc::new(Shared {
            path: path.to_owned(),
            next: AtomicU64::new(start),
            reserved: AtomicU64::new(start),
            file: Mutex::new(()),
        });
        shared.reserve(start)?;
        let (ahead, asked) = sync_channel(1);
        let worker = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("numbers".to_owned()).spawn(move || {
            while asked.recv().is_ok() {
                let next = worker.next.load(Ordering::Relaxed);
                if let Err(error) = worker.reserve(next + u64::from(BLOCK / 2)) {
                    tracing::warn!(%error, "registration numbers could not be reserved ahead");
                }
            }
        })?;
        Ok(Self { node, shared, ahead: Some(ahead), thread: Some(thread) })
    }

    /// Gives the next number. It waits for the disk only if the block that is reserved ahead was used up before it was on disk.
    ///
    /// # Errors
    /// When no further numbers can be reserved.
    pub fn next(&self) -> Result<RegistrationNumber, NumbersError> {
        let number = self.shared.next.fetch_add(1, Ordering::Relaxed);
        let left = self.shared.reserved.load(Ordering::Acquire).saturating_sub(number);
        if left == 0 {
            self.shared.reserve(number)?;
        } else if left <= u64::from(BLOCK / 2)
            && let Some(ahead) = &self.ahead
        {
            // A full channel means that it is being done.
            let _ = ahead.try_send(());
        }
        let sequence = u32::try_from(number).map_err(|_| NumbersError::Exhausted)?;
        RegistrationNumber::compose(self.node, sequence).map_err(|_| NumbersError::Exhausted)
    }
}

impl Drop for Numbers {
    fn drop(&mut self) {
        self.ahead = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that reserves registration numbers panicked");
        }
    }
}

impl Shared {
    /// Sees to it that `number` is reserved on disk.
    fn reserve(&self, number: u64) -> Result<(), NumbersError> {
        let _one = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if number < self.reserved.load(Ordering::Acquire) {
            return Ok(());
        }
        if number >= u64::from(RegistrationNumber::SEQUENCES) {
            return Err(NumbersError::Exhausted);
        }
        let upto = number + u64::from(BLOCK);
        replace(&self.path, &format!("{upto}\n"))?;
        self.reserved.store(upto, Ordering::Release);
        Ok(())
    }
}

/// Puts a file in the place of another so that a crash leaves the one or the other, whole.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let temporary = path.with_extension("new");
    let mut file = File::create(&temporary)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&temporary, path)?;
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The place of a number in its node's sequence.
    fn place(number: RegistrationNumber) -> u32 {
        number.to_string()[2..9].parse().unwrap()
    }

    #[test]
    fn numbers_never_repeat_over_crashes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("numbers");
        let mut given = BTreeSet::new();
        for run in 0..4 {
            let numbers = Numbers::open(&path, 7).unwrap();
            for _ in 0..(run * 700 + 1) {
                assert!(given.insert(numbers.next().unwrap()));
            }
            // What a kill leaves is the file as it is: nothing is written when the sequence goes away.
            drop(numbers);
        }
        assert!(given.iter().all(|number| number.to_string().starts_with("07")));
        assert!(place(*given.last().unwrap()) < 10_000, "a crash wastes at most what was reserved ahead");
    }

    #[test]
    fn many_threads_get_different_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let numbers = Numbers::open(&folder.path().join("numbers"), 0).unwrap();
        let all: Vec<RegistrationNumber> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| (0..2_000).map(|_| numbers.next().unwrap()).collect::<Vec<_>>()))
                .collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 16_000);
        let reserved = std::fs::read_to_string(folder.path().join("numbers")).unwrap();
        assert!(reserved.trim().parse::<u32>().unwrap() > place(*all.iter().max().unwrap()));
    }

    #[test]
    fn the_end_and_a_damaged_file_are_clear_errors() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("numbers");
        std::fs::write(&path, "9999998\n").unwrap();
        let numbers = Numbers::open(&path, 0).unwrap();
        assert_eq!([0, 1].map(|_| place(numbers.next().unwrap())), [9_999_998, 9_999_999]);
        assert!(matches!(numbers.next(), Err(NumbersError::Exhausted)));
        drop(numbers);
        std::fs::write(&path, "12x").unwrap();
        assert!(matches!(Numbers::open(&path, 0), Err(NumbersError::Damaged(_))));
    }
}
