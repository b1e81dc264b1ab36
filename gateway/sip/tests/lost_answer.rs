//! The answer or its acknowledgement is lost, late, or never comes.

mod common;

use common::{Pair, Wire, ms, request};
use dauys_sip::{Cause, Event};

#[test]
fn a_lost_200_is_repeated_until_the_caller_has_it() {
    let mut pair = Pair::new();
    pair.lose_first(3, "200 INVITE");
    let phone = pair.place_call();
    pair.run_for(ms(50));
    let server = pair.answer();
    pair.run_for(ms(5_000));
    assert_eq!(pair.count("200 INVITE"), 4);
    assert!(matches!(pair.phone.events.pop_front(), Some(Event::Answered { .. })));
    assert_eq!(pair.server.events.pop_front(), Some(Event::Established { call: server, sdp: None }));
    pair.phone.endpoint.hangup(phone, pair.now).unwrap();
    pair.settle();
}

#[test]
fn a_lost_ack_is_sent_again_for_each_repeated_200() {
    let mut pair = Pair::new();
    pair.lose_first(2, "ACK");
    let phone = pair.place_call();
    pair.run_for(ms(50));
    let server = pair.answer();
    pair.run_for(ms(5_000));
    assert_eq!((pair.count("200 INVITE"), pair.count("> ACK")), (3, 3));
    assert_eq!(pair.phone.events.len(), 1, "the answer is told once");
    assert_eq!(pair.server.events.pop_front(), Some(Event::Established { call: server, sdp: None }));
    pair.phone.endpoint.hangup(phone, pair.now).unwrap();
    pair.settle();
}

#[test]
fn an_answer_that_nobody_acknowledges_is_hung_up_after_32_seconds() {
    let mut pair = Pair::new();
    pair.lose_first(usize::MAX, "ACK");
    pair.place_call();
    pair.run_for(ms(50));
    let answered_at = pair.now;
    let server = pair.answer();
    pair.run_for(ms(31_900));
    assert!(pair.server.events.is_empty());
    pair.settle();
    let ended = Event::Ended { call: server, cause: Cause::NoAck, sip_status: None };
    assert_eq!(pair.server.events.pop_front(), Some(ended));
    assert_eq!(pair.count("200 INVITE"), 11);
    assert!(pair.log.contains(&"< BYE".to_owned()));
    assert!(pair.now >= answered_at + ms(32_000));
}

#[test]
fn a_late_ack_still_establishes_the_call() {
    let mut wire = Wire::new();
    wire.receive(request("INVITE", "late").offer());
    let call = wire.answer();
    let tag = wire.reply().to().unwrap().tag().unwrap().to_owned();
    wire.run_for(ms(31_000));
    wire.receive(request("ACK", "late").tagged(&tag).branch("ack"));
    assert_eq!(wire.events.pop_front(), Some(Event::Established { call, sdp: None }));
    wire.sent.clear();
    wire.run_for(ms(60_000));
    assert!(wire.sent.is_empty(), "the answer is not repeated after its ACK");
    wire.receive(request("BYE", "late").tagged(&tag).seq(2));
    wire.settle();
}

#[test]
fn an_ack_after_the_end_is_ignored() {
    let mut wire = Wire::new();
    let (_, tag) = wire.call("gone");
    wire.receive(request("BYE", "gone").tagged(&tag).seq(2));
    assert_eq!(wire.only_status(), 200);
    wire.events.clear();
    wire.receive(request("ACK", "gone").tagged(&tag).branch("again"));
    assert!(wire.sent.is_empty() && wire.events.is_empty());
    assert_eq!(wire.endpoint.counters().strays, 1);
    wire.settle();
}

#[test]
fn hanging_up_before_the_ack_waits_for_it_to_send_bye() {
    let mut wire = Wire::new();
    wire.receive(request("INVITE", "hasty").offer());
    let call = wire.answer();
    let tag = wire.reply().to().unwrap().tag().unwrap().to_owned();
    wire.endpoint.hangup(call, wire.now).unwrap();
    wire.drain();
    assert_eq!(wire.events.pop_front(), Some(Event::Ended { call, cause: Cause::Local, sip_status: None }));
    assert!(wire.sent.is_empty(), "no BYE before the ACK");
    wire.receive(request("ACK", "hasty").tagged(&tag).branch("ack"));
    assert_eq!(wire.reply().method_token(), "BYE");
    wire.settle();
    assert!(wire.events.is_empty(), "the end is told once");
}
