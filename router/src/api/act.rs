//! Carrying out an action on a ticket, for the API and the pages alike: rights first, then the life cycle, then the store.

use super::ApiError;
use crate::auth::Identity;
use crate::web::App;
use dauys_events::{Actor, AgencyId, Ticket, TicketId, TicketStatus};
use dauys_tickets::{Action, Terms, apply};

/// The longest reason, in characters.
pub(crate) const LONGEST_REASON: usize = 2_000;

/// What somebody wants.
#[derive(Clone, Debug)]
pub(crate) enum Want {
    Done,
    Confirm,
    Reopen,
    Reassign(AgencyId),
    Recategorise(String),
}

/// Finds a ticket that somebody may see.
pub(crate) async fn visible(app: &App, identity: &Identity, id: TicketId) -> Result<Ticket, ApiError> {
    let ticket = app.store().ticket(id).await?;
    ticket.filter(|ticket| identity.may_see(&ticket.agency)).ok_or(ApiError::NotFound("ticket"))
}

/// Carries out an action on the revision that was looked at. A corrected category brings the ticket to the agency that
/// answers for it in that place, as a second change.
pub(crate) async fn act(
    app: &App,
    identity: &Identity,
    id: TicketId,
    revision: u32,
    want: Want,
    reason: Option<&str>,
) -> Result<Ticket, ApiError> {
    if !identity.may_change() {
        return Err(ApiError::Forbidden("this account only reads".to_owned()));
    }
    if reason.is_some_and(|reason| reason.chars().count() > LONGEST_REASON) {
        return Err(ApiError::Invalid(format!("a reason has at most {LONGEST_REASON} characters")));
    }
    let ticket = visible(app, identity, id).await?;
    if ticket.revision != revision {
        return Err(ApiError::Conflict { current: ticket.revision });
    }
    let actor = identity.account.actor();
    match want {
        Want::Done => write(app, &ticket, &Action::Done, &actor, reason).await,
        Want::Confirm => write(app, &ticket, &Action::Confirm, &actor, reason).await,
        Want::Reopen => write(app, &ticket, &Action::Reopen, &actor, reason).await,
        Want::Reassign(to) => {
            if app.city().agency(&to.0).is_none() {
                return Err(ApiError::Invalid("the city has no such agency".to_owned()));
            }
            write(app, &ticket, &Action::Reassign { to }, &actor, reason).await
        }
        Want::Recategorise(category) => recategorise(app, ticket, category, &actor, reason).await,
    }
}

async fn recategorise(
    app: &App,
    ticket: Ticket,
    category: String,
    actor: &Actor,
    reason: Option<&str>,
) -> Result<Ticket, ApiError> {
    let city = app.city();
    let Some(known) = city.category(&category) else {
        return Err(ApiError::Invalid("the city has no such category".to_owned()));
    };
    let terms = Terms {
        target_hours: known.target_hours,
        legal_working_days: known.legal_working_days.unwrap_or(city.settings.legal.answer_working_days),
    };
    let in_review = ticket.status == TicketStatus::Review;
    let change = Action::Recategorise { category: category.clone(), terms, priority: known.priority };
    // An inspector may find that the machine's guess was right: then the ticket only has to move on.
    let ticket = match in_review && ticket.category == category {
        true => ticket,
        false => write(app, &ticket, &change, actor, reason).await?,
    };
    let unit = ticket.place.as_ref().and_then(|place| place.unit.as_deref());
    let to = AgencyId(app.assigner().assign(&category, unit).agency);
    let movable = matches!(ticket.status, TicketStatus::Review | TicketStatus::Assigned | TicketStatus::Reopened);
    if !movable || (to == ticket.agency && !in_review) {
        return Ok(ticket);
    }
    write(app, &ticket, &Action::Reassign { to }, actor, reason).await
}

async fn write(
    app: &App,
    ticket: &Ticket,
    action: &Action,
    actor: &Actor,
    reason: Option<&str>,
) -> Result<Ticket, ApiError> {
    let transition = apply(ticket, action, actor, reason, app.clocks(), app.now())?;
    app.store().apply_change(&transition).await?;
    Ok(transition.changed.ticket)
}
