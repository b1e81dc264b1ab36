//! Any bytes as a WhatsApp delivery: the reader never panics, and what it reads has an id and a sender.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../src/messengers/whatsapp/webhook.rs"]
#[allow(dead_code, reason = "the target uses a part of the module")]
mod webhook;

fuzz_target!(|bytes: &[u8]| {
    assert!(!webhook::is_signed(bytes, "sha256=00", "secret"));
    if let Ok(delivered) = webhook::parse(bytes) {
        for message in delivered.messages {
            assert!(!message.id.is_empty());
            assert!(message.from.bytes().all(|byte| byte.is_ascii_digit()));
        }
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = webhook::read_sha256(text);
        let _ = webhook::is_signed(b"body", text, "secret");
    }
});
