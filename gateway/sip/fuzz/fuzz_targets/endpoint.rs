//! Any sequence of datagrams, with every call answered, handed on and hung up: no panic, and nothing is left behind.
//!
//! Datagrams are divided by a zero byte; the text `TAG` in them stands for the tag of the latest answer.
#![no_main]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use dauys_sip::wire::Message;
use dauys_sip::{CallHandle, Config, Endpoint, Event, Input, Output, Transport};
use libfuzzer_sys::fuzz_target;

struct Server {
    endpoint: Endpoint,
    now: Instant,
    calls: Vec<CallHandle>,
    tag: Vec<u8>,
}

impl Server {
    fn drain(&mut self) {
        while let Some(output) = self.endpoint.poll_output() {
            match output {
                Output::Event(Event::Incoming { call, .. }) => {
                    self.calls.push(call);
                    let _ = self.endpoint.provisional(call, self.now, 183, Some(b"v=0\r\n"));
                    let _ = self.endpoint.answer(call, self.now, b"v=0\r\n");
                }
                Output::Event(Event::MediaUpdate { call, .. }) => {
                    let _ = self.endpoint.reply_update(call, self.now, b"v=0\r\n");
                }
                Output::Event(Event::Established { call, .. }) => {
                    let _ = self.endpoint.refer(call, self.now, "sip:operator@192.0.2.30");
                }
                Output::Event(_) => {}
                Output::Send { bytes, .. } => {
                    let tag = Message::parse(&bytes).ok().and_then(|m| Some(m.to()?.tag()?.as_bytes().to_vec()));
                    self.tag = tag.unwrap_or(std::mem::take(&mut self.tag));
                }
            }
        }
    }
}

fn with_tag(datagram: &[u8], tag: &[u8]) -> Vec<u8> {
    match datagram.windows(3).position(|w| w == b"TAG") {
        Some(at) => [&datagram[..at], tag, &datagram[at + 3..]].concat(),
        None => datagram.to_vec(),
    }
}

fuzz_target!(|bytes: &[u8]| {
    let (local, peer): (SocketAddr, SocketAddr) = (([192, 0, 2, 20], 5060).into(), ([192, 0, 2, 10], 5060).into());
    // A first byte of 1 makes it a stream, where a peer's connection is followed.
    let (transport, bytes) = match bytes.split_first() {
        Some((1, rest)) => (Transport::Tcp, rest),
        _ => (Transport::Udp, bytes),
    };
    let endpoint = Endpoint::new(Config { max_dialogs: 4, max_transactions: 16, ..Config::new([1; 32]) });
    let mut server = Server { endpoint, now: Instant::now(), calls: Vec::new(), tag: Vec::new() };
    for datagram in bytes.split(|b| *b == 0).take(32) {
        let datagram = with_tag(datagram, &server.tag);
        let input = Input::Datagram { local, peer, transport, bytes: &datagram };
        server.endpoint.handle_input(server.now, input);
        server.drain();
        server.now += Duration::from_millis(700);
        server.endpoint.handle_timeout(server.now);
        server.drain();
    }
    for call in std::mem::take(&mut server.calls) {
        let _ = server.endpoint.hangup(call, server.now);
    }
    server.drain();
    for _ in 0..10_000 {
        let Some(at) = server.endpoint.poll_timeout() else { break };
        server.now = server.now.max(at);
        server.endpoint.handle_timeout(server.now);
        server.drain();
    }
    assert!(server.endpoint.is_idle());
});
