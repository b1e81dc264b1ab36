//! The session description inside a message: the body itself, or one part of a multipart body (RFC 5621).

use crate::wire::{Message, Name, trim};

/// The body cannot be understood: 415.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unsupported;

/// Finds the session description; `Ok(None)` when there is no body.
pub(super) fn description(message: &Message) -> Result<Option<Vec<u8>>, Unsupported> {
    let body = message.body();
    if body.is_empty() {
        return Ok(None);
    }
    if message.header(Name::ContentEncoding).is_some_and(|v| !v.eq_ignore_ascii_case(b"identity")) {
        return Err(Unsupported);
    }
    match message.content_type().as_str() {
        "application/sdp" => Ok(Some(body.to_vec())),
        "multipart/mixed" | "multipart/alternative" | "multipart/related" => {
            let kind = message.header(Name::ContentType).unwrap_or_default();
            let part = boundary(kind).and_then(|boundary| sdp_part(body, &boundary));
            part.map(|part| Some(part.to_vec())).ok_or(Unsupported)
        }
        _ if is_optional(message) => Ok(None),
        _ => Err(Unsupported),
    }
}

/// Whether the sender lets a body go unread that is not understood (RFC 3261 §20.11).
fn is_optional(message: &Message) -> bool {
    let disposition = message.header(Name::ContentDisposition).unwrap_or_default();
    String::from_utf8_lossy(disposition).to_ascii_lowercase().replace(' ', "").contains(";handling=optional")
}

fn boundary(content_type: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(content_type).ok()?;
    let value = text.split(';').skip(1).find_map(|param| {
        let (name, value) = param.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"'))
    })?;
    (!value.is_empty() && value.len() <= 70).then(|| format!("--{value}"))
}

fn sdp_part<'a>(body: &'a [u8], delimiter: &str) -> Option<&'a [u8]> {
    let mut rest = body.get(find(body, delimiter.as_bytes())? + delimiter.len()..)?;
    // Phones send two or three parts; the bound keeps a hostile body cheap.
    for _ in 0..16 {
        let end = find(rest, delimiter.as_bytes())?;
        let part = rest.get(..end)?;
        rest = rest.get(end + delimiter.len()..)?;
        let head_end = find(part, b"\r\n\r\n")?;
        let is_sdp = part.get(..head_end)?.split(|b| *b == b'\n').any(|line| {
            let Some(colon) = line.iter().position(|b| *b == b':') else { return false };
            let (name, value) = line.split_at(colon);
            let value = trim(value.get(1..).unwrap_or_default());
            Name::of(trim(name)) == Name::ContentType
                && value.get(..15).is_some_and(|v| v.eq_ignore_ascii_case(b"application/sdp"))
        });
        if is_sdp {
            // The line end before the delimiter belongs to the delimiter; the description's own one stays.
            return part.get(head_end + 4..);
        }
    }
    None
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
