//! The live figures as pages and the API show them, and what of them an agency may see. Pure.

use super::Gauges;
use crate::store::{AgencyFigures, CallFigures, CategoryCount, Figures, OutboxBacklog};
use dauys_events::AgencyId;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// How many categories are named before the rest is summed.
pub const TOP: usize = 10;

/// Everything that is shown live.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Figures)]
pub struct Snapshot {
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The calls; none for an agency.
    pub calls: Option<Calls>,
    /// How far behind the line from recording to ticket is; none for an agency.
    pub pipeline: Option<Pipeline>,
    /// From the last word to the cabinet, in the last hour; none for an agency.
    pub to_cabinet: Option<ToCabinet>,
    /// The tickets.
    pub city: City,
}

/// The calls.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Calls {
    /// Calls on the line.
    pub now: u64,
    /// How many calls are taken at once.
    pub capacity: u64,
    /// Calls per second.
    pub per_second: f64,
    /// Calls answered since the start of the process.
    pub answered: u64,
    /// Calls refused since the start of the process.
    pub refused: u64,
    /// Calls answered in the last 24 hours.
    pub day_answered: u64,
    /// Of those, calls that left a recording.
    pub day_recorded: u64,
    /// Their mean length in seconds.
    pub mean_seconds: Option<f64>,
    /// The mean opinion score that 95 of 100 calls reach.
    pub mos_p05: Option<f64>,
    /// The share of packets that the network lost, 0 to 1.
    pub loss: Option<f64>,
    /// Packets that this machine dropped.
    pub dropped: u64,
}

/// How far behind the line from recording to ticket is.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Pipeline {
    /// Recordings that wait for transcription.
    pub waiting: Option<u64>,
    /// How long the oldest of them has waited, in seconds.
    pub oldest_waiting_seconds: Option<f64>,
    /// Each stage.
    pub stages: Vec<Stage>,
}

/// What waits at one stage.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Stage {
    /// `transcription`, `understanding` or `outbox`.
    #[schema(value_type = String)]
    pub stage: &'static str,
    /// How many events wait.
    pub waiting: Option<u64>,
    /// How long the oldest has waited, in seconds.
    pub oldest_seconds: Option<f64>,
}

/// From the last word to the cabinet.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ToCabinet {
    /// How many tickets were opened.
    pub tickets: u64,
    /// The median in seconds.
    pub median_seconds: Option<f64>,
    /// What 99 of 100 tickets keep, in seconds.
    pub p99_seconds: Option<f64>,
}

/// The tickets.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct City {
    /// All organisations together; an agency sees its own here too.
    pub all: OrganisationRow,
    /// Each organisation.
    pub organisations: Vec<OrganisationRow>,
    /// The categories with the most tickets; empty for an agency.
    #[schema(value_type = Vec<Object>)]
    pub categories: Vec<CategoryCount>,
    /// The tickets of all other categories, so that the list adds up.
    pub other_categories: u64,
}

/// One organisation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct OrganisationRow {
    /// The agency; none in the sum.
    pub agency: Option<String>,
    /// All tickets.
    pub total: u64,
    /// Tickets that the citizen has not confirmed.
    pub open: u64,
    /// Open tickets past their target.
    pub overdue: u64,
    /// Reported as done, waiting for the citizen's word.
    pub done: u64,
    /// Confirmed by the citizen.
    pub confirmed: u64,
    /// Sent back at least once.
    pub reopened: u64,
    /// Closed on time ÷ (closed + overdue and still open), 0 to 1.
    pub on_time: Option<f64>,
    /// The median time from the last word to the cabinet, in seconds.
    pub to_cabinet_median_seconds: Option<f64>,
}

impl From<&AgencyFigures> for OrganisationRow {
    fn from(figures: &AgencyFigures) -> Self {
        Self {
            agency: figures.agency.as_ref().map(ToString::to_string),
            total: figures.total,
            open: figures.open,
            overdue: figures.overdue,
            done: figures.done,
            confirmed: figures.confirmed,
            reopened: figures.reopened,
            on_time: figures.on_time,
            to_cabinet_median_seconds: figures.to_cabinet_median_seconds,
        }
    }
}

/// What the store counted last.
#[derive(Clone, Debug, Default)]
pub(super) struct Counted {
    pub(super) city: Figures,
    pub(super) last_hour: AgencyFigures,
    pub(super) day: CallFigures,
    pub(super) outbox: OutboxBacklog,
}

impl Snapshot {
    /// Joins what is measured and what is counted.
    pub(super) fn join(at: Timestamp, gauges: &Gauges, counted: &Counted) -> Self {
        let oldest = |since: Timestamp| at.duration_since(since).as_secs_f64().max(0.0);
        let outbox = Stage {
            stage: "outbox",
            waiting: Some(counted.outbox.pending),
            oldest_seconds: counted.outbox.oldest.map(oldest),
        };
        let transcription = Stage {
            stage: "transcription",
            waiting: gauges.waiting_transcription,
            oldest_seconds: gauges.oldest_waiting_seconds,
        };
        let understanding =
            Stage { stage: "understanding", waiting: gauges.waiting_understanding, oldest_seconds: None };
        Self {
            at,
            calls: Some(Calls {
                now: gauges.calls_now,
                capacity: gauges.capacity,
                per_second: gauges.calls_per_second,
                answered: gauges.answered,
                refused: gauges.refused,
                day_answered: counted.day.answered,
                day_recorded: counted.day.recorded,
                mean_seconds: counted.day.mean_seconds,
                mos_p05: counted.day.mos_p05,
                loss: counted.day.loss,
                dropped: counted.day.dropped,
            }),
            pipeline: Some(Pipeline {
                waiting: gauges.waiting_transcription,
                oldest_waiting_seconds: gauges.oldest_waiting_seconds,
                stages: vec![transcription, understanding, outbox],
            }),
            to_cabinet: Some(ToCabinet {
                tickets: counted.last_hour.total,
                median_seconds: counted.last_hour.to_cabinet_median_seconds,
                p99_seconds: counted.last_hour.to_cabinet_p99_seconds,
            }),
            city: City {
                all: (&counted.city.all).into(),
                organisations: counted.city.agencies.iter().map(Into::into).collect(),
                categories: counted.city.top.clone(),
                other_categories: counted.city.other,
            },
        }
    }

    /// Returns what one agency may see: its own row.
    pub fn only(&self, agency: &AgencyId) -> Self {
        let own = self.city.organisations.iter().find(|row| row.agency.as_deref() == Some(agency.0.as_str()));
        let own =
            own.cloned().unwrap_or_else(|| OrganisationRow { agency: Some(agency.0.clone()), ..Default::default() });
        Self {
            at: self.at,
            calls: None,
            pipeline: None,
            to_cabinet: None,
            city: City { all: own.clone(), organisations: vec![own], categories: vec![], other_categories: 0 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(agency: &str, open: u64) -> AgencyFigures {
        AgencyFigures { agency: Some(AgencyId(agency.to_owned())), open, ..Default::default() }
    }

    #[test]
    fn an_agency_sees_itself_and_nobody_else() {
        let mut counted = Counted::default();
        counted.city.agencies = vec![row("water", 3), row("roads", 5)];
        counted.city.top = vec![CategoryCount { category: "manhole".to_owned(), tickets: 5 }];
        let gauges = Gauges { calls_now: 7, ..Default::default() };
        let snapshot = Snapshot::join(Timestamp::UNIX_EPOCH, &gauges, &counted);
        assert_eq!(snapshot.calls.as_ref().unwrap().now, 7);

        let own = serde_json::to_string(&snapshot.only(&AgencyId("water".to_owned()))).unwrap();
        assert!(own.contains("water") && !own.contains("roads") && !own.contains("manhole"), "{own}");
        let none = snapshot.only(&AgencyId("gas".to_owned()));
        assert_eq!((none.city.all.open, none.calls), (0, None));
    }
}
