//! What a person sees while things start: one line a step, with how long it took.

use std::io::{IsTerminal, Write};
use std::time::Instant;

/// One step that may take a while.
pub(crate) struct Step {
    started: Instant,
    name: &'static str,
}

/// Says what begins.
#[expect(clippy::disallowed_methods, reason = "a person wants to know how long a step took")]
pub(crate) fn step(name: &'static str) -> Step {
    if std::io::stdout().is_terminal() {
        print!("  … {name}\r");
        let _ = std::io::stdout().flush();
    }
    Step { started: Instant::now(), name }
}

impl Step {
    /// Says that it is done, and what came of it.
    pub fn done(self, outcome: &str) {
        let seconds = self.started.elapsed().as_secs_f64();
        println!("  ✓ {:<28} {outcome} ({seconds:.1} s)", self.name);
    }
}
