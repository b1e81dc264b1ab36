//! What an inspector corrected and an editor accepted is learned by the next `dauys train`; what nobody accepted is not.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use dauys_config::Settings;
use dauys_config::city::{City, CitySettings};
use dauys_events::{
    Actor, AgencyId, Channel, Contact, Danger, IntakeId, Language, MediaQuality, Outcome, Priority, Recorded,
    RecordingEnd, RegistrationNumber, RequestKind, Segment, Transcribed,
};
use dauys_router::store::{self, CorrectionState, Intake, SpokenContact, Store};
use dauys_tickets::{Action, Clocks, Reading, Terms, apply, open_ticket};
use jiff::Timestamp;
use serde_json::Value;
use tempfile::TempDir;
use uuid::Uuid;

/// What nobody has ever called about; every word of it is made up.
const SAID: &str = "бумбарашка зюзюкает во дворе";
const MORNING: &str = "2026-11-20T10:00:00Z";

fn dauys(arguments: &[&str], data: &Path, said: &str) -> Vec<u8> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dauys"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DAUYS")) {
        command.env_remove(name);
    }
    command.args(arguments).arg("--data").arg(data).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(said.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    output.stdout
}

/// The `n`-th caller says the words; no model knew what they mean.
fn intake(n: u32, clocks: &Clocks) -> Intake {
    let at: Timestamp = MORNING.parse().unwrap();
    // The last 16 bits stay free: the index of a ticket in its intake goes there.
    let intake_id = IntakeId(Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0000 | (u128::from(n) << 16)));
    let segment = Segment {
        start_ms: 0,
        end_ms: 3_000,
        text: SAID.to_owned(),
        language: Some(Language::Ru),
        language_confidence: 0.9,
        confidence: 0.9,
        digits: None,
        languages: vec![],
    };
    let recorded = Recorded {
        intake_id,
        registration_number: RegistrationNumber::compose(10, n).unwrap(),
        channel: Channel::Call,
        contact: Contact { number: None, name: None },
        call_id: None,
        external_id: None,
        language_hint: None,
        recording: None,
        text: None,
        duration_ms: 3_000,
        received_at: at,
        last_word_at: at,
        end: RecordingEnd::Key,
        quality: MediaQuality::default(),
    };
    let transcribed = Transcribed {
        intake_id,
        recorded: recorded.clone(),
        outcome: Outcome::Words,
        reason: None,
        segments: vec![segment],
        rejected: vec![],
        language: Some(Language::Ru),
        engine: "test".into(),
        model: "test".into(),
        audio_seconds: 3.0,
        wall_seconds: 0.1,
    };
    let reading = Reading {
        category: "unclear".into(),
        probability: 0.1,
        alternatives: vec![],
        kind: RequestKind::Request,
        danger: Danger::None,
        emergency: None,
        priority: Priority::Normal,
        place: None,
        language: Some(Language::Ru),
        agency: AgencyId("inspectorate".into()),
        review: true,
        why: vec![],
        terms: Terms { target_hours: 5, legal_working_days: 15 },
        model: Some("test-1".into()),
        answer: None,
    };
    Intake {
        intake_id,
        registration_number: recorded.registration_number,
        call_id: None,
        contact: recorded.contact,
        spoken: SpokenContact::default(),
        traceparent: None,
        tickets: vec![open_ticket(&transcribed, 0, reading, clocks, at)],
    }
}

/// Has `count` callers say the words, and an inspector say that they mean mosquitoes.
async fn correct(store: &dyn Store, from: u32, count: u32, settings: &CitySettings) {
    let clocks = Clocks::new(settings).unwrap();
    let inspector = Actor::Account { login: "inspector".into(), agency: None };
    let terms = Terms { target_hours: 5, legal_working_days: 15 };
    for n in from..from + count {
        let intake = intake(n, &clocks);
        store.open_intake(&intake).await.unwrap();
        let to = Action::Recategorise { category: "mosquito".into(), terms, priority: Priority::Normal };
        let at = "2026-11-20T10:01:00Z".parse().unwrap();
        let change = apply(intake.tickets[0].ticket(), &to, &inspector, None, &clocks, at).unwrap();
        store.apply_change(&change).await.unwrap();
    }
}

async fn accept_all(store: &dyn Store) {
    for pending in store.corrections(Some(CorrectionState::Pending), 0, 100).await.unwrap() {
        let at = "2026-11-20T11:00:00Z".parse().unwrap();
        store.review_correction(pending.id, CorrectionState::Accepted, "editor", at).await.unwrap();
    }
}

#[test]
fn a_training_learns_from_what_was_accepted_and_from_nothing_else() {
    let folder = TempDir::new().unwrap();
    let data = folder.path();
    let city = City::embedded("shymkent").unwrap().settings;
    let settings = {
        let mut settings = Settings::default();
        data.clone_into(&mut settings.node.data);
        settings
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let report = || -> Value { serde_json::from_slice(&dauys(&["train", "--json"], data, "")).unwrap() };
    let understood = || -> Value { serde_json::from_slice(&dauys(&["understand", "--json"], data, SAID)).unwrap() };

    let store = runtime.block_on(store::open(&settings)).unwrap();
    runtime.block_on(correct(&*store, 1, 8, &city));
    let before = report();
    assert_eq!(before["corrections"], 0, "nobody has accepted one");
    assert_ne!(understood()["category"], "mosquito");
    runtime.block_on(accept_all(&*store));
    runtime.block_on(correct(&*store, 20, 3, &city));

    let learnt = report();
    assert_eq!(learnt["corrections"], 8, "three wait for an editor");
    assert_ne!(learnt["version"], before["version"]);
    assert_eq!(learnt["in_use"]["version"], before["version"]);
    let now = understood();
    assert_eq!((&now["category"], &now["model"]), (&"mosquito".into(), &learnt["version"]), "{now}");
}
