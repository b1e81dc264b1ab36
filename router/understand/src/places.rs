//! Places: what the names in a text come to, and how sure that is.

use std::cmp::Ordering;

use dauys_config::city::Level;
use dauys_events::Language;

use crate::concepts::Concepts;
use crate::gazetteer::{Gazetteer, Hit};
use crate::markers::{HOUSE_BEFORE, house, is_house_after, marker, speaks_of_crossing};
use crate::numbers::{Number, Numbers};
use crate::text::Text;
use crate::understanding::{Place, PlaceCandidate};

/// Sureness of a landmark beside which a matter is placed, and of one that is only named.
const BESIDE: f32 = 0.85;
const NAMED: f32 = 0.6;
/// What is left of the sureness where a name names several places.
const AMBIGUOUS: f32 = 0.5;

/// The hits that a place is made of.
struct Parts {
    street: Option<Hit>,
    cross: Option<Hit>,
    micro: Option<Hit>,
    sector: Option<Hit>,
    district: Option<Hit>,
    wide: Option<Hit>,
}

/// Finds the place of a text, and marks the words that name it.
pub(crate) fn find(
    gazetteer: &Gazetteer,
    text: &mut Text,
    numbers: &Numbers,
    concepts: &Concepts,
    language: Option<Language>,
) -> Option<Place> {
    let mut found = numbers.find(text, language);
    found.retain(|number| !text.masked.get(number.from).copied().unwrap_or(true));
    let hits = gazetteer.hits(text, &found, concepts);
    let landmark = gazetteer.landmark(text);
    let place = place(gazetteer, &hits, landmark, text, &found, language);
    mark(text, &hits, &found);
    if let Some((_, from, to, true)) = landmark {
        text.mask(from, to);
    }
    place
}

/// Marks what names a place, so that it does not speak for a category.
fn mark(text: &mut Text, hits: &[Hit], found: &[Number]) {
    for number in found {
        text.mask(number.from, number.to);
    }
    for hit in hits {
        let before = usize::from(hit.from > 0 && marker(text, hit.from - 1).is_some());
        let mut to = hit.to;
        while to < hit.to + 2 && marker(text, to).is_some() {
            to += 1;
        }
        text.mask(hit.from - before, to);
    }
    for at in 0..text.len() {
        let beside = |n: &Number| n.from == at + 1 || n.to == at;
        let house = HOUSE_BEFORE.contains(&text.word(at)) || is_house_after(text.word(at));
        if house && found.iter().any(beside) {
            text.mask(at, at + 1);
        }
    }
}

fn parts(gazetteer: &Gazetteer, hits: &[Hit], text: &Text) -> Parts {
    // One word may name a district and an avenue: what the words beside it confirm wins, then the narrower place.
    let beaten = |hit: &Hit| {
        let rank = |h: &Hit| (h.score, gazetteer.level(h));
        hits.iter()
            .any(|other| other.from == hit.from && rank(other).partial_cmp(&rank(hit)) == Some(Ordering::Greater))
    };
    let of =
        |level: Level| hits.iter().filter(move |hit| gazetteer.level(hit) == level).filter(|hit| !beaten(hit)).copied();
    let better = |a: Hit, b: Hit| if b.score > a.score { b } else { a };
    let district = of(Level::District).reduce(better);
    // A name that several units bear is the one that lies in what else was named.
    let within = |hit: &Hit, outer: &Option<Hit>| {
        outer.is_some_and(|o| gazetteer.lineages.get(hit.unit).is_some_and(|line| line.contains(&o.unit)))
    };
    let prefer = |outer: Option<Hit>| {
        move |a: Hit, b: Hit| match (within(&a, &outer), within(&b, &outer)) {
            (false, true) => b,
            (true, false) => a,
            _ => better(a, b),
        }
    };
    let sector = of(Level::Sector).reduce(prefer(district));
    let micro = of(Level::Microdistrict).reduce(prefer(sector.or(district)));
    let first = of(Level::Street).reduce(prefer(micro.or(district)));
    let other = |a: &Hit| of(Level::Street).find(|b| b.unit != a.unit && (b.from >= a.to || b.to <= a.from));
    let second = first.as_ref().and_then(other).filter(|_| speaks_of_crossing(text));
    // The street that is named first comes first.
    let (street, cross) = match (first, second) {
        (Some(a), Some(b)) if b.from < a.from => (Some(b), Some(a)),
        pair => pair,
    };
    let wide = of(Level::City).reduce(better).or_else(|| of(Level::Region).reduce(better));
    Parts { street, cross, micro, sector, district, wide }
}

fn place(
    gazetteer: &Gazetteer,
    hits: &[Hit],
    landmark: Option<(usize, usize, usize, bool)>,
    text: &Text,
    numbers: &[Number],
    language: Option<Language>,
) -> Option<Place> {
    let parts = parts(gazetteer, hits, text);
    let Parts { street, cross, micro, sector, district, wide } = parts;
    let narrow = street.or(micro).or(sector).or(district);
    let spoken = language.unwrap_or(Language::Ru);
    let by_landmark = landmark.and_then(|(at, _, _, beside)| Some((gazetteer.landmarks.get(at)?, beside)));
    let landmark_unit = by_landmark.and_then(|(l, _)| gazetteer.units.iter().position(|unit| unit.code == l.unit));
    let narrowest = narrow.map(|hit| hit.unit).or(landmark_unit).or(wide.map(|hit| hit.unit))?;
    let line = |unit: usize| gazetteer.lineages.get(unit).map(Vec::as_slice).unwrap_or_default();
    let at_level = |unit: usize, level: Level| {
        line(unit).iter().filter_map(|at| gazetteer.units.get(*at)).find(|u| u.level == level).map(|u| u.code.clone())
    };
    let district_of = |unit: usize| at_level(unit, Level::District);
    let stated = micro.or(sector).or(district).map(|hit| hit.unit);
    let approximate = gazetteer.units.get(narrowest).is_some_and(|unit| unit.approximate);
    let rivals = narrow.map(|hit| rivals(gazetteer, hits, &hit)).unwrap_or_default();
    let inside = |outer: usize| line(narrowest).contains(&outer);
    let settled = stated.is_some_and(inside);
    let ambiguous = !rivals.is_empty() && !settled;
    let assigned = match stated {
        Some(stated) if approximate && district_of(stated) != district_of(narrowest) => stated,
        // Several places bear the name: what holds them all is told, and the candidates beside it.
        _ if ambiguous => line(narrowest)
            .iter()
            .copied()
            .find(|at| rivals.iter().all(|r| line(r.unit).contains(at)))
            .unwrap_or(narrowest),
        _ => narrowest,
    };
    let unit = gazetteer.units.get(assigned)?;
    let name_of = |hit: Hit| gazetteer.units.get(hit.unit).map(|u| u.name.get(spoken).clone());
    let code_of = |hit: Hit| gazetteer.units.get(hit.unit).map(|u| u.code.clone());
    let house = [street, micro].into_iter().flatten().find_map(|hit| house(text, numbers, hit.from, hit.to));
    let mut names: Vec<String> = [street, micro, sector, district].into_iter().flatten().filter_map(name_of).collect();
    if names.is_empty() && by_landmark.is_none() {
        names.extend(wide.and_then(name_of));
    }
    if let (Some(house), Some(first)) = (&house, names.first_mut()) {
        *first = format!("{first}, {house}");
    }
    if let Some(cross) = cross.and_then(name_of) {
        names.insert(1.min(names.len()), format!("× {cross}"));
    }
    if let Some((landmark, _)) = by_landmark {
        names.push(landmark.name.get(spoken).clone());
    }
    let mut others: Vec<&Hit> = hits.iter().filter(|hit| hit.unit != assigned).collect();
    others.sort_by(|a, b| b.score.total_cmp(&a.score));
    let candidates = others.into_iter().take(3).filter_map(|hit| {
        Some(PlaceCandidate { unit: gazetteer.units.get(hit.unit)?.code.clone(), confidence: hit.score })
    });
    let sure = match (narrow, by_landmark) {
        (Some(hit), _) if ambiguous => hit.score * AMBIGUOUS,
        (Some(hit), _) => hit.score,
        (None, Some((_, beside))) => {
            if beside {
                BESIDE
            } else {
                NAMED
            }
        }
        (None, None) => wide.map_or(0.0, |hit| hit.score * AMBIGUOUS),
    };
    let point = by_landmark
        .and_then(|(landmark, _)| landmark.point)
        .or_else(|| line(narrowest).iter().find_map(|at| gazetteer.units.get(*at).and_then(|u| u.point)));
    Some(Place {
        unit: unit.code.clone(),
        level: unit.level,
        name: names.join(", "),
        district: stated.and_then(district_of).or_else(|| if ambiguous { None } else { district_of(narrowest) }),
        microdistrict: micro.and_then(code_of).or_else(|| at_level(assigned, Level::Microdistrict)),
        street: street.and_then(name_of),
        street_unit: street.and_then(code_of),
        house,
        cross: cross.and_then(code_of),
        landmark: by_landmark.map(|(landmark, _)| landmark.code.clone()),
        lineage: line(assigned).iter().filter_map(|at| gazetteer.units.get(*at)).map(|u| u.code.clone()).collect(),
        point,
        confidence: sure,
        candidates: candidates.collect(),
    })
}

/// Lists the other units of the same kind that the same words name as well.
fn rivals(gazetteer: &Gazetteer, hits: &[Hit], hit: &Hit) -> Vec<Hit> {
    let same = |other: &&Hit| {
        other.unit != hit.unit
            && other.from == hit.from
            && gazetteer.level(other) == gazetteer.level(hit)
            && (other.score - hit.score).abs() < f32::EPSILON
    };
    hits.iter().filter(same).copied().collect()
}

#[cfg(test)]
mod tests {
    use dauys_config::city::{City, Unit};

    use super::*;
    use crate::reader::Reader;

    /// What Kazakh and Uzbek put behind a name; vowels and consonants as they come to the caller.
    const KAZAKH: [&str; 10] = ["", "да", "де", "та", "те", "ның", "нің", "дағы", "лықпыз", "ліктерміз"];
    const UZBEK: [&str; 9] = ["", "da", "dan", "ga", "ning", "dagi", "likman", "likmiz", "liklar"];

    /// Lists the names that stand alone, without "street" and the like.
    fn bare(unit: &Unit, language: Language) -> Option<String> {
        let generic =
            ["ауданы", "көшесі", "даңғылы", "шағын", "tumani", "ko'chasi", "mavzesi", "massivi", "mahallasi", "shoh"];
        let name = unit.name.get(language).to_lowercase();
        let own: Vec<&str> = name.split(' ').filter(|word| !generic.contains(word)).collect();
        let own = own.join(" ");
        (own.chars().count() >= 4 && !own.chars().any(|c| c.is_ascii_digit())).then_some(own)
    }

    #[test]
    fn names_are_found_in_every_case() {
        for code in ["shymkent", "samarkand"] {
            let city = City::embedded(code).expect("the pack is sound");
            let (reader, concepts) = (Reader::new(&city), Concepts::new());
            let places = [Level::District, Level::Microdistrict, Level::Street];
            let units = || city.territory.units.iter().filter(|u| places.contains(&u.level) && !u.ambiguous);
            for (language, endings, rest) in
                [(Language::Kk, &KAZAKH[..], "су жоқ"), (Language::Uz, &UZBEK[..], "suv yo'q")]
            {
                for ending in endings {
                    let named = units().filter_map(|unit| Some((unit, bare(unit, language)?)));
                    let (mut all, mut missed) = (0, Vec::new());
                    for (unit, name) in named {
                        let place = reader.read(&format!("{name}{ending} {rest}"), Some(language), &concepts).place;
                        let found = place.is_some_and(|place| {
                            place.lineage.contains(&unit.code)
                                || place.street_unit.as_ref() == Some(&unit.code)
                                || place.candidates.iter().any(|candidate| candidate.unit == unit.code)
                        });
                        all += 1;
                        if !found {
                            missed.push(name);
                        }
                    }
                    assert!(missed.len() * 100 <= all * 3, "{code} {language:?} -{ending}: {missed:?} of {all}");
                }
            }
        }
    }

    #[test]
    fn russian_cases_drop_the_last_letter() {
        let city = City::embedded("shymkent").expect("the pack is sound");
        let (reader, concepts) = (Reader::new(&city), Concepts::new());
        for (said, unit) in [
            ("в тассае воды нет", "tassai"),
            ("за тассаем свалка", "tassai"),
            ("sayramlikman ko'chamizni buzib ketdi", "sayram"),
            ("тұраннан қоңырау шалып тұрмын", "turan"),
            ("navoiyning o'n sakkizinchi uyidanman", "navoi"),
            ("бейбитшилик пятнадцать кабель оборвал", "beibitshilik"),
            ("жібек жолы пен пушкин қиылысында кептеліс", "zhibek_zholy"),
        ] {
            let place = reader.read(said, None, &concepts).place.expect(said);
            assert!(place.lineage.iter().chain(&place.street_unit).any(|code| code == unit), "{said}: {place:?}");
        }
    }
}
