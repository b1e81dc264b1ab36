//! What happens to a ticket: reported, confirmed, sent back, passed on, corrected.

use crate::support::{Said, Town};
use dauys_events::TicketStatus;
use dauys_router::store::{AccountRole, Store};
use reqwest::StatusCode;
use serde_json::{Value, json};

#[tokio::test]
async fn only_the_citizens_word_closes_a_case() {
    let town = Town::start().await;
    let ticket = town.citizen(Said::default()).await;
    let water = town.program("water", AccountRole::Agency, Some("water_utility")).await;
    let staff = town.program("controller", AccountRole::Staff, None).await;

    let (status, done) = water.act(&ticket, "done", json!({ "revision": 1, "reason": "The pipe is mended" })).await;
    assert_eq!((status, done["status"].as_str(), done["revision"].as_u64()), (StatusCode::OK, Some("done"), Some(2)));
    assert!(done["confirmed_at"].is_null() && !done["done_at"].is_null());
    let said = json!({ "revision": 2, "reason": "They say so" });
    assert_eq!(water.act(&ticket, "confirm", said).await.0, StatusCode::FORBIDDEN, "not the agency");

    let mute = staff.act(&ticket, "reopen", json!({ "revision": 2 })).await;
    assert_eq!(mute.0, StatusCode::UNPROCESSABLE_ENTITY, "who writes down the citizen's word says how it came");
    let (_, reopened) =
        staff.act(&ticket, "reopen", json!({ "revision": 2, "reason": "Called back: still dry" })).await;
    assert_eq!(reopened["status"], "reopened");
    let (_, _) = water.act(&ticket, "done", json!({ "revision": 3, "reason": "Really mended" })).await;
    let (_, confirmed) =
        staff.act(&ticket, "confirm", json!({ "revision": 4, "reason": "Called back: it runs" })).await;
    assert_eq!(confirmed["status"], "confirmed");

    let (_, history) = staff.get(&format!("/api/v1/tickets/{}/history", ticket.ticket_id)).await;
    let changes: Vec<&str> =
        history.as_array().unwrap().iter().map(|e| e["change"]["type"].as_str().unwrap()).collect();
    assert_eq!(changes, ["opened", "done", "reopened", "done", "confirmed"]);
    assert_eq!(history[1]["reason"], "The pipe is mended");
    assert_eq!(history[1]["actor"]["login"], "water");
}

#[tokio::test]
async fn who_acts_on_an_old_revision_is_told_the_new_one() {
    let town = Town::start().await;
    let ticket = town.citizen(Said::default()).await;
    let water = town.program("water", AccountRole::Agency, Some("water_utility")).await;
    let body = json!({ "revision": 1, "reason": "Mended" });
    assert_eq!(water.act(&ticket, "done", body.clone()).await.0, StatusCode::OK);
    let (status, problem) = water.act(&ticket, "done", body).await;
    assert_eq!((status, problem["current_revision"].as_u64()), (StatusCode::CONFLICT, Some(2)));
    let (status, problem) = water.act(&ticket, "done", json!({ "revision": 2 })).await;
    assert_eq!(status, StatusCode::CONFLICT, "done twice is not possible: {problem}");
    assert!(problem["current_revision"].is_null());
}

#[tokio::test]
async fn two_who_act_at_once_do_not_both_succeed() {
    let town = Town::start().await;
    let ticket = town.citizen(Said::default()).await;
    let water = town.program("water", AccountRole::Agency, Some("water_utility")).await;
    let body = || json!({ "revision": 1, "reason": "Mended" });
    let outcomes = futures::future::join_all((0..6).map(|_| water.act(&ticket, "done", body()))).await;
    let won = outcomes.iter().filter(|(status, _)| *status == StatusCode::OK).count();
    let told = outcomes.iter().filter(|(status, _)| *status == StatusCode::CONFLICT).count();
    assert_eq!((won, told), (1, 5));
    assert_eq!(town.store.history(ticket.ticket_id).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_ticket_that_is_passed_on_leaves_one_cabinet_for_the_other() {
    let town = Town::start().await;
    let ticket = town.citizen(Said::default()).await;
    let staff = town.program("inspector", AccountRole::Staff, None).await;
    let water = town.program("water", AccountRole::Agency, Some("water_utility")).await;
    let heat = town.program("heat", AccountRole::Agency, Some("heat_utility")).await;
    let to = |code: &str| json!({ "revision": 1, "to": code, "reason": "Hot water is heat" });
    assert_eq!(staff.act(&ticket, "reassign", to("nobody")).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(water.act(&ticket, "reassign", to("heat_utility")).await.0, StatusCode::FORBIDDEN);
    assert_eq!(staff.act(&ticket, "reassign", to("heat_utility")).await.0, StatusCode::OK);
    let address = format!("/api/v1/tickets/{}", ticket.ticket_id);
    assert_eq!(water.get(&address).await.0, StatusCode::NOT_FOUND);
    assert_eq!(heat.get(&address).await.1["status"], "assigned");
}

#[tokio::test]
async fn a_corrected_category_brings_the_ticket_to_who_answers_for_it() {
    let town = Town::start().await;
    let unclear = town
        .citizen(Said {
            agency: "inspectorate",
            category: "unclear",
            review: true,
            words: "там люк",
            ..Said::default()
        })
        .await;
    let staff = town.program("inspector", AccountRole::Staff, None).await;
    let (_, none) = staff.act(&unclear, "recategorise", json!({ "revision": 1, "to": "nothing" })).await;
    assert_eq!(none["status"], 400);
    let (status, settled) = staff.act(&unclear, "recategorise", json!({ "revision": 1, "to": "manhole" })).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!((settled["category"].as_str(), settled["status"].as_str()), (Some("manhole"), Some("assigned")));
    assert_eq!(settled["agency"], "manhole_duty");
    let (_, history) = staff.get(&format!("/api/v1/tickets/{}/history", unclear.ticket_id)).await;
    assert_eq!(history.as_array().unwrap().len(), 3, "opened, corrected, passed on");
}

#[tokio::test]
async fn a_right_guess_only_moves_on() {
    let town = Town::start().await;
    let guess = town.citizen(Said { agency: "inspectorate", review: true, ..Said::default() }).await;
    let staff = town.program("inspector", AccountRole::Staff, None).await;
    let (status, settled) = staff.act(&guess, "recategorise", json!({ "revision": 1, "to": "water" })).await;
    assert_eq!(
        (status, settled["revision"].as_u64(), settled["status"].as_str()),
        (StatusCode::OK, Some(2), Some("assigned"))
    );
}

#[tokio::test]
async fn the_form_reports_with_a_note_and_says_what_is_wrong() {
    let town = Town::start().await;
    let ticket = town.citizen(Said::default()).await;
    let browser = town.browser("water", AccountRole::Agency, Some("water_utility")).await;
    let path = format!("/tickets/{}", ticket.ticket_id);
    let (_, page) = browser.get(&path).await;
    assert!(page.contains("Mark as done") && !page.contains("The citizen confirms"), "an agency reports only");

    let answer = browser.post(&format!("{path}/done"), &[("revision", "1"), ("reason", "Mended")]).await;
    assert_eq!(answer.headers()["location"].to_str().unwrap(), format!("{path}?saved=1"));
    let (_, page) = browser.get(&path).await;
    assert!(page.contains("Reported as done") && page.contains("Only the citizen closes a case."));
    assert!(page.contains("Mended"));

    let stale = browser.post(&format!("{path}/done"), &[("revision", "1"), ("reason", "Again")]).await;
    assert_eq!(stale.status(), StatusCode::CONFLICT);
    assert!(stale.text().await.unwrap().contains("Somebody has changed this ticket."));
    let nonsense = browser.post(&format!("{path}/done"), &[("revision", "x")]).await;
    assert_eq!(nonsense.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_desk_offers_the_best_guesses_and_settles_with_one_press() {
    let town = Town::start().await;
    let ticket = town
        .citizen(Said {
            agency: "inspectorate",
            category: "unclear",
            review: true,
            words: "у нас тут люк и вода",
            alternatives: &[("manhole", 0.35), ("water", 0.3), ("pothole", 0.2), ("street_light", 0.1)],
            ..Said::default()
        })
        .await;
    let desk = town.browser("inspector", AccountRole::Staff, None).await;
    let (_, page) = desk.get("/desk").await;
    for code in ["manhole", "water", "pothole"] {
        assert!(page.contains(&format!("<button name=\"to\" value=\"{code}\"")), "{code}");
    }
    assert!(!page.contains("<button name=\"to\" value=\"street_light\""), "three are offered, the others listed");

    let path = format!("/tickets/{}/recategorise", ticket.ticket_id);
    let empty = desk.post(&path, &[("revision", "1"), ("back", "desk"), ("other", "")]).await;
    assert_eq!(empty.status(), StatusCode::BAD_REQUEST);
    let pressed = desk.post(&path, &[("revision", "1"), ("back", "desk"), ("to", "manhole"), ("other", "")]).await;
    assert_eq!(pressed.headers()["location"], "/desk?saved=1");
    let settled = town.store.ticket(ticket.ticket_id).await.unwrap().unwrap();
    assert_eq!((settled.status, settled.category.as_str()), (TicketStatus::Assigned, "manhole"));
    assert!(desk.get("/desk").await.1.contains("No tickets here."));
}

#[tokio::test]
async fn lists_go_on_from_page_to_page_without_gaps() {
    let town = Town::start().await;
    let mut opened = Vec::new();
    for _ in 0..7 {
        opened.push(town.citizen(Said::default()).await.ticket_id.to_string());
    }
    let staff = town.program("boss", AccountRole::Admin, None).await;
    let mut seen = Vec::new();
    let mut address = "/api/v1/tickets?limit=3&status=assigned,reopened".to_owned();
    loop {
        let (_, page) = staff.get(&address).await;
        seen.extend(page["tickets"].as_array().unwrap().iter().map(|t| t["ticket_id"].as_str().unwrap().to_owned()));
        let Value::String(next) = &page["next"] else { break };
        address = format!("/api/v1/tickets?limit=3&status=assigned,reopened&cursor={next}");
    }
    seen.sort();
    opened.sort();
    assert_eq!(seen, opened);
    assert_eq!(staff.get("/api/v1/tickets?status=lost").await.0, StatusCode::BAD_REQUEST);
    assert_eq!(staff.get("/api/v1/tickets?cursor=nonsense").await.0, StatusCode::BAD_REQUEST);
    assert_eq!(staff.get("/api/v1/tickets/no-id").await.0, StatusCode::BAD_REQUEST);
    assert_eq!(staff.get("/api/v1/nothing").await.0, StatusCode::NOT_FOUND);
}
