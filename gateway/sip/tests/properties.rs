//! Bytes from outside never panic, and what is written reads back the same.

#![allow(clippy::unwrap_used, reason = "a test's helper fails the test")]

mod common;

use common::{Pair, Weather, Wire, request};
use dauys_sip::wire::{Message, Name, Uri, Writer};
use dauys_sip::{dtmf, sdp};
use proptest::prelude::*;

fn mutate(mut bytes: Vec<u8>, edits: &[(usize, u8, u8)]) -> Vec<u8> {
    for (at, kind, byte) in edits {
        if bytes.is_empty() {
            break;
        }
        let at = at % bytes.len();
        match kind % 4 {
            0 => bytes[at] = *byte,
            1 => bytes.insert(at, *byte),
            2 => drop(bytes.remove(at)),
            _ => bytes.truncate(at),
        }
    }
    bytes
}

fn edits() -> impl Strategy<Value = Vec<(usize, u8, u8)>> {
    let byte = prop_oneof![any::<u8>(), prop::sample::select(b"\r\n:;,<>\"\\ /=@%[]".to_vec())];
    prop::collection::vec((any::<usize>(), 0u8..9, byte), 0..12)
}

fn seeds() -> Vec<Vec<u8>> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/torture");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    let sip = paths.into_iter().filter(|p| p.extension().is_some_and(|e| e == "sip"));
    sip.map(|p| std::fs::read(p).unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = Message::parse(&bytes);
        let _ = Uri::parse(&bytes);
        let _ = sdp::answer(&bytes, &common::media("192.0.2.1:4000"));
        let _ = dtmf::digit("application/dtmf-relay", &bytes);
    }

    #[test]
    fn mutated_messages_never_panic_and_leave_nothing_behind(seed in 0usize..1000, edits in edits()) {
        let seeds = seeds();
        let mut wire = Wire::new();
        wire.receive(mutate(seeds[seed % seeds.len()].clone(), &edits));
        wire.settle();
    }

    #[test]
    fn a_mutated_call_never_panics_and_leaves_nothing_behind(edits in prop::collection::vec(edits(), 6)) {
        let mut wire = Wire::new();
        wire.receive(mutate(request("INVITE", "m").offer().text().into_bytes(), &edits[0]));
        let call = match wire.events.front() {
            Some(dauys_sip::Event::Incoming { .. }) => Some(wire.answer()),
            _ => None,
        };
        let answered = call.map(|_| wire.reply().to().unwrap().tag().unwrap().to_owned());
        let tag = answered.unwrap_or_else(|| "none".to_owned());
        for (n, method) in ["ACK", "INVITE", "INFO", "UPDATE", "BYE"].iter().enumerate() {
            let raw = request(method, "m").tagged(&tag).seq(n as u32 + 1).branch(method).offer();
            wire.receive(mutate(raw.text().into_bytes(), &edits[n + 1]));
        }
        if let Some(call) = call {
            // A BYE that the edits have spoilt leaves the call up, as it should.
            let _ = wire.endpoint.hangup(call, wire.now);
            wire.drain();
        }
        wire.settle();
    }

    #[test]
    fn what_is_written_reads_back_the_same(
        subject in "[ -~\u{400}-\u{44f}]{0,40}",
        name in "X-[A-Za-z0-9]{1,12}",
        user in "[a-z0-9+._-]{1,20}",
        body in prop::collection::vec(any::<u8>(), 0..300),
        seq in 0u32..(1 << 31),
    ) {
        let mut writer = Writer::request("INVITE", &format!("sip:{user}@192.0.2.20"));
        writer
            .header(Name::Via, "SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKp")
            .header(Name::From, format!("<sip:{user}@192.0.2.10>;tag=a"))
            .header(Name::To, "<sip:109@192.0.2.20>")
            .header(Name::CallId, "p@192.0.2.10")
            .header(Name::CSeq, format!("{seq} INVITE"))
            .header(Name::Subject, &subject)
            .named(&name, &subject);
        let message = Message::parse(&writer.finish("application/x", &body)).unwrap();
        prop_assert_eq!(message.body(), body.as_slice());
        prop_assert_eq!(message.header(Name::Subject).unwrap(), subject.trim_matches(' ').as_bytes());
        prop_assert_eq!(message.cseq().unwrap().number, seq);
        let again = Message::parse(&message.serialise()).unwrap();
        prop_assert!(again == message);
    }

    #[test]
    fn a_mutated_message_that_still_parses_reads_back_the_same(seed in 0usize..1000, edits in edits()) {
        let seeds = seeds();
        if let Ok(message) = Message::parse(&mutate(seeds[seed % seeds.len()].clone(), &edits)) {
            let again = Message::parse(&message.serialise());
            prop_assert!(again.is_ok_and(|again| again == message));
        }
    }

    #[test]
    fn mutated_descriptions_never_panic(edits in edits()) {
        let own = common::media("192.0.2.1:4000");
        let bytes = mutate(sdp::offer(&own).into_bytes(), &edits);
        if let Ok(agreed) = sdp::answer(&bytes, &own) {
            prop_assert!(sdp::answer(agreed.answer.as_bytes(), &own).is_ok() || !agreed.direction.sends());
        }
        let _ = sdp::accept_answer(&bytes, &own);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_weather_and_any_commands_leave_nothing_behind(
        seed in 1u64..u64::MAX,
        loss in 0u64..60,
        duplicate in 0u64..60,
        jitter_ms in 0u64..2_000,
        steps in prop::collection::vec((0u8..8, 0u64..5_000), 1..12),
    ) {
        let mut pair = Pair::in_weather(Weather { seed, loss, duplicate, jitter_ms });
        let phone = pair.place_call();
        for (command, wait) in steps {
            pair.run_for(common::ms(wait));
            let server = pair.server.events.iter().find_map(|e| match e {
                dauys_sip::Event::Incoming { call, .. } => Some(*call),
                _ => None,
            });
            let now = pair.now;
            // Commands that do not fit the state must be refused, not harm.
            let _ = match (command, server) {
                (0, Some(call)) => pair.server.endpoint.ring(call, now),
                (1 | 2, Some(call)) => pair.server.endpoint.answer(call, now, b"v=0\r\n"),
                (3, Some(call)) => pair.server.endpoint.hangup(call, now),
                (4, _) => pair.phone.endpoint.hangup(phone, now),
                (5, _) => pair.phone.endpoint.update_media(phone, now, b"v=0\r\n"),
                (6, Some(call)) => pair.server.endpoint.reply_update(call, now, b"v=0\r\n"),
                _ => pair.phone.endpoint.send_digit(phone, now, '1', 100),
            };
            pair.flush();
        }
        let _ = pair.phone.endpoint.hangup(phone, pair.now);
        pair.settle();
    }
}
