//! Strange input has a defined outcome: never a panic, never a confident answer to nonsense.

#![expect(clippy::unwrap_used, reason = "a pack that does not load fails the test")]

use std::sync::LazyLock;

use dauys_config::city::City;
use dauys_events::Danger;
use dauys_understand::{Model, Transcript, Understanding};
use proptest::prelude::*;

static MODEL: LazyLock<Model> = LazyLock::new(|| Model::train(&City::embedded("shymkent").unwrap()));

fn understand(text: &str) -> Understanding {
    MODEL.understand(&Transcript { text, language: None })
}

#[test]
fn silence_and_signs_are_unclear_and_offer_nothing() {
    for text in ["", "   ", "...", "🙂🙂", "\0\0", "—"] {
        let u = understand(text);
        assert_eq!((u.category.as_str(), u.probability), ("unclear", 0.0), "{text:?}");
        assert!(u.top.is_empty() && u.place.is_none() && u.danger == Danger::None, "{text:?}");
        assert!(!u.why.is_empty());
    }
}

#[test]
fn greetings_numbers_and_other_scripts_are_unclear() {
    for text in [
        "здравствуйте алло алло",
        "сәлеметсіз бе",
        "сорок два восемьдесят семь",
        "87000000001",
        "12 34 56",
        "你好我家没有水",
        "مرحبا لا يوجد ماء",
        "меня зовут",
    ] {
        let u = understand(text);
        assert_eq!(u.category, "unclear", "{text}: {u:?}");
    }
}

#[test]
fn gibberish_is_never_believed() {
    for text in [
        "asdf qwer zxcv uiop hjkl",
        "бвгд клмн прст фхцч",
        "wxrt plkm zzgh",
        "lorem ipsum dolor sit amet consectetur",
        "der schnelle braune fuchs springt",
        "ыва фыв олдж пролд",
    ] {
        let u = understand(text);
        assert_eq!(u.category, "unclear", "{text}: {u:?}");
    }
}

#[test]
fn talk_that_asks_for_nothing_is_unclear() {
    for text in [
        "погода сегодня хорошая выйдем погулять",
        "спасибо за просмотр подписывайтесь",
        "мне нравится эта песня",
        "ауа райы бүгін тамаша",
        "мен апама бара жатырмын",
        "bugun havo ajoyib ekan",
        "i enjoy reading in the evening",
        "вы ошиблись номером",
        "соедините меня пожалуйста с живым оператором",
    ] {
        let u = understand(text);
        assert_eq!(u.category, "unclear", "{text}: {:?}", u.top);
    }
}

#[test]
fn what_is_unclear_offers_the_inspector_three_choices() {
    let u = understand("ну там это самое проблема у нас с этим делом");
    assert_eq!(u.category, "unclear", "{u:?}");
    assert_eq!(u.top.len(), 3);
    assert!(u.why.iter().any(|w| w.contains("inspector")), "{:?}", u.why);
}

#[test]
fn latin_kazakh_and_russian_are_understood() {
    for (text, category) in [
        ("svet joq", "electricity"),
        ("su joq", "water"),
        ("net vody", "water"),
        ("musor ne vyvozyat", "rubbish"),
        ("zharyk zhok", "electricity"),
    ] {
        assert_eq!(understand(text).category, category, "{text}");
    }
}

#[test]
fn ten_thousand_words_are_read_for_their_matter() {
    let story = "ну я вам сейчас расскажу как всё было у нас тут ".repeat(20);
    let text = format!("{story} мусорные баки переполнены мусор не вывозят вторую неделю {}", story.repeat(50));
    assert!(text.split(' ').count() > 10_000);
    let u = understand(&text);
    assert_eq!(u.top.first().map(|best| best.code.as_str()), Some("rubbish"), "{u:?}");
    let same = understand(&"свет ".repeat(10_000));
    assert_eq!(same.top.first().map(|best| best.code.as_str()), Some("electricity"), "{same:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_text_has_an_outcome(text in "\\PC{0,300}") {
        let u = understand(&text);
        prop_assert!((0.0..=1.0).contains(&u.probability));
        prop_assert!(u.category == "unclear" || u.probability >= 0.4);
        prop_assert!(!u.why.is_empty());
    }

    #[test]
    fn any_mixture_of_real_words_has_an_outcome(words in proptest::collection::vec(
        proptest::sample::select(vec!["люк", "су", "жоқ", "дом", "он", "үй", "сорок", "шағын", "ауданы", "улица", "абай",
            "ko'chasi", "gaz", "hidi", "не", "12/3", "жүз", "бірінші", "тауке", "хана", "yuz", "’", "район"]), 0..60)) {
        let u = understand(&words.join(" "));
        prop_assert!(u.probability.is_finite() && u.top.len() <= 3);
    }
}
