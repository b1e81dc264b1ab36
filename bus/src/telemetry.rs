//! The names of everything that the bus counts. Labels are the bus, the topic and the group: nothing about a citizen.

use crate::{BusError, Delivery, Message};
use dauys_events::Topic;
use metrics::{Unit, counter, describe_counter, describe_histogram, histogram};
use std::time::Duration;

const PUBLISHED: &str = "dauys_bus_published_total";
const PUBLISH_FAILED: &str = "dauys_bus_publish_failed_total";
const PUBLISH_SECONDS: &str = "dauys_bus_publish_seconds";
const DELIVERED: &str = "dauys_bus_delivered_total";
const COMMIT_FAILED: &str = "dauys_bus_commit_failed_total";
const BACK_PRESSURE: &str = "dauys_bus_back_pressure_total";
const CUT: &str = "dauys_bus_cut_total";

/// Describes the metrics to the recorder; called once, after the recorder is installed.
pub fn describe() {
    describe_counter!(PUBLISHED, "Messages that are durable on the bus");
    describe_counter!(PUBLISH_FAILED, "Publications that failed and have to be tried again, by reason");
    describe_histogram!(PUBLISH_SECONDS, Unit::Seconds, "From publishing to durable");
    describe_counter!(DELIVERED, "Messages handed to a group's member, repeated ones included");
    describe_counter!(COMMIT_FAILED, "Commits that failed, after which messages come again");
    describe_counter!(BACK_PRESSURE, "Times that a publisher had to wait because the bus's queue was full");
    describe_counter!(CUT, "Read messages that the embedded log removed for their age");
}

pub(crate) fn published(bus: &'static str, topics: &[Topic], took: Duration) {
    for topic in Topic::ALL {
        let count = topics.iter().filter(|published| **published == topic).count();
        if count > 0 {
            counter!(PUBLISHED, "bus" => bus, "topic" => topic.name()).increment(count as u64);
        }
    }
    histogram!(PUBLISH_SECONDS, "bus" => bus).record(took.as_secs_f64());
}

pub(crate) fn publish_failed(bus: &'static str, error: &BusError) {
    counter!(PUBLISH_FAILED, "bus" => bus, "reason" => reason(error)).increment(1);
}

pub(crate) fn delivered(bus: &'static str, group: &str, deliveries: &[Delivery]) {
    for topic in Topic::ALL {
        let count = deliveries.iter().filter(|delivery| delivery.message.topic == topic).count();
        if count > 0 {
            counter!(DELIVERED, "bus" => bus, "group" => group.to_owned(), "topic" => topic.name())
                .increment(count as u64);
        }
    }
}

pub(crate) fn commit_failed(bus: &'static str, group: &str, error: &BusError) {
    counter!(COMMIT_FAILED, "bus" => bus, "group" => group.to_owned(), "reason" => reason(error)).increment(1);
}

pub(crate) fn back_pressure(bus: &'static str) {
    counter!(BACK_PRESSURE, "bus" => bus).increment(1);
}

pub(crate) fn cut(count: u64) {
    counter!(CUT, "bus" => "embedded").increment(count);
}

/// Lists the topics of messages that are about to be handed away.
pub(crate) fn topics(messages: &[Message]) -> Vec<Topic> {
    messages.iter().map(|message| message.topic).collect()
}

fn reason(error: &BusError) -> &'static str {
    match error {
        BusError::Unavailable(_) => "unavailable",
        BusError::Refused(_) => "refused",
    }
}
