//! Provisional responses that must not be lost (RFC 3262).

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helper fails the test")]

mod common;

use common::{Raw, Wire, header, media, ms, request};
use dauys_sip::wire::{Message, Name};
use dauys_sip::{Cause, CommandError, Event, sdp};

fn demanding(id: &str) -> Raw {
    request("INVITE", id).offer().header("Require", "100rel")
}

fn prack(ringing: &Message, id: &str, seq: u32, invite_seq: u32) -> Raw {
    let rack = format!("{} {invite_seq} INVITE", header(ringing, Name::RSeq));
    let tag = ringing.to().unwrap().tag().unwrap().to_owned();
    request("PRACK", id).tagged(&tag).seq(seq).header("RAck", &rack)
}

fn incoming(wire: &mut Wire) -> dauys_sip::CallHandle {
    let Some(Event::Incoming { call, .. }) = wire.events.pop_front() else { panic!("no call") };
    call
}

#[test]
fn ringing_is_repeated_until_the_caller_confirms_it() {
    let mut wire = Wire::new();
    wire.receive(demanding("r"));
    let call = incoming(&mut wire);
    wire.endpoint.ring(call, wire.now).unwrap();
    wire.drain();
    let ringing = wire.reply();
    assert_eq!((ringing.status(), header(&ringing, Name::Require).as_str()), (Some(180), "100rel"));
    wire.run_for(ms(3_600));
    assert_eq!(wire.sent.len(), 3, "after 0.5, 1.5 and 3.5 s");
    assert!(wire.sent.drain(..).all(|(_, again)| again == ringing));
    assert_eq!(wire.endpoint.ring(call, wire.now), Err(CommandError::WrongState), "one at a time");
    wire.receive(prack(&ringing, "r", 2, 1));
    assert_eq!(wire.only_status(), 200);
    wire.run_for(ms(30_000));
    assert!(wire.sent.is_empty());
    let own = sdp::offer(&media("192.0.2.20:30000"));
    wire.endpoint.answer(call, wire.now, own.as_bytes()).unwrap();
    wire.drain();
    assert_eq!(wire.only_status(), 200);
    wire.endpoint.hangup(call, wire.now).unwrap();
    wire.settle();
}

#[test]
fn a_confirmation_of_something_else_gets_481() {
    let mut wire = Wire::new();
    wire.receive(demanding("r"));
    let call = incoming(&mut wire);
    wire.endpoint.ring(call, wire.now).unwrap();
    wire.drain();
    let ringing = wire.reply();
    let right = header(&prack_message(&ringing), Name::RAck);
    let number = right.split(' ').next().unwrap().to_owned();
    for (n, wrong) in [
        format!("{number} 2 INVITE"),
        format!("{number} 1 UPDATE"),
        "1".to_owned(),
        String::new(),
        format!("{number}9 1 INVITE"),
    ]
    .iter()
    .enumerate()
    {
        let raw = prack(&ringing, "r", 2 + n as u32, 1).branch(&format!("w{n}")).header("RAck", wrong);
        wire.receive(raw);
        assert_eq!(wire.only_status(), 481, "{wrong}");
    }
    wire.receive(prack(&ringing, "r", 20, 1).branch("right"));
    assert_eq!(wire.only_status(), 200);
    wire.endpoint.hangup(call, wire.now).unwrap();
    wire.settle();
}

fn prack_message(ringing: &Message) -> Message {
    Message::parse(prack(ringing, "r", 2, 1).text().as_bytes()).unwrap()
}

#[test]
fn a_caller_who_never_confirms_is_refused_and_forgotten() {
    let mut wire = Wire::new();
    wire.receive(demanding("r"));
    let call = incoming(&mut wire);
    wire.endpoint.ring(call, wire.now).unwrap();
    wire.run_for(ms(32_100));
    let last = wire.sent.iter().filter_map(|(_, m)| m.status()).find(|s| *s >= 200);
    assert_eq!(last, Some(504));
    assert_eq!(wire.events.pop_front(), Some(Event::Ended { call, cause: Cause::Local, sip_status: Some(504) }));
    wire.settle();
}

#[test]
fn an_answer_waits_for_the_confirmation_of_early_media() {
    let mut wire = Wire::new();
    wire.receive(request("INVITE", "e").offer().header("Supported", "100rel"));
    let call = incoming(&mut wire);
    let own = sdp::offer(&media("192.0.2.20:30000"));
    wire.endpoint.provisional(call, wire.now, 183, Some(own.as_bytes())).unwrap();
    wire.endpoint.answer(call, wire.now, own.as_bytes()).unwrap();
    wire.drain();
    let progress = wire.reply();
    assert_eq!((progress.status(), wire.sent.len()), (Some(183), 0));
    wire.receive(prack(&progress, "e", 2, 1));
    let statuses: Vec<_> = wire.sent.drain(..).map(|(_, m)| (m.status(), header(&m, Name::CSeq))).collect();
    assert_eq!(statuses, [(Some(200), "2 PRACK".to_owned()), (Some(200), "1 INVITE".to_owned())]);
    let tag = progress.to().unwrap().tag().unwrap().to_owned();
    wire.receive(request("ACK", "e").tagged(&tag).branch("ack"));
    assert!(matches!(wire.events.pop_front(), Some(Event::Established { .. })));
    wire.endpoint.hangup(call, wire.now).unwrap();
    wire.settle();
}

#[test]
fn a_caller_who_did_not_ask_for_it_gets_ringing_as_ever_and_cancels_in_the_middle() {
    let mut wire = Wire::new();
    wire.receive(request("INVITE", "plain").offer().header("Supported", "100rel"));
    let call = incoming(&mut wire);
    wire.endpoint.ring(call, wire.now).unwrap();
    wire.drain();
    assert_eq!(header(&wire.reply(), Name::RSeq), "");
    wire.endpoint.hangup(call, wire.now).unwrap();
    wire.settle();
    let mut wire = Wire::new();
    wire.receive(demanding("c"));
    let call = incoming(&mut wire);
    wire.endpoint.ring(call, wire.now).unwrap();
    wire.drain();
    wire.sent.clear();
    wire.receive(request("CANCEL", "c").branch("INVITE"));
    let statuses: Vec<_> = wire.sent.drain(..).filter_map(|(_, m)| m.status()).collect();
    assert_eq!(statuses, [200, 487]);
    assert_eq!(wire.events.pop_front(), Some(Event::Ended { call, cause: Cause::Cancelled, sip_status: Some(487) }));
    wire.settle();
}
