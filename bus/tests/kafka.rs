//! What only the Kafka bus has: a cluster that can be away, and ways to sign in.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use bytes::Bytes;
use dauys_bus::{Bus, BusError, KafkaBus, Message, testing};
use dauys_config::settings::{Kafka, Secret};
use dauys_events::Topic;
use uuid::Uuid;

#[expect(clippy::disallowed_methods, reason = "a name that no other test has")]
fn prefix() -> String {
    format!("{}.", Uuid::new_v4())
}

fn message() -> Message {
    Message { topic: Topic::Calls, key: "k".to_owned(), payload: Bytes::from_static(b"{}"), traceparent: None }
}

/// A port of this machine on which nobody listens.
fn nobody() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

#[tokio::test]
async fn a_cluster_that_is_away_is_unavailable_and_does_not_stop_the_start() {
    let bus = KafkaBus::new(&Kafka { brokers: nobody(), ..Kafka::default() }).unwrap();
    assert!(matches!(bus.publish(vec![message()]).await, Err(BusError::Unavailable(_))));
    assert!(matches!(bus.subscribe("g", &[Topic::Calls]).await, Err(BusError::Unavailable(_))));
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused() {
    let settings = Kafka { security: "sasl_ssl".to_owned(), user: "dauys".to_owned(), ..Kafka::default() };
    let text = KafkaBus::new(&settings).unwrap_err().to_string();
    assert!(text.contains("bus.kafka.password"), "{text}");
    let settings = Kafka { security: "carrier pigeon".to_owned(), ..Kafka::default() };
    assert!(matches!(KafkaBus::new(&settings), Err(BusError::Refused(_))));
    let settings = Kafka { security: "ssl".to_owned(), ca_file: "/nonexistent/ca.pem".to_owned(), ..Kafka::default() };
    assert!(matches!(KafkaBus::new(&settings), Err(BusError::Refused(_))));
}

#[tokio::test]
async fn topics_that_are_left_to_the_operator_are_missed_by_name() {
    let Some(brokers) = testing::kafka() else { return };
    let prefix = prefix();
    let bus = KafkaBus::with_prefix(&Kafka { brokers, partitions: 0, ..Kafka::default() }, &prefix).unwrap();
    let text = bus.check().await.unwrap_err().to_string();
    assert!(text.contains(&format!("no topic {prefix}dauys.calls")), "{text}");
    assert!(matches!(bus.lag("g", Topic::Calls).await, Err(BusError::Refused(_))));
}

/// Needs a listener that asks for SCRAM-SHA-512 (`scripts/kafka.sh` makes one).
#[tokio::test]
async fn a_member_signs_in_with_a_password_and_a_wrong_one_is_not_let_in() {
    let Some(brokers) = testing::real_part("DAUYS_TEST_KAFKA_SASL", "Kafka with SASL") else { return };
    let folder = tempfile::tempdir().unwrap();
    let with = |password: &str| {
        let file = folder.path().join(password);
        std::fs::write(&file, password).unwrap();
        let password = Secret { file: Some(file), env: None };
        let (brokers, security, user) = (brokers.clone(), "sasl_plaintext".to_owned(), "dauys".to_owned());
        let settings = Kafka { brokers, security, user, password, partitions: 1, ..Kafka::default() };
        KafkaBus::with_prefix(&settings, &prefix()).unwrap()
    };
    let bus = with("dauys-test");
    bus.publish(vec![message()]).await.unwrap();
    let mut member = bus.subscribe("g", &[Topic::Calls]).await.unwrap();
    assert_eq!(member.next(10).await.unwrap().len(), 1);
    assert!(with("wrong").publish(vec![message()]).await.is_err());
}
