//! Who is transcribed next when more waits than can be heard at once, and how long what waits will take. Pure: the time
//! comes in as an argument.
//!
//! Order: those in danger; live callers before old backlog; within each the channels in turn, so that a flood of voice notes
//! does not hold up the telephone, and each channel in the order of arrival. Every few recordings the oldest of all goes
//! first, whatever it is: nobody waits for ever. While a queue stands, up to half of the time goes into first looks (a
//! quick reading of the first words) that find out who is in danger.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use dauys_events::Channel;

/// A recording is live for so long after its caller's last word; then it is backlog.
const LIVE: Duration = Duration::from_secs(60);
/// Every so many recordings the oldest goes first.
const OLDEST_EVERY: u64 = 8;
/// Weight of the newest measurement in the running averages.
const NEWEST: f64 = 0.1;
/// The cost of a second of audio before anything was measured: what the demonstration model takes on an ordinary core.
const FIRST_COST: f64 = 0.08;
/// The cost of a first look before any was taken, in seconds.
const FIRST_LOOK: f64 = 0.3;
/// The most credit for first looks that is saved up, in seconds.
const MOST_CREDIT: f64 = 10.0;
/// The length of a recording before any was seen, in seconds.
const FIRST_LENGTH: f64 = 30.0;

/// What is known of a recording before it is heard.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Facts {
    /// How it came in.
    pub channel: Channel,
    /// When its caller said the last word, as far as this process's clock can tell.
    pub said_at: Instant,
    /// How long it is.
    pub length: Duration,
}

/// What to do next.
#[derive(Debug, PartialEq)]
pub enum Task<J> {
    /// Take a first look, then give the recording back with [`Schedule::looked`].
    Look(J),
    /// Transcribe.
    Hear(J),
}

#[derive(Debug)]
struct Waiting<J> {
    job: J,
    facts: Facts,
    looked: bool,
    urgent: bool,
}

/// The recordings that wait.
#[derive(Debug)]
pub struct Schedule<J> {
    waiting: VecDeque<Waiting<J>>,
    room: usize,
    parallel: usize,
    looks: bool,
    served: u64,
    /// Seconds that first looks may still take, to have no more of the time than hearing has.
    credit: f64,
    look_cost: f64,
    /// Channels in the order of their last turn, the longest ago first.
    turns: VecDeque<Channel>,
    cost: f64,
    length: f64,
}

impl<J> Schedule<J> {
    /// Makes a schedule with room for so many recordings, of which `parallel` are heard at once. `looks` says whether first
    /// looks are worth taking.
    #[must_use]
    pub fn new(room: usize, parallel: usize, looks: bool) -> Self {
        Self {
            waiting: VecDeque::new(),
            room: room.max(1),
            parallel: parallel.max(1),
            looks,
            served: 0,
            credit: 0.0,
            look_cost: FIRST_LOOK,
            turns: VecDeque::new(),
            cost: FIRST_COST,
            length: FIRST_LENGTH,
        }
    }

    /// Returns how many more recordings may be put in: what is beyond stays on the bus.
    #[must_use]
    pub fn free(&self) -> usize {
        self.room.saturating_sub(self.waiting.len())
    }

    /// Returns how many recordings wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Returns whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Puts a recording in. The caller keeps to [`Schedule::free`].
    pub fn put(&mut self, job: J, facts: Facts) {
        self.length += NEWEST * (facts.length.as_secs_f64() - self.length);
        self.waiting.push_back(Waiting { job, facts, looked: false, urgent: false });
    }

    /// Puts a recording in of which words are known already: whether somebody may be in danger need not be looked up.
    pub fn put_known(&mut self, job: J, facts: Facts, urgent: bool) {
        self.put(job, facts);
        if let Some(newest) = self.waiting.back_mut() {
            (newest.looked, newest.urgent) = (true, urgent);
        }
    }

    /// Puts a recording back that was looked at, which took so long.
    pub fn looked(&mut self, job: J, facts: Facts, urgent: bool, took: Duration) {
        self.look_cost += NEWEST * (took.as_secs_f64() - self.look_cost);
        self.waiting.push_front(Waiting { job, facts, looked: true, urgent });
    }

    /// Learns what a recording cost, in processor time of one of the parallel places.
    pub fn finished(&mut self, length: Duration, took: Duration) {
        if length >= Duration::from_millis(100) {
            self.cost += NEWEST * (took.as_secs_f64() / length.as_secs_f64() - self.cost);
        }
    }

    /// Chooses what is done next; `None` when nothing waits.
    pub fn next(&mut self, now: Instant) -> Option<Task<J>> {
        let urgent = self.position(|waiting| waiting.urgent);
        if urgent.is_none() && self.is_time_to_look() {
            let unknown = self.position(|waiting| !waiting.looked)?;
            self.credit -= self.look_cost;
            return self.waiting.remove(unknown).map(|waiting| Task::Look(waiting.job));
        }
        self.served += 1;
        let oldest_first = self.served.is_multiple_of(OLDEST_EVERY).then(|| self.oldest()).flatten();
        let chosen = urgent.or(oldest_first).or_else(|| self.fair(now))?;
        let waiting = self.waiting.remove(chosen)?;
        let expected = waiting.facts.length.as_secs_f64() * self.cost;
        self.credit = (self.credit + expected).min(MOST_CREDIT.max(expected));
        self.turns.retain(|channel| *channel != waiting.facts.channel);
        self.turns.push_back(waiting.facts.channel);
        Some(Task::Hear(waiting.job))
    }

    /// Returns how long what waits here, and `beyond` recordings on the bus, will take from now.
    #[must_use]
    pub fn estimate(&self, beyond: u64) -> Duration {
        let here: f64 = self.waiting.iter().map(|waiting| waiting.facts.length.as_secs_f64()).sum();
        let seconds = (here + beyond as f64 * self.length) * self.cost / self.parallel as f64;
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }

    /// A look is worth its time only while others would go first.
    fn is_time_to_look(&self) -> bool {
        self.looks && self.credit > 0.0 && self.waiting.len() > self.parallel && self.waiting.iter().any(|w| !w.looked)
    }

    fn position(&self, wanted: impl Fn(&Waiting<J>) -> bool) -> Option<usize> {
        let wanted = self.waiting.iter().enumerate().filter(|(_, waiting)| wanted(waiting));
        wanted.min_by_key(|(_, waiting)| waiting.facts.said_at).map(|(at, _)| at)
    }

    fn oldest(&self) -> Option<usize> {
        self.position(|_| true)
    }

    /// The oldest of the channel whose turn it is, among the live ones where there are any.
    fn fair(&self, now: Instant) -> Option<usize> {
        let is_live = |waiting: &Waiting<J>| now.saturating_duration_since(waiting.facts.said_at) <= LIVE;
        let any_live = self.waiting.iter().any(is_live);
        let turn = |channel: Channel| self.turns.iter().position(|c| *c == channel).map_or(0, |at| at + 1);
        let candidates = self.waiting.iter().enumerate().filter(|(_, waiting)| !any_live || is_live(waiting));
        candidates.min_by_key(|(_, w)| (turn(w.facts.channel), w.facts.said_at)).map(|(at, _)| at)
    }
}

#[cfg(test)]
mod tests;
