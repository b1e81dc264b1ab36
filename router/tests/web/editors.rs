//! For editors: questions without an answer, and corrections to look at.

use crate::support::{Said, Town};
use dauys_router::store::AccountRole;
use reqwest::StatusCode;
use serde_json::json;

#[tokio::test]
async fn the_desk_offers_three_guesses_and_a_choice_becomes_a_correction() {
    let town = Town::start().await;
    let guesses = &[("sewer", 0.41), ("pipe", 0.22), ("water", 0.2), ("flood", 0.1)];
    let unsure = Said {
        agency: "inspectorate",
        category: "unclear",
        words: "вода бежит",
        review: true,
        alternatives: guesses,
        ..Said::default()
    };
    let ticket = town.citizen(unsure).await;
    let inspector = town.browser("inspector", AccountRole::Staff, None).await;
    let (_, desk) = inspector.get("/desk").await;
    assert_eq!(desk.matches("name=\"to\"").count(), 3, "the three best are offered");
    let form = [("revision", "1"), ("to", "pipe"), ("back", "desk")];
    let chosen = inspector.post(&format!("/tickets/{}/recategorise", ticket.ticket_id), &form).await;
    assert_eq!(chosen.status(), StatusCode::SEE_OTHER);

    let editor = town.browser("editor", AccountRole::Staff, None).await;
    let (_, page) = editor.get("/corrections").await;
    assert!(page.contains("вода бежит") && page.contains("inspector") && page.contains("test-1"));
    let program = town.program("program", AccountRole::Staff, None).await;
    let (_, listed) = program.get("/api/v1/corrections?state=pending").await;
    assert_eq!(
        (&listed[0]["guess"], &listed[0]["to"], &listed[0]["by"]),
        (&json!("sewer"), &json!("pipe"), &json!("inspector"))
    );
    let id = listed[0]["id"].as_i64().unwrap();
    assert_eq!(
        editor.post(&format!("/corrections/{id}"), &[("state", "perhaps")]).await.status(),
        StatusCode::BAD_REQUEST
    );
    assert_eq!(
        editor.post(&format!("/corrections/{id}"), &[("state", "accepted")]).await.status(),
        StatusCode::SEE_OTHER
    );
    let (_, learnt) = program.get("/api/v1/corrections/training").await;
    assert_eq!((&learnt[0]["text"], &learnt[0]["category"]), (&json!("вода бежит"), &json!("pipe")));
    let (_, all) = program.get("/api/v1/corrections").await;
    assert_eq!((&all[0]["state"], &all[0]["reviewed_by"]), (&json!("accepted"), &json!("editor")));
    assert!(editor.get("/corrections").await.1.contains("Nothing waits here"));
}

#[tokio::test]
async fn an_answer_is_shown_and_questions_without_one_are_listed() {
    let town = Town::start().await;
    let asked = Said {
        question: true, category: "reference", words: "где находится акимат", ..Said::default()
    };
    let answered = town.citizen(Said { answer: Some("Площадь, дом 1"), ..asked.clone() }).await;
    town.citizen(Said { words: "сколько стоит справка", ..asked }).await;
    town.citizen(Said::default()).await;
    let boss = town.browser("boss", AccountRole::Admin, None).await;
    let (_, ticket) = boss.get(&format!("/tickets/{}", answered.ticket_id)).await;
    assert!(ticket.contains("Площадь, дом 1") && ticket.contains("the city&#39;s own site"), "{ticket}");
    let (_, page) = boss.get("/questions").await;
    assert!(page.contains("сколько стоит справка") && !page.contains("где находится акимат"));
    let program = town.program("program", AccountRole::Staff, None).await;
    let (_, open) = program.get("/api/v1/tickets?kind=question&answered=false").await;
    assert_eq!(open["tickets"].as_array().unwrap().len(), 1);
    let (_, closed) = program.get("/api/v1/tickets?kind=question&answered=true").await;
    assert_eq!(closed["tickets"][0]["answer"]["text"], "Площадь, дом 1");
    assert_eq!(program.get("/api/v1/tickets?kind=riddle").await.0, StatusCode::BAD_REQUEST);
    let agency = town.browser("water", AccountRole::Agency, Some("water_utility")).await;
    for page in ["/questions", "/corrections"] {
        assert_eq!(agency.get(page).await.0, StatusCode::FORBIDDEN, "{page}");
    }
}
