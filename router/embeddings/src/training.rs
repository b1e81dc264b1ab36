//! Learning on a city's phrases: vectors for those that have none yet, a head, an honest temperature, and how much say it gets.

use dauys_config::city::City;
use dauys_understand::{Comparison, Correction, Lesson, Lessons, fingerprint};
use sha2::{Digest, Sha256};

use crate::encoder::Encoder;
use crate::error::EmbeddingsError;
use crate::head::Head;
use crate::learned::Learned;
use crate::vectors::Vectors;

/// Changes with every change of what training makes of the same phrases.
const TRAINER: u64 = 1;
/// Texts after which progress is told: a real encoder takes minutes for all.
const TOLD: usize = 512;
/// Letters of the hash that stand in a version.
const HASH_LETTERS: usize = 10;

/// Names what an encoder, a pack and corrections would come to; another name asks for training.
#[must_use]
pub fn version(encoder: &Encoder, city: &City, corrections: &[Correction]) -> String {
    let mut digest = Sha256::new();
    digest.update(TRAINER.to_le_bytes());
    digest.update(encoder.hash().as_bytes());
    digest.update(fingerprint(city).to_le_bytes());
    for correction in corrections {
        for part in [&correction.category, &correction.text] {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part.as_bytes());
        }
    }
    let hash: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}.{}", encoder.name(), hash.get(..HASH_LETTERS).unwrap_or_default())
}

/// Learns from a city's phrases and from corrections. `vectors` holds those that are known and gets those that were not; `weight`
/// is the say beside the words, or none to choose the best.
///
/// # Errors
/// Where the encoder fails, or there is next to nothing to learn from.
pub fn learn(
    encoder: &Encoder,
    city: &City,
    corrections: &[Correction],
    vectors: &mut Vectors,
    weight: Option<f32>,
) -> Result<(Learned, Comparison), EmbeddingsError> {
    let lessons = Lessons::read(city, corrections);
    embed(encoder, lessons.all(), vectors)?;
    let vectors: Vec<Option<&[f32]>> = lessons.all().iter().map(|lesson| vectors.get(&lesson.text)).collect();
    let known = || lessons.all().iter().zip(&vectors).filter_map(|(lesson, vector)| Some((lesson, (*vector)?)));
    let count = known().count();
    if count < lessons.classes() {
        return Err(EmbeddingsError::Phrases(count));
    }
    tracing::info!(phrases = count, "a head is trained on the vectors of the phrases");
    let train = |of: &dyn Fn(&Lesson) -> bool| {
        let samples: Vec<(&[f32], usize)> =
            known().filter(|(l, _)| of(l)).map(|(l, vector)| (vector, l.class)).collect();
        Head::train(&samples, lessons.classes())
    };
    // The one that is judged has not met what is held out; the one that is used has met everything.
    let (judged, head) = std::thread::scope(|scope| {
        let judged = scope.spawn(|| train(&|lesson| !lesson.held_out));
        let head = train(&|_| true);
        (judged.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), head)
    });
    let opinions = |temperature: f32| -> Vec<Option<Vec<f32>>> {
        let held = lessons.all().iter().zip(&vectors);
        held.map(|(lesson, vector)| judged.weigh((*vector).filter(|_| lesson.held_out)?, temperature)).collect()
    };
    let temperature = lessons.temperature(&opinions(1.0));
    let (joint, comparison) = lessons.join(&opinions(temperature), weight);
    let learned = Learned {
        version: version(encoder, city, corrections),
        encoder: encoder.hash().to_owned(),
        fingerprint: fingerprint(city),
        classes: city.taxonomy.categories.iter().map(|category| category.code.clone()).collect(),
        asked_weight: weight.unwrap_or(0.0),
        head,
        temperature,
        joint,
    };
    Ok((learned, comparison))
}

/// Computes the vectors that are not known yet, and forgets those of other texts.
fn embed(encoder: &Encoder, lessons: &[Lesson], vectors: &mut Vectors) -> Result<(), EmbeddingsError> {
    vectors.keep(lessons.iter().map(|lesson| lesson.text.as_str()));
    let new: Vec<&str> = lessons.iter().map(|l| l.text.as_str()).filter(|text| !vectors.knows(text)).collect();
    for (part, texts) in new.chunks(TOLD).enumerate() {
        for (text, vector) in texts.iter().zip(encoder.embed(texts)?) {
            vectors.insert(text, vector);
        }
        let done = part * TOLD + texts.len();
        tracing::info!(
            done,
            of = new.len(),
            "phrases are turned into vectors; they are kept, and only new ones next time"
        );
    }
    Ok(())
}
