//! One call's state beside its dialog.

use std::time::{Duration, Instant};

use super::reliable::Reliable;
use crate::dialog::Dialog;
use crate::session_timer::SessionTimer;
use crate::slab::Key;
use crate::transaction::Packet;
use crate::transport::Flow;
use crate::wire::Message;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// An INVITE was received and waits for this side's final response.
    Incoming,
    /// A 2xx was sent and waits for its ACK.
    Answered,
    /// An INVITE was sent and waits for a final response.
    Calling,
    /// As `Calling`, but this side has given up: CANCEL was sent or will be once it may.
    Cancelling,
    /// The peer's 2xx waits for this side's answer in the ACK.
    Acknowledging,
    /// Both sides agree that the call is up.
    Established,
    /// This side hung up before the ACK for its 2xx: BYE follows when it may (RFC 3261 §15).
    Closing,
}

/// A request that waits for this side's final response.
pub(super) struct Pending {
    pub(super) transaction: Key,
    pub(super) request: Message,
    pub(super) flow: Flow,
}

/// A 2xx to an INVITE, repeated until its ACK (RFC 3261 §13.3.1.4).
pub(super) struct Unacked {
    pub(super) seq: u32,
    pub(super) response: Packet,
    pub(super) flow: Flow,
    pub(super) repeat_at: Instant,
    pub(super) gap: Duration,
    pub(super) gives_up: Instant,
    /// Whether the INVITE had no offer, so that the ACK carries the answer.
    pub(super) answer_in_ack: bool,
}

pub(super) struct Call {
    pub(super) dialog: Dialog,
    pub(super) phase: Phase,
    pub(super) pending: Option<Pending>,
    pub(super) unacked: Option<Unacked>,
    /// The INVITE or re-INVITE of this side that waits for its final response, or for `acknowledge`.
    pub(super) own_invite: Option<Key>,
    /// The number of that INVITE, for its ACK and CANCEL.
    pub(super) own_invite_seq: u32,
    /// Whether the INVITE of this side carried an offer.
    pub(super) offered: bool,
    /// When ringing ends.
    pub(super) answer_by: Option<Instant>,
    pub(super) session: Option<SessionTimer>,
    /// A provisional response that waits for its PRACK, and what is held back until then.
    pub(super) reliable: Option<Box<Reliable>>,
    /// When a transfer under way is given up.
    pub(super) transfer_by: Option<Instant>,
}

impl Call {
    pub(super) fn new(dialog: Dialog, phase: Phase) -> Self {
        Self {
            dialog,
            phase,
            pending: None,
            unacked: None,
            own_invite: None,
            own_invite_seq: 0,
            offered: true,
            answer_by: None,
            session: None,
            reliable: None,
            transfer_by: None,
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let unacked = self.unacked.as_ref().map(|u| u.repeat_at.min(u.gives_up));
        let session = self.session.map(|s| s.wake);
        let reliable = self.reliable.as_ref().and_then(|r| r.poll_timeout());
        [unacked, session, self.answer_by, reliable, self.transfer_by].into_iter().flatten().min()
    }
}
