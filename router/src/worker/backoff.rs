//! Pauses between attempts: each twice as long as the one before, up to a longest.

use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The next pause, and the longest.
#[derive(Clone, Debug)]
pub struct Backoff {
    next: Duration,
    longest: Duration,
}

impl Backoff {
    /// Starts with `first` and never pauses for longer than `longest`.
    pub const fn new(first: Duration, longest: Duration) -> Self {
        Self { next: first, longest }
    }

    /// Pauses; returns none when it was told to stop meanwhile.
    pub async fn pause(&mut self, stop: &CancellationToken) -> Option<()> {
        let pause = self.take();
        tokio::select! {
            () = stop.cancelled() => None,
            () = tokio::time::sleep(pause) => Some(()),
        }
    }

    fn take(&mut self) -> Duration {
        let pause = self.next;
        self.next = pause.saturating_mul(2).min(self.longest);
        pause
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new(Duration::from_millis(100), Duration::from_secs(10))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_millis(350));
        let pauses: Vec<u128> = (0..4).map(|_| backoff.take().as_millis()).collect();
        assert_eq!(pauses, [100, 200, 350, 350]);
    }
}
