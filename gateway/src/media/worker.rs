//! A media thread: the 20 ms clock, the passes over its calls, and the commands in between.
//!
//! Invariant: a thread touches nothing that another one does, but for the queues, the port pool at a call's ends and the
//! sending side of the shared RTCP socket.

use std::{
    collections::HashMap,
    net::{SocketAddr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use dauys_media::rtcp;
use tokio::sync::mpsc;

use super::{
    call::{Call, Pass, StreamStart},
    command::{Begun, Command, Order},
    config::{CallMedia, MAX_FRAMES_PER_SEND, MAX_THREADS, MediaConfig, TICK},
    event::{MediaCallId, MediaEvent},
    plane::Link,
    ports::{MediaSlot, PortPool},
    sink::RecordSink,
    socket::Batch,
    telemetry::{self, Meters, Tally},
};

/// How long a thread without calls sleeps at most.
const IDLE: Duration = Duration::from_secs(1);
/// A thread that is later than this leaves ticks out instead of sending them all at once.
const MAX_LATE: Duration = Duration::from_millis(60);
/// Commands handled after the tick is due, so that a busy thread still hears its controller.
const COMMANDS_PER_TICK: usize = 256;
/// How often the counts are handed over, in ticks: once a second.
const PUBLISH_TICKS: u64 = 50;

/// What a thread is made of.
pub(super) struct Parts<S: RecordSink> {
    pub index: usize,
    pub config: Arc<MediaConfig>,
    pub links: Arc<[Arc<Link<S>>]>,
    pub events: mpsc::Sender<MediaEvent>,
    pub rtcp: Option<Arc<UdpSocket>>,
    pub pool: PortPool,
    pub sink: S,
}

/// The calls of a thread, by their place.
struct Calls<S: RecordSink> {
    places: Vec<Option<Box<Call<S>>>>,
    free: Vec<u32>,
    by_id: HashMap<MediaCallId, u32>,
    by_ssrc: HashMap<u32, u32>,
    /// Those with something to send.
    playing: Vec<u32>,
    /// Up to which tick each call's frames were sent already, by place.
    sent_until: Vec<u64>,
}

pub(super) struct Worker<S: RecordSink> {
    parts: Parts<S>,
    calls: Calls<S>,
    batch: Batch,
    report: Vec<u8>,
    tally: Tally,
    meters: Meters,
    tick: u64,
    next_tick: Instant,
    /// So many calls play that frames are sent together.
    crowded: bool,
    /// A recording began or ended: the sink is told at the next tick already.
    hurry: bool,
}

/// Borrows the thread's tools for a call, beside its calls.
macro_rules! pass {
    ($worker:expr, $now:expr) => {
        Pass {
            config: &$worker.parts.config,
            batch: &mut $worker.batch,
            sink: &mut $worker.parts.sink,
            events: &$worker.parts.events,
            tally: &mut $worker.tally,
            rtcp: $worker.parts.rtcp.as_deref(),
            report: &mut $worker.report,
            now: $now,
            unix: unix_now(),
            tick: $worker.tick,
            frames: 1,
        }
    };
}

#[expect(clippy::disallowed_methods, reason = "the media thread is a shell: its clock paces sending")]
fn monotonic_now() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "RTCP carries the time of day")]
fn unix_now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

impl<S: RecordSink> Worker<S> {
    pub fn new(parts: Parts<S>) -> Self {
        let calls = Calls {
            places: Vec::new(),
            free: Vec::new(),
            by_id: HashMap::new(),
            by_ssrc: HashMap::new(),
            playing: Vec::new(),
            sent_until: Vec::new(),
        };
        Self {
            parts,
            calls,
            batch: Batch::new(),
            report: Vec::with_capacity(256),
            tally: Tally::default(),
            meters: Meters::new(),
            tick: 0,
            next_tick: monotonic_now() + IDLE,
            crowded: false,
            hurry: false,
        }
    }

    /// Works until it is told to stop.
    pub fn run(mut self, commands: &Receiver<Command<S>>) {
        while self.take_commands(commands) {
            self.turn();
        }
        let now = monotonic_now();
        let places: Vec<u32> = self.calls.by_id.values().copied().collect();
        for place in places {
            self.remove(place, now);
        }
        self.parts.sink.pass_done(now);
        self.meters.publish(&mut self.tally);
    }

    /// Handles commands until the next tick is due; returns whether to go on.
    fn take_commands(&mut self, commands: &Receiver<Command<S>>) -> bool {
        let mut beyond = 0;
        while beyond < COMMANDS_PER_TICK {
            let now = monotonic_now();
            let wait = self.next_tick.saturating_duration_since(now);
            let command = if wait.is_zero() {
                beyond += 1;
                commands.try_recv().ok()
            } else {
                commands.recv_timeout(wait).ok()
            };
            let Some(command) = command else {
                return true;
            };
            if matches!(command.order, Order::Stop) {
                return false;
            }
            self.handle(command, monotonic_now());
        }
        true
    }

    fn turn(&mut self) {
        let now = monotonic_now();
        let late = now.saturating_duration_since(self.next_tick);
        if late > MAX_LATE {
            let skipped = (late.as_nanos() / TICK.as_nanos()) as u32;
            self.tally.ticks_skipped += if self.calls.by_id.is_empty() { 0 } else { u64::from(skipped) };
            self.tick += u64::from(skipped);
            self.next_tick += TICK * skipped;
        }
        self.send_frames(now);
        let part = self.tick % self.parts.config.drain_parts();
        self.drain_part(part, now);
        let last_part = part + 1 == self.parts.config.drain_parts();
        if last_part {
            self.fetch_rtcp();
        }
        if last_part || std::mem::take(&mut self.hurry) {
            self.parts.sink.pass_done(now);
        }
        self.tick += 1;
        self.next_tick += TICK;
        if self.calls.by_id.is_empty() {
            self.next_tick = now + IDLE;
            self.publish();
        } else if self.tick.is_multiple_of(PUBLISH_TICKS) {
            self.publish();
        }
    }

    fn publish(&mut self) {
        self.meters.publish(&mut self.tally);
        if self.parts.index == 0 {
            let calls = self.parts.links.iter().map(|link| link.calls.load(Ordering::Relaxed)).sum();
            telemetry::set_in_use(calls, self.parts.pool.in_use());
        }
    }

    fn send_frames(&mut self, now: Instant) {
        let (tick, together) = (self.tick, self.together());
        let mut pass = pass!(self, now);
        let Calls { places, playing, sent_until, .. } = &mut self.calls;
        playing.retain(|&place| {
            let (Some(Some(call)), Some(until)) = (places.get_mut(place as usize), sent_until.get_mut(place as usize))
            else {
                return false;
            };
            if tick >= *until {
                // Each call has its own turn among the ticks, so that every tick sends an even share; one that comes in between sends
                // what is missing up to its turn.
                pass.frames = together - ((tick + u64::from(place)) % together as u64) as usize;
                *until = tick + pass.frames as u64;
                call.send_frames(&mut pass);
            }
            call.is_playing()
        });
    }

    /// Says how many frames are sent with one system call. It changes back later than it changed, so that it does not waver.
    fn together(&mut self) -> usize {
        let (config, playing) = (&self.parts.config, self.calls.playing.len());
        self.crowded = playing > if self.crowded { config.crowd * 3 / 4 } else { config.crowd };
        if self.crowded { MAX_FRAMES_PER_SEND } else { config.frames_per_send }
    }

    /// Drains every call whose place belongs to `part`, so that each tick does an even share of the work.
    fn drain_part(&mut self, part: u64, now: Instant) {
        let parts = self.parts.config.drain_parts() as usize;
        let mut abandoned = Vec::new();
        let mut pass = pass!(self, now);
        for (place, call) in self.calls.places.iter_mut().enumerate().skip(part as usize).step_by(parts) {
            let Some(call) = call else {
                continue;
            };
            call.drain(&mut pass);
            if call.is_abandoned() {
                abandoned.push(place as u32);
            }
        }
        for place in abandoned {
            self.remove(place, now);
        }
    }

    /// Takes what came to the shared RTCP port; each datagram goes to the thread that our SSRC in it names.
    fn fetch_rtcp(&mut self) {
        if self.parts.index != 0 {
            return;
        }
        let Some(socket) = self.parts.rtcp.clone() else {
            return;
        };
        let unix = unix_now();
        let (calls, tally, links) = (&mut self.calls, &mut self.tally, &self.parts.links);
        while let Ok(true) = self.batch.receive(&socket, |datagram| {
            let arrival = datagram.arrival.unwrap_or(unix);
            let ours = first_reported(datagram.bytes);
            match ours.map(|ssrc| ssrc as usize % MAX_THREADS) {
                Some(0) => calls.handle_rtcp(arrival, datagram.from, datagram.bytes, tally),
                Some(thread) if thread < links.len() => {
                    let order = Order::Rtcp { arrival, from: datagram.from, bytes: datagram.bytes.into() };
                    let command = Command { call: MediaCallId(0), order };
                    let sent = links.get(thread).is_some_and(|link| link.commands.try_send(command).is_ok());
                    tally.rtcp_unused += u64::from(!sent);
                }
                _ => tally.rtcp_unused += 1,
            }
        }) {}
    }

    fn handle(&mut self, command: Command<S>, now: Instant) {
        let order = match command.order {
            Order::Start { slot, media, abandoned, record } => {
                return self.start(command.call, (slot, &media, abandoned), record, now);
            }
            Order::Rtcp { arrival, from, bytes } => {
                return self.calls.handle_rtcp(arrival, from, &bytes, &mut self.tally);
            }
            order => order,
        };
        let Some(&place) = self.calls.by_id.get(&command.call) else {
            return;
        };
        if let Order::Close(reply) = order {
            if let Some(quality) = self.remove(place, now) {
                // The controller may have gone; its call is closed all the same.
                let _ = reply.send(quality);
            }
            return;
        }
        self.hurry |= matches!(order, Order::Record { .. } | Order::FinishRecording { .. });
        let mut pass = pass!(self, now);
        let Some(Some(call)) = self.calls.places.get_mut(place as usize) else {
            return;
        };
        let was_playing = call.is_playing();
        carry_out(call, order, &mut pass);
        if call.is_playing() && !was_playing && !self.calls.playing.contains(&place) {
            self.calls.playing.push(place);
        }
    }

    fn start(
        &mut self,
        id: MediaCallId,
        (slot, media, abandoned): (MediaSlot, &CallMedia, Arc<AtomicBool>),
        record: Option<(S::Head, Begun<S>)>,
        now: Instant,
    ) {
        if self.calls.by_id.is_empty() {
            self.next_tick = now + TICK;
        }
        let start = StreamStart { ssrc: self.unused_ssrc(), sequence: rand::random(), timestamp: rand::random() };
        let mut pass = pass!(self, now);
        let mut call = Box::new(Call::new(id, slot, media, start, abandoned, &pass));
        if let Some((head, reply)) = record {
            // The controller may have gone; the recording begins all the same.
            let _ = reply.send(call.record_from_the_start(head, &mut pass));
            self.hurry = true;
        }
        self.calls.insert(call);
    }

    /// Draws an SSRC that no other call of the node has, and that names this thread in its low bits.
    fn unused_ssrc(&self) -> u32 {
        let low = MAX_THREADS as u32 - 1;
        loop {
            let ssrc = (rand::random::<u32>() & !low) | self.parts.index as u32;
            if !self.calls.by_ssrc.contains_key(&ssrc) {
                return ssrc;
            }
        }
    }

    fn remove(&mut self, place: u32, now: Instant) -> Option<dauys_media::quality::CallQuality> {
        let call = self.calls.remove(place)?;
        self.hurry = true;
        let quality = call.close(&mut pass!(self, now));
        if let Some(link) = self.parts.links.get(self.parts.index) {
            link.calls.fetch_sub(1, Ordering::Relaxed);
        }
        Some(quality)
    }
}

fn carry_out<S: RecordSink>(call: &mut Call<S>, order: Order<S>, pass: &mut Pass<'_, S>) {
    // Replies may find nobody waiting: the controller has moved on.
    match order {
        Order::Play { clips, token } => call.play(clips, token, pass),
        Order::StopPlaying => call.stop_playing(),
        Order::Record { head, reply } => drop(reply.send(call.begin_recording(head, pass))),
        Order::PauseRecording(pause) => call.pause_recording(pause, pass),
        Order::FinishRecording { tail, reply } => {
            if let Some(finished) = call.finish_recording(tail, pass) {
                let _ = reply.send(finished);
            }
        }
        Order::LocateRecording(reply) => drop(reply.send(call.locate_recording(pass))),
        Order::Renegotiate(media) => call.renegotiate(&media, pass),
        Order::SetRemote { remote, remote_rtcp } => call.set_remote(remote, remote_rtcp),
        Order::Hold(held) => call.hold(held, pass),
        Order::Listen(config) => call.listen(config),
        Order::Quality(reply) => drop(reply.send(call.quality())),
        Order::Start { .. } | Order::Close(_) | Order::Rtcp { .. } | Order::Stop => {}
    }
}

/// Returns the SSRC of the first report block: one of ours, when the datagram is about one of our calls.
fn first_reported(bytes: &[u8]) -> Option<u32> {
    rtcp::reports(bytes).flatten().find_map(|report| report.blocks().next()).map(|block| block.ssrc)
}

impl<S: RecordSink> Calls<S> {
    fn insert(&mut self, call: Box<Call<S>>) {
        let place = self.free.pop().unwrap_or(self.places.len() as u32);
        self.by_id.insert(call.id(), place);
        self.by_ssrc.insert(call.ssrc(), place);
        self.sent_until.resize(self.sent_until.len().max(place as usize + 1), 0);
        if let Some(until) = self.sent_until.get_mut(place as usize) {
            *until = 0;
        }
        match self.places.get_mut(place as usize) {
            Some(empty) => *empty = Some(call),
            None => self.places.push(Some(call)),
        }
    }

    fn remove(&mut self, place: u32) -> Option<Box<Call<S>>> {
        let call = self.places.get_mut(place as usize)?.take()?;
        self.by_id.remove(&call.id());
        self.by_ssrc.remove(&call.ssrc());
        self.playing.retain(|&playing| playing != place);
        self.free.push(place);
        Some(call)
    }

    fn handle_rtcp(&mut self, arrival: Duration, from: SocketAddr, bytes: &[u8], tally: &mut Tally) {
        let place = first_reported(bytes).and_then(|ssrc| self.by_ssrc.get(&ssrc).copied());
        let call = place.and_then(|place| self.places.get_mut(place as usize)?.as_mut());
        if !call.is_some_and(|call| call.handle_rtcp(arrival, from, bytes)) {
            tally.rtcp_unused += 1;
        }
    }
}

/// The queue that a thread takes its commands from.
pub(super) type Commands<S> = SyncSender<Command<S>>;
