//! Requests as they come in: matched to transactions, checked (RFC 3261 §8.2), and handed to dialogs or made into calls.
//!
//! Refusals outside dialogs are stateless: they cost no table entry, so neither a storm of calls nor hostile traffic can
//! fill the tables with them, and a repeated request gets the same refusal again.

use std::time::Instant;

use rsip::Method;

use super::call::{Call, Pending, Phase};
use super::respond::{Extra, response_flow};
use super::table::{Machine, server_key};
use super::{ALLOW, Cause, EXTENSIONS, Endpoint, Event, Packet, Private, SUPPORTED, body};
use crate::dialog::Dialog;
use crate::session_timer::{self, Offered};
use crate::slab::Key;
use crate::transaction::ServerTransaction;
use crate::transport::Flow;
use crate::wire::{Address, Message, Name, trim};

impl Endpoint {
    pub(super) fn on_request(&mut self, now: Instant, request: Message, flow: Flow) {
        let method = request.method();
        let Some(key) = server_key(&request, request.method_token()) else {
            // A magic cookie and nothing behind it.
            if method != Some(Method::Ack) {
                self.refuse(&request, flow, 400, &[]);
            }
            return;
        };
        let known = self.transactions.find_server(&key);
        if known.is_some_and(|known| self.on_known_request(now, known, method)) {
            return;
        }
        match method {
            Some(Method::Ack) => self.on_ack(now, &request, flow),
            Some(Method::Cancel) => self.on_cancel(now, &request, flow),
            _ => {
                if let Err((status, name, value)) = self.check_request(&request) {
                    return self.refuse(&request, flow, status, &[(name, &value)]);
                }
                if request.to().is_some_and(|to| to.tag().is_some()) {
                    self.on_dialog_request(now, request, flow, key);
                } else {
                    self.on_fresh_request(now, request, flow, key);
                }
            }
        }
    }

    /// A request whose transaction exists. Returns whether that is all there is to do.
    fn on_known_request(&mut self, now: Instant, key: Key, method: Option<Method>) -> bool {
        let Some(transaction) = self.transactions.get_mut(key) else { return false };
        let flow = transaction.flow;
        let Machine::Server(machine) = &mut transaction.machine else { return false };
        if method == Some(Method::Ack) {
            // Some peers reuse the INVITE's branch in the ACK for a 2xx: the dialog must see that one.
            let done = machine.on_ack(now, &self.config.timing);
            self.transactions.reschedule(key);
            return done;
        }
        self.counters.repeats_received += 1;
        if let Some(packet) = machine.on_repeat() {
            self.counters.repeats_sent += 1;
            self.send(flow, packet);
        }
        true
    }

    /// The checks that every request but ACK and CANCEL passes first. The error is a status and a header field.
    fn check_request(&self, request: &Message) -> Result<(), (u16, Name, String)> {
        use Method::{Bye, Info, Invite, Notify, Options, PRack, Update};
        if !matches!(request.method(), Some(Invite | Bye | Options | Info | Update | PRack | Notify)) {
            return Err((405, Name::Allow, ALLOW.to_owned()));
        }
        let scheme_known = request.request_uri().is_some_and(|uri| uri.is_sip() || uri.user.is_some());
        if !scheme_known {
            return Err((416, Name::Accept, "application/sdp".to_owned()));
        }
        if self.config.refuse_exhausted_hops && request.number(Name::MaxForwards) == Some(0) {
            return Err((483, Name::Allow, ALLOW.to_owned()));
        }
        let unknown: Vec<String> = request
            .values(Name::Require)
            .filter(|tag| !tag.is_empty() && !EXTENSIONS.iter().any(|known| tag.eq_ignore_ascii_case(known.as_bytes())))
            .map(|tag| String::from_utf8_lossy(tag).into_owned())
            .collect();
        if !unknown.is_empty() {
            return Err((420, Name::Unsupported, unknown.join(", ")));
        }
        Ok(())
    }

    /// A request outside any dialog.
    fn on_fresh_request(&mut self, now: Instant, request: Message, flow: Flow, key: Vec<u8>) {
        match request.method() {
            Some(Method::Invite) => self.on_invite(now, request, flow, key),
            Some(Method::Options) => self.on_options(&request, flow),
            _ => self.refuse(&request, flow, 481, &[]),
        }
    }

    fn on_options(&mut self, request: &Message, flow: Flow) {
        if self.draining || self.held_back || self.calls.is_full() {
            let wait = self.config.retry_after_s.to_string();
            return self.refuse(request, flow, 503, &[(Name::RetryAfter, &wait)]);
        }
        self.refuse(
            request,
            flow,
            200,
            &[(Name::Accept, "application/sdp"), (Name::Allow, ALLOW), (Name::Supported, SUPPORTED)],
        );
    }

    fn on_invite(&mut self, now: Instant, request: Message, flow: Flow, key: Vec<u8>) {
        let from_tag = request.from().and_then(|f| f.tag().map(str::to_owned)).unwrap_or_default();
        let merge_key = self.secret.hash(&[
            request.call_id().unwrap_or_default().as_bytes(),
            from_tag.as_bytes(),
            request.header(Name::CSeq).unwrap_or_default(),
        ]);
        if self.transactions.find_merged(merge_key) {
            return self.refuse(&request, flow, 482, &[]);
        }
        let full = self.held_back || self.calls.is_full() || self.transactions.is_full();
        if self.draining || full {
            let counter = if self.draining { &mut self.counters.drained } else { &mut self.counters.overloaded };
            *counter += 1;
            let wait = self.config.retry_after_s.to_string();
            return self.refuse(&request, flow, 503, &[(Name::RetryAfter, &wait)]);
        }
        if !takes_descriptions(&request) {
            return self.refuse(&request, flow, 406, &[(Name::Accept, "application/sdp")]);
        }
        if let Some(challenge) = self.challenge(now, &request, flow) {
            let fields: Vec<Extra<'_>> =
                challenge.iter().map(|value| (Name::WwwAuthenticate, value.as_str())).collect();
            return self.refuse(&request, flow, 401, &fields);
        }
        let Ok(offer) = body::description(&request) else {
            return self.refuse(&request, flow, 415, &[(Name::Accept, "application/sdp")]);
        };
        if session_timer::read(&request, self.config.min_se_s) == Offered::TooSmall {
            let floor = self.config.min_se_s.to_string();
            return self.refuse(&request, flow, 422, &[(Name::MinSe, &floor)]);
        }
        let tag = self.secret.draw();
        let Some(dialog) = Dialog::from_invite(&request, tag, flow) else {
            return self.refuse(&request, flow, 400, &[]);
        };
        self.start_incoming(now, request, flow, (key, merge_key), dialog, offer);
    }

    fn start_incoming(
        &mut self,
        now: Instant,
        request: Message,
        flow: Flow,
        (server_key, merge_key): (Vec<u8>, u64),
        dialog: Dialog,
        offer: Option<Vec<u8>>,
    ) {
        let machine = ServerTransaction::new(true, flow.transport.is_reliable());
        let back = response_flow(&request, flow);
        let Some(transaction) = self.transactions.insert_server(server_key, Some(merge_key), machine, back) else {
            return;
        };
        let tag = dialog.local_tag;
        let news = Incoming::read(&request);
        let mut call = Call::new(dialog, Phase::Incoming);
        call.offered = offer.is_some();
        call.answer_by = Some(now + self.config.answer_timeout);
        call.pending = Some(Pending { transaction, request, flow });
        let Some(key) = self.calls.insert(call) else {
            return self.transactions.remove(transaction);
        };
        self.by_tag.insert(tag, key);
        if let Some(stored) = self.transactions.get_mut(transaction) {
            stored.owner = Some(key);
        }
        self.reschedule(key);
        self.emit(Event::Incoming {
            call: Self::handle_of(key),
            call_id: news.call_id,
            from: news.from,
            asserted: news.asserted,
            to_user: news.to_user,
            source: flow.peer,
            offer,
        });
    }

    /// CANCEL (RFC 3261 §9.2): answered itself with 200 as long as the INVITE's transaction is there; it ends the INVITE
    /// only if that has no final response.
    fn on_cancel(&mut self, now: Instant, request: &Message, flow: Flow) {
        let invite = server_key(request, "INVITE").and_then(|key| self.transactions.find_server(&key));
        let Some(invite) = invite else { return self.refuse(request, flow, 481, &[]) };
        self.refuse(request, flow, 200, &[]);
        let Some(owner) = self.transactions.get(invite).and_then(|t| t.owner) else { return };
        let Some(call) = self.calls.get_mut(owner) else { return };
        let initial = call.phase == Phase::Incoming;
        let Some(pending) = call.pending.take_if(|p| p.transaction == invite) else { return };
        call.reliable = None;
        self.finish_pending(now, owner, &pending, 487);
        if initial {
            self.end_call(owner, Cause::Cancelled, Some(487));
        }
    }

    /// Answers a waiting request with a plain failure.
    pub(super) fn finish_pending(&mut self, now: Instant, owner: Key, pending: &Pending, status: u16) {
        let tag = self.calls.get(owner).map_or(0, |c| c.dialog.local_tag);
        let writer = self.respond(&pending.request, pending.flow, status, tag);
        let packet = Packet::from(writer.finish("", &[]));
        self.send_through(now, pending.transaction, status, packet);
    }
}

/// Whether the caller can take a session description in an answer (RFC 3261 §20.1).
fn takes_descriptions(request: &Message) -> bool {
    let mut kinds = request.values(Name::Accept).filter(|kind| !kind.is_empty()).peekable();
    kinds.peek().is_none()
        || kinds.any(|kind| {
            let kind = trim(kind.split(|b| *b == b';').next().unwrap_or_default());
            [&b"application/sdp"[..], b"application/*", b"*/*"].iter().any(|known| kind.eq_ignore_ascii_case(known))
        })
}

/// What an INVITE says about its caller.
struct Incoming {
    call_id: String,
    from: Private,
    asserted: Option<Private>,
    to_user: String,
}

impl Incoming {
    fn read(request: &Message) -> Self {
        let asserted = request.values(Name::PAssertedIdentity).find_map(|v| Address::parse(v)?.uri.user_decoded());
        Self {
            call_id: request.call_id().unwrap_or_default().to_owned(),
            from: Private::new(request.from().and_then(|f| f.uri.user_decoded()).unwrap_or_default()),
            asserted: asserted.map(Private::new),
            to_user: request.request_uri().and_then(|u| u.user_decoded()).unwrap_or_default(),
        }
    }
}
