//! How what was learned is kept as bytes: little-endian numbers, lists with their length before them, a checksum at the end.

/// Longest list that is believed, in entries.
const LONGEST: usize = 1 << 28;

/// Writes bytes that a [`Cursor`] reads.
#[derive(Debug)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// Begins with the name of a format; another name is another format.
    #[must_use]
    pub fn new(format: &[u8; 8]) -> Self {
        Self { bytes: format.to_vec() }
    }

    /// Writes bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    /// Writes a number.
    pub fn number(&mut self, number: u64) {
        self.raw(&number.to_le_bytes());
    }

    /// Writes a text and its length.
    pub fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.raw(text.as_bytes());
    }

    /// Writes the length of a list and, one after another, what is in it.
    pub fn list<T>(&mut self, items: &[T], write: impl Fn(&mut Self, &T)) {
        self.number(items.len() as u64);
        for item in items {
            write(self, item);
        }
    }

    /// Writes a list of floating-point numbers.
    pub fn floats(&mut self, floats: &[f32]) {
        self.list(floats, |out, float| out.raw(&float.to_le_bytes()));
    }

    /// Ends with the checksum.
    #[must_use]
    pub fn sealed(mut self) -> Vec<u8> {
        let sum = crc32fast::hash(&self.bytes);
        self.raw(&sum.to_le_bytes());
        self.bytes
    }
}

/// Reads what a [`Writer`] wrote; every method gives `None` where the bytes are not that.
#[derive(Debug)]
pub struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// Checks the format's name and the checksum.
    #[must_use]
    pub fn open(format: &[u8; 8], bytes: &'a [u8]) -> Option<Self> {
        let (body, sum) = bytes.split_last_chunk::<4>()?;
        let rest = body.strip_prefix(format)?;
        (crc32fast::hash(body) == u32::from_le_bytes(*sum)).then_some(Self { rest })
    }

    /// Says whether everything was read.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Reads bytes as they are.
    pub fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    /// Reads a fixed number of bytes.
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    /// Reads a number.
    pub fn number(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.array()?))
    }

    /// Reads the length of a list; every entry takes a byte at least, so that none is longer than what is left.
    pub fn length(&mut self) -> Option<usize> {
        let length = usize::try_from(self.number()?).ok()?;
        (length <= LONGEST && length <= self.rest.len()).then_some(length)
    }

    /// Reads a text.
    pub fn text(&mut self) -> Option<String> {
        let length = self.length()?;
        String::from_utf8(self.take(length)?.to_vec()).ok()
    }

    /// Reads a list.
    pub fn list<T>(&mut self, mut read: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let length = self.length()?;
        (0..length).map(|_| read(self)).collect()
    }

    /// Reads a list of numbers.
    pub fn numbers(&mut self) -> Option<Vec<u64>> {
        let length = self.length()?;
        let (numbers, _) = self.take(length.checked_mul(8)?)?.as_chunks::<8>();
        Some(numbers.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect())
    }

    /// Reads a list of floating-point numbers, none of which is infinite or no number.
    pub fn floats(&mut self) -> Option<Vec<f32>> {
        let length = self.length()?;
        let (floats, _) = self.take(length.checked_mul(4)?)?.as_chunks::<4>();
        let floats: Vec<f32> = floats.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        floats.iter().all(|float| float.is_finite()).then_some(floats)
    }
}
