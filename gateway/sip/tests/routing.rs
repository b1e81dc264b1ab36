//! Where messages go: Via and rport, Contact and Record-Route, proxies and address translators.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helper fails the test")]

mod common;

use common::{PHONE, Wire, addr, header, request};
use dauys_sip::wire::Name;
use dauys_sip::{Config, Event, Transport};

#[test]
fn rport_sends_the_response_to_the_source_and_notes_it() {
    let mut wire = Wire::new();
    wire.peer = addr("198.51.100.7:61000");
    wire.receive(request("OPTIONS", "nat").via("SIP/2.0/UDP 10.0.0.1:5060;rport"));
    let (to, reply) = wire.sent.pop_front().unwrap();
    assert_eq!(to, wire.peer);
    let via = reply.via().unwrap();
    assert_eq!(via.params.text("rport"), Some("61000"));
    assert_eq!(via.received(), Some(wire.peer.ip()));
    assert_eq!(via.branch(), Some("z9hG4bK-nat-OPTIONS"));
}

#[test]
fn without_rport_the_response_goes_to_the_port_of_sent_by() {
    let mut wire = Wire::new();
    wire.peer = addr("198.51.100.7:61000");
    wire.receive(request("OPTIONS", "a").via("SIP/2.0/UDP host.example:5070"));
    wire.receive(request("OPTIONS", "b").via("SIP/2.0/UDP host.example"));
    let ports: Vec<u16> = wire.sent.iter().map(|(to, _)| to.port()).collect();
    assert_eq!(ports, [5070, 5060]);
    assert_eq!(wire.sent[0].1.via().unwrap().received(), Some(wire.peer.ip()));
}

#[test]
fn every_via_is_copied_in_order() {
    let mut wire = Wire::new();
    let raw = request("OPTIONS", "v")
        .header("Via", "SIP/2.0/TCP b.example;branch=z9hG4bKb, SIP/2.0/UDP c.example;branch=z9hG4bKc");
    wire.receive(raw);
    let reply = wire.reply();
    let hosts: Vec<String> = reply.values(Name::Via).map(|v| String::from_utf8_lossy(v).into_owned()).collect();
    assert_eq!(hosts.len(), 3);
    assert!(
        hosts[0].contains(PHONE.split(':').next().unwrap())
            && hosts[1].contains("b.example")
            && hosts[2].contains("c.example")
    );
}

fn bye_after(raw: common::Raw, peer: &str) -> (std::net::SocketAddr, dauys_sip::wire::Message, Wire) {
    let mut wire = Wire::new();
    wire.peer = addr(peer);
    let id = raw.id.clone();
    wire.receive(raw);
    let call = wire.answer();
    let ok = wire.reply();
    wire.receive(request("ACK", &id).tagged(ok.to().unwrap().tag().unwrap()).branch("ack"));
    wire.endpoint.hangup(call, wire.now).unwrap();
    wire.drain();
    let (to, bye) = wire.sent.pop_front().unwrap();
    (to, bye, wire)
}

#[test]
fn bye_goes_to_the_contact() {
    let (to, bye, mut wire) =
        bye_after(request("INVITE", "c").offer().header("Contact", "<sip:x@192.0.2.99:5080>"), PHONE);
    assert_eq!((to, bye.request_uri_text()), (addr("192.0.2.99:5080"), "sip:x@192.0.2.99:5080"));
    assert_eq!(bye.to().unwrap().tag(), Some("f-c"));
    wire.settle();
}

#[test]
fn bye_goes_by_the_recorded_route() {
    let raw = request("INVITE", "r")
        .offer()
        .header("Record-Route", "<sip:192.0.2.50;lr>, <sip:192.0.2.51:5090;lr>")
        .header("Contact", "<sip:x@phone.example>");
    let (to, bye, mut wire) = bye_after(raw, PHONE);
    assert_eq!((to, bye.request_uri_text()), (addr("192.0.2.50:5060"), "sip:x@phone.example"));
    let routes: Vec<_> = bye.values(Name::Route).collect();
    assert_eq!(routes, [&b"<sip:192.0.2.50;lr>"[..], b"<sip:192.0.2.51:5090;lr>"]);
    wire.settle();
}

#[test]
fn a_strict_router_gets_the_request_line_it_expects() {
    let raw = request("INVITE", "s")
        .offer()
        .header("Record-Route", "<sip:192.0.2.50>")
        .header("Contact", "<sip:x@192.0.2.10>");
    let (_, bye, mut wire) = bye_after(raw, PHONE);
    assert_eq!(bye.request_uri_text(), "sip:192.0.2.50");
    assert_eq!(header(&bye, Name::Route), "<sip:x@192.0.2.10>");
    wire.settle();
}

#[test]
fn a_phone_behind_an_address_translator_is_reached_where_it_came_from() {
    let raw =
        request("INVITE", "n").offer().via("SIP/2.0/UDP 10.0.0.1:5060;rport").header("Contact", "<sip:x@10.0.0.1>");
    let (to, _, mut wire) = bye_after(raw, "198.51.100.7:61000");
    assert_eq!(to, addr("198.51.100.7:61000"));
    wire.settle();
}

#[test]
fn a_contact_that_is_a_name_is_reached_where_it_came_from() {
    let (to, _, mut wire) = bye_after(request("INVITE", "d").offer().header("Contact", "<sip:x@phone.example>"), PHONE);
    assert_eq!(to, addr(PHONE));
    wire.settle();
}

#[test]
fn the_answer_copies_the_recorded_route_and_names_an_address_that_peers_reach() {
    let advertised = addr("203.0.113.5:5060");
    let mut wire = Wire::with(Config { advertise: Some(advertised.ip()), ..Config::new([3; 32]) });
    wire.receive(request("INVITE", "adv").offer().header("Record-Route", "<sip:192.0.2.50;lr>"));
    let call = wire.answer();
    let ok = wire.reply();
    assert_eq!(header(&ok, Name::RecordRoute), "<sip:192.0.2.50;lr>");
    assert_eq!(ok.contact().unwrap().uri.socket_addr(), Some(advertised));
    wire.endpoint.hangup(call, wire.now).unwrap();
    wire.settle();
}

#[test]
fn a_connection_is_answered_on_the_connection() {
    let mut wire = Wire::new();
    wire.transport = Transport::Tcp;
    wire.peer = addr("192.0.2.10:40123");
    wire.receive(request("INVITE", "tcp").offer().via("SIP/2.0/TCP 192.0.2.10:5060"));
    let call = wire.answer();
    let (to, ok) = wire.sent.pop_front().unwrap();
    assert_eq!(to, wire.peer);
    assert_eq!(ok.contact().unwrap().uri.param("transport"), Some("tcp"));
    wire.endpoint.hangup(call, wire.now).unwrap();
    wire.settle();
    assert!(wire.sent.iter().all(|(to, _)| *to == wire.peer));
}

#[test]
fn an_ipv6_caller_is_served() {
    let mut wire = Wire::new();
    wire.peer = addr("[2001:db8::10]:5060");
    let raw = request("INVITE", "six")
        .offer()
        .via("SIP/2.0/UDP [2001:db8::10]:5060;rport")
        .header("Contact", "<sip:x@[2001:db8::10]>");
    wire.receive(raw);
    let Some(Event::Incoming { call, source, .. }) = wire.events.pop_front() else { panic!("no call") };
    assert_eq!(source, wire.peer);
    wire.endpoint.ring(call, wire.now).unwrap();
    wire.drain();
    assert_eq!(wire.reply().via().unwrap().ip(), Some(wire.peer.ip()));
    wire.endpoint.hangup(call, wire.now).unwrap();
    wire.settle();
}

#[test]
fn the_asserted_number_is_told_apart_from_the_claimed_one() {
    let mut wire = Wire::new();
    wire.receive(
        request("INVITE", "pai")
            .offer()
            .header("P-Asserted-Identity", "\"A\" <sip:+77000000002@net.example>, <tel:+77000000002>"),
    );
    let Some(Event::Incoming { call, from, asserted, .. }) = wire.events.pop_front() else { panic!("no call") };
    assert_eq!(from.reveal(), "+77000000001");
    assert_eq!(asserted.unwrap().reveal(), "+77000000002");
    wire.endpoint.hangup(call, wire.now).unwrap();
    wire.settle();
}
