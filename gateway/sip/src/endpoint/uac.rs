//! Requests of this side: placing calls, giving them up, changing media, and what responses mean for a call
//! (RFC 3261 §8.1, §9.1, §13.2, §14.1).

use std::net::SocketAddr;
use std::time::Instant;

use super::call::{Call, Phase};
use super::event::{CallHandle, Cause, CommandError, Event};
use super::respond::Extra;
use super::table::{Machine, Purpose};
use super::{ALLOW, Endpoint, Packet, SUPPORTED, body};
use crate::dialog::{Dialog, Stamp, is_secure, tag_text};
use crate::dtmf;
use crate::session_timer::{Refresher, SessionTimer};
use crate::slab::Key;
use crate::transaction::{ClientStep, ClientTransaction};
use crate::transport::{Flow, Transport};
use crate::wire::{Message, Name, Uri};

/// A call to place.
#[derive(Debug, Clone, Copy)]
pub struct InviteParams<'a> {
    /// The URI to call, without angle brackets.
    pub to: &'a str,
    /// The URI of the caller, without angle brackets.
    pub from: &'a str,
    /// Where to send the INVITE.
    pub peer: SocketAddr,
    /// Where to send it from.
    pub local: SocketAddr,
    /// The transport.
    pub transport: Transport,
    /// The offer; `None` asks the peer to make one.
    pub sdp: Option<&'a [u8]>,
}

impl Endpoint {
    /// Places a call. [`Event::Answered`] or [`Event::Rejected`] follows, or [`Event::Ended`] when nobody answers.
    ///
    /// # Errors
    /// When a table is full, or a URI does not follow the grammar.
    pub fn invite(&mut self, now: Instant, params: InviteParams<'_>) -> Result<CallHandle, CommandError> {
        if self.calls.is_full() || self.transactions.is_full() {
            return Err(CommandError::Full);
        }
        if Uri::parse(params.to.as_bytes()).is_none() || Uri::parse(params.from.as_bytes()).is_none() {
            return Err(CommandError::WrongState);
        }
        let flow = Flow { local: params.local, peer: params.peer, transport: params.transport };
        let tag = self.secret.draw();
        let dialog = Dialog {
            call_id: format!("{:016x}{:016x}", self.secret.draw(), self.secret.draw()),
            local_tag: tag,
            remote_tag: None,
            local: format!("<{}>;tag={}", params.from, tag_text(tag)).into_bytes(),
            remote: format!("<{}>", params.to).into_bytes(),
            remote_target: params.to.to_owned(),
            routes: Vec::new(),
            local_seq: 0,
            remote_seq: None,
            flow,
            translated: true,
            secure: is_secure(params.to),
        };
        let mut call = Call::new(dialog, Phase::Calling);
        call.offered = params.sdp.is_some();
        call.answer_by = Some(now + self.config.answer_timeout);
        let key = self.calls.insert(call).ok_or(CommandError::Full)?;
        self.by_tag.insert(tag, key);
        let extra = [(Name::Allow, ALLOW), (Name::Accept, "application/sdp")];
        let content = ("application/sdp", params.sdp.unwrap_or_default());
        self.send_invite(now, key, Purpose::Invite, &extra, content);
        self.reschedule(key);
        Ok(Self::handle_of(key))
    }

    /// Gives up a call placed before it is answered. [`Event::Ended`] follows when the peer has agreed; if its answer
    /// crosses, the call is hung up.
    ///
    /// # Errors
    /// When the call is not waiting for the peer's answer.
    pub fn cancel(&mut self, call: CallHandle, now: Instant) -> Result<(), CommandError> {
        let (key, found) = self.call_mut(call)?;
        if found.phase != Phase::Calling {
            return Err(CommandError::WrongState);
        }
        found.phase = Phase::Cancelling;
        found.answer_by = None;
        self.reschedule(key);
        self.send_cancel(now, key);
        Ok(())
    }

    /// Acknowledges the answer to a call placed without an offer, with the answer to the peer's offer.
    ///
    /// # Errors
    /// When no acknowledgement is waiting.
    pub fn acknowledge(&mut self, call: CallHandle, now: Instant, sdp: &[u8]) -> Result<(), CommandError> {
        let _ = now;
        let (key, found) = self.call_mut(call)?;
        if found.phase != Phase::Acknowledging {
            return Err(CommandError::WrongState);
        }
        found.phase = Phase::Established;
        let transaction = found.own_invite.take().ok_or(CommandError::WrongState)?;
        self.send_ack(key, transaction, sdp);
        Ok(())
    }

    /// Proposes a change of media with a re-INVITE. [`Event::UpdateAnswered`] or [`Event::UpdateRejected`] follows.
    ///
    /// # Errors
    /// When the call is not up, or another change is under way.
    pub fn update_media(&mut self, call: CallHandle, now: Instant, sdp: &[u8]) -> Result<(), CommandError> {
        let full = self.transactions.is_full();
        let (key, found) = self.call_mut(call)?;
        let busy = found.own_invite.is_some() || found.pending.is_some() || found.unacked.is_some();
        if found.phase != Phase::Established || busy {
            return Err(CommandError::WrongState);
        }
        if full {
            return Err(CommandError::Full);
        }
        let extra = [(Name::Allow, ALLOW), (Name::Supported, SUPPORTED)];
        self.send_invite(now, key, Purpose::Change, &extra, ("application/sdp", sdp));
        Ok(())
    }

    /// Tells the peer about a key press with INFO.
    ///
    /// # Errors
    /// When the call is not up.
    pub fn send_digit(
        &mut self,
        call: CallHandle,
        now: Instant,
        digit: char,
        duration_ms: u32,
    ) -> Result<(), CommandError> {
        let (key, found) = self.call_mut(call)?;
        if found.phase != Phase::Established {
            return Err(CommandError::WrongState);
        }
        let body = dtmf::relay_body(digit, duration_ms);
        self.send_in_dialog(now, key, "INFO", Purpose::Other, &[], ("application/dtmf-relay", body.as_bytes()));
        Ok(())
    }

    fn send_invite(&mut self, now: Instant, key: Key, purpose: Purpose, extra: &[Extra<'_>], content: (&str, &[u8])) {
        let transaction = self.send_in_dialog(now, key, "INVITE", purpose, extra, content);
        if let Some(call) = self.calls.get_mut(key) {
            call.own_invite = transaction;
            call.own_invite_seq = call.dialog.local_seq;
        }
    }

    /// Sends a request from a call's dialog in a new client transaction.
    pub(super) fn send_in_dialog(
        &mut self,
        now: Instant,
        key: Key,
        method: &'static str,
        purpose: Purpose,
        extra: &[Extra<'_>],
        (content_type, content): (&str, &[u8]),
    ) -> Option<Key> {
        if self.transactions.is_full() {
            self.counters.unsent += 1;
            return None;
        }
        let branch = self.secret.draw();
        let call = self.calls.get_mut(key)?;
        let seq = call.dialog.next_seq();
        let call = self.calls.get(key)?;
        let flow = call.dialog.next_flow();
        let stamp = Stamp {
            method,
            seq,
            via: &self.own_via(flow, branch),
            contact: &self.contact(flow, call.dialog.secure),
            user_agent: &self.config.user_agent,
        };
        let mut writer = call.dialog.request(&stamp);
        for (name, value) in extra {
            writer.header(*name, value);
        }
        let packet = Packet::from(writer.finish(content_type, content));
        self.start_client(now, flow, (branch, method, purpose), Some(key), packet)
    }

    fn start_client(
        &mut self,
        now: Instant,
        flow: Flow,
        (branch, method, purpose): (u64, &'static str, Purpose),
        owner: Option<Key>,
        packet: Packet,
    ) -> Option<Key> {
        let (invite, reliable) = (method == "INVITE", flow.transport.is_reliable());
        let machine = ClientTransaction::new(now, &self.config.timing, invite, reliable, packet.clone());
        let key = self.transactions.insert_client(Machine::Client { machine, branch, method, purpose }, flow, owner)?;
        self.counters.sent.count(method);
        self.send(flow, packet);
        Some(key)
    }

    /// Sends CANCEL if the INVITE has been heard (RFC 3261 §9.1); otherwise the first provisional response does.
    fn send_cancel(&mut self, now: Instant, key: Key) {
        let Some(call) = self.calls.get(key) else { return };
        let Some((transaction, seq)) = call.own_invite.map(|t| (t, call.own_invite_seq)) else { return };
        let Some(stored) = self.transactions.get_mut(transaction) else { return };
        let (flow, Machine::Client { machine, branch, .. }) = (stored.flow, &mut stored.machine) else { return };
        let branch = *branch;
        if !machine.is_proceeding() {
            return;
        }
        machine.limit(now + self.config.timing.patience());
        self.transactions.reschedule(transaction);
        if self.transactions.find_client(branch, true).is_some() {
            return;
        }
        let Some(call) = self.calls.get(key) else { return };
        let packet = self.plain_request(&call.dialog, "CANCEL", flow, branch, seq, &[]);
        self.start_client(now, flow, (branch, "CANCEL", Purpose::Other), None, packet);
    }

    /// Writes ACK or CANCEL: neither takes a new sequence number.
    fn plain_request(&self, dialog: &Dialog, method: &str, flow: Flow, branch: u64, seq: u32, sdp: &[u8]) -> Packet {
        let stamp = Stamp {
            method,
            seq,
            via: &self.own_via(flow, branch),
            contact: &self.contact(flow, dialog.secure),
            user_agent: &self.config.user_agent,
        };
        Packet::from(dialog.request(&stamp).finish("application/sdp", sdp))
    }

    /// Sends the ACK for a 2xx (RFC 3261 §13.2.2.4), and keeps it for when the 2xx comes again.
    fn send_ack(&mut self, key: Key, transaction: Key, sdp: &[u8]) {
        let branch = self.secret.draw();
        let Some(call) = self.calls.get(key) else { return };
        let (flow, seq) = (call.dialog.next_flow(), call.own_invite_seq);
        let ack = self.plain_request(&call.dialog, "ACK", flow, branch, seq, sdp);
        self.keep_ack(transaction, flow, ack);
    }

    fn keep_ack(&mut self, transaction: Key, flow: Flow, ack: Packet) {
        if let Some(stored) = self.transactions.get_mut(transaction) {
            stored.flow = flow;
            if let Machine::Client { machine, .. } = &mut stored.machine {
                machine.set_ack(ack.clone());
            }
        }
        self.counters.sent.count("ACK");
        self.send(flow, ack);
    }

    pub(super) fn on_response(&mut self, now: Instant, response: &Message) {
        let Some((key, status)) = self.find_transaction(response) else {
            self.counters.strays += 1;
            return;
        };
        let timing = self.config.timing;
        let Some(stored) = self.transactions.get_mut(key) else { return };
        let (flow, owner) = (stored.flow, stored.owner);
        let Machine::Client { machine, purpose, .. } = &mut stored.machine else { return };
        let purpose = *purpose;
        let step = machine.on_response(now, &timing, status);
        if purpose == Purpose::Invite && (200..300).contains(&status) && self.is_fork(owner, response) {
            return self.hang_up_fork(now, owner, response);
        }
        self.transactions.reschedule(key);
        match step {
            ClientStep::Resend(ack) => {
                self.counters.repeats_sent += 1;
                self.send(flow, ack);
            }
            ClientStep::Deliver => {
                let Some(owner) = owner.filter(|o| self.calls.get(*o).is_some()) else { return };
                match purpose {
                    Purpose::Invite => self.on_invite_response(now, owner, key, response, status),
                    Purpose::Change => self.on_change_response(now, owner, key, response, status),
                    Purpose::Refresh => self.on_refresh_response(now, owner, status),
                    Purpose::Transfer => self.on_refer_response(now, owner, status),
                    Purpose::Other => {}
                }
            }
            _ => {}
        }
    }

    /// The client transaction of a response (RFC 3261 §17.1.3): by our branch, and by the method it answers.
    fn find_transaction(&self, response: &Message) -> Option<(Key, u16)> {
        let via = response.via()?;
        let hex = via.branch()?.get(7..).filter(|h| h.len() == 16)?;
        let branch = u64::from_str_radix(hex, 16).ok()?;
        let method = response.cseq()?.method;
        let key = self.transactions.find_client(branch, method == "CANCEL")?;
        match &self.transactions.get(key)?.machine {
            Machine::Client { method: sent, .. } if *sent == method => Some((key, response.status()?)),
            _ => None,
        }
    }

    fn on_invite_response(&mut self, now: Instant, key: Key, transaction: Key, response: &Message, status: u16) {
        let Some(call) = self.calls.get_mut(key) else { return };
        let (handle, cancelling) = (Self::handle_of(key), call.phase == Phase::Cancelling);
        match status {
            100..=199 => {
                if cancelling {
                    self.send_cancel(now, key);
                } else if status > 100 {
                    let sdp = body::description(response).unwrap_or_default();
                    self.emit(Event::Progress { call: handle, status, sdp });
                }
            }
            200..=299 => {
                call.dialog.learn(response);
                call.answer_by = None;
                let acknowledges = call.offered || cancelling;
                call.phase = if acknowledges { Phase::Established } else { Phase::Acknowledging };
                if acknowledges {
                    call.own_invite = None;
                    self.send_ack(key, transaction, &[]);
                }
                self.reschedule(key);
                if cancelling {
                    return self.bye_and_end(now, key, Cause::Cancelled);
                }
                let sdp = body::description(response).unwrap_or_default();
                self.emit(Event::Answered { call: handle, sdp });
            }
            _ => {
                self.ack_failure(key, transaction, response);
                if cancelling {
                    return self.end_call(key, Cause::Cancelled, Some(status));
                }
                let reason = String::from_utf8_lossy(response.reason()).into_owned();
                let retry_after = response.number(Name::RetryAfter);
                self.remove_call(key);
                self.emit(Event::Rejected { call: handle, status, reason, retry_after });
            }
        }
    }

    /// The ACK for a failure is part of the INVITE's transaction: same branch, the response's To (RFC 3261 §17.1.1.3).
    fn ack_failure(&mut self, key: Key, transaction: Key, response: &Message) {
        let Some(stored) = self.transactions.get(transaction) else { return };
        let (flow, Machine::Client { branch, .. }) = (stored.flow, &stored.machine) else { return };
        let seq = response.cseq().map_or(0, |c| c.number);
        let Some(call) = self.calls.get(key) else { return };
        let dialog = Dialog { remote: response.header(Name::To).unwrap_or_default().to_vec(), ..call.dialog.clone() };
        let ack = self.plain_request(&dialog, "ACK", flow, *branch, seq, &[]);
        self.keep_ack(transaction, flow, ack);
    }

    /// Whether a 2xx comes from another phone than the one whose 2xx made the dialog: a proxy has forked the INVITE.
    fn is_fork(&self, owner: Option<Key>, response: &Message) -> bool {
        let Some(call) = owner.and_then(|key| self.calls.get(key)) else { return false };
        let tag = response.to().and_then(|to| to.tag().map(str::to_owned));
        call.dialog.remote_tag.is_some() && call.dialog.remote_tag != tag
    }

    /// Acknowledges a further phone's answer and hangs up on it (RFC 3261 §13.2.2.4).
    fn hang_up_fork(&mut self, now: Instant, owner: Option<Key>, response: &Message) {
        let Some(call) = owner.and_then(|key| self.calls.get(key)) else { return };
        let (mut dialog, seq) = (call.dialog.clone(), call.own_invite_seq);
        dialog.learn(response);
        let flow = dialog.next_flow();
        let (ack_branch, bye_branch) = (self.secret.draw(), self.secret.draw());
        let ack = self.plain_request(&dialog, "ACK", flow, ack_branch, seq, &[]);
        self.counters.sent.count("ACK");
        self.send(flow, ack);
        let bye = self.plain_request(&dialog, "BYE", flow, bye_branch, seq + 1, &[]);
        self.start_client(now, flow, (bye_branch, "BYE", Purpose::Other), None, bye);
    }

    fn on_change_response(&mut self, now: Instant, key: Key, transaction: Key, response: &Message, status: u16) {
        let Some(call) = self.calls.get_mut(key).filter(|_| status >= 200) else { return };
        call.own_invite = None;
        let handle = Self::handle_of(key);
        if status < 300 {
            call.dialog.refresh_target(response);
            self.send_ack(key, transaction, &[]);
            let sdp = body::description(response).unwrap_or_default();
            return self.emit(Event::UpdateAnswered { call: handle, sdp });
        }
        self.ack_failure(key, transaction, response);
        if matches!(status, 408 | 481) {
            // The peer does not know the dialog any more (RFC 3261 §12.2.1.2).
            return self.bye_and_end(now, key, Cause::Failed(status));
        }
        self.emit(Event::UpdateRejected { call: handle, status });
    }

    fn on_refresh_response(&mut self, now: Instant, key: Key, status: u16) {
        let Some(call) = self.calls.get_mut(key) else { return };
        match status {
            100..=199 => {}
            200..=299 => {
                if let Some(timer) = &mut call.session {
                    *timer = SessionTimer::start(now, timer.interval_s, Refresher::Local);
                }
                self.reschedule(key);
            }
            408 | 481 => self.bye_and_end(now, key, Cause::Failed(status)),
            _ => {}
        }
    }
}
