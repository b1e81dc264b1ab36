//! An agency sees its own tickets and nobody else's.

use crate::support::{Said, Town};
use dauys_router::store::{AccountRole, Store};
use reqwest::StatusCode;
use serde_json::json;

fn roads() -> Said {
    Said {
        agency: "roads",
        category: "pothole",
        words: "Яма на дороге у школы",
        audio: Some(b"RIFF-roads"),
        ..Said::default()
    }
}

#[tokio::test]
async fn the_api_hides_what_belongs_to_others() {
    let town = Town::start().await;
    let own = town.citizen(Said::default()).await;
    let other = town.citizen(roads()).await;
    let water = town.program("water", AccountRole::Agency, Some("water_utility")).await;

    let (_, list) = water.get("/api/v1/tickets").await;
    let tickets = list["tickets"].as_array().unwrap();
    assert_eq!(tickets.len(), 1);
    assert_eq!(tickets[0]["ticket_id"], own.ticket_id.to_string());
    assert_eq!(water.get("/api/v1/tickets?agency=roads").await.0, StatusCode::FORBIDDEN);
    for path in ["", "/history", "/contact", "/recording"] {
        let address = format!("/api/v1/tickets/{}{path}", other.ticket_id);
        assert_eq!(water.get(&address).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    for action in ["done", "confirm", "reopen"] {
        let (status, _) = water.act(&other, action, json!({ "revision": 1, "reason": "…" })).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{action}");
    }
    let (_, figures) = water.get("/api/v1/figures").await;
    assert!(figures["calls"].is_null());
    assert_eq!(figures["city"]["organisations"].as_array().unwrap().len(), 1);
    assert_eq!(town.store.ticket(other.ticket_id).await.unwrap().unwrap().revision, 1);
}

#[tokio::test]
async fn the_pages_hide_what_belongs_to_others() {
    let town = Town::start().await;
    town.citizen(Said::default()).await;
    let other = town.citizen(roads()).await;
    let water = town.browser("water", AccountRole::Agency, Some("water_utility")).await;
    let (_, cabinet) = water.get("/cabinet?status=all").await;
    assert!(cabinet.contains("Нет воды во всём доме"));
    assert!(!cabinet.contains("Яма на дороге"));
    assert_eq!(water.get("/cabinet?agency=roads").await.0, StatusCode::FORBIDDEN);
    assert_eq!(water.get(&format!("/tickets/{}", other.ticket_id)).await.0, StatusCode::NOT_FOUND);
    assert_eq!(water.get("/desk").await.0, StatusCode::FORBIDDEN);
    assert_eq!(water.get("/operations").await.0, StatusCode::FORBIDDEN);
    let contact = water.post(&format!("/tickets/{}/contact", other.ticket_id), &[]).await;
    assert_eq!(contact.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn without_a_session_nothing_is_seen() {
    let town = Town::start().await;
    let ticket = town.citizen(roads()).await;
    let stranger = crate::support::Program { town: &town, token: "AAAA".to_owned() };
    let id = ticket.ticket_id;
    let paths = [
        "tickets".to_owned(),
        format!("tickets/{id}"),
        format!("tickets/{id}/recording"),
        "figures".to_owned(),
        "live".to_owned(),
        "calls/a".to_owned(),
    ];
    for path in paths {
        assert_eq!(stranger.get(&format!("/api/v1/{path}")).await.0, StatusCode::UNAUTHORIZED, "{path}");
    }
}

#[tokio::test]
async fn a_look_at_a_contact_is_noted() {
    let town = Town::start().await;
    let ticket = town.citizen(Said::default()).await;
    let water = town.program("water", AccountRole::Agency, Some("water_utility")).await;
    let address = format!("/api/v1/tickets/{}", ticket.ticket_id);
    let (_, shown) = water.get(&address).await;
    assert!(!shown.to_string().contains("77000000001"), "a ticket shows no number by itself");
    assert!(town.store.contact_reads(ticket.ticket_id).await.unwrap().is_empty());

    let (status, contact) = water.get(&format!("{address}/contact")).await;
    assert_eq!((status, contact["number"].as_str()), (StatusCode::OK, Some("+77000000001")));
    let page = town.browser("boss", AccountRole::Admin, None).await;
    let shown = page.post(&format!("/tickets/{}/contact", ticket.ticket_id), &[]).await.text().await.unwrap();
    assert!(shown.contains("+77000000001"));
    let readers: Vec<String> =
        town.store.contact_reads(ticket.ticket_id).await.unwrap().into_iter().map(|(login, _)| login).collect();
    assert_eq!(readers, ["water", "boss"]);
}
