//! The whole way with the real parts: a spoken call becomes a ticket in the right agency's cabinet, whatever fails between.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step is a failed test")]

mod support;

use dauys_bus::testing;
use dauys_loadtest::phone::{EndBy, place};
use dauys_media::g711::Codec;
use dauys_tests::dauys::Dauys;
use dauys_tests::postgres::Database;
use serde_json::Value;
use std::time::Duration;
use support::{call, plan, sample, target, tickets};
use tempfile::TempDir;

/// Sample, key, language, category, agency, and what the place must hold.
const CALLS: [(&str, &str, &str, &str, &str, &str); 3] = [
    ("kk-water", "1", "kk", "water", "water_utility", "Нұрсәт"),
    ("ru-electricity", "2", "ru", "electricity", "power_grid", "Туран"),
    ("uz-electricity", "3", "uz", "electricity", "power_grid", "Tole biy"),
];

#[tokio::test(flavor = "multi_thread")]
async fn three_languages_reach_the_right_cabinets_and_a_second_start_finds_them() {
    let data = TempDir::new().unwrap();
    let dauys = Dauys::start(data.path(), &[]).await.unwrap();
    let calls = CALLS.map(|(name, key, ..)| {
        let target = target(&dauys);
        let mut plan = plan(sample(name), EndBy::Hash);
        plan.press = key.to_owned();
        plan.wait_for_tone = true;
        tokio::spawn(async move { place(&target, "77000000001", plan, &[Codec::Alaw]).await.unwrap() })
    });
    for (call, (name, _, language, category, agency, place)) in calls.into_iter().zip(CALLS) {
        let report = call.await.unwrap();
        assert!(report.hung_up_by_peer && report.tones > 0, "{name}: {report:?}");
        let ticket = dauys.ticket_of(&report.call_id).await.unwrap();
        assert_eq!(ticket.language.as_deref(), Some(language), "{ticket:?}");
        assert_eq!((ticket.category.as_str(), ticket.agency.as_str()), (category, agency), "{ticket:?}");
        assert!(ticket.place.as_deref().is_some_and(|found| found.contains(place)), "{ticket:?}");
        assert!(ticket.registration_number.parse::<dauys_events::RegistrationNumber>().is_ok());
        assert!(ticket.seconds_to_cabinet > 0.0 && ticket.seconds_to_cabinet < 10.0, "{ticket:?}");
    }
    let before = tickets(&dauys).await;
    dauys.stop().await.unwrap();
    let dauys = Dauys::start(data.path(), &[]).await.unwrap();
    assert_eq!(tickets(&dauys).await, before);
    assert_eq!(before.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_was_spoken_becomes_one_ticket_though_the_bus_is_away_and_the_process_is_killed() {
    let data = TempDir::new().unwrap();
    // Nobody listens on this port: the hand-over cannot succeed before the kill.
    let away = [("DAUYS__BUS__KIND", "kafka"), ("DAUYS__BUS__KAFKA__BROKERS", "127.0.0.1:9")];
    let dauys = Dauys::start(data.path(), &away).await.unwrap();
    let report = call(&dauys, "ru-electricity", EndBy::Hash).await;
    assert!(report.hung_up_by_peer, "the number was spoken to the end: {report:?}");
    dauys.kill().await.unwrap();
    let dauys = Dauys::start(data.path(), &[]).await.unwrap();
    let ticket = dauys.ticket_of(&report.call_id).await.unwrap();
    assert_eq!(ticket.category, "electricity");
    let spoken = support::number_heard(&report);
    assert_eq!(ticket.registration_number, spoken, "the ticket has the number that was spoken");
    dauys.kill().await.unwrap();
    let dauys = Dauys::start(data.path(), &[]).await.unwrap();
    assert_eq!(dauys.ticket_of(&report.call_id).await.unwrap().registration_number, spoken);
    assert_eq!(tickets(&dauys).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_while_the_caller_speaks_or_while_it_is_transcribed_loses_nobody() {
    let data = TempDir::new().unwrap();
    let dauys = Dauys::start(data.path(), &[]).await.unwrap();
    let (target, speaking) =
        (target(&dauys), plan([sample("ru-electricity"), vec![0; 80_000]].concat(), EndBy::HangUp));
    let caller = tokio::spawn(async move { place(&target, "77000000002", speaking, &[Codec::Alaw]).await });
    let finished = call(&dauys, "kk-water", EndBy::HangUp).await;
    // Its recording is in the store before it is transcribed; the other caller is still in the call.
    support::until(|| support::files(&data.path().join("recordings")) > 0).await;
    dauys.kill().await.unwrap();
    caller.abort();
    let dauys = Dauys::start(data.path(), &[]).await.unwrap();
    assert_eq!(dauys.ticket_of(&finished.call_id).await.unwrap().category, "water");
    // What the interrupted caller had said until a second or so before the kill is a ticket as well.
    support::until_ok(async || (tickets(&dauys).await.len() == 2).then_some(())).await;
    dauys.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn sipp_streams_a_law_and_finds_it_byte_for_byte_in_the_recording_and_in_words_in_the_ticket() {
    let Some(sipp) = support::program("SIPp", "sipp") else { return };
    let data = TempDir::new().unwrap();
    let dauys = Dauys::start(data.path(), &[]).await.unwrap();
    let mut sent = Vec::new();
    Codec::Alaw.encode_to(&sample("ru-electricity"), &mut sent);
    sent.truncate(sent.len() / 160 * 160);
    let file = data.path().join("speech.alaw");
    std::fs::write(&file, &sent).unwrap();
    let scenario = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/sipp/speak.xml")).unwrap();
    let pause = (sent.len() / 8 + 400).to_string();
    let scenario = scenario.replace("SPEECH", file.to_str().unwrap()).replace("PAUSE", &pause);
    let path = data.path().join("speak.xml");
    std::fs::write(&path, scenario).unwrap();
    let output = tokio::process::Command::new(sipp)
        .args(["-sf", path.to_str().unwrap(), "-s", "109", "-m", "1", "-i", "127.0.0.1", "-nostdin", "-timeout", "60s"])
        .args(["-cid_str", "sipp-%u@127.0.0.1", &dauys.sip.to_string()])
        .current_dir(data.path())
        .output()
        .await
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let listed = support::until_ok(async || tickets(&dauys).await.pop()).await;
    let recording = support::recording(&dauys, &listed).await;
    let payload = support::payload(&recording);
    assert!(payload == sent, "{} bytes were sent, {} recorded", sent.len(), payload.len());
    assert_eq!(listed["transcript"], "здравствуйте в районе туран отключили электричество");
    assert_eq!(listed["agency"], "power_grid");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_way_on_kafka_and_postgresql_seen_by_a_client_that_is_not_ours() {
    let Some(kafka) = testing::kafka() else { return };
    let Some(kcat) = support::program("kcat", "kcat") else { return };
    let Some(database) = Database::make().await.unwrap() else { return };
    let data = TempDir::new().unwrap();
    let settings = [
        ("DAUYS__BUS__KIND", "kafka"),
        ("DAUYS__BUS__KAFKA__BROKERS", kafka.as_str()),
        ("DAUYS__BUS__KAFKA__PARTITIONS", "3"),
        ("DAUYS__STORE__KIND", "postgres"),
        ("DAUYS__STORE__POSTGRES_URL", "{ env = \"DATABASE_URL\" }"),
        ("DATABASE_URL", database.url.as_str()),
    ];
    let dauys = Dauys::start(data.path(), &settings).await.unwrap();
    let report = call(&dauys, "kk-water", EndBy::Hash).await;
    let ticket = dauys.ticket_of(&report.call_id).await.unwrap();
    assert_eq!((ticket.category.as_str(), ticket.agency.as_str()), ("water", "water_utility"));
    let changed = support::until_ok(async || {
        let output = tokio::process::Command::new(&kcat)
            .args(["-b", &kafka, "-t", "dauys.tickets", "-C", "-e", "-q"])
            .output()
            .await
            .unwrap();
        let lines = String::from_utf8(output.stdout).unwrap();
        let events = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let ours =
            |event: &Value| event["data"]["ticket"]["registration_number"] == ticket.registration_number.as_str();
        events.into_iter().find(ours)
    })
    .await;
    assert_eq!((&changed["event"], &changed["version"]), (&"dauys.ticket_changed".into(), &1.into()));
    assert_eq!(changed["data"]["ticket"]["agency"], "water_utility");
    assert_eq!(changed["data"]["change"]["type"], "opened");
    dauys.stop().await.unwrap();
    // The same database and bus, another data folder: a new node of the city sees the ticket.
    let elsewhere = TempDir::new().unwrap();
    let dauys = Dauys::start(elsewhere.path(), &settings).await.unwrap();
    assert_eq!(dauys.ticket_of(&report.call_id).await.unwrap(), ticket);
    tokio::time::timeout(Duration::from_secs(60), dauys.stop()).await.unwrap().unwrap();
}
