//! One cell of text: a number, a boolean, a date, or a word for nothing.
//!
//! | file | what |
//! |---|---|
//! | `quantity` | numbers with decimal marks, thousands, currencies, units |
//! | `date`, `tokens`, `clock` | dates and times of day |
//! | `vector` | lists of numbers |
//! | `missing` | words that say that a value is missing |

mod clock;
mod date;
mod missing;
mod quantity;
mod tokens;
mod vector;

pub(crate) use date::{FORMS, OPEN_ORDER, TIME_ALONE, Written, counted, date};
pub(crate) use missing::{WordSet, marker, usual_words};
pub(crate) use quantity::{Quantity, is_currency, is_share, quantity};
pub(crate) use vector::{vector, vector_bytes};

/// [`str::trim`], at once where both ends are plain.
pub(crate) fn trim(text: &str) -> &str {
    match text.as_bytes() {
        [first, .., last] | [first @ last] if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        _ => text.trim(),
    }
}

/// Whether a number is written with a leading zero (`00123`), as codes are and quantities are not.
pub(crate) fn leading_zero(text: &str) -> bool {
    let bytes = trim(text).as_bytes();
    bytes.len() > 1 && bytes[0] == b'0' && bytes[1].is_ascii_digit()
}

/// Pairs of words for no and yes. A boolean column uses one pair throughout.
const PAIRS: [(&str, &str); 7] =
    [("false", "true"), ("no", "yes"), ("否", "是"), ("假", "真"), ("f", "t"), ("n", "y"), ("0", "1")];

/// The pairs whose words say yes or no even where only one of the two occurs.
pub(crate) const PLAIN_PAIRS: u8 = 0b1111;

/// Reads yes or no: the position of the pair of words as a bit, and the value.
pub(crate) fn boolean(text: &str) -> Option<(u8, bool)> {
    let text = trim(text);
    if text.len() > 5 {
        return None;
    }
    // 0.0 and 1.0 are how a column of 0 and 1 with gaps is often written.
    let text = match text {
        "0.0" => "0",
        "1.0" => "1",
        other => other,
    };
    PAIRS.iter().enumerate().find_map(|(i, (no, yes))| {
        let said = if text.eq_ignore_ascii_case(no) {
            false
        } else {
            text.eq_ignore_ascii_case(yes).then_some(true)?
        };
        Some((1 << i, said))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn leading_zeros_are_of_codes() {
        assert!(leading_zero("00501") && !leading_zero("0.5") && !leading_zero("0"));
    }

    #[test]
    fn booleans_in_both_languages() {
        for (text, value) in
            [("TRUE", true), ("no", false), ("是", true), ("假", false), ("1", true), ("0.0", false)]
        {
            assert_eq!(boolean(text).map(|(_, v)| v), Some(value), "{text}");
        }
        assert_eq!(boolean("maybe"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_safe(text in "\\PC{0,40}") {
            let _ = (boolean(&text), leading_zero(&text));
        }
    }
}
