//! Client transactions: INVITE (RFC 3261 §17.1.1 with RFC 6026's Accepted state) and others (§17.1.2).

use std::time::{Duration, Instant};

use super::{Packet, Timing};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing heard yet: Calling or Trying.
    Calling,
    /// A provisional response was heard.
    Proceeding,
    /// INVITE: a 2xx was heard; its repetitions are acknowledged again.
    Accepted,
    /// A final response was heard (INVITE: a failure); its repetitions are absorbed.
    Completed,
}

/// What a wake-up or a response asks of the endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientStep {
    /// Nothing.
    Idle,
    /// The response is new: hand it to the dialog.
    Deliver,
    /// Send this again: the request on a wake-up, the ACK on a repeated response.
    Resend(Packet),
    /// Nobody answered: forget the transaction and tell the dialog (RFC 3261 §8.1.3.1: as if 408 had come).
    TimedOut,
    /// The transaction is over: forget it.
    Terminated,
}

/// A client transaction.
#[derive(Debug)]
pub struct ClientTransaction {
    invite: bool,
    reliable: bool,
    state: State,
    request: Packet,
    ack: Option<Packet>,
    /// Timer A or E: when to repeat the request, and the gap after that.
    repeat: Option<(Instant, Duration)>,
    /// Timer B, D, F, K or M, by state.
    ends: Option<Instant>,
}

impl ClientTransaction {
    /// Starts a transaction whose request has just been sent.
    #[must_use]
    pub fn new(now: Instant, timing: &Timing, invite: bool, reliable: bool, request: Packet) -> Self {
        let repeat = (!reliable).then(|| (now + timing.t1, timing.t1));
        let ends = Some(now + timing.patience());
        Self { invite, reliable, state: State::Calling, request, ack: None, repeat, ends }
    }

    /// Whether a provisional response has come and no final one: the state in which CANCEL may be sent (§9.1).
    #[must_use]
    pub fn is_proceeding(&self) -> bool {
        self.state == State::Proceeding
    }

    /// Whether no final response has come.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Calling | State::Proceeding)
    }

    /// Keeps the ACK to send again when the final response is repeated.
    pub fn set_ack(&mut self, ack: Packet) {
        self.ack = Some(ack);
    }

    /// Gives up waiting for a final response at `at`, as after CANCEL (§9.1).
    pub fn limit(&mut self, at: Instant) {
        if self.is_open() {
            self.ends = Some(self.ends.map_or(at, |ends| ends.min(at)));
        }
    }

    /// A response to the request came.
    pub fn on_response(&mut self, now: Instant, timing: &Timing, status: u16) -> ClientStep {
        match (self.state, status) {
            (State::Calling | State::Proceeding, 100..=199) => {
                if self.invite {
                    // Only the peer ends a ringing call from here on; the repetitions stop.
                    self.repeat = None;
                    if self.state == State::Calling {
                        self.ends = None;
                    }
                } else if let Some((at, _)) = self.repeat {
                    self.repeat = Some((at, timing.t2));
                }
                self.state = State::Proceeding;
                ClientStep::Deliver
            }
            (State::Calling | State::Proceeding, 200..=299) if self.invite => {
                self.finish(State::Accepted, now + timing.patience());
                ClientStep::Deliver
            }
            (State::Calling | State::Proceeding, _) => {
                let linger = match (self.reliable, self.invite) {
                    (true, _) => Duration::ZERO,
                    // Timer D: at least 32 s.
                    (false, true) => timing.patience(),
                    (false, false) => timing.t4,
                };
                self.finish(State::Completed, now + linger);
                ClientStep::Deliver
            }
            (State::Accepted, 200..=299) | (State::Completed, 300..=699) if self.invite => {
                self.ack.clone().map_or(ClientStep::Idle, ClientStep::Resend)
            }
            _ => ClientStep::Idle,
        }
    }

    fn finish(&mut self, state: State, ends: Instant) {
        self.state = state;
        self.repeat = None;
        self.ends = Some(ends);
    }

    /// When to call [`Self::handle_timeout`].
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let repeat = self.repeat.map(|(at, _)| at);
        self.ends.into_iter().chain(repeat).min()
    }

    /// Time has come to [`Self::poll_timeout`].
    pub fn handle_timeout(&mut self, now: Instant, timing: &Timing) -> ClientStep {
        if self.ends.is_some_and(|at| at <= now) {
            return if self.is_open() { ClientStep::TimedOut } else { ClientStep::Terminated };
        }
        match self.repeat {
            Some((at, gap)) if at <= now => {
                // Timer A doubles without end (Timer B stops it), Timer E only up to T2.
                let doubled = if self.invite { gap * 2 } else { (gap * 2).min(timing.t2) };
                self.repeat = Some((now + doubled, doubled));
                ClientStep::Resend(self.request.clone())
            }
            _ => ClientStep::Idle,
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

    fn sent_until_timeout(invite: bool) -> Vec<u128> {
        let (origin, timing) = (start(), Timing::default());
        let mut transaction = ClientTransaction::new(origin, &timing, invite, false, Packet::from(&b"request"[..]));
        let mut sent = Vec::new();
        loop {
            let at = transaction.poll_timeout().unwrap();
            match transaction.handle_timeout(at, &timing) {
                ClientStep::Resend(_) => sent.push((at - origin).as_millis()),
                ClientStep::TimedOut => break assert_eq!(at - origin, timing.patience()),
                step => panic!("unexpected {step:?}"),
            }
        }
        sent
    }

    #[test]
    fn an_unanswered_invite_is_sent_seven_times() {
        assert_eq!(sent_until_timeout(true), [500, 1500, 3500, 7500, 15500, 31500]);
    }

    #[test]
    fn an_unanswered_request_is_sent_eleven_times() {
        assert_eq!(sent_until_timeout(false), [500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500]);
    }

    #[test]
    fn a_ringing_invite_waits_for_its_peer() {
        let (origin, timing) = (start(), Timing::default());
        let mut transaction = ClientTransaction::new(origin, &timing, true, false, Packet::from(&b"request"[..]));
        assert_eq!(transaction.on_response(origin, &timing, 180), ClientStep::Deliver);
        assert_eq!(transaction.poll_timeout(), None);
    }

    #[test]
    fn a_repeated_final_response_is_acknowledged_again_and_not_delivered() {
        let (origin, timing) = (start(), Timing::default());
        for status in [200, 486] {
            let mut transaction = ClientTransaction::new(origin, &timing, true, false, Packet::from(&b"request"[..]));
            assert_eq!(transaction.on_response(origin, &timing, status), ClientStep::Deliver);
            let ack = Packet::from(&b"ack"[..]);
            transaction.set_ack(ack.clone());
            assert_eq!(transaction.on_response(origin, &timing, status), ClientStep::Resend(ack));
        }
    }
}
