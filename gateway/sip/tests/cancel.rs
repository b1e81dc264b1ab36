//! The caller gives up before the answer, or just when it comes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helper fails the test")]

mod common;

use common::{Pair, Wire, ms, request};
use dauys_sip::{Cause, CommandError, Event};

#[test]
fn a_ringing_call_is_cancelled() {
    let mut pair = Pair::new();
    let phone = pair.place_call();
    pair.run_for(ms(50));
    let Some(Event::Incoming { call: server, .. }) = pair.server.events.pop_front() else { panic!("no call") };
    pair.server.endpoint.ring(server, pair.now).unwrap();
    pair.run_for(ms(50));
    pair.phone.events.clear();
    pair.phone.endpoint.cancel(phone, pair.now).unwrap();
    pair.run_for(ms(100));
    let ended = |call| Some(Event::Ended { call, cause: Cause::Cancelled, sip_status: Some(487) });
    assert_eq!(pair.server.events.pop_front(), ended(server));
    assert_eq!(pair.phone.events.pop_front(), ended(phone));
    assert_eq!(pair.server.endpoint.answer(server, pair.now, b""), Err(CommandError::UnknownCall));
    pair.settle();
    assert_eq!(
        pair.log,
        ["> INVITE", "< 180 INVITE", "> CANCEL", "< 200 CANCEL", "< 487 INVITE", "> ACK"],
        "nothing is sent twice on a clean network"
    );
}

#[test]
fn cancel_waits_until_the_server_has_been_heard() {
    let mut pair = Pair::new();
    let phone = pair.place_call();
    pair.run_for(ms(50));
    pair.phone.endpoint.cancel(phone, pair.now).unwrap();
    pair.run_for(ms(50));
    assert_eq!(pair.count("CANCEL"), 0);
    let Some(Event::Incoming { call: server, .. }) = pair.server.events.pop_front() else { panic!("no call") };
    pair.server.endpoint.trying(server, pair.now).unwrap();
    pair.settle();
    assert_eq!(pair.count("> CANCEL"), 1);
    assert!(matches!(pair.server.events.pop_front(), Some(Event::Ended { cause: Cause::Cancelled, .. })));
}

#[test]
fn an_answer_that_crosses_the_cancel_is_acknowledged_and_hung_up() {
    let mut pair = Pair::new();
    let phone = pair.place_call();
    pair.run_for(ms(50));
    pair.server.endpoint.ring(waiting_call(&pair), pair.now).unwrap();
    pair.run_for(ms(50));
    pair.answer();
    pair.phone.endpoint.cancel(phone, pair.now).unwrap();
    pair.settle();
    assert!(matches!(pair.phone.events.back(), Some(Event::Ended { cause: Cause::Cancelled, .. })));
    assert!(matches!(pair.server.events.back(), Some(Event::Ended { cause: Cause::Bye, .. })));
    assert_eq!((pair.count("> ACK"), pair.count("> BYE")), (1, 1));
}

fn waiting_call(pair: &Pair) -> dauys_sip::CallHandle {
    let Some(Event::Incoming { call, .. }) = pair.server.events.front() else { panic!("no call") };
    *call
}

#[test]
fn a_lost_cancel_and_a_lost_487_are_repeated() {
    for lost in ["CANCEL", "487 INVITE", "200 CANCEL"] {
        let mut pair = Pair::new();
        pair.lose_first(2, lost);
        let phone = pair.place_call();
        pair.run_for(ms(50));
        pair.server.endpoint.ring(waiting_call(&pair), pair.now).unwrap();
        pair.run_for(ms(50));
        pair.phone.endpoint.cancel(phone, pair.now).unwrap();
        pair.settle();
        for side in [&pair.phone, &pair.server] {
            let last = side.events.back();
            assert!(matches!(last, Some(Event::Ended { cause: Cause::Cancelled, .. })), "{lost}: {last:?}");
        }
    }
}

#[test]
fn a_cancel_after_the_answer_changes_nothing() {
    let mut wire = Wire::new();
    wire.receive(request("INVITE", "c").offer());
    wire.answer();
    let tag = wire.reply().to().unwrap().tag().unwrap().to_owned();
    wire.receive(request("CANCEL", "c").branch("INVITE"));
    assert_eq!(wire.only_status(), 200);
    wire.receive(request("ACK", "c").tagged(&tag).branch("ack"));
    assert!(matches!(wire.events.pop_front(), Some(Event::Established { .. })));
    wire.receive(request("BYE", "c").tagged(&tag).seq(2));
    wire.settle();
}

#[test]
fn a_cancel_of_nothing_gets_481() {
    let mut wire = Wire::new();
    wire.receive(request("CANCEL", "nothing"));
    assert_eq!(wire.only_status(), 481);
    wire.settle();
}

#[test]
fn a_call_that_nobody_answers_is_given_up_on_both_sides() {
    let mut pair = Pair::new();
    pair.place_call();
    pair.run_for(ms(50));
    pair.server.endpoint.ring(waiting_call(&pair), pair.now).unwrap();
    pair.settle();
    assert!(matches!(pair.phone.events.back(), Some(Event::Ended { .. } | Event::Rejected { .. })));
    assert!(matches!(pair.server.events.back(), Some(Event::Ended { .. })));
}

#[test]
fn a_server_that_is_not_there_is_given_up_after_32_seconds() {
    let mut pair = Pair::new();
    pair.lose_first(usize::MAX, "INVITE");
    let phone = pair.place_call();
    let start = pair.now;
    pair.settle();
    assert_eq!(pair.now - start, ms(32_000));
    assert_eq!(pair.count("> INVITE"), 7);
    let ended = Event::Ended { call: phone, cause: Cause::Timeout, sip_status: None };
    assert_eq!(pair.phone.events.pop_front(), Some(ended));
}
