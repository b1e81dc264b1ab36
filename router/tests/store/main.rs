//! One conformance suite for every store. On PostgreSQL it runs where `DAUYS_TEST_POSTGRES` names a server on which
//! databases can be created (`postgres://user@host/postgres`); each test makes its own and drops it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

#[path = "../common/mod.rs"]
mod common;

mod accounts;
mod calls;
mod changes;
mod contacts;
mod corrections;
mod databases;
mod figures;
mod incidents;
mod intakes;
mod lists;
mod notifications;
mod outbox;

macro_rules! conformance {
    ($($module:ident: $($name:ident),+;)+) => {
        mod sqlite {
            $(mod $module {
                $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    let database = crate::databases::Sqlite::create();
                    crate::$module::$name(database.open().await).await;
                })+
            })+
        }
        mod postgres {
            $(mod $module {
                $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    let test = concat!(stringify!($module), "::", stringify!($name));
                    let Some(database) = crate::databases::Postgres::create(test).await else { return };
                    crate::$module::$name(database.open().await).await;
                    database.drop().await;
                })+
            })+
        }
    };
}

conformance! {
    intakes: opens_once, several_tickets_keep_their_order, deliveries_at_the_same_time_open_one, all_or_nothing,
        found_by_what_people_know;
    changes: a_change_is_kept_with_its_history, a_stale_change_is_a_conflict, of_two_at_once_one_wins,
        a_change_of_nothing_is_not_found;
    lists: every_ticket_comes_once, filters_hold_together, overdue_is_what_was_not_reported_in_time,
        a_cursor_fits_its_own_order;
    incidents: what_was_decided_is_written_with_its_events, a_citizen_who_calls_twice_is_one_reporter,
        one_process_decides_and_a_persons_hand_comes_first, a_merger_can_be_taken_back, a_split_can_be_taken_back,
        what_a_burst_takes_in_can_be_taken_back_too, a_stale_look_is_a_conflict_and_an_end_is_an_end,
        a_book_is_read_back_as_it_was_decided, an_agency_sees_incidents_of_its_own_tickets,
        a_corrected_category_is_decided_on_again;
    corrections: are_kept_with_who_when_and_what_the_model_thought, a_later_one_takes_the_place_of_an_earlier,
        questions_without_an_answer_are_found;
    contacts: only_those_with_the_right_read_them;
    accounts: are_created_found_and_changed, sessions_end, sessions_of_the_disabled_do_not_count;
    figures: judge_each_organisation, hold_for_no_tickets_at_all;
    calls: are_counted_once, a_lost_end_does_not_stay_on_the_line;
    notifications: are_written_once_and_leave_the_queue;
    outbox: holds_what_was_committed_in_order, one_holder_publishes, writing_wakes;
}
