//! What tests share that need a real Kafka or PostgreSQL: where it is, and the line that says that it was not there.

use std::io::Write;

/// Returns the value of the variable that names a real part (`DAUYS_TEST_KAFKA`, `DAUYS_TEST_POSTGRES`). Where it is not
/// set, writes `SKIPPED <test>: no <part>` past the test runner's capture, for `scripts/test.sh` to count.
pub fn real_part(variable: &str, part: &str) -> Option<String> {
    if let Ok(value) = std::env::var(variable)
        && !value.is_empty()
    {
        return Some(value);
    }
    skipped(part);
    None
}

/// Says that the running test was skipped for want of a part.
pub fn skipped(part: &str) {
    let thread = std::thread::current();
    let line = format!("SKIPPED {}: no {part}\n", thread.name().unwrap_or("a test"));
    let _ = std::io::stdout().write_all(line.as_bytes());
}

/// Returns the address of a real Kafka, or says that the test was skipped.
pub fn kafka() -> Option<String> {
    real_part("DAUYS_TEST_KAFKA", "Kafka")
}

/// Returns the URL of a role on a real PostgreSQL that may make databases, or says that the test was skipped.
pub fn postgres() -> Option<String> {
    real_part("DAUYS_TEST_POSTGRES", "PostgreSQL")
}
