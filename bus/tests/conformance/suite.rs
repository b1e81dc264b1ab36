//! What every bus must do.

use crate::rig::Rig;
use bytes::Bytes;
use dauys_bus::{Bus, BusError, Delivery, Message, Subscription};
use dauys_events::Topic;
use futures::FutureExt;
use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::time::Duration;

fn message(key: &str, text: &str) -> Message {
    Message {
        topic: Topic::Recordings,
        key: key.to_owned(),
        payload: Bytes::copy_from_slice(text.as_bytes()),
        traceparent: None,
    }
}

fn numbered(range: std::ops::Range<usize>) -> Vec<Message> {
    range.map(|index| message("k", &index.to_string())).collect()
}

fn text(delivery: &Delivery) -> String {
    String::from_utf8(delivery.message.payload.to_vec()).unwrap()
}

/// Bounds a wait, so that a lost message is a failure and not a hang.
async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), future).await.expect("nothing came within a minute")
}

async fn join(bus: &dyn Bus, group: &str) -> Box<dyn Subscription> {
    soon(bus.subscribe(group, &[Topic::Recordings])).await.unwrap()
}

async fn read(member: &mut Box<dyn Subscription>, count: usize) -> Vec<Delivery> {
    let mut deliveries = Vec::new();
    while deliveries.len() < count {
        let batch = soon(member.next(count - deliveries.len())).await.unwrap();
        assert!(!batch.is_empty());
        deliveries.extend(batch);
    }
    assert_eq!(deliveries.len(), count, "more came than was asked for");
    deliveries
}

async fn read_texts(member: &mut Box<dyn Subscription>, count: usize) -> Vec<String> {
    read(member, count).await.iter().map(text).collect()
}

pub async fn what_is_published_arrives_as_it_was(rig: &impl Rig) {
    let bus = rig.open().await;
    let mut sent = message("key-ы", "{\"text\":\"су жоқ\"}");
    sent.traceparent = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());
    soon(bus.publish(vec![])).await.unwrap();
    soon(bus.publish(vec![sent.clone(), message("", "")])).await.unwrap();
    let mut member = join(&*bus, "g").await;
    let mut arrived: Vec<_> = read(&mut member, 2).await.into_iter().map(|delivery| delivery.message).collect();
    arrived.sort_by_key(|message| message.key.is_empty());
    assert_eq!(arrived, [sent, message("", "")]);
}

pub async fn the_order_of_each_key_is_kept(rig: &impl Rig) {
    let bus = rig.open().await;
    for round in 0..10 {
        let messages = (0..100).map(|index| message(&format!("k{}", index % 10), &format!("{}", round * 100 + index)));
        soon(bus.publish(messages.collect())).await.unwrap();
    }
    let mut member = join(&*bus, "g").await;
    let mut last: HashMap<String, usize> = HashMap::new();
    for delivery in read(&mut member, 1000).await {
        let number: usize = text(&delivery).parse().unwrap();
        if let Some(before) = last.insert(delivery.message.key.clone(), number) {
            assert_eq!(number, before + 10, "key {}", delivery.message.key);
        }
    }
    assert_eq!(last.len(), 10);
}

pub async fn what_was_not_committed_comes_again(rig: &impl Rig) {
    let bus = rig.open().await;
    soon(bus.publish(numbered(0..3))).await.unwrap();
    let mut member = join(&*bus, "g").await;
    assert_eq!(read_texts(&mut member, 3).await, ["0", "1", "2"]);
    drop(member);
    let mut member = join(&*bus, "g").await;
    assert_eq!(read_texts(&mut member, 3).await, ["0", "1", "2"]);
}

pub async fn commits_survive_reopening(rig: &impl Rig) {
    let bus = rig.open().await;
    soon(bus.publish(numbered(0..3))).await.unwrap();
    let mut member = join(&*bus, "g").await;
    read(&mut member, 2).await;
    soon(member.commit()).await.unwrap();
    soon(member.commit()).await.unwrap();
    drop((member, bus));
    let bus = rig.open().await;
    let mut member = join(&*bus, "g").await;
    assert_eq!(read_texts(&mut member, 1).await, ["2"]);
}

pub async fn messages_survive_reopening(rig: &impl Rig) {
    let bus = rig.open().await;
    soon(bus.publish(numbered(0..2))).await.unwrap();
    drop(bus);
    let bus = rig.open().await;
    soon(bus.publish(numbered(2..4))).await.unwrap();
    let mut member = join(&*bus, "g").await;
    assert_eq!(read_texts(&mut member, 4).await, ["0", "1", "2", "3"]);
}

pub async fn a_new_group_starts_at_the_oldest(rig: &impl Rig) {
    let bus = rig.open().await;
    soon(bus.publish(numbered(0..2))).await.unwrap();
    let mut early = join(&*bus, "early").await;
    read(&mut early, 2).await;
    soon(early.commit()).await.unwrap();
    soon(bus.publish(numbered(2..3))).await.unwrap();
    let mut late = join(&*bus, "late").await;
    assert_eq!(read_texts(&mut late, 3).await, ["0", "1", "2"]);
}

pub async fn the_lag_is_what_is_not_committed(rig: &impl Rig) {
    let bus = rig.open().await;
    let lag = async |group| soon(bus.lag(group, Topic::Recordings)).await.unwrap();
    assert_eq!(lag("g").await, 0);
    soon(bus.publish(numbered(0..5))).await.unwrap();
    assert_eq!(lag("g").await, 5);
    let mut member = join(&*bus, "g").await;
    read(&mut member, 3).await;
    assert_eq!(lag("g").await, 5);
    soon(member.commit()).await.unwrap();
    assert_eq!(lag("g").await, 2);
    assert_eq!(lag("other").await, 5);
    assert_eq!(soon(bus.lag("g", Topic::Dead)).await.unwrap(), 0);
}

pub async fn a_megabyte_arrives_and_too_much_is_refused(rig: &impl Rig) {
    let bus = rig.open().await;
    // Bytes that no compression makes smaller (a linear congruential sequence's high bits).
    let mut state = 1u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    })
    .take(1 << 20)
    .collect();
    let large = |count: usize| Message { payload: noise.repeat(count).into(), ..message("k", "") };
    soon(bus.publish(vec![large(1), large(4), large(1)])).await.unwrap();
    let refused = soon(bus.publish(vec![large(5)])).await;
    assert!(matches!(refused, Err(BusError::Refused(_))), "{refused:?}");
    let mut member = join(&*bus, "g").await;
    let arrived = read(&mut member, 3).await;
    assert!(arrived[0].message == large(1) && arrived[1].message == large(4) && arrived[2].message == large(1));
}

pub async fn two_groups_do_not_disturb_each_other(rig: &impl Rig) {
    let bus = rig.open().await;
    let (mut one, mut two) = (join(&*bus, "one").await, join(&*bus, "two").await);
    soon(bus.publish(numbered(0..4))).await.unwrap();
    read(&mut one, 4).await;
    soon(one.commit()).await.unwrap();
    assert_eq!(read_texts(&mut two, 4).await, ["0", "1", "2", "3"]);
    assert_eq!(soon(bus.lag("one", Topic::Recordings)).await.unwrap(), 0);
    assert_eq!(soon(bus.lag("two", Topic::Recordings)).await.unwrap(), 4);
}

pub async fn many_publishers_at_once_lose_nothing(rig: &impl Rig) {
    let bus = rig.open().await;
    let mut member = join(&*bus, "g").await;
    let publishers = (0..32).map(|publisher| {
        let bus = &bus;
        async move {
            for index in 0..20 {
                let message = message(&publisher.to_string(), &format!("{}", publisher * 20 + index));
                bus.publish(vec![message]).await.unwrap();
            }
        }
    });
    soon(futures::future::join_all(publishers)).await;
    let arrived: BTreeSet<usize> =
        read_texts(&mut member, 640).await.iter().map(|text| text.parse().unwrap()).collect();
    assert_eq!(arrived, (0..640).collect());
}

pub async fn a_dropped_wait_loses_nothing(rig: &impl Rig) {
    let bus = rig.open().await;
    let mut member = join(&*bus, "g").await;
    let mut arrived = Vec::new();
    for index in 0..50 {
        soon(bus.publish(numbered(index..index + 1))).await.unwrap();
        // Polled a few times and dropped, wherever it is then.
        for _ in 0..3 {
            if let Some(batch) = member.next(10).now_or_never() {
                arrived.extend(batch.unwrap().iter().map(text));
            }
            tokio::task::yield_now().await;
        }
    }
    let missing = 50 - arrived.len();
    if missing > 0 {
        arrived.extend(read_texts(&mut member, missing).await);
    }
    let expected: Vec<_> = (0..50).map(|index| index.to_string()).collect();
    assert_eq!(arrived, expected);
}

pub async fn a_member_takes_over_where_another_left(rig: &impl Rig) {
    let bus = rig.open().await;
    soon(bus.publish(numbered(0..5))).await.unwrap();
    let mut first = join(&*bus, "g").await;
    assert_eq!(read_texts(&mut first, 2).await, ["0", "1"]);
    soon(first.commit()).await.unwrap();
    assert_eq!(read_texts(&mut first, 1).await, ["2"]);
    let mut second = join(&*bus, "g").await;
    let waiting = async { read_texts(&mut second, 3).await };
    let leaving = async {
        tokio::task::yield_now().await;
        drop(first);
    };
    let (taken_over, ()) = tokio::join!(waiting, leaving);
    assert_eq!(taken_over, ["2", "3", "4"]);
}

pub async fn one_member_reads_several_topics(rig: &impl Rig) {
    let bus = rig.open().await;
    let both = [Topic::Tickets, Topic::Recordings];
    let mut member = soon(bus.subscribe("g", &both)).await.unwrap();
    let of = |topic, text| Message { topic, ..message("k", text) };
    let sent = vec![of(Topic::Recordings, "r"), of(Topic::Tickets, "t"), of(Topic::Calls, "c")];
    soon(bus.publish(sent)).await.unwrap();
    let mut arrived: Vec<_> =
        read(&mut member, 2).await.iter().map(|delivery| (delivery.message.topic, text(delivery))).collect();
    arrived.sort();
    assert_eq!(arrived, [(Topic::Recordings, "r".to_owned()), (Topic::Tickets, "t".to_owned())]);
    soon(member.commit()).await.unwrap();
    for topic in both {
        assert_eq!(soon(bus.lag("g", topic)).await.unwrap(), 0, "{topic}");
    }
    assert!(matches!(soon(bus.subscribe("g", &[])).await, Err(BusError::Refused(_))));
}

pub async fn an_open_bus_is_ready(rig: &impl Rig) {
    let bus = rig.open().await;
    soon(bus.check()).await.unwrap();
}
