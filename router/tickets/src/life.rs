//! The state machine: an action on a ticket by somebody gives the next revision, or a refusal that says what is possible.

use crate::action::has_right;
use crate::{Action, ActionKind, Clocks, Role, allowed, needs_reason, priority};
use dauys_events::{Actor, AgencyAction, AgencyId, AgencyNotice, Change, Ticket, TicketChanged, TicketStatus};
use jiff::Timestamp;
use thiserror::Error;

/// A ticket's next revision, and what others must be told of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    /// The full state after the change, with what changed, by whom and why.
    pub changed: TicketChanged,
    /// What agencies must act on.
    pub notices: Vec<AgencyNotice>,
    /// The model's best guess before a person chose the category, where there was one.
    pub guess: Option<String>,
}

impl Transition {
    /// Returns the ticket after the change.
    pub fn ticket(&self) -> &Ticket {
        &self.changed.ticket
    }
}

/// Why an action was refused, and what is possible instead.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refused {
    /// The ticket stands where the action makes no sense.
    #[error("{action} is not possible on a ticket that is {}; possible now: {}", status.name(), list(allowed))]
    Status {
        /// What was asked.
        action: ActionKind,
        /// Where the ticket stands.
        status: TicketStatus,
        /// What the same actor can do instead.
        allowed: Vec<ActionKind>,
    },
    /// Somebody else has the right.
    #[error("{role} may not {action} a ticket; possible now: {}", list(allowed))]
    Actor {
        /// What was asked.
        action: ActionKind,
        /// What the actor is to the ticket.
        role: Role,
        /// What the same actor can do instead.
        allowed: Vec<ActionKind>,
    },
    /// Staff wrote down the citizen's word without saying how it came.
    #[error("only the citizen can {action}; who writes down the citizen's word must say how it came")]
    ReasonMissing {
        /// What was asked.
        action: ActionKind,
    },
    /// The agency has the ticket already.
    #[error("{agency} has the ticket already")]
    SameAgency {
        /// The agency.
        agency: AgencyId,
    },
    /// The ticket has the category already.
    #[error("the ticket has the category {category} already")]
    SameCategory {
        /// The category's code.
        category: String,
    },
}

fn list(kinds: &[ActionKind]) -> String {
    if kinds.is_empty() {
        return "nothing".to_owned();
    }
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    names.join(", ")
}

/// Applies an action at `now`; the ticket given stays as it is.
///
/// # Errors
/// [`Refused`] where the ticket's status, the actor's rights or the details do not allow it.
pub fn apply(
    ticket: &Ticket,
    action: &Action,
    actor: &Actor,
    reason: Option<&str>,
    clocks: &Clocks,
    now: Timestamp,
) -> Result<Transition, Refused> {
    let reason = reason.map(str::trim).filter(|reason| !reason.is_empty());
    permit(ticket, action, actor, reason)?;
    let mut next = ticket.clone();
    next.revision = ticket.revision.saturating_add(1);
    next.changed_at = now;
    let (change, told) = match action {
        Action::Done => {
            next.status = TicketStatus::Done;
            next.done_at = next.done_at.or(Some(now));
            (Change::Done, vec![])
        }
        Action::Confirm => {
            next.status = TicketStatus::Confirmed;
            next.confirmed_at = Some(now);
            (Change::Confirmed, vec![(ticket.agency.clone(), AgencyAction::Confirmed)])
        }
        Action::Reopen => {
            next.status = TicketStatus::Reopened;
            next.confirmed_at = None;
            (Change::Reopened, vec![(ticket.agency.clone(), AgencyAction::Reopened)])
        }
        Action::Reassign { to } => reassign(ticket, &mut next, to),
        Action::Recategorise { category, terms, priority: own } => {
            next.category.clone_from(category);
            next.probability = 1.0;
            next.alternatives.clear();
            next.priority = priority(ticket.danger, *own);
            next.due_at = clocks.due_at(ticket.last_word_at, terms.target_hours);
            next.legal_due_at = clocks.legal_due_at(ticket.received_at, terms.legal_working_days);
            next.why.push(format!("A person corrected the category from {} to {category}.", ticket.category));
            (Change::Recategorised { from: ticket.category.clone(), to: category.clone() }, vec![])
        }
    };
    let notices =
        told.into_iter().map(|(agency, action)| AgencyNotice { agency, action, ticket: next.clone() }).collect();
    let changed = TicketChanged { ticket: next, change, actor: actor.clone(), reason: reason.map(str::to_owned) };
    let unsure = ticket.status == TicketStatus::Review;
    let guess = ticket.alternatives.first().filter(|_| unsure).map(|best| best.code.clone());
    Ok(Transition { changed, notices, guess })
}

fn permit(ticket: &Ticket, action: &Action, actor: &Actor, reason: Option<&str>) -> Result<(), Refused> {
    let kind = action.kind();
    let role = Role::of(actor, ticket);
    let allowed = allowed(ticket.status, role);
    if !has_right(kind, role) {
        return Err(Refused::Actor { action: kind, role, allowed });
    }
    if !allowed.contains(&kind) {
        return Err(Refused::Status { action: kind, status: ticket.status, allowed });
    }
    if needs_reason(kind, role) && reason.is_none() {
        return Err(Refused::ReasonMissing { action: kind });
    }
    match action {
        // The inspector may take a ticket under review into the own cabinet.
        Action::Reassign { to } if *to == ticket.agency && ticket.status != TicketStatus::Review => {
            Err(Refused::SameAgency { agency: to.clone() })
        }
        Action::Recategorise { category, .. } if *category == ticket.category => {
            Err(Refused::SameCategory { category: category.clone() })
        }
        _ => Ok(()),
    }
}

fn reassign(ticket: &Ticket, next: &mut Ticket, to: &AgencyId) -> (Change, Vec<(AgencyId, AgencyAction)>) {
    next.status = TicketStatus::Assigned;
    next.agency = to.clone();
    next.why.push(format!("A person gave it to {to}."));
    let mut told = vec![(to.clone(), AgencyAction::Assigned)];
    if *to != ticket.agency {
        told.insert(0, (ticket.agency.clone(), AgencyAction::Withdrawn));
    }
    (Change::Reassigned { from: ticket.agency.clone(), to: to.clone() }, told)
}
