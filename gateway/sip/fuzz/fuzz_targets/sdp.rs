//! Any bytes as an offer and as an answer.
#![no_main]

use dauys_sip::sdp::{self, Capabilities};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let own = Capabilities::g711(([192, 0, 2, 20], 30_000).into());
    let _ = sdp::answer(bytes, &own);
    let _ = sdp::accept_answer(bytes, &own);
});
