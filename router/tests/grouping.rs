//! From transcripts to incidents: deliveries that repeat, processes that die and take over, several issues in one call.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod common;

use common::bus::MemoryBus;
use common::{after, clocks, morning, number, reading, transcribed};
use dauys_bus::{Bus, Delivery, Message};
use dauys_config::city::City;
use dauys_events::{Envelope, IncidentChanged, IncidentStatus, Ticket, Topic, Transcribed};
use dauys_router::clock::Clock;
use dauys_router::incidents::Grouper;
use dauys_router::outbox::Relay;
use dauys_router::store::{IncidentAction, IncidentEdit, IncidentFilter, SpokenContact, SqliteStore, Store};
use dauys_router::worker::{Handle, Reader, Transcripts, Understood};
use dauys_tickets::Reading;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use uuid::Uuid;

static CITY: LazyLock<Arc<City>> = LazyLock::new(|| Arc::new(City::embedded("shymkent").unwrap()));

struct World {
    store: Arc<dyn Store>,
    seconds: Arc<AtomicI64>,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(&folder.path().join("tickets.db")).await.unwrap());
        Self { store, seconds: Arc::new(AtomicI64::new(100)), _folder: folder }
    }

    fn clock(&self) -> Clock {
        let seconds = Arc::clone(&self.seconds);
        Arc::new(move || after(seconds.load(Ordering::SeqCst)))
    }

    fn grouper(&self, process: u128) -> Grouper {
        Grouper::new(Arc::clone(&self.store), Arc::clone(&CITY), self.clock(), Uuid::from_u128(process))
    }

    async fn deliver(&self, reader: Arc<dyn Reader>, said: Transcribed) {
        let transcripts = Transcripts { store: Arc::clone(&self.store), reader, clocks: clocks(), clock: self.clock() };
        let message = Message::of(morning(), said).unwrap();
        transcripts.handle(&Delivery { message, partition: 0, offset: 0 }).await.unwrap();
    }

    async fn incidents(&self) -> Vec<dauys_events::Incident> {
        self.store.incidents(&IncidentFilter::default(), 10).await.unwrap()
    }
}

async fn settle(grouper: &mut Grouper) -> usize {
    let mut decided = 0;
    loop {
        match grouper.step().await.unwrap() {
            0 => return decided,
            more => decided += more,
        }
    }
}

/// Takes everything for a power cut in one microdistrict.
struct Dark;

impl Reader for Dark {
    fn read(&self, _: &Transcribed) -> Understood {
        Understood { issues: vec![reading("power", "electricity")], spoken: SpokenContact::default() }
    }
}

/// Hears three things in every call.
struct Three;

impl Reader for Three {
    fn read(&self, _: &Transcribed) -> Understood {
        let issues = ["manhole", "electricity", "rubbish"].map(|category| reading("agency", category));
        let number = Some("+77000000099".into());
        Understood { issues: issues.into(), spoken: SpokenContact { number, ..Default::default() } }
    }
}

#[tokio::test]
async fn fifteen_calls_delivered_again_and_again_are_one_incident_with_fifteen_reporters() {
    let world = World::new().await;
    let mut grouper = world.grouper(1);
    for n in 1..=15 {
        for _ in 0..3 {
            world.deliver(Arc::new(Dark), transcribed(n, after(i64::from(n) * 4), "нет света")).await;
        }
        settle(&mut grouper).await;
    }
    let incidents = world.incidents().await;
    assert_eq!(incidents.len(), 1);
    let incident = &incidents[0];
    assert_eq!((incident.tickets, incident.reporters, incident.unit.as_deref()), (15, 15, Some("nursat")));
    let numbers: std::collections::BTreeSet<_> = world
        .store
        .incident_members(incident.incident_id, None, 50)
        .await
        .unwrap()
        .into_iter()
        .map(|member| member.ticket.registration_number)
        .collect();
    assert_eq!(numbers.len(), 15, "each citizen keeps the own number");

    let bus = MemoryBus::default();
    let published: Arc<dyn Bus> = Arc::new(bus.clone());
    Relay::new(published, Arc::clone(&world.store), world.clock(), Uuid::from_u128(9)).drain().await.unwrap();
    let told = bus.on(Topic::Incidents);
    let last = Envelope::<IncidentChanged>::decode(&told.last().unwrap().payload).unwrap().data;
    assert_eq!(&last.incident, incident);
    let revisions: Vec<u32> = told
        .iter()
        .map(|message| Envelope::<IncidentChanged>::decode(&message.payload).unwrap().data.incident.revision)
        .collect();
    assert_eq!(revisions, (1..=incident.revision).collect::<Vec<_>>(), "in order, none twice");
}

#[tokio::test]
async fn another_process_takes_over_where_one_died() {
    let world = World::new().await;
    let mut first = world.grouper(1);
    for n in 1..=5 {
        world.deliver(Arc::new(Dark), transcribed(n, after(i64::from(n)), "нет света")).await;
    }
    settle(&mut first).await;
    drop(first);
    let mut second = world.grouper(2);
    world.deliver(Arc::new(Dark), transcribed(6, after(20), "нет света")).await;
    assert_eq!(settle(&mut second).await, 0, "the first still has the right to decide");
    world.seconds.store(111, Ordering::SeqCst);
    assert_eq!(settle(&mut second).await, 1);
    let incidents = world.incidents().await;
    assert_eq!((incidents.len(), incidents[0].tickets), (1, 6), "the book was read back");
    world.seconds.store(111 + 13 * 3_600, Ordering::SeqCst);
    settle(&mut second).await;
    assert_eq!(world.incidents().await[0].status, IncidentStatus::Ended, "nobody has reported it for long");
}

#[tokio::test]
async fn several_issues_of_one_call_become_linked_tickets_once() {
    let world = World::new().await;
    let mut said = transcribed(1, morning(), "открыт люк, нет света и мусор не вывозят");
    said.recorded.contact.number = None;
    for _ in 0..2 {
        world.deliver(Arc::new(Three), said.clone()).await;
    }
    let tickets: Vec<Ticket> = world.store.tickets_by_number(number(1)).await.unwrap();
    let categories: Vec<&str> = tickets.iter().map(|ticket| ticket.category.as_str()).collect();
    assert_eq!(categories, ["manhole", "electricity", "rubbish"]);
    assert_eq!(tickets[0].related, [tickets[1].ticket_id, tickets[2].ticket_id]);
    assert!(tickets.iter().all(|ticket| !ticket.anonymous), "a number was spoken");
    let mut grouper = world.grouper(1);
    assert_eq!(settle(&mut grouper).await, 3);
    assert_eq!(world.incidents().await, []);
}

#[tokio::test]
async fn what_waits_for_a_person_is_grouped_once_the_person_has_decided() {
    use dauys_tickets::{Action, Terms, apply};
    let world = World::new().await;
    let mut grouper = world.grouper(1);
    let house = |review| {
        let mut one = Reading { review, ..reading("power", "electricity") };
        let place = one.place.as_mut().unwrap();
        (place.street, place.house) = (Some("улица А".into()), Some("5".into()));
        one
    };
    let clear = common::intake_of(&transcribed(1, morning(), "нет света"), house(false), 3);
    let mut unsure = house(true);
    unsure.category = "unclear".into();
    let unsure = common::intake_of(&transcribed(2, morning(), "темно"), unsure, 3);
    for intake in [&clear, &unsure] {
        world.store.open_intake(intake).await.unwrap();
    }
    settle(&mut grouper).await;
    assert_eq!(world.incidents().await, []);
    let staff = dauys_events::Actor::Account { login: "inspector".into(), agency: None };
    let terms = Terms { target_hours: 5, legal_working_days: 15 };
    let priority = dauys_events::Priority::Normal;
    let to = Action::Recategorise { category: "electricity".into(), terms, priority };
    let change = apply(unsure.tickets[0].ticket(), &to, &staff, None, &clocks(), after(60)).unwrap();
    world.store.apply_change(&change).await.unwrap();
    let agency = dauys_events::AgencyId("power".into());
    let moved = apply(change.ticket(), &Action::Reassign { to: agency }, &staff, None, &clocks(), after(61)).unwrap();
    world.store.apply_change(&moved).await.unwrap();
    settle(&mut grouper).await;
    assert_eq!(world.incidents().await[0].tickets, 2);
}

#[tokio::test]
async fn a_persons_hand_is_seen_before_the_next_decision() {
    let world = World::new().await;
    let mut grouper = world.grouper(1);
    for n in 1..=5 {
        world.deliver(Arc::new(Dark), transcribed(n, after(i64::from(n)), "нет света")).await;
    }
    settle(&mut grouper).await;
    let incident = world.incidents().await.remove(0);
    let edit = IncidentEdit {
        incident: incident.incident_id,
        revision: incident.revision,
        action: IncidentAction::End,
        actor: dauys_events::Actor::Account { login: "controller".into(), agency: None },
        reason: "the lights are back".into(),
        at: after(101),
    };
    world.store.edit_incident(&edit).await.unwrap();
    world.deliver(Arc::new(Dark), transcribed(6, after(20), "нет света")).await;
    assert_eq!(settle(&mut grouper).await, 0, "what the book says is out of date");
    assert_eq!(settle(&mut grouper).await, 1, "and is read anew");
    let incidents = world.incidents().await;
    assert_eq!((incidents.len(), incidents[0].tickets, incidents[0].status), (1, 5, IncidentStatus::Ended));
}
