//! The life cycle: all states, all actions, all actors; and what each change does.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod common;

use common::{agency, clocks, staff, ticket, time};
use dauys_events::{Actor, AgencyAction, AgencyId, Change, Priority, Ticket, TicketStatus};
use dauys_tickets::{Action, ActionKind, Refused, Role, Terms, Transition, allowed, apply};

const STATUSES: [TicketStatus; 6] = [
    TicketStatus::Review,
    TicketStatus::Assigned,
    TicketStatus::Done,
    TicketStatus::Confirmed,
    TicketStatus::Reopened,
    TicketStatus::Other,
];

fn actions() -> [Action; 5] {
    [
        Action::Done,
        Action::Confirm,
        Action::Reopen,
        Action::Reassign { to: AgencyId("roads".into()) },
        Action::Recategorise {
            category: "pothole".into(),
            terms: Terms { target_hours: 48, legal_working_days: 5 },
            priority: Priority::Normal,
        },
    ]
}

fn actors() -> [Actor; 5] {
    [Actor::System, Actor::Citizen, staff(), agency("water"), agency("gas")]
}

/// Who can do what, where: one letter per actor of [`actors`] (S system, C citizen, I inspector, W the agency that holds it,
/// G another agency), in the order of [`actions`].
fn table(status: TicketStatus) -> [&'static str; 5] {
    match status {
        //                         done  confirm reopen reassign recategorise
        TicketStatus::Review => ["IW", "CI", "", "I", "I"],
        TicketStatus::Assigned => ["IW", "CI", "", "I", "I"],
        TicketStatus::Done => ["", "CI", "CI", "", "I"],
        TicketStatus::Confirmed => ["", "", "CI", "", ""],
        TicketStatus::Reopened => ["IW", "CI", "", "I", "I"],
        TicketStatus::Other => ["", "", "", "", ""],
    }
}

fn at(status: TicketStatus) -> Ticket {
    Ticket { status, ..ticket() }
}

fn act(ticket: &Ticket, action: &Action, actor: &Actor) -> Result<Transition, Refused> {
    apply(ticket, action, actor, Some("the citizen said so by telephone"), &clocks(), time("2026-11-20T12:00:00Z"))
}

#[test]
fn the_whole_table() {
    let clocks = clocks();
    for status in STATUSES {
        let ticket = at(status);
        for (action, may) in actions().iter().zip(table(status)) {
            for (actor, letter) in actors().iter().zip("SCIWG".chars()) {
                let result = apply(&ticket, action, actor, Some("said"), &clocks, time("2026-11-20T12:00:00Z"));
                let role = Role::of(actor, &ticket);
                let context = format!("{} by {letter} on {}", action.kind(), status.name());
                assert_eq!(allowed(status, role).contains(&action.kind()), may.contains(letter), "{context}");
                match result {
                    Ok(transition) => {
                        assert!(may.contains(letter), "{context} was allowed");
                        assert_eq!(transition.ticket().revision, ticket.revision + 1, "{context}");
                        assert_eq!(transition.changed.actor, *actor, "{context}");
                    }
                    Err(Refused::Status { action: asked, status: stands, allowed: possible }) => {
                        assert!(!may.contains(letter), "{context} was refused");
                        assert_eq!((asked, stands), (action.kind(), status), "{context}");
                        assert_eq!(possible, allowed(status, role), "{context}");
                    }
                    Err(Refused::Actor { action: asked, role: refused, allowed: possible }) => {
                        assert!(!may.contains(letter), "{context} was refused");
                        assert_eq!((asked, refused), (action.kind(), role), "{context}");
                        assert_eq!(possible, allowed(status, role), "{context}");
                    }
                    Err(other) => panic!("{context}: {other}"),
                }
            }
        }
    }
}

#[test]
fn an_agency_reports_and_only_the_citizen_closes() {
    let done = act(&ticket(), &Action::Done, &agency("water")).unwrap();
    assert_eq!(done.changed.change, Change::Done);
    assert_eq!(done.ticket().status, TicketStatus::Done);
    assert_eq!(done.ticket().done_at, Some(time("2026-11-20T12:00:00Z")));
    assert!(done.notices.is_empty());

    let refused = act(done.ticket(), &Action::Confirm, &agency("water")).unwrap_err();
    assert_eq!(refused.to_string(), "the agency that holds the ticket may not confirm a ticket; possible now: nothing");

    let confirmed = act(done.ticket(), &Action::Confirm, &Actor::Citizen).unwrap();
    assert_eq!(confirmed.ticket().status, TicketStatus::Confirmed);
    assert_eq!(confirmed.ticket().confirmed_at, Some(time("2026-11-20T12:00:00Z")));
    assert_eq!(told(&confirmed), [("water", AgencyAction::Confirmed)]);
}

#[test]
fn a_ticket_sent_back_keeps_its_first_report_and_its_clocks() {
    let done = act(&ticket(), &Action::Done, &agency("water")).unwrap();
    let reopened = act(done.ticket(), &Action::Reopen, &Actor::Citizen).unwrap();
    assert_eq!(reopened.ticket().status, TicketStatus::Reopened);
    assert_eq!(told(&reopened), [("water", AgencyAction::Reopened)]);
    assert_eq!(reopened.ticket().due_at, ticket().due_at);
    let again =
        apply(reopened.ticket(), &Action::Done, &staff(), None, &clocks(), time("2026-11-21T12:00:00Z")).unwrap();
    assert_eq!(again.ticket().done_at, Some(time("2026-11-20T12:00:00Z")));
    assert_eq!(again.ticket().changed_at, time("2026-11-21T12:00:00Z"));
    assert_eq!(again.ticket().revision, 4);

    let confirmed = act(again.ticket(), &Action::Confirm, &Actor::Citizen).unwrap();
    let reopened = act(confirmed.ticket(), &Action::Reopen, &Actor::Citizen).unwrap();
    assert_eq!(reopened.ticket().confirmed_at, None);
}

#[test]
fn staff_write_down_the_citizens_word_with_how_it_came() {
    let done = act(&ticket(), &Action::Done, &staff()).unwrap();
    for action in [Action::Confirm, Action::Reopen] {
        for reason in [None, Some(""), Some("  ")] {
            let refused = apply(done.ticket(), &action, &staff(), reason, &clocks(), time("2026-11-20T12:00:00Z"));
            assert_eq!(refused.unwrap_err(), Refused::ReasonMissing { action: action.kind() });
        }
        let kept =
            apply(done.ticket(), &action, &staff(), Some(" called back "), &clocks(), time("2026-11-20T12:00:00Z"));
        let kept = kept.unwrap();
        assert_eq!(kept.changed.reason.as_deref(), Some("called back"));
        assert_eq!(kept.changed.actor, staff());
    }
}

#[test]
fn a_reassigned_ticket_is_withdrawn_and_assigned() {
    let to_roads = Action::Reassign { to: AgencyId("roads".into()) };
    let moved = act(&ticket(), &to_roads, &staff()).unwrap();
    assert_eq!(told(&moved), [("water", AgencyAction::Withdrawn), ("roads", AgencyAction::Assigned)]);
    assert_eq!(moved.ticket().status, TicketStatus::Assigned);
    assert_eq!(
        moved.changed.change,
        Change::Reassigned { from: AgencyId("water".into()), to: AgencyId("roads".into()) }
    );
    let refused = act(moved.ticket(), &to_roads, &staff()).unwrap_err();
    assert_eq!(refused, Refused::SameAgency { agency: AgencyId("roads".into()) });
    assert!(matches!(act(moved.ticket(), &Action::Done, &agency("water")), Err(Refused::Actor { .. })));
    assert!(act(moved.ticket(), &Action::Done, &agency("roads")).is_ok());
}

#[test]
fn the_inspector_may_keep_a_ticket_under_review() {
    let kept = act(&at(TicketStatus::Review), &Action::Reassign { to: AgencyId("water".into()) }, &staff()).unwrap();
    assert_eq!(kept.ticket().status, TicketStatus::Assigned);
    assert_eq!(told(&kept), [("water", AgencyAction::Assigned)]);
}

#[test]
fn a_corrected_category_moves_the_clocks_and_keeps_the_danger() {
    let [.., correct] = actions();
    let corrected = act(&ticket(), &correct, &staff()).unwrap();
    let now = corrected.ticket();
    assert_eq!((now.category.as_str(), now.probability), ("pothole", 1.0));
    assert_eq!(now.due_at, time("2026-11-22T10:00:30Z"));
    assert_eq!(now.legal_due_at, time("2026-11-27T18:59:59Z"));
    assert_eq!(now.priority, Priority::Urgent);
    assert_eq!(act(now, &correct, &staff()).unwrap_err(), Refused::SameCategory { category: "pothole".into() });
    assert_eq!(now.why.last().unwrap(), "A person corrected the category from manhole to pothole.");
}

#[test]
fn refusals_say_what_is_possible() {
    let confirmed = at(TicketStatus::Confirmed);
    let refused = act(&confirmed, &Action::Confirm, &Actor::Citizen).unwrap_err();
    assert_eq!(refused.to_string(), "confirm is not possible on a ticket that is confirmed; possible now: reopen");
    assert_eq!(allowed(TicketStatus::Confirmed, Role::Citizen), [ActionKind::Reopen]);
}

fn told(transition: &Transition) -> Vec<(&str, AgencyAction)> {
    for notice in &transition.notices {
        assert_eq!(&notice.ticket, transition.ticket());
    }
    transition.notices.iter().map(|notice| (notice.agency.0.as_str(), notice.action)).collect()
}
