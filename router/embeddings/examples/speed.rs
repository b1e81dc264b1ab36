//! Prints what a sentence encoder costs: `cargo run --release -p dauys-embeddings --example speed -- MODEL [LIBRARY]`.

#![expect(clippy::print_stdout, reason = "an example prints")]
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]

use std::path::Path;
use std::time::Instant;

use dauys_embeddings::{EmbeddingsError, Encoder};

/// What callers say, short and long.
const SAID: [&str; 4] = [
    "нет воды",
    "ауламызда жарық жанбайды, кеше кештен бері қараңғы",
    "ko'chamizda chiqindi bir haftadan beri olib ketilmayapti",
    "здравствуйте, у нас во дворе собака укусила ребёнка возле школы и убежала, приезжайте пожалуйста",
];
const ROUNDS: usize = 500;

fn main() -> Result<(), EmbeddingsError> {
    let mut arguments = std::env::args().skip(1);
    let model = arguments.next().unwrap_or_default();
    let library = arguments.next();
    let began = Instant::now();
    let encoder = Encoder::load(Path::new(&model), library.as_deref().map(Path::new))?;
    println!("{}: loaded in {:?}", encoder.name(), began.elapsed());
    let batch: Vec<&str> = SAID.into_iter().cycle().take(32).collect();
    let alone: Vec<&[&str]> = SAID.iter().map(std::slice::from_ref).collect();
    for (name, calls) in [("alone", alone), ("32 together", vec![batch.as_slice()])] {
        let (began, mut embedded) = (Instant::now(), 0_u32);
        for texts in calls.into_iter().cycle().take(ROUNDS) {
            embedded += encoder.embed(texts)?.iter().map(|vector| u32::from(vector.is_some())).sum::<u32>();
        }
        println!("{name}: {embedded} texts of {:?}", began.elapsed() / embedded.max(1));
    }
    Ok(())
}
