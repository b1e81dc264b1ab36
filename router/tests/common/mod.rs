//! What the tests of the router start from; every name and number is made up.

#![allow(dead_code, reason = "each test file uses what it needs")]

pub mod bus;

use dauys_config::city::{City, CitySettings};
use dauys_events::{
    AgencyId, CallId, Channel, Contact, Danger, IntakeId, Language, Location, MediaQuality, Outcome, Priority,
    Recorded, RecordingEnd, RegistrationNumber, RequestKind, Segment, Transcribed,
};
use dauys_router::store::{Intake, SpokenContact};
use dauys_tickets::{Clocks, Reading, Terms, open_ticket};
use jiff::Timestamp;
use std::sync::LazyLock;
use uuid::Uuid;

static SETTINGS: LazyLock<CitySettings> = LazyLock::new(|| City::embedded("shymkent").unwrap().settings);

pub fn clocks() -> Clocks {
    Clocks::new(&SETTINGS).unwrap()
}

pub fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Ten in the morning, UTC, of a Friday.
pub fn morning() -> Timestamp {
    time("2026-11-20T10:00:00Z")
}

pub fn after(seconds: i64) -> Timestamp {
    Timestamp::from_second(morning().as_second() + seconds).unwrap()
}

pub fn intake_id(n: u32) -> IntakeId {
    // The last 16 bits stay free: the index of a ticket in its intake goes there.
    IntakeId(Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0000 | (u128::from(n) << 16)))
}

pub fn number(n: u32) -> RegistrationNumber {
    RegistrationNumber::compose(10, n).unwrap()
}

/// The `n`-th citizen, who spoke for half a minute from `received_at` on.
pub fn transcribed(n: u32, received_at: Timestamp, words: &str) -> Transcribed {
    let intake_id = intake_id(n);
    let last_word_at = Timestamp::from_second(received_at.as_second() + 30).unwrap();
    Transcribed {
        intake_id,
        recorded: Recorded {
            intake_id,
            registration_number: number(n),
            channel: Channel::Call,
            contact: Contact { number: Some(format!("+7700{n:07}")), name: None },
            call_id: Some(CallId(intake_id.0)),
            external_id: Some(format!("call-{n}@trunk.example")),
            language_hint: Some(Language::Ru),
            recording: None,
            text: None,
            duration_ms: 30_000,
            received_at,
            last_word_at,
            end: RecordingEnd::Key,
            quality: MediaQuality::default(),
        },
        outcome: Outcome::Words,
        reason: None,
        segments: vec![Segment {
            start_ms: 0,
            end_ms: 30_000,
            text: words.to_owned(),
            language: Some(Language::Ru),
            language_confidence: 0.95,
            confidence: 0.9,
            digits: None,
            languages: vec![],
        }],
        rejected: vec![],
        language: Some(Language::Ru),
        engine: "whisper.cpp".into(),
        model: "test".into(),
        audio_seconds: 30.0,
        wall_seconds: 1.0,
    }
}

pub fn reading(agency: &str, category: &str) -> Reading {
    Reading {
        category: category.into(),
        probability: 0.9,
        alternatives: vec![],
        kind: RequestKind::Request,
        danger: Danger::None,
        emergency: None,
        priority: Priority::Normal,
        place: Some(Location {
            unit: Some("nursat".into()),
            name: "Nursat".into(),
            street: None,
            house: None,
            landmark: None,
            point: None,
            confidence: 0.8,
        }),
        language: Some(Language::Ru),
        agency: AgencyId(agency.into()),
        review: false,
        why: vec!["it was said".into()],
        terms: Terms { target_hours: 5, legal_working_days: 15 },
        model: Some("test-1".into()),
        answer: None,
    }
}

/// The intake of the `n`-th citizen with one ticket, in the cabinet `delay` seconds after the last word.
pub fn intake_of(transcribed: &Transcribed, reading: Reading, delay: i64) -> Intake {
    let opened_at = Timestamp::from_second(transcribed.recorded.last_word_at.as_second() + delay).unwrap();
    let recorded = &transcribed.recorded;
    Intake {
        intake_id: transcribed.intake_id,
        registration_number: recorded.registration_number,
        call_id: recorded.call_id,
        contact: recorded.contact.clone(),
        spoken: SpokenContact::default(),
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
        tickets: vec![open_ticket(transcribed, 0, reading, &clocks(), opened_at)],
    }
}

pub fn intake(n: u32) -> Intake {
    intake_of(&transcribed(n, morning(), "no water"), reading("water", "water_outage"), 3)
}
