//! Any credentials: no panic, and only who knows the password comes in.
#![no_main]

use std::time::Duration;

use dauys_sip::Private;
use dauys_sip::auth::{DigestParams, DigestUsers, Verdict, Verifier};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some(given) = DigestParams::parse(bytes) else { return };
    let users = vec![("trunk".to_owned(), Private::new("a word for tests"))];
    let mut verifier = Verifier::new(DigestUsers { realm: "r".to_owned(), users, ..DigestUsers::default() }, [7; 32]);
    let _ = verifier.challenge(Duration::from_secs(1), 1, false);
    assert_eq!(verifier.check(Duration::from_secs(2), "INVITE", &given), Verdict::Wrong);
});
