//! A recording that still goes on, read back in part by another thread.

use std::sync::Arc;

use dauys_gateway::recording::format::Codec;
use dauys_gateway::recording::{Located, Places, Writer};
use uuid::Uuid;

use crate::disk::{Faults, now, open, quick};

fn said(from: u64, to: u64) -> Vec<u8> {
    (from..to).map(|tick| (tick / 7 % 200) as u8).collect()
}

fn say(writer: &mut Writer, track: dauys_gateway::recording::TrackId, from: u64, to: u64) {
    for at in (from..to).step_by(160) {
        assert!(writer.append(track, at, &said(at, at + 160)));
    }
}

async fn written(writer: &mut Writer, located: Located) -> Places {
    writer.tick(now());
    located.await.unwrap()
}

#[tokio::test]
async fn what_was_said_is_read_back_while_the_caller_goes_on_and_not_from_the_beginning_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path(), &Arc::new(Faults::default()), quick());
    let mut writer = store.writer();
    let track = writer.begin(Uuid::from_u128(1), Codec::Pcma, b"facts").unwrap();
    let other = writer.begin(Uuid::from_u128(2), Codec::Pcma, b"facts").unwrap();
    let mut reaches = Vec::new();
    for part in 0..4u64 {
        let (from, to) = (part * 16_000, (part + 1) * 16_000);
        for second in [from, from + 8_000] {
            say(&mut writer, other, second, second + 8_000);
            say(&mut writer, track, second, second + 8_000);
            writer.tick(now());
        }
        let located = writer.locate(track);
        let places = written(&mut writer, located).await;
        let (codec, bytes) = store.excerpt(&places, from..to).unwrap().unwrap();
        assert!(codec == Codec::Pcma && bytes == said(from, to), "part {part}");
        reaches.push(store.excerpt(&places, 0..8_000).unwrap().is_some());
    }
    assert_eq!(reaches, [true, true, false, false], "a part reaches one part back, for packets that were late");
    say(&mut writer, track, 64_000, 64_160);
    let asked = writer.locate(track);
    let commit = writer.finish(track, b"event");
    writer.tick(now());
    commit.await.unwrap();
    assert!(asked.await.is_err(), "the whole recording is on its way: nobody needs a part of it");
    assert!(writer.locate(track).await.is_err());
    drop(writer);
}
