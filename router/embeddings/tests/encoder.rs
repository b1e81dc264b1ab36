//! A tiny encoder on a real ONNX Runtime: what texts come to, and what is said of models that are none.

mod support;

use dauys_embeddings::{EmbeddingsError, TOKENS};
use support::{data, library, load};

fn nearness(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

#[test]
fn the_same_matter_lies_near_in_every_language() {
    let Some(encoder) = load("tiny") else { return };
    let vectors = encoder.unwrap().embed(&["нет воды", "су жоқ", "suv yo'q", "нет света"]).unwrap();
    let vectors: Vec<Vec<f32>> = vectors.into_iter().flatten().collect();
    let [water, su, suv, light] = vectors.as_slice() else { panic!("{vectors:?}") };
    assert!(nearness(water, su) > 0.8 && nearness(water, suv) > 0.8, "{vectors:?}");
    assert!(nearness(water, light) < 0.5, "{vectors:?}");
    assert!(vectors.iter().all(|vector| (nearness(vector, vector) - 1.0).abs() < 1e-5));
}

#[test]
fn a_text_comes_to_the_same_alone_and_beside_a_longer_one() {
    let Some(encoder) = load("tiny") else { return };
    let encoder = encoder.unwrap();
    let alone = encoder.embed(&["вода"]).unwrap();
    let beside = encoder.embed(&["собака укусила ребёнка возле школы и убежала", "вода"]).unwrap();
    let (alone, beside) = (alone[0].as_ref().unwrap(), beside[1].as_ref().unwrap());
    assert!(alone.iter().zip(beside).all(|(a, b)| (a - b).abs() < 1e-6), "padding was heard");
}

#[test]
fn more_texts_than_one_batch_keep_their_order() {
    let Some(encoder) = load("tiny") else { return };
    let encoder = encoder.unwrap();
    let texts: Vec<&str> = ["вода", "свет", "мусор"].into_iter().cycle().take(100).collect();
    let vectors = encoder.embed(&texts).unwrap();
    assert_eq!(vectors.len(), 100);
    assert_eq!(vectors, encoder.embed(&texts).unwrap());
    assert!(nearness(vectors[0].as_ref().unwrap(), vectors[99].as_ref().unwrap()) > 0.99);
}

#[test]
fn long_and_strange_texts_are_cut_and_never_an_error() {
    let Some(encoder) = load("tiny") else { return };
    let encoder = encoder.unwrap();
    let (long, longer) = ("вода ".repeat(TOKENS * 2), "ж".repeat(1_000_000));
    let texts = [long.as_str(), &longer, "", "   ", "\u{0}\u{202e}", "🚰🚰🚰", "水がない", "a\u{301}\u{301}\u{301}"];
    let vectors = encoder.embed(&texts).unwrap();
    assert!(vectors.iter().flatten().flatten().all(|value| value.is_finite()));
    let whole = encoder.embed(&["вода"]).unwrap();
    assert!(nearness(vectors[0].as_ref().unwrap(), whole[0].as_ref().unwrap()) > 0.9);
}

#[test]
fn a_vector_for_the_sentence_is_taken_as_it_is_and_a_model_may_have_a_name() {
    let Some(encoder) = load("tiny/sentence.onnx") else { return };
    let encoder = encoder.unwrap();
    assert!(encoder.name().starts_with("sentence-"), "{}", encoder.name());
    let vectors = encoder.embed(&["вода"]).unwrap();
    assert!(vectors[0].as_ref().unwrap().iter().all(|value| (value - (1.0 / 24.0_f32).sqrt()).abs() < 1e-5));
}

#[test]
fn the_name_is_that_of_the_folder_and_the_hash_that_of_the_bytes() {
    let Some(encoder) = load("tiny") else { return };
    let encoder = encoder.unwrap();
    assert_eq!(encoder.name(), format!("tiny-{}", &encoder.hash()[..6]));
    assert_ne!(encoder.hash(), load("tiny/sentence.onnx").unwrap().unwrap().hash());
}

#[test]
fn models_that_are_no_sentence_encoders_are_told() {
    for (model, told) in [
        ("tiny/pixels.onnx", "it takes pixels"),
        ("tiny/unmasked.onnx", "does not take attention_mask"),
        ("tiny/logits.onnx", "it gives logits"),
    ] {
        let Some(encoder) = load(model) else { return };
        let error = encoder.unwrap_err();
        assert!(matches!(error, EmbeddingsError::Shape { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(told) && text.contains("input_ids and attention_mask"), "{text}");
    }
}

#[test]
fn a_model_that_gives_another_shape_than_it_says_is_refused_at_once() {
    let Some(encoder) = load("tiny/liar.onnx") else { return };
    let text = encoder.unwrap_err().to_string();
    assert!(text.contains("last_hidden_state has the shape"), "{text}");
}

#[test]
fn damaged_files_are_errors() {
    let Some(library) = library() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (model, tokenizer) = (folder.path().join("model.onnx"), folder.path().join("tokenizer.json"));
    let load = || dauys_embeddings::Encoder::load(folder.path(), Some(&library)).unwrap_err();
    assert!(matches!(load(), EmbeddingsError::File { path, .. } if path == model));
    let whole = std::fs::read(data("tiny/model.onnx")).unwrap();
    std::fs::write(&model, &whole).unwrap();
    assert!(load().to_string().contains("tokenizer.json"), "the tokenizer is missing");
    std::fs::write(&tokenizer, "{}").unwrap();
    assert!(matches!(load(), EmbeddingsError::Tokenizer { .. }));
    std::fs::copy(data("tiny/tokenizer.json"), &tokenizer).unwrap();
    for bytes in [&b""[..], b"no model", &whole[..whole.len() / 2], &whole[..20]] {
        std::fs::write(&model, bytes).unwrap();
        let error = load();
        assert!(matches!(error, EmbeddingsError::Model { .. } | EmbeddingsError::Shape { .. }), "{error:?}");
    }
}

#[test]
fn tokenizers_with_a_byte_changed_stop_nothing() {
    let Some(library) = library() else { return };
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(data("tiny/model.onnx"), folder.path().join("model.onnx")).unwrap();
    let whole = std::fs::read(data("tiny/tokenizer.json")).unwrap();
    for at in (0..1400).step_by(3).chain((1400..whole.len()).step_by(101)) {
        let mut bytes = whole.clone();
        bytes[at] = if bytes[at] == b'9' { b'{' } else { b'9' };
        std::fs::write(folder.path().join("tokenizer.json"), bytes).unwrap();
        if let Ok(encoder) = dauys_embeddings::Encoder::load(folder.path(), Some(&library)) {
            let _ = encoder.embed(&["нет воды в доме", ""]);
        }
    }
}
