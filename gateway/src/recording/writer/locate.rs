//! Where a recording that still goes on lies so far, told once it is written, so that another thread can read it back.

use tokio::sync::oneshot;

use super::super::index::{Mark, Places};
use super::{Life, TrackId, Writer};

/// Where a recording lies, once it is written. It fails where the recording ends before.
pub type Located = oneshot::Receiver<Places>;

/// A question that waits for the next write, and up to where earlier ones were answered.
#[derive(Debug, Default)]
pub(super) struct Asked {
    by: Option<oneshot::Sender<Places>>,
    /// Where the records ended at the last question and at the one before it.
    marks: [Mark; 2],
}

impl Writer {
    /// Asks where a recording lies: what came since the last question but one. So what was asked for last comes again, with packets
    /// that were late, and a long call is not read from its beginning each time.
    pub fn locate(&mut self, id: TrackId) -> Located {
        let (by, located) = oneshot::channel();
        if self.recording(id).is_some() {
            self.flush_block(id.slot);
            self.tracks[id.slot as usize].asked.by = Some(by);
            self.asked.push(id.slot);
            if self.batch.is_empty() {
                self.tell_places();
            }
        }
        located
    }

    /// Answers whoever asked, now that everything is written.
    pub(super) fn tell_places(&mut self) {
        let mut asked = std::mem::take(&mut self.asked);
        for slot in asked.drain(..) {
            let track = &mut self.tracks[slot as usize];
            let Some(by) = track.asked.by.take().filter(|_| matches!(track.life, Life::Recording)) else { continue };
            let [before, last] = track.asked.marks;
            track.asked.marks = [last, track.places.mark()];
            // Whoever asked may have gone; nothing hangs on it.
            let _ = by.send(track.places.since(before));
        }
        self.asked = asked;
    }
}
