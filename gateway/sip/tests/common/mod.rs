//! Two endpoints, or one and a script of raw messages, on a simulated clock and a seeded lossy network.
#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test's helper fails the test")]

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use dauys_sip::sdp::{self, Capabilities};
use dauys_sip::wire::{Message, Name};
use dauys_sip::{CallHandle, Config, Endpoint, Event, Input, InviteParams, Output, Transport};

pub const PHONE: &str = "192.0.2.10:5060";
pub const SERVER: &str = "192.0.2.20:5060";

pub fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

pub fn clock() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "an origin for simulated time")]
    Instant::now()
}

pub fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

pub fn media(address: &str) -> Capabilities {
    Capabilities::g711(addr(address))
}

/// What the network does to datagrams, in percent, drawn from a seed.
#[derive(Clone, Copy, Default)]
pub struct Weather {
    pub seed: u64,
    pub loss: u64,
    pub duplicate: u64,
    /// The most that a datagram is late, in milliseconds, beyond the usual 10.
    pub jitter_ms: u64,
}

pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides.max(1)
    }
}

pub struct Side {
    pub endpoint: Endpoint,
    pub address: SocketAddr,
    pub events: VecDeque<Event>,
}

type Filter = Box<dyn FnMut(&Message) -> bool>;

/// A phone and a server with a network between them.
pub struct Pair {
    pub now: Instant,
    pub phone: Side,
    pub server: Side,
    pub transport: Transport,
    weather: Weather,
    dice: Dice,
    flying: BTreeMap<(Instant, u64), (SocketAddr, SocketAddr, Vec<u8>)>,
    sent: u64,
    drop_if: Option<Filter>,
    /// Start lines of all that was sent, lost or not: `>` from the phone, `<` from the server.
    pub log: Vec<String>,
}

impl Pair {
    pub fn new() -> Self {
        Self::with(Config::new([1; 32]), Config::new([2; 32]), Weather::default())
    }

    pub fn in_weather(weather: Weather) -> Self {
        Self::with(Config::new([1; 32]), Config::new([2; 32]), weather)
    }

    pub fn with(phone: Config, server: Config, weather: Weather) -> Self {
        let side =
            |config, address| Side { endpoint: Endpoint::new(config), address: addr(address), events: VecDeque::new() };
        Self {
            now: clock(),
            phone: side(phone, PHONE),
            server: side(server, SERVER),
            transport: Transport::Udp,
            weather,
            dice: Dice(weather.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
            flying: BTreeMap::new(),
            sent: 0,
            drop_if: None,
            log: Vec::new(),
        }
    }

    /// Drops every datagram for which the filter says so, beside what the weather does.
    pub fn drop_if(&mut self, filter: impl FnMut(&Message) -> bool + 'static) {
        self.drop_if = Some(Box::new(filter));
    }

    /// Drops the first `count` messages whose start line contains `text`.
    pub fn lose_first(&mut self, count: usize, text: &'static str) {
        let mut left = count;
        self.drop_if(move |message| {
            let hit = left > 0 && start_line(message).contains(text);
            left -= usize::from(hit);
            hit
        });
    }

    pub fn place_call(&mut self) -> CallHandle {
        let offer = sdp::offer(&media("192.0.2.10:20000"));
        self.place_call_with(Some(offer.as_bytes()))
    }

    pub fn place_call_with(&mut self, sdp: Option<&[u8]>) -> CallHandle {
        let params = InviteParams {
            to: "sip:109@192.0.2.20",
            from: "sip:+77000000001@192.0.2.10",
            peer: self.server.address,
            local: self.phone.address,
            transport: self.transport,
            sdp,
        };
        let call = self.phone.endpoint.invite(self.now, params).unwrap();
        self.flush();
        call
    }

    /// Answers the call at the head of the server's events.
    pub fn answer(&mut self) -> CallHandle {
        let Some(Event::Incoming { call, offer, .. }) = self.server.events.pop_front() else { panic!("no call") };
        let own = media("192.0.2.20:30000");
        let sdp = match offer {
            Some(offer) => sdp::answer(&offer, &own).unwrap().answer,
            None => sdp::offer(&own),
        };
        self.server.endpoint.answer(call, self.now, sdp.as_bytes()).unwrap();
        self.flush();
        call
    }

    /// A call that both sides have up; returns the phone's and the server's handle.
    pub fn call(&mut self) -> (CallHandle, CallHandle) {
        let phone = self.place_call();
        self.run_for(ms(100));
        let server = self.answer();
        self.run_for(ms(100));
        assert!(matches!(self.phone.events.pop_front(), Some(Event::Answered { call, .. }) if call == phone));
        assert!(matches!(self.server.events.pop_front(), Some(Event::Established { call, .. }) if call == server));
        (phone, server)
    }

    /// Moves what the endpoints have to say onto the network and into the event queues.
    pub fn flush(&mut self) {
        for from_phone in [true, false] {
            loop {
                let side = if from_phone { &mut self.phone } else { &mut self.server };
                let Some(output) = side.endpoint.poll_output() else { break };
                match output {
                    Output::Event(event) => side.events.push_back(event),
                    Output::Send { local, peer, bytes, .. } => {
                        let message = Message::parse(&bytes).expect("endpoints send legal messages");
                        let arrow = if from_phone { '>' } else { '<' };
                        self.log.push(format!("{arrow} {}", start_line(&message)));
                        self.launch(local, peer, &bytes, &message);
                    }
                }
            }
        }
    }

    fn launch(&mut self, from: SocketAddr, to: SocketAddr, bytes: &[u8], message: &Message) {
        if self.drop_if.as_mut().is_some_and(|lost| lost(message)) || self.dice.roll(100) < self.weather.loss {
            return;
        }
        let copies = if self.dice.roll(100) < self.weather.duplicate { 2 } else { 1 };
        for _ in 0..copies {
            let at = self.now + ms(10) + ms(self.dice.roll(self.weather.jitter_ms + 1));
            self.sent += 1;
            self.flying.insert((at, self.sent), (from, to, bytes.to_vec()));
        }
    }

    fn next_step(&self) -> Option<Instant> {
        let arrival = self.flying.keys().next().map(|(at, _)| *at);
        let timers = [self.phone.endpoint.poll_timeout(), self.server.endpoint.poll_timeout()];
        timers.into_iter().flatten().chain(arrival).min()
    }

    fn step(&mut self, at: Instant) {
        self.now = self.now.max(at);
        while let Some(entry) = self.flying.first_entry().filter(|e| e.key().0 <= self.now) {
            let (from, to, bytes) = entry.remove();
            let side = if to == self.phone.address { &mut self.phone } else { &mut self.server };
            assert_eq!(to, side.address, "sent to nobody");
            let input = Input::Datagram { local: to, peer: from, transport: self.transport, bytes: &bytes };
            side.endpoint.handle_input(self.now, input);
        }
        self.phone.endpoint.handle_timeout(self.now);
        self.server.endpoint.handle_timeout(self.now);
        self.flush();
    }

    /// Lets time pass.
    pub fn run_for(&mut self, span: Duration) {
        let end = self.now + span;
        self.flush();
        while let Some(at) = self.next_step().filter(|at| *at <= end) {
            self.step(at);
        }
        self.now = end;
    }

    /// Lets all timers fire and asserts that nothing is left behind.
    pub fn settle(&mut self) {
        self.flush();
        for _ in 0..100_000 {
            let Some(at) = self.next_step() else { break };
            self.step(at);
        }
        assert!(self.phone.endpoint.is_idle(), "the phone has left something behind: {:?}", self.phone.endpoint);
        assert!(self.server.endpoint.is_idle(), "the server has left something behind: {:?}", self.server.endpoint);
    }

    /// How often a message was sent whose start line contains the text.
    pub fn count(&self, text: &str) -> usize {
        self.log.iter().filter(|line| line.contains(text)).count()
    }
}

pub fn start_line(message: &Message) -> String {
    match message.status() {
        Some(status) => {
            let method = message.cseq().map(|c| c.method.to_owned()).unwrap_or_default();
            format!("{status} {method}")
        }
        None => message.method_token().to_owned(),
    }
}

/// One server and hand-written messages.
pub struct Wire {
    pub now: Instant,
    pub endpoint: Endpoint,
    pub events: VecDeque<Event>,
    pub sent: VecDeque<(SocketAddr, Message)>,
    /// The statuses of refusals that must copy a faulty header field, and so are faulty themselves.
    pub refused: VecDeque<u16>,
    pub transport: Transport,
    pub peer: SocketAddr,
}

impl Wire {
    pub fn new() -> Self {
        Self::with(Config::new([3; 32]))
    }

    pub fn with(config: Config) -> Self {
        Self {
            now: clock(),
            endpoint: Endpoint::new(config),
            events: VecDeque::new(),
            sent: VecDeque::new(),
            refused: VecDeque::new(),
            transport: Transport::Udp,
            peer: addr(PHONE),
        }
    }

    pub fn receive(&mut self, bytes: impl AsRef<[u8]>) {
        let input =
            Input::Datagram { local: addr(SERVER), peer: self.peer, transport: self.transport, bytes: bytes.as_ref() };
        self.endpoint.handle_input(self.now, input);
        self.drain();
    }

    pub fn drain(&mut self) {
        while let Some(output) = self.endpoint.poll_output() {
            match output {
                Output::Event(event) => self.events.push_back(event),
                Output::Send { peer, bytes, .. } => match Message::parse(&bytes) {
                    Ok(message) => self.sent.push_back((peer, message)),
                    Err(rejected) => {
                        let status = std::str::from_utf8(&bytes[8..11]).unwrap().parse().unwrap();
                        assert!(matches!(status, 400 | 505), "an illegal {status}: {}", rejected.error);
                        self.refused.push_back(status);
                    }
                },
            }
        }
    }

    /// The next message that the server sent.
    pub fn reply(&mut self) -> Message {
        self.sent.pop_front().expect("a message").1
    }

    /// The status of the next message, and that nothing follows it.
    pub fn only_status(&mut self) -> u16 {
        let status = self.reply().status().expect("a response");
        assert!(self.sent.is_empty(), "more than one response");
        status
    }

    pub fn run_for(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some(at) = self.endpoint.poll_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.endpoint.handle_timeout(self.now);
            self.drain();
        }
        self.now = end;
    }

    pub fn settle(&mut self) {
        for _ in 0..100_000 {
            let Some(at) = self.endpoint.poll_timeout() else { break };
            self.now = self.now.max(at);
            self.endpoint.handle_timeout(self.now);
            self.drain();
        }
        assert!(self.endpoint.is_idle(), "something is left behind: {:?}", self.endpoint);
    }

    /// Takes the next event, which must be a call, and answers it.
    pub fn answer(&mut self) -> CallHandle {
        let Some(Event::Incoming { call, .. }) = self.events.pop_front() else { panic!("no call") };
        let sdp = sdp::offer(&media("192.0.2.20:30000"));
        self.endpoint.answer(call, self.now, sdp.as_bytes()).unwrap();
        self.drain();
        call
    }

    /// A call that is up, made of raw messages; yields its handle and the server's tag.
    pub fn call(&mut self, id: &str) -> (CallHandle, String) {
        self.receive(request("INVITE", id).offer());
        let call = self.answer();
        let ok = self.reply();
        assert_eq!(ok.status(), Some(200));
        let tag = ok.to().unwrap().tag().unwrap().to_owned();
        self.receive(request("ACK", id).tagged(&tag).branch("ack"));
        assert!(matches!(self.events.pop_front(), Some(Event::Established { .. })));
        (call, tag)
    }
}

/// A hand-written request.
#[derive(Clone)]
pub struct Raw {
    pub method: String,
    pub uri: String,
    pub id: String,
    pub branch: String,
    pub via: String,
    pub to_tag: Option<String>,
    pub seq: u32,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

pub fn request(method: &str, id: &str) -> Raw {
    Raw {
        method: method.to_owned(),
        uri: "sip:109@192.0.2.20".to_owned(),
        id: id.to_owned(),
        branch: format!("z9hG4bK-{id}-{method}"),
        via: format!("SIP/2.0/UDP {PHONE};rport"),
        to_tag: None,
        seq: 1,
        headers: vec![
            ("Contact".to_owned(), format!("<sip:phone@{PHONE}>")),
            ("Max-Forwards".to_owned(), "70".to_owned()),
        ],
        body: String::new(),
    }
}

impl Raw {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
        self
    }

    pub fn uri(mut self, uri: &str) -> Self {
        self.uri = uri.to_owned();
        self
    }

    pub fn via(mut self, via: &str) -> Self {
        self.via = via.to_owned();
        self
    }

    pub fn branch(mut self, branch: &str) -> Self {
        self.branch = format!("z9hG4bK-{}-{branch}", self.id);
        self
    }

    pub fn tagged(mut self, tag: &str) -> Self {
        self.to_tag = Some(tag.to_owned());
        self
    }

    pub fn seq(mut self, seq: u32) -> Self {
        self.seq = seq;
        self
    }

    pub fn body(mut self, kind: &str, body: &str) -> Self {
        self.body = body.to_owned();
        self.header("Content-Type", kind)
    }

    pub fn offer(self) -> Self {
        let sdp = sdp::offer(&media("192.0.2.10:20000"));
        self.body("application/sdp", &sdp)
    }

    pub fn text(&self) -> String {
        let Self { method, uri, id, branch, via, seq, body, .. } = self;
        let tag = self.to_tag.as_ref().map(|t| format!(";tag={t}")).unwrap_or_default();
        let headers: String = self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        format!(
            "{method} {uri} SIP/2.0\r\nVia: {via};branch={branch}\r\nFrom: <sip:+77000000001@192.0.2.10>;tag=f-{id}\r\n\
             To: <sip:109@192.0.2.20>{tag}\r\nCall-ID: {id}@192.0.2.10\r\nCSeq: {seq} {method}\r\n{headers}\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }
}

impl AsRef<[u8]> for Raw {
    fn as_ref(&self) -> &[u8] {
        // Tests are short; the leak spares each of them a temporary.
        Box::leak(self.text().into_bytes().into_boxed_slice())
    }
}

pub fn header(message: &Message, name: Name) -> String {
    String::from_utf8_lossy(message.header(name).unwrap_or_default()).into_owned()
}
