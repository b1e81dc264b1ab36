//! Who sends a request, as handlers ask for it.

use super::{client_address, is_same_origin};
use crate::api::ApiError;
use crate::store::{Account, AccountRole, Session};
use crate::web::App;
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use dauys_events::AgencyId;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// How a session was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// By the cookie, which a browser sends by itself.
    Cookie,
    /// By the `Authorization` header, which only a program that knows the token sends.
    Bearer,
}

/// Somebody signed in.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The account.
    pub account: Account,
    /// The session.
    pub session: Session,
    /// How the session was shown.
    pub carrier: Carrier,
}

impl Identity {
    /// Returns the agency whose tickets alone may be seen; none for those who see every ticket.
    ///
    /// An agency's account without an agency would be a mistake of its maker: it sees what belongs to the agency `""`.
    pub fn only_agency(&self) -> Option<AgencyId> {
        let own = || self.account.agency.clone().unwrap_or_else(|| AgencyId(String::new()));
        (self.account.role == AccountRole::Agency).then(own)
    }

    /// Returns whether a ticket of `agency` may be seen.
    pub fn may_see(&self, agency: &AgencyId) -> bool {
        self.only_agency().is_none_or(|own| own == *agency)
    }

    /// Returns whether anything may be changed.
    pub fn may_change(&self) -> bool {
        self.account.role != AccountRole::Reader
    }
}

/// Takes a session from the header or the cookie. A cookie is believed in a state-changing request only where the browser
/// says that it comes from this site.
impl FromRequestParts<App> for Identity {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let identity = app.gate().who(&parts.headers).await?.ok_or(ApiError::NotSignedIn)?;
        let forgeable = identity.carrier == Carrier::Cookie && !parts.method.is_safe();
        if forgeable && !is_same_origin(&parts.headers, app.gate().public_url()) {
            return Err(ApiError::Foreign);
        }
        Ok(identity)
    }
}

/// Somebody who looks at a page, signed in or not.
#[derive(Clone, Debug)]
pub struct Visitor(pub Option<Identity>);

impl FromRequestParts<App> for Visitor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        Ok(Self(app.gate().who(&parts.headers).await?))
    }
}

/// The address to count tries by.
#[derive(Clone, Copy, Debug)]
pub struct ClientAddress(pub IpAddr);

impl FromRequestParts<App> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
        let peer = peer.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)));
        Ok(Self(client_address(peer, &parts.headers, app.gate().public_url().is_some())))
    }
}
