//! Who may come in: accounts, passwords, sessions, how often somebody may try, and where a request comes from.

mod accounts;
mod gate;
mod identity;
mod limit;
mod origin;
mod password;
mod token;

pub use accounts::{AccountError, FirstStart, NewAccount, create_account, ensure_first_account, set_password};
pub(crate) use gate::cookie;
pub use gate::{Gate, SignInError, SignedIn};
pub use identity::{Carrier, ClientAddress, Identity, Visitor};
pub use limit::{RateLimit, network_of};
pub use origin::{client_address, is_foreign, is_same_origin};
pub use password::{PasswordError, Verifier};
pub use token::Token;

/// The name of the session's cookie.
pub const COOKIE: &str = "dauys_session";
