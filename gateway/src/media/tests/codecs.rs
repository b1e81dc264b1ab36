//! Calls in every codec, keys that are tones, encrypted calls, and what an offer changes in the middle of a call.

use dauys_media::srtp::{KeyMaterial, Opener, Sealer, Suite};

use super::*;

/// A key as a phone without telephone events sends it, within some silence.
fn tones() -> Vec<i16> {
    let both = tone::tone(770.0, 300, 0.2).into_iter().zip(tone::tone(1_336.0, 300, 0.2)).map(|(low, high)| low + high);
    let silence = vec![0; 1_600];
    [silence.clone(), both.collect(), silence].concat()
}

fn in_codec(codec: Codec) -> impl FnOnce(&mut CallMedia) {
    move |media| {
        media.codec = codec;
        media.payload_type = codec.payload_type();
    }
}

impl Phone {
    /// Says a clip in a codec, in 20 ms packets.
    fn say_clip(&mut self, clip: &Clip, codec: Codec) {
        for nth in 0..clip.frames() {
            let bytes = self.packet(codec.payload_type(), 0, self.timestamp, clip.frame(codec, nth).unwrap());
            self.send(&bytes);
            self.sequence = self.sequence.wrapping_add(1);
            self.timestamp = self.timestamp.wrapping_add(160 * codec.steps_per_tick());
        }
    }
}

#[tokio::test]
async fn every_codec_is_listened_to_and_spoken() {
    let (plane, mut events, _sink) = plane(config(24_000));
    let clip = Clip::with_codecs(&tones(), &Codec::ALL);
    for codec in Codec::ALL {
        let mut phone = Phone::new();
        let call = phone.call(&plane, |media| {
            in_codec(codec)(media);
            (media.dtmf_payload_type, media.keys_in_band) = (None, true);
            media.listen = Some(ActivityConfig::default());
        });
        phone.say_clip(&clip, codec);
        let mut seen = [next_event(&mut events).await, next_event(&mut events).await, next_event(&mut events).await];
        seen.sort_by_key(|kind| format!("{kind:?}"));
        let expected = [MediaEventKind::Dtmf('5'), MediaEventKind::Heard];
        assert_eq!(seen[..2], expected, "{codec:?}");
        assert!(matches!(seen[2], MediaEventKind::SpeechStarted { .. }), "{codec:?}");

        call.play(vec![clip.clone()], 1).unwrap();
        let mut first = None;
        for nth in 0..clip.frames() {
            let (bytes, _) = phone.hear();
            let packet = RtpPacket::parse(&bytes).unwrap();
            assert_eq!(packet.payload_type, codec.payload_type());
            assert_eq!(Some(packet.payload), clip.frame(codec, nth), "{codec:?}");
            let since = packet.timestamp.wrapping_sub(*first.get_or_insert(packet.timestamp));
            assert_eq!(since % (160 * codec.steps_per_tick()), 0);
        }
        while next_event(&mut events).await != MediaEventKind::PlayedOut(1) {}
        let quality = answer(call.close()).await;
        assert_eq!((quality.received.received, quality.received.lost), (clip.frames() as u64, 0));
        assert!(quality.mos().is_some_and(|mos| mos > 4.0), "{codec:?}");
    }
}

#[tokio::test]
async fn an_encrypted_call_is_recorded_and_spoken_to_and_forgeries_are_not_heard() {
    for (suite, port) in [(Suite::AesCm80, 24_100), (Suite::Gcm256, 24_164)] {
        let (plane, mut events, sink) =
            plane(MediaConfig { report_interval: Duration::from_millis(60), ..config(port) });
        let material = |byte| KeyMaterial::new(suite, &[byte; KeyMaterial::MAX]).unwrap();
        let (mut theirs, mut forged) = (Sealer::new(suite, &material(2)), Sealer::new(suite, &material(3)));
        let mut phone = Phone::new();
        phone.sequence = 7;
        let call = phone.call(&plane, |media| {
            media.rtcp_mux = true;
            media.srtp = Some(SrtpKeys { suite, local: material(1), remote: material(2) });
        });
        answer(call.record("sealed")).await.unwrap();
        let said = speech(40);
        let mut room = [0; 2_048];
        for (nth, frame) in said.chunks(FRAME).enumerate() {
            let (sequence, timestamp) = (7 + nth as u16, nth as u32 * 160);
            let header = RtpHeader { payload_type: 8, marker: false, sequence, timestamp, ssrc: phone.ssrc }.to_bytes();
            let bytes = theirs.seal(&header, frame, &mut room).unwrap().to_vec();
            phone.send(forged.seal(&header, &[9; FRAME], &mut room).unwrap());
            phone.send(&bytes);
            phone.send(&bytes);
        }
        phone.send(&phone.packet(8, 60, 9_600, &[9; FRAME]));
        assert_eq!(next_event(&mut events).await, MediaEventKind::Heard);
        let (recorded, ()) = answer(call.finish_recording(())).await;
        assert_eq!(sink.tape("sealed"), Some(Tape::Finished(said)));
        assert_eq!((recorded.quality.received.received, recorded.quality.received.lost), (40, 0));

        let beep = Clip::new(&tone::tone(440.0, 200, 0.4));
        call.play(vec![beep.clone()], 1).unwrap();
        let (mut opener, mut heard, mut reports) = (Opener::new(suite, &material(1)), Vec::new(), 0);
        while heard.len() < 10 * FRAME || reports < 2 {
            let (bytes, _) = phone.hear();
            if rtp::is_rtcp(&bytes) {
                let opened = opener.open_rtcp(&bytes, &mut room).unwrap();
                reports += rtcp::reports(opened)
                    .flatten()
                    .filter(|report| report.blocks().any(|block| block.ssrc == phone.ssrc))
                    .count();
            } else {
                heard.extend_from_slice(RtpPacket::parse(opener.open(&bytes, &mut room).unwrap()).unwrap().payload);
            }
        }
        assert_eq!(heard, beep.bytes(g711::Codec::Alaw));
    }
}

#[tokio::test]
async fn an_offer_in_mid_call_changes_codec_and_place_and_loses_nothing() {
    let (plane, mut events, sink) = plane(config(24_300));
    let (mut phone, mut moved) = (Phone::new(), Phone::new());
    let call = phone.call(&plane, |_| {});
    answer(call.record("moved")).await.unwrap();
    let said = speech(40);
    phone.say(&said[..20 * FRAME]);
    assert_eq!(next_event(&mut events).await, MediaEventKind::Heard);
    let long = Clip::with_codecs(&tone::tone(440.0, 3_000, 0.4), &Codec::ALL);
    call.play(vec![long.clone()], 1).unwrap();
    phone.hear();
    let media =
        CallMedia { remote: Some(moved.address()), codec: Codec::G722, payload_type: 9, ..CallMedia::default() };
    call.renegotiate(media).unwrap();
    answer(call.quality()).await;
    (moved.line, moved.ssrc) = (phone.line, 0xFEED);
    for (nth, frame) in (0u16..).zip(said[20 * FRAME..].chunks(FRAME)) {
        moved.send(&moved.packet(9, nth, u32::from(nth) * 160, frame));
    }
    let bytes = moved.hear().0;
    let packet = RtpPacket::parse(&bytes).unwrap();
    assert_eq!(packet.payload_type, 9);
    assert!((0..long.frames()).any(|nth| long.frame(Codec::G722, nth) == Some(packet.payload)));
    answer(call.finish_recording(())).await;
    let Some(Tape::Finished(tape)) = sink.tape("moved") else {
        panic!("there is a recording");
    };
    assert!(tape.starts_with(&said[..20 * FRAME]) && tape.ends_with(&said[20 * FRAME..]));
}

#[tokio::test]
async fn a_caller_whose_reports_hear_nobody_is_told_of_once() {
    let (plane, mut events, _sink) =
        plane(MediaConfig { report_interval: Duration::from_millis(100), ..config(24_400) });
    let mut phone = Phone::new();
    let call = phone.call(&plane, |media| media.rtcp_mux = true);
    phone.say(&speech(2));
    assert_eq!(next_event(&mut events).await, MediaEventKind::Heard);
    call.play(vec![Clip::silence(1_200)], 1).unwrap();
    assert_eq!(next_event(&mut events).await, MediaEventKind::PlayedOut(1));
    let mut report = Vec::new();
    rtcp::write_report(&mut report, phone.ssrc, None, None, "phone");
    for _ in 0..3 {
        phone.send(&report);
    }
    assert_eq!(next_event(&mut events).await, MediaEventKind::NotHeard);
    call.play(vec![Clip::silence(300)], 2).unwrap();
    assert_eq!(next_event(&mut events).await, MediaEventKind::PlayedOut(2));
}
