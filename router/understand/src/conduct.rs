//! How a caller behaves: swearing, and calls that are a joke. It never decides what the call is about.

use crate::text::Text;
use crate::understanding::Conduct;

const TABLE: &str = include_str!("../data/conduct.txt");

/// Knows words of abuse and of jokes.
#[derive(Debug)]
pub(crate) struct Manners {
    /// Beginnings of words, folded, with what they are a sign of; two words stand with a space between.
    signs: Vec<(String, Conduct)>,
}

impl Manners {
    pub(crate) fn new() -> Self {
        let mut signs = Vec::new();
        for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
            let (conduct, words) = match line.split_once(':') {
                Some(("abuse", words)) => (Conduct::Abusive, words),
                Some(("joke", words)) => (Conduct::Prank, words),
                _ => continue,
            };
            for sign in words.split_whitespace() {
                let folded: Vec<String> =
                    sign.trim_end_matches('$').split('_').map(crate::fold::fold).filter(|w| !w.is_empty()).collect();
                let end = if sign.ends_with('$') { " " } else { "" };
                signs.push((format!(" {}{end}", folded.join(" ")), conduct));
            }
        }
        Self { signs }
    }

    /// Says how the caller behaves; abuse is told before a joke.
    pub(crate) fn of(&self, text: &Text) -> Conduct {
        let heard = self.signs.iter().filter(|(sign, _)| text.line.contains(sign.as_str()));
        heard.map(|(_, conduct)| *conduct).max().unwrap_or(Conduct::Ordinary)
    }
}
