//! The pages as people see them.

use crate::support::{Browser, Said, Town};
use dauys_events::{Danger, Language};
use dauys_router::store::{AccountRole, Store};
use jiff::SignedDuration;
use reqwest::{Method, StatusCode};

/// Takes out the patterns that scripts fill: `data-…="{} …"`.
fn without_patterns(page: &str) -> String {
    let patterns = ["second", "minute", "hour"].map(|name| format!(" data-{name}=\""));
    let mut text = page.to_owned();
    for pattern in patterns {
        if let Some((before, after)) = text.split_once(&pattern) {
            text = format!("{before}{}", after.split_once('"').map_or("", |(_, rest)| rest));
        }
    }
    text
}

/// What a page must never show: a gap where a value goes, or an address of another host.
fn sound(page: &str, language: &str, path: &str) {
    assert!(page.contains(&format!("<html lang=\"{language}\">")), "{path} in {language}");
    let without_data = without_patterns(page);
    assert!(!without_data.contains("{}"), "{path} in {language} has a gap");
    assert!(!page.contains("http://") && !page.contains("https://"), "{path} in {language} names another host");
    assert!(!page.contains(" style=\"") && !page.contains("<script>") && !page.contains(" onclick"), "{path}");
    let labelled = page.matches("<select").count() <= page.matches("<label").count();
    assert!(labelled, "{path}: every list has a label");
    assert_eq!(page.matches("<h1").count(), 1, "{path}: one main heading");
}

#[tokio::test]
async fn every_page_speaks_every_language() {
    let town = Town::start().await;
    let ticket = town
        .citizen(Said {
            danger: Danger::Emergency,
            place: Some(("abay", "улица Абая")),
            audio: Some(b"RIFF"),
            ..Said::default()
        })
        .await;
    town.citizen(Said { agency: "inspectorate", category: "unclear", review: true, ..Said::default() }).await;
    town.citizen(Said { place: Some(("abay", "улица Абая")), ..Said::default() }).await;
    town.citizen(Said { question: true, category: "reference", ..Said::default() }).await;
    let answered = Said { question: true, answer: Some("Ответ"), category: "reference", ..Said::default() };
    town.citizen(answered).await;
    town.group().await;
    let incident = town.store.incidents_of(&[ticket.ticket_id]).await.unwrap().remove(0).1;
    let incident_page = format!("/incidents/{}", incident.incident_id);
    town.app.board().count_once().await.unwrap();
    town.app.board().publish_once().await;
    let signed = town.browser("boss", AccountRole::Admin, None).await;
    let ticket_page = format!("/tickets/{}", ticket.ticket_id);
    let status = format!("/status?number={}", ticket.registration_number);
    for language in Language::ALL {
        let code = language.code();
        let visitor = Browser { town: &town, cookie: String::new(), language: code };
        for path in ["/sign-in", "/status", status.as_str()] {
            let (answer, page) = visitor.get(path).await;
            assert_eq!(answer, StatusCode::OK, "{path}");
            sound(&page, code, path);
        }
        let signed = Browser { town: &town, cookie: signed.cookie.clone(), language: code };
        let pages = [
            "/cabinet",
            "/cabinet?status=all",
            "/desk",
            "/operations",
            "/incidents",
            "/incidents?all=1",
            "/questions",
            "/corrections",
            incident_page.as_str(),
            ticket_page.as_str(),
        ];
        for path in pages {
            let (answer, page) = signed.get(path).await;
            assert_eq!(answer, StatusCode::OK, "{path}");
            sound(&page, code, path);
        }
        let (answer, page) = signed.get("/no-such-page").await;
        assert_eq!(answer, StatusCode::NOT_FOUND);
        sound(&page, code, "/no-such-page");
    }
}

#[tokio::test]
async fn a_chosen_language_is_remembered() {
    let town = Town::start().await;
    let visitor = Browser { town: &town, cookie: String::new(), language: "en" };
    let chosen = visitor.request(Method::GET, "/language/kk?back=%2Fstatus").send().await.unwrap();
    assert_eq!(chosen.headers()["location"], "/status");
    let cookie = chosen.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let visitor = Browser { town: &town, cookie, language: "en" };
    assert!(visitor.get("/status").await.1.contains("<html lang=\"kk\">"));
}

#[tokio::test]
async fn what_citizens_and_agencies_write_is_never_run() {
    let town = Town::start().await;
    let attack = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>";
    let ticket = town.citizen(Said { words: attack, ..Said::default() }).await;
    let review = town
        .citizen(Said { words: attack, agency: "inspectorate", category: "unclear", review: true, ..Said::default() })
        .await;
    let boss = town.browser("boss", AccountRole::Admin, None).await;
    let path = format!("/tickets/{}", ticket.ticket_id);
    boss.post(&format!("{path}/done"), &[("revision", "1"), ("reason", attack)]).await;
    let query = "/cabinet?status=%3Cscript%3E&category=%22%3E%3Cscript%3E";
    let search = "/status?number=%22%3E%3Cscript%3Ealert(1)%3C/script%3E";
    for address in
        [path.as_str(), "/cabinet?status=all", "/desk", query, search, &format!("/tickets/{}", review.ticket_id)]
    {
        let (_, page) = boss.get(address).await;
        assert!(!page.contains("<script>") && !page.contains("<img"), "{address}");
    }
    let (_, page) = boss.get(&path).await;
    assert_eq!(page.matches("alert(2)").count(), 2, "the words and the note are shown as they were written");
    let refused = boss.post("/sign-in", &[("login", attack), ("password", "x"), ("next", attack)]).await;
    assert!(!refused.text().await.unwrap().contains("<script>"));
}

#[tokio::test]
async fn every_answer_bears_the_guards() {
    let town = Town::start().await;
    for path in ["/sign-in", "/assets/style.css", "/api/v1/tickets", "/nothing", "/api/openapi.json"] {
        let answer = town.client.get(town.at(path)).send().await.unwrap();
        let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let policy = header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"));
        assert_eq!(header("x-content-type-options").as_deref(), Some("nosniff"), "{path}");
        assert_eq!(header("x-frame-options").as_deref(), Some("DENY"), "{path}");
        let kept = header("cache-control").unwrap();
        assert_eq!(kept, if path.starts_with("/assets/") { "no-cache" } else { "no-store" }, "{path}");
    }
}

#[tokio::test]
async fn assets_are_served_whole_and_only_once() {
    let town = Town::start().await;
    let names = ["style.css", "icon.svg", "live.js", "cabinet.js", "ticket.js", "operations.js"];
    for name in names {
        let answer = town.client.get(town.at(&format!("/assets/{name}"))).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{name}");
        let tag = answer.headers()["etag"].clone();
        let text = answer.text().await.unwrap();
        assert!(name == "icon.svg" || !text.contains("http"), "{name} names another host");
        let again =
            town.client.get(town.at(&format!("/assets/{name}"))).header("if-none-match", tag).send().await.unwrap();
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{name}");
    }
    let outside = town.client.get(town.at("/assets/..%2Fmod.rs")).send().await.unwrap();
    assert_eq!(outside.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_cabinet_shows_danger_first_and_marks_what_is_late() {
    let town = Town::start().await;
    town.citizen(Said { words: "обычная", ..Said::default() }).await;
    town.citizen(Said { words: "просроченная", ago: SignedDuration::from_hours(30), ..Said::default() }).await;
    town.citizen(Said { words: "опасная", danger: Danger::Emergency, ..Said::default() }).await;
    let water = town.browser("water", AccountRole::Agency, Some("water_utility")).await;
    let (_, page) = water.get("/cabinet").await;
    let at = |words: &str| page.find(words).unwrap_or_else(|| panic!("{words} is not shown"));
    assert!(at("опасная") < at("просроченная") && at("просроченная") < at("обычная"));
    assert!(page.contains("Life is in danger") && page.contains("Emergency service: 112"));
    assert!(page.contains("6 h 0 min overdue"));
    assert_eq!(page.matches("class=\"ticket p-normal overdue\"").count(), 1);

    let (_, late) = water.get("/cabinet?status=overdue").await;
    assert!(late.contains("просроченная") && !late.contains("обычная"));
    let (_, part) = water.get("/cabinet?part=list").await;
    assert!(part.contains("опасная") && !part.contains("<html"), "scripts fetch the list alone");
}

#[tokio::test]
async fn the_operations_page_adds_up() {
    let town = Town::start().await;
    for _ in 0..3 {
        town.citizen(Said::default()).await;
    }
    town.citizen(Said { agency: "roads", category: "pothole", ago: SignedDuration::from_hours(30), ..Said::default() })
        .await;
    town.app.board().count_once().await.unwrap();
    town.app.board().publish_once().await;
    let boss = town.browser("boss", AccountRole::Admin, None).await;
    let (_, page) = boss.get("/operations").await;
    for shown in ["4,321", "of 5,000", "83.5", "78", "3.5 s", "Roads", "75\u{a0}%", "25\u{a0}%", "4.0 s"] {
        assert!(page.contains(shown), "{shown} is shown");
    }
    let program = town.program("program", AccountRole::Staff, None).await;
    let (_, figures) = program.get("/api/v1/figures").await;
    assert_eq!(figures["calls"]["now"], 4_321);
    assert_eq!(figures["city"]["all"]["open"], 4);
    assert_eq!(figures["city"]["all"]["overdue"], 1);
    let named: u64 =
        figures["city"]["categories"].as_array().unwrap().iter().map(|c| c["tickets"].as_u64().unwrap()).sum();
    assert_eq!(named + figures["city"]["other_categories"].as_u64().unwrap(), 4);
}

#[tokio::test]
async fn everybody_begins_where_their_work_is() {
    let town = Town::start().await;
    let visitor = Browser { town: &town, cookie: String::new(), language: "en" };
    let begin = |browser: &Browser<'_>| browser.request(Method::GET, "/").send();
    let place = |answer: reqwest::Response| answer.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(place(begin(&visitor).await.unwrap()), "/sign-in");
    let water = town.browser("water", AccountRole::Agency, Some("water_utility")).await;
    assert_eq!(place(begin(&water).await.unwrap()), "/cabinet");
    let inspector = town.browser("inspector", AccountRole::Staff, None).await;
    assert_eq!(place(begin(&inspector).await.unwrap()), "/desk");
    let boss = town.browser("boss", AccountRole::Admin, None).await;
    assert_eq!(place(begin(&boss).await.unwrap()), "/operations");
}
