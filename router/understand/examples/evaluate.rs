//! Prints how well the model understands the evaluation set, per language, and how long it takes.

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a report to a terminal, with its own stopwatch")]

use std::time::Instant;

use dauys_config::city::{City, CityError};
use dauys_events::Language;
use dauys_understand::{Model, Transcript};

fn main() -> Result<(), CityError> {
    let city = City::embedded("shymkent")?;
    let started = Instant::now();
    let model = Model::train(&city);
    println!("trained in {:?}", started.elapsed());
    let lines: Vec<Vec<&str>> =
        include_str!("../tests/data/calls.tsv").lines().skip(1).map(|line| line.split('\t').collect()).collect();
    let verbose = std::env::args().any(|argument| argument == "--wrong");
    for language in ["kk", "ru", "uz", "mixed", "en"] {
        let (mut all, mut first, mut third, mut passed, mut passed_right, mut place) = (0, 0, 0, 0, 0, 0);
        for line in &lines {
            let [own, category, unit, text] = line.as_slice() else { continue };
            if *own != language {
                continue;
            }
            let u = model.understand(&Transcript { text, language: Language::from_code(own) });
            all += 1;
            let hit = u.top.first().is_some_and(|best| best.code == *category);
            first += usize::from(hit);
            third += usize::from(u.top.iter().any(|s| s.code == *category));
            passed += usize::from(u.category != "unclear");
            passed_right += usize::from(u.category == *category);
            place += usize::from(u.place.as_ref().map_or("-", |p| p.unit.as_str()) == *unit);
            if verbose && !hit {
                println!("    {category} ≠ {:?}: {text}", u.top.first());
            }
        }
        println!(
            "{language:6} {all:4} calls: first {first}, among three {third}, above the gate {passed}, right of these {passed_right}, place {place}"
        );
    }
    held_out(&city);
    let rounds = 20_u32;
    let started = Instant::now();
    let mut understood = 0_u32;
    for _ in 0..rounds {
        for line in &lines {
            if let Some(text) = line.get(3) {
                understood += u32::from(model.understand(&Transcript { text, language: None }).probability > 0.0);
            }
        }
    }
    println!("{:?} per transcript ({understood} understood)", started.elapsed() / understood.max(1));
    Ok(())
}

/// Trains without one phrase in five and reads just those: what the model makes of wordings that it never met.
fn held_out(city: &City) {
    let mut thinner = city.clone();
    let mut held: Vec<(Language, String, String)> = Vec::new();
    let books = [
        (Language::Kk, &mut thinner.phrases.kk),
        (Language::Ru, &mut thinner.phrases.ru),
        (Language::Uz, &mut thinner.phrases.uz),
    ];
    for (language, book) in books {
        for (code, phrases) in &mut book.by_category {
            for at in (0..phrases.len()).rev().filter(|at| at % 5 == 3) {
                held.push((language, code.clone(), phrases.remove(at)));
            }
        }
    }
    let model = Model::train(&thinner);
    for language in [Language::Kk, Language::Ru, Language::Uz] {
        let own: Vec<_> = held.iter().filter(|(of, code, _)| *of == language && code != "unclear").collect();
        let (mut first, mut third, mut passed, mut right) = (0, 0, 0, 0);
        for (_, code, text) in &own {
            let u = model.understand(&Transcript { text, language: Some(language) });
            first += usize::from(u.top.first().is_some_and(|best| best.code == *code));
            third += usize::from(u.top.iter().any(|s| s.code == *code));
            passed += usize::from(u.category != "unclear");
            right += usize::from(u.category == *code);
        }
        println!(
            "{language} held out: {} phrases: first {first}, among three {third}, above the gate {passed}, right of these {right}",
            own.len()
        );
    }
}
