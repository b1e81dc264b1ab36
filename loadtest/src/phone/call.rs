//! The test phone's shell: one call with real sockets and a real clock.

use super::caller::{CallPlan, Caller, Step};
use super::target::Target;
use dauys_media::g711::Codec;
use dauys_media::rtp::{RtpHeader, RtpPacket};
use dauys_sip::sdp::{self, Capabilities};
use dauys_sip::{CallHandle, Cause, Config, Endpoint, Event, Input, InviteParams, Output, Transport};
use jiff::Timestamp;
use serde::Serialize;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};
use thiserror::Error;
use tokio::net::UdpSocket;
use tokio::time::MissedTickBehavior;

/// The longest that a phone waits for an answer, and for the other side to hang up after the last word.
const ANSWER_PATIENCE: Duration = Duration::from_secs(32);
const GOODBYE_PATIENCE: Duration = Duration::from_secs(90);
/// How long the phone stays to repeat its last answer after the call.
const LINGER: Duration = Duration::from_millis(200);

/// What the phone saw of a call.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CallReport {
    /// The SIP Call-ID.
    pub call_id: String,
    /// The status of the answer: 200, or why it was refused.
    pub status: u16,
    /// From INVITE to the answer, in milliseconds.
    pub setup_ms: f64,
    /// The codec that was agreed on.
    pub codec: &'static str,
    /// How many tones to speak were heard.
    pub tones: u32,
    /// When the last word was sent.
    pub last_word_at: Option<Timestamp>,
    /// RTP packets sent.
    pub sent: u64,
    /// RTP packets received.
    pub received: u64,
    /// Whether the other side hung up, as it does when it has said everything.
    pub hung_up_by_peer: bool,
    /// What was heard, in G.711 as it came.
    #[serde(skip)]
    pub heard: Vec<u8>,
}

/// Why a call could not be made.
#[derive(Debug, Error)]
pub enum CallError {
    /// A socket failed.
    #[error("{0}")]
    Socket(#[from] std::io::Error),
    /// Nobody answered.
    #[error("{0} does not answer: is dauys running there, and is this the address that it listens on?")]
    NoAnswer(SocketAddr),
    /// The call was refused.
    #[error("the call was refused: {status} {reason}{}", retry_after.map(|s| format!(", try again in {s} s")).unwrap_or_default())]
    Refused {
        /// The status.
        status: u16,
        /// The reason phrase.
        reason: String,
        /// After how many seconds to try again.
        retry_after: Option<u32>,
    },
    /// The answer cannot be used.
    #[error("the answer cannot be used: {0}")]
    Answer(String),
}

/// Places one call and stays in it until it is over.
///
/// # Errors
/// [`CallError`] where no call came about.
pub async fn place(target: &Target, from: &str, plan: CallPlan, codecs: &[Codec]) -> Result<CallReport, CallError> {
    let mut phone = Phone::new(target, from, codecs).await?;
    let negotiated = phone.dial().await?;
    phone.talk(plan, negotiated).await
}

/// What was agreed on, as the phone needs it.
struct Agreed {
    codec: Codec,
    payload_type: u8,
    dtmf_payload_type: Option<u8>,
    remote: SocketAddr,
}

struct Phone {
    endpoint: Endpoint,
    call: CallHandle,
    sip: UdpSocket,
    rtp: UdpSocket,
    peer: SocketAddr,
    capabilities: Capabilities,
    report: CallReport,
    started: Instant,
    over: bool,
    answer: Option<Vec<u8>>,
    refused: Option<CallError>,
}

#[expect(clippy::disallowed_methods, reason = "the shell's clock")]
fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "the shell's clock")]
fn wall() -> Timestamp {
    Timestamp::now()
}

/// Finds the local address from which the peer is reached.
async fn local_ip(peer: SocketAddr) -> std::io::Result<IpAddr> {
    let any: IpAddr = if peer.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let probe = UdpSocket::bind((any, 0)).await?;
    probe.connect(peer).await?;
    Ok(probe.local_addr()?.ip())
}

impl Phone {
    async fn new(target: &Target, from: &str, codecs: &[Codec]) -> Result<Self, CallError> {
        let ip = local_ip(target.address).await?;
        let sip = UdpSocket::bind((ip, 0)).await?;
        let rtp = UdpSocket::bind((ip, 0)).await?;
        let mut config = Config::new(rand::random());
        config.user_agent = concat!("dauys-phone/", env!("CARGO_PKG_VERSION")).to_owned();
        config.contact_user = "phone".to_owned();
        let mut endpoint = Endpoint::new(config);
        let mut capabilities = Capabilities::g711(rtp.local_addr()?);
        capabilities.codecs = codecs
            .iter()
            .map(|codec| match codec {
                Codec::Alaw => sdp::Codec::Pcma,
                Codec::Ulaw => sdp::Codec::Pcmu,
            })
            .collect();
        let local = sip.local_addr()?;
        let started = now();
        let (to, from) = (format!("sip:{}@{}", target.user, target.host), format!("sip:{from}@{local}"));
        let offer = sdp::offer(&capabilities);
        let params = InviteParams {
            to: &to,
            from: &from,
            peer: target.address,
            local,
            transport: Transport::Udp,
            sdp: Some(offer.as_bytes()),
        };
        let call = endpoint.invite(started, params).map_err(|error| CallError::Answer(error.to_string()))?;
        let report = CallReport {
            call_id: endpoint.call_id(call).unwrap_or_default().to_owned(),
            status: 0,
            setup_ms: 0.0,
            codec: "",
            tones: 0,
            last_word_at: None,
            sent: 0,
            received: 0,
            hung_up_by_peer: false,
            heard: Vec::new(),
        };
        Ok(Self {
            endpoint,
            call,
            sip,
            rtp,
            peer: target.address,
            capabilities,
            report,
            started,
            over: false,
            answer: None,
            refused: None,
        })
    }

    async fn dial(&mut self) -> Result<Agreed, CallError> {
        let patience = self.started + ANSWER_PATIENCE;
        loop {
            self.flush().await?;
            if self.answer.is_some() {
                break;
            }
            if let Some(refused) = self.refused.take() {
                return Err(refused);
            }
            if self.over || now() > patience {
                return Err(CallError::NoAnswer(self.peer));
            }
            let due = self.endpoint.poll_timeout().unwrap_or(patience).min(patience);
            let mut buffer = [0u8; 65_535];
            tokio::select! {
                received = self.sip.recv_from(&mut buffer) => self.take_sip(received, &buffer),
                () = tokio::time::sleep_until(due.into()) => {}
            }
            self.endpoint.handle_timeout(now());
        }
        self.flush().await?;
        self.report.status = 200;
        self.report.setup_ms = self.started.elapsed().as_secs_f64() * 1_000.0;
        let answer = self.answer.take().unwrap_or_default();
        let agreed = sdp::accept_answer(&answer, &self.capabilities);
        if agreed.is_err() {
            let _ = self.endpoint.hangup(self.call, now());
            self.flush().await?;
        }
        let agreed = agreed.map_err(|error| CallError::Answer(error.to_string()))?;
        let codec = match agreed.codec {
            sdp::Codec::Pcma => Codec::Alaw,
            sdp::Codec::Pcmu => Codec::Ulaw,
            _ => return Err(CallError::Answer("a codec that was not offered".to_owned())),
        };
        self.report.codec = codec.name();
        Ok(Agreed {
            codec,
            payload_type: agreed.payload_type,
            dtmf_payload_type: agreed.dtmf_pt,
            remote: agreed.remote,
        })
    }

    async fn talk(mut self, plan: CallPlan, agreed: Agreed) -> Result<CallReport, CallError> {
        let header = RtpHeader {
            payload_type: agreed.payload_type,
            marker: true,
            sequence: rand::random(),
            timestamp: rand::random(),
            ssrc: rand::random(),
        };
        let mut caller = Caller::new(plan, agreed.codec, agreed.dtmf_payload_type, header);
        let mut clock = tokio::time::interval(Duration::from_millis(20));
        clock.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let (mut sip_buffer, mut rtp_buffer, mut out) = ([0u8; 65_535], [0u8; 2_048], Vec::with_capacity(256));
        let mut goodbye: Option<Instant> = None;
        while !self.over {
            self.flush().await?;
            tokio::select! {
                _ = clock.tick() => {
                    let step = caller.handle_step(&mut out);
                    self.rtp.send_to(&out, agreed.remote).await?;
                    self.report.sent += 1;
                    match step {
                        Step::On => {}
                        Step::LastWord => self.report.last_word_at = Some(wall()),
                        Step::HangUp => _ = self.endpoint.hangup(self.call, now()),
                    }
                    if caller.is_done() && now() > *goodbye.get_or_insert_with(|| now() + GOODBYE_PATIENCE) {
                        let _ = self.endpoint.hangup(self.call, now());
                    }
                }
                received = self.rtp.recv_from(&mut rtp_buffer) => self.take_rtp(received, &rtp_buffer, &agreed, &mut caller),
                received = self.sip.recv_from(&mut sip_buffer) => self.take_sip(received, &sip_buffer),
            }
            self.endpoint.handle_timeout(now());
        }
        self.report.tones = caller.tones();
        self.linger().await?;
        Ok(self.report)
    }

    fn take_rtp(
        &mut self,
        received: std::io::Result<(usize, SocketAddr)>,
        buffer: &[u8],
        agreed: &Agreed,
        caller: &mut Caller,
    ) {
        let Ok((length, from)) = received else { return };
        let Ok(packet) = RtpPacket::parse(buffer.get(..length).unwrap_or_default()) else { return };
        if from.ip() == agreed.remote.ip() && packet.payload_type == agreed.payload_type {
            self.report.received += 1;
            self.report.heard.extend_from_slice(packet.payload);
            caller.hear(packet.payload);
        }
    }

    /// An error here is an earlier message that found no listener; the transaction's timers decide what that means.
    fn take_sip(&mut self, received: std::io::Result<(usize, SocketAddr)>, buffer: &[u8]) {
        let (Ok((length, peer)), Ok(local)) = (received, self.sip.local_addr()) else { return };
        let bytes = buffer.get(..length).unwrap_or_default();
        self.endpoint.handle_input(now(), Input::Datagram { local, peer, transport: Transport::Udp, bytes });
    }

    async fn flush(&mut self) -> Result<(), CallError> {
        while let Some(output) = self.endpoint.poll_output() {
            match output {
                Output::Send { peer, bytes, .. } => drop(self.sip.send_to(&bytes, peer).await?),
                Output::Event(event) => self.handle_event(event),
            }
        }
        Ok(())
    }

    fn handle_event(&mut self, event: Event) {
        match event {
            Event::Answered { sdp, .. } => self.answer = Some(sdp.unwrap_or_default()),
            Event::Rejected { status, reason, retry_after, .. } => {
                self.refused = Some(CallError::Refused { status, reason, retry_after });
            }
            Event::Ended { cause, .. } => {
                self.over = true;
                self.report.hung_up_by_peer = cause == Cause::Bye;
            }
            Event::MediaUpdate { call, sdp: Some(offer) } => {
                let answer = sdp::answer(&offer, &self.capabilities).map(|agreed| agreed.answer);
                let _ = self.endpoint.reply_update(call, now(), answer.unwrap_or_default().as_bytes());
            }
            _ => {}
        }
    }

    /// Stays a little, so that a repeated BYE still finds its answer.
    async fn linger(&mut self) -> Result<(), CallError> {
        let until = now() + LINGER;
        let mut buffer = [0u8; 65_535];
        while now() < until {
            self.flush().await?;
            tokio::select! {
                received = self.sip.recv_from(&mut buffer) => self.take_sip(received, &buffer),
                () = tokio::time::sleep_until(until.into()) => {}
            }
            self.endpoint.handle_timeout(now());
        }
        self.flush().await
    }
}
