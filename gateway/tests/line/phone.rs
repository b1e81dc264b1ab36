//! A telephone as far as these tests need one: a call in text, and RTP that may be sealed.

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dauys_media::codec::Codec;
use dauys_media::play::Clip;
use dauys_media::rtp::{RtpHeader, RtpPacket, is_rtcp};
use dauys_media::srtp::{KeyMaterial, Opener, Sealer, Suite};
use tokio::net::UdpSocket;

const PATIENCE: Duration = Duration::from_secs(20);
/// Packets of the greeting that are waited for: a second.
const GREETING: usize = 50;
const SUITE: Suite = Suite::AesCm80;

/// One packet that the phone heard.
pub struct Heard {
    pub payload_type: u8,
    pub payload: Vec<u8>,
}

pub struct Phone {
    sip: UdpSocket,
    rtp: UdpSocket,
    line: SocketAddr,
    media: SocketAddr,
    to: String,
    seal: Option<(Sealer, Opener)>,
    pub payload_type: u8,
}

impl Phone {
    /// Calls, and acknowledges the answer.
    pub async fn call(line: SocketAddr, formats: &str, key: Option<[u8; 30]>) -> Self {
        let sip = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let rtp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let port = rtp.local_addr().unwrap().port();
        let crypto = key.map(|key| format!("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{}\r\n", STANDARD.encode(key)));
        let offer = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} {formats}\r\n\
             a=rtpmap:96 opus/48000/2\r\n{}",
            crypto.unwrap_or_default()
        );
        let mut phone =
            Self { sip, rtp, line, media: line, to: format!("<sip:109@{line}>"), seal: None, payload_type: 0 };
        phone.send("INVITE", 1, &offer).await;
        let answer = phone.answer().await;
        phone.send("ACK", 1, "").await;

        let media = answer.lines().find_map(|text| text.strip_prefix("m=audio ")).unwrap();
        let mut words = media.split_whitespace();
        phone.media = SocketAddr::from(([127, 0, 0, 1], words.next().unwrap().parse().unwrap()));
        phone.payload_type = words.nth(1).unwrap().parse().unwrap();
        if let Some(key) = key {
            let theirs = answer.split("inline:").nth(1).unwrap().split_whitespace().next().unwrap();
            let material = |bytes: &[u8]| KeyMaterial::new(SUITE, bytes).unwrap();
            let opener = Opener::new(SUITE, &material(&STANDARD.decode(theirs).unwrap()));
            phone.seal = Some((Sealer::new(SUITE, &material(&key)), opener));
        }
        phone
    }

    async fn send(&self, method: &str, number: u32, body: &str) {
        let own = self.sip.local_addr().unwrap();
        let text = format!(
            "{method} sip:109@{line} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bK{method}{number};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:77000000001@{own}>;tag=phone\r\nTo: {to}\r\nCall-ID: {port}@phone\r\n\
             CSeq: {number} {method}\r\nContact: <sip:phone@{own}>\r\nContent-Type: application/sdp\r\n\
             Content-Length: {length}\r\n\r\n{body}",
            line = self.line,
            to = self.to,
            port = own.port(),
            length = body.len(),
        );
        self.sip.send_to(text.as_bytes(), self.line).await.unwrap();
    }

    /// Waits for the 200, and takes the tag from it.
    async fn answer(&mut self) -> String {
        let mut bytes = [0; 4_096];
        loop {
            let (length, _) = tokio::time::timeout(PATIENCE, self.sip.recv_from(&mut bytes)).await.unwrap().unwrap();
            let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
            let status = text.split_whitespace().nth(1).unwrap().to_owned();
            if status.starts_with('1') {
                continue;
            }
            assert_eq!(status, "200", "{text}");
            let to = text.lines().find_map(|line| line.strip_prefix("To: ")).unwrap();
            self.to = to.to_owned();
            return text;
        }
    }

    /// Listens to a second of the greeting, says a clip at the pace of speech, then hangs up; returns what was heard.
    pub async fn say_and_hang_up(mut self, codec: Codec, clip: &Clip) -> Vec<Heard> {
        let mut heard = Vec::new();
        let mut clock = tokio::time::interval(Duration::from_millis(20));
        let greeted = async {
            while heard.len() < GREETING {
                clock.tick().await;
                self.listen(&mut heard);
            }
        };
        tokio::time::timeout(PATIENCE, greeted).await.unwrap();
        for nth in 0..clip.frames() {
            clock.tick().await;
            let header = RtpHeader {
                payload_type: self.payload_type,
                marker: nth == 0,
                sequence: nth as u16,
                timestamp: nth as u32 * 160 * codec.steps_per_tick(),
                ssrc: 0xCA11,
            };
            let (mut room, payload) = ([0; 2_048], clip.frame(codec, nth).unwrap());
            let packet = match &mut self.seal {
                Some((sealer, _)) => sealer.seal(&header.to_bytes(), payload, &mut room).unwrap().to_vec(),
                None => [&header.to_bytes(), payload].concat(),
            };
            self.rtp.send_to(&packet, self.media).await.unwrap();
            self.listen(&mut heard);
        }
        self.send("BYE", 2, "").await;
        self.answer().await;
        heard
    }

    fn listen(&mut self, heard: &mut Vec<Heard>) {
        let (mut bytes, mut room) = ([0; 2_048], [0; 2_048]);
        while let Ok((length, _)) = self.rtp.try_recv_from(&mut bytes) {
            let packet = &bytes[..length];
            if is_rtcp(packet) {
                continue;
            }
            let opened = match &mut self.seal {
                Some((_, opener)) => opener.open(packet, &mut room).unwrap(),
                None => packet,
            };
            let packet = RtpPacket::parse(opened).unwrap();
            heard.push(Heard { payload_type: packet.payload_type, payload: packet.payload.to_vec() });
        }
    }
}
