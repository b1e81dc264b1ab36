//! What becomes due as time passes: repetitions, silence of the peer, unanswered and unrefreshed calls.

use std::time::Instant;

use super::call::{Call, Phase};
use super::event::Cause;
use super::reliable::ProvisionalStep;
use super::table::{Machine, Purpose};
use super::{Endpoint, SUPPORTED};
use crate::session_timer::{Refresher, SessionTimer};
use crate::slab::Key;
use crate::transaction::{ClientStep, ServerStep};
use crate::wire::Name;

impl Endpoint {
    pub(super) fn on_transaction_timeout(&mut self, now: Instant, key: Key) {
        let timing = self.config.timing;
        let Some(stored) = self.transactions.get_mut(key) else { return };
        let (flow, owner) = (stored.flow, stored.owner);
        let (step, purpose) = match &mut stored.machine {
            Machine::Server(machine) => match machine.handle_timeout(now, &timing) {
                ServerStep::Idle => (ClientStep::Idle, Purpose::Other),
                ServerStep::Resend(packet) => (ClientStep::Resend(packet), Purpose::Other),
                ServerStep::Terminated => (ClientStep::Terminated, Purpose::Other),
            },
            Machine::Client { machine, purpose, .. } => (machine.handle_timeout(now, &timing), *purpose),
        };
        match step {
            ClientStep::Resend(packet) => {
                self.counters.repeats_sent += 1;
                self.send(flow, packet);
                self.transactions.reschedule(key);
            }
            ClientStep::Terminated => self.transactions.remove(key),
            ClientStep::TimedOut => {
                self.transactions.remove(key);
                self.on_silence(now, owner, purpose);
            }
            ClientStep::Idle | ClientStep::Deliver => self.transactions.reschedule(key),
        }
    }

    /// Nobody answered a request of this side.
    fn on_silence(&mut self, now: Instant, owner: Option<Key>, purpose: Purpose) {
        let Some((key, call)) = owner.and_then(|key| Some((key, self.calls.get_mut(key)?))) else { return };
        match purpose {
            Purpose::Invite => {
                let cause = if call.phase == Phase::Cancelling { Cause::Cancelled } else { Cause::Timeout };
                self.end_call(key, cause, None);
            }
            Purpose::Change | Purpose::Refresh => {
                call.own_invite = None;
                self.bye_and_end(now, key, Cause::Timeout);
            }
            Purpose::Transfer => self.end_transfer(key, 408),
            Purpose::Other => {}
        }
    }

    pub(super) fn on_call_timeout(&mut self, now: Instant, key: Key) {
        let Some(call) = self.calls.get_mut(key) else { return };
        match due(call, now) {
            Some(Due::Repeat) => {
                if let Some(unacked) = &mut call.unacked {
                    unacked.gap = (unacked.gap * 2).min(self.config.timing.t2);
                    unacked.repeat_at = now + unacked.gap;
                    let (flow, packet) = (unacked.flow, unacked.response.clone());
                    self.counters.repeats_sent += 1;
                    self.send(flow, packet);
                }
                self.reschedule(key);
            }
            Some(Due::NoAck) => self.bye_and_end(now, key, Cause::NoAck),
            Some(Due::Unanswered) if call.phase == Phase::Incoming => {
                if let Some(pending) = call.pending.take() {
                    self.finish_pending(now, key, &pending, 480);
                }
                self.end_call(key, Cause::Timeout, Some(480));
            }
            Some(Due::Unanswered) => {
                call.answer_by = None;
                let _ = self.cancel(Self::handle_of(key), now);
            }
            Some(Due::Prack(step)) => self.on_prack_timeout(now, key, step),
            Some(Due::Transfer) => {
                self.end_transfer(key, 408);
                self.reschedule(key);
            }
            Some(Due::Session(timer)) => match timer.refresher {
                Refresher::Peer => self.bye_and_end(now, key, Cause::SessionExpired),
                Refresher::Local => self.refresh_session(now, key, timer),
            },
            None => self.reschedule(key),
        }
    }

    /// Refreshes the session with an UPDATE that changes nothing (RFC 4028 §7.4).
    fn refresh_session(&mut self, now: Instant, key: Key, timer: SessionTimer) {
        if let Some(call) = self.calls.get_mut(key) {
            // Silence from here on is the peer's: unless the UPDATE succeeds, the session ends.
            let rest = SessionTimer::start(now, timer.interval_s / 2, Refresher::Peer);
            call.session = Some(SessionTimer { interval_s: timer.interval_s, ..rest });
        }
        self.reschedule(key);
        let expires = format!("{};refresher=uac", timer.interval_s);
        let extra = [(Name::Supported, SUPPORTED), (Name::SessionExpires, expires.as_str())];
        self.send_in_dialog(now, key, "UPDATE", Purpose::Refresh, &extra, ("", &[]));
    }
}

enum Due {
    Repeat,
    NoAck,
    Unanswered,
    Prack(ProvisionalStep),
    Transfer,
    Session(SessionTimer),
}

/// What a call was woken for; the end of waiting goes before one more repetition.
fn due(call: &Call, now: Instant) -> Option<Due> {
    if call.answer_by.is_some_and(|at| at <= now) {
        return Some(Due::Unanswered);
    }
    if let Some(unacked) = &call.unacked {
        if unacked.gives_up <= now {
            return Some(Due::NoAck);
        }
        if unacked.repeat_at <= now {
            return Some(Due::Repeat);
        }
    }
    if let Some(step) = call.reliable.as_ref().and_then(|r| r.due(now)) {
        return Some(Due::Prack(step));
    }
    if call.transfer_by.is_some_and(|at| at <= now) {
        return Some(Due::Transfer);
    }
    call.session.filter(|s| s.wake <= now).map(Due::Session)
}
