//! Prints what the signalling of one call costs: INVITE, 180, 200, ACK, BYE and its 200, both sides in one process.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use dauys_sip::sdp::{self, Capabilities};
use dauys_sip::{CallHandle, Config, Endpoint, Event, Input, InviteParams, Output, Transport};

const CALLS: u32 = 20_000;

struct Party {
    endpoint: Endpoint,
    address: SocketAddr,
    media: Capabilities,
    spent: Duration,
    messages: u64,
}

impl Party {
    fn new(seed: u8, address: SocketAddr) -> Self {
        let config = Config { max_dialogs: 50_000, max_transactions: 500_000, ..Config::new([seed; 32]) };
        Self {
            endpoint: Endpoint::new(config),
            address,
            media: Capabilities::g711(address),
            spent: Duration::ZERO,
            messages: 0,
        }
    }

    /// Takes what there is; answers calls, and yields the datagrams to deliver and the call that was answered.
    fn drain(&mut self, now: Instant) -> (Vec<std::sync::Arc<[u8]>>, Option<CallHandle>) {
        let (mut datagrams, mut answered) = (Vec::new(), None);
        while let Some(output) = self.endpoint.poll_output() {
            match output {
                Output::Send { bytes, .. } => datagrams.push(bytes),
                Output::Event(Event::Incoming { call, offer: Some(offer), .. }) => {
                    let _ = self.endpoint.ring(call, now);
                    if let Ok(agreed) = sdp::answer(&offer, &self.media) {
                        let _ = self.endpoint.answer(call, now, agreed.answer.as_bytes());
                    }
                }
                Output::Event(Event::Answered { call, .. }) => answered = Some(call),
                Output::Event(_) => {}
            }
        }
        (datagrams, answered)
    }

    fn receive(&mut self, now: Instant, peer: SocketAddr, bytes: &[u8]) {
        self.messages += 1;
        let input = Input::Datagram { local: self.address, peer, transport: Transport::Udp, bytes };
        self.endpoint.handle_input(now, input);
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn clock() -> Instant {
    Instant::now()
}

#[expect(clippy::print_stdout, reason = "a benchmark prints its numbers")]
fn main() {
    let mut phone = Party::new(1, ([192, 0, 2, 10], 5060).into());
    let mut server = Party::new(2, ([192, 0, 2, 20], 5060).into());
    let mut now = clock();
    let offer = sdp::offer(&phone.media);
    for _ in 0..CALLS {
        let params = InviteParams {
            to: "sip:109@192.0.2.20",
            from: "sip:+77000000001@192.0.2.10",
            peer: server.address,
            local: phone.address,
            transport: Transport::Udp,
            sdp: Some(offer.as_bytes()),
        };
        let started = clock();
        let _ = phone.endpoint.invite(now, params);
        phone.spent += started.elapsed();
        loop {
            let started = clock();
            let (mut datagrams, answered) = phone.drain(now);
            if let Some(call) = answered {
                let _ = phone.endpoint.hangup(call, now);
                datagrams.extend(phone.drain(now).0);
            }
            phone.spent += started.elapsed();
            let started = clock();
            datagrams.iter().for_each(|d| server.receive(now, phone.address, d));
            let replies = server.drain(now).0;
            server.spent += started.elapsed();
            let started = clock();
            replies.iter().for_each(|d| phone.receive(now, server.address, d));
            phone.spent += started.elapsed();
            if datagrams.is_empty() && replies.is_empty() {
                break;
            }
        }
        // 83 calls a second, as 5,000 callers of one minute make.
        now += Duration::from_millis(12);
        for party in [&mut phone, &mut server] {
            let started = clock();
            party.endpoint.handle_timeout(now);
            party.spent += started.elapsed();
        }
    }
    for (name, party) in [("phone", &phone), ("server", &server)] {
        let micros = party.spent.as_secs_f64() * 1e6 / f64::from(CALLS);
        println!("{name}: {micros:.1} µs a call, {} messages received, {CALLS} calls", party.messages);
    }
}
