//! Callers who must sign in (RFC 3261 §22.2). A challenge costs no table entry: the nonce carries what must be known again.

use std::time::Instant;

use super::Endpoint;
use crate::auth::{DigestParams, Verdict};
use crate::transport::Flow;
use crate::wire::{Message, Name};

impl Endpoint {
    /// The challenge with which a new call is refused (401); `None` where it may come in.
    pub(super) fn challenge(&mut self, now: Instant, request: &Message, flow: Flow) -> Option<Vec<String>> {
        if !self.verifier.concerns(flow.peer.ip()) {
            return None;
        }
        let uptime = self.uptime(now);
        let mut verdict = Verdict::Wrong;
        // A phone may answer for several realms; one right answer is enough. The bound keeps a hostile request cheap.
        for value in request.headers(Name::Authorization).take(4) {
            let Some(given) = DigestParams::parse(value) else { continue };
            match self.verifier.check(uptime, request.method_token(), &given) {
                Verdict::Right => return None,
                Verdict::Stale => verdict = Verdict::Stale,
                Verdict::Wrong => {}
            }
        }
        self.counters.challenged += 1;
        let draw = self.secret.draw();
        Some(self.verifier.challenge(uptime, draw, verdict == Verdict::Stale))
    }
}
