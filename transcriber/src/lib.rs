//! Speech to text: decoding, segmentation, engines, guards and the worker.
//!
//! [`audio`], [`segment`], [`guard`], [`numbers`], [`schedule`] and [`words`] are pure; [`engine`] runs whisper.cpp or asks a server;
//! [`transcribe`] puts them together for one recording, [`early`] for parts of a call that still goes on. Two shells: [`worker`] takes recordings from the bus, [`service`]
//! takes them from whoever speaks the protocol of OpenAI's transcription. [`models`] fetches models.

pub mod audio;
pub mod early;
pub mod engine;
pub mod guard;
pub mod load;
pub mod models;
pub mod numbers;
pub mod report;
pub mod schedule;
pub mod segment;
pub mod service;
pub mod settings;
pub mod telemetry;
pub mod transcribe;
pub mod urgency;
pub mod words;
pub mod worker;
