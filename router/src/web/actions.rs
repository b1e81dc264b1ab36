//! The pages' forms: actions on a ticket, and a look at a contact.

use super::App;
use super::chrome::{Failure, Signed, explain};
use super::ticket::{Above, show};
use crate::api::act::{Want, act};
use crate::api::tickets::look_at_contact;
use crate::api::{ApiError, Path};
use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use dauys_events::{AgencyId, TicketId};
use serde::Deserialize;
use uuid::Uuid;

#[derive(Deserialize)]
pub(super) struct ActionForm {
    revision: u32,
    reason: Option<String>,
    to: Option<String>,
    /// A category chosen from the list instead of a button.
    other: Option<String>,
    /// Where the form stood.
    back: Option<String>,
}

impl ActionForm {
    /// Reads what is wanted; none where the form does not say it.
    fn want(&self, action: &str) -> Option<Want> {
        let text = |value: &Option<String>| value.clone().filter(|text| !text.is_empty());
        Some(match action {
            "done" => Want::Done,
            "confirm" => Want::Confirm,
            "reopen" => Want::Reopen,
            "reassign" => Want::Reassign(AgencyId(text(&self.to)?)),
            "recategorise" => Want::Recategorise(text(&self.to).or_else(|| text(&self.other))?),
            _ => return None,
        })
    }
}

/// Carries out an action. What went wrong is said on the ticket's own page, in its state of now.
pub(super) async fn submit(
    State(app): State<App>,
    signed: Signed,
    Path((id, action)): Path<(Uuid, String)>,
    form: Result<Form<ActionForm>, FormRejection>,
) -> Result<Response, Failure> {
    let id = TicketId(id);
    let unclear = || ApiError::Invalid("the form does not say what is wanted".to_owned());
    let outcome = async {
        let Form(form) = form.map_err(|_| unclear())?;
        let want = form.want(&action).ok_or_else(unclear)?;
        // The agency's report is what the citizen is asked to confirm.
        let reason = form.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
        act(&app, &signed.identity, id, form.revision, want, reason).await?;
        Ok::<bool, ApiError>(form.back.as_deref() == Some("desk"))
    };
    match outcome.await {
        Ok(true) => Ok(Redirect::to("/desk?saved=1").into_response()),
        Ok(false) => {
            let gone = app.store().ticket(id).await.ok().flatten().is_none_or(|t| !signed.identity.may_see(&t.agency));
            Ok(Redirect::to(&if gone { "/cabinet".to_owned() } else { format!("/tickets/{id}?saved=1") })
                .into_response())
        }
        Err(error) => say(&app, &signed, id, error).await,
    }
}

/// Shows the citizen's contact, which the store notes.
pub(super) async fn contact(State(app): State<App>, signed: Signed, Path(id): Path<Uuid>) -> Result<Response, Failure> {
    let id = TicketId(id);
    match look_at_contact(&app, &signed.identity, id).await {
        Ok(contact) => {
            let words = signed.reader.words(&app);
            let callback = contact.callback_number.map(|number| format!("{}: {number}", words.t.contact_callback));
            let language = contact.preferred_language.map(|language| words.spoken(Some(language)).to_owned());
            let parts = [contact.number, callback, contact.spoken_name, contact.name, language];
            let parts: Vec<String> = parts.into_iter().flatten().collect();
            let none = || words.t.contact_none.to_owned();
            let text = if parts.is_empty() { none() } else { parts.join(" · ") };
            show(&app, &signed, id, Above { contact: Some(text), ..Default::default() }).await
        }
        Err(error) => say(&app, &signed, id, error).await,
    }
}

async fn say(app: &App, signed: &Signed, id: TicketId, error: ApiError) -> Result<Response, Failure> {
    let status = error.status();
    if status == StatusCode::NOT_FOUND || status.is_server_error() {
        return Err(signed.reader.failure(app, error));
    }
    let message = Some(explain(&signed.reader.words(app), &error));
    show(app, signed, id, Above { message, status, ..Default::default() }).await
}
