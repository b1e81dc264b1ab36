//! Who may use the transcription service as it is mounted: whoever shows the token of the city's own people, and nobody else.

use super::routes;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use dauys_bus::Recordings;
use dauys_config::Settings;
use dauys_config::city::City;
use dauys_events::{AgencyId, Language};
use dauys_router::auth::{COOKIE, Gate, NewAccount, create_account};
use dauys_router::clock::system as system_clock;
use dauys_router::figures::NoGauges;
use dauys_router::store::{self, AccountRole, Store};
use dauys_router::web::{App, Parts};
use dauys_transcriber::engine::{Engine, EngineError, EngineInfo, Hint, Hypothesis};
use dauys_transcriber::load::LoadBoard;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceExt as _;

const PASSWORD: &str = "a long enough password";

struct Deaf;

impl Engine for Deaf {
    fn describe(&self) -> EngineInfo {
        EngineInfo {
            engine: "none".to_owned(),
            model: "109-test".to_owned(),
            window: Duration::from_secs(10),
            parallel: 1,
            languages: Language::ALL.to_vec(),
        }
    }

    fn transcribe(&self, _pcm16k: &[f32], _hint: Hint) -> Result<Hypothesis, EngineError> {
        Err(EngineError::Failed("it hears nothing".to_owned()))
    }
}

/// The service as it is mounted, with an account of each kind.
struct Mounted {
    _folder: tempfile::TempDir,
    routes: axum::Router,
    gate: Gate,
}

impl Mounted {
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut settings = Settings::default();
        settings.node.data = folder.path().to_owned();
        let store: Arc<dyn Store> = store::open(&settings).await.expect("a store");
        for (role, login) in
            [(AccountRole::Staff, "inspector"), (AccountRole::Reader, "program"), (AccountRole::Agency, "vodokanal")]
        {
            let new = NewAccount {
                login: login.to_owned(),
                name: String::new(),
                agency: (role == AccountRole::Agency).then(|| AgencyId("vodokanal".to_owned())),
                role,
                password: PASSWORD.to_owned(),
            };
            create_account(store.as_ref(), new, (system_clock())()).await.expect("an account");
        }
        let app = App::new(Parts {
            store: Arc::clone(&store),
            city: Arc::new(City::embedded("shymkent").expect("the pack")),
            recordings: Recordings::local(&folder.path().join("recordings")).expect("a folder"),
            http: settings.http.clone(),
            gauges: Arc::new(NoGauges),
            clock: system_clock(),
        })
        .expect("a calendar");
        let gate = Gate::new(store, system_clock(), &settings.http);
        Self { _folder: folder, routes: routes(&settings, Arc::new(Deaf), Arc::new(LoadBoard::default()), &app), gate }
    }

    async fn token(&self, login: &str) -> String {
        let from = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let signed_in = self.gate.sign_in(login, PASSWORD.to_owned(), from).await.expect("the right password");
        signed_in.token.text().to_owned()
    }

    async fn ask(&self, path: &str, header: Option<(header::HeaderName, String)>) -> Response {
        let method = if path.ends_with("models") { "GET" } else { "POST" };
        let mut request = Request::builder().method(method).uri(path);
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let request = request.body(Body::empty()).expect("a request");
        self.routes.clone().oneshot(request).await.expect("an answer")
    }
}

const PATHS: [&str; 2] = ["/v1/models", "/v1/audio/transcriptions"];

#[tokio::test]
async fn without_a_token_or_with_a_wrong_one_nobody_gets_in() {
    let mounted = Mounted::start().await;
    let cookie = format!("{COOKIE}={}", mounted.token("inspector").await);
    for path in PATHS {
        for header in [
            None,
            Some((header::AUTHORIZATION, "Bearer made-up".to_owned())),
            Some((header::AUTHORIZATION, format!("Bearer {}", "0".repeat(64)))),
            Some((header::AUTHORIZATION, "Basic aW5zcGVjdG9yOng=".to_owned())),
            // A browser sends it by itself, whoever made it ask.
            Some((header::COOKIE, cookie.clone())),
        ] {
            let answer = mounted.ask(path, header.clone()).await;
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path} with {header:?}");
        }
    }
}

#[tokio::test]
async fn an_agencys_account_may_not_use_the_service() {
    let mounted = Mounted::start().await;
    let token = mounted.token("vodokanal").await;
    for path in PATHS {
        let answer = mounted.ask(path, Some((header::AUTHORIZATION, format!("Bearer {token}")))).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test]
async fn staff_and_programs_are_served() {
    let mounted = Mounted::start().await;
    for login in ["inspector", "program"] {
        let bearer = format!("Bearer {}", mounted.token(login).await);
        let models = mounted.ask("/v1/models", Some((header::AUTHORIZATION, bearer.clone()))).await;
        assert_eq!(models.status(), StatusCode::OK, "{login}");
        // An empty request gets as far as the form, which it lacks.
        let empty = mounted.ask("/v1/audio/transcriptions", Some((header::AUTHORIZATION, bearer))).await;
        assert!(empty.status().is_client_error(), "{login}: {}", empty.status());
        assert!(![StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&empty.status()), "{login}");
    }
}

#[test]
fn a_model_reads_districts_first_and_no_everyday_words() {
    let city = City::embedded("shymkent").expect("the pack");
    let words = super::city_words(&city, &[Language::Kk, Language::Ru]);
    let kazakh = words.of(Some(Language::Kk)).expect("names");
    assert!(kazakh.starts_with("Абай ауданы, Әл-Фараби ауданы"), "{kazakh}");
    let everyday = city.territory.units.iter().filter(|unit| unit.ambiguous).map(|unit| &unit.name.kk);
    let read: Vec<&str> = kazakh.split(", ").collect();
    assert!(everyday.clone().count() > 0, "the pack has some");
    for name in everyday {
        assert!(!read.contains(&name.as_str()), "{name} in {kazakh}");
    }
    let mixed = words.of(None).expect("names");
    assert!(mixed.starts_with("Абай ауданы, Абайский район, Әл-Фараби ауданы"), "{mixed}");
    assert_eq!(words.of(Some(Language::Uz)), Some(mixed), "nobody expects Uzbek here");
}
