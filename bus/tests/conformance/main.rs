//! One suite for every bus: what a room may rely on, whichever carries its events.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod rig;
mod suite;

macro_rules! conformance {
    ($($name:ident),* $(,)?) => {
        mod embedded {
            $(
                #[tokio::test]
                async fn $name() {
                    crate::suite::$name(&crate::rig::Embedded::new()).await;
                }
            )*
        }

        mod kafka {
            $(
                #[tokio::test]
                async fn $name() {
                    let Some(rig) = crate::rig::RealKafka::new() else { return };
                    crate::suite::$name(&rig).await;
                }
            )*
        }
    };
}

conformance!(
    what_is_published_arrives_as_it_was,
    the_order_of_each_key_is_kept,
    what_was_not_committed_comes_again,
    commits_survive_reopening,
    messages_survive_reopening,
    a_new_group_starts_at_the_oldest,
    the_lag_is_what_is_not_committed,
    a_megabyte_arrives_and_too_much_is_refused,
    two_groups_do_not_disturb_each_other,
    many_publishers_at_once_lose_nothing,
    a_dropped_wait_loses_nothing,
    a_member_takes_over_where_another_left,
    one_member_reads_several_topics,
    an_open_bus_is_ready,
);
