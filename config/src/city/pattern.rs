//! Phrases with alternatives: `(no|there is no) water (|again)` stands for four phrases.

/// Combinations up to which every one is spelt out; of more only so many that each alternative occurs.
const ALL: usize = 6;
/// Phrases that one pattern may stand for.
const MOST: usize = 16;

/// Spells out a pattern; a bracket without its partner stands for itself, and the checker finds it.
///
/// Where the combinations are many, a spread of them is taken in which each alternative occurs at least once.
pub(super) fn expand(pattern: &str) -> Vec<String> {
    let Some(parts) = parts(pattern) else { return vec![pattern.to_owned()] };
    let combinations = parts.iter().map(Vec::len).fold(1_usize, usize::saturating_mul);
    let longest = parts.iter().map(Vec::len).max().unwrap_or(1);
    let every = combinations <= ALL;
    let count = if every { combinations } else { longest.clamp(ALL, MOST) };
    let mut phrases: Vec<String> = Vec::with_capacity(count);
    for nth in 0..count {
        let mut left = nth;
        let mut phrase = String::with_capacity(pattern.len());
        for (at, part) in parts.iter().enumerate() {
            let size = part.len();
            let chosen = if every { left % size } else { (nth + at * (nth / size)) % size };
            left /= size;
            phrase.push_str(part.get(chosen).copied().unwrap_or_default());
        }
        let phrase = phrase.split_whitespace().collect::<Vec<_>>().join(" ").replace(" ?", "?");
        if !phrases.contains(&phrase) {
            phrases.push(phrase);
        }
    }
    phrases
}

/// Splits a pattern into lists of alternatives; `None` where the brackets do not match.
fn parts(pattern: &str) -> Option<Vec<Vec<&str>>> {
    let mut parts = Vec::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('(') {
        let (inside, behind) = after.split_once(')')?;
        if before.contains([')', '|']) || inside.contains('(') {
            return None;
        }
        parts.push(vec![before]);
        parts.push(inside.split('|').collect());
        rest = behind;
    }
    if rest.contains([')', '|']) {
        return None;
    }
    parts.push(vec![rest]);
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn alternatives_are_spelt_out() {
        assert_eq!(
            expand("(no|there is no) water(| again)?"),
            ["no water?", "there is no water?", "no water again?", "there is no water again?"]
        );
        assert_eq!(expand("no water"), ["no water"]);
        assert_eq!(expand("(no water"), ["(no water"], "left for the checker");
    }

    #[test]
    fn of_many_combinations_each_alternative_occurs() {
        let phrases = expand("(a|b|c|d|e|f|g|h) (1|2|3) (x|y|z)");
        assert_eq!(phrases.len(), 8);
        for word in "a b c d e f g h 1 2 3 x y z".split(' ') {
            assert!(phrases.iter().any(|p| p.split(' ').any(|w| w == word)), "{word}: {phrases:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_stands_for_few_phrases(text in "[a-c()| ?]{0,80}") {
            let phrases = expand(&text);
            prop_assert!(!phrases.is_empty() && phrases.len() <= MOST);
        }
    }
}
