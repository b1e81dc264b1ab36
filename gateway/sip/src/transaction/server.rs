//! Server transactions: INVITE (RFC 3261 §17.2.1 with RFC 6026's Accepted state) and others (§17.2.2).

use std::time::{Duration, Instant};

use super::{Packet, Timing};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No final response yet: Trying or Proceeding.
    Proceeding,
    /// INVITE: a 2xx was sent; repetitions of the INVITE are absorbed, the dialog repeats the 2xx.
    Accepted,
    /// A final response was sent; it is repeated on request, and (INVITE) until the ACK.
    Completed,
    /// INVITE: the ACK for a failure has come; its repetitions are absorbed.
    Confirmed,
}

/// What a wake-up asks of the endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerStep {
    /// Nothing.
    Idle,
    /// Repeat the final response.
    Resend(Packet),
    /// The transaction is over: forget it.
    Terminated,
}

/// A server transaction.
#[derive(Debug)]
pub struct ServerTransaction {
    invite: bool,
    reliable: bool,
    state: State,
    response: Option<Packet>,
    /// Timer G: when to repeat a failure response, and the gap after that.
    repeat: Option<(Instant, Duration)>,
    /// Timer H, I, J or L, by state.
    ends: Option<Instant>,
}

impl ServerTransaction {
    /// Starts a transaction for a request just received.
    #[must_use]
    pub fn new(invite: bool, reliable: bool) -> Self {
        Self { invite, reliable, state: State::Proceeding, response: None, repeat: None, ends: None }
    }

    /// Whether no final response has been sent yet.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state == State::Proceeding
    }

    /// The request came again: the response to repeat, if any.
    #[must_use]
    pub fn on_repeat(&self) -> Option<Packet> {
        match self.state {
            State::Proceeding | State::Completed => self.response.clone(),
            State::Accepted | State::Confirmed => None,
        }
    }

    /// A response goes out. Returns whether it may: after a final response nothing else does.
    pub fn respond(&mut self, now: Instant, timing: &Timing, status: u16, response: Packet) -> bool {
        if self.state != State::Proceeding {
            return false;
        }
        self.response = Some(response);
        match status {
            100..=199 => {}
            200..=299 if self.invite => {
                self.state = State::Accepted;
                self.response = None;
                self.ends = Some(now + timing.patience());
            }
            _ => {
                self.state = State::Completed;
                let linger = if self.invite || !self.reliable { timing.patience() } else { Duration::ZERO };
                self.ends = Some(now + linger);
                self.repeat = (self.invite && !self.reliable).then(|| (now + timing.t1, timing.t1));
            }
        }
        true
    }

    /// An ACK with the INVITE's branch came. Returns whether it was for a failure, and so is done with; an ACK for a 2xx
    /// is the dialog's.
    pub fn on_ack(&mut self, now: Instant, timing: &Timing) -> bool {
        if self.invite && self.state == State::Completed {
            self.state = State::Confirmed;
            self.repeat = None;
            self.ends = Some(now + if self.reliable { Duration::ZERO } else { timing.t4 });
        }
        self.state == State::Confirmed
    }

    /// When to call [`Self::handle_timeout`].
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let repeat = self.repeat.map(|(at, _)| at);
        self.ends.into_iter().chain(repeat).min()
    }

    /// Time has come to [`Self::poll_timeout`].
    pub fn handle_timeout(&mut self, now: Instant, timing: &Timing) -> ServerStep {
        if self.ends.is_some_and(|at| at <= now) {
            return ServerStep::Terminated;
        }
        match (self.repeat, &self.response) {
            (Some((at, gap)), Some(response)) if at <= now => {
                let gap = (gap * 2).min(timing.t2);
                self.repeat = Some((now + gap, gap));
                ServerStep::Resend(response.clone())
            }
            _ => ServerStep::Idle,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Instant {
        #[expect(clippy::disallowed_methods, reason = "an origin for simulated time")]
        Instant::now()
    }

    fn packet() -> Packet {
        Packet::from(&b"response"[..])
    }

    #[test]
    fn a_failure_is_repeated_at_doubling_gaps_until_timer_h() {
        let (origin, timing) = (start(), Timing::default());
        let mut transaction = ServerTransaction::new(true, false);
        assert!(transaction.respond(origin, &timing, 486, packet()));
        let mut sent = Vec::new();
        loop {
            let at = transaction.poll_timeout().unwrap();
            match transaction.handle_timeout(at, &timing) {
                ServerStep::Resend(_) => sent.push((at - origin).as_millis()),
                ServerStep::Terminated => break assert_eq!(at - origin, timing.patience()),
                ServerStep::Idle => panic!("woken for nothing"),
            }
        }
        assert_eq!(sent, [500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500]);
    }

    #[test]
    fn an_ack_stops_the_repetitions_and_timer_i_ends_it() {
        let (origin, timing) = (start(), Timing::default());
        let mut transaction = ServerTransaction::new(true, false);
        transaction.respond(origin, &timing, 486, packet());
        assert!(transaction.on_ack(origin, &timing));
        assert_eq!(transaction.poll_timeout(), Some(origin + timing.t4));
        assert_eq!(transaction.on_repeat(), None);
        assert_eq!(transaction.handle_timeout(origin + timing.t4, &timing), ServerStep::Terminated);
    }

    #[test]
    fn a_2xx_is_not_the_transactions_to_repeat() {
        let (origin, timing) = (start(), Timing::default());
        let mut transaction = ServerTransaction::new(true, false);
        transaction.respond(origin, &timing, 200, packet());
        assert_eq!(transaction.on_repeat(), None);
        assert_eq!(transaction.poll_timeout(), Some(origin + timing.patience()));
        assert!(!transaction.respond(origin, &timing, 500, packet()));
    }

    #[test]
    fn on_a_reliable_transport_a_finished_request_is_forgotten_at_once() {
        let (origin, timing) = (start(), Timing::default());
        let mut transaction = ServerTransaction::new(false, true);
        transaction.respond(origin, &timing, 200, packet());
        assert_eq!(transaction.handle_timeout(origin, &timing), ServerStep::Terminated);
    }
}
