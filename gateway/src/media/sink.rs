//! Where recorded audio goes: the contract between a media thread and the recording store.
//!
//! Each thread owns one sink, so that a packet on its way to the disk meets no lock. A sink must never wait for the disk inside
//! these methods for long: the same thread paces what callers hear.

use std::time::Instant;

use dauys_media::{codec::Codec, quality::CallQuality};

/// What the thread knows of a recording when it ends.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Recorded {
    /// Its length in ticks of 1/8,000 s, lost packets and silence included.
    pub samples: u64,
    /// The call's quality so far.
    pub quality: CallQuality,
}

impl Recorded {
    /// Returns the length in ms.
    pub fn millis(&self) -> u64 {
        dauys_media::millis_in(self.samples)
    }
}

/// Takes the recordings of one media thread.
pub trait RecordSink: Send + 'static {
    /// What a recording begins with: its intake id and the facts to keep in case nothing else survives.
    type Head: Send + 'static;
    /// What a recording ends with: the event to spool, usually made from [`Recorded`].
    type Tail: Send + 'static;
    /// A recording in progress.
    type Track: Send + 'static;
    /// What the end of a recording gives back: the promise that it is safely on disk.
    type Finished: Send + 'static;
    /// Why a recording cannot begin.
    type Refused: Send + 'static;
    /// Where a recording that still goes on can be read back.
    type Located: Send + 'static;

    /// Begins a recording.
    ///
    /// # Errors
    /// When the store cannot take another one now.
    fn begin(&mut self, codec: Codec, head: Self::Head) -> Result<Self::Track, Self::Refused>;

    /// Says that the payloads which follow are in another codec. A sink that keeps no codec has nothing to do.
    fn set_codec(&mut self, _track: &mut Self::Track, _codec: Codec) {}

    /// Takes one packet's payload, which starts `at_samples` ticks into the recording. Packets may come in any order, each once.
    fn append(&mut self, track: &mut Self::Track, at_samples: u64, payload: &[u8]);

    /// Says where what was recorded so far can be read back. Asked once in some seconds of speech at most.
    fn locate(&mut self, track: &mut Self::Track) -> Self::Located;

    /// Ends a recording.
    fn finish(&mut self, track: Self::Track, tail: Self::Tail, recorded: &Recorded) -> Self::Finished;

    /// Ends a recording whose call was closed without finishing it; what came in is kept.
    fn abandon(&mut self, track: Self::Track, recorded: &Recorded);

    /// Says that a pass over the calls is done, so that what came in can be written in one go. Called at least once per
    /// drain interval while there are calls, and soon after a recording began or ended.
    fn pass_done(&mut self, now: Instant);
}

/// Records nothing: for a plane that only plays and listens.
#[derive(Debug, Clone, Copy, Default)]
pub struct Discard;

impl RecordSink for Discard {
    type Head = ();
    type Tail = ();
    type Track = ();
    type Finished = ();
    type Refused = std::convert::Infallible;
    type Located = ();

    fn begin(&mut self, _codec: Codec, _head: ()) -> Result<(), Self::Refused> {
        Ok(())
    }

    fn append(&mut self, _track: &mut (), _at_samples: u64, _payload: &[u8]) {}

    fn locate(&mut self, _track: &mut ()) {}

    fn finish(&mut self, _track: (), _tail: (), _recorded: &Recorded) {}

    fn abandon(&mut self, _track: (), _recorded: &Recorded) {}

    fn pass_done(&mut self, _now: Instant) {}
}
