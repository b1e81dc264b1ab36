//! What is known of one report, and what is said of why it was grouped.

use dauys_events::TicketId;
use jiff::Timestamp;

/// How much a territory unit covers; the smallest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// A microdistrict, a mahalla, a village.
    Quarter,
    /// A district, with its sectors.
    District,
    /// The whole city.
    City,
}

/// A territory unit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Area {
    /// How much it covers.
    pub level: Level,
    /// The unit's code in the city pack.
    pub unit: String,
}

/// A spot on the map in degrees (WGS 84): a pin or an address, never the centre of a unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Latitude.
    pub lat: f64,
    /// Longitude.
    pub lon: f64,
}

impl Point {
    /// Returns the distance in metres, exact enough within a city.
    pub fn metres_to(self, other: Self) -> f64 {
        const METRES_A_DEGREE: f64 = 111_195.0;
        let north = (self.lat - other.lat) * METRES_A_DEGREE;
        let east = (self.lon - other.lon) * METRES_A_DEGREE * self.lat.to_radians().cos();
        north.hypot(east)
    }
}

/// Where a report says that it is; what was not said is empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Place {
    /// The units that it lies in, the smallest first; the city may be left out.
    pub areas: Vec<Area>,
    /// The street, by its code in the city pack or as it was written.
    pub street: Option<String>,
    /// The house number.
    pub house: Option<String>,
    /// The landmark.
    pub landmark: Option<String>,
    /// The spot.
    pub point: Option<Point>,
}

impl Place {
    /// Returns the unit of a level, where it is known.
    pub fn at(&self, level: Level) -> Option<&str> {
        self.areas.iter().find(|area| area.level == level).map(|area| area.unit.as_str())
    }

    /// Returns whether anything smaller than the city is known.
    pub fn says_something(&self) -> bool {
        self.areas.iter().any(|area| area.level < Level::City)
            || self.street.is_some()
            || self.landmark.is_some()
            || self.point.is_some()
    }
}

/// One report of something that must be done.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The ticket.
    pub ticket: TicketId,
    /// Who reports, as a number that is the same for the same citizen; none for an anonymous one.
    pub reporter: Option<u64>,
    /// The category's code in the city pack.
    pub category: String,
    /// Where it is.
    pub place: Place,
    /// What was said, by [`crate::word_features`].
    pub words: Vec<u32>,
    /// When the citizen's last word was heard.
    pub at: Timestamp,
}

/// What an incident covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// A house, a street, a spot.
    Place,
    /// A whole unit of the territory.
    Area(Area),
}

/// Why a report belongs to an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// The same citizen reported it before.
    SameCitizen,
    /// The same house.
    SameHouse,
    /// The same spot on the map, or close to it.
    Near,
    /// The same landmark.
    SameLandmark,
    /// Near houses of one street, or the same street where nobody named a house.
    SameStreet,
    /// The same surroundings in the same words.
    SameWords,
    /// It lies in a unit of which the whole is affected.
    InArea,
    /// A burst of reports that chance does not explain.
    Burst,
    /// No place was named, and nearly everybody who calls now calls about this.
    NearlyAll,
    /// A person decided.
    Person,
}

impl Why {
    /// Every reason.
    pub const ALL: [Why; 10] = [
        Why::SameCitizen,
        Why::SameHouse,
        Why::Near,
        Why::SameLandmark,
        Why::SameStreet,
        Why::SameWords,
        Why::InArea,
        Why::Burst,
        Why::NearlyAll,
        Why::Person,
    ];

    /// Returns the name as events and databases write it.
    pub const fn name(self) -> &'static str {
        match self {
            Why::SameCitizen => "same_citizen",
            Why::SameHouse => "same_house",
            Why::Near => "near",
            Why::SameLandmark => "same_landmark",
            Why::SameStreet => "same_street",
            Why::SameWords => "same_words",
            Why::InArea => "in_area",
            Why::Burst => "burst",
            Why::NearlyAll => "nearly_all",
            Why::Person => "person",
        }
    }

    /// Finds a reason by its name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|why| why.name() == name)
    }
}
