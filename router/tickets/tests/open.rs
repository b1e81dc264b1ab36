//! How a ticket opens.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod common;

use common::{clocks, reading, time, transcribed};
use dauys_events::{AgencyAction, Change, Contact, Outcome, Priority, TicketId, TicketStatus};
use dauys_tickets::{Reading, open_ticket, open_tickets};

#[test]
fn an_understood_transcript_lies_in_its_agencys_cabinet() {
    let now = time("2026-11-20T10:00:33Z");
    let opening = open_ticket(&transcribed(), 0, reading(), &clocks(), now);
    let ticket = opening.ticket();
    assert_eq!(ticket.ticket_id, TicketId::of(transcribed().intake_id, 0));
    assert_eq!((ticket.revision, ticket.status), (1, TicketStatus::Assigned));
    assert_eq!(ticket.priority, Priority::Urgent, "danger comes before the category's own place");
    assert_eq!((ticket.opened_at, ticket.changed_at), (now, now));
    assert_eq!(ticket.due_at, time("2026-11-20T15:00:30Z"), "five hours after the last word");
    assert_eq!(ticket.transcript, "open manhole by the school", "no NUL, which PostgreSQL cannot hold");
    assert!(!ticket.anonymous);
    assert_eq!(opening.changed.change, Change::Opened);
    assert_eq!(opening.notices.len(), 1);
    assert_eq!((opening.notices[0].agency.0.as_str(), opening.notices[0].action), ("water", AgencyAction::Assigned));
}

#[test]
fn what_needs_a_person_opens_under_review() {
    let opening =
        open_ticket(&transcribed(), 0, Reading { review: true, ..reading() }, &clocks(), time("2026-11-20T10:00:33Z"));
    assert_eq!(opening.ticket().status, TicketStatus::Review);
    assert_eq!(opening.notices[0].action, AgencyAction::Assigned);
}

#[test]
fn the_issues_of_one_intake_are_separate_tickets_and_repeat() {
    let now = time("2026-11-20T10:00:33Z");
    let open = |index| open_ticket(&transcribed(), index, reading(), &clocks(), now);
    assert_ne!(open(0).ticket().ticket_id, open(1).ticket().ticket_id);
    assert_eq!(open(1), open(1));
}

#[test]
fn several_issues_of_one_call_are_linked_and_keep_one_number() {
    let now = time("2026-11-20T10:00:33Z");
    let mut said = transcribed();
    said.recorded.contact = Contact::default();
    let readings = ["manhole", "water", "heating"].map(|category| Reading { category: category.into(), ..reading() });
    let openings = open_tickets(&said, readings.into(), true, &clocks(), now);
    let ids: Vec<TicketId> = openings.iter().map(|opening| opening.ticket().ticket_id).collect();
    assert_eq!(openings[0].ticket().related, [ids[1], ids[2]]);
    assert_eq!(openings[2].ticket().related, [ids[0], ids[1]]);
    for opening in &openings {
        assert_eq!(opening.ticket().registration_number, said.recorded.registration_number);
        assert_eq!(opening.ticket().model.as_deref(), Some("test-1"), "the ticket says which model decided");
        assert_eq!(&opening.notices[0].ticket, opening.ticket(), "the agency sees the same");
        assert!(!opening.ticket().anonymous, "a number that was spoken is a way to be reached");
    }
    let alone = open_tickets(&said, vec![reading()], false, &clocks(), now);
    assert!(alone[0].ticket().related.is_empty() && alone[0].ticket().anonymous);
}

#[test]
fn written_words_stand_where_nothing_was_said_and_no_number_is_anonymous() {
    let mut written = transcribed();
    written.segments.clear();
    written.outcome = Outcome::Text;
    written.recorded.text = Some("no light".into());
    written.recorded.contact = Contact::default();
    let opening = open_ticket(&written, 0, reading(), &clocks(), time("2026-11-20T10:00:33Z"));
    assert_eq!(opening.ticket().transcript, "no light");
    assert!(opening.ticket().anonymous);
}
