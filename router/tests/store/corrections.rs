//! What people corrected: kept with who and when, looked at by others.

use super::changes::{act, staff};
use crate::common::{after, intake, intake_of, morning, reading, transcribed};
use dauys_events::{Priority, RequestKind, Scored, Ticket};
use dauys_router::store::{Correction, CorrectionState, Store, StoreError, TicketFilter};
use dauys_tickets::{Action, Reading, Terms};
use std::sync::Arc;

async fn correct(store: &Arc<dyn Store>, ticket: &Ticket, category: &str, seconds: i64) -> Ticket {
    let terms = Terms { target_hours: 5, legal_working_days: 15 };
    let to = Action::Recategorise { category: category.into(), terms, priority: Priority::Normal };
    let change = act(ticket, &to, &staff(), seconds);
    store.apply_change(&change).await.unwrap();
    change.ticket().clone()
}

async fn listed(store: &Arc<dyn Store>, state: CorrectionState) -> Vec<Correction> {
    store.corrections(Some(state), 0, 10).await.unwrap()
}

pub async fn are_kept_with_who_when_and_what_the_model_thought(store: Arc<dyn Store>) {
    let guess = vec![Scored { code: "sewer".into(), probability: 0.4 }];
    let unsure = Reading { alternatives: guess, review: true, ..reading("inspectorate", "unclear") };
    let opened = intake_of(&transcribed(1, morning(), "воды нет совсем"), unsure, 3);
    store.open_intake(&opened).await.unwrap();
    correct(&store, opened.tickets[0].ticket(), "water", 60).await;

    let kept = listed(&store, CorrectionState::Pending).await;
    assert_eq!(kept.len(), 1);
    let one = &kept[0];
    assert_eq!((one.from.as_str(), one.to.as_str(), one.guess.as_deref()), ("unclear", "water", Some("sewer")));
    assert_eq!((one.login.as_str(), one.at, one.reason.as_deref()), ("inspector", after(60), Some("said so")));
    assert_eq!((one.model.as_deref(), one.transcript.as_str()), (Some("test-1"), "воды нет совсем"));
    assert!(!format!("{one:?}").contains("воды"), "words are never shown");

    store.review_correction(one.id, CorrectionState::Accepted, "editor", after(90)).await.unwrap();
    assert_eq!(listed(&store, CorrectionState::Pending).await, []);
    let accepted = listed(&store, CorrectionState::Accepted).await;
    assert_eq!(accepted[0].reviewed, Some(("editor".to_owned(), after(90))));
    let nothing = store.review_correction(one.id + 1, CorrectionState::Accepted, "editor", after(91)).await;
    assert!(matches!(nothing, Err(StoreError::NotFound)));
}

pub async fn a_later_one_takes_the_place_of_an_earlier(store: Arc<dyn Store>) {
    let opened = intake(1);
    store.open_intake(&opened).await.unwrap();
    let ticket = correct(&store, opened.tickets[0].ticket(), "pipe", 60).await;
    correct(&store, &ticket, "sewer", 70).await;
    let pending = listed(&store, CorrectionState::Pending).await;
    assert_eq!((pending.len(), pending[0].to.as_str()), (1, "sewer"));
    let old = listed(&store, CorrectionState::Superseded).await;
    let late = store.review_correction(old[0].id, CorrectionState::Accepted, "editor", after(90)).await;
    assert!(matches!(late, Err(StoreError::NotFound)), "nobody learns from what was corrected again");
    assert_eq!(store.corrections(None, old[0].id, 10).await.unwrap().len(), 1);
}

pub async fn questions_without_an_answer_are_found(store: Arc<dyn Store>) {
    let answer = dauys_events::Answer {
        question: "hall".into(),
        text: "There.".into(),
        language: dauys_events::Language::En,
        confidence: 0.9,
        source: "example".into(),
    };
    for (n, kind, answer) in [
        (1, RequestKind::Question, None),
        (2, RequestKind::Question, Some(answer.clone())),
        (3, RequestKind::Request, None),
    ] {
        let said = Reading { kind, answer, ..reading("inspectorate", "reference") };
        store.open_intake(&intake_of(&transcribed(n, morning(), "where"), said, 3)).await.unwrap();
    }
    let find = async |answered: Option<bool>| {
        let filter = TicketFilter { kind: Some(RequestKind::Question), answered, ..Default::default() };
        store.list(&filter, Default::default(), None, 10).await.unwrap().tickets
    };
    assert_eq!(find(None).await.len(), 2);
    let open = find(Some(false)).await;
    assert_eq!((open.len(), &open[0].answer), (1, &None));
    assert_eq!(find(Some(true)).await[0].answer, Some(answer));
}
