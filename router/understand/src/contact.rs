//! Who speaks and how to reach them: a name, a call-back number, the language that they ask for.
//!
//! Personal data: [`Contact`] hides itself in `Debug`, and nothing of it reaches the reasons of a decision.

use std::fmt;

use dauys_events::Language;
use serde::Serialize;

use crate::concepts::Concepts;
use crate::numbers::Numbers;
use crate::text::Text;

/// Words of a name at most, and digits of a number.
const NAME_WORDS: usize = 3;
const DIGITS: std::ops::RangeInclusive<usize> = 9..=13;

/// What announces a name: folded words, the name follows.
const ANNOUNCE: &[&str] = &[
    "menya zovut",
    "moe imya",
    "moya familiya",
    "familiya moya",
    "zovut menya",
    "bespokoit",
    "menin atim",
    "atim",
    "menin esimim",
    "esimim",
    "ati jonim",
    "atijonim",
    "tegim",
    "mening ismim",
    "ismim",
    "mening ismi sharifim",
    "ismi sharifim",
    "ism sharifim",
    "familiyam",
    "my name is",
    "this is mister",
];
/// Words that follow an announcement and are no names.
const NO_NAMES: &[&str] = &[
    "ya", "mi", "ne", "i", "na", "s", "iz", "u", "v", "vot", "eto", "men", "biz", "bul", "jane", "va", "kim", "kak",
    "edi", "bolsa", "boladi", "bilan", "dep", "deb", "and", "the", "i", "am", "calling", "jivu", "jivem", "zvonyu",
    "hochu", "nomer", "telefon", "dom", "adres", "menin", "mening", "moy", "moya", "bizdin", "bizning",
];
/// Words for nought.
const NOUGHT: &[&str] = &["nol", "nul", "zero", "noldik"];
/// Words between the groups of a number.
const BETWEEN: &[&str] = &["plus", "tire", "probel", "kod"];

/// Languages that a caller may ask for, by folded beginnings of words.
const ASKED: &[(&str, Language)] = &[
    ("ruski", Language::Ru),
    ("ruskom", Language::Ru),
    ("orissha", Language::Ru),
    ("orisha", Language::Ru),
    ("oris til", Language::Ru),
    ("rus tilida", Language::Ru),
    ("ruscha", Language::Ru),
    ("rus til", Language::Ru),
    ("orisshe", Language::Ru),
    ("russki", Language::Ru),
    ("kazahski", Language::Kk),
    ("kazak til", Language::Kk),
    ("kozok til", Language::Kk),
    ("gosudarstvenom yazike", Language::Kk),
    ("memlekettik til", Language::Kk),
    ("ozbek til", Language::Uz),
    ("angliyski", Language::En),
    ("ingliz til", Language::En),
    ("agilshin til", Language::En),
    ("kazahskom", Language::Kk),
    ("kazaksha", Language::Kk),
    ("kazakcha", Language::Kk),
    ("kozokcha", Language::Kk),
    ("ozbek tilinde", Language::Uz),
    ("uzbekski", Language::Uz),
    ("uzbekskom", Language::Uz),
    ("ozbekshe", Language::Uz),
    ("ozbekcha", Language::Uz),
    ("in english", Language::En),
    ("agilshinsha", Language::En),
    ("inglizcha", Language::En),
    ("angliskom", Language::En),
    ("agilshin tilinde", Language::En),
    ("english", Language::En),
    ("kazakh", Language::Kk),
    ("russian", Language::Ru),
    ("uzbek ", Language::Uz),
];
/// What is done in a language that one asks for, and what says that one does not know it.
const SPEAK: &[&str] = &[
    "govor",
    "razgovar",
    "pogovor",
    "otvet",
    "otvech",
    "perezvon",
    "ob'yasn",
    "obyasn",
    "soyle",
    "jauap",
    "aitin",
    "tusindir",
    "gapir",
    "javob",
    "tushuntir",
    "speak",
    "ansver",
    "call",
    "vrite",
    "talk",
    "aloka",
    "tushuntiri",
    "soylesetin",
    "jiberin",
    "jazin",
    "yuboring",
    "yozing",
    "aitip",
    "aityp",
    "bailanis",
    "jetkiz",
    "telefon k",
    "kongirok",
    "gaplash",
    "vedit",
    "rasskaj",
    "pogovar",
    "otprav",
    "poslush",
    "soedin",
    "svyaj",
    "perezvan",
    "obyasni",
    "habarlas",
    "hat",
    "napishit",
    "mojno",
    "bolama",
    "boladima",
    "boladimi",
    "iltimos",
    "pojal",
    "tusin",
    "tushun",
    "ponim",
    "suhbat",
    "sozlash",
    "sozla",
    "udobn",
    "kulay",
    "ingayli",
    "legche",
    "oson",
    "jaksi",
    "luchshe",
    "operator",
    "jaz",
    "pishit",
    "yoz",
    "prishl",
];
const UNKNOWN: &[&str] = &[
    "ne",
    "net",
    "yahshi",
    "bilmey",
    "tusinbey",
    "tusinem",
    "bilmay",
    "tushunmay",
    "gapirolmay",
    "soyleyalmay",
    "not",
];
const BADLY: &[&str] = &["ploho", "slabo", "nashar", "yomon", "chut", "badly"];

/// Holds who a caller is, as far as it was said.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub struct Contact {
    /// The name.
    pub name: Option<String>,
    /// The number to call back, in the form `+77000000001` where it is whole.
    pub phone: Option<String>,
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = |there: bool| if there { "said" } else { "not said" };
        write!(f, "Contact {{ name: {}, phone: {} }}", said(self.name.is_some()), said(self.phone.is_some()))
    }
}

/// Finds name and number, and marks their words as saying nothing of the matter.
pub(crate) fn find(text: &mut Text, numbers: &Numbers, concepts: &Concepts, language: Option<Language>) -> Contact {
    let phone = phone(text, numbers, language);
    let name = name(text, concepts);
    if let Some((from, to, _)) = &phone {
        text.mask(*from, *to);
    }
    if let Some((from, to, _)) = &name {
        text.mask(*from, *to);
    }
    Contact { name: name.map(|(_, _, name)| name), phone: phone.map(|(_, _, phone)| phone) }
}

/// Finds the language that a caller asks to be spoken to in: of those that are named, not denied, and near to a word of
/// speaking, the nearest to it.
pub(crate) fn preferred(text: &Text) -> Option<Language> {
    let named = ASKED.iter().flat_map(|(sign, language)| {
        let sign = format!(" {sign}");
        text.line.match_indices(&sign).map(|(at, _)| (text.word_at(at + 1), *language)).collect::<Vec<_>>()
    });
    let wished = named.filter(|(word, _)| !is_denied(text, *word));
    let near = wished.filter_map(|(word, language)| Some((to_speaking(text, word)?, word, language)));
    near.min_by_key(|(distance, word, _)| (*distance, *word)).map(|(_, _, language)| language)
}

/// Gives the words between a language and the nearest word of speaking, at most three.
fn to_speaking(text: &Text, word: usize) -> Option<usize> {
    let speaks = |at: &usize| SPEAK.iter().any(|sign| text.word(*at).starts_with(sign));
    (word.saturating_sub(3)..=word + 3).filter(speaks).map(|at| at.abs_diff(word)).min()
}

/// Says whether a language is one that somebody does not know: "I speak Russian badly" is no wish to speak it.
fn is_denied(text: &Text, word: usize) -> bool {
    (word + 1..=word + 3).any(|at| {
        let said = text.word(at);
        let near = at <= word + 2;
        let not = UNKNOWN.iter().any(|sign| said == *sign || (sign.len() > 3 && said.starts_with(sign)));
        near && (not || BADLY.contains(&said)) || ["kilmay", "kilolmay"].iter().any(|sign| said.starts_with(sign))
    })
}

/// Finds the longest run of numbers that is a telephone number.
fn phone(text: &Text, numbers: &Numbers, language: Option<Language>) -> Option<(usize, usize, String)> {
    let mut at = 0;
    while at < text.len() {
        let Some((to, digits)) = run(text, numbers, language, at) else {
            at += 1;
            continue;
        };
        if let Some(phone) = international(&digits) {
            return Some((at, to, phone));
        }
        at = to.max(at + 1);
    }
    None
}

/// Reads numbers that follow each other as one row of digits.
fn run(text: &Text, numbers: &Numbers, language: Option<Language>, from: usize) -> Option<(usize, String)> {
    let (mut at, mut digits) = (from, String::new());
    loop {
        let said = text.said.get(at).map_or("", String::as_str);
        if !said.is_empty() && said.chars().all(|c| c.is_ascii_digit()) {
            digits.push_str(said);
            at += 1;
        } else if NOUGHT.contains(&text.word(at)) {
            digits.push('0');
            at += 1;
        } else if let Some(number) = numbers.spoken(text, at, language) {
            digits.push_str(&number.value);
            at = number.to;
        } else if BETWEEN.contains(&text.word(at)) {
            at += 1;
        } else {
            break;
        }
        if digits.len() > 20 {
            break;
        }
    }
    (!digits.is_empty()).then_some((at, digits))
}

/// Writes a number with its country, where its length and beginning tell which.
fn international(digits: &str) -> Option<String> {
    if !DIGITS.contains(&digits.len()) {
        return None;
    }
    match (digits.len(), digits.as_bytes().first()?) {
        (11, b'8') => digits.get(1..).map(|rest| format!("+7{rest}")),
        (11, b'7') => Some(format!("+{digits}")),
        (10, b'7') => Some(format!("+7{digits}")),
        (12, b'9') if digits.starts_with("998") => Some(format!("+{digits}")),
        (9, b'2'..=b'9') => Some(format!("+998{digits}")),
        _ => None,
    }
}

/// Finds a name after the words that announce one.
fn name(text: &Text, concepts: &Concepts) -> Option<(usize, usize, String)> {
    for announce in ANNOUNCE {
        let Some(found) = text.line.find(&format!(" {announce} ")) else { continue };
        let first = text.word_at(found + 1) + announce.split(' ').count();
        let is_name = |at: &usize| {
            let said = text.said.get(*at).map_or("", String::as_str);
            let folded = text.word(*at);
            let letters = said.chars().count() >= 2 && said.chars().all(|c| c.is_alphabetic() || !c.is_alphanumeric());
            letters && !NO_NAMES.contains(&folded) && concepts.of(folded, None).is_none()
        };
        let named: Vec<String> = (first..first + NAME_WORDS)
            .take_while(is_name)
            .filter_map(|at| text.said.get(at).map(|said| capital(said)))
            .collect();
        if !named.is_empty() {
            return Some((first, first + named.len(), named.join(" ")));
        }
    }
    None
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_that_is_wished_is_told_from_one_that_is_not_known() {
        for (said, language) in [
            ("орыс тілінде хабарласыңыздаршы мен қазақша білмеймін", Some(Language::Ru)),
            ("menga uzbekskiy tilida obyasnite russkiyni ponimat qilmayman", Some(Language::Uz)),
            ("по русски плохо говорю позвоните на казахском", Some(Language::Kk)),
            ("could you answer in english please", Some(Language::En)),
            ("нет учебников на казахском языке в школе", None),
            ("учитель русского языка не пришёл на урок", None),
        ] {
            assert_eq!(preferred(&Text::new(said)), language, "{said}");
        }
    }
}
