//! Addresses of From, To, Contact, Route and their like: `name-addr` or `addr-spec`, with parameters (RFC 3261 §20.10).

use super::lex::{Cursor, Params, check_params, is_blank, is_token_byte};
use super::uri::Uri;

/// An address borrowed from a message.
#[derive(Clone, Copy)]
pub struct Address<'a> {
    /// The URI.
    pub uri: Uri<'a>,
    /// The header field's parameters, not the URI's.
    pub params: Params<'a>,
}

impl<'a> Address<'a> {
    /// Parses one address; `None` when it does not follow the grammar.
    #[must_use]
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        let mut cursor = Cursor::new(value);
        cursor.blanks();
        let quoted = cursor.peek() == Some(b'"');
        if quoted {
            cursor.quoted()?;
            cursor.blanks();
        }
        let bracketed = Self::parse_bracketed(cursor);
        if quoted { bracketed } else { bracketed.or_else(|| Self::parse_bare(cursor)) }
    }

    fn parse_bracketed(mut cursor: Cursor<'a>) -> Option<Self> {
        // Bytes above ASCII stand unquoted in many phones' display names; the name is not used, so they do no harm.
        let name = cursor.take_while(|b| b != b'<');
        if !name.iter().all(|b| is_token_byte(*b) || is_blank(*b) || *b >= 0x80) || !cursor.eat(b'<') {
            return None;
        }
        let uri = Uri::parse(cursor.take_while(|b| b != b'>'))?;
        if !cursor.eat(b'>') || !check_params(cursor.rest()) {
            return None;
        }
        Some(Self { uri, params: Params::new(cursor.rest()) })
    }

    /// Without brackets, every parameter belongs to the header field, and commas, question marks and semicolons
    /// cannot stand in the URI (RFC 3261 §20).
    fn parse_bare(mut cursor: Cursor<'a>) -> Option<Self> {
        let uri = Uri::parse(cursor.take_while(|b| !is_blank(b) && !b";,?".contains(&b)))?;
        if !check_params(cursor.rest()) {
            return None;
        }
        Some(Self { uri, params: Params::new(cursor.rest()) })
    }

    /// The `tag` parameter.
    #[must_use]
    pub fn tag(&self) -> Option<&'a str> {
        self.params.text("tag")
    }
}
