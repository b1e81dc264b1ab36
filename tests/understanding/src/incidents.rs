//! Reports of a few days, from words to incidents: which of them were put together, and which belong together.

use dauys_config::city::{City, Level};
use dauys_events::{IntakeId, TicketId};
use dauys_incidents::{Area, Pairwise, Place, Policy, Report, Rule, group, pairwise, word_features};
use dauys_understand::{Model, Transcript};
use jiff::Timestamp;
use uuid::Uuid;

use crate::sets;

/// The second at which the stream begins.
const START: i64 = 1_795_000_000;

/// Reads the reports with a model, groups them, and counts the pairs.
#[must_use]
pub fn measure(city: &City, model: &Model) -> Pairwise {
    let stream = sets::incidents();
    let reports: Vec<Report> = (0_u32..).zip(&stream).map(|(n, row)| report(city, model, n, row)).collect();
    let truth = stream.iter().map(|[_, incident, _, _]| (*incident != "-").then_some(*incident));
    let labels: Vec<_> = truth.zip(group(policy(), &reports)).collect();
    pairwise(&labels)
}

fn policy() -> Policy {
    let networks = [("electricity", 4.0), ("water", 3.0), ("heating", 2.0), ("gas", 1.0)];
    let spots = ["manhole", "tree", "pipe", "traffic_light", "pothole", "rubbish"];
    let policy = networks.iter().fold(Policy::default(), |p, (code, usual)| p.with(code, Rule::network(code, *usual)));
    spots.iter().fold(policy, |p, code| p.with(code, Rule::spot(code, 1)))
}

fn report(city: &City, model: &Model, number: u32, [minute, _, language, text]: &[&'static str; 4]) -> Report {
    let understood = model.understand(&Transcript { text, language: sets::spoken(language) });
    let place = understood.place;
    let lineage = place.as_ref().map(|p| p.lineage.clone()).unwrap_or_default();
    let areas = lineage.iter().filter_map(|code| {
        let level = match city.unit(code)?.level {
            Level::Microdistrict => dauys_incidents::Level::Quarter,
            Level::District => dauys_incidents::Level::District,
            Level::City => dauys_incidents::Level::City,
            _ => return None,
        };
        Some(Area { level, unit: code.clone() })
    });
    let areas = areas.collect();
    let seconds = minute.parse::<i64>().unwrap_or(0) * 60;
    let intake = IntakeId(Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0000 | (u128::from(number) << 16)));
    Report {
        ticket: TicketId::of(intake, 0),
        reporter: Some(u64::from(number)),
        category: understood.category,
        place: Place {
            areas,
            street: place.as_ref().and_then(|p| p.street_unit.clone()),
            house: place.as_ref().and_then(|p| p.house.clone()),
            landmark: place.as_ref().and_then(|p| p.landmark.clone()),
            point: None,
        },
        words: word_features(text),
        at: Timestamp::from_second(START + seconds).unwrap_or(Timestamp::MIN),
    }
}
