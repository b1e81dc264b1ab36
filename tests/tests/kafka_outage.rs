//! Kafka is killed while events flow, and comes back: what was acknowledged is there, and what waits gets through.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use bytes::Bytes;
use dauys_bus::{Bus, BusError, Message};
use dauys_events::Topic;
use dauys_tests::kafka::OwnKafka;
use std::collections::BTreeSet;
use std::time::Duration;

fn message(number: usize) -> Message {
    let payload = Bytes::from(number.to_string());
    Message { topic: Topic::Recordings, key: number.to_string(), payload, traceparent: None }
}

/// Publishes until it succeeds, as the gateway's spool does.
async fn publish(bus: &dyn Bus, number: usize) {
    while let Err(error) = bus.publish(vec![message(number)]).await {
        assert!(matches!(error, BusError::Unavailable(_)), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_when_kafka_is_killed_and_comes_back() {
    let Some(kafka) = OwnKafka::start().unwrap() else { return };
    let folder = tempfile::tempdir().unwrap();
    let bus = dauys_bus::connect(&kafka.settings(), folder.path()).await.unwrap();
    for number in 0..50 {
        publish(&*bus, number).await;
    }
    let mut member = bus.subscribe("g", &[Topic::Recordings]).await.unwrap();
    let mut arrived = BTreeSet::new();
    arrived.extend(member.next(10).await.unwrap().iter().map(|delivery| delivery.message.payload.clone()));
    member.commit().await.unwrap();
    kafka.kill().unwrap();
    assert!(matches!(bus.check().await, Err(BusError::Unavailable(_))));
    let waiting = tokio::spawn({
        let bus = std::sync::Arc::clone(&bus);
        async move { publish(&*bus, 50).await }
    });
    kafka.resume().unwrap();
    waiting.await.unwrap();
    let everything = async {
        while arrived.len() < 51 {
            // Errors of the outage may still come; the next call goes on.
            if let Ok(batch) = member.next(10).await {
                arrived.extend(batch.iter().map(|delivery| delivery.message.payload.clone()));
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(120), everything).await.expect("messages are missing");
    bus.check().await.unwrap();
}
