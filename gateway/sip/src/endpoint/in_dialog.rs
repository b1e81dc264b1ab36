//! Requests inside a dialog (RFC 3261 §12.2.2, §14.2, §15.1.2): ACK, BYE, INFO, OPTIONS, UPDATE and re-INVITE.

use std::time::Instant;

use rsip::Method;

use super::call::{Pending, Phase};
use super::respond::{Extra, response_flow};
use super::{ALLOW, Cause, Endpoint, Event, Packet, SUPPORTED, body};
use crate::dialog::{is_secure, tag_value};
use crate::dtmf;
use crate::session_timer::{self, Offered, SessionTimer};
use crate::slab::Key;
use crate::transaction::ServerTransaction;
use crate::transport::Flow;
use crate::wire::{Message, Name};

impl Endpoint {
    /// The call that a request with a To tag belongs to.
    fn find_dialog(&self, request: &Message) -> Option<Key> {
        let tag = request.to()?.tag().and_then(tag_value)?;
        let key = *self.by_tag.get(&tag)?;
        self.calls.get(key)?.dialog.matches(request).then_some(key)
    }

    pub(super) fn on_ack(&mut self, now: Instant, request: &Message, flow: Flow) {
        let found = self.find_dialog(request);
        let seq = request.cseq().map(|c| c.number);
        let acknowledged = found.and_then(|key| {
            let call = self.calls.get_mut(key)?;
            let unacked = call.unacked.take_if(|u| Some(u.seq) == seq)?;
            call.dialog.follow(flow);
            Some((key, call.phase, unacked.answer_in_ack))
        });
        let Some((key, phase, answer_in_ack)) = acknowledged else {
            self.counters.strays += 1;
            return;
        };
        self.reschedule(key);
        let handle = Self::handle_of(key);
        let sdp = if answer_in_ack { body::description(request).unwrap_or_default() } else { None };
        match phase {
            Phase::Answered => {
                if let Some(call) = self.calls.get_mut(key) {
                    call.phase = Phase::Established;
                }
                self.emit(Event::Established { call: handle, sdp });
            }
            Phase::Closing => {
                self.send_bye(now, key, None);
                self.remove_call(key);
            }
            _ if answer_in_ack => self.emit(Event::UpdateAnswered { call: handle, sdp }),
            _ => {}
        }
    }

    pub(super) fn on_dialog_request(&mut self, now: Instant, request: Message, flow: Flow, server_key: Vec<u8>) {
        let Some(owner) = self.find_dialog(&request) else { return self.refuse(&request, flow, 481, &[]) };
        let seq = request.cseq().map_or(0, |c| c.number);
        let in_order = self.calls.get(owner).is_some_and(|c| c.dialog.remote_seq.is_none_or(|last| seq > last));
        if !in_order {
            return self.refuse(&request, flow, 500, &[]);
        }
        let invite = request.method() == Some(Method::Invite);
        let machine = ServerTransaction::new(invite, flow.transport.is_reliable());
        let back = response_flow(&request, flow);
        let Some(transaction) = self.transactions.insert_server(server_key, None, machine, back) else {
            return self.on_crowded_request(now, owner, &request, flow);
        };
        if let Some(stored) = self.transactions.get_mut(transaction) {
            stored.owner = Some(owner);
        }
        if let Some(call) = self.calls.get_mut(owner) {
            call.dialog.remote_seq = Some(seq);
            call.dialog.follow(flow);
        }
        let pending = Pending { transaction, request, flow };
        match pending.request.method() {
            Some(Method::Bye) => self.on_bye(now, owner, &pending),
            Some(Method::Info) => self.on_info(now, owner, &pending),
            Some(Method::PRack) => self.on_prack(now, owner, &pending),
            Some(Method::Notify) => self.on_notify(now, owner, &pending),
            Some(Method::Options) => self.reply(
                now,
                owner,
                &pending,
                200,
                &[(Name::Accept, "application/sdp"), (Name::Allow, ALLOW), (Name::Supported, SUPPORTED)],
            ),
            _ => self.on_change(now, owner, pending),
        }
    }

    /// There is no room for a transaction. A BYE ends its call all the same: that makes room.
    fn on_crowded_request(&mut self, now: Instant, owner: Key, request: &Message, flow: Flow) {
        self.counters.overloaded += 1;
        if request.method() != Some(Method::Bye) {
            let wait = self.config.retry_after_s.to_string();
            return self.refuse(request, flow, 503, &[(Name::RetryAfter, &wait)]);
        }
        self.refuse(request, flow, 200, &[]);
        self.abandon_pending(now, owner);
        self.end_call(owner, Cause::Bye, None);
    }

    /// Answers a request inside a dialog without a body.
    pub(super) fn reply(&mut self, now: Instant, owner: Key, pending: &Pending, status: u16, extra: &[Extra<'_>]) {
        let tag = self.calls.get(owner).map_or(0, |c| c.dialog.local_tag);
        let mut writer = self.respond(&pending.request, pending.flow, status, tag);
        for (name, value) in extra {
            writer.header(*name, value);
        }
        let packet = Packet::from(writer.finish("", &[]));
        self.send_through(now, pending.transaction, status, packet);
    }

    fn on_bye(&mut self, now: Instant, owner: Key, pending: &Pending) {
        self.reply(now, owner, pending, 200, &[]);
        self.abandon_pending(now, owner);
        self.end_call(owner, Cause::Bye, None);
    }

    /// Ends an INVITE that still waits when its dialog goes (RFC 3261 §15.1.2).
    fn abandon_pending(&mut self, now: Instant, owner: Key) {
        if let Some(waiting) = self.calls.get_mut(owner).and_then(|c| c.pending.take()) {
            self.finish_pending(now, owner, &waiting, 487);
        }
    }

    fn on_info(&mut self, now: Instant, owner: Key, pending: &Pending) {
        let (kind, body) = (pending.request.content_type(), pending.request.body());
        if body.is_empty() {
            return self.reply(now, owner, pending, 200, &[]);
        }
        match dtmf::digit(&kind, body) {
            Some(digit) => {
                self.reply(now, owner, pending, 200, &[]);
                self.emit(Event::Dtmf { call: Self::handle_of(owner), digit });
            }
            None if kind == "application/dtmf-relay" || kind == "application/dtmf" => {
                self.reply(now, owner, pending, 400, &[]);
            }
            None => self.reply(now, owner, pending, 415, &[(Name::Accept, "application/dtmf-relay, application/dtmf")]),
        }
    }

    /// A re-INVITE or an UPDATE. One at a time; one that crosses another gets 491 (RFC 3261 §14.2).
    fn on_change(&mut self, now: Instant, owner: Key, pending: Pending) {
        let invite = pending.request.method() == Some(Method::Invite);
        let Some(call) = self.calls.get_mut(owner) else { return };
        let Ok(sdp) = body::description(&pending.request) else {
            return self.reply(now, owner, &pending, 415, &[(Name::Accept, "application/sdp")]);
        };
        let changes_media = invite || sdp.is_some();
        let busy = call.pending.is_some() || call.own_invite.is_some() || call.unacked.is_some();
        if changes_media && (busy || call.phase != Phase::Established) {
            return self.reply(now, owner, &pending, 491, &[]);
        }
        if session_timer::read(&pending.request, self.config.min_se_s) == Offered::TooSmall {
            let floor = self.config.min_se_s.to_string();
            return self.reply(now, owner, &pending, 422, &[(Name::MinSe, &floor)]);
        }
        call.dialog.refresh_target(&pending.request);
        if changes_media {
            call.pending = Some(pending);
            self.emit(Event::MediaUpdate { call: Self::handle_of(owner), sdp });
            return;
        }
        let expires = self.restart_session(now, owner, &pending.request);
        let contact = self.contact(pending.flow, is_secure(pending.request.request_uri_text()));
        let mut extra = vec![(Name::Contact, contact.as_str()), (Name::Allow, ALLOW), (Name::Supported, SUPPORTED)];
        extra.extend(expires.as_deref().map(|e| (Name::SessionExpires, e)));
        self.reply(now, owner, &pending, 200, &extra);
    }

    /// Starts, restarts or stops the session timer as a request asks; yields the Session-Expires of the response.
    pub(super) fn restart_session(&mut self, now: Instant, key: Key, request: &Message) -> Option<String> {
        let offered = session_timer::read(request, self.config.min_se_s);
        let call = self.calls.get_mut(key)?;
        let (timer, header) = match offered {
            Offered::Agreed(interval, refresher) => {
                (Some(SessionTimer::start(now, interval, refresher)), Some(SessionTimer::header(interval, refresher)))
            }
            _ => (None, None),
        };
        call.session = timer;
        self.reschedule(key);
        header
    }
}
