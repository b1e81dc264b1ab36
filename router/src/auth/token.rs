//! Session tokens: 256 random bits that only their holder has; the store keeps their SHA-256.

use crate::store::TokenHash;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRng as _;
use sha2::{Digest as _, Sha256};
use std::fmt;

/// A session token as its holder sends it. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Makes a token from the operating system's randomness.
    #[expect(clippy::expect_used, reason = "without randomness no session may be made; the kernel does not fail here")]
    pub fn random() -> Self {
        let mut bytes = [0u8; 32];
        rand::rngs::SysRng.try_fill_bytes(&mut bytes).expect("the system gives randomness");
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads a token from a header or a file; none where it has not the form of one.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        (bytes.len() == 32).then(|| Self(text.to_owned()))
    }

    /// Returns the text that goes into the cookie or the `Authorization` header.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Returns what the store keeps. A search by it tells an attacker nothing about the token by its time, and a stolen
    /// database holds no session.
    pub fn digest(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.0.as_bytes()).into())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_read_back() {
        let token = Token::random();
        assert_ne!(token, Token::random());
        assert_eq!(Token::parse(token.text()), Some(token.clone()));
        assert_eq!(token.text().len(), 43);
        assert!(!format!("{token:?}").contains(token.text()));
    }

    #[test]
    fn what_is_no_token_is_refused() {
        for text in ["", "abc", "********", &"A".repeat(44)] {
            assert_eq!(Token::parse(text), None, "{text}");
        }
    }
}
