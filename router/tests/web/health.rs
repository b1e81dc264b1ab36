//! Whether the process lives and is ready.

use dauys_router::web::{Check, health_routes};
use reqwest::StatusCode;
use serde_json::Value;
use std::time::Duration;
use tokio::net::TcpListener;

async fn serve(checks: Vec<Check>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, health_routes(checks)).await });
    base
}

#[tokio::test]
async fn one_failed_check_makes_it_unready_but_not_dead() {
    let ok = Check::new("store", || async { Ok(()) });
    let bad = Check::new("bus", || async { Err("host kafka-7 refused".to_owned()) });
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let base = serve(vec![ok.clone(), bad]).await;
    assert_eq!(client.get(format!("{base}/healthz")).send().await.unwrap().status(), StatusCode::OK);
    let answer = client.get(format!("{base}/readyz")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    let text = answer.text().await.unwrap();
    assert!(!text.contains("kafka-7"), "the reason is for the log");
    let said: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((said["checks"]["store"].as_str(), said["checks"]["bus"].as_str()), (Some("ok"), Some("failed")));

    let base = serve(vec![ok]).await;
    assert_eq!(client.get(format!("{base}/readyz")).send().await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn a_check_that_hangs_counts_as_failed() {
    let hangs = Check::new("model", std::future::pending::<Result<(), String>>).within(Duration::from_millis(5));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let base = serve(vec![hangs]).await;
    let answer = client.get(format!("{base}/readyz")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
}
