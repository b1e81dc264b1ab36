//! A ticket as the book of incidents reads it.

use dauys_config::city::{City, Level};
use dauys_events::Ticket;
use dauys_incidents::{Area, Place, Point, Report, word_features};
use std::hash::{DefaultHasher, Hash, Hasher};

/// A place that is less sure than this is not relied on.
const SURE: f32 = 0.6;

/// Reads a ticket. `number` is the citizen's; of it only a hash is kept, in memory.
pub fn report_of(city: &City, ticket: &Ticket, number: Option<&str>) -> Report {
    Report {
        ticket: ticket.ticket_id,
        reporter: number.map(hash),
        category: ticket.category.clone(),
        place: place(city, ticket),
        words: word_features(&ticket.transcript),
        at: ticket.last_word_at,
    }
}

/// Returns a unit as an area; none for a street and for a unit that the city has not.
pub fn area_of(city: &City, unit: &str) -> Option<Area> {
    let found = city.unit(unit)?;
    Some(Area { level: level(found.level)?, unit: found.code.clone() })
}

fn level(level: Level) -> Option<dauys_incidents::Level> {
    if level == Level::City {
        return Some(dauys_incidents::Level::City);
    }
    if level == Level::District {
        return Some(dauys_incidents::Level::District);
    }
    (level == Level::Microdistrict).then_some(dauys_incidents::Level::Quarter)
}

fn place(city: &City, ticket: &Ticket) -> Place {
    let whole = Area { level: dauys_incidents::Level::City, unit: city.settings.code.clone() };
    let Some(said) = ticket.place.as_ref().filter(|place| place.confidence >= SURE) else {
        return Place { areas: vec![whole], ..Place::default() };
    };
    let line = said.unit.as_deref().map(|unit| city.lineage(unit)).unwrap_or_default();
    let mut areas: Vec<Area> = line.iter().filter_map(|unit| area_of(city, &unit.code)).collect();
    if !areas.contains(&whole) {
        areas.push(whole);
    }
    let named = line.iter().find(|unit| unit.level == Level::Street).map(|unit| unit.code.clone());
    let plain = |text: &String| Some(text.trim().to_lowercase()).filter(|text| !text.is_empty());
    Place {
        areas,
        street: named.or_else(|| said.street.as_ref().and_then(plain)),
        house: said.house.as_ref().and_then(plain),
        landmark: said.landmark.as_ref().and_then(plain),
        point: said.point.filter(|point| point.exact).map(|point| Point { lat: point.lat, lon: point.lon }),
    }
}

fn hash(number: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    number.hash(&mut hasher);
    hasher.finish()
}
