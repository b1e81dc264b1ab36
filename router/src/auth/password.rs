//! Passwords: argon2id with the parameters of RFC 9106's second recommendation as OWASP scales it (19 MiB, 2 passes).

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use std::sync::{Arc, OnceLock};
use thiserror::Error;
use tokio::sync::Semaphore;

/// The shortest password that an account may have, in characters.
pub const SHORTEST: usize = 10;
/// The longest password that is looked at, in bytes; a longer one costs an attacker nothing and us much.
pub const LONGEST: usize = 256;

/// Why a password was not taken.
#[derive(Debug, Error)]
pub enum PasswordError {
    /// Shorter than [`SHORTEST`] characters or longer than [`LONGEST`] bytes.
    #[error("a password has {SHORTEST} characters or more, and {LONGEST} bytes at most")]
    Length,
    /// The hash could not be made.
    #[error("the password could not be hashed: {0}")]
    Hash(String),
}

fn hasher() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::default())
}

/// Hashes a password with a random salt into a PHC string.
///
/// # Errors
/// [`PasswordError`] where it is too short, too long, or the system gives no randomness.
pub fn hash(password: &str) -> Result<String, PasswordError> {
    if password.chars().count() < SHORTEST || password.len() > LONGEST {
        return Err(PasswordError::Length);
    }
    let hash = hasher().hash_password(password.as_bytes()).map_err(|error| PasswordError::Hash(error.to_string()))?;
    Ok(hash.to_string())
}

/// Returns whether the password fits the hash; false for a hash that cannot be read.
pub fn fits(password: &str, hash: &str) -> bool {
    if password.len() > LONGEST {
        return false;
    }
    let Ok(hash) = PasswordHash::new(hash) else { return false };
    hasher().verify_password(password.as_bytes(), &hash).is_ok()
}

/// Compares passwords away from the event loop, few at a time, so that a flood of sign-ins cannot take all memory.
#[derive(Clone, Debug)]
pub struct Verifier {
    places: Arc<Semaphore>,
}

impl Verifier {
    /// Makes a verifier that compares at most `at_once` passwords at the same time.
    pub fn new(at_once: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(at_once)) }
    }

    /// Returns whether the password fits. Without a hash (no such login) it takes as long and says no, so that the time
    /// does not tell which logins exist.
    pub async fn fits(&self, password: String, hash: Option<String>) -> bool {
        let Ok(_place) = self.places.acquire().await else { return false };
        let compare = move || match &hash {
            Some(hash) => fits(&password, hash),
            None => {
                fits(&password, dummy());
                false
            }
        };
        tokio::task::spawn_blocking(compare).await.unwrap_or(false)
    }
}

/// A hash that no password is known to fit, with today's parameters.
fn dummy() -> &'static str {
    static DUMMY: OnceLock<String> = OnceLock::new();
    DUMMY.get_or_init(|| hash(super::Token::random().text()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_fits_its_hash() {
        let hashed = hash("a long password").unwrap();
        assert!(hashed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hashed}");
        assert!(fits("a long password", &hashed));
        assert!(!fits("a long passworD", &hashed));
        assert!(!fits("a long password", "no hash"));
    }

    #[test]
    fn short_and_huge_passwords_are_refused() {
        assert!(matches!(hash("short"), Err(PasswordError::Length)));
        assert!(matches!(hash(&"x".repeat(LONGEST + 1)), Err(PasswordError::Length)));
    }

    #[tokio::test]
    async fn an_unknown_login_is_refused_by_the_same_work() {
        let verifier = Verifier::new(1);
        assert!(!verifier.fits("anything at all".to_owned(), None).await);
        assert!(PasswordHash::new(dummy()).is_ok());
    }
}
