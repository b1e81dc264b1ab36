//! `make eval`: measures how well calls are understood, prints it, and writes `target/eval/report.json`.

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a report to a terminal, with its own stopwatch")]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use dauys_config::city::City;
use dauys_evaluation::measures::{Share, Tally};
use dauys_evaluation::noise::Noise;
use dauys_evaluation::sets::{self, Call};
use dauys_events::{Danger, RequestKind};
use dauys_understand::{Conduct, Model, Transcript, Understanding};
use serde_json::{Value, json};

/// Rounds over the calls for the stopwatch.
const ROUNDS: u32 = 5;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let wrong = arguments.iter().any(|a| a == "--wrong");
    let name = arguments.iter().find(|a| !a.starts_with("--")).map_or("shymkent", String::as_str);
    let city = City::embedded(name)?;
    let started = Instant::now();
    let trained = Model::train(&city);
    let training = started.elapsed();
    let bytes = trained.to_bytes();
    let started = Instant::now();
    let model = Model::from_bytes(&city, &bytes)?;
    let loading = started.elapsed();
    let report = Evaluation { city: &city, model: &model, wrong }.report();
    let mut report = report;
    report["training_ms"] = json!(training.as_millis());
    report["model_load_ms"] = json!(loading.as_secs_f64() * 1e3);
    report["model_bytes"] = json!(bytes.len());
    report["model"] = json!(model.version());
    let file = Path::new("target/eval/report.json");
    std::fs::create_dir_all("target/eval").context("target/eval cannot be made")?;
    std::fs::write(file, serde_json::to_string_pretty(&report)?).context("the report cannot be written")?;
    println!("{}", serde_json::to_string_pretty(&report)?);
    Ok(())
}

/// Precision and coverage at other gates, for whoever sets the gate of a city.
fn gates(tally: &Tally) -> Value {
    let at = [0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9].map(|gate: f32| {
        let (precision, coverage) = tally.at_gate(gate);
        (format!("{gate:.2}"), json!({ "precision": precision, "coverage": coverage }))
    });
    json!(at.into_iter().collect::<BTreeMap<_, _>>())
}

struct Evaluation<'a> {
    city: &'a City,
    model: &'a Model,
    wrong: bool,
}

impl Evaluation<'_> {
    fn report(&self) -> Value {
        let calls = sets::calls();
        let all = self.tally(&calls, |call| call.text.to_owned(), self.wrong);
        let figures = all.figures();
        let languages: BTreeMap<&str, Value> =
            self.languages(&calls).into_iter().map(|(language, top1)| (language, json!({ "top1": top1 }))).collect();
        let incidents = dauys_evaluation::incidents::measure(self.city, self.model);
        let half = |locked: bool| {
            let own: Vec<Call> = calls.iter().copied().filter(|c| sets::locked(c.text) == locked).collect();
            json!({
                "clean": self.tally(&own, |call| call.text.to_owned(), false).figures(),
                "noisy15": self.noisy(&own, 15),
            })
        };
        json!({
            "city": self.city.settings.code,
            "clean": figures,
            "noisy5": self.noisy(&calls, 5),
            "noisy15": self.noisy(&calls, 15),
            "noisy30": self.noisy(&calls, 30),
            "open": half(false),
            "locked": half(true),
            "languages": languages,
            "gate": {
                "precision": figures.gate_precision, "coverage": figures.gate_coverage,
                "at": self.city.settings.understanding.confidence_gate, "would_be": gates(&all),
            },
            "ece": figures.ece,
            "kind": { "accuracy": self.kinds(&calls) },
            "danger": self.dangers(),
            "place": self.places(),
            "conduct": self.conduct(),
            "several": self.several(&calls),
            "contacts": self.contacts(),
            "incidents": { "precision": incidents.precision(), "recall": incidents.recall() },
            "us_per_transcript": self.speed(&calls),
        })
    }

    fn understand(&self, language: &str, text: &str) -> Understanding {
        self.model.understand(&Transcript { text, language: sets::spoken(language) })
    }

    fn tally(&self, calls: &[Call], mut text: impl FnMut(&Call) -> String, wrong: bool) -> Tally {
        let mut tally = Tally::default();
        for call in calls {
            let said = text(call);
            let u = self.understand(call.language, &said);
            let top: Vec<&str> = u.top.iter().map(|scored| scored.code.as_str()).collect();
            let first = u.top.first().map_or(0.0, |scored| scored.probability);
            let passed = u.category != self.city.settings.inspector.unclear_category;
            tally.add(call.language, call.category, &top, first, passed);
            // The locked half stays unseen.
            if wrong && !sets::locked(call.text) && top.first() != Some(&call.category) {
                println!("{} ≠ {top:?} {first:.2} {}: {said}", call.category, call.language);
            }
        }
        tally
    }

    fn noisy(&self, calls: &[Call], percent: u64) -> Value {
        let vocabulary: Vec<&str> = calls.iter().map(|call| call.text).collect();
        let mut noise = Noise::new(percent, 42 + percent, &vocabulary);
        json!(self.tally(calls, |call| noise.spoil(call.text), false).figures())
    }

    fn languages(&self, calls: &[Call]) -> BTreeMap<&'static str, f64> {
        let mut shares: BTreeMap<&'static str, Share> = BTreeMap::new();
        for call in calls {
            let u = self.understand(call.language, call.text);
            let hit = u.top.first().is_some_and(|scored| scored.code == call.category);
            shares.entry(call.language).or_default().add(hit);
        }
        shares.into_iter().map(|(language, share)| (language, share.value())).collect()
    }

    fn kinds(&self, calls: &[Call]) -> f64 {
        let mut share = Share::default();
        for call in calls.iter().filter(|call| call.kind != "-") {
            let question = self.understand(call.language, call.text).kind == RequestKind::Question;
            share.add(question == (call.kind == "q"));
            if self.wrong && !sets::locked(call.text) && question != (call.kind == "q") {
                println!("kind {}: {}", call.kind, call.text);
            }
        }
        share.value()
    }

    fn dangers(&self) -> Value {
        let (mut recall, mut alarms, mut services) = (Share::default(), Share::default(), Share::default());
        for said in sets::dangers() {
            let u = self.understand(said.language, said.text);
            let danger = u.danger >= Danger::Urgent;
            if said.danger {
                recall.add(danger);
                if said.service != "-" {
                    services.add(u.emergency.is_some_and(|service| service.number() == said.service));
                }
            } else {
                alarms.add(danger);
            }
            if self.wrong && danger != said.danger && !sets::locked(said.text) {
                println!("danger {} {:?}: {}", said.danger, u.danger_words, said.text);
            }
        }
        json!({
            "recall": recall.value(), "false_alarms": alarms.value(), "service": services.value(),
            "sentences": recall.of(), "near": alarms.of(),
        })
    }

    fn places(&self) -> Value {
        let mut shares: BTreeMap<&str, Share> = BTreeMap::new();
        for said in sets::places() {
            let place = self.understand(said.language, said.text).place;
            let place = place.as_ref();
            let found = [
                ("district", said.district, place.and_then(|p| p.district.as_deref())),
                ("microdistrict", said.microdistrict, place.and_then(|p| p.microdistrict.as_deref())),
                ("street", said.street, place.and_then(|p| p.street_unit.as_deref())),
                ("house", said.house, place.and_then(|p| p.house.as_deref())),
                ("cross", said.cross, place.and_then(|p| p.cross.as_deref())),
            ];
            for (level, expected, found) in found {
                let hit = found.unwrap_or("-") == expected;
                if expected != "-" {
                    shares.entry(level).or_default().add(hit);
                    if self.wrong && !hit && !sets::locked(said.text) {
                        println!("{level} {expected} ≠ {found:?}: {}", said.text);
                    }
                }
            }
            if [said.district, said.microdistrict, said.street].iter().all(|code| *code == "-") {
                shares.entry("nowhere").or_default().add(place.is_none());
            }
        }
        json!(shares.into_iter().map(|(level, share)| (level, share.value())).collect::<BTreeMap<_, _>>())
    }

    fn conduct(&self) -> Value {
        let (mut told, mut unclear) = (Share::default(), Share::default());
        for [language, conduct, text] in sets::conduct() {
            let u = self.understand(language, text);
            let left = u.category == self.city.settings.inspector.unclear_category;
            if self.wrong && !left && !sets::locked(text) {
                println!("{conduct} taken for {} {:.2}: {text}", u.category, u.probability);
            }
            unclear.add(u.category == self.city.settings.inspector.unclear_category);
            match conduct {
                "prank" => told.add(u.conduct == Conduct::Prank),
                "abuse" => told.add(u.conduct == Conduct::Abusive),
                _ => {}
            }
        }
        json!({ "told": told.value(), "left_to_inspector": unclear.value() })
    }

    /// How often several matters are told apart, and how often one is torn in two.
    fn several(&self, calls: &[Call]) -> Value {
        let (mut right, mut torn) = (Share::default(), Share::default());
        for [language, categories, text] in sets::several() {
            let found = self.understand(language, text).issues;
            let expected: Vec<&str> = categories.split('+').collect();
            let hit = found.len() == expected.len() && expected.iter().all(|c| found.iter().any(|i| i.category == *c));
            right.add(hit);
            if self.wrong && !hit && !sets::locked(text) {
                println!("several {categories} ≠ {:?}: {text}", found.iter().map(|i| &i.category).collect::<Vec<_>>());
            }
        }
        for call in calls {
            torn.add(!self.understand(call.language, call.text).issues.is_empty());
        }
        json!({ "right": right.value(), "torn": torn.value() })
    }

    fn contacts(&self) -> Value {
        let (mut names, mut phones) = (Share::default(), Share::default());
        for [language, name, phone, text] in sets::contacts() {
            let contact = self.understand(language, text).contact;
            if self.wrong && !sets::locked(text) {
                let (found, number) = (contact.name.as_deref().unwrap_or("-"), contact.phone.as_deref().unwrap_or("-"));
                if found != name || number != phone {
                    println!("contact {name} {phone} ≠ {found} {number}: {text}");
                }
            }
            names.add(contact.name.as_deref().unwrap_or("-") == name);
            phones.add(contact.phone.as_deref().unwrap_or("-") == phone);
        }
        json!({ "name": names.value(), "phone": phones.value() })
    }

    fn speed(&self, calls: &[Call]) -> f64 {
        let started = Instant::now();
        let mut understood = 0_u32;
        for _ in 0..ROUNDS {
            for call in calls {
                let u = self.model.understand(&Transcript { text: call.text, language: None });
                understood += u32::from(!u.why.is_empty());
            }
        }
        started.elapsed().as_secs_f64() * 1e6 / f64::from(understood.max(1))
    }
}
