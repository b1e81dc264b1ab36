//! Requests that come again get what was answered before, and do nothing twice.

mod common;

use common::{Wire, ms, request};
use dauys_sip::{Event, Rejection, StatusCode};

#[test]
fn a_repeated_invite_makes_one_call_and_repeats_the_ringing() {
    let mut wire = Wire::new();
    wire.receive(request("INVITE", "i").offer());
    wire.receive(request("INVITE", "i").offer());
    assert_eq!((wire.events.len(), wire.sent.len()), (1, 0));
    let Some(Event::Incoming { call, .. }) = wire.events.pop_front() else { panic!("no call") };
    wire.endpoint.ring(call, wire.now).unwrap();
    wire.drain();
    wire.receive(request("INVITE", "i").offer());
    let (first, second) = (wire.reply(), wire.reply());
    assert!(first == second && first.status() == Some(180));
    assert_eq!(wire.endpoint.counters().repeats_received, 2);
    wire.endpoint.hangup(call, wire.now).unwrap();
    wire.settle();
}

#[test]
fn a_repeated_bye_is_answered_although_the_call_is_gone() {
    let mut wire = Wire::new();
    let (_, tag) = wire.call("b");
    for _ in 0..3 {
        wire.receive(request("BYE", "b").tagged(&tag).seq(2));
        assert_eq!(wire.only_status(), 200);
    }
    assert_eq!(wire.events.len(), 1, "one end");
    wire.run_for(ms(32_000));
    wire.receive(request("BYE", "b").tagged(&tag).seq(2));
    assert_eq!(wire.only_status(), 481, "after Timer J nothing is known");
    wire.settle();
}

#[test]
fn a_repeated_info_presses_the_key_once() {
    let mut wire = Wire::new();
    let (call, tag) = wire.call("k");
    let info = request("INFO", "k").tagged(&tag).seq(2).body("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n");
    wire.receive(info.clone());
    wire.receive(info);
    assert_eq!(wire.events.pop_front(), Some(Event::Dtmf { call, digit: '5' }));
    assert!(wire.events.is_empty());
    wire.endpoint.hangup(call, wire.now).unwrap();
    wire.settle();
}

#[test]
fn a_refusal_is_repeated_until_its_ack() {
    let mut wire = Wire::new();
    wire.receive(request("INVITE", "r").offer());
    let Some(Event::Incoming { call, .. }) = wire.events.pop_front() else { panic!("no call") };
    wire.endpoint.reject(call, wire.now, StatusCode::BusyHere, &Rejection::default()).unwrap();
    wire.drain();
    wire.run_for(ms(4_000));
    assert_eq!(wire.sent.len(), 4, "at 0, 0.5, 1.5 and 3.5 s");
    wire.receive(request("ACK", "r").branch("INVITE"));
    wire.sent.clear();
    wire.run_for(ms(60_000));
    assert!(wire.sent.is_empty());
    assert_eq!(wire.endpoint.counters().strays, 0);
    wire.settle();
}

#[test]
fn an_ack_that_reuses_the_branch_of_its_invite_is_accepted() {
    let mut wire = Wire::new();
    wire.receive(request("INVITE", "old").offer());
    let call = wire.answer();
    let tag = wire.reply().to().unwrap().tag().unwrap().to_owned();
    wire.receive(request("ACK", "old").tagged(&tag).branch("INVITE"));
    assert_eq!(wire.events.pop_front(), Some(Event::Established { call, sdp: None }));
    wire.endpoint.hangup(call, wire.now).unwrap();
    wire.settle();
}

#[test]
fn keys_by_info_reach_the_other_side() {
    let mut pair = common::Pair::new();
    let (phone, server) = pair.call();
    for digit in "19*#".chars() {
        pair.phone.endpoint.send_digit(phone, pair.now, digit, 100).unwrap();
        pair.run_for(ms(50));
        assert_eq!(pair.server.events.pop_front(), Some(Event::Dtmf { call: server, digit }));
    }
    pair.phone.endpoint.hangup(phone, pair.now).unwrap();
    pair.settle();
}

#[test]
fn an_info_that_is_no_key_is_told_what_would_be() {
    let mut wire = Wire::new();
    let (call, tag) = wire.call("x");
    wire.receive(request("INFO", "x").tagged(&tag).seq(2).body("text/plain", "5"));
    assert_eq!(wire.only_status(), 415);
    wire.receive(request("INFO", "x").tagged(&tag).seq(3).branch("3").body("application/dtmf-relay", "Signal=?"));
    assert_eq!(wire.only_status(), 400);
    wire.endpoint.hangup(call, wire.now).unwrap();
    wire.settle();
}
