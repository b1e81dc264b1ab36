//! A call from the first ring to the last word.

mod common;

use common::{Pair, Weather, media, ms};
use dauys_sip::sdp::{self, Codec, Direction};
use dauys_sip::{Cause, Event, Transport};

#[test]
fn rings_answers_talks_and_the_caller_hangs_up() {
    let mut pair = Pair::new();
    let phone = pair.place_call();
    pair.run_for(ms(50));
    let Some(Event::Incoming { call, from, to_user, source, .. }) = pair.server.events.front().cloned() else {
        panic!("no call arrived")
    };
    assert_eq!((from.reveal(), to_user.as_str(), source), ("+77000000001", "109", pair.phone.address));
    assert!(!format!("{from:?}").contains("7700"), "numbers are not shown");

    pair.server.endpoint.ring(call, pair.now).unwrap();
    pair.run_for(ms(50));
    assert_eq!(pair.phone.events.pop_front(), Some(Event::Progress { call: phone, status: 180, sdp: None }));

    let server = pair.answer();
    pair.run_for(ms(50));
    assert_eq!(pair.server.events.pop_front(), Some(Event::Established { call: server, sdp: None }));
    let Some(Event::Answered { sdp: Some(answer), .. }) = pair.phone.events.pop_front() else { panic!("no answer") };
    let agreed = sdp::accept_answer(&answer, &media("192.0.2.10:20000")).unwrap();
    assert_eq!((agreed.codec, agreed.direction), (Codec::Pcma, Direction::SendRecv));
    assert_eq!(agreed.remote, common::addr("192.0.2.20:30000"));

    pair.phone.endpoint.hangup(phone, pair.now).unwrap();
    pair.run_for(ms(50));
    assert_eq!(
        pair.server.events.pop_front(),
        Some(Event::Ended { call: server, cause: Cause::Bye, sip_status: None })
    );
    assert_eq!(
        pair.phone.events.pop_front(),
        Some(Event::Ended { call: phone, cause: Cause::Local, sip_status: None })
    );
    pair.settle();
    assert_eq!(
        pair.log,
        ["> INVITE", "< 180 INVITE", "< 200 INVITE", "> ACK", "> BYE", "< 200 BYE"],
        "nothing is sent twice on a clean network"
    );
}

#[test]
fn the_server_hangs_up() {
    let mut pair = Pair::new();
    let (phone, server) = pair.call();
    pair.server.endpoint.hangup(server, pair.now).unwrap();
    pair.run_for(ms(50));
    assert_eq!(pair.phone.events.pop_front(), Some(Event::Ended { call: phone, cause: Cause::Bye, sip_status: None }));
    assert_eq!(
        pair.server.events.pop_front(),
        Some(Event::Ended { call: server, cause: Cause::Local, sip_status: None })
    );
    pair.settle();
}

#[test]
fn both_hang_up_at_once() {
    let mut pair = Pair::new();
    let (phone, server) = pair.call();
    pair.server.endpoint.hangup(server, pair.now).unwrap();
    pair.phone.endpoint.hangup(phone, pair.now).unwrap();
    pair.settle();
    assert_eq!((pair.phone.events.len(), pair.server.events.len()), (1, 1), "each side hears of one end");
}

#[test]
fn a_call_without_an_offer_gets_one_in_the_answer() {
    let mut pair = Pair::new();
    let phone = pair.place_call_with(None);
    pair.run_for(ms(50));
    pair.answer();
    pair.run_for(ms(50));
    let Some(Event::Answered { sdp: Some(offer), .. }) = pair.phone.events.pop_front() else { panic!("no offer") };
    let answer = sdp::answer(&offer, &media("192.0.2.10:20000")).unwrap().answer;
    pair.phone.endpoint.acknowledge(phone, pair.now, answer.as_bytes()).unwrap();
    pair.run_for(ms(50));
    let Some(Event::Established { sdp: Some(answer), .. }) = pair.server.events.pop_front() else { panic!("no ACK") };
    assert_eq!(sdp::accept_answer(&answer, &media("192.0.2.20:30000")).unwrap().codec, Codec::Pcma);
    pair.phone.endpoint.hangup(phone, pair.now).unwrap();
    pair.settle();
}

#[test]
fn a_call_over_tcp_repeats_nothing() {
    let mut pair = Pair::new();
    pair.transport = Transport::Tcp;
    let (phone, _) = pair.call();
    pair.phone.endpoint.hangup(phone, pair.now).unwrap();
    pair.settle();
    assert_eq!(pair.log.len(), 5, "{:?}", pair.log);
}

#[test]
fn every_call_comes_through_bad_weather_or_fails_on_both_sides() {
    for seed in 1..=200 {
        let mut pair = Pair::in_weather(Weather { seed, loss: 20, duplicate: 20, jitter_ms: 700 });
        let phone = pair.place_call();
        pair.run_for(ms(20_000));
        if pair.server.events.is_empty() {
            pair.settle();
            assert!(
                matches!(pair.phone.events.back(), Some(Event::Ended { cause: Cause::Timeout, .. })),
                "seed {seed}"
            );
            continue;
        }
        let server = pair.answer();
        pair.run_for(ms(20_000));
        let answered = pair.phone.events.iter().any(|e| matches!(e, Event::Answered { .. }));
        let established = pair.server.events.iter().filter(|e| matches!(e, Event::Established { .. })).count();
        assert!(answered && established == 1, "seed {seed}: {:?}", pair.log);
        let who = if seed % 2 == 0 {
            pair.phone.endpoint.hangup(phone, pair.now)
        } else {
            pair.server.endpoint.hangup(server, pair.now)
        };
        who.unwrap();
        pair.settle();
        for side in [&pair.phone, &pair.server] {
            let ends = side.events.iter().filter(|e| matches!(e, Event::Ended { .. })).count();
            assert_eq!(ends, 1, "seed {seed}: {:?}", side.events);
        }
    }
}
