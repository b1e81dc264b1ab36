//! The data sets: made-up sentences as callers speak, with what they mean.

use dauys_events::Language;

/// Says which part of the data sets a sentence belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The first sets, of which every second sentence is locked.
    First,
    /// Sets by another hand, for whoever improves the model.
    Open,
    /// Sets by that other hand that nobody looks at while improving the model.
    Locked,
    /// Sets by a third hand that nobody looks at either.
    Fresh,
    /// Dangers by a fourth hand that nobody looks at either.
    Late,
}

impl Part {
    /// Lists the parts.
    pub const ALL: [Self; 5] = [Self::First, Self::Open, Self::Locked, Self::Fresh, Self::Late];

    /// Names the part in the report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Open => "open",
            Self::Locked => "locked",
            Self::Fresh => "fresh",
            Self::Late => "late",
        }
    }
}

/// One line of a set and where it comes from.
#[derive(Debug, Clone, Copy)]
pub struct Row<const N: usize> {
    /// The part that it belongs to.
    pub part: Part,
    /// Its columns; the last one is what was said.
    pub columns: [&'static str; N],
}

impl<const N: usize> Row<N> {
    /// Says whether nobody looks at it while improving the model.
    #[must_use]
    pub fn locked(&self) -> bool {
        match self.part {
            Part::First => self.columns.last().is_some_and(|text| locked(text)),
            Part::Open => false,
            Part::Locked | Part::Fresh | Part::Late => true,
        }
    }
}

/// One call about one matter.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// `kk`, `ru`, `uz`, `en` or `mixed`.
    pub language: &'static str,
    /// Category code.
    pub category: &'static str,
    /// `q` for a question, `r` for a request, `-` where it may be either.
    pub kind: &'static str,
    /// What was said.
    pub text: &'static str,
    /// The part that it belongs to.
    pub part: Part,
    /// Whether nobody looks at it while improving the model.
    pub locked: bool,
}

/// One sentence of danger, or one near it.
#[derive(Debug, Clone, Copy)]
pub struct Dangerous {
    /// As in [`Call`].
    pub language: &'static str,
    /// Whether somebody can be hurt soon.
    pub danger: bool,
    /// Emergency service that it belongs to, or `-`.
    pub service: &'static str,
    /// What was said.
    pub text: &'static str,
    /// The part that it belongs to.
    pub part: Part,
    /// Whether nobody looks at it while improving the model.
    pub locked: bool,
}

/// One sentence with a place.
#[derive(Debug, Clone, Copy)]
pub struct Placed {
    /// As in [`Call`].
    pub language: &'static str,
    /// District code that was spoken or follows, or `-`.
    pub district: &'static str,
    /// Code of the microdistrict, or `-`.
    pub microdistrict: &'static str,
    /// Code of the street, or `-`.
    pub street: &'static str,
    /// House number in digits, or `-`.
    pub house: &'static str,
    /// Code of the street that crosses, or `-`.
    pub cross: &'static str,
    /// What was said.
    pub text: &'static str,
    /// The part that it belongs to.
    pub part: Part,
    /// Whether nobody looks at it while improving the model.
    pub locked: bool,
}

/// Gives the language as a recogniser would, which does not know "mixed".
#[must_use]
pub fn spoken(language: &str) -> Option<Language> {
    Language::from_code(language)
}

/// The files of one set, in the order of [`Part::ALL`]; `second` where the third hand wrote none, `new` where the first
/// wrote none.
macro_rules! parts {
    (second: $name:literal) => {
        [
            (Part::Open, include_str!(concat!("../open/", $name))),
            (Part::Locked, include_str!(concat!("../locked/", $name))),
        ]
    };
    (new: $name:literal) => {
        [
            (Part::Open, include_str!(concat!("../open/", $name))),
            (Part::Locked, include_str!(concat!("../locked/", $name))),
            (Part::Fresh, include_str!(concat!("../fresh/", $name))),
        ]
    };
    ($name:literal) => {
        [
            (Part::First, include_str!(concat!("../", $name))),
            (Part::Open, include_str!(concat!("../open/", $name))),
            (Part::Locked, include_str!(concat!("../locked/", $name))),
            (Part::Fresh, include_str!(concat!("../fresh/", $name))),
        ]
    };
}

fn rows<const N: usize>(files: &[(Part, &'static str)]) -> Vec<Row<N>> {
    let read = |(part, file): &(Part, &'static str)| {
        let part = *part;
        let split = file.lines().skip(1).filter_map(|line| line.split('\t').collect::<Vec<_>>().try_into().ok());
        split.map(move |columns| Row { part, columns }).collect::<Vec<_>>()
    };
    files.iter().flat_map(read).collect()
}

/// Lists the calls about one matter in a city.
#[must_use]
pub fn calls(city: &str) -> Vec<Call> {
    let rows: Vec<Row<4>> =
        if city == "samarkand" { rows(&parts!(new: "calls_samarkand.tsv")) } else { rows(&parts!("calls.tsv")) };
    let call = |row: Row<4>| {
        let [language, category, kind, text] = row.columns;
        Call { language, category, kind, text, part: row.part, locked: row.locked() }
    };
    rows.into_iter().map(call).collect()
}

/// Lists the sentences of danger and those near it.
#[must_use]
pub fn dangers() -> Vec<Dangerous> {
    let dangerous = |row: Row<4>| {
        let [language, danger, service, text] = row.columns;
        Dangerous { language, danger: danger == "danger", service, text, part: row.part, locked: row.locked() }
    };
    let mut files = parts!("danger.tsv").to_vec();
    files.push((Part::Late, include_str!("../late/danger.tsv")));
    rows(&files).into_iter().map(dangerous).collect()
}

/// Lists the sentences with places of a city.
#[must_use]
pub fn places(city: &str) -> Vec<Placed> {
    let rows: Vec<Row<7>> =
        if city == "samarkand" { rows(&parts!(new: "places_samarkand.tsv")) } else { rows(&parts!("places.tsv")) };
    let placed = |row: Row<7>| {
        let [language, district, microdistrict, street, house, cross, text] = row.columns;
        let (part, locked) = (row.part, row.locked());
        Placed { language, district, microdistrict, street, house, cross, text, part, locked }
    };
    rows.into_iter().map(placed).collect()
}

/// Lists jokes, abuse and idle talk: language, what it is, text.
#[must_use]
pub fn conduct() -> Vec<Row<3>> {
    rows(&[(Part::First, include_str!("../conduct.tsv"))])
}

/// Lists calls about several matters: language, categories with `+` between, text.
#[must_use]
pub fn several() -> Vec<Row<3>> {
    rows(&parts!("several.tsv"))
}

/// Lists what is said of the language to be spoken to in: language, preferred one or `-`, text.
#[must_use]
pub fn preferred() -> Vec<Row<3>> {
    rows(&parts!(second: "language.tsv"))
}

/// Lists questions: language, code of the reference book's question or `-`, text.
#[must_use]
pub fn questions() -> Vec<Row<3>> {
    rows(&parts!(second: "questions.tsv"))
}

/// Lists calls beside a landmark: language, its code or `-`, text.
#[must_use]
pub fn landmarks() -> Vec<Row<3>> {
    rows(&[(Part::First, include_str!("../landmarks.tsv"))])
}

/// Lists calls in which people say who they are: language, name, number, text; `-` for nothing said.
#[must_use]
pub fn contacts() -> Vec<Row<4>> {
    rows(&[(Part::First, include_str!("../contacts.tsv"))])
}

/// Lists reports in the order of time: minute, incident or `-`, language, text.
#[must_use]
pub fn incidents() -> Vec<[&'static str; 4]> {
    let rows: Vec<Row<4>> = rows(&[(Part::First, include_str!("../incidents.tsv"))]);
    rows.into_iter().map(|row| row.columns).collect()
}

/// Says whether a sentence of the first sets belongs to the half that nobody looks at while improving the model.
fn locked(text: &str) -> bool {
    text.bytes().fold(7_u32, |state, byte| state.wrapping_mul(31).wrapping_add(u32::from(byte))) & 4 == 0
}

/// Lists every sentence of every set.
#[must_use]
pub fn sentences() -> Vec<&'static str> {
    fn last<const N: usize>(rows: Vec<Row<N>>) -> impl Iterator<Item = &'static str> {
        rows.into_iter().filter_map(|row| row.columns.last().copied())
    }
    let mut all: Vec<&str> = ["shymkent", "samarkand"].iter().flat_map(|city| calls(city)).map(|c| c.text).collect();
    all.extend(dangers().iter().map(|d| d.text));
    all.extend(["shymkent", "samarkand"].iter().flat_map(|city| places(city)).map(|p| p.text));
    all.extend(last(conduct()).chain(last(several())).chain(last(preferred())).chain(last(questions())));
    all.extend(last(landmarks()).chain(last(contacts())));
    all.extend(incidents().iter().map(|[_, _, _, text]| *text));
    all
}
