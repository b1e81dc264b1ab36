//! Nonces that prove by themselves that this side made them, and when.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::hex;

/// What names a nonce: the millisecond of its making, and a number that no other has.
pub(super) type Id = (u64, u64);

/// Writes a nonce: its id and half of an HMAC over it.
pub(super) fn write(key: &[u8; 32], id: Id) -> String {
    format!("{:016x}{:016x}{}", id.0, id.1, seal(key, id))
}

/// Reads a nonce that [`write()`] wrote with the same key; `None` for any other text.
pub(super) fn read(key: &[u8; 32], nonce: &str) -> Option<Id> {
    let (made, rest) = nonce.split_at_checked(16)?;
    let (draw, sealed) = rest.split_at_checked(16)?;
    let word = |text: &str| {
        let plain = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if plain { u64::from_str_radix(text, 16).ok() } else { None }
    };
    let id = (word(made)?, word(draw)?);
    bool::from(seal(key, id).as_bytes().ct_eq(sealed.as_bytes())).then_some(id)
}

fn seal(key: &[u8; 32], id: Id) -> String {
    // HMAC takes keys of any length; were this one refused, no nonce would ever be accepted.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    mac.update(&id.0.to_be_bytes());
    mac.update(&id.1.to_be_bytes());
    hex(mac.finalize().into_bytes().get(..16).unwrap_or_default())
}
