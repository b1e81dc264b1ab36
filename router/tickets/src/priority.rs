//! How soon a ticket must be looked at: danger first, then what the category asks for.

use dauys_events::{Danger, Priority};

/// Returns the more urgent of what the danger and the category ask for.
pub fn priority(danger: Danger, category: Priority) -> Priority {
    let by_danger = match danger {
        Danger::Emergency => Priority::Emergency,
        Danger::Urgent => Priority::Urgent,
        Danger::Elevated => Priority::High,
        Danger::None => Priority::Normal,
    };
    by_danger.min(category)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn danger_comes_first_and_never_lowers_a_category() {
        assert_eq!(priority(Danger::Emergency, Priority::Normal), Priority::Emergency);
        assert_eq!(priority(Danger::Urgent, Priority::High), Priority::Urgent);
        assert_eq!(priority(Danger::Elevated, Priority::Normal), Priority::High);
        assert_eq!(priority(Danger::Elevated, Priority::Urgent), Priority::Urgent);
        assert_eq!(priority(Danger::None, Priority::Normal), Priority::Normal);
        assert_eq!(priority(Danger::None, Priority::High), Priority::High);
    }
}
