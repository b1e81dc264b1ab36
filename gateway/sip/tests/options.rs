//! OPTIONS tells what this user agent can do (RFC 3261 §11), and whether it takes calls.

mod common;

use common::{Wire, header, request};
use dauys_sip::wire::Name;

#[test]
fn tells_methods_extensions_and_media_types() {
    let mut wire = Wire::new();
    wire.receive(request("OPTIONS", "o"));
    let reply = wire.reply();
    assert_eq!(reply.status(), Some(200));
    assert_eq!(header(&reply, Name::Accept), "application/sdp");
    assert_eq!(header(&reply, Name::Supported), "timer, 100rel");
    assert!(reply.lists(Name::Allow, "INVITE") && reply.lists(Name::Allow, "UPDATE"));
    assert!(reply.to().unwrap().tag().is_some());
    wire.settle();
}

#[test]
fn a_repeated_request_gets_the_same_response() {
    let mut wire = Wire::new();
    wire.receive(request("OPTIONS", "o"));
    wire.receive(request("OPTIONS", "o"));
    let (first, second) = (wire.reply(), wire.reply());
    assert!(first == second, "same tag, same words");
    wire.settle();
}

#[test]
fn works_inside_a_call() {
    let mut wire = Wire::new();
    let (_, tag) = wire.call("in");
    wire.receive(request("OPTIONS", "in").tagged(&tag).seq(2));
    assert_eq!(wire.only_status(), 200);
    wire.receive(request("BYE", "in").tagged(&tag).seq(3));
    wire.settle();
}
