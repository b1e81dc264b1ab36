//! Spoken numbers as digits, beside the literal text: "дом двадцать девять" is also "дом 29". Pure.
//!
//! A number is what one would write as one: hundreds, tens and units that follow each other downwards. Words that only
//! happen to stand side by side ("пять шесть семь", a telephone number) stay numbers of their own.

mod kazakh;
mod russian;
mod uzbek;

use dauys_events::Language;

/// What a word counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value {
    /// 0 to 9, and in Russian up to 19.
    Unit(u32),
    /// 20, 30 … 90; in Kazakh and Uzbek also 10.
    Ten(u32),
    /// 100 … 900: a word of its own.
    Hundred(u32),
    /// "жүз", "yuz": a hundred that takes the unit before it as its count.
    Times100,
    /// "тысяча", "мың", "ming": takes what stands before it.
    Times1000,
}

/// A word of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Word {
    value: Value,
    /// The ending of an ordinal, as it is written behind the digits; none for a cardinal.
    ordinal: Option<&'static str>,
}

impl Word {
    const fn cardinal(value: Value) -> Self {
        Self { value, ordinal: None }
    }
}

/// Writes the numbers of a text in digits; `None` where there are none, or the language's numbers are not known.
#[must_use]
pub fn in_digits(text: &str, language: Language) -> Option<String> {
    let read: fn(&str) -> Option<Word> = match language {
        Language::Ru => russian::read,
        Language::Kk => kazakh::read,
        Language::Uz => uzbek::read,
        _ => return None,
    };
    let mut out: Vec<String> = Vec::new();
    let mut number = Number::default();
    let mut changed = false;
    for raw in text.split_whitespace() {
        let bare = raw.trim_end_matches([',', '.', '!', '?', ';', ':']);
        let word = read(&plain(bare));
        let Some(word) = word else {
            number.finish(&mut out, Some(raw));
            continue;
        };
        changed = true;
        if !number.take(word) {
            number.finish(&mut out, None);
            number.take(word);
        }
        if bare.len() < raw.len() || word.ordinal.is_some() {
            number.tail = raw.get(bare.len()..).unwrap_or_default().to_owned();
            number.closed = true;
        }
    }
    number.finish(&mut out, None);
    changed.then(|| join_fractions(&out))
}

/// Lower case, one apostrophe for all, and no ё.
fn plain(word: &str) -> String {
    let one = |c: char| match c {
        'ʻ' | 'ʼ' | '’' | '‘' | '`' => '\'',
        'ё' => 'е',
        other => other,
    };
    word.to_lowercase().chars().map(one).collect()
}

/// A number that is being read.
#[derive(Debug, Default)]
struct Number {
    thousands: u32,
    below: Option<u32>,
    /// What may still follow must be smaller than this.
    room: Option<u32>,
    ordinal: &'static str,
    tail: String,
    closed: bool,
}

impl Number {
    /// Takes a word in; false where it starts another number.
    fn take(&mut self, word: Word) -> bool {
        if self.closed {
            return false;
        }
        let room = self.room.unwrap_or(u32::MAX);
        let added = match word.value {
            Value::Unit(n) | Value::Ten(n) | Value::Hundred(n) => {
                let starts = self.below.is_none() && self.thousands == 0;
                if !starts && (n == 0 || n >= room) {
                    return false;
                }
                self.room = Some(match word.value {
                    Value::Ten(_) => 10,
                    Value::Hundred(_) => 100,
                    _ => 1,
                });
                self.below.unwrap_or(0) + n
            }
            Value::Times100 => match self.below {
                Some(count @ 1..=9) => {
                    self.room = Some(100);
                    count * 100
                }
                None if room > 100 => {
                    self.room = Some(100);
                    100
                }
                _ => return false,
            },
            Value::Times1000 => {
                if self.thousands > 0 {
                    return false;
                }
                self.thousands = self.below.take().unwrap_or(1);
                self.room = Some(1000);
                self.ordinal = word.ordinal.unwrap_or_default();
                return true;
            }
        };
        self.below = Some(added);
        self.ordinal = word.ordinal.unwrap_or_default();
        true
    }

    /// Writes the number that was read, if any, and the word that ended it.
    fn finish(&mut self, out: &mut Vec<String>, next: Option<&str>) {
        let number = std::mem::take(self);
        if number.thousands > 0 || number.below.is_some() {
            let value = number.thousands * 1000 + number.below.unwrap_or(0);
            // Kazakh and Uzbek write an ordinal with a bare hyphen before its noun: 29-үйде, 29-uyda.
            if let (JOINS, Some(noun), "") = (number.ordinal, next, number.tail.as_str()) {
                out.push(format!("{value}-{noun}"));
                return;
            }
            let ending = if number.ordinal == JOINS { "" } else { number.ordinal };
            out.push(format!("{value}{ending}{}", number.tail));
        }
        out.extend(next.map(str::to_owned));
    }
}

/// The ending of an ordinal that is written together with its noun.
const JOINS: &str = "-";

/// "29 дробь 1" is 29/1.
fn join_fractions(words: &[String]) -> String {
    let is_number = |word: Option<&String>| word.is_some_and(|w| w.starts_with(|c: char| c.is_ascii_digit()));
    let mut out = String::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let stroke = matches!(plain(word).as_str(), "дробь" | "drob" | "kasr");
        if stroke && at > 0 && is_number(words.get(at - 1)) && is_number(words.get(at + 1)) {
            out.push('/');
            out.extend(words.get(at + 1).map(String::as_str));
            at += 2;
            continue;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
        at += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::in_digits;
    use dauys_events::Language::{self, Kk, Ru, Uz};
    use proptest::prelude::*;

    fn same(language: Language, spoken: &str, written: &str) {
        assert_eq!(in_digits(spoken, language).as_deref(), Some(written), "{spoken}");
    }

    #[test]
    fn addresses_are_written_as_one_writes_them() {
        same(Ru, "на улице абая дом двадцать девять", "на улице абая дом 29");
        same(Ru, "дом сто тридцать два корпус три, квартира пять", "дом 132 корпус 3, квартира 5");
        same(Ru, "дом двенадцать дробь один", "дом 12/1");
        same(Ru, "в пятом микрорайоне восемнадцатый дом", "в 5-м микрорайоне 18-й дом");
        same(Kk, "абай көшесі жиырма тоғызыншы үйде", "абай көшесі 29-үйде");
        same(Kk, "рысқұлов көшесі жүз қырық екі", "рысқұлов көшесі 142");
        same(Kk, "екі жүз он бесінші мектеп", "215-мектеп");
        same(Uz, "registon ko'chasi o'n yettinchi uyda", "registon ko'chasi 17-uyda");
        same(Uz, "bir yuz yigirma uch", "123");
        same(Uz, "to‘qson to‘rtinchi uy", "94-uy");
    }

    #[test]
    fn words_that_only_stand_side_by_side_stay_apart() {
        same(Ru, "восемь семьсот один два", "8 701 2");
        same(Ru, "двадцать десять", "20 10");
        same(Ru, "ноль пять", "0 5");
        same(Kk, "бес алты жеті", "5 6 7");
        same(Uz, "besh olti yetti", "5 6 7");
    }

    #[test]
    fn thousands_take_what_stands_before_them() {
        same(Ru, "две тысячи двадцать шестой год", "2026-й год");
        same(Ru, "тысяча триста тенге", "1300 тенге");
        same(Kk, "екі мың жиырма алтыншы жыл", "2026-жыл");
        same(Uz, "besh ming so'm", "5000 so'm");
    }

    #[test]
    fn a_text_without_numbers_has_no_second_form() {
        for (text, language) in
            [("нет света на улице", Ru), ("су жоқ", Kk), ("svet yo'q", Uz), ("two dogs", Language::En)]
        {
            assert_eq!(in_digits(text, language), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_number_comes_back(n in 1u32..1000) {
            prop_assert_eq!(in_digits(&super::russian::spell(n), Ru), Some(n.to_string()));
            prop_assert_eq!(in_digits(&super::kazakh::spell(n), Kk), Some(n.to_string()));
            prop_assert_eq!(in_digits(&super::uzbek::spell(n), Uz), Some(n.to_string()));
        }

        #[test]
        fn any_text_is_read_without_a_fault(text in "(\\PC|пять |жүз |ming |тысяча |дробь |o'n ){0,30}") {
            for language in Language::ALL {
                let _ = in_digits(&text, language);
            }
        }
    }
}
