//! Any bytes as a stream: no panic, the same messages whatever the pieces, and never more held than a message and a read.
//!
//! The first byte says how long the pieces are.
#![no_main]

use dauys_sip::stream::{Frame, Framer};
use libfuzzer_sys::fuzz_target;

fn read<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> (Vec<Vec<u8>>, bool) {
    let (mut framer, mut got) = (Framer::new(), Vec::new());
    for chunk in chunks {
        framer.push(chunk);
        loop {
            match framer.next_frame() {
                Ok(Some(Frame::Message(bytes))) => got.push(bytes.to_vec()),
                Ok(Some(Frame::Ping)) => got.push(Vec::new()),
                Ok(None) => break,
                Err(_) => return (got, true),
            }
        }
    }
    (got, false)
}

fuzz_target!(|bytes: &[u8]| {
    let Some((size, stream)) = bytes.split_first() else { return };
    let whole = read(std::iter::once(stream));
    assert_eq!(read(stream.chunks(usize::from(*size).max(1))), whole);
});
