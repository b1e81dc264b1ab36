//! Making accounts: by an operator's command, and the first ones by themselves when a city starts with an empty store.

use super::{PasswordError, Token, password};
use crate::store::{Account, AccountRole, Session, Store, StoreError};
use dauys_events::AgencyId;
use jiff::{SignedDuration, Timestamp};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// The first account's login.
const OPERATOR: &str = "operator";
/// The login of the local test phone, which only reads.
const PHONE: &str = "phone";
/// How long the test phone's token lasts: a local file that an operator can delete to have a new one.
const PHONE_HOURS: i64 = 10 * 365 * 24;

/// Why an account was not made.
#[derive(Debug, Error)]
pub enum AccountError {
    /// The login has a form that no login has.
    #[error("a login has 2 to 64 of the characters a-z, 0-9, dot, dash and underscore")]
    Login,
    /// The role and the agency do not belong together.
    #[error("an agency is named for the role `agency`, and for no other")]
    Agency,
    /// The password was not taken.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The store did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file in the data folder could not be written.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

/// An account to make.
#[derive(Clone)]
pub struct NewAccount {
    /// The login; case does not matter.
    pub login: String,
    /// The name as people read it; empty for the login.
    pub name: String,
    /// What it may do.
    pub role: AccountRole,
    /// The agency, for [`AccountRole::Agency`]. Whether the city has it is for the caller to check.
    pub agency: Option<AgencyId>,
    /// The password.
    pub password: String,
}

impl std::fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewAccount").field("login", &self.login).field("role", &self.role).finish_non_exhaustive()
    }
}

/// Makes an account.
///
/// # Errors
/// [`AccountError`] where something in it is not as it must be, or the login is taken.
pub async fn create_account(store: &dyn Store, new: NewAccount, now: Timestamp) -> Result<Account, AccountError> {
    let login = new.login.trim().to_ascii_lowercase();
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte);
    if !(2..=64).contains(&login.len()) || !login.bytes().all(fits) {
        return Err(AccountError::Login);
    }
    if new.agency.is_some() != (new.role == AccountRole::Agency) {
        return Err(AccountError::Agency);
    }
    let account = Account {
        name: if new.name.trim().is_empty() { login.clone() } else { new.name.trim().to_owned() },
        login,
        role: new.role,
        agency: new.agency,
        password_hash: password::hash(&new.password)?,
        language: None,
        disabled: false,
        created_at: now,
    };
    store.create_account(&account).await?;
    Ok(account)
}

/// Gives an account a new password and ends its sessions.
///
/// # Errors
/// [`AccountError`] where the password is not taken or there is no such account.
pub async fn set_password(store: &dyn Store, login: &str, new_password: &str) -> Result<(), AccountError> {
    let login = login.trim().to_ascii_lowercase();
    let mut account = store.account(&login).await?.ok_or(StoreError::NotFound)?;
    account.password_hash = password::hash(new_password)?;
    store.update_account(&account).await?;
    store.delete_sessions_of(&login).await?;
    Ok(())
}

/// What a start found or made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstStart {
    /// The file with the first account's password, where this start made the account.
    pub password_file: Option<PathBuf>,
    /// The file with the test phone's token.
    pub token_file: PathBuf,
}

/// Makes sure that somebody can sign in: the account `operator` with a random password in `operator-password.txt`, and the
/// test phone's token in `api-token.txt`, both readable by their owner only. What is there already stays.
///
/// # Errors
/// [`AccountError`] where the store or the data folder cannot be written.
pub async fn ensure_first_account(
    store: &dyn Store,
    data_folder: &Path,
    now: Timestamp,
) -> Result<FirstStart, AccountError> {
    let password_file = ensure_operator(store, data_folder, now).await?;
    let token_file = ensure_phone(store, data_folder, now).await?;
    Ok(FirstStart { password_file, token_file })
}

async fn ensure_operator(
    store: &dyn Store,
    data_folder: &Path,
    now: Timestamp,
) -> Result<Option<PathBuf>, AccountError> {
    if store.accounts().await?.iter().any(|account| account.role == AccountRole::Admin) {
        return Ok(None);
    }
    let path = data_folder.join("operator-password.txt");
    let token = Token::random();
    let password = token.text().get(..24).unwrap_or(token.text());
    write_private(&path, password)?;
    let new = NewAccount {
        login: OPERATOR.to_owned(),
        name: String::new(),
        role: AccountRole::Admin,
        agency: None,
        password: password.to_owned(),
    };
    create_account(store, new, now).await?;
    Ok(Some(path))
}

async fn ensure_phone(store: &dyn Store, data_folder: &Path, now: Timestamp) -> Result<PathBuf, AccountError> {
    let path = data_folder.join("api-token.txt");
    if let Some(token) = std::fs::read_to_string(&path).ok().as_deref().and_then(Token::parse)
        && store.session(&token.digest(), now).await?.is_some()
    {
        return Ok(path);
    }
    if store.account(PHONE).await?.is_none() {
        let new = NewAccount {
            login: PHONE.to_owned(),
            name: String::new(),
            role: AccountRole::Reader,
            agency: None,
            // Nobody knows it: the account is entered with the token only.
            password: Token::random().text().to_owned(),
        };
        create_account(store, new, now).await?;
    }
    let token = Token::random();
    let expires_at = now.saturating_add(SignedDuration::from_hours(PHONE_HOURS)).unwrap_or(Timestamp::MAX);
    store.delete_sessions_of(PHONE).await?;
    store.put_session(&Session { token: token.digest(), login: PHONE.to_owned(), created_at: now, expires_at }).await?;
    write_private(&path, token.text())?;
    Ok(path)
}

/// Writes a file that only its owner can read; it is never readable by others, not even while it is written.
fn write_private(path: &Path, text: &str) -> Result<(), AccountError> {
    let write = || -> io::Result<()> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        writeln!(file, "{text}")?;
        file.sync_all()
    };
    write().map_err(|error| AccountError::File { path: path.to_owned(), error })
}
