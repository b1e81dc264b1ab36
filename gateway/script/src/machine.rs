//! One caller's way through the script.

use crate::{Limits, speech};
use dauys_config::script::CallScript;
use dauys_events::{Language, RecordingEnd, RegistrationNumber};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

/// What happened to the caller.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// The call was answered and media flows.
    Answered,
    /// A key was pressed.
    Key(char),
    /// The caller began to speak.
    SpeechStarted,
    /// The caller fell silent.
    SpeechEnded,
    /// Words were recognised while the caller is still in the call; a spoken dialogue can act on them.
    Recognised {
        /// The language that was heard.
        language: Option<Language>,
    },
    /// Everything that was to be played has been played.
    PlayedOut,
    /// The recording and its event are on disk.
    Committed(RegistrationNumber),
    /// The recording could not be kept.
    CommitFailed,
    /// The recording cannot begin: the disk is full or fails.
    CannotRecord,
    /// The caller hung up.
    HungUp,
    /// No media has come for longer than allowed.
    NoMedia,
}

/// How a call came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The script came to its end.
    Completed,
    /// The caller hung up.
    HungUp,
    /// No media came.
    NoMedia,
    /// The recording could not be kept.
    Failed,
}

/// What the shell must do.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Play these clips one after the other, in place of whatever is playing.
    Play(Vec<String>),
    /// Stop playing.
    StopPlaying,
    /// End the recording, commit it with its event, and answer with [`Input::Committed`].
    Finish(RecordingEnd),
    /// The call is over; hang up where the caller has not.
    HangUp(End),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before the answer.
    Idle,
    /// The greeting, or the instruction in the chosen language, is playing.
    Guiding,
    /// After the tone, before the first word.
    Waiting { since: Instant, asked_again: bool },
    /// "Nothing heard" is playing.
    AskingAgain,
    /// The caller speaks or pauses.
    Listening { since: Instant, silent_since: Option<Instant> },
    /// The recording is being committed; `gone` once the caller has hung up.
    Committing { since: Instant, gone: bool },
    /// The number, or the apology, is playing.
    Closing { end: End },
    /// Over.
    Over,
}

/// One caller's way through the script.
#[derive(Debug)]
pub struct Machine {
    script: Arc<CallScript>,
    limits: Limits,
    state: State,
    language: Option<Language>,
    outputs: VecDeque<Output>,
}

impl Machine {
    /// Makes the machine of one call.
    pub fn new(script: Arc<CallScript>, limits: Limits) -> Self {
        Self { script, limits, state: State::Idle, language: None, outputs: VecDeque::new() }
    }

    /// Returns the language that the caller chose.
    pub fn language(&self) -> Option<Language> {
        self.language
    }

    /// Returns whether the call is over and everything was told.
    pub fn is_over(&self) -> bool {
        self.state == State::Over && self.outputs.is_empty()
    }

    /// Returns what the shell must do next.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Returns when [`Machine::handle_timeout`] must be called next; ask again after every input.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let limits = &self.limits;
        match self.state {
            State::Waiting { since, .. } => Some(since + limits.start_silence),
            State::Listening { since, silent_since } => {
                let longest = since + limits.longest;
                Some(silent_since.map_or(longest, |silent| longest.min(silent + limits.end_silence)))
            }
            State::Committing { since, .. } => Some(since + limits.commit),
            State::Idle | State::Guiding | State::AskingAgain | State::Closing { .. } | State::Over => None,
        }
    }

    /// Takes what happened.
    pub fn handle_input(&mut self, now: Instant, input: Input) {
        match input {
            Input::Answered => self.answered(),
            Input::Key(key) => self.key(now, key),
            Input::SpeechStarted => self.speech_started(now),
            Input::SpeechEnded => self.speech_ended(now),
            Input::Recognised { language } => self.language = self.language.or(language),
            Input::PlayedOut => self.played_out(now),
            Input::Committed(number) => self.committed(number),
            Input::CommitFailed => self.commit_failed(),
            Input::CannotRecord => self.cannot_record(),
            Input::HungUp => self.left(now, End::HungUp, RecordingEnd::HangUp),
            Input::NoMedia => self.left(now, End::NoMedia, RecordingEnd::HangUp),
        }
    }

    /// Lets time pass: ends a recording after silence, asks again, gives up on a commit.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.poll_timeout().is_none_or(|due| now < due) {
            return;
        }
        match self.state {
            State::Waiting { asked_again: false, .. } => {
                self.state = State::AskingAgain;
                let clips = speech::once_more(&self.script, &self.spoken_languages());
                self.outputs.push_back(Output::Play(clips));
            }
            State::Waiting { asked_again: true, .. } => self.finish(now, RecordingEnd::Silence),
            State::Listening { since, .. } => {
                let too_long = now >= since + self.limits.longest;
                self.finish(now, if too_long { RecordingEnd::Limit } else { RecordingEnd::Silence });
            }
            State::Committing { gone, .. } => self.close_failed(gone),
            State::Idle | State::Guiding | State::AskingAgain | State::Closing { .. } | State::Over => {}
        }
    }

    fn answered(&mut self) {
        if self.state == State::Idle {
            self.state = State::Guiding;
            self.outputs.push_back(Output::Play(self.script.greeting.clone()));
        }
    }

    fn key(&mut self, now: Instant, key: char) {
        let listening = matches!(self.state, State::Waiting { .. } | State::Listening { .. } | State::AskingAgain);
        if listening && key == self.script.finish_key {
            self.outputs.push_back(Output::StopPlaying);
            return self.finish(now, RecordingEnd::Key);
        }
        let before_speech = matches!(self.state, State::Guiding | State::Waiting { .. } | State::AskingAgain);
        if let Some(language) = self.script.languages.get(&key).copied()
            && (before_speech || listening)
        {
            self.language = Some(language);
            if before_speech {
                self.state = State::Guiding;
                self.outputs.push_back(Output::Play(speech::instruction(&self.script, language)));
            }
        }
    }

    fn speech_started(&mut self, now: Instant) {
        match self.state {
            State::Guiding | State::AskingAgain => {
                self.outputs.push_back(Output::StopPlaying);
                self.state = State::Listening { since: now, silent_since: None };
            }
            State::Waiting { since, .. } | State::Listening { since, .. } => {
                self.state = State::Listening { since, silent_since: None };
            }
            State::Idle | State::Committing { .. } | State::Closing { .. } | State::Over => {}
        }
    }

    fn speech_ended(&mut self, now: Instant) {
        if let State::Listening { since, silent_since: None } = self.state {
            self.state = State::Listening { since, silent_since: Some(now) };
        }
    }

    fn played_out(&mut self, now: Instant) {
        match self.state {
            State::Guiding => self.state = State::Waiting { since: now, asked_again: false },
            State::AskingAgain => self.state = State::Waiting { since: now, asked_again: true },
            State::Closing { end } => self.over(end),
            _ => {}
        }
    }

    fn finish(&mut self, now: Instant, end: RecordingEnd) {
        self.state = State::Committing { since: now, gone: false };
        self.outputs.push_back(Output::Finish(end));
    }

    fn committed(&mut self, number: RegistrationNumber) {
        match self.state {
            State::Committing { gone: true, .. } => self.over(End::HungUp),
            State::Committing { gone: false, .. } => {
                self.state = State::Closing { end: End::Completed };
                let clips = speech::number(&self.script, &self.spoken_languages(), number);
                self.outputs.push_back(Output::Play(clips));
            }
            _ => {}
        }
    }

    fn commit_failed(&mut self) {
        if let State::Committing { gone, .. } = self.state {
            self.close_failed(gone);
        }
    }

    /// Without a recording nothing may be promised: the caller is asked to call again, whatever was under way.
    fn cannot_record(&mut self) {
        let open = matches!(
            self.state,
            State::Idle | State::Guiding | State::Waiting { .. } | State::AskingAgain | State::Listening { .. }
        );
        if open {
            self.close_failed(false);
        }
    }

    fn close_failed(&mut self, gone: bool) {
        if gone {
            return self.over(End::Failed);
        }
        self.state = State::Closing { end: End::Failed };
        let clips = speech::failed(&self.script, &self.spoken_languages());
        self.outputs.push_back(Output::Play(clips));
    }

    /// The caller is gone. What was said, and what was asked for after the tone, is registered all the same; a call that
    /// never came to either leaves nothing.
    fn left(&mut self, now: Instant, end: End, recording: RecordingEnd) {
        match self.state {
            State::Waiting { .. } | State::AskingAgain | State::Listening { .. } => {
                self.state = State::Committing { since: now, gone: true };
                self.outputs.push_back(Output::Finish(recording));
            }
            State::Committing { since, .. } => self.state = State::Committing { since, gone: true },
            State::Closing { end: closing } => self.over(if closing == End::Failed { closing } else { End::HungUp }),
            State::Idle | State::Guiding => self.over(end),
            State::Over => {}
        }
    }

    fn over(&mut self, end: End) {
        self.state = State::Over;
        self.outputs.push_back(Output::HangUp(end));
    }

    fn spoken_languages(&self) -> Vec<Language> {
        self.language.map_or_else(|| self.script.default_languages.clone(), |language| vec![language])
    }
}
