//! How values read on a page: times in the city's zone, durations, names of statuses, categories and agencies.

use super::App;
use super::texts::{Texts, fill, texts};
use crate::api::views::is_overdue;
use dauys_events::{
    Actor, Change, Channel, Danger, Incident, IncidentChange, Language, Location, Priority, RequestKind, Ticket,
    TicketStatus,
};
use dauys_incidents::Why;
use jiff::{SignedDuration, Timestamp};

/// Says things in one language, at one time.
#[derive(Clone, Copy)]
pub(super) struct Words<'a> {
    pub(super) app: &'a App,
    pub(super) t: &'static Texts,
    pub(super) language: Language,
    pub(super) now: Timestamp,
}

impl<'a> Words<'a> {
    pub(super) fn new(app: &'a App, language: Language) -> Self {
        Self { app, t: texts(language), language, now: app.now() }
    }

    /// Returns a date and a time of day, without the year where it is this year.
    pub(super) fn time(&self, at: Timestamp) -> String {
        let zone = self.app.zone();
        let then = at.to_zoned(zone.clone());
        let same_year = then.year() == self.now.to_zoned(zone.clone()).year();
        then.strftime(if same_year { "%d.%m, %H:%M" } else { "%d.%m.%Y, %H:%M" }).to_string()
    }

    /// Returns a duration in two units at most.
    pub(super) fn duration(&self, duration: SignedDuration) -> String {
        let minutes = duration.abs().as_mins();
        let (days, hours) = (minutes / 1_440, minutes / 60 % 24);
        match (days, hours) {
            (0, 0) => fill(self.t.minutes, &[&minutes.to_string()]),
            (0, hours) => fill(self.t.hours_minutes, &[&hours.to_string(), &(minutes % 60).to_string()]),
            (days, hours) => fill(self.t.days_hours, &[&days.to_string(), &hours.to_string()]),
        }
    }

    /// Returns seconds with one decimal, and longer times in minutes and hours.
    pub(super) fn seconds(&self, seconds: f64) -> String {
        if seconds >= 120.0 {
            return self.duration(SignedDuration::try_from_secs_f64(seconds).unwrap_or(SignedDuration::MAX));
        }
        fill(self.t.seconds, &[&self.decimal(seconds)])
    }

    /// Returns seconds, or that there is nothing to tell.
    pub(super) fn maybe_seconds(&self, seconds: Option<f64>) -> String {
        seconds.map_or_else(|| self.t.no_data.to_owned(), |seconds| self.seconds(seconds))
    }

    /// Returns a number with one decimal, as the language writes it.
    pub(super) fn decimal(&self, value: f64) -> String {
        let text = format!("{value:.1}");
        if self.language == Language::En { text } else { text.replace('.', ",") }
    }

    /// Returns a count with its thousands apart.
    pub(super) fn count(&self, value: u64) -> String {
        let digits = value.to_string();
        let mut text = String::with_capacity(digits.len() + digits.len() / 3);
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                text.push(if self.language == Language::En { ',' } else { '\u{a0}' });
            }
            text.push(digit);
        }
        text
    }

    /// Returns a share as whole percents.
    pub(super) fn percent(&self, share: f64) -> String {
        format!("{:.0}\u{a0}%", share * 100.0)
    }

    /// Returns how a ticket's target stands.
    pub(super) fn due(&self, ticket: &Ticket) -> String {
        match ticket.status {
            TicketStatus::Done | TicketStatus::Confirmed => self.time(ticket.due_at),
            _ => {
                let left = self.duration(self.now.duration_until(ticket.due_at));
                let late = is_overdue(ticket, self.now);
                fill(if late { self.t.overdue_by } else { self.t.due_in }, &[&left])
            }
        }
    }

    pub(super) fn status(&self, status: TicketStatus) -> &'static str {
        match status {
            TicketStatus::Review => self.t.status_review,
            TicketStatus::Assigned => self.t.status_assigned,
            TicketStatus::Done => self.t.status_done,
            TicketStatus::Confirmed => self.t.status_confirmed,
            TicketStatus::Reopened => self.t.status_reopened,
            TicketStatus::Other => self.t.status_other,
        }
    }

    /// Says to a citizen what a status means.
    pub(super) fn for_citizen(&self, status: TicketStatus) -> &'static str {
        match status {
            TicketStatus::Review => self.t.citizen_review,
            TicketStatus::Assigned => self.t.citizen_assigned,
            TicketStatus::Done => self.t.citizen_done,
            TicketStatus::Confirmed => self.t.citizen_confirmed,
            TicketStatus::Reopened => self.t.citizen_reopened,
            TicketStatus::Other => self.t.citizen_other,
        }
    }

    pub(super) fn priority(&self, priority: Priority) -> &'static str {
        match priority {
            Priority::Emergency => self.t.priority_emergency,
            Priority::Urgent => self.t.priority_urgent,
            Priority::High => self.t.priority_high,
            Priority::Normal => self.t.priority_normal,
        }
    }

    /// Names a danger; none where there is none.
    pub(super) fn danger(&self, danger: Danger) -> Option<&'static str> {
        match danger {
            Danger::None => None,
            Danger::Elevated => Some(self.t.danger_elevated),
            Danger::Urgent => Some(self.t.danger_urgent),
            Danger::Emergency => Some(self.t.danger_emergency),
        }
    }

    pub(super) fn kind(&self, kind: RequestKind) -> &'static str {
        match kind {
            RequestKind::Request => self.t.kind_request,
            RequestKind::Question => self.t.kind_question,
        }
    }

    pub(super) fn channel(&self, channel: Channel) -> &'static str {
        match channel {
            Channel::Call => self.t.channel_call,
            Channel::Whatsapp => self.t.channel_whatsapp,
            Channel::Telegram => self.t.channel_telegram,
            Channel::Other => self.t.channel_other,
        }
    }

    pub(super) fn spoken(&self, language: Option<Language>) -> &'static str {
        match language {
            None => self.t.language_unknown,
            Some(Language::Kk) => self.t.language_kk,
            Some(Language::Ru) => self.t.language_ru,
            Some(Language::Uz) => self.t.language_uz,
            Some(Language::En) => self.t.language_en,
        }
    }

    /// Names a category, by its code where the city pack has lost it.
    pub(super) fn category(&self, code: &str) -> String {
        let found = self.app.city().category(code);
        found.map_or(code, |category| category.name.get(self.language).as_str()).to_owned()
    }

    /// Names an agency, by its code where the city pack has lost it.
    pub(super) fn agency(&self, code: &str) -> String {
        let found = self.app.city().agency(code);
        found.map_or(code, |agency| agency.name.get(self.language).as_str()).to_owned()
    }

    /// Names a place: the unit in the reader's language, then street and house.
    pub(super) fn place(&self, place: Option<&Location>) -> String {
        let Some(place) = place else { return self.t.place_unknown.to_owned() };
        let unit = place.unit.as_deref().and_then(|code| self.app.city().unit(code));
        let name = unit.map_or(place.name.as_str(), |unit| unit.name.get(self.language).as_str());
        let mut parts = vec![name];
        for part in [place.street.as_deref(), place.house.as_deref()].into_iter().flatten() {
            if !part.is_empty() && !name.contains(part) {
                parts.push(part);
            }
        }
        parts.join(", ")
    }

    /// Names a territory unit, by its code where the city pack has lost it.
    pub(super) fn unit(&self, code: &str) -> String {
        let found = self.app.city().unit(code);
        found.map_or(code, |unit| unit.name.get(self.language).as_str()).to_owned()
    }

    /// Says how many citizens and tickets an incident has.
    pub(super) fn reporters(&self, incident: &Incident) -> String {
        let [reporters, tickets] = [incident.reporters, incident.tickets].map(|count| self.count(count.into()));
        fill(self.t.incident_reporters, &[&reporters, &tickets])
    }

    /// Says why a ticket belongs to an incident.
    pub(super) fn why(&self, why: Why) -> &'static str {
        match why {
            Why::SameCitizen => self.t.why_same_citizen,
            Why::SameHouse => self.t.why_same_house,
            Why::Near => self.t.why_near,
            Why::SameLandmark => self.t.why_same_landmark,
            Why::SameStreet => self.t.why_same_street,
            Why::SameWords => self.t.why_same_words,
            Why::InArea => self.t.why_in_area,
            Why::Burst => self.t.why_burst,
            Why::NearlyAll => self.t.why_nearly_all,
            Why::Person => self.t.why_person,
        }
    }

    pub(super) fn incident_change(&self, change: &IncidentChange) -> String {
        let (text, tickets) = match change {
            IncidentChange::Opened { tickets } => (self.t.incident_change_opened, tickets),
            IncidentChange::Joined { tickets } => (self.t.incident_change_joined, tickets),
            IncidentChange::Merged { tickets, .. } => (self.t.incident_change_merged, tickets),
            IncidentChange::Split { tickets, .. } => (self.t.incident_change_split, tickets),
            IncidentChange::Undone { tickets } => (self.t.incident_change_undone, tickets),
            IncidentChange::Ended => return self.t.incident_ended.to_owned(),
            IncidentChange::Other => return self.t.change_other.to_owned(),
        };
        fill(text, &[&self.count(tickets.len() as u64)])
    }

    pub(super) fn change(&self, change: &Change) -> String {
        match change {
            Change::Opened => self.t.change_opened.to_owned(),
            Change::Reassigned { from, to } => {
                fill(self.t.change_reassigned, &[&self.agency(&from.0), &self.agency(&to.0)])
            }
            Change::Recategorised { from, to } => {
                fill(self.t.change_recategorised, &[&self.category(from), &self.category(to)])
            }
            Change::Done => self.t.change_done.to_owned(),
            Change::Confirmed => self.t.change_confirmed.to_owned(),
            Change::Reopened => self.t.change_reopened.to_owned(),
            Change::Other => self.t.change_other.to_owned(),
        }
    }

    pub(super) fn actor(&self, actor: &Actor) -> String {
        match actor {
            Actor::System => self.t.by_system.to_owned(),
            Actor::Citizen => self.t.by_citizen.to_owned(),
            Actor::Account { login, agency: None } => login.clone(),
            Actor::Account { login, agency: Some(agency) } => format!("{login}, {}", self.agency(&agency.0)),
        }
    }
}
