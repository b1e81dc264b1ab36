//! Session timers (RFC 4028): a caller that vanished does not hold a line for ever.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helper fails the test")]

mod common;

use common::{Raw, Wire, header, ms, request};
use dauys_sip::wire::Name;
use dauys_sip::{Cause, Event};

fn timed(id: &str, expires: &str) -> Raw {
    request("INVITE", id)
        .offer()
        .header("Session-Expires", expires)
        .header("Supported", "timer")
        .header("Allow", "INVITE, UPDATE")
}

fn established(wire: &mut Wire, raw: Raw) -> (dauys_sip::CallHandle, String, String) {
    let id = raw.id.clone();
    wire.receive(raw);
    let call = wire.answer();
    let ok = wire.reply();
    let tag = ok.to().unwrap().tag().unwrap().to_owned();
    wire.receive(request("ACK", &id).tagged(&tag).branch("ack"));
    wire.events.clear();
    (call, tag, header(&ok, Name::SessionExpires))
}

#[test]
fn the_caller_refreshes_or_is_hung_up_on() {
    let mut wire = Wire::new();
    let (call, tag, expires) = established(&mut wire, timed("se", "120"));
    assert_eq!(expires, "120;refresher=uac");
    wire.run_for(ms(80_000));
    wire.receive(
        request("UPDATE", "se")
            .tagged(&tag)
            .seq(2)
            .header("Session-Expires", "120;refresher=uac")
            .header("Supported", "timer"),
    );
    let refreshed = wire.reply();
    assert_eq!(
        (refreshed.status(), header(&refreshed, Name::SessionExpires).as_str()),
        (Some(200), "120;refresher=uac")
    );
    wire.run_for(ms(80_000));
    assert!(wire.events.is_empty() && wire.sent.is_empty(), "the refreshed session goes on");
    wire.run_for(ms(40_000));
    assert_eq!(wire.events.pop_front(), Some(Event::Ended { call, cause: Cause::SessionExpired, sip_status: None }));
    assert_eq!(wire.reply().method_token(), "BYE");
    wire.settle();
}

#[test]
fn this_side_refreshes_when_the_caller_asks_it_to() {
    let mut wire = Wire::new();
    let (call, tag, expires) = established(&mut wire, timed("us", "200;refresher=uas"));
    assert_eq!(expires, "200;refresher=uas");
    for round in 1..=3 {
        wire.run_for(ms(100_000));
        let update = wire.reply();
        assert_eq!((update.method_token(), update.body().len()), ("UPDATE", 0), "round {round}");
        let ok = format!(
            "SIP/2.0 200 OK\r\nVia: {}\r\nFrom: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {}\r\nContent-Length: 0\r\n\r\n",
            header(&update, Name::Via),
            header(&update, Name::From),
            header(&update, Name::To),
            header(&update, Name::CallId),
            header(&update, Name::CSeq)
        );
        wire.receive(ok);
    }
    assert!(wire.events.is_empty());
    wire.run_for(ms(100_000));
    wire.run_for(ms(100_000));
    assert!(matches!(wire.events.pop_front(), Some(Event::Ended { call: ended, .. }) if ended == call));
    let _ = tag;
    wire.settle();
}

#[test]
fn an_interval_that_is_too_short_gets_422() {
    let mut wire = Wire::new();
    wire.receive(timed("short", "30"));
    let reply = wire.reply();
    assert_eq!((reply.status(), header(&reply, Name::MinSe).as_str()), (Some(422), "90"));
    wire.settle();
}

#[test]
fn a_caller_without_the_extension_gets_no_timer() {
    let mut wire = Wire::new();
    let (call, _, expires) = established(&mut wire, request("INVITE", "none").offer());
    assert_eq!(expires, "");
    wire.run_for(ms(4_000_000));
    assert!(wire.events.is_empty(), "a quiet call stays up");
    wire.endpoint.hangup(call, wire.now).unwrap();
    wire.settle();
}
