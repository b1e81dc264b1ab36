//! What recognisers do to words: they drop them, hear similar ones, cut endings, join and split. Seeded.

/// Makes errors in a share of the words.
#[derive(Debug)]
pub struct Noise {
    state: u64,
    percent: u64,
    words: Vec<String>,
}

/// Sounds that are taken for each other, both ways.
const SOUNDS: &[(char, char)] = &[
    ('о', 'а'),
    ('е', 'и'),
    ('д', 'т'),
    ('б', 'п'),
    ('г', 'к'),
    ('з', 'с'),
    ('ж', 'ш'),
    ('в', 'ф'),
    ('қ', 'к'),
    ('ғ', 'г'),
    ('ң', 'н'),
    ('ө', 'о'),
    ('ұ', 'у'),
    ('ү', 'у'),
    ('і', 'ы'),
    ('ә', 'а'),
    ('o', 'a'),
    ('e', 'i'),
    ('d', 't'),
    ('b', 'p'),
    ('g', 'k'),
    ('z', 's'),
    ('q', 'k'),
    ('x', 'h'),
    ('u', 'o'),
];

impl Noise {
    /// Prepares errors in `percent` of the words; similar words are taken from `vocabulary`.
    #[must_use]
    pub fn new(percent: u64, seed: u64, vocabulary: &[&str]) -> Self {
        let mut words: Vec<String> = vocabulary
            .iter()
            .flat_map(|text| text.split_whitespace())
            .filter(|word| word.chars().count() >= 3)
            .map(str::to_owned)
            .collect();
        words.sort_unstable();
        words.dedup();
        Self { state: seed, percent, words }
    }

    fn below(&mut self, bound: usize) -> usize {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.state >> 33) % (bound.max(1) as u64)).unwrap_or(0)
    }

    fn hit(&mut self) -> bool {
        (self.below(100) as u64) < self.percent
    }

    /// Gives the text as a recogniser with these errors would write it.
    pub fn spoil(&mut self, text: &str) -> String {
        let words: Vec<&str> = text.split_whitespace().collect();
        let mut out: Vec<String> = Vec::with_capacity(words.len());
        let mut join = false;
        for word in &words {
            let spoilt = if self.hit() { self.error(word, &mut join) } else { Some((*word).to_owned()) };
            match (spoilt, out.last_mut()) {
                (Some(word), Some(last)) if join && !last.is_empty() => {
                    last.push_str(&word);
                    join = false;
                }
                (Some(word), _) => out.push(word),
                (None, _) => {}
            }
        }
        if out.is_empty() { text.to_owned() } else { out.join(" ") }
    }

    fn error(&mut self, word: &str, join: &mut bool) -> Option<String> {
        let letters: Vec<char> = word.chars().collect();
        match self.below(20) {
            0..4 => None,
            4..8 => Some(self.similar(word)),
            8..12 => Some(self.sound(&letters)),
            12..16 if letters.len() > 4 => {
                let cut = 1 + self.below(2);
                Some(letters.iter().take(letters.len() - cut).collect())
            }
            16..18 if letters.len() > 5 => {
                let at = 2 + self.below(letters.len() - 4);
                Some(letters.iter().take(at).chain(&[' ']).chain(letters.iter().skip(at)).collect())
            }
            18.. => {
                *join = true;
                Some(word.to_owned())
            }
            _ => Some(self.sound(&letters)),
        }
    }

    /// Takes the most similar other word, among a few hundred that are looked at.
    fn similar(&mut self, word: &str) -> String {
        let start = self.below(self.words.len());
        let seen = self.words.iter().cycle().skip(start).take(600).filter(|other| *other != word);
        let best = seen.min_by_key(|other| strsim::levenshtein(other, word));
        best.cloned().unwrap_or_else(|| word.to_owned())
    }

    /// Takes one sound for another, or drops it where none resembles it.
    fn sound(&mut self, letters: &[char]) -> String {
        let at = self.below(letters.len());
        let swap = |letter: char| {
            SOUNDS.iter().find_map(|(a, b)| {
                if *a == letter {
                    Some(*b)
                } else if *b == letter {
                    Some(*a)
                } else {
                    None
                }
            })
        };
        let changed = letters.iter().enumerate().filter_map(|(place, letter)| match (place == at, swap(*letter)) {
            (false, _) => Some(*letter),
            (true, other) => other,
        });
        changed.collect()
    }
}
