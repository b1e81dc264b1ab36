//! Changes of media in a running call: hold, resume, crossing changes and refused ones.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helper fails the test")]

mod common;

use common::{Pair, Wire, media, ms, request};
use dauys_sip::sdp::{self, Capabilities, Direction};
use dauys_sip::{CallHandle, Event, StatusCode};

fn own(direction: Direction, version: u64) -> Capabilities {
    Capabilities { direction, version, ..media("192.0.2.10:20000") }
}

/// Sends a re-INVITE, lets the server agree, and yields both sides' view of the direction.
fn change(pair: &mut Pair, phone: CallHandle, wanted: &Capabilities) -> (Direction, Direction) {
    pair.phone.endpoint.update_media(phone, pair.now, sdp::offer(wanted).as_bytes()).unwrap();
    pair.run_for(ms(50));
    let Some(Event::MediaUpdate { call, sdp: Some(offer) }) = pair.server.events.pop_front() else {
        panic!("no change")
    };
    let agreed = sdp::answer(&offer, &media("192.0.2.20:30000")).unwrap();
    pair.server.endpoint.reply_update(call, pair.now, agreed.answer.as_bytes()).unwrap();
    pair.run_for(ms(50));
    let Some(Event::UpdateAnswered { sdp: Some(answer), .. }) = pair.phone.events.pop_front() else {
        panic!("no answer")
    };
    (sdp::accept_answer(&answer, wanted).unwrap().direction, agreed.direction)
}

#[test]
fn hold_and_resume() {
    let mut pair = Pair::new();
    let (phone, _) = pair.call();
    let held = change(&mut pair, phone, &own(Direction::SendOnly, 2));
    assert_eq!(held, (Direction::SendOnly, Direction::RecvOnly));
    let silent = change(&mut pair, phone, &own(Direction::Inactive, 3));
    assert_eq!(silent, (Direction::Inactive, Direction::Inactive));
    let resumed = change(&mut pair, phone, &own(Direction::SendRecv, 4));
    assert_eq!(resumed, (Direction::SendRecv, Direction::SendRecv));
    pair.phone.endpoint.hangup(phone, pair.now).unwrap();
    pair.settle();
}

#[test]
fn a_refused_change_leaves_the_call_up() {
    let mut pair = Pair::new();
    let (phone, server) = pair.call();
    pair.phone.endpoint.update_media(phone, pair.now, sdp::offer(&own(Direction::SendOnly, 2)).as_bytes()).unwrap();
    pair.run_for(ms(50));
    pair.server.events.clear();
    pair.server.endpoint.reject_update(server, pair.now, StatusCode::NotAcceptableHere).unwrap();
    pair.run_for(ms(5_000));
    assert_eq!(pair.phone.events.pop_front(), Some(Event::UpdateRejected { call: phone, status: 488 }));
    assert!(pair.phone.events.is_empty() && pair.server.events.is_empty());
    assert_eq!(pair.server.endpoint.calls(), 1);
    pair.phone.endpoint.hangup(phone, pair.now).unwrap();
    pair.settle();
}

#[test]
fn changes_that_cross_are_refused_on_both_sides() {
    let mut pair = Pair::new();
    let (phone, server) = pair.call();
    let offer = sdp::offer(&own(Direction::SendOnly, 2));
    pair.phone.endpoint.update_media(phone, pair.now, offer.as_bytes()).unwrap();
    pair.server.endpoint.update_media(server, pair.now, offer.as_bytes()).unwrap();
    pair.run_for(ms(5_000));
    assert_eq!(pair.phone.events.pop_front(), Some(Event::UpdateRejected { call: phone, status: 491 }));
    assert_eq!(pair.server.events.pop_front(), Some(Event::UpdateRejected { call: server, status: 491 }));
    pair.phone.endpoint.hangup(phone, pair.now).unwrap();
    pair.settle();
}

#[test]
fn a_lost_ack_of_a_change_is_made_up_for() {
    let mut pair = Pair::new();
    let (phone, _) = pair.call();
    pair.lose_first(2, "ACK");
    change(&mut pair, phone, &own(Direction::SendOnly, 2));
    pair.run_for(ms(5_000));
    assert_eq!((pair.phone.endpoint.calls(), pair.server.endpoint.calls()), (1, 1));
    change(&mut pair, phone, &own(Direction::SendRecv, 3));
    pair.phone.endpoint.hangup(phone, pair.now).unwrap();
    pair.settle();
}

#[test]
fn update_changes_media_without_an_ack() {
    let mut wire = Wire::new();
    let (call, tag) = wire.call("up");
    wire.receive(request("UPDATE", "up").tagged(&tag).seq(2).offer());
    assert!(matches!(wire.events.pop_front(), Some(Event::MediaUpdate { sdp: Some(_), .. })));
    wire.endpoint.reply_update(call, wire.now, b"v=0\r\n").unwrap();
    wire.drain();
    assert_eq!(wire.only_status(), 200);
    wire.run_for(ms(60_000));
    assert!(wire.sent.is_empty());
    wire.receive(request("BYE", "up").tagged(&tag).seq(3));
    wire.settle();
}

#[test]
fn an_empty_reinvite_gets_an_offer_and_its_ack_the_answer() {
    let mut wire = Wire::new();
    let (call, tag) = wire.call("re");
    wire.receive(request("INVITE", "re").tagged(&tag).seq(2).branch("re"));
    assert_eq!(wire.events.pop_front(), Some(Event::MediaUpdate { call, sdp: None }));
    wire.endpoint.reply_update(call, wire.now, sdp::offer(&media("192.0.2.20:30000")).as_bytes()).unwrap();
    wire.drain();
    assert_eq!(wire.only_status(), 200);
    wire.receive(request("ACK", "re").tagged(&tag).seq(2).branch("re-ack").offer());
    assert!(matches!(wire.events.pop_front(), Some(Event::UpdateAnswered { sdp: Some(_), .. })));
    wire.receive(request("BYE", "re").tagged(&tag).seq(3));
    wire.settle();
}

#[test]
fn a_cancelled_change_leaves_the_call_up() {
    let mut wire = Wire::new();
    let (call, tag) = wire.call("cc");
    wire.receive(request("INVITE", "cc").tagged(&tag).seq(2).branch("re").offer());
    wire.receive(request("CANCEL", "cc").tagged(&tag).seq(2).branch("re"));
    assert_eq!((wire.reply().status(), wire.reply().status()), (Some(200), Some(487)));
    assert_eq!(wire.endpoint.calls(), 1);
    wire.endpoint.hangup(call, wire.now).unwrap();
    wire.settle();
}
