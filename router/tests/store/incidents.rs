//! Incidents: written with what was decided, once, and changed by people with who, when and why.

use crate::common::{after, intake, intake_of, morning, reading, transcribed};
use dauys_events::{
    Actor, AgencyId, Envelope, IncidentChange, IncidentChanged, IncidentId, IncidentScope, IncidentStatus, RequestKind,
    Ticket, TicketId, Topic,
};
use dauys_incidents::{Area, Decision, Level, Scope, Why};
use dauys_router::store::{Grouping, IncidentAction, IncidentEdit, IncidentFilter, Reported, Store, StoreError};
use dauys_tickets::{Action, Reading, Terms};
use jiff::SignedDuration;
use std::sync::Arc;
use uuid::Uuid;

const HOLDER: Uuid = Uuid::from_u128(7);
const LEASE: SignedDuration = SignedDuration::from_secs(10);

async fn open(store: &Arc<dyn Store>, count: u32) -> Vec<Ticket> {
    for n in 1..=count {
        store.open_intake(&intake(n)).await.unwrap();
    }
    store.waiting_reports(100).await.unwrap().into_iter().map(|waiting| waiting.ticket).collect()
}

async fn hold(store: &Arc<dyn Store>) -> i64 {
    store.lease_incidents(HOLDER, after(40), LEASE).await.unwrap().unwrap()
}

fn opens(ticket: &Ticket, members: &[&Ticket], absorbs: Vec<IncidentId>) -> Decision {
    let scope = match absorbs.is_empty() {
        true => Scope::Place,
        false => Scope::Area(Area { level: Level::Quarter, unit: "nursat".into() }),
    };
    let members = members.iter().map(|member| member.ticket_id).collect();
    Decision::Opens { incident: IncidentId::of(ticket.ticket_id), scope, members, absorbs, why: Why::SameHouse }
}

async fn write(store: &Arc<dyn Store>, decided: Vec<(Ticket, Decision)>) -> Result<(), StoreError> {
    let epoch = hold(store).await;
    store.write_grouping(&Grouping { holder: HOLDER, epoch, at: after(41), decided, ended: vec![] }).await
}

/// Opens `count` tickets of which the first and second open an incident and the others join it.
async fn incident(store: &Arc<dyn Store>, count: u32) -> (IncidentId, Vec<Ticket>) {
    let tickets = open(store, count).await;
    let id = IncidentId::of(tickets[1].ticket_id);
    let mut decided = vec![(tickets[0].clone(), Decision::Alone)];
    decided.push((tickets[1].clone(), opens(&tickets[1], &[&tickets[0], &tickets[1]], vec![])));
    decided.extend(tickets.iter().skip(2).map(|t| (t.clone(), Decision::Joins { incident: id, why: Why::SameStreet })));
    write(store, decided).await.unwrap();
    (id, tickets)
}

fn staff() -> Actor {
    Actor::Account { login: "controller".into(), agency: None }
}

async fn edit(store: &Arc<dyn Store>, incident: IncidentId, action: IncidentAction) -> Result<(), StoreError> {
    let revision = one(store, incident).await.revision;
    let edit = IncidentEdit { incident, revision, action, actor: staff(), reason: "looked".into(), at: after(100) };
    store.edit_incident(&edit).await
}

async fn one(store: &Arc<dyn Store>, incident: IncidentId) -> dauys_events::Incident {
    let filter = IncidentFilter { id: Some(incident), ..Default::default() };
    store.incidents(&filter, 1).await.unwrap().pop().unwrap()
}

async fn members(store: &Arc<dyn Store>, incident: IncidentId) -> Vec<TicketId> {
    let members = store.incident_members(incident, None, 100).await.unwrap();
    members.into_iter().map(|member| member.ticket.ticket_id).collect()
}

async fn told(store: &Arc<dyn Store>) -> Vec<IncidentChanged> {
    let rows = store.outbox(500).await.unwrap();
    let rows = rows.into_iter().filter(|row| row.topic == Topic::Incidents);
    rows.map(|row| Envelope::<IncidentChanged>::decode(&row.payload).unwrap().data).collect()
}

pub async fn what_was_decided_is_written_with_its_events(store: Arc<dyn Store>) {
    let (id, tickets) = incident(&store, 4).await;
    let state = one(&store, id).await;
    assert_eq!((state.tickets, state.reporters, state.status), (4, 4, IncidentStatus::Active));
    assert_eq!((state.scope, state.unit.as_deref()), (IncidentScope::Place, Some("nursat")));
    assert_eq!((state.opened_at, state.first_report_at), (after(41), tickets[0].last_word_at));
    assert_eq!(members(&store, id).await.len(), 4);
    assert_eq!(store.waiting_reports(10).await.unwrap(), []);
    assert_eq!(store.waiting_reports_count().await.unwrap(), 0);

    let told = told(&store).await;
    let changes: Vec<&IncidentChange> = told.iter().map(|event| &event.change).collect();
    let opened = IncidentChange::Opened { tickets: vec![tickets[0].ticket_id, tickets[1].ticket_id] };
    let joined = IncidentChange::Joined { tickets: vec![tickets[2].ticket_id, tickets[3].ticket_id] };
    assert_eq!(changes, [&opened, &joined]);
    assert_eq!((told[1].incident.revision, &told[1].incident), (2, &state));
    let history = store.incident_history(id).await.unwrap();
    assert_eq!(history.len(), 1, "who came when stands with each report");
    let of = store.incidents_of(&[tickets[3].ticket_id, TicketId::of(tickets[0].intake_id, 9)]).await.unwrap();
    assert_eq!(of, [(tickets[3].ticket_id, state)]);
}

pub async fn a_citizen_who_calls_twice_is_one_reporter(store: Arc<dyn Store>) {
    store.open_intake(&intake(1)).await.unwrap();
    let mut again = intake(2);
    again.contact = intake(1).contact;
    store.open_intake(&again).await.unwrap();
    let waiting = store.waiting_reports(10).await.unwrap();
    assert_eq!(waiting[0].number, waiting[1].number);
    assert!(!format!("{waiting:?}").contains("7700"), "a number is never shown");
    let tickets: Vec<Ticket> = waiting.into_iter().map(|waiting| waiting.ticket).collect();
    let opening = opens(&tickets[1], &[&tickets[0], &tickets[1]], vec![]);
    write(&store, vec![(tickets[1].clone(), opening)]).await.unwrap();
    let state = one(&store, IncidentId::of(tickets[1].ticket_id)).await;
    assert_eq!((state.tickets, state.reporters), (2, 1));
}

pub async fn one_process_decides_and_a_persons_hand_comes_first(store: Arc<dyn Store>) {
    let (id, tickets) = incident(&store, 3).await;
    let epoch = hold(&store).await;
    let other = Uuid::from_u128(8);
    assert_eq!(store.lease_incidents(other, after(42), LEASE).await.unwrap(), None);
    store.open_intake(&intake(4)).await.unwrap();
    let fourth = store.waiting_reports(10).await.unwrap().remove(0).ticket;
    let joins = Decision::Joins { incident: id, why: Why::SameStreet };
    let grouping = Grouping { holder: HOLDER, epoch, at: after(43), decided: vec![(fourth, joins)], ended: vec![] };

    edit(&store, id, IncidentAction::Split { tickets: vec![tickets[2].ticket_id], into: id }).await.unwrap();
    assert!(
        matches!(store.write_grouping(&grouping).await, Err(StoreError::Conflict { .. })),
        "the book is out of date"
    );
    let stolen = Grouping { holder: other, ..grouping.clone() };
    assert!(matches!(store.write_grouping(&stolen).await, Err(StoreError::Conflict { .. })));
    assert_eq!(store.waiting_reports_count().await.unwrap(), 1, "nothing was written");

    let epoch = hold(&store).await;
    store.write_grouping(&Grouping { epoch, ..grouping.clone() }).await.unwrap();
    assert_eq!(members(&store, id).await.len(), 3);
    assert!(store.lease_incidents(other, after(60), LEASE).await.unwrap().is_some(), "the right runs out");
    assert!(matches!(store.write_grouping(&Grouping { epoch, ..grouping }).await, Err(StoreError::Conflict { .. })));
}

pub async fn a_merger_can_be_taken_back(store: Arc<dyn Store>) {
    let tickets = open(&store, 5).await;
    let (one_id, two_id) = (IncidentId::of(tickets[1].ticket_id), IncidentId::of(tickets[3].ticket_id));
    let first = opens(&tickets[1], &[&tickets[0], &tickets[1]], vec![]);
    let second = opens(&tickets[3], &[&tickets[2], &tickets[3]], vec![]);
    write(&store, vec![(tickets[1].clone(), first), (tickets[3].clone(), second)]).await.unwrap();

    edit(&store, one_id, IncidentAction::Merge { from: two_id }).await.unwrap();
    assert_eq!(members(&store, one_id).await.len(), 4);
    let gone = one(&store, two_id).await;
    assert_eq!((gone.status, gone.merged_into), (IncidentStatus::Merged, Some(one_id)));
    assert_eq!(store.incidents(&IncidentFilter::default(), 10).await.unwrap().len(), 1);
    for id in [one_id, two_id] {
        assert!(edit(&store, id, IncidentAction::Merge { from: two_id }).await.is_err(), "there is nothing to take in");
    }

    let history = store.incident_history(one_id).await.unwrap();
    let merger = history.last().unwrap();
    assert_eq!((&merger.actor, merger.reason.as_deref(), merger.at), (&staff(), Some("looked"), after(100)));
    edit(&store, one_id, IncidentAction::Undo { change: merger.id }).await.unwrap();
    assert_eq!(members(&store, two_id).await, [tickets[2].ticket_id, tickets[3].ticket_id]);
    assert_eq!(members(&store, one_id).await.len(), 2);
    assert_eq!(one(&store, two_id).await.status, IncidentStatus::Active);
    let again = edit(&store, one_id, IncidentAction::Undo { change: merger.id }).await;
    assert!(matches!(again, Err(StoreError::Invalid(_))), "once");
    let history = store.incident_history(one_id).await.unwrap();
    assert_eq!(history[1].undone_at, Some(after(100)));
    assert!(
        matches!(&told(&store).await.last().unwrap().change, IncidentChange::Undone { tickets } if tickets.len() == 2)
    );
}

pub async fn a_split_can_be_taken_back(store: Arc<dyn Store>) {
    let (id, tickets) = incident(&store, 5).await;
    let fresh = IncidentId(Uuid::from_u128(99));
    let all: Vec<TicketId> = tickets.iter().map(|ticket| ticket.ticket_id).collect();
    for wrong in [vec![], all.clone(), vec![TicketId::of(tickets[0].intake_id, 9)]] {
        let refused = edit(&store, id, IncidentAction::Split { tickets: wrong, into: fresh }).await;
        assert!(matches!(refused, Err(StoreError::Invalid(_))), "{refused:?}");
    }
    edit(&store, id, IncidentAction::Split { tickets: all[3..].to_vec(), into: fresh }).await.unwrap();
    assert_eq!((members(&store, id).await.len(), members(&store, fresh).await), (3, all[3..].to_vec()));
    assert_eq!(one(&store, fresh).await.tickets, 2);
    edit(&store, id, IncidentAction::Split { tickets: vec![all[2]], into: IncidentId(Uuid::from_u128(98)) })
        .await
        .unwrap();
    assert_eq!(store.incidents_of(&[all[2]]).await.unwrap(), [], "one alone stands on its own");

    let changes = store.incident_history(id).await.unwrap();
    edit(&store, id, IncidentAction::Undo { change: changes[2].id }).await.unwrap();
    edit(&store, id, IncidentAction::Undo { change: changes[1].id }).await.unwrap();
    assert_eq!(members(&store, id).await, all);
    assert_eq!(one(&store, fresh).await.status, IncidentStatus::Merged);
    let nothing = edit(&store, id, IncidentAction::Undo { change: changes[0].id }).await;
    assert!(matches!(nothing, Err(StoreError::Invalid(_))), "an opening is no merger");
}

pub async fn what_a_burst_takes_in_can_be_taken_back_too(store: Arc<dyn Store>) {
    let (small, tickets) = incident(&store, 3).await;
    store.open_intake(&intake(4)).await.unwrap();
    let fourth = store.waiting_reports(10).await.unwrap().remove(0).ticket;
    let every: Vec<&Ticket> = tickets.iter().chain([&fourth]).collect();
    write(&store, vec![(fourth.clone(), opens(&fourth, &every, vec![small]))]).await.unwrap();
    let large = IncidentId::of(fourth.ticket_id);
    let state = one(&store, large).await;
    assert_eq!((state.scope, state.unit.as_deref(), state.tickets), (IncidentScope::Area, Some("nursat"), 4));
    assert_eq!(one(&store, small).await.merged_into, Some(large));
    let merger = store.incident_history(large).await.unwrap().pop().unwrap();
    assert_eq!(merger.actor, Actor::System);
    edit(&store, large, IncidentAction::Undo { change: merger.id }).await.unwrap();
    assert_eq!((members(&store, small).await.len(), members(&store, large).await.len()), (3, 1));
}

pub async fn a_stale_look_is_a_conflict_and_an_end_is_an_end(store: Arc<dyn Store>) {
    let (id, _) = incident(&store, 2).await;
    let edit_of = |revision| IncidentEdit {
        incident: id,
        revision,
        action: IncidentAction::End,
        actor: staff(),
        reason: "mended".into(),
        at: after(100),
    };
    assert!(matches!(store.edit_incident(&edit_of(9)).await, Err(StoreError::Conflict { current: 1, .. })));
    store.edit_incident(&edit_of(1)).await.unwrap();
    assert_eq!(one(&store, id).await.status, IncidentStatus::Ended);
    let active = IncidentFilter { active: true, ..Default::default() };
    assert_eq!(store.incidents(&active, 10).await.unwrap(), []);
    let nothing = IncidentEdit { incident: IncidentId(Uuid::from_u128(5)), ..edit_of(1) };
    assert!(matches!(store.edit_incident(&nothing).await, Err(StoreError::NotFound)));
}

pub async fn a_book_is_read_back_as_it_was_decided(store: Arc<dyn Store>) {
    let (id, tickets) = incident(&store, 3).await;
    store.open_intake(&intake(4)).await.unwrap();
    let mut question =
        intake_of(&transcribed(5, morning(), "?"), Reading { kind: RequestKind::Question, ..reading("a", "b") }, 3);
    question.contact.number = None;
    store.open_intake(&question).await.unwrap();
    let recent = store.recent_reports(after(-60), 100).await.unwrap();
    assert_eq!(recent.incidents.len(), 1);
    let reports: Vec<(TicketId, Option<IncidentId>)> =
        recent.reports.iter().map(|Reported { ticket, incident, .. }| (ticket.ticket_id, *incident)).collect();
    assert_eq!(reports, tickets.iter().map(|ticket| (ticket.ticket_id, Some(id))).collect::<Vec<_>>());
    assert_eq!(store.recent_reports(after(60), 100).await.unwrap().reports, []);
    assert_eq!(store.waiting_reports_count().await.unwrap(), 1, "a question is nobody's incident");
}

pub async fn an_agency_sees_incidents_of_its_own_tickets(store: Arc<dyn Store>) {
    let (id, tickets) = incident(&store, 3).await;
    let moved = super::changes::act(&tickets[2], &Action::Reassign { to: AgencyId("gas".into()) }, &staff(), 60);
    store.apply_change(&moved).await.unwrap();
    let own = |agency: &str| IncidentFilter { agency: Some(AgencyId(agency.into())), ..Default::default() };
    assert_eq!(store.incidents(&own("gas"), 10).await.unwrap().len(), 1);
    assert_eq!(store.incidents(&own("roads"), 10).await.unwrap(), []);
    let seen = store.incident_members(id, Some(&AgencyId("gas".into())), 10).await.unwrap();
    assert_eq!(seen.into_iter().map(|member| member.ticket.ticket_id).collect::<Vec<_>>(), [tickets[2].ticket_id]);
}

pub async fn a_corrected_category_is_decided_on_again(store: Arc<dyn Store>) {
    let tickets = open(&store, 2).await;
    write(&store, tickets.iter().map(|ticket| (ticket.clone(), Decision::Alone)).collect()).await.unwrap();
    let terms = Terms { target_hours: 5, legal_working_days: 15 };
    let priority = dauys_events::Priority::Normal;
    let to = Action::Recategorise { category: "pipe".into(), terms, priority };
    store.apply_change(&super::changes::act(&tickets[0], &to, &staff(), 60)).await.unwrap();
    let waiting = store.waiting_reports(10).await.unwrap();
    assert_eq!((waiting.len(), waiting[0].ticket.category.as_str()), (1, "pipe"));
}
