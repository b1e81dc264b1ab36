//! The call script as data (`script.toml` of a city pack): what is said when, and which keys choose which language.

use crate::city::{CityError, PackSource};
use dauys_events::Language;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a caller hears and may press. A clip is named `<language>/<name>` and lies in the pack as
/// `prompts/<language>/<name>.wav`; `tone` is the signal to speak.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallScript {
    /// Played when the call is answered; the caller may press a key or speak at any time.
    pub greeting: Vec<String>,
    /// Which key chooses which language.
    pub languages: BTreeMap<char, Language>,
    /// Spoken where the caller has chosen no language, one after the other.
    pub default_languages: Vec<Language>,
    /// The key that ends the recording.
    pub finish_key: char,
    /// What is said in each language.
    pub texts: BTreeMap<Language, Texts>,
}

/// What is said in one language: names of clips, without the language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    /// Said when the language was chosen, before the tone.
    pub speak: String,
    /// Said when nothing was heard after the tone, before it sounds once more.
    pub nothing_heard: String,
    /// Said before the digits of the registration number.
    pub number: String,
    /// Said before the digits are repeated.
    pub again: String,
    /// The digits, from 0 to 9.
    pub digits: [String; 10],
    /// Said at the end.
    pub thanks: String,
    /// Said when the recording could not be kept: the caller is asked to call again.
    pub failed: String,
}

impl CallScript {
    /// Loads `script.toml` of a pack and checks that it is whole.
    ///
    /// # Errors
    /// [`CityError`] with file, line and key.
    pub fn load(source: &PackSource) -> Result<Self, CityError> {
        let script: Self = source.parse("script.toml")?;
        let wrong = |key: &str, reason: String| CityError::Invalid {
            file: "script.toml".to_owned(),
            line: 1,
            key: key.to_owned(),
            reason,
        };
        if script.default_languages.is_empty() {
            return Err(wrong("default_languages", "name at least one language".to_owned()));
        }
        let spoken = script.languages.values().chain(&script.default_languages);
        for language in spoken {
            if !script.texts.contains_key(language) {
                return Err(wrong("texts", format!("there is no [texts.{language}]")));
            }
        }
        if script.languages.contains_key(&script.finish_key) {
            return Err(wrong("finish_key", "the key also chooses a language".to_owned()));
        }
        for key in script.languages.keys().chain([&script.finish_key]) {
            if !"0123456789*#ABCD".contains(*key) {
                return Err(wrong("languages", format!("`{key}` is no telephone key")));
            }
        }
        Ok(script)
    }

    /// Names every clip that the script can play, without the tone.
    pub fn clips(&self) -> Vec<String> {
        let mut names: Vec<String> = self.greeting.iter().filter(|name| *name != TONE).cloned().collect();
        for (language, texts) in &self.texts {
            let one = [&texts.speak, &texts.nothing_heard, &texts.number, &texts.again, &texts.thanks, &texts.failed];
            names.extend(one.into_iter().chain(&texts.digits).map(|name| format!("{language}/{name}")));
        }
        names.sort();
        names.dedup();
        names
    }
}

/// The clip that is made and not recorded: the signal to speak.
pub const TONE: &str = "tone";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_clip_of_the_embedded_script_is_there() {
        let source = PackSource::embedded("shymkent").unwrap();
        let script = CallScript::load(&source).unwrap();
        assert!(script.greeting.contains(&TONE.to_owned()));
        for clip in script.clips() {
            assert!(source.read(&format!("prompts/{clip}.wav")).is_ok(), "prompts/{clip}.wav is missing");
        }
    }
}
