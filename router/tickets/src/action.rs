//! What can be done to a ticket, by whom, and where the ticket must stand for it: the table of the life cycle.

use crate::Terms;
use dauys_events::{Actor, AgencyId, Priority, Ticket, TicketStatus};
use std::fmt;

/// Something that somebody wants to do to a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Report it as done.
    Done,
    /// Say, as the citizen, that it is solved.
    Confirm,
    /// Say, as the citizen, that it is not solved.
    Reopen,
    /// Give it to an agency.
    Reassign {
        /// The agency.
        to: AgencyId,
    },
    /// Correct its category.
    Recategorise {
        /// The category's code.
        category: String,
        /// The category's terms.
        terms: Terms,
        /// The category's own place in the order of work, before any danger.
        priority: Priority,
    },
}

impl Action {
    /// Returns the kind of action, without its details.
    pub const fn kind(&self) -> ActionKind {
        match self {
            Action::Done => ActionKind::Done,
            Action::Confirm => ActionKind::Confirm,
            Action::Reopen => ActionKind::Reopen,
            Action::Reassign { .. } => ActionKind::Reassign,
            Action::Recategorise { .. } => ActionKind::Recategorise,
        }
    }
}

/// A kind of action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    /// Report it as done.
    Done,
    /// Say, as the citizen, that it is solved.
    Confirm,
    /// Say, as the citizen, that it is not solved.
    Reopen,
    /// Give it to an agency.
    Reassign,
    /// Correct its category.
    Recategorise,
}

impl ActionKind {
    /// Every kind.
    pub const ALL: [ActionKind; 5] =
        [ActionKind::Done, ActionKind::Confirm, ActionKind::Reopen, ActionKind::Reassign, ActionKind::Recategorise];

    /// Returns the name as the API writes it.
    pub const fn name(self) -> &'static str {
        match self {
            ActionKind::Done => "done",
            ActionKind::Confirm => "confirm",
            ActionKind::Reopen => "reopen",
            ActionKind::Reassign => "reassign",
            ActionKind::Recategorise => "recategorise",
        }
    }

    /// Returns whether a ticket that stands at `status` can take the action.
    const fn fits_status(self, status: TicketStatus) -> bool {
        use TicketStatus::{Assigned, Confirmed, Done, Reopened, Review};
        match self {
            ActionKind::Done | ActionKind::Reassign => matches!(status, Review | Assigned | Reopened),
            // The lights may come back before the agency says so: the citizen need not wait for its report.
            ActionKind::Confirm => matches!(status, Review | Assigned | Reopened | Done),
            ActionKind::Reopen => matches!(status, Done | Confirmed),
            ActionKind::Recategorise => matches!(status, Review | Assigned | Reopened | Done),
        }
    }

    /// Returns whether the role has the right to the action.
    const fn fits_role(self, role: Role) -> bool {
        match self {
            ActionKind::Done => matches!(role, Role::Staff | Role::Holder),
            ActionKind::Confirm | ActionKind::Reopen => matches!(role, Role::Citizen | Role::Staff),
            ActionKind::Reassign | ActionKind::Recategorise => matches!(role, Role::Staff),
        }
    }
}

impl fmt::Display for ActionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What an actor is to a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The system itself.
    System,
    /// The citizen whose ticket it is.
    Citizen,
    /// The city's own staff.
    Staff,
    /// The agency that holds the ticket.
    Holder,
    /// Another agency.
    OtherAgency,
}

impl Role {
    /// Returns what `actor` is to `ticket`.
    pub fn of(actor: &Actor, ticket: &Ticket) -> Self {
        match actor {
            Actor::System => Role::System,
            Actor::Citizen => Role::Citizen,
            Actor::Account { agency: None, .. } => Role::Staff,
            Actor::Account { agency: Some(agency), .. } if *agency == ticket.agency => Role::Holder,
            Actor::Account { .. } => Role::OtherAgency,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Role::System => "the system",
            Role::Citizen => "the citizen",
            Role::Staff => "the city's staff",
            Role::Holder => "the agency that holds the ticket",
            Role::OtherAgency => "an agency that does not hold the ticket",
        })
    }
}

/// Returns what a role can do to a ticket that stands at `status`.
pub fn allowed(status: TicketStatus, role: Role) -> Vec<ActionKind> {
    ActionKind::ALL.into_iter().filter(|kind| kind.fits_status(status) && kind.fits_role(role)).collect()
}

/// Returns whether a role must say why: staff who write down the citizen's word were told it by somebody, somehow.
pub fn needs_reason(kind: ActionKind, role: Role) -> bool {
    matches!(kind, ActionKind::Confirm | ActionKind::Reopen) && role == Role::Staff
}

/// Returns whether the role has the right to the action at all.
pub(crate) const fn has_right(kind: ActionKind, role: Role) -> bool {
    kind.fits_role(role)
}
