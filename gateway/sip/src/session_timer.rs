//! Session timers (RFC 4028) as the called side: what was agreed, when to refresh, when the peer has gone silent.

use std::time::{Duration, Instant};

use crate::wire::{Message, Name};

/// Who keeps the session alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refresher {
    Peer,
    Local,
}

/// What the caller's session timer headers lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offered {
    /// No timer.
    None,
    /// A timer of this many seconds.
    Agreed(u32, Refresher),
    /// The interval is shorter than this side allows: 422.
    TooSmall,
}

/// Reads an INVITE's or an UPDATE's session timer. The caller refreshes unless it asks this side to, which is agreed to
/// only if the caller takes UPDATE.
pub(crate) fn read(request: &Message, min_se: u32) -> Offered {
    let Some(interval) = request.number(Name::SessionExpires) else { return Offered::None };
    if !request.lists(Name::Supported, "timer") && !request.lists(Name::Require, "timer") {
        return Offered::None;
    }
    if interval < min_se {
        return Offered::TooSmall;
    }
    let value = request.header(Name::SessionExpires).unwrap_or_default();
    let local = String::from_utf8_lossy(value).to_ascii_lowercase().replace(' ', "").contains("refresher=uas");
    if !local {
        return Offered::Agreed(interval, Refresher::Peer);
    }
    if request.lists(Name::Allow, "UPDATE") { Offered::Agreed(interval, Refresher::Local) } else { Offered::None }
}

/// A running session timer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SessionTimer {
    pub(crate) interval_s: u32,
    pub(crate) refresher: Refresher,
    pub(crate) wake: Instant,
}

impl SessionTimer {
    /// Starts or restarts the timer. It wakes at half time to refresh (§7.4), or shortly before expiry to end a call
    /// whose peer has not (§10).
    pub(crate) fn start(now: Instant, interval_s: u32, refresher: Refresher) -> Self {
        let whole = Duration::from_secs(u64::from(interval_s));
        let wait = match refresher {
            Refresher::Local => whole / 2,
            Refresher::Peer => whole - (whole / 3).min(Duration::from_secs(32)),
        };
        Self { interval_s, refresher, wake: now + wait }
    }

    /// The Session-Expires value for a 2xx.
    pub(crate) fn header(interval_s: u32, refresher: Refresher) -> String {
        let who = match refresher {
            Refresher::Peer => "uac",
            Refresher::Local => "uas",
        };
        format!("{interval_s};refresher={who}")
    }
}
