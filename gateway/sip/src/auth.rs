//! Digest authentication (RFC 3261 §22, RFC 7616, RFC 8760): the header fields, the arithmetic, and a verifier that keeps
//! no state for a challenge. A nonce carries its own time and a keyed hash, so that nothing is stored until somebody who
//! knows a password has used it; then only how often.

mod nonce;
mod verifier;

pub use verifier::{DigestUsers, Verdict, Verifier};

use md5::Md5;
use sha2::{Digest as _, Sha256};

use crate::wire::{Cursor, unescape};

/// A hash that digest authentication may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// SHA-256 (RFC 8760): what is asked for first.
    Sha256,
    /// MD5, because many phones know nothing else.
    Md5,
}

impl Algorithm {
    /// The name in the header fields.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Md5 => "MD5",
        }
    }

    /// The hash with this name, in any case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Sha256, Self::Md5].into_iter().find(|known| name.eq_ignore_ascii_case(known.name()))
    }

    fn hash(self, parts: &[&str]) -> String {
        let text = parts.join(":");
        match self {
            Self::Sha256 => hex(&Sha256::digest(text.as_bytes())),
            Self::Md5 => hex(&Md5::digest(text.as_bytes())),
        }
    }
}

/// What a response is computed from, beside the password.
#[derive(Debug, Clone, Copy)]
pub struct Proof<'a> {
    /// The hash.
    pub algorithm: Algorithm,
    /// Who signs in.
    pub user: &'a str,
    /// Where.
    pub realm: &'a str,
    /// The challenge.
    pub nonce: &'a str,
    /// How often the nonce was used, in eight hexadecimal digits; with `cnonce` absent for a peer from before RFC 2617.
    pub count: Option<(&'a str, &'a str)>,
    /// The request's method.
    pub method: &'a str,
    /// The URI that the sender signed.
    pub uri: &'a str,
}

impl Proof<'_> {
    /// The `response` of someone who knows the password (RFC 7616 §3.4.1, `qop=auth` where there is a count).
    #[must_use]
    pub fn response(&self, password: &str) -> String {
        let algorithm = self.algorithm;
        let secret = algorithm.hash(&[self.user, self.realm, password]);
        let request = algorithm.hash(&[self.method, self.uri]);
        match self.count {
            Some((count, cnonce)) => algorithm.hash(&[&secret, self.nonce, count, cnonce, "auth", &request]),
            None => algorithm.hash(&[&secret, self.nonce, &request]),
        }
    }
}

/// The parameters of a Digest challenge or of Digest credentials. Absent ones are empty.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct DigestParams {
    pub(crate) username: String,
    pub(crate) realm: String,
    pub(crate) nonce: String,
    pub(crate) uri: String,
    pub(crate) response: String,
    pub(crate) algorithm: Option<String>,
    pub(crate) cnonce: String,
    pub(crate) opaque: Option<String>,
    pub(crate) qop: String,
    pub(crate) count: String,
    pub(crate) stale: bool,
}

impl DigestParams {
    /// Parses the value of Authorization, WWW-Authenticate or their like; `None` where it is no Digest, does not follow the
    /// grammar or names a parameter twice.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(value);
        cursor.blanks();
        if !cursor.token()?.eq_ignore_ascii_case(b"Digest") {
            return None;
        }
        let (mut params, mut seen) = (Self::default(), Vec::new());
        loop {
            cursor.blanks();
            let name = std::str::from_utf8(cursor.token()?).ok()?.to_ascii_lowercase();
            if !cursor.eat_spaced(b'=') {
                return None;
            }
            let value = if cursor.peek() == Some(b'"') { unescape(cursor.quoted()?) } else { cursor.token()?.to_vec() };
            let value = String::from_utf8(value).ok().filter(|v| !v.chars().any(char::is_control))?;
            if seen.contains(&name) || seen.len() > 24 {
                return None;
            }
            params.set(&name, value);
            seen.push(name);
            if !cursor.eat_spaced(b',') {
                cursor.blanks();
                return cursor.is_empty().then_some(params);
            }
        }
    }

    fn set(&mut self, name: &str, value: String) {
        match name {
            "username" => self.username = value,
            "realm" => self.realm = value,
            "nonce" => self.nonce = value,
            "uri" => self.uri = value,
            "response" => self.response = value,
            "algorithm" => self.algorithm = Some(value),
            "cnonce" => self.cnonce = value,
            "opaque" => self.opaque = Some(value),
            "qop" => self.qop = value,
            "nc" => self.count = value,
            "stale" => self.stale = value.eq_ignore_ascii_case("true"),
            _ => {}
        }
    }

    /// The hash that is named, if it is known here.
    #[must_use]
    pub fn algorithm(&self) -> Option<Algorithm> {
        self.algorithm.as_deref().map_or(Some(Algorithm::Md5), Algorithm::named)
    }
}

impl std::fmt::Debug for DigestParams {
    /// Shows nothing of who signs in and with what.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DigestParams").field("algorithm", &self.algorithm()).finish_non_exhaustive()
    }
}

/// Text between quotes, with what would end them escaped.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars().filter(|c| !c.is_control()) {
        if c == '"' || c == '\\' {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(digit), 16));
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7616 §3.9.1's example, which both hashes have.
    #[test]
    fn agrees_with_the_published_example() {
        let proof = |algorithm| Proof {
            algorithm,
            user: "Mufasa",
            realm: "http-auth@example.org",
            nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
            count: Some(("00000001", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")),
            method: "GET",
            uri: "/dir/index.html",
        };
        assert_eq!(proof(Algorithm::Md5).response("Circle of Life"), "8ca523f5e9506fed4657c9700eebdbec");
        assert_eq!(
            proof(Algorithm::Sha256).response("Circle of Life"),
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
        );
    }

    #[test]
    fn parameters_are_read_in_any_order_and_spelling() {
        let params =
            DigestParams::parse(b"dIgEsT  realm=\"a \\\"b\\\", c\" ,NONCE=\"n\", qop=auth,\tnc=00000002 , opaque=\"\"")
                .unwrap();
        assert_eq!((params.realm.as_str(), params.nonce.as_str()), ("a \"b\", c", "n"));
        assert_eq!(
            (params.qop.as_str(), params.count.as_str(), params.opaque.as_deref()),
            ("auth", "00000002", Some(""))
        );
        for wrong in [
            &b""[..],
            b"Digest",
            b"Basic YTpi",
            b"Digest realm",
            b"Digest realm=",
            b"Digest realm=\"a",
            b"Digest realm=\"a\" nonce=\"b\"",
            b"Digest realm=\"a\",",
            b"Digest realm=\"a\", realm=\"b\"",
            b"Digest realm=\"\xff\"",
        ] {
            assert_eq!(DigestParams::parse(wrong), None, "{}", String::from_utf8_lossy(wrong));
        }
    }
}
