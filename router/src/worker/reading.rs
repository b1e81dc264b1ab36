//! How a city reads what was heard: category, place and danger by the model, the agency by the rules, and a person where
//! either is not sure enough.

use crate::answers::{self, AnswerBook};
use crate::store::SpokenContact;
use dauys_assign::Assigner;
use dauys_config::city::City;
use dauys_events::{AgencyId, Answer, Danger, Location, MapPoint, Outcome, Priority, RequestKind, Scored, Transcribed};
use dauys_tickets::{Reading, Terms};
use dauys_understand::{Conduct, Issue, Model, Transcript, Understanding};
use jiff::tz::TimeZone;
use std::sync::Arc;

/// Hours for a category that the pack does not describe: soon, since nobody knows yet what it is.
const UNKNOWN_TARGET_HOURS: u32 = 4;

/// What was understood of an intake.
#[derive(Clone, Debug, PartialEq)]
pub struct Understood {
    /// Each thing that the citizen wants, in the order of what was said; at least one.
    pub issues: Vec<Reading>,
    /// What the citizen said of who calls and how to call back.
    pub spoken: SpokenContact,
}

/// Reads a transcript: what is it about, and who answers for it. Pure, and for every transcript there is a reading.
pub trait Reader: Send + Sync + 'static {
    /// Reads a transcript.
    fn read(&self, transcribed: &Transcribed) -> Understood;
}

/// A city's model and rules.
pub struct CityReader {
    city: Arc<City>,
    model: Model,
    answers: AnswerBook,
    zone: TimeZone,
    assigner: Assigner,
}

impl CityReader {
    /// Trains the model and prepares the rules of a city; takes a moment.
    pub fn new(city: Arc<City>) -> Self {
        let model = Model::train(&city);
        Self::with_model(city, model)
    }

    /// Prepares the rules of a city beside a model that was trained before.
    pub fn with_model(city: Arc<City>, model: Model) -> Self {
        Self {
            model,
            answers: answers::load(&city),
            zone: TimeZone::get(&city.settings.time_zone).unwrap_or(TimeZone::UTC),
            assigner: Assigner::new(&city),
            city,
        }
    }

    /// Returns a category's terms and its own place in the order of work.
    pub fn terms(&self, category: &str) -> (Terms, Priority) {
        terms_of(&self.city, category)
    }
}

/// Returns a category's terms and its own place in the order of work; the city's general ones where the pack does not know
/// the category.
pub fn terms_of(city: &City, category: &str) -> (Terms, Priority) {
    let general = city.settings.legal.answer_working_days;
    match city.category(category) {
        Some(found) => {
            let legal_working_days = found.legal_working_days.unwrap_or(general);
            (Terms { target_hours: found.target_hours, legal_working_days }, found.priority)
        }
        None => (Terms { target_hours: UNKNOWN_TARGET_HOURS, legal_working_days: general }, Priority::Normal),
    }
}

impl Reader for CityReader {
    fn read(&self, transcribed: &Transcribed) -> Understood {
        let heard = transcribed.text();
        let text = match &transcribed.recorded.text {
            Some(written) if heard.trim().is_empty() => written.as_str(),
            _ => heard.as_str(),
        };
        if text.trim().is_empty() {
            return Understood { issues: vec![self.nothing_heard(transcribed)], spoken: SpokenContact::default() };
        }
        let understood = self.model.understand(&Transcript { text, language: transcribed.language });
        let spoken = SpokenContact {
            name: understood.contact.name.clone(),
            number: understood.contact.phone.clone(),
            language: understood.preferred,
        };
        // Where the words cannot be relied on, a person takes them apart.
        if understood.issues.len() < 2 || outcome_doubt(transcribed.outcome).is_some() {
            return Understood { issues: vec![self.one(transcribed, text, understood)], spoken };
        }
        let issues = understood.issues.iter();
        let issues = issues.map(|issue| self.one(transcribed, &issue.words, part(&understood, issue))).collect();
        Understood { issues, spoken }
    }
}

/// Says what one of several matters means by itself; what belongs to the call as a whole stays.
fn part(whole: &Understanding, issue: &Issue) -> Understanding {
    Understanding {
        category: issue.category.clone(),
        probability: issue.probability,
        top: vec![Scored { code: issue.category.clone(), probability: issue.probability }],
        kind: issue.kind,
        danger: issue.danger,
        emergency: issue.emergency,
        place: issue.place.clone().or_else(|| whole.place.clone()),
        why: vec![
            format!("One of {} matters of a call: «{}».", whole.issues.len(), issue.words),
            format!("model {}", whole.model),
        ],
        ..whole.clone()
    }
}

impl CityReader {
    /// Reads what was understood of one matter.
    fn one(&self, transcribed: &Transcribed, text: &str, understood: Understanding) -> Reading {
        let answer = self.answer(transcribed, text, &understood);
        let mut reading = match doubt(transcribed, &understood, &self.city) {
            Some(doubt) => self.for_review(understood, doubt),
            None => self.assigned(understood),
        };
        if let Some(answer) = &answer {
            reading.why.push(format!("The reference book answers it: {}.", answer.question));
        }
        Reading { answer, model: Some(self.model.version().to_owned()), ..reading }
    }

    /// Finds the reference book's answer to a question; what asks for something to be done gets none.
    fn answer(&self, transcribed: &Transcribed, text: &str, understood: &Understanding) -> Option<Answer> {
        if understood.kind != RequestKind::Question {
            return None;
        }
        let today = transcribed.recorded.received_at.to_zoned(self.zone.clone()).date();
        // Also a category below the gate says which questions are near.
        let best = understood.top.first().map_or(&understood.category, |scored| &scored.code);
        self.answers.find(text, understood.language, best, today)
    }
}

impl CityReader {
    fn desk(&self) -> AgencyId {
        AgencyId(self.city.settings.inspector.agency.clone())
    }

    fn unclear(&self) -> String {
        self.city.settings.inspector.unclear_category.clone()
    }

    fn nothing_heard(&self, transcribed: &Transcribed) -> Reading {
        let category = self.unclear();
        let (terms, priority) = self.terms(&category);
        let mut why = vec![outcome_doubt(transcribed.outcome).unwrap_or("There are no words.").to_owned()];
        why.extend(transcribed.reason.clone());
        Reading {
            category,
            probability: 0.0,
            alternatives: Vec::new(),
            kind: RequestKind::Request,
            danger: Danger::None,
            emergency: None,
            priority,
            place: None,
            language: transcribed.language.or(transcribed.recorded.language_hint),
            agency: self.desk(),
            review: true,
            why,
            terms,
            model: None,
            answer: None,
        }
    }

    /// A person decides; what the model made of it stays as a suggestion, and danger still sets the order of work.
    fn for_review(&self, understood: Understanding, doubt: String) -> Reading {
        let category = self.unclear();
        let (terms, priority) = self.terms(&category);
        let mut why = understood.why;
        why.push(doubt);
        Reading {
            category,
            probability: understood.probability,
            alternatives: understood.top,
            kind: understood.kind,
            danger: understood.danger,
            emergency: understood.emergency.map(|service| service.number().to_owned()),
            priority,
            place: understood.place.map(location),
            language: understood.language,
            agency: self.desk(),
            review: true,
            why,
            terms,
            model: None,
            answer: None,
        }
    }

    fn assigned(&self, understood: Understanding) -> Reading {
        let unit = understood.place.as_ref().map(|place| place.unit.as_str());
        let assignment = self.assigner.assign(&understood.category, unit);
        let (terms, priority) = self.terms(&understood.category);
        let mut why = understood.why;
        why.extend(assignment.why);
        let mut alternatives = understood.top;
        alternatives.retain(|scored| scored.code != understood.category);
        Reading {
            category: understood.category,
            probability: understood.probability,
            alternatives,
            kind: understood.kind,
            danger: understood.danger,
            emergency: understood.emergency.map(|service| service.number().to_owned()),
            priority,
            place: understood.place.map(location),
            language: understood.language,
            agency: AgencyId(assignment.agency),
            review: assignment.rule.is_none(),
            why,
            terms,
            model: None,
            answer: None,
        }
    }
}

/// Returns why a person must decide, where one must.
fn doubt(transcribed: &Transcribed, understood: &Understanding, city: &City) -> Option<String> {
    if let Some(sentence) = outcome_doubt(transcribed.outcome) {
        let because = transcribed.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        return Some(format!("{sentence}{because}"));
    }
    if understood.conduct == Conduct::Prank {
        return Some("It sounds like a joke: a person decides.".to_owned());
    }
    if understood.language.is_none() {
        return Some("The language is not one of the service's: a person decides.".to_owned());
    }
    if city.category(&understood.category).is_none() {
        return Some(format!("The category {} is not in the city's list: a person decides.", understood.category));
    }
    let gate = city.settings.understanding.confidence_gate;
    if understood.category == city.settings.inspector.unclear_category || understood.probability < gate {
        let (sure, gate) = (percent(understood.probability), percent(gate));
        return Some(format!(
            "The category is {sure} % sure, less than the {gate} % that are asked: a person decides."
        ));
    }
    None
}

fn percent(probability: f32) -> u32 {
    (probability.clamp(0.0, 1.0) * 100.0).floor() as u32
}

fn outcome_doubt(outcome: Outcome) -> Option<&'static str> {
    match outcome {
        Outcome::Words | Outcome::Text => None,
        Outcome::NoSpeech => Some("There is no speech in the recording: a person listens."),
        Outcome::Unsure => Some("There is speech, but the words cannot be relied on: a person listens."),
        Outcome::Undecodable => Some("The recording cannot be decoded: a person asks again."),
        Outcome::Unavailable => Some("The recording could not be had: a person asks again."),
        Outcome::Other => Some("The transcription ended in a way that this version does not know: a person listens."),
    }
}

fn location(place: dauys_understand::Place) -> Location {
    Location {
        unit: Some(place.unit),
        name: place.name,
        street: place.street,
        house: place.house,
        point: place.point.map(|point| MapPoint { lat: point.lat, lon: point.lon, exact: place.landmark.is_some() }),
        landmark: place.landmark,
        confidence: place.confidence,
    }
}
