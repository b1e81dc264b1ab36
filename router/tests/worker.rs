//! From the bus to the cabinet and back to the bus: what is delivered twice, what cannot be read, what must wait, and what
//! happens when a process dies at the worst moment.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod common;

use async_trait::async_trait;
use common::bus::MemoryBus;
use common::{after, clocks, intake, intake_id, morning, number, reading, transcribed};
use dauys_bus::{Bus, Delivery, Message};
use dauys_config::city::City;
use dauys_events::{
    Actor, AgencyNotice, CallEvent, CallId, CallStarted, Contact, Danger, DeadLetter, Envelope, Event, Language,
    Outcome, Priority, RequestKind, Ticket, TicketStatus, Topic, Transcribed,
};
use dauys_router::clock::Clock;
use dauys_router::notify::{NobodyCarries, Notifications};
use dauys_router::outbox::Relay;
use dauys_router::store::{NotificationState, SpokenContact, SqliteStore, Store};
use dauys_router::worker::{
    Backoff, Calls, CityReader, Consumer, Handle, Reader, Router, Setback, Transcripts, Understood, terms_of,
};
use dauys_tickets::{Action, Reading, apply};
use jiff::Timestamp;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

static CITY: LazyLock<Arc<City>> = LazyLock::new(|| Arc::new(City::embedded("shymkent").unwrap()));
static READER: LazyLock<Arc<CityReader>> = LazyLock::new(|| Arc::new(CityReader::new(Arc::clone(&CITY))));

struct World {
    bus: MemoryBus,
    store: Arc<dyn Store>,
    now: Arc<Mutex<Timestamp>>,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(&folder.path().join("tickets.db")).await.unwrap());
        Self { bus: MemoryBus::default(), store, now: Arc::new(Mutex::new(after(33))), _folder: folder }
    }

    fn clock(&self) -> Clock {
        let now = Arc::clone(&self.now);
        Arc::new(move || *now.lock().unwrap())
    }

    fn set_clock(&self, seconds: i64) {
        *self.now.lock().unwrap() = after(seconds);
    }

    fn relay(&self, holder: u128) -> Relay {
        Relay::new(Arc::new(self.bus.clone()), Arc::clone(&self.store), self.clock(), Uuid::from_u128(holder))
    }

    fn consumer(&self, group: &'static str, topic: Topic) -> Consumer {
        let backoff = Backoff::new(Duration::from_millis(1), Duration::from_millis(5));
        Consumer { bus: Arc::new(self.bus.clone()), clock: self.clock(), group, topic, backoff }
    }

    /// Runs a consumer until its group has committed everything that the topic holds.
    async fn consume(&self, group: &'static str, topic: Topic, handler: &dyn Handle) {
        let stop = CancellationToken::new();
        let (consumer, messages) = (self.consumer(group, topic), self.bus.on(topic).len());
        tokio::select! {
            () = consumer.run(handler, &stop) => {}
            () = self.bus.until_committed(group, topic, messages) => {}
        }
    }

    fn transcripts(&self, reader: Arc<dyn Reader>) -> Transcripts {
        Transcripts { store: Arc::clone(&self.store), reader, clocks: clocks(), clock: self.clock() }
    }

    async fn publish<T: Event>(&self, event: T) {
        self.bus.publish(vec![Message::of(morning(), event).unwrap()]).await.unwrap();
    }

    async fn ticket(&self, n: u32) -> Ticket {
        let mut tickets = self.store.tickets_by_number(number(n)).await.unwrap();
        assert_eq!(tickets.len(), 1);
        tickets.remove(0)
    }
}

/// Takes everything for a lack of water.
struct AlwaysWater;

impl Reader for AlwaysWater {
    fn read(&self, _: &Transcribed) -> Understood {
        Understood { issues: vec![reading("water_utility", "water")], spoken: SpokenContact::default() }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_citizen_said_lies_in_the_right_cabinet_and_its_agency_is_told() {
    let world = World::new().await;
    let traceparent = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());
    let said = transcribed(1, morning(), "нет крышки на люке возле школы");
    let message = Message { traceparent: traceparent.clone(), ..Message::of(morning(), said).unwrap() };
    world.bus.publish(vec![message]).await.unwrap();

    let bus: Arc<dyn Bus> = Arc::new(world.bus.clone());
    let notifier = Arc::new(NobodyCarries);
    let store = Arc::clone(&world.store);
    let router = Router::new(bus, store, &CITY, notifier, world.clock(), Uuid::from_u128(1)).unwrap();
    let stop = CancellationToken::new();
    let running = tokio::spawn(router.run(stop.clone()));
    let notices = world.bus.until(Topic::Agencies, 1).await;
    let changes = world.bus.until(Topic::Tickets, 1).await;
    stop.cancel();
    running.await.unwrap();

    let ticket = world.ticket(1).await;
    assert_eq!((ticket.category.as_str(), ticket.status), ("manhole", TicketStatus::Assigned), "{:?}", ticket.why);
    assert_eq!((ticket.danger, ticket.priority), (Danger::Urgent, Priority::Urgent));
    assert_eq!(ticket.opened_at, after(33));
    assert_eq!(ticket.due_at, after(30 + 5 * 3_600));
    let notice = Envelope::<AgencyNotice>::decode(&notices[0].payload).unwrap().data;
    assert_eq!((&notice.agency, &notice.ticket), (&ticket.agency, &ticket));
    assert_eq!((notices[0].key.as_str(), &notices[0].traceparent), (ticket.agency.0.as_str(), &traceparent));
    assert_eq!(changes[0].key, ticket.ticket_id.to_string());
}

#[test]
fn what_nobody_can_be_sure_of_goes_to_the_inspector_with_a_reason() {
    let review = |transcribed: &Transcribed, because: &str| {
        let reading = READER.read(transcribed).issues.remove(0);
        assert!(reading.review, "{because}: {reading:?}");
        assert_eq!((reading.agency.0.as_str(), reading.category.as_str()), ("inspectorate", "unclear"));
        assert!(reading.why.iter().any(|sentence| sentence.contains(because)), "{because}: {:?}", reading.why);
        assert_eq!(reading.terms, terms_of(&CITY, "unclear").0);
        reading
    };
    let outcomes = [
        (Outcome::NoSpeech, "no speech"),
        (Outcome::Unsure, "cannot be relied on"),
        (Outcome::Undecodable, "cannot be decoded"),
        (Outcome::Unavailable, "could not be had"),
        (Outcome::Other, "does not know"),
    ];
    for (outcome, because) in outcomes {
        let mut empty = transcribed(1, morning(), "");
        empty.outcome = outcome;
        empty.reason = Some("as the engine said".into());
        assert!(review(&empty, because).why.contains(&"as the engine said".to_owned()));
        let mut words = transcribed(1, morning(), "нет крышки на люке возле школы");
        words.outcome = outcome;
        let suggested = review(&words, because);
        assert_eq!(suggested.alternatives[0].code, "manhole", "what the model made of it is kept");
        assert_eq!(suggested.danger, Danger::Urgent, "danger still sets the order of work");
    }
    review(&transcribed(1, morning(), "  "), "no words");
    review(&transcribed(1, morning(), "алло"), "a person decides");
    let mut foreign = transcribed(1, morning(), "qwrt zzxv ppkq");
    foreign.language = None;
    review(&foreign, "a person decides");
}

#[test]
fn written_words_are_read_like_spoken_ones() {
    let mut written = transcribed(1, morning(), "");
    written.segments.clear();
    written.outcome = Outcome::Text;
    written.recorded.text = Some("нет крышки на люке возле школы".into());
    let reading = READER.read(&written).issues.remove(0);
    assert_eq!((reading.category.as_str(), reading.review, reading.kind), ("manhole", false, RequestKind::Request));
}

#[tokio::test]
async fn a_transcript_delivered_again_opens_nothing_more() {
    let world = World::new().await;
    for _ in 0..3 {
        world.publish(transcribed(1, morning(), "no water")).await;
    }
    world.consume("router", Topic::Transcripts, &world.transcripts(Arc::new(AlwaysWater))).await;
    assert_eq!(world.ticket(1).await.revision, 1);
    assert_eq!(world.store.outbox(10).await.unwrap().len(), 2);
    assert_eq!(world.bus.on(Topic::Dead), []);
}

#[tokio::test]
async fn what_cannot_be_read_is_set_aside_and_holds_nobody_up() {
    let world = World::new().await;
    let broken = |payload: &[u8]| Message {
        topic: Topic::Transcripts,
        key: "k".into(),
        payload: payload.to_vec().into(),
        traceparent: None,
    };
    let mut wrong =
        String::from_utf8(Message::of(morning(), transcribed(2, morning(), "x")).unwrap().payload.into()).unwrap();
    wrong = wrong.replace("\"outcome\":\"words\"", "\"outcome\":{\"+77000000002\":1}");
    world.bus.publish(vec![broken(b"\xff\xfe"), broken(wrong.as_bytes())]).await.unwrap();
    world.publish(transcribed(1, morning(), "no water")).await;
    world.consume("router", Topic::Transcripts, &world.transcripts(Arc::new(AlwaysWater))).await;

    assert_eq!(world.ticket(1).await.agency.0, "water_utility");
    let letters: Vec<DeadLetter> = world
        .bus
        .on(Topic::Dead)
        .iter()
        .map(|message| Envelope::<DeadLetter>::decode(&message.payload).unwrap().data)
        .collect();
    assert_eq!(letters.len(), 2);
    assert_eq!((letters[0].topic.as_str(), letters[0].key.as_str()), ("dauys.transcripts", "k"));
    assert_eq!((letters[0].stage.as_str(), letters[0].payload.as_str()), ("router", "//4="));
    assert_eq!(letters[1].payload, wrong, "the original can be replayed");
    assert!(letters[1].reason.contains("not an event of this shape"), "{}", letters[1].reason);
    assert!(!letters[1].reason.contains("7700"), "{}", letters[1].reason);
}

/// Fails twice at each message, as a database that is away, and keeps what it was given.
#[derive(Default)]
struct Stubborn {
    seen: Mutex<Vec<i64>>,
}

#[async_trait]
impl Handle for Stubborn {
    fn stage(&self) -> &'static str {
        "test"
    }

    async fn handle(&self, delivery: &Delivery) -> Result<(), Setback> {
        let mut seen = self.seen.lock().unwrap();
        seen.push(delivery.offset);
        let attempts = seen.iter().filter(|offset| **offset == delivery.offset).count();
        if attempts < 3 { Err(Setback::Later("away".into())) } else { Ok(()) }
    }
}

#[tokio::test]
async fn what_may_work_later_is_tried_again_in_its_order() {
    let world = World::new().await;
    for n in 1..=2 {
        world.publish(transcribed(n, morning(), "no water")).await;
    }
    let stubborn = Stubborn::default();
    world.consume("test", Topic::Transcripts, &stubborn).await;
    assert_eq!(*stubborn.seen.lock().unwrap(), [0, 0, 0, 1, 1, 1]);
    assert_eq!(world.bus.on(Topic::Dead), []);
}

#[tokio::test]
async fn the_outbox_waits_for_the_bus_and_keeps_its_order() {
    let world = World::new().await;
    for n in 1..=3 {
        world.store.open_intake(&intake(n)).await.unwrap();
    }
    let mut relay = world.relay(1);
    world.bus.set_away(true);
    assert!(relay.drain().await.is_err());
    assert_eq!(world.store.outbox_backlog().await.unwrap().pending, 6);
    world.bus.set_away(false);
    assert_eq!(relay.drain().await.unwrap(), 6);
    assert_eq!(relay.drain().await.unwrap(), 0);
    let keys: Vec<String> = world.bus.on(Topic::Tickets).into_iter().map(|message| message.key).collect();
    assert_eq!(keys, (1..=3).map(|n| intake(n).tickets[0].ticket().ticket_id.to_string()).collect::<Vec<_>>());
    assert_eq!(world.bus.on(Topic::Agencies).len(), 3);
}

#[tokio::test]
async fn who_dies_between_publishing_and_marking_publishes_the_same_again() {
    let world = World::new().await;
    world.store.open_intake(&intake(1)).await.unwrap();
    world.bus.set_hangs(true);
    let mut first = world.relay(1);
    tokio::select! {
        _ = first.drain() => panic!("the bus never answers"),
        () = world.bus.hung.notified() => {}
    }
    drop(first);
    world.bus.set_hangs(false);
    assert_eq!(world.bus.on(Topic::Tickets).len(), 1);

    let mut second = world.relay(2);
    assert_eq!(second.drain().await.unwrap(), 0, "the first still has the right to publish");
    world.set_clock(33 + 11);
    assert_eq!(second.drain().await.unwrap(), 2);
    let published = world.bus.on(Topic::Tickets);
    assert_eq!(published.len(), 2);
    assert_eq!(published[0], published[1], "the same ids, so that whoever reads it knows it again");
    assert_eq!(world.store.outbox_backlog().await.unwrap().pending, 0);
}

#[tokio::test]
async fn a_clean_stop_publishes_what_is_there_and_hands_over_at_once() {
    let world = World::new().await;
    world.store.open_intake(&intake(1)).await.unwrap();
    let stop = CancellationToken::new();
    stop.cancel();
    world.relay(1).run(stop).await;
    assert_eq!(world.bus.on(Topic::Tickets).len(), 1);
    world.store.open_intake(&intake(2)).await.unwrap();
    world.set_clock(34);
    assert_eq!(world.relay(2).drain().await.unwrap(), 2);
}

#[tokio::test]
async fn calls_reach_the_figures() {
    let world = World::new().await;
    let call_id = CallId(intake_id(1).0);
    let (invited_at, answered_at) = (after(0), after(1));
    let started = CallStarted { call_id, node: 10, invited_at, answered_at, codec: "PCMA".into() };
    world.publish(CallEvent::Started(started)).await;
    world.consume("figures", Topic::Calls, &Calls { store: Arc::clone(&world.store) }).await;
    assert_eq!(world.store.call_figures(morning(), after(10)).await.unwrap().now, 1);
}

async fn done(world: &World, n: u32, contact: Contact, language: Option<Language>) -> Ticket {
    let mut said = transcribed(n, morning(), "no water");
    said.recorded.contact = contact;
    let intake = common::intake_of(&said, Reading { language, ..reading("water_utility", "water") }, 3);
    world.store.open_intake(&intake).await.unwrap();
    let staff = Actor::Account { login: "inspector".into(), agency: None };
    let change = apply(intake.tickets[0].ticket(), &Action::Done, &staff, None, &clocks(), after(600)).unwrap();
    world.store.apply_change(&change).await.unwrap();
    change.ticket().clone()
}

#[tokio::test]
async fn the_citizen_is_asked_whether_it_is_done_and_staff_see_that_nobody_carried_it() {
    let world = World::new().await;
    let reachable = Contact { number: Some("+77000000001".into()), name: None };
    let russian = done(&world, 1, reachable.clone(), Some(Language::Ru)).await;
    let unknown = done(&world, 2, reachable, None).await;
    let anonymous = done(&world, 3, Contact::default(), Some(Language::Ru)).await;
    world.relay(1).drain().await.unwrap();
    // At least once: everything comes again.
    world.bus.publish(world.bus.on(Topic::Tickets)).await.unwrap();
    let notifications = Notifications {
        store: Arc::clone(&world.store),
        notifier: Arc::new(NobodyCarries),
        clock: world.clock(),
        language: Language::Kk,
    };
    world.consume("notify", Topic::Tickets, &notifications).await;
    notifications.send_pending().await.unwrap();

    let of = async |ticket: &Ticket| world.store.notifications(ticket.ticket_id).await.unwrap();
    let asked = of(&russian).await;
    assert_eq!(asked.len(), 1);
    assert_eq!(
        asked[0].content.text,
        format!("109: по обращению {} сообщают, что всё сделано. Проблема решена?", number(1))
    );
    assert_eq!((asked[0].content.revision, asked[0].state), (2, NotificationState::Held));
    assert_eq!(of(&unknown).await[0].content.language, Language::Kk);
    assert_eq!(of(&anonymous).await, []);
    assert_eq!(world.store.pending_notifications(10).await.unwrap(), []);
}
