//! Handing a caller to somebody else: REFER to the caller's side, and what its NOTIFYs tell (RFC 3515). The caller's side
//! places the new call itself, so that this side needs no media of its own for it.

use std::time::Instant;

use super::call::{Pending, Phase};
use super::event::{CallHandle, CommandError, Event};
use super::table::Purpose;
use super::{Cause, Endpoint};
use crate::slab::Key;
use crate::wire::{Name, Uri, number, trim};

impl Endpoint {
    /// Asks the peer to call `target` (a URI without angle brackets) in this side's place. [`Event::Transfer`] tells how it
    /// goes; once it says 200, hang up.
    ///
    /// # Errors
    /// When the call is not up, another transfer is under way, or the URI does not follow the grammar.
    pub fn refer(&mut self, call: CallHandle, now: Instant, target: &str) -> Result<(), CommandError> {
        let (full, deadline) = (self.transactions.is_full(), now + self.config.answer_timeout);
        let (key, found) = self.call_mut(call)?;
        if found.phase != Phase::Established || found.transfer_by.is_some() || Uri::parse(target.as_bytes()).is_none() {
            return Err(CommandError::WrongState);
        }
        if full {
            return Err(CommandError::Full);
        }
        found.transfer_by = Some(deadline);
        let (flow, secure) = (found.dialog.next_flow(), found.dialog.secure);
        let referrer = self.contact(flow, secure);
        let target = format!("<{target}>");
        let extra = [(Name::ReferTo, target.as_str()), (Name::ReferredBy, referrer.as_str())];
        self.send_in_dialog(now, key, "REFER", Purpose::Transfer, &extra, ("", &[]));
        self.reschedule(key);
        Ok(())
    }

    pub(super) fn on_refer_response(&mut self, now: Instant, key: Key, status: u16) {
        match status {
            // Accepted: the NOTIFYs tell the rest.
            ..300 => {}
            408 | 481 => {
                self.end_transfer(key, status);
                self.bye_and_end(now, key, Cause::Failed(status));
            }
            _ => self.end_transfer(key, status),
        }
    }

    /// Ends a transfer that has not ended, and tells with what status.
    pub(super) fn end_transfer(&mut self, key: Key, status: u16) {
        if self.calls.get_mut(key).and_then(|c| c.transfer_by.take()).is_some() {
            self.reschedule(key);
            self.emit(Event::Transfer { call: Self::handle_of(key), status, done: true });
        }
    }

    /// NOTIFY about a transfer (RFC 3515 §2.4): its body is the status line that the new party answered with.
    pub(super) fn on_notify(&mut self, now: Instant, owner: Key, pending: &Pending) {
        let request = &pending.request;
        let event = request.header(Name::Event).unwrap_or_default();
        let event = event.split(|b| *b == b';').next().unwrap_or_default();
        if !trim(event).eq_ignore_ascii_case(b"refer") {
            return self.reply(now, owner, pending, 489, &[(Name::AllowEvents, "refer")]);
        }
        if self.calls.get(owner).is_none_or(|c| c.transfer_by.is_none()) {
            // No subscription: this side asked for nothing, or knows the end already.
            return self.reply(now, owner, pending, 481, &[]);
        }
        let Some(status) = fragment_status(request.body()) else {
            return self.reply(now, owner, pending, 400, &[]);
        };
        let state = request.header(Name::SubscriptionState).unwrap_or_default();
        let over = state.get(..10).is_some_and(|s| s.eq_ignore_ascii_case(b"terminated"));
        self.reply(now, owner, pending, 200, &[]);
        if over || status >= 200 {
            // A subscription that ends while the new phone still rings leaves nobody to tell whether it answered.
            return self.end_transfer(owner, if status < 200 { 408 } else { status });
        }
        self.emit(Event::Transfer { call: Self::handle_of(owner), status, done: false });
    }
}

/// The status in a `message/sipfrag` body (RFC 3420).
fn fragment_status(body: &[u8]) -> Option<u16> {
    let line = body.strip_prefix(b"SIP/2.0 ")?;
    let status = number(line.get(..3)?, 699).filter(|s| *s >= 100)?;
    u16::try_from(status).ok()
}
