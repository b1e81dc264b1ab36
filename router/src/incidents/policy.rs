//! How each category of a city pack spreads: by its code, else by the kind of agency that answers for it.

use dauys_config::city::City;
use dauys_incidents::{Policy, Rule};

/// What spreads along a network, and the reports an hour that a city makes on an ordinary day.
const NETWORKS: &[(&str, f64)] = &[
    ("electricity", 4.0),
    ("water", 3.0),
    ("heating", 2.0),
    ("gas", 2.0),
    ("internet", 2.0),
    ("street_light", 2.0),
    ("earthquake", 0.1),
];
/// What stays at one spot, and for how many days it is still the same.
const SPOTS: &[(&str, u32)] = &[
    ("power_pole", 2),
    ("bridge", 14),
    ("traffic_jam", 1),
    ("accident", 1),
    ("blocked_road", 2),
    ("rail_crossing", 2),
    ("dead_animal", 2),
    ("wild_animals", 1),
    ("vandalism", 7),
    ("abandoned_building", 7),
    ("unsafe_house", 14),
    ("bus_stop", 7),
    ("construction_site", 3),
    ("toilet", 3),
    ("fireworks", 1),
    ("street_trading", 3),
    ("manhole", 3),
    ("pothole", 14),
    ("tree", 3),
    ("rubbish", 3),
    ("dogs", 2),
    ("snow", 2),
    ("lift", 2),
    ("traffic_light", 2),
    ("road_signs", 7),
    ("flood", 2),
    ("playground", 14),
    ("roof", 7),
    ("pipe", 2),
    ("sewer", 2),
    ("smoke", 1),
    ("fire", 1),
    ("noise", 1),
    ("canal", 3),
    ("landscaping", 7),
    ("greening", 7),
];
/// One citizen's own matter, though the agency has others.
const PERSONAL: &[&str] = &["gas_cylinder", "scooters", "heavy_trucks", "reckless_driving"];
/// Kinds of agency whose other categories are of one of the two sorts.
const NETWORK_AGENCIES: &[&str] = &["power", "heat", "gas"];
const SPOT_AGENCIES: &[&str] = &["lighting", "manhole", "roads", "cleaning", "greening", "lifts", "traffic", "ecology"];
/// For categories that are known by their kind of agency alone.
const USUAL_PER_HOUR: f64 = 3.0;
const SPOT_DAYS: u32 = 2;

/// Makes the rules of a city. What stands in no list is one citizen's own matter and is never grouped.
pub fn policy_of(city: &City) -> Policy {
    city.taxonomy.categories.iter().fold(Policy::default(), |policy, category| {
        match rule(&category.code, &category.responsible) {
            Some(rule) => policy.with(&category.code, rule),
            None => policy,
        }
    })
}

fn rule(code: &str, responsible: &str) -> Option<Rule> {
    if let Some((_, usual)) = NETWORKS.iter().find(|(known, _)| *known == code) {
        return Some(Rule::network(code, *usual));
    }
    if let Some((_, days)) = SPOTS.iter().find(|(known, _)| *known == code) {
        return Some(Rule::spot(code, *days));
    }
    if PERSONAL.contains(&code) {
        return None;
    }
    if NETWORK_AGENCIES.contains(&responsible) {
        return Some(Rule::network(code, USUAL_PER_HOUR));
    }
    SPOT_AGENCIES.contains(&responsible).then(|| Rule::spot(code, SPOT_DAYS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dauys_incidents::Spread;

    #[test]
    fn outages_spread_spots_stay_and_a_citizens_own_matter_is_never_grouped() {
        let city = City::embedded("shymkent").unwrap();
        let policy = policy_of(&city);
        assert_eq!(policy.rule("electricity").unwrap().spread, Spread::Network);
        assert_eq!(policy.rule("manhole").unwrap().spread, Spread::Spot);
        for own in ["benefit", "doctor", "passport", "unclear", "no-such"] {
            assert!(policy.rule(own).is_none(), "{own}");
        }
    }
}
