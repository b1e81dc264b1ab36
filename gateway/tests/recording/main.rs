//! The recording store and the spool through their public face: crashes, failing disks, and a model to compare with.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails says where")]

mod crash;
mod disk;
mod excerpt;
mod export;
mod faults;
mod model;
