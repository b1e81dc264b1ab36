//! Offer and answer for one audio stream (RFC 3264, RFC 8866): G.711, G.722, Opus and telephone events over RTP/AVP or RTP/SAVP.
//!
//! `sdp-types` reads and writes the syntax; sizes are bounded before it runs. Further streams of an offer, and streams
//! with another profile, are refused with port 0. Streams are not bundled: a group in the offer is left out of the answer.

mod codec;
mod crypto;
mod direction;

use std::net::{IpAddr, SocketAddr};

use sdp_types::{Attribute, Connection, Media, Origin, Session};
use thiserror::Error;

pub use codec::Codec;
pub use crypto::{Secret, Srtp, SrtpPolicy, Suite};
pub use direction::Direction;

/// The longest description read, in bytes.
pub const MAX_SDP: usize = 16 * 1024;
/// The most lines read.
pub const MAX_LINES: usize = 512;
/// The most media streams read.
pub const MAX_STREAMS: usize = 16;

const PLAIN: &str = "RTP/AVP";
const SECURE: &str = "RTP/SAVP";

/// What this side can do, and where it wants its media.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// The address that the peer should send to.
    pub local_ip: IpAddr,
    /// The RTP port.
    pub port: u16,
    /// The RTCP port, if it is not the one after `port` (announced with `a=rtcp`, RFC 3605).
    pub rtcp_port: Option<u16>,
    /// The codecs accepted, most wanted first: of those that an offer has, the first of these is taken.
    pub codecs: Vec<Codec>,
    /// The payload type for telephone events in an offer; in an answer only whether they are taken.
    pub dtmf_pt: Option<u8>,
    /// The packet length wanted, in milliseconds.
    pub ptime_ms: u32,
    /// Whether RTCP may share the RTP port (RFC 5761); in an offer, whether to propose it.
    pub rtcp_mux: bool,
    /// Whether this side encrypts; with neither secret nor policy it does not.
    pub srtp: SrtpPolicy,
    /// The secret of what this side would send encrypted: random bytes, new for each call.
    pub srtp_secret: Option<Secret>,
    /// What this side wants to do: [`Direction::SendRecv`] for a call.
    pub direction: Direction,
    /// The session's number in `o=`: one number for all descriptions of a call.
    pub session_id: u64,
    /// The description's version in `o=`: one more each time the description changes.
    pub version: u64,
}

impl Capabilities {
    /// G.711 A-law before µ-law, telephone events, 20 ms packets, at this address.
    #[must_use]
    pub fn g711(local: SocketAddr) -> Self {
        Self {
            local_ip: local.ip(),
            port: local.port(),
            rtcp_port: None,
            codecs: vec![Codec::Pcma, Codec::Pcmu],
            dtmf_pt: Some(101),
            ptime_ms: 20,
            rtcp_mux: true,
            srtp: SrtpPolicy::Refused,
            srtp_secret: None,
            direction: Direction::SendRecv,
            session_id: 1,
            version: 1,
        }
    }
}

/// What both sides agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Negotiated {
    /// The answer to send; empty when this side made the offer.
    pub answer: String,
    /// The codec for both ways.
    pub codec: Codec,
    /// The codec's payload type.
    pub payload_type: u8,
    /// The payload type of telephone events, if both sides have them.
    pub dtmf_pt: Option<u8>,
    /// Where to send RTP. Unspecified (`0.0.0.0`) when the peer holds the call the old way.
    pub remote: SocketAddr,
    /// Where to send RTCP.
    pub remote_rtcp: SocketAddr,
    /// Which way media flows, as seen from this side.
    pub direction: Direction,
    /// The packet length to send, in milliseconds.
    pub ptime_ms: u32,
    /// Whether RTCP shares the RTP port.
    pub rtcp_mux: bool,
    /// How both sides encrypt; none over RTP/AVP.
    pub srtp: Option<Srtp>,
}

/// Why an offer or an answer cannot be used. Carries nothing that the peer wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SdpError {
    /// Larger than [`MAX_SDP`], [`MAX_LINES`] or [`MAX_STREAMS`].
    #[error("the session description is too large")]
    TooLarge,
    /// Not a session description.
    #[error("malformed session description")]
    Malformed,
    /// No audio stream with an accepted profile.
    #[error("no audio stream over RTP/AVP")]
    NoAudio,
    /// The stream is not encrypted, or in no way that both sides have, and this side wants it so.
    #[error("the audio stream cannot be encrypted as it must")]
    Unencrypted,
    /// No codec that both sides have.
    #[error("no common codec")]
    NoCommonCodec,
    /// An address that is a name, or of the other IP version.
    #[error("unusable network address")]
    Address,
    /// The answer does not fit the offer.
    #[error("the answer does not fit the offer")]
    NotAnAnswer,
}

impl SdpError {
    /// The status to reject the request with.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::TooLarge => 413,
            Self::Malformed => 400,
            _ => 488,
        }
    }

    /// The Warning code and text that go with the status (RFC 3261 §20.43).
    #[must_use]
    pub fn warning(self) -> (u16, &'static str) {
        match self {
            Self::NoAudio | Self::Unencrypted => (302, "Incompatible transport protocol"),
            Self::NoCommonCodec => (305, "Incompatible media format"),
            Self::Address => (301, "Incompatible network address formats"),
            _ => (399, "Unusable session description"),
        }
    }
}

/// Answers an offer.
///
/// # Errors
/// [`SdpError`] when the offer cannot be read or holds no stream that both sides can do.
pub fn answer(offer: &[u8], capabilities: &Capabilities) -> Result<Negotiated, SdpError> {
    let session = read(offer)?;
    let mut verdict = Err(SdpError::NoAudio);
    let mut medias = Vec::with_capacity(session.medias.len());
    for media in &session.medias {
        let stream = if verdict.is_ok() { Err(SdpError::NoAudio) } else { Stream::read(&session, media, capabilities) };
        match stream {
            Ok(stream) => {
                medias.push(stream.media(capabilities));
                verdict = Ok(stream);
            }
            Err(error) => {
                medias.push(refused(media));
                verdict = verdict.map_err(|first| if first == SdpError::NoAudio { error } else { first });
            }
        }
    }
    let mut description = describe(capabilities);
    description.times.clone_from(&session.times);
    description.medias = medias;
    verdict?.negotiated(&description)
}

/// Makes an offer.
#[must_use]
pub fn offer(capabilities: &Capabilities) -> String {
    let codecs = capabilities.codecs.iter().map(|codec| (*codec, codec.payload_type())).collect();
    let fast = capabilities.codecs.contains(&Codec::Opus);
    let slow = capabilities.codecs.iter().any(|codec| *codec != Codec::Opus);
    // Events count by the clock of the codec that they come beside, so each clock has its own.
    let clocks = [(slow, 8_000, 0), (fast, 48_000, u8::from(slow))];
    let events = capabilities.dtmf_pt.into_iter().flat_map(|pt| {
        clocks
            .into_iter()
            .filter(|(used, ..)| *used)
            .map(move |(_, clock, further)| (pt.saturating_add(further), clock))
    });
    let mut description = describe(capabilities);
    let shape = Shape {
        codecs,
        events: events.collect(),
        srtp: offered_srtp(capabilities),
        ptime_ms: capabilities.ptime_ms,
        direction: capabilities.direction,
        rtcp_mux: capabilities.rtcp_mux,
    };
    description.medias.push(shape.media(capabilities));
    text(&description)
}

/// Reads the answer to an offer made with [`offer`] from the same capabilities.
///
/// # Errors
/// [`SdpError`] when the answer cannot be read, refuses the stream or does not fit the offer.
pub fn accept_answer(answer: &[u8], capabilities: &Capabilities) -> Result<Negotiated, SdpError> {
    let session = read(answer)?;
    let [media] = session.medias.as_slice() else { return Err(SdpError::NotAnAnswer) };
    let mut stream = Stream::read(&session, media, capabilities)?;
    let offered = |pt: u8| capabilities.codecs.iter().any(|c| c.payload_type() == pt);
    if !offered(stream.payload_type) {
        return Err(SdpError::NotAnAnswer);
    }
    // An answer may choose what was offered, and nothing else (RFC 4568 §5.1.2).
    let chosen = stream.srtp.map(|srtp| (srtp.tag, srtp.suite));
    if chosen != offered_srtp(capabilities).map(|srtp| (srtp.tag, srtp.suite)) {
        return Err(SdpError::NotAnAnswer);
    }
    stream.rtcp_mux = stream.rtcp_mux && capabilities.rtcp_mux;
    Ok(stream.agreed(String::new()))
}

fn offered_srtp(capabilities: &Capabilities) -> Option<Srtp> {
    capabilities.srtp_secret.filter(|_| capabilities.srtp == SrtpPolicy::Required).map(Srtp::offered)
}

/// One usable stream of the peer's description, met with what this side can do.
struct Stream {
    codec: Codec,
    payload_type: u8,
    /// Payload type and clock of telephone events.
    events: Option<(u8, u32)>,
    srtp: Option<Srtp>,
    remote: SocketAddr,
    remote_rtcp: SocketAddr,
    direction: Direction,
    ptime_ms: u32,
    rtcp_mux: bool,
}

impl Stream {
    fn read(session: &Session, media: &Media, capabilities: &Capabilities) -> Result<Self, SdpError> {
        if !media.media.eq_ignore_ascii_case("audio") || media.port == 0 {
            return Err(SdpError::NoAudio);
        }
        let srtp = protection(media, capabilities)?;
        let formats = codec::formats(media);
        let (codec, payload_type) =
            codec::choose(media, &formats, &capabilities.codecs).ok_or(SdpError::NoCommonCodec)?;
        let events = capabilities.dtmf_pt.and_then(|_| codec::events(media, &formats, codec));
        let ip = address(session, media)?;
        if ip.is_ipv4() != capabilities.local_ip.is_ipv4() {
            return Err(SdpError::Address);
        }
        let remote = SocketAddr::new(ip, media.port);
        let rtcp_mux = capabilities.rtcp_mux && attribute(media, "rtcp-mux").is_some();
        Ok(Self {
            codec,
            payload_type,
            events,
            srtp,
            remote,
            remote_rtcp: if rtcp_mux { remote } else { rtcp_address(media, remote) },
            direction: direction::mirrored(session, media, ip, capabilities.direction),
            ptime_ms: ptime(media, capabilities.ptime_ms),
            rtcp_mux,
        })
    }

    fn media(&self, capabilities: &Capabilities) -> Media {
        let shape = Shape {
            codecs: vec![(self.codec, self.payload_type)],
            events: self.events.into_iter().collect(),
            srtp: self.srtp,
            ptime_ms: self.ptime_ms,
            direction: self.direction,
            rtcp_mux: self.rtcp_mux,
        };
        shape.media(capabilities)
    }

    fn negotiated(self, description: &Session) -> Result<Negotiated, SdpError> {
        Ok(self.agreed(text(description)))
    }

    fn agreed(self, answer: String) -> Negotiated {
        Negotiated {
            answer,
            codec: self.codec,
            payload_type: self.payload_type,
            dtmf_pt: self.events.map(|(payload_type, _)| payload_type),
            remote: self.remote,
            remote_rtcp: self.remote_rtcp,
            direction: self.direction,
            ptime_ms: self.ptime_ms,
            rtcp_mux: self.rtcp_mux,
            srtp: self.srtp,
        }
    }
}

/// The attributes of a stream that this side writes.
struct Shape {
    codecs: Vec<(Codec, u8)>,
    events: Vec<(u8, u32)>,
    srtp: Option<Srtp>,
    ptime_ms: u32,
    direction: Direction,
    rtcp_mux: bool,
}

impl Shape {
    fn media(&self, capabilities: &Capabilities) -> Media {
        let numbers = self.codecs.iter().map(|(_, pt)| *pt).chain(self.events.iter().map(|(pt, _)| *pt));
        let list: Vec<String> = numbers.map(|pt| pt.to_string()).collect();
        let mut attributes: Vec<Attribute> = Vec::new();
        for (codec, pt) in &self.codecs {
            attributes.push(Attribute::with_value("rtpmap", format!("{pt} {}", codec.encoding())));
            let parameters = codec.parameters();
            attributes.extend(parameters.map(|value| Attribute::with_value("fmtp", format!("{pt} {value}"))));
        }
        for (pt, clock) in &self.events {
            attributes.push(Attribute::with_value("rtpmap", format!("{pt} telephone-event/{clock}")));
            attributes.push(Attribute::with_value("fmtp", format!("{pt} 0-15")));
        }
        attributes.extend(self.srtp.map(|srtp| Attribute::with_value("crypto", srtp.line())));
        attributes.push(Attribute::with_value("ptime", self.ptime_ms));
        attributes.extend(capabilities.rtcp_port.map(|port| Attribute::with_value("rtcp", port)));
        if self.rtcp_mux {
            attributes.push(Attribute::new("rtcp-mux"));
        }
        attributes.push(Attribute::new(self.direction.attribute()));
        let profile = if self.srtp.is_some() { SECURE } else { PLAIN };
        let mut media = blank("audio", capabilities.port, profile, &list.join(" "));
        media.attributes = attributes;
        media
    }
}

fn read(description: &[u8]) -> Result<Session, SdpError> {
    if description.len() > MAX_SDP || description.iter().filter(|b| **b == b'\n').count() > MAX_LINES {
        return Err(SdpError::TooLarge);
    }
    // Names in another character set do no harm: only ASCII fields are used.
    let lossy = String::from_utf8_lossy(description);
    let session = Session::parse(lossy.as_bytes()).map_err(|_| SdpError::Malformed)?;
    if session.medias.len() > MAX_STREAMS { Err(SdpError::TooLarge) } else { Ok(session) }
}

/// How the stream's profile and keys meet what this side wants.
fn protection(media: &Media, capabilities: &Capabilities) -> Result<Option<Srtp>, SdpError> {
    if media.proto.eq_ignore_ascii_case(PLAIN) {
        let may = capabilities.srtp != SrtpPolicy::Required;
        return if may { Ok(None) } else { Err(SdpError::Unencrypted) };
    }
    if !media.proto.eq_ignore_ascii_case(SECURE) || capabilities.srtp == SrtpPolicy::Refused {
        return Err(SdpError::NoAudio);
    }
    let agreed = capabilities.srtp_secret.and_then(|secret| Srtp::read(media, secret));
    agreed.map(Some).ok_or(SdpError::Unencrypted)
}

fn attribute<'a>(media: &'a Media, name: &str) -> Option<&'a str> {
    attributes(media, name).next()
}

fn attributes<'a>(media: &'a Media, name: &str) -> impl Iterator<Item = &'a str> {
    let named = media.attributes.iter().filter(move |a| a.attribute.eq_ignore_ascii_case(name));
    named.map(|a| a.value.as_deref().unwrap_or_default().trim())
}

/// The encoding of a payload type, without the number of channels when it is one.
fn rtpmap(media: &Media, payload_type: u8) -> Option<&str> {
    let encoding =
        attributes(media, "rtpmap").filter_map(|value| value.split_once(' ')).find_map(|(pt, encoding)| {
            let same = pt.parse::<u8>().is_ok_and(|pt| pt == payload_type);
            same.then_some(encoding.trim())
        })?;
    Some(encoding.strip_suffix("/1").unwrap_or(encoding))
}

fn address(session: &Session, media: &Media) -> Result<IpAddr, SdpError> {
    let connection = media.connections.first().or(session.connection.as_ref()).ok_or(SdpError::Malformed)?;
    let ip = connection.try_address().map_err(|_| SdpError::Address)?.ip;
    if ip.is_multicast() { Err(SdpError::Address) } else { Ok(ip) }
}

/// `a=rtcp:port [IN IP4 address]` (RFC 3605), or the port after RTP's.
fn rtcp_address(media: &Media, rtp: SocketAddr) -> SocketAddr {
    let next = SocketAddr::new(rtp.ip(), rtp.port().saturating_add(1));
    let Some(value) = attribute(media, "rtcp") else { return next };
    let mut words = value.split_ascii_whitespace();
    let Some(port) = words.next().and_then(|p| p.parse().ok()) else { return next };
    let ip = words.nth(2).and_then(|a| a.parse::<IpAddr>().ok()).filter(|ip| ip.is_ipv4() == rtp.is_ipv4());
    SocketAddr::new(ip.unwrap_or(rtp.ip()), port)
}

/// The packet length that the peer asks for, in whole 10 ms from 10 to 60, and no more than it can take.
fn ptime(media: &Media, wanted: u32) -> u32 {
    let number = |name| attribute(media, name).and_then(|v| v.parse::<u32>().ok());
    let asked = number("ptime").unwrap_or(wanted).min(number("maxptime").unwrap_or(u32::MAX));
    (asked / 10 * 10).clamp(10, 60)
}

fn describe(capabilities: &Capabilities) -> Session {
    let session_id = capabilities.session_id.to_string();
    let mut origin = Origin::with_ip_addr(session_id, capabilities.version, capabilities.local_ip);
    origin.username = None;
    let mut session = Session::new(origin, "-");
    session.connection = Some(Connection::from_ip_addr(capabilities.local_ip));
    session
}

fn refused(media: &Media) -> Media {
    blank(&media.media, 0, &media.proto, &media.fmt)
}

fn blank(kind: &str, port: u16, proto: &str, formats: &str) -> Media {
    Media {
        media: kind.to_owned(),
        port,
        num_ports: None,
        proto: proto.to_owned(),
        fmt: formats.to_owned(),
        media_title: None,
        connections: Vec::new(),
        bandwidths: Vec::new(),
        key: None,
        attributes: Vec::new(),
    }
}

fn text(session: &Session) -> String {
    let mut out = Vec::with_capacity(512);
    // Writing to memory cannot fail.
    let _ = session.write(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}
