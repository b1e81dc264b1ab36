//! The live figures: once, or as a stream of server-sent events (WHATWG HTML, section 9.2) shared by all who watch.

use super::ApiError;
use super::problem::Problem;
use crate::auth::Identity;
use crate::figures::{News, Snapshot};
use crate::web::App;
use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use dauys_events::AgencyId;
use futures::stream::{self, Stream, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio_stream::wrappers::{BroadcastStream, WatchStream};

/// How long one stream lasts; then the browser asks again, and is asked who it is again.
const LONGEST: SignedDuration = SignedDuration::from_mins(10);

#[utoipa::path(get, path = "/figures", tag = "figures",
    responses((status = 200, body = Snapshot),
        (status = 401, body = Problem, content_type = "application/problem+json")))]
/// Shows the figures of now. An agency's account sees its own row only.
pub(super) async fn figures(State(app): State<App>, identity: Identity) -> Json<Snapshot> {
    let latest = app.board().latest();
    Json(match identity.only_agency() {
        Some(own) => latest.snapshot.only(&own),
        None => latest.snapshot.clone(),
    })
}

#[utoipa::path(get, path = "/live", tag = "figures",
    responses((status = 200, content_type = "text/event-stream",
            description = "`figures`: as /figures, once a second. `ticket`: a ticket has changed (id, revision, status, priority, danger, agency). `refresh`: more has changed than can be told."),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
/// Streams the figures and the changes.
pub(super) async fn live(State(app): State<App>, identity: Identity) -> Result<impl IntoResponse, ApiError> {
    let place = Arc::clone(app.streams()).try_acquire_owned().map_err(|_| ApiError::Busy)?;
    let ends_in = lasts(identity.session.expires_at, app.now());
    let events = events(&app, identity.only_agency());
    let ended = Box::pin(tokio::time::sleep(ends_in));
    let stream = events.take_until(ended).map(move |event| {
        // The place is given back when the stream is dropped.
        let _held = &place;
        event
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::default()))
}

/// Returns how long a stream lasts: never longer than the session.
fn lasts(session_ends: Timestamp, now: Timestamp) -> Duration {
    let left = now.duration_until(session_ends).min(LONGEST);
    Duration::try_from(left).unwrap_or_default()
}

fn events(app: &App, own: Option<AgencyId>) -> impl Stream<Item = Result<Event, Infallible>> + Send + use<> {
    let agency = own.clone();
    let figures = WatchStream::new(app.board().figures()).filter_map(move |published| {
        let event = Event::default().event("figures");
        let event = match &agency {
            None => Some(event.data(&*published.json)),
            Some(own) => event.json_data(published.snapshot.only(own)).ok(),
        };
        std::future::ready(event)
    });
    let news = BroadcastStream::new(app.board().news()).filter_map(move |news| {
        let event = match news {
            Ok(Some(news)) => concerns(&news, own.as_ref()).then(|| tell(&news, own.as_ref())).flatten(),
            Ok(None) | Err(_) => Some(Event::default().event("refresh").data("null")),
        };
        std::future::ready(event)
    });
    stream::select(figures, news).map(Ok)
}

fn concerns(news: &News, own: Option<&AgencyId>) -> bool {
    own.is_none_or(|own| news.agency == *own || news.left.as_ref() == Some(own))
}

/// Writes the news; an agency that a ticket has left is told to look anew, and not who has it now.
fn tell(news: &News, own: Option<&AgencyId>) -> Option<Event> {
    if own.is_some_and(|own| news.agency != *own) {
        return Some(Event::default().event("refresh").data("null"));
    }
    Event::default().event("ticket").json_data(news).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_ends_with_its_session() {
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(lasts(now + SignedDuration::from_secs(30), now), Duration::from_secs(30));
        assert_eq!(lasts(now + SignedDuration::from_hours(9), now), Duration::from_secs(600));
        assert_eq!(lasts(now - SignedDuration::from_secs(1), now), Duration::ZERO);
    }
}
