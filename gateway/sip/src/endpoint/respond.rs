//! Responses: what they copy from the request, where they go (RFC 3261 §8.2.6, §18.2.2; RFC 3581), and what each status
//! is called.

use std::net::SocketAddr;
use std::time::Instant;

use super::counters::count_class;
use super::table::Machine;
use super::{Endpoint, Packet};
use crate::dialog::tag_text;
use crate::slab::Key;
use crate::transport::Flow;
use crate::wire::{Message, Name, Via, Writer};

/// A header field to add to a response.
pub(super) type Extra<'a> = (Name, &'a str);

impl Endpoint {
    /// Refuses a request without keeping state: the same request met again gets the same response, because its To tag is
    /// a hash of what identifies it (RFC 3261 §8.2.7).
    pub(super) fn refuse(&mut self, request: &Message, flow: Flow, status: u16, extra: &[Extra<'_>]) {
        let via = request.via();
        let branch = via.as_ref().and_then(|v| v.params.text("branch")).unwrap_or_default();
        let call_id = request.header(Name::CallId).unwrap_or_default();
        let tag = self.secret.hash(&[branch.as_bytes(), call_id]);
        let mut writer = self.respond(request, flow, status, tag);
        for (name, value) in extra {
            writer.header(*name, value);
        }
        let packet = Packet::from(writer.finish("", &[]));
        self.send_response(request, flow, status, packet);
    }

    /// Starts a response with what every response copies.
    pub(super) fn respond(&self, request: &Message, flow: Flow, status: u16, tag: u64) -> Writer {
        let mut writer = Writer::response(status, reason(status));
        if request.via().is_some() {
            for (at, value) in request.values(Name::Via).enumerate() {
                match Via::parse(value) {
                    Some(via) if at == 0 => writer.header(Name::Via, stamped(&via, flow.peer)),
                    _ => writer.header(Name::Via, value),
                };
            }
        } else {
            // What cannot be understood goes back as it came.
            for value in request.headers(Name::Via) {
                writer.header(Name::Via, value);
            }
        }
        if let Some(from) = request.header(Name::From) {
            writer.header(Name::From, from);
        }
        if let Some(to) = request.header(Name::To) {
            let untagged = status > 100 && request.to().is_none_or(|to| to.tag().is_none());
            let tag = if untagged { format!(";tag={}", tag_text(tag)) } else { String::new() };
            writer.header(Name::To, [to, tag.as_bytes()].concat());
        }
        for name in [Name::CallId, Name::CSeq] {
            if let Some(value) = request.header(name) {
                writer.header(name, value);
            }
        }
        if let Some(timestamp) = request.header(Name::Timestamp).filter(|_| status == 100) {
            writer.header(Name::Timestamp, timestamp);
        }
        writer.header(Name::Server, &self.config.user_agent);
        writer
    }

    /// Sends a response outside a transaction.
    pub(super) fn send_response(&mut self, request: &Message, flow: Flow, status: u16, packet: Packet) {
        count_class(&mut self.counters.responses_sent, status);
        self.send(response_flow(request, flow), packet);
    }

    /// Sends a response through its server transaction, unless that has answered already.
    pub(super) fn send_through(&mut self, now: Instant, key: Key, status: u16, packet: Packet) {
        let Some(transaction) = self.transactions.get_mut(key) else { return };
        let flow = transaction.flow;
        let Machine::Server(machine) = &mut transaction.machine else { return };
        if machine.respond(now, &self.config.timing, status, packet.clone()) {
            self.transactions.reschedule(key);
            count_class(&mut self.counters.responses_sent, status);
            self.send(flow, packet);
        }
    }
}

/// The topmost Via with the source address noted (RFC 3261 §18.2.1, RFC 3581 §4).
fn stamped(via: &Via<'_>, peer: SocketAddr) -> String {
    let mut text = format!("SIP/2.0/{} {}", via.transport, via.host);
    if let Some(port) = via.port {
        text.push_str(&format!(":{port}"));
    }
    for param in via.params.filter(|p| !p.is("rport") && !p.is("received")) {
        text.push(';');
        text.push_str(param.name);
        if let Some(value) = param.value {
            let value = String::from_utf8_lossy(value);
            let plain = value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.!%*_+`'~[]:".contains(&b));
            text.push_str(&if plain && !value.is_empty() { format!("={value}") } else { format!("=\"{value}\"") });
        }
    }
    if via.wants_rport() {
        text.push_str(&format!(";rport={}", peer.port()));
    }
    if via.wants_rport() || via.ip() != Some(peer.ip()) {
        text.push_str(&format!(";received={}", peer.ip()));
    }
    text
}

/// Where a response goes. `maddr` is not followed: it would let a datagram make this side send anywhere.
pub(super) fn response_flow(request: &Message, flow: Flow) -> Flow {
    let Some(via) = request.via() else { return flow };
    if flow.transport.is_reliable() || via.wants_rport() {
        return flow;
    }
    let port = via.port.filter(|p| *p != 0).unwrap_or(5060);
    Flow { peer: SocketAddr::new(flow.peer.ip(), port), ..flow }
}

/// The reason phrase of a status that this user agent sends.
pub(super) fn reason(status: u16) -> &'static str {
    match status {
        100 => "Trying",
        180 => "Ringing",
        181 => "Call Is Being Forwarded",
        182 => "Queued",
        183 => "Session Progress",
        200 => "OK",
        302 => "Moved Temporarily",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        408 => "Request Timeout",
        410 => "Gone",
        413 => "Request Entity Too Large",
        415 => "Unsupported Media Type",
        416 => "Unsupported URI Scheme",
        420 => "Bad Extension",
        422 => "Session Interval Too Small",
        480 => "Temporarily Unavailable",
        481 => "Call/Transaction Does Not Exist",
        482 => "Loop Detected",
        483 => "Too Many Hops",
        484 => "Address Incomplete",
        486 => "Busy Here",
        487 => "Request Terminated",
        488 => "Not Acceptable Here",
        489 => "Bad Event",
        491 => "Request Pending",
        500 => "Server Internal Error",
        503 => "Service Unavailable",
        504 => "Server Time-out",
        505 => "Version Not Supported",
        513 => "Message Too Large",
        600 => "Busy Everywhere",
        603 => "Decline",
        _ => match status / 100 {
            1 => "Session Progress",
            2 => "OK",
            3 => "Redirected",
            4 => "Request Failed",
            5 => "Server Failed",
            _ => "Refused",
        },
    }
}
