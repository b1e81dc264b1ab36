//! The trait, method by method, by the modules beside this one.

use super::{
    Backend, accounts, calls, corrections, figures, grouping, incident_edits, incidents, intake, list, notifications,
    outbox, tickets,
};
use crate::store::{
    Account, CallFigures, ContactDetails, Correction, CorrectionState, Cursor, FigureQuery, Figures, Grouping,
    HistoryEntry, IncidentEdit, IncidentEntry, IncidentFilter, Intake, Member, NewNotification, Notification,
    NotificationState, Opened, Order, OutboxBacklog, OutboxRow, Recent, Reported, Session, StatusCount, Store,
    StoreError, TicketFilter, TicketPage, TokenHash,
};
use async_trait::async_trait;
use dauys_events::{AgencyId, CallEvent, Contact, Incident, IncidentId, RegistrationNumber, Ticket, TicketId};
use dauys_tickets::Transition;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use tokio::sync::Notify;
use uuid::Uuid;

#[async_trait]
impl Store for Backend {
    async fn open_intake(&self, intake: &Intake) -> Result<Opened, StoreError> {
        intake::open(self, intake).await
    }

    async fn apply_change(&self, change: &Transition) -> Result<(), StoreError> {
        tickets::apply(self, change).await
    }

    async fn ticket(&self, id: TicketId) -> Result<Option<Ticket>, StoreError> {
        tickets::by_id(self, id).await
    }

    async fn tickets_by_number(&self, number: RegistrationNumber) -> Result<Vec<Ticket>, StoreError> {
        tickets::by_number(self, &number.to_string()).await
    }

    async fn tickets_by_external_id(&self, external_id: &str) -> Result<Vec<Ticket>, StoreError> {
        tickets::by_external_id(self, external_id).await
    }

    async fn list(
        &self,
        filter: &TicketFilter,
        order: Order,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<TicketPage, StoreError> {
        list::page(self, filter, order, after, limit).await
    }

    async fn count(&self, filter: &TicketFilter) -> Result<Vec<StatusCount>, StoreError> {
        list::counts(self, filter).await
    }

    async fn history(&self, id: TicketId) -> Result<Vec<HistoryEntry>, StoreError> {
        tickets::history(self, id).await
    }

    async fn contact(&self, id: TicketId, reader: &Account, at: Timestamp) -> Result<ContactDetails, StoreError> {
        tickets::contact(self, id, reader, at).await
    }

    async fn contact_reads(&self, id: TicketId) -> Result<Vec<(String, Timestamp)>, StoreError> {
        tickets::contact_reads(self, id).await
    }

    async fn lease_incidents(
        &self,
        holder: Uuid,
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<Option<i64>, StoreError> {
        incidents::lease(self, holder, now, lease).await
    }

    async fn waiting_reports(&self, limit: u32) -> Result<Vec<Reported>, StoreError> {
        incidents::waiting(self, limit).await
    }

    async fn waiting_reports_count(&self) -> Result<u64, StoreError> {
        incidents::waiting_count(self).await
    }

    async fn recent_reports(&self, since: Timestamp, limit: u32) -> Result<Recent, StoreError> {
        incidents::recent(self, since, limit).await
    }

    async fn write_grouping(&self, grouping: &Grouping) -> Result<(), StoreError> {
        grouping::write(self, grouping).await
    }

    async fn incidents(&self, filter: &IncidentFilter, limit: u32) -> Result<Vec<Incident>, StoreError> {
        incidents::list(self, filter, limit).await
    }

    async fn incidents_of(&self, tickets: &[TicketId]) -> Result<Vec<(TicketId, Incident)>, StoreError> {
        incidents::of(self, tickets).await
    }

    async fn incident_members(
        &self,
        id: IncidentId,
        agency: Option<&AgencyId>,
        limit: u32,
    ) -> Result<Vec<Member>, StoreError> {
        incidents::members(self, id, agency, limit).await
    }

    async fn incident_history(&self, id: IncidentId) -> Result<Vec<IncidentEntry>, StoreError> {
        incidents::history(self, id).await
    }

    async fn edit_incident(&self, edit: &IncidentEdit) -> Result<(), StoreError> {
        incident_edits::apply(self, edit).await
    }

    async fn corrections(
        &self,
        state: Option<CorrectionState>,
        after: i64,
        limit: u32,
    ) -> Result<Vec<Correction>, StoreError> {
        corrections::list(self, state, after, limit).await
    }

    async fn review_correction(
        &self,
        id: i64,
        state: CorrectionState,
        login: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        corrections::review(self, id, state, login, at).await
    }

    async fn create_account(&self, account: &Account) -> Result<(), StoreError> {
        accounts::create(self, account).await
    }

    async fn update_account(&self, account: &Account) -> Result<(), StoreError> {
        accounts::update(self, account).await
    }

    async fn account(&self, login: &str) -> Result<Option<Account>, StoreError> {
        accounts::by_login(self, login).await
    }

    async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        accounts::all(self).await
    }

    async fn put_session(&self, session: &Session) -> Result<(), StoreError> {
        accounts::put_session(self, session).await
    }

    async fn session(&self, token: &TokenHash, now: Timestamp) -> Result<Option<(Session, Account)>, StoreError> {
        accounts::session(self, token, now).await
    }

    async fn delete_session(&self, token: &TokenHash) -> Result<(), StoreError> {
        accounts::delete_session(self, token).await
    }

    async fn delete_sessions_of(&self, login: &str) -> Result<u64, StoreError> {
        accounts::delete_sessions_of(self, login).await
    }

    async fn purge_sessions(&self, now: Timestamp) -> Result<u64, StoreError> {
        accounts::purge_sessions(self, now).await
    }

    async fn figures(&self, query: &FigureQuery) -> Result<Figures, StoreError> {
        figures::of(self, query).await
    }

    async fn record_call(&self, event: &CallEvent) -> Result<(), StoreError> {
        calls::record(self, event).await
    }

    async fn call_figures(&self, since: Timestamp, now: Timestamp) -> Result<CallFigures, StoreError> {
        calls::figures(self, since, now).await
    }

    async fn add_notification(&self, notification: &NewNotification) -> Result<bool, StoreError> {
        notifications::add(self, notification).await
    }

    async fn pending_notifications(&self, limit: u32) -> Result<Vec<(Notification, Contact)>, StoreError> {
        notifications::pending(self, limit).await
    }

    async fn mark_notification(
        &self,
        id: i64,
        state: NotificationState,
        detail: Option<&str>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        notifications::mark(self, id, state, detail, at).await
    }

    async fn notifications(&self, id: TicketId) -> Result<Vec<Notification>, StoreError> {
        notifications::of(self, id).await
    }

    async fn lease_outbox(&self, holder: Uuid, now: Timestamp, lease: SignedDuration) -> Result<bool, StoreError> {
        outbox::lease(self, holder, now, lease).await
    }

    async fn outbox(&self, limit: u32) -> Result<Vec<OutboxRow>, StoreError> {
        outbox::waiting(self, limit).await
    }

    async fn mark_published(&self, ids: &[i64], at: Timestamp) -> Result<(), StoreError> {
        outbox::mark(self, ids, at).await
    }

    async fn purge_outbox(&self, before: Timestamp) -> Result<u64, StoreError> {
        outbox::purge(self, before).await
    }

    async fn outbox_backlog(&self) -> Result<OutboxBacklog, StoreError> {
        outbox::backlog(self).await
    }

    fn outbox_written(&self) -> Arc<Notify> {
        Arc::clone(&self.written)
    }

    async fn check(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1 FROM outbox_lease LIMIT 1").fetch_optional(self.reader()).await?;
        Ok(())
    }
}
