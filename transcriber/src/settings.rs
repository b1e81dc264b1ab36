//! From the operator's settings to those of the engine, the pipeline and the worker.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use dauys_config::settings::{AudioContext as Context, Decoding as Search, Engine as Which, Transcriber};
use tokio::runtime::Handle;

use crate::engine::remote::{RemoteEngine, RemoteSettings};
use crate::engine::{AudioContext, Decoding, Engine, Fallback, LoadError, ModelSource, WhisperEngine, WhisperSettings};
use crate::models;
use crate::segment::SegmentSettings;
use crate::transcribe::Pipeline;
use crate::words::CityWords;

/// The beams of the `beam` search. On the demo model's held-out calls, five make a third fewer word errors than none
/// and take up to 1.4 times as long; two make more errors than none (`examples/speed.rs`).
const BEAMS: u8 = 5;
/// How many times the language that the caller pressed counts.
const PRESSED_WEIGHT: f32 = 4.0;

/// Starts the engine that the settings name. `data` is the data folder, where fetched models are, and `words` what the model reads
/// before it listens. Blocking; `client` and `runtime` carry the requests to servers.
///
/// # Errors
/// A [`LoadError`] that says what to do.
pub fn engine(
    settings: &Transcriber,
    data: &Path,
    words: &CityWords,
    client: reqwest::Client,
    runtime: Handle,
) -> Result<Arc<dyn Engine>, LoadError> {
    let local = || WhisperEngine::load(WhisperSettings { words: words.clone(), ..whisper(settings, data)? });
    let servers = || Ok::<_, LoadError>(RemoteEngine::new(remote(settings, words)?, client, runtime));
    Ok(match settings.engine {
        Which::Local => Arc::new(local()?),
        Which::Remote => Arc::new(servers()?),
        Which::RemoteThenLocal => Arc::new(Fallback::new(servers()?, local()?)),
        Which::LocalThenRemote => Arc::new(Fallback::new(local()?, servers()?)),
    })
}

fn remote(settings: &Transcriber, words: &CityWords) -> Result<RemoteSettings, LoadError> {
    let remote = &settings.remote;
    let token = remote.token.read().map_err(|why| LoadError::Settings(format!("transcriber.remote.token: {why}")))?;
    Ok(RemoteSettings {
        endpoints: remote.endpoints.clone(),
        path: remote.path.clone(),
        model: remote.model.clone(),
        token,
        timeout: Duration::from_secs(remote.timeout_seconds.into()),
        parallel: remote.parallel,
        languages: settings.languages.clone(),
        words: words.clone(),
    })
}

/// Returns how whisper.cpp is to be run, with no words to read before.
///
/// # Errors
/// [`LoadError::Settings`] where the settings name the demo model and it is not compiled in.
pub fn whisper(settings: &Transcriber, data: &Path) -> Result<WhisperSettings, LoadError> {
    let threads = settings.threads.max(1);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Ok(WhisperSettings {
        model: model(&settings.model, data)?,
        languages: settings.languages.clone(),
        states: if settings.workers == 0 { (cores / threads).max(1) } else { settings.workers },
        threads_per_state: threads,
        decoding: match settings.decoding {
            Search::Greedy => Decoding::Greedy,
            Search::Beam => Decoding::Beam(BEAMS),
            Search::Adaptive => Decoding::Adaptive(BEAMS),
        },
        context: match settings.audio_context {
            Context::Auto => AudioContext::Auto,
            Context::Cut => AudioContext::Cut,
            Context::Full => AudioContext::Full,
        },
        pressed_weight: PRESSED_WEIGHT,
        words: CityWords::default(),
    })
}

/// Returns how recordings are decoded, cut and judged.
#[must_use]
pub fn pipeline(settings: &Transcriber) -> Pipeline {
    let mut pipeline = Pipeline::default();
    if settings.window_seconds > 0 {
        let window = Duration::from_secs(settings.window_seconds.into());
        pipeline.segments = SegmentSettings { window, ..SegmentSettings::default() };
    }
    pipeline
}

fn model(name: &str, data: &Path) -> Result<ModelSource, LoadError> {
    if name != "demo" {
        let known = models::known().iter().find(|model| model.name == name);
        return Ok(ModelSource::File(known.map_or_else(|| PathBuf::from(name), |model| model.path(data))));
    }
    #[cfg(feature = "demo-model")]
    return Ok(ModelSource::Demo);
    #[cfg(not(feature = "demo-model"))]
    Err(LoadError::Settings(
        "this build has no demo model; set transcriber.model to the path of a Whisper model in ggml format".to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(feature = "demo-model")]
    use crate::engine::WhisperEngine;

    #[cfg(feature = "demo-model")]
    #[test]
    fn the_settings_that_come_with_the_product_start_an_engine() {
        let engine = WhisperEngine::load(
            whisper(&Transcriber::default(), Path::new("data")).expect("the demo model is compiled in"),
        );
        assert!(engine.is_ok(), "{engine:?}");
        assert_eq!(pipeline(&Transcriber::default()).segments.window, Duration::from_secs(30));
    }

    #[test]
    fn a_path_is_a_model_and_a_window_is_kept() {
        let settings = Transcriber {
            model: "/models/ggml-large-v3-turbo.bin".to_owned(),
            decoding: Search::Greedy,
            workers: 3,
            window_seconds: 8,
            ..Transcriber::default()
        };
        let whisper = whisper(&settings, Path::new("data")).expect("settings");
        assert_eq!(whisper.model, ModelSource::File("/models/ggml-large-v3-turbo.bin".into()));
        assert_eq!((whisper.states, whisper.decoding), (3, Decoding::Greedy));
        assert_eq!(pipeline(&settings).segments.window, Duration::from_secs(8));
    }

    #[test]
    fn a_known_model_is_looked_for_where_fetching_puts_it() {
        let settings = Transcriber { model: "large-v3-turbo".to_owned(), ..Transcriber::default() };
        let whisper = whisper(&settings, Path::new("data")).expect("settings");
        assert_eq!(whisper.model, ModelSource::File("data/models/ggml-large-v3-turbo.bin".into()));
    }
}
