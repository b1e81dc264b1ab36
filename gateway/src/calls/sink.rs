//! Where a media thread's audio goes: the thread's own writer of the recording store.

use crate::intake::{CallFacts, SpooledEvent};
use crate::media::{RecordSink, Recorded};
use crate::recording::{Commit, Interrupted, Located, OnInterrupted, Refused, TrackId, Writer};
use dauys_events::{IntakeId, MediaQuality};
use dauys_media::codec::Codec;
use dauys_media::quality::CallQuality;
use std::sync::Arc;
use std::time::Instant;
use uuid::Uuid;

/// What a recording begins with.
#[derive(Debug)]
pub struct Head {
    /// The intake's id.
    pub intake: Uuid,
    /// The call's facts as JSON.
    pub facts: Vec<u8>,
}

impl Head {
    /// Makes the beginning of a call's recording.
    pub fn new(intake: IntakeId, facts: &CallFacts) -> Self {
        Self { intake: intake.0, facts: serde_json::to_vec(facts).unwrap_or_default() }
    }
}

/// A recording in progress.
#[derive(Debug)]
pub struct Track {
    id: TrackId,
    head: Head,
}

/// The sink of one media thread.
pub struct LogSink {
    writer: Writer,
    on_interrupted: Arc<OnInterrupted>,
}

impl LogSink {
    /// Makes the sink of a thread; `on_interrupted` makes the event of a recording that nobody finishes.
    pub fn new(writer: Writer, on_interrupted: Arc<OnInterrupted>) -> Self {
        Self { writer, on_interrupted }
    }
}

impl RecordSink for LogSink {
    type Head = Head;
    type Tail = SpooledEvent;
    type Track = Track;
    type Finished = Commit;
    type Refused = Refused;
    type Located = Located;

    fn begin(&mut self, codec: Codec, head: Head) -> Result<Track, Refused> {
        let id = self.writer.begin(head.intake, codec.into(), &head.facts)?;
        Ok(Track { id, head })
    }

    fn set_codec(&mut self, track: &mut Track, codec: Codec) {
        self.writer.set_codec(track.id, codec.into());
    }

    fn append(&mut self, track: &mut Track, at_samples: u64, payload: &[u8]) {
        self.writer.append(track.id, at_samples, payload);
    }

    fn locate(&mut self, track: &mut Track) -> Located {
        self.writer.locate(track.id)
    }

    fn finish(&mut self, track: Track, mut tail: SpooledEvent, recorded: &Recorded) -> Commit {
        if let SpooledEvent::Intake(event) = &mut tail {
            event.duration_ms = recorded.millis();
            event.quality = quality(&recorded.quality);
        }
        self.writer.finish(track.id, &tail.to_bytes())
    }

    fn abandon(&mut self, track: Track, recorded: &Recorded) {
        let cut_short = Interrupted { intake: track.head.intake, head: track.head.facts, total: recorded.samples };
        // Nobody waits for this commit: what was said becomes a ticket whether or not anybody is told.
        drop(self.writer.finish(track.id, &(self.on_interrupted)(&cut_short)));
    }

    fn pass_done(&mut self, now: Instant) {
        self.writer.tick(now);
    }
}

/// Turns what the media thread measured into what events tell.
pub(super) fn quality(measured: &CallQuality) -> MediaQuality {
    MediaQuality {
        packets: measured.received.received,
        lost: measured.received.lost,
        dropped: measured.lost_by_us,
        jitter_ms: measured.jitter_ms() as f32,
        mos: measured.mos().map(|score| score as f32),
    }
}
