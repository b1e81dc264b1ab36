//! What the measurements share: recordings with known words, and how far a text is from them.
#![allow(dead_code, reason = "each measurement uses a part of it")]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A recording with known words.
pub struct Call {
    pub file: String,
    pub set: String,
    pub language: String,
    pub text: String,
    pub bytes: Vec<u8>,
}

/// Returns the folder with the most held-out recordings: those generated into `target/eval/heldout`, or the committed ones.
pub fn heldout_folder() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let generated = root.join("../target/eval/heldout");
    if generated.join("refs.tsv").is_file() { generated } else { root.join("demo-model/heldout") }
}

/// Reads the recordings that went through the telephone channel.
pub fn read_calls(folder: &Path) -> std::io::Result<Vec<Call>> {
    let phone = folder.join("phone");
    let sound = if phone.is_dir() { phone } else { folder.to_owned() };
    let refs = std::fs::read_to_string(folder.join("refs.tsv"))?;
    let rows = refs.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>());
    rows.filter_map(|row| match row.as_slice() {
        [file, set, language, _kind, _voice, text, ..] => Some((*file, *set, *language, *text)),
        _ => None,
    })
    .map(|(file, set, language, text)| {
        Ok(Call {
            file: file.to_owned(),
            set: set.to_owned(),
            language: language.to_owned(),
            text: text.to_owned(),
            bytes: std::fs::read(sound.join(file))?,
        })
    })
    .collect()
}

/// Errors and length, in words or letters.
#[derive(Default, Clone, Copy)]
pub struct Errors {
    pub errors: usize,
    pub length: usize,
}

impl Errors {
    pub fn words(&mut self, reference: &str, heard: &str) {
        let split = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        self.add(&split(reference), &split(heard));
    }

    pub fn letters(&mut self, reference: &str, heard: &str) {
        self.add(&reference.chars().collect::<Vec<_>>(), &heard.chars().collect::<Vec<_>>());
    }

    fn add<T: PartialEq>(&mut self, reference: &[T], heard: &[T]) {
        self.errors += distance(reference, heard);
        self.length += reference.len();
    }

    /// Returns the share of errors in percent.
    pub fn rate(self) -> f64 {
        100.0 * self.errors as f64 / self.length.max(1) as f64
    }
}

/// The edit distance of two sequences.
fn distance<T: PartialEq>(reference: &[T], heard: &[T]) -> usize {
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for wanted in reference {
        let mut diagonal = row[0];
        row[0] += 1;
        for (j, other) in heard.iter().enumerate() {
            let best = (row[j + 1] + 1).min(row[j] + 1).min(diagonal + usize::from(wanted != other));
            diagonal = std::mem::replace(&mut row[j + 1], best);
        }
    }
    row[heard.len()]
}

/// Lower case without punctuation, as the references are written.
pub fn plain(text: &str) -> String {
    let kept: String = text.chars().map(|c| if c.is_alphanumeric() || c == '\'' { c } else { ' ' }).collect();
    kept.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Runs `work` for every number below `count` on one thread a core, and returns the results in order.
pub fn on_all_cores<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let mut results: Vec<(usize, T)> = std::thread::scope(|scope| {
        let worker = || {
            let mut own = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                if at >= count {
                    return own;
                }
                own.push((at, work(at)));
            }
        };
        let threads: Vec<_> = (0..cores()).map(|_| scope.spawn(worker)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    });
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
