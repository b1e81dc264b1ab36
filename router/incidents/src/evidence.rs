//! What speaks for two reports being about the same thing, by where they are.

use crate::policy::Spread;
use crate::report::{Level, Place, Why};
use crate::words::shared;

/// House numbers that lie at most so far apart are near each other.
const NEAR_HOUSES: u32 = 20;
/// Metres between two spots that are one.
const ONE_SPOT: f64 = 60.0;
/// Metres within which a network fails together.
const ONE_NETWORK: f64 = 250.0;

/// How strongly a pair of reports belongs together; more is stronger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Evidence {
    pub(crate) strength: u8,
    pub(crate) shared_words: usize,
}

/// One side of a comparison.
#[derive(Clone, Copy)]
pub(crate) struct Side<'a> {
    pub(crate) place: &'a Place,
    pub(crate) words: &'a [u32],
    pub(crate) reporter: Option<u64>,
}

/// Weighs two reports of one family; none where they are not the same thing. `rare` tells whether a word is one that few
/// reports of the family have.
pub(crate) fn weigh(
    one: Side<'_>,
    other: Side<'_>,
    spread: Spread,
    rare: &dyn Fn(u32) -> bool,
) -> Option<(Why, Evidence)> {
    let shared_words = shared(one.words, other.words).filter(|word| rare(*word)).count();
    let (why, strength) = by_place(one, other, spread, shared_words)?;
    Some((why, Evidence { strength, shared_words }))
}

fn by_place(one: Side<'_>, other: Side<'_>, spread: Spread, rare_words: usize) -> Option<(Why, u8)> {
    let (here, there) = (one.place, other.place);
    if let (Some(a), Some(b)) = (here.point, there.point) {
        let reach = if spread == Spread::Network { ONE_NETWORK } else { ONE_SPOT };
        return (a.metres_to(b) <= reach).then_some((Why::Near, 90));
    }
    if contradict(here, there) {
        return None;
    }
    let same = |a: &Option<String>, b: &Option<String>| a.is_some() && a == b;
    let street = same(&here.street, &there.street);
    let houses = here.house.as_deref().zip(there.house.as_deref());
    if street && houses.is_some_and(|(a, b)| same_letters(a, b)) {
        return Some((Why::SameHouse, 100));
    }
    if same(&here.landmark, &there.landmark) {
        return Some((Why::SameLandmark, 80));
    }
    let other_street = here.street.is_some() && there.street.is_some() && !street;
    if one.reporter.is_some() && one.reporter == other.reporter && !other_street && houses.is_none() {
        return Some((Why::SameCitizen, 70));
    }
    match spread {
        Spread::Network if street => houses.is_none_or(|(a, b)| near(a, b)).then_some((Why::SameStreet, 60)),
        Spread::Spot if street && houses.is_none() && rare_words >= 1 => Some((Why::SameWords, 50)),
        Spread::Spot if !other_street && houses.is_none() && same_quarter(here, there) && rare_words >= 3 => {
            Some((Why::SameWords, 40))
        }
        _ => None,
    }
}

/// Compares two house numbers, whose letters may be of either case.
fn same_letters(one: &str, other: &str) -> bool {
    let lower = |text: &str| -> Vec<char> { text.chars().take(12).flat_map(char::to_lowercase).collect() };
    lower(one) == lower(other)
}

/// Returns whether both name a unit of the same level and not the same one.
fn contradict(here: &Place, there: &Place) -> bool {
    [Level::Quarter, Level::District].into_iter().any(|level| {
        let both = here.at(level).zip(there.at(level));
        both.is_some_and(|(a, b)| a != b)
    })
}

fn same_quarter(here: &Place, there: &Place) -> bool {
    let both = here.at(Level::Quarter).zip(there.at(Level::Quarter));
    both.is_some_and(|(a, b)| a == b)
}

/// Returns whether two house numbers of one street lie near each other.
fn near(one: &str, other: &str) -> bool {
    match (leading_number(one), leading_number(other)) {
        (Some(a), Some(b)) => a.abs_diff(b) <= NEAR_HOUSES,
        _ => false,
    }
}

fn leading_number(house: &str) -> Option<u32> {
    let digits: String = house.trim_start().chars().take_while(char::is_ascii_digit).take(6).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Area, Point};

    fn place(quarter: Option<&str>, street: Option<&str>, house: Option<&str>) -> Place {
        let areas = quarter.map(|unit| Area { level: Level::Quarter, unit: unit.into() }).into_iter().collect();
        Place { areas, street: street.map(Into::into), house: house.map(Into::into), ..Place::default() }
    }

    fn compare(one: &Place, other: &Place, spread: Spread, words: usize) -> Option<Why> {
        let all: Vec<u32> = (0..words as u32).collect();
        let side = |place| Side { place, words: &all, reporter: None };
        weigh(side(one), side(other), spread, &|_| true).map(|(why, _)| why)
    }

    #[test]
    fn one_house_is_one_thing_and_far_houses_are_not() {
        let at = |house| place(None, Some("abay"), Some(house));
        for spread in [Spread::Network, Spread::Spot] {
            assert_eq!(compare(&at("12А"), &at("12а"), spread, 0), Some(Why::SameHouse));
            assert_eq!(compare(&at("12a"), &at("12A"), spread, 0), Some(Why::SameHouse));
        }
        assert_eq!(compare(&at("12"), &at("20/1"), Spread::Network, 0), Some(Why::SameStreet));
        assert_eq!(compare(&at("12"), &at("158"), Spread::Network, 5), None);
        assert_eq!(compare(&at("12"), &at("14"), Spread::Spot, 5), None, "two manholes at two houses");
        assert_eq!(compare(&at("12"), &place(None, Some("abay"), None), Spread::Network, 0), Some(Why::SameStreet));
    }

    #[test]
    fn one_street_name_in_two_districts_is_two_streets() {
        let here = place(Some("nursat"), Some("abay"), None);
        assert_eq!(compare(&here, &place(Some("asar"), Some("abay"), None), Spread::Network, 5), None);
        assert_eq!(compare(&here, &place(None, Some("abay"), None), Spread::Network, 0), Some(Why::SameStreet));
    }

    #[test]
    fn a_spot_without_a_house_needs_words() {
        let street = place(Some("nursat"), Some("abay"), None);
        assert_eq!(compare(&street, &street, Spread::Spot, 0), None);
        assert_eq!(compare(&street, &street, Spread::Spot, 1), Some(Why::SameWords));
        let quarter = place(Some("nursat"), None, None);
        assert_eq!(compare(&quarter, &quarter, Spread::Spot, 2), None);
        assert_eq!(compare(&quarter, &quarter, Spread::Spot, 3), Some(Why::SameWords));
        assert_eq!(compare(&quarter, &quarter, Spread::Network, 9), None, "a microdistrict needs a burst");
        assert_eq!(compare(&Place::default(), &Place::default(), Spread::Network, 9), None);
    }

    #[test]
    fn spots_on_the_map_decide_by_distance() {
        let pin = |lat| Place { point: Some(Point { lat, lon: 69.59 }), ..Place::default() };
        assert_eq!(compare(&pin(42.340_0), &pin(42.340_3), Spread::Spot, 0), Some(Why::Near));
        assert_eq!(compare(&pin(42.340_0), &pin(42.341_5), Spread::Spot, 9), None);
        assert_eq!(compare(&pin(42.340_0), &pin(42.341_5), Spread::Network, 0), Some(Why::Near));
    }

    #[test]
    fn a_citizen_who_calls_again_means_the_same_unless_another_place_is_named() {
        let somewhere = place(Some("nursat"), Some("abay"), Some("5"));
        let compare = |one: &Place, other: &Place| {
            let [one, other] = [one, other].map(|place| Side { place, words: &[], reporter: Some(7) });
            weigh(one, other, Spread::Spot, &|_| true).map(|(why, _)| why)
        };
        assert_eq!(compare(&somewhere, &Place::default()), Some(Why::SameCitizen));
        assert_eq!(compare(&somewhere, &place(Some("nursat"), Some("abay"), Some("7"))), None);
        assert_eq!(compare(&somewhere, &place(None, Some("turkestan"), None)), None);
    }
}
