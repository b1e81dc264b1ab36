//! Early text within one stay in the consumer group: parts of calls that still go on are heard while nothing finished waits, stretch
//! by stretch, so that a finished recording never waits for more than one of them. Nothing here is ever waited for by a commit: a
//! part that is lost is heard with its whole recording.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use dauys_events::{IntakeId, RecordedPart, RecordingRef};
use tokio::sync::Semaphore;
use tokio::task::{Id, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Worker;
use super::job::Pending;
use crate::early::{HeardPart, Known, Shelf};
use crate::engine::Hint;
use crate::telemetry::{self, PartOutcome};
use crate::transcribe::Transcript;

/// How many parts wait at most; the oldest is let go then, and heard with its whole recording.
const WAITING: usize = 1_000;

/// Early text of one stay.
pub(super) struct Early {
    worker: Arc<Worker>,
    threads: Arc<Semaphore>,
    stop: CancellationToken,
    waiting: VecDeque<RecordedPart>,
    hearing: JoinSet<Result<HeardPart, PartOutcome>>,
    calls: HashMap<Id, IntakeId>,
    /// Finished recordings of which a part is being heard just now.
    held: HashMap<IntakeId, Pending>,
    shelf: Shelf,
}

impl Early {
    pub fn new(worker: Arc<Worker>, threads: Arc<Semaphore>, stop: CancellationToken) -> Self {
        Self {
            worker,
            threads,
            stop,
            waiting: VecDeque::new(),
            hearing: JoinSet::new(),
            calls: HashMap::new(),
            held: HashMap::new(),
            shelf: Shelf::default(),
        }
    }

    /// Takes a part.
    pub fn put(&mut self, part: RecordedPart) {
        if self.shelf.is_finished(part.intake_id) {
            return self.discard(part.recording, PartOutcome::Moot);
        }
        self.waiting.push_back(part);
        if self.waiting.len() > WAITING
            && let Some(oldest) = self.waiting.pop_front()
        {
            self.discard(oldest.recording, PartOutcome::Dropped);
        }
    }

    /// Has parts heard while fewer than so many are; those of callers who may be in danger first.
    pub fn start(&mut self, places: usize) {
        while self.hearing.len() < places && !self.waiting.is_empty() {
            let is_urgent = |part: &RecordedPart| self.shelf.about(part.intake_id).is_some_and(|(_, urgent)| urgent);
            let first = self.waiting.iter().position(is_urgent).unwrap_or(0);
            let Some(part) = self.waiting.remove(first) else { return };
            let intake = part.intake_id;
            let (worker, threads, stop) = (Arc::clone(&self.worker), Arc::clone(&self.threads), self.stop.clone());
            let task = self.hearing.spawn(async move {
                let heard = hear(&worker, &threads, &stop, &part).await;
                remove(&worker, &part.recording).await;
                heard
            });
            self.calls.insert(task.id(), intake);
        }
    }

    /// Waits until a part was heard, and puts its words on the shelf; returns the recording that waited for it. `None` where none is
    /// being heard.
    pub async fn heard(&mut self) -> Option<Option<Pending>> {
        let (id, outcome) = match self.hearing.join_next_with_id().await? {
            Ok((id, Ok(part))) => (id, Ok(part)),
            Ok((id, Err(why))) => (id, Err(why)),
            Err(error) => {
                tracing::error!(%error, "hearing a part broke off");
                (error.id(), Err(PartOutcome::Failed))
            }
        };
        let Some(intake) = self.calls.remove(&id) else { return Some(None) };
        match outcome {
            Ok(part) => {
                let urgent = self.worker.settings.urgency.is_urgent(&part.text());
                telemetry::part(PartOutcome::Heard);
                telemetry::forgotten(self.shelf.put(Instant::now().into_std(), intake, part, urgent));
            }
            Err(why) => telemetry::part(why),
        }
        Some(if self.is_hearing(intake) { None } else { self.held.remove(&intake) })
    }

    /// Takes note that a call is over. Its parts that wait are left to the whole recording; while one is being heard, the recording
    /// is kept here, and [`Early::heard`] gives it back.
    pub fn over(&mut self, intake: IntakeId, recording: Pending) -> Option<Pending> {
        let (moot, waiting) = self.waiting.drain(..).partition::<VecDeque<_>, _>(|part| part.intake_id == intake);
        self.waiting = waiting;
        for part in moot {
            self.discard(part.recording, PartOutcome::Moot);
        }
        if self.is_hearing(intake) && !self.held.contains_key(&intake) {
            self.held.insert(intake, recording);
            return None;
        }
        Some(recording)
    }

    /// Returns the shelf's entry of a call, for the schedule.
    pub fn about(&self, intake: IntakeId) -> Option<(std::time::Duration, bool)> {
        self.shelf.about(intake)
    }

    /// Takes what is known of a call whose recording is heard now.
    pub fn finish(&mut self, intake: IntakeId) -> Known {
        self.shelf.finish(intake)
    }

    /// Returns whether a finished recording waits here for one of its parts.
    pub fn holds_any(&self) -> bool {
        !self.held.is_empty()
    }

    fn is_hearing(&self, intake: IntakeId) -> bool {
        self.calls.values().any(|call| *call == intake)
    }

    fn discard(&self, recording: RecordingRef, why: PartOutcome) {
        telemetry::part(why);
        let worker = Arc::clone(&self.worker);
        tokio::spawn(async move { remove(&worker, &recording).await });
    }
}

/// Removes a part's audio: its whole recording holds it as well. What stays behind goes by its age.
async fn remove(worker: &Worker, recording: &RecordingRef) {
    if let Err(error) = worker.recordings.remove_part(recording).await {
        tracing::debug!(%error, "a part stays in the store for now");
    }
}

async fn hear(
    worker: &Arc<Worker>,
    threads: &Semaphore,
    stop: &CancellationToken,
    part: &RecordedPart,
) -> Result<HeardPart, PartOutcome> {
    let bytes = worker.recordings.get(&part.recording).await.map_err(|_| PartOutcome::Gone)?;
    let (from, pressed) = (part.from_sample, part.language_hint);
    let own = Arc::clone(worker);
    let taken = tokio::task::spawn_blocking(move || own.pipeline.part(&bytes, from, &*own.engine)).await;
    let mut cut = taken.map_err(|_| PartOutcome::Failed)?.map_err(|_| PartOutcome::Failed)?;
    let mut transcript = Transcript::default();
    for stretch in 0..cut.stretches() {
        let thread = stop.run_until_cancelled(threads.acquire()).await;
        let _thread = thread.ok_or(PartOutcome::Failed)?.map_err(|_| PartOutcome::Failed)?;
        let own = Arc::clone(worker);
        let heard = tokio::task::spawn_blocking(move || {
            own.pipeline.hear_stretch(&cut, stretch, &*own.engine, Hint::pressed(pressed), &mut transcript);
            (cut, transcript)
        });
        (cut, transcript) = heard.await.map_err(|_| PartOutcome::Failed)?;
    }
    cut.heard(transcript, pressed).ok_or(PartOutcome::Unsure)
}
