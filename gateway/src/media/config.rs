//! How the media plane is set up, and what must be true of it.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use dauys_media::{activity::ActivityConfig, codec::Codec};

use super::protection::SrtpKeys;

/// The send clock: one frame every 20 ms.
pub const TICK: Duration = Duration::from_millis(20);

/// The most media threads.
pub const MAX_THREADS: usize = 16;

/// The most frames in one send: more jitter than 40 ms is more than a phone should have to bear.
pub const MAX_FRAMES_PER_SEND: usize = 3;

/// Settings of a node's media plane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaConfig {
    /// Operating-system threads; each owns its calls wholly. Default 1.
    pub threads: usize,
    /// Address that the sockets are bound to. Default 0.0.0.0.
    pub bind_ip: IpAddr,
    /// First port of the pool; odd ports are skipped. Default 20000.
    pub first_port: u16,
    /// Last port of the pool. Default 39999: 10,000 calls.
    pub last_port: u16,
    /// The node's one RTCP port (0: any free one), to be announced with `a=rtcp` (RFC 3605); `None` for no RTCP outside
    /// rtcp-mux. Default 19999.
    pub rtcp_port: Option<u16>,
    /// How often each call's socket is emptied; a multiple of 20 ms, at most 100 ms, because a key press and an
    /// interruption wait for it. Default 100 ms.
    pub drain_interval: Duration,
    /// Kernel buffer per call in bytes: what a stalled thread can survive. Default 256 KiB, over 5 s of audio.
    pub receive_buffer: usize,
    /// Frames sent with one system call, 1 to 3. More than one goes out by generic segmentation offload at well under half the
    /// CPU time per packet, and costs the phone 20 ms of jitter for each frame above the first. Default 1.
    pub frames_per_send: usize,
    /// How often a packet of silence is sent while nothing plays, so that middle boxes keep the path. Default 15 s.
    pub keep_alive: Duration,
    /// After how long without a packet a call is reported as one-way. Default 5 s.
    pub no_media_after: Duration,
    /// How often each call sends an RTCP report. Default 5 s.
    pub report_interval: Duration,
    /// Canonical name in RTCP (RFC 3550 section 6.5.1): the same for all calls, and nobody's name. Default `line@dauys`.
    pub cname: String,
    /// Commands that may wait per thread. Default 8,192.
    pub command_queue: usize,
    /// Events that may wait for the call controller. Default 65,536.
    pub event_queue: usize,
}

impl Default for MediaConfig {
    fn default() -> Self {
        Self {
            threads: 1,
            bind_ip: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            first_port: 20_000,
            last_port: 39_999,
            rtcp_port: Some(19_999),
            drain_interval: Duration::from_millis(100),
            receive_buffer: 256 * 1_024,
            frames_per_send: 1,
            keep_alive: Duration::from_secs(15),
            no_media_after: Duration::from_secs(5),
            report_interval: Duration::from_secs(5),
            cname: "line@dauys".to_owned(),
            command_queue: 8_192,
            event_queue: 65_536,
        }
    }
}

/// What is wrong with a [`MediaConfig`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// No thread, or more than [`MAX_THREADS`].
    #[error("media threads must be 1 to {MAX_THREADS}")]
    Threads,
    /// The range holds no even port.
    #[error("the RTP port range holds no even port")]
    Ports,
    /// The drain interval is not 20, 40, 60, 80 or 100 ms.
    #[error("the drain interval must be a multiple of 20 ms, and at most 100 ms")]
    DrainInterval,
    /// No frame per send, or more than [`MAX_FRAMES_PER_SEND`].
    #[error("frames per send must be 1 to {MAX_FRAMES_PER_SEND}")]
    FramesPerSend,
    /// A queue that holds nothing.
    #[error("the command and event queues must hold at least one entry")]
    Queues,
}

impl MediaConfig {
    /// Checks what the types do not say.
    ///
    /// # Errors
    /// Names the first setting that cannot work.
    pub fn check(&self) -> Result<(), ConfigError> {
        if !(1..=MAX_THREADS).contains(&self.threads) {
            return Err(ConfigError::Threads);
        }
        if self.even_ports().next().is_none() {
            return Err(ConfigError::Ports);
        }
        let millis = self.drain_interval.as_millis();
        if !(20..=100).contains(&millis) || !millis.is_multiple_of(20) {
            return Err(ConfigError::DrainInterval);
        }
        if !(1..=MAX_FRAMES_PER_SEND).contains(&self.frames_per_send) {
            return Err(ConfigError::FramesPerSend);
        }
        if self.command_queue == 0 || self.event_queue == 0 {
            return Err(ConfigError::Queues);
        }
        Ok(())
    }

    /// Returns the pool's ports.
    pub(super) fn even_ports(&self) -> impl Iterator<Item = u16> + use<> {
        (self.first_port..=self.last_port).filter(|port| *port != 0 && port.is_multiple_of(2))
    }

    /// Returns into how many parts the calls are split; one part is drained each tick.
    pub(super) fn drain_parts(&self) -> u64 {
        (self.drain_interval.as_millis() / TICK.as_millis()).max(1) as u64
    }
}

/// What a call's offer and answer agreed on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CallMedia {
    /// The codec, both ways.
    pub codec: Codec,
    /// Payload type of the audio.
    pub payload_type: u8,
    /// Payload type of telephone events.
    pub dtmf_payload_type: Option<u8>,
    /// The peer's address from its SDP; `None` when it named none (0.0.0.0 or port 0).
    pub remote: Option<SocketAddr>,
    /// Where the peer takes RTCP when it is not multiplexed: `a=rtcp`, or the port after the audio's.
    pub remote_rtcp: Option<SocketAddr>,
    /// RTCP shares the audio's port (RFC 5761).
    pub rtcp_mux: bool,
    /// Keys are listened for as tones within the voice, because the peer sends no telephone events.
    pub keys_in_band: bool,
    /// What packets are sealed with; none over RTP/AVP.
    pub srtp: Option<SrtpKeys>,
    /// Listens for speech from the start; may be changed with [`MediaHandle::listen`](super::MediaHandle::listen).
    pub listen: Option<ActivityConfig>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_work_for_ten_thousand_calls() {
        let config = MediaConfig::default();
        assert_eq!(config.check(), Ok(()));
        assert_eq!(config.even_ports().count(), 10_000);
    }

    #[test]
    fn each_mistake_is_named() {
        let with = |change: fn(&mut MediaConfig)| {
            let mut config = MediaConfig::default();
            change(&mut config);
            config.check()
        };
        assert_eq!(with(|config| config.threads = 0), Err(ConfigError::Threads));
        assert_eq!(with(|config| config.first_port = 39_999), Err(ConfigError::Ports));
        assert_eq!(with(|config| config.drain_interval = Duration::from_millis(200)), Err(ConfigError::DrainInterval));
        assert_eq!(with(|config| config.drain_interval = Duration::from_millis(50)), Err(ConfigError::DrainInterval));
        assert_eq!(with(|config| config.frames_per_send = 4), Err(ConfigError::FramesPerSend));
        assert_eq!(with(|config| config.event_queue = 0), Err(ConfigError::Queues));
    }
}
