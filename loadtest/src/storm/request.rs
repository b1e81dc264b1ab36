//! The text of a caller's requests, and what is read of the answers. Pure; what a server sends is read by the strict wire layer.

use dauys_sip::wire::{Message, Name, Writer};
use std::net::{IpAddr, SocketAddr};

/// What all requests of one thread have in common.
#[derive(Clone, Debug)]
pub struct Letterhead {
    /// Names the run in Call-IDs and branches.
    pub run: u64,
    /// Whom to call, as a SIP URI.
    pub to: String,
    /// Where SIP is sent from.
    pub sip: SocketAddr,
    /// Where RTP is sent from, and heard.
    pub rtp: SocketAddr,
}

/// What a caller learnt of the other side from its answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peer {
    /// The To header field with its tag.
    pub to: String,
    /// Where requests within the call go: the Contact's URI.
    pub uri: String,
    /// The Route header fields, one a line; mostly none.
    pub routes: String,
}

/// What the answer says of the media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Media {
    /// Where to send RTP.
    pub rtp: SocketAddr,
    /// The payload type of telephone events.
    pub events: Option<u8>,
}

impl Letterhead {
    /// Returns the Call-ID of a caller.
    pub fn call_id(&self, caller: u64) -> String {
        format!("storm-{:x}-{caller}@{}", self.run, self.sip.ip())
    }

    /// Finds the caller in a Call-ID.
    pub fn caller(&self, call_id: &str) -> Option<u64> {
        let rest = call_id.strip_prefix("storm-")?.split('@').next()?;
        let (run, caller) = rest.split_once('-')?;
        (u64::from_str_radix(run, 16).ok()? == self.run).then(|| caller.parse().ok())?
    }

    /// Returns the From header field of a caller: a number that nobody has.
    fn from(&self, caller: u64) -> String {
        format!("<sip:770000000{:02}@{}>;tag={:x}{caller:x}", caller % 100, self.sip, self.run)
    }

    fn start(&self, method: &str, uri: &str, caller: u64, branch: u32, to: &str, cseq: (u32, &str)) -> Writer {
        let mut writer = Writer::request(method, uri);
        let via = format!("SIP/2.0/UDP {};branch=z9hG4bK{:x}.{caller:x}.{branch};rport", self.sip, self.run);
        writer
            .header(Name::Via, via)
            .header(Name::MaxForwards, "70")
            .header(Name::From, self.from(caller))
            .header(Name::To, to)
            .header(Name::CallId, self.call_id(caller))
            .header(Name::CSeq, format!("{} {}", cseq.0, cseq.1))
            .named("User-Agent", concat!("dauys-storm/", env!("CARGO_PKG_VERSION")));
        writer
    }

    /// Writes the INVITE.
    pub fn invite(&self, caller: u64) -> Vec<u8> {
        let to = format!("<{}>", self.to);
        let mut writer = self.start("INVITE", &self.to, caller, 1, &to, (1, "INVITE"));
        writer.header(Name::Contact, format!("<sip:storm@{}>", self.sip));
        writer.header(Name::Allow, "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE");
        writer.finish("application/sdp", self.offer(caller).as_bytes())
    }

    fn offer(&self, caller: u64) -> String {
        let (ip, port) = (self.rtp.ip(), self.rtp.port());
        let family = if ip.is_ipv4() { "IP4" } else { "IP6" };
        format!(
            "v=0\r\no=- {caller} 1 IN {family} {ip}\r\ns=-\r\nc=IN {family} {ip}\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n\
             a=fmtp:101 0-15\r\na=ptime:20\r\na=rtcp-mux\r\na=sendrecv\r\n"
        )
    }

    /// Writes the CANCEL of the INVITE.
    pub fn cancel(&self, caller: u64) -> Vec<u8> {
        let to = format!("<{}>", self.to);
        self.start("CANCEL", &self.to, caller, 1, &to, (1, "CANCEL")).finish("", &[])
    }

    /// Writes the ACK of a refusal, which belongs to the INVITE's own transaction.
    pub fn ack_refusal(&self, caller: u64, to: &str) -> Vec<u8> {
        self.start("ACK", &self.to, caller, 1, to, (1, "ACK")).finish("", &[])
    }

    /// Writes the ACK of an answer; a wrong one names a request that was never made.
    pub fn ack(&self, caller: u64, peer: &Peer, is_wrong: bool) -> Vec<u8> {
        let cseq = if is_wrong { 77 } else { 1 };
        self.within("ACK", caller, peer, if is_wrong { 4 } else { 2 }, cseq)
    }

    /// Writes the BYE.
    pub fn bye(&self, caller: u64, peer: &Peer) -> Vec<u8> {
        self.within("BYE", caller, peer, 3, 2)
    }

    fn within(&self, method: &str, caller: u64, peer: &Peer, branch: u32, cseq: u32) -> Vec<u8> {
        let mut writer = self.start(method, &peer.uri, caller, branch, &peer.to, (cseq, method));
        for route in peer.routes.lines() {
            writer.header(Name::Route, route);
        }
        writer.finish("", &[])
    }
}

/// Answers a request of the other side.
pub fn respond(request: &Message, status: u16, reason: &str) -> Vec<u8> {
    let mut writer = Writer::response(status, reason);
    for name in [Name::Via, Name::From, Name::To, Name::CallId, Name::CSeq] {
        for value in request.headers(name) {
            writer.header(name, value);
        }
    }
    writer.finish("", &[])
}

/// Reads who answered; nothing where the answer does not say where to go on.
pub fn peer(answer: &Message) -> Option<Peer> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let contact = text(answer.values(Name::Contact).next()?);
    let uri = match contact.split_once('<') {
        Some((_, rest)) => rest.split('>').next()?.to_owned(),
        None => contact.split(';').next()?.trim().to_owned(),
    };
    let mut routes: Vec<String> = answer.values(Name::RecordRoute).map(text).collect();
    routes.reverse();
    Some(Peer { to: text(answer.header(Name::To)?), uri, routes: routes.join("\n") })
}

/// Reads where media goes; nothing where the answer takes no A-law.
pub fn media(body: &[u8]) -> Option<Media> {
    let text = std::str::from_utf8(body).ok()?;
    let address = |line: &str| line.split_whitespace().nth(2)?.split('/').next()?.parse::<IpAddr>().ok();
    let (mut ip, mut port, mut events, mut in_audio, mut streams) = (None, None, None, false, 0);
    for line in text.lines() {
        if let Some(stream) = line.strip_prefix("m=") {
            streams += 1;
            in_audio = stream.starts_with("audio ") && port.is_none();
            let mut fields = stream.split_whitespace().skip(1);
            let number = fields.next().and_then(|field| field.split('/').next()?.parse::<u16>().ok());
            if in_audio && fields.skip(1).any(|format| format == "8") {
                port = number.filter(|port| *port != 0);
            }
        } else if line.starts_with("c=IN ") && (streams == 0 || in_audio) {
            ip = address(line).or(ip);
        } else if let Some(map) = line.strip_prefix("a=rtpmap:").filter(|_| in_audio) {
            let (number, name) = map.split_once(' ')?;
            if name.to_ascii_lowercase().starts_with("telephone-event/8000") {
                events = number.parse().ok();
            }
        }
    }
    Some(Media { rtp: SocketAddr::new(ip?, port?), events })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn letterhead() -> Letterhead {
        Letterhead {
            run: 0xABC,
            to: "sip:109@192.0.2.1".to_owned(),
            sip: "192.0.2.9:5099".parse().unwrap(),
            rtp: "192.0.2.9:4000".parse().unwrap(),
        }
    }

    #[test]
    fn requests_are_legal_and_name_their_caller() {
        let letterhead = letterhead();
        let peer =
            Peer { to: "<sip:109@192.0.2.1>;tag=1".into(), uri: "sip:109@192.0.2.1:5060".into(), ..Peer::default() };
        for bytes in [
            letterhead.invite(7),
            letterhead.cancel(7),
            letterhead.ack(7, &peer, false),
            letterhead.ack(7, &peer, true),
            letterhead.ack_refusal(7, &peer.to),
            letterhead.bye(7, &peer),
        ] {
            let message = Message::parse(&bytes).unwrap();
            assert_eq!(letterhead.caller(message.call_id().unwrap()), Some(7));
        }
        assert_eq!(letterhead.caller("storm-abd-7@192.0.2.9"), None, "another run's");
        let invite = Message::parse(&letterhead.invite(7)).unwrap();
        let media = media(invite.body()).unwrap();
        assert_eq!((media.rtp, media.events), (letterhead.rtp, Some(101)));
    }

    #[test]
    fn an_answer_that_takes_no_a_law_names_no_place() {
        assert_eq!(media(b"v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\n"), None);
        assert_eq!(media(b"v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 0 RTP/AVP 8\r\n"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_media_or_nothing(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = media(&bytes);
        }

        #[test]
        fn any_lines_are_media_or_nothing(text in "(m=audio|c=IN IP4|a=rtpmap:|m=|c=| |8|/|\r\n|[0-9.]{0,5}){0,40}") {
            let _ = media(text.as_bytes());
        }
    }
}
