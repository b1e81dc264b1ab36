//! How well a text compresses: what goes round in circles, even with small changes, takes little room.

/// The level of `zlib` that Whisper's own limit was found with.
const LEVEL: u8 = 6;

/// Returns the size of a text over its size compressed; above 1 for all but the shortest.
pub(crate) fn ratio(text: &str) -> f32 {
    let packed = miniz_oxide::deflate::compress_to_vec_zlib(text.as_bytes(), LEVEL);
    text.len() as f32 / packed.len().max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::ratio;

    #[test]
    fn speech_compresses_little_and_circles_compress_well() {
        let speech = "скажите пожалуйста не работает светофор на проспекте абая дом двадцать девять уже третий день";
        assert!(ratio(speech) < 2.0, "{}", ratio(speech));
        let circles = "на улице абая на улице темно на улице абая дом на улице темно ".repeat(6);
        assert!(ratio(&circles) > 2.4, "{}", ratio(&circles));
        assert!(ratio("") < 1.0);
    }
}
