//! What surrounds every page: the head, the menu, the languages, who is signed in; and the page for what went wrong.

use super::App;
use super::format::Words;
use super::language::pick;
use super::texts::{Texts, fill};
use crate::api::ApiError;
use crate::auth::{Carrier, Identity, Visitor, is_same_origin};
use crate::store::AccountRole;
use askama::Template;
use axum::extract::{FromRequestParts, OriginalUri, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};
use axum::response::{Html, IntoResponse, Redirect, Response};
use dauys_events::Language;

/// An item of a menu.
pub(super) struct Link {
    pub(super) href: String,
    pub(super) label: &'static str,
    pub(super) code: &'static str,
    pub(super) current: bool,
}

/// What surrounds a page.
pub(super) struct Chrome {
    pub(super) t: &'static Texts,
    pub(super) lang: &'static str,
    pub(super) title: String,
    pub(super) city: String,
    pub(super) nav: Vec<Link>,
    pub(super) languages: Vec<Link>,
    pub(super) user: Option<String>,
}

/// Somebody who looks at a page, with the language in which they read.
pub(super) struct Reader {
    pub(super) identity: Option<Identity>,
    pub(super) language: Language,
    address: Uri,
}

impl FromRequestParts<App> for Reader {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let address = parts.extensions.get::<OriginalUri>().map_or_else(|| parts.uri.clone(), |uri| uri.0.clone());
        let found = Visitor::from_request_parts(parts, app).await;
        let (identity, error) = match found {
            Ok(Visitor(identity)) => (identity, None),
            Err(error) => (None, Some(error)),
        };
        let reader = Self { language: pick(app, &parts.headers, identity.as_ref()), identity, address };
        match error {
            Some(error) => Err(reader.failure(app, error)),
            None => Ok(reader),
        }
    }
}

/// Somebody signed in who looks at a page; others are sent to sign in.
pub(super) struct Signed {
    pub(super) identity: Identity,
    pub(super) reader: Reader,
}

impl FromRequestParts<App> for Signed {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let reader = Reader::from_request_parts(parts, app).await?;
        let Some(identity) = reader.identity.clone() else {
            let next = if parts.method.is_safe() { reader.address.to_string() } else { "/".to_owned() };
            let query = encode(&next);
            return Err(Failure(Box::new(Redirect::to(&format!("/sign-in?next={query}")).into_response())));
        };
        let forgeable = identity.carrier == Carrier::Cookie && !parts.method.is_safe();
        if forgeable && !is_same_origin(&parts.headers, app.gate().public_url()) {
            return Err(reader.failure(app, ApiError::Foreign));
        }
        Ok(Self { identity, reader })
    }
}

/// Writes a text so that it can stand as a value in a query.
pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

impl Reader {
    /// Prepares to say things in the reader's language.
    pub(super) fn words<'a>(&self, app: &'a App) -> Words<'a> {
        Words::new(app, self.language)
    }

    /// Surrounds a page.
    pub(super) fn chrome(&self, app: &App, title: impl Into<String>) -> Chrome {
        let words = self.words(app);
        let address = self.address.path_and_query().map_or("/", |path| path.as_str());
        let languages = Language::ALL.map(|language| Link {
            href: format!("/language/{language}?back={}", encode(address)),
            label: match language {
                Language::Kk => "Қазақша",
                Language::Ru => "Русский",
                Language::Uz => "O'zbekcha",
                Language::En => "English",
            },
            code: language.code(),
            current: language == self.language,
        });
        Chrome {
            t: words.t,
            lang: self.language.code(),
            title: title.into(),
            city: app.city().settings.name.get(self.language).clone(),
            nav: self.nav(words.t),
            languages: languages.into(),
            user: self.identity.as_ref().map(|identity| match &identity.account.agency {
                Some(agency) => format!("{} · {}", identity.account.name, words.agency(&agency.0)),
                None => identity.account.name.clone(),
            }),
        }
    }

    fn nav(&self, t: &'static Texts) -> Vec<Link> {
        let staff = [
            ("/operations", t.operations),
            ("/incidents", t.incidents),
            ("/desk", t.desk),
            ("/corrections", t.corrections),
            ("/questions", t.questions),
            ("/cabinet", t.cabinet),
            ("/status", t.citizen_status),
        ];
        let agency = [("/cabinet", t.cabinet), ("/incidents", t.incidents), ("/status", t.citizen_status)];
        let items: &[_] = match self.identity.as_ref().map(|identity| identity.account.role) {
            None => &[],
            Some(AccountRole::Agency) => &agency,
            Some(_) => &staff,
        };
        let link = |(href, label): &(&str, &'static str)| Link {
            href: (*href).to_owned(),
            label,
            code: "",
            current: self.address.path() == *href,
        };
        items.iter().map(link).collect()
    }

    /// Makes the page for what went wrong.
    pub(super) fn failure(&self, app: &App, error: ApiError) -> Failure {
        error.log();
        let status = error.status();
        let words = self.words(app);
        let page = ErrorPage { c: self.chrome(app, explain(&words, &error)) };
        let mut response = (status, render(&page)).into_response();
        if let Some(seconds) = error.retry_after() {
            response.headers_mut().insert(axum::http::header::RETRY_AFTER, seconds.into());
        }
        Failure(Box::new(response))
    }
}

/// Says in the reader's language what went wrong.
pub(super) fn explain(words: &Words<'_>, error: &ApiError) -> String {
    use dauys_tickets::Refused;
    match error {
        ApiError::NotSignedIn | ApiError::WrongPassword => words.t.sign_in_wrong.to_owned(),
        ApiError::TooOften(wait) => fill(words.t.sign_in_often, &[&(wait.as_mins() + 1).to_string()]),
        ApiError::Foreign => words.t.error_origin.to_owned(),
        ApiError::Forbidden(_) | ApiError::Refused(Refused::Actor { .. }) => words.t.error_forbidden.to_owned(),
        ApiError::NotFound(_) => words.t.error_not_found.to_owned(),
        ApiError::Invalid(_) => words.t.error_input.to_owned(),
        ApiError::Conflict { .. } => words.t.conflict.to_owned(),
        ApiError::ReasonMissing | ApiError::Refused(Refused::ReasonMissing { .. }) => words.t.reason_needed.to_owned(),
        ApiError::Refused(_) => words.t.not_possible.to_owned(),
        ApiError::Busy | ApiError::Unavailable(_) | ApiError::Internal(_) => words.t.error_server.to_owned(),
    }
}

/// A page instead of the one that was asked for. Boxed, since an answer is large and failures are rare.
pub(super) struct Failure(pub(super) Box<Response>);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        *self.0
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    c: Chrome,
}

/// Renders a page. Writing to a string cannot fail; a template that does is logged and leaves an empty page.
pub(super) fn render(page: &impl Template) -> Html<String> {
    Html(page.render().unwrap_or_else(|error| {
        tracing::error!(%error, "a page could not be rendered");
        String::new()
    }))
}

/// Answers for an address that no page has.
pub(super) async fn not_found(State(app): State<App>, reader: Reader) -> Response {
    reader.failure(&app, ApiError::NotFound("page")).into_response()
}

/// Returns whether a script asks for a part of a page.
pub(super) fn wants_part(headers: &HeaderMap, part: Option<&str>) -> bool {
    part.is_some() || headers.contains_key("x-part")
}
