//! A dialog (RFC 3261 §12): identifiers, sequence numbers, remote target and route set, and the requests made from them.

use crate::transport::Flow;
use crate::wire::{Address, Message, Name, Uri, Writer};

/// The state that both ends of a call share.
#[derive(Clone)]
pub(crate) struct Dialog {
    pub(crate) call_id: String,
    /// This side's tag, as the endpoint's tables know it.
    pub(crate) local_tag: u64,
    pub(crate) remote_tag: Option<String>,
    /// This side's From or To value, tag included.
    pub(crate) local: Vec<u8>,
    /// The peer's From or To value, with its tag once that is known.
    pub(crate) remote: Vec<u8>,
    pub(crate) remote_target: String,
    pub(crate) routes: Vec<Vec<u8>>,
    pub(crate) local_seq: u32,
    pub(crate) remote_seq: Option<u32>,
    pub(crate) flow: Flow,
    /// Whether the peer sits behind an address translator, so that only its source address reaches it.
    pub(crate) translated: bool,
    /// Whether a `sips` URI made the dialog.
    pub(crate) secure: bool,
}

/// What a request inside a dialog needs beside the dialog.
pub(crate) struct Stamp<'a> {
    pub(crate) method: &'a str,
    pub(crate) seq: u32,
    /// The Via value of this hop.
    pub(crate) via: &'a str,
    pub(crate) contact: &'a str,
    pub(crate) user_agent: &'a str,
}

/// Where requests to the caller go: its Contact. A caller from before RFC 3261 need not give one and is reached at its From.
fn remote_target(invite: &Message) -> Option<String> {
    let is_old = || invite.via().is_some_and(|via| via.branch().is_none());
    let target = match invite.header(Name::Contact) {
        Some(_) => invite.contact(),
        None => invite.from().filter(|_| is_old()),
    };
    target.filter(|address| address.uri.is_sip()).map(|address| address.uri.raw.to_owned())
}

impl Dialog {
    /// The dialog that an INVITE asks for, seen by the called side (§12.1.1). `None` without a usable Contact.
    pub(crate) fn from_invite(invite: &Message, local_tag: u64, flow: Flow) -> Option<Self> {
        let target = remote_target(invite)?;
        let mut local = invite.header(Name::To)?.to_vec();
        local.extend_from_slice(format!(";tag={}", tag_text(local_tag)).as_bytes());
        let via = invite.via()?;
        Some(Self {
            call_id: invite.call_id()?.to_owned(),
            local_tag,
            remote_tag: invite.from()?.tag().map(str::to_owned),
            local,
            remote: invite.header(Name::From)?.to_vec(),
            remote_target: target,
            routes: invite.values(Name::RecordRoute).map(<[u8]>::to_vec).collect(),
            local_seq: 0,
            remote_seq: invite.cseq().map(|c| c.number),
            flow,
            translated: invite.values(Name::Via).count() == 1 && via.ip().is_some_and(|ip| ip != flow.peer.ip()),
            secure: is_secure(invite.request_uri_text()),
        })
    }

    /// Fills in what the calling side learns from a response (§12.1.2).
    pub(crate) fn learn(&mut self, response: &Message) {
        let Some(to) = response.to() else { return };
        self.remote_tag = to.tag().map(str::to_owned);
        self.remote = response.header(Name::To).unwrap_or_default().to_vec();
        self.routes = response.values(Name::RecordRoute).map(<[u8]>::to_vec).collect();
        self.routes.reverse();
        self.translated = false;
        self.refresh_target(response);
    }

    /// Takes the Contact of a target refresh: a re-INVITE, an UPDATE or a 2xx to one (§12.2).
    pub(crate) fn refresh_target(&mut self, message: &Message) {
        if let Some(contact) = message.contact().filter(|c| c.uri.is_sip()) {
            contact.uri.raw.clone_into(&mut self.remote_target);
        }
    }

    /// Whether a request belongs to this dialog; its To tag has been compared before.
    pub(crate) fn matches(&self, request: &Message) -> bool {
        let theirs = request.from().and_then(|f| f.tag().map(str::to_owned));
        request.call_id() == Some(self.call_id.as_str()) && theirs == self.remote_tag
    }

    /// A request came in this dialog: where the peer is reached by its connection or through a translator, by this one from
    /// now on, since the older one may be gone.
    pub(crate) fn follow(&mut self, flow: Flow) {
        if self.translated || self.flow.transport.is_reliable() {
            self.flow = flow;
        }
    }

    pub(crate) fn next_seq(&mut self) -> u32 {
        self.local_seq += 1;
        self.local_seq
    }

    /// Starts a request inside the dialog (§12.2.1.1).
    pub(crate) fn request(&self, stamp: &Stamp<'_>) -> Writer {
        let strict = self.first_route().filter(|uri| uri.param("lr").is_none()).map(|uri| uri.raw);
        let mut writer = Writer::request(stamp.method, strict.unwrap_or(&self.remote_target));
        writer.header(Name::Via, stamp.via).header(Name::MaxForwards, "70");
        for route in self.routes.iter().skip(usize::from(strict.is_some())) {
            writer.header(Name::Route, route);
        }
        if strict.is_some() {
            writer.header(Name::Route, format!("<{}>", self.remote_target));
        }
        writer
            .header(Name::From, &self.local)
            .header(Name::To, &self.remote)
            .header(Name::CallId, &self.call_id)
            .header(Name::CSeq, format!("{} {}", stamp.seq, stamp.method))
            .header(Name::Contact, stamp.contact)
            .header(Name::UserAgent, stamp.user_agent);
        writer
    }

    fn first_route(&self) -> Option<Uri<'_>> {
        Address::parse(self.routes.first()?).map(|a| a.uri)
    }

    /// Where requests go: the first route or the remote target when it is an address that can be reached, otherwise
    /// where the peer's messages came from. A core without a resolver cannot look names up.
    pub(crate) fn next_flow(&self) -> Flow {
        let hop = match self.first_route() {
            Some(route) => route.socket_addr(),
            None if self.translated => None,
            None => Uri::parse(self.remote_target.as_bytes()).and_then(|uri| uri.socket_addr()),
        };
        let usable =
            hop.filter(|h| h.is_ipv4() == self.flow.peer.is_ipv4() && h.port() != 0 && !h.ip().is_unspecified());
        match usable {
            // A connection is used as it is; only datagrams may go elsewhere.
            Some(peer) if !self.flow.transport.is_reliable() => Flow { peer, ..self.flow },
            _ => self.flow,
        }
    }
}

/// Whether a URI's scheme is `sips`.
pub(crate) fn is_secure(uri: &str) -> bool {
    uri.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("sips:"))
}

/// A tag as it is written.
pub(crate) fn tag_text(tag: u64) -> String {
    format!("{tag:016x}")
}

/// Reads a tag that this endpoint has written.
pub(crate) fn tag_value(text: &str) -> Option<u64> {
    let hex = text.len() == 16 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if hex { u64::from_str_radix(text, 16).ok() } else { None }
}
