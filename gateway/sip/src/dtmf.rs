//! Key presses inside INFO requests: `application/dtmf-relay` and `application/dtmf`.

/// Reads the key from an INFO body; `None` when the type or the body is something else.
#[must_use]
pub fn digit(content_type: &str, body: &[u8]) -> Option<char> {
    let text = std::str::from_utf8(body.get(..body.len().min(256))?).ok()?;
    let signal = match content_type {
        "application/dtmf-relay" => text.lines().find_map(|line| {
            let (name, value) = line.split_once('=')?;
            name.trim().eq_ignore_ascii_case("signal").then_some(value)
        })?,
        "application/dtmf" => text,
        _ => return None,
    };
    key(signal.trim())
}

/// A key by its sign, or by its event number (RFC 4733 §3.2) as some gateways write it.
fn key(signal: &str) -> Option<char> {
    let mut letters = signal.chars();
    match (letters.next()?, letters.next()) {
        (sign, None) if "0123456789*#ABCD".contains(sign.to_ascii_uppercase()) => Some(sign.to_ascii_uppercase()),
        _ => {
            let number: usize = signal.parse().ok().filter(|n| (10..16).contains(n))?;
            "*#ABCD".chars().nth(number - 10)
        }
    }
}

/// The body of an INFO request for one key press.
#[must_use]
pub fn relay_body(digit: char, duration_ms: u32) -> String {
    format!("Signal={digit}\r\nDuration={duration_ms}\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_phones_and_gateways_write() {
        let relay = |body: &str| digit("application/dtmf-relay", body.as_bytes());
        assert_eq!(relay("Signal=5\r\nDuration=160\r\n"), Some('5'));
        assert_eq!(relay("Signal= #\nDuration= 250"), Some('#'));
        assert_eq!(relay("Duration=100\r\nsignal=10\r\n"), Some('*'));
        assert_eq!(digit("application/dtmf", b"7"), Some('7'));
        assert_eq!(relay(&relay_body('a', 100)), Some('A'));
    }

    #[test]
    fn anything_else_is_no_key() {
        assert_eq!(digit("application/dtmf-relay", b"Signal=16"), None);
        assert_eq!(digit("application/dtmf-relay", b"Signal="), None);
        assert_eq!(digit("application/dtmf-relay", &[0xff, 0xfe]), None);
        assert_eq!(digit("text/plain", b"5"), None);
    }
}
