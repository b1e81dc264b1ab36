//! A telephone call, from the first ring to the event on the bus: real SIP and RTP on loopback, the embedded bus.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step is a failed test")]

use dauys_bus::{Bus, EmbeddedBus, EmbeddedOptions, Recordings};
use dauys_config::Settings;
use dauys_config::city::PackSource;
use dauys_events::{CallEvent, EndCause, Recorded, RecordingEnd, Topic};
use dauys_gateway::Node;
use dauys_loadtest::phone::target::Target;
use dauys_loadtest::phone::{CallError, CallPlan, CallReport, EndBy, place};
use dauys_media::g711::Codec;
use dauys_tests::samples::murmur;
use std::sync::Arc;
use tempfile::TempDir;

struct City {
    node: Node,
    bus: Arc<dyn Bus>,
    recordings: Recordings,
    _data: TempDir,
}

impl City {
    async fn open(change: impl FnOnce(&mut Settings)) -> Self {
        let data = TempDir::new().unwrap();
        let mut settings = Settings::default();
        settings.node.data = data.path().to_owned();
        settings.sip.listen = "127.0.0.1:0".parse().unwrap();
        settings.calls.least_free_megabytes = 1;
        settings.calls.end_silence_ms = 1_000;
        settings.media.threads = 1;
        (settings.media.first_port, settings.media.last_port) = (41_000, 44_998);
        change(&mut settings);
        let bus = EmbeddedBus::open(&data.path().join("bus"), EmbeddedOptions::default()).await.unwrap();
        let bus: Arc<dyn Bus> = Arc::new(bus);
        let recordings = Recordings::local(&data.path().join("recordings")).unwrap();
        let pack = PackSource::embedded("shymkent").unwrap();
        let node = Node::start(Arc::new(settings), &pack, Arc::clone(&bus), recordings.clone()).await.unwrap();
        Self { node, bus, recordings, _data: data }
    }

    fn target(&self) -> Target {
        Target::parse(&format!("sip:109@{}", self.node.address())).unwrap()
    }

    async fn call(&self, plan: CallPlan, codec: Codec) -> Result<CallReport, CallError> {
        place(&self.target(), "77000000001", plan, &[codec]).await
    }

    async fn recorded(&self) -> Recorded {
        let mut subscription = self.bus.subscribe("test", &[Topic::Recordings]).await.unwrap();
        let deliveries = subscription.next(1).await.unwrap();
        subscription.commit().await.unwrap();
        deliveries[0].event::<Recorded>().unwrap().data
    }

    async fn call_events(&self, count: usize) -> Vec<CallEvent> {
        let mut subscription = self.bus.subscribe("calls-test", &[Topic::Calls]).await.unwrap();
        let mut events = Vec::new();
        while events.len() < count {
            let deliveries = subscription.next(16).await.unwrap();
            events.extend(deliveries.iter().map(|delivery| delivery.event::<CallEvent>().unwrap().data));
        }
        events
    }
}

/// Says at once, without listening to the greeting.
fn at_once(speech: Vec<i16>, end: EndBy) -> CallPlan {
    CallPlan { wait_for_tone: false, end, ..CallPlan::say(speech) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_just_speaks_is_recorded_and_hears_a_number() {
    for codec in [Codec::Alaw, Codec::Ulaw] {
        let city = City::open(|_| {}).await;
        let speech = murmur(2.0);
        let report = city.call(at_once(speech.clone(), EndBy::Hash), codec).await.unwrap();
        assert!(report.hung_up_by_peer, "{report:?}");
        let recorded = city.recorded().await;
        assert_eq!(recorded.end, RecordingEnd::Key);
        assert_eq!(recorded.external_id.as_deref(), Some(report.call_id.as_str()));
        assert_eq!(recorded.contact.number.as_deref(), Some("77000000001"));
        let wav = city.recordings.get(recorded.recording.as_ref().unwrap()).await.unwrap();
        let mut said = Vec::new();
        codec.encode_to(&speech, &mut said);
        assert!(wav.windows(said.len()).any(|window| window == said), "what was said is not in the recording");
        assert!(is_heard(&report, codec, recorded.registration_number.digits()), "the number was not spoken");
        let events = city.call_events(2).await;
        assert!(matches!(&events[0], CallEvent::Started(started) if started.codec == codec.name()));
        let CallEvent::Ended(ended) = &events[1] else { panic!("{events:?}") };
        assert_eq!(
            (ended.cause, ended.intake_id, ended.dtmf.as_str()),
            (EndCause::Completed, Some(recorded.intake_id), "#")
        );
        assert!(ended.quality.packets > 100 && ended.quality.lost == 0, "{ended:?}");
        city.node.close().await;
    }
}

/// Whether the digits, as the city's Kazakh prompts say them, follow each other in what the phone heard.
fn is_heard(report: &CallReport, codec: Codec, digits: [u8; 10]) -> bool {
    let pack = PackSource::embedded("shymkent").unwrap();
    let script = dauys_config::script::CallScript::load(&pack).unwrap();
    let prompts = dauys_gateway::calls::Prompts::load(&pack, &script).unwrap();
    let mut at = 0;
    digits.iter().all(|digit| {
        let clips = prompts.clips(&[format!("kk/{digit}")]);
        let wanted = clips[0].bytes(codec);
        let rest = &report.heard[at..];
        let found = rest.windows(wanted.len()).position(|window| window == wanted);
        at += found.unwrap_or(0) + wanted.len();
        found.is_some()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_ends_the_recording_and_hanging_up_registers_it_too() {
    let city = City::open(|_| {}).await;
    let report = city.call(at_once(murmur(2.0), EndBy::Silence), Codec::Alaw).await.unwrap();
    assert!(report.hung_up_by_peer);
    let recorded = city.recorded().await;
    assert_eq!(recorded.end, RecordingEnd::Silence);
    let said_until = report.last_word_at.unwrap();
    let difference = recorded.last_word_at.duration_since(said_until).as_secs_f64().abs();
    assert!(difference < 0.6, "the last word is placed {difference} s off");
    city.call(at_once(murmur(2.0), EndBy::HangUp), Codec::Alaw).await.unwrap();
    assert_eq!(city.recorded().await.end, RecordingEnd::HangUp);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_line_refuses_politely_what_it_cannot_take() {
    let city = City::open(|settings| {
        settings.sip.numbers = vec!["109".into()];
        settings.calls.limit = 1;
    })
    .await;
    let stranger = Target::parse(&format!("sip:911@{}", city.node.address())).unwrap();
    let refused = place(&stranger, "77000000001", at_once(murmur(1.0), EndBy::Hash), &[Codec::Alaw]).await;
    assert!(matches!(refused, Err(CallError::Refused { status: 404, .. })), "{refused:?}");
    let first = tokio::spawn({
        let target = city.target();
        async move { place(&target, "77000000001", at_once(murmur(3.0), EndBy::Hash), &[Codec::Alaw]).await }
    });
    let gauges = city.node.gauges();
    while gauges.answered() == 0 {
        tokio::task::yield_now().await;
    }
    let refused = city.call(at_once(murmur(1.0), EndBy::Hash), Codec::Alaw).await;
    assert!(matches!(refused, Err(CallError::Refused { status: 503, retry_after: Some(30), .. })), "{refused:?}");
    assert!(first.await.unwrap().unwrap().hung_up_by_peer);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_leaves_in_the_greeting_leaves_no_intake() {
    let city = City::open(|_| {}).await;
    let silent = at_once(vec![0; 1_600], EndBy::HangUp);
    city.call(silent, Codec::Alaw).await.unwrap();
    let events = city.call_events(2).await;
    let CallEvent::Ended(ended) = &events[1] else { panic!("{events:?}") };
    assert_eq!((ended.cause, ended.intake_id), (EndCause::CallerHungUp, None));
    assert_eq!(city.bus.lag("nobody", Topic::Recordings).await.unwrap(), 0);
}
