//! Early text: what was heard while a call went on is not heard again, and whatever happens to the parts, the transcript is that of
//! the whole recording.
#![cfg(feature = "demo-model")]
#![allow(clippy::unwrap_used, reason = "the helpers of a test may fail it")]

#[path = "support/scene.rs"]
mod scene;
mod support;

use std::ops::Range;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use dauys_bus::{Bus, Message};
use dauys_events::{Language, Recorded, RecordedPart, Segment, Transcribed};
use dauys_transcriber::engine::{Engine, EngineError, EngineInfo, FakeEngine, Hint, Hypothesis};
use dauys_transcriber::urgency::Urgency;
use scene::Scene;
use support::{ENGINE, RATE, a_law, sample_calls, samples, silence, to_8k, wav};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Three calls in one, with a second and a half of silence around each.
struct LongCall {
    payload: Vec<u8>,
    /// The middle of the silence behind the first and behind the second, in ticks of 1/8,000 s.
    pauses: [usize; 2],
    /// The middle of the second.
    amid: usize,
}

fn long_call() -> LongCall {
    let (mut sound, mut places) = (silence(1.5), Vec::new());
    for call in &sample_calls()[..3] {
        let said = samples(call);
        places.push(sound.len()..sound.len() + said.len());
        sound.extend(said);
        sound.extend(silence(1.5));
    }
    let pause = |behind: usize| (places[behind].end + RATE * 3 / 4) / 2;
    let amid = (places[1].start + places[1].len() / 2) / 2;
    LongCall { payload: a_law(&to_8k(&sound)), pauses: [pause(0), pause(1)], amid }
}

fn file(payload: &[u8]) -> Vec<u8> {
    wav(6, 1, 8_000, 8, payload)
}

/// Writes down how many samples it is given, and tells whenever it is asked.
struct Counting {
    asked: Mutex<Vec<usize>>,
    news: mpsc::Sender<()>,
    fake: Option<FakeEngine>,
}

impl Engine for Counting {
    fn describe(&self) -> EngineInfo {
        self.fake.as_ref().map_or_else(|| ENGINE.describe(), Engine::describe)
    }

    fn transcribe(&self, pcm: &[f32], hint: Hint) -> Result<Hypothesis, EngineError> {
        self.asked.lock().unwrap().push(pcm.len());
        let _ = self.news.try_send(());
        self.fake.as_ref().map_or_else(|| ENGINE.transcribe(pcm, hint), |fake| fake.transcribe(pcm, hint))
    }
}

impl Counting {
    fn make(fake: Option<FakeEngine>) -> (Arc<Self>, mpsc::Receiver<()>) {
        let (news, asked) = mpsc::channel(1_000);
        (Arc::new(Self { asked: Mutex::default(), news, fake }), asked)
    }

    /// Returns the seconds that it was given since it was asked so.
    fn seconds(&self) -> f64 {
        self.asked.lock().unwrap().drain(..).sum::<usize>() as f64 / RATE as f64
    }
}

async fn send_part(scene: &Scene, recorded: &Recorded, number: u32, at: Range<usize>, payload: &[u8]) -> RecordedPart {
    let recording = scene.recordings.put_part(recorded.intake_id, number, Bytes::from(file(payload))).await.unwrap();
    let part = RecordedPart {
        intake_id: recorded.intake_id,
        number,
        from_sample: at.start as u64,
        to_sample: at.end as u64,
        language_hint: recorded.language_hint,
        recording,
    };
    let now = "2026-11-21T10:00:00Z".parse().unwrap();
    scene.bus.publish(vec![Message::of(now, part.clone()).unwrap()]).await.unwrap();
    part
}

/// What becomes of the call without early text.
async fn heard_whole(call: &LongCall) -> Transcribed {
    let mut scene = Scene::new();
    let recorded = scene.store(file(&call.payload)).await;
    scene.send(&recorded).await;
    let worker = scene.start(Counting::make(None).0);
    let answer = scene.answers(1).await.remove(0);
    scene.stop.cancel();
    worker.await.unwrap();
    assert_eq!(answer.segments.len(), 3, "{answer:?}");
    answer
}

#[track_caller]
fn assert_same(with: &Transcribed, without: &Transcribed) {
    let words = |answer: &Transcribed| answer.segments.iter().map(|said| said.text.clone()).collect::<Vec<_>>();
    assert_eq!(words(with), words(without));
    assert_eq!((with.outcome, with.language), (without.outcome, without.language));
    assert!((with.audio_seconds - without.audio_seconds).abs() < 0.001);
    assert_same_places(with, without);
}

/// A voice detector that begins anew at a cut may begin a stretch a breath earlier or later.
#[track_caller]
fn assert_same_places(with: &Transcribed, without: &Transcribed) {
    let near = |a: &Segment, b: &Segment| a.start_ms.abs_diff(b.start_ms) < 250 && a.end_ms.abs_diff(b.end_ms) < 250;
    let mut pairs = with.segments.iter().zip(&without.segments);
    assert_eq!(with.segments.len(), without.segments.len());
    assert!(pairs.all(|(a, b)| near(a, b)), "{:?}\n{:?}", with.segments, without.segments);
}

#[tokio::test]
async fn at_the_end_only_the_rest_is_heard() {
    let (call, mut scene) = (long_call(), Scene::new());
    let recorded = scene.store(file(&call.payload)).await;
    let (engine, mut asked) = Counting::make(None);
    let worker = scene.start(engine.clone());
    let [first, second] = call.pauses;
    for (number, part) in [(1, 0..first), (2, first..second)] {
        send_part(&scene, &recorded, number, part.clone(), &call.payload[part]).await;
        asked.recv().await;
    }
    let early = engine.seconds();
    scene.send(&recorded).await;
    let answer = scene.answers(1).await.remove(0);
    let late = engine.seconds();
    assert!(early > 6.0 && late < 7.0, "{early} s were heard before the end and {late} s after it");
    assert_same(&answer, &heard_whole(&call).await);
    assert_eq!(std::fs::read_dir(scene.folder.path().join("parts")).unwrap().count(), 0, "parts are gone once heard");
    scene.bus.until(|bus| bus.committed() == 3).await;
    scene.stop.cancel();
    worker.await.unwrap();
}

#[tokio::test]
async fn a_part_that_is_lost_or_holds_other_audio_is_heard_with_the_whole() {
    let call = long_call();
    let whole = heard_whole(&call).await;
    let [first, second] = call.pauses;
    for forged in [false, true] {
        let mut scene = Scene::new();
        let recorded = scene.store(file(&call.payload)).await;
        let (engine, mut asked) = Counting::make(None);
        let bytes = if forged { &call.payload[first..2 * first] } else { &call.payload[..first] };
        let part = send_part(&scene, &recorded, 1, 0..first, bytes).await;
        if !forged {
            scene.recordings.remove_part(&part.recording).await.unwrap();
        }
        send_part(&scene, &recorded, 2, first..second, &call.payload[first..second]).await;
        let worker = scene.start(engine.clone());
        asked.recv().await;
        scene.send(&recorded).await;
        assert_same(&scene.answers(1).await.remove(0), &whole);
        scene.stop.cancel();
        worker.await.unwrap();
    }
}

#[tokio::test]
async fn what_a_cut_goes_through_is_heard_in_one_piece_with_the_whole() {
    let (call, mut scene) = (long_call(), Scene::new());
    let recorded = scene.store(file(&call.payload)).await;
    let (engine, mut asked) = Counting::make(None);
    let worker = scene.start(engine.clone());
    send_part(&scene, &recorded, 1, 0..call.amid, &call.payload[..call.amid]).await;
    let rest = call.amid..call.pauses[1];
    send_part(&scene, &recorded, 2, rest.clone(), &call.payload[rest]).await;
    asked.recv().await;
    scene.send(&recorded).await;
    let answer = scene.answers(1).await.remove(0);
    assert_same_places(&answer, &heard_whole(&call).await);
    let seconds = engine.seconds();
    assert!(seconds < 18.0, "nothing is heard twice: {seconds} s");
    scene.stop.cancel();
    worker.await.unwrap();
}

#[tokio::test]
async fn a_process_that_begins_anew_hears_everything() {
    let (call, mut scene) = (long_call(), Scene::new());
    let recorded = scene.store(file(&call.payload)).await;
    let (engine, mut asked) = Counting::make(None);
    let worker = scene.start(engine.clone());
    let first = 0..call.pauses[0];
    send_part(&scene, &recorded, 1, first.clone(), &call.payload[first]).await;
    asked.recv().await;
    scene.stop.cancel();
    worker.await.unwrap();
    scene.stop = CancellationToken::new();
    scene.send(&recorded).await;
    let worker = scene.start(engine);
    assert_same(&scene.answers(1).await.remove(0), &heard_whole(&call).await);
    scene.stop.cancel();
    worker.await.unwrap();
}

#[tokio::test]
async fn a_part_that_comes_after_the_end_is_not_heard() {
    let (call, mut scene) = (long_call(), Scene::new());
    let recorded = scene.store(file(&call.payload)).await;
    let (engine, _asked) = Counting::make(Some(FakeEngine::saying("нет света", Language::Ru)));
    let worker = scene.start(engine.clone());
    scene.send(&recorded).await;
    scene.answers(1).await;
    let once = engine.seconds();
    let first = 0..call.pauses[0];
    send_part(&scene, &recorded, 1, first.clone(), &call.payload[first]).await;
    let other = scene.store(file(&call.payload)).await;
    scene.send(&other).await;
    scene.answers(2).await;
    scene.bus.until(|bus| bus.committed() == 3).await;
    assert_eq!(engine.seconds(), once, "the other call alone was heard");
    scene.stop.cancel();
    worker.await.unwrap();
}

#[tokio::test]
async fn danger_in_a_part_puts_the_call_before_those_who_hung_up_earlier() {
    let (call, mut scene) = (long_call(), Scene::new());
    let urgent = scene.store(file(&call.payload)).await;
    let (engine, mut asked) = Counting::make(Some(FakeEngine::saying("пахнет газом", Language::Ru)));
    let worker = scene.start_with(engine.clone(), Urgency::new(["газ пах"]));
    let first = 0..call.pauses[0];
    send_part(&scene, &urgent, 1, first.clone(), &call.payload[first]).await;
    asked.recv().await;
    // Everything in one go, the one in danger last: more than are looked at or heard at once.
    let mut all = Vec::new();
    for _ in 0..12 {
        all.push(scene.store(file(&call.payload)).await);
    }
    all.push(urgent.clone());
    let now = "2026-11-21T10:00:01Z".parse().unwrap();
    let messages = all.iter().map(|recorded| Message::of(now, recorded.clone()).unwrap()).collect();
    scene.bus.publish(messages).await.unwrap();
    let order: Vec<_> = scene.answers(13).await.iter().map(|answer| answer.intake_id).collect();
    let place = order.iter().position(|intake| *intake == urgent.intake_id).unwrap();
    assert!(place < 8, "the one in danger was heard as number {place} of 13");
    scene.stop.cancel();
    worker.await.unwrap();
}
