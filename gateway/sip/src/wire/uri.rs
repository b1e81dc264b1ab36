//! URIs (RFC 3261 §19.1, §25.1): `sip:` and `sips:` in full, `tel:` and other schemes as far as they are needed.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use super::lex::{is_token_byte, number, visible};

/// A URI borrowed from a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uri<'a> {
    /// The whole URI.
    pub raw: &'a str,
    /// The scheme, as spelt.
    pub scheme: &'a str,
    /// The user part, escapes on; for `tel:` the number.
    pub user: Option<&'a str>,
    /// The host, brackets on for IPv6; empty for schemes other than `sip:` and `sips:`.
    pub host: &'a str,
    /// The port, if given.
    pub port: Option<u16>,
    params: &'a str,
    /// The part behind `?`, if there is one.
    pub headers: Option<&'a str>,
}

impl<'a> Uri<'a> {
    /// Parses a URI without angle brackets; `None` when it does not follow the grammar.
    #[must_use]
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let raw = visible(bytes)?;
        if raw.bytes().any(|b| b"<>\"{}|\\^`".contains(&b)) || !escapes_are_whole(raw) {
            return None;
        }
        let (scheme, rest) = raw.split_once(':')?;
        let mut letters = scheme.bytes();
        if !letters.next()?.is_ascii_alphabetic() || !letters.all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
        {
            return None;
        }
        if scheme.eq_ignore_ascii_case("sip") || scheme.eq_ignore_ascii_case("sips") {
            return Self::parse_sip(raw, scheme, rest);
        }
        if rest.is_empty() {
            return None;
        }
        let user = scheme.eq_ignore_ascii_case("tel").then(|| rest.split_once(';').map_or(rest, |(number, _)| number));
        Some(Self { raw, scheme, user, host: "", port: None, params: "", headers: None })
    }

    fn parse_sip(raw: &'a str, scheme: &'a str, rest: &'a str) -> Option<Self> {
        let (user, rest) = match rest.split_once('@') {
            Some((userinfo, rest)) => (Some(check_userinfo(userinfo)?), rest),
            None => (None, rest),
        };
        let (rest, headers) = match rest.split_once('?') {
            Some((rest, headers)) if !headers.is_empty() => (rest, Some(headers)),
            Some(_) => return None,
            None => (rest, None),
        };
        let (hostport, params) = match rest.find(';') {
            Some(at) => rest.split_at_checked(at)?,
            None => (rest, ""),
        };
        let params_are_whole = params.split(';').skip(1).all(|param| {
            let name = param.split_once('=').map_or(param, |(name, _)| name);
            !name.is_empty() && param.bytes().all(|b| is_token_byte(b) || b"[]/:&+$=()".contains(&b))
        });
        if !params_are_whole {
            return None;
        }
        let (host, port) = split_host_port(hostport)?;
        Some(Self { raw, scheme, user, host, port, params, headers })
    }

    /// Whether the scheme is `sip` or `sips`.
    #[must_use]
    pub fn is_sip(&self) -> bool {
        !self.host.is_empty()
    }

    /// The value of a URI parameter: `None` if absent, empty for a flag.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&'a str> {
        self.params.split(';').skip(1).find_map(|param| {
            let (key, value) = param.split_once('=').unwrap_or((param, ""));
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    /// The user part without its escapes and without its own parameters (`;phone-context=…`).
    #[must_use]
    pub fn user_decoded(&self) -> Option<String> {
        let user = self.user?;
        let user = user.split_once(';').map_or(user, |(user, _)| user);
        Some(percent_decode(user))
    }

    /// The socket address that the URI names, if its host is an address and not a name.
    #[must_use]
    pub fn socket_addr(&self) -> Option<SocketAddr> {
        let default = if self.scheme.eq_ignore_ascii_case("sips") { 5061 } else { 5060 };
        Some(SocketAddr::new(host_ip(self.host)?, self.port.unwrap_or(default)))
    }
}

/// The address that a host is, if it is not a name.
pub(crate) fn host_ip(host: &str) -> Option<IpAddr> {
    match host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        Some(v6) => v6.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => host.parse().ok(),
    }
}

/// Splits and checks `host[:port]`.
pub(crate) fn split_host_port(text: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = if text.starts_with('[') {
        let (host, rest) = text.split_at_checked(text.find(']')? + 1)?;
        (host, if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
    } else {
        text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)))
    };
    if !is_host(host) {
        return None;
    }
    match port {
        None => Some((host, None)),
        Some(port) => Some((host, Some(u16::try_from(number(port.as_bytes(), 65_535)?).ok()?))),
    }
}

/// Whether the text is a host name, an IPv4 address or an IPv6 reference. Underscores are let through: container
/// networks hand out names that have them.
pub(crate) fn is_host(host: &str) -> bool {
    if host.starts_with('[') {
        return host_ip(host).is_some();
    }
    !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
}

fn check_userinfo(userinfo: &str) -> Option<&str> {
    let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-_.!~*'()%&=+$,".contains(&b);
    let whole = !user.is_empty()
        && user.bytes().all(|b| unreserved(b) || b";?/#".contains(&b))
        && password.bytes().all(unreserved);
    whole.then_some(user)
}

fn escapes_are_whole(text: &str) -> bool {
    text.split('%').skip(1).all(|rest| {
        let digits = rest.as_bytes();
        digits.first().is_some_and(u8::is_ascii_hexdigit) && digits.get(1).is_some_and(u8::is_ascii_hexdigit)
    })
}

fn percent_decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let hex = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16));
        let escape = (byte == b'%').then(|| (hex(bytes.clone().next()), hex(bytes.clone().nth(1))));
        if let Some((Some(high), Some(low))) = escape {
            bytes.nth(1);
            out.push((high * 16 + low) as u8);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
