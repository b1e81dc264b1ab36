//! Any bytes are a recording with sane samples, or an error.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use transcriber::audio::{Limits, decode};

#[path = "../../src"]
#[allow(dead_code, reason = "the targets use a part of it")]
mod transcriber {
    pub mod audio;
}

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { max_bytes: 1 << 20, max_duration: Duration::from_secs(30) };
    if let Ok(audio) = decode(bytes, &limits) {
        assert!(!audio.samples.is_empty());
        assert!(audio.duration() <= Duration::from_secs(32));
        assert!(audio.samples.iter().all(|sample| sample.abs() <= 1.0));
    }
});
