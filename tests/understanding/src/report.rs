//! What is measured of one city: every set as a whole and by its parts, so that what nobody looked at stands apart.

use std::collections::{BTreeMap, BTreeSet};

use dauys_answers::AnswerBook;
use dauys_config::city::City;
use dauys_evaluation::measures::{Share, Tally};
use dauys_evaluation::noise::Noise;
use dauys_evaluation::sets::{self, Call, Dangerous, Part, Placed, Row};
use dauys_events::{Danger, RequestKind};
use dauys_understand::{Conduct, Model, Place, Transcript, Understanding};
use jiff::civil::Date;
use serde_json::{Value, json};

/// The day on which the reference book is asked.
const TODAY: Date = Date::constant(2026, 11, 25);

/// Measures one model.
pub(crate) struct Evaluation<'a> {
    pub(crate) city: &'a City,
    pub(crate) model: &'a Model,
    /// Whether errors are printed; those of locked sentences never are.
    pub(crate) wrong: bool,
}

impl Evaluation<'_> {
    pub(crate) fn report(&self) -> Value {
        let calls = sets::calls(&self.city.settings.code);
        let all = self.tally(&calls, |call| call.text.to_owned(), self.wrong);
        let figures = all.figures();
        let mut report = json!({
            "city": self.city.settings.code,
            "clean": figures,
            "noisy5": self.noisy(&calls, 5),
            "noisy15": self.noisy(&calls, 15),
            "noisy30": self.noisy(&calls, 30),
            "languages": self.languages(&calls),
            "gate": {
                "precision": figures.gate_precision, "coverage": figures.gate_coverage,
                "at": self.city.settings.understanding.confidence_gate, "would_be": gates(&all),
            },
            "ece": figures.ece,
            "kind": { "accuracy": self.kinds(&calls) },
            "place": self.places(&sets::places(&self.city.settings.code), self.wrong),
            "parts": self.parts(&calls),
        });
        if self.city.settings.code == "shymkent" {
            let incidents = dauys_evaluation::incidents::measure(self.city, self.model);
            report["danger"] = self.dangers(&sets::dangers(), self.wrong);
            report["danger"]["in_ordinary_calls"] = self.alarmed(&calls);
            report["several"] = self.several(&sets::several(), &calls, self.wrong);
            report["conduct"] = self.conduct();
            report["contacts"] = self.contacts();
            report["preferred"] = self.preferred(&sets::preferred(), self.wrong);
            report["questions"] = self.questions(&sets::questions(), self.wrong);
            report["landmarks"] = self.landmarks();
            report["incidents"] = json!({ "precision": incidents.precision(), "recall": incidents.recall() });
        }
        report
    }

    /// Measures each part of the sets by itself, and in the first sets the open and the locked half.
    fn parts(&self, calls: &[Call]) -> Value {
        let mut parts = BTreeMap::new();
        for part in Part::ALL {
            let own: Vec<Call> = calls.iter().copied().filter(|c| c.part == part).collect();
            let mut report = if own.is_empty() { json!({}) } else { self.part(&own) };
            let places: Vec<Placed> = sets::places(&self.city.settings.code);
            let places: Vec<Placed> = places.into_iter().filter(|p| p.part == part).collect();
            if !places.is_empty() {
                report["place"] = self.places(&places, false);
            }
            if self.city.settings.code == "shymkent" {
                let dangers: Vec<Dangerous> = sets::dangers().into_iter().filter(|d| d.part == part).collect();
                report["danger"] = self.dangers(&dangers, false);
                let (several, preferred) = (of(sets::several(), part), of(sets::preferred(), part));
                let questions = of(sets::questions(), part);
                if !several.is_empty() {
                    report["several"] = self.several(&several, &own, false);
                }
                if !preferred.is_empty() {
                    report["preferred"] = self.preferred(&preferred, false);
                }
                if !questions.is_empty() {
                    report["questions"] = self.questions(&questions, false);
                }
            }
            if part == Part::First {
                for (name, locked) in [("open_half", false), ("locked_half", true)] {
                    let half: Vec<Call> = own.iter().copied().filter(|c| c.locked == locked).collect();
                    report[name] = self.part(&half);
                }
            }
            parts.insert(part.name(), report);
        }
        json!(parts)
    }

    fn part(&self, calls: &[Call]) -> Value {
        json!({
            "clean": self.tally(calls, |call| call.text.to_owned(), false).figures(),
            "noisy15": self.noisy(calls, 15),
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
            if wrong && !call.locked && top.first() != Some(&call.category) {
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

    fn languages(&self, calls: &[Call]) -> Value {
        let mut shares: BTreeMap<&'static str, Share> = BTreeMap::new();
        for call in calls {
            let u = self.understand(call.language, call.text);
            let hit = u.top.first().is_some_and(|scored| scored.code == call.category);
            shares.entry(call.language).or_default().add(hit);
        }
        let shares = shares.into_iter().map(|(language, share)| (language, json!({ "top1": share.value() })));
        json!(shares.collect::<BTreeMap<_, _>>())
    }

    fn kinds(&self, calls: &[Call]) -> f64 {
        let mut share = Share::default();
        for call in calls.iter().filter(|call| call.kind != "-") {
            let question = self.understand(call.language, call.text).kind == RequestKind::Question;
            let hit = question == (call.kind == "q");
            share.add(hit);
            if self.wrong && !call.locked && !hit {
                println!("kind {}: {}", call.kind, call.text);
            }
        }
        share.value()
    }

    fn dangers(&self, sentences: &[Dangerous], wrong: bool) -> Value {
        let (mut recall, mut alarms, mut services) = (Share::default(), Share::default(), Share::default());
        for said in sentences {
            let u = self.understand(said.language, said.text);
            let danger = u.danger >= Danger::Urgent;
            if said.danger {
                recall.add(danger);
                if said.service != "-" {
                    let right = u.emergency.is_some_and(|service| service.number() == said.service);
                    services.add(right);
                    if wrong && !right && !said.locked {
                        println!("service {} ≠ {:?}: {}", said.service, u.emergency, said.text);
                    }
                }
            } else {
                alarms.add(danger);
            }
            if wrong && danger != said.danger && !said.locked {
                println!("danger {} {} {:?}: {}", said.danger, u.category, u.danger_words, said.text);
            }
        }
        json!({
            "recall": recall.value(), "false_alarms": alarms.value(), "service": services.value(),
            "sentences": recall.of(), "near": alarms.of(),
        })
    }

    /// Says in what share of calls about what is dangerous in no case danger is heard; some of them do tell of one.
    fn alarmed(&self, calls: &[Call]) -> Value {
        let mut alarmed = Share::default();
        let harmless = |call: &&Call| self.city.category(call.category).is_some_and(|c| c.danger < Danger::Elevated);
        for call in calls.iter().filter(harmless) {
            let danger = self.understand(call.language, call.text).danger >= Danger::Urgent;
            alarmed.add(danger);
            if self.wrong && danger && !call.locked {
                println!("danger in {}: {}", call.category, call.text);
            }
        }
        json!({ "alarmed": alarmed.value(), "of": alarmed.of() })
    }

    fn places(&self, sentences: &[Placed], wrong: bool) -> Value {
        let mut shares: BTreeMap<&str, Share> = BTreeMap::new();
        for said in sentences {
            let place = self.understand(said.language, said.text).place;
            let of = |pick: fn(&Place) -> Option<&str>| place.as_ref().and_then(pick);
            let found = [
                ("district", said.district, of(|p| p.district.as_deref())),
                ("microdistrict", said.microdistrict, of(|p| p.microdistrict.as_deref())),
                ("street", said.street, of(|p| p.street_unit.as_deref())),
                ("house", said.house, of(|p| p.house.as_deref())),
                ("cross", said.cross, of(|p| p.cross.as_deref())),
            ];
            for (level, expected, found) in found {
                let hit = found.unwrap_or("-") == expected;
                if expected != "-" {
                    shares.entry(level).or_default().add(hit);
                    if wrong && !hit && !said.locked {
                        println!("{level} {expected} ≠ {found:?}: {}", said.text);
                    }
                }
            }
            if [said.district, said.microdistrict, said.street].iter().all(|code| *code == "-") {
                shares.entry("nowhere").or_default().add(place.is_none());
            }
        }
        let counts: BTreeMap<_, _> = shares.iter().map(|(level, share)| (*level, share.of())).collect();
        let mut values = json!(shares.into_iter().map(|(level, s)| (level, s.value())).collect::<BTreeMap<_, _>>());
        values["of"] = json!(counts);
        values
    }

    fn landmarks(&self) -> Value {
        let mut found = Share::default();
        for row in sets::landmarks() {
            let [language, landmark, text] = row.columns;
            let place = self.understand(language, text).place;
            let named = place.as_ref().and_then(|p| p.landmark.as_deref()).unwrap_or("-");
            found.add(named == landmark);
            if self.wrong && named != landmark && !row.locked() {
                println!("landmark {landmark} ≠ {named}: {text}");
            }
        }
        json!({ "right": found.value(), "of": found.of() })
    }

    fn conduct(&self) -> Value {
        let (mut told, mut unclear) = (Share::default(), Share::default());
        for row in sets::conduct() {
            let [language, conduct, text] = row.columns;
            let u = self.understand(language, text);
            let left = u.category == self.city.settings.inspector.unclear_category;
            if self.wrong && !left && !row.locked() {
                println!("{conduct} taken for {} {:.2}: {text}", u.category, u.probability);
            }
            unclear.add(left);
            match conduct {
                "prank" => told.add(u.conduct == Conduct::Prank),
                "abuse" => told.add(u.conduct == Conduct::Abusive),
                _ => {}
            }
        }
        json!({ "told": told.value(), "left_to_inspector": unclear.value() })
    }

    /// How often several matters are told apart, how many of the matters are found, and how often one is torn in two.
    fn several(&self, rows: &[Row<3>], calls: &[Call], wrong: bool) -> Value {
        let (mut right, mut matters, mut split, mut torn) =
            (Share::default(), Share::default(), Share::default(), Share::default());
        for row in rows {
            let [language, categories, text] = row.columns;
            let issues = self.understand(language, text).issues;
            let found: BTreeSet<&str> = issues.iter().map(|issue| issue.category.as_str()).collect();
            let expected: BTreeSet<&str> = categories.split('+').collect();
            if expected.len() < 2 {
                torn.add(issues.len() > 1);
                if wrong && issues.len() > 1 && !row.locked() {
                    println!("torn {categories}: {found:?} {text}");
                }
                continue;
            }
            expected.iter().for_each(|category| matters.add(found.contains(category)));
            split.add(issues.len() > 1);
            right.add(found == expected);
            if wrong && found != expected && !row.locked() {
                println!("several {categories} ≠ {found:?}: {text}");
            }
        }
        for call in calls {
            let issues = self.understand(call.language, call.text).issues;
            torn.add(!issues.is_empty());
            if wrong && !issues.is_empty() && !call.locked {
                let found: Vec<&str> = issues.iter().map(|issue| issue.category.as_str()).collect();
                println!("torn {}: {found:?} {}", call.category, call.text);
            }
        }
        json!({
            "right": right.value(), "recall": matters.value(), "split": split.value(), "torn": torn.value(),
            "calls": right.of(), "matters": matters.of(), "of_one_matter": torn.of(),
        })
    }

    fn preferred(&self, rows: &[Row<3>], wrong: bool) -> Value {
        let (mut right, mut invented) = (Share::default(), Share::default());
        for row in rows {
            let [language, preferred, text] = row.columns;
            let found = self.understand(language, text).preferred;
            let hit = found == sets::spoken(preferred);
            right.add(hit);
            if preferred == "-" {
                invented.add(found.is_some());
            }
            if wrong && !hit && !row.locked() {
                println!("preferred {preferred} ≠ {found:?}: {text}");
            }
        }
        json!({ "right": right.value(), "invented": invented.value(), "of": right.of() })
    }

    /// What the reference book answers: the right question, a wrong one, or nothing where it has no answer.
    fn questions(&self, rows: &[Row<3>], wrong: bool) -> Value {
        let book: AnswerBook = dauys_answers::load(self.city);
        let (mut answered, mut misled, mut silent) = (Share::default(), Share::default(), Share::default());
        for row in rows {
            let [language, question, text] = row.columns;
            let u = self.understand(language, text);
            let best = u.top.first().map_or(u.category.as_str(), |scored| scored.code.as_str());
            let asks = u.kind == RequestKind::Question;
            let answer = if asks { book.find(text, u.language, best, TODAY) } else { None };
            let found = answer.as_ref().map_or("-", |answer| answer.question.as_str());
            if question == "-" {
                silent.add(found == "-");
            } else {
                answered.add(found == question);
            }
            misled.add(found != "-" && found != question);
            if wrong && found != question && !row.locked() {
                println!("question {question} ≠ {found} ({}, asks {asks}): {text}", u.category);
            }
        }
        json!({
            "answered": answered.value(), "wrong": misled.value(), "silent": silent.value(),
            "of": answered.of(), "without_answer": silent.of(),
        })
    }

    fn contacts(&self) -> Value {
        let (mut names, mut phones) = (Share::default(), Share::default());
        for row in sets::contacts() {
            let [language, name, phone, text] = row.columns;
            let contact = self.understand(language, text).contact;
            let (found, number) = (contact.name.as_deref().unwrap_or("-"), contact.phone.as_deref().unwrap_or("-"));
            if self.wrong && !row.locked() && (found != name || number != phone) {
                println!("contact {name} {phone} ≠ {found} {number}: {text}");
            }
            names.add(found == name);
            phones.add(number == phone);
        }
        json!({ "name": names.value(), "phone": phones.value() })
    }
}

fn of<const N: usize>(rows: Vec<Row<N>>, part: Part) -> Vec<Row<N>> {
    rows.into_iter().filter(|row| row.part == part).collect()
}

/// Precision and coverage at other gates, for whoever sets the gate of a city.
fn gates(tally: &Tally) -> Value {
    let at = [0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9].map(|gate: f32| {
        let (precision, coverage) = tally.at_gate(gate);
        (format!("{gate:.2}"), json!({ "precision": precision, "coverage": coverage }))
    });
    json!(at.into_iter().collect::<BTreeMap<_, _>>())
}
