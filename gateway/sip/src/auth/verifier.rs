//! Who may place calls: challenges, and what comes back.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use subtle::ConstantTimeEq;

use super::nonce::{self, Id};
use super::{Algorithm, DigestParams, Proof, quoted};
use crate::endpoint::Private;

/// How long a nonce may be used.
const NONCE_LIFE: Duration = Duration::from_secs(300);
/// How many nonces in use are remembered.
const NONCES: usize = 4_096;

/// Who must sign in, and with what.
#[derive(Debug, Clone)]
pub struct DigestUsers {
    /// The realm that phones show.
    pub realm: String,
    /// Users and their passwords.
    pub users: Vec<(String, Private)>,
    /// The networks whose calls must sign in, as address and bits; empty: all.
    pub networks: Vec<(IpAddr, u8)>,
    /// The hashes that are offered, the preferred one first. Some phones read the first offer alone.
    pub algorithms: Vec<Algorithm>,
}

impl Default for DigestUsers {
    fn default() -> Self {
        let algorithms = vec![Algorithm::Sha256, Algorithm::Md5];
        Self { realm: String::new(), users: Vec::new(), networks: Vec::new(), algorithms }
    }
}

impl DigestUsers {
    /// Whether calls from an address must sign in.
    #[must_use]
    pub fn concern(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        !self.users.is_empty() && (self.networks.is_empty() || self.networks.iter().any(|n| within(peer, *n)))
    }
}

fn within(peer: IpAddr, (network, bits): (IpAddr, u8)) -> bool {
    let shared = |differ: u128, width: u32| {
        let bits = u32::from(bits).min(width);
        bits == 0 || differ.checked_shr(width - bits).unwrap_or(0) == 0
    };
    match (peer, network) {
        (IpAddr::V4(a), IpAddr::V4(b)) => shared(u128::from(a.to_bits() ^ b.to_bits()), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => shared(a.to_bits() ^ b.to_bits(), 128),
        _ => false,
    }
}

/// What credentials are worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// They are right.
    Right,
    /// They were right once: the nonce is too old, or this count of it was used before.
    Stale,
    /// They are wrong, or there are none.
    Wrong,
}

/// Makes challenges and checks answers.
pub struct Verifier {
    users: DigestUsers,
    key: [u8; 32],
    /// The highest count seen of each nonce that was used with a right password, oldest first.
    used: BTreeMap<Id, u32>,
    /// Nonces made at or before this are refused: their counts are forgotten.
    forgotten: Option<Id>,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").field("remembered", &self.used.len()).finish_non_exhaustive()
    }
}

impl Verifier {
    /// Makes a verifier with 32 secret bytes of its own.
    #[must_use]
    pub fn new(users: DigestUsers, key: [u8; 32]) -> Self {
        Self { users, key, used: BTreeMap::new(), forgotten: None }
    }

    /// Whether calls from an address must sign in.
    #[must_use]
    pub fn concerns(&self, peer: IpAddr) -> bool {
        self.users.concern(peer)
    }

    /// How many nonces are remembered.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.used.len()
    }

    /// The WWW-Authenticate values of a challenge, one for each hash (RFC 8760 §2.3). `draw` is a number that no other
    /// challenge gets.
    #[must_use]
    pub fn challenge(&self, uptime: Duration, draw: u64, stale: bool) -> Vec<String> {
        let nonce = nonce::write(&self.key, (millis(uptime), draw));
        let realm = quoted(&self.users.realm);
        let stale = if stale { ", stale=true" } else { "" };
        let names = self.users.algorithms.iter().map(|algorithm| algorithm.name());
        names
            .map(|name| format!("Digest realm={realm}, nonce=\"{nonce}\", algorithm={name}, qop=\"auth\"{stale}"))
            .collect()
    }

    /// Checks the credentials of a request.
    pub fn check(&mut self, uptime: Duration, method: &str, given: &DigestParams) -> Verdict {
        let Some(id) = self.prove(method, given) else { return Verdict::Wrong };
        let Ok(count) = u32::from_str_radix(&given.count, 16) else { return Verdict::Wrong };
        let age = millis(uptime).checked_sub(id.0);
        if age.is_none_or(|age| age > millis(NONCE_LIFE)) || self.forgotten.is_some_and(|last| id <= last) {
            return Verdict::Stale;
        }
        if self.used.get(&id).is_some_and(|last| count <= *last) {
            return Verdict::Stale;
        }
        self.forget(millis(uptime));
        self.used.insert(id, count);
        Verdict::Right
    }

    /// The nonce's id, if the credentials belong to a user and to a nonce of this side.
    fn prove(&self, method: &str, given: &DigestParams) -> Option<Id> {
        let id = nonce::read(&self.key, &given.nonce)?;
        let counted = given.count.len() == 8 && given.count.bytes().all(|b| b.is_ascii_hexdigit());
        // Without a count and a nonce of the sender's own, a listener could use the credentials again.
        if !given.qop.eq_ignore_ascii_case("auth")
            || !counted
            || given.cnonce.is_empty()
            || given.realm != self.users.realm
        {
            return None;
        }
        let proof = Proof {
            algorithm: given.algorithm().filter(|algorithm| self.users.algorithms.contains(algorithm))?,
            user: &given.username,
            realm: &given.realm,
            nonce: &given.nonce,
            count: Some((&given.count, &given.cnonce)),
            method,
            uri: &given.uri,
        };
        let (_, password) = self.users.users.iter().find(|(user, _)| *user == given.username)?;
        let expected = proof.response(password.reveal());
        let given = given.response.to_ascii_lowercase();
        bool::from(expected.as_bytes().ct_eq(given.as_bytes())).then_some(id)
    }

    /// Forgets nonces that are too old, and the oldest ones where there are too many.
    fn forget(&mut self, now: u64) {
        while let Some(oldest) = self.used.first_entry() {
            let expired = oldest.key().0.saturating_add(millis(NONCE_LIFE)) < now;
            if !expired && self.used.len() < NONCES {
                return;
            }
            self.forgotten = self.used.pop_first().map(|(id, _)| id).max(self.forgotten);
        }
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
