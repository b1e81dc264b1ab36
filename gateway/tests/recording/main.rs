//! The recording store and the spool through their public face: crashes, failing disks, and a model to compare with.

mod crash;
mod disk;
mod export;
mod faults;
mod model;
