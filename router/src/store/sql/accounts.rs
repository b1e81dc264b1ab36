//! Accounts and sessions.

use super::Backend;
use super::value::{micros, time, unreadable};
use crate::store::{Account, AccountRole, Session, StoreError, TokenHash};
use dauys_events::{AgencyId, Language};
use jiff::Timestamp;

type AccountRow = (String, String, String, Option<String>, String, Option<String>, bool, i64);

fn account(
    (login, name, role, agency, password_hash, language, disabled, created_at): AccountRow,
) -> Result<Account, StoreError> {
    Ok(Account {
        login,
        name,
        role: AccountRole::from_name(&role).ok_or_else(|| unreadable("role"))?,
        agency: agency.map(AgencyId),
        password_hash,
        language: language.as_deref().and_then(Language::from_code),
        disabled,
        created_at: time(created_at)?,
    })
}

pub(super) async fn create(store: &Backend, account: &Account) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    sqlx::query(
        "INSERT INTO accounts (login, name, role, agency, password_hash, language, disabled, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(&account.login)
    .bind(&account.name)
    .bind(account.role.name())
    .bind(account.agency.as_ref().map(|agency| agency.0.as_str()))
    .bind(&account.password_hash)
    .bind(account.language.map(Language::code))
    .bind(account.disabled)
    .bind(micros(account.created_at))
    .execute(&mut *tx)
    .await?;
    Ok(tx.commit().await?)
}

pub(super) async fn update(store: &Backend, account: &Account) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    let updated = sqlx::query(
        "UPDATE accounts SET name = $2, role = $3, agency = $4, password_hash = $5, language = $6, disabled = $7
         WHERE login = $1",
    )
    .bind(&account.login)
    .bind(&account.name)
    .bind(account.role.name())
    .bind(account.agency.as_ref().map(|agency| agency.0.as_str()))
    .bind(&account.password_hash)
    .bind(account.language.map(Language::code))
    .bind(account.disabled)
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    if updated.rows_affected() == 0 { Err(StoreError::NotFound) } else { Ok(()) }
}

pub(super) async fn by_login(store: &Backend, login: &str) -> Result<Option<Account>, StoreError> {
    let row: Option<AccountRow> = sqlx::query_as(
        "SELECT login, name, role, agency, password_hash, language, disabled, created_at FROM accounts WHERE login = $1",
    )
    .bind(login)
    .fetch_optional(store.reader())
    .await?;
    row.map(account).transpose()
}

pub(super) async fn all(store: &Backend) -> Result<Vec<Account>, StoreError> {
    let rows: Vec<AccountRow> = sqlx::query_as(
        "SELECT login, name, role, agency, password_hash, language, disabled, created_at FROM accounts ORDER BY login",
    )
    .fetch_all(store.reader())
    .await?;
    rows.into_iter().map(account).collect()
}

pub(super) async fn put_session(store: &Backend, session: &Session) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    sqlx::query("INSERT INTO sessions (token, login, created_at, expires_at) VALUES ($1, $2, $3, $4)")
        .bind(session.token.0.as_slice())
        .bind(&session.login)
        .bind(micros(session.created_at))
        .bind(micros(session.expires_at))
        .execute(&mut *tx)
        .await?;
    Ok(tx.commit().await?)
}

pub(super) async fn session(
    store: &Backend,
    token: &TokenHash,
    now: Timestamp,
) -> Result<Option<(Session, Account)>, StoreError> {
    let row: Option<(String, i64, i64)> =
        sqlx::query_as("SELECT login, created_at, expires_at FROM sessions WHERE token = $1 AND expires_at > $2")
            .bind(token.0.as_slice())
            .bind(micros(now))
            .fetch_optional(store.reader())
            .await?;
    let Some((login, created_at, expires_at)) = row else { return Ok(None) };
    let account = by_login(store, &login).await?;
    let session = Session { token: *token, login, created_at: time(created_at)?, expires_at: time(expires_at)? };
    Ok(account.filter(|account| !account.disabled).map(|account| (session, account)))
}

pub(super) async fn delete_session(store: &Backend, token: &TokenHash) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    sqlx::query("DELETE FROM sessions WHERE token = $1").bind(token.0.as_slice()).execute(&mut *tx).await?;
    Ok(tx.commit().await?)
}

pub(super) async fn delete_sessions_of(store: &Backend, login: &str) -> Result<u64, StoreError> {
    let mut tx = store.begin().await?;
    let deleted = sqlx::query("DELETE FROM sessions WHERE login = $1").bind(login).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(deleted.rows_affected())
}

pub(super) async fn purge_sessions(store: &Backend, now: Timestamp) -> Result<u64, StoreError> {
    let mut tx = store.begin().await?;
    let deleted =
        sqlx::query("DELETE FROM sessions WHERE expires_at <= $1").bind(micros(now)).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(deleted.rows_affected())
}
