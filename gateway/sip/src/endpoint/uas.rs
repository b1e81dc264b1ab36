//! Commands for calls received, and what both sides share: hanging up and agreeing to changes of media.

use std::time::Instant;

use rsip::{Method, StatusCode};

use super::call::{Pending, Phase, Unacked};
use super::event::{CallHandle, Cause, CommandError, Event};
use super::table::Purpose;
use super::{ALLOW, Endpoint, Packet, SUPPORTED};
use crate::dialog::is_secure;
use crate::slab::Key;
use crate::wire::{Name, Writer};

/// What a rejection says beside its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rejection<'a> {
    /// The text of a Reason header field (RFC 3326).
    pub reason: Option<&'a str>,
    /// Retry-After, in seconds.
    pub retry_after_s: Option<u32>,
    /// A Warning's code and text (RFC 3261 §20.43), as [`crate::sdp::SdpError::warning`] yields it.
    pub warning: Option<(u16, &'a str)>,
}

impl Endpoint {
    /// Sends 100 for a call received, to stop the caller's repetitions while the answer is not at hand.
    ///
    /// # Errors
    /// When the call is not waiting for an answer.
    pub fn trying(&mut self, call: CallHandle, now: Instant) -> Result<(), CommandError> {
        self.provisional(call, now, 100, None)
    }

    /// Sends 180 for a call received.
    ///
    /// # Errors
    /// When the call is not waiting for an answer.
    pub fn ring(&mut self, call: CallHandle, now: Instant) -> Result<(), CommandError> {
        self.provisional(call, now, 180, None)
    }

    /// Sends a provisional response, with a description for early media if given.
    ///
    /// # Errors
    /// When the call is not waiting for an answer, the status is not provisional, or an earlier one waits for its PRACK.
    pub fn provisional(
        &mut self,
        call: CallHandle,
        now: Instant,
        status: u16,
        sdp: Option<&[u8]>,
    ) -> Result<(), CommandError> {
        let (key, found) = self.call_mut(call)?;
        if found.phase != Phase::Incoming || !(100..200).contains(&status) {
            return Err(CommandError::WrongState);
        }
        if found.reliable.as_ref().is_some_and(|r| r.is_waiting()) {
            return Err(CommandError::WrongState);
        }
        let (pending, tag) = (found.pending.take().ok_or(CommandError::WrongState)?, found.dialog.local_tag);
        let sdp = sdp.unwrap_or_default();
        let mut writer = self.respond(&pending.request, pending.flow, status, tag);
        if status > 100 {
            self.write_dialog_headers(&mut writer, &pending);
        }
        let number = self.promise(&mut writer, &pending, status, !sdp.is_empty());
        let packet = Packet::from(writer.finish("application/sdp", sdp));
        if let Some(number) = number {
            self.await_prack(now, key, &pending, number, packet.clone(), !sdp.is_empty());
        }
        self.send_through(now, pending.transaction, status, packet);
        if let Some(found) = self.calls.get_mut(key) {
            found.pending = Some(pending);
        }
        self.reschedule(key);
        Ok(())
    }

    /// Answers a call received, with the answer to its offer, or with an offer if it had none. The answer is repeated
    /// until the caller acknowledges it: then comes [`Event::Established`].
    ///
    /// # Errors
    /// When the call is not waiting for an answer.
    pub fn answer(&mut self, call: CallHandle, now: Instant, sdp: &[u8]) -> Result<(), CommandError> {
        let (key, found) = self.call_mut(call)?;
        if found.phase != Phase::Incoming {
            return Err(CommandError::WrongState);
        }
        if let Some(reliable) = found.reliable.as_mut().filter(|r| r.holds_answer()) {
            // The caller has not confirmed a description yet; the answer follows its PRACK (RFC 3262 §5).
            reliable.held = Some(sdp.to_vec());
            return Ok(());
        }
        let pending = found.pending.take().ok_or(CommandError::WrongState)?;
        found.phase = Phase::Answered;
        found.answer_by = None;
        if let Some(reliable) = &mut found.reliable {
            reliable.stop();
        }
        let answer_in_ack = !found.offered;
        self.accept(now, key, pending, sdp, answer_in_ack);
        Ok(())
    }

    /// Agrees to a change of media: with the answer to the peer's offer, or with an offer if it made none.
    ///
    /// # Errors
    /// When no change is waiting.
    pub fn reply_update(&mut self, call: CallHandle, now: Instant, sdp: &[u8]) -> Result<(), CommandError> {
        let (key, found) = self.call_mut(call)?;
        if found.phase != Phase::Established {
            return Err(CommandError::WrongState);
        }
        let pending = found.pending.take().ok_or(CommandError::WrongState)?;
        let answer_in_ack = pending.request.body().is_empty();
        self.accept(now, key, pending, sdp, answer_in_ack);
        Ok(())
    }

    /// Refuses a change of media; the call goes on as it was.
    ///
    /// # Errors
    /// When no change is waiting.
    pub fn reject_update(&mut self, call: CallHandle, now: Instant, status: StatusCode) -> Result<(), CommandError> {
        let (key, found) = self.call_mut(call)?;
        if found.phase != Phase::Established {
            return Err(CommandError::WrongState);
        }
        let pending = found.pending.take().ok_or(CommandError::WrongState)?;
        self.finish_pending(now, key, &pending, status.code().clamp(400, 699));
        Ok(())
    }

    /// Rejects a call received.
    ///
    /// # Errors
    /// When the call is not waiting for an answer.
    pub fn reject(
        &mut self,
        call: CallHandle,
        now: Instant,
        status: StatusCode,
        rejection: &Rejection<'_>,
    ) -> Result<(), CommandError> {
        let (key, found) = self.call_mut(call)?;
        if found.phase != Phase::Incoming {
            return Err(CommandError::WrongState);
        }
        let (pending, tag) = (found.pending.take().ok_or(CommandError::WrongState)?, found.dialog.local_tag);
        found.reliable = None;
        let status = status.code().clamp(300, 699);
        let mut writer = self.respond(&pending.request, pending.flow, status, tag);
        if let Some(seconds) = rejection.retry_after_s {
            writer.header(Name::RetryAfter, seconds.to_string());
        }
        if let Some(text) = rejection.reason {
            writer.header(Name::Reason, format!("SIP;cause={status};text=\"{}\"", quotable(text)));
        }
        if let Some((code, text)) = rejection.warning {
            let host = self.own_address(pending.flow);
            writer.header(Name::Warning, format!("{code} {host} \"{}\"", quotable(text)));
        }
        let packet = Packet::from(writer.finish("", &[]));
        self.send_through(now, pending.transaction, status, packet);
        self.end_call(key, Cause::Local, Some(status));
        Ok(())
    }

    /// Ends a call in whatever state it is: 480 before this side's answer, CANCEL before the peer's, BYE afterwards.
    ///
    /// # Errors
    /// When the call has ended.
    pub fn hangup(&mut self, call: CallHandle, now: Instant) -> Result<(), CommandError> {
        let (key, found) = self.call_mut(call)?;
        match found.phase {
            Phase::Incoming => {
                self.reject(call, now, StatusCode::TemporarilyUnavailable, &Rejection::default())?;
            }
            Phase::Answered => {
                found.phase = Phase::Closing;
                found.session = None;
                self.emit(Event::Ended { call, cause: Cause::Local, sip_status: None });
                self.reschedule(key);
            }
            Phase::Calling => self.cancel(call, now)?,
            Phase::Cancelling | Phase::Closing => {}
            Phase::Acknowledging | Phase::Established => self.bye_and_end(now, key, Cause::Local),
        }
        Ok(())
    }

    /// Sends BYE and forgets the call.
    pub(super) fn bye_and_end(&mut self, now: Instant, key: Key, cause: Cause) {
        if let Some(waiting) = self.calls.get_mut(key).and_then(|c| c.pending.take()) {
            self.finish_pending(now, key, &waiting, 487);
        }
        let reason = match cause {
            Cause::NoAck | Cause::Timeout => Some("SIP;cause=408;text=\"No ACK\""),
            Cause::SessionExpired => Some("SIP;cause=408;text=\"Session expired\""),
            _ => None,
        };
        self.send_bye(now, key, reason);
        self.end_call(key, cause, None);
    }

    pub(super) fn send_bye(&mut self, now: Instant, key: Key, reason: Option<&str>) {
        let extra: Vec<_> = reason.map(|r| (Name::Reason, r)).into_iter().collect();
        self.send_in_dialog(now, key, "BYE", Purpose::Other, &extra, ("", &[]));
    }

    /// Sends the 2xx to an INVITE, re-INVITE or UPDATE.
    fn accept(&mut self, now: Instant, key: Key, pending: Pending, sdp: &[u8], answer_in_ack: bool) {
        let expires = self.restart_session(now, key, &pending.request);
        let Some(tag) = self.calls.get(key).map(|c| c.dialog.local_tag) else { return };
        let mut writer = self.respond(&pending.request, pending.flow, 200, tag);
        self.write_dialog_headers(&mut writer, &pending);
        writer.header(Name::Supported, SUPPORTED).header(Name::Accept, "application/sdp");
        if let Some(expires) = &expires {
            writer.header(Name::SessionExpires, expires);
            if expires.ends_with("uac") {
                writer.header(Name::Require, "timer");
            }
        }
        let packet = Packet::from(writer.finish("application/sdp", sdp));
        let flow = super::respond::response_flow(&pending.request, pending.flow);
        self.send_through(now, pending.transaction, 200, packet.clone());
        let invite = pending.request.method() == Some(Method::Invite);
        if let Some(call) = self.calls.get_mut(key).filter(|_| invite) {
            call.unacked = Some(Unacked {
                seq: pending.request.cseq().map_or(0, |c| c.number),
                response: packet,
                flow,
                repeat_at: now + self.config.timing.t1,
                gap: self.config.timing.t1,
                gives_up: now + self.config.timing.patience(),
                answer_in_ack,
            });
        }
        self.reschedule(key);
    }

    /// The header fields of a response that makes or changes a dialog (RFC 3261 §12.1.1).
    fn write_dialog_headers(&self, writer: &mut Writer, pending: &Pending) {
        for route in pending.request.headers(Name::RecordRoute) {
            writer.header(Name::RecordRoute, route);
        }
        let secure = is_secure(pending.request.request_uri_text());
        writer.header(Name::Contact, self.contact(pending.flow, secure)).header(Name::Allow, ALLOW);
    }
}

/// Text that may stand between quotes.
fn quotable(text: &str) -> String {
    text.chars().map(|c| if c == '"' || c == '\\' || c.is_control() { '\'' } else { c }).collect()
}
