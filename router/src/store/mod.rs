//! Where tickets are kept: one trait, implemented for SQLite and for PostgreSQL, tested by one conformance suite.
//!
//! Effects are exactly once: an intake opens its tickets once however often it is delivered, a change applies to the
//! revision that it was made from or not at all, and what must be told to others is written in the same transaction
//! (the outbox).

mod accounts;
mod calls;
mod corrections;
mod error;
mod figures;
mod incidents;
mod notifications;
mod outbox;
mod postgres;
mod sqlite;
mod tickets;

pub use accounts::{Account, AccountRole, Session, TokenHash};
pub use calls::CallFigures;
pub use corrections::{Correction, CorrectionState};
pub use error::StoreError;
pub use figures::{AgencyFigures, CategoryCount, FigureQuery, Figures};
pub use incidents::{Grouping, IncidentAction, IncidentEdit, IncidentEntry, IncidentFilter, Member, Recent, Reported};
pub use notifications::{NewNotification, Notification, NotificationKind, NotificationState};
pub use outbox::{OutboxBacklog, OutboxRow};
pub use postgres::PostgresStore;
pub use sqlite::SqliteStore;
pub use tickets::{
    ContactDetails, Cursor, HistoryEntry, Intake, Opened, Order, SpokenContact, StatusCount, TicketFilter, TicketPage,
};

use async_trait::async_trait;
use dauys_config::Settings;
use dauys_config::settings::StoreKind;
use dauys_events::{AgencyId, CallEvent, Contact, Incident, IncidentId, RegistrationNumber, Ticket, TicketId};
use dauys_tickets::Transition;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use tokio::sync::Notify;
use uuid::Uuid;

/// A database of tickets. Shared as `Arc<dyn Store>`.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Opens an intake's tickets with their history, contact and outgoing events, in one transaction. An intake that is
    /// already there changes nothing.
    ///
    /// # Errors
    /// [`StoreError`] where the database could not do it; nothing was written.
    async fn open_intake(&self, intake: &Intake) -> Result<Opened, StoreError>;

    /// Writes a change with its history and outgoing events, in one transaction.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where the ticket is no longer at the revision that the change was made from: read it again,
    /// decide again. [`StoreError::NotFound`] where there is no such ticket.
    async fn apply_change(&self, change: &Transition) -> Result<(), StoreError>;

    /// Finds a ticket.
    ///
    /// # Errors
    /// [`StoreError`] where the database could not be read.
    async fn ticket(&self, id: TicketId) -> Result<Option<Ticket>, StoreError>;

    /// Finds the tickets that a citizen's number stands for, in the order of what was said; mostly one.
    ///
    /// # Errors
    /// [`StoreError`] where the database could not be read.
    async fn tickets_by_number(&self, number: RegistrationNumber) -> Result<Vec<Ticket>, StoreError>;

    /// Finds the tickets of a SIP Call-ID or a messenger's message id.
    ///
    /// # Errors
    /// [`StoreError`] where the database could not be read.
    async fn tickets_by_external_id(&self, external_id: &str) -> Result<Vec<Ticket>, StoreError>;

    /// Returns a page of at most `limit` tickets (1 to 500), from `after` on.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for a cursor of another order.
    async fn list(
        &self,
        filter: &TicketFilter,
        order: Order,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<TicketPage, StoreError>;

    /// Counts what a filter matches, by status; statuses without tickets are left out.
    ///
    /// # Errors
    /// [`StoreError`] where the database could not be read.
    async fn count(&self, filter: &TicketFilter) -> Result<Vec<StatusCount>, StoreError>;

    /// Returns everything that happened to a ticket, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] where the database could not be read.
    async fn history(&self, id: TicketId) -> Result<Vec<HistoryEntry>, StoreError>;

    /// Returns how to reach the citizen, for those with the right (the city's staff, and the agency that holds the ticket),
    /// and keeps who asked and when.
    ///
    /// # Errors
    /// [`StoreError::Forbidden`] for anybody else, [`StoreError::NotFound`] where there is no such ticket.
    async fn contact(&self, id: TicketId, reader: &Account, at: Timestamp) -> Result<ContactDetails, StoreError>;

    /// Returns who asked how to reach a ticket's citizen, and when, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] where the database could not be read.
    async fn contact_reads(&self, id: TicketId) -> Result<Vec<(String, Timestamp)>, StoreError>;

    /// Takes or keeps the right to decide on incidents until `now + lease`, so that one process at a time does. Returns how
    /// often people have changed incidents by hand; none where another process has the right.
    ///
    /// # Errors
    /// [`StoreError`] where the database could not be written.
    async fn lease_incidents(
        &self,
        holder: Uuid,
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<Option<i64>, StoreError>;

    /// Returns tickets of which nobody has decided yet whether they belong to an incident, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`] where the database could not be read.
    async fn waiting_reports(&self, limit: u32) -> Result<Vec<Reported>, StoreError>;

    /// Counts what [`Store::waiting_reports`] would return without a limit.
    ///
    /// # Errors
    /// [`StoreError`] where the database could not be read.
    async fn waiting_reports_count(&self) -> Result<u64, StoreError>;

    /// Returns the incidents that take reports, and what was decided on reports received from `since` on, at most `limit`
    /// of each, the newest.
    ///
    /// # Errors
    /// [`StoreError`] where the database could not be read.
    async fn recent_reports(&self, since: Timestamp, limit: u32) -> Result<Recent, StoreError>;

    /// Writes what was decided, with the events that tell of it, in one transaction.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where the right was lost or a person has changed an incident meanwhile: read anew, decide
    /// anew. Nothing was written then.
    async fn write_grouping(&self, grouping: &Grouping) -> Result<(), StoreError>;

    /// Lists incidents, the last reported first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] where the database could not be read.
    async fn incidents(&self, filter: &IncidentFilter, limit: u32) -> Result<Vec<Incident>, StoreError>;

    /// Finds the incidents that tickets belong to; tickets on their own are left out.
    ///
    /// # Errors
    /// [`StoreError`] where the database could not be read.
    async fn incidents_of(&self, tickets: &[TicketId]) -> Result<Vec<(TicketId, Incident)>, StoreError>;

    /// Returns an incident's reports, those that an agency holds where one is named, the first received first, at most
    /// `limit`.
    ///
    /// # Errors
    /// [`StoreError`] where the database could not be read.
    async fn incident_members(
        &self,
        id: IncidentId,
        agency: Option<&AgencyId>,
        limit: u32,
    ) -> Result<Vec<Member>, StoreError>;

    /// Returns what happened to an incident, oldest first; each report that came stands with the report.
    ///
    /// # Errors
    /// [`StoreError`] where the database could not be read.
    async fn incident_history(&self, id: IncidentId) -> Result<Vec<IncidentEntry>, StoreError>;

    /// Does to an incident what a person wants, with its history and events, in one transaction.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where the incident is no longer at that revision, [`StoreError::Invalid`] where it makes no
    /// sense, [`StoreError::NotFound`] where there is no such incident or change.
    async fn edit_incident(&self, edit: &IncidentEdit) -> Result<(), StoreError>;

    /// Lists corrected categories in the order in which they were made, from behind `after` on.
    ///
    /// # Errors
    /// [`StoreError`] where the database could not be read.
    async fn corrections(
        &self,
        state: Option<CorrectionState>,
        after: i64,
        limit: u32,
    ) -> Result<Vec<Correction>, StoreError>;

    /// Keeps what somebody made of a correction, with who and when.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is no such correction, or a later one has taken its place.
    async fn review_correction(
        &self,
        id: i64,
        state: CorrectionState,
        login: &str,
        at: Timestamp,
    ) -> Result<(), StoreError>;

    /// Creates an account.
    ///
    /// # Errors
    /// [`StoreError::Exists`] where the login is taken.
    async fn create_account(&self, account: &Account) -> Result<(), StoreError>;

    /// Replaces everything of an account but its login and its creation.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is no such account.
    async fn update_account(&self, account: &Account) -> Result<(), StoreError>;

    /// Finds an account by its login.
    ///
    /// # Errors
    /// [`StoreError`] where the database could not be read.
    async fn account(&self, login: &str) -> Result<Option<Account>, StoreError>;

    /// Lists all accounts by login.
    ///
    /// # Errors
    /// [`StoreError`] where the database could not be read.
    async fn accounts(&self) -> Result<Vec<Account>, StoreError>;

    /// Keeps a session.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is no such account.
    async fn put_session(&self, session: &Session) -> Result<(), StoreError>;

    /// Finds a session that has not expired at `now`, with its account, unless that is disabled.
    ///
    /// # Errors
    /// [`StoreError`] where the database could not be read.
    async fn session(&self, token: &TokenHash, now: Timestamp) -> Result<Option<(Session, Account)>, StoreError>;

    /// Ends a session; one that is not there is no error.
    ///
    /// # Errors
    /// [`StoreError`] where the database could not be written.
    async fn delete_session(&self, token: &TokenHash) -> Result<(), StoreError>;

    /// Ends all sessions of an account and returns how many there were.
    ///
    /// # Errors
    /// [`StoreError`] where the database could not be written.
    async fn delete_sessions_of(&self, login: &str) -> Result<u64, StoreError>;

    /// Removes the sessions that have expired and returns how many there were.
    ///
    /// # Errors
    /// [`StoreError`] where the database could not be written.
    async fn purge_sessions(&self, now: Timestamp) -> Result<u64, StoreError>;

    /// Returns how the organisations do.
    ///
    /// # Errors
    /// [`StoreError`] where the database could not be read.
    async fn figures(&self, query: &FigureQuery) -> Result<Figures, StoreError>;

    /// Keeps a call's start or end; a repeated event changes nothing.
    ///
    /// # Errors
    /// [`StoreError`] where the database could not be written.
    async fn record_call(&self, event: &CallEvent) -> Result<(), StoreError>;

    /// Returns how the calls since `since` went, and how many are on the line at `now`.
    ///
    /// # Errors
    /// [`StoreError`] where the database could not be read.
    async fn call_figures(&self, since: Timestamp, now: Timestamp) -> Result<CallFigures, StoreError>;

    /// Keeps something to tell a citizen; a second one of the same ticket, revision and kind changes nothing. Returns
    /// whether it is new.
    ///
    /// # Errors
    /// [`StoreError`] where the database could not be written.
    async fn add_notification(&self, notification: &NewNotification) -> Result<bool, StoreError>;

    /// Returns the oldest notifications that wait to be sent, with how to reach the citizen.
    ///
    /// # Errors
    /// [`StoreError`] where the database could not be read.
    async fn pending_notifications(&self, limit: u32) -> Result<Vec<(Notification, Contact)>, StoreError>;

    /// Keeps what became of a notification.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is no such notification.
    async fn mark_notification(
        &self,
        id: i64,
        state: NotificationState,
        detail: Option<&str>,
        at: Timestamp,
    ) -> Result<(), StoreError>;

    /// Returns a ticket's notifications, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] where the database could not be read.
    async fn notifications(&self, id: TicketId) -> Result<Vec<Notification>, StoreError>;

    /// Takes or keeps the right to publish the outbox until `now + lease`, so that one process at a time keeps the order.
    /// Returns whether `holder` has it.
    ///
    /// # Errors
    /// [`StoreError`] where the database could not be written.
    async fn lease_outbox(&self, holder: Uuid, now: Timestamp, lease: SignedDuration) -> Result<bool, StoreError>;

    /// Returns the oldest rows that were not published yet, in order.
    ///
    /// # Errors
    /// [`StoreError`] where the database could not be read.
    async fn outbox(&self, limit: u32) -> Result<Vec<OutboxRow>, StoreError>;

    /// Marks rows as published.
    ///
    /// # Errors
    /// [`StoreError`] where the database could not be written: the rows will be published again.
    async fn mark_published(&self, ids: &[i64], at: Timestamp) -> Result<(), StoreError>;

    /// Removes rows that were published before `before` and returns how many there were.
    ///
    /// # Errors
    /// [`StoreError`] where the database could not be written.
    async fn purge_outbox(&self, before: Timestamp) -> Result<u64, StoreError>;

    /// Returns how much waits in the outbox.
    ///
    /// # Errors
    /// [`StoreError`] where the database could not be read.
    async fn outbox_backlog(&self) -> Result<OutboxBacklog, StoreError>;

    /// Returns what is notified whenever something was written to the outbox, by this process or another.
    fn outbox_written(&self) -> Arc<Notify>;

    /// Checks that the database can be used now, for readiness.
    ///
    /// # Errors
    /// [`StoreError`] with what is wrong.
    async fn check(&self) -> Result<(), StoreError>;
}

/// Opens the store that the settings name; SQLite's file is `tickets.db` in the data folder.
///
/// # Errors
/// [`StoreError`] where the database cannot be opened, or the PostgreSQL URL is not to be found.
pub async fn open(settings: &Settings) -> Result<Arc<dyn Store>, StoreError> {
    match settings.store.kind {
        StoreKind::Sqlite => {
            let folder = &settings.node.data;
            std::fs::create_dir_all(folder)
                .map_err(|error| StoreError::Refused(format!("{}: {error}", folder.display())))?;
            Ok(Arc::new(SqliteStore::open(&folder.join("tickets.db")).await?))
        }
        StoreKind::Postgres => {
            let url = settings.store.postgres_url.read().map_err(StoreError::Refused)?;
            let url = url.ok_or_else(|| StoreError::Refused("store.postgres_url names no place".to_owned()))?;
            Ok(Arc::new(PostgresStore::open(&url).await?))
        }
    }
}
