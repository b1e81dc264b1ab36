//! Who may read how to reach a citizen.

use super::accounts::account;
use crate::common::{after, intake};
use dauys_events::{Language, TicketId};
use dauys_router::store::{Account, SpokenContact, Store, StoreError};
use std::sync::Arc;

pub async fn only_those_with_the_right_read_them(store: Arc<dyn Store>) {
    let mut intake = intake(1);
    intake.spoken = SpokenContact {
        name: Some("Example Name".into()),
        number: Some("+77000000099".into()),
        language: Some(Language::Kk),
    };
    assert!(!format!("{intake:?}").contains("Example Name") && !format!("{intake:?}").contains("+7700"), "never shown");
    store.open_intake(&intake).await.unwrap();
    let id = intake.tickets[0].ticket().ticket_id;
    let staff = account("anna", None);
    let holder = account("water-duty", Some("water"));
    for reader in [&staff, &holder] {
        let found = store.contact(id, reader, after(60)).await.unwrap();
        assert_eq!((&found.network, &found.spoken), (&intake.contact, &intake.spoken));
    }
    let other = account("gas-duty", Some("gas"));
    let dismissed = Account { disabled: true, ..account("boris", None) };
    let nowhere = Account { agency: None, ..account("temp", Some("water")) };
    for reader in [&other, &dismissed, &nowhere] {
        assert!(matches!(store.contact(id, reader, after(61)).await, Err(StoreError::Forbidden)), "{reader:?}");
    }
    let nothing = TicketId::of(intake.intake_id, 9);
    assert!(matches!(store.contact(nothing, &staff, after(61)).await, Err(StoreError::NotFound)));
    let reads = store.contact_reads(id).await.unwrap();
    assert_eq!(reads, [("anna".to_owned(), after(60)), ("water-duty".to_owned(), after(60))]);
}
