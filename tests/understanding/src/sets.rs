//! The data sets: made-up sentences as callers speak, with what they mean.

use dauys_events::Language;

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
}

/// Gives the language as a recogniser would, which does not know "mixed".
#[must_use]
pub fn spoken(language: &str) -> Option<Language> {
    Language::from_code(language)
}

fn rows<const N: usize>(file: &'static str) -> impl Iterator<Item = [&'static str; N]> {
    file.lines().skip(1).filter_map(|line| line.split('\t').collect::<Vec<_>>().try_into().ok())
}

/// Lists the calls about one matter.
#[must_use]
pub fn calls() -> Vec<Call> {
    rows(include_str!("../calls.tsv"))
        .map(|[language, category, kind, text]| Call { language, category, kind, text })
        .collect()
}

/// Lists the sentences of danger and those near it.
#[must_use]
pub fn dangers() -> Vec<Dangerous> {
    rows(include_str!("../danger.tsv"))
        .map(|[language, danger, service, text]| Dangerous { language, danger: danger == "danger", service, text })
        .collect()
}

/// Lists the sentences with places.
#[must_use]
pub fn places() -> Vec<Placed> {
    rows(include_str!("../places.tsv"))
        .map(|[language, district, microdistrict, street, house, cross, text]| Placed {
            language,
            district,
            microdistrict,
            street,
            house,
            cross,
            text,
        })
        .collect()
}

/// Lists jokes, abuse and idle talk: language, what it is, text.
#[must_use]
pub fn conduct() -> Vec<[&'static str; 3]> {
    rows(include_str!("../conduct.tsv")).collect()
}

/// Lists calls about several matters: language, categories with `+` between, text.
#[must_use]
pub fn several() -> Vec<[&'static str; 3]> {
    rows(include_str!("../several.tsv")).collect()
}

/// Lists calls in which people say who they are: language, name, number, text; `-` for nothing said.
#[must_use]
pub fn contacts() -> Vec<[&'static str; 4]> {
    rows(include_str!("../contacts.tsv")).collect()
}

/// Lists reports in the order of time: minute, incident or `-`, language, text.
#[must_use]
pub fn incidents() -> Vec<[&'static str; 4]> {
    rows(include_str!("../incidents.tsv")).collect()
}

/// Says whether a sentence belongs to the half that nobody looks at while improving the model.
#[must_use]
pub fn locked(text: &str) -> bool {
    text.bytes().fold(7_u32, |state, byte| state.wrapping_mul(31).wrapping_add(u32::from(byte))) & 4 == 0
}

/// Lists every sentence of every set.
#[must_use]
pub fn sentences() -> Vec<&'static str> {
    let mut all: Vec<&str> = calls().iter().map(|c| c.text).collect();
    all.extend(dangers().iter().map(|d| d.text));
    all.extend(places().iter().map(|p| p.text));
    all.extend(conduct().iter().map(|[_, _, text]| *text));
    all.extend(several().iter().map(|[_, _, text]| *text));
    all.extend(incidents().iter().map(|[_, _, _, text]| *text));
    all.extend(contacts().iter().map(|[_, _, _, text]| *text));
    all
}
