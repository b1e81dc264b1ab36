//! The worker between a bus and a store: every recording gets its answer, once the answer is durable it is committed, and
//! nothing that goes wrong with one recording touches another.
#![cfg(feature = "demo-model")]
#![allow(clippy::unwrap_used, reason = "the helpers of a test may fail it")]

#[path = "support/scene.rs"]
mod scene;
mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use dauys_bus::{Bus, Message};
use dauys_events::{DeadLetter, Language, Outcome, Recorded, RecordingRef, Topic, Transcribed};
use dauys_transcriber::engine::{Engine, EngineError, EngineInfo, FakeEngine, Hint, Hypothesis};
use dauys_transcriber::worker::GROUP;
use scene::Scene;
use support::{ENGINE, sample_calls, samples, silence, wav_a_law};
use tokio_util::sync::CancellationToken;

fn speech() -> Vec<u8> {
    sample_calls().remove(0).bytes
}

#[tokio::test]
async fn a_call_becomes_words_with_their_place_in_the_recording() {
    let mut scene = Scene::new();
    let call = sample_calls().remove(0);
    let sound = [silence(10.0), samples(&call)].concat();
    let recorded = scene.store(wav_a_law(&sound)).await;
    scene.send(&recorded).await;
    struct Shared;
    impl Engine for Shared {
        fn describe(&self) -> EngineInfo {
            ENGINE.describe()
        }
        fn transcribe(&self, pcm: &[f32], hint: Hint) -> Result<Hypothesis, EngineError> {
            ENGINE.transcribe(pcm, hint)
        }
    }
    let worker = scene.start(Arc::new(Shared));
    let answer = scene.answers(1).await.remove(0);
    assert_eq!((answer.outcome, answer.text(), answer.language), (Outcome::Words, call.text, Some(call.language)));
    assert_eq!(
        (answer.intake_id, &answer.recorded, answer.model.as_str()),
        (recorded.intake_id, &recorded, "109-demo")
    );
    let segment = &answer.segments[0];
    assert!(segment.start_ms > 9_500 && segment.end_ms < 16_000 && segment.confidence > 0.8, "{segment:?}");
    assert!(answer.audio_seconds > 15.0 && answer.wall_seconds > 0.0);
    scene.bus.until(|bus| bus.committed() == 1).await;
    assert_eq!(scene.bus.lag(GROUP, Topic::Recordings).await.unwrap(), 0);
    scene.stop.cancel();
    worker.await.unwrap();
}

#[tokio::test]
async fn every_recording_gets_an_answer_whatever_is_wrong_with_it() {
    let mut scene = Scene::new();
    let words = scene.store(speech()).await;
    let silent = scene.store(wav_a_law(&silence(5.0))).await;
    let broken = scene.store(b"RIFF and nothing more".to_vec()).await;
    let gone = scene.store(speech()).await;
    let forged = scene.store(speech()).await;
    let file = |of: &Recorded| scene.folder.path().join(&of.recording.as_ref().unwrap().uri);
    std::fs::remove_file(file(&gone)).unwrap();
    std::fs::write(file(&forged), b"something else").unwrap();
    let missing = scene.recorded();
    let foreign = RecordingRef { uri: "../../etc/passwd".to_owned(), ..words.recording.clone().unwrap() };
    let foreign = Recorded { recording: Some(foreign), ..scene.recorded() };
    let text = Recorded { text: Some("нет воды на улице".to_owned()), ..scene.recorded() };
    let all = [
        (&words, Outcome::Words, ""),
        (&silent, Outcome::NoSpeech, "no speech"),
        (&broken, Outcome::Undecodable, "neither WAV nor"),
        (&gone, Outcome::Unavailable, "recording unavailable"),
        (&forged, Outcome::Undecodable, "damaged in the store"),
        (&missing, Outcome::Unavailable, "without its recording"),
        (&foreign, Outcome::Unavailable, "recording unavailable"),
        (&text, Outcome::Text, ""),
    ];
    for (recorded, ..) in &all {
        scene.send(recorded).await;
    }
    let worker = scene.start(Arc::new(FakeEngine::saying("нет света", Language::Ru)));
    let answers = scene.answers(all.len()).await;
    for (recorded, outcome, reason) in all {
        let answer = answers.iter().find(|a| a.intake_id == recorded.intake_id).expect("an answer");
        assert_eq!(answer.outcome, outcome, "{answer:?}");
        assert!(answer.reason.as_deref().unwrap_or_default().contains(reason), "{answer:?}");
        assert_eq!(answer.segments.is_empty(), !matches!(outcome, Outcome::Words | Outcome::Text));
    }
    scene.bus.until(|bus| bus.committed() == 8).await;
    let mut dead: Vec<_> = scene.bus.on::<DeadLetter>().into_iter().map(|letter| letter.key).collect();
    let mut expected = [&gone, &forged, &foreign].map(|recorded| recorded.intake_id.to_string()).to_vec();
    dead.sort();
    expected.sort();
    assert_eq!(dead, expected, "what an operator can repair and replay is set aside, and nothing else");
    scene.stop.cancel();
    worker.await.unwrap();
}

#[tokio::test]
async fn a_message_that_is_no_recording_is_set_aside_with_its_payload() {
    let mut scene = Scene::new();
    let payload = Bytes::from_static(b"\xffno event");
    let strange = Message { topic: Topic::Recordings, key: "k".to_owned(), payload, traceparent: None };
    scene.bus.publish(vec![strange]).await.unwrap();
    let good = scene.store(speech()).await;
    scene.send(&good).await;
    let worker = scene.start(Arc::new(FakeEngine::saying("нет света", Language::Ru)));
    scene.bus.until(|bus| bus.committed() == 2).await;
    let letters = scene.bus.on::<DeadLetter>();
    assert_eq!(letters.len(), 1);
    assert_eq!((letters[0].key.as_str(), letters[0].payload.as_str()), ("k", "/25vIGV2ZW50"));
    assert_eq!(scene.bus.on::<Transcribed>().len(), 1);
    scene.stop.cancel();
    worker.await.unwrap();
}

#[tokio::test]
async fn nothing_is_committed_before_its_transcript_is_durable() {
    let mut scene = Scene::new();
    let recorded = scene.store(speech()).await;
    scene.send(&recorded).await;
    scene.bus.0.refusals.store(2, Ordering::SeqCst);
    let worker = scene.start(Arc::new(FakeEngine::saying("нет света", Language::Ru)));
    scene.bus.until(|bus| bus.0.refusals.load(Ordering::SeqCst) == 0).await;
    assert_eq!(scene.bus.committed(), 0);
    scene.bus.until(|bus| bus.committed() == 1).await;
    assert_eq!(scene.bus.on::<Transcribed>().len(), 1);
    scene.stop.cancel();
    worker.await.unwrap();
}

#[tokio::test]
async fn what_could_not_be_published_before_the_stop_is_delivered_again() {
    let mut scene = Scene::new();
    let recorded = scene.store(speech()).await;
    scene.send(&recorded).await;
    scene.bus.0.refusals.store(usize::MAX, Ordering::SeqCst);
    let worker = scene.start(Arc::new(FakeEngine::saying("нет света", Language::Ru)));
    scene.bus.until(|bus| bus.0.refusals.load(Ordering::SeqCst) < usize::MAX).await;
    scene.stop.cancel();
    worker.await.unwrap();
    assert_eq!((scene.bus.committed(), scene.bus.on::<Transcribed>().len()), (0, 0));

    scene.bus.0.refusals.store(0, Ordering::SeqCst);
    scene.stop = CancellationToken::new();
    let worker = scene.start(Arc::new(FakeEngine::saying("нет света", Language::Ru)));
    scene.bus.until(|bus| bus.committed() == 1).await;
    assert_eq!(scene.bus.on::<Transcribed>()[0].intake_id, recorded.intake_id);
    scene.stop.cancel();
    worker.await.unwrap();
}

/// Holds the first recording until it is let go; answers the others at once.
struct HeldEngine {
    calls: AtomicUsize,
    gate: Mutex<std::sync::mpsc::Receiver<()>>,
    panics: bool,
}

impl Engine for HeldEngine {
    fn describe(&self) -> EngineInfo {
        FakeEngine::saying("", Language::Ru).describe()
    }

    fn transcribe(&self, pcm: &[f32], hint: Hint) -> Result<Hypothesis, EngineError> {
        if self.calls.fetch_add(1, Ordering::SeqCst) == 0 {
            assert!(!self.panics, "the engine breaks");
            let _ = self.gate.lock().unwrap().recv();
        }
        FakeEngine::saying("нет света", Language::Ru).transcribe(pcm, hint)
    }
}

fn held(panics: bool) -> (Arc<HeldEngine>, std::sync::mpsc::SyncSender<()>) {
    let (open, gate) = std::sync::mpsc::sync_channel(1);
    (Arc::new(HeldEngine { calls: AtomicUsize::new(0), gate: Mutex::new(gate), panics }), open)
}

#[tokio::test]
async fn one_long_recording_holds_nobody_up_and_is_committed_with_the_rest() {
    let mut scene = Scene::new();
    for _ in 0..12 {
        let recorded = scene.store(speech()).await;
        scene.send(&recorded).await;
    }
    let (engine, open) = held(false);
    let worker = scene.start(engine);
    assert_eq!(scene.answers(11).await.len(), 11, "all but the held one are heard");
    assert_eq!(scene.bus.committed(), 0, "a commit would cover the one in progress");
    open.send(()).unwrap();
    scene.bus.until(|bus| bus.committed() == 12).await;
    assert_eq!(scene.bus.on::<Transcribed>().len(), 12);
    scene.stop.cancel();
    worker.await.unwrap();
}

#[tokio::test]
async fn an_engine_that_breaks_costs_one_recording_its_words_and_no_other() {
    let mut scene = Scene::new();
    for _ in 0..3 {
        let recorded = scene.store(speech()).await;
        scene.send(&recorded).await;
    }
    let (engine, _open) = held(true);
    let worker = scene.start(engine);
    let outcomes: Vec<_> = scene.answers(3).await.iter().map(|answer| answer.outcome).collect();
    assert_eq!(outcomes.iter().filter(|&&o| o == Outcome::Words).count(), 2);
    assert_eq!(outcomes.iter().filter(|&&o| o == Outcome::Unsure).count(), 1);
    scene.bus.until(|bus| bus.committed() == 3).await;
    assert_eq!(scene.bus.on::<DeadLetter>().len(), 1);
    scene.stop.cancel();
    worker.await.unwrap();
}

#[tokio::test]
async fn a_stop_waits_for_what_is_in_progress() {
    let mut scene = Scene::new();
    let recorded = scene.store(speech()).await;
    scene.send(&recorded).await;
    let (engine, open) = held(false);
    let worker = scene.start(Arc::clone(&engine) as Arc<dyn Engine>);
    while engine.calls.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    scene.stop.cancel();
    open.send(()).unwrap();
    worker.await.unwrap();
    assert_eq!((scene.bus.on::<Transcribed>().len(), scene.bus.committed()), (1, 1));
}
