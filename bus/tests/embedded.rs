//! What only the embedded log promises: it outlives its process, keeps a second one out, and grows no further than it must.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use bytes::Bytes;
use dauys_bus::{Bus, BusError, EmbeddedBus, EmbeddedOptions, Message};
use dauys_events::Topic;
use jiff::{SignedDuration, Timestamp};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

const CHILD: &str = "DAUYS_BUS_CHILD";

fn message(topic: Topic, text: &str) -> Message {
    Message { topic, key: "k".to_owned(), payload: Bytes::copy_from_slice(text.as_bytes()), traceparent: None }
}

async fn open(folder: &Path) -> Result<EmbeddedBus, BusError> {
    EmbeddedBus::open(folder, EmbeddedOptions::default()).await
}

async fn read(bus: &EmbeddedBus, group: &str, topic: Topic, count: usize, commit: bool) -> Vec<String> {
    let mut member = bus.subscribe(group, &[topic]).await.unwrap();
    let mut texts = Vec::new();
    while texts.len() < count {
        let batch = member.next(count - texts.len()).await.unwrap();
        texts.extend(batch.iter().map(|delivery| String::from_utf8_lossy(&delivery.message.payload).into_owned()));
    }
    if commit {
        member.commit().await.unwrap();
    }
    texts
}

#[expect(clippy::disallowed_methods, reason = "messages carry this machine's time")]
fn in_days(days: i64) -> Timestamp {
    Timestamp::now() + SignedDuration::from_hours(24 * days)
}

/// Publishes without end and says what was acknowledged: what the killed process does.
#[expect(clippy::print_stdout, reason = "the parent process reads it")]
async fn publish_without_end(folder: &Path) {
    let bus = open(folder).await.unwrap();
    for number in 0.. {
        bus.publish(vec![message(Topic::Recordings, &number.to_string())]).await.unwrap();
        println!("acknowledged {number}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_outlives_a_kill() {
    if let Some(folder) = std::env::var_os(CHILD) {
        return publish_without_end(Path::new(&folder)).await;
    }
    let folder = tempfile::tempdir().unwrap();
    for round in 1..=3 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "what_was_acknowledged_outlives_a_kill", "--nocapture"])
            .env(CHILD, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let acknowledged: Vec<String> =
            lines.filter_map(|line| line.strip_prefix("acknowledged ").map(str::to_owned)).take(100 * round).collect();
        assert_eq!(acknowledged.len(), 100 * round, "the process ended by itself");
        child.kill().unwrap();
        child.wait().unwrap();
        let bus = open(folder.path()).await.unwrap();
        let arrived = read(&bus, &format!("round {round}"), Topic::Recordings, 1, false).await;
        assert_eq!(arrived, ["0"]);
        let arrived = read(&bus, "kept", Topic::Recordings, acknowledged.len(), true).await;
        assert_eq!(arrived, acknowledged, "round {round}");
        let more = usize::try_from(bus.lag("kept", Topic::Recordings).await.unwrap()).unwrap();
        read(&bus, "kept", Topic::Recordings, more, true).await;
    }
}

#[tokio::test]
async fn a_second_process_is_refused_and_told_why() {
    let folder = tempfile::tempdir().unwrap();
    let bus = open(folder.path()).await.unwrap();
    let text = open(folder.path()).await.unwrap_err().to_string();
    assert!(text.contains("another process uses the events"), "{text}");
    bus.check().await.unwrap();
    drop(bus);
    open(folder.path()).await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_no_log_or_a_newer_one_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bus.sqlite");
    std::fs::write(&file, "no database at all, but long enough to be looked at".repeat(100)).unwrap();
    let before = std::fs::read(&file).unwrap();
    assert!(matches!(open(folder.path()).await, Err(BusError::Refused(_))));
    assert_eq!(std::fs::read(&file).unwrap(), before);

    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()).await.unwrap());
    let path = folder.path().join("bus.sqlite");
    let mut other = <sqlx::SqliteConnection as sqlx::Connection>::connect(path.to_str().unwrap()).await.unwrap();
    sqlx::query("PRAGMA user_version = 2").execute(&mut other).await.unwrap();
    let text = open(folder.path()).await.unwrap_err().to_string();
    assert!(text.contains("written by a newer dauys"), "{text}");
}

#[tokio::test]
async fn only_what_is_old_and_read_by_all_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let bus = open(folder.path()).await.unwrap();
    bus.publish((0..5).map(|number| message(Topic::Recordings, &number.to_string())).collect()).await.unwrap();
    read(&bus, "quick", Topic::Recordings, 5, true).await;
    read(&bus, "slow", Topic::Recordings, 2, true).await;
    assert_eq!(bus.cut(in_days(6)).await.unwrap(), 0, "removed before its time");
    assert_eq!(bus.cut(in_days(8)).await.unwrap(), 2, "removed what a group has not read");
    assert_eq!(read(&bus, "slow", Topic::Recordings, 3, true).await, ["2", "3", "4"]);
    assert_eq!(bus.cut(in_days(8)).await.unwrap(), 3);
    assert_eq!(bus.lag("slow", Topic::Recordings).await.unwrap(), 0);
}

#[tokio::test]
async fn a_topic_without_readers_is_cut_and_dead_letters_wait_for_one() {
    let folder = tempfile::tempdir().unwrap();
    let bus = open(folder.path()).await.unwrap();
    let calls = (0..2500).map(|_| message(Topic::Calls, "c")).collect();
    bus.publish(calls).await.unwrap();
    bus.publish(vec![message(Topic::Dead, "d")]).await.unwrap();
    assert_eq!(bus.cut(in_days(8)).await.unwrap(), 2500);
    assert_eq!(read(&bus, "operator", Topic::Dead, 1, true).await, ["d"]);
    assert_eq!(bus.cut(in_days(8)).await.unwrap(), 1);
}

#[tokio::test]
async fn what_comes_after_a_cut_and_a_restart_is_still_read() {
    let folder = tempfile::tempdir().unwrap();
    let bus = open(folder.path()).await.unwrap();
    bus.publish(vec![message(Topic::Calls, "old")]).await.unwrap();
    read(&bus, "g", Topic::Calls, 1, true).await;
    assert_eq!(bus.cut(in_days(8)).await.unwrap(), 1);
    drop(bus);
    let bus = open(folder.path()).await.unwrap();
    bus.publish(vec![message(Topic::Calls, "new")]).await.unwrap();
    assert_eq!(read(&bus, "g", Topic::Calls, 1, true).await, ["new"]);
}

#[tokio::test]
async fn two_members_of_a_group_never_get_the_same_message() {
    let folder = tempfile::tempdir().unwrap();
    let bus = open(folder.path()).await.unwrap();
    bus.publish((0..40).map(|number| message(Topic::Recordings, &number.to_string())).collect()).await.unwrap();
    let members = (0..4).map(|_| read(&bus, "g", Topic::Recordings, 10, true));
    let mut arrived: Vec<u32> =
        futures::future::join_all(members).await.concat().iter().map(|text| text.parse().unwrap()).collect();
    arrived.sort_unstable();
    assert_eq!(arrived, (0..40).collect::<Vec<_>>());
}
