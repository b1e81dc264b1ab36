//! No voice is a key: synthetic speech in four languages, for minutes, at several levels.

use dauys_media::tone_keys::ToneKeys;

#[test]
fn speech_presses_no_keys() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../transcriber/demo-model/heldout");
    let (mut seconds, mut pressed) = (0, Vec::new());
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "wav") {
            continue;
        }
        // 44 bytes of header, then 16-bit samples at 8,000 Hz.
        let bytes = std::fs::read(&path).unwrap();
        let samples: Vec<i16> = bytes[44..].as_chunks::<2>().0.iter().map(|&pair| i16::from_le_bytes(pair)).collect();
        for shift in 0..3 {
            let mut keys = ToneKeys::default();
            let quieter: Vec<i16> = samples.iter().map(|sample| sample >> shift).collect();
            pressed.extend(quieter.chunks(160).filter_map(|frame| keys.handle_samples(frame)));
            seconds += samples.len() / 8_000;
        }
    }
    assert!(seconds > 200, "{seconds} s of speech");
    assert_eq!(pressed, [], "in {seconds} s of speech");
}
