//! The most probable token at each step, read from what a state has encoded already. whisper.cpp's own reading would encode the
//! stretch once more, and sorts out what each of its 51,865 tokens is worth two more times than greed needs.

use whisper_rs::{WhisperContext, WhisperError, WhisperState, WhisperTokenId};

/// What was read, with the evidence.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reading {
    pub text: String,
    /// The average natural log-probability of the words' tokens; 0 without any.
    pub average: f32,
    /// The log-probability of the least sure of them.
    pub worst: f32,
    pub no_speech: f32,
}

/// Start, language, task and no timestamps.
const PROMPT: usize = 4;

/// Reads the words of the stretch that `state` has encoded, in the language of the token `language`, after the words `before`.
pub(super) fn read(
    context: &WhisperContext,
    state: &mut WhisperState,
    language: i32,
    before: &[WhisperTokenId],
    threads: usize,
) -> Result<Reading, WhisperError> {
    let end = context.token_eot();
    // whisper.cpp's own limit: half of the text context, less the prompt.
    let most = usize::try_from(context.n_text_ctx() / 2).unwrap_or(0).saturating_sub(PROMPT);
    let mut past = 0;
    if !before.is_empty() {
        state.decode(&[context.token_prev()], 0, threads)?;
        state.decode(before, 1, threads)?;
        past = 1 + before.len();
    }
    // One at a time where the logits are looked at: of several tokens, whisper.cpp puts those of the last one last, and
    // `get_logits` shows the first ones, which are then left from the decoding before.
    state.decode(&[context.token_sot()], past, threads)?;
    let no_speech = share(state.get_logits()?, context.token_nosp());
    state.decode(&[language, context.token_transcribe()], past + 1, threads)?;
    state.decode(&[context.token_not()], past + 3, threads)?;
    past += PROMPT;
    let (mut bytes, mut tokens, mut sum, mut worst) = (Vec::new(), 0usize, 0f32, 0f32);
    // The first token must be a word: neither the end nor a lone space.
    let space = context.tokenize(" ", 1).ok().and_then(|tokens| tokens.first().copied()).unwrap_or(end);
    while tokens < most {
        let barred = if tokens == 0 { [end, space] } else { [-1, -1] };
        let (token, probability) = best(state.get_logits()?, end, barred).ok_or(WhisperError::InvalidText)?;
        if token == end {
            break;
        }
        bytes.extend_from_slice(context.token_to_bytes(token)?);
        sum += probability;
        worst = worst.min(probability);
        tokens += 1;
        state.decode(&[token], past + tokens - 1, threads)?;
    }
    Ok(Reading {
        text: String::from_utf8_lossy(&bytes).trim().to_owned(),
        average: if tokens == 0 { 0.0 } else { sum / tokens as f32 },
        worst,
        no_speech,
    })
}

/// The most probable token up to the end-of-text token (what comes after it is no text) and its log-probability among those.
fn best(logits: &[f32], end: i32, barred: [i32; 2]) -> Option<(i32, f32)> {
    let text = logits.get(..=usize::try_from(end).ok()?)?;
    let allowed = |token: i32| !barred.contains(&token);
    let (token, most) = (0..)
        .zip(text)
        .filter(|&(token, logit)| allowed(token) && !logit.is_nan())
        .fold((-1, f32::NEG_INFINITY), |best, (token, &logit)| if logit > best.1 { (token, logit) } else { best });
    let barred = barred.iter().filter_map(|&token| text.get(usize::try_from(token).ok()?).copied());
    let total = weight(text.iter().copied(), most) - weight(barred, most);
    (token >= 0).then(|| (token, -total.max(1.0).ln()))
}

/// What logits weigh together, the most probable one being 1. Fifty thousand tokens that weigh e⁻²⁵ each come to a
/// millionth: they are left out, and with them most of the work.
fn weight(logits: impl Iterator<Item = f32>, most: f32) -> f32 {
    logits.filter(|logit| logit - most > -25.0).map(|logit| (logit - most).exp()).sum()
}

/// The probability of one token among all.
fn share(logits: &[f32], token: i32) -> f32 {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let total = weight(logits.iter().copied(), most);
    let own = usize::try_from(token).ok().and_then(|token| logits.get(token));
    own.map_or(0.0, |logit| (logit - most).exp() / total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_probable_text_token_is_taken_and_what_follows_the_end_is_not() {
        let (token, probability) = best(&[0.0, 1.0, 0.0, 9.0], 2, [-1, -1]).expect("a token");
        assert_eq!(token, 1);
        let total = 1f32.exp() + 2.0;
        assert!((probability - (1f32.exp() / total).ln()).abs() < 1e-6);
    }

    #[test]
    fn a_barred_token_is_neither_taken_nor_counted() {
        assert_eq!(best(&[0.0, 5.0, 5.0], 2, [1, 2]), Some((0, 0.0)));
        assert_eq!(best(&[f32::NAN, f32::NAN], 1, [-1, -1]), None);
        assert_eq!(best(&[0.0], 4, [-1, -1]), None);
    }

    #[test]
    fn a_token_has_its_share_of_all() {
        assert!((share(&[0.0, 0.0, 0.0, 0.0], 3) - 0.25).abs() < 1e-6);
        assert!(share(&[0.0], 3) < f32::EPSILON);
    }
}
