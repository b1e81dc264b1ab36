//! Calls as they start and end.

use crate::common::{after, intake_id, morning};
use dauys_events::{CallEnded, CallEvent, CallId, CallStarted, EndCause, Language, MediaQuality};
use dauys_router::store::{CallFigures, Store};
use std::sync::Arc;

fn started(n: u32, seconds: i64) -> CallEvent {
    CallEvent::Started(CallStarted {
        call_id: CallId(intake_id(n).0),
        node: 10,
        invited_at: after(seconds - 1),
        answered_at: after(seconds),
        codec: "PCMA".into(),
    })
}

fn ended(n: u32, seconds: i64, length: u64, cause: EndCause, mos: f32) -> CallEvent {
    CallEvent::Ended(CallEnded {
        call_id: CallId(intake_id(n).0),
        node: 10,
        ended_at: after(seconds),
        duration_ms: length * 1_000,
        cause,
        dtmf: "1".into(),
        language: Some(Language::Kk),
        quality: MediaQuality { packets: 90, lost: 10, dropped: 1, jitter_ms: 2.5, mos: Some(mos) },
        intake_id: (cause == EndCause::Completed).then(|| intake_id(n)),
    })
}

pub async fn are_counted_once(store: Arc<dyn Store>) {
    let events = [
        started(1, 0),
        started(2, 10),
        started(3, 20),
        ended(1, 60, 60, EndCause::Completed, 4.0),
        ended(2, 40, 30, EndCause::CallerHungUp, 3.0),
        // The start of this one never came.
        ended(4, 100, 60, EndCause::Completed, 4.25),
    ];
    for event in events.iter().chain(&events) {
        store.record_call(event).await.unwrap();
    }
    let figures = store.call_figures(morning(), after(120)).await.unwrap();
    let expected = CallFigures {
        now: 1,
        answered: 4,
        ended: 3,
        recorded: 2,
        causes: vec![("completed".into(), 2), ("caller_hung_up".into(), 1)],
        mean_seconds: Some(50.0),
        mos_p05: Some(3.0),
        loss: Some(0.1),
        dropped: 3,
    };
    assert_eq!(figures, expected);
    assert_eq!(store.call_figures(after(1_000), after(1_000)).await.unwrap().answered, 0);
}

pub async fn a_lost_end_does_not_stay_on_the_line(store: Arc<dyn Store>) {
    store.record_call(&started(1, 0)).await.unwrap();
    assert_eq!(store.call_figures(morning(), after(60)).await.unwrap().now, 1);
    assert_eq!(store.call_figures(morning(), after(2 * 3_600)).await.unwrap().now, 0);
}
