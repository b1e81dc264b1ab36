//! The fixtures themselves: each test has a database and topics of its own.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::Bytes;
use dauys_bus::{Bus, Message};
use dauys_events::Topic;
use dauys_tests::{kafka::SharedKafka, postgres::Database};
use sqlx::{Connection, PgConnection};

#[tokio::test]
async fn two_databases_do_not_see_each_other() {
    let (Some(one), Some(two)) = (Database::make().await.unwrap(), Database::make().await.unwrap()) else { return };
    let mut connection = PgConnection::connect(&one.url).await.unwrap();
    sqlx::query("CREATE TABLE only_here (id INTEGER)").execute(&mut connection).await.unwrap();
    let mut connection = PgConnection::connect(&two.url).await.unwrap();
    assert!(sqlx::query("SELECT id FROM only_here").execute(&mut connection).await.is_err());
}

#[tokio::test]
async fn two_tests_do_not_see_each_others_topics() {
    let (Some(one), Some(two)) = (SharedKafka::find(), SharedKafka::find()) else { return };
    let (one, two) = (one.bus().unwrap(), two.bus().unwrap());
    let payload = Bytes::from_static(b"{}");
    one.publish(vec![Message { topic: Topic::Calls, key: "k".into(), payload, traceparent: None }]).await.unwrap();
    assert_eq!(one.lag("g", Topic::Calls).await.unwrap(), 1);
    assert_eq!(two.lag("g", Topic::Calls).await.unwrap(), 0);
}
