//! Early text on the whole way: a caller who speaks for long has been transcribed but for the last sentence when hanging up.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step is a failed test")]

mod support;

use dauys_loadtest::phone::{EndBy, place};
use dauys_media::g711::Codec;
use dauys_tests::dauys::Dauys;
use support::{plan, sample, target, tickets};
use tempfile::TempDir;

const SAID: [(&str, &str); 3] =
    [("kk-water", "су жоқ"), ("ru-electricity", "электричество"), ("uz-electricity", "svet yo'q")];

/// Returns a metric of a process.
async fn metric(dauys: &Dauys, name: &str) -> f64 {
    let text = dauys.http.get(format!("{}/metrics", dauys.api)).send().await.unwrap().text().await.unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map_or(0.0, |value| value.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_call_leaves_only_its_last_sentence_to_be_heard_when_it_ends() {
    let data = TempDir::new().unwrap();
    let settings = [("DAUYS__CALLS__EARLY_TEXT_SECONDS", "5"), ("DAUYS__CALLS__END_SILENCE_MS", "4000")];
    let dauys = Dauys::start(data.path(), &settings).await.unwrap();
    // Each sentence twice, with a breath between them that is too short to end the recording.
    let said: Vec<i16> =
        SAID.iter().chain(&SAID).flat_map(|(name, _)| [sample(name), vec![0; 7_200]].concat()).collect();
    let seconds = said.len() as f64 / 8_000.0;
    let report = place(&target(&dauys), "77000000001", plan(said, EndBy::HangUp), &[Codec::Alaw]).await.unwrap();
    let ticket = dauys.ticket_of(&report.call_id).await.unwrap();
    assert!(ticket.seconds_to_cabinet < 10.0, "{ticket:?}");
    let audio = metric(&dauys, "dauys_transcriber_audio_seconds_sum").await;
    let early = metric(&dauys, "dauys_transcriber_early_seconds_sum").await;
    assert!(audio > seconds - 1.0, "{audio} s were recorded of {seconds}");
    assert!(audio - early < 12.0, "{} s of {audio} were left to be heard at the end", audio - early);
    let listed = tickets(&dauys).await.pop().unwrap();
    let words = listed["transcript"].as_str().unwrap().to_lowercase();
    for (name, word) in SAID {
        assert_eq!(words.matches(word).count(), 2, "{name} was said twice: {words}");
    }
    assert_eq!(support::files(&data.path().join("recordings/parts")), 0, "parts are gone once they were heard");
    dauys.stop().await.unwrap();
}
