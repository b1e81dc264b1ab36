//! The line: the one task that owns the SIP endpoint and the table of calls.

use super::admission::Admission;
use super::agreement;
use super::call::{Call, NewCall, after_tone, over_prompts};
use super::early::{self, Desk, Part};
use super::gauges::LineGauges;
use super::publisher;
use super::refusal::Refusal;
use super::sink::{Head, LogSink};
use super::start::Parts;
use super::telemetry;
use super::transport::Transports;
use crate::intake::{CallFacts, SpooledEvent};
use crate::media::{CallMedia, MediaCallId, MediaEvent, MediaEventKind, MediaPlane, MediaSlot};
use crate::recording::DiskState;
use dauys_events::{CallEnded, CallEvent, CallId, CallStarted, Contact, EndCause, IntakeId, RecordingEnd};
use dauys_script::{End, Input as Heard, Limits, Machine, Output as Act};
use dauys_sip::sdp::{self, Capabilities, Negotiated, SdpError};
use dauys_sip::{CallHandle, Cause, Endpoint, Event, Flow, Output, Private, Rejection, StatusCode, Transport};
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use jiff::Timestamp;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};
use uuid::Uuid;

/// How many media events are taken at once.
const EVENTS_AT_ONCE: usize = 512;
/// How many call events may wait for the bus.
const CALL_EVENTS: usize = 16_384;
/// How often counters are published.
const COUNTERS: Duration = Duration::from_secs(1);

/// What the line owns.
pub(super) struct Shared {
    pub endpoint: Endpoint,
    pub limits: Limits,
    pub transports: Transports,
    /// Whether media sockets take both families, so that they know IPv4 addresses in IPv6's form.
    pub both_families: bool,
    pub media: MediaPlane<LogSink>,
    pub media_events: mpsc::Receiver<MediaEvent>,
    pub gauges: Arc<LineGauges>,
    pub drain: CancellationToken,
    pub stop: CancellationToken,
    pub parts: Parts,
}

impl Shared {
    /// Writes the addresses of a call's media in the form that media sockets know.
    fn reachable(&self, mut media: CallMedia) -> CallMedia {
        for address in [&mut media.remote, &mut media.remote_rtcp].into_iter().flatten() {
            if let IpAddr::V4(ip) = address.ip()
                && self.both_families
            {
                address.set_ip(ip.to_ipv6_mapped().into());
            }
        }
        media
    }
}

#[expect(clippy::disallowed_methods, reason = "the shell's clock")]
pub(super) fn wall() -> Timestamp {
    Timestamp::now()
}

#[expect(clippy::disallowed_methods, reason = "the shell's clock")]
fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "ids are made at intake, from the shell's clock and randomness")]
fn new_id() -> Uuid {
    Uuid::now_v7()
}

/// What a wait came to.
enum Done {
    /// Whether the recording could begin.
    Begun(CallHandle, bool),
    /// Whether the recording is safely on disk.
    Committed(CallHandle, bool),
    /// The call's media is over.
    Ended(Box<CallEnded>),
}

/// An INVITE without an offer: the codec is known only from the ACK.
struct Waiting {
    slot: MediaSlot,
    capabilities: Capabilities,
    facts: CallFacts,
}

struct Line {
    shared: Shared,
    calls: HashMap<CallHandle, Call>,
    by_media: HashMap<MediaCallId, CallHandle>,
    waiting: HashMap<CallHandle, Waiting>,
    admission: Admission,
    refused_unseen: u64,
    timers: BinaryHeap<Reverse<(Instant, CallHandle)>>,
    pending: FuturesUnordered<BoxFuture<'static, Done>>,
    call_events: mpsc::Sender<CallEvent>,
    /// Where parts of calls go; `None` where there is no early text.
    early: Option<mpsc::Sender<Part>>,
    counted_at: Instant,
}

/// Runs the line until it is drained or stopped.
pub(super) async fn run(shared: Shared) {
    let (sender, receiver) = mpsc::channel(CALL_EVENTS);
    let publisher = tokio::spawn(publisher::publish(Arc::clone(&shared.parts.bus), receiver));
    let (early, parts) = mpsc::channel(early::WAITING);
    let Parts { store, recordings, bus, .. } = &shared.parts;
    let desk = Desk { store: store.clone(), recordings: recordings.clone(), bus: Arc::clone(bus) };
    let desk = tokio::spawn(desk.run(parts));
    let admission = Admission::new(&shared.parts.settings.calls);
    let early = (shared.parts.settings.calls.early_text_seconds > 0).then_some(early);
    let mut line = Line {
        shared,
        admission,
        refused_unseen: 0,
        calls: HashMap::new(),
        by_media: HashMap::new(),
        waiting: HashMap::new(),
        timers: BinaryHeap::new(),
        pending: FuturesUnordered::new(),
        call_events: sender,
        early,
        counted_at: now(),
    };
    line.serve().await;
    let Line { shared, call_events, early, .. } = line;
    drop((call_events, early));
    shared.transports.close().await;
    let _ = tokio::join!(publisher, desk);
}

impl Line {
    async fn serve(&mut self) {
        let (drain, stop) = (self.shared.drain.clone(), self.shared.stop.clone());
        let mut events = Vec::with_capacity(EVENTS_AT_ONCE);
        let (mut draining, mut stopping) = (false, false);
        loop {
            self.flush().await;
            if draining && self.calls.is_empty() && self.waiting.is_empty() && self.pending.is_empty() {
                return self.flush().await;
            }
            let due = self.due();
            tokio::select! {
                () = self.shared.transports.ready() => self.receive(),
                _ = self.shared.media_events.recv_many(&mut events, EVENTS_AT_ONCE) => {
                    for event in events.drain(..) {
                        self.media_event(event);
                    }
                }
                Some(done) = self.pending.next() => self.done(done),
                () = tokio::time::sleep_until(due.into()) => {}
                () = drain.cancelled(), if !draining => {
                    draining = true;
                    info!(calls = self.calls.len(), "no new calls are taken; those inside finish");
                    self.shared.endpoint.drain(true);
                }
                () = stop.cancelled(), if !stopping => {
                    stopping = true;
                    self.hang_up_all();
                }
            }
            self.tick();
        }
    }

    fn due(&self) -> Instant {
        let script = self.timers.peek().map(|Reverse((at, _))| *at);
        let counters = self.counted_at + COUNTERS;
        [self.shared.endpoint.poll_timeout(), script].into_iter().flatten().fold(counters, Instant::min)
    }

    fn tick(&mut self) {
        let time = now();
        self.shared.endpoint.handle_timeout(time);
        while let Some(Reverse((at, handle))) = self.timers.peek().copied()
            && at <= time
        {
            self.timers.pop();
            let is_current = self.calls.get(&handle).is_some_and(|call| call.timer == Some(at));
            if is_current {
                if let Some(call) = self.calls.get_mut(&handle) {
                    call.timer = None;
                    call.machine.handle_timeout(time);
                }
                self.act(handle);
            }
        }
        self.hold_back();
        if time >= self.counted_at + COUNTERS {
            self.counted_at = time;
            self.count();
        }
    }

    /// Above the node's limit, and while nothing can be recorded, calls are refused before a dialog is made for them: the cost of a
    /// refused call must stay far below that of a taken one.
    fn hold_back(&mut self) {
        let is_healthy = self.shared.parts.store.disk_state() == DiskState::Healthy;
        self.shared.endpoint.hold_back(self.admission.is_full() || !is_healthy);
    }

    fn count(&mut self) {
        let counters = self.shared.endpoint.counters();
        let refused_unseen = counters.overloaded - std::mem::replace(&mut self.refused_unseen, counters.overloaded);
        self.shared.gauges.add_refused_unseen(refused_unseen);
        metrics::counter!(telemetry::OFFERED).increment(refused_unseen);
        metrics::counter!(telemetry::REFUSED, "status" => "503").increment(refused_unseen);
        let methods = &counters.received;
        let requests = methods.invite + methods.ack + methods.bye + methods.cancel + methods.options + methods.info;
        let requests = requests + methods.update + methods.register + methods.other;
        let responses: u64 = counters.responses_received.iter().sum();
        metrics::counter!(telemetry::SIP_RECEIVED).absolute(requests + responses);
        metrics::counter!(telemetry::SIP_MALFORMED).absolute(counters.parse_errors);
        metrics::counter!(telemetry::SIP_DROPPED).absolute(counters.dropped_inputs + counters.unsent);
        metrics::counter!(telemetry::CHALLENGED).absolute(counters.challenged);
        metrics::counter!(telemetry::SIP_RETRANSMITTED).absolute(counters.repeats_sent);
        metrics::gauge!(telemetry::CALLS).set(self.calls.len() as f64);
        self.shared.gauges.set_calls(self.calls.len());
    }

    fn receive(&mut self) {
        let Shared { transports, endpoint, .. } = &mut self.shared;
        transports.receive(|input| endpoint.handle_input(now(), input));
    }

    async fn flush(&mut self) {
        while let Some(output) = self.shared.endpoint.poll_output() {
            match output {
                Output::Send { local, peer, transport, bytes } => {
                    self.shared.transports.send(Flow { local, peer, transport }, bytes).await;
                }
                Output::Event(event) => self.sip_event(event),
            }
        }
    }

    fn sip_event(&mut self, event: Event) {
        match event {
            Event::Incoming { call, call_id, from, asserted, to_user, source, offer } => {
                self.shared.gauges.add_offered();
                metrics::counter!(telemetry::OFFERED).increment(1);
                let facts = facts(call_id, &from, asserted.as_ref());
                if let Err(refusal) = self.incoming(call, facts, &to_user, source, offer.as_deref()) {
                    self.refuse(call, &refusal);
                }
            }
            Event::Established { call, sdp } => self.established(call, sdp.as_deref()),
            Event::MediaUpdate { call, sdp } => self.media_update(call, sdp.as_deref()),
            Event::UpdateAnswered { call, sdp } => self.update_answered(call, sdp.as_deref()),
            Event::Dtmf { call, digit } => self.key(call, digit),
            Event::Transfer { call, status, done: true } => self.transferred(call, status),
            Event::Ended { call, cause, .. } => self.hung_up(call, cause),
            _ => {}
        }
    }

    /// Takes a call, or says why not.
    fn incoming(
        &mut self,
        handle: CallHandle,
        facts: CallFacts,
        to_user: &str,
        source: SocketAddr,
        offer: Option<&[u8]>,
    ) -> Result<(), Refusal> {
        let settings = &self.shared.parts.settings;
        if !settings.sip.numbers.is_empty() && !settings.sip.numbers.iter().any(|number| number == to_user) {
            return Err(Refusal::UnknownNumber);
        }
        self.admission.enter(handle, source.ip(), facts.contact.number.as_deref())?;
        if self.shared.parts.store.disk_state() != DiskState::Healthy {
            return Err(Refusal::Disk);
        }
        let slot = self.shared.media.allocate().map_err(|_| Refusal::Ports)?;
        // The caller's media comes to the address at which its INVITE came.
        let flow = self.shared.endpoint.flow(handle);
        let local = flow.map_or(source.ip(), |flow| flow.local.ip());
        // What goes over TLS, nobody on the way can read: not the keys of the media either.
        let private = flow.is_some_and(|flow| flow.transport == Transport::Tls);
        let settings = &self.shared.parts.settings;
        let seen = settings.sip.public_address.filter(|ip| ip.is_ipv4() == local.is_ipv4());
        let address = SocketAddr::new(seen.unwrap_or(local), slot.port());
        let secret = sdp::Secret(rand::random());
        let capabilities =
            agreement::capabilities(&settings.media, address, self.shared.media.rtcp_port(), private, secret);
        let Some(offer) = offer else {
            if capabilities.codecs.is_empty() {
                return Err(Refusal::Media(SdpError::Unencrypted));
            }
            let offer = sdp::offer(&capabilities);
            self.shared.endpoint.answer(handle, now(), offer.as_bytes()).map_err(|_| Refusal::Gone)?;
            self.waiting.insert(handle, Waiting { slot, capabilities, facts });
            return Ok(());
        };
        let agreed = sdp::answer(offer, &capabilities).map_err(Refusal::Media)?;
        let answer = agreed.answer.clone();
        self.begin(handle, slot, capabilities, facts, &agreed)?;
        self.shared.endpoint.answer(handle, now(), answer.as_bytes()).map_err(|_| Refusal::Gone)
    }

    /// Starts the media and the recording of a call.
    fn begin(
        &mut self,
        handle: CallHandle,
        slot: MediaSlot,
        mut capabilities: Capabilities,
        facts: CallFacts,
        agreed: &Negotiated,
    ) -> Result<(), Refusal> {
        agreement::settle(&mut capabilities, agreed);
        let media = agreement::media(&self.shared.parts.settings.media, agreed, Some(over_prompts()));
        let media = self.shared.reachable(media);
        let codec = media.codec;
        let intake_id = IntakeId(new_id());
        let started = self.shared.media.start_recorded(slot, media, Head::new(intake_id, &facts));
        let (media, begun) = started.map_err(|_| Refusal::Busy)?;
        let machine = Machine::new(Arc::clone(&self.shared.parts.script), self.shared.limits);
        let call = Call::new(NewCall {
            call_id: facts.call_id,
            intake_id,
            facts,
            answered_at: wall(),
            codec: codec.name(),
            machine,
            media,
            capabilities,
        });
        self.pending.push(Box::pin(async move { Done::Begun(handle, matches!(begun.await, Ok(Ok(())))) }));
        self.by_media.insert(call.media.id(), handle);
        self.calls.insert(handle, call);
        self.shared.gauges.set_calls(self.calls.len());
        Ok(())
    }

    fn refuse(&mut self, handle: CallHandle, refusal: &Refusal) {
        self.admission.leave(handle);
        // A call whose media had begun is taken back; it was never answered, so it leaves nothing.
        if let Some(call) = self.calls.remove(&handle) {
            self.by_media.remove(&call.media.id());
            drop(call.media.finish_recording(SpooledEvent::Nothing));
            drop(call.media.close());
        }
        self.shared.gauges.add_refused();
        let status = refusal.status();
        metrics::counter!(telemetry::REFUSED, "status" => status.code().to_string()).increment(1);
        let retry_after_s = (status.code() == 503).then_some(self.shared.parts.settings.calls.retry_after_seconds);
        let warning = if let Refusal::Media(error) = refusal { Some(error.warning()) } else { None };
        let rejection = Rejection { reason: refusal.reason(), retry_after_s, warning };
        if self.shared.endpoint.reject(handle, now(), status, &rejection).is_err() {
            debug!("a call was gone before it was refused");
        }
    }

    fn established(&mut self, handle: CallHandle, answer: Option<&[u8]>) {
        if let Some(waiting) = self.waiting.remove(&handle) {
            let agreed = sdp::accept_answer(answer.unwrap_or_default(), &waiting.capabilities);
            let begun = agreed
                .map_err(Refusal::Media)
                .and_then(|agreed| self.begin(handle, waiting.slot, waiting.capabilities, waiting.facts, &agreed));
            if begun.is_err() {
                // The answer came with the ACK, too late for a status: hanging up is all that is left.
                let _ = self.shared.endpoint.hangup(handle, now());
                self.admission.leave(handle);
                return;
            }
        }
        let Some(call) = self.calls.get_mut(&handle) else { return };
        if std::mem::replace(&mut call.established, true) {
            return;
        }
        self.shared.gauges.add_answered();
        metrics::counter!(telemetry::ANSWERED).increment(1);
        info!(call_id = %call.call_id, codec = call.codec, "call answered");
        let started = CallStarted {
            call_id: call.call_id,
            node: self.shared.parts.settings.node.id,
            invited_at: call.facts.received_at,
            answered_at: call.answered_at,
            codec: call.codec.to_owned(),
        };
        self.tell(CallEvent::Started(started));
        self.input(handle, Heard::Answered);
    }

    fn media_update(&mut self, handle: CallHandle, offer: Option<&[u8]>) {
        let Some(call) = self.calls.get_mut(&handle) else { return };
        call.capabilities.version += 1;
        let Some(offer) = offer else {
            let offer = sdp::offer(&call.capabilities);
            let _ = self.shared.endpoint.reply_update(handle, now(), offer.as_bytes());
            return;
        };
        match sdp::answer(offer, &call.capabilities) {
            Ok(agreed) => {
                self.renegotiate(handle, &agreed);
                let _ = self.shared.endpoint.reply_update(handle, now(), agreed.answer.as_bytes());
            }
            Err(error) => {
                let status = StatusCode::from(error.status());
                let _ = self.shared.endpoint.reject_update(handle, now(), status);
            }
        }
    }

    /// The answer to an offer that the peer had asked for.
    fn update_answered(&mut self, handle: CallHandle, answer: Option<&[u8]>) {
        let Some(call) = self.calls.get(&handle) else { return };
        match sdp::accept_answer(answer.unwrap_or_default(), &call.capabilities) {
            Ok(agreed) => self.renegotiate(handle, &agreed),
            // It came with the ACK, too late for a status: what was agreed on before stands.
            Err(error) => debug!(call_id = %call.call_id, %error, "an answer cannot be used"),
        }
    }

    fn renegotiate(&mut self, handle: CallHandle, agreed: &Negotiated) {
        let Some(call) = self.calls.get_mut(&handle) else { return };
        agreement::settle(&mut call.capabilities, agreed);
        let media = self.shared.reachable(agreement::media(&self.shared.parts.settings.media, agreed, None));
        call.codec = media.codec.name();
        let moved = call.media.renegotiate(media);
        let held = call.media.hold(!agreed.direction.sends());
        if moved.is_err() || held.is_err() {
            warn!(call_id = %call.call_id, "the media thread is too busy for a change of media");
        }
    }

    fn hung_up(&mut self, handle: CallHandle, cause: Cause) {
        if self.waiting.remove(&handle).is_some() {
            self.admission.leave(handle);
        }
        let Some(call) = self.calls.get_mut(&handle) else { return };
        call.connected = false;
        call.cause = match cause {
            Cause::Bye | Cause::Cancelled => Some(EndCause::CallerHungUp),
            Cause::NoAck => Some(EndCause::NoAck),
            Cause::Timeout | Cause::SessionExpired | Cause::Failed(_) => Some(EndCause::Failed),
            Cause::Local => None,
        };
        self.input(handle, Heard::HungUp);
    }

    fn key(&mut self, handle: CallHandle, key: char) {
        let Some(call) = self.calls.get_mut(&handle) else { return };
        call.key_pressed(key);
        let operator = &self.shared.parts.settings.sip.operator;
        if operator.uri.is_empty() || operator.key != key {
            return self.input(handle, Heard::Key(key));
        }
        // The script goes on meanwhile: where nobody is found, the caller is still recorded.
        match self.shared.endpoint.refer(handle, now(), &operator.uri) {
            Ok(()) => info!(call_id = %call.call_id, "the caller asks for a person"),
            Err(error) => debug!(call_id = %call.call_id, %error, "a caller cannot be handed on now"),
        }
    }

    /// News of a caller who is handed on. Once somebody has taken over, this side hangs up; what was said is registered.
    fn transferred(&mut self, handle: CallHandle, status: u16) {
        let Some(call) = self.calls.get(&handle) else { return };
        let outcome = if status < 300 { "taken" } else { "refused" };
        metrics::counter!(telemetry::TRANSFERS, "outcome" => outcome).increment(1);
        info!(call_id = %call.call_id, status, "a caller was handed on");
        if status < 300 && self.shared.endpoint.hangup(handle, now()).is_err() {
            debug!("a call was over before it was handed on");
        }
    }

    fn media_event(&mut self, event: MediaEvent) {
        let Some(handle) = self.by_media.get(&event.call).copied() else { return };
        let Some(call) = self.calls.get_mut(&handle) else { return };
        match event.kind {
            MediaEventKind::Heard => {}
            MediaEventKind::NotHeard => {
                warn!(call_id = %call.call_id, "the caller is heard and hears nothing, by its own reports");
            }
            MediaEventKind::Dtmf(key) => self.key(handle, key),
            MediaEventKind::SpeechStarted { at } => {
                call.speech_started(at);
                self.input(handle, Heard::SpeechStarted);
            }
            MediaEventKind::SpeechEnded { silence_ms, pause_at } => {
                call.speech_ended(wall(), silence_ms);
                self.hand_part_over(handle, pause_at);
                self.input(handle, Heard::SpeechEnded);
            }
            MediaEventKind::PlayedOut(token) | MediaEventKind::PlayRefused(token) => {
                if token == call.token {
                    // Nothing of ours sounds any more: from here a low voice counts as well.
                    let _ = call.media.listen(Some(after_tone()));
                    self.input(handle, Heard::PlayedOut);
                }
            }
            MediaEventKind::NoMedia { .. } => {
                call.cause = Some(EndCause::NoMedia);
                self.input(handle, Heard::NoMedia);
            }
        }
    }

    /// Sends what was said until a pause on its way to be transcribed, where enough of it has gathered. Where there is no room it
    /// stays with the call, and the next part is longer.
    fn hand_part_over(&mut self, handle: CallHandle, pause_at: u64) {
        let settings = &self.shared.parts.settings.calls;
        let least = settings.early_text_seconds.saturating_mul(u64::from(dauys_media::SAMPLE_RATE));
        let in_a_storm = self.calls.len() > settings.early_text_calls;
        let (Some(early), Some(call)) = (&self.early, self.calls.get_mut(&handle)) else { return };
        let is_open = call.finished.is_none() && matches!(call.codec, "PCMA" | "PCMU");
        let Some((range, number)) = call.cuts.due(pause_at, least).filter(|_| is_open && !in_a_storm) else { return };
        let (Ok(room), Ok(located)) = (early.try_reserve(), call.media.locate_recording()) else {
            metrics::counter!(telemetry::PARTS, "outcome" => "dropped").increment(1);
            return;
        };
        call.cuts.cut(range.end);
        let (intake_id, language_hint) = (call.intake_id, call.machine.language());
        room.send(Part { intake_id, number, range, language_hint, located });
    }

    fn input(&mut self, handle: CallHandle, input: Heard) {
        if let Some(call) = self.calls.get_mut(&handle) {
            debug!(call_id = %call.call_id, ?input, "script");
            call.machine.handle_input(now(), input);
            self.act(handle);
        }
    }

    /// Does what a call's script says, then sets its timer anew.
    fn act(&mut self, handle: CallHandle) {
        loop {
            let Some(call) = self.calls.get_mut(&handle) else { return };
            let Some(output) = call.machine.poll_output() else { break };
            match output {
                Act::Play(names) => self.play(handle, &names),
                Act::StopPlaying => self.stop_playing(handle),
                Act::Finish(end) => self.finish(handle, end),
                Act::HangUp(end) => return self.close(handle, end),
            }
        }
        if let Some(call) = self.calls.get_mut(&handle) {
            let due = call.machine.poll_timeout();
            if due != call.timer {
                call.timer = due;
                self.timers.extend(due.map(|at| Reverse((at, handle))));
            }
        }
    }

    fn play(&mut self, handle: CallHandle, names: &[String]) {
        let Some(call) = self.calls.get_mut(&handle) else { return };
        call.token += 1;
        let clips = self.shared.parts.prompts.clips(names);
        let listens = call.media.listen(Some(over_prompts()));
        let plays = call.media.stop_playing().and_then(|()| call.media.play(clips, call.token));
        if listens.is_err() || plays.is_err() {
            // A caller who hears nothing is still recorded; the script's timers lead on as if it had been played.
            warn!(call_id = %call.call_id, "the media thread is too busy to play");
            self.input(handle, Heard::PlayedOut);
        }
    }

    /// The caller speaks over the prompt. Listening starts anew, tuned for silence around the voice; the pause counts from
    /// here unless the voice goes on.
    fn stop_playing(&mut self, handle: CallHandle) {
        let Some(call) = self.calls.get_mut(&handle) else { return };
        call.token += 1;
        let stopped = call.media.stop_playing();
        let listens = call.media.listen(Some(after_tone()));
        if stopped.is_err() || listens.is_err() {
            warn!(call_id = %call.call_id, "the media thread is too busy to stop playing");
        }
        call.speech_ended(wall(), 0);
        call.machine.handle_input(now(), Heard::SpeechEnded);
    }

    fn finish(&mut self, handle: CallHandle, end: RecordingEnd) {
        let Some(call) = self.calls.get_mut(&handle) else { return };
        let parts = &self.shared.parts;
        let number = match parts.numbers.next() {
            Ok(number) => number,
            Err(error) => {
                error!(call_id = %call.call_id, %error, "no registration number can be given");
                metrics::counter!(telemetry::COMMIT_FAILED).increment(1);
                return self.input(handle, Heard::CommitFailed);
            }
        };
        call.finished = Some(Some(number));
        let started = now();
        match call.media.finish_recording(call.recorded(wall(), number, end)) {
            Ok(reply) => self.pending.push(Box::pin(async move {
                let safe = match reply.await {
                    Ok((_, commit)) => commit.await.is_ok(),
                    Err(_) => false,
                };
                metrics::histogram!(telemetry::COMMIT).record(started.elapsed().as_secs_f64());
                Done::Committed(handle, safe)
            })),
            Err(_) => self.pending.push(Box::pin(async move { Done::Committed(handle, false) })),
        }
    }

    fn done(&mut self, done: Done) {
        match done {
            Done::Begun(_, true) => {}
            Done::Begun(handle, false) => {
                if let Some(call) = self.calls.get(&handle) {
                    error!(call_id = %call.call_id, "a recording could not begin");
                }
                self.input(handle, Heard::CannotRecord);
            }
            Done::Committed(handle, safe) => {
                let number = self.calls.get(&handle).and_then(|call| call.finished.flatten());
                match number.filter(|_| safe) {
                    Some(number) => self.input(handle, Heard::Committed(number)),
                    None => {
                        metrics::counter!(telemetry::COMMIT_FAILED).increment(1);
                        self.input(handle, Heard::CommitFailed);
                    }
                }
            }
            Done::Ended(ended) => self.tell(CallEvent::Ended(*ended)),
        }
    }

    /// The script is over: hangs up where the dialog still stands, and ends the media.
    fn close(&mut self, handle: CallHandle, end: End) {
        let Some(call) = self.calls.remove(&handle) else { return };
        self.admission.leave(handle);
        self.by_media.remove(&call.media.id());
        self.shared.gauges.set_calls(self.calls.len());
        if call.connected && self.shared.endpoint.hangup(handle, now()).is_err() {
            debug!(call_id = %call.call_id, "the dialog was gone before it was ended");
        }
        if call.finished.is_none() {
            drop(call.media.finish_recording(SpooledEvent::Nothing));
        }
        let node = self.shared.parts.settings.node.id;
        let mut ended = call.ended(node, wall(), end, &Default::default());
        metrics::counter!(telemetry::ENDED, "cause" => cause_label(ended.cause)).increment(1);
        metrics::histogram!(telemetry::DURATION).record(ended.duration_ms as f64 / 1_000.0);
        info!(call_id = %call.call_id, cause = ?ended.cause, duration_ms = ended.duration_ms, "call ended");
        let quality = call.media.close();
        self.pending.push(Box::pin(async move {
            if let Ok(reply) = quality
                && let Ok(measured) = reply.await
            {
                ended.quality = super::sink::quality(&measured);
            }
            if let Some(mos) = ended.quality.mos {
                metrics::histogram!(telemetry::MOS).record(f64::from(mos));
            }
            Done::Ended(Box::new(ended))
        }));
    }

    fn tell(&mut self, event: CallEvent) {
        if self.call_events.try_send(event).is_err() {
            metrics::counter!(telemetry::EVENTS_DROPPED).increment(1);
        }
    }

    fn hang_up_all(&mut self) {
        warn!(calls = self.calls.len(), "the calls inside are hung up; what they said is registered");
        for handle in self.waiting.drain().map(|(handle, _)| handle).collect::<Vec<_>>() {
            let _ = self.shared.endpoint.hangup(handle, now());
            self.admission.leave(handle);
        }
        for handle in self.calls.keys().copied().collect::<Vec<_>>() {
            let _ = self.shared.endpoint.hangup(handle, now());
            if let Some(call) = self.calls.get_mut(&handle) {
                call.connected = false;
                call.cause = Some(EndCause::Failed);
            }
            self.input(handle, Heard::HungUp);
        }
    }
}

fn facts(external_id: String, from: &Private, asserted: Option<&Private>) -> CallFacts {
    let number = asserted.unwrap_or(from).reveal();
    let known = !number.is_empty() && !number.eq_ignore_ascii_case("anonymous");
    CallFacts {
        call_id: CallId(new_id()),
        external_id,
        contact: Contact { number: known.then(|| number.to_owned()), name: None },
        received_at: wall(),
    }
}

fn cause_label(cause: EndCause) -> &'static str {
    match cause {
        EndCause::CallerHungUp => "caller_hung_up",
        EndCause::Completed => "completed",
        EndCause::NoAck => "no_ack",
        EndCause::NoMedia => "no_media",
        EndCause::Failed => "failed",
        EndCause::Other => "other",
    }
}
