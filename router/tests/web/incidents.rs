//! Incidents on the pages and in the API.

use crate::support::{Said, Town};
use dauys_events::IncidentId;
use dauys_router::store::{AccountRole, SpokenContact, Store};
use reqwest::StatusCode;
use serde_json::json;

fn dark(street: &'static str) -> Said {
    Said {
        agency: "power_grid",
        category: "electricity",
        words: "Нет света во всём доме",
        place: Some(("nursat", street)),
        ..Said::default()
    }
}

/// Three citizens of one house and one of another street; returns the incident.
async fn outage(town: &Town) -> IncidentId {
    let agency = town.app.city().agencies.agencies.iter().find(|agency| agency.kind == "power").unwrap().code.clone();
    let agency: &'static str = Box::leak(agency.into_boxed_str());
    let mut last = None;
    for phone in ["+77000000011", "+77000000012", "+77000000013"] {
        last = Some(town.citizen(Said { agency, phone, ..dark("улица А") }).await);
    }
    town.citizen(Said { agency: "water_utility", category: "water", ..dark("улица Б") }).await;
    town.group().await;
    let found = town.store.incidents_of(&[last.unwrap().ticket_id]).await.unwrap();
    found[0].1.incident_id
}

#[tokio::test]
async fn the_cabinet_shows_the_incident_with_its_reporters_and_each_keeps_the_own_number() {
    let town = Town::start().await;
    let incident = outage(&town).await;
    let boss = town.browser("boss", AccountRole::Admin, None).await;
    let (_, cabinet) = boss.get("/cabinet").await;
    assert_eq!(cabinet.matches(&format!("/incidents/{incident}")).count(), 3);
    assert!(cabinet.contains("Citizens: 3, tickets: 3"));
    let (_, list) = boss.get("/incidents").await;
    assert!(list.contains(&format!("/incidents/{incident}")) && list.contains("Citizens: 3, tickets: 3"));
    let (_, page) = boss.get(&format!("/incidents/{incident}")).await;
    assert_eq!(page.matches("type=\"checkbox\"").count(), 3);
    assert!(page.contains("the same house") && page.contains("own right to confirm"));

    let program = town.program("program", AccountRole::Staff, None).await;
    let (_, tickets) = program.get(&format!("/api/v1/incidents/{incident}/tickets")).await;
    let numbers: std::collections::BTreeSet<&str> =
        tickets.as_array().unwrap().iter().map(|t| t["ticket"]["registration_number"].as_str().unwrap()).collect();
    assert_eq!(numbers.len(), 3);
    assert_eq!(tickets[0]["ticket"]["incident"]["reporters"], 3);
    assert_eq!(tickets[0]["ticket"]["model"], "test-1");
}

#[tokio::test]
async fn a_person_splits_and_takes_it_back_with_a_reason() {
    let town = Town::start().await;
    let incident = outage(&town).await;
    let boss = town.browser("boss", AccountRole::Admin, None).await;
    let members = town.store.incident_members(incident, None, 10).await.unwrap();
    let last = members[2].ticket.ticket_id.to_string();
    let address = format!("/incidents/{incident}");
    let revision =
        |page: &str| page.split("name=\"revision\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let (_, page) = boss.get(&address).await;
    let now = revision(&page);
    let silent =
        boss.post(&format!("{address}/split"), &[("revision", &now), ("ticket", &last), ("reason", " ")]).await;
    assert_eq!(silent.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(silent.text().await.unwrap().contains("Write a reason"));
    let split =
        boss.post(&format!("{address}/split"), &[("revision", &now), ("ticket", &last), ("reason", "own fuse")]).await;
    assert_eq!(split.status(), StatusCode::SEE_OTHER);
    let (_, page) = boss.get(&address).await;
    assert!(page.contains("own fuse") && page.contains("Citizens: 2, tickets: 2"));
    let stale = boss.post(&format!("{address}/end"), &[("revision", &now), ("reason", "late")]).await;
    assert_eq!(stale.status(), StatusCode::CONFLICT);

    let change = town.store.incident_history(incident).await.unwrap().pop().unwrap().id.to_string();
    let now = revision(&page);
    let back = boss
        .post(&format!("{address}/undo"), &[("revision", &now), ("change", &change), ("reason", "it was the same")])
        .await;
    assert_eq!(back.status(), StatusCode::SEE_OTHER);
    let (_, page) = boss.get(&address).await;
    assert!(page.contains("Citizens: 3, tickets: 3") && page.contains("It was taken back."));
}

#[tokio::test]
async fn agencies_look_on_and_see_their_own_alone() {
    let town = Town::start().await;
    let incident = outage(&town).await;
    let power = town.store.incident_members(incident, None, 1).await.unwrap()[0].ticket.agency.0.clone();
    let holder = town.program("holder", AccountRole::Agency, Some(&power)).await;
    let other = town.program("other", AccountRole::Agency, Some("water_utility")).await;
    let address = format!("/api/v1/incidents/{incident}");
    let (status, seen) = holder.get(&address).await;
    assert_eq!((status, &seen["reporters"]), (StatusCode::OK, &json!(3)));
    assert_eq!(holder.get("/api/v1/incidents").await.1.as_array().unwrap().len(), 1);
    assert_eq!(other.get(&address).await.0, StatusCode::NOT_FOUND);
    assert_eq!(other.get("/api/v1/incidents").await.1.as_array().unwrap().len(), 0);
    let end = json!({ "revision": seen["revision"], "reason": "we are done" });
    assert_eq!(holder.post(&format!("{address}/end"), end.clone()).await.0, StatusCode::FORBIDDEN);
    assert_eq!(holder.get(&format!("{address}/history")).await.0, StatusCode::FORBIDDEN);
    let staff = town.program("staff", AccountRole::Staff, None).await;
    let (status, ended) = staff.post(&format!("{address}/end"), end).await;
    assert_eq!((status, &ended["status"]), (StatusCode::OK, &json!("ended")));
}

#[tokio::test]
async fn a_spoken_name_and_number_are_shown_on_request_and_noted() {
    let town = Town::start().await;
    let spoken = SpokenContact {
        name: Some("Example Name".to_owned()),
        number: Some("+77000000099".to_owned()),
        language: Some(dauys_events::Language::Kk),
    };
    let ticket = town.citizen(Said { spoken, ..Said::default() }).await;
    let boss = town.browser("boss", AccountRole::Admin, None).await;
    let address = format!("/tickets/{}", ticket.ticket_id);
    let (_, before) = boss.get(&address).await;
    assert!(!before.contains("Example Name") && !before.contains("0000099"));
    let shown = boss.post(&format!("{address}/contact"), &[]).await.text().await.unwrap();
    assert!(shown.contains("Example Name") && shown.contains("call back: +77000000099") && shown.contains("Kazakh"));
    assert_eq!(town.store.contact_reads(ticket.ticket_id).await.unwrap().len(), 1);
}
