//! The words of notifications, in four languages.

use crate::store::NotificationKind;
use dauys_events::{Language, RegistrationNumber};

pub(super) fn of(kind: NotificationKind, language: Language, number: RegistrationNumber) -> String {
    use Language::{En, Kk, Ru, Uz};
    use NotificationKind::{AskConfirmation, Reassigned, Reopened};
    match (kind, language) {
        (AskConfirmation, Kk) => format!("109: {number} өтініші орындалды деп хабарланды. Мәселе шешілді ме?"),
        (AskConfirmation, Ru) => format!("109: по обращению {number} сообщают, что всё сделано. Проблема решена?"),
        (AskConfirmation, Uz) => format!("109: {number} murojaati bajarildi deb xabar berildi. Muammo hal bo‘ldimi?"),
        (AskConfirmation, En) => format!("109: request {number} is reported as done. Is the problem solved?"),
        (Reassigned, Kk) => format!("109: {number} өтініші басқа мекемеге берілді."),
        (Reassigned, Ru) => format!("109: обращение {number} передано другой организации."),
        (Reassigned, Uz) => format!("109: {number} murojaati boshqa tashkilotga yuborildi."),
        (Reassigned, En) => format!("109: request {number} was passed to another agency."),
        (Reopened, Kk) => format!("109: {number} өтініші қайта ашылды."),
        (Reopened, Ru) => format!("109: обращение {number} снова открыто."),
        (Reopened, Uz) => format!("109: {number} murojaati qayta ochildi."),
        (Reopened, En) => format!("109: request {number} was opened again."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_names_the_number_and_fits_two_short_messages() {
        let number = RegistrationNumber::compose(10, 42).unwrap();
        for kind in [NotificationKind::AskConfirmation, NotificationKind::Reassigned, NotificationKind::Reopened] {
            for language in Language::ALL {
                let text = of(kind, language, number);
                assert!(text.contains(&number.to_string()), "{text}");
                // Two concatenated UCS-2 segments (3GPP TS 23.040) hold 67 characters each.
                assert!(text.chars().count() <= 134, "{text}");
            }
        }
    }
}
