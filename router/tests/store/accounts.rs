//! Accounts and sessions.

use crate::common::{after, morning};
use dauys_events::{AgencyId, Language};
use dauys_router::store::{Account, AccountRole, Session, Store, StoreError, TokenHash};
use std::sync::Arc;

pub fn account(login: &str, agency: Option<&str>) -> Account {
    Account {
        login: login.into(),
        name: "Duty officer".into(),
        role: if agency.is_some() { AccountRole::Agency } else { AccountRole::Staff },
        agency: agency.map(|code| AgencyId(code.into())),
        password_hash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA".into(),
        language: Some(Language::Kk),
        disabled: false,
        created_at: morning(),
    }
}

fn session(byte: u8, login: &str, ends: i64) -> Session {
    Session { token: TokenHash([byte; 32]), login: login.into(), created_at: morning(), expires_at: after(ends) }
}

pub async fn are_created_found_and_changed(store: Arc<dyn Store>) {
    let (water, staff) = (account("water", Some("water")), account("anna", None));
    store.create_account(&water).await.unwrap();
    store.create_account(&staff).await.unwrap();
    assert!(matches!(store.create_account(&water).await, Err(StoreError::Exists)));
    assert_eq!(store.account("water").await.unwrap(), Some(water.clone()));
    assert_eq!(store.account("nobody").await.unwrap(), None);
    assert_eq!(store.accounts().await.unwrap(), [staff, water.clone()]);

    let changed = Account { name: "Head".into(), disabled: true, language: None, ..water };
    store.update_account(&changed).await.unwrap();
    assert_eq!(store.account("water").await.unwrap(), Some(changed));
    assert!(matches!(store.update_account(&account("nobody", None)).await, Err(StoreError::NotFound)));
}

pub async fn sessions_end(store: Arc<dyn Store>) {
    store.create_account(&account("anna", None)).await.unwrap();
    for (byte, ends) in [(1, 100), (2, 200), (3, 300)] {
        store.put_session(&session(byte, "anna", ends)).await.unwrap();
    }
    assert!(matches!(store.put_session(&session(9, "nobody", 100)).await, Err(StoreError::NotFound)));

    let token = |byte| TokenHash([byte; 32]);
    let (found, who) = store.session(&token(1), after(99)).await.unwrap().unwrap();
    assert_eq!((found, who.login.as_str()), (session(1, "anna", 100), "anna"));
    assert_eq!(store.session(&token(1), after(100)).await.unwrap(), None, "it has expired");
    assert_eq!(store.session(&token(7), after(0)).await.unwrap(), None);

    assert_eq!(store.purge_sessions(after(100)).await.unwrap(), 1);
    assert_eq!(store.session(&token(1), after(0)).await.unwrap(), None);
    store.delete_session(&token(2)).await.unwrap();
    store.delete_session(&token(2)).await.unwrap();
    assert_eq!(store.session(&token(2), after(0)).await.unwrap(), None);
    assert_eq!(store.delete_sessions_of("anna").await.unwrap(), 1);
    assert_eq!(store.session(&token(3), after(0)).await.unwrap(), None);
}

pub async fn sessions_of_the_disabled_do_not_count(store: Arc<dyn Store>) {
    let anna = account("anna", None);
    store.create_account(&anna).await.unwrap();
    store.put_session(&session(1, "anna", 100)).await.unwrap();
    store.update_account(&Account { disabled: true, ..anna }).await.unwrap();
    assert_eq!(store.session(&TokenHash([1; 32]), after(0)).await.unwrap(), None);
}
