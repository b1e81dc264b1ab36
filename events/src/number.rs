//! The registration number that a citizen hears: ten digits, made without asking anyone, with a check digit.
//!
//! Layout: two digits of node, seven of that node's sequence, one check digit by Damm's algorithm (H. M. Damm, 2004),
//! which catches every single wrong digit and every swap of two neighbours: the slips of people who write down a number.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// The quasigroup of order 10 from Damm's thesis; its diagonal is zero, so a number followed by its check digit gives 0.
const DAMM: [[u8; 10]; 10] = [
    [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
    [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
    [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
    [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
    [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
    [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
    [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
    [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
    [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
    [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
];

/// A registration number: unique across nodes, ten digits, checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^[0-9]{10}$"))]
pub struct RegistrationNumber(u64);

/// Why a text is not a registration number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NumberError {
    /// Not exactly ten digits.
    #[error("a registration number has ten digits")]
    Form,
    /// The check digit does not fit: a digit was misheard or two were swapped.
    #[error("the check digit does not fit: one digit is wrong or two are swapped")]
    Check,
    /// The node or the sequence is out of its range.
    #[error("a node is 0 to 99 and its sequence 0 to 9,999,999")]
    Range,
}

impl RegistrationNumber {
    /// How many numbers one node can give.
    pub const SEQUENCES: u32 = 10_000_000;

    /// Makes the number of a node's place in its own sequence.
    ///
    /// # Errors
    /// [`NumberError::Range`] for a node above 99 or a sequence of [`Self::SEQUENCES`] or more.
    pub fn compose(node: u8, sequence: u32) -> Result<Self, NumberError> {
        if node > 99 || sequence >= Self::SEQUENCES {
            return Err(NumberError::Range);
        }
        let body = u64::from(node) * u64::from(Self::SEQUENCES) + u64::from(sequence);
        Ok(Self(body * 10 + u64::from(damm(body, 9))))
    }

    /// Returns the ten digits, as they are spoken one by one.
    pub fn digits(self) -> [u8; 10] {
        let mut digits = [0; 10];
        let mut rest = self.0;
        for digit in digits.iter_mut().rev() {
            *digit = (rest % 10) as u8;
            rest /= 10;
        }
        digits
    }
}

/// Returns the interim digit of `value` written with `width` digits.
fn damm(value: u64, width: u32) -> u8 {
    (0..width).rev().fold(0u8, |interim, place| {
        let digit = (value / 10u64.pow(place)) % 10;
        DAMM[interim as usize][digit as usize]
    })
}

impl fmt::Display for RegistrationNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:010}", self.0)
    }
}

impl FromStr for RegistrationNumber {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, NumberError> {
        if text.len() != 10 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NumberError::Form);
        }
        let value = text.parse().map_err(|_| NumberError::Form)?;
        if damm(value, 10) != 0 { Err(NumberError::Check) } else { Ok(Self(value)) }
    }
}

impl TryFrom<String> for RegistrationNumber {
    type Error = NumberError;
    fn try_from(text: String) -> Result<Self, NumberError> {
        text.parse()
    }
}

impl From<RegistrationNumber> for String {
    fn from(number: RegistrationNumber) -> Self {
        number.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn damm_agrees_with_the_published_example() {
        assert_eq!(damm(572, 3), 4);
    }

    proptest! {
        #[test]
        fn reads_back_and_catches_slips(node in 0u8..100, sequence in 0u32..RegistrationNumber::SEQUENCES, at in 0usize..10, by in 1u8..10) {
            let number = RegistrationNumber::compose(node, sequence).unwrap();
            let text = number.to_string();
            prop_assert_eq!(text.parse(), Ok(number));
            let mut wrong = text.clone().into_bytes();
            wrong[at] = (wrong[at] - b'0' + by) % 10 + b'0';
            prop_assert_eq!(String::from_utf8(wrong).unwrap().parse::<RegistrationNumber>(), Err(NumberError::Check));
            let mut swapped = text.into_bytes();
            let next = (at + 1) % 10;
            if next > at && swapped[at] != swapped[next] {
                swapped.swap(at, next);
                prop_assert_eq!(String::from_utf8(swapped).unwrap().parse::<RegistrationNumber>(), Err(NumberError::Check));
            }
        }

        #[test]
        fn any_text_is_refused_or_a_number(text in ".{0,16}") {
            if let Ok(number) = text.parse::<RegistrationNumber>() {
                prop_assert_eq!(number.to_string(), text);
            }
        }
    }

    #[test]
    fn ranges_are_kept() {
        assert_eq!(RegistrationNumber::compose(100, 0), Err(NumberError::Range));
        assert_eq!(RegistrationNumber::compose(0, RegistrationNumber::SEQUENCES), Err(NumberError::Range));
    }
}
