//! Numbers in words: Kazakh, Russian, Uzbek and English, cardinal and ordinal.

use std::collections::HashMap;

use dauys_events::Language;

use crate::fold::fold;
use crate::text::Text;

const WORDS: &[(u32, &str)] = &[
    (1, "бір один одна bir one первый первая первом"),
    (2, "екі два две ikki two второй вторая втором"),
    (3, "үш три uch three третий третья третьем"),
    (4, "төрт четыре to'rt four четвертый четвертая четвертом"),
    (5, "бес пять besh five пятый пятая пятом"),
    (6, "алты шесть olti six шестой шестая шестом"),
    (7, "жеті семь yetti seven седьмой седьмая седьмом"),
    (8, "сегіз восемь sakkiz eight восьмой восьмая восьмом"),
    (9, "тоғыз девять to'qqiz nine девятый девятая девятом"),
    (10, "он десять o'n ten десятый десятом"),
    (11, "одиннадцать eleven одиннадцатый одиннадцатом"),
    (12, "двенадцать twelve двенадцатый двенадцатом"),
    (13, "тринадцать thirteen"),
    (14, "четырнадцать fourteen"),
    (15, "пятнадцать fifteen"),
    (16, "шестнадцать sixteen"),
    (17, "семнадцать seventeen"),
    (18, "восемнадцать eighteen"),
    (19, "девятнадцать nineteen"),
    (20, "жиырма двадцать yigirma twenty двадцатый"),
    (30, "отыз тридцать o'ttiz thirty тридцатый"),
    (40, "қырық сорок qirq forty сороковой"),
    (50, "елу пятьдесят ellik elli fifty пятидесятый"),
    (60, "алпыс шестьдесят oltmish sixty шестидесятый"),
    (70, "жетпіс семьдесят yetmish seventy семидесятый"),
    (80, "сексен восемьдесят sakson eighty восьмидесятый"),
    (90, "тоқсан девяносто to'qson ninety девяностый"),
    (100, "жүз сто yuz hundred сотый"),
    (200, "двести"),
    (300, "триста"),
    (400, "четыреста"),
    (500, "пятьсот"),
    (600, "шестьсот"),
    (700, "семьсот"),
    (800, "восемьсот"),
    (900, "девятьсот"),
];

/// Russian ordinals by their stems, and the endings that they take, folded.
const RUSSIAN: &[(u32, &str)] = &[
    (3, "trety"),
    (4, "chetvert"),
    (5, "pyat"),
    (6, "shest"),
    (7, "sedm"),
    (8, "vosm"),
    (9, "devyat"),
    (10, "desyat"),
    (11, "odinadtsat"),
    (12, "dvenadtsat"),
    (13, "trinadtsat"),
    (14, "chetirnadtsat"),
    (14, "chetirnadsat"),
    (15, "pyatnadtsat"),
    (16, "shestnadtsat"),
    (17, "semnadtsat"),
    (18, "vosemnadtsat"),
    (19, "devyatnadtsat"),
    (20, "dvadtsat"),
    (30, "tridtsat"),
    (40, "sorokov"),
    (50, "pyatidesyat"),
    (60, "shestidesyat"),
    (70, "semidesyat"),
    (80, "vosmidesyat"),
    (90, "devyanost"),
    (100, "sot"),
];
const RUSSIAN_ENDINGS: &[&str] = &["iy", "oy", "aya", "oe", "om", "ogo", "omu", "uyu"];

/// Endings that make an ordinal of a Kazakh or Uzbek number, folded.
const ORDINALS: &[&str] = &["sinshi", "inshi", "nshi", "inchi", "nchi"];

/// Case endings of Kazakh and Uzbek numbers that stand for a house, folded, the longest first.
const CASES: &[&str] = &["degi", "dagi", "tegi", "tagi", "den", "dan", "ten", "tan", "de", "da", "te", "ta", "nin"];

/// Reads numbers.
#[derive(Debug)]
pub(crate) struct Numbers {
    values: HashMap<String, u32>,
}

/// A number in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Number {
    /// First word.
    pub(crate) from: usize,
    /// One past the last word.
    pub(crate) to: usize,
    /// As it is written on a house: `78`, `12/3`, `5а`.
    pub(crate) value: String,
}

impl Numbers {
    pub(crate) fn new() -> Self {
        let mut values = HashMap::new();
        for (value, words) in WORDS {
            for word in words.split(' ') {
                values.insert(fold(word), *value);
            }
        }
        for (value, stem) in RUSSIAN {
            for ending in RUSSIAN_ENDINGS {
                values.entry(format!("{stem}{ending}")).or_insert(*value);
            }
        }
        Self { values }
    }

    /// Finds every number; "он" and "on" are ten in Kazakh and Uzbek, and a pronoun or a preposition elsewhere.
    pub(crate) fn find(&self, text: &Text, language: Option<Language>) -> Vec<Number> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < text.len() {
            if let Some(number) = self.digits(text, at).or_else(|| self.spoken(text, at, language)) {
                at = number.to;
                found.push(number);
            } else {
                at += 1;
            }
        }
        found
    }

    fn digits(&self, text: &Text, at: usize) -> Option<Number> {
        let said = text.said.get(at)?;
        let digits = said.chars().take_while(char::is_ascii_digit).count();
        let fits = (1..=4).contains(&digits) && said.chars().count() <= digits + 5;
        fits.then(|| Number { from: at, to: at + 1, value: said.clone() })
    }

    /// Reads a number in words that begins at a word.
    pub(crate) fn spoken(&self, text: &Text, from: usize, language: Option<Language>) -> Option<Number> {
        let (mut total, mut last, mut at) = (0_u32, u32::MAX, from);
        while let Some(value) = self.value(text.word(at), language).or_else(|| one_behind(last, text.word(at))) {
            let hundreds = value == 100 && (1..10).contains(&total) && last < 10;
            if hundreds {
                total *= 100;
            } else if Self::follows(last, value) {
                total += value;
            } else {
                break;
            }
            last = value;
            at += 1;
        }
        (at > from).then(|| Number { from, to: at, value: total.to_string() })
    }

    /// "Seventy eight" is one number, "eight seventy" is two.
    const fn follows(last: u32, value: u32) -> bool {
        match last {
            u32::MAX => true,
            100.. => value < 100,
            20.. => value < 10,
            10 => value < 10,
            _ => false,
        }
    }

    fn value(&self, word: &str, language: Option<Language>) -> Option<u32> {
        if word == "on" && !matches!(language, Some(Language::Kk | Language::Uz)) {
            return None;
        }
        let told = |word: &str| self.values.get(word).copied();
        told(word)
            .or_else(|| {
                // Case endings: "бірде", "үштегі", "to'rtda", "beshdan".
                let stem = CASES.iter().find_map(|ending| word.strip_suffix(ending).filter(|stem| stem.len() > 1))?;
                told(stem).filter(|_| stem != "on" && stem != "bir")
            })
            .or_else(|| {
                ORDINALS.iter().find_map(|ending| {
                    let stem = word.strip_suffix(ending)?;
                    // The vowel that joins stem and ending is the stem's own in "екінші" and the ending's in "бірінші".
                    self.values.get(stem).or_else(|| self.values.get(&format!("{stem}i"))).copied()
                })
            })
    }
}

/// Reads "бірде", "birdan" behind a ten: alone it is "once" or "suddenly".
fn one_behind(last: u32, word: &str) -> Option<u32> {
    let ending = word.strip_prefix("bir")?;
    (matches!(last, 10..100) && CASES.contains(&ending)).then_some(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str, language: Language) -> Vec<String> {
        Numbers::new().find(&Text::new(text), Some(language)).into_iter().map(|n| n.value).collect()
    }

    #[test]
    fn houses_in_words_become_digits() {
        for (text, language, expected) in [
            ("жетпіс сегізінші үйде", Language::Kk, "78"),
            ("жиырмасыншы үй", Language::Kk, "20"),
            ("елуінші үйде", Language::Kk, "50"),
            ("екінші үйде", Language::Kk, "2"),
            ("алтыншы үйде", Language::Kk, "6"),
            ("жүз он бірінші үйде", Language::Kk, "111"),
            ("дом тридцать восемь", Language::Ru, "38"),
            ("дом сто девяносто девять", Language::Ru, "199"),
            ("ellik beshinchi uyda", Language::Uz, "55"),
            ("to'qson to'qqizinchi uyda", Language::Uz, "99"),
            ("ikkinchi uyda", Language::Uz, "2"),
            ("house one hundred twenty", Language::En, "120"),
            ("он бірде", Language::Kk, "11"),
            ("yigirma birdan", Language::Uz, "21"),
            ("дом 12/3", Language::Ru, "12/3"),
            ("дом 5а", Language::Ru, "5а"),
        ] {
            assert_eq!(values(text, language), [expected], "{text}");
        }
    }

    #[test]
    fn two_numbers_stay_two_and_a_preposition_is_none() {
        assert_eq!(values("сорок два двадцать", Language::Ru), ["42", "20"]);
        assert!(values("on abay street", Language::En).is_empty());
        assert!(values("77000000001", Language::Ru).is_empty(), "a telephone number is no house");
    }
}
