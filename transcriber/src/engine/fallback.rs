//! Two engines as one: what the first cannot do now, the second does.

use super::{Engine, EngineError, EngineInfo, Hint, Hypothesis};
use crate::telemetry;

/// Asks the first engine, and the second where the first fails.
pub struct Fallback<A, B> {
    first: A,
    second: B,
}

impl<A: Engine, B: Engine> Fallback<A, B> {
    /// Puts two engines one behind the other.
    pub fn new(first: A, second: B) -> Self {
        Self { first, second }
    }
}

impl<A: Engine, B: Engine> Engine for Fallback<A, B> {
    /// Describes the first, with a window that both can take.
    fn describe(&self) -> EngineInfo {
        let (first, second) = (self.first.describe(), self.second.describe());
        EngineInfo { window: first.window.min(second.window), ..first }
    }

    fn transcribe(&self, pcm16k: &[f32], hint: Hint) -> Result<Hypothesis, EngineError> {
        match self.first.transcribe(pcm16k, hint) {
            Err(EngineError::Failed(reason)) => {
                telemetry::fell_back(&reason);
                self.second.transcribe(pcm16k, hint)
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::FakeEngine;
    use dauys_events::Language;

    #[test]
    fn the_second_speaks_only_where_the_first_fails() {
        let silent = || FakeEngine::new([Err(EngineError::Failed("away".to_owned()))]);
        let says = |words| FakeEngine::saying(words, Language::Kk);
        let heard = |engine: &dyn Engine| engine.transcribe(&[0.0; 1600], Hint::default()).map(|heard| heard.text);
        assert_eq!(heard(&Fallback::new(says("бірінші"), says("екінші"))).as_deref(), Ok("бірінші"));
        assert_eq!(heard(&Fallback::new(silent(), says("екінші"))).as_deref(), Ok("екінші"));
        assert_eq!(heard(&Fallback::new(silent(), silent())), Err(EngineError::Failed("away".to_owned())));
    }
}
