//! The grammar's small parts (RFC 3261 §25.1): tokens, quoted strings, parameters and comma-separated values.

/// Whether a byte may stand in a token.
pub(crate) fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte)
}

/// Whether the bytes are a non-empty token.
pub(crate) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|b| is_token_byte(*b))
}

pub(crate) fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// Drops spaces and tabs at both ends. Folded lines have been joined by spaces before.
pub(crate) fn trim(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|b| !is_blank(*b)).unwrap_or(bytes.len());
    let end = bytes.iter().rposition(|b| !is_blank(*b)).map_or(start, |last| last + 1);
    bytes.get(start..end).unwrap_or_default()
}

/// The bytes as text, if they are printable ASCII without spaces.
pub(crate) fn visible(bytes: &[u8]) -> Option<&str> {
    if bytes.iter().all(u8::is_ascii_graphic) { std::str::from_utf8(bytes).ok() } else { None }
}

/// Reads a decimal number of digits only, at most `max`.
pub(crate) fn number(bytes: &[u8], max: u64) -> Option<u64> {
    if bytes.is_empty() {
        return None;
    }
    let mut value = 0u64;
    for byte in bytes {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
        if value > max {
            return None;
        }
    }
    Some(value)
}

/// Consumes a byte slice from the left.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    pub(crate) fn blanks(&mut self) {
        self.take_while(is_blank);
    }

    /// Consumes `byte` if it comes next.
    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        match self.rest.split_first() {
            Some((first, rest)) if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Consumes `byte` with blanks allowed around it, as in `SLASH`, `EQUAL` or `SEMI`.
    pub(crate) fn eat_spaced(&mut self, byte: u8) -> bool {
        let mut probe = *self;
        probe.blanks();
        if !probe.eat(byte) {
            return false;
        }
        probe.blanks();
        *self = probe;
        true
    }

    pub(crate) fn take_while(&mut self, accept: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.rest.iter().position(|b| !accept(*b)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    pub(crate) fn token(&mut self) -> Option<&'a [u8]> {
        let token = self.take_while(is_token_byte);
        (!token.is_empty()).then_some(token)
    }

    /// Consumes a quoted string; the result has its quotes off and its escapes on.
    pub(crate) fn quoted(&mut self) -> Option<&'a [u8]> {
        let inner = self.rest.strip_prefix(b"\"")?;
        let mut escaped = false;
        for (at, byte) in inner.iter().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    self.rest = inner.get(at + 1..)?;
                    return inner.get(..at);
                }
                _ => {}
            }
        }
        None
    }
}

/// The inside of a quoted string without its escapes.
pub(crate) fn unescape(inner: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter();
    while let Some(byte) = bytes.next() {
        out.push(if *byte == b'\\' { *bytes.next().unwrap_or(byte) } else { *byte });
    }
    out
}

/// One `;name=value` parameter; `value` is empty for a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Param<'a> {
    /// The name as the peer spelt it.
    pub name: &'a str,
    /// The value, quotes off.
    pub value: Option<&'a [u8]>,
}

impl Param<'_> {
    /// Whether the parameter has this name, in any case.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// Parameters of a header field's value, read one by one. The iterator ends at the first fault; [`check_params`]
/// tells a fault from the end.
#[derive(Clone, Copy)]
pub struct Params<'a> {
    cursor: Cursor<'a>,
}

impl<'a> Params<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { cursor: Cursor::new(bytes) }
    }

    /// The value of the first parameter with this name: `None` if absent, `Some(None)` for a flag.
    #[must_use]
    pub fn get(mut self, name: &str) -> Option<Option<&'a [u8]>> {
        self.find(|p| p.is(name)).map(|p| p.value)
    }

    /// The value of the first parameter with this name, as visible ASCII text.
    #[must_use]
    pub fn text(self, name: &str) -> Option<&'a str> {
        self.get(name).flatten().and_then(visible)
    }
}

impl<'a> Iterator for Params<'a> {
    type Item = Param<'a>;

    fn next(&mut self) -> Option<Param<'a>> {
        if !self.cursor.eat_spaced(b';') {
            return None;
        }
        let name = std::str::from_utf8(self.cursor.token()?).ok()?;
        if !self.cursor.eat_spaced(b'=') {
            return Some(Param { name, value: None });
        }
        let value = if self.cursor.peek() == Some(b'"') {
            self.cursor.quoted()?
        } else {
            // A value may be a host, so IPv6 references and (RFC 5118 §4.5) bare IPv6 addresses are let through.
            let value = self.cursor.take_while(|b| is_token_byte(b) || b"[]:".contains(&b));
            if value.is_empty() {
                return None;
            }
            value
        };
        Some(Param { name, value: Some(value) })
    }
}

/// Whether the bytes are nothing but well-formed parameters.
pub(crate) fn check_params(bytes: &[u8]) -> bool {
    let mut params = Params::new(bytes);
    while params.next().is_some() {}
    trim(params.cursor.rest()).is_empty()
}

/// Splits a header field's value at its commas, not at those inside quotes or angle brackets.
pub(crate) fn split_commas(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let bytes = rest?;
        let (mut quoted, mut escaped, mut bracketed) = (false, false, false);
        for (at, byte) in bytes.iter().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' if !bracketed => quoted = !quoted,
                b'<' if !quoted => bracketed = true,
                b'>' if !quoted => bracketed = false,
                b',' if !quoted && !bracketed => {
                    rest = bytes.get(at + 1..);
                    return bytes.get(..at).map(trim);
                }
                _ => {}
            }
        }
        rest = None;
        Some(trim(bytes))
    })
}

/// Whether a control character stands where none may: only a quoted string may hold one, after a backslash, and never a line
/// end (RFC 3261 §25.1, quoted-pair).
pub(super) fn has_stray_control(value: &[u8]) -> bool {
    let is_control = |byte: &u8| byte.is_ascii_control() && *byte != b'\t';
    if !value.iter().any(is_control) {
        return false;
    }
    let (mut quoted, mut escaped) = (false, false);
    value.iter().any(|byte| {
        let is_pair = quoted && escaped && !matches!(byte, b'\r' | b'\n');
        let is_stray = is_control(byte) && !is_pair;
        quoted ^= *byte == b'"' && !is_pair;
        escaped = quoted && !is_pair && *byte == b'\\';
        is_stray
    })
}
