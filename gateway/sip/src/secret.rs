//! Unguessable identifiers without a source of randomness: SipHash-2-4 keyed by a seed that the shell draws once.

/// A keyed hash that doubles as a generator: what it yields can be foretold only with the seed.
#[derive(Clone)]
pub struct Secret {
    key: (u64, u64),
    stream: (u64, u64),
    counter: u64,
}

impl Secret {
    /// Takes 32 random bytes: 16 for hashing, 16 for the stream.
    #[must_use]
    pub fn new(seed: [u8; 32]) -> Self {
        let word = |at: usize| {
            let mut bytes = [0; 8];
            bytes.iter_mut().zip(seed.iter().skip(at)).for_each(|(to, from)| *to = *from);
            u64::from_le_bytes(bytes)
        };
        Self { key: (word(0), word(8)), stream: (word(16), word(24)), counter: 0 }
    }

    /// The next value of the stream.
    pub fn draw(&mut self) -> u64 {
        self.counter = self.counter.wrapping_add(1);
        siphash(self.stream, &[&self.counter.to_le_bytes()])
    }

    /// 32 bytes of the stream, as a key for something else.
    pub fn draw_key(&mut self) -> [u8; 32] {
        let mut key = [0; 32];
        for eight in key.chunks_exact_mut(8) {
            eight.copy_from_slice(&self.draw().to_le_bytes());
        }
        key
    }

    /// The keyed hash of some parts, each ended so that their borders count.
    #[must_use]
    pub fn hash(&self, parts: &[&[u8]]) -> u64 {
        siphash(self.key, parts)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

fn round(v: &mut [u64; 4]) {
    let [a, b, c, d] = v;
    *a = a.wrapping_add(*b);
    *b = b.rotate_left(13) ^ *a;
    *a = a.rotate_left(32);
    *c = c.wrapping_add(*d);
    *d = d.rotate_left(16) ^ *c;
    *a = a.wrapping_add(*d);
    *d = d.rotate_left(21) ^ *a;
    *c = c.wrapping_add(*b);
    *b = b.rotate_left(17) ^ *c;
    *c = c.rotate_left(32);
}

/// SipHash-2-4 (Aumasson and Bernstein, 2012) over the parts, each followed by a byte that text does not hold.
fn siphash(key: (u64, u64), parts: &[&[u8]]) -> u64 {
    let mut v = [
        key.0 ^ 0x736f_6d65_7073_6575,
        key.1 ^ 0x646f_7261_6e64_6f6d,
        key.0 ^ 0x6c79_6765_6e65_7261,
        key.1 ^ 0x7465_6462_7974_6573,
    ];
    let mut absorb = |word: u64| {
        v[3] ^= word;
        round(&mut v);
        round(&mut v);
        v[0] ^= word;
    };
    let (mut word, mut length) = (0u64, 0u64);
    let ended = parts.iter().enumerate().flat_map(|(at, part)| {
        let end = (at + 1 < parts.len()).then_some(0xff);
        part.iter().copied().chain(end)
    });
    for byte in ended {
        word |= u64::from(byte) << (8 * (length % 8));
        length += 1;
        if length.is_multiple_of(8) {
            absorb(word);
            word = 0;
        }
    }
    absorb(word | (length << 56));
    v[2] ^= 0xff;
    for _ in 0..4 {
        round(&mut v);
    }
    v[0] ^ v[1] ^ v[2] ^ v[3]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_published_vector() {
        let key = (0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908);
        let input: Vec<u8> = (0..15).collect();
        assert_eq!(siphash(key, &[&input]), 0xa129_ca61_49be_45e5);
    }

    #[test]
    fn borders_between_parts_count() {
        let secret = Secret::new([7; 32]);
        assert_ne!(secret.hash(&[b"ab", b"c"]), secret.hash(&[b"a", b"bc"]));
    }

    #[test]
    fn the_stream_does_not_repeat_itself() {
        let mut secret = Secret::new([7; 32]);
        let drawn: std::collections::HashSet<u64> = (0..10_000).map(|_| secret.draw()).collect();
        assert_eq!(drawn.len(), 10_000);
    }
}
