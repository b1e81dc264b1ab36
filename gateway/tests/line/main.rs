//! Telephone calls in wide band and encrypted, from the INVITE to the recording that is handed over: real SIP and RTP on loopback.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step is a failed test")]

mod phone;

use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use dauys_bus::{Bus, EmbeddedBus, EmbeddedOptions, Recordings};
use dauys_config::Settings;
use dauys_config::city::PackSource;
use dauys_config::settings::AudioCodec;
use dauys_events::{Recorded, RecordedPart, Topic};
use dauys_gateway::Node;
use dauys_media::codec::Codec;
use dauys_media::opus;
use dauys_media::play::Clip;
use dauys_media::tone::{Goertzel, tone};
use phone::Phone;
use tempfile::TempDir;

struct City {
    node: Node,
    bus: Arc<dyn Bus>,
    recordings: Recordings,
    _data: TempDir,
}

impl City {
    async fn open(first_port: u16, change: impl FnOnce(&mut Settings)) -> Self {
        let data = TempDir::new().unwrap();
        let mut settings = Settings::default();
        settings.node.data = data.path().to_owned();
        settings.sip.listen = "127.0.0.1:0".parse().unwrap();
        settings.calls.least_free_megabytes = 1;
        settings.calls.limit = 10;
        settings.media.threads = 1;
        (settings.media.first_port, settings.media.last_port) = (first_port, first_port + 98);
        change(&mut settings);
        let bus = EmbeddedBus::open(&data.path().join("bus"), EmbeddedOptions::default()).await.unwrap();
        let bus: Arc<dyn Bus> = Arc::new(bus);
        let recordings = Recordings::local(&data.path().join("recordings")).unwrap();
        let pack = PackSource::embedded("shymkent").unwrap();
        let node = Node::start(Arc::new(settings), &pack, Arc::clone(&bus), recordings.clone()).await.unwrap();
        Self { node, bus, recordings, _data: data }
    }

    /// Waits for the call's end, and returns the parts that came before it, each with its audio.
    async fn parts_and_end(&self) -> (Vec<(RecordedPart, Vec<u8>)>, Vec<u8>) {
        let mut subscription = self.bus.subscribe("parts", &[Topic::Recordings]).await.unwrap();
        let mut parts = Vec::new();
        loop {
            let next = tokio::time::timeout(Duration::from_secs(30), subscription.next(1)).await.unwrap().unwrap();
            if let Ok(part) = next[0].event::<RecordedPart>() {
                let file = self.recordings.get(&part.data.recording).await.unwrap();
                parts.push((part.data, samples_of(&file)));
            } else {
                let recorded = next[0].event::<Recorded>().unwrap().data;
                assert!(parts.iter().all(|(part, _)| part.intake_id == recorded.intake_id));
                return (parts, samples_of(&self.recordings.get(recorded.recording.as_ref().unwrap()).await.unwrap()));
            }
        }
    }

    async fn recorded(&self) -> (Recorded, Vec<u8>) {
        let mut subscription = self.bus.subscribe("test", &[Topic::Recordings]).await.unwrap();
        let deliveries = tokio::time::timeout(Duration::from_secs(30), subscription.next(1)).await.unwrap().unwrap();
        subscription.commit().await.unwrap();
        let recorded = deliveries[0].event::<Recorded>().unwrap().data;
        let file = self.recordings.get(recorded.recording.as_ref().unwrap()).await.unwrap();
        (recorded, file.to_vec())
    }
}

/// What a caller says: three seconds that count as a voice, at one pitch so that it can be found again.
fn speech() -> Clip {
    Clip::with_codecs(&tone(500.0, 3_000, 0.3), &Codec::ALL)
}

/// The bytes of G.711 in a WAV file.
fn samples_of(file: &[u8]) -> Vec<u8> {
    let data = file.windows(4).position(|window| window == b"data").unwrap();
    let length = u32::from_le_bytes(file[data + 4..data + 8].try_into().unwrap()) as usize;
    file[data + 8..][..length].to_vec()
}

/// The samples of an Ogg file at 8,000 Hz, and how long the file says that it is, in ticks.
fn decode_ogg(file: &[u8]) -> (Vec<i16>, u64) {
    let mut reader = ogg::PacketReader::new(Cursor::new(file));
    let (mut decoder, mut samples, mut granule) = (opus::NarrowDecoder::default(), Vec::new(), 0);
    while let Some(packet) = reader.read_packet().unwrap() {
        if !packet.data.starts_with(b"Opus") {
            samples.extend_from_slice(decoder.decode(&packet.data, &mut [0; opus::MAX_TICKS]));
            granule = packet.absgp_page();
        }
    }
    (samples, granule / 6)
}

fn longest_tone(samples: &[i16], rate: f32) -> usize {
    // The meter is made for 8 kHz; at another rate the same tone lies elsewhere.
    let meter = Goertzel::new(500.0 * 8_000.0 / rate);
    let frames: Vec<bool> = samples.chunks_exact(rate as usize / 50).map(|frame| meter.share(frame) > 0.7).collect();
    frames.split(|heard| !heard).map(<[bool]>::len).max().unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wide_band_call_is_greeted_and_recorded_in_its_codec() {
    for (nth, (wanted, codec)) in
        [(AudioCodec::G722, Codec::G722), (AudioCodec::Opus, Codec::Opus)].into_iter().enumerate()
    {
        let city = City::open(26_000 + 100 * nth as u16, |settings| {
            settings.media.codecs = vec![wanted, AudioCodec::Pcma];
        })
        .await;
        let phone = Phone::call(city.node.address(), "RTP/AVP 0 8 9 96", None).await;
        let payload_type = if codec == Codec::Opus { 96 } else { 9 };
        assert_eq!(phone.payload_type, payload_type, "the settings' first codec that was offered");
        let heard = phone.say_and_hang_up(codec, &speech()).await;
        assert!(heard.iter().all(|packet| packet.payload_type == payload_type) && heard.len() >= 50);
        assert!(heard.iter().any(|packet| packet.payload != codec.silent_frame()), "the greeting is heard");

        let (recorded, file) = city.recorded().await;
        assert_eq!((recorded.quality.lost, recorded.quality.packets), (0, 150));
        assert!(recorded.quality.mos.is_some_and(|mos| mos > 4.0));
        let (samples, rate, ticks) = match codec {
            Codec::Opus => {
                let (samples, ticks) = decode_ogg(&file);
                (samples, 8_000.0, ticks)
            }
            _ => {
                let reader = hound::WavReader::new(Cursor::new(file)).unwrap();
                assert_eq!(reader.spec().sample_rate, 16_000);
                let samples: Vec<i16> = reader.into_samples().map(Result::unwrap).collect();
                let ticks = samples.len() as u64 / 2;
                (samples, 16_000.0, ticks)
            }
        };
        assert_eq!((ticks / 8, recorded.duration_ms), (3_000, 3_000), "{codec:?}");
        assert!(longest_tone(&samples, rate) > 140, "{codec:?}: three seconds are in it");
        city.node.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_call_is_greeted_and_recorded() {
    let city = City::open(26_300, |settings| settings.media.srtp_keys_in_clear = true).await;
    let phone = Phone::call(city.node.address(), "RTP/SAVP 8", Some([5; 30])).await;
    let heard = phone.say_and_hang_up(Codec::Alaw, &speech()).await;
    assert!(heard.len() >= 50 && heard.iter().any(|packet| packet.payload != Codec::Alaw.silent_frame()));
    let (recorded, file) = city.recorded().await;
    assert_eq!((recorded.quality.lost, recorded.quality.packets), (0, 150));
    let said: Vec<u8> = (0..150).flat_map(|nth| speech().frame(Codec::Alaw, nth).unwrap().to_vec()).collect();
    assert!(file.windows(said.len()).any(|window| window == said), "what was said is in the recording, in the clear");
    city.node.close().await;
}

/// Two sentences and a word, with pauses between them in which a caller draws breath.
fn long_speech() -> Clip {
    let pause = vec![0; 8_000];
    let said = [tone(500.0, 3_500, 0.3), pause.clone(), tone(700.0, 3_500, 0.3), pause, tone(500.0, 1_000, 0.3)];
    Clip::with_codecs(&said.concat(), &Codec::ALL)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_until_a_pause_is_handed_over_while_the_caller_goes_on() {
    let cities = [
        City::open(26_400, |settings| settings.calls.early_text_seconds = 3).await,
        City::open(26_500, |settings| settings.calls.early_text_seconds = 0).await,
        City::open(26_600, |settings| (settings.calls.early_text_seconds, settings.calls.early_text_calls) = (3, 0))
            .await,
    ];
    let calls = cities.iter().map(async |city| {
        let phone = Phone::call(city.node.address(), "RTP/AVP 8", None).await;
        phone.say_and_hang_up(Codec::Alaw, &long_speech()).await;
        city.parts_and_end().await
    });
    let mut outcomes = futures::future::join_all(calls).await;
    for (parts, whole) in outcomes.drain(1..) {
        assert_eq!((parts.len(), whole.len()), (0, 80_000), "none where it is switched off or a storm is on");
    }
    let (parts, whole) = outcomes.remove(0);
    let places: Vec<_> = parts.iter().map(|(part, _)| (part.number, part.from_sample, part.to_sample)).collect();
    let [(1, 0, first), (2, second, end)] = places[..] else { panic!("{places:?}") };
    assert_eq!(first, second, "the second goes on where the first ended");
    // The pauses are from 3.5 to 4.5 s and from 8 to 9 s.
    assert!((28_800..35_200).contains(&first) && (64_800..71_200).contains(&end), "{places:?}");
    for (part, bytes) in &parts {
        assert!(*bytes == whole[part.from_sample as usize..part.to_sample as usize], "{}: other bytes", part.number);
        let tail: Vec<u8> = bytes.iter().rev().take(800).copied().collect();
        assert!(tail == [0xD5; 800], "{}: the cut lies in silence", part.number);
    }
    for city in cities {
        city.node.close().await;
    }
}
