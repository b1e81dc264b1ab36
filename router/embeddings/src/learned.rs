//! What training leaves behind beside a model's file, as bytes: the head, its temperature, and how it is joined with the words.

use dauys_understand::Joint;
use dauys_understand::bytes::{Cursor, Writer};

use crate::head::Head;

/// Names the format; another number is another format.
const FORMAT: &[u8; 8] = b"DAUYSEH1";

/// A trained head and all that it needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Learned {
    /// Names the encoder and what was learned from.
    pub version: String,
    /// [`crate::Encoder::hash`] of the encoder whose vectors it learned from.
    pub encoder: String,
    /// [`dauys_understand::fingerprint`] of the pack.
    pub fingerprint: u64,
    /// Category codes, in the order of the taxonomy.
    pub classes: Vec<String>,
    /// The say that the settings gave it; 0 where training chose.
    pub asked_weight: f32,
    /// The regression.
    pub head: Head,
    /// The temperature at which its probabilities are honest.
    pub temperature: f32,
    /// How it is joined with the words.
    pub joint: Joint,
}

impl Learned {
    /// Writes everything.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::new(FORMAT);
        out.text(&self.version);
        out.text(&self.encoder);
        out.number(self.fingerprint);
        out.list(&self.classes, |out, class| out.text(class));
        out.floats(&[self.asked_weight, self.temperature]);
        self.head.write(&mut out);
        out.floats(&self.joint.numbers());
        out.sealed()
    }

    /// Reads what [`Learned::to_bytes`] wrote; `None` where it is damaged.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut from = Cursor::open(FORMAT, bytes)?;
        let (version, encoder, fingerprint) = (from.text()?, from.text()?, from.number()?);
        let classes = from.list(Cursor::text)?;
        let [asked_weight, temperature] = from.floats()?.try_into().ok()?;
        let head = Head::read(&mut from)?;
        let joint = Joint::from_numbers(&from.floats()?)?;
        let sound = from.is_empty() && temperature > 0.0 && head.classes() == classes.len();
        sound.then_some(Self { version, encoder, fingerprint, classes, asked_weight, head, temperature, joint })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn some() -> Learned {
        Learned {
            version: "tiny-0123456789".to_owned(),
            encoder: "abc".to_owned(),
            fingerprint: 7,
            classes: vec!["water".to_owned(), "roof".to_owned()],
            asked_weight: 0.0,
            head: Head::train(&[(&[1.0, 0.0], 0), (&[0.0, 1.0], 1)], 2),
            temperature: 0.9,
            joint: Joint::from_numbers(&[0.3, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]).unwrap(),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(Learned::from_bytes(&some().to_bytes()), Some(some()));
        assert_eq!(Learned::from_bytes(b""), None);
    }

    proptest! {
        #[test]
        fn no_bytes_stop_the_reader(at in 0_usize..200, value: u8, cut in 0_usize..200) {
            let bytes = some().to_bytes();
            let mut body = bytes.get(8..bytes.len() - 4).unwrap().to_vec();
            if let Some(byte) = body.get_mut(at) {
                *byte = value;
            }
            body.truncate(body.len().saturating_sub(cut));
            let mut out = Writer::new(FORMAT);
            out.raw(&body);
            if let Some(learned) = Learned::from_bytes(&out.sealed()) {
                let vector = vec![0.0; learned.head.width()];
                let probabilities = learned.head.weigh(&vector, learned.temperature).unwrap();
                prop_assert_eq!(probabilities.len(), learned.classes.len());
            }
        }
    }
}
