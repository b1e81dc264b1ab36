//! Coming in and going out.

use crate::support::{PASSWORD, Said, Town, read, session_cookie};
use dauys_config::settings::Http;
use dauys_router::auth::{ensure_first_account, set_password};
use dauys_router::store::{AccountRole, Store};
use jiff::SignedDuration;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt as _;

async fn sign_in(town: &Town, login: &str, password: &str) -> (StatusCode, Value) {
    let body = json!({ "login": login, "password": password });
    read(town.client.post(town.at("/api/v1/sign-in")).json(&body).send().await.unwrap()).await
}

#[tokio::test]
async fn the_right_password_opens_the_cabinet_and_signing_out_closes_it() {
    let town = Town::start().await;
    let browser = town.browser("water", AccountRole::Agency, Some("water_utility")).await;
    let (status, page) = browser.get("/cabinet").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("Sign out"));

    let left = browser.post("/sign-out", &[]).await;
    assert_eq!(left.status(), StatusCode::SEE_OTHER);
    assert!(left.headers()["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    let (status, _) = browser.get("/cabinet").await;
    assert_eq!(status, StatusCode::SEE_OTHER, "the old cookie is worth nothing");
}

#[tokio::test]
async fn the_cookie_is_kept_from_scripts_other_sites_and_plain_connections() {
    let https = Http { public_url: Some("https://109.example.kz".to_owned()), ..Http::default() };
    let town = Town::start_with(https).await;
    town.account("boss", AccountRole::Admin, None).await;
    let form = [("login", "boss"), ("password", PASSWORD)];
    let browser = crate::support::Browser { town: &town, cookie: String::new(), language: "en" };
    let answer = browser.form("/sign-in", &form).header("origin", "https://109.example.kz").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    for attribute in ["HttpOnly", "SameSite=Strict", "Secure", "Path=/", "Max-Age=43200"] {
        assert!(cookie.contains(attribute), "{attribute} in {cookie}");
    }
    assert!(answer.headers().contains_key("strict-transport-security"));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_login_sound_alike() {
    let town = Town::start().await;
    town.account("boss", AccountRole::Admin, None).await;
    let wrong = sign_in(&town, "boss", "not the password").await;
    let unknown = sign_in(&town, "nobody", "not the password").await;
    assert_eq!(wrong.0, StatusCode::UNAUTHORIZED);
    assert_eq!(wrong, unknown);

    let browser = crate::support::Browser { town: &town, cookie: String::new(), language: "en" };
    let answer = browser.post("/sign-in", &[("login", "boss"), ("password", "no")]).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert!(!answer.headers().contains_key("set-cookie"));
    let page = answer.text().await.unwrap();
    assert!(page.contains("The login or the password is wrong."));
    assert!(!page.contains("value=\"no\""), "the password is not written back");
}

#[tokio::test]
async fn guessing_is_slowed_down_and_ends_with_time() {
    let town = Town::start().await;
    town.account("boss", AccountRole::Admin, None).await;
    let mut statuses = Vec::new();
    for _ in 0..9 {
        statuses.push(sign_in(&town, "BOSS", "a wrong guess").await.0);
    }
    assert_eq!(statuses[7], StatusCode::UNAUTHORIZED);
    assert_eq!(statuses[8], StatusCode::TOO_MANY_REQUESTS);
    let right = sign_in(&town, "boss", PASSWORD).await;
    assert_eq!(right.0, StatusCode::TOO_MANY_REQUESTS, "the right password does not help a guesser");
    town.pass(SignedDuration::from_mins(10));
    assert_eq!(sign_in(&town, "boss", PASSWORD).await.0, StatusCode::OK);
}

#[tokio::test]
async fn one_address_cannot_try_many_logins() {
    let town = Town::start().await;
    let mut last = StatusCode::OK;
    for number in 0..61 {
        last = sign_in(&town, &format!("guess{number}"), "a wrong guess").await.0;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a_session_ends_by_itself_and_with_a_new_password() {
    let town = Town::start().await;
    let boss = town.program("boss", AccountRole::Admin, None).await;
    assert_eq!(boss.get("/api/v1/account").await.0, StatusCode::OK);
    town.pass(SignedDuration::from_hours(12));
    assert_eq!(boss.get("/api/v1/account").await.0, StatusCode::UNAUTHORIZED);

    let staff = town.program("inspector", AccountRole::Staff, None).await;
    assert_eq!(staff.get("/api/v1/account").await.0, StatusCode::OK);
    set_password(&*town.store, "inspector", "another long password").await.unwrap();
    assert_eq!(staff.get("/api/v1/account").await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(sign_in(&town, "inspector", "another long password").await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_disabled_account_is_out_at_once() {
    let town = Town::start().await;
    let boss = town.program("boss", AccountRole::Admin, None).await;
    let mut account = town.store.account("boss").await.unwrap().unwrap();
    account.disabled = true;
    town.store.update_account(&account).await.unwrap();
    assert_eq!(boss.get("/api/v1/account").await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(sign_in(&town, "boss", PASSWORD).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_forged_form_changes_nothing() {
    let town = Town::start().await;
    let ticket = town.citizen(Said::default()).await;
    let browser = town.browser("water", AccountRole::Agency, Some("water_utility")).await;
    let path = format!("/tickets/{}/done", ticket.ticket_id);
    let form = [("revision", "1"), ("reason", "repaired")];
    let forged = [
        browser.form(&path, &form).header("origin", "https://evil.example"),
        browser.form(&path, &form).header("origin", &town.base).header("sec-fetch-site", "cross-site"),
        browser.form(&path, &form),
        browser.form("/sign-out", &[]).header("origin", "null"),
        browser
            .form("/sign-in", &[("login", "water"), ("password", PASSWORD)])
            .header("origin", "https://evil.example"),
    ];
    for request in forged {
        assert_eq!(request.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    }
    let api = format!("/api/v1/tickets/{}/done", ticket.ticket_id);
    let request = browser.request(Method::POST, &api).json(&json!({ "revision": 1 }));
    let (status, _) = read(request.header("origin", "https://evil.example").send().await.unwrap()).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(town.store.ticket(ticket.ticket_id).await.unwrap().unwrap().revision, 1);

    let own = browser.post(&path, &form).await;
    assert_eq!(own.status(), StatusCode::SEE_OTHER, "the site's own form works");
    assert_eq!(town.store.ticket(ticket.ticket_id).await.unwrap().unwrap().revision, 2);
}

#[tokio::test]
async fn signing_in_leads_on_to_this_site_only() {
    let town = Town::start().await;
    let browser = town.browser("boss", AccountRole::Admin, None).await;
    let stranger = crate::support::Browser { town: &town, cookie: String::new(), language: "en" };
    let asked = stranger.request(Method::GET, "/cabinet?status=done").send().await.unwrap();
    assert_eq!(asked.headers()["location"], "/sign-in?next=%2Fcabinet%3Fstatus%3Ddone");
    let form = |next: &'static str| [("login", "boss"), ("password", PASSWORD), ("next", next)];
    let own = browser.post("/sign-in", &form("/cabinet?status=done")).await;
    assert_eq!(own.headers()["location"], "/cabinet?status=done");
    assert!(!session_cookie(&own).is_empty());
    let bait = browser.post("/sign-in", &form("//evil.example/")).await;
    assert_eq!(bait.headers()["location"], "/");
}

#[tokio::test]
async fn the_first_start_makes_an_operator_and_a_phone_that_only_reads() {
    let town = Town::start().await;
    let ticket = town.citizen(Said::default()).await;
    let first = ensure_first_account(&*town.store, town.folder.path(), town.now()).await.unwrap();
    let password_file = first.password_file.clone().unwrap();
    for file in [&password_file, &first.token_file] {
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let password = std::fs::read_to_string(&password_file).unwrap();
    let (status, session) = sign_in(&town, "operator", password.trim()).await;
    assert_eq!((status, session["account"]["role"].as_str()), (StatusCode::OK, Some("admin")));

    let token = std::fs::read_to_string(&first.token_file).unwrap().trim().to_owned();
    town.pass(SignedDuration::from_hours(24 * 365));
    let phone = crate::support::Program { town: &town, token: token.clone() };
    assert_eq!(phone.get(&format!("/api/v1/tickets/{}", ticket.ticket_id)).await.0, StatusCode::OK);
    assert_eq!(phone.act(&ticket, "done", json!({ "revision": 1 })).await.0, StatusCode::FORBIDDEN);
    let contact = format!("/api/v1/tickets/{}/contact", ticket.ticket_id);
    assert_eq!(phone.get(&contact).await.0, StatusCode::FORBIDDEN);

    let second = ensure_first_account(&*town.store, town.folder.path(), town.now()).await.unwrap();
    assert_eq!(second.password_file, None);
    assert_eq!(std::fs::read_to_string(&second.token_file).unwrap().trim(), token);
}

#[tokio::test]
async fn a_lost_token_file_is_made_anew_and_the_old_token_ends() {
    let town = Town::start().await;
    let first = ensure_first_account(&*town.store, town.folder.path(), town.now()).await.unwrap();
    let old = std::fs::read_to_string(&first.token_file).unwrap().trim().to_owned();
    std::fs::remove_file(&first.token_file).unwrap();
    let again = ensure_first_account(&*town.store, town.folder.path(), town.now()).await.unwrap();
    let new = std::fs::read_to_string(&again.token_file).unwrap().trim().to_owned();
    let account =
        |token: String| async { crate::support::Program { town: &town, token }.get("/api/v1/account").await.0 };
    assert_eq!(account(old).await, StatusCode::UNAUTHORIZED);
    assert_eq!(account(new).await, StatusCode::OK);
}
