//! What the call controller asks of a media thread.

use std::{
    net::SocketAddr,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use dauys_media::{
    activity::ActivityConfig,
    play::{Clip, PlayToken},
    quality::CallQuality,
};
use tokio::sync::oneshot;

use super::{
    config::CallMedia,
    event::MediaCallId,
    ports::MediaSlot,
    sink::{RecordSink, Recorded},
};

/// An answer that comes with the thread's next pass; an error means that the call or its recording is gone.
pub type Reply<T> = oneshot::Receiver<T>;

/// The thread cannot take a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Busy {
    /// Its queue is full.
    #[error("the media thread is too busy")]
    QueueFull,
    /// It has stopped.
    #[error("the media plane has stopped")]
    Stopped,
}

/// Where it is told whether a recording could begin.
pub(super) type Begun<S> = oneshot::Sender<Result<(), <S as RecordSink>::Refused>>;

/// A command to one call.
pub(super) struct Command<S: RecordSink> {
    pub call: MediaCallId,
    pub order: Order<S>,
}

pub(super) enum Order<S: RecordSink> {
    Start {
        slot: MediaSlot,
        media: CallMedia,
        abandoned: Arc<AtomicBool>,
        record: Option<(S::Head, Begun<S>)>,
    },
    Play {
        clips: Vec<Clip>,
        token: PlayToken,
    },
    StopPlaying,
    Record {
        head: S::Head,
        reply: Begun<S>,
    },
    PauseRecording(bool),
    FinishRecording {
        tail: S::Tail,
        reply: oneshot::Sender<(Recorded, S::Finished)>,
    },
    LocateRecording(oneshot::Sender<Option<S::Located>>),
    /// What a new offer and answer agreed on.
    Renegotiate(Box<CallMedia>),
    SetRemote {
        remote: Option<SocketAddr>,
        remote_rtcp: Option<SocketAddr>,
    },
    Hold(bool),
    Listen(Option<ActivityConfig>),
    Quality(oneshot::Sender<CallQuality>),
    Close(oneshot::Sender<CallQuality>),
    /// A datagram of the shared RTCP port, passed on by the thread that fetched it.
    Rtcp {
        arrival: Duration,
        from: SocketAddr,
        bytes: Box<[u8]>,
    },
    /// Ends the thread.
    Stop,
}
