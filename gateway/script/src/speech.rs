//! What is said in answer to what happened: lists of clips, made from the pack's script.

use dauys_config::script::{CallScript, TONE, Texts};
use dauys_events::{Language, RegistrationNumber};

/// Says how to speak, in the chosen language, then gives the tone.
pub(crate) fn instruction(script: &CallScript, language: Language) -> Vec<String> {
    in_languages(script, &[language], |texts| vec![&texts.speak]).into_iter().chain([TONE.to_owned()]).collect()
}

/// Says that nothing was heard, then gives the tone once more.
pub(crate) fn once_more(script: &CallScript, languages: &[Language]) -> Vec<String> {
    in_languages(script, languages, |texts| vec![&texts.nothing_heard]).into_iter().chain([TONE.to_owned()]).collect()
}

/// Says the number digit by digit and thanks. Each caller hears the number twice: again in the one language that was chosen,
/// or once in each of several.
pub(crate) fn number(script: &CallScript, languages: &[Language], number: RegistrationNumber) -> Vec<String> {
    let again = languages.len() == 1;
    in_languages(script, languages, |texts| {
        let digits: Vec<&String> =
            number.digits().iter().filter_map(|digit| texts.digits.get(usize::from(*digit))).collect();
        let mut clips = vec![&texts.number];
        clips.extend(&digits);
        if again {
            clips.push(&texts.again);
            clips.extend(&digits);
        }
        clips.push(&texts.thanks);
        clips
    })
}

/// Says that the recording could not be kept.
pub(crate) fn failed(script: &CallScript, languages: &[Language]) -> Vec<String> {
    in_languages(script, languages, |texts| vec![&texts.failed])
}

fn in_languages<'a>(
    script: &'a CallScript,
    languages: &[Language],
    choose: impl Fn(&'a Texts) -> Vec<&'a String>,
) -> Vec<String> {
    languages
        .iter()
        .filter_map(|language| script.texts.get(language).map(|texts| (language, texts)))
        .flat_map(|(language, texts)| choose(texts).into_iter().map(move |name| format!("{language}/{name}")))
        .collect()
}
