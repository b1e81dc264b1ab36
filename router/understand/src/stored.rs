//! A trained model as bytes: written after training, read at start, refused where a byte is not as it was written.

use thiserror::Error;

use crate::bytes::{Cursor, Writer};
use crate::calibration::Confidence;
use crate::features::{ByHash, Vocabulary};
use crate::learned::Learned;
use crate::linear::Linear;
use crate::spelling::Spelling;

/// Names the format; another number is another format.
const MAGIC: &[u8; 8] = b"DAUYSMW2";
/// Marks a phrase that was learned from, and on which the model was not judged.
pub(crate) const UNJUDGED: u16 = u16::MAX;

/// Says why bytes are no model for this city.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub enum ModelError {
    /// The bytes are something else, or another version of dauys wrote them.
    #[error("this is no model of this version of dauys")]
    Format,
    /// The file was cut short or changed.
    #[error("the model is damaged")]
    Damaged,
    /// The city's categories are others than those that the model knows.
    #[error("the model was trained for other categories than the city pack has")]
    OtherCategories,
}

/// What is kept of a training.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) version: String,
    /// What the model was trained on, without the corrections.
    pub(crate) fingerprint: u64,
    pub(crate) classes: Vec<String>,
    pub(crate) learned: Learned,
    /// What danger sounds like.
    pub(crate) alarm: Learned,
    /// What each phrase was taken for by a model that had not met it: phrase and class.
    pub(crate) outcomes: Vec<(u64, u16)>,
}

impl Stored {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::new(MAGIC);
        out.text(&self.version);
        out.number(self.fingerprint);
        out.list(&self.classes, |out, class| out.text(class));
        out.learned(&self.learned);
        out.learned(&self.alarm);
        out.list(&self.outcomes, |out, (phrase, class)| {
            out.number(*phrase);
            out.raw(&class.to_le_bytes());
        });
        out.sealed()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        if !bytes.starts_with(MAGIC) {
            return Err(ModelError::Format);
        }
        Cursor::open(MAGIC, bytes).and_then(|mut from| Self::read(&mut from)).ok_or(ModelError::Damaged)
    }

    fn read(from: &mut Cursor<'_>) -> Option<Self> {
        let version = from.text()?;
        let fingerprint = from.number()?;
        let classes = from.list(Cursor::text)?;
        let learned = from.learned()?;
        let alarm = from.learned()?;
        let outcomes = from.list(|from| Some((from.number()?, u16::from_le_bytes(from.array()?))))?;
        let sound = learned.linear.width == classes.len() + 1 && from.is_empty();
        sound.then_some(Self { version, fingerprint, classes, learned, alarm, outcomes })
    }
}

impl Writer {
    fn learned(&mut self, learned: &Learned) {
        let mut keys: Vec<(u32, u64)> = learned.vocabulary.indices.iter().map(|(key, index)| (*index, *key)).collect();
        keys.sort_unstable();
        self.list(&keys, |out, (_, key)| out.number(*key));
        self.floats(&learned.vocabulary.rarity);
        self.list(learned.spelling.words(), |out, word| out.text(word));
        self.number(learned.linear.width as u64);
        self.list(&learned.linear.weights, |out, weight| out.raw(&weight.to_le_bytes()));
        self.floats(&learned.linear.scales);
        self.floats(&learned.linear.bias);
        self.floats(&[learned.temperature]);
        self.floats(&learned.confidence.weights);
    }
}

impl Cursor<'_> {
    fn learned(&mut self) -> Option<Learned> {
        let keys = self.numbers()?;
        let rarity = self.floats()?;
        let words = self.list(Cursor::text)?;
        let width = usize::try_from(self.number()?).ok()?;
        let length = self.length()?;
        let weights: Vec<i8> = self.take(length)?.iter().map(|byte| byte.cast_signed()).collect();
        let scales = self.floats()?;
        let bias = self.floats()?;
        let temperature = *self.floats()?.first()?;
        let confidence = Confidence { weights: self.floats()?.try_into().ok()? };
        let features = keys.len();
        let sound = rarity.len() == features
            && scales.len() == features
            && width >= 1
            && bias.len() == width
            && Some(weights.len()) == features.checked_mul(width)
            && temperature > 0.0;
        let mut indices = ByHash::with_capacity_and_hasher(features, Default::default());
        for (index, key) in keys.into_iter().enumerate() {
            indices.insert(key, u32::try_from(index).ok()?);
        }
        let learned = Learned {
            vocabulary: Vocabulary { indices, rarity },
            spelling: Spelling::new(words),
            linear: Linear { weights, scales, bias, width },
            temperature,
            confidence,
        };
        sound.then_some(learned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::Counter;
    use proptest::prelude::*;

    fn small() -> Stored {
        let learned = Learned {
            vocabulary: Counter::default().vocabulary(),
            spelling: Spelling::new(vec!["kanalizatsiya".to_owned()]),
            linear: Linear { weights: Vec::new(), scales: Vec::new(), bias: vec![0.0; 3], width: 3 },
            temperature: 1.0,
            confidence: Confidence::default(),
        };
        let classes = vec!["water".to_owned(), "roof".to_owned()];
        let alarm = learned.clone();
        Stored {
            version: "x-1".to_owned(),
            fingerprint: 7,
            classes,
            learned,
            alarm,
            outcomes: vec![(9, 1), (11, UNJUDGED)],
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = small().to_bytes();
        assert_eq!(Stored::from_bytes(&bytes).map(|stored| stored.to_bytes()), Ok(bytes));
    }

    proptest! {
        #[test]
        fn no_bytes_stop_the_reader(at in 8_usize..200, value: u8, cut in 0_usize..200) {
            let mut bytes = small().to_bytes();
            bytes.truncate(bytes.len() - 4);
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
            bytes.truncate(bytes.len().saturating_sub(cut).max(8));
            let sum = crc32fast::hash(&bytes);
            bytes.extend(sum.to_le_bytes());
            if let Ok(stored) = Stored::from_bytes(&bytes) {
                prop_assert_eq!(stored.learned.linear.width, stored.classes.len() + 1);
            }
        }
    }
}
