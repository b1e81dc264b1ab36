//! A made-up city and what its citizens report in ten days, each report with what it is truly about.

#![allow(dead_code, reason = "each test file uses what it needs")]

use dauys_events::{IntakeId, TicketId};
use dauys_incidents::{Area, Level, Place, Policy, Report, Rule, word_features};
use jiff::Timestamp;
use uuid::Uuid;

pub const START: i64 = 1_795_000_000;

pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(START + seconds).unwrap()
}

pub fn ticket(n: u32) -> TicketId {
    TicketId::of(IntakeId(Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0000 | (u128::from(n) << 16))), 0)
}

pub fn policy() -> Policy {
    Policy::default()
        .with("electricity", Rule::network("electricity", 4.0))
        .with("water", Rule::network("water", 3.0))
        .with("heating", Rule::network("heating", 2.0))
        .with("manhole", Rule::spot("manhole", 3))
        .with("tree", Rule::spot("tree", 3))
        .with("rubbish", Rule::spot("rubbish", 3))
}

pub fn area(level: Level, unit: impl Into<String>) -> Area {
    Area { level, unit: unit.into() }
}

/// A place in quarter `quarter` of the made-up city: eleven quarters a district.
pub fn in_quarter(quarter: u32) -> Place {
    Place {
        areas: vec![
            area(Level::Quarter, format!("q{quarter}")),
            area(Level::District, format!("d{}", quarter / 11)),
            area(Level::City, "city"),
        ],
        ..Place::default()
    }
}

pub fn report(n: u32, category: &str, place: Place, words: &str, seconds: i64) -> Report {
    Report {
        ticket: ticket(n),
        reporter: Some(u64::from(n)),
        category: category.into(),
        place,
        words: word_features(words),
        at: at(seconds),
    }
}

/// A small generator: the same numbers for the same seed, everywhere.
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub fn below(&mut self, limit: u32) -> u32 {
        ((self.next() >> 33) % u64::from(limit.max(1))) as u32
    }

    pub fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high - low + 1)
    }

    pub fn of(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    /// Seconds after a start that thin out: most soon, few late.
    pub fn fading(&mut self, most: u32) -> i64 {
        let share = f64::from(self.below(10_000)) / 10_000.0;
        (f64::from(most) * share * share) as i64
    }
}

pub const QUARTERS: u32 = 55;
pub const STREETS: u32 = 6;

/// What is truly the matter.
#[derive(Clone, Copy)]
pub enum Extent {
    House,
    Street,
    Quarter,
    District,
    City,
}

pub struct Stream {
    pub chance: Chance,
    pub reports: Vec<(u32, Report)>,
    causes: u32,
    outages: Vec<(String, Extent, u32, std::ops::Range<i64>)>,
}

pub const NETWORKS: [&str; 3] = ["electricity", "water", "heating"];

const WORDS: [(&str, &[&str]); 6] = [
    (
        "electricity",
        &["нет света", "света нет с утра", "жарық жоқ", "свет отключили", "svet yoq", "электричества нет во всём доме"],
    ),
    ("water", &["нет воды", "су жоқ", "воды нет с обеда", "suv yoq", "отключили воду без предупреждения"]),
    ("heating", &["батареи холодные", "нет отопления", "жылу жоқ", "isitish yoq", "дома холодно, батареи не греют"]),
    ("manhole", &["открытый люк", "нет крышки на люке", "люктің қақпағы жоқ", "люк открыт, опасно"]),
    ("tree", &["упало дерево", "ағаш құлап қалды", "дерево лежит на дороге", "daraxt yiqildi"]),
    ("rubbish", &["мусор не вывозят", "қоқыс шығармайды", "контейнеры переполнены", "axlat olib ketilmayapti"]),
];
const MARKS: [&str; 12] = [
    "возле аптеки",
    "у школы",
    "мектептің жанында",
    "рядом с мечетью",
    "у детского сада",
    "возле рынка",
    "у остановки",
    "за гаражами",
    "напротив банка",
    "у поликлиники",
    "возле парка",
    "у магазина Алтын",
];

impl Stream {
    pub fn new(seed: u64) -> Self {
        Self { chance: Chance::new(seed), reports: Vec::new(), causes: 0, outages: Vec::new() }
    }

    /// Lets something happen, and citizens report it over the time that follows.
    pub fn happen(&mut self, category: &str, extent: Extent, reports: u32, start: i64, over: u32) {
        let (quarter, street) = (self.chance.below(QUARTERS), self.chance.below(STREETS));
        let house = self.chance.between(1, 160);
        let mark = MARKS[self.chance.below(MARKS.len() as u32) as usize];
        if self.is_dark(category, quarter, start) {
            return;
        }
        self.causes += 1;
        self.outages.push((category.to_owned(), extent, quarter, start..start + i64::from(over)));
        for _ in 0..reports {
            let seconds = start + self.chance.fading(over);
            let (quarter, street, house) = self.spot(extent, quarter, street, house);
            let network = matches!(category, "electricity" | "water" | "heating");
            let place =
                if network { self.say_network(quarter, street, house) } else { self.say_spot(quarter, street, house) };
            let texts = WORDS.iter().find(|(known, _)| *known == category).unwrap().1;
            let text = texts[self.chance.below(texts.len() as u32) as usize];
            let words = if self.chance.of(60) { format!("{text} {mark}") } else { text.to_owned() };
            let n = self.reports.len() as u32 + 1;
            let mut said = report(n, category, place, &words, seconds);
            said.reporter = (!self.chance.of(10)).then_some(u64::from(n));
            self.reports.push((self.causes, said));
        }
    }

    /// Returns whether a whole unit around a place is out at that time. What fails half an hour before is its beginning.
    fn is_dark(&self, category: &str, quarter: u32, at: i64) -> bool {
        self.outages.iter().any(|(known, extent, around, time)| {
            let covers = match extent {
                Extent::House | Extent::Street => false,
                Extent::Quarter => *around == quarter,
                Extent::District => around / 11 == quarter / 11,
                Extent::City => true,
            };
            covers && known == category && (time.start - 1_800..time.end).contains(&at)
        })
    }

    /// Where one of those who are affected lives.
    fn spot(&mut self, extent: Extent, quarter: u32, street: u32, house: u32) -> (u32, u32, u32) {
        let chance = &mut self.chance;
        match extent {
            Extent::House => (quarter, street, house),
            Extent::Street => (quarter, street, house + chance.below(20)),
            Extent::Quarter => (quarter, chance.below(STREETS), chance.between(1, 180)),
            Extent::District => (quarter / 11 * 11 + chance.below(11), chance.below(STREETS), chance.between(1, 180)),
            Extent::City => (chance.below(QUARTERS), chance.below(STREETS), chance.between(1, 180)),
        }
    }

    /// What a citizen says of the place, as it is understood: sometimes only a part, sometimes nothing, rarely a wrong one.
    fn say_network(&mut self, quarter: u32, street: u32, house: u32) -> Place {
        let quarter = if self.chance.of(2) { self.chance.below(QUARTERS) } else { quarter };
        let whole = in_quarter(quarter);
        let street = Some(format!("s{quarter}-{street}"));
        match self.chance.below(100) {
            0..50 => Place { street, house: Some(house.to_string()), ..whole },
            50..62 => Place { street, ..whole },
            62..88 => whole,
            88..95 => Place { areas: whole.areas[1..].to_vec(), ..Place::default() },
            _ => Place { areas: whole.areas[2..].to_vec(), ..Place::default() },
        }
    }

    fn say_spot(&mut self, quarter: u32, street: u32, house: u32) -> Place {
        let whole = in_quarter(quarter);
        let street = Some(format!("s{quarter}-{street}"));
        match self.chance.below(100) {
            0..80 => Place { street, house: Some(house.to_string()), ..whole },
            80..92 => Place { street, ..whole },
            92..97 => whole,
            _ => Place { areas: whole.areas[1..].to_vec(), ..Place::default() },
        }
    }

    /// Ten days of a city: an outage of the whole city once, of districts every few days, of microdistricts and streets every
    /// day, and single faults all the time. Where a whole unit is dark, nobody reports anything smaller in it.
    pub fn ten_days(seed: u64) -> Vec<(u32, Report)> {
        let mut stream = Self::new(seed);
        let day = 86_400_u32;
        let start = 5 * day + stream.chance.below(day);
        stream.happen("electricity", Extent::City, 400, start.into(), 7_200);
        for n in 0..4 {
            let (start, reports) = (n * 2 * day + stream.chance.below(day), stream.chance.between(60, 200));
            stream.happen(NETWORKS[n as usize % 3], Extent::District, reports, start.into(), 5_400);
        }
        for _ in 0..10 * 3 {
            let category = NETWORKS[stream.chance.below(3) as usize];
            let (start, reports) = (stream.chance.below(10 * day), stream.chance.between(10, 40));
            stream.happen(category, Extent::Quarter, reports, start.into(), 3_600);
            let (start, reports) = (stream.chance.below(10 * day), stream.chance.between(4, 12));
            stream.happen(category, Extent::Street, reports, start.into(), 2_400);
        }
        for hour in 0..240_u32 {
            stream.single_faults(hour * 3_600);
        }
        stream.reports.sort_by_key(|(_, report)| (report.at, report.ticket));
        stream.reports
    }

    /// What happens in an ordinary hour.
    fn single_faults(&mut self, hour: u32) {
        for category in NETWORKS {
            for _ in 0..self.chance.below(5) {
                let start = hour + self.chance.below(3_600);
                let reports = if self.chance.of(70) { 1 } else { self.chance.between(2, 4) };
                self.happen(category, Extent::House, reports, start.into(), 2_400);
            }
        }
        for category in ["manhole", "tree", "rubbish"] {
            if self.chance.of(50) {
                let start = hour + self.chance.below(3_600);
                let reports = self.chance.between(1, 5);
                self.happen(category, Extent::House, reports, start.into(), 86_400);
            }
        }
    }
}
