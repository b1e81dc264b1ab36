//! One caller: the SIP of a call as a telephone does it, and the packets of its media. Pure; times are microseconds of the run.
//!
//! `begin`, `handle_message` and `handle_timeout` leave what is to be done in `Acts`; `handle_step` yields a step's packet.

use super::conduct::{Conduct, Leaving};
use super::request::{self, Letterhead, Media, Peer};
use super::talk::{Content, Talk};
use super::voice::Voice;
use dauys_media::FRAME_SAMPLES;
use dauys_media::rtp::RtpHeader;
use dauys_sip::wire::Message;
use std::net::SocketAddr;

/// RFC 3261's T1 and T2, and how long a request is repeated, in microseconds.
const T1: u64 = 500_000;
const T2: u64 = 4_000_000;
const PATIENCE: u64 = 64 * T1;
/// When a caller who changes their mind cancels.
const CANCELS_AFTER: u64 = 5_000;
/// When a telephone that repeats itself sends its INVITE again.
const REPEATS_AFTER: u64 = 2_000;

/// What the shell must do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Send this to the server.
    Send(Vec<u8>),
    /// Begin to send media there.
    Speak(SocketAddr),
    /// Send no more media.
    Hush,
    /// The call is over.
    Over,
}

/// What the shell must do, in order.
pub type Acts = Vec<Act>;

/// Who ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedBy {
    /// It never came about.
    Nobody,
    /// The caller.
    Caller,
    /// The server.
    Server,
}

/// What became of a caller.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Which caller.
    pub caller: u64,
    /// The final status of the INVITE; 0 where none came.
    pub status: u16,
    /// When the INVITE was sent, in microseconds.
    pub began_us: u64,
    /// From the INVITE to its final answer, in microseconds.
    pub setup_us: u64,
    /// How many steps of media were gone through.
    pub steps: u64,
    /// Who ended the call.
    pub ended_by: EndedBy,
    /// How many packets were heard.
    pub heard: u64,
    /// How the caller behaved.
    pub conduct: Conduct,
    /// How often requests had to be repeated.
    pub repeated: u32,
}

impl Outcome {
    /// Returns whether the caller got no answer without having given up first.
    pub fn has_failed(&self) -> bool {
        self.status != 200 && self.conduct.leaving != Leaving::Cancel
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    Calling,
    Cancelling,
    Talking,
    Leaving,
    Over,
}

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A packet of so many bytes was written.
    Packet(usize),
    /// Nothing is sent.
    Nothing,
    /// The caller hangs up.
    End,
}

/// The longest packet.
pub const LONGEST_PACKET: usize = dauys_media::rtp::HEADER_LEN + FRAME_SAMPLES;

/// One caller.
#[derive(Debug)]
pub struct Caller {
    outcome: Outcome,
    place: usize,
    state: State,
    peer: Option<Box<Peer>>,
    media: Option<Media>,
    due: Option<u64>,
    gap: u64,
    gives_up: u64,
    cancels_at: Option<u64>,
    repeats_at: Option<u64>,
    ssrc: u32,
    sequence: u16,
    was_silent: bool,
}

impl Caller {
    /// Makes a caller who begins to speak at a place of the voice.
    pub fn new(caller: u64, conduct: Conduct, place: usize) -> Self {
        let outcome = Outcome {
            caller,
            status: 0,
            began_us: 0,
            setup_us: 0,
            steps: 0,
            ended_by: EndedBy::Nobody,
            heard: 0,
            conduct,
            repeated: 0,
        };
        Self {
            outcome,
            place,
            state: State::Idle,
            peer: None,
            media: None,
            due: None,
            gap: T1,
            gives_up: 0,
            cancels_at: None,
            repeats_at: None,
            // Odd, so that it is never 0, and different for each caller.
            ssrc: (caller as u32).wrapping_mul(2_654_435_761) | 1,
            sequence: (caller as u16).wrapping_mul(4_099),
            was_silent: true,
        }
    }

    /// Returns what became of the caller so far.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Returns whether the call is up.
    pub fn is_talking(&self) -> bool {
        self.state == State::Talking
    }

    /// Returns when [`Caller::handle_timeout`] is due.
    pub fn poll_timeout(&self) -> Option<u64> {
        self.due.into_iter().chain(self.cancels_at).chain(self.repeats_at).min()
    }

    /// Counts a packet that was heard.
    pub fn hear(&mut self, packets: u64) {
        self.outcome.heard += packets;
    }

    /// Sends the INVITE.
    pub fn begin(&mut self, now: u64, letterhead: &Letterhead, acts: &mut Acts) {
        self.state = State::Calling;
        self.outcome.began_us = now;
        let conduct = &self.outcome.conduct;
        self.cancels_at = (conduct.leaving == Leaving::Cancel).then_some(now + CANCELS_AFTER);
        self.repeats_at = conduct.repeats_itself.then_some(now + REPEATS_AFTER);
        acts.push(Act::Send(letterhead.invite(self.outcome.caller)));
        self.expect_answer(now);
    }

    fn expect_answer(&mut self, now: u64) {
        self.gap = T1;
        self.due = Some(now + T1);
        self.gives_up = now + PATIENCE;
    }

    /// Takes a message of the server.
    pub fn handle_message(&mut self, now: u64, message: &Message, letterhead: &Letterhead, acts: &mut Acts) {
        let Some(cseq) = message.cseq() else { return };
        match message.status() {
            None => self.handle_request(message, acts),
            Some(status) if cseq.method == "INVITE" => self.handle_answer(now, status, message, letterhead, acts),
            Some(status) if cseq.method == "BYE" && status >= 200 => {
                if self.state == State::Leaving {
                    self.over(EndedBy::Caller, acts);
                }
            }
            Some(_) => {}
        }
    }

    fn handle_answer(&mut self, now: u64, status: u16, message: &Message, letterhead: &Letterhead, acts: &mut Acts) {
        let caller = self.outcome.caller;
        if status < 200 {
            // A provisional answer stops the repetitions, not the patience (RFC 3261 section 17.1.1.2).
            if matches!(self.state, State::Calling) {
                self.due = Some(self.gives_up);
            }
            return;
        }
        if status >= 300 {
            let to = message.header(dauys_sip::wire::Name::To).unwrap_or_default();
            acts.push(Act::Send(letterhead.ack_refusal(caller, &String::from_utf8_lossy(to))));
            if matches!(self.state, State::Calling | State::Cancelling) {
                self.answered(now, status);
                self.over(EndedBy::Nobody, acts);
            }
            return;
        }
        let is_first = self.outcome.status == 0;
        let wrongly = is_first && self.outcome.conduct.acknowledges_wrongly;
        let Some(peer) = request::peer(message) else { return };
        acts.push(Act::Send(letterhead.ack(caller, &peer, wrongly)));
        if !is_first {
            return;
        }
        self.answered(now, status);
        self.peer = Some(Box::new(peer));
        self.media = request::media(message.body());
        let Some(media) = self.media else { return self.leave(now, letterhead, acts) };
        match self.outcome.conduct.leaving {
            _ if self.state == State::Cancelling => self.leave(now, letterhead, acts),
            Leaving::Cancel | Leaving::AtAnswer => self.leave(now, letterhead, acts),
            Leaving::Bye | Leaving::Hash | Leaving::InGreeting => {
                self.state = State::Talking;
                acts.push(Act::Speak(media.rtp));
            }
        }
    }

    fn answered(&mut self, now: u64, status: u16) {
        self.outcome.status = status;
        self.outcome.setup_us = now.saturating_sub(self.outcome.began_us);
        (self.due, self.cancels_at, self.repeats_at) = (None, None, None);
    }

    fn handle_request(&mut self, message: &Message, acts: &mut Acts) {
        match message.method_token() {
            "ACK" => {}
            "BYE" => {
                acts.push(Act::Send(request::respond(message, 200, "OK")));
                if matches!(self.state, State::Talking | State::Leaving) {
                    let by = if self.state == State::Talking { EndedBy::Server } else { EndedBy::Caller };
                    self.over(by, acts);
                }
            }
            "INVITE" => acts.push(Act::Send(request::respond(message, 488, "Not Acceptable Here"))),
            _ => acts.push(Act::Send(request::respond(message, 200, "OK"))),
        }
    }

    /// Hangs up: with BYE.
    pub fn leave(&mut self, now: u64, letterhead: &Letterhead, acts: &mut Acts) {
        let Some(peer) = &self.peer else { return };
        self.state = State::Leaving;
        acts.push(Act::Hush);
        acts.push(Act::Send(letterhead.bye(self.outcome.caller, peer)));
        self.expect_answer(now);
    }

    /// Repeats what was not answered, cancels, or gives up.
    pub fn handle_timeout(&mut self, now: u64, letterhead: &Letterhead, acts: &mut Acts) {
        let caller = self.outcome.caller;
        if self.repeats_at.take_if(|at| *at <= now).is_some() {
            acts.push(Act::Send(letterhead.invite(caller)));
        }
        if self.cancels_at.take_if(|at| *at <= now).is_some() {
            self.state = State::Cancelling;
            acts.push(Act::Send(letterhead.cancel(caller)));
            self.expect_answer(now);
        }
        if self.due.is_none_or(|due| now < due) {
            return;
        }
        if now >= self.gives_up {
            return self.over(if self.outcome.status == 200 { EndedBy::Caller } else { EndedBy::Nobody }, acts);
        }
        let again = match (self.state, &self.peer) {
            (State::Calling, _) => letterhead.invite(caller),
            (State::Cancelling, _) => letterhead.cancel(caller),
            (State::Leaving, Some(peer)) => letterhead.bye(caller, peer),
            _ => return self.due = None,
        };
        acts.push(Act::Send(again));
        self.outcome.repeated += 1;
        self.gap = if self.state == State::Calling { self.gap * 2 } else { (self.gap * 2).min(T2) };
        self.due = Some((now + self.gap).min(self.gives_up));
    }

    fn over(&mut self, by: EndedBy, acts: &mut Acts) {
        if self.state == State::Talking {
            acts.push(Act::Hush);
        }
        self.state = State::Over;
        self.outcome.ended_by = by;
        (self.due, self.cancels_at, self.repeats_at) = (None, None, None);
        acts.push(Act::Over);
    }

    /// Lets 20 ms of the call pass: writes the packet that is due.
    pub fn handle_step(&mut self, voice: &Voice, out: &mut [u8; LONGEST_PACKET]) -> Step {
        let step = self.outcome.steps;
        let talk = Talk { conduct: self.outcome.conduct, place: self.place, voice };
        let pressed;
        let timestamp = |step: u64| (step as u32).wrapping_mul(FRAME_SAMPLES as u32).wrapping_add(self.ssrc);
        let (payload_type, marker, timestamp, payload): (u8, bool, u32, &[u8]) = match &talk.content(step) {
            Content::End => return Step::End,
            Content::Nothing => {
                self.outcome.steps += 1;
                self.was_silent = true;
                return Step::Nothing;
            }
            Content::Audio(frame) => (8, std::mem::take(&mut self.was_silent), timestamp(step), frame),
            Content::Key { began, payload } => {
                let events = self.media.and_then(|media| media.events).unwrap_or(101);
                pressed = *payload;
                (events, *began == step, timestamp(*began), &pressed)
            }
        };
        self.outcome.steps += 1;
        self.sequence = self.sequence.wrapping_add(1);
        let header = RtpHeader { payload_type, marker, sequence: self.sequence, timestamp, ssrc: self.ssrc };
        let (head, body) = out.split_at_mut(dauys_media::rtp::HEADER_LEN);
        head.copy_from_slice(&header.to_bytes());
        let body = body.get_mut(..payload.len()).unwrap_or_default();
        body.copy_from_slice(payload);
        Step::Packet(head.len() + body.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storm::conduct::Mix;
    use dauys_media::rtp::RtpPacket;

    fn letterhead() -> Letterhead {
        Letterhead {
            run: 1,
            to: "sip:109@192.0.2.1".to_owned(),
            sip: "192.0.2.9:5099".parse().unwrap(),
            rtp: "192.0.2.9:4000".parse().unwrap(),
        }
    }

    fn answer(request: &[u8], status: &str, body: &str) -> Message {
        let request = Message::parse(request).unwrap();
        let text = String::from_utf8(request::respond(&request, 200, "OK")).unwrap();
        let text = text.replace("200 OK", status).replace("<sip:109@192.0.2.1>", "<sip:109@192.0.2.1>;tag=x");
        let text = text.replace(
            "Content-Length: 0\r\n",
            &format!("Contact: <sip:line@192.0.2.1:5060>\r\nContent-Length: {}\r\n", body.len()),
        );
        Message::parse(format!("{text}{body}").as_bytes()).unwrap()
    }

    const SDP: &str =
        "v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n";

    fn sent(acts: &mut Acts) -> Vec<String> {
        let texts = acts.iter().filter_map(|act| match act {
            Act::Send(bytes) => Some(String::from_utf8(bytes.clone()).unwrap()),
            _ => None,
        });
        let first = texts.map(|text| text.lines().next().unwrap_or_default().to_owned()).collect();
        acts.clear();
        first
    }

    #[test]
    fn a_call_is_made_spoken_in_and_ended() {
        let (letterhead, voice, mut acts) = (letterhead(), Voice::of(&[vec![3_000; 800]]), Vec::new());
        let mut caller = Caller::new(3, Mix::Whole.conduct(1, 3, 1, 4), 0);
        caller.begin(1_000, &letterhead, &mut acts);
        let Act::Send(invite) = acts[0].clone() else { panic!() };
        acts.clear();
        caller.handle_message(9_000, &answer(&invite, "200 OK", SDP), &letterhead, &mut acts);
        assert!(acts.contains(&Act::Speak("192.0.2.1:4000".parse().unwrap())), "{acts:?}");
        assert_eq!(sent(&mut acts), ["ACK sip:line@192.0.2.1:5060 SIP/2.0"]);
        let mut out = [0; LONGEST_PACKET];
        let mut timestamps = Vec::new();
        while let Step::Packet(length) = caller.handle_step(&voice, &mut out) {
            timestamps.push(RtpPacket::parse(&out[..length]).unwrap().timestamp);
        }
        assert!(timestamps.len() == 4 && timestamps.windows(2).all(|pair| pair[1] - pair[0] == 160));
        caller.leave(90_000, &letterhead, &mut acts);
        let Act::Send(bye) = acts[1].clone() else { panic!() };
        assert_eq!(sent(&mut acts), ["BYE sip:line@192.0.2.1:5060 SIP/2.0"]);
        caller.handle_message(91_000, &answer(&bye, "200 OK", ""), &letterhead, &mut acts);
        let outcome = caller.outcome();
        assert_eq!((outcome.status, outcome.setup_us, outcome.ended_by), (200, 8_000, EndedBy::Caller));
        assert_eq!(caller.poll_timeout(), None);
    }

    #[test]
    fn what_is_not_answered_is_repeated_and_given_up() {
        let (letterhead, mut acts) = (letterhead(), Vec::new());
        let mut caller = Caller::new(3, Mix::Whole.conduct(1, 3, 1, 4), 0);
        caller.begin(0, &letterhead, &mut acts);
        let mut times = Vec::new();
        while let Some(due) = caller.poll_timeout() {
            caller.handle_timeout(due, &letterhead, &mut acts);
            times.push(due / 1_000);
        }
        assert_eq!(times, [500, 1_500, 3_500, 7_500, 15_500, 31_500, 32_000]);
        assert_eq!((caller.outcome().status, acts.last()), (0, Some(&Act::Over)));
    }

    #[test]
    fn a_refusal_is_acknowledged_and_a_wrong_ack_is_mended() {
        let (letterhead, mut acts) = (letterhead(), Vec::new());
        let mut caller = Caller::new(3, Mix::Whole.conduct(1, 3, 1, 4), 0);
        caller.begin(0, &letterhead, &mut acts);
        let Act::Send(invite) = acts[0].clone() else { panic!() };
        acts.clear();
        caller.handle_message(1_000, &answer(&invite, "503 Service Unavailable", ""), &letterhead, &mut acts);
        assert_eq!(sent(&mut acts), ["ACK sip:109@192.0.2.1 SIP/2.0"]);
        assert_eq!(caller.outcome().status, 503);

        let conduct = Conduct { acknowledges_wrongly: true, ..Mix::Whole.conduct(1, 3, 1, 4) };
        let mut caller = Caller::new(4, conduct, 0);
        caller.begin(0, &letterhead, &mut acts);
        for expected in ["CSeq: 77 ACK", "CSeq: 1 ACK"] {
            acts.clear();
            caller.handle_message(1_000, &answer(&invite, "200 OK", SDP), &letterhead, &mut acts);
            let Act::Send(ack) = &acts[0] else { panic!() };
            assert!(String::from_utf8_lossy(ack).contains(expected));
        }
    }
}
