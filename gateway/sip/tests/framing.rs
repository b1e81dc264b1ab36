//! Messages on a stream: they come in any pieces, and only whole ones are taken.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helper fails the test")]

mod common;

use common::{Wire, addr, header, request};
use dauys_sip::stream::{Broken, Frame, FrameError, Framer};
use dauys_sip::wire::{MAX_MESSAGE, Name};
use dauys_sip::{Event, Input, Transport};
use proptest::prelude::*;

fn message(id: &str) -> Vec<u8> {
    request("OPTIONS", id).body("text/plain", "one\r\n\r\ntwo").text().into_bytes()
}

/// What a stream yields: messages as they are, a keep-alive as "ping", a fault as its name.
fn read(chunks: &[&[u8]]) -> Vec<Vec<u8>> {
    let (mut framer, mut got) = (Framer::new(), Vec::new());
    for chunk in chunks {
        framer.push(chunk);
        loop {
            match framer.next_frame() {
                Ok(Some(Frame::Message(bytes))) => got.push(bytes.to_vec()),
                Ok(Some(Frame::Ping)) => got.push(b"ping".to_vec()),
                Ok(None) => break,
                Err(Broken { error, .. }) => got.push(format!("{error:?}").into_bytes()),
            }
        }
    }
    got
}

#[test]
fn messages_in_one_piece_or_byte_by_byte_are_the_same_messages() {
    let stream =
        [message("a"), message("b"), b"\r\n\r\n".to_vec(), message("c"), b"\r\n".to_vec(), message("d")].concat();
    let whole = read(&[&stream]);
    assert_eq!(whole, [message("a"), message("b"), b"ping".to_vec(), message("c"), message("d")]);
    let bytes: Vec<&[u8]> = stream.chunks(1).collect();
    assert_eq!(read(&bytes), whole);
}

#[test]
fn a_keep_alive_in_two_halves_is_one_and_half_of_one_is_no_message() {
    assert_eq!(read(&[b"\r\n", b"\r\n"]), [b"ping"]);
    let mut framer = Framer::new();
    framer.push(b"\r\n");
    assert_eq!(framer.next_frame(), Ok(None));
    assert!(!framer.is_partial());
    framer.push(b"OPT");
    assert_eq!(framer.next_frame(), Ok(None));
    assert!(framer.is_partial());
}

#[test]
fn the_length_is_found_folded_compact_and_in_any_case() {
    for length in ["Content-Length: 3", "l:3", "CONTENT-LENGTH \t:\r\n 3", "L : 3 ", "l: 3\r\nContent-Length: 3"] {
        let first = format!("OPTIONS sip:a SIP/2.0\r\nSubject: l\r\n{length}\r\n\r\nabc");
        let stream = format!("{first}NEXT");
        assert_eq!(read(&[stream.as_bytes()]), [first.as_bytes()], "{length}");
    }
}

#[test]
fn what_cannot_be_framed_ends_the_stream() {
    for (length, fault) in [
        ("Subject: none", "NoLength"),
        ("Content-Length: -1", "BadLength"),
        ("Content-Length: three", "BadLength"),
        ("Content-Length:", "BadLength"),
        ("Content-Length: 1\r\nl: 2", "BadLength"),
        ("Content-Length: 65535", "TooLarge"),
        ("Content-Length: 4294967295", "TooLarge"),
        ("Content-Length: 99999999999999999999", "BadLength"),
    ] {
        let stream = format!("OPTIONS sip:a SIP/2.0\r\n{length}\r\n\r\nOPTIONS sip:b SIP/2.0\r\nl: 0\r\n\r\n");
        assert_eq!(read(&[stream.as_bytes()]), [fault.as_bytes()], "{length}");
    }
    let endless = vec![b'x'; MAX_MESSAGE + 1];
    assert_eq!(read(&[&endless, &endless, b"\r\n\r\n"]), [b"TooLarge"]);
}

#[test]
fn a_request_that_cannot_be_framed_is_told_so_before_the_stream_ends() {
    let unframed = |error, text: &str| {
        let mut wire = Wire::new();
        wire.transport = Transport::Tcp;
        let (local, peer) = (addr(common::SERVER), addr(common::PHONE));
        let input = Input::Unframed { local, peer, transport: Transport::Tcp, head: text.as_bytes(), error };
        wire.endpoint.handle_input(wire.now, input);
        wire.drain();
        let status = wire.sent.pop_front().and_then(|(_, reply)| reply.status());
        wire.settle();
        status
    };
    let head = |length: &str| request("INVITE", "x").text().replace("Content-Length: 0\r\n", length);
    assert_eq!(unframed(FrameError::NoLength, &head("")), Some(400));
    assert_eq!(unframed(FrameError::TooLarge, &head("Content-Length: 70000\r\n")), Some(513));
    assert_eq!(unframed(FrameError::NoLength, "SIP/2.0 200 OK\r\n\r\n"), None);
    assert_eq!(unframed(FrameError::TooLarge, ""), None);
}

#[test]
fn a_call_over_a_stream_is_answered_where_it_came_from_and_its_contact_names_the_transport() {
    for (transport, name, suffix) in
        [(Transport::Tcp, "TCP", ";transport=tcp"), (Transport::Tls, "TLS", ";transport=tls")]
    {
        let mut wire = Wire::new();
        wire.transport = transport;
        wire.peer = addr("192.0.2.10:40123");
        // The Via names another port, and nothing asks for rport: on a stream the connection counts (RFC 3261 §18.2.2).
        wire.receive(request("INVITE", "s").offer().via(&format!("SIP/2.0/{name} 192.0.2.10:5060")));
        let call = wire.answer();
        let (to, ok) = wire.sent.pop_front().unwrap();
        assert_eq!((to, ok.status()), (addr("192.0.2.10:40123"), Some(200)));
        assert_eq!(header(&ok, Name::Contact), format!("<sip:dauys@{}{suffix}>", common::SERVER));
        let tag = ok.to().unwrap().tag().unwrap().to_owned();
        // The caller's connection broke, and the rest of the call comes by a new one: there our BYE must go.
        wire.peer = addr("192.0.2.10:40999");
        wire.receive(request("ACK", "s").tagged(&tag).branch("ack").via(&format!("SIP/2.0/{name} 192.0.2.10:5060")));
        assert!(matches!(wire.events.pop_front(), Some(Event::Established { .. })));
        wire.endpoint.hangup(call, wire.now).unwrap();
        wire.drain();
        let (to, bye) = wire.sent.pop_front().unwrap();
        assert_eq!((to, bye.method_token()), (addr("192.0.2.10:40999"), "BYE"));
        assert!(header(&bye, Name::Via).starts_with(&format!("SIP/2.0/{name} ")));
        wire.settle();
    }
}

#[test]
fn a_secure_uri_is_answered_with_a_secure_contact() {
    let mut wire = Wire::new();
    wire.transport = Transport::Tls;
    wire.receive(
        request("INVITE", "sips").offer().uri("sips:109@192.0.2.20").header("Contact", "<sips:phone@192.0.2.10>"),
    );
    let call = wire.answer();
    assert_eq!(header(&wire.reply(), Name::Contact), format!("<sips:dauys@{}>", common::SERVER));
    wire.endpoint.hangup(call, wire.now).unwrap();
    wire.settle();
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces_are_read_alike(
        parts in prop::collection::vec(prop_oneof![
            prop::collection::vec(any::<u8>(), 0..40),
            Just(b"\r\n".to_vec()), Just(b"\r\n\r\n".to_vec()), Just(b"Content-Length: 4\r\n".to_vec()), Just(message("p")),
        ], 0..12),
        cuts in prop::collection::vec(1usize..60, 1..20),
    ) {
        let stream = parts.concat();
        let (mut rest, mut chunks) = (stream.as_slice(), Vec::new());
        for cut in cuts.iter().cycle() {
            if rest.is_empty() { break }
            let (chunk, after) = rest.split_at((*cut).min(rest.len()));
            chunks.push(chunk);
            rest = after;
        }
        prop_assert_eq!(read(&chunks), read(&[&stream]));
    }
}
