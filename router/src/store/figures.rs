//! How the organisations do: what is open, overdue, done and confirmed, and how soon.

use dauys_events::AgencyId;
use jiff::Timestamp;

/// Which tickets are counted.
#[derive(Clone, Debug, PartialEq)]
pub struct FigureQuery {
    /// Tickets received from here on; none for all.
    pub since: Option<Timestamp>,
    /// One agency's tickets; none for all agencies.
    pub agency: Option<AgencyId>,
    /// The time at which "overdue" is judged.
    pub now: Timestamp,
    /// How many categories are named; the others are summed.
    pub top: usize,
}

/// One organisation's figures. A ticket counts for the agency that holds it now.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct AgencyFigures {
    /// The agency; none in the sum of all.
    pub agency: Option<AgencyId>,
    /// All tickets.
    pub total: u64,
    /// Tickets that the citizen has not confirmed, those reported as done included.
    pub open: u64,
    /// Open tickets past their operational target: not reported as done in time.
    pub overdue: u64,
    /// Open tickets past their legal term: not reported as done in time.
    pub overdue_legal: u64,
    /// Reported as done, waiting for the citizen's word.
    pub done: u64,
    /// Confirmed by the citizen: closed.
    pub confirmed: u64,
    /// Tickets that a citizen sent back at least once.
    pub reopened: u64,
    /// Closed tickets whose last report as done (or else the citizen's word) came within the operational target.
    pub closed_on_time: u64,
    /// `closed_on_time` ÷ (`confirmed` + `overdue`); none where that is nothing.
    pub on_time: Option<f64>,
    /// The median time from the citizen's last word to the cabinet, in seconds.
    pub to_cabinet_median_seconds: Option<f64>,
    /// The mean of the same.
    pub to_cabinet_mean_seconds: Option<f64>,
    /// What 99 of 100 tickets keep of the same.
    pub to_cabinet_p99_seconds: Option<f64>,
}

/// How many tickets a category has.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct CategoryCount {
    /// The category's code.
    pub category: String,
    /// How many tickets.
    pub tickets: u64,
}

/// The figures of all organisations.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Figures {
    /// All of them together.
    pub all: AgencyFigures,
    /// Each agency that has tickets, by code.
    pub agencies: Vec<AgencyFigures>,
    /// The categories with the most tickets.
    pub top: Vec<CategoryCount>,
    /// All tickets of the other categories, so that the list adds up to the total.
    pub other: u64,
}
