//! Provisional responses that the caller acknowledges (RFC 3262): numbered, repeated until their PRACK comes, and a call
//! that never acknowledges one is refused.

use std::time::{Duration, Instant};

use rsip::StatusCode;

use super::call::{Pending, Phase};
use super::respond::response_flow;
use super::{Endpoint, Event, Packet, Rejection, SUPPORTED, body};
use crate::slab::Key;
use crate::transport::Flow;
use crate::wire::{Message, Name, Writer, number, trim};

/// A provisional response under way.
pub(super) struct Reliable {
    number: u32,
    seq: u32,
    response: Packet,
    flow: Flow,
    /// When to repeat it and the gap after that; `None` once it need not be repeated.
    repeat: Option<(Instant, Duration)>,
    gives_up: Instant,
    has_description: bool,
    /// This side's answer, held back until the PRACK.
    pub(super) held: Option<Vec<u8>>,
}

/// What a provisional response was woken for.
pub(super) enum ProvisionalStep {
    Repeat,
    GiveUp,
}

impl Reliable {
    /// Whether its PRACK has not come.
    pub(super) fn is_waiting(&self) -> bool {
        self.repeat.is_some()
    }

    /// Whether the final answer must wait for the PRACK: that confirms the description in it.
    pub(super) fn holds_answer(&self) -> bool {
        self.is_waiting() && self.has_description
    }

    /// A final response takes its place; a PRACK that was under way is still welcome.
    pub(super) fn stop(&mut self) {
        self.repeat = None;
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.repeat.map(|(at, _)| at.min(self.gives_up))
    }

    pub(super) fn due(&self, now: Instant) -> Option<ProvisionalStep> {
        let (at, _) = self.repeat?;
        if self.gives_up <= now {
            return Some(ProvisionalStep::GiveUp);
        }
        (at <= now).then_some(ProvisionalStep::Repeat)
    }
}

impl Endpoint {
    /// Makes a provisional response a reliable one where the caller demands it, or can do it and is sent a description.
    /// Yields its number.
    pub(super) fn promise(
        &mut self,
        writer: &mut Writer,
        pending: &Pending,
        status: u16,
        described: bool,
    ) -> Option<u32> {
        let request = &pending.request;
        let demanded = request.lists(Name::Require, "100rel");
        if status == 100 || !(demanded || described && request.lists(Name::Supported, "100rel")) {
            return None;
        }
        // Far from the largest number, so that counting up never comes there.
        let number = (self.secret.draw() >> 34) as u32 + 1;
        writer.header(Name::Require, "100rel").header(Name::RSeq, number.to_string());
        Some(number)
    }

    pub(super) fn await_prack(
        &mut self,
        now: Instant,
        key: Key,
        pending: &Pending,
        number: u32,
        response: Packet,
        has_description: bool,
    ) {
        let timing = self.config.timing;
        let Some(call) = self.calls.get_mut(key) else { return };
        call.reliable = Some(Box::new(Reliable {
            number,
            seq: pending.request.cseq().map_or(0, |c| c.number),
            response,
            flow: response_flow(&pending.request, pending.flow),
            repeat: Some((now + timing.t1, timing.t1)),
            gives_up: now + timing.patience(),
            has_description,
            held: None,
        }));
    }

    /// PRACK (RFC 3262 §3): confirms the response that its RAck names.
    pub(super) fn on_prack(&mut self, now: Instant, owner: Key, pending: &Pending) {
        let named = rack(&pending.request);
        let Some(call) = self.calls.get_mut(owner) else { return };
        let offered = call.offered;
        let Some(reliable) = call.reliable.take_if(|r| named == Some((r.number, r.seq))) else {
            return self.reply(now, owner, pending, 481, &[]);
        };
        match body::description(&pending.request) {
            Ok(None) => self.reply(now, owner, pending, 200, &[]),
            // The answer to an offer of this side.
            Ok(sdp) if !offered => {
                self.reply(now, owner, pending, 200, &[]);
                self.emit(Event::UpdateAnswered { call: Self::handle_of(owner), sdp });
            }
            // A second offer before the first is answered for good: the media stay as they are.
            Ok(_) => self.reply(now, owner, pending, 488, &[(Name::Supported, SUPPORTED)]),
            Err(_) => self.reply(now, owner, pending, 415, &[(Name::Accept, "application/sdp")]),
        }
        self.reschedule(owner);
        if let Some(sdp) = reliable.held
            && self.calls.get(owner).is_some_and(|c| c.phase == Phase::Incoming)
        {
            let _ = self.answer(Self::handle_of(owner), now, &sdp);
        }
    }

    pub(super) fn on_prack_timeout(&mut self, now: Instant, key: Key, step: ProvisionalStep) {
        match step {
            ProvisionalStep::Repeat => {
                let Some(reliable) = self.calls.get_mut(key).and_then(|c| c.reliable.as_mut()) else { return };
                // The gap doubles without a bound; `gives_up` is the bound (RFC 3262 §3).
                reliable.repeat = reliable.repeat.map(|(_, gap)| (now + gap * 2, gap * 2));
                let (flow, packet) = (reliable.flow, reliable.response.clone());
                self.counters.repeats_sent += 1;
                self.send(flow, packet);
                self.reschedule(key);
            }
            ProvisionalStep::GiveUp => {
                let handle = Self::handle_of(key);
                let rejection = Rejection { reason: Some("no PRACK"), ..Rejection::default() };
                if self.reject(handle, now, StatusCode::ServerTimeOut, &rejection).is_err() {
                    self.reschedule(key);
                }
            }
        }
    }
}

/// The number and the INVITE's sequence number that a PRACK confirms.
fn rack(request: &Message) -> Option<(u32, u32)> {
    let mut words = request.header(Name::RAck)?.split(|b| *b == b' ' || *b == b'\t').filter(|w| !trim(w).is_empty());
    let mut next = || u32::try_from(number(words.next()?, u64::from(u32::MAX))?).ok();
    let (response, seq) = (next()?, next()?);
    (words.next() == Some(b"INVITE") && words.next().is_none()).then_some((response, seq))
}
