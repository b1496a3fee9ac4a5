//! What a character is.

/// Role of a character in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Chinese ideograph.
    Han,
    /// Letter of any other script, or a mark on one.
    Letter,
    /// Digit.
    Digit,
    /// Anything else.
    Other,
}

/// Whether `c` is a Chinese ideograph.
pub fn is_han(c: char) -> bool {
    matches!(
        u32::from(c),
        0x3007 | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x20000..=0x323af
    )
}

/// The usual width of `c`: full-width ASCII (U+FF01 to U+FF5E) and the ideographic space become ASCII, as NFKC has it.
pub(super) fn fold_width(c: char) -> char {
    match u32::from(c) {
        code @ 0xff01..=0xff5e => char::from_u32(code - 0xfee0).unwrap_or(c),
        0x3000 => ' ',
        _ => c,
    }
}

/// Role of `c`, which has its usual width.
pub(super) fn role(c: char) -> Role {
    if c.is_ascii() {
        return match c {
            'a'..='z' | 'A'..='Z' => Role::Letter,
            '0'..='9' => Role::Digit,
            _ => Role::Other,
        };
    }
    if is_han(c) {
        Role::Han
    } else if c.is_alphabetic() || matches!(u32::from(c), 0x300..=0x36f | 0x200c | 0x200d) {
        // Combining accents and joiners belong to the letter before them.
        Role::Letter
    } else if c.is_numeric() {
        Role::Digit
    } else {
        Role::Other
    }
}

/// Whether `c` is an apostrophe, straight or curly.
pub(super) fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}' | '\u{ff07}')
}
