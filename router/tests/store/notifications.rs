//! What citizens should hear.

use crate::common::{after, intake};
use dauys_events::{Channel, Language, TicketId};
use dauys_router::store::{NewNotification, NotificationKind, NotificationState, Store, StoreError};
use std::sync::Arc;

pub async fn are_written_once_and_leave_the_queue(store: Arc<dyn Store>) {
    let intake = intake(1);
    store.open_intake(&intake).await.unwrap();
    let ask = NewNotification {
        ticket_id: intake.tickets[0].ticket().ticket_id,
        revision: 2,
        kind: NotificationKind::AskConfirmation,
        channel: Channel::Whatsapp,
        language: Language::Uz,
        text: "Muammo hal bo‘ldimi?".into(),
        created_at: after(60),
    };
    assert!(store.add_notification(&ask).await.unwrap());
    assert!(!store.add_notification(&NewNotification { text: "again".into(), ..ask.clone() }).await.unwrap());
    assert!(store.add_notification(&NewNotification { revision: 4, ..ask.clone() }).await.unwrap());
    let nowhere = NewNotification { ticket_id: TicketId::of(intake.intake_id, 9), ..ask.clone() };
    assert!(matches!(store.add_notification(&nowhere).await, Err(StoreError::NotFound)));

    let pending = store.pending_notifications(10).await.unwrap();
    assert_eq!(pending.len(), 2);
    let (first, contact) = &pending[0];
    assert_eq!((&first.content, first.state), (&ask, NotificationState::Pending));
    assert_eq!(*contact, intake.contact);

    store.mark_notification(first.id, NotificationState::Held, Some("no sender"), after(61)).await.unwrap();
    assert_eq!(store.pending_notifications(10).await.unwrap().len(), 1);
    let all = store.notifications(ask.ticket_id).await.unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!((all[0].state, all[0].detail.as_deref()), (NotificationState::Held, Some("no sender")));
    assert_eq!((all[0].changed_at, all[1].state), (after(61), NotificationState::Pending));
    let nobody = store.mark_notification(i64::MAX, NotificationState::Sent, None, after(61)).await;
    assert!(matches!(nobody, Err(StoreError::NotFound)));
}
