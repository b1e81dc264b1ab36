//! Any bytes: parsing never panics, and what parses reads back the same.
#![no_main]

use dauys_sip::wire::{Message, Name};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(message) = Message::parse(bytes) else { return };
    let _ = (message.via(), message.contact(), message.cseq(), message.content_type(), message.number(Name::Expires));
    let again = Message::parse(&message.serialise());
    assert!(again.is_ok_and(|again| again == message));
});
