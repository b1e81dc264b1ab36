//! The media plane as the call controller sees it: ports to announce, calls to start, and a handle for each.

use std::{
    io,
    net::{SocketAddr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
        mpsc::{self as std_mpsc, TrySendError},
    },
    thread::JoinHandle,
};

use dauys_media::{
    activity::ActivityConfig,
    play::{Clip, PlayToken},
    quality::CallQuality,
};
use tokio::sync::{mpsc, oneshot};

use super::{
    command::{Begun, Busy, Command, Order, Reply},
    config::{CallMedia, ConfigError, MediaConfig},
    event::{MediaCallId, MediaEvent},
    ports::{Exhausted, MediaSlot, PortPool},
    sink::{RecordSink, Recorded},
    socket, telemetry,
    worker::{Commands, Parts, Worker},
};

/// Kernel buffer of the shared RTCP port, in bytes: a report of each of 10,000 calls fits.
const RTCP_BUFFER: usize = 4 * 1_024 * 1_024;

/// Why the plane cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The settings contradict themselves.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The shared RTCP port cannot be opened.
    #[error("the RTCP port cannot be opened")]
    Rtcp(#[source] io::Error),
    /// A thread or its sink cannot be made.
    #[error("a media thread cannot start")]
    Thread(#[source] io::Error),
}

/// A call whose recording began with it, and the reply that says whether it could.
pub type Started<S> = (MediaHandle<S>, Reply<Result<(), <S as RecordSink>::Refused>>);

/// One thread, seen from outside.
pub(super) struct Link<S: RecordSink> {
    pub commands: Commands<S>,
    pub calls: AtomicUsize,
}

impl<S: RecordSink> Link<S> {
    fn send(&self, call: MediaCallId, order: Order<S>) -> Result<(), Busy> {
        self.commands.try_send(Command { call, order }).map_err(|error| {
            metrics::counter!(telemetry::COMMANDS_REFUSED).increment(1);
            match error {
                TrySendError::Full(_) => Busy::QueueFull,
                TrySendError::Disconnected(_) => Busy::Stopped,
            }
        })
    }
}

/// All media of a node. Dropping it stops its threads; open recordings are kept as far as they came.
pub struct MediaPlane<S: RecordSink> {
    pool: PortPool,
    links: Arc<[Arc<Link<S>>]>,
    threads: Vec<JoinHandle<()>>,
    next_id: AtomicU64,
    rtcp_port: Option<u16>,
}

impl<S: RecordSink> MediaPlane<S> {
    /// Starts the threads; `sink_for` makes each thread's own sink. Returns the plane and the queue of its events.
    ///
    /// # Errors
    /// When the settings contradict themselves, the RTCP port is taken, or a sink or thread cannot be made.
    pub fn start(
        config: MediaConfig,
        mut sink_for: impl FnMut(usize) -> io::Result<S>,
    ) -> Result<(Self, mpsc::Receiver<MediaEvent>), StartError> {
        config.check()?;
        let rtcp = open_rtcp(&config).map_err(StartError::Rtcp)?;
        let rtcp_port = rtcp.as_ref().and_then(|socket| Some(socket.local_addr().ok()?.port()));
        let (event_sender, events) = mpsc::channel(config.event_queue);
        let pool = PortPool::new(&config);
        let (links, queues): (Vec<_>, Vec<_>) = (0..config.threads)
            .map(|_| {
                let (commands, queue) = std_mpsc::sync_channel(config.command_queue);
                (Arc::new(Link { commands, calls: AtomicUsize::new(0) }), queue)
            })
            .unzip();
        let links: Arc<[_]> = links.into();
        let config = Arc::new(config);
        let mut plane = Self {
            pool: pool.clone(),
            links: Arc::clone(&links),
            threads: Vec::new(),
            next_id: AtomicU64::new(1),
            rtcp_port,
        };
        for (index, queue) in queues.into_iter().enumerate() {
            let parts = Parts {
                index,
                config: Arc::clone(&config),
                links: Arc::clone(&links),
                events: event_sender.clone(),
                rtcp: rtcp.clone(),
                pool: pool.clone(),
                sink: sink_for(index).map_err(StartError::Thread)?,
            };
            let thread = std::thread::Builder::new()
                .name(format!("media-{index}"))
                .spawn(move || Worker::new(parts).run(&queue))
                .map_err(StartError::Thread)?;
            plane.threads.push(thread);
        }
        Ok((plane, events))
    }

    /// Opens a port for a call that is being set up; dropping the slot gives it back.
    ///
    /// # Errors
    /// When all ports are in use, or the operating system gives no socket: the call should be refused politely.
    pub fn allocate(&self) -> Result<MediaSlot, Exhausted> {
        self.pool.allocate()
    }

    /// Returns the port to announce with `a=rtcp` when RTCP is not multiplexed.
    pub fn rtcp_port(&self) -> Option<u16> {
        self.rtcp_port
    }

    /// Returns how many ports are in use.
    pub fn ports_in_use(&self) -> usize {
        self.pool.in_use()
    }

    /// Starts a call's media on the thread with the fewest calls.
    ///
    /// # Errors
    /// When that thread cannot take another command; the port is given back.
    pub fn start_call(&self, slot: MediaSlot, media: CallMedia) -> Result<MediaHandle<S>, Busy> {
        self.place(slot, media, None)
    }

    /// Starts a call's media and its recording in one step, so that no packet can come between them. The reply says whether the sink
    /// took the recording.
    ///
    /// # Errors
    /// When that thread cannot take another command; the port is given back.
    pub fn start_recorded(&self, slot: MediaSlot, media: CallMedia, head: S::Head) -> Result<Started<S>, Busy> {
        let (reply, answer) = oneshot::channel();
        Ok((self.place(slot, media, Some((head, reply)))?, answer))
    }

    fn place(
        &self,
        slot: MediaSlot,
        media: CallMedia,
        record: Option<(S::Head, Begun<S>)>,
    ) -> Result<MediaHandle<S>, Busy> {
        let link = self.links.iter().min_by_key(|link| link.calls.load(Ordering::Relaxed)).ok_or(Busy::Stopped)?;
        let id = MediaCallId(self.next_id.fetch_add(1, Ordering::Relaxed));
        let (port, abandoned) = (slot.port(), Arc::new(AtomicBool::new(false)));
        link.calls.fetch_add(1, Ordering::Relaxed);
        let order = Order::Start { slot, media, abandoned: Arc::clone(&abandoned), record };
        if let Err(busy) = link.send(id, order) {
            link.calls.fetch_sub(1, Ordering::Relaxed);
            return Err(busy);
        }
        Ok(MediaHandle { id, port, link: Arc::clone(link), abandoned, closed: false })
    }
}

fn open_rtcp(config: &MediaConfig) -> io::Result<Option<Arc<UdpSocket>>> {
    let Some(port) = config.rtcp_port else {
        return Ok(None);
    };
    Ok(Some(Arc::new(socket::open(SocketAddr::new(config.bind_ip, port), RTCP_BUFFER)?)))
}

impl<S: RecordSink> Drop for MediaPlane<S> {
    fn drop(&mut self) {
        for link in self.links.iter() {
            // An error means that the thread is gone already.
            let _ = link.commands.send(Command { call: MediaCallId(0), order: Order::Stop });
        }
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a media thread panicked");
            }
        }
    }
}

impl<S: RecordSink> std::fmt::Debug for MediaPlane<S> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("MediaPlane").field("threads", &self.threads.len()).finish_non_exhaustive()
    }
}

/// One call's media. Commands return at once and are carried out before the thread's next tick; dropping the handle ends the
/// call's media.
pub struct MediaHandle<S: RecordSink> {
    id: MediaCallId,
    port: u16,
    link: Arc<Link<S>>,
    abandoned: Arc<AtomicBool>,
    closed: bool,
}

impl<S: RecordSink> MediaHandle<S> {
    /// Returns the name that the call's events carry.
    pub fn id(&self) -> MediaCallId {
        self.id
    }

    /// Returns the call's RTP port.
    pub fn port(&self) -> u16 {
        self.port
    }

    fn send(&self, order: Order<S>) -> Result<(), Busy> {
        self.link.send(self.id, order)
    }

    /// Plays `clips` after what is playing; `PlayedOut(token)` tells the end.
    ///
    /// # Errors
    /// When the thread cannot take the command, as with every method here.
    pub fn play(&self, clips: Vec<Clip>, token: PlayToken) -> Result<(), Busy> {
        self.send(Order::Play { clips, token })
    }

    /// Stops playing at once; what was queued tells no end.
    ///
    /// # Errors
    /// When the thread cannot take the command.
    pub fn stop_playing(&self) -> Result<(), Busy> {
        self.send(Order::StopPlaying)
    }

    /// Begins a recording with the next packet. One that is open is abandoned.
    ///
    /// # Errors
    /// When the thread cannot take the command; the reply says whether the sink took the recording.
    pub fn record(&self, head: S::Head) -> Result<Reply<Result<(), S::Refused>>, Busy> {
        let (reply, answer) = oneshot::channel();
        self.send(Order::Record { head, reply })?;
        Ok(answer)
    }

    /// Pauses the recording, or goes on with it; the pause is left out of it.
    ///
    /// # Errors
    /// When the thread cannot take the command.
    pub fn pause_recording(&self, pause: bool) -> Result<(), Busy> {
        self.send(Order::PauseRecording(pause))
    }

    /// Ends the recording with everything that has come so far. The reply fails when there is no recording.
    ///
    /// # Errors
    /// When the thread cannot take the command.
    pub fn finish_recording(&self, tail: S::Tail) -> Result<Reply<(Recorded, S::Finished)>, Busy> {
        let (reply, answer) = oneshot::channel();
        self.send(Order::FinishRecording { tail, reply })?;
        Ok(answer)
    }

    /// Asks where the recording lies so far, for whoever reads a part of it back while it goes on. `None` without a recording.
    ///
    /// # Errors
    /// When the thread cannot take the command.
    pub fn locate_recording(&self) -> Result<Reply<Option<S::Located>>, Busy> {
        let (reply, answer) = oneshot::channel();
        self.send(Order::LocateRecording(reply))?;
        Ok(answer)
    }

    /// Moves the call to the addresses of a new offer or answer.
    ///
    /// # Errors
    /// When the thread cannot take the command.
    pub fn set_remote(&self, remote: Option<SocketAddr>, remote_rtcp: Option<SocketAddr>) -> Result<(), Busy> {
        self.send(Order::SetRemote { remote, remote_rtcp })
    }

    /// Takes what a new offer and answer agreed on: another address, codec or key. What plays and what is recorded goes on;
    /// whether the call listens for speech stays as it was.
    ///
    /// # Errors
    /// When the thread cannot take the command.
    pub fn renegotiate(&self, media: CallMedia) -> Result<(), Busy> {
        self.send(Order::Renegotiate(Box::new(media)))
    }

    /// Sends nothing while the peer holds the call; what was playing waits.
    ///
    /// # Errors
    /// When the thread cannot take the command.
    pub fn hold(&self, held: bool) -> Result<(), Busy> {
        self.send(Order::Hold(held))
    }

    /// Listens for speech from now on, or no longer.
    ///
    /// # Errors
    /// When the thread cannot take the command.
    pub fn listen(&self, config: Option<ActivityConfig>) -> Result<(), Busy> {
        self.send(Order::Listen(config))
    }

    /// Asks for the quality so far.
    ///
    /// # Errors
    /// When the thread cannot take the command.
    pub fn quality(&self) -> Result<Reply<CallQuality>, Busy> {
        let (reply, answer) = oneshot::channel();
        self.send(Order::Quality(reply))?;
        Ok(answer)
    }

    /// Ends the call's media, gives its port back, and tells its final quality. An open recording is abandoned.
    ///
    /// # Errors
    /// When the thread cannot take the command; it ends the call at its next pass all the same.
    pub fn close(mut self) -> Result<Reply<CallQuality>, Busy> {
        let (reply, answer) = oneshot::channel();
        self.send(Order::Close(reply))?;
        self.closed = true;
        Ok(answer)
    }
}

impl<S: RecordSink> Drop for MediaHandle<S> {
    fn drop(&mut self) {
        if !self.closed {
            self.abandoned.store(true, Ordering::Relaxed);
        }
    }
}

impl<S: RecordSink> std::fmt::Debug for MediaHandle<S> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("MediaHandle").field("id", &self.id).field("port", &self.port).finish_non_exhaustive()
    }
}
