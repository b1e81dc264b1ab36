//! Storms on a simulated clock.

use super::*;

#[expect(clippy::disallowed_methods, reason = "any instant will do to count from")]
fn start() -> Instant {
    Instant::now()
}

fn facts(channel: Channel, said_at: Instant, seconds: u64) -> Facts {
    Facts { channel, said_at, length: Duration::from_secs(seconds) }
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Caller {
    facts: Facts,
    danger: bool,
}

/// What a storm left behind.
struct Storm {
    heard: Vec<(Caller, Duration)>,
    most_waiting: usize,
    /// The estimate at the end of the storm, and what it then took in truth.
    estimated: Duration,
    took: Duration,
}

/// Five minutes of ten times what two places can hear: 30 s of audio cost 3 s, a look 0.3 s, so two places hear two calls in
/// three seconds. Recordings beyond the room stay on the bus, in order.
fn storm() -> Storm {
    const COST: Duration = Duration::from_secs(3);
    const LOOK: Duration = Duration::from_millis(300);
    let begin = start();
    let mut schedule: Schedule<Caller> = Schedule::new(10_000, 2, true);
    let mut places = [(begin, None::<Task<Caller>>), (begin, None)];
    let mut storm = Storm { heard: Vec::new(), most_waiting: 0, estimated: Duration::ZERO, took: Duration::ZERO };
    let (mut arrived, mut ended_at) = (0u32, begin);
    let all = 2000;
    for tick in 0u32.. {
        let now = begin + Duration::from_millis(50) * tick;
        while arrived < all && Duration::from_millis(150) * arrived <= now - begin {
            let channel = if arrived.is_multiple_of(3) { Channel::Whatsapp } else { Channel::Call };
            let caller = Caller { facts: facts(channel, now, 30), danger: arrived % 50 == 7 };
            schedule.put(caller, caller.facts);
            arrived += 1;
        }
        storm.most_waiting = storm.most_waiting.max(schedule.len());
        for (until, task) in &mut places {
            if *until > now {
                continue;
            }
            match task.take() {
                Some(Task::Look(caller)) => schedule.looked(caller, caller.facts, caller.danger, LOOK),
                Some(Task::Hear(caller)) => {
                    schedule.finished(caller.facts.length, COST);
                    storm.heard.push((caller, now - caller.facts.said_at));
                    ended_at = now;
                }
                None => {}
            }
            *task = schedule.next(now);
            *until = now
                + match task {
                    Some(Task::Look(_)) => LOOK,
                    Some(Task::Hear(_)) => COST,
                    None => Duration::ZERO,
                };
        }
        if now - begin == Duration::from_secs(300) {
            storm.estimated = schedule.estimate(0);
        }
        if storm.heard.len() == all as usize {
            break;
        }
    }
    storm.took = ended_at - (begin + Duration::from_secs(300));
    storm
}

#[test]
fn ten_times_the_capacity_for_five_minutes_loses_nothing_and_hears_the_endangered_first() {
    let storm = storm();
    assert_eq!(storm.heard.len(), 2000, "everybody is heard, nobody twice");
    let waits = |danger: bool| {
        let mut waits: Vec<_> = storm.heard.iter().filter(|h| h.0.danger == danger).map(|h| h.1).collect();
        waits.sort();
        waits
    };
    let (urgent, rest) = (waits(true), waits(false));
    let middle = |waits: &[Duration]| waits[waits.len() / 2];
    assert!(middle(&urgent) * 3 < middle(&rest), "{:?} against {:?}", middle(&urgent), middle(&rest));
    assert!(storm.most_waiting <= 2000);
}

#[test]
fn the_estimate_is_within_a_quarter_of_what_it_took() {
    let storm = storm();
    let ratio = storm.estimated.as_secs_f64() / storm.took.as_secs_f64();
    assert!((0.75..=1.25).contains(&ratio), "{:?} estimated, {:?} it took", storm.estimated, storm.took);
}

#[test]
fn live_callers_go_before_the_backlog_and_the_oldest_is_not_forgotten() {
    let now = start() + Duration::from_secs(1000);
    let old = now - Duration::from_secs(600);
    let mut schedule = Schedule::new(100, 1, false);
    for n in 0..20 {
        schedule.put(("old", n), facts(Channel::Call, old + Duration::from_millis(n), 10));
        schedule.put(("live", n), facts(Channel::Call, now - Duration::from_millis(30 - n), 10));
    }
    let order = std::iter::from_fn(|| schedule.next(now)).map(|task| match task {
        Task::Hear(job) | Task::Look(job) => job.0,
    });
    let order: Vec<_> = order.collect();
    let early_old = order.iter().take(20).filter(|kind| **kind == "old").count();
    assert_eq!((order.len(), early_old), (40, 2), "{order:?}");
}

#[test]
fn a_flood_of_voice_notes_does_not_hold_up_the_telephone() {
    let now = start();
    let mut schedule = Schedule::new(100, 1, false);
    for n in 0..30u64 {
        schedule.put(Channel::Whatsapp, facts(Channel::Whatsapp, now + Duration::from_millis(n), 10));
    }
    for n in 30..33u64 {
        schedule.put(Channel::Call, facts(Channel::Call, now + Duration::from_millis(n), 10));
    }
    let first: Vec<_> = (0..6).filter_map(|_| schedule.next(now)).collect();
    assert_eq!(first.iter().filter(|task| **task == Task::Hear(Channel::Call)).count(), 3, "{first:?}");
}

#[test]
fn nothing_is_looked_at_where_nobody_waits_longer_for_it() {
    let mut schedule = Schedule::new(10, 2, true);
    let now = start();
    schedule.put(1, facts(Channel::Call, now, 10));
    assert_eq!((schedule.next(now), schedule.next(now)), (Some(Task::Hear(1)), None));
    assert_eq!((schedule.free(), schedule.is_empty()), (10, true));
}
