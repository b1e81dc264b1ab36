//! Who may sign in, and who is signed in.

use dauys_events::{Actor, AgencyId, Language};
use jiff::Timestamp;
use std::fmt;

/// What an account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountRole {
    /// The city's staff, who also manage accounts.
    Admin,
    /// The city's staff: inspectors and controllers.
    Staff,
    /// An agency's people: they see and answer their agency's tickets.
    Agency,
    /// A program of the city that reads tickets and changes nothing, such as the test phone.
    Reader,
}

impl AccountRole {
    /// Returns the name as databases write it.
    pub const fn name(self) -> &'static str {
        match self {
            AccountRole::Admin => "admin",
            AccountRole::Staff => "staff",
            AccountRole::Agency => "agency",
            AccountRole::Reader => "reader",
        }
    }

    /// Finds a role by its name.
    pub fn from_name(name: &str) -> Option<Self> {
        [AccountRole::Admin, AccountRole::Staff, AccountRole::Agency, AccountRole::Reader]
            .into_iter()
            .find(|role| role.name() == name)
    }
}

/// An account.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The login, in lower case.
    pub login: String,
    /// The name as people read it.
    pub name: String,
    /// What it may do.
    pub role: AccountRole,
    /// The agency, for the role [`AccountRole::Agency`] and no other.
    pub agency: Option<AgencyId>,
    /// The password's hash, as a PHC string (Argon2id).
    pub password_hash: String,
    /// The language of its pages.
    pub language: Option<Language>,
    /// Whether it may not sign in any more.
    pub disabled: bool,
    /// When it was created.
    pub created_at: Timestamp,
}

impl Account {
    /// Returns the account as the one who makes a change.
    pub fn actor(&self) -> Actor {
        Actor::Account { login: self.login.clone(), agency: self.agency.clone() }
    }

    /// Returns whether it belongs to the city's staff, who see every ticket.
    pub fn is_staff(&self) -> bool {
        self.agency.is_none() && matches!(self.role, AccountRole::Admin | AccountRole::Staff)
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("login", &self.login)
            .field("role", &self.role)
            .field("agency", &self.agency)
            .field("disabled", &self.disabled)
            .finish_non_exhaustive()
    }
}

/// The SHA-256 of a session's token; the token itself is known to the browser only.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

/// A session: somebody is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// What the token hashes to.
    pub token: TokenHash,
    /// The account.
    pub login: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}
