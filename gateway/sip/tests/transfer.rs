//! Handing a caller to a person (RFC 3515): the other side is asked, and tells how it went.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helper fails the test")]

mod common;

use common::{Raw, Wire, header, ms, request};
use dauys_sip::wire::{Message, Name};
use dauys_sip::{CallHandle, Cause, CommandError, Event};

const OPERATOR: &str = "sip:operator@192.0.2.30";

struct Transferred {
    wire: Wire,
    call: CallHandle,
    tag: String,
    refer: Message,
}

fn referred() -> Transferred {
    let mut wire = Wire::new();
    let (call, tag) = wire.call("t");
    wire.endpoint.refer(call, wire.now, OPERATOR).unwrap();
    wire.drain();
    let refer = wire.reply();
    assert_eq!((refer.method_token(), header(&refer, Name::ReferTo)), ("REFER", format!("<{OPERATOR}>")));
    Transferred { wire, call, tag, refer }
}

fn response(to: &Message, status: &str) -> String {
    let copied: String = [Name::Via, Name::From, Name::To, Name::CallId, Name::CSeq]
        .iter()
        .map(|name| format!("{}: {}\r\n", name.as_str(), header(to, *name)))
        .collect();
    format!("SIP/2.0 {status}\r\n{copied}Content-Length: 0\r\n\r\n")
}

fn notify(tag: &str, seq: u32, state: &str, fragment: &str) -> Raw {
    request("NOTIFY", "t")
        .tagged(tag)
        .seq(seq)
        .branch(&format!("n{seq}"))
        .header("Event", "refer;id=1")
        .header("Subscription-State", state)
        .body("message/sipfrag;version=2.0", fragment)
}

impl Transferred {
    fn told(&mut self) -> Option<(u16, bool)> {
        match self.wire.events.pop_front()? {
            Event::Transfer { call, status, done } if call == self.call => Some((status, done)),
            event => panic!("{event:?}"),
        }
    }

    fn end(mut self) {
        self.wire.endpoint.hangup(self.call, self.wire.now).unwrap();
        self.wire.drain();
        self.wire.settle();
    }
}

#[test]
fn the_caller_rings_at_the_operator_and_is_answered() {
    let mut t = referred();
    let (refer, tag) = (t.refer.clone(), t.tag.clone());
    t.wire.receive(response(&refer, "202 Accepted"));
    t.wire.receive(notify(&tag, 2, "active;expires=60", "SIP/2.0 100 Trying\r\n"));
    t.wire.receive(notify(&tag, 3, "active;expires=50", "SIP/2.0 180 Ringing"));
    t.wire.receive(notify(
        &tag,
        4,
        "terminated;reason=noresource",
        "SIP/2.0 200 OK\r\nTo: <sip:operator@192.0.2.30>\r\n",
    ));
    assert!(t.wire.sent.drain(..).all(|(_, m)| m.status() == Some(200)));
    assert_eq!([t.told(), t.told(), t.told()], [Some((100, false)), Some((180, false)), Some((200, true))]);
    t.wire.receive(notify(&tag, 5, "active", "SIP/2.0 180 Ringing"));
    assert_eq!(t.wire.only_status(), 481, "the subscription is over");
    t.end();
}

#[test]
fn an_operator_who_does_not_answer_leaves_the_caller_with_us() {
    let mut t = referred();
    let (refer, tag) = (t.refer.clone(), t.tag.clone());
    // The first NOTIFY may overtake the answer to REFER (RFC 6665 §4.1.2.4).
    t.wire.receive(notify(&tag, 2, "active", "SIP/2.0 100 Trying"));
    t.wire.receive(response(&refer, "202 Accepted"));
    t.wire.receive(notify(&tag, 3, "terminated", "SIP/2.0 486 Busy Here"));
    assert_eq!([t.told(), t.told()], [Some((100, false)), Some((486, true))]);
    t.wire.sent.clear();
    t.wire.endpoint.refer(t.call, t.wire.now, OPERATOR).unwrap();
    t.wire.drain();
    assert_eq!(t.wire.reply().method_token(), "REFER", "it may be tried again");
    t.end();
}

#[test]
fn a_trunk_that_cannot_transfer_says_so_and_the_call_goes_on() {
    for status in [405, 420, 501, 603] {
        let mut t = referred();
        let refer = t.refer.clone();
        t.wire.receive(response(&refer, &format!("{status} No")));
        assert_eq!(t.told(), Some((status, true)));
        t.end();
    }
}

#[test]
fn silence_ends_a_transfer() {
    let mut t = referred();
    t.wire.run_for(ms(33_000));
    assert_eq!(t.told(), Some((408, true)), "no answer to REFER");
    t.wire.sent.clear();
    t.end();
    let mut t = referred();
    let refer = t.refer.clone();
    t.wire.receive(response(&refer, "202 Accepted"));
    t.wire.run_for(ms(181_000));
    assert_eq!(t.told(), Some((408, true)), "no NOTIFY");
    t.end();
}

#[test]
fn a_dialog_that_is_gone_ends_the_call_with_the_transfer() {
    let mut t = referred();
    let refer = t.refer.clone();
    t.wire.receive(response(&refer, "481 Gone"));
    assert_eq!(t.told(), Some((481, true)));
    let call = t.call;
    assert_eq!(t.wire.events.pop_front(), Some(Event::Ended { call, cause: Cause::Failed(481), sip_status: None }));
    t.wire.settle();
}

#[test]
fn what_nobody_asked_for_is_refused() {
    let mut wire = Wire::new();
    let (call, tag) = wire.call("t");
    wire.receive(notify(&tag, 2, "active", "SIP/2.0 180 Ringing"));
    assert_eq!(wire.only_status(), 481);
    wire.receive(notify(&tag, 3, "active", "").header("Event", "presence"));
    assert_eq!(wire.only_status(), 489);
    wire.receive(request("NOTIFY", "other").header("Event", "refer"));
    assert_eq!(wire.only_status(), 481);
    assert_eq!(wire.endpoint.refer(call, wire.now, "no uri"), Err(CommandError::WrongState));
    wire.endpoint.refer(call, wire.now, OPERATOR).unwrap();
    assert_eq!(wire.endpoint.refer(call, wire.now, OPERATOR), Err(CommandError::WrongState), "one at a time");
    wire.drain();
    wire.sent.clear();
    wire.receive(notify(&tag, 4, "active", "SIP/2.0 99 What"));
    assert_eq!(wire.only_status(), 400);
    wire.endpoint.hangup(call, wire.now).unwrap();
    wire.settle();
}
