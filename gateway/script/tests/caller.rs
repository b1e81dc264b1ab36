//! What callers notice: the way through the script on a simulated clock.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a failed step is a failed test, and any start will do for a simulated clock"
)]

use dauys_config::city::PackSource;
use dauys_config::script::CallScript;
use dauys_events::{Language, RecordingEnd, RegistrationNumber};
use dauys_script::{End, Input, Limits, Machine, Output};
use proptest::prelude::*;
use std::sync::Arc;
use std::time::{Duration, Instant};

struct Call {
    machine: Machine,
    now: Instant,
}

impl Call {
    fn answered() -> Self {
        let script = CallScript::load(&PackSource::embedded("shymkent").unwrap()).unwrap();
        let mut call = Self { machine: Machine::new(Arc::new(script), Limits::default()), now: Instant::now() };
        assert!(matches!(call.hears(Input::Answered).as_slice(), [Output::Play(clips)] if clips[0] == "kk/welcome"));
        call
    }

    fn hears(&mut self, input: Input) -> Vec<Output> {
        self.machine.handle_input(self.now, input);
        std::iter::from_fn(|| self.machine.poll_output()).collect()
    }

    fn waits(&mut self, seconds: u64) -> Vec<Output> {
        self.now += Duration::from_secs(seconds);
        self.machine.handle_timeout(self.now);
        std::iter::from_fn(|| self.machine.poll_output()).collect()
    }
}

fn number() -> RegistrationNumber {
    RegistrationNumber::compose(12, 3_456_789).unwrap()
}

#[test]
fn a_caller_presses_speaks_presses_hash_and_hears_the_number() {
    let mut call = Call::answered();
    assert_eq!(call.hears(Input::Key('2')), [Output::Play(vec!["ru/speak".into(), "tone".into()])]);
    assert_eq!(call.hears(Input::PlayedOut), []);
    assert_eq!(call.hears(Input::SpeechStarted), []);
    assert_eq!(call.hears(Input::Key('#')), [Output::StopPlaying, Output::Finish(RecordingEnd::Key)]);
    let outputs = call.hears(Input::Committed(number()));
    let [Output::Play(clips)] = outputs.as_slice() else { panic!("{outputs:?}") };
    let spoken: Vec<&str> = clips[1..=10].iter().map(|clip| &clip[3..]).collect();
    assert_eq!(spoken.concat(), number().to_string());
    assert_eq!(clips[11], "ru/again");
    assert_eq!(clips.last().unwrap(), "ru/thanks");
    assert_eq!(call.hears(Input::PlayedOut), [Output::HangUp(End::Completed)]);
    assert!(call.machine.is_over());
}

#[test]
fn a_caller_who_just_speaks_stops_the_greeting_and_hears_the_default_languages() {
    let mut call = Call::answered();
    assert_eq!(call.hears(Input::SpeechStarted), [Output::StopPlaying]);
    assert_eq!(call.hears(Input::SpeechEnded), []);
    assert_eq!(call.waits(3), []);
    assert_eq!(call.waits(1), [Output::Finish(RecordingEnd::Silence)]);
    let outputs = call.hears(Input::Committed(number()));
    let [Output::Play(clips)] = outputs.as_slice() else { panic!("{outputs:?}") };
    assert_eq!((clips[0].as_str(), clips.last().unwrap().as_str()), ("kk/number", "ru/thanks"));
}

#[test]
fn a_pause_within_speech_does_not_end_it() {
    let mut call = Call::answered();
    call.hears(Input::SpeechStarted);
    call.hears(Input::SpeechEnded);
    assert_eq!(call.waits(3), []);
    call.hears(Input::SpeechStarted);
    assert_eq!(call.waits(20), []);
    call.hears(Input::SpeechEnded);
    assert_eq!(call.waits(4), [Output::Finish(RecordingEnd::Silence)]);
}

#[test]
fn hanging_up_after_speaking_is_registered_and_before_it_leaves_nothing() {
    let mut call = Call::answered();
    assert_eq!(call.hears(Input::HungUp), [Output::HangUp(End::HungUp)]);
    let mut call = Call::answered();
    call.hears(Input::SpeechStarted);
    assert_eq!(call.hears(Input::HungUp), [Output::Finish(RecordingEnd::HangUp)]);
    assert_eq!(call.hears(Input::Committed(number())), [Output::HangUp(End::HungUp)]);
}

#[test]
fn silence_is_asked_about_once_and_then_registered_for_a_person() {
    let mut call = Call::answered();
    call.hears(Input::PlayedOut);
    let outputs = call.waits(10);
    assert!(matches!(outputs.as_slice(), [Output::Play(clips)] if clips[0] == "kk/nothing-heard"), "{outputs:?}");
    call.hears(Input::PlayedOut);
    assert_eq!(call.waits(10), [Output::Finish(RecordingEnd::Silence)]);
}

#[test]
fn an_endless_caller_is_registered_at_the_limit() {
    let mut call = Call::answered();
    call.hears(Input::SpeechStarted);
    assert_eq!(call.waits(299), []);
    assert_eq!(call.waits(1), [Output::Finish(RecordingEnd::Limit)]);
}

#[test]
fn a_failed_or_late_commit_is_told_to_the_caller_and_no_number_is_spoken() {
    for late in [false, true] {
        let mut call = Call::answered();
        call.hears(Input::SpeechStarted);
        call.hears(Input::Key('#'));
        let outputs = if late { call.waits(10) } else { call.hears(Input::CommitFailed) };
        assert!(matches!(outputs.as_slice(), [Output::Play(clips)] if clips[0] == "kk/failed"), "{outputs:?}");
        assert_eq!(call.hears(Input::Committed(number())), []);
        assert_eq!(call.hears(Input::PlayedOut), [Output::HangUp(End::Failed)]);
    }
}

#[test]
fn a_caller_who_cannot_be_recorded_is_told_so_and_no_recording_is_finished() {
    let mut call = Call::answered();
    call.hears(Input::SpeechStarted);
    let outputs = call.hears(Input::CannotRecord);
    assert!(matches!(outputs.as_slice(), [Output::Play(clips)] if clips[0] == "kk/failed"), "{outputs:?}");
    assert_eq!(call.hears(Input::HungUp), [Output::HangUp(End::Failed)]);
}

#[test]
fn the_language_can_be_chosen_while_speaking_without_disturbing() {
    let mut call = Call::answered();
    call.hears(Input::SpeechStarted);
    assert_eq!(call.hears(Input::Key('3')), []);
    assert_eq!(call.machine.language(), Some(Language::Uz));
}

fn inputs() -> impl Strategy<Value = (Input, u64)> {
    let input = prop_oneof![
        proptest::sample::select("0123456789*#A".chars().collect::<Vec<_>>()).prop_map(Input::Key),
        Just(Input::SpeechStarted),
        Just(Input::SpeechEnded),
        Just(Input::PlayedOut),
        Just(Input::Committed(number())),
        Just(Input::CommitFailed),
        Just(Input::NoMedia),
        Just(Input::HungUp),
        Just(Input::Answered),
        Just(Input::Recognised { language: Some(Language::En) }),
    ];
    (input, 0u64..12)
}

proptest! {
    /// Whatever happens in whatever order: at most one recording is finished, the number is spoken only after the commit,
    /// a caller who spoke is registered, and a call that was hung up ends.
    #[test]
    fn promises_hold_in_any_order(steps in proptest::collection::vec(inputs(), 0..40)) {
        let mut call = Call::answered();
        let (mut finished, mut committed, mut spoke, mut hung_up) = (0, false, false, 0);
        let last = [(Input::HungUp, 0), (Input::CommitFailed, 0)];
        for (input, seconds) in steps.into_iter().chain(last) {
            let over = call.machine.is_over();
            let pending = finished == 1 && !committed;
            committed |= pending && matches!(input, Input::Committed(_));
            spoke |= !over && input == Input::SpeechStarted;
            let mut outputs = call.hears(input);
            outputs.extend(call.waits(seconds));
            for output in outputs {
                match output {
                    Output::Finish(_) => finished += 1,
                    Output::HangUp(_) => hung_up += 1,
                    Output::Play(clips) => {
                        prop_assert!(committed || clips.iter().all(|clip| !clip.ends_with("/number")));
                    }
                    Output::StopPlaying => {}
                }
            }
        }
        prop_assert!(call.machine.is_over());
        prop_assert_eq!(hung_up, 1);
        prop_assert!(finished <= 1 && (finished == 1 || !spoke));
    }
}
