//! What became of a call: what the test phone prints.

use crate::support::{Said, Town};
use dauys_router::store::AccountRole;
use reqwest::{Method, StatusCode};

const CALL: &str = "a84b4c76e66710@198.51.100.7";
const PATH: &str = "/api/v1/calls/a84b4c76e66710%40198.51.100.7";

fn said() -> Said {
    Said {
        call: Some(CALL), place: Some(("abay", "улица Абая")), audio: Some(b"RIFF0123456789"), ..Said::default()
    }
}

#[tokio::test]
async fn a_call_leads_to_its_ticket() {
    let town = Town::start().await;
    let phone = town.program("phone", AccountRole::Reader, None).await;
    assert_eq!(phone.get(PATH).await.0, StatusCode::NOT_FOUND);
    let ticket = town.citizen(said()).await;
    let (status, call) = phone.get(PATH).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(call["call_id"], CALL);
    assert_eq!(call["registration_number"], ticket.registration_number.to_string());
    assert_eq!((call["language"].as_str(), call["category"].as_str()), (Some("ru"), Some("water")));
    assert_eq!((call["agency"].as_str(), call["unit"].as_str()), (Some("water_utility"), Some("abay")));
    assert_eq!(call["transcript"], "Нет воды во всём доме");
    assert_eq!(call["seconds_to_cabinet"], 4.0);
}

#[tokio::test]
async fn who_waits_is_told_as_soon_as_the_ticket_opens() {
    let town = Town::start().await;
    town.run();
    let phone = town.program("phone", AccountRole::Reader, None).await;
    let waits = phone.get("/api/v1/calls/a84b4c76e66710%40198.51.100.7?wait=30");
    let opens = async {
        // The request is on its way before the ticket opens, or finds it there: both must be answered.
        tokio::task::yield_now().await;
        town.citizen(said()).await
    };
    let ((status, call), ticket) = tokio::join!(waits, opens);
    assert_eq!((status, call["ticket_id"].as_str()), (StatusCode::OK, Some(ticket.ticket_id.to_string().as_str())));
}

#[tokio::test]
async fn waiting_ends() {
    let town = Town::start().await;
    let phone = town.program("phone", AccountRole::Reader, None).await;
    assert_eq!(phone.get(&format!("{PATH}?wait=1")).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_recording_plays_whole_and_in_part() {
    let town = Town::start().await;
    let ticket = town.citizen(said()).await;
    let water = town.program("water", AccountRole::Agency, Some("water_utility")).await;
    let path = format!("/api/v1/tickets/{}/recording", ticket.ticket_id);
    let whole = water.request(Method::GET, &path).send().await.unwrap();
    assert_eq!((whole.status(), whole.headers()["content-type"].to_str().unwrap()), (StatusCode::OK, "audio/wav"));
    assert_eq!(whole.headers()["cache-control"], "no-store");
    assert_eq!(whole.bytes().await.unwrap(), "RIFF0123456789");
    let part = water.request(Method::GET, &path).header("range", "bytes=4-7").send().await.unwrap();
    assert_eq!(
        (part.status(), part.headers()["content-range"].to_str().unwrap()),
        (StatusCode::PARTIAL_CONTENT, "bytes 4-7/14")
    );
    assert_eq!(part.bytes().await.unwrap(), "0123");
    let beyond = water.request(Method::GET, &path).header("range", "bytes=99-").send().await.unwrap();
    assert_eq!(beyond.status(), StatusCode::RANGE_NOT_SATISFIABLE);

    let silent = town.citizen(Said::default()).await;
    assert_eq!(water.get(&format!("/api/v1/tickets/{}/recording", silent.ticket_id)).await.0, StatusCode::NOT_FOUND);
}
