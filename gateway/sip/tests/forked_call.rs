//! A proxy rings several phones, and more than one answers.

mod common;

use common::{Wire, header, media};
use dauys_sip::wire::{Message, Name};
use dauys_sip::{InviteParams, Transport, sdp};

fn answer(invite: &Message, tag: &str) -> String {
    format!(
        "SIP/2.0 200 OK\r\nVia: {}\r\nFrom: {}\r\nTo: {};tag={tag}\r\nCall-ID: {}\r\nCSeq: {}\r\n\
         Contact: <sip:{tag}@192.0.2.10>\r\nContent-Length: 0\r\n\r\n",
        header(invite, Name::Via),
        header(invite, Name::From),
        header(invite, Name::To),
        header(invite, Name::CallId),
        header(invite, Name::CSeq)
    )
}

#[test]
fn the_second_phone_is_acknowledged_and_hung_up_on() {
    let mut wire = Wire::new();
    let offer = sdp::offer(&media("192.0.2.20:30000"));
    let params = InviteParams {
        to: "sip:109@192.0.2.10",
        from: "sip:+77000000001@192.0.2.20",
        peer: wire.peer,
        local: common::addr(common::SERVER),
        transport: Transport::Udp,
        sdp: Some(offer.as_bytes()),
    };
    let call = wire.endpoint.invite(wire.now, params).unwrap();
    wire.drain();
    let invite = wire.reply();
    wire.receive(answer(&invite, "first"));
    wire.receive(answer(&invite, "second"));
    let sent: Vec<_> = std::mem::take(&mut wire.sent).into_iter().map(|(_, m)| m).collect();
    let told: Vec<_> = sent.iter().map(|m| (m.method_token(), m.to().unwrap().tag().unwrap())).collect();
    assert_eq!(told, [("ACK", "first"), ("ACK", "second"), ("BYE", "second")]);
    assert_eq!(wire.events.len(), 1, "one answer is told");
    wire.endpoint.hangup(call, wire.now).unwrap();
    wire.drain();
    assert_eq!(wire.reply().to().unwrap().tag(), Some("first"));
    wire.settle();
}
