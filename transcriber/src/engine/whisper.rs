//! whisper.cpp in this process: one model shared by a fixed number of states, one state for each stretch in progress.

mod before;
mod greedy;

use std::fs::File;
use std::io::{BufReader, Cursor, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use dauys_events::Language;
use whisper_rs::{
    FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperError, WhisperSegment, WhisperState,
};

use super::{
    Decoding, Engine, EngineError, EngineInfo, Hint, Hypothesis, LanguageChoice, LoadError, ModelShape, check_model,
    choose_language,
};
use crate::audio::SAMPLE_RATE;
use crate::words::CityWords;
use before::Before;

/// The demo model: synthetic voices only, so that the line can be tried without a download (`demo-model/README.md`).
#[cfg(feature = "demo-model")]
pub static DEMO_MODEL: &[u8] = include_bytes!("../../demo-model/ggml-109-demo.bin");

/// whisper.cpp hears nothing in less than 100 ms, and refuses it with a warning.
const SHORTEST: usize = SAMPLE_RATE as usize / 10;
/// whisper.cpp has freed the state itself when it returns this code.
const STATE_GONE: i32 = -7;
/// One position of the encoder is 20 ms.
const SAMPLES_PER_POSITION: usize = SAMPLE_RATE as usize / 50;

/// Where the model comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelSource {
    /// The model that is compiled in.
    #[cfg(feature = "demo-model")]
    Demo,
    /// A file in ggml format.
    File(PathBuf),
}

impl ModelSource {
    fn name(&self) -> String {
        match self {
            #[cfg(feature = "demo-model")]
            Self::Demo => "109-demo".to_owned(),
            Self::File(path) => path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        }
    }
}

/// How much of the model's window is encoded for a stretch that does not fill it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AudioContext {
    /// Only what the stretch fills, where the model was trained for that: the demo model was, others were not.
    #[default]
    Auto,
    /// Only what the stretch fills: faster, and models that were never trained for it may write worse.
    Cut,
    /// The whole window.
    Full,
}

/// Positions (20 ms) that are encoded beyond the stretch, and the fewest at all: what the demo model was trained with.
const CONTEXT_MARGIN: usize = 25;
const SHORTEST_CONTEXT: usize = 64;
/// A greedy reading that is this sure on average and of its least sure token is what the beams would find too.
const SURE_AVERAGE: f32 = -0.12;
const SURE_WORST: f32 = -1.2;

/// How whisper.cpp is run.
#[derive(Debug, Clone, PartialEq)]
pub struct WhisperSettings {
    /// The model.
    pub model: ModelSource,
    /// The languages to choose among; not empty.
    pub languages: Vec<Language>,
    /// Stretches transcribed at the same time.
    pub states: usize,
    /// Threads for each. States times threads may not exceed the processor's cores: beyond, all of them crawl.
    pub threads_per_state: usize,
    /// The search.
    pub decoding: Decoding,
    /// How many times the pressed language counts; 1 ignores the key.
    pub pressed_weight: f32,
    /// How much of the window is encoded.
    pub context: AudioContext,
    /// What the model reads before it listens.
    pub words: CityWords,
}

/// One context and a pool of states.
pub struct WhisperEngine {
    context: WhisperContext,
    shape: ModelShape,
    name: String,
    settings: WhisperSettings,
    /// One set of parameters for each language and way of searching: whisper-rs gives up the language's memory each
    /// time it is set.
    params: Vec<Prepared>,
    before: Before,
    /// One place for each stretch in progress; a place keeps its state where that may be used again.
    idle: Mutex<Vec<Option<WhisperState>>>,
    returned: Condvar,
}

struct Prepared {
    language: Language,
    greedy: FullParams<'static, 'static>,
    beams: FullParams<'static, 'static>,
}

impl std::fmt::Debug for WhisperEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WhisperEngine")
            .field("model", &self.name)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl WhisperEngine {
    /// Loads the model and makes the states.
    ///
    /// # Errors
    /// Returns a [`LoadError`] that says what to do when the model is missing, damaged or of another kind, when the
    /// settings ask for more threads than there are cores, or when the processor is too old.
    pub fn load(settings: WhisperSettings) -> Result<Self, LoadError> {
        check_settings(&settings)?;
        check_processor()?;
        whisper_rs::install_logging_hooks();
        let name = settings.model.name();
        let (context, shape) = load_context(&settings.model, &name)?;
        let failed = |error: WhisperError| LoadError::Engine { name: name.clone(), reason: error.to_string() };
        let states: Result<Vec<_>, _> = (0..settings.states).map(|_| context.create_state().map(Some)).collect();
        let params = settings
            .languages
            .iter()
            .map(|&language| Prepared {
                language,
                greedy: parameters(language, SamplingStrategy::Greedy { best_of: 1 }, &settings),
                beams: parameters(language, beams(settings.decoding), &settings),
            })
            .collect();
        let before = Before::new(&context, &settings.words).map_err(failed)?;
        let engine = Self {
            idle: Mutex::new(states.map_err(failed)?),
            returned: Condvar::new(),
            context,
            shape,
            name,
            settings,
            params,
            before,
        };
        engine.warm()?;
        Ok(engine)
    }

    /// Hears a second of nothing, so that the first caller does not wait for memory to be touched the first time.
    fn warm(&self) -> Result<(), LoadError> {
        let failed = |error: EngineError| LoadError::Engine { name: self.name.clone(), reason: error.to_string() };
        self.transcribe(&[0.0; SAMPLE_RATE as usize], Hint::default()).map_err(failed)?;
        Ok(())
    }

    /// Takes a place, waiting until one is free.
    fn take(&self) -> Option<WhisperState> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(place) = idle.pop() {
                return place;
            }
            idle = self.returned.wait(idle).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn put_back(&self, place: Option<WhisperState>) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(place);
        self.returned.notify_one();
    }

    /// Hears a stretch. A beam search or a draw at a temperature gets a state of its own: whisper.cpp draws from a
    /// generator that lives as long as the state, and in a used one what a caller said would depend on who called before.
    fn recognise(&self, state: &mut WhisperState, pcm: &[f32], hint: Hint) -> Result<Hypothesis, WhisperError> {
        let context = self.context_for(pcm.len());
        let beams_only = matches!(self.settings.decoding, Decoding::Beam(_)) && !hint.quick;
        let greedy = hint.temperature == 0.0 && !beams_only;
        if greedy || self.settings.languages.len() > 1 {
            self.listen(state, pcm, context)?;
        }
        let choice = self.detect(state, hint)?;
        let before = self.before.of(hint);
        if greedy {
            let token = language_token(&self.context, choice.language).ok_or(WhisperError::InvalidText)?;
            let reading = greedy::read(&self.context, state, token, before, self.settings.threads_per_state)?;
            let sure = reading.average >= SURE_AVERAGE && reading.worst >= SURE_WORST;
            if hint.quick || self.settings.decoding == Decoding::Greedy || sure || reading.text.is_empty() {
                return Ok(Hypothesis {
                    text: reading.text,
                    no_speech_probability: reading.no_speech,
                    average_log_probability: reading.average,
                    temperature: 0.0,
                    ..in_language(&choice)
                });
            }
        }
        let prepared = self.params.iter().find(|prepared| prepared.language == choice.language);
        let prepared = prepared.ok_or(WhisperError::InvalidText)?;
        let mut fresh = self.context.create_state()?;
        let mut params = with(&prepared.beams, context, hint.temperature);
        if !before.is_empty() {
            params.set_tokens(before);
        }
        fresh.full(params, pcm)?;
        Ok(self.read(&fresh, &choice, hint.temperature))
    }

    /// Encodes a stretch. A reading of one token sets the state up with the cut window, which the encoder alone cannot be told.
    fn listen(&self, state: &mut WhisperState, pcm: &[f32], context: usize) -> Result<(), WhisperError> {
        let first = self.params.first().ok_or(WhisperError::InvalidText)?;
        let mut params = with(&first.greedy, context, 0.0);
        params.set_max_tokens(1);
        state.full(params, pcm)
    }

    /// How many positions of the window are encoded for so many samples; 0 for all of it.
    fn context_for(&self, samples: usize) -> usize {
        let cut = match self.settings.context {
            AudioContext::Cut => true,
            AudioContext::Full => false,
            #[cfg(feature = "demo-model")]
            AudioContext::Auto => self.settings.model == ModelSource::Demo,
            #[cfg(not(feature = "demo-model"))]
            AudioContext::Auto => false,
        };
        let positions = samples.div_ceil(SAMPLES_PER_POSITION) + CONTEXT_MARGIN;
        let whole = usize::try_from(self.shape.audio_positions).unwrap_or(0);
        if cut && positions < whole { positions.max(SHORTEST_CONTEXT) } else { 0 }
    }

    /// Asks the model for the language of what the state has encoded; with one configured, there is nothing to ask.
    fn detect(&self, state: &mut WhisperState, hint: Hint) -> Result<LanguageChoice, WhisperError> {
        if let [only] = self.settings.languages.as_slice() {
            return Ok(LanguageChoice { language: *only, confidence: 1.0, shares: vec![(*only, 1.0)] });
        }
        let heard = self.language_probabilities(state)?;
        choose_language(&heard, hint.pressed, self.settings.pressed_weight).ok_or(WhisperError::InvalidText)
    }

    /// The model's probabilities of the configured languages; whisper.cpp's own detection would encode the whole window.
    fn language_probabilities(&self, state: &mut WhisperState) -> Result<Vec<(Language, f32)>, WhisperError> {
        state.decode(&[self.context.token_sot()], 0, self.settings.threads_per_state)?;
        let logits = state.get_logits()?;
        let logit = |language: Language| {
            let token = usize::try_from(language_token(&self.context, language)?).ok()?;
            logits.get(token).copied()
        };
        let logits: Vec<(Language, f32)> =
            self.settings.languages.iter().map(|&of| (of, logit(of).unwrap_or(f32::NEG_INFINITY))).collect();
        let most = logits.iter().map(|l| l.1).fold(f32::NEG_INFINITY, f32::max);
        let total: f32 = logits.iter().map(|l| (l.1 - most).exp()).sum();
        Ok(logits.into_iter().map(|(of, logit)| (of, (logit - most).exp() / total)).collect())
    }

    /// Reads the words and the evidence. Text may hold half a letter: it is read lossily, token by token would be worse.
    fn read(&self, state: &WhisperState, choice: &LanguageChoice, temperature: f32) -> Hypothesis {
        let end_of_text = self.context.token_eot();
        let mut text = String::new();
        let (mut sum, mut tokens, mut silence) = (0f32, 0usize, 0f32);
        for segment in state.as_iter() {
            if let Ok(part) = segment.to_str_lossy() {
                text.push_str(&part);
            }
            silence = silence.max(segment.no_speech_probability());
            for probability in words(&segment, end_of_text) {
                sum += probability;
                tokens += 1;
            }
        }
        Hypothesis {
            text: text.trim().to_owned(),
            no_speech_probability: silence,
            average_log_probability: if tokens == 0 { 0.0 } else { sum / tokens as f32 },
            temperature,
            ..in_language(choice)
        }
    }

    fn window_samples(&self) -> usize {
        usize::try_from(self.shape.window_ms()).unwrap_or(0) * SAMPLE_RATE as usize / 1000
    }
}

impl Engine for WhisperEngine {
    fn describe(&self) -> EngineInfo {
        EngineInfo {
            engine: format!("whisper.cpp {}", whisper_rs::WHISPER_CPP_VERSION),
            model: self.name.clone(),
            window: Duration::from_millis(self.shape.window_ms()),
            parallel: self.settings.states,
            languages: self.settings.languages.clone(),
        }
    }

    fn transcribe(&self, pcm16k: &[f32], hint: Hint) -> Result<Hypothesis, EngineError> {
        let window = self.window_samples();
        if pcm16k.len() > window {
            return Err(EngineError::TooLong { samples: pcm16k.len(), window });
        }
        let mut padded;
        let mut pcm = pcm16k;
        if pcm.len() < 2 * SHORTEST {
            padded = pcm.to_vec();
            padded.resize(2 * SHORTEST, 0.0);
            pcm = &padded;
        }
        let failed = |error: WhisperError| EngineError::Failed(error.to_string());
        let place = self.take();
        let mut state = match place.map_or_else(|| self.context.create_state(), Ok) {
            Ok(state) => state,
            Err(error) => {
                self.put_back(None);
                return Err(failed(error));
            }
        };
        let result = self.recognise(&mut state, pcm, hint);
        self.put_back(keep(state, &result));
        result.map_err(failed)
    }
}

/// A hypothesis without words yet.
fn in_language(choice: &LanguageChoice) -> Hypothesis {
    Hypothesis {
        text: String::new(),
        language: choice.language,
        language_confidence: choice.confidence,
        languages: choice.shares.clone(),
        no_speech_probability: 0.0,
        average_log_probability: 0.0,
        temperature: 0.0,
    }
}

fn language_token(context: &WhisperContext, language: Language) -> Option<i32> {
    Some(context.token_lang(whisper_rs::get_lang_id(language.code())?))
}

/// Returns the state if it may be used again.
fn keep(state: WhisperState, result: &Result<Hypothesis, WhisperError>) -> Option<WhisperState> {
    match result {
        Ok(_) => Some(state),
        Err(WhisperError::GenericError(STATE_GONE)) => {
            std::mem::forget(state);
            None
        }
        Err(_) => None,
    }
}

fn check_settings(settings: &WhisperSettings) -> Result<(), LoadError> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = settings.states.saturating_mul(settings.threads_per_state);
    if threads == 0 {
        return Err(LoadError::Settings("states and threads_per_state must be at least 1".to_owned()));
    }
    if threads > cores {
        return Err(LoadError::Settings(format!(
            "{} states of {} threads are more than this machine's {cores} cores; lower one of them",
            settings.states, settings.threads_per_state
        )));
    }
    if settings.languages.is_empty() {
        return Err(LoadError::Settings("no language is configured".to_owned()));
    }
    if let Decoding::Beam(beams) | Decoding::Adaptive(beams) = settings.decoding
        && !(2..=Decoding::MAX_BEAMS).contains(&beams)
    {
        return Err(LoadError::Settings(format!("{beams} beams; 2 to {} are possible", Decoding::MAX_BEAMS)));
    }
    Ok(())
}

/// whisper.cpp is built with these instructions and would end the process on the first one that is missing.
fn check_processor() -> Result<(), LoadError> {
    #[cfg(target_arch = "x86_64")]
    for (present, name) in [
        (is_x86_feature_detected!("avx2"), "AVX2"),
        (is_x86_feature_detected!("fma"), "FMA"),
        (is_x86_feature_detected!("f16c"), "F16C"),
    ] {
        if !present {
            return Err(LoadError::Processor(name));
        }
    }
    Ok(())
}

fn load_context(model: &ModelSource, name: &str) -> Result<(WhisperContext, ModelShape), LoadError> {
    let damaged = |source| LoadError::NotAModel { name: name.to_owned(), source };
    let refused = |error: WhisperError| LoadError::Engine { name: name.to_owned(), reason: error.to_string() };
    let params = WhisperContextParameters::default();
    match model {
        #[cfg(feature = "demo-model")]
        ModelSource::Demo => {
            let shape = check_model(Cursor::new(DEMO_MODEL)).map_err(damaged)?;
            let context = WhisperContext::new_from_buffer_with_params(DEMO_MODEL, params).map_err(refused)?;
            Ok((context, shape))
        }
        ModelSource::File(path) => {
            let shape = check_model(BufReader::new(open(path)?)).map_err(damaged)?;
            let context = WhisperContext::new_with_params(path, params).map_err(refused)?;
            Ok((context, shape))
        }
    }
}

fn open(path: &Path) -> Result<File, LoadError> {
    let unreadable = |source: std::io::Error| match source.kind() {
        ErrorKind::NotFound => LoadError::Missing { path: path.to_owned() },
        _ => LoadError::Unreadable { path: path.to_owned(), source },
    };
    let file = File::open(path).map_err(unreadable)?;
    if file.metadata().map_err(unreadable)?.is_dir() {
        return Err(unreadable(ErrorKind::IsADirectory.into()));
    }
    Ok(file)
}

/// The search for a stretch that the greedy one is not sure of, or that is tried again at a temperature.
fn beams(decoding: Decoding) -> SamplingStrategy {
    match decoding {
        Decoding::Greedy => SamplingStrategy::Greedy { best_of: 1 },
        Decoding::Beam(beams) | Decoding::Adaptive(beams) => {
            SamplingStrategy::BeamSearch { beam_size: beams.into(), patience: -1.0 }
        }
    }
}

fn with<'a>(params: &FullParams<'static, 'static>, context: usize, temperature: f32) -> FullParams<'static, 'a> {
    let mut params: FullParams<'static, 'a> = params.clone();
    params.set_audio_ctx(i32::try_from(context).unwrap_or(0));
    params.set_temperature(temperature);
    params
}

/// No context carried over, no timestamps, no second tries of its own: what a caller says must not depend on who
/// called before, and a stretch must take a bounded time. What comes out bad is the guard's to judge.
fn parameters(
    language: Language,
    strategy: SamplingStrategy,
    settings: &WhisperSettings,
) -> FullParams<'static, 'static> {
    let mut params = FullParams::new(strategy);
    params.set_n_threads(i32::try_from(settings.threads_per_state).unwrap_or(1));
    params.set_language(Some(language.code()));
    params.set_translate(false);
    params.set_no_context(true);
    params.set_no_timestamps(true);
    params.set_single_segment(true);
    params.set_temperature_inc(0.0);
    params.set_print_special(false);
    params.set_print_progress(false);
    params.set_print_realtime(false);
    params.set_print_timestamps(false);
    params
}

/// The log-probabilities of the tokens that are text; the special ones come after the end-of-text token.
fn words(segment: &WhisperSegment<'_>, end_of_text: i32) -> impl Iterator<Item = f32> {
    (0..segment.n_tokens())
        .filter_map(|i| segment.get_token(i))
        .map(|token| token.token_data())
        .filter(move |data| data.id < end_of_text)
        .map(|data| data.plog)
}
