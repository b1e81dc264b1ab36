//! One Via value (RFC 3261 §20.42, RFC 3581).

use std::net::IpAddr;

use super::lex;
use super::lex::{Cursor, Params, check_params, is_blank};
use super::uri::{host_ip, is_host};

/// A Via value borrowed from a message.
#[derive(Clone, Copy)]
pub struct Via<'a> {
    /// The transport's name as spelt: `UDP`, `TCP`, `TLS` or one that is not known here.
    pub transport: &'a str,
    /// The host of sent-by, brackets on for IPv6.
    pub host: &'a str,
    /// The port of sent-by, if given.
    pub port: Option<u16>,
    /// All parameters.
    pub params: Params<'a>,
}

impl<'a> Via<'a> {
    /// Parses one value; `None` when it does not follow the grammar.
    #[must_use]
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        let mut cursor = Cursor::new(value);
        cursor.blanks();
        let name = cursor.token()?;
        if !cursor.eat_spaced(b'/') {
            return None;
        }
        let version = cursor.token()?;
        if !name.eq_ignore_ascii_case(b"SIP") || version != b"2.0" || !cursor.eat_spaced(b'/') {
            return None;
        }
        let transport = lex::visible(cursor.token()?)?;
        if !cursor.peek().is_some_and(is_blank) {
            return None;
        }
        cursor.blanks();
        let host = if cursor.peek() == Some(b'[') {
            let inner = cursor.take_while(|b| b != b']').len();
            let bracketed = value.len() - cursor.rest().len();
            if !cursor.eat(b']') {
                return None;
            }
            value.get(bracketed - inner..=bracketed)?
        } else {
            cursor.take_while(|b| !is_blank(b) && b != b':' && b != b';')
        };
        let host = lex::visible(host).filter(|h| is_host(h))?;
        let port = if cursor.eat_spaced(b':') {
            Some(u16::try_from(lex::number(cursor.take_while(|b| b.is_ascii_digit()), 65_535)?).ok()?)
        } else {
            None
        };
        if !check_params(cursor.rest()) {
            return None;
        }
        Some(Self { transport, host, port, params: Params::new(cursor.rest()) })
    }

    /// The branch, if it carries RFC 3261's magic cookie.
    #[must_use]
    pub fn branch(&self) -> Option<&'a str> {
        let branch = self.params.text("branch")?;
        let cookie = branch.as_bytes().get(..7)?;
        (cookie.eq_ignore_ascii_case(b"z9hG4bK") && branch.len() > 7).then_some(branch)
    }

    /// Whether the peer asks for responses to its source port (RFC 3581).
    #[must_use]
    pub fn wants_rport(&self) -> bool {
        self.params.get("rport").is_some()
    }

    /// The address of sent-by, if it is not a name.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        host_ip(self.host)
    }

    /// The address that the next element has noted in `received`.
    #[must_use]
    pub fn received(&self) -> Option<IpAddr> {
        let text = self.params.text("received")?;
        host_ip(text).or_else(|| text.parse().ok())
    }
}
