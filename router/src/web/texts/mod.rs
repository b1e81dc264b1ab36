//! What the pages say, in four languages. A text that one language lacks does not compile.

mod en;
mod kk;
mod ru;
mod uz;

use dauys_events::Language;

macro_rules! texts {
    ($($name:ident),+ $(,)?) => {
        /// Every text of the pages in one language; `{}` stands where a value goes.
        pub(crate) struct Texts {
            $(pub(crate) $name: &'static str,)+
        }

        impl Texts {
            #[cfg(test)]
            fn all(&self) -> Vec<(&'static str, &'static str)> {
                vec![$((stringify!($name), self.$name)),+]
            }
        }
    };
}

texts! {
    service,
    skip,
    language,
    menu,
    sign_in,
    sign_out,
    login,
    password,
    sign_in_wrong,
    sign_in_often,
    sign_in_staff,
    cabinet,
    operations,
    desk,
    citizen_status,
    live_on,
    live_off,
    status,
    status_review,
    status_assigned,
    status_done,
    status_confirmed,
    status_reopened,
    status_other,
    done_waits,
    priority_emergency,
    priority_urgent,
    priority_high,
    priority_normal,
    danger_elevated,
    danger_urgent,
    danger_emergency,
    emergency_service,
    kind_request,
    kind_question,
    channel_call,
    channel_whatsapp,
    channel_telegram,
    channel_other,
    number,
    category,
    place,
    place_unknown,
    agency,
    due,
    due_in,
    overdue_by,
    overdue,
    days_hours,
    hours_minutes,
    minutes,
    seconds,
    filter,
    show,
    all,
    open,
    all_categories,
    all_agencies,
    empty,
    more,
    arrived,
    what,
    transcript,
    transcript_none,
    recording,
    recording_none,
    why,
    times,
    received,
    in_cabinet,
    after_last_word,
    target,
    legal_term,
    done_at,
    confirmed_at,
    language_spoken,
    language_unknown,
    anonymous,
    history,
    change_opened,
    change_reassigned,
    change_recategorised,
    change_done,
    change_confirmed,
    change_reopened,
    change_other,
    by_system,
    by_citizen,
    action_done,
    action_done_note,
    action_confirm,
    action_reopen,
    action_reassign,
    action_recategorise,
    actions,
    reason,
    contact,
    contact_show,
    contact_noted,
    contact_none,
    conflict,
    not_possible,
    reason_needed,
    saved,
    desk_hint,
    desk_other,
    calls,
    recorded,
    calls_now,
    of_capacity,
    calls_per_second,
    answered,
    refused,
    waiting,
    oldest,
    word_to_cabinet,
    median,
    percentile_99,
    promise,
    stages,
    stage_transcription,
    stage_understanding,
    stage_outbox,
    call_length,
    voice_quality,
    packets_lost,
    packets_dropped,
    last_day,
    last_hour,
    opens,
    stage,
    events_waiting,
    organisations,
    awaiting,
    confirmed,
    on_time,
    on_time_hint,
    categories,
    category_rest,
    tickets,
    share,
    last_minutes,
    no_data,
    status_intro,
    status_find,
    status_form,
    status_check,
    status_unknown,
    status_often,
    citizen_review,
    citizen_assigned,
    citizen_done,
    citizen_confirmed,
    citizen_reopened,
    citizen_other,
    error_not_found,
    error_forbidden,
    error_origin,
    error_server,
    error_input,
    incident,
    incidents,
    incidents_hint,
    incidents_empty,
    incident_arrived,
    incident_reporters,
    incident_area,
    incident_first,
    incident_last,
    incident_recognised,
    incident_active,
    incident_ended,
    incident_merged,
    incident_own_word,
    incident_tickets,
    incident_merge,
    incident_split,
    incident_split_hint,
    incident_end,
    undo,
    undone,
    why_same_citizen,
    why_same_house,
    why_near,
    why_same_landmark,
    why_same_street,
    why_same_words,
    why_in_area,
    why_burst,
    why_nearly_all,
    why_person,
    incident_change_opened,
    incident_change_joined,
    incident_change_merged,
    incident_change_split,
    incident_change_undone,
    related,
    answer,
    answer_source,
    model,
    questions,
    questions_hint,
    questions_empty,
    corrections,
    corrections_hint,
    corrections_empty,
    correction_accept,
    correction_reject,
    contact_callback,
    home,
    language_kk,
    language_ru,
    language_uz,
    language_en,
}

/// Returns the texts of a language.
pub(crate) fn texts(language: Language) -> &'static Texts {
    match language {
        Language::Kk => &kk::TEXTS,
        Language::Ru => &ru::TEXTS,
        Language::Uz => &uz::TEXTS,
        Language::En => &en::TEXTS,
    }
}

/// Puts values where a text has `{}`, in order.
pub(crate) fn fill(text: &str, values: &[&str]) -> String {
    let mut filled = String::with_capacity(text.len() + 16);
    let mut values = values.iter();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{}") {
        filled.push_str(before);
        filled.push_str(values.next().unwrap_or(&""));
        rest = after;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_missing_and_each_takes_the_same_values() {
        for language in Language::ALL {
            for ((name, text), (_, english)) in texts(language).all().into_iter().zip(en::TEXTS.all()) {
                assert!(!text.trim().is_empty(), "{language}: {name}");
                assert_eq!(text.matches("{}").count(), english.matches("{}").count(), "{language}: {name}");
            }
        }
    }

    #[test]
    fn what_is_longer_than_a_name_is_translated() {
        for language in [Language::Kk, Language::Ru, Language::Uz] {
            for ((name, text), (_, english)) in texts(language).all().into_iter().zip(en::TEXTS.all()) {
                assert!(text != english || english.len() <= 8, "{language}: {name} is English");
            }
        }
    }

    #[test]
    fn values_go_where_they_belong() {
        assert_eq!(fill("{} of {}", &["3", "<5>"]), "3 of <5>");
        assert_eq!(fill("{} of {}", &["3"]), "3 of ");
        assert_eq!(fill("none", &["3"]), "none");
    }
}
