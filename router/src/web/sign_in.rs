//! Coming in, going out, and where each begins.

use super::App;
use super::chrome::{Chrome, Failure, Reader, Signed, explain, render};
use super::language::local;
use crate::api::{ApiError, Query};
use crate::auth::{ClientAddress, is_same_origin};
use crate::store::AccountRole;
use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    c: Chrome,
    login: String,
    next: String,
    message: Option<String>,
}

/// Sends everybody to where their work is.
pub(super) async fn home(reader: Reader) -> Redirect {
    Redirect::to(match reader.identity.map(|identity| identity.account.role) {
        None => "/sign-in",
        Some(AccountRole::Agency) => "/cabinet",
        Some(AccountRole::Staff) => "/desk",
        Some(AccountRole::Admin | AccountRole::Reader) => "/operations",
    })
}

#[derive(Deserialize)]
pub(super) struct Next {
    next: Option<String>,
}

pub(super) async fn page(State(app): State<App>, reader: Reader, Query(query): Query<Next>) -> Response {
    if reader.identity.is_some() {
        return Redirect::to(local(query.next.as_deref().unwrap_or("/"))).into_response();
    }
    let next = local(query.next.as_deref().unwrap_or("/")).to_owned();
    let title = reader.words(&app).t.sign_in;
    render(&SignInPage { c: reader.chrome(&app, title), login: String::new(), next, message: None }).into_response()
}

#[derive(Deserialize)]
pub(super) struct SignInForm {
    login: String,
    password: String,
    next: Option<String>,
}

pub(super) async fn submit(
    State(app): State<App>,
    reader: Reader,
    ClientAddress(from): ClientAddress,
    headers: HeaderMap,
    form: Result<Form<SignInForm>, FormRejection>,
) -> Result<Response, Failure> {
    if !is_same_origin(&headers, app.gate().public_url()) {
        return Err(reader.failure(&app, ApiError::Foreign));
    }
    let Ok(Form(form)) = form else {
        return Err(reader.failure(&app, ApiError::Invalid("no login and password".to_owned())));
    };
    let next = local(form.next.as_deref().unwrap_or("/")).to_owned();
    match app.gate().sign_in(&form.login, form.password, from).await {
        Ok(signed_in) => {
            let cookie = app.gate().cookie(&signed_in);
            Ok(([(header::SET_COOKIE, cookie)], Redirect::to(&next)).into_response())
        }
        Err(error) => {
            let error = ApiError::from(error);
            error.log();
            let message = Some(explain(&reader.words(&app), &error));
            let c = reader.chrome(&app, reader.words(&app).t.sign_in);
            // 200 would tell password managers that it was right.
            let status =
                if error.status().is_server_error() { StatusCode::SERVICE_UNAVAILABLE } else { error.status() };
            Ok((status, render(&SignInPage { c, login: form.login, next, message })).into_response())
        }
    }
}

pub(super) async fn leave(State(app): State<App>, signed: Signed) -> Result<Response, Failure> {
    if let Err(error) = app.gate().sign_out(&signed.identity).await {
        return Err(signed.reader.failure(&app, error.into()));
    }
    Ok(([(header::SET_COOKIE, app.gate().no_cookie())], Redirect::to("/sign-in")).into_response())
}
