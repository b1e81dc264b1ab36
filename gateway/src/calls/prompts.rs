//! The prompts of a city, encoded once at the start: every call plays the same bytes.

use dauys_config::city::{CityError, PackSource};
use dauys_config::script::{CallScript, TONE};
use dauys_media::codec::Codec;
use dauys_media::play::Clip;
use dauys_media::tone::{SPEAK_NOW_HZ, tone};
use std::collections::HashMap;
use std::io::Cursor;
use thiserror::Error;

/// The tone to speak: half a second, at a level that is clear and not loud, then a breath.
const TONE_MILLIS: u32 = 500;
const TONE_LEVEL: f32 = 0.25;
const BREATH_MILLIS: u32 = 100;
/// The longest prompt, in samples of 8 kHz: a minute.
const LONGEST: usize = 60 * 8_000;

/// Why a prompt cannot be played.
#[derive(Debug, Error)]
pub enum PromptError {
    /// The file is missing.
    #[error("{0}")]
    Pack(#[from] CityError),
    /// The file is no WAV.
    #[error("prompts/{name}.wav: {error}")]
    Unreadable {
        /// The prompt.
        name: String,
        /// What is wrong.
        error: hound::Error,
    },
    /// The file has another form than a telephone plays.
    #[error("prompts/{name}.wav: {found}; prompts are 8000 Hz, 16 bit, mono and at most a minute long")]
    Form {
        /// The prompt.
        name: String,
        /// What it has.
        found: String,
    },
}

/// Every clip that the script can play, by name.
#[derive(Debug, Default)]
pub struct Prompts(HashMap<String, Clip>);

impl Prompts {
    /// Loads the clips of a script and encodes them in both laws of G.711.
    ///
    /// # Errors
    /// [`PromptError`] with the file and what to do.
    pub fn load(source: &PackSource, script: &CallScript) -> Result<Self, PromptError> {
        Self::load_for(source, script, &[Codec::Alaw, Codec::Ulaw])
    }

    /// Loads the clips of a script and encodes them in every codec that calls may have.
    ///
    /// # Errors
    /// [`PromptError`] with the file and what to do.
    pub fn load_for(source: &PackSource, script: &CallScript, codecs: &[Codec]) -> Result<Self, PromptError> {
        let mut clips = HashMap::new();
        for name in script.clips() {
            let bytes = source.read(&format!("prompts/{name}.wav"))?;
            let clip = Clip::with_codecs(&decode(&name, &bytes)?, codecs);
            clips.insert(name, clip);
        }
        let mut beep = tone(SPEAK_NOW_HZ, TONE_MILLIS, TONE_LEVEL);
        beep.resize(beep.len() + dauys_media::samples_in(BREATH_MILLIS) as usize, 0);
        clips.insert(TONE.to_owned(), Clip::with_codecs(&beep, codecs));
        Ok(Self(clips))
    }

    /// Returns the clips of these names; a name that was not loaded is left out.
    pub fn clips(&self, names: &[String]) -> Vec<Clip> {
        names.iter().filter_map(|name| self.0.get(name).cloned()).collect()
    }
}

fn decode(name: &str, bytes: &[u8]) -> Result<Vec<i16>, PromptError> {
    let unreadable = |error| PromptError::Unreadable { name: name.to_owned(), error };
    let reader = hound::WavReader::new(Cursor::new(bytes)).map_err(unreadable)?;
    let spec = reader.spec();
    let fits = (spec.sample_rate, spec.bits_per_sample, spec.channels) == (8_000, 16, 1)
        && spec.sample_format == hound::SampleFormat::Int
        && reader.duration() as usize <= LONGEST;
    if !fits {
        let found = format!(
            "{} Hz, {} bit, {} channel(s), {} s",
            spec.sample_rate,
            spec.bits_per_sample,
            spec.channels,
            reader.duration() / spec.sample_rate.max(1)
        );
        return Err(PromptError::Form { name: name.to_owned(), found });
    }
    reader.into_samples::<i16>().collect::<Result<_, _>>().map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dauys_media::g711;

    #[test]
    fn every_prompt_of_the_embedded_city_is_audible() {
        let source = PackSource::embedded("shymkent").unwrap();
        let script = CallScript::load(&source).unwrap();
        let prompts = Prompts::load(&source, &script).unwrap();
        for name in script.clips().into_iter().chain([TONE.to_owned()]) {
            let clips = prompts.clips(std::slice::from_ref(&name));
            let loudest = clips[0]
                .bytes(g711::Codec::Alaw)
                .iter()
                .map(|byte| g711::Codec::Alaw.decode(*byte).unsigned_abs())
                .max();
            assert!(loudest > Some(4_000), "{name}: {loudest:?}");
        }
    }

    #[test]
    fn a_prompt_that_is_no_telephone_audio_is_named() {
        assert!(matches!(decode("kk/1", b"RIFFxxxx"), Err(PromptError::Unreadable { .. })));
        let mut bytes = Cursor::new(Vec::new());
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 44_100,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        hound::WavWriter::new(&mut bytes, spec).unwrap().finalize().unwrap();
        let error = decode("kk/1", bytes.get_ref()).unwrap_err().to_string();
        assert!(error.starts_with("prompts/kk/1.wav: 44100 Hz"), "{error}");
    }
}
