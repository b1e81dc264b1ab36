//! What a call's media may be by the settings, and what offer and answer made of it. Pure.

use crate::media::{CallMedia, SrtpKeys};
use dauys_config::settings::{AudioCodec, KeysInBand, Media, SrtpUse};
use dauys_media::activity::ActivityConfig;
use dauys_media::codec::Codec;
use dauys_media::srtp::{self, KeyMaterial};
use dauys_sip::sdp::{self, Capabilities, Negotiated, Secret, SrtpPolicy};
use std::net::SocketAddr;

/// Makes what the line can do for a call. `private` says whether others could read the keys in its signalling, and `secret` is random.
pub(super) fn capabilities(
    settings: &Media,
    local: SocketAddr,
    rtcp_port: Option<u16>,
    private: bool,
    secret: Secret,
) -> Capabilities {
    let srtp = match settings.srtp {
        SrtpUse::Refuse => SrtpPolicy::Refused,
        _ if !private && !settings.srtp_keys_in_clear => SrtpPolicy::Refused,
        SrtpUse::Accept => SrtpPolicy::Accepted,
        SrtpUse::Require => SrtpPolicy::Required,
    };
    // Where encryption is required and its keys must not be read, nothing at all can be agreed on.
    let codecs = if settings.srtp == SrtpUse::Require && srtp == SrtpPolicy::Refused {
        Vec::new()
    } else {
        settings.codecs.iter().map(|codec| offered(*codec)).collect()
    };
    Capabilities { rtcp_port, codecs, srtp, srtp_secret: Some(secret), ..Capabilities::g711(local) }
}

/// Turns what was agreed on into what the media thread does.
pub(super) fn media(settings: &Media, agreed: &Negotiated, listen: Option<ActivityConfig>) -> CallMedia {
    let keys_in_band = match settings.keys_in_band {
        KeysInBand::Auto => agreed.dtmf_pt.is_none(),
        KeysInBand::Never => false,
        KeysInBand::Always => true,
    };
    CallMedia {
        codec: codec(agreed.codec),
        payload_type: agreed.payload_type,
        dtmf_payload_type: agreed.dtmf_pt,
        remote: usable(agreed.remote),
        remote_rtcp: usable(agreed.remote_rtcp),
        rtcp_mux: agreed.rtcp_mux,
        keys_in_band,
        srtp: agreed.srtp.as_ref().and_then(keys),
        listen,
    }
}

/// Once a call is encrypted, it stays so: a later offer in the clear is refused.
pub(super) fn settle(capabilities: &mut Capabilities, agreed: &Negotiated) {
    if agreed.srtp.is_some() {
        capabilities.srtp = SrtpPolicy::Required;
    }
}

/// The codecs that prompts are encoded in.
pub(crate) fn codecs(settings: &Media) -> Vec<Codec> {
    settings.codecs.iter().map(|wanted| codec(offered(*wanted))).collect()
}

fn offered(codec: AudioCodec) -> sdp::Codec {
    match codec {
        AudioCodec::Pcma => sdp::Codec::Pcma,
        AudioCodec::Pcmu => sdp::Codec::Pcmu,
        AudioCodec::G722 => sdp::Codec::G722,
        AudioCodec::Opus => sdp::Codec::Opus,
    }
}

fn codec(codec: sdp::Codec) -> Codec {
    match codec {
        sdp::Codec::Pcma => Codec::Alaw,
        sdp::Codec::Pcmu => Codec::Ulaw,
        sdp::Codec::G722 => Codec::G722,
        sdp::Codec::Opus => Codec::Opus,
    }
}

fn keys(agreed: &sdp::Srtp) -> Option<SrtpKeys> {
    let suite = match agreed.suite {
        sdp::Suite::AesCm80 => srtp::Suite::AesCm80,
        sdp::Suite::AesCm32 => srtp::Suite::AesCm32,
        sdp::Suite::Gcm128 => srtp::Suite::Gcm128,
        sdp::Suite::Gcm256 => srtp::Suite::Gcm256,
    };
    let material = |secret: &Secret| KeyMaterial::new(suite, secret.of(agreed.suite));
    Some(SrtpKeys { suite, local: material(&agreed.local)?, remote: material(&agreed.remote)? })
}

fn usable(address: SocketAddr) -> Option<SocketAddr> {
    (!address.ip().is_unspecified() && address.port() != 0).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: Secret = Secret([7; Secret::LEN]);
    const KEY: &str = "inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";

    fn answer(settings: &Media, private: bool, media_lines: &str) -> Result<Negotiated, sdp::SdpError> {
        let offer = format!("v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n{media_lines}");
        let local = SocketAddr::from(([192, 0, 2, 20], 30_000));
        sdp::answer(offer.as_bytes(), &capabilities(settings, local, None, private, SECRET))
    }

    fn secured(crypto: &str) -> String {
        format!("m=audio 20000 RTP/SAVP 8\r\na=crypto:{crypto}\r\n")
    }

    #[test]
    fn keys_are_taken_where_nobody_reads_them_or_the_operator_says_so() {
        let offer = secured(&format!("1 AES_CM_128_HMAC_SHA1_80 {KEY}"));
        let open = Media { srtp_keys_in_clear: true, ..Media::default() };
        assert!(answer(&Media::default(), true, &offer).unwrap().srtp.is_some());
        assert!(answer(&open, false, &offer).unwrap().srtp.is_some());
        assert_eq!(answer(&Media::default(), false, &offer), Err(sdp::SdpError::NoAudio));
        let refused = Media { srtp: SrtpUse::Refuse, ..open };
        assert_eq!(answer(&refused, true, &offer), Err(sdp::SdpError::NoAudio));
    }

    #[test]
    fn who_requires_encryption_takes_no_call_without() {
        let required = Media { srtp: SrtpUse::Require, ..Media::default() };
        let plain = "m=audio 20000 RTP/AVP 8\r\n";
        assert_eq!(answer(&required, true, plain), Err(sdp::SdpError::Unencrypted));
        assert!(answer(&required, false, plain).is_err());
        let agreed = answer(&Media::default(), true, &secured(&format!("1 AES_CM_128_HMAC_SHA1_80 {KEY}"))).unwrap();
        let mut own = capabilities(&Media::default(), SocketAddr::from(([192, 0, 2, 20], 30_000)), None, true, SECRET);
        settle(&mut own, &agreed);
        assert!(
            sdp::answer(
                format!("v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n{plain}")
                    .as_bytes(),
                &own
            )
            .is_err()
        );
    }

    #[test]
    fn both_sides_of_an_encrypted_call_understand_each_other() {
        let offer = secured(&format!("3 AES_CM_128_HMAC_SHA1_32 {KEY}"));
        let agreed = answer(&Media::default(), true, &offer).unwrap();
        let ours = media(&Media::default(), &agreed, None).srtp.unwrap();
        let mut peer = srtp::Opener::new(ours.suite, &KeyMaterial::new(ours.suite, &[7; 30]).unwrap());
        let mut room = [0; 200];
        let header = dauys_media::rtp::RtpHeader { payload_type: 8, marker: false, sequence: 1, timestamp: 0, ssrc: 1 };
        let packet =
            srtp::Sealer::new(ours.suite, &ours.local).seal(&header.to_bytes(), &[1; 160], &mut room).unwrap().to_vec();
        assert!(peer.open(&packet, &mut room).is_ok());
    }

    #[test]
    fn the_settings_order_the_codecs_and_say_when_tones_are_listened_for() {
        let lines = "m=audio 20000 RTP/AVP 8 9 96\r\na=rtpmap:96 opus/48000/2\r\n";
        let wide = Media { codecs: vec![AudioCodec::Opus, AudioCodec::G722, AudioCodec::Pcma], ..Media::default() };
        let agreed = answer(&wide, false, lines).unwrap();
        assert_eq!((agreed.codec, agreed.payload_type), (sdp::Codec::Opus, 96));
        assert_eq!(answer(&Media::default(), false, lines).unwrap().codec, sdp::Codec::Pcma);
        assert!(media(&wide, &agreed, None).keys_in_band, "the peer has no telephone events");
        let never = Media { keys_in_band: KeysInBand::Never, ..wide.clone() };
        assert!(!media(&never, &agreed, None).keys_in_band);
        assert_eq!(codecs(&wide), [Codec::Opus, Codec::G722, Codec::Alaw]);
    }
}
