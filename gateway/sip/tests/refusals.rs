//! Requests that are legal but not acceptable: each gets its own status, and leaves nothing behind.

mod common;

use common::{Wire, header, media, ms, request};
use dauys_sip::sdp::{self, SdpError};
use dauys_sip::wire::Name;
use dauys_sip::{Cause, Config, Event, Rejection, StatusCode};

#[test]
fn an_unknown_method_gets_405_and_what_is_allowed() {
    for method in ["REGISTER", "MESSAGE", "FROBNICATE"] {
        let mut wire = Wire::new();
        wire.receive(request(method, "m"));
        let reply = wire.reply();
        assert_eq!(reply.status(), Some(405), "{method}");
        assert!(reply.lists(Name::Allow, "INVITE") && !reply.lists(Name::Allow, "REGISTER"));
        wire.settle();
    }
}

#[test]
fn an_unknown_extension_gets_420_and_its_name() {
    let mut wire = Wire::new();
    wire.receive(request("INVITE", "x").offer().header("Require", "timer, 100rel, nothing-known, nor-this"));
    let reply = wire.reply();
    assert_eq!(reply.status(), Some(420));
    assert_eq!(header(&reply, Name::Unsupported), "nothing-known, nor-this");
    assert!(wire.events.is_empty());
    wire.settle();
}

#[test]
fn a_foreign_scheme_gets_416() {
    let mut wire = Wire::new();
    wire.receive(request("INVITE", "s").offer().uri("news:comp.protocols"));
    assert_eq!(wire.only_status(), 416);
    wire.settle();
}

#[test]
fn a_tel_uri_is_a_number_to_call() {
    let mut wire = Wire::new();
    wire.receive(request("INVITE", "tel").offer().uri("tel:109;phone-context=example.com"));
    let Some(Event::Incoming { call, to_user, .. }) = wire.events.pop_front() else { panic!("no call") };
    assert_eq!(to_user, "109");
    wire.endpoint.hangup(call, wire.now).unwrap();
    wire.settle();
}

#[test]
fn a_foreign_body_gets_415_and_what_is_accepted() {
    let mut wire = Wire::new();
    wire.receive(request("INVITE", "b").body("application/unknown", "<xml/>"));
    let reply = wire.reply();
    assert_eq!((reply.status(), header(&reply, Name::Accept).as_str()), (Some(415), "application/sdp"));
    wire.receive(request("INVITE", "e").offer().header("Content-Encoding", "gzip"));
    assert_eq!(wire.only_status(), 415);
    wire.settle();
}

#[test]
fn an_offer_inside_a_multipart_body_is_found() {
    let mut wire = Wire::new();
    let offer = sdp::offer(&media("192.0.2.10:20000"));
    let body = format!(
        "--cut\r\nContent-Type: application/pidf+xml\r\n\r\n<presence/>\r\n--cut\r\nContent-Type: application/sdp\r\n\r\n\
         {offer}\r\n--cut--\r\n"
    );
    wire.receive(request("INVITE", "mp").body("multipart/mixed;boundary=cut", &body));
    let Some(Event::Incoming { call, offer: Some(found), .. }) = wire.events.pop_front() else { panic!("no offer") };
    assert!(sdp::answer(&found, &media("192.0.2.20:30000")).is_ok());
    wire.endpoint.hangup(call, wire.now).unwrap();
    wire.settle();
}

#[test]
fn a_request_for_an_unknown_dialog_gets_481() {
    for method in ["BYE", "INVITE", "INFO", "UPDATE", "OPTIONS"] {
        let mut wire = Wire::new();
        wire.receive(request(method, "u").tagged("0123456789abcdef").seq(7));
        assert_eq!(wire.only_status(), 481, "{method}");
        wire.settle();
    }
    let mut wire = Wire::new();
    wire.receive(request("BYE", "untagged"));
    assert_eq!(wire.only_status(), 481);
}

#[test]
fn a_stranger_who_knows_only_the_tag_gets_481() {
    let mut wire = Wire::new();
    let (_, tag) = wire.call("mine");
    wire.receive(request("BYE", "other").tagged(&tag).seq(2));
    assert_eq!(wire.only_status(), 481);
    wire.receive(request("BYE", "mine").tagged(&tag).seq(2));
    assert_eq!(wire.only_status(), 200);
    wire.settle();
}

#[test]
fn a_call_that_comes_by_two_ways_gets_482_on_the_second() {
    let mut wire = Wire::new();
    wire.receive(request("INVITE", "merged").offer());
    wire.receive(request("INVITE", "merged").offer().branch("other-way"));
    assert_eq!(wire.only_status(), 482);
    assert_eq!(wire.events.len(), 1, "one call");
    let Some(Event::Incoming { call, .. }) = wire.events.pop_front() else { panic!("no call") };
    wire.endpoint.hangup(call, wire.now).unwrap();
    wire.settle();
}

#[test]
fn exhausted_hops_are_refused_only_where_that_is_asked_for() {
    let mut wire = Wire::with(Config { refuse_exhausted_hops: true, ..Config::new([3; 32]) });
    wire.receive(request("INVITE", "far").offer().header("Max-Forwards", "0"));
    assert_eq!(wire.only_status(), 483);
    wire.settle();
    let mut wire = Wire::new();
    wire.receive(request("INVITE", "far").offer().header("Max-Forwards", "0"));
    let Some(Event::Incoming { call, .. }) = wire.events.pop_front() else { panic!("the caller was lost") };
    wire.endpoint.hangup(call, wire.now).unwrap();
    wire.settle();
}

#[test]
fn an_offer_without_a_common_codec_gets_488_and_warning_305() {
    let mut wire = Wire::new();
    let offer =
        "v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\nm=audio 20000 RTP/AVP 18\r\n";
    wire.receive(request("INVITE", "g729").body("application/sdp", offer));
    let Some(Event::Incoming { call, offer: Some(offer), .. }) = wire.events.pop_front() else { panic!("no call") };
    let error = sdp::answer(&offer, &media("192.0.2.20:30000")).unwrap_err();
    assert_eq!(error, SdpError::NoCommonCodec);
    let rejection = Rejection { warning: Some(error.warning()), ..Rejection::default() };
    wire.endpoint.reject(call, wire.now, StatusCode::from(error.status()), &rejection).unwrap();
    wire.drain();
    let reply = wire.reply();
    assert_eq!(reply.status(), Some(488));
    assert!(header(&reply, Name::Warning).starts_with("305 "));
    assert_eq!(wire.events.pop_front(), Some(Event::Ended { call, cause: Cause::Local, sip_status: Some(488) }));
    wire.receive(request("ACK", "g729").branch("INVITE").tagged(reply.to().unwrap().tag().unwrap()));
    wire.run_for(ms(40_000));
    assert!(wire.sent.is_empty(), "an acknowledged refusal is not repeated");
    wire.settle();
}

#[test]
fn an_invite_without_a_contact_gets_400() {
    let mut wire = Wire::new();
    wire.receive(request("INVITE", "nobody").offer().without("Contact"));
    assert_eq!(wire.only_status(), 400);
    wire.settle();
}

#[test]
fn a_request_out_of_order_gets_500() {
    let mut wire = Wire::new();
    let (_, tag) = wire.call("order");
    wire.receive(request("INFO", "order").tagged(&tag).seq(10));
    assert_eq!(wire.only_status(), 200);
    wire.receive(request("INFO", "order").tagged(&tag).seq(9).branch("old"));
    assert_eq!(wire.only_status(), 500);
    wire.receive(request("BYE", "order").tagged(&tag).seq(11));
    wire.settle();
}

#[test]
fn a_refusal_says_why_and_when_to_come_back() {
    let mut wire = Wire::new();
    wire.receive(request("INVITE", "later").offer());
    let Some(Event::Incoming { call, .. }) = wire.events.pop_front() else { panic!("no call") };
    let rejection = Rejection { reason: Some("all \"lines\"\r\nbusy"), retry_after_s: Some(5), warning: None };
    wire.endpoint.reject(call, wire.now, StatusCode::BusyHere, &rejection).unwrap();
    wire.drain();
    let reply = wire.reply();
    assert_eq!((reply.status(), reply.number(Name::RetryAfter)), (Some(486), Some(5)));
    assert_eq!(header(&reply, Name::Reason), "SIP;cause=486;text=\"all 'lines'''busy\"");
    wire.settle();
}
