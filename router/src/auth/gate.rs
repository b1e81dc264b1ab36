//! The gate: signing in and out, and who sends a request. It counts tries per login and per network in bounded tables.

use super::{COOKIE, Carrier, Identity, RateLimit, Token, Verifier, network_of};
use crate::clock::Clock;
use crate::store::{Account, Session, Store, StoreError};
use axum::http::{HeaderMap, header};
use dauys_config::settings::Http;
use jiff::SignedDuration;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use thiserror::Error;

/// How many sign-ins one login may try in [`WINDOW`].
const TRIES_PER_LOGIN: u32 = 8;
/// How many sign-ins one network may try in [`WINDOW`]; an agency's people may share one address.
const TRIES_PER_NETWORK: u32 = 60;
/// How many registration numbers one network may look up in a minute.
const LOOKUPS_PER_MINUTE: u32 = 30;
/// How many keys each table remembers.
const TABLE: usize = 20_000;
/// How many passwords are compared at once; each takes 19 MiB.
const COMPARISONS: usize = 4;

const WINDOW: SignedDuration = SignedDuration::from_mins(10);

/// Why somebody was not signed in.
#[derive(Debug, Error)]
pub enum SignInError {
    /// The login or the password is wrong, or the account may not sign in.
    #[error("the login or the password is wrong")]
    Wrong,
    /// Too many tries; wait this long.
    #[error("too many tries; try again in {} s", .0.as_secs().max(1))]
    TooOften(SignedDuration),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Somebody who has just signed in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The token, which only its holder gets.
    pub token: Token,
    /// The session.
    pub session: Session,
    /// The account.
    pub account: Account,
}

/// Lets people in.
pub struct Gate {
    store: Arc<dyn Store>,
    clock: Clock,
    verifier: Verifier,
    lasts: SignedDuration,
    public_url: Option<String>,
    by_login: Mutex<RateLimit<String>>,
    by_network: Mutex<RateLimit<IpAddr>>,
    lookups: Mutex<RateLimit<IpAddr>>,
}

impl Gate {
    /// Makes a gate.
    pub fn new(store: Arc<dyn Store>, clock: Clock, http: &Http) -> Self {
        Self {
            store,
            clock,
            verifier: Verifier::new(COMPARISONS),
            lasts: SignedDuration::from_hours(i64::from(http.session_hours.max(1))),
            public_url: http.public_url.clone(),
            by_login: Mutex::new(RateLimit::new(TRIES_PER_LOGIN, WINDOW, TABLE)),
            by_network: Mutex::new(RateLimit::new(TRIES_PER_NETWORK, WINDOW, TABLE)),
            lookups: Mutex::new(RateLimit::new(LOOKUPS_PER_MINUTE, SignedDuration::from_mins(1), TABLE)),
        }
    }

    /// Returns the address that people open, where one is set.
    pub fn public_url(&self) -> Option<&str> {
        self.public_url.as_deref()
    }

    /// Signs somebody in.
    ///
    /// # Errors
    /// [`SignInError`]; a wrong login and a wrong password are told apart neither by words nor by time.
    pub async fn sign_in(&self, login: &str, password: String, from: IpAddr) -> Result<SignedIn, SignInError> {
        let login = login.trim().to_lowercase();
        let now = (self.clock)();
        let network = network_of(from);
        count(&self.by_network, |limit| limit.attempt(now, &network)).map_err(SignInError::TooOften)?;
        if login.len() > 64 {
            return Err(SignInError::Wrong);
        }
        count(&self.by_login, |limit| limit.attempt(now, &login)).map_err(SignInError::TooOften)?;
        let account = self.store.account(&login).await?;
        let hash = account.as_ref().map(|account| account.password_hash.clone());
        let fits = self.verifier.fits(password, hash).await;
        let Some(account) = account.filter(|account| fits && !account.disabled) else {
            tracing::info!("a sign-in was refused");
            return Err(SignInError::Wrong);
        };
        count(&self.by_login, |limit| limit.forgive(&login));
        let token = Token::random();
        let expires_at = now.saturating_add(self.lasts).unwrap_or(now);
        let session = Session { token: token.digest(), login: account.login.clone(), created_at: now, expires_at };
        self.store.put_session(&session).await?;
        Ok(SignedIn { token, session, account })
    }

    /// Ends a session.
    ///
    /// # Errors
    /// [`StoreError`] where the store could not be written: the session may still stand.
    pub async fn sign_out(&self, identity: &Identity) -> Result<(), StoreError> {
        self.store.delete_session(&identity.session.token).await
    }

    /// Finds who sends a request: by the `Authorization` header, or else by the cookie.
    ///
    /// # Errors
    /// [`StoreError`] where the store could not be read.
    pub async fn who(&self, headers: &HeaderMap) -> Result<Option<Identity>, StoreError> {
        let (token, carrier) = match bearer(headers) {
            Some(text) => (Token::parse(text), Carrier::Bearer),
            None => (cookie(headers, COOKIE).and_then(Token::parse), Carrier::Cookie),
        };
        let Some(token) = token else { return Ok(None) };
        let found = self.store.session(&token.digest(), (self.clock)()).await?;
        Ok(found.map(|(session, account)| Identity { account, session, carrier }))
    }

    /// Counts a look-up of a registration number.
    ///
    /// # Errors
    /// How long to wait, where the network has asked too often.
    pub fn look_up(&self, from: IpAddr) -> Result<(), SignedDuration> {
        let now = (self.clock)();
        count(&self.lookups, |limit| limit.attempt(now, &network_of(from)))
    }

    /// Writes the cookie that keeps somebody signed in.
    pub fn cookie(&self, signed_in: &SignedIn) -> String {
        let secure = self.secure();
        format!(
            "{COOKIE}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}{secure}",
            signed_in.token.text(),
            self.lasts.as_secs()
        )
    }

    /// Writes the cookie that forgets.
    pub fn no_cookie(&self) -> String {
        format!("{COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0{}", self.secure())
    }

    /// Returns whether people reach this site over TLS only.
    pub fn is_https(&self) -> bool {
        self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }

    fn secure(&self) -> &'static str {
        if self.is_https() { "; Secure" } else { "" }
    }
}

fn count<K, T>(limit: &Mutex<RateLimit<K>>, ask: impl FnOnce(&mut RateLimit<K>) -> T) -> T {
    ask(&mut limit.lock().unwrap_or_else(PoisonError::into_inner))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// Finds a cookie by its name.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    pairs.flat_map(|list| list.split(';')).find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}
