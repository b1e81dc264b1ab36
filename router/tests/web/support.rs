//! A city on the loopback: a store, accounts, tickets, and clients that behave like a program or like a browser.

use bytes::Bytes;
use dauys_bus::Recordings;
use dauys_config::city::City;
use dauys_config::settings::Http;
use dauys_events::{
    AgencyId, Answer, CallId, Channel, Contact, Danger, IntakeId, Language, Location, MediaQuality, Outcome, Priority,
    Recorded, RecordingEnd, RegistrationNumber, RequestKind, Scored, Segment, Ticket, Transcribed,
};
use dauys_router::auth::{NewAccount, create_account};
use dauys_router::clock::Clock;
use dauys_router::figures::{GaugeSource, Gauges};
use dauys_router::incidents::Grouper;
use dauys_router::store::{AccountRole, Intake, SpokenContact, SqliteStore, Store};
use dauys_router::web::{App, Parts, routes};
use dauys_tickets::{Clocks, Reading, Terms, open_ticket};
use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub const PASSWORD: &str = "a password for tests";

/// What a caller says, and what is made of it.
#[derive(Clone)]
pub struct Said {
    pub agency: &'static str,
    pub category: &'static str,
    pub words: &'static str,
    pub danger: Danger,
    pub review: bool,
    pub alternatives: &'static [(&'static str, f32)],
    pub call: Option<&'static str>,
    pub audio: Option<&'static [u8]>,
    pub place: Option<(&'static str, &'static str)>,
    pub language: Language,
    pub ago: SignedDuration,
    pub target_hours: u32,
    pub phone: &'static str,
    pub question: bool,
    pub answer: Option<&'static str>,
    pub spoken: SpokenContact,
}

impl Default for Said {
    fn default() -> Self {
        Self {
            agency: "water_utility",
            category: "water",
            words: "Нет воды во всём доме",
            danger: Danger::None,
            review: false,
            alternatives: &[],
            call: None,
            audio: None,
            place: None,
            language: Language::Ru,
            ago: SignedDuration::from_secs(4),
            target_hours: 24,
            phone: "+77000000001",
            question: false,
            answer: None,
            spoken: SpokenContact::default(),
        }
    }
}

struct Measured;

#[async_trait::async_trait]
impl GaugeSource for Measured {
    async fn read(&self) -> Gauges {
        Gauges {
            calls_now: 4_321,
            capacity: 5_000,
            calls_per_second: 83.5,
            answered: 12_345,
            refused: 6,
            waiting_transcription: Some(78),
            oldest_waiting_seconds: Some(3.5),
            waiting_understanding: Some(2),
        }
    }
}

/// A city that runs.
pub struct Town {
    pub base: String,
    pub app: App,
    pub store: Arc<SqliteStore>,
    pub folder: TempDir,
    pub client: Client,
    clock: Arc<AtomicI64>,
    sequence: AtomicU32,
    recordings: Recordings,
    clocks: Clocks,
    stop: CancellationToken,
}

impl Drop for Town {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Town {
    pub async fn start() -> Self {
        Self::start_with(Http::default()).await
    }

    pub async fn start_with(http: Http) -> Self {
        let folder = TempDir::new().unwrap();
        let store = Arc::new(SqliteStore::open(&folder.path().join("tickets.db")).await.unwrap());
        let recordings = Recordings::local(&folder.path().join("recordings")).unwrap();
        let city = Arc::new(City::embedded("shymkent").unwrap());
        let clocks = Clocks::new(&city.settings).unwrap();
        let start: Timestamp = "2026-11-20T05:00:00Z".parse().unwrap();
        let micros = Arc::new(AtomicI64::new(start.as_microsecond()));
        let read = Arc::clone(&micros);
        let clock: Clock = Arc::new(move || Timestamp::from_microsecond(read.load(Ordering::SeqCst)).unwrap());
        let app = App::new(Parts {
            store: Arc::clone(&store) as Arc<dyn Store>,
            city,
            recordings: recordings.clone(),
            http,
            gauges: Arc::new(Measured),
            clock,
        })
        .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        let service = routes(&app).into_make_service_with_connect_info::<SocketAddr>();
        let until = stop.clone();
        tokio::spawn(async move {
            let server = axum::serve(listener, service);
            tokio::select! {
                outcome = server => outcome.unwrap(),
                () = until.cancelled() => {}
            }
        });
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        let sequence = AtomicU32::new(1);
        Self { base, app, store, folder, client, clock: micros, sequence, recordings, clocks, stop }
    }

    /// Starts the live figures and the stream of changes.
    pub fn run(&self) {
        let (app, stop) = (self.app.clone(), self.stop.clone());
        tokio::spawn(async move { app.run(stop).await });
    }

    pub fn now(&self) -> Timestamp {
        self.app.now()
    }

    pub fn pass(&self, time: SignedDuration) {
        self.clock.fetch_add(i64::try_from(time.as_micros()).unwrap(), Ordering::SeqCst);
    }

    pub async fn account(&self, login: &str, role: AccountRole, agency: Option<&str>) {
        let new = NewAccount {
            login: login.to_owned(),
            name: String::new(),
            role,
            agency: agency.map(|code| AgencyId(code.to_owned())),
            password: PASSWORD.to_owned(),
        };
        create_account(&*self.store, new, self.now()).await.unwrap();
    }

    /// Lets what waits be grouped into incidents.
    pub async fn group(&self) {
        let (store, clock) = (Arc::clone(&self.store) as Arc<dyn Store>, Arc::clone(&self.clock));
        let now: Clock = Arc::new(move || Timestamp::from_microsecond(clock.load(Ordering::SeqCst)).unwrap());
        let city = Arc::new(self.app.city().clone());
        let mut grouper = Grouper::new(store, city, now, Uuid::from_u128(1));
        while grouper.step().await.unwrap() > 0 {}
    }

    /// Makes an account, if there is none, and signs in by the API.
    pub async fn program(&self, login: &str, role: AccountRole, agency: Option<&str>) -> Program<'_> {
        self.account(login, role, agency).await;
        let body = json!({ "login": login, "password": PASSWORD });
        let answer = self.client.post(self.at("/api/v1/sign-in")).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let session: Value = answer.json().await.unwrap();
        Program { town: self, token: session["token"].as_str().unwrap().to_owned() }
    }

    /// Makes an account and signs in by the page.
    pub async fn browser(&self, login: &str, role: AccountRole, agency: Option<&str>) -> Browser<'_> {
        self.account(login, role, agency).await;
        let mut browser = Browser { town: self, cookie: String::new(), language: "en" };
        let answer = browser.post("/sign-in", &[("login", login), ("password", PASSWORD)]).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        browser.cookie = session_cookie(&answer);
        browser
    }

    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// A citizen calls and the ticket opens.
    pub async fn citizen(&self, said: Said) -> Ticket {
        let sequence = self.sequence.fetch_add(1, Ordering::SeqCst);
        let intake =
            IntakeId(Uuid::from_u128(0x0193_4c00_0000_7000_8000_0000_0000_0000 + (u128::from(sequence) << 20)));
        let transcribed = self.transcribed(intake, sequence, &said).await;
        let category = self.app.city().category(said.category).unwrap();
        let reading = Reading {
            category: said.category.to_owned(),
            probability: 0.62,
            alternatives: said
                .alternatives
                .iter()
                .map(|(code, probability)| Scored { code: (*code).to_owned(), probability: *probability })
                .collect(),
            kind: if said.question { RequestKind::Question } else { RequestKind::Request },
            danger: said.danger,
            emergency: (said.danger == Danger::Emergency).then(|| "112".to_owned()),
            priority: Priority::Normal,
            place: said.place.map(|(unit, street)| Location {
                unit: Some(unit.to_owned()),
                name: street.to_owned(),
                street: Some(street.to_owned()),
                house: Some("12".to_owned()),
                landmark: None,
                point: None,
                confidence: 0.9,
            }),
            language: Some(said.language),
            agency: AgencyId(said.agency.to_owned()),
            review: said.review,
            why: vec![format!("The words fit {}.", category.code)],
            terms: Terms { target_hours: said.target_hours, legal_working_days: 15 },
            model: Some("test-1".to_owned()),
            answer: said.answer.map(|text| Answer {
                question: "example".to_owned(),
                text: text.to_owned(),
                language: said.language,
                confidence: 0.9,
                source: "the city's own site".to_owned(),
            }),
        };
        let opened =
            open_ticket(&transcribed, 0, reading, &self.clocks, self.now() - said.ago + SignedDuration::from_secs(4));
        let ticket = opened.ticket().clone();
        let recorded = transcribed.recorded;
        self.store
            .open_intake(&Intake {
                intake_id: intake,
                registration_number: recorded.registration_number,
                call_id: recorded.call_id,
                contact: recorded.contact,
                spoken: said.spoken,
                tickets: vec![opened],
                traceparent: None,
            })
            .await
            .unwrap();
        ticket
    }

    async fn transcribed(&self, intake: IntakeId, sequence: u32, said: &Said) -> Transcribed {
        let last_word_at = self.now() - said.ago;
        let recording = match said.audio {
            Some(audio) => {
                let audio = Bytes::from_static(audio);
                Some(self.recordings.put(intake, last_word_at, "wav", "audio/wav", audio).await.unwrap())
            }
            None => None,
        };
        let segment = Segment {
            start_ms: 0,
            end_ms: 9_000,
            text: said.words.to_owned(),
            language: Some(said.language),
            language_confidence: 0.99,
            confidence: 0.9,
            digits: None,
            languages: vec![],
        };
        let recorded = Recorded {
            intake_id: intake,
            registration_number: RegistrationNumber::compose(10, sequence).unwrap(),
            channel: Channel::Call,
            contact: Contact { number: Some(said.phone.to_owned()), name: None },
            call_id: Some(CallId(Uuid::from_u128(u128::from(sequence)))),
            external_id: said.call.map(str::to_owned),
            language_hint: None,
            recording,
            text: None,
            duration_ms: 9_000,
            received_at: last_word_at - SignedDuration::from_secs(20),
            last_word_at,
            end: RecordingEnd::HangUp,
            quality: MediaQuality::default(),
        };
        Transcribed {
            intake_id: intake,
            recorded,
            outcome: Outcome::Words,
            reason: None,
            segments: vec![segment],
            rejected: vec![],
            language: Some(said.language),
            engine: "whisper.cpp".to_owned(),
            model: "109-demo".to_owned(),
            audio_seconds: 9.0,
            wall_seconds: 1.0,
        }
    }
}

/// Returns the session's cookie as a browser sends it back.
pub fn session_cookie(answer: &Response) -> String {
    let set = answer.headers().get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
    let ours = set.into_iter().find(|set| set.starts_with("dauys_session=")).expect("a session's cookie");
    ours.split(';').next().unwrap().to_owned()
}

/// A program that is signed in by a token.
pub struct Program<'a> {
    pub town: &'a Town,
    pub token: String,
}

impl Program<'_> {
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.town.client.request(method, self.town.at(path)).bearer_auth(&self.token)
    }

    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        read(self.request(Method::GET, path).send().await.unwrap()).await
    }

    pub async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        read(self.request(Method::POST, path).json(&body).send().await.unwrap()).await
    }

    /// Acts on a ticket.
    pub async fn act(&self, ticket: &Ticket, action: &str, body: Value) -> (StatusCode, Value) {
        self.post(&format!("/api/v1/tickets/{}/{action}", ticket.ticket_id), body).await
    }
}

pub async fn read(answer: Response) -> (StatusCode, Value) {
    let status = answer.status();
    let problem = answer.headers().get("content-type").is_some_and(|kind| kind == "application/problem+json");
    let body: Value = answer.json().await.unwrap();
    if !status.is_success() {
        assert!(problem, "{status} is told as a problem: {body}");
        assert_eq!(body["status"], status.as_u16());
    }
    (status, body)
}

/// A browser that is signed in by a cookie.
pub struct Browser<'a> {
    pub town: &'a Town,
    pub cookie: String,
    pub language: &'static str,
}

impl Browser<'_> {
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.town.client.request(method, self.town.at(path)).header("accept-language", self.language);
        if self.cookie.is_empty() { request } else { request.header("cookie", &self.cookie) }
    }

    pub async fn get(&self, path: &str) -> (StatusCode, String) {
        let answer = self.request(Method::GET, path).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    /// Sends a form from one of the site's own pages.
    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Response {
        self.form(path, form).header("origin", &self.town.base).send().await.unwrap()
    }

    /// Prepares a form that says nothing of where it comes from.
    pub fn form(&self, path: &str, form: &[(&str, &str)]) -> RequestBuilder {
        let pairs: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let kind = "application/x-www-form-urlencoded";
        self.request(Method::POST, path).header("content-type", kind).body(pairs.join("&"))
    }
}

fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
