//! Any bytes are a whole model file or an error, and reading them takes no more memory than they have.
#![no_main]

use std::io::Cursor;

use engine::model_file::check_model;
use libfuzzer_sys::fuzz_target;

#[path = "../../src/engine"]
#[allow(dead_code, reason = "the targets use a part of it")]
mod engine {
    pub mod model_file;
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(shape) = check_model(Cursor::new(bytes)) {
        assert!(shape.window_ms() <= 30_000);
    }
});
