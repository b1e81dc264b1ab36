//! A transcript and a reading to start from; every name and number is made up.

#![allow(dead_code, reason = "each test file uses what it needs")]

use dauys_config::city::{City, CitySettings};
use dauys_events::{
    Actor, AgencyId, Channel, Contact, Danger, IntakeId, Language, MediaQuality, Outcome, Priority, Recorded,
    RecordingEnd, RegistrationNumber, RequestKind, Scored, Segment, Ticket, Transcribed,
};
use dauys_tickets::{Clocks, Reading, Terms, open_ticket};
use jiff::Timestamp;
use std::sync::LazyLock;
use uuid::Uuid;

static SETTINGS: LazyLock<CitySettings> = LazyLock::new(|| City::embedded("shymkent").unwrap().settings);

pub fn settings() -> CitySettings {
    SETTINGS.clone()
}

pub fn clocks() -> Clocks {
    Clocks::new(&SETTINGS).unwrap()
}

pub fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn transcribed() -> Transcribed {
    let intake_id = IntakeId(Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0001));
    Transcribed {
        intake_id,
        recorded: Recorded {
            intake_id,
            registration_number: RegistrationNumber::compose(10, 7).unwrap(),
            channel: Channel::Call,
            contact: Contact { number: Some("+77000000001".into()), name: None },
            call_id: None,
            external_id: Some("a84b4c76e66710".into()),
            language_hint: Some(Language::Ru),
            recording: None,
            text: None,
            duration_ms: 9_000,
            received_at: time("2026-11-20T10:00:00Z"),
            last_word_at: time("2026-11-20T10:00:30Z"),
            end: RecordingEnd::Key,
            quality: MediaQuality::default(),
        },
        outcome: Outcome::Words,
        reason: None,
        segments: vec![Segment {
            start_ms: 0,
            end_ms: 3_000,
            text: "open manhole\0 by the school".into(),
            language: Some(Language::Ru),
            language_confidence: 0.9,
            confidence: 0.8,
            digits: None,
            languages: vec![],
        }],
        rejected: vec![],
        language: Some(Language::Ru),
        engine: "whisper.cpp".into(),
        model: "test".into(),
        audio_seconds: 9.0,
        wall_seconds: 1.0,
    }
}

pub fn reading() -> Reading {
    Reading {
        category: "manhole".into(),
        probability: 0.9,
        alternatives: vec![Scored { code: "roads".into(), probability: 0.05 }],
        kind: RequestKind::Request,
        danger: Danger::Urgent,
        emergency: None,
        priority: Priority::High,
        place: None,
        language: Some(Language::Ru),
        agency: AgencyId("water".into()),
        review: false,
        why: vec!["a manhole was named".into()],
        terms: Terms { target_hours: 5, legal_working_days: 15 },
        model: Some("test-1".into()),
        answer: None,
    }
}

pub fn ticket() -> Ticket {
    open_ticket(&transcribed(), 0, reading(), &clocks(), time("2026-11-20T10:00:33Z")).changed.ticket
}

pub fn staff() -> Actor {
    Actor::Account { login: "inspector".into(), agency: None }
}

pub fn agency(code: &str) -> Actor {
    Actor::Account { login: format!("duty-{code}"), agency: Some(AgencyId(code.into())) }
}
