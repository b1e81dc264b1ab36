//! Whom to call: a SIP URI with an address, resolved without DNS of its own.

use std::net::{SocketAddr, ToSocketAddrs};
use thiserror::Error;

/// Whom to call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The number or name, for example `109`.
    pub user: String,
    /// Host and port as they were written.
    pub host: String,
    /// Where the messages go.
    pub address: SocketAddr,
}

/// Why a text names nobody to call.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum TargetError {
    /// Not of the form.
    #[error("`{0}` is no SIP address; write sip:109@192.0.2.1 or sip:109@host:5060")]
    Form(String),
    /// The host is not known.
    #[error("{0}: the host is not known")]
    Host(String),
}

impl Target {
    /// Reads `sip:user@host[:port]`; the port is 5060 where none is given.
    ///
    /// # Errors
    /// [`TargetError`] for another form, or a host that is not known.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        let form = || TargetError::Form(text.to_owned());
        let (user, host) = text.strip_prefix("sip:").unwrap_or(text).split_once('@').ok_or_else(form)?;
        let host = host.split([';', '?']).next().unwrap_or_default();
        let user_fits =
            !user.is_empty() && user.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-_.*#".contains(&byte));
        if !user_fits || host.is_empty() || host.contains(char::is_whitespace) {
            return Err(form());
        }
        let with_port =
            if host.parse::<SocketAddr>().is_ok() || (!host.ends_with(']') && host.matches(':').count() == 1) {
                host.to_owned()
            } else {
                format!("{host}:5060")
            };
        let address = with_port
            .to_socket_addrs()
            .ok()
            .and_then(|mut found| found.next())
            .ok_or_else(|| TargetError::Host(host.to_owned()))?;
        Ok(Self { user: user.to_owned(), host: host.to_owned(), address })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_with_and_without_port_and_of_both_families() {
        for (text, address) in [
            ("sip:109@127.0.0.1", "127.0.0.1:5060"),
            ("sip:109@127.0.0.1:5099", "127.0.0.1:5099"),
            ("109@127.0.0.1;transport=udp", "127.0.0.1:5060"),
            ("sip:109@[::1]", "[::1]:5060"),
            ("sip:109@[::1]:5070", "[::1]:5070"),
        ] {
            assert_eq!(Target::parse(text).unwrap().address, address.parse().unwrap(), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_told() {
        for text in ["", "109", "sip:@host", "sip:1 2@127.0.0.1", "sip:109@", "sip:109@a b"] {
            assert!(matches!(Target::parse(text), Err(TargetError::Form(_))), "{text}");
        }
    }
}
