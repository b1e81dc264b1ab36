//! The WhatsApp messenger against a stub of the Cloud API: from the webhook to the registered intake and the answer.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that fails says where")]

use std::sync::Arc;
use std::time::Duration;

use dauys_events::{Channel, Language, Recorded, RecordingEnd};
use dauys_gateway::intake::SpooledEvent;
use dauys_gateway::messengers::whatsapp::{Access, Pace, Parts, Whatsapp};
use dauys_gateway::recording::{Media, Settings, Store};
use dauys_gateway::spool::numbers::Numbers;
use ogg::{PacketWriteEndInfo, PacketWriter};
use tokio_util::sync::CancellationToken;

#[path = "../../../tests/src/whatsapp_stub.rs"]
mod stub;

use stub::{Stub, messages_body, statuses_body, text};

const VERIFY_TOKEN: &str = "test-verify-token";
const CITIZEN: &str = "77000000001";

/// The gateway's side, over a folder that outlives it.
struct Gateway {
    store: Store,
    whatsapp: Whatsapp,
    webhook: String,
    stop: CancellationToken,
    worker: tokio::task::JoinHandle<()>,
    server: tokio::task::JoinHandle<()>,
}

impl Gateway {
    async fn start(folder: &std::path::Path, stub: &Stub, pace: Pace) -> Self {
        let recording = Settings { reserve_bytes: 0, busy_flush: Duration::from_millis(1), ..Settings::default() };
        let (store, _) = Store::open(&folder.join("recording"), recording, |_| b"{}".to_vec()).unwrap();
        let parts = Parts {
            access: Access {
                api: stub.api(),
                phone_id: stub::PHONE_ID.to_owned(),
                access_token: stub::ACCESS_TOKEN.to_owned(),
                app_secret: stub::APP_SECRET.to_owned(),
                verify_token: VERIFY_TOKEN.to_owned(),
            },
            pace,
            http: http(),
            store: store.clone(),
            numbers: Arc::new(Numbers::open(&folder.join("numbers"), 7).unwrap()),
        };
        let whatsapp = Whatsapp::open(folder, parts).await.unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let webhook = format!("http://{}/webhooks/whatsapp", listener.local_addr().unwrap());
        let router = whatsapp.routes();
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let stop = CancellationToken::new();
        let worker = tokio::spawn(whatsapp.run(stop.clone()));
        Self { store, whatsapp, webhook, stop, worker, server }
    }

    async fn stop(self) {
        self.stop.cancel();
        self.worker.await.unwrap();
        self.server.abort();
        let _ = self.server.await;
    }

    /// The intakes that await their hand-over.
    fn intakes(&self) -> Vec<(Recorded, Vec<u8>)> {
        std::iter::from_fn(|| self.store.next_ready())
            .map(|intake| {
                let read = self.store.read(intake).unwrap();
                let Media::Blob { bytes, .. } = read.media else { panic!("a messenger's intake is a blob") };
                match serde_json::from_slice(&read.tail.unwrap()).unwrap() {
                    SpooledEvent::Intake(recorded) => (*recorded, bytes),
                    SpooledEvent::Nothing => panic!("an intake was put in"),
                }
            })
            .collect()
    }
}

#[expect(clippy::disallowed_methods, reason = "each test is a process of its own")]
fn http() -> reqwest::Client {
    reqwest::Client::new()
}

fn quick() -> Pace {
    Pace { first_wait: Duration::from_millis(2), longest_wait: Duration::from_millis(20), ..Pace::default() }
}

/// A second of Opus silence in Ogg, as a telephone would send it.
fn note() -> Vec<u8> {
    let mut file = Vec::new();
    let mut writer = PacketWriter::new(&mut file);
    let head = b"OpusHead\x01\x01\x38\x01\x80\x3e\0\0\0\0\0".to_vec();
    writer.write_packet(head, 1, PacketWriteEndInfo::EndPage, 0).unwrap();
    writer.write_packet(b"OpusTags\0\0\0\0\0\0\0\0".to_vec(), 1, PacketWriteEndInfo::EndPage, 0).unwrap();
    for frame in 1..=50u64 {
        let end = if frame == 50 { PacketWriteEndInfo::EndStream } else { PacketWriteEndInfo::NormalPacket };
        writer.write_packet(vec![0xF8, 0xFF, 0xFE], 1, end, 312 + frame * 960).unwrap();
    }
    file
}

const OGG: &str = "audio/ogg; codecs=opus";

#[tokio::test]
async fn a_voice_note_is_registered_once_however_often_it_is_delivered() {
    let folder = tempfile::tempdir().unwrap();
    let stub = Stub::start(http()).await.unwrap();
    let gateway = Gateway::start(folder.path(), &stub, quick()).await;
    stub.put("note1", OGG, &note());
    let body = messages_body(&[stub.voice_note("wamid.1", CITIZEN, "note1")]);
    assert_eq!(stub.deliver(&gateway.webhook, &body, 12).await, [200; 12]);
    stub.until(|stub| !stub.sent().is_empty()).await.expect("an answer");
    assert_eq!(stub.deliver(&gateway.webhook, &body, 3).await, [200; 3], "and again after all is done");
    assert_eq!(stub.deliver(&gateway.webhook, &statuses_body("wamid.reply-1", CITIZEN), 2).await, [200; 2]);
    // A later message is answered after everything before it.
    let later = messages_body(&[text("wamid.2", CITIZEN, "Ауламызда су жоқ")]);
    stub.deliver(&gateway.webhook, &later, 1).await;
    stub.until(|stub| stub.sent().iter().any(|sent| sent.answers == "wamid.2")).await.expect("the second answer");

    let intakes = gateway.intakes();
    assert_eq!(intakes.len(), 2, "one note and one text");
    let (recorded, bytes) = &intakes[0];
    assert_eq!(bytes, &note());
    assert_eq!((recorded.channel, recorded.end, recorded.duration_ms), (Channel::Whatsapp, RecordingEnd::Note, 1_000));
    assert_eq!(recorded.contact.number.as_deref(), Some("+77000000001"));
    assert_eq!(recorded.contact.name.as_deref(), Some("Test Caller"));
    assert_eq!(recorded.external_id.as_deref(), Some("wamid.1"));
    let (written, nothing) = &intakes[1];
    assert_eq!((written.text.as_deref(), nothing.len()), (Some("Ауламызда су жоқ"), 0));
    assert_eq!(written.language_hint, Some(Language::Kk));

    let sent = stub.sent();
    assert_eq!(sent.len(), 2);
    assert_eq!((sent[0].to.as_str(), sent[0].answers.as_str()), (CITIZEN, "wamid.1"));
    assert!(sent[0].body.contains(&recorded.registration_number.to_string()), "{}", sent[0].body);
    assert!(sent[0].body.contains("тіркелді") && sent[0].body.contains("зарегистрировано"), "{}", sent[0].body);
    assert!(sent[1].body.contains("тіркелді") && !sent[1].body.contains("зарегистрировано"), "{}", sent[1].body);
    gateway.stop().await;
}

#[tokio::test]
async fn what_is_not_signed_or_too_large_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let stub = Stub::start(http()).await.unwrap();
    let gateway = Gateway::start(folder.path(), &stub, quick()).await;
    let body = messages_body(&[text("wamid.1", CITIZEN, "су")]);
    let post = |signature: String, body: Vec<u8>| {
        let request = http().post(&gateway.webhook).header("x-hub-signature-256", signature).body(body);
        async move { request.send().await.unwrap().status().as_u16() }
    };
    assert_eq!(post(String::new(), body.clone()).await, 401);
    assert_eq!(post(stub::sign(b"another body"), body.clone()).await, 401);
    assert_eq!(post(stub::sign(b"{"), b"{".to_vec()).await, 400);
    let large = vec![b' '; 1024 * 1024 + 1];
    assert_eq!(post(stub::sign(&large), large).await, 413);

    let get = |query: &str| {
        let request = http().get(format!("{}?{query}", gateway.webhook));
        async move {
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        }
    };
    let right = format!("hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={VERIFY_TOKEN}");
    assert_eq!(get(&right).await, (200, "1158201444".to_owned()));
    assert_eq!(get("hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=wrong").await.0, 403);
    assert_eq!(get("").await.0, 403);
    assert_eq!(gateway.whatsapp.waiting().await.unwrap(), 0);
    gateway.stop().await;
}

#[tokio::test]
async fn expired_urls_breakdowns_limits_and_tokens_delay_but_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let stub = Stub::start(http()).await.unwrap();
    let gateway = Gateway::start(folder.path(), &stub, quick()).await;
    stub.put("note1", OGG, &note());
    stub.expire_urls(2);
    stub.break_down(3);
    stub.refuse_send(400, 130_429);
    stub.refuse_send(500, 131_016);
    let body = messages_body(&[stub.voice_note("wamid.1", CITIZEN, "note1")]);
    stub.deliver(&gateway.webhook, &body, 1).await;
    stub.until(|stub| stub.sent().len() == 1).await.expect("an answer in the end");
    assert_eq!(stub.refused(), 7, "each obstacle was met once");

    stub.expire_token(true);
    stub.put("note2", OGG, &note());
    let before = stub.refused();
    stub.deliver(&gateway.webhook, &messages_body(&[stub.voice_note("wamid.2", CITIZEN, "note2")]), 1).await;
    stub.until(|stub| stub.refused() > before + 2).await.expect("it is tried again and again");
    stub.expire_token(false);
    stub.until(|stub| stub.sent().len() == 2).await.expect("an answer once an operator renewed the token");
    let intakes = gateway.intakes();
    assert!(intakes.iter().all(|(recorded, bytes)| recorded.end == RecordingEnd::Note && *bytes == note()));
    assert_eq!(intakes.len(), 2);
    gateway.stop().await;
}

#[tokio::test]
async fn a_note_that_cannot_be_had_becomes_an_intake_for_a_person() {
    let folder = tempfile::tempdir().unwrap();
    let stub = Stub::start(http()).await.unwrap();
    let gateway = Gateway::start(folder.path(), &stub, quick()).await;
    for media_id in ["lied", "large", "film"] {
        stub.put(media_id, if media_id == "film" { "video/mp4" } else { OGG }, &note());
    }
    stub.lie_about_sha256("lied");
    stub.claim_size("large", 17 * 1024 * 1024);
    let cases = ["lied", "large", "film", "missing"];
    let notes: Vec<_> = cases.iter().map(|id| stub.voice_note(&format!("wamid.{id}"), CITIZEN, id)).collect();
    assert_eq!(stub.deliver(&gateway.webhook, &messages_body(&notes), 1).await, [200]);
    stub.until(|stub| stub.sent().len() == cases.len()).await.expect("every citizen is answered");
    let intakes = gateway.intakes();
    assert_eq!(intakes.len(), cases.len());
    for (recorded, bytes) in intakes {
        assert_eq!((recorded.end, bytes.len()), (RecordingEnd::Unavailable, 0));
        let number = recorded.registration_number.to_string();
        let sent = stub.sent();
        let answer = sent.iter().find(|sent| recorded.external_id.as_deref() == Some(&sent.answers)).unwrap();
        assert!(answer.body.contains(&number) && answer.body.contains("ещё раз"), "{}", answer.body);
    }
    gateway.stop().await;
}

#[tokio::test]
async fn answers_that_cannot_be_given_end_and_pictures_are_answered_politely() {
    let folder = tempfile::tempdir().unwrap();
    let stub = Stub::start(http()).await.unwrap();
    let gateway = Gateway::start(folder.path(), &stub, quick()).await;
    for (number, code) in [(1, 131_047), (2, 131_026), (3, 100)] {
        stub.refuse_send(400, code);
        let body = messages_body(&[text(&format!("wamid.{number}"), CITIZEN, "Нет воды")]);
        stub.deliver(&gateway.webhook, &body, 1).await;
        stub.until(|stub| stub.refused() == number).await.expect("it was tried");
    }
    let picture =
        serde_json::json!({ "from": CITIZEN, "id": "wamid.4", "timestamp": "5", "type": "image", "image": {} });
    let reaction = serde_json::json!({ "from": CITIZEN, "id": "wamid.5", "type": "reaction", "reaction": {} });
    stub.deliver(&gateway.webhook, &messages_body(&[picture, reaction]), 1).await;
    stub.until(|stub| stub.sent().len() == 1).await.expect("an answer to the picture");
    assert!(stub.sent()[0].body.contains("109"));
    assert_eq!(gateway.intakes().len(), 3, "the texts are registered whether or not the answer gets there");
    assert_eq!(stub.refused(), 3, "what is refused for good is not tried again");
    gateway.stop().await;
}

#[tokio::test]
async fn a_restart_takes_up_what_was_left_with_the_same_number() {
    let folder = tempfile::tempdir().unwrap();
    let stub = Stub::start(http()).await.unwrap();
    let slow = Pace { first_wait: Duration::from_secs(600), longest_wait: Duration::from_secs(600), ..Pace::default() };
    let gateway = Gateway::start(folder.path(), &stub, slow.clone()).await;
    stub.put("note1", OGG, &note());
    stub.refuse_send(500, 131_016);
    stub.deliver(&gateway.webhook, &messages_body(&[stub.voice_note("wamid.1", CITIZEN, "note1")]), 1).await;
    stub.until(|stub| stub.refused() == 1).await.expect("the answer failed");
    let number = gateway.intakes()[0].0.registration_number;
    gateway.stop().await;

    let gateway = Gateway::start(folder.path(), &stub, slow).await;
    stub.until(|stub| stub.sent().len() == 1).await.expect("the answer after the restart");
    assert!(stub.sent()[0].body.contains(&number.to_string()));
    let intakes = gateway.intakes();
    assert_eq!(intakes.len(), 1, "the note was not fetched again");
    assert_eq!(intakes[0].0.registration_number, number);
    gateway.stop().await;
}
