//! The wire: bytes to SIP messages and back (RFC 3261 §7, §25). Strict where a fault could be misread, and with
//! enough kept of a faulty request to answer it.
//!
//! A [`Message`] owns one copy of its bytes, with folded lines joined, and a table of ranges into it. Parsing checks
//! every header field that this user agent acts on; afterwards the accessors read them without copying.

mod address;
mod error;
mod lex;
mod name;
mod uri;
mod via;
mod write;

use std::ops::Range;

use rsip::Method;

pub use address::Address;
pub use error::WireError;
pub use lex::{Param, Params};
pub use name::Name;
pub use uri::Uri;
pub use via::Via;
pub use write::Writer;

pub(crate) use lex::{Cursor, number, split_commas, trim, unescape};

/// The longest message read, in bytes: what a UDP datagram can carry.
pub const MAX_MESSAGE: usize = 65_535;
/// The most header fields read.
pub const MAX_HEADERS: usize = 256;

#[derive(Debug, Clone)]
struct Field {
    name: Name,
    label: Range<usize>,
    value: Range<usize>,
}

#[derive(Debug, Clone)]
enum Start {
    Request { method: Range<usize>, known: Option<Method>, uri: Range<usize> },
    Response { status: u16, reason: Range<usize> },
}

/// A parsed message.
#[derive(Clone)]
pub struct Message {
    buf: Vec<u8>,
    start: Start,
    fields: Vec<Field>,
    body: Range<usize>,
}

/// Bytes that are no legal message.
#[derive(Debug, Clone)]
pub struct Rejected {
    /// The first fault.
    pub error: WireError,
    /// The request as far as it could be read, present when it has a Via and a CSeq, without which no response is known
    /// again.
    pub request: Option<Box<Message>>,
}

/// CSeq's two parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CSeq<'a> {
    /// The sequence number, below 2^31.
    pub number: u32,
    /// The method.
    pub method: &'a str,
}

impl Message {
    /// Parses one datagram.
    ///
    /// # Errors
    /// [`Rejected`] with the first fault found, and with the readable request if it can be answered.
    pub fn parse(datagram: &[u8]) -> Result<Self, Rejected> {
        let bare = |error| Rejected { error, request: None };
        if datagram.len() > MAX_MESSAGE {
            return Err(bare(WireError::TooLarge));
        }
        let start = datagram.iter().position(|b| *b != b'\r' && *b != b'\n').ok_or(bare(WireError::Empty))?;
        let buf = datagram.get(start..).unwrap_or_default().to_vec();
        let mut reader = Reader { buf, at: 0, fault: None };
        let line = reader.line();
        let Some(start) = reader.start_line(line) else {
            return Err(bare(reader.fault.unwrap_or(WireError::StartLine)));
        };
        let fields = reader.fields();
        let body = reader.at..reader.buf.len();
        let fault = reader.fault;
        let mut message = Self { buf: reader.buf, start, fields, body };
        let length = message.cut_body();
        match fault.map_or_else(|| message.check().and(length), Err) {
            Ok(()) => Ok(message),
            Err(error) => {
                let answerable = message.is_request() && message.is_addressable();
                Err(Rejected { error, request: answerable.then(|| Box::new(message)) })
            }
        }
    }

    /// Whether the message is a request.
    #[must_use]
    pub fn is_request(&self) -> bool {
        matches!(self.start, Start::Request { .. })
    }

    /// The request's method, if it is one that has a name in `rsip`.
    #[must_use]
    pub fn method(&self) -> Option<Method> {
        match self.start {
            Start::Request { known, .. } => known,
            Start::Response { .. } => None,
        }
    }

    /// The request's method as spelt; empty for a response.
    #[must_use]
    pub fn method_token(&self) -> &str {
        match &self.start {
            Start::Request { method, .. } => self.text(method),
            Start::Response { .. } => "",
        }
    }

    /// The Request-URI as spelt; empty for a response.
    #[must_use]
    pub fn request_uri_text(&self) -> &str {
        match &self.start {
            Start::Request { uri, .. } => self.text(uri),
            Start::Response { .. } => "",
        }
    }

    /// The Request-URI.
    #[must_use]
    pub fn request_uri(&self) -> Option<Uri<'_>> {
        Uri::parse(self.request_uri_text().as_bytes())
    }

    /// The response's status code.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self.start {
            Start::Response { status, .. } => Some(status),
            Start::Request { .. } => None,
        }
    }

    /// The response's reason phrase.
    #[must_use]
    pub fn reason(&self) -> &[u8] {
        match &self.start {
            Start::Response { reason, .. } => self.bytes(reason),
            Start::Request { .. } => &[],
        }
    }

    /// The first header field with this name.
    #[must_use]
    pub fn header(&self, name: Name) -> Option<&[u8]> {
        self.headers(name).next()
    }

    /// Every header field with this name, undivided.
    pub fn headers(&self, name: Name) -> impl Iterator<Item = &[u8]> {
        self.fields.iter().filter(move |f| f.name == name).map(|f| self.bytes(&f.value))
    }

    /// Every value of the header fields with this name, divided at commas.
    pub fn values(&self, name: Name) -> impl Iterator<Item = &[u8]> {
        self.headers(name).flat_map(split_commas)
    }

    /// The topmost Via.
    #[must_use]
    pub fn via(&self) -> Option<Via<'_>> {
        Via::parse(self.values(Name::Via).next()?)
    }

    /// The From address.
    #[must_use]
    pub fn from(&self) -> Option<Address<'_>> {
        Address::parse(self.header(Name::From)?)
    }

    /// The To address.
    #[must_use]
    pub fn to(&self) -> Option<Address<'_>> {
        Address::parse(self.header(Name::To)?)
    }

    /// The first Contact that is an address.
    #[must_use]
    pub fn contact(&self) -> Option<Address<'_>> {
        Address::parse(self.values(Name::Contact).next()?)
    }

    /// The Call-ID.
    #[must_use]
    pub fn call_id(&self) -> Option<&str> {
        lex::visible(self.header(Name::CallId)?).filter(|id| !id.is_empty())
    }

    /// CSeq.
    #[must_use]
    pub fn cseq(&self) -> Option<CSeq<'_>> {
        let mut cursor = Cursor::new(self.header(Name::CSeq)?);
        let number = number(cursor.take_while(|b| b.is_ascii_digit()), (1 << 31) - 1)?;
        if !cursor.peek().is_some_and(lex::is_blank) {
            return None;
        }
        cursor.blanks();
        let method = lex::visible(cursor.token()?)?;
        cursor.is_empty().then_some(CSeq { number: u32::try_from(number).ok()?, method })
    }

    /// A header field that is a number, possibly followed by parameters.
    #[must_use]
    pub fn number(&self, name: Name) -> Option<u32> {
        let value = self.header(name)?;
        let digits = value.iter().position(|b| !b.is_ascii_digit()).unwrap_or(value.len());
        u32::try_from(number(value.get(..digits)?, u64::from(u32::MAX))?).ok()
    }

    /// Whether a header field lists this token, in any case.
    #[must_use]
    pub fn lists(&self, name: Name, token: &str) -> bool {
        self.values(name).any(|v| v.eq_ignore_ascii_case(token.as_bytes()))
    }

    /// The media type of the body in lower case, without parameters; empty if not given.
    #[must_use]
    pub fn content_type(&self) -> String {
        let value = self.header(Name::ContentType).unwrap_or_default();
        let end = value.iter().position(|b| *b == b';').unwrap_or(value.len());
        let kind = value.get(..end).unwrap_or_default();
        kind.iter().filter(|b| !lex::is_blank(**b)).map(|b| char::from(b.to_ascii_lowercase())).collect()
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.bytes(&self.body)
    }

    /// Writes the message in its canonical form: long header names, one space after the colon, Content-Length.
    #[must_use]
    pub fn serialise(&self) -> Vec<u8> {
        let mut writer = match &self.start {
            Start::Request { .. } => Writer::request(self.method_token(), self.request_uri_text()),
            Start::Response { status, .. } => Writer::response_raw(*status, self.reason()),
        };
        for field in self.fields.iter().filter(|f| f.name != Name::ContentLength) {
            let label = match field.name {
                Name::Other => self.text(&field.label),
                name => name.as_str(),
            };
            writer.named(label, self.bytes(&field.value));
        }
        writer.finish("", self.body())
    }

    fn bytes(&self, range: &Range<usize>) -> &[u8] {
        self.buf.get(range.clone()).unwrap_or_default()
    }

    fn text(&self, range: &Range<usize>) -> &str {
        std::str::from_utf8(self.bytes(range)).unwrap_or_default()
    }

    /// Shortens the body to Content-Length; bytes behind it are not part of the message (RFC 3261 §18.3).
    fn cut_body(&mut self) -> Result<(), WireError> {
        let Some(value) = self.header(Name::ContentLength) else { return Ok(()) };
        let length = number(value, u64::from(u32::MAX)).ok_or(WireError::Malformed("Content-Length"))?;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > self.body.len() {
            return Err(WireError::ShortBody);
        }
        self.body.end = self.body.start + length;
        Ok(())
    }

    /// Whether a response could be addressed: what it is known by is there.
    fn is_addressable(&self) -> bool {
        self.header(Name::Via).is_some() && self.header(Name::CSeq).is_some()
    }

    fn check(&self) -> Result<(), WireError> {
        self.check_presence()?;
        let malformed = |name: Name| Err(WireError::Malformed(name.as_str()));
        if !self.values(Name::Via).all(|v| Via::parse(v).is_some()) {
            return malformed(Name::Via);
        }
        if self.from().is_none() {
            return malformed(Name::From);
        }
        if self.to().is_none() {
            return malformed(Name::To);
        }
        if self.call_id().is_none() {
            return malformed(Name::CallId);
        }
        let Some(cseq) = self.cseq() else { return malformed(Name::CSeq) };
        if self.is_request() && cseq.method != self.method_token() {
            return Err(WireError::MethodMismatch);
        }
        if self.header(Name::MaxForwards).is_some_and(|v| number(v, 255).is_none()) {
            return malformed(Name::MaxForwards);
        }
        for name in [Name::Contact, Name::Route, Name::RecordRoute] {
            let star = |v: &[u8]| name == Name::Contact && v == b"*";
            if !self.values(name).all(|v| star(v) || Address::parse(v).is_some()) {
                return malformed(name);
            }
        }
        self.check_request_uri()
    }

    fn check_presence(&self) -> Result<(), WireError> {
        if self.header(Name::Via).is_none() {
            return Err(WireError::Missing("Via"));
        }
        for name in [Name::From, Name::To, Name::CallId, Name::CSeq] {
            if self.header(name).is_none() {
                return Err(WireError::Missing(name.as_str()));
            }
        }
        let once =
            [Name::From, Name::To, Name::CallId, Name::CSeq, Name::MaxForwards, Name::ContentLength, Name::ContentType];
        match once.iter().find(|n| self.headers(**n).nth(1).is_some()) {
            Some(name) => Err(WireError::Repeated(name.as_str())),
            None => Ok(()),
        }
    }

    /// A Request-URI carries neither header fields nor brackets (RFC 3261 §19.1.1, table 1).
    fn check_request_uri(&self) -> Result<(), WireError> {
        if !self.is_request() {
            return Ok(());
        }
        match self.request_uri() {
            Some(uri) if uri.headers.is_none() => Ok(()),
            _ => Err(WireError::RequestUri),
        }
    }
}

impl PartialEq for Message {
    /// Compares what the messages say, not how they spell it: header names by meaning, values by bytes.
    /// Content-Length is left out, because the bodies are compared.
    fn eq(&self, other: &Self) -> bool {
        let fields = |m: &Self| -> Vec<(Name, String, Vec<u8>)> {
            let told = m.fields.iter().filter(|f| f.name != Name::ContentLength);
            told.map(|f| {
                let label = if f.name == Name::Other { m.text(&f.label).to_ascii_lowercase() } else { String::new() };
                (f.name, label, m.bytes(&f.value).to_vec())
            })
            .collect()
        };
        self.method_token() == other.method_token()
            && self.request_uri_text() == other.request_uri_text()
            && self.status() == other.status()
            && self.reason() == other.reason()
            && self.body() == other.body()
            && fields(self) == fields(other)
    }
}

impl std::fmt::Debug for Message {
    /// Shows the shape only: a message holds numbers and names.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message")
            .field("method", &self.method())
            .field("status", &self.status())
            .field("fields", &self.fields.len())
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

/// Reads lines off the buffer, keeps the first fault and goes on, so that a faulty request can still be answered.
struct Reader {
    buf: Vec<u8>,
    at: usize,
    fault: Option<WireError>,
}

impl Reader {
    fn fail(&mut self, error: WireError) {
        self.fault.get_or_insert(error);
    }

    fn slice(&self, range: &Range<usize>) -> &[u8] {
        self.buf.get(range.clone()).unwrap_or_default()
    }

    /// The next line without its end; `self.at` moves behind it. A missing or bare line end is a fault.
    fn line(&mut self) -> Range<usize> {
        let start = self.at;
        let rest = self.buf.get(start..).unwrap_or_default();
        let Some(feed) = rest.iter().position(|b| *b == b'\n') else {
            self.at = self.buf.len();
            self.fail(WireError::LineEnd);
            return start..self.at;
        };
        self.at = start + feed + 1;
        if feed > 0 && rest.get(feed - 1) == Some(&b'\r') {
            return start..start + feed - 1;
        }
        self.fail(WireError::LineEnd);
        start..start + feed
    }

    /// Reads the start line. `None` when not even its kind can be told.
    fn start_line(&mut self, line: Range<usize>) -> Option<Start> {
        let bytes = self.slice(&line);
        if bytes.get(..4).is_some_and(|b| b.eq_ignore_ascii_case(b"SIP/")) {
            return self.status_line(line);
        }
        let method_len = bytes.iter().position(|b| *b == b' ')?;
        let method = bytes.get(..method_len)?;
        if !lex::is_token(method) {
            return None;
        }
        let known = method_of(method);
        let version_at = bytes.iter().rposition(|b| *b == b' ')?;
        let version = bytes.get(version_at + 1..)?;
        let uri = bytes.get(method_len + 1..version_at).unwrap_or_default();
        let has_version = version.len() > 4 && version.get(..4).is_some_and(|b| b.eq_ignore_ascii_case(b"SIP/"));
        let fault = if uri.is_empty() || lex::visible(uri).is_none() || !has_version {
            Some(WireError::StartLine)
        } else if !version.eq_ignore_ascii_case(b"SIP/2.0") {
            Some(WireError::Version)
        } else {
            None
        };
        let uri = line.start + method_len + 1..(line.start + version_at).max(line.start + method_len + 1);
        if let Some(fault) = fault {
            self.fail(fault);
        }
        Some(Start::Request { method: line.start..line.start + method_len, known, uri })
    }

    fn status_line(&mut self, line: Range<usize>) -> Option<Start> {
        let bytes = self.slice(&line);
        let version_ok = bytes.get(..8).is_some_and(|v| v.eq_ignore_ascii_case(b"SIP/2.0 "));
        let status = bytes.get(8..11).and_then(|d| number(d, 699)).filter(|s| *s >= 100);
        let spaced = bytes.get(11) == Some(&b' ');
        if !version_ok {
            self.fail(WireError::Version);
            return None;
        }
        let (Some(status), true) = (status, spaced) else {
            self.fail(WireError::StatusCode);
            return None;
        };
        let reason = line.start + 12..line.end;
        if self.slice(&reason).iter().any(u8::is_ascii_control) {
            self.fail(WireError::Control);
        }
        Some(Start::Response { status: u16::try_from(status).ok()?, reason })
    }

    fn fields(&mut self) -> Vec<Field> {
        let mut fields = Vec::with_capacity(24);
        loop {
            if self.at >= self.buf.len() {
                self.fail(WireError::LineEnd);
                return fields;
            }
            let line = self.line();
            if line.is_empty() {
                return fields;
            }
            let line = self.unfold(line);
            if fields.len() == MAX_HEADERS {
                self.fail(WireError::TooManyHeaders);
                return fields;
            }
            match self.field(line) {
                Ok(field) => fields.push(field),
                Err(error) => self.fail(error),
            }
        }
    }

    /// Joins continuation lines by overwriting their line ends with spaces.
    fn unfold(&mut self, mut line: Range<usize>) -> Range<usize> {
        while self.buf.get(self.at).is_some_and(|b| lex::is_blank(*b)) {
            let next = self.line();
            if let Some(gap) = self.buf.get_mut(line.end..next.start) {
                gap.fill(b' ');
            }
            line.end = next.end;
        }
        line
    }

    fn field(&self, line: Range<usize>) -> Result<Field, WireError> {
        let bytes = self.slice(&line);
        let colon = bytes.iter().position(|b| *b == b':').ok_or(WireError::Header)?;
        let label = bytes.get(..colon).unwrap_or_default();
        let spaces = label.iter().rev().take_while(|b| lex::is_blank(**b)).count();
        let label = label.get(..colon - spaces).unwrap_or_default();
        if !lex::is_token(label) {
            return Err(WireError::Header);
        }
        let value = bytes.get(colon + 1..).unwrap_or_default();
        if lex::has_stray_control(value) {
            return Err(WireError::Control);
        }
        let lead = value.iter().take_while(|b| lex::is_blank(**b)).count();
        let start = line.start + colon + 1 + lead;
        Ok(Field {
            name: Name::of(label),
            label: line.start..line.start + label.len(),
            value: start..start + trim(value).len(),
        })
    }
}

/// The method with this exact spelling: methods are case-sensitive (RFC 3261 §7.1).
fn method_of(token: &[u8]) -> Option<Method> {
    Some(match token {
        b"ACK" => Method::Ack,
        b"BYE" => Method::Bye,
        b"CANCEL" => Method::Cancel,
        b"INFO" => Method::Info,
        b"INVITE" => Method::Invite,
        b"MESSAGE" => Method::Message,
        b"NOTIFY" => Method::Notify,
        b"OPTIONS" => Method::Options,
        b"PRACK" => Method::PRack,
        b"PUBLISH" => Method::Publish,
        b"REFER" => Method::Refer,
        b"REGISTER" => Method::Register,
        b"SUBSCRIBE" => Method::Subscribe,
        b"UPDATE" => Method::Update,
        _ => return None,
    })
}
