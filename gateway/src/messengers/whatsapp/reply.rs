//! The words that a citizen gets by WhatsApp, in Kazakh, Russian, Uzbek and English. Pure.

use dauys_events::{Language, RegistrationNumber};

/// What an answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The message is registered.
    Registered(RegistrationNumber),
    /// The message is registered, but the recording could not be fetched.
    Unheard(RegistrationNumber),
    /// What came is neither a voice note nor a text.
    SayIt,
}

/// Letters of Kazakh that Russian and Uzbek Cyrillic do not have.
const KAZAKH: &str = "әіңөұүһӘІҢӨҰҮҺ";
/// Letters of Uzbek Cyrillic that Russian and Kazakh do not have.
const UZBEK: &str = "ўҳЎҲ";
/// Letters that Kazakh and Uzbek Cyrillic share.
const SHARED: &str = "қғҚҒ";

/// Guesses a text's language from its letters, and from the number's country where two languages share them; `None` where neither
/// tells.
pub fn language_of(text: &str, from: &str) -> Option<Language> {
    let has = |letters: &str| text.chars().any(|letter| letters.contains(letter));
    if has(KAZAKH) {
        return Some(Language::Kk);
    }
    if has(UZBEK) {
        return Some(Language::Uz);
    }
    if has(SHARED) {
        return match from {
            _ if from.starts_with("998") => Some(Language::Uz),
            _ if from.starts_with('7') => Some(Language::Kk),
            _ => None,
        };
    }
    let cyrillic = text.chars().filter(|letter| ('\u{0400}'..='\u{04FF}').contains(letter)).count();
    let latin: String = text.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_ascii_lowercase();
    if cyrillic > latin.len() {
        return Some(Language::Ru);
    }
    // o‘ and g‘ are written with any of these apostrophes; q stands before other letters than u.
    let apostrophes = ['\'', '\u{2018}', '\u{2019}', '\u{02BB}', '\u{02BC}', '`'];
    let lower: Vec<char> = text.to_lowercase().chars().collect();
    let uzbek = lower.windows(2).any(|pair| match pair {
        ['o' | 'g', mark] => apostrophes.contains(mark),
        ['q', next] => next.is_alphabetic() && *next != 'u',
        _ => false,
    });
    uzbek.then_some(Language::Uz)
}

/// Chooses the languages of an answer: that of the text if it told, otherwise those of the number's country.
pub fn languages(text: Option<&str>, from: &str) -> Vec<Language> {
    if let Some(language) = text.and_then(|text| language_of(text, from)) {
        return vec![language];
    }
    if from.starts_with("998") {
        vec![Language::Uz, Language::Ru]
    } else if from.starts_with('7') {
        vec![Language::Kk, Language::Ru]
    } else {
        vec![Language::Ru, Language::En]
    }
}

/// Writes an answer, one paragraph a language.
pub fn words(answer: Answer, languages: &[Language]) -> String {
    languages.iter().map(|language| paragraph(answer, *language)).collect::<Vec<_>>().join("\n\n")
}

fn paragraph(answer: Answer, language: Language) -> String {
    match answer {
        Answer::Registered(number) => match language {
            Language::Kk => format!("Өтінішіңіз тіркелді. Тіркеу нөмірі: {number}."),
            Language::Ru => format!("Ваше обращение зарегистрировано. Регистрационный номер: {number}."),
            Language::Uz => format!("Murojaatingiz ro‘yxatga olindi. Ro‘yxat raqami: {number}."),
            Language::En => format!("Your request is registered. Registration number: {number}."),
        },
        Answer::Unheard(number) => match language {
            Language::Kk => format!(
                "Өтінішіңіз тіркелді, нөмірі {number}, бірақ дауыстық хабарды ашу мүмкін болмады. Оны қайта жіберіңіз немесе 109 нөміріне қоңырау шалыңыз."
            ),
            Language::Ru => format!(
                "Ваше обращение зарегистрировано под номером {number}, но голосовое сообщение открыть не удалось. Отправьте его ещё раз или позвоните по номеру 109."
            ),
            Language::Uz => format!(
                "Murojaatingiz {number} raqami bilan ro‘yxatga olindi, lekin ovozli xabarni ochib bo‘lmadi. Uni qayta yuboring yoki 109 raqamiga qo‘ng‘iroq qiling."
            ),
            Language::En => format!(
                "Your request is registered under {number}, but the voice message could not be opened. Please send it again or call 109."
            ),
        },
        Answer::SayIt => match language {
            Language::Kk => {
                "Дауыстық хабар жіберіңіз, мәтінмен жазыңыз немесе 109 нөміріне қоңырау шалыңыз.".to_owned()
            }
            Language::Ru => "Отправьте голосовое сообщение, напишите текстом или позвоните по номеру 109.".to_owned(),
            Language::Uz => "Ovozli xabar yuboring, matn yozing yoki 109 raqamiga qo‘ng‘iroq qiling.".to_owned(),
            Language::En => "Please send a voice message, write a text, or call 109.".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_tell_the_language() {
        let cases = [
            ("Ауламызда су жоқ, үшінші күн", Some(Language::Kk)),
            ("Во дворе нет воды", Some(Language::Ru)),
            ("Ҳовлида сув йўқ", Some(Language::Uz)),
            ("Hovlida suv yo'q", Some(Language::Uz)),
            ("No water", None),
            ("Қала", None),
            ("123 !!!", None),
        ];
        for (text, expected) in cases {
            assert_eq!(language_of(text, "10000000001"), expected, "{text}");
        }
        assert_eq!(language_of("Қала", "77000000001"), Some(Language::Kk));
        assert_eq!(language_of("Қала", "998000000001"), Some(Language::Uz));
    }

    #[test]
    fn every_answer_is_short_and_says_the_number() {
        let number = RegistrationNumber::compose(1, 42).unwrap();
        for language in Language::ALL {
            for answer in [Answer::Registered(number), Answer::Unheard(number)] {
                let words = words(answer, &[language]);
                assert!(words.contains(&number.to_string()), "{words}");
            }
            let all = words(Answer::SayIt, &Language::ALL);
            assert!(all.contains("109") && all.chars().count() <= 1_024);
        }
    }

    #[test]
    fn a_voice_note_is_answered_in_the_languages_of_its_country() {
        assert_eq!(languages(None, "77000000001"), [Language::Kk, Language::Ru]);
        assert_eq!(languages(None, "998000000001"), [Language::Uz, Language::Ru]);
        assert_eq!(languages(Some("нет воды"), "998000000001"), [Language::Ru]);
    }
}
