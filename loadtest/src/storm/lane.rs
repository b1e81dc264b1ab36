//! One thread of the storm: a clock of 1 ms that begins calls, paces their packets and reads what comes back.
//!
//! Each call has its own place among the 20 ticks between two packets. A packet that its network delays waits in a ring of ticks.
//! A lane that falls behind does not skip: it sends everything in order as fast as it can, and its lateness is on record.

use super::caller::{Act, Acts, Caller, LONGEST_PACKET, Step};
use super::dice::Dice;
use super::network::{Fate, LONGEST_DELAY_MS};
use super::plan::Plan;
use super::request::Letterhead;
use super::socket::{self, Destination, Inbox, MOST_TOGETHER, Outbox};
use super::tally::{Live, Tally};
use super::voice::Voice;
use dauys_sip::wire::Message;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::iter::Peekable;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Ticks of 1 ms between two packets of a call.
const TICKS: usize = 20;
const TICK_US: u64 = 1_000;
/// How many ticks ahead a packet can be delayed.
const RING: usize = LONGEST_DELAY_MS as usize + 8;
/// How often what was heard is taken, in ticks.
const HEAR_EVERY: u64 = 4;
/// How often the live numbers are told, in ticks.
const TELL_EVERY: u64 = 100;
/// The most SIP messages taken before the next packets are due.
const MESSAGES_AT_ONCE: usize = 64;
/// For how long a lane stays after its last call, to answer what is repeated, in microseconds.
const LINGER: u64 = 600_000;
/// No caller has this place.
const NOBODY: u32 = u32::MAX;

/// What a lane is made of.
pub struct Parts {
    /// Which lane it is.
    pub index: usize,
    /// What the storm is to be.
    pub plan: Arc<Plan>,
    /// What callers say.
    pub voice: Arc<Voice>,
    /// Names the run.
    pub run: u64,
    /// The address to send from.
    pub local: SocketAddr,
    /// When the storm begins.
    pub start: Instant,
    /// Where live numbers are told.
    pub live: Arc<Live>,
    /// Ends the lane early.
    pub stop: Arc<AtomicBool>,
}

/// A packet on a slow way.
struct Delayed {
    caller: u32,
    length: usize,
    copies: u32,
    bytes: [u8; LONGEST_PACKET],
}

type Upcoming = Peekable<Box<dyn Iterator<Item = (u64, u64)> + Send>>;

struct Lane {
    parts: Parts,
    letterhead: Letterhead,
    sip: UdpSocket,
    rtp: UdpSocket,
    arrivals: Upcoming,
    callers: Vec<Option<Box<Caller>>>,
    destinations: Vec<Destination>,
    /// The callers whose packets are due at each of the ticks.
    places: Vec<Vec<u32>>,
    ring: Vec<Vec<Delayed>>,
    timers: BinaryHeap<Reverse<(u64, u32)>>,
    by_port: Vec<u32>,
    outbox: Outbox,
    /// Whether packets that a telephone sends together may be given to the kernel together.
    cuts: bool,
    inbox: Inbox,
    acts: Acts,
    dice: Dice,
    tally: Tally,
    tick: u64,
    present: u64,
    up: u64,
    answered: u64,
    failed: u64,
    worst_us: u64,
}

#[expect(clippy::disallowed_methods, reason = "the lane is a shell: its clock paces callers")]
fn clock() -> Instant {
    Instant::now()
}

/// Runs a lane until all its calls are over.
///
/// # Errors
/// Where it gets no sockets.
pub fn run(parts: Parts) -> std::io::Result<Tally> {
    let mut lane = Lane::new(parts)?;
    lane.work();
    let (mut tally, callers) = (lane.tally, lane.callers);
    tally.outcomes.extend(callers.into_iter().flatten().map(|caller| caller.outcome()));
    tally.cpu_seconds = thread_cpu_us() as f64 / 1e6;
    Ok(tally)
}

impl Lane {
    fn new(parts: Parts) -> std::io::Result<Self> {
        let any = SocketAddr::new(parts.local.ip(), 0);
        let (sip, rtp) = (socket::open(any)?, socket::open(any)?);
        socket::gather(&rtp);
        let cuts = socket::can_cut(&rtp);
        let letterhead = Letterhead {
            run: parts.run,
            to: format!("sip:{}@{}", parts.plan.target.user, parts.plan.target.host),
            sip: sip.local_addr()?,
            rtp: rtp.local_addr()?,
        };
        let (index, lanes) = (parts.index, parts.plan.lanes);
        let arrivals = parts.plan.arrivals().zip(0u64..).skip(index).step_by(lanes);
        let arrivals: Box<dyn Iterator<Item = (u64, u64)> + Send> = Box::new(arrivals);
        let own = (parts.plan.calls as usize).div_ceil(lanes);
        Ok(Self {
            letterhead,
            sip,
            rtp,
            arrivals: arrivals.peekable(),
            callers: (0..own).map(|_| None).collect(),
            destinations: vec![Destination::new(any); own],
            places: vec![Vec::new(); TICKS * parts.plan.together],
            ring: (0..RING).map(|_| Vec::new()).collect(),
            timers: BinaryHeap::new(),
            by_port: vec![NOBODY; 1 << 16],
            outbox: Outbox::new(),
            cuts,
            inbox: Inbox::new(),
            acts: Acts::new(),
            dice: Dice::new(parts.plan.seed, 4),
            tally: Tally::default(),
            tick: 0,
            present: 0,
            up: 0,
            answered: 0,
            failed: 0,
            worst_us: 0,
            parts,
        })
    }

    fn now(&self) -> u64 {
        clock().saturating_duration_since(self.parts.start).as_micros() as u64
    }

    fn work(&mut self) {
        let mut over_at = None;
        loop {
            let due = self.tick * TICK_US;
            loop {
                let now = self.now();
                if now >= due {
                    break;
                }
                socket::wait(&self.sip, Duration::from_micros(due - now));
                self.take_messages();
            }
            self.begin_calls();
            self.send_due();
            self.take_messages();
            self.run_timers();
            if self.tick.is_multiple_of(HEAR_EVERY) {
                self.hear();
            }
            if self.tick.is_multiple_of(TELL_EVERY) {
                self.tell();
            }
            self.tick += 1;
            let all_over = self.arrivals.peek().is_none() && self.present == 0;
            if self.parts.stop.load(Ordering::Relaxed) || due > (self.parts.plan.longest() * 1e6) as u64 {
                return self.tell();
            }
            match over_at {
                None if all_over => over_at = Some(due + LINGER),
                Some(at) if due >= at => return self.tell(),
                _ => {}
            }
        }
    }

    fn begin_calls(&mut self) {
        let now = self.now();
        while let Some((_, index)) = self.arrivals.next_if(|(at, _)| *at <= now) {
            let plan = &self.parts.plan;
            let place = (index as usize / plan.lanes) as u32;
            let caller = Caller::new(index, plan.conduct(index), plan.place(index, self.parts.voice.frames()));
            if let Some(free) = self.callers.get_mut(place as usize) {
                *free = Some(Box::new(caller));
                self.present += 1;
            }
            self.parts.live.attempted.fetch_add(1, Ordering::Relaxed);
            self.with(place, |caller, letterhead, now, acts| caller.begin(now, letterhead, acts));
        }
    }

    /// Lets a caller do something, and does what comes of it.
    fn with(&mut self, place: u32, what: impl FnOnce(&mut Caller, &Letterhead, u64, &mut Acts)) {
        let now = self.now();
        let mut acts = std::mem::take(&mut self.acts);
        if let Some(Some(caller)) = self.callers.get_mut(place as usize) {
            what(caller, &self.letterhead, now, &mut acts);
            self.timers.extend(caller.poll_timeout().map(|at| Reverse((at, place))));
        }
        for act in acts.drain(..) {
            self.act(place, act);
        }
        self.acts = acts;
    }

    fn act(&mut self, place: u32, act: Act) {
        match act {
            // A message that cannot be sent is repeated by its timer.
            Act::Send(bytes) => drop(self.sip.send_to(&bytes, self.parts.plan.target.address)),
            Act::Speak(to) => {
                if let Some(destination) = self.destinations.get_mut(place as usize) {
                    *destination = Destination::new(to);
                }
                if let Some(owner) = self.by_port.get_mut(usize::from(to.port())) {
                    *owner = place;
                }
                // Telephones are not in step with each other: each begins within the time of its first packets.
                let ahead = 1 + self.dice.draw(place.into(), 1) % self.places.len() as u64;
                let at = (self.tick + ahead) as usize % self.places.len();
                self.places[at].push(place);
                self.up += 1;
                self.answered += 1;
            }
            Act::Hush => self.hush(place),
            Act::Over => {
                if let Some(caller) = self.callers.get_mut(place as usize).and_then(Option::take) {
                    let outcome = caller.outcome();
                    self.present -= 1;
                    self.failed += u64::from(outcome.has_failed());
                    self.tally.outcomes.push(outcome);
                    self.parts.live.over.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }

    fn hush(&mut self, place: u32) {
        for due in &mut self.places {
            if let Some(at) = due.iter().position(|other| *other == place) {
                due.swap_remove(at);
                self.up -= 1;
            }
        }
        let port = self.destinations.get(place as usize).map_or(0, Destination::port);
        if let Some(owner) = self.by_port.get_mut(usize::from(port)).filter(|owner| **owner == place) {
            *owner = NOBODY;
        }
    }

    /// Sends what is due at this tick: first what was delayed to it, then every caller's next packet.
    fn send_due(&mut self) {
        let at = self.tick as usize;
        let mut delayed = std::mem::take(&mut self.ring[at % RING]);
        for packet in delayed.drain(..) {
            let is_up = self
                .callers
                .get(packet.caller as usize)
                .is_some_and(|caller| caller.as_ref().is_some_and(|caller| caller.is_talking()));
            if is_up {
                let bytes = packet.bytes.get(..packet.length).unwrap_or_default();
                self.post(packet.caller, bytes, packet.length, packet.copies);
            }
        }
        self.ring[at % RING] = delayed;
        let at = at % self.places.len();
        let due = std::mem::take(&mut self.places[at]);
        let mut leaving = Vec::new();
        for &place in &due {
            if self.steps(place) == Some(Step::End) {
                leaving.push(place);
            }
        }
        let packets = (due.len() * self.parts.plan.together) as u64;
        self.places[at] = due;
        self.flush();
        let late = self.now().saturating_sub(self.tick * TICK_US);
        self.worst_us = self.worst_us.max(late);
        self.tally.late_us = self.tally.late_us.max(late);
        if late > TICKS as u64 * TICK_US {
            self.tally.sent_late += packets;
        }
        for place in leaving {
            self.with(place, |caller, letterhead, now, acts| caller.leave(now, letterhead, acts));
        }
    }

    /// Lets the steps of a caller pass whose packets its telephone sends together.
    fn steps(&mut self, place: u32) -> Option<Step> {
        if self.cuts && self.parts.plan.together > 1 && self.parts.plan.network.is_perfect() {
            return self.steps_in_one(place);
        }
        let mut last = None;
        for _ in 0..self.parts.plan.together {
            last = self.step(place);
            if last == Some(Step::End) {
                break;
            }
        }
        last
    }

    /// Gives packets of one length to the kernel in one piece, which it cuts.
    fn steps_in_one(&mut self, place: u32) -> Option<Step> {
        let mut bytes = [0; LONGEST_PACKET * MOST_TOGETHER];
        let (mut filled, mut each, mut last) = (0, 0, None);
        for _ in 0..self.parts.plan.together {
            let caller = self.callers.get_mut(place as usize)?.as_mut()?;
            let mut packet = [0; LONGEST_PACKET];
            let step = caller.handle_step(&self.parts.voice, &mut packet);
            last = Some(step);
            match step {
                Step::Packet(length) => {
                    if filled > 0 && length != each {
                        self.post(place, bytes.get(..filled)?, each, 1);
                        filled = 0;
                    }
                    each = length;
                    bytes.get_mut(filled..filled + length)?.copy_from_slice(packet.get(..length)?);
                    filled += length;
                }
                Step::Nothing => {}
                Step::End => break,
            }
        }
        if filled > 0 {
            self.post(place, bytes.get(..filled)?, each, 1);
        }
        last
    }

    fn step(&mut self, place: u32) -> Option<Step> {
        let mut bytes = [0; LONGEST_PACKET];
        let caller = self.callers.get_mut(place as usize)?.as_mut()?;
        let (index, nth) = (caller.outcome().caller, caller.outcome().steps);
        let step = caller.handle_step(&self.parts.voice, &mut bytes);
        let Step::Packet(length) = step else { return Some(step) };
        match self.parts.plan.network.fate(index, nth) {
            Fate::Lost => self.tally.lost_by_plan += 1,
            Fate::Sent { late_ms: 0, copies } => self.post(place, bytes.get(..length)?, length, copies),
            Fate::Sent { late_ms, copies } => {
                let at = (self.tick + late_ms) as usize % RING;
                self.ring.get_mut(at)?.push(Delayed { caller: place, length, copies, bytes });
            }
        }
        Some(step)
    }

    /// Puts packets of `each` bytes into the outbox, so many times.
    fn post(&mut self, place: u32, bytes: &[u8], each: usize, copies: u32) {
        let packets = bytes.len().div_ceil(each.max(1)) as u64;
        for copy in 0..copies {
            if self.outbox.is_full() {
                self.flush();
            }
            if let Some(to) = self.destinations.get(place as usize) {
                self.outbox.add(to, bytes, each);
            }
            *if copy > 0 { &mut self.tally.repeated } else { &mut self.tally.sent } += packets;
        }
    }

    fn flush(&mut self) {
        let wanted = self.outbox.len();
        let sent = self.outbox.send(&self.rtp);
        self.tally.refused_by_kernel += wanted - sent;
        self.tally.sent -= wanted - sent;
    }

    fn take_messages(&mut self) {
        let mut buffer = [0; 4_096];
        for _ in 0..MESSAGES_AT_ONCE {
            let Ok((length, _)) = self.sip.recv_from(&mut buffer) else { return };
            let Ok(message) = Message::parse(buffer.get(..length).unwrap_or_default()) else { continue };
            let caller = message.call_id().and_then(|id| self.letterhead.caller(id));
            let Some(caller) = caller.filter(|caller| *caller as usize % self.parts.plan.lanes == self.parts.index)
            else {
                continue;
            };
            let place = (caller as usize / self.parts.plan.lanes) as u32;
            self.with(place, |caller, letterhead, now, acts| caller.handle_message(now, &message, letterhead, acts));
        }
    }

    fn run_timers(&mut self) {
        let now = self.now();
        while let Some(Reverse((at, place))) = self.timers.peek().copied()
            && at <= now
        {
            self.timers.pop();
            let is_due = self
                .callers
                .get(place as usize)
                .and_then(Option::as_ref)
                .is_some_and(|caller| caller.poll_timeout().is_some_and(|due| due <= now));
            if is_due {
                self.with(place, |caller, letterhead, now, acts| caller.handle_timeout(now, letterhead, acts));
            }
        }
    }

    /// Counts what was heard: a datagram may hold several packets, which the kernel gathered.
    fn hear(&mut self) {
        let (callers, by_port, tally) = (&mut self.callers, &self.by_port, &mut self.tally);
        while self.inbox.receive(&self.rtp, |port, length, peek| {
            if dauys_media::rtp::is_rtcp(peek) {
                tally.rtcp += 1;
                return;
            }
            let packets = length.div_ceil(LONGEST_PACKET) as u64;
            tally.heard += packets;
            let place = by_port.get(usize::from(port)).copied().unwrap_or(NOBODY);
            if let Some(Some(caller)) = callers.get_mut(place as usize) {
                caller.hear(packets);
            }
        }) {}
    }

    fn tell(&mut self) {
        let live = &self.parts.live;
        live.up.store(self.up, Ordering::Relaxed);
        live.answered.store(self.answered, Ordering::Relaxed);
        live.failed.store(self.failed, Ordering::Relaxed);
        live.sent.store(self.tally.sent, Ordering::Relaxed);
        live.heard.store(self.tally.heard, Ordering::Relaxed);
        live.sent_late.store(self.tally.sent_late, Ordering::Relaxed);
        live.late_us.fetch_max(std::mem::take(&mut self.worst_us), Ordering::Relaxed);
        live.cpu_us.store(thread_cpu_us(), Ordering::Relaxed);
    }
}

/// CPU time of this thread, in microseconds.
fn thread_cpu_us() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    stat.split_whitespace().next().and_then(|nanos| nanos.parse::<u64>().ok()).unwrap_or_default() / 1_000
}
