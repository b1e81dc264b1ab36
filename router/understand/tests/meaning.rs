//! What a caller and an inspector notice: danger, emergency services, places, houses, questions, and reasons.

#![expect(clippy::unwrap_used, reason = "a pack that does not load fails the test")]

use std::sync::LazyLock;

use dauys_config::city::{City, EmergencyService, Level};
use dauys_events::{Danger, Language, RequestKind};
use dauys_understand::{Model, Transcript, Understanding};

static MODEL: LazyLock<Model> = LazyLock::new(|| Model::train(&City::embedded("shymkent").unwrap()));

fn understand(text: &str) -> Understanding {
    MODEL.understand(&Transcript { text, language: None })
}

#[test]
fn an_open_manhole_is_urgent_in_every_language() {
    for text in [
        "открытый люк возле школы",
        "люк на нашей улице без крышки",
        "ашық люк бар жолда",
        "люктің қақпағын алып кетіпті",
        "yo'lda ochiq lyuk bor",
        "there is an open manhole near the market",
    ] {
        let u = understand(text);
        assert_eq!((u.category.as_str(), u.danger), ("manhole", Danger::Urgent), "{text}: {u:?}");
        assert!(!u.danger_words.is_empty(), "{text}");
    }
}

#[test]
fn the_smell_of_gas_goes_to_104_and_a_gas_bill_does_not() {
    for text in ["в подъезде пахнет газом", "үйде газдың иісі шығып тұр", "oshxonada gazning hidi bor", "i smell gas"]
    {
        let u = understand(text);
        assert_eq!((u.category.as_str(), u.danger), ("gas", Danger::Emergency), "{text}: {u:?}");
        assert_eq!(u.emergency, Some(EmergencyService::Gas), "{text}");
    }
    for text in ["газды өшіріп тастады", "отключили газ", "не пришла квитанция за газ", "gaz bosimi past"]
    {
        let u = understand(text);
        assert!(u.danger < Danger::Emergency && u.emergency.is_none(), "{text}: {u:?}");
    }
}

#[test]
fn people_stuck_in_a_lift_are_an_emergency_and_a_broken_lift_is_not() {
    for text in
        ["застряли в лифте помогите", "лифтте адамдар қалып қойды", "liftda qolib ketdik", "we are stuck in the lift"]
    {
        let u = understand(text);
        assert_eq!((u.category.as_str(), u.danger), ("lift", Danger::Emergency), "{text}: {u:?}");
        assert_eq!(u.emergency, Some(EmergencyService::Rescue), "{text}");
    }
    assert!(understand("лифт не работает вторую неделю").danger < Danger::Urgent);
}

#[test]
fn fire_violence_and_illness_name_their_service() {
    for (text, service) in [
        ("у соседей пожар горит дом", EmergencyService::Fire),
        ("үй өртеніп жатыр", EmergencyService::Fire),
        ("uyga o't ketdi", EmergencyService::Fire),
        ("сосед бегает с ножом и угрожает", EmergencyService::Police),
        ("көшеде төбелес болып жатыр полиция шақырыңыздар", EmergencyService::Police),
        ("отцу плохо с сердцем скорая не приехала", EmergencyService::Ambulance),
        ("tez yordam hali kelmadi", EmergencyService::Ambulance),
        ("скорую вызовите человеку плохо", EmergencyService::Ambulance),
    ] {
        let u = understand(text);
        assert_eq!(u.emergency, Some(service), "{text}: {u:?}");
        assert_eq!(u.danger, Danger::Emergency, "{text}");
    }
}

#[test]
fn a_lamp_that_does_not_burn_is_no_fire() {
    for text in ["не горит фонарь у дома", "не горит лампочка дом пять", "на улице гагарина дом три не горит свет"]
    {
        let u = understand(text);
        assert!(u.danger < Danger::Urgent && u.emergency.is_none(), "{text}: {u:?}");
    }
}

#[test]
fn streets_and_houses_are_read_in_words_and_digits() {
    for (text, unit, house) in [
        ("тәуке хан көшесі жетпіс сегізінші үйде жарық жоқ", "tauke_khan", Some("78")),
        ("на улице тауке хана дом сорок пять нет воды", "tauke_khan", Some("45")),
        ("tauke xon ko'chasi ellik beshinchi uyda suv yo'q", "tauke_khan", Some("55")),
        ("ул. Пушкина, д. 12/3 нет света", "pushkin", Some("12/3")),
        ("улица Гагарина 7 не вывозят мусор", "gagarin", Some("7")),
        ("on abay street house twenty there is no water", "abay_avenue", Some("20")),
        ("на улице рыскулова третий день нет воды", "ryskulov", None),
        ("на улице рыскуловна нет света", "ryskulov", None),
        ("байтурсинов көшесінде су жоқ", "baitursynov", None),
        ("нұрсәтте жарық жоқ", "nursat", None),
        ("в районе абай нет воды", "abay", None),
        ("абай ауданында су жоқ", "abay", None),
        ("на проспекте абая нет воды", "abay_avenue", None),
        ("в каратауском районе нет газа", "karatau", None),
        ("сайрам көшесі отыз төрт су жоқ", "sairamskaya", Some("34")),
        ("в сайраме нет воды", "sayram", None),
        ("третий микрорайон дом двадцать нет воды", "mkr_3", Some("20")),
        ("18-й микрорайон нет света", "mkr_18", None),
        ("он сегізінші шағын ауданда жарық жоқ", "mkr_18", None),
        ("қоратов туманида газ йўқ", "karatau", None),
    ] {
        let place = understand(text).place.unwrap_or_else(|| panic!("no place in {text}"));
        assert_eq!((place.unit.as_str(), place.house.as_deref()), (unit, house), "{text}: {place:?}");
    }
}

#[test]
fn a_named_district_decides_where_the_map_is_only_approximate() {
    let place = understand("в енбекшинском районе на улице гагарина не вывозят мусор").place.unwrap();
    assert_eq!((place.unit.as_str(), place.level), ("enbekshi", Level::District), "{place:?}");
    assert_eq!(place.street.as_deref(), Some("улица Гагарина"));
    assert_eq!(place.candidates.first().map(|c| c.unit.as_str()), Some("gagarin"));
}

#[test]
fn places_outside_the_city_and_everyday_words_are_no_places() {
    for text in [
        "в ургуте нет воды",
        "bulung'ur tumanida svetofor ishlamayapti",
        "жұлдыз көрінбейді аспанда",
        "скот ходит по улице",
        "наша улица вся в ямах",
        "көшеттерді суармайды",
    ] {
        let place = understand(text).place;
        assert!(place.is_none(), "{text}: {place:?}");
    }
}

#[test]
fn questions_are_told_from_requests() {
    for text in [
        "как оформить пенсию",
        "какой номер телефона больницы",
        "балабақша кезегінде нешінші тұрмын",
        "инсулин қай дәріханада бар",
        "hokimiyat qayerda joylashgan",
        "where can i get a passport",
    ] {
        assert_eq!(understand(text).kind, RequestKind::Question, "{text}");
    }
    for text in [
        "не вывозят мусор",
        "жарық өшіп қалды қашан жөндейсіздер",
        "suv yo'q yordam bering",
        "прорвало трубу что делать",
    ] {
        assert_eq!(understand(text).kind, RequestKind::Request, "{text}");
    }
}

#[test]
fn the_reasons_name_the_words_that_decided() {
    let u = understand("здравствуйте на улице гагарина уже неделю не вывозят мусор");
    assert!(u.decided_by.contains(&"мусор".to_owned()), "{u:?}");
    assert!(u.why.iter().any(|w| w.contains("мусор") && w.contains("rubbish")), "{:?}", u.why);
    assert_eq!(u.top.len(), 3);
    assert_eq!(u.language, Some(Language::Ru));
}

#[test]
fn the_same_pack_gives_the_same_model() {
    let again = Model::train(&City::embedded("shymkent").unwrap());
    let transcript = Transcript { text: "нұрсәтте жарық жоқ", language: None };
    assert_eq!(again.understand(&transcript), MODEL.understand(&transcript));
}

#[test]
fn what_is_over_denied_long_ago_or_only_asked_is_no_danger() {
    for text in [
        "вчера сообщали про открытый люк его закрыли спасибо",
        "үзілген сымды кеше жалғап кетті рахмет",
        "искр нет дыма нет просто свет моргает",
        "десять лет назад здесь был пожар хочу справку",
        "agar zilzila bo'lsa qayerga chiqamiz",
        "өртеніп кеткен құжатты қайдан қалпына келтірем",
    ] {
        assert!(understand(text).danger < Danger::Urgent, "{text}: {:?}", understand(text));
    }
}

#[test]
fn danger_is_heard_where_it_is_only_described() {
    for (text, service) in [
        ("сорвало крышку с колодца сын чуть не провалился", None),
        ("бағанадан ұшқын шашып тұр жақындай алмаймыз", Some(EmergencyService::Rescue)),
        ("печку топили всю ночь голова раскалывается мама не встаёт", Some(EmergencyService::Ambulance)),
        ("qo'shnimning ombori yonyapti alanga tomga chiqdi", Some(EmergencyService::Fire)),
        ("balamdy lift ishinde kaldy esigi ashilmai", Some(EmergencyService::Rescue)),
    ] {
        let u = understand(text);
        assert!(u.danger >= Danger::Urgent, "{text}: {u:?}");
        if service.is_some() {
            assert_eq!(u.emergency, service, "{text}: {u:?}");
        }
    }
}
