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
use dauys_events::{Recorded, Topic};
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
