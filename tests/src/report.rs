//! How a whole-system test says that a real part was not there, so that `scripts/test.sh` counts it as skipped.

pub use dauys_bus::testing::{kafka, postgres, real_part};
