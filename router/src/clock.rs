//! The clock of the room's shells; tests bring their own.

use jiff::Timestamp;
use std::sync::Arc;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Returns the machine's clock.
pub fn system() -> Clock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place where the router reads the machine's clock")]
    Arc::new(Timestamp::now)
}
