//! Pauses between attempts: each twice as long as the one before, up to a bound.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(10);

/// A growing pause.
#[derive(Debug, Clone, Copy)]
pub(super) struct Backoff {
    pause: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { pause: FIRST }
    }
}

impl Backoff {
    /// Returns the pause that comes next.
    pub fn peek(self) -> Duration {
        self.pause
    }

    /// Returns the pause and lengthens the following one.
    pub fn next(&mut self) -> Duration {
        let pause = self.pause;
        self.pause = (pause * 2).min(LONGEST);
        pause
    }
}
