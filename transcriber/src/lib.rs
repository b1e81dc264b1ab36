//! Speech to text: decoding, segmentation, engines, guards and the worker.
//!
//! [`audio`], [`segment`] and [`guard`] are pure; [`engine`] runs whisper.cpp; [`transcribe`] puts the four together for
//! one recording; [`worker`] is the shell that takes recordings from the bus.

pub mod audio;
pub mod engine;
pub mod guard;
pub mod report;
pub mod segment;
pub mod settings;
pub mod telemetry;
pub mod transcribe;
pub mod worker;
