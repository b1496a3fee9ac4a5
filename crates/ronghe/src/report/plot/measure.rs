//! How wide words are, without a font: widths of the common sans-serif faces, in ems, rounded up.

use unicode_width::UnicodeWidthChar;

/// Width of a line of `size` pixels, pixels.
pub(in crate::report) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(em).sum::<f64>() * size
}

fn em(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | 'I' => 0.32,
        't' | 'f' | 'r' | '(' | ')' | '[' | ']' | '-' | ' ' | '"' | '/' | '·' => 0.4,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '…' => 0.94,
        '+' | '\u{2212}' | '±' | '=' | '<' | '>' => 0.72,
        'A'..='Z' => 0.69,
        '0'..='9' => 0.62,
        c => match c.width() {
            Some(2) => 1.0,
            Some(1) => 0.59,
            _ => 0.0,
        },
    }
}

/// The text, or as much of its beginning as fits, with an ellipsis.
pub(in crate::report) fn fit(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut left = room - em('…') * size;
    for c in text.chars() {
        left -= em(c) * size;
        if left < 0.0 {
            break;
        }
        out.push(c);
    }
    out.truncate(out.trim_end().len());
    out + "…"
}

/// The text in lines that fit: broken at spaces, between wide characters, and within words that are too long.
pub(in crate::report) fn wrap(text: &str, size: f64, room: f64) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0.0;
    for piece in pieces(text) {
        let wide = width(piece, size);
        if used + width(piece.trim_end(), size) > room && !line.is_empty() {
            lines.push(std::mem::take(&mut line));
            used = 0.0;
        }
        line.push_str(piece);
        used += wide;
    }
    lines.push(line);
    lines.into_iter().map(|l| l.trim_end().to_owned()).collect()
}

/// What a line is made of: a word with the space after it, or one wide character.
pub(in crate::report) fn pieces(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut start = 0;
    let mut before = None;
    for (at, c) in text.char_indices() {
        let wide = |c: char| c.width() == Some(2);
        let closing = matches!(c, '，' | '。' | '、' | '；' | '：' | '！' | '？' | '”' | '’' | '）' | '》');
        let cut = before.is_some_and(|b: char| {
            ((b == ' ' || b == '\n') && c != ' ') || ((wide(b) || wide(c)) && !closing) || at - start >= 96
        });
        if cut {
            out.push(&text[start..at]);
            start = at;
        }
        before = Some(c);
    }
    if start < text.len() {
        out.push(&text[start..]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_end_in_an_ellipsis_and_long_sentences_break() {
        assert_eq!(fit("age", 12.0, 60.0), "age");
        let cut = fit("a rather long name of a column", 12.0, 80.0);
        assert!(cut.ends_with('…') && width(&cut, 12.0) <= 80.0);
        assert_eq!(pieces("so it 好，goes"), ["so ", "it ", "好，", "goes"]);
        assert!(wrap("one two three four five six", 12.0, 60.0).iter().all(|l| width(l, 12.0) <= 60.0));
        assert_eq!(fit("好", 12.0, 0.0), "…");
    }
}
