//! Messages out of a byte stream: where one ends and the next begins (RFC 3261 §7.5, §18.3), and the keep-alives between
//! them (RFC 5626 §3.5.1). What cannot be framed ends the stream, because nothing behind it can be trusted.

use thiserror::Error;

use crate::wire::{MAX_MESSAGE, Name, number, trim};

/// What ends a header section.
const HEAD_END: &[u8] = b"\r\n\r\n";
/// Room that an idle stream keeps.
const IDLE_ROOM: usize = 4_096;

/// What a stream holds next.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// One whole message.
    Message(&'a [u8]),
    /// A keep-alive that wants a line end back.
    Ping,
}

/// Why a stream cannot be read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FrameError {
    /// A message without Content-Length: its end cannot be known.
    #[error("no Content-Length on a stream")]
    NoLength,
    /// Content-Length is no number, or two of them differ.
    #[error("malformed Content-Length")]
    BadLength,
    /// Longer than [`MAX_MESSAGE`].
    #[error("the message is too large")]
    TooLarge,
}

impl FrameError {
    /// The status that a request with this fault deserves.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::NoLength | Self::BadLength => 400,
            Self::TooLarge => 513,
        }
    }
}

/// A stream that has lost its borders.
#[derive(Debug, PartialEq, Eq)]
pub struct Broken<'a> {
    /// The fault.
    pub error: FrameError,
    /// The header section, where it was whole; a request in it can still be refused.
    pub head: &'a [u8],
}

/// Cuts one stream into messages. Holds at most [`MAX_MESSAGE`] and what one read brings.
#[derive(Debug, Default)]
pub struct Framer {
    buf: Vec<u8>,
    /// Where the next message begins.
    at: usize,
    /// How far the end of its header section has been looked for.
    scanned: usize,
    /// Where its body ends, once its header section is whole.
    end: Option<usize>,
    broken: bool,
}

impl Framer {
    /// Makes the framer of a new stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes what a read brought. Call [`Self::next_frame`] afterwards until it yields nothing.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.at > 0 {
            self.buf.drain(..self.at);
            self.scanned = self.scanned.saturating_sub(self.at);
            self.end = self.end.map(|end| end.saturating_sub(self.at));
            self.at = 0;
        }
        if self.buf.is_empty() && self.buf.capacity() > IDLE_ROOM {
            self.buf = Vec::new();
        }
        self.buf.extend_from_slice(bytes);
    }

    /// Whether a message has begun and not ended: a peer that leaves it so too long is not to be waited for.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        let rest = self.buf.get(self.at..).unwrap_or_default();
        rest.iter().any(|b| *b != b'\r' && *b != b'\n')
    }

    /// The next message or keep-alive; `None` until more bytes come.
    ///
    /// # Errors
    /// [`Broken`] when the stream cannot be read on; from then on it yields nothing.
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, Broken<'_>> {
        if self.broken {
            return Ok(None);
        }
        if self.end.is_none() {
            if self.skip_line_ends() {
                return Ok(Some(Frame::Ping));
            }
            match self.find_end() {
                Ok(end) => self.end = end,
                Err((error, head)) => {
                    self.broken = true;
                    return Err(Broken { error, head: self.buf.get(self.at..head).unwrap_or_default() });
                }
            }
        }
        let Some(end) = self.end.filter(|end| *end <= self.buf.len()) else { return Ok(None) };
        let start = std::mem::replace(&mut self.at, end);
        (self.scanned, self.end) = (end, None);
        Ok(self.buf.get(start..end).map(Frame::Message))
    }

    /// Moves behind the line ends before a message. Returns whether they were a keep-alive.
    fn skip_line_ends(&mut self) -> bool {
        loop {
            let rest = self.buf.get(self.at..).unwrap_or_default();
            if rest.starts_with(HEAD_END) {
                self.at += HEAD_END.len();
                self.scanned = self.at;
                return true;
            }
            let begins = rest.first().is_some_and(|b| *b == b'\r' || *b == b'\n');
            if !begins || HEAD_END.starts_with(rest) {
                self.scanned = self.scanned.max(self.at);
                return false;
            }
            self.at += 1;
        }
    }

    /// Where the message at hand ends, as soon as its header section says so. The error comes with the header section's end.
    fn find_end(&mut self) -> Result<Option<usize>, (FrameError, usize)> {
        let from = self.scanned.saturating_sub(HEAD_END.len() - 1).max(self.at);
        let unseen = self.buf.get(from..).unwrap_or_default();
        let Some(found) = unseen.windows(HEAD_END.len()).position(|window| window == HEAD_END) else {
            self.scanned = self.buf.len();
            let too_large = self.buf.len() - self.at > MAX_MESSAGE;
            return if too_large { Err((FrameError::TooLarge, self.at)) } else { Ok(None) };
        };
        let body = from + found + HEAD_END.len();
        self.scanned = body;
        let head = self.buf.get(self.at..body).unwrap_or_default();
        let length = content_length(head).map_err(|error| (error, body))?;
        let end = body.saturating_add(length);
        if end - self.at > MAX_MESSAGE { Err((FrameError::TooLarge, body)) } else { Ok(Some(end)) }
    }
}

/// Content-Length of a header section, in either of its names, folded or not.
fn content_length(head: &[u8]) -> Result<usize, FrameError> {
    let mut found = None;
    let mut lines = head.split_inclusive(|b| *b == b'\n').peekable();
    while let Some(line) = lines.next() {
        let Some(colon) = line.iter().position(|b| *b == b':') else { continue };
        let (label, value) = line.split_at(colon);
        if Name::of(trim(label)) != Name::ContentLength {
            continue;
        }
        let mut value = value.get(1..).unwrap_or_default().to_vec();
        while let Some(more) = lines.next_if(|next| next.first().is_some_and(|b| *b == b' ' || *b == b'\t')) {
            value.extend_from_slice(more);
        }
        value.iter_mut().filter(|b| **b == b'\r' || **b == b'\n').for_each(|b| *b = b' ');
        let length = number(trim(&value), u64::from(u32::MAX)).ok_or(FrameError::BadLength)?;
        if found.is_some_and(|other| other != length) {
            return Err(FrameError::BadLength);
        }
        found = Some(length);
    }
    found.and_then(|length| usize::try_from(length).ok()).ok_or(FrameError::NoLength)
}
