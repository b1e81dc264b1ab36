//! Callers who must sign in: who knows the password comes in, who listened does not.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helper fails the test")]

mod common;

use std::net::IpAddr;

use common::{Raw, Wire, addr, header, ms, request};
use dauys_sip::auth::{Algorithm, DigestParams, DigestUsers, Proof};
use dauys_sip::wire::Name;
use dauys_sip::{Config, Event, Private};
use proptest::prelude::*;

const PASSWORD: &str = "a word for tests";

fn guarded(networks: Vec<(IpAddr, u8)>) -> Wire {
    let users = vec![("trunk".to_owned(), Private::new(PASSWORD))];
    let digest = DigestUsers { realm: "city \"line\"".to_owned(), users, networks, ..DigestUsers::default() };
    Wire::with(Config { digest, ..Config::new([3; 32]) })
}

/// The nonces of a challenge: SHA-256's and MD5's, and whether it says that the old one was stale.
fn challenged(wire: &mut Wire, raw: &Raw) -> (String, bool) {
    wire.sent.clear();
    wire.receive(raw);
    let reply = wire.reply();
    assert_eq!(reply.status(), Some(401));
    let values: Vec<String> =
        reply.headers(Name::WwwAuthenticate).map(|v| String::from_utf8(v.to_vec()).unwrap()).collect();
    assert_eq!(values.len(), 2);
    assert!(values[0].contains("algorithm=SHA-256") && values[1].contains("algorithm=MD5"), "strongest first");
    assert!(
        values.iter().all(|v| v.starts_with(r#"Digest realm="city \"line\"", nonce=""#) && v.contains("qop=\"auth\""))
    );
    let nonce = values[1].split("nonce=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    (nonce, values[1].contains("stale=true"))
}

fn credentials(algorithm: Algorithm, user: &str, password: &str, nonce: &str, count: &str) -> String {
    let (realm, uri, cnonce) = ("city \"line\"", "sip:109@192.0.2.20", "0a4f113b");
    let proof = Proof { algorithm, user, realm, nonce, count: Some((count, cnonce)), method: "INVITE", uri };
    format!(
        "Digest username=\"{user}\", realm=\"city \\\"line\\\"\", nonce=\"{nonce}\", uri=\"{uri}\", response=\"{}\", \
         algorithm={}, cnonce=\"{cnonce}\", qop=auth, nc={count}",
        proof.response(password),
        algorithm.name()
    )
}

fn signed(id: &str, algorithm: Algorithm, nonce: &str, count: &str) -> Raw {
    request("INVITE", id)
        .offer()
        .seq(2)
        .branch("signed")
        .header("Authorization", &credentials(algorithm, "trunk", PASSWORD, nonce, count))
}

fn comes_in(wire: &mut Wire, raw: &Raw) -> bool {
    wire.receive(raw);
    let Some(Event::Incoming { call, .. }) = wire.events.pop_front() else {
        assert_eq!(wire.reply().status(), Some(401));
        return false;
    };
    wire.endpoint.hangup(call, wire.now).unwrap();
    wire.drain();
    wire.events.clear();
    wire.sent.clear();
    true
}

#[test]
fn the_right_password_comes_in_by_either_hash_and_nothing_is_kept_of_who_does_not() {
    for algorithm in [Algorithm::Sha256, Algorithm::Md5] {
        let mut wire = guarded(Vec::new());
        for n in 0..100 {
            challenged(&mut wire, &request("INVITE", &format!("stranger-{n}")).offer());
        }
        assert_eq!((wire.endpoint.transactions(), wire.endpoint.calls()), (0, 0));
        let (nonce, stale) = challenged(&mut wire, &request("INVITE", "a").offer());
        assert!(!stale);
        assert!(comes_in(&mut wire, &signed("a", algorithm, &nonce, "00000001")), "{algorithm:?}");
        wire.settle();
    }
}

#[test]
fn a_wrong_password_user_realm_or_nonce_stays_out() {
    let mut wire = guarded(Vec::new());
    let (nonce, _) = challenged(&mut wire, &request("INVITE", "a").offer());
    let right = credentials(Algorithm::Md5, "trunk", PASSWORD, &nonce, "00000001");
    let foreign = nonce.replace(&nonce[20..24], if &nonce[20..24] == "0000" { "1111" } else { "0000" });
    for (n, wrong) in [
        credentials(Algorithm::Md5, "trunk", "another word", &nonce, "00000001"),
        credentials(Algorithm::Md5, "nobody", PASSWORD, &nonce, "00000001"),
        credentials(Algorithm::Md5, "trunk", PASSWORD, &foreign, "00000001"),
        credentials(Algorithm::Md5, "trunk", PASSWORD, "", "00000001"),
        credentials(Algorithm::Md5, "trunk", PASSWORD, &nonce, "1"),
        right.replace("qop=auth, ", ""),
        right.replace("algorithm=MD5", "algorithm=SHA-256"),
        right.replace("algorithm=MD5", "algorithm=MD5-sess"),
        right.replace("realm=\"city \\\"line\\\"\"", "realm=\"elsewhere\""),
        right.replace("Digest", "Basic"),
        String::new(),
    ]
    .iter()
    .enumerate()
    {
        let raw = request("INVITE", &format!("w{n}")).offer().header("Authorization", wrong);
        assert!(!comes_in(&mut wire, &raw), "{wrong}");
    }
    assert!(comes_in(&mut wire, &request("INVITE", "right").offer().header("Authorization", &right)));
    wire.settle();
}

#[test]
fn credentials_that_were_overheard_are_worth_nothing() {
    let mut wire = guarded(Vec::new());
    let (nonce, _) = challenged(&mut wire, &request("INVITE", "a").offer());
    assert!(comes_in(&mut wire, &signed("a", Algorithm::Md5, &nonce, "00000002")));
    for (id, count) in [("again", "00000002"), ("before", "00000001")] {
        let (_, stale) = challenged(&mut wire, &signed(id, Algorithm::Md5, &nonce, count));
        assert!(stale, "a phone that counts wrong is told to take the new nonce, not to ask for another password");
    }
    assert!(comes_in(&mut wire, &signed("next", Algorithm::Md5, &nonce, "00000003")), "the same phone may call again");
    wire.settle();
}

#[test]
fn an_old_nonce_is_stale() {
    let mut wire = guarded(Vec::new());
    let (nonce, _) = challenged(&mut wire, &request("INVITE", "a").offer());
    wire.run_for(ms(301_000));
    let (fresh, stale) = challenged(&mut wire, &signed("a", Algorithm::Sha256, &nonce, "00000001"));
    assert!(stale && fresh != nonce);
    assert!(comes_in(&mut wire, &signed("b", Algorithm::Sha256, &fresh, "00000001")));
    wire.settle();
}

#[test]
fn what_is_remembered_of_nonces_is_bounded_and_what_is_forgotten_is_refused() {
    let mut wire = guarded(Vec::new());
    let (first, _) = challenged(&mut wire, &request("INVITE", "first").offer());
    assert!(comes_in(&mut wire, &signed("first", Algorithm::Md5, &first, "00000001")));
    for n in 0..4_200 {
        wire.run_for(ms(1));
        let (nonce, _) = challenged(&mut wire, &request("INVITE", &format!("n{n}")).offer());
        assert!(comes_in(&mut wire, &signed(&format!("n{n}"), Algorithm::Md5, &nonce, "00000001")));
    }
    assert!(wire.endpoint.remembered_nonces() <= 4_096);
    let (_, stale) = challenged(&mut wire, &signed("replay", Algorithm::Md5, &first, "00000001"));
    assert!(stale);
    wire.settle();
}

#[test]
fn a_hash_that_is_not_offered_is_not_taken() {
    let users = vec![("trunk".to_owned(), Private::new(PASSWORD))];
    let algorithms = vec![Algorithm::Sha256];
    let digest = DigestUsers { realm: "city \"line\"".to_owned(), users, algorithms, ..DigestUsers::default() };
    let mut wire = Wire::with(Config { digest, ..Config::new([3; 32]) });
    wire.receive(request("INVITE", "a").offer());
    let reply = wire.reply();
    let offered = header(&reply, Name::WwwAuthenticate);
    assert!(reply.headers(Name::WwwAuthenticate).count() == 1 && offered.contains("SHA-256"), "{offered}");
    let nonce = offered.split("nonce=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(!comes_in(&mut wire, &signed("a", Algorithm::Md5, nonce, "00000001")));
    assert!(comes_in(&mut wire, &signed("b", Algorithm::Sha256, nonce, "00000001")));
    wire.settle();
}

#[test]
fn only_the_networks_named_must_sign_in() {
    let mut wire = guarded(vec![(addr("198.51.100.0:0").ip(), 24)]);
    assert!(comes_in(&mut wire, &request("INVITE", "near").offer()));
    wire.peer = addr("198.51.100.7:5060");
    challenged(&mut wire, &request("INVITE", "far").offer());
    wire.receive(request("OPTIONS", "alive"));
    assert_eq!(wire.only_status(), 200, "asking whether the line is up needs no password");
    wire.settle();
}

proptest! {
    #[test]
    fn any_credentials_are_right_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "Digest [ -~]{0,120}") {
        let _ = DigestParams::parse(&bytes);
        let _ = DigestParams::parse(text.as_bytes());
        let mut wire = guarded(Vec::new());
        prop_assert!(!comes_in(&mut wire, &request("INVITE", "x").offer().header("Authorization", &text)));
    }
}
