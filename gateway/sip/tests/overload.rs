//! More callers than there is room for, and a server that is being drained.

mod common;

use common::{Wire, ms, request};
use dauys_sip::wire::Name;
use dauys_sip::{Config, Event};

fn small() -> Wire {
    Wire::with(Config { max_dialogs: 3, ..Config::new([3; 32]) })
}

#[test]
fn one_caller_too_many_is_refused_at_once_and_nobody_else_is_disturbed() {
    let mut wire = small();
    let calls: Vec<_> = (0..3).map(|n| wire.call(&format!("in-{n}"))).collect();
    let before = wire.endpoint.transactions();
    for n in 0..1000 {
        wire.receive(request("INVITE", &format!("out-{n}")).offer());
        let reply = wire.reply();
        assert_eq!((reply.status(), reply.number(Name::RetryAfter)), (Some(503), Some(30)));
    }
    assert_eq!(wire.endpoint.transactions(), before, "a refusal costs no room");
    assert_eq!(wire.endpoint.counters().overloaded, 1000);
    assert!(wire.events.is_empty());
    for (n, (_, tag)) in calls.iter().enumerate() {
        wire.receive(request("INFO", &format!("in-{n}")).tagged(tag).seq(2));
        assert_eq!(wire.only_status(), 200);
        wire.receive(request("BYE", &format!("in-{n}")).tagged(tag).seq(3));
        assert_eq!(wire.only_status(), 200);
    }
    wire.settle();
}

#[test]
fn a_user_that_can_bear_no_more_is_spared_and_takes_calls_again() {
    let mut wire = Wire::new();
    let (_, tag) = wire.call("up");
    wire.endpoint.hold_back(true);
    let before = wire.endpoint.transactions();
    wire.receive(request("INVITE", "new").offer());
    let reply = wire.reply();
    assert_eq!((reply.status(), reply.number(Name::RetryAfter)), (Some(503), Some(30)));
    wire.receive(request("OPTIONS", "probe"));
    assert_eq!(wire.only_status(), 503);
    assert!(wire.events.is_empty() && wire.endpoint.transactions() == before, "nothing is kept of them");
    wire.receive(request("BYE", "up").tagged(&tag).seq(2));
    assert_eq!(wire.only_status(), 200);
    wire.events.clear();
    wire.endpoint.hold_back(false);
    let (_, tag) = wire.call("later");
    wire.receive(request("BYE", "later").tagged(&tag).seq(2));
    wire.settle();
}

#[test]
fn a_refused_caller_who_repeats_hears_the_same_and_may_cancel_or_acknowledge() {
    let mut wire = small();
    for n in 0..3 {
        wire.receive(request("INVITE", &format!("in-{n}")).offer());
    }
    wire.receive(request("INVITE", "out").offer());
    wire.receive(request("INVITE", "out").offer());
    let (first, second) = (wire.reply(), wire.reply());
    assert!(first == second);
    wire.receive(request("ACK", "out").branch("INVITE").tagged(first.to().unwrap().tag().unwrap()));
    assert!(wire.sent.is_empty());
    for event in std::mem::take(&mut wire.events) {
        let Event::Incoming { call, .. } = event else { continue };
        wire.endpoint.hangup(call, wire.now).unwrap();
    }
    wire.settle();
}

#[test]
fn room_comes_back_when_a_call_ends() {
    let mut wire = small();
    for round in 0..50 {
        let calls: Vec<_> = (0..3).map(|n| (n, wire.call(&format!("r{round}-{n}")))).collect();
        for (n, (call, tag)) in calls {
            assert!(wire.endpoint.ring(call, wire.now).is_err(), "an old handle never names a new call");
            wire.receive(request("BYE", &format!("r{round}-{n}")).tagged(&tag).seq(2));
            wire.reply();
        }
        wire.events.clear();
        wire.run_for(ms(10));
    }
    wire.settle();
}

#[test]
fn a_full_transaction_table_still_lets_callers_hang_up() {
    let mut wire = Wire::with(Config { max_transactions: 2, ..Config::new([3; 32]) });
    let (_, tag) = wire.call("a");
    wire.receive(request("INFO", "a").tagged(&tag).seq(2));
    assert_eq!(wire.only_status(), 200);
    wire.receive(request("INFO", "a").tagged(&tag).seq(3).branch("more"));
    assert_eq!(wire.only_status(), 503);
    wire.receive(request("INVITE", "b").offer());
    assert_eq!(wire.only_status(), 503);
    wire.receive(request("BYE", "a").tagged(&tag).seq(4));
    assert_eq!(wire.only_status(), 200);
    assert!(matches!(wire.events.pop_front(), Some(Event::Ended { .. })));
    wire.settle();
}

#[test]
fn outputs_that_nobody_takes_are_bounded() {
    let mut wire = Wire::with(Config { max_outputs: 10, ..Config::new([3; 32]) });
    for n in 0..100 {
        let raw = request("OPTIONS", &format!("o{n}"));
        let input = dauys_sip::Input::Datagram {
            local: common::addr(common::SERVER),
            peer: common::addr(common::PHONE),
            transport: dauys_sip::Transport::Udp,
            bytes: raw.as_ref(),
        };
        wire.endpoint.handle_input(wire.now, input);
    }
    wire.drain();
    assert_eq!((wire.sent.len(), wire.endpoint.counters().dropped_inputs), (10, 90));
    wire.settle();
}

#[test]
fn draining_refuses_new_calls_and_keeps_those_that_are_up() {
    let mut wire = Wire::new();
    let (_, tag) = wire.call("up");
    wire.endpoint.drain(true);
    wire.receive(request("INVITE", "new").offer());
    let reply = wire.reply();
    assert_eq!((reply.status(), reply.number(Name::RetryAfter)), (Some(503), Some(30)));
    wire.receive(request("OPTIONS", "probe"));
    assert_eq!(wire.only_status(), 503);
    wire.receive(request("INFO", "up").tagged(&tag).seq(2));
    assert_eq!(wire.only_status(), 200);
    wire.receive(request("BYE", "up").tagged(&tag).seq(3));
    assert_eq!(wire.only_status(), 200);
    wire.endpoint.drain(false);
    wire.receive(request("OPTIONS", "again"));
    assert_eq!(wire.only_status(), 200);
    assert_eq!(wire.endpoint.counters().drained, 1);
    wire.settle();
}
