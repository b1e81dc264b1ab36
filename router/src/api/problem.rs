//! What can go wrong in a request, and the one place that says which HTTP status it is. Bodies are RFC 9457 problem details.

use crate::auth::SignInError;
use crate::store::StoreError;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use dauys_bus::RecordingError;
use dauys_tickets::Refused;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why a request was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// Nobody is signed in, or the session has ended.
    #[error("sign in first")]
    NotSignedIn,
    /// The login or the password is wrong.
    #[error("the login or the password is wrong")]
    WrongPassword,
    /// The request comes from another site.
    #[error("the request comes from another site")]
    Foreign,
    /// Signed in, but without the right.
    #[error("{0}")]
    Forbidden(String),
    /// There is no such thing, or it is not for this account's eyes.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The request makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// The ticket has been changed since it was read.
    #[error("it has been changed: it is at revision {current} now")]
    Conflict {
        /// The revision that the ticket has.
        current: u32,
    },
    /// The ticket's life cycle does not allow it.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Whoever changes an incident by hand must say why.
    #[error("write a reason")]
    ReasonMissing,
    /// Asked too often; wait this long.
    #[error("too many requests: try again in {} s", .0.as_secs().max(1))]
    TooOften(SignedDuration),
    /// As many are served as can be.
    #[error("as many requests wait as can be served: try again later")]
    Busy,
    /// The store or the recordings cannot be had now.
    #[error("this cannot be had now: try again later")]
    Unavailable(String),
    /// Something is broken on our side.
    #[error("something failed on our side")]
    Internal(String),
}

impl ApiError {
    /// Returns the HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            ApiError::NotSignedIn | ApiError::WrongPassword => StatusCode::UNAUTHORIZED,
            ApiError::Foreign | ApiError::Forbidden(_) | ApiError::Refused(Refused::Actor { .. }) => {
                StatusCode::FORBIDDEN
            }
            ApiError::NotFound(_) => StatusCode::NOT_FOUND,
            ApiError::Invalid(_) => StatusCode::BAD_REQUEST,
            ApiError::ReasonMissing | ApiError::Refused(Refused::ReasonMissing { .. }) => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            ApiError::Conflict { .. } | ApiError::Refused(_) => StatusCode::CONFLICT,
            ApiError::TooOften(_) => StatusCode::TOO_MANY_REQUESTS,
            ApiError::Busy | ApiError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            ApiError::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Logs what an operator must know; the one who asked is not told.
    pub(crate) fn log(&self) {
        match self {
            ApiError::Unavailable(cause) => tracing::warn!(%cause, "a request could not be served now"),
            ApiError::Internal(cause) => tracing::error!(%cause, "a request failed"),
            _ => {}
        }
    }

    /// Returns the seconds after which to try again, where that is known.
    pub(crate) fn retry_after(&self) -> Option<i64> {
        match self {
            ApiError::TooOften(wait) => Some(wait.as_secs().max(1)),
            ApiError::Busy | ApiError::Unavailable(_) => Some(5),
            _ => None,
        }
    }
}

/// Problem details (RFC 9457).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// The kind of problem; `about:blank`, since the status says it.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong this time.
    pub detail: String,
    /// The revision that the ticket has, where somebody else changed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_revision: Option<u32>,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.log();
        let status = self.status();
        let problem = Problem {
            kind: "about:blank".to_owned(),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: self.to_string(),
            current_revision: match self {
                ApiError::Conflict { current } => Some(current),
                _ => None,
            },
        };
        let mut response = (status, axum::Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after() {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict { current, .. } => ApiError::Conflict { current },
            StoreError::NotFound => ApiError::NotFound("ticket"),
            StoreError::Forbidden => ApiError::Forbidden("this account has no right to it".to_owned()),
            StoreError::Invalid(reason) => ApiError::Invalid(reason),
            StoreError::Unavailable(cause) => ApiError::Unavailable(cause),
            error @ (StoreError::Exists | StoreError::Refused(_)) => ApiError::Internal(error.to_string()),
        }
    }
}

impl From<SignInError> for ApiError {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Wrong => ApiError::WrongPassword,
            SignInError::TooOften(wait) => ApiError::TooOften(wait),
            SignInError::Store(error) => error.into(),
        }
    }
}

impl From<RecordingError> for ApiError {
    fn from(error: RecordingError) -> Self {
        match error {
            RecordingError::NotFound(_) => ApiError::NotFound("recording"),
            RecordingError::Unavailable(cause) => ApiError::Unavailable(cause),
            error => ApiError::Internal(error.to_string()),
        }
    }
}

macro_rules! invalid_from {
    ($($rejection:ty),+) => {
        $(impl From<$rejection> for ApiError {
            fn from(rejection: $rejection) -> Self {
                ApiError::Invalid(rejection.body_text())
            }
        })+
    };
}
invalid_from!(JsonRejection, PathRejection, QueryRejection);
