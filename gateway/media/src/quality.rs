//! How well a call could be heard: loss, jitter, delay, and the mean opinion score that they predict.
//!
//! The E-model (ITU-T G.107) with its default values, so that what is left of it is `R = 93.2 - Id - Ie,eff`: the delay
//! impairment in the linear form of Cole and Rosenbluth ("Voice over IP performance monitoring", 2001), the equipment
//! impairment by G.107 equation 7-29. G.113 appendix I gives G.711 with packet-loss concealment Ie 0 and Bpl 25.1. The other codecs
//! are rated on the same scale, so that calls compare: G.722 at 64 kbit/s by the wide-band impairment of 13 (G.113 appendix IV),
//! which leaves 116 of G.107.1's 129, or 89.9 of 100: 3.3 less than G.711. The ITU publishes no value for Opus; it is rated as G.711.

use crate::{SAMPLE_RATE, codec::Codec, receiver::ReceiverStats};

/// Rating without any impairment, with G.107's default values.
const BEST_RATING: f64 = 93.2;
/// What G.722 at 64 kbit/s costs: the rest of 129 - 13, brought to a scale of 100.
const G722_IMPAIRMENT: f64 = 3.3;
/// Packet-loss robustness of G.711 with concealment (G.113 table I.2).
const LOSS_ROBUSTNESS: f64 = 25.1;
/// One frame of packetisation, in ms.
const PACKETISATION_MS: f64 = 20.0;

/// Returns the transmission rating R (0 to 100) for a one-way delay in ms and a share of lost packets (0 to 1).
pub fn rating(delay_ms: f64, loss: f64) -> f64 {
    let delay = delay_ms.max(0.0);
    let from_delay = 0.024 * delay + 0.11 * (delay - 177.3).max(0.0);
    let percent = 100.0 * loss.clamp(0.0, 1.0);
    let from_loss = 95.0 * percent / (percent + LOSS_ROBUSTNESS);
    (BEST_RATING - from_delay - from_loss).clamp(0.0, 100.0)
}

/// Returns the mean opinion score (1 to 4.5) of a rating (G.107 annex B).
pub fn mean_opinion_score(rating: f64) -> f64 {
    let r = rating.clamp(0.0, 100.0);
    (1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6).clamp(1.0, 4.5)
}

/// What the far end said about our packets in its RTCP reports.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct FarEnd {
    /// Packets of ours that it did not get, in all.
    pub lost: i64,
    /// Share lost in its last interval, 0 to 1.
    pub fraction_lost: f64,
    /// Jitter that it measured, in ms.
    pub jitter_ms: f64,
    /// Round-trip time, in ms.
    pub round_trip_ms: Option<f64>,
}

/// The quality of a call, final or so far.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CallQuality {
    /// What the call is coded in.
    pub codec: Codec,
    /// What came in.
    pub received: ReceiverStats,
    /// Packets that the kernel dropped because we were too slow: lost by us, not by the network.
    pub lost_by_us: u64,
    /// Packets sent.
    pub sent: u64,
    /// Packets that could not be sent.
    pub send_failed: u64,
    /// What the far end reported, when it did.
    pub far_end: Option<FarEnd>,
}

impl CallQuality {
    /// Returns the share of packets that never came, 0 to 1.
    pub fn loss(&self) -> f64 {
        match self.received.expected {
            0 => 0.0,
            expected => self.received.lost as f64 / expected as f64,
        }
    }

    /// Returns the interarrival jitter in ms.
    pub fn jitter_ms(&self) -> f64 {
        f64::from(self.received.jitter_samples) * 1_000.0 / f64::from(SAMPLE_RATE)
    }

    /// Returns the estimated one-way delay in ms: half the round trip, one frame, and a jitter buffer of twice the jitter.
    pub fn delay_ms(&self) -> f64 {
        let round_trip = self.far_end.and_then(|far| far.round_trip_ms).unwrap_or_default();
        round_trip / 2.0 + PACKETISATION_MS + 2.0 * self.jitter_ms()
    }

    /// Returns the estimated mean opinion score of what was received, or `None` when nothing was.
    pub fn mos(&self) -> Option<f64> {
        let impairment = if self.codec == Codec::G722 { G722_IMPAIRMENT } else { 0.0 };
        (self.received.received > 0).then(|| mean_opinion_score(rating(self.delay_ms(), self.loss()) - impairment))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scores_are_the_published_ones() {
        // G.107 table B.1 pairs, to two digits.
        for (r, mos) in [(90.0, 4.34), (80.0, 4.03), (70.0, 3.60), (60.0, 3.10), (50.0, 2.58)] {
            assert!((mean_opinion_score(r) - mos).abs() < 0.01, "{r}");
        }
        assert!((mean_opinion_score(rating(0.0, 0.0)) - 4.41).abs() < 0.01);
    }

    #[test]
    fn more_loss_and_more_delay_never_sound_better() {
        let scores = |steps: &[(f64, f64)]| -> Vec<f64> {
            steps.iter().map(|&(delay, loss)| mean_opinion_score(rating(delay, loss))).collect()
        };
        let by_loss: Vec<_> = (0..=100).map(|percent| (50.0, f64::from(percent) / 100.0)).collect();
        let by_delay: Vec<_> = (0..=100).map(|tens| (f64::from(tens) * 10.0, 0.01)).collect();
        for steps in [by_loss, by_delay] {
            assert!(scores(&steps).is_sorted_by(|a, b| a >= b));
        }
    }

    #[test]
    fn a_call_without_packets_has_no_score() {
        assert_eq!(CallQuality::default().mos(), None);
        let received =
            ReceiverStats { received: 950, expected: 1_000, lost: 50, jitter_samples: 80, ..Default::default() };
        let quality = CallQuality { received, ..Default::default() };
        assert!((quality.jitter_ms() - 10.0).abs() < 1e-9);
        assert!((quality.mos().unwrap() - mean_opinion_score(rating(40.0, 0.05))).abs() < 1e-9);
        let wide = CallQuality { codec: Codec::G722, ..quality };
        assert!(wide.mos() < quality.mos());
    }
}
