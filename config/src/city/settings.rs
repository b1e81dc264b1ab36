//! `city.toml`: the city's name, languages, calendar, legal terms and policies.

use dauys_events::Language;
use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};

use super::Names;

/// Holds what is true of the whole city.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CitySettings {
    /// Code of the pack, and of the territory's root unit.
    pub code: String,
    /// The city's name.
    pub name: Names,
    /// Whether the categories, phrases, danger words and questions that cities share are laid under the city's own.
    #[serde(default)]
    pub shared: bool,
    /// Languages offered to callers, the first one first.
    pub languages: Vec<Language>,
    /// IANA time zone, such as `Asia/Almaty`.
    pub time_zone: String,
    /// When the agencies work.
    pub calendar: Calendar,
    /// What the law asks of an answer.
    pub legal: Legal,
    /// What happens to a caller who gives no name.
    pub anonymous: Anonymous,
    /// How long recordings are kept, and whether callers are told of them.
    pub recording: Recording,
    /// When a machine's reading is trusted.
    pub understanding: Understanding,
    /// Who looks at what no rule settles.
    pub inspector: Desk,
}

/// Says which days and hours are working time.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    /// Working days of a week.
    pub working_week: Vec<Weekday>,
    /// Start of the working day, local time.
    pub opens: Time,
    /// End of the working day, local time.
    pub closes: Time,
    /// Days off that fall on working days of the week.
    pub holidays: Vec<Holiday>,
    /// Weekend days that are worked in exchange for a moved holiday.
    #[serde(default)]
    pub working_weekends: Vec<Date>,
}

/// Names one day off.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holiday {
    /// The day.
    pub date: Date,
    /// Why it is free.
    pub name: String,
}

/// Names a day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl From<jiff::civil::Weekday> for Weekday {
    fn from(day: jiff::civil::Weekday) -> Self {
        match day {
            jiff::civil::Weekday::Monday => Self::Monday,
            jiff::civil::Weekday::Tuesday => Self::Tuesday,
            jiff::civil::Weekday::Wednesday => Self::Wednesday,
            jiff::civil::Weekday::Thursday => Self::Thursday,
            jiff::civil::Weekday::Friday => Self::Friday,
            jiff::civil::Weekday::Saturday => Self::Saturday,
            jiff::civil::Weekday::Sunday => Self::Sunday,
        }
    }
}

impl Calendar {
    /// Says whether agencies work on a day.
    #[must_use]
    pub fn is_working_day(&self, date: Date) -> bool {
        if self.holidays.iter().any(|holiday| holiday.date == date) {
            return false;
        }
        self.working_week.contains(&date.weekday().into()) || self.working_weekends.contains(&date)
    }
}

/// Holds the terms of the law for an answer to an appeal.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Legal {
    /// The act and article that the terms come from.
    pub act: String,
    /// Which days the terms count.
    #[serde(default)]
    pub counted_in: DayCount,
    /// Days within which an appeal is answered.
    pub answer_working_days: u16,
    /// Longest extension, in calendar months.
    pub extension_months: u8,
    /// Days within which an applicant is told of an extension.
    pub extension_notice_working_days: u16,
    /// Days within which an appeal outside the body's competence is forwarded.
    pub forward_working_days: u16,
}

/// Says which days a term of the law counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DayCount {
    /// Days on which agencies work, by the city's calendar.
    #[default]
    Working,
    /// Every day; a term that ends on a day off ends with the next working day.
    Calendar,
}

/// Says what happens to a caller who gives no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anonymous {
    /// Whether a request without a name becomes a ticket.
    pub accepted: bool,
    /// Whether the legal clock runs for it.
    pub legal_clock: bool,
}

/// Says how recordings are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// Days for which a recording is kept after its ticket is closed.
    pub retention_days: u32,
    /// Whether callers hear that they are recorded.
    pub notice: bool,
}

/// Says when a machine's reading is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Understanding {
    /// Probability below which a person chooses the category, 0 to 1.
    pub confidence_gate: f32,
}

/// Names the desk of last resort.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Desk {
    /// Agency code of the inspector's desk.
    pub agency: String,
    /// Category code of what was not understood.
    pub unclear_category: String,
}
