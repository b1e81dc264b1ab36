//! What an endpoint is told once.

use std::net::IpAddr;
use std::time::Duration;

use crate::auth::DigestUsers;
use crate::transaction::Timing;

/// An endpoint's settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// The value of User-Agent and Server.
    pub user_agent: String,
    /// The user part of this side's Contact.
    pub contact_user: String,
    /// The address to write into Contact and Via instead of the local one, when peers see another. The port stays.
    pub advertise: Option<IpAddr>,
    /// T1, T2 and T4.
    pub timing: Timing,
    /// The most calls at once; further INVITEs get 503.
    pub max_dialogs: usize,
    /// The most transactions at once.
    pub max_transactions: usize,
    /// The most messages and events waiting for [`super::Endpoint::poll_output`].
    pub max_outputs: usize,
    /// 32 random bytes, from which tags, branches and Call-IDs are made.
    pub seed: [u8; 32],
    /// The Retry-After of a 503, in seconds.
    pub retry_after_s: u32,
    /// How long a call may ring, placed or received, before it is given up.
    pub answer_timeout: Duration,
    /// The shortest session interval accepted (RFC 4028 §5), in seconds.
    pub min_se_s: u32,
    /// Whether requests that arrive with Max-Forwards 0 get 483. Off by default: only an element that would forward
    /// must refuse them (RFC 3261 §16.3), and refusing would lose callers who came by a long way.
    pub refuse_exhausted_hops: bool,
    /// Who must sign in to call.
    pub digest: DigestUsers,
}

impl Config {
    /// Usual settings for a server of 5,000 calls.
    #[must_use]
    pub fn new(seed: [u8; 32]) -> Self {
        Self {
            user_agent: "dauys".to_owned(),
            contact_user: "dauys".to_owned(),
            advertise: None,
            timing: Timing::default(),
            max_dialogs: 5_000,
            max_transactions: 50_000,
            max_outputs: 16_384,
            seed,
            retry_after_s: 30,
            answer_timeout: Duration::from_secs(180),
            min_se_s: 90,
            refuse_exhausted_hops: false,
            digest: DigestUsers::default(),
        }
    }
}
