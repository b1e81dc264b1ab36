//! Where each intake's records lie, which intakes await their hand-over, and which segments are no longer needed. Pure.
//!
//! A segment goes when it is sealed and nobody holds it: an intake's data hold theirs until the hand-over is on record, and that
//! record holds its own until the data's segments are gone. So no crash brings a handed-over intake back in part.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::format::SegmentId;

/// A run of frames in one segment, all of one intake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// The segment, as an index into the intake's own list.
    pub segment: u16,
    /// Where the run starts, in bytes from the start of the file.
    pub offset: u32,
    /// How long it is, in bytes.
    pub len: u32,
}

/// Where one intake's records lie, in the order in which they were written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    /// The segments.
    pub segments: Vec<SegmentId>,
    /// The runs.
    pub extents: Vec<Extent>,
}

/// A point in an intake's runs: everything behind it was written later.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mark {
    extents: usize,
    /// How long the last of them was then: it may have grown.
    len: u32,
}

impl Places {
    /// Marks where the runs end now.
    pub fn mark(&self) -> Mark {
        Mark { extents: self.extents.len(), len: self.extents.last().map_or(0, |last| last.len) }
    }

    /// Returns what was written after a mark.
    pub fn since(&self, mark: Mark) -> Self {
        let mut later = Self::default();
        let last = mark.extents.saturating_sub(1);
        for (number, extent) in self.extents.iter().enumerate().skip(last) {
            let known = if number == last && mark.extents > 0 { mark.len } else { 0 };
            if let Some(segment) = self.segments.get(usize::from(extent.segment))
                && extent.len > known
            {
                later.add(*segment, extent.offset + known, extent.len - known);
            }
        }
        later
    }

    /// Adds another's runs behind its own.
    pub fn append(&mut self, other: &Self) {
        for extent in &other.extents {
            if let Some(segment) = other.segments.get(usize::from(extent.segment)) {
                self.add(*segment, extent.offset, extent.len);
            }
        }
    }

    /// Adds a frame. Says whether it is the first one in its segment.
    pub fn add(&mut self, segment: SegmentId, offset: u32, len: u32) -> bool {
        let known = self.segments.iter().rposition(|known| *known == segment);
        let position = known.unwrap_or_else(|| {
            self.segments.push(segment);
            self.segments.len() - 1
        });
        let segment = u16::try_from(position).unwrap_or(u16::MAX);
        match self.extents.last_mut() {
            Some(last) if last.segment == segment && last.offset.checked_add(last.len) == Some(offset) => {
                last.len += len
            }
            _ => self.extents.push(Extent { segment, offset, len }),
        }
        known.is_none()
    }
}

#[derive(Debug, Default)]
struct Segment {
    sealed: bool,
    holds: usize,
    data: Vec<Uuid>,
    marks: Vec<Uuid>,
}

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum Stage {
    /// Still being recorded, or complete but not yet flushed.
    Open,
    /// Complete and flushed; awaits its hand-over.
    Pending,
    /// Handed over, and that is on record.
    Exported,
}

#[derive(Debug)]
struct Held {
    segment: SegmentId,
    released: bool,
}

impl Held {
    fn release(&mut self) -> SegmentId {
        self.released = true;
        self.segment
    }
}

#[derive(Debug)]
struct Intake {
    stage: Stage,
    places: Places,
    /// The segments that exist and hold its data.
    held: Vec<Held>,
    marks: Vec<SegmentId>,
    /// Its place among the pending.
    turn: u64,
}

/// The index. All its operations are O(1) in the number of intakes, but for deletions, which are linear in what is deleted.
#[derive(Debug, Default)]
pub struct Index {
    segments: HashMap<SegmentId, Segment>,
    intakes: HashMap<Uuid, Intake>,
    ready: VecDeque<Uuid>,
    pending: BTreeMap<u64, Instant>,
    turns: u64,
    deletable: Vec<SegmentId>,
}

impl Index {
    /// Takes note of a segment that exists.
    pub fn opened(&mut self, id: SegmentId) {
        self.segments.entry(id).or_default();
    }

    /// Takes note that a segment gets no more records.
    pub fn sealed(&mut self, id: SegmentId) {
        if let Some(segment) = self.segments.get_mut(&id) {
            segment.sealed = true;
            self.consider(id);
        }
    }

    /// Takes note that a segment holds data of an intake.
    pub fn touched(&mut self, id: SegmentId, intake: Uuid) {
        let segment = self.segments.entry(id).or_default();
        segment.data.push(intake);
        segment.holds += 1;
        self.intake(intake).held.push(Held { segment: id, released: false });
    }

    /// Takes note of where an intake's records lie, besides what is known already.
    pub fn finished(&mut self, intake: Uuid, places: Places) {
        let known = &mut self.intake(intake).places;
        if known.extents.is_empty() {
            *known = places;
        } else {
            known.append(&places);
        }
    }

    /// Takes note that an intake is complete and flushed: from now on it awaits its hand-over.
    pub fn committed(&mut self, intake: Uuid, now: Instant) {
        self.turns += 1;
        let turn = self.turns;
        let Some(entry) = self.intakes.get_mut(&intake) else { return };
        // One that was handed over already and comes again is handed over again: the consumers know it by its id.
        if entry.stage != Stage::Pending {
            entry.stage = Stage::Pending;
            entry.turn = turn;
            self.pending.insert(turn, now);
            self.ready.push_back(intake);
        }
    }

    /// Takes note that a segment holds the record of an intake's hand-over. Call it before [`Index::exported`].
    pub fn marked(&mut self, id: SegmentId, intake: Uuid) {
        let segment = self.segments.entry(id).or_default();
        segment.marks.push(intake);
        segment.holds += 1;
        self.intake(intake).marks.push(id);
    }

    /// Takes note that an intake's hand-over is on record and flushed.
    pub fn exported(&mut self, intake: Uuid) {
        let Some(entry) = self.intakes.get_mut(&intake) else { return };
        if entry.stage == Stage::Exported {
            return;
        }
        entry.stage = Stage::Exported;
        self.pending.remove(&entry.turn);
        entry.places = Places::default();
        let freed: Vec<SegmentId> = entry.held.iter_mut().filter(|held| !held.released).map(Held::release).collect();
        // The newest record of the hand-over is enough.
        let newest = entry.marks.pop();
        let older = std::mem::replace(&mut entry.marks, newest.into_iter().collect());
        for id in freed.into_iter().chain(older) {
            self.release(id);
        }
        self.forget_when_gone(intake);
    }

    /// Hands out the next intake that awaits its hand-over. It is handed out once; [`Index::again`] puts it back.
    pub fn next_ready(&mut self) -> Option<Uuid> {
        self.ready.pop_front()
    }

    /// Puts an intake back whose hand-over failed.
    pub fn again(&mut self, intake: Uuid) {
        self.ready.push_back(intake);
    }

    /// Says where an intake's records lie.
    pub fn places(&self, intake: Uuid) -> Option<&Places> {
        self.intakes.get(&intake).map(|entry| &entry.places)
    }

    /// Says how many intakes await their hand-over, those being handed over included.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Says how long the oldest of them has waited.
    pub fn oldest(&self, now: Instant) -> Duration {
        self.pending.first_key_value().map_or(Duration::ZERO, |(_, since)| now.saturating_duration_since(*since))
    }

    /// Says how many segments exist.
    pub fn segment_count(&self) -> usize {
        self.segments.len()
    }

    /// Says whether nothing at all is remembered of any intake.
    pub fn is_empty(&self) -> bool {
        self.intakes.is_empty() && self.pending.is_empty() && self.ready.is_empty()
    }

    /// Hands out the segments that may be deleted. Delete them, flush the folder, then say [`Index::deleted`] of each.
    pub fn take_deletable(&mut self) -> Vec<SegmentId> {
        std::mem::take(&mut self.deletable)
    }

    /// Takes note that a segment is gone, which may let others go.
    pub fn deleted(&mut self, id: SegmentId) {
        let Some(segment) = self.segments.remove(&id) else { return };
        for intake in segment.data {
            if let Some(entry) = self.intakes.get_mut(&intake) {
                entry.held.retain(|held| held.segment != id);
            }
            self.forget_when_gone(intake);
        }
        for intake in segment.marks {
            if let Some(entry) = self.intakes.get_mut(&intake) {
                entry.marks.retain(|mark| *mark != id);
            }
        }
    }

    /// Takes note that a segment could not be deleted, so that it is tried again.
    pub fn not_deleted(&mut self, id: SegmentId) {
        self.deletable.push(id);
    }

    fn intake(&mut self, intake: Uuid) -> &mut Intake {
        self.intakes.entry(intake).or_insert_with(|| Intake {
            stage: Stage::Open,
            places: Places::default(),
            held: Vec::new(),
            marks: Vec::new(),
            turn: 0,
        })
    }

    /// Lets the record of a hand-over go once none of the data is left, but for what goes together with that record.
    fn forget_when_gone(&mut self, intake: Uuid) {
        let Some(entry) = self.intakes.get_mut(&intake) else { return };
        let Intake { stage: Stage::Exported, held, marks, .. } = entry else { return };
        if !held.iter().all(|held| marks.contains(&held.segment)) {
            return;
        }
        let marks = std::mem::take(marks);
        if held.is_empty() {
            self.intakes.remove(&intake);
        }
        for id in marks {
            self.release(id);
        }
    }

    fn release(&mut self, id: SegmentId) {
        if let Some(segment) = self.segments.get_mut(&id) {
            segment.holds = segment.holds.saturating_sub(1);
            self.consider(id);
        }
    }

    fn consider(&mut self, id: SegmentId) {
        if self.segments.get(&id).is_some_and(|segment| segment.sealed && segment.holds == 0)
            && !self.deletable.contains(&id)
        {
            self.deletable.push(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(writer: u32, number: u64) -> SegmentId {
        SegmentId { writer, number }
    }

    fn finish(index: &mut Index, intake: Uuid, segments: &[SegmentId], now: Instant) {
        let mut places = Places::default();
        for id in segments {
            if places.add(*id, 0, 10) {
                index.touched(*id, intake);
            }
        }
        index.finished(intake, places);
        index.committed(intake, now);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "an Instant cannot be made otherwise")]
    fn a_segment_stays_while_needed_and_the_mark_outlives_the_data() {
        let now = Instant::now();
        let (first, second, control, next) = (segment(1, 1), segment(1, 2), segment(0, 1), segment(0, 2));
        let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let mut index = Index::default();
        for id in [first, second, control, next] {
            index.opened(id);
        }
        finish(&mut index, a, &[first, second], now);
        finish(&mut index, b, &[second], now);
        index.sealed(first);
        index.sealed(second);
        assert_eq!(index.take_deletable(), [], "nothing is handed over");
        assert_eq!((index.next_ready(), index.pending()), (Some(a), 2));

        index.marked(control, a);
        index.sealed(control);
        index.exported(a);
        assert_eq!(index.take_deletable(), [first], "the second also holds b, the control segment a's mark");
        index.deleted(first);
        assert_eq!(index.take_deletable(), []);

        index.marked(next, b);
        index.exported(b);
        assert_eq!(index.take_deletable(), [second]);
        assert_eq!(index.take_deletable(), [], "a's mark stays until the second segment is truly gone");
        index.deleted(second);
        assert_eq!(index.take_deletable(), [control]);
        index.deleted(control);
        assert_eq!((index.segment_count(), index.pending()), (1, 0));
        index.next_ready();
        assert!(index.is_empty());
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "an Instant cannot be made otherwise")]
    fn data_and_mark_in_one_segment_go_together_and_a_repeated_intake_keeps_nothing() {
        let (first, second) = (segment(0, 1), segment(0, 2));
        let note = Uuid::from_u128(1);
        let mut index = Index::default();
        index.opened(first);
        finish(&mut index, note, &[first], Instant::now());
        index.marked(first, note);
        index.exported(note);
        finish(&mut index, note, &[first, second], Instant::now());
        index.marked(second, note);
        index.exported(note);
        index.sealed(first);
        index.sealed(second);
        assert_eq!(index.take_deletable(), [first]);
        index.deleted(first);
        assert_eq!(index.take_deletable(), [second]);
        index.deleted(second);
        while index.next_ready().is_some() {}
        assert!(index.is_empty() && index.segment_count() == 0);
    }

    #[test]
    fn neighbouring_frames_become_one_run() {
        let mut places = Places::default();
        assert!(places.add(segment(1, 1), 28, 10));
        assert!(!places.add(segment(1, 1), 38, 5));
        assert!(places.add(segment(1, 2), 43, 5));
        assert!(!places.add(segment(1, 1), 90, 1));
        assert_eq!(places.extents.len(), 3);
        assert_eq!(places.extents.first(), Some(&Extent { segment: 0, offset: 28, len: 15 }));
    }

    #[test]
    fn what_was_written_after_a_mark_is_told_apart() {
        let mut places = Places::default();
        assert_eq!(places.since(places.mark()), Places::default());
        places.add(segment(1, 1), 28, 10);
        let mark = places.mark();
        assert_eq!(places.since(mark), Places::default());
        assert_eq!(places.since(Mark::default()), places);
        places.add(segment(1, 1), 38, 5);
        places.add(segment(1, 2), 43, 5);
        let later = places.since(mark);
        assert_eq!(later.segments, [segment(1, 1), segment(1, 2)]);
        assert_eq!(later.extents.first(), Some(&Extent { segment: 0, offset: 38, len: 5 }));
        assert_eq!(later.extents.get(1), Some(&Extent { segment: 1, offset: 43, len: 5 }));
    }
}
