//! What a citizen learns from a registration number.

use crate::support::{Browser, Said, Town, read};
use reqwest::{Method, StatusCode};
use serde_json::Value;

async fn ask(town: &Town, number: &str) -> (StatusCode, Value) {
    read(town.client.get(town.at(&format!("/api/v1/registrations/{number}"))).send().await.unwrap()).await
}

/// Swaps the first two neighbours that differ.
fn swapped(number: &str) -> String {
    let mut digits = number.as_bytes().to_vec();
    let at = (0..9).find(|at| digits[*at] != digits[at + 1]).unwrap();
    digits.swap(at, at + 1);
    String::from_utf8(digits).unwrap()
}

#[tokio::test]
async fn the_number_tells_status_and_agency_and_nothing_personal() {
    let town = Town::start().await;
    let ticket = town.citizen(Said { call: Some("call-1"), ..Said::default() }).await;
    let number = ticket.registration_number.to_string();
    let (status, answer) = ask(&town, &number).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(answer["tickets"][0]["status"], "assigned");
    assert_eq!(answer["tickets"][0]["agency"], "water_utility");
    for language in ["kk", "ru", "uz", "en"] {
        assert!(!answer["tickets"][0]["agency_name"][language].as_str().unwrap().is_empty(), "{language}");
    }
    let text = answer.to_string();
    for secret in ["Нет воды", "77000000001", "call-1", &ticket.ticket_id.to_string()] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[tokio::test]
async fn slips_of_the_pen_are_told_apart_from_unknown_numbers() {
    let town = Town::start().await;
    let number = town.citizen(Said::default()).await.registration_number.to_string();
    let (status, problem) = ask(&town, &swapped(&number)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(problem["detail"].as_str().unwrap().contains("check digit"), "{problem}");
    assert_eq!(ask(&town, "12345").await.0, StatusCode::BAD_REQUEST);
    let unknown = dauys_events::RegistrationNumber::compose(99, 7).unwrap();
    assert_eq!(ask(&town, &unknown.to_string()).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn numbers_cannot_be_tried_one_after_the_other() {
    let town = Town::start().await;
    let mut last = StatusCode::OK;
    for sequence in 0..31 {
        let number = dauys_events::RegistrationNumber::compose(20, sequence).unwrap();
        last = ask(&town, &number.to_string()).await.0;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    town.pass(jiff::SignedDuration::from_mins(1));
    let number = dauys_events::RegistrationNumber::compose(20, 1).unwrap();
    assert_eq!(ask(&town, &number.to_string()).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_page_is_kind_about_mistakes_in_every_language() {
    let town = Town::start().await;
    let number = town.citizen(Said::default()).await.registration_number.to_string();
    let said = [("kk", "орны ауысқан"), ("ru", "две переставлены"), ("uz", "almashgan"), ("en", "two are swapped")];
    for (language, words) in said {
        let citizen = Browser { town: &town, cookie: String::new(), language };
        let (status, page) = citizen.get(&format!("/status?number={}", swapped(&number))).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(page.contains(words), "{language}: {page}");
    }
    let citizen = Browser { town: &town, cookie: String::new(), language: "en" };
    let spaced = format!("{}%20{}-{}", &number[..3], &number[3..6], &number[6..]);
    let (status, page) = citizen.get(&format!("/status?number={spaced}")).await;
    assert_eq!(status, StatusCode::OK, "spaces and dashes do not matter");
    assert!(page.contains("is being worked on") && !page.contains("Нет воды"));
}

#[tokio::test]
async fn the_city_lists_its_agencies_and_categories() {
    let town = Town::start().await;
    for (path, code) in [("/api/v1/agencies", "water_utility"), ("/api/v1/categories", "manhole")] {
        let (status, list) = read(town.client.request(Method::GET, town.at(path)).send().await.unwrap()).await;
        assert_eq!(status, StatusCode::OK);
        let found = list.as_array().unwrap().iter().find(|one| one["code"] == code).unwrap();
        assert_eq!(found["name"].as_object().unwrap().len(), 4);
    }
}
