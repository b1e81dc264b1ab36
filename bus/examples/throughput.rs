//! Prints how fast the buses take and give messages of a ticket's size: `cargo run --release -p dauys-bus --example
//! throughput [host:port of Kafka]`.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a benchmark prints what it measured")]

use bytes::Bytes;
use dauys_bus::{Bus, BusError, EmbeddedBus, EmbeddedOptions, KafkaBus, Message};
use dauys_config::settings::Kafka;
use dauys_events::Topic;
use std::time::Instant;

const PAYLOAD: usize = 1500;

fn messages(count: usize) -> Vec<Message> {
    let message = |index: usize| Message {
        topic: Topic::Tickets,
        key: index.to_string(),
        payload: Bytes::from(vec![b'x'; PAYLOAD]),
        traceparent: None,
    };
    (0..count).map(message).collect()
}

async fn measure(name: &str, bus: &dyn Bus) -> Result<(), BusError> {
    let (single, publishers, batch) = (500, 64, 100);
    let started = Instant::now();
    for _ in 0..single {
        bus.publish(messages(1)).await?;
    }
    report(name, "one after another", single, started);
    let started = Instant::now();
    let each = 100;
    futures::future::try_join_all((0..publishers).map(async |_| {
        for _ in 0..each {
            bus.publish(messages(1)).await?;
        }
        Ok::<_, BusError>(())
    }))
    .await?;
    report(name, "64 publishers at once", publishers * each, started);
    let (started, batches) = (Instant::now(), 300);
    for _ in 0..batches {
        bus.publish(messages(batch)).await?;
    }
    report(name, "batches of 100", batches * batch, started);
    let total = single + publishers * each + batches * batch;
    let mut member = bus.subscribe("throughput", &[Topic::Tickets]).await?;
    let (started, mut read) = (Instant::now(), 0);
    while read < total {
        read += member.next(1000).await?.len();
    }
    member.commit().await?;
    report(name, "read by 1000", read, started);
    Ok(())
}

fn report(name: &str, what: &str, count: usize, started: Instant) {
    let seconds = started.elapsed().as_secs_f64();
    println!("{name:9} {what:22} {count:6} messages of {PAYLOAD} bytes: {:8.0} a second", count as f64 / seconds);
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    measure("embedded", &EmbeddedBus::open(folder.path(), EmbeddedOptions::default()).await?).await?;
    if let Some(brokers) = std::env::args().nth(1) {
        let prefix = format!("{}.", uuid::Uuid::new_v4());
        measure("kafka", &KafkaBus::with_prefix(&Kafka { brokers, ..Kafka::default() }, &prefix)?).await?;
    }
    Ok(())
}
