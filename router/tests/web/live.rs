//! What arrives without a reload.

use crate::support::{Program, Said, Town};
use dauys_router::store::AccountRole;
use futures::StreamExt as _;
use reqwest::Method;
use serde_json::Value;
use std::time::Duration;

/// A stream of server-sent events.
struct Stream {
    bytes: futures::stream::BoxStream<'static, Vec<u8>>,
    held: String,
}

impl Stream {
    async fn open(program: &Program<'_>) -> Self {
        let answer = program.request(Method::GET, "/api/v1/live").send().await.unwrap();
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Self { bytes: answer.bytes_stream().map(|part| part.unwrap().to_vec()).boxed(), held: String::new() }
    }

    /// Waits for the next event; fails after 20 s without one.
    async fn next(&mut self) -> (String, Value) {
        let event = tokio::time::timeout(Duration::from_secs(20), async {
            loop {
                if let Some((event, rest)) = self.held.split_once("\n\n") {
                    let event = event.to_owned();
                    self.held = rest.to_owned();
                    return event;
                }
                let part = self.bytes.next().await.expect("the stream goes on");
                self.held.push_str(std::str::from_utf8(&part).unwrap());
            }
        });
        let event = event.await.expect("an event in time");
        let field =
            |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned();
        (field("event:"), serde_json::from_str(&field("data:")).unwrap_or(Value::Null))
    }

    /// Waits for the next event of a name; fails where 20 others come before it.
    async fn next_of(&mut self, name: &str) -> Value {
        for _ in 0..20 {
            let (event, data) = self.next().await;
            if event == name {
                return data;
            }
        }
        panic!("no event {name}");
    }
}

#[tokio::test]
async fn an_agency_sees_its_new_tickets_arrive_and_no_others() {
    let town = Town::start().await;
    town.run();
    let water = town.program("water", AccountRole::Agency, Some("water_utility")).await;
    let mut stream = Stream::open(&water).await;
    let first = stream.next_of("figures").await;
    assert!(first["calls"].is_null(), "an agency sees no calls");

    town.citizen(Said { agency: "roads", category: "pothole", ..Said::default() }).await;
    let own = town.citizen(Said { call: Some("secret-call-id"), ..Said::default() }).await;
    let news = stream.next_of("ticket").await;
    assert_eq!(news["ticket_id"], own.ticket_id.to_string(), "the other agency's ticket was not told");
    assert_eq!((news["revision"].as_u64(), news["status"].as_str()), (Some(1), Some("assigned")));
    assert!(!news.to_string().contains("secret-call-id") && news.get("transcript").is_none());
}

#[tokio::test]
async fn a_ticket_that_leaves_a_cabinet_is_told_there() {
    let town = Town::start().await;
    town.run();
    let water = town.program("water", AccountRole::Agency, Some("water_utility")).await;
    let staff = town.program("inspector", AccountRole::Staff, None).await;
    let mut own = Stream::open(&water).await;
    let mut all = Stream::open(&staff).await;
    let ticket = town.citizen(Said::default()).await;
    own.next_of("ticket").await;
    let body = serde_json::json!({ "revision": 1, "to": "heat_utility" });
    staff.act(&ticket, "reassign", body).await;
    own.next_of("refresh").await;
    loop {
        let news = all.next_of("ticket").await;
        if news["revision"] == 2 {
            assert_eq!(news["agency"], "heat_utility");
            break;
        }
    }
}

#[tokio::test]
async fn staff_see_the_figures_each_second() {
    let town = Town::start().await;
    town.run();
    let staff = town.program("boss", AccountRole::Admin, None).await;
    let mut stream = Stream::open(&staff).await;
    loop {
        let figures = stream.next_of("figures").await;
        if figures["calls"]["now"] == 4_321 {
            assert_eq!(figures["pipeline"]["waiting"], 78);
            break;
        }
    }
    stream.next_of("figures").await;
}
