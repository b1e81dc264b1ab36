//! One plain Latin spelling for Kazakh, Russian, Uzbek and English words in any script.
//!
//! "жарық", "жарык", "jaryq" and "zharyk" all become `jarik`; "yo'q" and "йўқ" both become `yok`.

/// Folds one lower-case word; letters of other scripts are dropped.
pub(crate) fn fold(word: &str) -> String {
    let mut out = String::with_capacity(word.len() + 2);
    let mut letters = word.chars().peekable();
    while let Some(letter) = letters.next() {
        let next = letters.peek().copied();
        match (letter, next) {
            ('c', Some('h')) => {
                letters.next();
                push(&mut out, "ch");
            }
            ('z', Some('h')) => {
                letters.next();
                push(&mut out, "j");
            }
            ('k', Some('h')) => {
                letters.next();
                push(&mut out, "h");
            }
            ('y', follow) if ends_in_consonant(&out) && !follow.is_some_and(is_vowel) => push(&mut out, "i"),
            _ => push(&mut out, plain(letter)),
        }
    }
    out
}

/// Folds every word of a phrase, with one space between.
pub(crate) fn fold_phrase(phrase: &str) -> String {
    words(phrase).map(|word| fold(&word)).filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Splits a text into lower-case words; apostrophes join, and a slash joins digits.
pub(crate) fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric() && !is_apostrophe(c) && c != '/')
        .flat_map(|part| {
            let keep = part.starts_with(|c: char| c.is_ascii_digit());
            part.split(move |c: char| c == '/' && !keep)
        })
        .map(|part| part.chars().flat_map(char::to_lowercase).collect::<String>())
        .filter(|word| word.chars().any(char::is_alphanumeric))
}

/// Says whether a sign is one of the apostrophes that Uzbek is written with.
pub(crate) const fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}' | '\u{2018}' | '\u{02BB}' | '\u{02BC}' | '`' | '\u{00B4}')
}

/// Appends letters, without doubling the last one: recognisers and callers spell doubles at will.
fn push(out: &mut String, letters: &str) {
    for letter in letters.chars() {
        if letter.is_ascii_digit() || !out.ends_with(letter) {
            out.push(letter);
        }
    }
}

fn ends_in_consonant(text: &str) -> bool {
    text.chars().next_back().is_some_and(|c| c.is_ascii_alphabetic() && !is_vowel(c))
}

const fn is_vowel(c: char) -> bool {
    matches!(c, 'a' | 'e' | 'i' | 'o' | 'u')
}

const fn plain(letter: char) -> &'static str {
    match letter {
        'а' | 'ә' | 'a' | 'ä' | 'á' => "a",
        'б' | 'b' => "b",
        'в' | 'v' | 'w' => "v",
        'г' | 'ғ' | 'g' | 'ğ' => "g",
        'д' | 'd' => "d",
        'е' | 'ё' | 'э' | 'e' | 'é' => "e",
        'ж' | 'j' => "j",
        'з' | 'z' => "z",
        'и' | 'ы' | 'і' | 'i' | 'ı' | 'í' | 'ï' => "i",
        'й' | 'y' => "y",
        'к' | 'қ' | 'k' | 'q' | 'c' => "k",
        'л' | 'l' => "l",
        'м' | 'm' => "m",
        'н' | 'ң' | 'n' | 'ñ' | 'ŋ' => "n",
        'о' | 'ө' | 'ў' | 'o' | 'ö' | 'ó' => "o",
        'п' | 'p' => "p",
        'р' | 'r' => "r",
        'с' | 's' => "s",
        'т' | 't' => "t",
        'у' | 'ұ' | 'ү' | 'u' | 'ü' | 'ū' | 'ú' => "u",
        'ф' | 'f' => "f",
        'х' | 'һ' | 'ҳ' | 'h' | 'x' => "h",
        'ц' => "ts",
        'ч' | 'ç' => "ch",
        'ш' | 'щ' | 'ş' => "sh",
        'ю' => "yu",
        'я' => "ya",
        '0' => "0",
        '1' => "1",
        '2' => "2",
        '3' => "3",
        '4' => "4",
        '5' => "5",
        '6' => "6",
        '7' => "7",
        '8' => "8",
        '9' => "9",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_and_spellings_meet() {
        for (left, right) in [
            ("жарық жоқ", "jaryq joq"),
            ("жарық", "zharyk"),
            ("сув йўқ", "suv yo'q"),
            ("suv yoʻq", "suv yo'q"),
            ("тәуке хан", "tauke khan"),
            ("свет жоқ", "svet joq"),
            ("воды", "vody"),
            ("қызыл жар", "кызыл жар"),
        ] {
            assert_eq!(fold_phrase(left), fold_phrase(right), "{left} / {right}");
        }
    }

    #[test]
    fn words_keep_house_fractions_and_drop_signs() {
        let split: Vec<String> = words("Дом 12/3, кв.5 — и/или!").collect();
        assert_eq!(split, ["дом", "12/3", "кв", "5", "и", "или"]);
    }
}
