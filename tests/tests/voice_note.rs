//! A WhatsApp voice note becomes a ticket by the same way as a call, and the citizen reads the number.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step is a failed test")]

mod support;

use dauys_tests::dauys::Dauys;
use dauys_tests::whatsapp_stub::{ACCESS_TOKEN, APP_SECRET, PHONE_ID, Stub, messages_body, statuses_body, text};
use support::tickets;
use tempfile::TempDir;

const CITIZEN: &str = "77000000003";
const VERIFY: &str = "test-verify-token";

async fn start(stub: &Stub, data: &TempDir) -> Dauys {
    let api = stub.api();
    let settings = [
        ("DAUYS__WHATSAPP__ENABLED", "true"),
        ("DAUYS__WHATSAPP__API", api.as_str()),
        ("DAUYS__WHATSAPP__PHONE_ID", PHONE_ID),
        ("DAUYS__WHATSAPP__ACCESS_TOKEN", "{ env = \"WA_ACCESS\" }"),
        ("DAUYS__WHATSAPP__APP_SECRET", "{ env = \"WA_SECRET\" }"),
        ("DAUYS__WHATSAPP__VERIFY_TOKEN", "{ env = \"WA_VERIFY\" }"),
        ("WA_ACCESS", ACCESS_TOKEN),
        ("WA_SECRET", APP_SECRET),
        ("WA_VERIFY", VERIFY),
    ];
    Dauys::start(data.path(), &settings).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voice_note_delivered_many_times_is_one_ticket_and_one_reply_with_its_number() {
    let data = TempDir::new().unwrap();
    let stub = Stub::start(reqwest::Client::builder().build().unwrap()).await.unwrap();
    let dauys = start(&stub, &data).await;
    let webhook = format!("{}/webhooks/whatsapp", dauys.api);
    let challenge = format!("{webhook}?hub.mode=subscribe&hub.verify_token={VERIFY}&hub.challenge=1158201444");
    assert_eq!(reqwest::get(&challenge).await.unwrap().text().await.unwrap(), "1158201444");
    let wrong = challenge.replace(VERIFY, "guess");
    assert!(reqwest::get(&wrong).await.unwrap().status().is_client_error());
    let note = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/samples/kk-water.ogg")).unwrap();
    stub.put("media-1", "audio/ogg; codecs=opus", &note);
    stub.expire_urls(1);
    let body = messages_body(&[stub.voice_note("wamid.NOTE1", CITIZEN, "media-1")]);
    assert!(stub.deliver(&webhook, &body, 5).await.iter().all(|status| *status == 200));
    let ticket = dauys.ticket_of("wamid.NOTE1").await.unwrap();
    assert_eq!((ticket.category.as_str(), ticket.agency.as_str()), ("water", "water_utility"), "{ticket:?}");
    stub.until(|stub| !stub.sent().is_empty()).await.unwrap();
    // Once more, after everything was done, and with statuses in between.
    stub.deliver(&webhook, &statuses_body("wamid.REPLY", CITIZEN), 2).await;
    assert_eq!(stub.deliver(&webhook, &body, 2).await, [200, 200]);
    assert_eq!(tickets(&dauys).await.len(), 1);
    let sent = stub.sent();
    assert_eq!((sent.len(), sent[0].to.as_str()), (1, CITIZEN));
    assert!(sent[0].body.contains(&ticket.registration_number), "{sent:?}");
    let unsigned = dauys.http.post(&webhook).body(body).send().await.unwrap();
    assert!(unsigned.status().is_client_error(), "an unsigned delivery was taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_note_and_a_text_reach_a_person_or_an_agency() {
    let data = TempDir::new().unwrap();
    let stub = Stub::start(reqwest::Client::builder().build().unwrap()).await.unwrap();
    let dauys = start(&stub, &data).await;
    let webhook = format!("{}/webhooks/whatsapp", dauys.api);
    stub.put("media-2", "audio/ogg; codecs=opus", b"OggS this is no Ogg file at all");
    let messages = [
        stub.voice_note("wamid.BROKEN", CITIZEN, "media-2"),
        text("wamid.TEXT", CITIZEN, "На улице Рыскулова нет света"),
    ];
    assert_eq!(stub.deliver(&webhook, &messages_body(&messages), 1).await, [200]);
    let broken = dauys.ticket_of("wamid.BROKEN").await.unwrap();
    assert_eq!((broken.agency.as_str(), broken.transcript.as_str()), ("inspectorate", ""));
    let written = dauys.ticket_of("wamid.TEXT").await.unwrap();
    assert_eq!((written.category.as_str(), written.agency.as_str()), ("electricity", "power_grid"), "{written:?}");
    stub.until(|stub| stub.sent().len() == 2).await.unwrap();
}
