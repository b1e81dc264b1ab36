//! What can go wrong with a request, and the one place that says which HTTP status it is. Bodies are shaped as the API's
//! clients expect them: `{"error": {"message", "type", "param", "code"}}`.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Why a request was not answered with a transcript.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// No token, or one that does not count.
    #[error("a token that counts is needed: Authorization: Bearer …")]
    Unauthorised,
    /// A token without the right.
    #[error("this account may not use the transcription service")]
    Forbidden,
    /// The request makes no sense; the field that is wrong, where it is one.
    #[error("{0}")]
    Invalid(String, Option<&'static str>),
    /// The request is too large.
    #[error("the request is larger than 25 MiB")]
    TooLarge,
    /// Another model than the one that is loaded.
    #[error("the model `{0}` is not loaded here")]
    NoSuchModel(String),
    /// As many requests are inside as can be.
    #[error("as many recordings wait as can be held: try again in {seconds} s")]
    Busy {
        /// Seconds after which to try again.
        seconds: u64,
    },
    /// The service is being stopped.
    #[error("the service is being stopped")]
    Stopping,
    /// Something broke on this side.
    #[error("something failed on our side")]
    Failed,
}

impl ServiceError {
    const fn status(&self) -> StatusCode {
        match self {
            Self::Unauthorised => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::Invalid(..) => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NoSuchModel(_) => StatusCode::NOT_FOUND,
            Self::Busy { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Stopping => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    const fn kind(&self) -> &'static str {
        match self {
            Self::Unauthorised | Self::Forbidden => "authentication_error",
            Self::Busy { .. } => "rate_limit_error",
            Self::Stopping | Self::Failed => "server_error",
            _ => "invalid_request_error",
        }
    }

    const fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Busy { seconds } => Some(*seconds),
            Self::Stopping => Some(5),
            _ => None,
        }
    }
}

/// Returns the answer to whoever shows no token that counts.
#[must_use]
pub fn unauthorised() -> Response {
    ServiceError::Unauthorised.into_response()
}

impl IntoResponse for ServiceError {
    fn into_response(self) -> Response {
        let param = if let Self::Invalid(_, param) = &self { *param } else { None };
        let code = matches!(self, Self::NoSuchModel(_)).then_some("model_not_found");
        let body = json!({"error": {"message": self.to_string(), "type": self.kind(), "param": param, "code": code}});
        let mut response = (self.status(), Json(body)).into_response();
        if let Some(seconds) = self.retry_after() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self == Self::Unauthorised {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
